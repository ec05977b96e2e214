use proptest::prelude::*;

use super::*;

fn parse_valid(text: &str) -> ProxyUrl {
    ProxyUrl::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).0
}

#[test]
fn valid_urls_are_parsed_with_their_advice() {
    use UrlAdvice::{ColonInPassword, PathIgnored, PortMissing, SchemeMissing};
    let table: [(&str, &str, &[UrlAdvice]); 16] = [
        ("http://proxy:3128", "http://proxy:3128", &[]),
        ("http://proxy:3128/", "http://proxy:3128", &[]),
        ("HTTPS://Proxy.Corp.Example:8443", "https://proxy.corp.example:8443", &[]),
        ("http://10.0.0.1:80", "http://10.0.0.1:80", &[]),
        ("http://[FD00::1]:3128", "http://[fd00::1]:3128", &[]),
        ("http://proxy_1.corp:3128", "http://proxy_1.corp:3128", &[]),
        ("http://proxy.corp.:3128", "http://proxy.corp.:3128", &[]),
        ("http://proxy", "http://proxy:80", &[PortMissing]),
        ("https://proxy", "https://proxy:443", &[PortMissing]),
        ("http://[fd00::1]", "http://[fd00::1]:80", &[PortMissing]),
        ("proxy:3128", "http://proxy:3128", &[SchemeMissing]),
        ("10.0.0.1", "http://10.0.0.1:80", &[SchemeMissing, PortMissing]),
        ("user:pass@proxy:3128", "http://proxy:3128", &[SchemeMissing]),
        ("http://proxy:3128/path?x#y", "http://proxy:3128", &[PathIgnored]),
        ("http://proxy:3128?x", "http://proxy:3128", &[PathIgnored]),
        ("http://u:a:b@proxy:3128", "http://proxy:3128", &[ColonInPassword]),
    ];
    for (text, shown, advice) in table {
        let (url, given) = ProxyUrl::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(url.to_string(), shown, "{text}");
        assert_eq!(given, advice, "{text}");
        assert_eq!(ProxyUrl::parse(&url.to_string()).map(|(u, _)| u.to_string()), Ok(shown.to_owned()));
    }
}

#[test]
fn a_url_has_parts() {
    let table = [
        ("http://Proxy.Corp.Example", ProxyScheme::Http, "proxy.corp.example", 80),
        ("https://u:p@[FD00::1]:3128", ProxyScheme::Https, "fd00::1", 3128),
    ];
    for (text, scheme, host, port) in table {
        let url = parse_valid(text);
        assert_eq!((url.scheme(), url.host(), url.port()), (scheme, host, port));
        assert_eq!(url.text().reveal(), text);
        assert_eq!(serde_json::to_value(&url).unwrap(), url.to_string());
    }
}

#[test]
fn invalid_urls_are_errors() {
    let table = [
        ("", UrlError::Empty),
        (" \t", UrlError::Empty),
        (" http://proxy:3128", UrlError::BlankAround),
        ("http://proxy:3128\r\n", UrlError::BlankAround),
        ("http://pro xy:3128", UrlError::Blank),
        ("http://u:a b@proxy:3128", UrlError::Blank),
        ("http:proxy:3128", UrlError::Port),
        ("http:/proxy:3128", UrlError::Slashes),
        ("https:/proxy", UrlError::Slashes),
        ("socks5://proxy:1080", UrlError::Socks),
        ("SOCKS5H://proxy:1080", UrlError::Socks),
        ("http://wpad.corp/wpad.dat", UrlError::Pac),
        ("http://proxy:3128/proxy.pac?x#y", UrlError::Pac),
        ("file:///etc/proxy.pac", UrlError::Pac),
        ("/etc/proxy.pac", UrlError::Pac),
        ("ftp://proxy:21", UrlError::Scheme),
        ("://proxy:21", UrlError::Scheme),
        ("http://", UrlError::HostMissing),
        ("http://:3128", UrlError::HostMissing),
        ("http://u:p@", UrlError::HostMissing),
        ("http://u:p@:3128", UrlError::HostMissing),
        ("http://proxy:", UrlError::Port),
        ("http://proxy:0", UrlError::Port),
        ("http://proxy:65536", UrlError::Port),
        ("http://proxy:+80", UrlError::Port),
        ("http://proxy:3128x", UrlError::Port),
        ("http://u:p:3128", UrlError::Port),
        ("http://[fd00::1]3128", UrlError::Port),
        ("http://fd00::1", UrlError::Ipv6WithoutBrackets),
        ("http://fd00::1:3128", UrlError::Ipv6WithoutBrackets),
        ("http://[fd00::1", UrlError::Host),
        ("http://[proxy]:3128", UrlError::Host),
        ("http://[fe80::1%25eth0]:3128", UrlError::Host),
        ("http://a..b:3128", UrlError::Host),
        ("http://10.0.0.256:3128", UrlError::Host),
        ("http://10.0.0:3128", UrlError::Host),
        ("http://pr%6Fxy:3128", UrlError::Host),
        ("http://pr\u{f6}xy:3128", UrlError::Host),
        ("http://u:100%@proxy:3128", UrlError::PercentEncoding),
        ("http://u:%zz@proxy:3128", UrlError::PercentEncoding),
        ("http://u:%+1@proxy:3128", UrlError::PercentEncoding),
        ("http://u:%E4@proxy:3128", UrlError::NotUtf8),
        ("http://u:a%0Ab@proxy:3128", UrlError::ControlCharacter),
        ("http://u%3Av:p@proxy:3128", UrlError::ColonInUser),
        ("http://u:a@b@proxy:3128", UrlError::Unescaped(vec!['@'])),
        ("http://u:a/b@proxy:3128", UrlError::Unescaped(vec!['/'])),
        ("http://u:a#b?#@proxy:3128", UrlError::Unescaped(vec!['#', '?'])),
        ("http://CORP\\u:p@proxy:3128", UrlError::Unescaped(vec!['\\'])),
        ("http://u:p\u{e4}@proxy:3128", UrlError::Unescaped(vec!['\u{e4}'])),
    ];
    for (text, error) in table {
        assert_eq!(ProxyUrl::parse(text).map(|(u, _)| u), Err(error), "{text}");
    }
}

