//! The report as SARIF 2.1.0 (OASIS), for what collects findings of tools: a result for each finding, a rule for each kind.
//!
//! A network has no files. Results are located at the endpoints, as logical locations, and where their rules stand: in the line
//! of the rules file. The fingerprint is made of what a finding is about, so that the same trouble is the same alert in the next run.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::clusters::ClusterReport;
use super::index::{ReportIndex, format_target};
use super::json::to_text;
use super::marks::severity_style;
use super::sanitize::sanitize_text;
use super::screen::sanitize_for_command;
use super::waivers::{explain_finding, summarize_finding};
use crate::analysis::explain;
use crate::model::evidence::sanitize_lines;
use crate::model::finding::Finding;
use crate::model::report::{Prerequisite, Report, Verdict};
use crate::model::rules::RuleLocation;
use crate::model::waiver::WaiverRef;

/// Renders one log with a run for each cluster.
pub(super) fn render(clusters: &[ClusterReport<'_>]) -> String {
    to_text(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": clusters.iter().map(render_cluster).collect::<Vec<_>>(),
    }))
}

/// The name of a cluster among several is the id of the run's automation, so that the same finding of two stays two alerts.
fn render_cluster(cluster: &ClusterReport<'_>) -> Value {
    let mut run = match cluster.report {
        Ok(report) => render_run(report),
        Err(why) => render_failed_run(&cluster.tool.version, why),
    };
    if let Some(name) = cluster.name {
        // the part before the last slash names the run, and what follows would tell one time from the next
        run["automationDetails"] = json!({ "id": format!("arcprobe/{}/", sanitize_text(name)) });
    }
    run
}

/// Without a report: a run that failed, so that no results are not taken for none found.
fn render_failed_run(version: &str, why: &str) -> Value {
    json!({
        "tool": { "driver": { "name": "arcprobe", "version": sanitize_text(version) } },
        "invocations": [{
            "executionSuccessful": false,
            "toolExecutionNotifications": [{ "level": "error", "message": { "text": sanitize_text(why) } }],
        }],
        "results": [],
    })
}

fn render_run(report: &Report) -> Value {
    let rules = first_of_each_kind(report);
    let places: HashMap<&str, usize> = rules.iter().enumerate().map(|(at, f)| (f.id.as_str(), at)).collect();
    let place = |finding: &Finding| places.get(finding.id.as_str()).copied().unwrap_or_default();
    let tally = ReportIndex::new(report);
    let prerequisites: HashMap<&str, &Prerequisite> =
        report.prerequisites.iter().filter_map(|item| Some((item.finding.as_deref()?, item))).collect();
    let results = report.findings.iter().map(|finding| {
        let mut result = render_result(&tally, finding, place(finding));
        if let Some(item) = prerequisites.get(finding.id.as_str()).filter(|_| finding.evidence.is_empty()) {
            result["locations"] =
                json!([render_location(&item.title, &format!("prerequisite/{}", item.id), None)]);
        }
        if let Some(waiver) = &finding.accepted {
            result["suppressions"] = json!([render_suppression(waiver)]);
        }
        result
    });
    let results: Vec<Value> = results.collect();
    json!({
        "tool": { "driver": {
            "name": "arcprobe",
            "version": sanitize_text(&report.tool.version),
            "rules": rules.iter().map(|finding| render_rule(finding)).collect::<Vec<_>>(),
        } },
        "invocations": [render_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "verdict": report.verdict,
            "cloud": report.run.cloud,
            "region": sanitize_text(&report.run.region),
            "connectivity": report.run.connectivity.as_str(),
            "rules": report.rules.iter().map(|l| sanitize_text(&format!("{} {}", l.name, l.revision))).collect::<Vec<_>>(),
        },
    })
}

/// One finding of each kind, in the order of the report.
fn first_of_each_kind(report: &Report) -> Vec<&Finding> {
    let mut seen = HashSet::new();
    report.findings.iter().filter(|finding| seen.insert(finding.id.as_str())).collect()
}

fn render_rule(finding: &Finding) -> Value {
    let page = explain::find_page(&finding.id);
    let title = page.map_or_else(|| sanitize_text(&summarize_finding(finding)), |page| page.title.to_owned());
    let help = page.map_or_else(|| describe_finding(finding), |page| page.text.to_owned());
    json!({
        "id": sanitize_text(&finding.id),
        "shortDescription": { "text": title },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": severity_style(finding.severity).sarif_level },
    })
}

fn render_result(tally: &ReportIndex<'_>, finding: &Finding, rule: usize) -> Value {
    let behind = tally.checks_behind(finding).into_iter();
    json!({
        "ruleId": sanitize_text(&finding.id),
        "ruleIndex": rule,
        "level": severity_style(finding.severity).sarif_level,
        "message": { "text": describe_finding(finding) },
        "locations": behind.map(|check| render_location(&format_target(check), &check.planned.id, check.planned.defined.as_ref())).collect::<Vec<_>>(),
        "partialFingerprints": { "arcprobeSubject/v1": finding_fingerprint(finding) },
        "properties": {
            "confidence": finding.confidence,
            "subject": sanitize_text(&finding.subject),
            "commands": finding.remedy.lines().iter().map(|c| sanitize_lines(c)).collect::<Vec<_>>(),
        },
    })
}

fn describe_finding(finding: &Finding) -> String {
    let page = format!("More: arcprobe explain {}", sanitize_for_command(&finding.id));
    let (summary, explanation) = (summarize_finding(finding), explain_finding(finding));
    let parts = [&*summary, &*explanation, &finding.consequence, &finding.remedy.text, &page];
    let parts: Vec<String> = parts.iter().filter(|p| !p.is_empty()).map(|p| sanitize_text(p)).collect();
    parts.join("\n")
}

/// Not in the source but by a waiver, and somebody agreed to it.
fn render_suppression(waiver: &WaiverRef) -> Value {
    let text = format!("{} (accepted until {})", waiver.reason, waiver.until);
    json!({ "kind": "external", "status": "accepted", "justification": sanitize_text(&text) })
}

fn render_location(name: &str, id: &str, place: Option<&RuleLocation>) -> Value {
    let mut location = json!({ "logicalLocations": [{
        "name": sanitize_text(name),
        "fullyQualifiedName": sanitize_text(id),
        "kind": "resource",
    }] });
    if let Some(place) = place {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": escape_uri(&sanitize_text(&place.file)) },
            "region": { "startLine": place.line.max(1) },
        });
    }
    location
}

/// A path as a reference to a file (RFC 3986): what has a meaning in a reference, or none, is escaped.
fn escape_uri(path: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    let escape = |b: u8| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    path.replace('\\', "/").bytes().map(escape).collect()
}

fn finding_fingerprint(finding: &Finding) -> String {
    format!("{:x}", Sha256::digest(format!("{}\n{}", finding.id, finding.subject)))
}

fn render_invocation(report: &Report) -> Value {
    let mut invocation = json!({
        "executionSuccessful": !report.run.interrupted && report.verdict != Verdict::Incomplete,
    });
    if let Ok(started) = report.run.started_at.parse::<jiff::Timestamp>() {
        invocation["startTimeUtc"] = json!(started.to_string());
        if let Ok(ended) = started.checked_add(report.run.took) {
            invocation["endTimeUtc"] = json!(ended.to_string());
        }
    }
    invocation
}
