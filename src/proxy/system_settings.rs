//! What desktops and systems print about their proxy settings. Where both are set, a PAC file comes before a proxy, as there.

use super::ProxyUrl;
use crate::model::evidence::mark_user_info;
use crate::model::system_proxy::{SettingsSource, SystemProxy};

/// `gsettings list-recursively org.gnome.system.proxy`: lines of schema, key and value.
pub fn parse_gnome(text: &str) -> Option<SystemProxy> {
    let value = |schema: &str, key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("org.gnome.system.proxy{schema} {key} ")));
        line.map(|value| value.trim().trim_matches('\''))
    };
    let server = |schema| join_port(value(schema, "host")?, value(schema, "port")?);
    match value("", "mode")? {
        "auto" => from_pac(SettingsSource::Gnome, value("", "autoconfig-url")),
        "manual" => from_proxy(SettingsSource::Gnome, &server(".https").or_else(|| server(".http"))?),
        _ => None,
    }
}

/// The file `kioslaverc`. Between host and port stands a space or a colon.
pub fn parse_kde(text: &str) -> Option<SystemProxy> {
    let own = text.split("[Proxy Settings]").nth(1)?.split("\n[").next()?;
    let value = |key: &str| {
        own.lines()
            .filter_map(|line| line.split_once('='))
            .find_map(|(name, value)| (name.trim() == key).then(|| value.trim()))
    };
    let server = |key| value(key).filter(|value| !value.is_empty()).map(|value| value.replacen(' ', ":", 1));
    match value("ProxyType")? {
        "1" => from_proxy(SettingsSource::Kde, &server("httpsProxy").or_else(|| server("httpProxy"))?),
        "2" => from_pac(SettingsSource::Kde, value("Proxy Config Script")),
        "3" => from_pac(SettingsSource::Kde, None),
        _ => None,
    }
}

/// `scutil --proxy`: a dictionary, one entry a line.
pub fn parse_macos(text: &str) -> Option<SystemProxy> {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once(" : "))
            .find_map(|(name, value)| (name.trim() == key).then(|| value.trim()))
    };
    let is_on = |kind: &str| value(&format!("{kind}Enable")) == Some("1");
    let server = |kind: &str| {
        is_on(kind).then(|| join_port(value(&format!("{kind}Proxy"))?, value(&format!("{kind}Port"))?))?
    };
    if is_on("ProxyAutoConfig") {
        from_pac(SettingsSource::Macos, value("ProxyAutoConfigURLString"))
    } else if is_on("ProxyAutoDiscovery") {
        from_pac(SettingsSource::Macos, None)
    } else {
        from_proxy(SettingsSource::Macos, &server("HTTPS").or_else(|| server("HTTP"))?)
    }
}

/// `reg query "HKCU\...\Internet Settings"`: lines of name, type and value.
pub fn parse_windows(text: &str) -> Option<SystemProxy> {
    let value = |key: &str| {
        text.lines()
            .map(str::split_whitespace)
            .find_map(|mut words| (words.next() == Some(key)).then(|| words.nth(1).unwrap_or_default()))
    };
    match value("AutoConfigURL").filter(|url| !url.is_empty()) {
        Some(url) => from_pac(SettingsSource::Windows, Some(url)),
        None if value("ProxyEnable") == Some("0x1") => {
            from_proxy(SettingsSource::Windows, choose_server(value("ProxyServer")?))
        }
        None => None,
    }
}

/// `netsh winhttp show proxy`. Its words are of the language of the system: what counts is the first value with a port.
pub fn parse_winhttp(text: &str) -> Option<SystemProxy> {
    let values = text.lines().filter_map(|line| line.split_once(" :")).map(|(_, value)| value.trim());
    let servers = values.filter(|value| value.contains(':') && !value.contains(char::is_whitespace));
    servers.map(choose_server).find_map(|server| from_proxy(SettingsSource::Winhttp, server))
}

/// Of `http=a:80;https=b:80`, or one for all.
fn choose_server(list: &str) -> &str {
    let of = |kind: &str| list.split(';').find_map(|entry| entry.strip_prefix(kind)?.strip_prefix('='));
    of("https").or_else(|| of("http")).unwrap_or(list)
}

fn join_port(host: &str, port: &str) -> Option<String> {
    (!host.is_empty()).then(|| format!("{host}:{port}"))
}

fn from_proxy(source: SettingsSource, address: &str) -> Option<SystemProxy> {
    let (url, _) = ProxyUrl::parse(address).ok()?;
    Some(SystemProxy { source, proxy: Some(url.to_string()), pac: None })
}

/// Without an address the file is looked for in the network (WPAD), whose usual address stands for it. An address goes into commands
/// that are printed: one with a character that a shell reads is none.
fn from_pac(source: SettingsSource, address: Option<&str>) -> Option<SystemProxy> {
    let given = address.filter(|address| !address.is_empty()).unwrap_or(WPAD_ADDRESS);
    let bare = mark_user_info(given, "").unwrap_or_else(|| given.to_owned());
    let place = bare.split(['?', '#']).next().unwrap_or_default();
    let is_plain = place.bytes().all(|b| b.is_ascii_alphanumeric() || b":/._~%+-[]".contains(&b));
    let is_usable = is_plain && !place.is_empty() && place.len() <= MAX_ADDRESS_BYTES;
    is_usable.then(|| SystemProxy { source, proxy: None, pac: Some(place.to_owned()) })
}

