//! That the proxies do what their configurations are meant to make them do, seen with curl.

use std::path::Path;
use std::process::Command;

use super::network::{Middle, Network};
use super::squid::{self, Squid};
use super::{ready, tinyproxy};
use crate::lab::{Serves, Tcp};
use crate::require::require;

fn make_network() -> Network {
    let refusing = Serves::from(Tcp::Refused);
    Network::new(Middle::Ends, &[("api", Serves::Good), ("blocked", Serves::Good), ("refusing", refusing)])
}

/// The proxy's status and the server's, 0 where there was none.
fn curl(network: &Network, proxy: &str, url: &str, authority: &Path) -> String {
    let mut curl = Command::new(require("curl").unwrap());
    curl.env_clear().args(["-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_connect} %{http_code}"]);
    curl.args(["-x", proxy, url, "--cacert"]).arg(authority);
    let output = network.client.inside(|| curl.output()).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn assert_answers(network: &Network, table: &[(&str, &str, &str)]) {
    for (proxy, url, expected) in table {
        assert_eq!(&curl(network, proxy, url, network.lab.roots()), expected, "{proxy} {url}");
    }
}

fn ready_for(tools: &[&str]) -> bool {
    ready(&[tools, &["curl"]].concat())
}

/// A name that it cannot look up is a 500 to a CONNECT (`ERR_CANNOT_FORWARD`, seen with 5.7), though its page on DNS
/// failures would be a 503.
#[test]
fn squid_by_its_rules() {
    if !ready_for(squid::TOOLS) {
        return;
    }
    let api = "https://api.lab.example/";
    let port = "https://api.lab.example:8084/";
    let table: [(&str, &[_]); 5] = [
        (
            squid::OPEN,
            &[
                (squid::URL, api, "200 200"),
                (squid::URL, port, "200 200"),
                (squid::URL, "https://missing.lab.example/", "500 000"),
                (squid::URL, "https://refusing.lab.example/", "503 000"),
            ],
        ),
        (
            squid::AUTHENTICATED,
            &[
                (squid::URL, api, "407 000"),
                ("http://user:wrong@10.9.1.1:3128", api, "407 000"),
                (squid::URL_WITH_LOGIN, api, "200 200"),
            ],
        ),
        (
            squid::DENY_LIST,
            &[(squid::URL, api, "200 200"), (squid::URL, "https://blocked.lab.example/", "403 000")],
        ),
        (squid::ONLY_443, &[(squid::URL, api, "200 200"), (squid::URL, port, "403 000")]),
        (squid::DEAD_RESOLVER, &[(squid::URL, api, "500 000")]),
    ];
    for (rules, answers) in table {
        let network = make_network();
        let _squid = Squid::start(&network, rules);
        assert_answers(&network, answers);
    }
}

#[test]
fn squid_that_inspects() {
    if !ready_for(squid::TOOLS) || !squid::can_inspect() {
        return;
    }
    let network = make_network();
    let squid = Squid::inspecting(&network, squid::OPEN);
    let api = "https://api.lab.example/";
    assert_eq!(curl(&network, squid::URL, api, squid.authority()), "200 200");
    assert_eq!(curl(&network, squid::URL, api, network.lab.roots()), "200 000");
}

/// Its answer to wrong credentials is a 401, though RFC 9110 11.7 asks for a 407.
#[test]
fn tinyproxy_by_its_lines() {
    if !ready_for(tinyproxy::TOOLS) {
        return;
    }
    let network = make_network();
    let _tinyproxy = tinyproxy::start(&network, tinyproxy::STRICT);
    let api = "https://api.lab.example/";
    assert_answers(
        &network,
        &[
            (squid::URL, api, "407 000"),
            ("http://user:wrong@10.9.1.1:3128", api, "401 000"),
            (squid::URL_WITH_LOGIN, api, "200 200"),
            (squid::URL_WITH_LOGIN, "https://blocked.lab.example/", "403 000"),
            (squid::URL_WITH_LOGIN, "https://api.lab.example:8084/", "403 000"),
            (squid::URL_WITH_LOGIN, "https://refusing.lab.example/", "500 000"),
        ],
    );
}
