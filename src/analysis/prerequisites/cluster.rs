//! The prerequisites that a cluster shows.

use super::{ItemOutcome, PrerequisiteInput};
use crate::analysis::nodes;
use crate::model::prerequisite_facts::{ClusterFacts, InstallationRemnants, NodeCapacity};
use crate::model::source::Source;
use crate::model::version::Version;

/// All of them.
pub(super) fn judge_cluster(cluster: &ClusterFacts, known: &PrerequisiteInput<'_>) -> Vec<ItemOutcome> {
    let mut outcomes = vec![
        judge_kubernetes_version(cluster, known),
        judge_nodes(cluster, known),
        judge_capacity(cluster, known),
        judge_permissions(cluster),
        judge_remnants(&cluster.remnants, cluster),
    ];
    outcomes.extend(judge_extensions(cluster, known));
    outcomes.extend(judge_managed_cluster(cluster));
    outcomes
}

fn judge_kubernetes_version(cluster: &ClusterFacts, known: &PrerequisiteInput<'_>) -> ItemOutcome {
    let support = &known.needs.kubernetes;
    let floor = support.oldest_supported();
    let least = format!("{}.{}", floor.major, floor.minor);
    let item = ItemOutcome::new(
        "kubernetes",
        "Kubernetes",
        format!("{least} or newer: the newest minor version and the two before are supported"),
    );
    let Some(installed) = &cluster.kubernetes else {
        return item.unverified("the API server does not report its version");
    };
    match Version::parse(installed) {
        Some(version) if version < floor => item.warning(installed, "arc_kubernetes_old"),
        Some(_) => item.met(installed),
        None => item.unverified(format!("{installed} is no version that is understood")),
    }
}

/// Nodes that can take the agents.
fn suitable_nodes<'a>(
    cluster: &'a ClusterFacts,
    known: &'a PrerequisiteInput<'_>,
) -> impl Iterator<Item = &'a NodeCapacity> {
    nodes::suitable_nodes(&cluster.nodes, &known.generation.architectures)
}

fn judge_nodes(cluster: &ClusterFacts, known: &PrerequisiteInput<'_>) -> ItemOutcome {
    let architectures = &known.generation.architectures;
    let wanted = if architectures.is_empty() {
        "a ready node with Linux".to_owned()
    } else {
        format!("a ready node with Linux on {}", architectures.join(" or "))
    };
    let item = ItemOutcome::new("nodes", "nodes", wanted);
    if let Some(why) = Source::Nodes.unread_reason(&cluster.unread) {
        return item.unverified(why);
    }
    let fit: Vec<_> = suitable_nodes(cluster, known).collect();
    let open = fit.iter().filter(|node| node.takes_pods).count();
    if fit.is_empty() {
        return item.unmet(nodes::describe_nodes(&cluster.nodes), "arc_no_linux_node");
    }
    if open == 0 {
        let names = fit.iter().take(5).map(|n| n.name.as_str()).collect::<Vec<_>>().join(", ");
        return item.unmet(format!("tainted or cordoned: {names}"), "arc_no_place");
    }
    item.met(nodes::count_suitable(open, cluster.nodes.len()))
}

fn judge_capacity(cluster: &ClusterFacts, known: &PrerequisiteInput<'_>) -> ItemOutcome {
    let (memory, cpu) = (known.generation.memory_mb, known.generation.cpu_millis);
    let wanted = match (memory, cpu) {
        (Some(memory), Some(cpu)) => format!("{memory} MB of memory and {cpu} m of CPU"),
        _ => "not stated by this generation of the requirements".to_owned(),
    };
    let item = ItemOutcome::new("capacity", "free capacity", wanted);
    if let Some(why) = first_unread(cluster, &[Source::Nodes, Source::PodRequests]) {
        return item.unverified(why);
    }
    let open: Vec<_> = suitable_nodes(cluster, known).filter(|node| node.takes_pods).collect();
    let sum = |free: fn(&NodeCapacity) -> Option<i64>| {
        open.iter().filter_map(|node| free(node)).map(|n| n.max(0)).fold(0_i64, i64::saturating_add)
    };
    if open.iter().all(|node| node.free_memory_bytes.is_none()) {
        return item.unverified("no node that can take the agents reports its capacity");
    }
    let free_memory = sum(|n| n.free_memory_bytes) / 1_000_000;
    let free_cpu = sum(|n| n.free_cpu_millis);
    let found = format!("{free_memory} MB and {free_cpu} m that no pod has asked for");
    if memory.is_some_and(|m| free_memory < m) || cpu.is_some_and(|c| free_cpu < c) {
        return item.unmet(found, "arc_no_room");
    }
    item.met(found)
}

