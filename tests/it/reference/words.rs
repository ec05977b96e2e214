//! The pages of `arcprobe explain`, all in one place.

use std::fmt::Write as _;

use arcprobe::analysis::explain;
use arcprobe::model::evidence::{Cause, Phase};
use arcprobe::model::faults::Stage;

use super::table;

/// Failure words, by phase.
pub(super) fn failures() -> String {
    let mut text = String::from(
        "How a check failed: the `cause` of the JSON report. The set is closed within a version. Each page is what `arcprobe explain WORD`\nprints, without a network.\n",
    );
    let phases = Phase::ALL.into_iter().map(Some).chain([None]);
    for phase in phases.clone() {
        let words: Vec<_> = Cause::ALL.iter().filter(|cause| cause.phase() == phase).collect();
        if words.is_empty() {
            continue;
        }
        let title = phase.map_or("of any phase".to_owned(), |phase| format!("of the phase `{phase}`"));
        let rows = words.iter().map(|cause| [link(cause.word()), cause.text().to_owned()]);
        let _ = write!(text, "\n**Failures {title}**\n\n{}", table(["word", "what was seen"], rows));
    }
    for cause in phases.flat_map(|phase| Cause::ALL.iter().filter(move |cause| cause.phase() == phase)) {
        text += &page(explain::find_page(cause.word()).expect("each word has a page").text);
    }
    text + "\n" + &legend()
}

/// Findings of `check`, then what can be wrong with a cluster.
pub(super) fn findings() -> String {
    let is_finding = |code: &&str| !Cause::ALL.iter().any(|cause| cause.word() == *code);
    let findings: Vec<_> = explain::page_codes().filter(is_finding).collect();
    let catalogue = arcprobe::rules::faults::load_builtin().expect("the built-in faults");
    let mut text = String::from(
        "Why checks failed, or what is wrong with a cluster: the `id` of a finding. Each page is what `arcprobe explain ID` prints,\nwithout a network.\n",
    );
    let rows = findings.iter().map(|code| {
        [link(code), explain::find_page(code).expect("each finding has a page").title.to_owned()]
    });
    let _ = write!(text, "\n**Findings of `check`**\n\n{}", table(["finding", "title"], rows));
    for of in Stage::ALL {
        let entries = || catalogue.faults.iter().filter(|entry| entry.link == of);
        if entries().next().is_some() {
            let rows = entries().map(|entry| [link(&entry.id), entry.title.clone()]);
            let _ = write!(
                text,
                "\n**A cluster that hangs, or its prerequisites: {}**\n\n{}",
                of.title(),
                table(["finding", "title"], rows)
            );
        }
    }
    for code in findings {
        text += &page(explain::find_page(code).expect("each finding has a page").text);
    }
    for of in Stage::ALL {
        for entry in catalogue.faults.iter().filter(|entry| entry.link == of) {
            text += &page(&entry.render_page());
        }
    }
    text + "\n" + &legend()
}

fn link(code: &str) -> String {
    format!("[`{code}`](#{code})")
}

fn title(page: &str) -> String {
    let first = page.lines().next().unwrap_or_default();
    first.split_once(": ").map_or(first, |(_, title)| title).to_owned()
}

/// With its code as the heading, so that it can be linked; headings one step down.
fn page(page: &str) -> String {
    let (first, rest) = page.split_once('\n').unwrap_or((page, ""));
    let code = first.trim_start_matches("# ").split(": ").next().unwrap_or_default();
    let mut text = format!("\n## {code}\n\n**{}**\n", title(page));
    let mut was_code = true;
    for line in rest.lines() {
        // a block of code, or a list, begins behind an empty line; a heading is followed by one
        let is_code = line.starts_with("    ");
        if is_code && !was_code {
            text.push('\n');
        }
        was_code = is_code || line.is_empty() || line.starts_with('#');
        if let Some(heading) = line.strip_prefix("## ") {
            let _ = write!(text, "### {heading}\n\n");
        } else {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn legend() -> String {
    format!("---\n\n{}", explain::LEGEND)
}
