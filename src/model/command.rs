//! Lines that fix something, ready to paste: firewall rules, commands of a shell, settings of other programs.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::model::plan::RouteKind;
use crate::model::rules::{Cloud, Protocol};
use crate::model::shell::Shell;

/// One line of a remedy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// A firewall, or the proxy, has to let something through.
    Allow(FirewallRule),
    /// A command.
    Run(Command),
    /// A setting in words; and each line of a report that was read.
    Text(String),
}

/// What a firewall, or the proxy, has to let through.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FirewallRule {
    /// Who calls: this machine, the cluster, or both.
    pub from: String,
    /// The host, or a wildcard.
    pub to: String,
    /// The TCP port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Whether the way leads through the proxy, which then needs the rule.
    pub route: RouteKind,
}

/// Programs with their arguments, each of which reads what the one before it writes.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Command {
    programs: Vec<Vec<Word>>,
    /// Whether the first one reads nothing instead of the terminal.
    no_input: bool,
    comment: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Word {
    Known(String),
    Open(Placeholder),
}

/// What a command needs of the run that it is printed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Placeholder {
    Region,
    ClusterName,
    ResourceGroup,
}

/// What is known of a run that commands ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandScope<'a> {
    /// The region.
    pub region: Option<&'a str>,
    /// The cloud of the region.
    pub cloud: Option<Cloud>,
    /// The name of the cluster in Azure.
    pub cluster_name: Option<&'a str>,
    /// Its resource group.
    pub resource_group: Option<&'a str>,
    /// The context of the kubeconfig, where it was named and may not be the current one.
    pub kube_context: Option<&'a str>,
}

impl Instruction {
    /// Puts in what is known of the run.
    pub fn fill(&mut self, scope: &CommandScope<'_>) {
        if let Self::Run(command) = self {
            command.fill(scope);
        }
    }
}

/// A command as it is typed, with placeholders. Where it is more than words, quotes and pipes it stays text.
impl From<&str> for Instruction {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Run)
    }
}

impl From<String> for Instruction {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(rule) => rule.fmt(f),
            Self::Run(command) => command.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for FirewallRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, port, protocol, route } = self;
        match (route, protocol) {
            (RouteKind::Direct, _) => write!(f, "allow TCP {port} from {from} to {to}"),
            (RouteKind::Proxy, Protocol::Http) => {
                write!(f, "allow requests in the proxy from {from} to http://{to}:{port}")
            }
            (RouteKind::Proxy, _) => write!(f, "allow CONNECT in the proxy from {from} to {to}:{port}"),
        }
    }
}

impl Command {
    fn fill(&mut self, scope: &CommandScope<'_>) {
        let is_arcprobe = |words: &[Word]| words.first().is_some_and(|word| word.is("arcprobe"));
        for words in &mut self.programs {
            let names_region = words.contains(&Word::Open(Placeholder::Region));
            for word in words.iter_mut() {
                word.fill(scope);
            }
            let cloud = scope.cloud.filter(|cloud| *cloud != Cloud::AzureCloud);
            if let Some(cloud) = cloud.filter(|_| names_region && is_arcprobe(words)) {
                words.extend(["--cloud", cloud.az_name()].map(Word::from));
            }
        }
        if let Some(context) = scope.kube_context {
            self.programs.iter_mut().for_each(|words| name_kube_context(words, context));
        }
    }

    /// As it is typed into a shell.
    pub fn render(&self, shell: Shell) -> String {
        let program = |words: &Vec<Word>| {
            words.iter().map(|word| shell.quote(word.as_str())).collect::<Vec<_>>().join(" ")
        };
        let programs: Vec<_> = self.programs.iter().map(program).collect();
        let no_input = if self.no_input { " </dev/null" } else { "" };
        let comment = self.comment.as_ref().map(|text| format!("  # {text}")).unwrap_or_default();
        format!("{}{no_input}{comment}", programs.join(" | "))
    }
}

/// Of `kubectl`, wherever it stands, and of our own commands that ask the cluster.
fn name_kube_context(words: &mut Vec<Word>, context: &str) {
    let asks_cluster = match &words[..] {
        [program, command, flags @ ..] if program.is("arcprobe") => {
            command.is("cleanup")
                || command.is("diagnose")
                || command.is("check") && flags.iter().any(|word| word.is("--from"))
        }
        _ => false,
    };
    if asks_cluster {
        words.extend(["--kube-context", context].map(Word::from));
    }
    if let Some(place) = words.iter().position(|word| word.is("kubectl")) {
        words.insert(place + 1, "--context".into());
        words.insert(place + 2, context.into());
    }
}

