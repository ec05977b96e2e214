use std::sync::LazyLock;

use super::*;
use crate::model::faults::FaultCatalogue;
use crate::model::finding::Severity;
use crate::model::networks::UnreadSource;
use crate::model::prerequisite_facts::{
    ClusterFacts, InstallationRemnants, NodeCapacity, Permissions, Program, Provider, WorkstationTools,
};
use crate::model::scope::Connectivity;
use crate::model::source::Source;
use crate::rules;

/// Its hundreds of patterns take long to compile, so once for all rows of all tests.
static CATALOGUE: LazyLock<FaultCatalogue> = LazyLock::new(|| rules::faults::load_builtin().unwrap());

fn node(name: &str) -> NodeCapacity {
    NodeCapacity {
        name: name.into(),
        os: "linux".into(),
        architecture: "amd64".into(),
        is_ready: true,
        takes_pods: true,
        is_aks: false,
        free_cpu_millis: Some(500),
        free_memory_bytes: Some(2_000_000_000),
    }
}

fn program(version: &str) -> Program {
    Program { version: Some(version.into()), ..Program::default() }
}

/// A cluster and a workstation that lack nothing.
fn complete_facts() -> PrerequisiteFacts {
    let provider = |name: &str| Provider { name: name.into(), state: Some("Registered".into()), why: None };
    PrerequisiteFacts {
        cluster: Fetched::Read(ClusterFacts {
            context: "edge".into(),
            server: "https://api:6443".into(),
            kubernetes: Some("v1.36.1+k3s1".into()),
            nodes: vec![node("a"), node("b")],
            permissions: Some(Permissions { is_admin: true, missing: Vec::new() }),
            ..ClusterFacts::default()
        }),
        tools: Some(WorkstationTools {
            az: program("2.70.0"),
            connectedk8s: program("1.10.7"),
            login: Some(Ok("AzureCloud".into())),
            providers: ["Kubernetes", "KubernetesConfiguration", "ExtendedLocation", "HybridCompute"]
                .map(|name| provider(&format!("Microsoft.{name}")))
                .into(),
            ..WorkstationTools::default()
        }),
    }
}

fn judge_with(
    facts: &PrerequisiteFacts,
    rule_set: &str,
    connectivity: Connectivity,
    features: &[&str],
) -> PrerequisiteResults {
    judge_in("AzureCloud", facts, rule_set, connectivity, features, "2026-11-30T00:00:00Z")
}

fn judge_in(
    cloud: &str,
    facts: &PrerequisiteFacts,
    rule_set: &str,
    connectivity: Connectivity,
    features: &[&str],
    now: &str,
) -> PrerequisiteResults {
    let needs = rules::prerequisites::load_builtin().unwrap();
    let features: Vec<_> = features.iter().map(|&f| f.to_owned()).collect();
    judge_prerequisites(&PrerequisiteInput {
        facts,
        needs: &needs,
        generation: needs.generation_for(rule_set).unwrap(),
        wanted: OnboardingTarget { features: &features, connectivity, cloud },
        catalogue: &CATALOGUE,
        now: now.parse().unwrap(),
    })
}

fn judge_default(facts: &PrerequisiteFacts) -> PrerequisiteResults {
    judge_with(facts, "current", Connectivity::Direct, &[])
}

/// What is not met: the word of the item and that of the finding.
fn open_items(judged: &PrerequisiteResults) -> Vec<(&str, PrerequisiteVerdict, &str)> {
    let is_met = |item: &&Prerequisite| item.verdict == PrerequisiteVerdict::Met;
    let summarize = |item: &'_ Prerequisite| -> (String, PrerequisiteVerdict, String) {
        (item.id.clone(), item.verdict, item.finding.clone().unwrap_or_default())
    };
    let all: Vec<_> = judged.items.iter().filter(|item| !is_met(item)).collect();
    for item in &all {
        let (_, verdict, finding) = summarize(item);
        let found = judged.findings.iter().find(|f| f.id == finding);
        match verdict {
            PrerequisiteVerdict::Unmet => assert_eq!(found.unwrap().severity, Severity::Blocking, "{item:?}"),
            PrerequisiteVerdict::Warning => {
                assert_eq!(found.unwrap().severity, Severity::Warning, "{item:?}");
            }
            _ => assert!(found.is_none_or(|f| f.severity == Severity::Warning), "{item:?}"),
        }
    }
    all.into_iter().map(|i| (i.id.as_str(), i.verdict, i.finding.as_deref().unwrap_or_default())).collect()
}

