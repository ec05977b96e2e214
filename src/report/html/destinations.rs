//! What has to be open, for whoever keeps the firewall: every destination once, with who calls it and why.

use indexmap::IndexSet;
use maud::{Markup, html};

use super::MAX_ROWS;
use super::elements::{render_code_block, render_mark, render_omitted_note, render_row_head, render_table};
use crate::model::report::Check;
use crate::report::group::group_by_key;
use crate::report::index::{CheckStatus, ReportIndex};
use crate::report::marks::status_style;
use crate::report::markup::Text;

/// A destination with all checks on it.
struct Destination<'a> {
    name: &'a str,
    port: u16,
    checks: Vec<(&'a Check, CheckStatus)>,
}

/// The table, and the same as lines to copy; nothing where there is no check.
pub(super) fn render_destinations(tally: &ReportIndex<'_>) -> Markup {
    let destinations = collect_destinations(tally);
    let shown = || destinations.iter().take(MAX_ROWS);
    let columns = ["Destination", "Port", "Now", "Needed", "Called by", "For"];
    html! {
        @if !destinations.is_empty() {
            p { "Outbound connections of the cluster, and of the machine that az runs on." }
            @let body = html! { tbody { @for one in shown() { (render_row(one)) } } };
            (render_table("Destinations to allow", &columns, &body))
            (render_omitted_note(destinations.len(), MAX_ROWS))
            details {
                summary { "The same as lines to copy" }
                @let lines: Vec<String> = shown().map(firewall_line).collect();
                (render_code_block("Destinations as lines", &lines.join("\n")))
            }
        }
    }
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

fn render_row(one: &Destination<'_>) -> Markup {
    html! {
        tr {
            (render_row_head(one.name, &list_hosts(one)))
            td { "TCP " (one.port) }
            td { (render_status(one)) }
            td { (need_label(one)) }
            td { (Text(list_callers(one))) }
            @if let Some((first, _)) = one.checks.first() {
                td { (Text(&first.planned.title)) span.below { (Text(&first.planned.why)) } }
            }
        }
    }
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
fn render_status(one: &Destination<'_>) -> Markup {
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
    render_mark(style.mark, word)
}

fn firewall_line(one: &Destination<'_>) -> String {
    format!("allow TCP {:<5} to {:<50} # {}, {}", one.port, one.name, need_label(one), list_callers(one))
}
