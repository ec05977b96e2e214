//! Lines that fix something, ready to paste: firewall rules, commands of a shell, settings of other programs.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::model::plan::RouteKind;
use crate::model::rules::Protocol;
use crate::model::run_flags::{CREDENTIALS, RunFlag, missing_flags};
use crate::model::shell::Shell;
use crate::model::windows_commands::translate;
use crate::model::wording::put_value;

/// One line of a remedy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// A firewall, or the proxy, has to let something through.
    Allow(FirewallRule),
    /// A command.
    Run(Command),
    /// A setting in words; and each line of a report that was read.
    Text(String),
    /// A command of a report that was read, for two shells.
    Saved {
        /// For bash.
        bash: String,
        /// For PowerShell.
        powershell: String,
    },
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
    Proxy,
    SkipRange,
    Namespace,
}

/// What is known of a run that commands ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandScope<'a> {
    /// The region.
    pub region: Option<&'a str>,
    /// The name of the cluster in Azure.
    pub cluster_name: Option<&'a str>,
    /// Its resource group.
    pub resource_group: Option<&'a str>,
    /// The flags of the run.
    pub flags: &'a [RunFlag],
    /// Those of the command that connects the cluster; proxies of the environment are among them.
    pub connect: &'a [RunFlag],
    /// The namespace that the probe pods run in.
    pub namespace: Option<&'a str>,
}

impl<'a> CommandScope<'a> {
    /// The one that a cluster can use counts before the one that this machine uses.
    fn find_proxy(&self) -> Option<&'a str> {
        let flags = self.connect.iter().chain(self.flags);
        let mut flags = flags.filter(|flag| ["--proxy-https", "--proxy-http"].contains(&flag.name.as_str()));
        flags.find_map(|flag| flag.value.as_deref())
    }

    /// What was typed counts before what was found.
    fn find_value(&self, name: &str) -> Option<&'a str> {
        let mut flags = self.flags.iter().chain(self.connect).filter(|flag| flag.name == name);
        flags.find_map(|flag| flag.value.as_deref())
    }
}

impl Instruction {
    /// A host apart from what is to be done for it; `None` for a command.
    pub fn split_heading(&self) -> Option<(String, String)> {
        match self {
            Self::Allow(rule) => Some((rule.heading(), rule.destination())),
            Self::Run(_) | Self::Saved { .. } => None,
            Self::Text(text) => {
                let (heading, host) = text.rsplit_once(": ")?;
                let is_host = !host.is_empty() && !host.contains([' ', '\'', '"']);
                is_host.then(|| (format!("{heading}:"), host.to_owned()))
            }
        }
    }

    /// As it is typed into a shell; rules and settings are the same in each.
    pub fn render(&self, shell: Shell) -> String {
        match self {
            Self::Run(command) => command.render(shell),
            Self::Saved { powershell, .. } if shell == Shell::PowerShell => powershell.clone(),
            Self::Allow(_) | Self::Text(_) | Self::Saved { .. } => self.to_string(),
        }
    }

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
            Self::Text(text) | Self::Saved { bash: text, .. } => f.write_str(text),
        }
    }
}

impl FirewallRule {
    /// All but where to.
    fn heading(&self) -> String {
        let Self { from, port, .. } = self;
        match (self.route, self.protocol) {
            (RouteKind::Direct, _) => format!("allow TCP {port} from {from} to"),
            (RouteKind::Proxy, Protocol::Http) => format!("allow requests in the proxy from {from} to"),
            (RouteKind::Proxy, _) => format!("allow CONNECT in the proxy from {from} to"),
        }
    }

    /// As a firewall, or the proxy, takes it.
    fn destination(&self) -> String {
        let Self { to, port, .. } = self;
        match (self.route, self.protocol) {
            (RouteKind::Direct, _) => to.clone(),
            (RouteKind::Proxy, Protocol::Http) => format!("http://{to}:{port}"),
            (RouteKind::Proxy, _) => format!("{to}:{port}"),
        }
    }
}

