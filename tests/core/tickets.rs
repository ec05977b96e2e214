//! Public tickets, rebuilt as small inputs: whether `diagnose` says of each what an experienced engineer would.
//!
//! A ticket with `missed` is known to be answered wrongly, and why. The test fails where a ticket without that mark is wrong, and
//! where one with it has become right: so the score only moves with a commit that says so.

use std::fs;
use std::path::{Path, PathBuf};

use arcprobe::cli::diagnose::judge_bundle;
use arcprobe::model::faults::FaultCatalogue;
use arcprobe::report::diagnosis;
use arcprobe::rules::faults;
use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::Value;

mod cluster;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketFile {
    tickets: Vec<Ticket>,
}

/// A thread, what is behind it, and what has to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticket {
    id: String,
    source: Vec<String>,
    /// Year and month, where they are known.
    dated: Option<String>,
    situation: String,
    cause: String,
    #[serde(default)]
    base: cluster::Base,
    input: cluster::Overlay,
    expect: Expected,
    /// Why the answer is not right yet.
    missed: Option<String>,
}

/// What an answer must have. Texts are regular expressions, whatever the case.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    verdict: Option<String>,
    /// The first link that is broken.
    link: Option<String>,
    /// The first finding is one of these.
    first: Vec<String>,
    /// These are among the findings.
    also: Vec<String>,
    says: Vec<String>,
    never: Vec<String>,
    never_ids: Vec<String>,
}

#[test]
fn every_ticket_is_answered_as_its_file_says() {
    let tickets = read_tickets();
    let catalogue = faults::load_builtin().unwrap();
    let judged: Vec<_> = tickets.iter().map(|ticket| (ticket, find_problems(ticket, &catalogue))).collect();
    let right = judged.iter().filter(|(_, problems)| problems.is_empty()).count();
    for (ticket, problems) in &judged {
        problems.iter().take(problems.len().saturating_sub(1)).for_each(|p| println!("{}: {p}", ticket.id));
    }
    println!("tickets: {right} of {} right", tickets.len());
    let surprises: Vec<_> =
        judged.iter().filter_map(|(ticket, problems)| surprise(ticket, problems)).collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n\n"));
}

#[test]
fn every_ticket_has_its_source_and_a_name_of_its_own() {
    let tickets = read_tickets();
    let mut ids: Vec<_> = tickets.iter().map(|ticket| ticket.id.as_str()).collect();
    ids.sort_unstable();
    let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
    for ticket in &tickets {
        assert!(ticket.source.iter().all(|s| s.starts_with("https://")), "{}", ticket.id);
        assert!(!ticket.source.is_empty(), "{}", ticket.id);
        assert!(ticket.dated.as_ref().is_none_or(|d| d.starts_with("20")), "{}", ticket.id);
        assert!(!ticket.situation.is_empty() && !ticket.cause.is_empty(), "{}", ticket.id);
    }
}

fn read_tickets() -> Vec<Ticket> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tickets");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        serde_yaml::from_str::<TicketFile>(&text)
            .unwrap_or_else(|e| panic!("{}: {e}", file.display()))
            .tickets
    };
    files.into_iter().flat_map(read).collect()
}

fn surprise(ticket: &Ticket, problems: &[String]) -> Option<String> {
    match (&ticket.missed, problems) {
        (None, []) | (Some(_), [_, ..]) => None,
        (Some(_), []) => Some(format!("{} is right now: remove its line `missed`", ticket.id)),
        (None, problems) => Some(format!("{}:\n  {}", ticket.id, problems.join("\n  "))),
    }
}

fn find_problems(ticket: &Ticket, catalogue: &FaultCatalogue) -> Vec<String> {
    let answer = diagnose(ticket, catalogue);
    let expected = &ticket.expect;
    let text = findings_text(&answer["findings"]);
    let mut problems = compare_findings(expected, &answer);
    let missing = expected.says.iter().filter(|wanted| !is_match(wanted, &text));
    problems.extend(missing.map(|wanted| format!("does not say {wanted:?}")));
    let unwanted = expected.never.iter().filter(|unwanted| is_match(unwanted, &text));
    problems.extend(unwanted.map(|unwanted| format!("says {unwanted:?}")));
    if !problems.is_empty() {
        problems.push(format!("findings:\n{text}"));
    }
    problems
}

/// The document that `diagnose -o json` writes.
fn diagnose(ticket: &Ticket, catalogue: &FaultCatalogue) -> Value {
    let bundle = cluster::build_bundle(ticket.base, &ticket.input);
    let azure = cluster::build_azure(&ticket.input);
    let diagnosis = judge_bundle(&bundle, catalogue, azure.as_ref(), None).unwrap();
    serde_json::from_str(&diagnosis::render(bundle.taken_at, diagnosis, Vec::new())).unwrap()
}

fn compare_findings(expected: &Expected, answer: &Value) -> Vec<String> {
    let items = |key: &str| answer[key].as_array().unwrap().iter();
    let ids: Vec<_> = items("findings").filter_map(|finding| finding["id"].as_str()).collect();
    let broken = items("links").find(|link| link["state"] == "broken").and_then(|link| link["link"].as_str());
    let mut problems = Vec::new();
    if expected.verdict.as_ref().is_some_and(|wanted| answer["verdict"] != wanted.as_str()) {
        problems.push(format!("the verdict is {}", answer["verdict"]));
    }
    if expected.link.is_some() && expected.link.as_deref() != broken {
        problems.push(format!("the first broken link is {broken:?}"));
    }
    if !expected.first.is_empty() && ids.first().is_none_or(|id| !expected.first.iter().any(|f| f == id)) {
        problems.push(format!("the first finding is not one of {:?}: {ids:?}", expected.first));
    }
    let missing = expected.also.iter().filter(|id| !ids.contains(&id.as_str()));
    problems.extend(missing.map(|id| format!("{id} is not among the findings {ids:?}")));
    let unwanted = expected.never_ids.iter().filter(|id| ids.contains(&id.as_str()));
    problems.extend(unwanted.map(|id| format!("{id} is among the findings")));
    problems
}

/// All that is said, one text a line; addresses of pages say nothing.
fn findings_text(value: &Value) -> String {
    let parts: Vec<_> = match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().map(findings_text).collect(),
        Value::Object(fields) => {
            fields.iter().filter(|(key, _)| *key != "docs").map(|(_, value)| findings_text(value)).collect()
        }
        _ => Vec::new(),
    };
    parts.join("\n")
}

fn is_match(pattern: &str, text: &str) -> bool {
    RegexBuilder::new(pattern).case_insensitive(true).build().unwrap().is_match(text)
}
