//! What formats for programs show: the report on one cluster, or those on several.

use crate::model::report::{Report, Tool};

/// The report on a cluster, or why there is none.
#[derive(Clone, Copy)]
pub(super) struct ClusterReport<'a> {
    /// What tells it from others; `None` for the only one.
    pub(super) name: Option<&'a str>,
    pub(super) report: Result<&'a Report, &'a str>,
    /// What wrote it.
    pub(super) tool: &'a Tool,
    pub(super) started_at: &'a str,
}

impl<'a> From<&'a Report> for ClusterReport<'a> {
    fn from(report: &'a Report) -> Self {
        Self { name: None, report: Ok(report), tool: &report.tool, started_at: &report.run.started_at }
    }
}
