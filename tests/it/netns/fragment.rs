//! What `requirements -o squid` writes, in a squid that works by it.

use super::network::{Middle, Network};
use super::ready;
use super::squid::{self, Squid};
use crate::lab::{Http, Serves};
use crate::program::{Program, TestRules};

const HTTP: &str = "protocol: http\nport: 80\nanswer: {marks: [lab]}";
const RELAY: &str = "protocol: wss\nanswer: {status: [101, 401, 403, 404]}\ninspection: forbidden";

/// The endpoints of a list, and their rules; the host `blocked` is in none.
const LISTED: [(&str, &str); 4] = [("api", ""), ("gateway", "port: 8084"), ("relay", RELAY), ("plain", HTTP)];

fn make_network() -> Network {
    let serves = |name: &str| match name {
        "plain" => Serves::PlainHttp(Http::Status(200)),
        _ => Serves::Good,
    };
    let names = LISTED.iter().map(|(name, _)| *name).chain(["blocked"]);
    let hosts: Vec<_> = names.map(|name| (name, serves(name))).collect();
    let network = Network::new(Middle::Ends, &hosts).expect("blocked", "");
    LISTED.iter().fold(network, |network, (name, rule)| network.expect(name, rule))
}

fn export_fragment() -> String {
    let add = |rules: TestRules, (name, rule): &(&str, &str)| {
        rules.endpoint(name, &format!("{name}.lab.example"), rule)
    };
    let directory = tempfile::tempdir().unwrap();
    let flags = LISTED.iter().fold(TestRules::new(), add).flags(directory.path());
    Program::new().args(["requirements", "-o", "squid"]).args(flags).run().exits(0).stdout
}

fn proxy_flags() -> Vec<&'static str> {
    let proxy = ["--proxy-https", squid::URL, "--proxy-http", squid::URL];
    [&proxy[..], &["--no-cross-check", "--timeout", "4s"]].concat()
}

/// Behind the lines that a squid is delivered with, which refuse tunnels to other ports than 443.
#[test]
fn what_is_listed_passes_and_nothing_else() {
    if !ready(squid::TOOLS) {
        return;
    }
    let delivered = "acl SSL_ports port 443\nhttp_access deny CONNECT !SSL_ports";
    let network = make_network();
    let _squid = Squid::start(&network, &format!("{delivered}\n{}http_access deny all", export_fragment()));
    let verdicts = [
        ("api", "met"),
        ("gateway", "met"),
        ("relay", "met"),
        ("plain", "met"),
        ("blocked", "proxy proxy_denied"),
    ];
    network.sees(&proxy_flags(), &verdicts);
}

/// With the lines in its comments what must not be inspected is not, and the rest is.
#[test]
fn what_must_not_be_inspected_is_spliced() {
    if !ready(squid::TOOLS) || !squid::can_inspect() {
        return;
    }
    let rules = export_fragment().replace("#   ", "");
    let network = make_network();
    let _squid = Squid::inspecting(&network, &format!("{rules}http_access deny all"));
    network.sees(&proxy_flags(), &[("api", "tls tls_intercepted"), ("relay", "met")]);
}