impl Word {
    fn is(&self, text: &str) -> bool {
        matches!(self, Self::Known(word) if word == text)
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word,
            Self::Open(Placeholder::Region) => "REGION",
            Self::Open(Placeholder::ClusterName) => "NAME",
            Self::Open(Placeholder::ResourceGroup) => "GROUP",
        }
    }

    fn fill(&mut self, scope: &CommandScope<'_>) {
        let value = match self {
            Self::Known(_) => None,
            Self::Open(Placeholder::Region) => scope.region,
            Self::Open(Placeholder::ClusterName) => scope.cluster_name,
            Self::Open(Placeholder::ResourceGroup) => scope.resource_group,
        };
        if let Some(value) = value {
            *self = value.into();
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Shell::Bash))
    }
}

impl TryFrom<String> for Command {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Reads words, quotes, pipes, an empty input and a comment; what else a shell understands is an error.
impl FromStr for Command {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut command = Self { programs: vec![Vec::new()], no_input: false, comment: None };
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(comment) = rest.strip_prefix('#') {
                command.comment = Some(comment.trim().to_owned());
                break;
            }
            if let Some(behind) = rest.strip_prefix("</dev/null") {
                command.no_input = true;
                rest = behind.trim_start();
            } else if let Some(behind) = rest.strip_prefix('|') {
                command.programs.push(Vec::new());
                rest = behind.trim_start();
            } else {
                let (word, behind) = split_word(rest).map_err(|why| format!("{text:?} {why}"))?;
                let program = command.programs.last_mut().into_iter();
                program.for_each(|words| words.push(parse_word(words.last(), &word)));
                rest = behind.trim_start();
            }
        }
        if command.programs.iter().any(Vec::is_empty) {
            return Err(format!("{text:?} lacks a program"));
        }
        Ok(command)
    }
}

/// The first word without its quotes, and what comes after it.
fn split_word(text: &str) -> Result<(String, &str), String> {
    let mut word = String::new();
    let mut is_quoted = false;
    for (place, c) in text.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted => word.push(c),
            c if c.is_whitespace() || c == '|' => return Ok((word, &text[place..])),
            '"' | '`' | '$' | '\\' | ';' | '&' | '<' | '>' | '(' | ')' | '*' | '?' | '{' | '}' | '!' => {
                return Err(format!("has {c:?} without quotes"));
            }
            _ => word.push(c),
        }
    }
    if is_quoted { Err("ends within quotes".to_owned()) } else { Ok((word, "")) }
}

fn parse_word(flag: Option<&Word>, word: &str) -> Word {
    let follows = |flags: &[&str]| flag.is_some_and(|flag| flags.iter().any(|known| flag.is(known)));
    match word {
        "REGION" if follows(&["-l", "--location"]) => Word::Open(Placeholder::Region),
        "NAME" if follows(&["--name"]) => Word::Open(Placeholder::ClusterName),
        "GROUP" if follows(&["--resource-group"]) => Word::Open(Placeholder::ResourceGroup),
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_printed_as_they_were_typed() {
        let table = [
            "kubectl get namespace azure-arc -o jsonpath='{.status.conditions}'",
            "kubectl describe nodes | grep -E '^(Name|Taints)'",
            "kubectl auth can-i '*' '*' --all-namespaces",
            "arcprobe check -l REGION --from workstation,pod,node",
            "openssl s_client -connect a.example:443 </dev/null  # on the proxy",
        ];
        for text in table {
            assert_eq!(text.parse::<Command>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_plain_command_is_an_error() {
        for text in ["", "a |", "| a", "a $(b)", "a; b", "a > b", "a 'b", "a \"b\"", "a && b"] {
            assert!(text.parse::<Command>().is_err(), "{text}");
        }
    }

    #[test]
    fn commands_name_the_place_of_the_run() {
        let scope = CommandScope {
            region: Some("eastus"),
            cloud: Some(Cloud::AzureUSGovernment),
            cluster_name: Some("a b"),
            ..CommandScope::default()
        };
        let table = [
            ("arcprobe check -l REGION", "arcprobe check -l eastus --cloud AzureUSGovernment"),
            (
                "az connectedk8s connect --name NAME --resource-group GROUP --location REGION",
                "az connectedk8s connect --name 'a b' --resource-group GROUP --location eastus",
            ),
            ("kubectl label REGION NAME", "kubectl label REGION NAME"),
        ];
        for (template, expected) in table {
            let mut command: Command = template.parse().unwrap();
            command.fill(&scope);
            assert_eq!(command.to_string(), expected);
        }
    }
}
