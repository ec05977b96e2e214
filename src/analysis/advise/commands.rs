//! The commands of `az`, with placeholders in capitals where only the user knows. No password is in them.

use super::AdviceInput;
use crate::model::networks::Role;
use crate::model::report::{Advice, AzCommand};
use crate::model::rules::Cloud;
use crate::model::scope::Connectivity;
use crate::model::shell::Shell;

/// `az connectedk8s connect`, with the cloud and the environment that `az` itself needs on this machine.
pub fn connect_command(known: &AdviceInput<'_>, skip_range: &str) -> AzCommand {
    let proxies = ProxyValues::new(known, skip_range);
    let region = known.region.unwrap_or("REGION");
    let script = Script {
        cloud: known.cloud.filter(|cloud| *cloud != Cloud::AzureCloud),
        variables: proxies.iter().flat_map(ProxyValues::variables).collect(),
        ca_bundle: known.proxy_cert.map(|file| file.display().to_string()),
        command: &format!("az connectedk8s connect --name NAME --resource-group GROUP --location {region}"),
        flags: flags(known, proxies.as_ref()).into_iter().chain(connect_flags(known)).collect(),
    };
    script.render_all()
}

/// `az connectedk8s update`, for a cluster that is connected already.
pub fn update_command(known: &AdviceInput<'_>, skip_range: &str) -> AzCommand {
    let script = Script {
        cloud: None,
        variables: Vec::new(),
        ca_bundle: None,
        command: "az connectedk8s update --name NAME --resource-group GROUP",
        flags: flags(known, ProxyValues::new(known, skip_range).as_ref()),
    };
    script.render_all()
}

/// The command to connect of a run that had no proxy, one line each, with what a proxy would add to it.
pub fn connect_through_proxy(advice: Option<&Advice>, proxy: &str) -> Vec<String> {
    let known =
        advice.and_then(|advice| advice.connect_command.as_ref()).map(|command| command.bash.as_str());
    let text =
        known.unwrap_or("az connectedk8s connect --name NAME --resource-group GROUP --location REGION");
    let continued = format!(" {}\n ", Shell::Bash.line_continuation());
    let mut lines: Vec<_> = text.replace(&continued, "").lines().map(str::to_owned).collect();
    if let Some(connect) = lines.last_mut().filter(|line| !line.contains(" --proxy-https ")) {
        let skip_range = Shell::Bash.quote(&propose_skip_range(advice));
        let flags = ["--proxy-https", proxy, "--proxy-http", proxy, "--proxy-skip-range", &skip_range];
        *connect = format!("{connect} {}", flags.join(" "));
    }
    lines
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

struct ProxyValues {
    https: String,
    http: String,
    skip_range: String,
}

impl ProxyValues {
    fn new(known: &AdviceInput<'_>, skip_range: &str) -> Option<Self> {
        let https = known.routes.https().map(|given| given.value.with_placeholders());
        let http = known.routes.http().map(|given| given.value.with_placeholders());
        let main = https.clone().or_else(|| http.clone())?;
        Some(Self {
            https: https.unwrap_or_else(|| main.clone()),
            http: http.unwrap_or(main),
            skip_range: choose_skip_range(known, skip_range),
        })
    }

    fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("HTTPS_PROXY", self.https.clone()),
            ("HTTP_PROXY", self.http.clone()),
            ("NO_PROXY", self.skip_range.clone()),
        ]
    }

    fn flags(&self) -> [(&'static str, String); 3] {
        [
            ("--proxy-https", self.https.clone()),
            ("--proxy-http", self.http.clone()),
            ("--proxy-skip-range", self.skip_range.clone()),
        ]
    }
}

/// `az` brings public roots of its own, reads no store of the system, and takes this file in place of its roots.
const CA_BUNDLE: &str = "REQUESTS_CA_BUNDLE";
const CA_BUNDLE_REMARK: &str =
    "az trusts nothing else then; where only some hosts are inspected, name a file with the public roots too";

/// What both commands take.
fn flags(known: &AdviceInput<'_>, proxies: Option<&ProxyValues>) -> Vec<(&'static str, String)> {
    let mut flags: Vec<_> = proxies.iter().flat_map(|proxies| proxies.flags()).collect();
    flags.extend(known.proxy_cert.map(|file| ("--proxy-cert", file.display().to_string())));
    for name in ["--kube-config", "--kube-context"] {
        let typed = known.flags.iter().find(|flag| flag.name == name);
        flags.extend(typed.and_then(|flag| Some((name, flag.value.clone()?))));
    }
    flags
}

/// How the cluster reaches Azure, and what has to be on from the start (learn.microsoft.com: "Private link", "Arc gateway",
/// "Workload identity federation", each for Arc-enabled Kubernetes, read 2026-11).
fn connect_flags(known: &AdviceInput<'_>) -> Vec<(&'static str, String)> {
    let mut flags = Vec::new();
    match known.connectivity {
        Some(Connectivity::PrivateLink) => flags.extend([
            ("--enable-private-link", "true".to_owned()),
            ("--private-link-scope-resource-id", "SCOPE_ID".to_owned()),
        ]),
        Some(Connectivity::Gateway) => flags.push(("--gateway-resource-id", "GATEWAY_ID".to_owned())),
        Some(Connectivity::Direct | Connectivity::Proxy) | None => {}
    }
    if known.features.iter().any(|feature| feature == "workload-identity") {
        flags
            .extend(["--enable-oidc-issuer", "--enable-workload-identity"].map(|name| (name, String::new())));
    }
    flags
}

/// Lines for a shell, the last one with its flags in lines of their own.
struct Script<'a> {
    cloud: Option<Cloud>,
    variables: Vec<(&'static str, String)>,
    ca_bundle: Option<String>,
    command: &'a str,
    flags: Vec<(&'static str, String)>,
}

impl Script<'_> {
    fn render_all(&self) -> AzCommand {
        AzCommand {
            bash: self.render(Shell::Bash),
            powershell: self.render(Shell::PowerShell),
            cmd: self.render(Shell::Cmd),
        }
    }

    fn render(&self, shell: Shell) -> String {
        let cloud = self.cloud.iter().map(|cloud| format!("az cloud set --name {}\n", cloud.az_name()));
        let variables = self.variables.iter().map(|(name, value)| shell.set_variable(name, value) + "\n");
        let bundle = self.ca_bundle.iter();
        let bundle =
            bundle.map(|file| shell.set_variable(CA_BUNDLE, file) + &shell.comment(CA_BUNDLE_REMARK) + "\n");
        let flags = self.flags.iter().map(|(name, value)| {
            let value = if value.is_empty() { String::new() } else { format!(" {}", shell.quote(value)) };
            format!(" {}\n  {name}{value}", shell.line_continuation())
        });
        let head: String = cloud.chain(variables).chain(bundle).collect();
        head + self.command + &flags.collect::<String>()
    }
}
