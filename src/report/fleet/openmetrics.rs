//! Several clusters as metrics: those of one cluster, with the name of its context as a label more.

use super::Fleet;
use crate::report::openmetrics::{Page, flag};

/// Renders every family, those without a sample left out.
pub fn render(fleet: &Fleet) -> String {
    let mut page = Page::default();
    for member in &fleet.clusters {
        page.label("context", &member.context);
        page.gauge(LOOKED_AT, flag(member.report.is_some()));
        if let Some(report) = &member.report {
            page.add(report);
        }
    }
    page.finish()
}

const LOOKED_AT: (&str, &str) = (
    "arcprobe_cluster_looked_at",
    "Whether there is a report on the cluster; its other metrics lack without one.",
);
