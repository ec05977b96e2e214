//! What was typed -> the flags that the commands of a report repeat. No password is in them.

use std::path::Path;
use std::time::Duration;

use crate::cli::args::{
    CheckArgs, ClusterArgs, ConnectionArgs, DEFAULT_CLOUD, DiagnoseArgs, KubeArgs, ProbeArgs, ProxyArgs,
    ProxyUrlArgs, ScopeArgs,
};
use crate::model::evidence::mark_user_info;
use crate::model::run_flags::{CREDENTIALS, RunFlag};
use crate::model::scope::Scope;
use crate::probe::settings::ConnectTo;
use crate::proxy::{ProxyUrl, Secret, SkipRange};

/// All of `check` that decides what is checked and how.
pub(super) fn list_flags(args: &CheckArgs, scope: &Scope) -> Vec<RunFlag> {
    let mut flags = vec![RunFlag::new("--location", scope.region.name.as_str())];
    flags.extend(list_scope_flags(&args.scope));
    let from = args.from.join(",");
    flags.extend((from != "workstation").then(|| RunFlag::new("--from", from)));
    flags.extend(switch("--all-vantages", args.all_vantages));
    flags.extend(switch("--no-discovery", args.no_discovery));
    flags.extend(list_shared_flags(&args.cluster, &args.proxy, &args.probe));
    flags.extend(args.waivers.iter().map(|file| file_flag("--waivers", file)));
    flags
}

/// All of `diagnose` that a check of the same cluster needs; its scope as it was typed or read from the agents.
pub(super) fn list_diagnose_flags(args: &DiagnoseArgs, scope: &ScopeArgs) -> Vec<RunFlag> {
    let region = scope.location.iter().map(|region| RunFlag::new("--location", region));
    let shared = list_shared_flags(&args.cluster, &args.proxy, &args.probe);
    region.chain(list_scope_flags(scope)).chain(shared).collect()
}

/// What `check` and `diagnose` have in common.
fn list_shared_flags(cluster: &ClusterArgs, proxy: &ProxyArgs, probe: &ProbeArgs) -> Vec<RunFlag> {
    let mut flags = list_cluster_flags(&cluster.kube);
    flags.extend(list_pod_flags(cluster));
    flags.extend(list_proxy_flags(&proxy.urls));
    flags.extend(switch("--no-cross-check", proxy.no_cross_check));
    flags.extend(list_connection_flags(&probe.connection));
    let timeout = Some(probe.timeout).filter(|timeout| *timeout != DEFAULT_TIMEOUT);
    flags.extend(timeout.map(|timeout| RunFlag::new("--timeout", format_duration(timeout))));
    flags.extend(probe.concurrency.map(|most| RunFlag::new("--concurrency", most.to_string())));
    flags.extend((probe.retries > 0).then(|| RunFlag::new("--retries", probe.retries.to_string())));
    flags
}

fn list_scope_flags(args: &ScopeArgs) -> Vec<RunFlag> {
    let mut flags = Vec::new();
    let cloud = args.cloud().to_owned();
    flags.extend((cloud != DEFAULT_CLOUD).then(|| RunFlag::new("--cloud", cloud)));
    let features = args.feature.join(",");
    flags.extend((!features.is_empty()).then(|| RunFlag::new("--feature", features)));
    flags.extend(args.connectivity.map(|way| RunFlag::new("--connectivity", way.as_str())));
    let gateway = args.gateway_url.iter();
    flags.extend(gateway.map(|id| RunFlag::new("--gateway-url", format!("https://{id}.gw.arc.azure.com"))));
    flags.extend(args.set.iter().map(|value| RunFlag::new("--set", hide_user(value))));
    let rules = &args.rules;
    flags.extend((rules.rule_set != "current").then(|| RunFlag::new("--rule-set", &rules.rule_set)));
    flags.extend(rules.rules.iter().map(|file| file_flag("--rules", file)));
    flags.extend(switch("--no-builtin-rules", rules.no_builtin_rules));
    flags
}

