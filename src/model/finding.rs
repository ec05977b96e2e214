//! What evidence means: a judgement with its cause, its proof and its remedy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::command::{FirewallRule, Instruction};
use crate::model::ids::CheckId;
use crate::model::waiver::WaiverRef;
use crate::model::words::words;

/// One judgement over many steps.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    pub accepted: Option<WaiverRef>,
}

/// What to do about a finding.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remedy {
    /// In words: who has to change what.
    pub text: String,
    /// Firewall rules, settings or commands, ready to paste.
    pub commands: Vec<Instruction>,
}

impl Remedy {
    /// The commands for a shell, one a line.
    pub fn lines(&self) -> Vec<String> {
        self.commands.iter().map(ToString::to_string).collect()
    }

    /// Those of the commands that are rules of a firewall or a proxy.
    pub fn rules(&self) -> impl Iterator<Item = &FirewallRule> {
        self.commands.iter().filter_map(|command| match command {
            Instruction::Allow(rule) => Some(rule),
            _ => None,
        })
    }
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

words!(Severity::as_str { Info = "info", Warning = "warning", Blocking = "blocking" });

/// How sure a judgement is.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum Confidence {
    Low,
    Medium,
    #[default]
    High,
}

words!(Confidence::as_str { Low = "low", Medium = "medium", High = "high" });
