//! What is wrong, the most severe first: each finding is a card that can be read without the others.

use maud::{Markup, html};

use super::elements::{Placement, render_code_block, render_fact, render_mark_with_class};
use crate::analysis::explain;
use crate::model::command::Instruction;
use crate::model::finding::{Finding, RemedyBlock};
use crate::model::report::Check;
use crate::model::shell::Shell;
use crate::model::wording::format_count;
use crate::report::index::{ReportIndex, format_target};
use crate::report::marks::severity_style;
use crate::report::markup::Text;
use crate::report::waivers::{explain_finding, summarize_finding};

/// How many checks behind a finding are named.
const MAX_NAMED: usize = 50;

/// All findings, or a word on there being none.
pub(super) fn render_findings(tally: &ReportIndex<'_>, place: Placement<'_>) -> Markup {
    let findings = &tally.report.findings;
    html! {
        @if findings.is_empty() { p { "Nothing was found that has to be fixed." } }
        @for (number, finding) in (1..).zip(findings) {
            (render_card(place, finding, &Card {
                name: format!("finding {number}"),
                cause: format!("finding {number}"),
                tags: html! { span { (finding.confidence.as_str()) " confidence" } },
                facts: Markup::default(),
                below: html! {
                    (render_checks(tally, finding))
                    (render_background(&finding.id, place))
                },
            }))
        }
    }
}

/// What a card has around the finding itself.
#[derive(Default)]
pub(in crate::report) struct Card {
    /// What it is called; its id too.
    pub(in crate::report) name: String,
    /// What the commands are for.
    pub(in crate::report) cause: String,
    pub(in crate::report) tags: Markup,
    /// Before those of the finding.
    pub(in crate::report) facts: Markup,
    pub(in crate::report) below: Markup,
}

/// A finding, or a cause that several clusters share.
pub(in crate::report) fn render_card(place: Placement<'_>, finding: &Finding, card: &Card) -> Markup {
    let severity = finding.severity.as_str();
    let id = card.name.replace(' ', "-");
    let title = format!("{id}-title");
    html! {
        "\n"
        article class={ "finding " (severity) } id=(place.id(&id)) aria-labelledby=(place.label(&title)) {
            p.tags {
                (render_mark_with_class(
                    &format!("tag {severity}"),
                    severity_style(finding.severity).mark,
                    severity,
                ))
                span { (card.name) }
                (card.tags)
            }
            (place.heading(1, Some(&place.id(&title)), &summarize_finding(finding)))
            dl { (card.facts) (render_details(finding)) }
            @for block in finding.remedy.blocks(Shell::Bash) { (render_remedy_block(&card.cause, &block)) }
            (render_powershell(&card.cause, finding))
            (card.below)
        }
    }
}

/// Hosts below what is to be done for them, or commands.
fn render_remedy_block(cause: &str, block: &RemedyBlock) -> Markup {
    let kind = block.heading.as_deref().unwrap_or("Rules, settings and commands");
    html! {
        @if let Some(heading) = &block.heading { p { (Text(heading)) } }
        (render_code_block(&format!("{kind} for {cause}"), &block.lines.join("\n")))
    }
}

/// The commands once more, where PowerShell reads them in another way.
fn render_powershell(cause: &str, finding: &Finding) -> Markup {
    let is_command =
        |command: &Instruction| matches!(command, Instruction::Run(_) | Instruction::Saved { .. });
    let lines: Vec<_> = finding
        .remedy
        .commands
        .iter()
        .filter(|c| is_command(c))
        .map(|c| c.render(Shell::PowerShell))
        .collect();
    html! {
        @if finding.remedy.lines() != finding.remedy.lines_for(Shell::PowerShell) {
            details {
                summary { "For PowerShell" }
                (render_code_block(&format!("Commands for {cause}, for PowerShell"), &lines.join("\n")))
            }
        }
    }
}

/// What was seen, what it means, who acts and what is to be done; terms and what they are.
fn render_details(finding: &Finding) -> Markup {
    let who = explain::find_page(&finding.id).and_then(|page| page.section("Who has to act"));
    let who = who.map(|text| text.replace('\n', " ")).unwrap_or_default();
    let explanation = explain_finding(finding);
    let parts = [
        ("Seen", &*explanation),
        ("Means", &finding.consequence),
        ("Who acts", &who),
        ("What to do", &finding.remedy.text),
    ];
    html! { @for (term, text) in parts { @if !text.is_empty() { (render_fact(term, text)) } } }
}

fn render_checks(tally: &ReportIndex<'_>, finding: &Finding) -> Markup {
    let checks = tally.checks_behind(finding);
    let cause = |check: &Check| {
        check
            .cause
            .map(|cause| format!(": {}, {}", cause.word(), cause.text_in(check.phase)))
            .unwrap_or_default()
    };
    html! {
        @if !checks.is_empty() {
            details {
                summary { "From " (format_count(checks.len(), "check")) }
                ul {
                    @for check in checks.iter().take(MAX_NAMED) {
                        li { (Text(format!("{} from {}{}", format_target(check), check.planned.vantage, cause(check)))) }
                    }
                    @if checks.len() > MAX_NAMED { li { "and " (checks.len() - MAX_NAMED) " more" } }
                }
            }
        }
    }
}

/// The page of `arcprobe explain`, for readers who do not have the program.
fn render_background(id: &str, place: Placement<'_>) -> Markup {
    let headings = ["What it means", "How it looks in Azure", "Verify by hand", "Remedy", "Sources"];
    html! {
        @if let Some(page) = explain::find_page(id) {
            details {
                summary { (Text(format!("Background: {id}"))) }
                div.page {
                    @for heading in headings {
                        @if let Some(text) = page.section(heading) {
                            (place.heading(2, None, heading))
                            @for block in text.split("\n\n").flat_map(parse_blocks) { (render_block(&block)) }
                        }
                    }
                }
            }
        }
    }
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

fn render_block(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Text(text) => p { (Text(text)) },
            Block::Item(text) => p.item { (Text(text.trim_start_matches("- "))) },
            Block::Code(code) => (render_code_block("Commands to verify it by hand", code)),
        }
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
    }
}
