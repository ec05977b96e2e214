//! The page of HTML: well formed, self-contained, usable without eyes or a mouse, and closed to text of peers.

use std::collections::BTreeSet;

use arcprobe::model::finding::Confidence;
use arcprobe::model::networks::Role;
use arcprobe::model::report::{KnownNetwork, Report, SkipEntry, SkipRangeAdvice};
use arcprobe::report::{Format, render};
use roxmltree::{Document, Node};

use super::samples::ALL;
use super::{NARROW, read, tampered};

fn page(report: &Report) -> String {
    render(report, Format::Html, &NARROW)
}

/// The page is written with XML's rules but for the elements without an end, so that its parser finds what does not nest.
fn parsed(html: &str) -> String {
    let body = html.strip_prefix("<!DOCTYPE html>").unwrap();
    body.lines()
        .map(|l| if l.starts_with("<meta ") { l.replace('>', "/>") } else { l.to_owned() } + "\n")
        .collect()
}

fn samples() -> Vec<Report> {
    let mut reports: Vec<Report> = ALL.iter().flat_map(|(name, _)| [read(name), tampered(name)]).collect();
    let advice = &mut reports[0].advice;
    let known = |role, network: &str| KnownNetwork {
        role,
        network: network.into(),
        source: "a flag".into(),
        confidence: Confidence::High,
        counts: true,
        note: None,
    };
    advice.networks = vec![known(Role::Pods, "10.0.0.0/8"), known(Role::Services, "10.96.0.0/12")];
    advice.skip_range = Some(SkipRangeAdvice {
        value: "10.0.0.0/8".into(),
        entries: vec![SkipEntry {
            value: "10.0.0.0/8".into(),
            why: "pods".into(),
            source: "a flag".into(),
            confidence: Confidence::High,
        }],
        problems: Vec::new(),
        given: None,
        given_by: None,
    });
    reports
}

/// Elements and attributes are our own, whatever the report says: nothing runs, nothing is fetched.
#[track_caller]
pub(crate) fn assert_own_elements(html: &str) {
    let elements: BTreeSet<&str> = "html head meta title style body a header h1 h2 h3 h4 span strong p ul ol li dl dt dd div nav main \
                                    section article pre code details summary table caption thead tbody tr th td svg rect footer"
        .split_whitespace()
        .collect();
    let attributes: BTreeSet<&str> =
        "lang charset http-equiv content name class href id aria-label aria-labelledby aria-hidden role tabindex scope colspan viewBox \
         preserveAspectRatio focusable x width height"
            .split_whitespace()
            .collect();
    let xml = parsed(html);
    let document = Document::parse(&xml).unwrap_or_else(|e| panic!("{e}\n{xml}"));
    for node in document.descendants().filter(Node::is_element) {
        assert!(elements.contains(node.tag_name().name()), "{}", node.tag_name().name());
        for attribute in node.attributes() {
            assert!(attributes.contains(attribute.name()), "{}", attribute.name());
            assert!(
                attribute.name() != "href" || attribute.value().starts_with('#'),
                "{}",
                attribute.value()
            );
        }
    }
    let style = document.descendants().find(|n| n.has_tag_name("style")).and_then(|n| n.text()).unwrap();
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
}

#[test]
fn the_page_contains_only_our_own_elements() {
    for report in samples() {
        assert_own_elements(&page(&report));
    }
}

#[test]
fn the_policy_forbids_scripts_and_requests() {
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    for report in samples() {
        let html = page(&report);
        let (before, after) = html.split_once(policy).unwrap();
        assert!(
            !before.contains("<style") && after.contains("<style"),
            "the policy comes before what it is about"
        );
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains(" onerror=alert(1)>"));
    }
}

/// What a reader of the screen needs: language, title, one heading of each kind above the next, named tables and boxes, links
/// that lead somewhere.
#[test]
fn the_page_works_with_screen_readers_and_keyboard() {
    for report in samples() {
        let xml = parsed(&page(&report));
        let document = Document::parse(&xml).unwrap();
        let all = |name: &'static str| document.descendants().filter(move |n| n.has_tag_name(name));
        assert_eq!(document.root_element().attribute("lang"), Some("en"));
        assert!(all("title").any(|n| n.text().is_some_and(|t| t.len() > 10)));
        assert_eq!((all("h1").count(), all("main").count(), all("header").count()), (1, 1, 1));
        let ids: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id is there twice");
        for node in document.descendants() {
            let named = node
                .attribute("href")
                .and_then(|h| h.strip_prefix('#'))
                .or(node.attribute("aria-labelledby"));
            assert!(named.is_none_or(|id| ids.contains(&id)), "{named:?} leads nowhere");
        }
        for table in all("table") {
            assert!(table.children().next().is_some_and(|n| n.has_tag_name("caption")));
            let boxed = table.parent().unwrap();
            assert_eq!(boxed.attribute("tabindex"), Some("0"), "what scrolls can be reached");
            assert!(boxed.attribute("aria-label").is_some());
        }
        assert!(all("th").all(|n| n.attribute("scope").is_some()));
        let mut above = 1;
        for heading in
            document.descendants().filter_map(|n| n.tag_name().name().strip_prefix('h')?.parse::<u8>().ok())
        {
            assert!(heading <= above + 1, "a heading of level {heading} below one of level {above}");
            above = heading;
        }
    }
}

/// Colour only repeats what a word says.
#[test]
fn every_outcome_has_a_text_label() {
    let html = page(&read("mixed"));
    for word in [
        "Blocked",
        "tls_intercepted",
        "finding 1",
        "met in",
        "no name below the wildcard is known",
        "required",
    ] {
        assert!(html.contains(word), "{word}");
    }
    assert!(page(&read("all-met")).contains("Nothing was found that has to be fixed."));
}

#[test]
fn networks_and_the_skip_range_are_shown() {
    let html = page(&samples()[0]);
    assert!(html.contains("The value for --proxy-skip-range") && html.contains("<tr class=\"depth-1\">"));
    assert!(html.contains("az connectedk8s connect"));
}

/// A browser has to live with it: ten thousand checks are some megabytes, and a text without end is cut.
#[test]
fn the_size_is_bounded() {
    let mut report = read("mixed");
    report.findings[0].explanation = "<".repeat(1_000_000);
    let check = report.checks[0].clone();
    report.checks = (0..10_000)
        .map(|n| {
            let mut check = check.clone();
            (check.planned.id, check.planned.host) =
                (format!("pod/arm/{n}").into(), Some(format!("host-{n}.example")));
            check
        })
        .collect();
    let html = page(&report);
    assert!(html.len() < 6_000_000, "{}", html.len());
    assert!(html.contains("8000 more rows are left out here"));
}