use PrerequisiteVerdict::{Unmet, Unverified, Warning};

fn missing_program() -> Program {
    Program { version: None, why: Some("it is not there".into()), is_missing: true }
}

#[test]
fn a_good_cluster_and_workstation_lack_nothing() {
    let judged = judge_default(&complete_facts());
    assert_eq!((open_items(&judged), judged.findings.len()), (Vec::new(), 0), "{judged:#?}");
    assert!(judged.items.len() >= 10);
}

/// A name, what is different in the cluster, and what lacks then.
type ClusterCase<'a> = (&'a str, fn(&mut ClusterFacts), (&'a str, PrerequisiteVerdict, &'a str));

#[test]
fn each_missing_cluster_prerequisite_has_its_own_finding() {
    let table: Vec<ClusterCase<'_>> = vec![
        ("old", |c| c.kubernetes = Some("v1.20.2".into()), ("kubernetes", Warning, "arc_kubernetes_old")),
        ("no version", |c| c.kubernetes = None, ("kubernetes", Unverified, "")),
        (
            "just begun",
            |c| {
                c.remnants = InstallationRemnants {
                    namespace: Some("Active".into()),
                    newest_s: Some(30),
                    ..InstallationRemnants::default()
                }
            },
            ("remnants", Unverified, ""),
        ),
        (
            "releases unread",
            |c| c.remnants.unread = vec![UnreadSource { source: "releases".into(), why: "forbidden".into() }],
            ("remnants", Unverified, ""),
        ),
        (
            "windows only",
            |c| c.nodes.iter_mut().for_each(|n| n.os = "windows".into()),
            ("nodes", Unmet, "arc_no_linux_node"),
        ),
        (
            "not ready",
            |c| c.nodes.iter_mut().for_each(|n| n.is_ready = false),
            ("nodes", Unmet, "arc_no_linux_node"),
        ),
        (
            "riscv",
            |c| c.nodes.iter_mut().for_each(|n| n.architecture = "riscv64".into()),
            ("nodes", Unmet, "arc_no_linux_node"),
        ),
        (
            "tainted",
            |c| c.nodes.iter_mut().for_each(|n| n.takes_pods = false),
            ("nodes", Unmet, "arc_no_place"),
        ),
        (
            "little memory",
            |c| c.nodes.iter_mut().for_each(|n| n.free_memory_bytes = Some(400_000_000)),
            ("capacity", Unmet, "arc_no_room"),
        ),
        (
            "overcommitted",
            |c| c.nodes.iter_mut().for_each(|n| n.free_cpu_millis = Some(-500)),
            ("capacity", Unmet, "arc_no_room"),
        ),
        (
            "no rights",
            |c| {
                c.permissions =
                    Some(Permissions { is_admin: false, missing: vec!["create namespaces".into()] });
            },
            ("permissions", Unmet, "arc_onboarding_rights"),
        ),
        (
            "no admin",
            |c| c.permissions = Some(Permissions::default()),
            ("permissions", Warning, "arc_not_admin"),
        ),
        ("rights unknown", |c| c.permissions = None, ("permissions", Unverified, "")),
        (
            "terminating",
            |c| c.remnants.namespace = Some("Terminating".into()),
            ("remnants", Unmet, "arc_terminating"),
        ),
        (
            "checks left",
            |c| {
                c.remnants.releases =
                    vec!["azure-arc-release/sh.helm.release.v1.cluster-diagnostic-checks.v1".into()];
            },
            ("remnants", Unmet, "arc_checks_left"),
        ),
        (
            "release left",
            |c| c.remnants.releases = vec!["default/sh.helm.release.v1.azure-arc.v3".into()],
            ("remnants", Unmet, "arc_leftovers"),
        ),
        (
            "definitions left",
            |c| c.remnants.definitions = vec!["connectedclusters.arc.azure.com".into()],
            ("remnants", Warning, "arc_leftovers_harmless"),
        ),
        ("aks", |c| c.nodes[0].is_aks = true, ("managed", Warning, "arc_aks")),
    ];
    for (name, change, expected) in table {
        let mut facts = complete_facts();
        let Fetched::Read(cluster) = &mut facts.cluster else { unreachable!() };
        change(cluster);
        let judged = judge_default(&facts);
        let lacks = open_items(&judged);
        assert!(lacks.contains(&expected), "{name}: {lacks:?}");
        // nodes that take nothing have no room either: that is no second cause
        let others: Vec<_> = lacks.iter().filter(|l| **l != expected && l.1 != Unverified).collect();
        assert!(others.is_empty(), "{name}: {others:?}");
    }
}

