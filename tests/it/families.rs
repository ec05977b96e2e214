//! Two families on the loopback interface: the lab serves IPv4, and the test what is found at `::1`.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::lab::{Dns, Host, Lab};
use crate::phases::verdict_of;
use crate::program::{Program, TestRules, check};
use crate::require::require_that;

/// What each connection over IPv6 finds, once it is open.
type Serve = fn(TcpStream);

fn check_with_ipv6(serve: Option<Serve>) -> Option<Value> {
    let both = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let hosts = ["api", "login"]
        .map(|host| Host::with_dns(format!("{host}.lab.example"), Dns::Addresses(both.clone())));
    let lab = Lab::start(hosts.to_vec());
    let at = (Ipv6Addr::LOCALHOST, lab.port("api.lab.example"));
    let listener = match TcpListener::bind(at) {
        Err(e) if e.kind() == ErrorKind::AddrNotAvailable => {
            require_that(false, "there is no IPv6 on the loopback interface");
            return None;
        }
        bound => bound.expect("the port is the lab's over IPv4 only"),
    };
    match serve {
        Some(serve) => drop(thread::spawn(move || listener.incoming().flatten().for_each(serve))),
        None => drop(listener),
    }
    let rules = ["api", "login"].iter().fold(TestRules::new(), |rules, host| {
        rules.endpoint(host, &format!("{host}.lab.example"), "addresses: any")
    });
    let flags = rules.flags(lab.directory());
    Some(Program::check_in(&lab).args(flags).args(["-o", "json", "--timeout", "1s"]).run().json())
}

fn findings(report: &Value) -> Vec<&str> {
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|f| f["severity"] != "info").filter_map(|f| f["id"].as_str()).collect()
}

#[test]
fn ipv6_that_connects_and_then_fails_is_what_programs_get() {
    let table: [(Serve, &str); 2] =
        [(drop, "tls tls_"), (|stream| drop(thread::spawn(move || hold(&stream))), "tls tls_timeout")];
    for (serve, expected) in table {
        let Some(report) = check_with_ipv6(Some(serve)) else { return };
        for host in ["api", "login"] {
            let check = check(&report, host);
            assert!(verdict_of(check).starts_with(expected), "{check:#}");
        }
        assert_eq!(findings(&report), ["ip_family_failing"], "{report:#}");
        assert_eq!(report["verdict"], "blocked");
    }
}

/// Happy eyeballs go on to IPv4.
#[test]
fn ipv6_that_does_not_connect_is_a_warning() {
    let Some(report) = check_with_ipv6(None) else { return };
    assert_eq!(verdict_of(check(&report, "api")), "met", "{report:#}");
    assert_eq!(findings(&report), ["ip_family_failing"], "{report:#}");
    assert_eq!(report["verdict"], "ready_with_warnings");
}

fn hold(stream: &TcpStream) {
    let _ = std::io::copy(&mut &*stream, &mut std::io::sink());
}
