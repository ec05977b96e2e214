//! What is different, for people: what broke first, then what was fixed, then what else is different on the way.

use super::{CheckChange, Diff, FindingSummary, PrerequisiteChange, PrerequisiteState};
use crate::model::evidence::Cause;
use crate::model::wording::{format_count, list_some};
use crate::report::grid::{format_duration, phase_label};
use crate::report::headline;
use crate::report::screen::{Paint, Screen};
use crate::report::text::TextOptions;
use crate::report::waivers::describe_acceptance as told_of;

/// How many names are told in a line.
const MAX_NAMED: usize = 3;

/// How many lines a kind gets without `-v`.
const MAX_LINES: usize = 12;

/// Renders one screen.
pub fn render(diff: &Diff, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    draw_verdict(&mut screen, diff);
    for caution in &diff.cautions {
        screen.paragraph(&[(Paint::Yellow, "! ")], 2, Paint::Plain, caution);
    }
    let most = if options.verbose { usize::MAX } else { MAX_LINES };
    let mut kind = |paint, mark: &str, title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        screen.blank_line();
        screen.line(&[(Paint::Bold, &format!("{title} ({})", lines.len()))]);
        for line in lines.iter().take(most) {
            screen.paragraph(&[(paint, &format!("{mark} "))], 4, Paint::Plain, line);
        }
        if lines.len() > most {
            screen.line(&[(Paint::Dim, &format!("  and {} more (-v shows all)", lines.len() - most))]);
        }
    };
    let (bad, good, other) = (Paint::Red, Paint::Green, Paint::Yellow);
    kind(bad, "+", "new findings", diff.new_findings.iter().map(describe_finding).collect());
    kind(bad, "✗", "newly not met", diff.newly_unmet.iter().map(describe_newly_unmet).collect());
    kind(
        bad,
        "✗",
        "no longer accepted",
        diff.no_longer_accepted.iter().map(describe_no_longer_accepted).collect(),
    );
    let (worse, rest): (Vec<_>, Vec<_>) = diff.prerequisites.iter().partition(|p| p.is_newly_blocking());
    kind(bad, "✗", "prerequisites newly not met", worse.into_iter().map(describe_prerequisite).collect());
    kind(good, "✓", "fixed", diff.fixed.iter().map(describe_fixed).collect());
    kind(other, "?", "no longer verified", diff.no_longer_verified.iter().map(describe_check).collect());
    kind(other, "~", "newly accepted", diff.newly_accepted.iter().map(describe_newly_accepted).collect());
    kind(other, "·", "other prerequisites", rest.into_iter().map(describe_prerequisite).collect());
    kind(
        other,
        "✗",
        "not met as before, with another cause",
        diff.other_cause.iter().map(describe_changed_cause).collect(),
    );
    kind(good, "–", "resolved findings", diff.resolved_findings.iter().map(describe_finding).collect());
    kind(other, "!", "slower phases", describe_slower_phases(diff));
    kind(other, "!", "certificates of another authority", describe_ca_changes(diff));
    kind(Paint::Plain, "·", "other addresses", describe_address_changes(diff));
    kind(Paint::Plain, "·", "other rules", describe_rules_changes(diff));
    kind(Paint::Plain, "·", "other checks", describe_added_and_removed(diff));
    screen.finish()
}

fn draw_verdict(screen: &mut Screen, diff: &Diff) {
    let (before, now) =
        (headline::verdict_label(diff.older.verdict), headline::verdict_label(diff.newer.verdict));
    let of_required = |list: &[CheckChange]| list.iter().filter(|change| change.required).count();
    let required = of_required(&diff.newly_unmet);
    let (paint, word) = match (diff.has_regressions(), diff.is_less_complete()) {
        (true, _) => (Paint::Red, "WORSE: "),
        (false, true) => (Paint::Yellow, "OPEN: "),
        (false, false) => (Paint::Green, "NOT WORSE: "),
    };
    let optional = diff.newly_unmet.len() - required;
    let mut parts = Vec::new();
    if required > 0 {
        parts.push(format!("{} newly not met", format_count(required, "required check")));
    }
    let accepted = of_required(&diff.no_longer_accepted);
    if accepted > 0 {
        parts.push(format!("{} no longer accepted", format_count(accepted, "required check")));
    }
    let blocking_prerequisites = diff.prerequisites.iter().filter(|p| p.is_newly_blocking()).count();
    if blocking_prerequisites > 0 {
        parts.push(format!("{} newly not met", format_count(blocking_prerequisites, "prerequisite")));
    }
    if parts.is_empty() && diff.has_expired_waiver() {
        parts.push("A waiver is over".to_owned());
    }
    if parts.is_empty() {
        parts.push("Nothing required is newly not met".to_owned());
    }
    if optional > 0 {
        parts[0] = format!("{}, {optional} optional", parts[0]);
    }
    let text = parts.join("; ");
    let text = format!("{text}; {} fixed. The verdict was {before}, and is {now}.", diff.fixed.len());
    screen.paragraph(&[(paint, word)], 4, Paint::Bold, &text);
    let times = format!("  before {}, now {}", diff.older.started_at, diff.newer.started_at);
    screen.line(&[(Paint::Dim, &times)]);
}