#[test]
fn a_complete_installation_is_not_a_remnant() {
    let mut facts = complete_facts();
    let Fetched::Read(cluster) = &mut facts.cluster else { unreachable!() };
    cluster.remnants = InstallationRemnants {
        namespace: Some("Active".into()),
        deployments: 12,
        resource: Some("/subscriptions/s/x".into()),
        releases: vec!["azure-arc-release/sh.helm.release.v1.azure-arc.v1".into()],
        definitions: vec!["connectedclusters.arc.azure.com".into()],
        ..InstallationRemnants::default()
    };
    let judged = judge_default(&facts);
    assert!(open_items(&judged).is_empty(), "{judged:#?}");
    let item = judged.items.iter().find(|i| i.id == "remnants").unwrap();
    assert_eq!(item.found, "the agents are installed: 12 Deployments, as /subscriptions/s/x");
}

/// A generation and a way, what is different on the workstation, and what lacks then.
type WorkstationCase<'a> = (
    (&'a str, Connectivity),
    &'a dyn Fn(&mut WorkstationTools),
    Option<(&'a str, PrerequisiteVerdict, &'a str)>,
);

#[test]
fn each_missing_workstation_prerequisite_has_its_own_finding() {
    let current = ("current", Connectivity::Direct);
    let gateway = ("current", Connectivity::Gateway);
    let table: Vec<WorkstationCase<'_>> = vec![
        (
            current,
            &|t| t.connectedk8s = missing_program(),
            Some(("connectedk8s", Warning, "arc_az_extension")),
        ),
        (
            current,
            &|t| t.connectedk8s = program("0.2.3"),
            Some(("connectedk8s", Warning, "arc_az_extension")),
        ),
        (
            current,
            &|t| t.connectedk8s = program("1.10.5"),
            Some(("connectedk8s", Warning, "arc_az_extension")),
        ),
        (current, &|t| t.connectedk8s = program("1.10.9"), None),
        (current, &|t| t.az = program("2.2.0"), Some(("az", Warning, "arc_az"))),
        (
            gateway,
            &|t| t.connectedk8s = program("1.9.3"),
            Some(("connectedk8s", Warning, "arc_az_extension")),
        ),
        (("2024-10", Connectivity::PrivateLink), &|t| t.connectedk8s = program("1.3.0"), None),
        (("2021-09", Connectivity::Direct), &|t| t.az = program("2.30.0"), Some(("az", Warning, "arc_az"))),
        (
            ("2022-12", Connectivity::Direct),
            &|t| t.helm = program("v3.7.0"),
            Some(("helm", Warning, "arc_helm")),
        ),
        (("2022-12", Connectivity::Direct), &|t| t.helm = program("v3.6.3+gd506314"), None),
        (current, &|t| t.helm = program("v3.20.1"), None),
        (
            ("2020-10", Connectivity::Proxy),
            &|t| t.connectedk8s = program("0.2.4"),
            Some(("connectedk8s", Warning, "arc_az_extension")),
        ),
        (current, &|t| t.az = program("unknown"), Some(("az", Unverified, ""))),
        (
            current,
            &|t| t.login = Some(Ok("AzureUSGovernment".into())),
            Some(("login", Warning, "arc_az_cloud")),
        ),
        (current, &|t| t.login = Some(Err("not logged in".into())), Some(("login", Unverified, ""))),
        (
            current,
            &|t| t.providers[0].state = Some("NotRegistered".into()),
            Some(("providers", Unmet, "arc_provider")),
        ),
        (current, &|t| t.providers[0].state = Some("registering".into()), None),
        (current, &|t| t.providers[3].state = Some("NotRegistered".into()), None),
        (
            gateway,
            &|t| t.providers[3].state = Some("NotRegistered".into()),
            Some(("providers", Unmet, "arc_provider")),
        ),
        (current, &|t| t.providers.clear(), Some(("providers", Unverified, ""))),
        (current, &|t| t.providers[0].state = Some("[1,2,3]".into()), Some(("providers", Unverified, ""))),
        (current, &|t| t.providers[0].state = None, Some(("providers", Unverified, ""))),
    ];
    for (row, ((rule_set, connectivity), change, expected)) in table.into_iter().enumerate() {
        let mut facts = complete_facts();
        // the versions of good() are those of today; older generations are asked with what fits them
        if rule_set != "current" {
            let tools = facts.tools.as_mut().unwrap();
            tools.az = program("2.20.0");
            tools.helm = program("3.6.3");
            let Fetched::Read(cluster) = &mut facts.cluster else { unreachable!() };
            cluster.kubernetes = Some("v1.36.0".into());
        }
        change(facts.tools.as_mut().unwrap());
        let judged = judge_with(&facts, rule_set, connectivity, &[]);
        assert_eq!(open_items(&judged), expected.into_iter().collect::<Vec<_>>(), "row {row}");
    }
}

