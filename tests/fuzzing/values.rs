//! Short texts: what stands in variables, flags and small files of the system.

use super::commands::describe_error;
use super::reports::{SCREENS, advise_on};
use super::{invariants, resolve};
use crate::analysis::networks::{Networks, Snapshot};
use crate::model::rules::Protocol;
use crate::proxy::{Client, Origin, ProxyUrl, Routes, SkipRange, Sourced, find_differences};
use crate::report;

/// A list of what goes around the proxy, by the reading of every client.
pub(super) fn skip_range(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let range = SkipRange::parse(&text);
    let corrected = range.corrected_value();
    assert_eq!(
        SkipRange::parse(&corrected).corrected_value(),
        corrected,
        "what is corrected needs no correction: {text:?}"
    );
    assert_eq!(SkipRange::parse(range.value()), range, "{text:?}");
    for problem in range.find_problems() {
        invariants::assert_printable(&describe_error(&problem));
    }
    for client in Client::ALL {
        for (host, port) in HOSTS {
            let _ = client.bypass_reason(&range, host, port);
        }
    }
    for difference in find_differences(&range, HOSTS) {
        invariants::assert_printable(&describe_error(&difference));
    }
    let Ok((proxy, _)) = ProxyUrl::parse("http://u:hunter2@proxy.example:3128") else { return };
    let proxy = Sourced::new(proxy, Origin::flag("--proxy-https"));
    let routes =
        Routes::new(Some(proxy), None, Some(Sourced::new(range, Origin::flag("--proxy-skip-range"))));
    for (host, port) in HOSTS {
        let _ = routes.route_to(host, port, Protocol::Https);
    }
    let advice = advise_on(&Networks::from_snapshot(&Snapshot::default()), &routes);
    for options in &SCREENS {
        let text = report::advice::render(&advice, options);
        invariants::assert_printable(&text);
        assert!(!text.contains("hunter2"), "{text}");
        invariants::assert_bounded(&text, input.len());
    }
}

/// The URL of a proxy.
pub(super) fn proxy_url(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (url, advice) = match ProxyUrl::parse(&text) {
        Ok(parsed) => parsed,
        Err(problem) => return invariants::assert_line(&describe_error(&problem)),
    };
    for said in advice {
        invariants::assert_line(&describe_error(&said));
    }
    let shown = url.to_string();
    invariants::assert_line(&shown);
    let (again, _) = ProxyUrl::parse(&shown).unwrap_or_else(|e| panic!("{shown}: {e}"));
    assert_eq!((again.scheme(), again.host(), again.port()), (url.scheme(), url.host(), url.port()));
    assert!(again.authorization().is_none(), "{shown}");
    if let Some(authorization) = url.authorization() {
        assert!(http::HeaderValue::try_from(authorization.reveal()).is_ok(), "{text:?}");
    }
}

/// A `resolv.conf`, and the same as a hosts file.
pub(super) fn resolv_conf(input: &[u8]) {
    for host in ["proxy", "proxy.example", "10.0.0.1", "a."] {
        if let Some((servers, names)) = resolve::parse_search_names(input, host) {
            assert!(servers > 0 && !names.is_empty() && names.len() <= 9, "{servers} {names:?}");
            for name in &names {
                invariants::assert_line(name);
            }
        }
        let _ = resolve::count_hosts_file_addresses(input, host);
    }
}

const HOSTS: [(&str, u16); 8] = [
    ("management.azure.com", 443),
    ("a.b.servicebus.windows.net", 443),
    ("kubernetes.default.svc", 443),
    ("localhost", 8080),
    ("10.96.0.1", 443),
    ("203.0.113.9", 6443),
    ("fd00::1", 443),
    ("::1", 80),
];
