//! Several clusters as SARIF: a run for each. The name of its context is the id of the run's automation, so that the same
//! finding of two clusters stays two alerts.

use serde_json::{Value, json};

use super::{Fleet, Member};
use crate::report::sarif::{clean, log, run};
use crate::report::v1::Report;

/// Renders one log.
pub fn render(fleet: &Fleet) -> String {
    log(&fleet.reports().map(|(member, report)| of(member, report)).collect::<Vec<_>>())
}

fn of(member: &Member, report: &Report) -> Value {
    let mut run = run(report);
    // the part before the last slash names the run, and what follows would tell one time from the next
    run["automationDetails"] = json!({ "id": format!("arcprobe/{}/", clean(&member.context)) });
    run
}
