//! The chain from the API server to a connected cluster, as a screen of text: the first broken link, what is wrong there,
//! then every link in a line.

use std::time::Duration;

use super::prerequisites;
use super::screen::{Paint, Screen};
use super::text::{TextOptions, show_finding};
use crate::analysis::chain::{Answer, Chain, LinkState, State};
use crate::model::faults::Link;
use crate::model::finding::Severity;

/// Where the values begin.
const INDENT: usize = 12;
/// Where the reason of a link begins.
const REASON: usize = 21;

/// Renders the judgement for people; `hint` is what they may try next, or empty.
pub fn text(chain: &Chain, hint: &str, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width);
    let (paint, word) = word(chain.verdict);
    screen.paragraph(&[(paint, &format!("{word}: "))], 0, Paint::Bold, &answer(chain));
    screen.blank();
    facts(&mut screen, chain);
    for (place, finding) in chain.findings.iter().enumerate() {
        screen.blank();
        show_finding(&mut screen, &(place + 1).to_string(), finding, options.verbose);
    }
    screen.blank();
    screen.line(&[(Paint::Bold, "chain")]);
    for state in &chain.links {
        link(&mut screen, state);
    }
    let is_missing = chain.cluster.installed.is_none();
    if !chain.prerequisites.is_empty() && (is_missing || options.verbose) {
        screen.blank();
        prerequisites::draw(&mut screen, &chain.prerequisites);
    }
    if !chain.unread.is_empty() {
        screen.blank();
        screen.line(&[(Paint::Bold, "not read")]);
        for skipped in &chain.unread {
            screen.paragraph(
                &[(Paint::Dim, "  ")],
                4,
                Paint::Plain,
                &format!("{}: {}", skipped.source, skipped.why),
            );
        }
    }
    if !hint.is_empty() {
        screen.blank();
        screen.line(&[(Paint::Dim, hint)]);
    }
    screen.finish()
}

/// Links that changed since the last look, below its time.
pub fn changes(at: &str, links: &[LinkState], options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width);
    let time =
        at.parse::<jiff::Timestamp>().map_or(at.to_owned(), |t| t.strftime("%H:%M:%S UTC").to_string());
    screen.line(&[(Paint::Dim, &time)]);
    for state in links {
        link(&mut screen, state);
    }
    screen.blank();
    screen.finish()
}

/// The link that hangs, what is wrong there, and what probes say of it.
pub fn hangs(link: Link, patience: Duration, chain: &Chain, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width);
    let lead = format!("{} hangs for {} s", link.title(), patience.as_secs());
    let state = chain.links.iter().find(|l| l.link == link);
    let finding = chain.findings.first().filter(|f| f.severity == Severity::Blocking);
    match (finding, state) {
        (Some(finding), _) => {
            screen.line(&[(Paint::Red, &lead)]);
            show_finding(&mut screen, "1", finding, options.verbose);
        }
        (None, Some(state)) => {
            let probed = state.probed.map(|(met, all)| format!(", and {met} of its {all} endpoints are met"));
            let text = format!(": {}{}", state.why, probed.unwrap_or_default());
            screen.paragraph(&[(Paint::Yellow, &lead)], 4, Paint::Plain, &text);
        }
        (None, None) => screen.line(&[(Paint::Yellow, &lead)]),
    }
    screen.blank();
    screen.finish()
}

fn word(verdict: Answer) -> (Paint, &'static str) {
    match verdict {
        Answer::Healthy => (Paint::Green, "HEALTHY"),
        Answer::Wait => (Paint::Yellow, "WAIT"),
        Answer::Broken => (Paint::Red, "BROKEN"),
        Answer::Unknown => (Paint::Yellow, "UNKNOWN"),
    }
}

fn answer(chain: &Chain) -> String {
    let warns = chain.findings.iter().any(|f| f.severity == Severity::Warning);
    match chain.verdict {
        Answer::Healthy if warns => "every link holds, and there is something to see to.".into(),
        Answer::Healthy => "every link holds, as far as can be seen from the cluster.".into(),
        Answer::Wait => {
            let until = chain.until.as_deref().and_then(|t| t.parse::<jiff::Timestamp>().ok());
            let until =
                until.map_or("a quarter of an hour".to_owned(), |t| t.strftime("%H:%M UTC").to_string());
            format!("this is normal in the first ten minutes. Look again at {until}.")
        }
        Answer::Broken => {
            let first = chain.links.iter().find(|l| l.state == State::Broken);
            let behind = chain.links.iter().filter(|l| l.state == State::Follows).count();
            let place = first.map_or("", |l| l.link.title());
            let follows = match behind {
                0 => String::new(),
                1 => " One link behind it follows.".into(),
                n => format!(" {n} links behind it follow."),
            };
            let what = chain.findings.first().map(|f| f.summary.trim_end_matches('.')).unwrap_or_default();
            format!("the first broken link is {place}. {what}.{follows}")
        }
        Answer::Unknown => match chain.findings.first() {
            Some(finding) => format!("{}.", finding.summary.trim_end_matches('.')),
            None => "nothing is seen broken, and not all could be seen.".into(),
        },
    }
}

fn facts(screen: &mut Screen, chain: &Chain) {
    let cluster = &chain.cluster;
    let azure = [cluster.cloud.as_deref(), cluster.region.as_deref()];
    let azure = azure.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let installed = cluster.installed.as_ref().map(|t| format!(", installed {t}")).unwrap_or_default();
    let version = cluster.agent_version.as_deref().unwrap_or("version not known");
    let rows = [
        ("cluster", format!("context {}, {}", cluster.context, cluster.server)),
        ("azure", azure),
        ("resource", cluster.resource.clone().unwrap_or_default()),
        ("status", cluster.status.clone().unwrap_or_default()),
        ("agents", if cluster.installed.is_some() { format!("{version}{installed}") } else { String::new() }),
        ("proxy", cluster.proxy.clone().unwrap_or_default()),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<10}"))], INDENT, Paint::Plain, value);
    }
}

fn link(screen: &mut Screen, state: &LinkState) {
    let (paint, symbol) = match state.state {
        State::Ok => (Paint::Green, "✓"),
        State::Broken => (Paint::Red, "✗"),
        State::Follows => (Paint::Dim, "↳"),
        State::Waiting => (Paint::Yellow, "…"),
        State::Unknown => (Paint::Yellow, "?"),
    };
    let lead = match (state.state, state.follows.map(Link::title)) {
        (State::Follows, Some(cause)) => format!("follows from {cause}: "),
        (State::Waiting, _) => "not yet: ".to_owned(),
        (State::Unknown, _) => "not known: ".to_owned(),
        _ => String::new(),
    };
    let probed =
        state.probed.map(|(met, all)| format!(" ({met} of {all} endpoints met)")).unwrap_or_default();
    let label = format!("  {symbol} {:<17}", state.link.title());
    screen.paragraph(&[(paint, &label)], REASON, Paint::Plain, &format!("{lead}{}{probed}", state.why));
}
