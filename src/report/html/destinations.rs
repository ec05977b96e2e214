//! What has to be open, for whoever keeps the firewall: every destination once, with who calls it and why.

use indexmap::IndexSet;

use super::MAX_ROWS;
use super::elements::{self as page, write_code_block, write_mark, write_omitted_note, write_row_head};
use crate::model::report::Check;
use crate::report::group::group_by_key;
use crate::report::index::{CheckStatus, ReportIndex};
use crate::report::marks::status_style;
use crate::report::markup::Markup;

/// A destination with all checks on it.
struct Destination<'a> {
    name: &'a str,
    port: u16,
    checks: Vec<(&'a Check, CheckStatus)>,
}

/// The table, and the same as lines to copy; nothing where there is no check.
pub(super) fn render_destinations(tally: &ReportIndex<'_>) -> Markup {
    let mut html = Markup::default();
    let destinations = collect_destinations(tally);
    if destinations.is_empty() {
        return html;
    }
    let text = "Outbound connections of the cluster, and of the machine that az runs on.";
    html.text_element("p", &[], text);
    page::write_table(
        &mut html,
        "Destinations to allow",
        &["Destination", "Port", "Now", "Needed", "Called by", "For"],
        |html| {
            html.element("tbody", &[], |html| {
                destinations.iter().take(MAX_ROWS).for_each(|one| write_row(html, one));
            });
        },
    );
    write_omitted_note(&mut html, destinations.len(), MAX_ROWS);
    html.element("details", &[], |html| {
        html.text_element("summary", &[], "The same as lines to copy");
        let rules: Vec<String> = destinations.iter().take(MAX_ROWS).map(firewall_line).collect();
        write_code_block(html, "Destinations as lines", &rules.join("\n"));
    });
    html
}

fn collect_destinations<'a>(tally: &ReportIndex<'a>) -> Vec<Destination<'a>> {
    let found =
        group_by_key(tally.checks_with_status(), |(check, _)| (destination_name(check), check.planned.port));
    found.into_iter().map(|((name, port), checks)| Destination { name, port, checks }).collect()
}

/// Firewalls are told the wildcard: the hosts below it change.
fn destination_name(check: &Check) -> &str {
    let wildcard = check.planned.pattern.as_deref().filter(|pattern| pattern.contains('*'));
    wildcard
        .or(check.planned.host.as_deref())
        .or(check.planned.pattern.as_deref())
        .unwrap_or(&check.planned.endpoint)
}

fn write_row(html: &mut Markup, one: &Destination<'_>) {
    let Some((first, _)) = one.checks.first() else { return };
    html.element("tr", &[], |html| {
        write_row_head(html, one.name, &list_hosts(one));
        html.text_element("td", &[], &format!("TCP {}", one.port));
        html.element("td", &[], |html| write_status(html, one));
        html.text_element("td", &[], need_label(one));
        html.text_element("td", &[], &list_callers(one));
        html.element("td", &[], |html| {
            html.text(&first.planned.title);
            html.text_element("span", &[("class", "below")], &first.planned.why);
        });
    });
}

/// The hosts below a wildcard that were probed.
fn list_hosts(one: &Destination<'_>) -> String {
    let hosts = one.checks.iter().filter_map(|(check, _)| check.planned.host.as_deref());
    join_once(hosts.filter(|host| *host != one.name))
}

fn list_callers(one: &Destination<'_>) -> String {
    join_once(one.checks.iter().flat_map(|(check, _)| &check.planned.callers).map(String::as_str))
}

fn join_once<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<IndexSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

fn need_label(one: &Destination<'_>) -> &'static str {
    if one.checks.iter().any(|(check, _)| check.planned.required) { "required" } else { "optional" }
}

/// The worst of what was seen.
fn write_status(html: &mut Markup, one: &Destination<'_>) {
    let any = |wanted: &CheckStatus| one.checks.iter().any(|(_, status)| status == wanted);
    // what is replaced on one way and met on another is open
    let is_shadowed = |status: &CheckStatus| *status == CheckStatus::Replaced && any(&CheckStatus::Met);
    let worst = CheckStatus::ALL.into_iter().find(|status| any(status) && !is_shadowed(status));
    let worst = worst.unwrap_or(CheckStatus::Met);
    let style = status_style(worst);
    let word = match worst {
        CheckStatus::Accepted => "not met, accepted",
        CheckStatus::Replaced => "another takes its place",
        _ => style.label,
    };
    write_mark(html, style.mark, word);
}

fn firewall_line(one: &Destination<'_>) -> String {
    format!("allow TCP {:<5} to {:<50} # {}, {}", one.port, one.name, need_label(one), list_callers(one))
}
