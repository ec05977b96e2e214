//! Commands of other systems, as Windows has them: `curl` is another program in Windows PowerShell (learn.microsoft.com:
//! `about_Aliases`, read 2026-11), `dig`, `nc` and `grep` are not there.

use super::shell::Shell;

/// The same with a program that Windows brings. What has none there stays as it is.
pub(super) fn translate(words: &[&str], shell: Shell) -> Vec<String> {
    let is_powershell = shell == Shell::PowerShell;
    let translated: Option<Vec<&str>> = match words {
        ["curl", rest @ ..] if is_powershell => Some([&["curl.exe"], rest].concat()),
        ["dig", rest @ ..] => return translate_dig(rest),
        ["nc", .., host, port] if is_powershell => Some(vec!["Test-NetConnection", host, "-Port", port]),
        ["nc", .., host, port] => {
            return ["curl", "-v", &format!("telnet://{host}:{port}")].map(str::to_owned).into();
        }
        ["grep", rest @ ..] => translate_grep(rest, is_powershell),
        ["getent", "hosts", host] if is_powershell => Some(vec!["Resolve-DnsName", host]),
        ["getent", "hosts", host] => Some(vec!["ping", "-n", "1", host]),
        ["ip", "route", "get", host] if is_powershell => {
            Some(vec!["Find-NetRoute", "-RemoteIPAddress", host])
        }
        ["ip", "route", ..] => Some(vec!["route", "print"]),
        ["tracepath", "-n", host] => Some(vec!["tracert", "-d", host]),
        ["ping", "-M", "do", "-s", size, host] => Some(vec!["ping", "-f", "-l", size, host]),
        ["python3", rest @ ..] => Some([&["python"], rest].concat()),
        ["sudo", "timedatectl", ..] => Some(vec!["w32tm", "/resync"]),
        _ => None,
    };
    let words = translated.as_deref().unwrap_or(words);
    words.iter().copied().map(str::to_owned).collect()
}

/// `nslookup` takes the server behind the name.
fn translate_dig(words: &[&str]) -> Vec<String> {
    let mut command = vec!["nslookup".to_owned()];
    let port = words.windows(2).find(|pair| pair[0] == "-p").map(|pair| pair[1]);
    command.extend(port.map(|port| format!("-port={port}")));
    let is_name = |word: &&&str| !word.starts_with(['@', '-', '+']) && Some(**word) != port;
    command.extend(words.iter().filter(is_name).map(|name| (*name).to_owned()));
    command.extend(words.iter().filter_map(|word| word.strip_prefix('@')).map(str::to_owned));
    command
}

/// Only what both read alike.
fn translate_grep<'a>(words: &[&'a str], is_powershell: bool) -> Option<Vec<&'a str>> {
    let (pattern, flags) = words.split_last()?;
    let is_simple = !pattern.contains(['|', '(', '[', '\\']);
    match (flags.iter().all(|flag| ["-E", "-i", "-iE"].contains(flag)), is_powershell) {
        (true, true) => Some(vec!["Select-String", pattern]),
        (true, false) if is_simple => Some(vec!["findstr", "/i", pattern]),
        _ => None,
    }
}
