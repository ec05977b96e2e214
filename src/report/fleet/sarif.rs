//! Several clusters as SARIF: a run for each. The name of its context is the id of the run's automation, so that the same
//! finding of two clusters stays two alerts.

use serde_json::{Value, json};

use super::{Fleet, Member};
use crate::model::report::Report;
use crate::report::sanitize::sanitize_text;
use crate::report::sarif::{render_log, render_run};

/// Renders one log.
pub fn render(fleet: &Fleet) -> String {
    let run = |member: &Member| match &member.report {
        Some(report) => cluster_run(member, report),
        None => failed_run(fleet, member),
    };
    render_log(&fleet.clusters.iter().map(run).collect::<Vec<_>>())
}

/// Without a report: a run that failed, so that no results are not taken for none found.
fn failed_run(fleet: &Fleet, member: &Member) -> Value {
    let why = sanitize_text(member.why_unknown());
    json!({
        "tool": { "driver": { "name": "arcprobe", "version": sanitize_text(&fleet.tool.version) } },
        "automationDetails": { "id": format!("arcprobe/{}/", sanitize_text(&member.context)) },
        "invocations": [{
            "executionSuccessful": false,
            "toolExecutionNotifications": [{ "level": "error", "message": { "text": why } }],
        }],
        "results": [],
    })
}

fn cluster_run(member: &Member, report: &Report) -> Value {
    let mut run = render_run(report);
    // the part before the last slash names the run, and what follows would tell one time from the next
    run["automationDetails"] = json!({ "id": format!("arcprobe/{}/", sanitize_text(&member.context)) });
    run
}