/// Versions of the extension and of Helm that are known not to work, by cloud and by what is beside them.
#[test]
fn known_broken_versions_are_named_with_their_source() {
    let (public, government, china) = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud");
    let table = [
        (public, "current", "1.10.9", "3.20.1", None),
        (government, "current", "1.10.7", "3.20.1", None),
        (government, "current", "1.10.8", "3.20.1", Some("1.10.8, which asks mcr.microsoft.us")),
        (china, "current", "1.10.10", "3.20.1", Some("1.10.10, which asks mcr.microsoft.us")),
        (china, "current", "1.10.11", "3.20.1", None),
        (public, "2021-02", "1.1.10", "v3.7.0", Some("v3.7.0, which has no `helm chart`")),
        (public, "2021-02", "1.1.10", "v3.6.3", None),
        (public, "2021-02", "1.2.0", "v3.7.0", None),
    ];
    for (cloud, rule_set, extension, helm, expected) in table {
        let mut facts = complete_facts();
        let tools = facts.tools.as_mut().unwrap();
        (tools.connectedk8s, tools.helm) = (program(extension), program(helm));
        tools.login = Some(Ok(cloud.into()));
        let judged = judge_in(cloud, &facts, rule_set, Connectivity::Direct, &[], "2026-11-30T00:00:00Z");
        let found: Vec<_> = judged.items.iter().map(|item| item.found.as_str()).collect();
        let is_named =
            |text: &str| found.iter().any(|f| f.starts_with(text) && f.contains("https://github.com/"));
        assert!(expected.is_none_or(is_named), "{extension} {helm}: {found:#?}");
        assert_eq!(
            open_items(&judged).len(),
            usize::from(expected.is_some()),
            "{extension} {helm}: {judged:#?}"
        );
    }
}

/// Data of versions ages by itself, and says so: which is no gap of the cluster.
#[test]
fn old_rules_say_so() {
    let judge = |now| judge_in("AzureCloud", &complete_facts(), "current", Connectivity::Direct, &[], now);
    let late = judge("2027-09-01T00:00:00Z");
    assert_eq!(open_items(&late), [("rules", Unverified, "")]);
    assert!(late.items.last().unwrap().is_workstation);
    assert!(open_items(&judge("2026-12-24T00:00:00Z")).is_empty());
}