fn describe_check(change: &CheckChange) -> String {
    let optional = if change.required { "" } else { " (optional)" };
    format!("{} from {}{optional}", change.target, change.vantage)
}

fn describe_newly_unmet(change: &CheckChange) -> String {
    let cause = change.cause.unwrap_or(Cause::Unknown);
    let new = if change.in_older { "" } else { "; not checked before" };
    format!("{}: {}{new}", describe_check(change), cause.word())
}

fn describe_no_longer_accepted(change: &CheckChange) -> String {
    let cause = change.cause.unwrap_or(Cause::Unknown).word();
    let until = change.accepted.as_ref().map(|a| format!("; was accepted until {}", a.until));
    format!("{}: {cause}{}", describe_check(change), until.unwrap_or_default())
}

fn describe_newly_accepted(change: &CheckChange) -> String {
    let cause = change.cause.unwrap_or(Cause::Unknown).word();
    let new = match (change.in_older, change.cause_before) {
        (false, _) => "; not checked before",
        (true, None) => "; did not fail before",
        (true, Some(_)) => "",
    };
    let accepted = change.accepted.as_ref().map(|a| format!("; {}", told_of(a)));
    format!("{}: {cause}{new}{}", describe_check(change), accepted.unwrap_or_default())
}

fn describe_prerequisite(change: &PrerequisiteChange) -> String {
    let word =
        |stood: &Option<PrerequisiteState>| stood.as_ref().map_or("not looked at", PrerequisiteState::label);
    let found = change.now.as_ref().or(change.before.as_ref()).map(|s| format!("; {}", s.found));
    let (before, now) = (word(&change.before), word(&change.now));
    format!("{}: was {before}, is {now}{}", change.title, found.unwrap_or_default())
}

fn describe_fixed(change: &CheckChange) -> String {
    format!("{}: was {}", describe_check(change), change.cause.unwrap_or(Cause::Unknown).word())
}

fn describe_changed_cause(change: &CheckChange) -> String {
    let word = |cause: Option<Cause>| cause.unwrap_or(Cause::Unknown).word();
    format!("{}: was {}, is {}", describe_check(change), word(change.cause_before), word(change.cause))
}

fn describe_finding(finding: &FindingSummary) -> String {
    format!("{}: {} ({})", finding.severity.as_str(), finding.summary, finding.id)
}

fn describe_slower_phases(diff: &Diff) -> Vec<String> {
    let line = |s: &super::SlowerPhase| {
        let (before, now, checks) =
            (format_duration(s.before), format_duration(s.now), format_count(s.checks, "check"));
        format!(
            "{} from {}: {before} before, {now} now (median of {checks})",
            phase_label(s.phase),
            s.vantage
        )
    };
    diff.slower.iter().map(line).collect()
}

fn describe_ca_changes(diff: &Diff) -> Vec<String> {
    let trusted = |issuer: &super::peers::CaIdentity| match issuer.trusted_by {
        Some(crate::model::evidence::TrustStore::Public) => "public",
        Some(_) => "not public",
        None => "not judged",
    };
    let line = |a: &super::CaChange| {
        let (before, now) = (&a.before, &a.now);
        format!(
            "{}: {} ({}) before, {} ({}) now",
            a.host,
            before.name,
            trusted(before),
            now.name,
            trusted(now)
        )
    };
    diff.authorities.iter().map(line).collect()
}

fn describe_address_changes(diff: &Diff) -> Vec<String> {
    let names = |all: &[std::net::IpAddr]| {
        list_some(&all.iter().map(ToString::to_string).collect::<Vec<_>>(), MAX_NAMED)
    };
    diff.addresses
        .iter()
        .map(|a| format!("{}: {} before, {} now", a.host, names(&a.before), names(&a.now)))
        .collect()
}

fn describe_rules_changes(diff: &Diff) -> Vec<String> {
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".into());
    diff.rules
        .iter()
        .map(|r| format!("{}: {} before, {} now", r.name, side(&r.before), side(&r.now)))
        .collect()
}

fn describe_added_and_removed(diff: &Diff) -> Vec<String> {
    let added = diff.added.iter().map(|id| format!("new: {id}"));
    added.chain(diff.removed.iter().map(|id| format!("gone: {id}"))).collect()
}
