//! Several clusters as JUnit XML: the suites of each, their names behind the name of the context.

use super::{Fleet, Member};
use crate::report::junit::{failed_suite, render_document, report_suites};

/// Renders the suites.
pub fn render(fleet: &Fleet) -> String {
    let run = |member: &Member| match &member.report {
        Some(report) => report_suites(report, &format!("{}/", member.context)),
        None => failed_suite(&member.context, &fleet.started_at, member.why_unknown()),
    };
    render_document(&fleet.clusters.iter().map(run).collect::<Vec<_>>())
}
