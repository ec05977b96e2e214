//! Several clusters in one report: each with a report of its own, and the causes that they share. Every format has its way of
//! showing both.

pub mod html;
pub mod json;
pub mod markdown;
pub mod short;
pub mod text;

use std::collections::HashMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clusters::ClusterReport;
use super::index::ReportIndex;
use crate::model::evidence::millis;
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Report, Tool, Verdict};
use crate::report::json::form::As;
use crate::report::json::v1;

/// The most clusters of a report. A screen that is longer is read by nobody, and each holds connections and memory of a run.
pub const MAX_CLUSTERS: usize = 100;

/// One document on several clusters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// 1; a reader refuses others.
    pub schema_version: u32,
    /// Tells it from the report on one cluster.
    pub kind: DocumentKind,
    /// What wrote it.
    #[serde(with = "v1::Tool")]
    pub tool: Tool,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// In milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    #[schemars(with = "f64")]
    pub took: Duration,
    /// Stopped by the user before all was measured.
    pub interrupted: bool,
    /// The answer for all: the worst of the clusters'.
    pub verdict: Verdict,
    /// What is wrong in more than one cluster, the most severe first.
    pub shared: Vec<SharedCause>,
    /// In the order in which they were named.
    pub clusters: Vec<Member>,
}

/// The word that tells the document from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the word speaks for itself")]
pub enum DocumentKind {
    Fleet,
}

/// One cluster.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The name of its context.
    pub context: String,
    /// The URL of its API server; `null` where it is not known.
    pub server: Option<String>,
    /// Why there is no report; `null` with one.
    pub error: Option<String>,
    /// As for one cluster; `null` where nothing could be looked at.
    #[serde(default, with = "As::<Option<v1::Report>>")]
    pub report: Option<Report>,
}

/// A cause that was found in more than one cluster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SharedCause {
    /// The id of the findings.
    pub id: String,
    /// The most severe of theirs.
    pub severity: Severity,
    /// As the first cluster has it.
    pub summary: String,
    /// Where it was found, in the order of the clusters.
    pub found: Vec<Occurrence>,
    /// The contexts in which it was not, of those that could be looked at.
    pub not_in: Vec<String>,
}

/// A finding of a cluster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Occurrence {
    /// The place of the cluster in the document, from 0 on.
    pub cluster: usize,
    /// The name of its context.
    pub context: String,
    /// The place of the finding in the cluster's report, from 0 on.
    pub finding: usize,
}

/// What a run over several clusters was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FleetRun {
    /// When it began.
    pub started_at: jiff::Timestamp,
    /// From start to end.
    pub took: Duration,
    /// Stopped by the user.
    pub interrupted: bool,
}

impl Fleet {
    /// Judges a run over several clusters.
    pub fn new(clusters: Vec<Member>, course: FleetRun) -> Self {
        let fleet = Self {
            schema_version: 1,
            kind: DocumentKind::Fleet,
            tool: Tool::this(),
            started_at: course.started_at.to_string(),
            took: course.took,
            interrupted: course.interrupted,
            verdict: Verdict::Ready,
            shared: Vec::new(),
            clusters,
        };
        fleet.recompute()
    }

    /// The same, with verdict and shared causes as the reports of its clusters have them now: for one that was read, and after
    /// reports were changed.
    #[must_use]
    pub fn recompute(mut self) -> Self {
        let interrupted = self.clusters.iter().any(|m| m.report.as_ref().is_some_and(|r| r.run.interrupted));
        self.interrupted |= interrupted;
        self.verdict = worst_verdict(self.clusters.iter().map(Member::verdict));
        self.shared = crate::report::fleet::shared_causes::find_shared_causes(&self.clusters);
        self
    }

    /// The same, with each report as `change` has it.
    #[must_use]
    pub fn map_reports(mut self, change: impl Fn(Report) -> Report) -> Self {
        for member in &mut self.clusters {
            member.report = member.report.take().map(&change);
        }
        self.recompute()
    }

    /// The report on a context, or the contexts that there are.
    ///
    /// # Errors
    /// Where there is none of that name, or no report on it.
    pub fn into_report(self, context: &str) -> Result<Report, ReportNotFound> {
        let known = || self.clusters.iter().map(|m| m.context.clone()).collect::<Vec<_>>().join(", ");
        let known = known();
        match self.clusters.into_iter().find(|member| member.context == context) {
            None => Err(ReportNotFound::UnknownContext { context: context.to_owned(), known }),
            Some(Member { report: Some(report), .. }) => Ok(report),
            Some(Member { error, .. }) => Err(ReportNotFound::Unavailable {
                context: context.to_owned(),
                why: error.unwrap_or_default(),
            }),
        }
    }

    /// The finding that stands for a shared cause: that of the first cluster, with the highest severity.
    fn find_example(&self, shared: &SharedCause) -> Option<Finding> {
        let first = shared.found.first()?;
        let finding = self.clusters.get(first.cluster)?.report.as_ref()?.findings.get(first.finding)?;
        Some(Finding { severity: shared.severity, ..finding.clone() })
    }

    /// What formats for programs show.
    pub(super) fn cluster_reports(&self) -> Vec<ClusterReport<'_>> {
        let shown = self.clusters.iter().map(|member| ClusterReport {
            name: Some(&member.context),
            report: member.report.as_ref().ok_or_else(|| member.why_unknown()),
            tool: &self.tool,
            started_at: &self.started_at,
        });
        shown.collect()
    }

    /// The number of the shared cause, from 1 on, that a finding is a part of, by the places of cluster and finding.
    fn shared_cause_numbers(&self) -> HashMap<(usize, usize), usize> {
        let numbered = self.shared.iter().zip(1..);
        numbered
            .flat_map(|(shared, n)| shared.found.iter().map(move |f| ((f.cluster, f.finding), n)))
            .collect()
    }
}

/// Why there is no report on a cluster.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReportNotFound {
    /// No such context.
    #[error("there is no context \"{context}\" in it; there are {known}")]
    UnknownContext {
        /// What was asked for.
        context: String,
        /// What is there.
        known: String,
    },
    /// It could not be looked at.
    #[error("context \"{context}\" could not be looked at: {why}")]
    Unavailable {
        /// What was asked for.
        context: String,
        /// As it was told.
        why: String,
    },
}

impl Member {
    /// How many required checks are met, or why nothing is known; and the region.
    fn summarize(&self) -> (String, &str) {
        let Some(report) = &self.report else {
            return (self.why_unknown().to_owned(), "");
        };
        let required = ReportIndex::new(report).count_checks(true);
        (format!("{} of {}", required.met, required.total()), &report.run.region)
    }

    /// Why there is no report.
    fn why_unknown(&self) -> &str {
        self.error.as_deref().unwrap_or("nothing is known")
    }

    /// What could not be looked at is open.
    pub(crate) fn verdict(&self) -> Verdict {
        self.report.as_ref().map_or(Verdict::Incomplete, |report| report.verdict)
    }
}

/// Blocked where one is; what is open counts for more than a warning.
fn worst_verdict(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Ready => 0,
        Verdict::ReadyWithWarnings => 1,
        Verdict::Incomplete => 2,
        Verdict::Blocked => 3,
    };
    verdicts.max_by_key(rank).unwrap_or(Verdict::Incomplete)
}

#[cfg(test)]
mod fleet_tests;
mod headline;
pub(crate) mod shared_causes;
