//! Several clusters as metrics: those of one cluster, with the name of its context as a label more.

use super::Fleet;
use crate::report::openmetrics::{Exposition, bool_value};

/// Renders every family, those without a sample left out.
pub fn render(fleet: &Fleet) -> String {
    let mut page = Exposition::default();
    for member in &fleet.clusters {
        page.set_common_label("context", &member.context);
        page.add_gauge(CLUSTER_MEASURED, bool_value(member.report.is_some()));
        if let Some(report) = &member.report {
            page.add_report(report);
        }
    }
    page.finish()
}

const CLUSTER_MEASURED: (&str, &str) = (
    "arcprobe_cluster_checked",
    "Whether there is a report on the cluster; its other metrics lack without one.",
);
