//! PAC files, which a browser runs to choose a proxy. Neither az nor the agents do: what counts is which proxies one names.

use std::net::IpAddr;

use crate::model::host_port::{HostPort, is_host_name};

/// What servers call such a file (Netscape, "Navigator Proxy Auto-Config File Format", 1996).
pub const PAC_TYPE: &str = "application/x-ns-proxy-autoconfig";

/// Whether a URL, or the path of a file, is named as PAC files are: `proxy.pac`, `wpad.dat`.
pub(super) fn is_pac_address(text: &str) -> bool {
    let place = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
        _ => text.to_owned(),
    };
    let place = place.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if place.starts_with("pac+") {
        return true;
    }
    let path = match place.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => place.as_str(),
    };
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    matches!(file.rsplit_once('.'), Some((_, "pac") | ("wpad", "dat")))
}

/// A proxy that a PAC file names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PacProxy {
    /// As it stands there: `PROXY proxy.corp:8080`.
    pub line: String,
    /// As a flag takes it.
    pub url: String,
}

/// The proxies that are written out in a PAC file, each once. SOCKS is left out: the agents do not speak it.
pub fn list_pac_proxies(text: &str) -> Vec<PacProxy> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_between = |c: char| c.is_whitespace() || "\"';,()".contains(c);
    let words: Vec<_> =
        code.flat_map(|line| line.split(is_between)).filter(|word| !word.is_empty()).collect();
    let mut proxies = Vec::new();
    for proxy in words.windows(2).filter_map(|pair| read_proxy(pair[0], pair[1])) {
        if proxies.len() < MAX_PROXIES && !proxies.contains(&proxy) {
            proxies.push(proxy);
        }
    }
    proxies
}

fn read_proxy(kind: &str, address: &str) -> Option<PacProxy> {
    let (kind, scheme) = match kind.to_ascii_uppercase().as_str() {
        "PROXY" => ("PROXY", "http"),
        "HTTP" => ("HTTP", "http"),
        "HTTPS" => ("HTTPS", "https"),
        _ => return None,
    };
    let at = HostPort::parse(address).filter(|at| at.port.is_some())?;
    let is_host = at.host.parse::<IpAddr>().is_ok() || is_host_name(at.host);
    is_host.then(|| PacProxy { line: format!("{kind} {at}"), url: format!("{scheme}://{at}") })
}

/// A file of a large company names some dozens; more than this nobody reads.
const MAX_PROXIES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxies_of_a_pac_file_are_listed() {
        let file = r#"function FindProxyForURL(url, host) {
            // "PROXY old.corp:1"
            if (isPlainHostName(host)) return "DIRECT";
            if (shExpMatch(host, "*.azure.com")) return 'PROXY azure.corp:8080; PROXY  10.1.2.3:3128';
            if (url.substring(0, 5) == "http:") return "proxy [fd00::1]:8080;DIRECT";
            return "HTTPS tls.corp:8443; PROXY azure.corp:8080; SOCKS5 socks.corp:1080; PROXY nowhere";
        }"#;
        let expected = [
            ("PROXY azure.corp:8080", "http://azure.corp:8080"),
            ("PROXY 10.1.2.3:3128", "http://10.1.2.3:3128"),
            ("PROXY [fd00::1]:8080", "http://[fd00::1]:8080"),
            ("HTTPS tls.corp:8443", "https://tls.corp:8443"),
        ];
        let listed = list_pac_proxies(file);
        let listed: Vec<_> = listed.iter().map(|p| (p.line.as_str(), p.url.as_str())).collect();
        assert_eq!(listed, expected);
    }

    #[test]
    fn what_names_no_proxy_lists_none() {
        let many: Vec<_> = (0..100).map(|n| format!("PROXY p{n}.corp:80")).collect();
        assert_eq!(list_pac_proxies(&many.join(";")).len(), MAX_PROXIES);
        for text in [
            "",
            "return \"DIRECT\"",
            "PROXY",
            "PROXY \u{1b}[2J:80",
            "PROXY a.corp:99999",
            "\"PROXY \" + host + \":80\"",
            "<html>the proxy http://x:80 is down</html>",
        ] {
            assert_eq!(list_pac_proxies(text), [], "{text}");
        }
    }

    #[test]
    fn names_of_pac_files_are_recognized() {
        let table = [
            ("http://wpad.corp/proxy.pac", true),
            ("https://wpad.corp:8443/a/WPAD.DAT?x=1", true),
            ("http://u:p@wpad.corp/proxy.pac#f", true),
            ("pac+http://wpad.corp/proxy", true),
            ("wpad.corp/proxy.pac", true),
            ("file:///etc/proxy.pac", true),
            ("/etc/proxy.pac", true),
            (r"C:\proxy.pac", true),
            ("proxy.pac", true),
            ("http://proxy.pac", false),
            ("http://proxy.pac:3128/", false),
            ("proxy.pac:3128", false),
            ("http://proxy:3128/?x=/a.pac", false),
            ("http://proxy:3128/proxy.pac/other", false),
            ("http://proxy:3128/data.dat", false),
            ("http://u:/a.pac?@proxy:3128", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_pac_address(text), expected, "{text}");
        }
    }
}