fn judge_permissions(cluster: &ClusterFacts) -> ItemOutcome {
    let item = ItemOutcome::new("permissions", "permissions", "cluster-admin, to install the agents");
    match &cluster.permissions {
        None => item.unverified(
            Source::Permissions.unread_reason(&cluster.unread).unwrap_or("they could not be asked for"),
        ),
        Some(rights) if rights.is_admin => item.met("the user of the kubeconfig may do everything"),
        Some(rights) if rights.missing.is_empty() => {
            item.warning("not everything is allowed, but each of what is known to be needed", "arc_not_admin")
        }
        Some(rights) => {
            item.unmet(format!("the user may not {}", rights.missing.join("; nor ")), "arc_onboarding_rights")
        }
    }
}

fn judge_remnants(traces: &InstallationRemnants, cluster: &ClusterFacts) -> ItemOutcome {
    let item = ItemOutcome::new("remnants", "earlier agents", "none, or a whole installation");
    if let Some(why) = first_unread(cluster, &[Source::ArcNamespace, Source::ArcDeployments]) {
        return item.unverified(why);
    }
    if traces.deployments == 0
        && let Some(seconds) = traces.newest_s.filter(|s| *s < IN_PROGRESS_S)
    {
        return item.unverified(format!(
            "something was installed or deleted {seconds} s ago and may be on its way; look again"
        ));
    }
    if traces.namespace.as_deref() == Some("Terminating") {
        return item.unmet("the namespace azure-arc is Terminating", "arc_terminating");
    }
    let names = |wanted: &str| -> Vec<&str> {
        let is = |name: &&String| name.split('/').nth(1).is_some_and(|n| n.starts_with(wanted));
        traces.releases.iter().filter(is).map(String::as_str).collect()
    };
    let checks = names("sh.helm.release.v1.cluster-diagnostic-checks.");
    if !checks.is_empty() {
        let found = format!("a release of the checks before connecting was left: {}", checks.join(", "));
        return item.unmet(found, "arc_checks_left");
    }
    if traces.deployments > 0 {
        let whose = traces.resource.as_deref().map(|r| format!(", as {r}")).unwrap_or_default();
        let number = match traces.deployments {
            1 => "1 Deployment".to_owned(),
            n => format!("{n} Deployments"),
        };
        return item.met(format!("the agents are installed: {number}{whose}"));
    }
    let releases = names("sh.helm.release.v1.azure-arc.");
    if !releases.is_empty() {
        return item.unmet(format!("a release without agents: {}", releases.join(", ")), "arc_leftovers");
    }
    let mut left = Vec::new();
    left.extend(traces.namespace.as_ref().map(|_| "the namespace azure-arc".to_owned()));
    if let Some(first) = traces.definitions.first() {
        left.push(format!("{} custom resource definitions, such as {first}", traces.definitions.len()));
    }
    match (left.is_empty(), traces.unread.first()) {
        (false, _) => item.warning(left.join("; "), "arc_leftovers_harmless"),
        (true, Some(unread)) => item.unverified(format!("{}: {}", unread.source, unread.why)),
        (true, None) => item.met("none"),
    }
}

/// Extensions run on amd64 only, but for Flux; asked for where one is wanted.
fn judge_extensions(cluster: &ClusterFacts, known: &PrerequisiteInput<'_>) -> Option<ItemOutcome> {
    let wanted: Vec<_> = known.wanted.features.iter().filter(|f| f.starts_with("ext-")).collect();
    let fit: Vec<_> = suitable_nodes(cluster, known).collect();
    if wanted.is_empty() || fit.is_empty() {
        return None;
    }
    let item = ItemOutcome::new(
        "extensions",
        "extensions",
        "a ready node with Linux on amd64, but for Flux".to_owned(),
    );
    Some(if fit.iter().any(|n| n.architecture == "amd64") {
        item.met("there is such a node")
    } else {
        let names = wanted.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", ");
        item.warning(format!("no node is amd64, and {names} asked for"), "arc_extensions_arch")
    })
}

/// A cluster that Azure runs itself.
fn judge_managed_cluster(cluster: &ClusterFacts) -> Option<ItemOutcome> {
    let node = cluster.nodes.iter().find(|node| node.is_aks)?;
    let item = ItemOutcome::new("managed", "kind of cluster", "a cluster outside of Azure");
    Some(item.warning(format!("{} is a node of Azure Kubernetes Service", node.name), "arc_aks"))
}

/// Installing and deleting takes minutes; what is younger may be on its way.
const IN_PROGRESS_S: i64 = 600;

fn first_unread<'a>(cluster: &'a ClusterFacts, sources: &[Source]) -> Option<&'a str> {
    sources.iter().find_map(|source| source.unread_reason(&cluster.unread))
}
