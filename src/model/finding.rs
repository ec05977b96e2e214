//! What evidence means: a judgement with its cause, its proof and its remedy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ids::CheckId;
use crate::model::waiver::WaiverRef;

/// One judgement over many steps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Names the page of `arcprobe explain`.
    pub id: String,
    /// What it means for connecting a cluster.
    pub severity: Severity,
    /// How sure the judgement is.
    pub confidence: Confidence,
    /// One sentence: what is wrong.
    pub summary: String,
    /// What it is about: a resolver, an address, a suffix, an authority, an endpoint.
    pub subject: String,
    /// The ids of the checks that show it.
    pub evidence: Vec<CheckId>,
    /// What was seen, in a few sentences, with what it does not explain.
    pub explanation: String,
    /// Who is affected and what a user would see in Azure.
    pub consequence: String,
    /// What to do.
    pub remedy: Remedy,
    /// Pages to read; `explain` pages as `arcprobe explain ID`.
    pub docs: Vec<String>,
    /// By which waiver it is accepted; its severity is `info` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<WaiverRef>,
}

/// What to do about a finding.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// In words: who has to change what.
    pub text: String,
    /// Firewall rules, settings or commands, ready to paste.
    pub commands: Vec<String>,
}

/// What a finding means for connecting a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, or something optional does not.
    Warning,
    /// Something required does not work.
    Blocking,
}

impl Severity {
    /// As in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Blocking => "blocking",
        }
    }
}

/// How sure a judgement is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    /// As in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
