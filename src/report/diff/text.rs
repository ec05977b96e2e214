//! What is different, for people: what broke first, then what was mended, then what else is different on the way.

use super::{Besides, Change, Diff, Stood, Told};
use crate::model::evidence::Cause;
use crate::report::accepted::told as told_of;
use crate::report::grid::{human, label};
use crate::report::headline;
use crate::report::screen::{Paint, Screen};
use crate::report::tally::{plural, some_of};
use crate::report::text::TextOptions;

/// How many names are told in a line.
const NAMED: usize = 3;

/// How many lines a kind gets without `-v`.
const LINES: usize = 12;

/// Renders one screen.
pub fn render(diff: &Diff, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width);
    verdict(&mut screen, diff);
    for caution in &diff.cautions {
        screen.paragraph(&[(Paint::Yellow, "! ")], 2, Paint::Plain, caution);
    }
    let most = if options.verbose { usize::MAX } else { LINES };
    let mut kind = |paint, mark: &str, title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        screen.blank();
        screen.line(&[(Paint::Bold, &format!("{title} ({})", lines.len()))]);
        for line in lines.iter().take(most) {
            screen.paragraph(&[(paint, &format!("{mark} "))], 4, Paint::Plain, line);
        }
        if lines.len() > most {
            screen.line(&[(Paint::Dim, &format!("  and {} more (-v shows all)", lines.len() - most))]);
        }
    };
    let (bad, good, other) = (Paint::Red, Paint::Green, Paint::Yellow);
    kind(bad, "+", "new findings", diff.new_findings.iter().map(told).collect());
    kind(bad, "✗", "newly not met", diff.newly_unmet.iter().map(broke).collect());
    kind(bad, "✗", "no longer accepted", diff.no_longer_accepted.iter().map(no_longer_accepted).collect());
    let (worse, rest): (Vec<_>, Vec<_>) = diff.prerequisites.iter().partition(|p| p.broke());
    kind(bad, "✗", "prerequisites newly not met", worse.into_iter().map(prerequisite).collect());
    kind(good, "✓", "mended", diff.mended.iter().map(mended).collect());
    kind(other, "?", "no longer verified", diff.no_longer_verified.iter().map(name).collect());
    kind(other, "~", "newly accepted", diff.newly_accepted.iter().map(newly_accepted).collect());
    kind(other, "·", "other prerequisites", rest.into_iter().map(prerequisite).collect());
    kind(
        other,
        "✗",
        "not met as before, with another cause",
        diff.other_cause.iter().map(other_cause).collect(),
    );
    kind(good, "–", "findings that are gone", diff.gone_findings.iter().map(told).collect());
    kind(other, "!", "slower beyond noise", slower(diff));
    kind(other, "!", "certificates of another authority", authorities(diff));
    kind(Paint::Plain, "·", "other addresses", addresses(diff));
    kind(Paint::Plain, "·", "other rules", rules(diff));
    kind(Paint::Plain, "·", "other checks", checks(diff));
    screen.finish()
}

fn verdict(screen: &mut Screen, diff: &Diff) {
    let (before, now) = (headline::word(diff.older.verdict), headline::word(diff.newer.verdict));
    let of_required = |list: &[Change]| list.iter().filter(|change| change.required).count();
    let required = of_required(&diff.newly_unmet);
    let (paint, word) = match (diff.broke(), diff.is_less_known()) {
        (true, _) => (Paint::Red, "WORSE: "),
        (false, true) => (Paint::Yellow, "OPEN: "),
        (false, false) => (Paint::Green, "NOT WORSE: "),
    };
    let optional = diff.newly_unmet.len() - required;
    let mut parts = Vec::new();
    if required > 0 {
        parts.push(format!("{} newly not met", plural(required, "required check")));
    }
    let accepted = of_required(&diff.no_longer_accepted);
    if accepted > 0 {
        parts.push(format!("{} no longer accepted", plural(accepted, "required check")));
    }
    let besides = diff.prerequisites.iter().filter(|p| p.broke()).count();
    if besides > 0 {
        parts.push(format!("{} newly not met", plural(besides, "prerequisite")));
    }
    if parts.is_empty() && diff.waiver_is_over() {
        parts.push("A waiver is over".to_owned());
    }
    if parts.is_empty() {
        parts.push("Nothing required is newly not met".to_owned());
    }
    if optional > 0 {
        parts[0] = format!("{}, {optional} optional", parts[0]);
    }
    let text = parts.join("; ");
    let text = format!("{text}; {} mended. The verdict was {before}, and is {now}.", diff.mended.len());
    screen.paragraph(&[(paint, word)], 4, Paint::Bold, &text);
    let times = format!("  before {}, now {}", diff.older.started_at, diff.newer.started_at);
    screen.line(&[(Paint::Dim, &times)]);
}

