//! The commands of `az`, with placeholders in capitals where only the user knows. No password is in them.

use super::AdviceInput;
use super::skip_range_problems::harmful_entries;
use crate::model::command::{Command, Instruction};
use crate::model::networks::Role;
use crate::model::report::{Advice, AzCommand};
use crate::model::rules::Cloud;
use crate::model::run_flags::RunFlag;
use crate::model::scope::Connectivity;
use crate::model::shell::Shell;
use crate::proxy::{Origin, ProxyUrl};

/// `az connectedk8s connect`, with the cloud and the environment that `az` itself needs on this machine.
pub fn connect_command(known: &AdviceInput<'_>, skip_range: &str) -> AzCommand {
    let proxies = ProxyValues::new(known, skip_range);
    let script = Script {
        cloud: known.cloud.filter(|cloud| *cloud != Cloud::AzureCloud),
        variables: proxies.iter().flat_map(ProxyValues::variables).collect(),
        ca_bundle: known.proxy_cert.map(|file| file.display().to_string()),
        command: "connect",
    };
    let region = RunFlag::new("--location", known.region.unwrap_or("REGION"));
    let shared = shared_flags(known, proxies.as_ref());
    script.render_all(name_flags().chain([region]).chain(shared).chain(connect_flags(known)).collect())
}

/// `az connectedk8s update`, for a cluster that is connected already.
pub fn update_command(known: &AdviceInput<'_>, skip_range: &str) -> AzCommand {
    let script = Script { cloud: None, variables: Vec::new(), ca_bundle: None, command: "update" };
    let shared = shared_flags(known, ProxyValues::new(known, skip_range).as_ref());
    script.render_all(name_flags().chain(shared).collect())
}

/// The command to connect of a run that had no proxy, with what a proxy adds to it.
pub fn connect_through_proxy(advice: Option<&Advice>, cloud: Option<Cloud>, proxy: &str) -> Vec<Instruction> {
    let known = advice.and_then(|advice| advice.connect_command.as_ref());
    let mut flags = known.map_or_else(
        || name_flags().chain([RunFlag::new("--location", "REGION")]).collect(),
        |command| command.flags.clone(),
    );
    if !flags.iter().any(|flag| flag.name == "--proxy-https") {
        let skip_range = propose_skip_range(advice);
        flags.extend(proxy_flags(proxy, proxy, &skip_range));
    }
    let flags = flags.iter().flat_map(RunFlag::words);
    let words: Vec<_> = ["az", "connectedk8s", "connect"].into_iter().chain(flags).collect();
    let cloud = cloud.filter(|cloud| *cloud != Cloud::AzureCloud);
    let cloud = cloud.map(|cloud| Command::of(&["az", "cloud", "set", "--name", cloud.az_name()]));
    cloud.into_iter().chain([Command::of(&words)]).map(Instruction::Run).collect()
}

/// The cluster in Azure, with placeholders.
fn name_flags() -> impl Iterator<Item = RunFlag> {
    [RunFlag::new("--name", "NAME"), RunFlag::new("--resource-group", "GROUP")].into_iter()
}

/// What is known of the cluster, with placeholders for its networks where they are not.
fn propose_skip_range(advice: Option<&Advice>) -> String {
    let computed = advice.and_then(|advice| advice.skip_range.as_ref()).map(|range| range.value.as_str());
    let has_services = |advice: &Advice| advice.networks.iter().any(|n| n.role == Role::Services && n.counts);
    match computed {
        Some(computed) if advice.is_some_and(has_services) => computed.to_owned(),
        _ => format!("SERVICE_CIDR,POD_CIDR,{}", computed.unwrap_or(EVERY_CLUSTER)),
    }
}

/// What goes around the proxy in every cluster whose domain is not another one.
const EVERY_CLUSTER: &str = "kubernetes.default.svc,.svc,.svc.cluster.local";

/// What goes around the proxy: what was computed, or as long as the service range is not known what was given, else with
/// placeholders for the networks.
pub(super) fn choose_skip_range(known: &AdviceInput<'_>, computed: &str) -> String {
    if known.networks.effective_claims(Role::Services).next().is_some() {
        return computed.to_owned();
    }
    match known.routes.skip_range_to_judge() {
        Some(given) => given.value.value().to_owned(),
        None => format!("SERVICE_CIDR,POD_CIDR,{computed}"),
    }
}

/// What `az` on this machine gets, and what the agents get.
struct ProxyValues {
    here: [String; 2],
    cluster: [String; 2],
    skip_range: String,
    no_proxy: String,
}

impl ProxyValues {
    fn new(known: &AdviceInput<'_>, skip_range: &str) -> Option<Self> {
        let https = known.routes.https().or(known.routes.http())?;
        let http = known.routes.http().unwrap_or(https);
        let skip_range = choose_skip_range(known, skip_range);
        Some(Self {
            here: [&https.value, &http.value].map(ProxyUrl::with_placeholders),
            cluster: [&https.value, &http.value].map(ProxyUrl::for_cluster),
            no_proxy: keep_own_entries(known, &skip_range),
            skip_range,
        })
    }

