//! Advice for people: the value to paste first, then why, where everything is, what collides, and the commands.

use std::collections::BTreeSet;

use serde_json::json;

use super::marks::severity_style;
use super::screen::{Paint, Screen};
use super::text::TextOptions;
use crate::model::finding::{Confidence, Severity};
use crate::model::networks::Role;
use crate::model::report::{Advice, KnownNetwork, Overlap, SkipRangeAdvice, Tool};
use crate::report::json::form::Written;
use crate::report::json::{to_text, v1};

/// One screen.
pub fn render(advice: &Advice, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    if let Some(range) = &advice.skip_range {
        draw_skip_range(&mut screen, range);
        if !advice.networks.iter().any(|n| n.role == Role::Services && n.counts) {
            let lacks = "the service range is not known, and the value lacks it: the agents would send calls of the API server to the \
                         proxy. Give --service-cidr, or let the cluster be read";
            screen.paragraph(&[(Paint::Yellow, "! ")], 2, Paint::Bold, lacks);
            screen.blank_line();
        }
        draw_problems(&mut screen, range);
    }
    draw_networks(&mut screen, advice, options.verbose);
    draw_overlaps(&mut screen, advice, options.verbose);
    draw_unread_sources(&mut screen, advice);
    if let Some(problem) = &advice.proxy_problem {
        draw_marked(&mut screen, Severity::Warning, problem);
        screen.blank_line();
    }
    draw_commands(&mut screen, advice);
    screen.finish()
}

/// As one document of JSON.
pub fn render_json(advice: &Advice) -> String {
    let advice = Written::<v1::Advice>(advice);
    to_text(&json!({"schema_version": 1, "tool": Written::<v1::Tool>(&Tool::this()), "advice": advice}))
}

/// What `advise --plan` says.
pub fn render_free_ranges(pods: &str, services: &str, avoided: &[ipnet::IpNet]) -> String {
    let avoided: Vec<_> = avoided.iter().map(ToString::to_string).collect();
    format!(
        "free for pods      {pods}\nfree for services  {services}\n\nThey avoid {}.\nTell the installer, for example:\n  \
         kubeadm init --pod-network-cidr {pods} --service-cidr {services}\n",
        avoided.join(", ")
    )
}

fn draw_skip_range(screen: &mut Screen, range: &SkipRangeAdvice) {
    screen.line(&[(Paint::Bold, "The value for --proxy-skip-range")]);
    screen.command(2, &range.value);
    screen.blank_line();
    screen.line(&[(Paint::Bold, "why")]);
    let longest = range.entries.iter().map(|e| e.value.len()).max().unwrap_or(0).min(LONGEST_VALUE);
    for entry in &range.entries {
        let sure = match entry.confidence {
            Confidence::Medium => ", likely",
            // the least that it must be says so itself
            Confidence::High | Confidence::Low => "",
        };
        let label = format!("  {:<longest$}  ", entry.value);
        let reason = format!("{} ({}{sure})", entry.why, entry.source);
        screen.paragraph(&[(Paint::Cyan, &label)], longest + 4, Paint::Plain, &reason);
    }
    screen.blank_line();
}

fn draw_problems(screen: &mut Screen, range: &SkipRangeAdvice) {
    let Some(first) = range.problems.first() else {
        if let (Some(_), Some(by)) = (&range.given, &range.given_by) {
            screen
                .line(&[(Paint::Green, "✓"), (Paint::Plain, &format!(" the value of {by} has all of this"))]);
            screen.blank_line();
        }
        return;
    };
    let by = range.given_by.as_deref().unwrap_or("the proxy settings");
    let verdict = if first.severity == Severity::Info { "works" } else { "does not do" };
    screen.line(&[(Paint::Bold, &format!("{by}: the value {verdict}"))]);
    if let Some(given) = &range.given {
        screen.command(2, given);
    }
    for problem in &range.problems {
        draw_marked(screen, problem.severity, &problem.text);
    }
    screen.blank_line();
}

fn draw_marked(screen: &mut Screen, severity: Severity, text: &str) {
    let mark = severity_style(severity).mark;
    let label = format!("{} {} ", mark.symbol, severity.as_str());
    screen.paragraph(&[(mark.paint, &label)], 4, Paint::Plain, text);
}

/// A network with how many others it lies inside of.
pub(super) struct NestedNetwork<'a> {
    pub(super) network: &'a KnownNetwork,
    pub(super) depth: usize,
}

