//! What is wrong, the gravest first: each finding is a card that can be read without the others.

use super::elements::{write_code_block, write_fact, write_mark_with_class};
use crate::analysis::explain;
use crate::model::finding::{Finding, Severity};
use crate::model::wording::format_count;
use crate::report::index::{ReportIndex, format_target};
use crate::report::marks::severity_style;
use crate::report::markup::Markup;
use crate::report::waivers::{explain_finding, summarize_finding};

/// How many checks behind a finding are named.
const MAX_NAMED: usize = 50;

/// All findings, or a word on there being none.
pub(super) fn render_findings(tally: &ReportIndex<'_>) -> Markup {
    let mut html = Markup::default();
    if tally.report.findings.is_empty() {
        html.text_element("p", &[], "Nothing was found that has to be fixed.");
    }
    for (place, finding) in tally.report.findings.iter().enumerate() {
        write_card(&mut html, tally, place + 1, finding);
    }
    html
}

/// The word of a severity, which is its class too.
pub(in crate::report) fn write_severity_tag(html: &mut Markup, severity: Severity) {
    let word = severity.as_str();
    write_mark_with_class(html, &format!("tag {word}"), severity_style(severity).mark, word);
}

fn write_card(html: &mut Markup, tally: &ReportIndex<'_>, number: usize, finding: &Finding) {
    let (id, title) = (format!("finding-{number}"), format!("finding-{number}-title"));
    let card = format!("finding {}", finding.severity.as_str());
    html.line_break();
    html.element("article", &[("class", &card), ("id", &id), ("aria-labelledby", &title)], |html| {
        html.element("p", &[("class", "tags")], |html| {
            write_severity_tag(html, finding.severity);
            html.text_element("span", &[], &format!("finding {number}"));
            html.text_element("span", &[], &format!("{} confidence", finding.confidence.as_str()));
        });
        html.text_element("h3", &[("id", &title)], &summarize_finding(finding));
        html.element("dl", &[], |html| write_details(html, finding));
        if !finding.remedy.commands.is_empty() {
            let label = format!("Rules, settings and commands for finding {number}");
            write_code_block(html, &label, &finding.remedy.commands.join("\n"));
        }
        write_checks(html, tally, finding);
        write_background(html, &finding.id);
    });
}

/// What was seen, what it means, who acts and what is to be done; terms and what they are.
pub(in crate::report) fn write_details(html: &mut Markup, finding: &Finding) {
    let who = explain::find_page(&finding.id).and_then(|page| page_section(page, "Who has to act"));
    let who = who.map(|text| text.replace('\n', " ")).unwrap_or_default();
    let explanation = explain_finding(finding);
    let parts = [
        ("Seen", &*explanation),
        ("Means", finding.consequence.as_str()),
        ("Who acts", who.as_str()),
        ("What to do", finding.remedy.text.as_str()),
    ];
    for (term, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        write_fact(html, term, text);
    }
}

fn write_checks(html: &mut Markup, tally: &ReportIndex<'_>, finding: &Finding) {
    let checks = tally.checks_behind(finding);
    let count = checks.len();
    if count == 0 {
        return;
    }
    html.element("details", &[], |html| {
        html.text_element("summary", &[], &format!("From {}", format_count(count, "check")));
        html.element("ul", &[], |html| {
            for check in checks.into_iter().take(MAX_NAMED) {
                let cause = check.cause.map(|cause| format!(": {}, {}", cause.word(), cause.text()));
                let text = format!(
                    "{} from {}{}",
                    format_target(check),
                    check.planned.vantage,
                    cause.unwrap_or_default()
                );
                html.text_element("li", &[], &text);
            }
            if count > MAX_NAMED {
                html.text_element("li", &[], &format!("and {} more", count - MAX_NAMED));
            }
        });
    });
}

/// The page of `arcprobe explain`, for readers who do not have the program.
fn write_background(html: &mut Markup, id: &str) {
    let Some(page) = explain::find_page(id) else { return };
    html.element("details", &[], |html| {
        html.text_element("summary", &[], &format!("Background: {id}"));
        html.element("div", &[("class", "page")], |html| {
            for heading in ["What it means", "How it looks in Azure", "Verify by hand", "Remedy", "Sources"] {
                let Some(text) = page_section(page, heading) else { continue };
                html.text_element("h4", &[], heading);
                text.split("\n\n").flat_map(parse_blocks).for_each(|block| write_block(html, &block));
            }
        });
    });
}

/// The text below a heading of a page.
fn page_section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
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

fn parse_blocks(text: &str) -> Vec<Block> {
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

fn write_block(html: &mut Markup, block: &Block) {
    match block {
        Block::Text(text) => html.text_element("p", &[], text),
        Block::Item(text) => html.text_element("p", &[("class", "item")], text.trim_start_matches("- ")),
        Block::Code(code) => write_code_block(html, "Commands to verify it by hand", code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_parsed_into_blocks() {
        let text = "One\nline.\n    code \\\n      more\n1. first\n   goes on\n- second";
        let expected = [
            Block::Text("One line.".into()),
            Block::Code("code \\\n  more".into()),
            Block::Item("1. first goes on".into()),
            Block::Item("- second".into()),
        ];
        assert_eq!(parse_blocks(text), expected);
        assert_eq!(page_section("# a\n\n## B\nx\n\n## C\ny\n", "B"), Some("x"));
    }
}
