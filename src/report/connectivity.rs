//! The chain from the API server to a connected cluster, as a screen of text: the first broken link, what is wrong there,
//! then every link in a line.

use std::time::Duration;

use super::prerequisites;
use super::screen::{Paint, Screen};
use super::text::{TextOptions, draw_finding};
use crate::analysis::connectivity::{
    ClusterSummary, ConnectivityDiagnosis, ConnectivityVerdict, StageResult, StageState,
};
use crate::model::faults::Stage;
use crate::model::finding::Severity;
use crate::model::wording::join_with_and;

/// Where the values begin.
const INDENT: usize = 12;
/// Where the reason of a link begins.
const REASON_COLUMN: usize = 21;

/// Renders the judgement for people; `hint` is what they may try next, or empty.
pub fn render(chain: &ConnectivityDiagnosis, hint: &str, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    let (paint, word) = verdict_label(chain.verdict);
    screen.paragraph(&[(paint, &format!("{word}: "))], 0, Paint::Bold, &describe_verdict(chain));
    screen.blank_line();
    draw_facts(&mut screen, chain);
    for (place, finding) in chain.findings.iter().enumerate() {
        screen.blank_line();
        draw_finding(&mut screen, &(place + 1).to_string(), finding, options.verbose);
    }
    screen.blank_line();
    screen.line(&[(Paint::Bold, "chain")]);
    for state in &chain.links {
        draw_stage(&mut screen, state);
    }
    let is_missing = chain.cluster.installed.is_none();
    if !chain.prerequisites.is_empty() && (is_missing || options.verbose) {
        screen.blank_line();
        prerequisites::draw_prerequisites(&mut screen, &chain.prerequisites);
    }
    if !chain.unread.is_empty() {
        screen.blank_line();
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
        screen.blank_line();
        screen.line(&[(Paint::Dim, hint)]);
    }
    screen.finish()
}

/// Links that changed since the last look, below its time.
pub fn render_changes(at: &str, links: &[StageResult], options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    let time =
        at.parse::<jiff::Timestamp>().map_or(at.to_owned(), |t| t.strftime("%H:%M:%S UTC").to_string());
    screen.line(&[(Paint::Dim, &time)]);
    for state in links {
        draw_stage(&mut screen, state);
    }
    screen.blank_line();
    screen.finish()
}

/// The link that hangs, what is wrong there, and what probes say of it.
pub fn render_stuck_stage(
    link: Stage,
    patience: Duration,
    chain: &ConnectivityDiagnosis,
    options: &TextOptions,
) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    let lead = format!("{} hangs for {} s", link.title(), patience.as_secs());
    let state = chain.links.iter().find(|l| l.link == link);
    let finding = chain.findings.first().filter(|f| f.severity == Severity::Blocking);
    match (finding, state) {
        (Some(finding), _) => {
            screen.line(&[(Paint::Red, &lead)]);
            draw_finding(&mut screen, "1", finding, options.verbose);
        }
        (None, Some(state)) => {
            let probed = state.probed.map(|(met, all)| format!(", and {met} of its {all} endpoints are met"));
            let text = format!(": {}{}", state.why, probed.unwrap_or_default());
            screen.paragraph(&[(Paint::Yellow, &lead)], 4, Paint::Plain, &text);
        }
        (None, None) => screen.line(&[(Paint::Yellow, &lead)]),
    }
    screen.blank_line();
    screen.finish()
}

/// Files of other programs do not say which server they are from.
fn describe_origin(cluster: &ClusterSummary) -> String {
    if cluster.server.is_empty() {
        format!("as the files of {} have it", cluster.context)
    } else {
        format!("context {}, {}", cluster.context, cluster.server)
    }
}

fn verdict_label(verdict: ConnectivityVerdict) -> (Paint, &'static str) {
    match verdict {
        ConnectivityVerdict::Healthy => (Paint::Green, "HEALTHY"),
        ConnectivityVerdict::Wait => (Paint::Yellow, "WAIT"),
        ConnectivityVerdict::Broken => (Paint::Red, "BROKEN"),
        ConnectivityVerdict::Unknown => (Paint::Yellow, "UNKNOWN"),
    }
}