/// Ordered by address, so that what nests or touches stands together; with how many nodes are left out.
pub(super) fn nest_networks(advice: &Advice, all: bool) -> (Vec<NestedNetwork<'_>>, usize) {
    let shown = |n: &&KnownNetwork| all || ((n.counts || n.note.is_some()) && n.role != Role::Route);
    let mut rows: Vec<(ipnet::IpNet, &KnownNetwork)> =
        advice.networks.iter().filter(shown).filter_map(|n| Some((parse_network(&n.network)?, n))).collect();
    rows.sort_by_key(|(net, n)| (*net, n.role, !n.counts));
    let nodes = hide_extra_nodes(&mut rows);
    // those that hold the one in turn: networks nest or have nothing in common, and what holds others comes first
    let mut around: Vec<ipnet::IpNet> = Vec::new();
    let nested = rows.iter().map(|(net, known)| {
        around.retain(|outer| outer.contains(net));
        let depth = around.iter().filter(|outer| *outer != net).count().min(MAX_DEPTH);
        if known.counts && around.last() != Some(net) {
            around.push(*net);
        }
        NestedNetwork { network: known, depth }
    });
    (nested.collect(), nodes)
}

/// What lies inside another network is indented.
fn draw_networks(screen: &mut Screen, advice: &Advice, verbose: bool) {
    let (rows, nodes) = nest_networks(advice, verbose);
    if rows.is_empty() {
        screen.line(&[(Paint::Yellow, "No network of the cluster is known.")]);
        screen.blank_line();
        return;
    }
    screen.line(&[(Paint::Bold, "where everything is")]);
    for NestedNetwork { network: known, depth } in &rows {
        let label = format!("  {}{:<20} ", "  ".repeat(*depth), known.network);
        let doubt = match (&known.note, known.confidence) {
            (Some(note), _) => format!("; {note}"),
            (None, Confidence::Medium) => ", likely".into(),
            (None, Confidence::High | Confidence::Low) => String::new(),
        };
        let paint = if known.counts { Paint::Plain } else { Paint::Dim };
        let text = format!("{} ({}{doubt})", known.role.describe(), known.source);
        screen.paragraph(&[(paint, &label)], label.len(), paint, &text);
    }
    if nodes > 0 {
        screen.line(&[(Paint::Dim, &format!("  and {nodes} more nodes (-o json has all)"))]);
    }
    screen.blank_line();
}

/// Of many nodes the first few stand for all; the number of the others.
fn hide_extra_nodes(rows: &mut Vec<(ipnet::IpNet, &KnownNetwork)>) -> usize {
    let before = rows.len();
    let mut seen = 0;
    rows.retain(|(_, n)| {
        seen += usize::from(n.role == Role::Nodes);
        n.role != Role::Nodes || seen <= MAX_NODES
    });
    before - rows.len()
}

fn parse_network(text: &str) -> Option<ipnet::IpNet> {
    let single = || text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from);
    text.parse::<ipnet::IpNet>().ok().map(|net| net.trunc()).or_else(single)
}

fn draw_overlaps(screen: &mut Screen, advice: &Advice, verbose: bool) {
    let mut seen = BTreeSet::new();
    let is_relevant = |o: &&Overlap| verbose || o.severity > Severity::Info;
    let shown: Vec<_> =
        advice.overlaps.iter().filter(is_relevant).filter(|o| seen.insert(o.text.as_str())).collect();
    if shown.is_empty() {
        return;
    }
    screen.line(&[(Paint::Bold, "what collides")]);
    for overlap in shown {
        draw_marked(screen, overlap.severity, &overlap.text);
    }
    screen.blank_line();
}

fn draw_unread_sources(screen: &mut Screen, advice: &Advice) {
    if advice.skipped.is_empty() {
        return;
    }
    let each: Vec<_> = advice.skipped.iter().map(|s| format!("{} ({})", s.source, s.why)).collect();
    screen.paragraph(&[(Paint::Dim, "not read: ")], 2, Paint::Dim, &each.join("; "));
    screen.blank_line();
}

fn draw_commands(screen: &mut Screen, advice: &Advice) {
    if let Some(connect) = advice.connect_command.as_ref().filter(|_| advice.update_command.is_some()) {
        screen.line(&[
            (Paint::Bold, "to connect a cluster"),
            (Paint::Dim, "  (--shell powershell or cmd for Windows)"),
        ]);
        screen.command(2, connect.for_shell(screen.shell()));
        screen.blank_line();
    }
    if let Some(update) = &advice.update_command {
        screen.line(&[(Paint::Bold, "for a cluster that is connected")]);
        screen.command(2, update.for_shell(screen.shell()));
    }
}

/// In characters; longer ones push their reasons to the right.
const LONGEST_VALUE: usize = 28;

const MAX_NODES: usize = 3;

/// Steps of indentation.
const MAX_DEPTH: usize = 4;