#[test]
fn only_what_is_not_registered_is_to_be_registered() {
    let mut facts = complete_facts();
    let tools = facts.tools.as_mut().unwrap();
    for provider in &mut tools.providers {
        provider.state = Some("NotRegistered".into());
    }
    let gateway = judge_with(&facts, "current", Connectivity::Gateway, &[]);
    let names = ["Kubernetes", "KubernetesConfiguration", "HybridCompute"];
    let commands = names.map(|name| format!("az provider register --namespace Microsoft.{name}"));
    assert_eq!(gateway.findings[0].remedy.lines(), commands);
}

#[test]
fn an_extension_without_az_is_no_second_cause() {
    let mut facts = complete_facts();
    let tools = facts.tools.as_mut().unwrap();
    (tools.az, tools.connectedk8s) = (missing_program(), missing_program());
    assert_eq!(
        open_items(&judge_default(&facts)),
        [("az", Warning, "arc_az"), ("connectedk8s", Unverified, "")]
    );
    // one that is there and fails is not missing
    facts.tools.as_mut().unwrap().az.is_missing = false;
    assert_eq!(
        open_items(&judge_default(&facts)),
        [("az", Unverified, ""), ("connectedk8s", Unverified, "")]
    );
}

#[test]
fn extensions_need_a_node_that_they_run_on() {
    let mut facts = complete_facts();
    let Fetched::Read(cluster) = &mut facts.cluster else { unreachable!() };
    cluster.nodes.iter_mut().for_each(|n| n.architecture = "arm64".into());
    assert!(open_items(&judge_default(&facts)).is_empty());
    let with = judge_with(&facts, "current", Connectivity::Direct, &["ext-defender"]);
    assert_eq!(open_items(&with), [("extensions", Warning, "arc_extensions_arch")]);
    // arm64 came with a later generation
    let before = judge_with(&facts, "2022-12", Connectivity::Direct, &[]);
    assert!(open_items(&before).contains(&("nodes", Unmet, "arc_no_linux_node")));
}

#[test]
fn unread_facts_are_never_met() {
    let mut facts = complete_facts();
    let Fetched::Read(cluster) = &mut facts.cluster else { unreachable!() };
    let unread = |name: &str| UnreadSource { source: name.into(), why: "forbidden".into() };
    let sources = [Source::Nodes, Source::PodRequests, Source::Permissions, Source::ArcDeployments];
    cluster.unread = sources.map(|source| unread(source.name())).into();
    cluster.permissions = None;
    let judged = judge_default(&facts);
    let words: Vec<_> = open_items(&judged).into_iter().map(|l| (l.0, l.1)).collect();
    assert_eq!(words, ["nodes", "capacity", "permissions", "remnants"].map(|word| (word, Unverified)));
    // as evidence had them before
    let Fetched::Read(cluster) = &mut facts.cluster else { unreachable!() };
    let former = ["the nodes", "what pods ask for", "the rights of the user", "traces of earlier agents"];
    cluster.unread = former.map(unread).into();
    let judged = judge_default(&facts);
    let words: Vec<_> = open_items(&judged).into_iter().map(|l| (l.0, l.1)).collect();
    assert_eq!(words, ["nodes", "capacity", "permissions", "remnants"].map(|word| (word, Unverified)));
}

#[test]
fn without_a_cluster_only_the_kubeconfig_is_reported() {
    let missing = judge_default(&PrerequisiteFacts {
        cluster: Fetched::Unusable("no such file".into()),
        ..complete_facts()
    });
    assert_eq!(open_items(&missing), [("kubeconfig", Unverified, "arc_kubeconfig")]);
    // that nobody answers says nothing of the cluster
    let silent = judge_default(&PrerequisiteFacts {
        cluster: Fetched::Unreachable("no answer".into()),
        ..complete_facts()
    });
    assert_eq!(open_items(&silent), [("kubeconfig", Unverified, "arc_api_unreachable")]);
    assert_eq!(silent.findings[0].severity, Severity::Warning);
}