fn name(change: &Change) -> String {
    let optional = if change.required { "" } else { " (optional)" };
    format!("{} from {}{optional}", change.target, change.vantage)
}

fn broke(change: &Change) -> String {
    let cause = change.cause.unwrap_or(Cause::Unknown);
    let new = if change.was_there { "" } else { "; not checked before" };
    format!("{}: {}{new}", name(change), cause.word())
}

fn no_longer_accepted(change: &Change) -> String {
    let cause = change.cause.unwrap_or(Cause::Unknown).word();
    let until = change.accepted.as_ref().map(|a| format!("; was accepted until {}", a.until));
    format!("{}: {cause}{}", name(change), until.unwrap_or_default())
}

fn newly_accepted(change: &Change) -> String {
    let cause = change.cause.unwrap_or(Cause::Unknown).word();
    let new = match (change.was_there, change.cause_before) {
        (false, _) => "; not checked before",
        (true, None) => "; did not fail before",
        (true, Some(_)) => "",
    };
    let accepted = change.accepted.as_ref().map(|a| format!("; {}", told_of(a)));
    format!("{}: {cause}{new}{}", name(change), accepted.unwrap_or_default())
}

fn prerequisite(change: &Besides) -> String {
    let word = |stood: &Option<Stood>| stood.as_ref().map_or("not looked at", Stood::word);
    let found = change.now.as_ref().or(change.before.as_ref()).map(|s| format!("; {}", s.found));
    let (before, now) = (word(&change.before), word(&change.now));
    format!("{}: was {before}, is {now}{}", change.title, found.unwrap_or_default())
}

fn mended(change: &Change) -> String {
    format!("{}: was {}", name(change), change.cause.unwrap_or(Cause::Unknown).word())
}

fn other_cause(change: &Change) -> String {
    let word = |cause: Option<Cause>| cause.unwrap_or(Cause::Unknown).word();
    format!("{}: was {}, is {}", name(change), word(change.cause_before), word(change.cause))
}

fn told(finding: &Told) -> String {
    format!("{}: {} ({})", finding.severity.word(), finding.summary, finding.id)
}

fn slower(diff: &Diff) -> Vec<String> {
    let one = |s: &super::Slower| {
        let (before, now, checks) = (human(s.before), human(s.now), plural(s.checks, "check"));
        format!("{} from {}: {before} before, {now} now (median of {checks})", label(s.phase), s.vantage)
    };
    diff.slower.iter().map(one).collect()
}

fn authorities(diff: &Diff) -> Vec<String> {
    let trusted = |issuer: &super::seen::Issuer| match issuer.trusted_by {
        Some(crate::model::evidence::TrustStore::Public) => "public",
        Some(_) => "not public",
        None => "not judged",
    };
    let one = |a: &super::Authority| {
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
    diff.authorities.iter().map(one).collect()
}

fn addresses(diff: &Diff) -> Vec<String> {
    let names =
        |all: &[std::net::IpAddr]| some_of(&all.iter().map(ToString::to_string).collect::<Vec<_>>(), NAMED);
    diff.addresses
        .iter()
        .map(|a| format!("{}: {} before, {} now", a.host, names(&a.before), names(&a.now)))
        .collect()
}

fn rules(diff: &Diff) -> Vec<String> {
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".into());
    diff.rules
        .iter()
        .map(|r| format!("{}: {} before, {} now", r.name, side(&r.before), side(&r.now)))
        .collect()
}

fn checks(diff: &Diff) -> Vec<String> {
    let added = diff.added.iter().map(|id| format!("new: {id}"));
    added.chain(diff.removed.iter().map(|id| format!("gone: {id}"))).collect()
}
