//! Plain HTTP through a proxy, which answers in the place of the service: without a tunnel its answer looks like one of it.

use crate::lab::{Host, Lab, Proxy};
use crate::phases::verdict_of;
use crate::program::{Program, TestRules, check};

const NAME: &str = "time.lab.example";

fn verdict(proxy: Proxy, rule: &str) -> String {
    let lab = Lab::start(vec![Host::good(NAME)]);
    let rule = format!("protocol: http\nport: 80\n{rule}");
    let flags = TestRules::new().endpoint("time", NAME, &rule).flags(lab.directory());
    let report = Program::new()
        .args(["check", "-o", "json", "--timeout", "1500ms", "--no-cross-check", "--resolver"])
        .args([&lab.resolver().to_string(), "--proxy-http", &format!("http://{}", lab.proxy(proxy))])
        .args(flags)
        .run()
        .json();
    verdict_of(check(&report, "time"))
}

const HTML: (&str, &str) = ("Content-Type", "text/html");
const VIA: (&str, &str) = ("Via", "1.1 proxy.lab.example");
const PAGE: &str = "<html><title>Notice</title><p>Reference 4711</p></html>";

/// Whatever a proxy says itself, with marks of its own or with none, the service was not reached.
#[test]
fn what_a_proxy_answers_itself_is_never_the_service() {
    let table = [
        (Proxy::Answers(403, &[], ""), "proxy_denied"),
        (Proxy::Answers(403, &[HTML], PAGE), "proxy_denied"),
        (Proxy::Answers(403, &[VIA, HTML], PAGE), "proxy_denied"),
        (Proxy::Answers(403, &[("X-Squid-Error", "ERR_ACCESS_DENIED 0"), HTML], PAGE), "proxy_denied"),
        (Proxy::Answers(403, &[("Server", "BlueCoat-Security-Appliance"), HTML], PAGE), "proxy_denied"),
        (Proxy::Answers(405, &[], ""), "proxy_denied"),
        (Proxy::Answers(429, &[], ""), "proxy_denied"),
        (Proxy::Answers(407, &[("Proxy-Authenticate", "Negotiate")], ""), "proxy_auth_required"),
        (Proxy::Answers(511, &[HTML], PAGE), "proxy_auth_required"),
        (Proxy::Answers(502, &[], ""), "proxy_upstream"),
        (Proxy::Answers(502, &[HTML], PAGE), "proxy_upstream"),
        (Proxy::Answers(503, &[VIA, HTML], PAGE), "proxy_upstream"),
        (Proxy::Answers(504, &[], ""), "proxy_upstream"),
        (Proxy::Answers(200, &[("X-Squid-Error", "ERR_NONE 0"), HTML], PAGE), "unverified"),
        (Proxy::Answers(200, &[HTML], PAGE), "unverified"),
        (Proxy::Answers(200, &[VIA, HTML], PAGE), "unverified"),
        (Proxy::Answers(404, &[HTML], PAGE), "unverified"),
        (Proxy::Answers(400, &[HTML], PAGE), "unverified"),
        (Proxy::Answers(302, &[("Location", "https://login.corp.example/")], ""), "http_redirected"),
        (Proxy::Closes, "proxy_closed"),
        (Proxy::Garbage, "proxy_protocol"),
    ];
    for (proxy, expected) in table {
        for rule in [
            "",
            "answer: {status: [200, 403]}",
            "answer: {marks: [lab]}",
            "answer: {status: [200], content: json}",
        ] {
            let seen = verdict(proxy, rule);
            assert_ne!(seen, "met", "{proxy:?} with {rule:?}");
            let is_expected = seen.ends_with(expected) || seen.ends_with("http_block_page");
            assert!(is_expected, "{proxy:?} with {rule:?}: {seen}");
        }
    }
}

/// An answer that fits the service and says nothing of who gave it counts, with a warning.
#[test]
fn an_unmarked_answer_passes_where_its_form_fits() {
    let empty = Proxy::Answers(200, &[], "");
    assert_eq!(verdict(empty, "answer: {status: [200]}"), "met");
    for rule in
        ["", "answer: {marks: [lab]}", "answer: {status: [204]}", "answer: {status: [200], content: json}"]
    {
        assert_eq!(verdict(empty, rule), "unverified", "{rule}");
    }
}