    fn variables(&self) -> [(&'static str, String); 3] {
        let [https, http] = self.here.clone();
        [("HTTPS_PROXY", https), ("HTTP_PROXY", http), ("NO_PROXY", self.no_proxy.clone())]
    }

    fn flags(&self) -> [RunFlag; 3] {
        let [https, http] = &self.cluster;
        proxy_flags(https, http, &self.skip_range)
    }
}

fn proxy_flags(https: &str, http: &str, skip_range: &str) -> [RunFlag; 3] {
    [
        RunFlag::new("--proxy-https", https),
        RunFlag::new("--proxy-http", http),
        RunFlag::new("--proxy-skip-range", skip_range),
    ]
}

/// The variable takes the place of the user's own: what that has for this machine stays, but for what would send endpoints of
/// Azure around the proxy. Of a flag, which is about the cluster, only this machine's names stay.
fn keep_own_entries(known: &AdviceInput<'_>, skip_range: &str) -> String {
    let Some(given) = known.routes.skip_range_to_judge() else { return skip_range.to_owned() };
    let mut entries: Vec<&str> = skip_range.split(',').collect();
    let is_of_user = matches!(given.origin, Origin::Variable(_));
    let harmful = harmful_entries(known, &given.value);
    for entry in given.value.entries() {
        let is_harmful = || harmful.iter().any(|problem| problem.entry == entry.text);
        let stays = entry.is_this_machine() || (is_of_user && entry.is_usable() && !is_harmful());
        if stays && !entries.contains(&entry.text.as_str()) {
            entries.push(&entry.text);
        }
    }
    entries.join(",")
}

/// `az` brings public roots of its own, reads no store of the system, and takes this file in place of its roots.
const CA_BUNDLE: &str = "REQUESTS_CA_BUNDLE";
const CA_BUNDLE_REMARK: &str =
    "az trusts nothing else then; where only some hosts are inspected, name a file with the public roots too";

/// What both commands take.
fn shared_flags(known: &AdviceInput<'_>, proxies: Option<&ProxyValues>) -> Vec<RunFlag> {
    let mut flags: Vec<_> = proxies.iter().flat_map(|proxies| proxies.flags()).collect();
    flags.extend(known.proxy_cert.map(|file| RunFlag::new("--proxy-cert", file.display().to_string())));
    let is_cluster = |flag: &&RunFlag| ["--kube-config", "--kube-context"].contains(&flag.name.as_str());
    flags.extend(known.flags.iter().filter(is_cluster).cloned());
    flags
}

/// How the cluster reaches Azure, and what has to be on from the start (learn.microsoft.com: "Private link", "Arc gateway",
/// "Workload identity federation", each for Arc-enabled Kubernetes, read 2026-11).
fn connect_flags(known: &AdviceInput<'_>) -> Vec<RunFlag> {
    let mut flags = match known.connectivity {
        Some(Connectivity::PrivateLink) => vec![
            RunFlag::new("--enable-private-link", "true"),
            RunFlag::new("--private-link-scope-resource-id", "SCOPE_ID"),
        ],
        Some(Connectivity::Gateway) => vec![RunFlag::new("--gateway-resource-id", "GATEWAY_ID")],
        Some(Connectivity::Direct | Connectivity::Proxy) | None => Vec::new(),
    };
    if known.features.iter().any(|feature| feature == "workload-identity") {
        flags.extend(["--enable-oidc-issuer", "--enable-workload-identity"].map(RunFlag::switch));
    }
    flags
}

/// What is run before a command of `az connectedk8s`, and the command.
struct Script {
    cloud: Option<Cloud>,
    variables: Vec<(&'static str, String)>,
    ca_bundle: Option<String>,
    command: &'static str,
}

impl Script {
    fn render_all(&self, flags: Vec<RunFlag>) -> AzCommand {
        let [bash, powershell, cmd] =
            [Shell::Bash, Shell::PowerShell, Shell::Cmd].map(|shell| self.render(&flags, shell));
        AzCommand { bash, powershell, cmd, flags }
    }

    fn render(&self, flags: &[RunFlag], shell: Shell) -> String {
        let cloud = self.cloud.iter().map(|cloud| format!("az cloud set --name {}\n", cloud.az_name()));
        let variables = self.variables.iter().map(|(name, value)| shell.set_variable(name, value) + "\n");
        let bundle = self.ca_bundle.iter();
        let bundle =
            bundle.map(|file| shell.set_variable(CA_BUNDLE, file) + &shell.comment(CA_BUNDLE_REMARK) + "\n");
        let head: String = cloud.chain(variables).chain(bundle).collect();
        let flags = flags.iter().map(|flag| render_flag(flag, shell));
        format!("{head}az connectedk8s {}{}", self.command, flags.collect::<String>())
    }
}

/// What names the cluster stands behind the command, each other flag on a line of its own.
fn render_flag(flag: &RunFlag, shell: Shell) -> String {
    let words: Vec<_> = flag.words().map(|word| shell.quote(word)).collect();
    let gap = match flag.name.as_str() {
        "--name" | "--resource-group" | "--location" => " ".to_owned(),
        _ => format!(" {}\n  ", shell.line_continuation()),
    };
    gap + &words.join(" ")
}
