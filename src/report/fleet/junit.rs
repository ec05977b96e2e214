//! Several clusters as JUnit XML: the suites of each, their names behind the name of the context.

use super::Fleet;
use crate::report::junit::{render_document, write_failed_suite, write_suites};

/// Renders the suites.
pub fn render(fleet: &Fleet) -> String {
    render_document(|xml| {
        let mut next = 0;
        for member in &fleet.clusters {
            if let Some(report) = &member.report {
                next = write_suites(xml, report, (next, &format!("{}/", member.context)));
                continue;
            }
            let why = member.error.as_deref().unwrap_or("nothing is known");
            write_failed_suite(xml, next, &member.context, (&fleet.started_at, why));
            next += 1;
        }
    })
}