impl fmt::Display for FirewallRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.heading(), self.destination())
    }
}

impl Command {
    /// One program with its arguments.
    pub fn of(words: &[&str]) -> Self {
        let words = words.iter().copied().map(Word::from).collect();
        Self { programs: vec![words], no_input: false, comment: None }
    }

    /// Puts in what is known of the run, and the flags of it that our own commands and kubectl take.
    pub fn fill(&mut self, scope: &CommandScope<'_>) {
        for words in &mut self.programs {
            for word in words.iter_mut() {
                word.fill(scope);
            }
            add_run_flags(words, scope.flags);
            name_cluster(words, scope.flags);
            name_cluster_for_az(words, scope.flags);
            log_in_at_proxy(words, scope.flags);
        }
    }

    /// Puts a value in the place of its name, such as `HOST`.
    pub fn put_value(&mut self, name: &str, value: &str) {
        for word in self.programs.iter_mut().flatten() {
            let filled = put_value(word.as_str(), name, value);
            if filled != word.as_str() {
                *word = Word::Known(filled);
            }
        }
    }

    /// As it is typed into a shell.
    pub fn render(&self, shell: Shell) -> String {
        let programs = self.programs.iter().map(|words| render_program(words, shell));
        let programs = programs.collect::<Vec<_>>().join(" | ");
        let line = if self.no_input { shell.redirect_no_input(&programs) } else { programs };
        let comment = self.comment.as_ref().map(|text| shell.comment(text)).unwrap_or_default();
        line + &comment
    }
}

fn render_program(words: &[Word], shell: Shell) -> String {
    let words: Vec<_> = words.iter().map(Word::as_str).collect();
    if let ["export", variables @ ..] = &words[..] {
        return shell.set_variables(variables.iter().filter_map(|variable| variable.split_once('=')));
    }
    let quote_all =
        |words: &[String]| words.iter().map(|word| shell.quote(word)).collect::<Vec<_>>().join(" ");
    match shell {
        Shell::Bash => words.iter().map(|word| shell.quote(word)).collect::<Vec<_>>().join(" "),
        Shell::PowerShell | Shell::Cmd => quote_all(&translate(&words, shell)),
    }
}

fn add_run_flags(words: &mut Vec<Word>, flags: &[RunFlag]) {
    let [program, command, typed @ ..] = &words[..] else { return };
    if program.is("arcprobe") {
        let typed: Vec<_> = typed.iter().map(Word::as_str).collect();
        let missing = missing_flags(command.as_str(), &typed, flags);
        let missing: Vec<_> = missing.into_iter().flat_map(RunFlag::words).map(Word::from).collect();
        words.extend(missing);
    }
}

/// Of `kubectl`, wherever it stands.
fn name_cluster(words: &mut Vec<Word>, flags: &[RunFlag]) {
    let Some(place) = words.iter().position(|word| word.is("kubectl")) else { return };
    let named = flags.iter().filter_map(|flag| match flag.name.as_str() {
        "--kube-config" => Some(["--kubeconfig", flag.value.as_deref()?]),
        "--kube-context" => Some(["--context", flag.value.as_deref()?]),
        _ => None,
    });
    let is_missing = |[name, _]: &[&str; 2]| !words.iter().any(|word| word.is(name));
    let named: Vec<_> = named.filter(is_missing).flatten().map(Word::from).collect();
    let behind = place + 1;
    words.splice(behind..behind, named);
}

/// Of `az connectedk8s`, where it changes what is in the cluster.
fn name_cluster_for_az(words: &mut Vec<Word>, flags: &[RunFlag]) {
    let [az, group, command, ..] = &words[..] else { return };
    if !(az.is("az") && group.is("connectedk8s") && CHANGES_CLUSTER.contains(&command.as_str())) {
        return;
    }
    let is_missing = |flag: &&RunFlag| {
        ["--kube-config", "--kube-context"].contains(&flag.name.as_str())
            && !words.iter().any(|word| word.is(&flag.name))
    };
    let missing: Vec<_> = flags.iter().filter(is_missing).flat_map(RunFlag::words).map(Word::from).collect();
    words.extend(missing);
}

