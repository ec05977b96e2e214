//! What DNS says of single names, through the real binary: each kind of answer has a finding and words of its own.

use hickory_resolver::proto::op::ResponseCode;
use serde_json::Value;

use crate::lab::{Dns, Host, Lab, LabOptions, Proxy, Resolver};
use crate::phases::verdict_of;
use crate::program::{Program, TestRules, check};

/// Of different companies.
const NAMES: [&str; 3] = ["arm.one.example", "sts.two.example", "mcr.three.example"];

fn rules() -> TestRules {
    NAMES.iter().fold(TestRules::new(), |rules, name| rules.endpoint(&name[..3], name, ""))
}

fn run(lab: &Lab, more: &[&str]) -> Value {
    let flags = rules().flags(lab.directory());
    Program::check_in(lab).args(flags).args(["-o", "json", "--timeout", "1500ms"]).args(more).run().json()
}

fn serious(report: &Value) -> Vec<&Value> {
    report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] != "info").collect()
}

fn ids<'a>(findings: &[&'a Value]) -> Vec<&'a str> {
    findings.iter().map(|f| f["id"].as_str().unwrap()).collect()
}

/// The alias of a private link, and no record behind it: the zone is the place to look, not a block list.
#[test]
fn an_alias_into_a_private_zone_without_the_record_is_its_own_finding() {
    for is_missing in [true, false] {
        let alias = Dns::DeadAlias("arm.privatelink.one.example", is_missing);
        let lab =
            Lab::start(vec![Host::with_dns(NAMES[0], alias), Host::good(NAMES[1]), Host::good(NAMES[2])]);
        let report = run(&lab, &[]);
        let cause = if is_missing { "dns_nxdomain" } else { "dns_no_data" };
        assert_eq!(verdict_of(check(&report, "arm")), format!("resolve {cause}"));
        let findings = serious(&report);
        assert_eq!(ids(&findings), ["private_record_missing"], "{report:#}");
        let text = findings[0].to_string();
        assert!(text.contains("arm.privatelink.one.example") && !text.contains("block list"), "{text}");
    }
}

#[test]
fn each_way_of_failing_for_a_single_name_has_its_words() {
    let table = [
        (Dns::Nxdomain, "No address is answered for", "block list"),
        (Dns::NoData, "DNS knows the name but has no address for", "half-built private zone"),
        (Dns::DeadAlias("arm.gone.example", true), "No address is answered for", "block list"),
        (Dns::Servfail, "The DNS server fails (SERVFAIL) for", "conditional forwarder"),
        (Dns::Refused, "The DNS server refuses to look up", "access list"),
        (Dns::Silent, "The DNS server does not respond for", "forwarder of this zone"),
    ];
    for (dns, summary, remedy) in table {
        let lab = Lab::start(vec![
            Host::with_dns(NAMES[0], dns.clone()),
            Host::good(NAMES[1]),
            Host::good(NAMES[2]),
        ]);
        let report = run(&lab, &[]);
        let findings = serious(&report);
        assert_eq!(ids(&findings), ["name_blocked"], "{dns:?} {report:#}");
        assert!(findings[0]["summary"].as_str().unwrap().starts_with(summary), "{dns:?} {findings:#?}");
        assert!(findings[0]["remedy"]["text"].as_str().unwrap().contains(remedy), "{dns:?} {findings:#?}");
        assert_ne!(findings[0]["confidence"], "high", "{dns:?}");
    }
}

/// Programs ask for both families: a server that fails for one delays or breaks them.
#[test]
fn a_server_that_fails_for_ipv6_alone_is_a_warning() {
    let codes = [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::NXDomain, ResponseCode::NotImp];
    for code in codes.into_iter().map(Some).chain([None]) {
        let options = LabOptions { resolver: Resolver::FailsIpv6(code), ..LabOptions::default() };
        let lab = Lab::start_with(NAMES.map(Host::good).into(), options);
        let report = run(&lab, &[]);
        for name in NAMES {
            assert_eq!(verdict_of(check(&report, &name[..3])), "met", "{code:?}");
        }
        let findings = serious(&report);
        assert_eq!(ids(&findings), ["dns_ipv6_failing"], "{code:?} {report:#}");
        assert_eq!(findings[0]["severity"], "warning");
    }
}

/// Only the proxy gets out, and DNS knows no outside names: the entry that sends hosts around the proxy is the cause, whatever
/// the DNS server says.
#[test]
fn hosts_around_the_only_proxy_are_the_skip_ranges_fault() {
    let lab = Lab::start(NAMES.map(Host::good).into());
    let proxy = format!("http://{}", lab.proxy(Proxy::Open));
    let resolvers =
        [Resolver::Good, Resolver::ServfailAll, Resolver::RefusesAll, Resolver::Silent, Resolver::Dead];
    for resolver in resolvers {
        let inside = Lab::start_with(Vec::new(), LabOptions { resolver, ..LabOptions::default() });
        let report = Program::new()
            .args(["check", "-o", "json", "--timeout", "1500ms"])
            .args(["--resolver", &inside.resolver().to_string(), "--public-roots"])
            .args([lab.roots()])
            .args(rules().flags(lab.directory()))
            .env("HTTPS_PROXY", &proxy)
            .env("NO_PROXY", ".two.example,.three.example")
            .run()
            .exits(3)
            .json();
        assert_eq!(verdict_of(check(&report, "arm")), "met", "{resolver:?}");
        let findings = serious(&report);
        let blocking: Vec<_> = findings.iter().filter(|f| f["severity"] == "blocking").collect();
        assert!(blocking.iter().all(|f| f["id"] == "proxy_bypassed"), "{resolver:?} {report:#}");
        assert!(!ids(&findings).iter().any(|id| id.starts_with("resolver_")), "{resolver:?} {report:#}");
        let text = serde_json::to_string(&blocking).unwrap();
        assert!(text.contains("NO_PROXY") && text.contains("sts.two.example"), "{resolver:?} {text}");
    }
}
