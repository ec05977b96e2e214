use proptest::prelude::*;

use super::*;

/// G, R, U, N, C for those who go around the proxy.
fn bypassing_clients(value: &str, host: &str, port: u16) -> String {
    let range = SkipRange::parse(value);
    let letters = Client::ALL.into_iter().zip("GRUNC".chars());
    letters.filter(|(client, _)| client.bypass_reason(&range, host, port).is_some()).map(|(_, c)| c).collect()
}

#[test]
fn clients_follow_their_documented_rules() {
    let table = [
        // nothing
        ("", "example.com", 443, ""),
        (",", "example.com", 443, ""),
        // names
        ("example.com", "example.com", 443, "GRUNC"),
        ("example.com", "EXAMPLE.com", 443, "GRUNC"),
        ("Example.COM", "example.com", 443, "GRUNC"),
        ("example.com", "www.example.com", 443, "GRUC"),
        ("example.com", "notexample.com", 443, ""),
        ("example.com", "example.com.org", 443, ""),
        (".example.com", "www.example.com", 443, "GRUNC"),
        (".example.com", "example.com", 443, "RUNC"),
        (".example.com", "notexample.com", 443, ""),
        ("..example.com", "example.com", 443, "RU"),
        ("*.example.com", "www.example.com", 443, "G"),
        ("*.example.com", "example.com", 443, ""),
        ("example.com.", "example.com", 443, "C"),
        ("svc", "kubernetes.default.svc", 443, "GRUC"),
        // everything
        ("*", "example.com", 443, "GRUC"),
        ("*", "10.0.0.1", 443, "GRUC"),
        ("*,example.org", "example.com", 443, "G"),
        (" * ", "example.com", 443, "G"),
        // blanks
        ("example.org, example.com", "example.com", 443, "GRUNC"),
        ("example.org example.com", "example.com", 443, ""),
        ("example.org example.com", "example.org", 443, "C"),
        ("a.org b.org,example.com", "example.com", 443, "GRUN"),
        // ports
        ("example.com:8084", "example.com", 8084, "GRU"),
        ("example.com:8084", "www.example.com", 8084, "GRU"),
        ("example.com:8084", "example.com", 443, ""),
        ("example.com:443", "example.com", 443, "G"),
        (".example.com:8084", "www.example.com", 8084, "GRU"),
        ("10.0.0.1:6443", "10.0.0.1", 6443, "GU"),
        ("10.0.0.1:6443", "10.0.0.1", 443, ""),
        ("[fd00::1]:6443", "fd00::1", 6443, "GU"),
        // addresses
        ("10.0.0.1", "10.0.0.1", 443, "GRUNC"),
        ("10.0.0.1", "10.0.0.1", 6443, "GRUNC"),
        ("10.0.0.1", "10.0.0.10", 443, ""),
        ("10.*", "10.0.0.1", 443, ""),
        ("0.0.1", "10.0.0.1", 443, "RU"),
        ("fd00::1", "fd00::1", 443, "GRC"),
        ("[fd00::1]", "fd00::1", 443, "UN"),
        ("fd00:0::1", "fd00::1", 443, "GC"),
        // networks
        ("10.0.0.0/8", "10.1.2.3", 443, "GRC"),
        ("10.1.2.3/8", "10.9.9.9", 443, "GRC"),
        ("10.0.0.0/8", "11.0.0.1", 443, ""),
        ("10.0.0.0/8", "host.example", 443, ""),
        ("10.0.0.0/33", "10.0.0.0", 443, ""),
        ("0.0.0.0/0", "10.1.2.3", 443, "G"),
        ("fd00::/8", "fd00::1", 443, "GC"),
        ("fd00::/8", "fe80::1", 443, ""),
        // this machine
        ("", "localhost", 443, "G"),
        ("", "127.0.0.1", 443, "G"),
        ("", "127.9.9.9", 443, "G"),
        ("", "::1", 443, "G"),
        ("localhost", "localhost", 443, "GRUNC"),
    ];
    for (value, host, port, expected) in table {
        assert_eq!(bypassing_clients(value, host, port), expected, "{value} {host}:{port}");
    }
}

fn entry() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[.*]{0,2}[a-c]{1,2}(\\.[a-c]{1,2}){0,2}\\.?(:[0-9]{1,4})?",
        2 => "[0-9]{1,3}\\.0\\.0\\.[0-9](/[0-9]{1,2})?",
        1 => "\\PC{0,8}",
        1 => "(f[0-9a-f:]{1,6}|\\[f[0-9a-f:]{1,5}\\])(/[0-9]{1,3})?",
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{1,2}(\\.[a-c]{1,2}){0,3}", "[0-9]{1,3}\\.0\\.0\\.[0-9]", "fd00::[0-9]", "localhost"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_case_never_matters(entries in prop::collection::vec(entry(), 0..5), host in host(), port: u16) {
        let value = entries.join(",");
        let range = SkipRange::parse(&value);
        let upper = SkipRange::parse(&value.to_ascii_uppercase());
        for client in Client::ALL {
            let found = client.bypass_reason(&range, &host, port);
            prop_assert_eq!(found.is_some(), client.bypass_reason(&range, &host.to_ascii_uppercase(), port).is_some());
            prop_assert_eq!(found.is_some(), client.bypass_reason(&upper, &host, port).is_some());
        }
    }

    #[test]
    fn a_corrected_value_needs_no_further_correction(entries in prop::collection::vec(entry(), 0..5)) {
        let corrected = SkipRange::parse(&SkipRange::parse(&entries.join(",")).corrected_value());
        prop_assert_eq!(corrected.corrected_value(), corrected.value());
    }
}