/// The commands that take a kubeconfig and a context (learn.microsoft.com: az connectedk8s, read 2026-11).
const CHANGES_CLUSTER: [&str; 7] =
    ["connect", "delete", "disable-features", "enable-features", "troubleshoot", "update", "upgrade"];

/// With placeholders, where curl goes through a proxy of the run that requires authentication.
fn log_in_at_proxy(words: &mut [Word], flags: &[RunFlag]) {
    if !words.iter().any(|word| word.is("curl")) || words.iter().any(|word| word.is("--proxy-user")) {
        return;
    }
    let Some(behind) = words.iter().position(|word| word.is("--proxy")) else { return };
    let Some(proxy) = words.get_mut(behind + 1) else { return };
    let typed = flags.iter().filter(|flag| flag.name.contains("-proxy-http")).flat_map(|flag| &flag.value);
    if let Some(url) = typed.into_iter().find(|url| url.replacen(CREDENTIALS, "", 1) == proxy.as_str()) {
        *proxy = url.as_str().into();
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
            Self::Open(Placeholder::Proxy) => "URL",
            Self::Open(Placeholder::SkipRange) => "RANGE",
            Self::Open(Placeholder::Namespace) => "NAMESPACE",
        }
    }

    fn fill(&mut self, scope: &CommandScope<'_>) {
        let value = match self {
            Self::Known(_) => None,
            Self::Open(Placeholder::Region) => scope.region,
            Self::Open(Placeholder::ClusterName) => scope.cluster_name,
            Self::Open(Placeholder::ResourceGroup) => scope.resource_group,
            Self::Open(Placeholder::Proxy) => scope.find_proxy(),
            Self::Open(Placeholder::SkipRange) => scope.find_value("--proxy-skip-range"),
            Self::Open(Placeholder::Namespace) => scope.find_value("--namespace").or(scope.namespace),
        };
        if let Some(value) = value {
            *self = value.into();
        }
        if let Self::Known(image) = self
            && let Some(repository) = image.strip_suffix(":VERSION")
        {
            *image = format!("{repository}:{}", env!("CARGO_PKG_VERSION"));
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
        "URL" if follows(&["--proxy-https", "--proxy-http", "--node-proxy-https"]) => {
            Word::Open(Placeholder::Proxy)
        }
        "RANGE" if follows(&["--proxy-skip-range"]) => Word::Open(Placeholder::SkipRange),
        "NAMESPACE" if follows(&["-n", "--namespace", "namespace"]) => Word::Open(Placeholder::Namespace),
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
    fn a_value_stays_one_word_of_the_shell() {
        let table = [
            (
                "ACCOUNT",
                "a; reboot",
                "oc adm policy -n NAMESPACE x system:serviceaccount:ns:ACCOUNT",
                "oc adm policy -n NAMESPACE x 'system:serviceaccount:ns:a; reboot'",
            ),
            ("NAMESPACE", "a", "kubectl get pods -n NAMESPACE", "kubectl get pods -n a"),
        ];
        for (name, value, typed, filled) in table {
            let mut command: Command = typed.parse().unwrap();
            command.put_value(name, value);
            assert_eq!(command.to_string(), filled);
        }
    }

    #[test]
    fn commands_are_written_for_each_shell() {
        let table = [
            (
                "curl -v --proxy http://p:1 https://a/",
                "curl.exe -v --proxy http://p:1 https://a/",
                "curl -v --proxy http://p:1 https://a/",
            ),
            (
                "dig @192.0.2.1 -p 5353 a.example",
                "nslookup -port=5353 a.example 192.0.2.1",
                "nslookup -port=5353 a.example 192.0.2.1",
            ),
            (
                "nc -vz -w 5 a.example 443",
                "Test-NetConnection a.example -Port 443",
                "curl -v telnet://a.example:443",
            ),
            (
                "kubectl get crd | grep -E '(arc|flux)'",
                "kubectl get crd | Select-String '(arc|flux)'",
                "kubectl get crd | grep -E \"(arc|flux)\"",
            ),
            (
                "openssl s_client -connect a:443 </dev/null",
                "$null | openssl s_client -connect a:443",
                "openssl s_client -connect a:443 <NUL",
            ),
            (
                "arcprobe check --from pod,node  # later",
                "arcprobe check --from 'pod,node'  # later",
                "arcprobe check --from pod,node & rem later",
            ),
            (
                "kubectl run t -- curl https://a/",
                "kubectl run t -- curl https://a/",
                "kubectl run t -- curl https://a/",
            ),
            ("export A=1 B='x y'", "$env:A = '1'; $env:B = 'x y'", "set \"A=1\" & set \"B=x y\""),
        ];
        for (bash, powershell, cmd) in table {
            let command: Command = bash.parse().unwrap();
            assert_eq!(command.to_string(), bash);
            assert_eq!([Shell::PowerShell, Shell::Cmd].map(|shell| command.render(shell)), [powershell, cmd]);
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
        let flags = [
            RunFlag::new("--cloud", "AzureUSGovernment"),
            RunFlag::new("--kube-context", "a b"),
            RunFlag::new("--proxy-https", "http://USER:PASSWORD@proxy:3128"),
            RunFlag::new("--set", "vault=x"),
        ];
        let connect = [
            RunFlag::new("--proxy-https", "http://found:3128"),
            RunFlag::new("--proxy-skip-range", "10.96.0.0/12,.svc"),
        ];
        let scope = CommandScope {
            region: Some("eastus"),
            cluster_name: Some("a b"),
            flags: &flags,
            connect: &connect,
            namespace: Some("probes"),
            ..CommandScope::default()
        };
        let table = [
            (
                "arcprobe check -l REGION",
                "arcprobe check -l eastus --cloud AzureUSGovernment --proxy-https http://USER:PASSWORD@proxy:3128 --set vault=x",
            ),
            (
                "arcprobe advise --proxy-https URL --proxy-skip-range RANGE",
                "arcprobe advise --proxy-https http://found:3128 --proxy-skip-range 10.96.0.0/12,.svc \
                 --cloud AzureUSGovernment --kube-context 'a b'",
            ),
            ("kubectl get pods -n NAMESPACE", "kubectl --context 'a b' get pods -n probes"),
            ("az connectedk8s show --name NAME", "az connectedk8s show --name 'a b'"),
            (
                "az connectedk8s connect --name NAME --resource-group GROUP --location REGION",
                "az connectedk8s connect --name 'a b' --resource-group GROUP --location eastus --kube-context 'a b'",
            ),
            (
                "curl -v --proxy http://proxy:3128 https://a.example/",
                "curl -v --proxy http://USER:PASSWORD@proxy:3128 https://a.example/",
            ),
            (
                "curl -v --proxy http://proxy:3128 --proxy-user USER https://a.example/",
                "curl -v --proxy http://proxy:3128 --proxy-user USER https://a.example/",
            ),
            ("curl -v --proxy http://other:3128 https://a/", "curl -v --proxy http://other:3128 https://a/"),
            ("crictl pull r/agent:VERSION", concat!("crictl pull r/agent:", env!("CARGO_PKG_VERSION"))),
            ("kubectl label REGION NAME", "kubectl --context 'a b' label REGION NAME"),
            ("arcprobe rbac | kubectl apply -f -", "arcprobe rbac | kubectl --context 'a b' apply -f -"),
        ];
        for (template, expected) in table {
            let mut command: Command = template.parse().unwrap();
            command.fill(&scope);
            assert_eq!(command.to_string(), expected);
            command.fill(&scope);
            assert_eq!(command.to_string(), expected, "filled twice");
        }
    }
}
