//! What evidence means: a judgement with its cause, its proof and its remedy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::command::{FirewallRule, Instruction};
use crate::model::ids::CheckId;
use crate::model::shell::Shell;
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
    /// The commands, one a line.
    pub fn lines(&self) -> Vec<String> {
        self.lines_for(Shell::Bash)
    }

    /// The same for a shell.
    pub fn lines_for(&self, shell: Shell) -> Vec<String> {
        self.commands.iter().map(|command| command.render(shell)).collect()
    }

    /// The same for people, who hand lists of hosts on and paste commands.
    pub fn blocks(&self, shell: Shell) -> Vec<RemedyBlock> {
        let mut blocks: Vec<RemedyBlock> = Vec::new();
        for block in self.commands.iter().map(|command| RemedyBlock::new(command, shell)) {
            match blocks.last_mut() {
                Some(last) if last.heading == block.heading => last.lines.extend(block.lines),
                _ => blocks.push(block),
            }
        }
        blocks.into_iter().map(RemedyBlock::into_line_if_single).collect()
    }

    /// Those of the commands that are rules of a firewall or a proxy.
    pub fn rules(&self) -> impl Iterator<Item = &FirewallRule> {
        self.commands.iter().filter_map(|command| match command {
            Instruction::Allow(rule) => Some(rule),
            _ => None,
        })
    }
}

/// Lines of a remedy that belong together: the hosts of a list below its heading, or commands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemedyBlock {
    /// What is to be done for each of the lines; `None` for commands.
    pub heading: Option<String>,
    /// One host or command each.
    pub lines: Vec<String>,
}

impl RemedyBlock {
    fn new(instruction: &Instruction, shell: Shell) -> Self {
        let (heading, line) = match instruction.split_heading() {
            Some((heading, host)) => (Some(heading), host),
            None => (None, instruction.render(shell)),
        };
        Self { heading, lines: vec![line] }
    }

    /// A list of one is a line.
    fn into_line_if_single(self) -> Self {
        match (self.heading, &self.lines[..]) {
            (Some(heading), [line]) => Self { lines: vec![format!("{heading} {line}")], heading: None },
            (heading, _) => Self { heading, ..self },
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::RouteKind;
    use crate::model::rules::Protocol;

    #[test]
    fn hosts_stand_below_one_heading_and_commands_apart() {
        let allow = |to: &str, route| {
            let rule = FirewallRule {
                from: "this machine".into(),
                to: to.into(),
                port: 443,
                protocol: Protocol::Https,
                route,
            };
            Instruction::Allow(rule)
        };
        let remedy = Remedy {
            text: String::new(),
            commands: vec![
                allow("a.example", RouteKind::Direct),
                allow("*.b.example", RouteKind::Direct),
                allow("c.example", RouteKind::Proxy),
                Instruction::Text("exempt from TLS inspection: d.example".into()),
                Instruction::Text("exempt from TLS inspection: e.example".into()),
                "curl -H 'Accept: x' https://a.example/".into(),
                "dig a.example".into(),
            ],
        };
        let described: Vec<_> = remedy
            .blocks(Shell::Bash)
            .iter()
            .map(|block| format!("{}|{}", block.heading.as_deref().unwrap_or("-"), block.lines.join("|")))
            .collect();
        let expected = [
            "allow TCP 443 from this machine to|a.example|*.b.example",
            "-|allow CONNECT in the proxy from this machine to c.example:443",
            "exempt from TLS inspection:|d.example|e.example",
            "-|curl -H 'Accept: x' https://a.example/|dig a.example",
        ];
        assert_eq!(described, expected);
    }
}