fn describe_verdict(chain: &ConnectivityDiagnosis) -> String {
    let warns = chain.findings.iter().any(|f| f.severity == Severity::Warning);
    match chain.verdict {
        ConnectivityVerdict::Healthy if warns => "every link holds, and there is something to see to.".into(),
        ConnectivityVerdict::Healthy => "every link holds, as far as can be seen from the cluster.".into(),
        ConnectivityVerdict::Wait => {
            let until = chain.until.as_deref().and_then(|t| t.parse::<jiff::Timestamp>().ok());
            let until =
                until.map_or("a quarter of an hour".to_owned(), |t| t.strftime("%H:%M UTC").to_string());
            format!("this is normal in the first ten minutes. Look again at {until}.")
        }
        ConnectivityVerdict::Broken => {
            let broken = chain.links.iter().filter(|l| l.state == StageState::Broken);
            let broken: Vec<_> = broken.map(|l| l.link.title()).collect();
            let behind = chain.links.iter().filter(|l| l.state == StageState::Follows).count();
            let place = match &broken[..] {
                [one] => format!("the first broken link is {one}"),
                all => format!("{} links are broken, each by itself: {}", all.len(), join_with_and(all)),
            };
            let follows = match behind {
                0 => String::new(),
                1 => " One link behind it follows.".into(),
                n => format!(" {n} links behind it follow."),
            };
            let what = chain.findings.first().map(|f| f.summary.trim_end_matches('.')).unwrap_or_default();
            format!("{place}. {what}.{follows}")
        }
        ConnectivityVerdict::Unknown => match chain.findings.first() {
            Some(finding) => format!("{}.", finding.summary.trim_end_matches('.')),
            None => "nothing is seen broken, and not all could be seen.".into(),
        },
    }
}

fn draw_facts(screen: &mut Screen, chain: &ConnectivityDiagnosis) {
    let cluster = &chain.cluster;
    let azure = [cluster.cloud.as_deref(), cluster.region.as_deref()];
    let azure = azure.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let installed = cluster.installed.as_ref().map(|t| format!(", installed {t}")).unwrap_or_default();
    let version = cluster.agent_version.as_deref().unwrap_or("version not known");
    let rows = [
        ("cluster", describe_origin(cluster)),
        ("azure", azure),
        ("resource", cluster.resource.clone().unwrap_or_default()),
        ("status", cluster.status.clone().unwrap_or_default()),
        ("agents", if cluster.installed.is_some() { format!("{version}{installed}") } else { String::new() }),
        ("proxy", cluster.proxy.clone().unwrap_or_default()),
        (
            "custom loc",
            cluster
                .custom_locations
                .as_ref()
                .map(|id| format!("custom locations for object id {id}"))
                .unwrap_or_default(),
        ),
    ];
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<10}"))], INDENT, Paint::Plain, value);
    }
}

fn draw_stage(screen: &mut Screen, state: &StageResult) {
    let (paint, symbol) = match state.state {
        StageState::Ok => (Paint::Green, "✓"),
        StageState::Broken => (Paint::Red, "✗"),
        StageState::Follows => (Paint::Dim, "↳"),
        StageState::Waiting => (Paint::Yellow, "…"),
        StageState::Unknown => (Paint::Yellow, "?"),
    };
    let lead = match (state.state, state.follows.map(Stage::title)) {
        (StageState::Follows, Some(cause)) => format!("follows from {cause}: "),
        (StageState::Waiting, _) => "not yet: ".to_owned(),
        (StageState::Unknown, _) => "not known: ".to_owned(),
        _ => String::new(),
    };
    let probed =
        state.probed.map(|(met, all)| format!(" ({met} of {all} endpoints met)")).unwrap_or_default();
    let label = format!("  {symbol} {:<17}", state.link.title());
    screen.paragraph(
        &[(paint, &label)],
        REASON_COLUMN,
        Paint::Plain,
        &format!("{lead}{}{probed}", state.why),
    );
}
