//! A captive portal answers in the place of the services until somebody logs on.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ptr;

use super::prelude::*;
use crate::analysis::answerer::{base_domain, location_host, quote_body, redirect_host, strip_tags};
use crate::model::evidence::{AddressScope, HttpDetail};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "captive_portal", group_checks, describe_finding };

/// One portal is one finding, however it shows itself at each host.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let strange = view.unexplained_where(|c| strange_answer(c).is_some());
    let is_portal = |check: &Check| {
        let alike = || strange.iter().copied().filter(|other| is_same_stranger(check, other));
        alike().any(has_own_mark) || count_domains(alike()) > 1
    };
    let checks: Vec<_> = strange.iter().copied().filter(|c| is_portal(c)).collect();
    let place = checks.iter().find_map(|c| foreign_place(c)).unwrap_or_default();
    CheckGroup::from_checks(place.to_owned(), checks)
}

/// What somebody else answered, where that can be a portal.
fn strange_answer(check: &Check) -> Option<&HttpDetail> {
    match check.cause? {
        Cause::HttpRedirected => look::http_detail(check).filter(|answer| !leads_to_vendor(answer)),
        Cause::HttpBlockPage => look::http_detail(check),
        Cause::TlsNotTls => look::plain_answer(check),
        _ => None,
    }
    .filter(|answer| !is_filter(answer))
}

/// A product that filters has a finding of its own, which names it.
fn is_filter(answer: &HttpDetail) -> bool {
    answer.appliance.is_some() && !is_portal_product(answer)
}

fn is_portal_product(answer: &HttpDetail) -> bool {
    answer.appliance.as_deref().is_some_and(|product| product.ends_with(" portal"))
}

/// Where an answer redirects to; `None` within the domain of the service.
fn foreign_place(check: &Check) -> Option<&str> {
    let host = redirect_host(strange_answer(check)?)?;
    (base_domain(host) != base_domain(look::host_or_pattern(check))).then_some(host)
}

fn leads_to_vendor(answer: &HttpDetail) -> bool {
    let is_theirs = |host| VENDOR_DOMAINS.iter().any(|domain| base_domain(domain) == base_domain(host));
    redirect_host(answer).is_some_and(is_theirs)
}

fn is_same_stranger(one: &Check, other: &Check) -> bool {
    let has_no_tls = |c: &Check| c.cause == Some(Cause::TlsNotTls);
    let is_same_place = foreign_place(one).is_some() && foreign_place(one) == foreign_place(other);
    ptr::eq(one, other) || is_same_place || (has_no_tls(one) && has_no_tls(other))
}

fn count_domains<'a>(checks: impl Iterator<Item = &'a Check>) -> usize {
    checks.map(|c| base_domain(look::host_or_pattern(c))).collect::<BTreeSet<_>>().len()
}

fn has_own_mark(check: &Check) -> bool {
    strange_answer(check).is_some_and(|answer| describe_mark(answer).is_some())
}

/// What only a portal sends, as a sentence.
fn describe_mark(answer: &HttpDetail) -> Option<&'static str> {
    let location = answer.headers.get("location").map(|l| l.to_ascii_lowercase()).unwrap_or_default();
    let page = answer.body.as_deref().map(|body| strip_tags(body).to_ascii_lowercase()).unwrap_or_default();
    let holds = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    if answer.status == Some(511) {
        Some("Only networks that want a log-on answer 511 (RFC 6585).")
    } else if is_private_place(&location) {
        Some("No service redirects to a private address.")
    } else if is_portal_product(answer) {
        Some("The product is one for log-on pages.")
    } else if holds(answer.block_words.as_deref().unwrap_or_default(), PAGE_WORDS) || holds(&page, PAGE_WORDS)
    {
        Some("The page says so itself.")
    } else if holds(location_host(&location).unwrap_or_default(), LOCATION_WORDS) {
        Some("Its address is that of a log-on page.")
    } else {
        None
    }
}

fn is_private_place(location: &str) -> bool {
    let host = location_host(location).map(|host| host.trim_matches(['[', ']']));
    let address = host.and_then(|host| host.parse::<IpAddr>().ok());
    address.is_some_and(|address| AddressScope::classify(address) != AddressScope::Public)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let mark = group.checks.iter().find_map(|c| describe_mark(strange_answer(c)?));
    let shown = group.checks.iter().copied().find(|c| has_own_mark(c)).or(group.first_check());
    let who = if mark.is_some() { "A captive portal" } else { "A captive portal or a filter" };
    let place = match group.key.as_str() {
        "" => String::new(),
        host => format!(" It redirects to {host}."),
    };
    FindingText {
        summary: format!("{who} answers in the place of {}.{place}", describe_hosts(group)),
        subject: if group.key.is_empty() { describe_hosts(group) } else { group.key.clone() },
        explanation: format!(
            "From {}, {}: {} {}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            shown.and_then(describe_answer).unwrap_or_default(),
            mark.unwrap_or("Hosts of unrelated services get the same; a filter, or a diversion to the wrong port, can do that too.")
        ),
        remedy: "Log this machine on to the network, or exempt it and these hosts from the portal: agents cannot log on. If \
                 the network has no portal, ask who runs the filter there."
            .into(),
        commands: shown.map(|c| verify_command(c).into()).into_iter().collect(),
        confidence: if mark.is_some() { Confidence::High } else { Confidence::Medium },
        ..FindingText::default()
    }
}

fn describe_answer(check: &Check) -> Option<String> {
    let answer = strange_answer(check)?;
    let to = answer.headers.get("location").map(|place| format!(" to {place}")).unwrap_or_default();
    let how = if check.cause == Some(Cause::TlsNotTls) {
        format!("port {} speaks no TLS; asked in plain HTTP, it answers", check.planned.port)
    } else {
        "the answer is".to_owned()
    };
    let by = answer.appliance.as_ref().map(|product| format!(" from {product}")).unwrap_or_default();
    Some(format!("{how} {}{to}{by}{}.", answer.status?, quote_body(answer)))
}

fn verify_command(check: &Check) -> String {
    match check.cause {
        Some(Cause::TlsNotTls) => commands::tunnel_command(check),
        _ => commands::curl_command(check),
    }
}

/// Sign-in hosts of several domains redirect to these.
const VENDOR_DOMAINS: &[&str] = &[
    "azure.com",
    "cloud.microsoft",
    "live.com",
    "microsoft.com",
    "microsoft365.com",
    "microsoftonline.com",
    "office.com",
    "office365.com",
    "windows.net",
];

/// In the addresses of log-on pages; lower case.
const LOCATION_WORDS: &[&str] = &["captive", "guest", "hotspot", "portal", "walledgarden", "wifi", "wlan"];

/// In the pages themselves; lower case.
const PAGE_WORDS: &[&str] = &[
    "accept the terms",
    "captive portal",
    "guest access",
    "guest network",
    "guest wi-fi",
    "guest wifi",
    "hotspot",
    "log in to the network",
    "log on to the network",
    "network authentication required",
    "sign in to the network",
];