#[test]
fn characters_to_encode_are_named() {
    let error = ProxyUrl::parse("http://u:a@/\u{e4}@proxy:3128").unwrap_err().to_string();
    assert!(error.ends_with("write \"@\" as %40 and \"/\" as %2F and \"\u{e4}\" as %C3%A4"), "{error}");
}

#[test]
fn the_header_is_that_of_rfc_7617() {
    let header = |text| parse_valid(text).authorization().map(|value| value.reveal().to_owned());
    let table = [
        ("http://proxy:1", None),
        ("http://@proxy:1", None),
        // RFC 7617 2 and 2.1
        ("http://Aladdin:open%20sesame@proxy:1", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        ("http://test:123%C2%A3@proxy:1", Some("Basic dGVzdDoxMjPCow==")),
        ("http://u@proxy:1", Some("Basic dTo=")),
        ("http://u:p%40%3A%2F%23%25@proxy:1", Some("Basic dTpwQDovIyU=")),
    ];
    for (text, expected) in table {
        assert_eq!(header(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn addresses_need_no_lookup() {
    assert_eq!(parse_valid("http://[::1]:3128").address(), Some("::1".parse().unwrap()));
    assert_eq!(parse_valid("http://10.0.0.1:3128").address(), Some("10.0.0.1".parse().unwrap()));
    assert_eq!(parse_valid("http://proxy:3128").address(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics(text in "\\PC*") {
        let _ = ProxyUrl::parse(&text);
    }

    #[test]
    fn no_output_shows_the_user_info(user in "[a-z]{8}", password in "[A-Z0-9@:/#%?\\\\ ]{8,12}", tail in "[:/@a-z0-9]{0,9}") {
        let text = format!("http://{user}:{password}@proxy.example:3128{tail}");
        let shown = match ProxyUrl::parse(&text) {
            Ok((url, advice)) => {
                format!("{url} {url:?} {} {:?} {advice:?}", serde_json::to_string(&url).unwrap(), url.authorization())
            }
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!shown.contains(&user) && !shown.contains(&password), "{}", shown);
    }
}

/// 127.0.0.1 in a pod is the pod: what is printed for a cluster never names it.
#[test]
fn a_loopback_address_is_not_handed_to_a_cluster() {
    let table = [
        ("http://127.0.0.1:3128", "http://PROXY:PORT"),
        ("http://joe:secret@localhost:3128", "http://USER:PASSWORD@PROXY:PORT"),
        ("https://[::1]:8443", "https://PROXY:PORT"),
        ("http://[::ffff:127.0.0.1]:3128", "http://PROXY:PORT"),
        ("http://proxy.localhost:3128", "http://PROXY:PORT"),
        ("http://0.0.0.0:3128", "http://PROXY:PORT"),
        ("http://10.1.2.3:3128", "http://10.1.2.3:3128"),
        ("http://localhost.corp.example:3128", "http://localhost.corp.example:3128"),
    ];
    for (given, expected) in table {
        assert_eq!(ProxyUrl::parse(given).unwrap().0.for_cluster(), expected, "{given}");
    }
}
