//! What is wrong, the gravest first: each finding is a card that can be read without the others.

use super::page::{fact, lines, mark};
use crate::analysis::explain;
use crate::model::finding::{Finding, Severity};
use crate::report::markup::Markup;
use crate::report::tally::{Tally, plural, target};

/// How many checks behind a finding are named.
const NAMED: usize = 50;

/// All findings, or a word on there being none.
pub(super) fn all(tally: &Tally<'_>) -> Markup {
    let mut html = Markup::default();
    if tally.report.findings.is_empty() {
        html.simple("p", &[], "Nothing was found that has to be mended.");
    }
    for (place, finding) in tally.report.findings.iter().enumerate() {
        card(&mut html, tally, place + 1, finding);
    }
    html
}

/// The class and the symbol of a severity.
pub(in crate::report) fn look(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Blocking => ("blocking", "✗"),
        Severity::Warning => ("warning", "!"),
        Severity::Info => ("info", "i"),
    }
}

fn card(html: &mut Markup, tally: &Tally<'_>, number: usize, finding: &Finding) {
    let (class, symbol) = look(finding.severity);
    let (id, title) = (format!("finding-{number}"), format!("finding-{number}-title"));
    let card = format!("finding {class}");
    html.line();
    html.element("article", &[("class", &card), ("id", &id), ("aria-labelledby", &title)], |html| {
        html.element("p", &[("class", "tags")], |html| {
            mark(html, &format!("tag {class}"), symbol, finding.severity.word());
            html.simple("span", &[], &format!("finding {number}"));
            html.simple("span", &[], &format!("{} confidence", finding.confidence.word()));
        });
        html.simple("h3", &[("id", &title)], &finding.summary);
        html.element("dl", &[], |html| told(html, finding));
        if !finding.remedy.commands.is_empty() {
            let label = format!("Rules, settings and commands for finding {number}");
            lines(html, &label, &finding.remedy.commands.join("\n"));
        }
        behind(html, tally, finding);
        background(html, &finding.id);
    });
}

/// What was seen, what it means, who acts and what is to be done; terms and what they are.
pub(in crate::report) fn told(html: &mut Markup, finding: &Finding) {
    let who = explain::page(&finding.id).and_then(|page| section(page, "Who has to act"));
    let who = who.map(|text| text.replace('\n', " ")).unwrap_or_default();
    let parts = [
        ("Seen", &finding.explanation),
        ("Means", &finding.consequence),
        ("Who acts", &who),
        ("What to do", &finding.remedy.text),
    ];
    for (term, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        fact(html, term, text);
    }
}

fn behind(html: &mut Markup, tally: &Tally<'_>, finding: &Finding) {
    let checks = tally.behind(finding);
    let count = checks.len();
    if count == 0 {
        return;
    }
    html.element("details", &[], |html| {
        html.simple("summary", &[], &format!("From {}", plural(count, "check")));
        html.element("ul", &[], |html| {
            for check in checks.into_iter().take(NAMED) {
                let cause = check.cause.map(|cause| format!(": {}, {}", cause.word(), cause.text()));
                let text = format!("{} from {}{}", target(check), check.vantage, cause.unwrap_or_default());
                html.simple("li", &[], &text);
            }
            if count > NAMED {
                html.simple("li", &[], &format!("and {} more", count - NAMED));
            }
        });
    });
}

/// The page of `arcprobe explain`, for readers who do not have the program.
fn background(html: &mut Markup, id: &str) {
    let Some(page) = explain::page(id) else { return };
    html.element("details", &[], |html| {
        html.simple("summary", &[], &format!("Background: {id}"));
        html.element("div", &[("class", "page")], |html| {
            for heading in ["What it means", "How it looks in Azure", "Verify by hand", "Remedy", "Sources"] {
                let Some(text) = section(page, heading) else { continue };
                html.simple("h4", &[], heading);
                text.split("\n\n").flat_map(blocks).for_each(|block| show(html, &block));
            }
        });
    });
}

/// The text below a heading of a page.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let (_, after) = page.split_once(&format!("## {heading}\n"))?;
    Some(after.split("\n## ").next().unwrap_or(after).trim_end())
}

/// Lines that belong together, in the little Markdown that pages are written in.
#[derive(PartialEq, Eq, Debug)]
enum Block {
    Text(String),
    Item(String),
    Code(String),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        let is_code = line.starts_with("    ");
        let is_item =
            line.starts_with("- ") || line.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok());
        match blocks.last_mut() {
            Some(Block::Code(code)) if is_code => *code = format!("{code}\n{}", &line[4..]),
            _ if is_code => blocks.push(Block::Code(line[4..].to_owned())),
            _ if is_item => blocks.push(Block::Item(line.to_owned())),
            Some(Block::Text(text) | Block::Item(text)) => *text = format!("{text} {}", line.trim()),
            _ => blocks.push(Block::Text(line.to_owned())),
        }
    }
    blocks
}

fn show(html: &mut Markup, block: &Block) {
    match block {
        Block::Text(text) => html.simple("p", &[], text),
        Block::Item(text) => html.simple("p", &[("class", "item")], text.trim_start_matches("- ")),
        Block::Code(code) => lines(html, "Commands to verify it by hand", code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_taken_apart() {
        let text = "One\nline.\n    code \\\n      more\n1. first\n   goes on\n- second";
        let expected = [
            Block::Text("One line.".into()),
            Block::Code("code \\\n  more".into()),
            Block::Item("1. first goes on".into()),
            Block::Item("- second".into()),
        ];
        assert_eq!(blocks(text), expected);
        assert_eq!(section("# a\n\n## B\nx\n\n## C\ny\n", "B"), Some("x"));
    }
}