const WPAD_ADDRESS: &str = "http://wpad/wpad.dat";

const MAX_ADDRESS_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn show(found: Option<SystemProxy>) -> String {
        found.map_or("none".to_owned(), |found| format!("{} {}", found.source.name(), found.address()))
    }

    #[test]
    fn gnome() {
        let settings = |mode: &str, url: &str, host: &str| {
            format!(
                "org.gnome.system.proxy autoconfig-url '{url}'\norg.gnome.system.proxy ignore-hosts ['localhost']\n\
                 org.gnome.system.proxy mode '{mode}'\norg.gnome.system.proxy.http host 'plain.example'\n\
                 org.gnome.system.proxy.http port 80\norg.gnome.system.proxy.https host '{host}'\n\
                 org.gnome.system.proxy.https port 3128\n"
            )
        };
        let table = [
            (settings("none", "http://a/p.pac", "proxy.example"), "none"),
            (settings("manual", "", "proxy.example"), "GNOME http://proxy.example:3128"),
            (settings("manual", "", ""), "GNOME http://plain.example:80"),
            (settings("auto", "http://u:secret@a/p.pac?k=secret", ""), "GNOME http://a/p.pac"),
            (settings("auto", "", ""), "GNOME http://wpad/wpad.dat"),
            (settings("auto", "http://a/$(id).pac", ""), "none"),
            (settings("manual", "", "\u{1b}[2Jevil"), "none"),
            ("No schemas installed".to_owned(), "none"),
        ];
        for (text, expected) in table {
            assert_eq!(show(parse_gnome(&text)), expected, "{text}");
        }
    }

    #[test]
    fn kde() {
        let settings = |kind: &str| {
            format!(
                "[Other]\nProxyType=2\n[Proxy Settings]\nProxy Config Script=http://a/p.pac\nProxyType={kind}\n\
                 httpsProxy=http://proxy.example 3128\n[More]\nProxyType=1\n"
            )
        };
        for (kind, expected) in [
            ("0", "none"),
            ("1", "KDE http://proxy.example:3128"),
            ("2", "KDE http://a/p.pac"),
            ("3", "KDE http://wpad/wpad.dat"),
            ("4", "none"), // from variables
        ] {
            assert_eq!(show(parse_kde(&settings(kind))), expected, "{kind}");
        }
    }

    #[test]
    fn macos() {
        let manual = "<dictionary> {\n  ExceptionsList : <array> {\n    0 : *.local\n  }\n  HTTPEnable : 0\n  HTTPSEnable : 1\n  \
                      HTTPSPort : 3128\n  HTTPSProxy : proxy.example\n}\n";
        let pac =
            "<dictionary> {\n  ProxyAutoConfigEnable : 1\n  ProxyAutoConfigURLString : http://a/p.pac\n}\n";
        assert_eq!(show(parse_macos(manual)), "macOS http://proxy.example:3128");
        assert_eq!(show(parse_macos(pac)), "macOS http://a/p.pac");
        assert_eq!(
            show(parse_macos("<dictionary> {\n  ProxyAutoDiscoveryEnable : 1\n}")),
            "macOS http://wpad/wpad.dat"
        );
        assert_eq!(show(parse_macos("<dictionary> {\n  HTTPSEnable : 0\n  HTTPSProxy : a\n}")), "none");
    }

    #[test]
    fn windows() {
        let settings = |enabled: u8, server: &str, more: &str| {
            format!(
                "\r\nHKEY_CURRENT_USER\\Software\r\n    ProxyEnable    REG_DWORD    0x{enabled}\r\n    \
                 ProxyServer    REG_SZ    {server}\r\n{more}"
            )
        };
        let pac = "    AutoConfigURL    REG_SZ    http://a/p.pac\r\n";
        let table = [
            (settings(1, "proxy.example:3128", ""), "Windows http://proxy.example:3128"),
            (settings(1, "http=a:80;https=b.example:81;ftp=c:21", ""), "Windows http://b.example:81"),
            (settings(0, "proxy.example:3128", ""), "none"),
            (settings(0, "proxy.example:3128", pac), "Windows http://a/p.pac"),
        ];
        for (text, expected) in table {
            assert_eq!(show(parse_windows(&text)), expected, "{text}");
        }
    }

    #[test]
    fn winhttp() {
        let english = "\r\nCurrent WinHTTP proxy settings:\r\n\r\n    Proxy Server(s) :  proxy.example:3128\r\n    Bypass List     :  <local>\r\n";
        let german = "\r\nAktuelle WinHTTP-Proxyeinstellungen:\r\n\r\n    Proxyserver :  http=a:80;https=b.example:81\r\n";
        assert_eq!(show(parse_winhttp(english)), "WinHTTP http://proxy.example:3128");
        assert_eq!(show(parse_winhttp(german)), "WinHTTP http://b.example:81");
        assert_eq!(
            show(parse_winhttp(
                "Current WinHTTP proxy settings:\r\n\r\n    Direct access (no proxy server).\r\n"
            )),
            "none"
        );
    }
}
