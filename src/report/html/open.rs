//! What has to be open, for whoever keeps the firewall: every destination once, with who calls it and why.

use super::MOST_ROWS;
use super::page::{self, left_out, lines, mark, row_head};
use crate::model::report::Check;
use crate::report::markup::Markup;
use crate::report::tally::{Standing, Tally};

/// A destination with all checks on it.
struct Destination<'a> {
    name: &'a str,
    port: u16,
    checks: Vec<(&'a Check, Standing)>,
}

/// The table, and the same as lines to copy; nothing where there is no check.
pub(super) fn table(tally: &Tally<'_>) -> Markup {
    let mut html = Markup::default();
    let destinations = destinations(tally);
    if destinations.is_empty() {
        return html;
    }
    let text = "Outbound connections of the cluster, and of the machine that az runs on.";
    html.simple("p", &[], text);
    page::table(
        &mut html,
        "Destinations to allow",
        &["Destination", "Port", "Now", "Needed", "Called by", "For"],
        |html| {
            html.element("tbody", &[], |html| {
                destinations.iter().take(MOST_ROWS).for_each(|one| row(html, one));
            });
        },
    );
    left_out(&mut html, destinations.len(), MOST_ROWS);
    html.element("details", &[], |html| {
        html.simple("summary", &[], "The same as lines to copy");
        let rules: Vec<String> = destinations.iter().take(MOST_ROWS).map(line).collect();
        lines(html, "Destinations as lines", &rules.join("\n"));
    });
    html
}

fn destinations<'a>(tally: &Tally<'a>) -> Vec<Destination<'a>> {
    let mut found: Vec<Destination<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (check, standing) in tally.each() {
        let (name, port) = (name(check), check.port);
        let place = *places.entry((name, port)).or_insert(found.len());
        match found.get_mut(place) {
            Some(known) => known.checks.push((check, standing)),
            None => found.push(Destination { name, port, checks: vec![(check, standing)] }),
        }
    }
    found
}

/// Firewalls are told the wildcard: the hosts below it change.
fn name(check: &Check) -> &str {
    let wildcard = check.pattern.as_deref().filter(|pattern| pattern.contains('*'));
    wildcard.or(check.host.as_deref()).or(check.pattern.as_deref()).unwrap_or(&check.requirement)
}

fn row(html: &mut Markup, one: &Destination<'_>) {
    let Some((first, _)) = one.checks.first() else { return };
    html.element("tr", &[], |html| {
        row_head(html, one.name, &hosts(one));
        html.simple("td", &[], &format!("TCP {}", one.port));
        html.element("td", &[], |html| now(html, one));
        html.simple("td", &[], needed(one));
        html.simple("td", &[], &callers(one));
        html.element("td", &[], |html| {
            html.text(&first.title);
            html.simple("span", &[("class", "below")], &first.why);
        });
    });
}

/// The hosts below a wildcard that were probed.
fn hosts(one: &Destination<'_>) -> String {
    let mut hosts: Vec<&str> = one.checks.iter().filter_map(|(c, _)| c.host.as_deref()).collect();
    let mut seen = std::collections::HashSet::new();
    hosts.retain(|host| seen.insert(*host));
    hosts.retain(|host| *host != one.name);
    hosts.join(", ")
}

fn callers(one: &Destination<'_>) -> String {
    let mut seen = std::collections::HashSet::new();
    let callers = one.checks.iter().flat_map(|(check, _)| &check.callers).map(String::as_str);
    callers.filter(|caller| seen.insert(*caller)).collect::<Vec<_>>().join(", ")
}

fn needed(one: &Destination<'_>) -> &'static str {
    if one.checks.iter().any(|(check, _)| check.required) { "required" } else { "optional" }
}

/// The worst of what was seen.
fn now(html: &mut Markup, one: &Destination<'_>) {
    let any = |wanted| one.checks.iter().any(|(_, standing)| *standing == wanted);
    if any(Standing::Unmet) {
        mark(html, "bad", "✗", "not met");
    } else if any(Standing::Accepted) {
        mark(html, "open", "~", "not met, accepted");
    } else if any(Standing::Unverified) {
        mark(html, "open", "?", "unverified");
    } else if any(Standing::Met) {
        mark(html, "good", "✓", "met");
    } else {
        mark(html, "open", "–", "another takes its place");
    }
}

fn line(one: &Destination<'_>) -> String {
    format!("allow TCP {:<5} to {:<50} # {}, {}", one.port, one.name, needed(one), callers(one))
}