/// Which cluster.
pub(super) fn list_cluster_flags(args: &KubeArgs) -> Vec<RunFlag> {
    let file = args.kube_config.iter().map(|file| file_flag("--kube-config", file));
    let context = args.kube_context.iter().map(|name| RunFlag::new("--kube-context", name));
    let namespace = args.namespace.iter().map(|name| RunFlag::new("--namespace", name));
    file.chain(context).chain(namespace).collect()
}

fn list_pod_flags(args: &ClusterArgs) -> Vec<RunFlag> {
    let mut flags: Vec<_> = args.node.iter().map(|name| RunFlag::new("--node", name)).collect();
    flags.extend(switch("--every-node", args.every_node));
    flags.extend(args.image.iter().map(|image| RunFlag::new("--image", image)));
    flags.extend(args.agent_binary.iter().map(|file| file_flag("--agent-binary", file)));
    flags.extend(switch("--read-secrets", args.read_secrets));
    flags.extend(proxy_flag("--node-proxy-https", args.node_proxy_https.as_ref()));
    flags.extend(range_flag("--node-proxy-skip-range", args.node_proxy_skip_range.as_ref()));
    flags
}

fn list_proxy_flags(args: &ProxyUrlArgs) -> Vec<RunFlag> {
    let https = proxy_flag("--proxy-https", args.proxy_https.as_ref());
    let http = proxy_flag("--proxy-http", args.proxy_http.as_ref());
    let range = range_flag("--proxy-skip-range", args.proxy_skip_range.as_ref());
    https.into_iter().chain(http).chain(range).chain(switch("--no-proxy", args.no_proxy)).collect()
}

fn list_connection_flags(args: &ConnectionArgs) -> Vec<RunFlag> {
    let resolvers = args.resolver.iter().map(|server| RunFlag::new("--resolver", server.to_string()));
    let diversions = args.connect_to.iter().map(|to| RunFlag::new("--connect-to", describe_diversion(to)));
    let roots = args.public_roots.iter().map(|file| file_flag("--public-roots", file));
    let given = args.proxy_cert.iter().map(|file| file_flag("--proxy-cert", file));
    resolvers.chain(diversions).chain(roots).chain(given).collect()
}

fn describe_diversion(to: &ConnectTo) -> String {
    let host = |host: &Option<String>| match host.as_deref() {
        Some(address) if address.contains(':') => format!("[{address}]"),
        host => host.unwrap_or_default().to_owned(),
    };
    let port = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
    [host(&to.host), port(to.port), host(&to.to_host), port(to.to_port)].join(":")
}

fn switch(name: &str, is_on: bool) -> Option<RunFlag> {
    is_on.then(|| RunFlag::switch(name))
}

fn file_flag(name: &str, file: &Path) -> RunFlag {
    RunFlag::new(name, file.display().to_string())
}

fn proxy_flag(name: &str, url: Option<&Secret>) -> Option<RunFlag> {
    let (url, _) = ProxyUrl::parse(url?.reveal()).ok()?;
    Some(RunFlag::new(name, url.with_placeholders()))
}

fn range_flag(name: &str, range: Option<&Secret>) -> Option<RunFlag> {
    let range = SkipRange::parse(range?.reveal());
    (!range.value().is_empty()).then(|| RunFlag::new(name, range.value()))
}

/// In the largest unit that is exact, as people type it.
fn format_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let exact = UNITS.iter().find(|(size, _)| nanoseconds.is_multiple_of(*size));
    exact.map_or_else(String::new, |(size, unit)| format!("{}{unit}", nanoseconds / size))
}

const UNITS: [(u128, &str); 6] = [
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];

/// Of `NAME=VALUE`.
fn hide_user(text: &str) -> String {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    mark_user_info(value, CREDENTIALS).map_or_else(|| text.to_owned(), |value| format!("{name}={value}"))
}

/// As `--timeout` has it by itself.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_repeated_in_its_shortest_exact_form() {
        let table = [
            (1_000, "1s"),
            (1_500, "1500ms"),
            (90_000, "90s"),
            (120_000, "2m"),
            (3_600_000, "1h"),
            (1, "1ms"),
        ];
        for (milliseconds, expected) in table {
            assert_eq!(format_duration(Duration::from_millis(milliseconds)), expected);
        }
        assert_eq!(format_duration(Duration::from_micros(1_500)), "1500us");
    }
}
