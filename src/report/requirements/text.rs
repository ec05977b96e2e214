//! The list of what has to be open, for people: by feature, with who calls it and what is special about it.

use std::collections::BTreeSet;

use crate::model::rules::Need;
use crate::model::wording::format_count;
use crate::report::next_steps::scope_command;
use crate::report::requirements::{ActiveFeature, Fix, Origin, Requirement, Requirements};
use crate::report::screen::{Paint, Screen};
use crate::report::text::TextOptions;

/// One screen.
pub fn render(list: &Requirements, options: &TextOptions) -> String {
    let mut screen = Screen::new(options.colour, options.width).for_shell(options.shell);
    draw_head(&mut screen, list);
    let longest = list.items.iter().map(|item| item.host_and_port().len()).max().unwrap_or(0);
    let longest = longest.min(screen.width() / 2);
    let draw_items = |screen: &mut Screen, items: &[&Requirement]| {
        for item in items {
            draw_requirement(screen, item, longest, options.verbose);
        }
        screen.blank_line();
    };
    if list.origin == Origin::Report {
        for (fix, items) in group_by_fix(list) {
            screen.line(&[(Paint::Bold, fix.title())]);
            draw_items(&mut screen, &items);
        }
    } else {
        for (topic, items) in group_by_feature(list) {
            draw_heading(&mut screen, topic);
            draw_items(&mut screen, &items);
        }
    }
    draw_foot(&mut screen, list);
    screen.finish()
}

fn draw_head(screen: &mut Screen, list: &Requirements) {
    screen.line(&[(Paint::Bold, list.describe_origin())]);
    screen.blank_line();
    let features: Vec<_> = list.features.iter().map(|topic| topic.id.as_str()).collect();
    let rules: Vec<_> = list.layers.iter().map(|l| format!("{} {}", l.name, l.revision)).collect();
    let scope = format!("{} {}, connectivity {}", list.cloud, list.region, list.connectivity.as_str());
    let facts = [("cloud", scope), ("features", features.join(", ")), ("rules", rules.join(", "))];
    for (label, value) in facts {
        screen.paragraph(&[(Paint::Dim, &format!("  {label:<10}"))], 12, Paint::Plain, &value);
    }
    screen.blank_line();
}

/// Each requirement in the list of every owner who has to do something for it.
fn group_by_fix(list: &Requirements) -> Vec<(Fix, Vec<&Requirement>)> {
    let with = |fix| (fix, list.items.iter().filter(|item| item.fixes.contains(&fix)).collect::<Vec<_>>());
    Fix::ALL.map(with).into_iter().filter(|(_, items)| !items.is_empty()).collect()
}

/// Each requirement once, at the first feature that needs it.
fn group_by_feature(list: &Requirements) -> Vec<(Option<&ActiveFeature>, Vec<&Requirement>)> {
    let topic_of = |item: &Requirement| {
        list.features
            .iter()
            .position(|topic| item.features.contains(&topic.id))
            .unwrap_or(list.features.len())
    };
    let topics = list.features.iter().map(Some).chain([None]);
    let with =
        |(at, topic)| (topic, list.items.iter().filter(|item| topic_of(item) == at).collect::<Vec<_>>());
    topics.enumerate().map(with).filter(|(_, items)| !items.is_empty()).collect()
}

fn draw_heading(screen: &mut Screen, topic: Option<&ActiveFeature>) {
    match topic {
        Some(ActiveFeature { id, title }) => {
            screen.paragraph(&[(Paint::Bold, id), (Paint::Plain, "  ")], 2, Paint::Dim, title);
        }
        None => screen.line(&[(Paint::Bold, "other")]),
    }
}

/// A host that takes more than half of the width has a line of its own. Of the sources the first is the table that names it.
fn draw_requirement(screen: &mut Screen, item: &Requirement, longest: usize, verbose: bool) {
    let place = item.host_and_port();
    let hang = longest + 4;
    if place.len() > longest {
        screen.line(&[(Paint::Cyan, &format!("  {place}"))]);
        screen.paragraph(
            &[(Paint::Plain, &" ".repeat(hang))],
            hang,
            Paint::Plain,
            &describe_requirement(item),
        );
    } else {
        let label = format!("  {place:<longest$}  ");
        screen.paragraph(&[(Paint::Cyan, &label)], hang, Paint::Plain, &describe_requirement(item));
    }
    if verbose {
        let detail = |screen: &mut Screen, text: &str| {
            screen.paragraph(&[(Paint::Plain, "      ")], 6, Paint::Dim, text);
        };
        detail(screen, &item.why);
        if let [first, rest @ ..] = &item.sources[..] {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            detail(screen, &format!("{} ({}){more}", first.page, first.date.as_deref().unwrap_or("undated")));
        }
    }
}

fn describe_requirement(item: &Requirement) -> String {
    let special = [
        (item.need == Need::Optional).then_some("optional"),
        item.needs_websocket().then_some("WebSocket"),
        item.forbids_inspection().then_some("no TLS inspection"),
        Some(item.protocol.as_str()).filter(|word| !matches!(*word, "https" | "wss")),
    ];
    let special: Vec<_> =
        special.into_iter().flatten().chain(item.remarks.iter().map(String::as_str)).collect();
    let tail = if special.is_empty() { String::new() } else { format!("; {}", special.join("; ")) };
    format!("{} ({}){tail}", item.title, item.describe_vantages())
}

fn draw_foot(screen: &mut Screen, list: &Requirements) {
    let required = list.items.iter().filter(|item| item.need == Need::Required).count();
    let optional = list.items.len() - required;
    let ports: BTreeSet<_> = list.items.iter().map(|item| item.port).collect();
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    let hosts = format_count(list.items.len(), "endpoint");
    let count = format!("{hosts}: {required} required, {optional} optional");
    let direction = if ports.is_empty() {
        String::new()
    } else {
        format!("; all outbound over TCP, ports {}; nothing has to be open inwards", ports.join(", "))
    };
    screen.paragraph(&[(Paint::Bold, &count)], 0, Paint::Plain, &direction);
    screen.blank_line();
    if list.origin == Origin::Rules {
        screen.line(&[(Paint::Bold, "next")]);
        let features = list.features.iter().map(|topic| topic.id.as_str());
        let place = (list.cloud, list.region.as_str());
        screen.command(2, &scope_command("check", place, list.connectivity, features));
    }
    let hint = "-o squid, azure-firewall, cilium or palo-alto writes it for a firewall or proxy, -o csv or markdown for people; -v says why";
    screen.paragraph(&[], 0, Paint::Dim, hint);
}
