//! Clusters in each state, as the objects that an API server would show, and the first broken link of each.

use serde_json::{Value, json};

use super::azure::AzureCluster;
use super::support_bundle::{ContainerLog, SupportBundle};
use super::*;
use crate::model::finding::Confidence;
use crate::model::source::Source;
use crate::rules::faults;

static NEEDS: std::sync::LazyLock<PrerequisiteRules> =
    std::sync::LazyLock::new(|| crate::rules::prerequisites::load_builtin().unwrap());

static CATALOGUE: std::sync::LazyLock<FaultCatalogue> =
    std::sync::LazyLock::new(|| faults::load_builtin().unwrap());

const NOW: &str = "2026-11-27T12:00:00Z";
const AGENTS: [&str; 6] = [
    "clusteridentityoperator",
    "config-agent",
    "cluster-metadata-operator",
    "extension-manager",
    "clusterconnect-agent",
    "kube-aad-proxy",
];

/// A connected cluster that is three days old.
fn healthy_bundle() -> SupportBundle {
    let mut case = SupportBundle {
        schema_version: 1,
        taken_at: NOW.into(),
        server: "https://api:6443".into(),
        ..SupportBundle::default()
    };
    add_object(&mut case, "Namespace", "", "azure-arc", json!({"status": {"phase": "Active"}}));
    add_object(
        &mut case,
        "Node",
        "",
        "n1",
        json!({"status": {
        "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64"}, "conditions": [{"type": "Ready", "status": "True"}]}}),
    );
    add_object(
        &mut case,
        "ConfigMap",
        "azure-arc",
        "azure-clusterconfig",
        json!({"data": {"AZURE_REGION": "eastus",
        "AZURE_SUBSCRIPTION_ID": "s", "AZURE_RESOURCE_GROUP": "g", "AZURE_RESOURCE_NAME": "edge", "AZURE_ARC_AGENT_VERSION": "1.36.1"}}),
    );
    for agent in AGENTS {
        add_object(
            &mut case,
            "Deployment",
            "azure-arc",
            agent,
            json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}),
        );
        add_object(
            &mut case,
            "Pod",
            "azure-arc",
            &format!("{agent}-7d9-x"),
            json!({"status": {"phase": "Running"}}),
        );
    }
    add_object(
        &mut case,
        "Pod",
        "kube-system",
        "coredns-1",
        json!({"metadata": {"labels": {"k8s-app": "kube-dns"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
    );
    for secret in ["azure-arc-connect-privatekey", "azure-identity-certificate", "kube-aad-proxy-certificate"]
    {
        add_object(&mut case, "SecretMetadata", "azure-arc", secret, json!({}));
    }
    add_object(
        &mut case,
        "AzureClusterIdentityRequest",
        "azure-arc",
        "config-agent-identity-request",
        json!({"status":
        {"tokenReference": {"secretName": "t"}, "expirationTime": "2026-11-28T00:00:00Z"}}),
    );
    case
}

fn add_object(case: &mut SupportBundle, kind: &str, namespace: &str, name: &str, mut more: Value) {
    more["kind"] = kind.into();
    more["metadata"]["name"] = name.into();
    more["metadata"]["creationTimestamp"] = "2026-11-24T12:00:00Z".into();
    if !namespace.is_empty() {
        more["metadata"]["namespace"] = namespace.into();
    }
    case.objects.push(more);
}

fn change_object(case: &mut SupportBundle, kind: &str, name: &str, change: impl Fn(&mut Value)) {
    let object =
        case.objects.iter_mut().find(|o| o["kind"] == kind && o["metadata"]["name"] == name).unwrap();
    change(object);
}

fn remove_object(case: &mut SupportBundle, kind: &str, name: &str) {
    case.objects.retain(|o| !(o["kind"] == kind && o["metadata"]["name"] == name));
}

fn make_unready(case: &mut SupportBundle, agent: &str) {
    change_object(case, "Deployment", agent, |d| d["status"]["readyReplicas"] = 0.into());
}

fn add_event(case: &mut SupportBundle, reason: &str, kind: &str, object: &str, message: &str) {
    add_object(
        case,
        "Event",
        "azure-arc",
        reason,
        json!({"reason": reason, "message": message, "lastTimestamp": "2026-11-27T11:59:00Z",
        "involvedObject": {"kind": kind, "namespace": "azure-arc", "name": object}}),
    );
}

fn add_log(case: &mut SupportBundle, agent: &str, line: &str) {
    let line = json!({"Message": line, "LogLevel": "Error", "Location": "eastus"}).to_string();
    case.logs.push(ContainerLog {
        namespace: "azure-arc".into(),
        pod: format!("{agent}-7d9-x"),
        container: agent.to_owned(),
        previous: false,
        lines: vec![line],
    });
}

/// Nobody has an identity, and the agents that need one are not ready.
fn remove_identity(case: &mut SupportBundle) {
    remove_object(case, "SecretMetadata", "azure-identity-certificate");
    remove_object(case, "SecretMetadata", "kube-aad-proxy-certificate");
    change_object(case, "AzureClusterIdentityRequest", "config-agent-identity-request", |r| {
        r["status"] = json!({});
    });
    for agent in ["config-agent", "kube-aad-proxy", "clusterconnect-agent"] {
        make_unready(case, agent);
    }
}

fn diagnose(case: &SupportBundle, azure: Option<&str>) -> ConnectivityDiagnosis {
    diagnose_with(case, azure, None)
}

fn diagnose_with(
    case: &SupportBundle,
    azure: Option<&str>,
    skip_range: Option<&str>,
) -> ConnectivityDiagnosis {
    let azure: Option<AzureCluster> =
        azure.map(|text| azure::find_cluster(&azure::parse_json(text).unwrap(), None).unwrap());
    let known = ConnectivityInput {
        bundle: case,
        catalogue: &CATALOGUE,
        azure: azure.as_ref(),
        checks: &[],
        network_findings: &[],
        skip_range,
        prerequisites: None,
        needs: &NEEDS,
        now: case.taken_at.parse().unwrap_or_else(|_| NOW.parse().unwrap()),
    };
    diagnose_connectivity(&known)
}

/// The top finding, and that there is no second cause.
#[track_caller]
fn assert_single_fault(case: &SupportBundle, azure: Option<&str>, link: Stage, id: &str) {
    let chain = diagnose(case, azure);
    let blocking: Vec<_> = chain.findings.iter().filter(|f| f.severity == Severity::Blocking).collect();
    assert_eq!(blocking.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), [id], "{chain:#?}");
    let first = chain.links.iter().find(|l| l.state == StageState::Broken).map(|l| l.link);
    assert_eq!((chain.verdict, first), (ConnectivityVerdict::Broken, Some(link)), "{chain:#?}");
    assert_eq!(chain.links.iter().filter(|l| l.state == StageState::Broken).count(), 1);
}

#[test]
fn a_healthy_cluster_has_no_broken_stage() {
    let chain = diagnose(&healthy_bundle(), None);
    assert_eq!((chain.verdict, chain.findings.len()), (ConnectivityVerdict::Healthy, 0), "{chain:#?}");
    assert!(chain.links.iter().all(|l| l.state == StageState::Ok), "{chain:#?}");
    assert_eq!(chain.cluster.region.as_deref(), Some("eastus"));
    // lines of the past, of agents that are well
    let mut case = healthy_bundle();
    add_log(
        &mut case,
        "config-agent",
        "dial tcp: lookup eastus.dp.kubernetesconfiguration.azure.com: no such host",
    );
    add_event(
        &mut case,
        "Failed",
        "Pod",
        "config-agent-7d9-x",
        "Failed to pull image \"mcr.microsoft.com/x\": i/o timeout",
    );
    assert_eq!(diagnose(&case, None).verdict, ConnectivityVerdict::Healthy);
}

#[test]
fn a_missing_identity_breaks_its_stage_and_later_stages_follow() {
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    add_event(
        &mut case,
        "FailedMount",
        "Pod",
        "kube-aad-proxy-7d9-x",
        "MountVolume.SetUp failed: secret \"kube-aad-proxy-certificate\" not found",
    );
    assert_single_fault(&case, None, Stage::Identity, "arc_identity_missing");
    let chain = diagnose(&case, None);
    let follows = |link: Stage| chain.links.iter().find(|l| l.link == link).and_then(|l| l.follows);
    for link in [Stage::Tokens, Stage::DataPlane, Stage::Connect] {
        assert_eq!(follows(link), Some(Stage::Identity), "{link:?}");
    }
}

#[test]
fn a_cluster_that_was_just_connected_is_waited_for() {
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    for agent in AGENTS {
        change_object(&mut case, "Deployment", agent, |d| {
            d["metadata"]["creationTimestamp"] = "2026-11-27T11:55:00Z".into();
        });
    }
    let chain = diagnose(&case, None);
    assert_eq!(
        (chain.verdict, chain.until.as_deref()),
        (ConnectivityVerdict::Wait, Some("2026-11-27T12:10:00Z")),
        "{chain:#?}"
    );
    assert!(chain.findings.is_empty());
    // what does not mend itself is told at once
    add_log(&mut case, "clusteridentityoperator", "HIS: 403 HCRP403 Validation of signed message failed.");
    assert_single_fault(&case, None, Stage::Identity, "arc_key_mismatch");
}

#[test]
fn log_signatures_explain_a_missing_identity() {
    let table = [
        ("arc_key_mismatch", "HIS returned 403: HCRP403 Validation of signed message failed."),
        ("arc_key_broken", "failed to parse PEM block containing the key"),
        ("arc_proxy_login", "Post \"https://eus.his.arc.azure.com/x\": Proxy Authentication Required"),
        (
            "arc_proxy_unreachable",
            "Post \"https://eus.his.arc.azure.com/x\": proxyconnect tcp: dial tcp 10.9.9.9:3128: connect: connection refused",
        ),
        (
            "arc_tls_untrusted",
            "Get \"https://gbl.his.arc.azure.com/discovery\": x509: certificate signed by unknown authority",
        ),
        (
            "arc_clock",
            "x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before",
        ),
        (
            "arc_his_unreachable",
            "Get \"https://gbl.his.arc.azure.com/discovery?location=eastus\": dial tcp 20.1.2.3:443: i/o timeout",
        ),
        (
            "arc_api_from_pods",
            "Get \"https://10.96.0.1:443/api/v1/namespaces/azure-arc/secrets\": dial tcp 10.96.0.1:443: i/o timeout",
        ),
        ("arc_api_through_proxy", "Unable to connect to the server: Service Unavailable"),
    ];
    for (id, line) in table {
        let mut case = healthy_bundle();
        remove_identity(&mut case);
        add_log(&mut case, "clusteridentityoperator", line);
        assert_single_fault(&case, None, Stage::Identity, id);
    }
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    add_log(
        &mut case,
        "clusteridentityoperator",
        "Get \"https://gbl.his.arc.azure.com/\": dial tcp: lookup gbl.his.arc.azure.com on 10.96.0.10:53: no such host",
    );
    assert_single_fault(&case, None, Stage::Dns, "arc_dns_outside");
}

#[test]
fn events_explain_why_pods_do_not_start() {
    let pull = "Failed to pull image \"mcr.microsoft.com/azurearck8s/config-agent:1\": rpc error: code = Unknown desc = failed to pull and unpack image: failed to resolve reference: failed to do request: Head \"https://mcr.microsoft.com/v2/\": ";
    let table = [
        ("arc_no_room", Stage::Nodes, "FailedScheduling", "Pod", "0/2 nodes are available: 2 Insufficient cpu.".to_owned()),
        ("arc_no_place", Stage::Nodes, "FailedScheduling", "Pod", "0/2 nodes are available: 2 node(s) had untolerated taint {a: b}.".into()),
        ("arc_pod_security", Stage::Admission, "FailedCreate", "ReplicaSet", "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"".into()),
        ("arc_quota", Stage::Admission, "FailedCreate", "ReplicaSet", "Error creating: pods \"x\" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0".into()),
        ("arc_quota", Stage::Admission, "FailedCreate", "ReplicaSet", "Error creating: pods \"x\" is forbidden: maximum memory usage per Container is 1Mi, but limit is 64Mi".into()),
        ("arc_policy_gatekeeper", Stage::Admission, "FailedCreate", "ReplicaSet", "Error creating: admission webhook \"v.gatekeeper.sh\" denied the request: no".into()),
        ("arc_scc", Stage::Admission, "FailedCreate", "ReplicaSet", "pods \"x\" is forbidden: unable to validate against any security context constraint".into()),
        ("arc_pods_refused", Stage::Admission, "FailedCreate", "ReplicaSet", "Error creating: something else".into()),
        ("arc_image_tls", Stage::Images, "Failed", "Pod", format!("{pull}tls: failed to verify certificate: x509: certificate signed by unknown authority")),
        ("arc_image_proxy", Stage::Images, "Failed", "Pod", format!("{pull}Proxy Authentication Required")),
        ("arc_image_dns", Stage::Images, "Failed", "Pod", format!("{pull}dial tcp: lookup mcr.microsoft.com on 10.0.0.2:53: no such host")),
        ("arc_image_blocked", Stage::Images, "Failed", "Pod", format!("{pull}dial tcp 20.1.2.3:443: i/o timeout")),
        ("arc_image_data", Stage::Images, "Failed", "Pod", "Failed to pull image \"mcr.microsoft.com/x\": failed to copy: Get \"https://eastus.data.mcr.microsoft.com/x\": dial tcp 20.1.2.3:443: i/o timeout".into()),
        ("arc_image_platform", Stage::Images, "Failed", "Pod", "Failed to pull image \"x\": no match for platform in manifest".into()),
    ];
    for (id, link, reason, kind, message) in table {
        let mut case = healthy_bundle();
        remove_identity(&mut case);
        make_unready(&mut case, "clusteridentityoperator");
        let pod = "clusteridentityoperator-7d9-x";
        change_object(&mut case, "Pod", pod, |p| p["status"]["phase"] = "Pending".into());
        let object = if kind == "Pod" { pod } else { "clusteridentityoperator-7d9" };
        if kind != "Pod" {
            remove_object(&mut case, "Pod", pod);
        }
        add_event(&mut case, reason, kind, object, &message);
        assert_single_fault(&case, None, link, id);
    }
}

#[test]
fn object_states_reveal_the_other_faults() {
    type Change = fn(&mut SupportBundle);
    let table: [(&str, Stage, Change); 15] = [
        ("arc_no_linux_node", Stage::Nodes, |c| {
            change_object(c, "Node", "n1", |n| n["status"]["nodeInfo"]["architecture"] = "riscv64".into());
        }),
        ("arc_no_linux_node", Stage::Nodes, |c| {
            change_object(c, "Node", "n1", |n| n["status"]["nodeInfo"]["operatingSystem"] = "windows".into());
        }),
        ("arc_not_installed", Stage::Release, |c| {
            c.objects.retain(|o| o["metadata"]["namespace"] != "azure-arc" && o["kind"] != "Namespace");
        }),
        ("arc_release_incomplete", Stage::Release, |c| remove_object(c, "ConfigMap", "azure-clusterconfig")),
        ("arc_release_incomplete", Stage::Release, |c| remove_object(c, "Deployment", "config-agent")),
        ("arc_terminating", Stage::Release, |c| {
            change_object(c, "Namespace", "azure-arc", |n| n["status"]["phase"] = "Terminating".into());
        }),
        ("arc_dns_down", Stage::Dns, |c| {
            remove_identity(c);
            change_object(c, "Pod", "coredns-1", |p| {
                p["status"] =
                    json!({"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
            });
        }),
        ("arc_image", Stage::Images, |c| {
            make_unready(c, "config-agent");
            change_object(c, "Pod", "config-agent-7d9-x", |p| {
                p["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
            });
        }),
        ("arc_setup", Stage::Images, |c| {
            make_unready(c, "config-agent");
            change_object(c, "Pod", "config-agent-7d9-x", |p| {
                p["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"x\" not found"}}}]});
            });
        }),
        ("arc_out_of_memory", Stage::Images, |c| {
            make_unready(c, "config-agent");
            change_object(c, "Pod", "config-agent-7d9-x", |p| {
                p["status"] = json!({"phase": "Running", "containerStatuses": [{"name": "c", "lastState": {"terminated": {"reason": "OOMKilled"}}}]});
            });
        }),
        ("arc_key_missing", Stage::Identity, |c| {
            remove_identity(c);
            remove_object(c, "SecretMetadata", "azure-arc-connect-privatekey");
        }),
        ("arc_identity_expired", Stage::Identity, |c| c.identity_ends = Some("2026-11-01T00:00:00Z".into())),
        ("arc_tokens_stale", Stage::Tokens, |c| {
            change_object(c, "AzureClusterIdentityRequest", "config-agent-identity-request", |r| {
                r["status"]["expirationTime"] = "2026-11-27T00:00:00Z".into();
            });
        }),
        ("arc_agent_crashes", Stage::DataPlane, |c| {
            make_unready(c, "config-agent");
            change_object(c, "Pod", "config-agent-7d9-x", |p| {
                p["status"] = json!({"phase": "Running", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
            });
        }),
        ("arc_config_agent_down", Stage::DataPlane, |c| make_unready(c, "config-agent")),
    ];
    for (id, link, change) in table {
        let mut case = healthy_bundle();
        change(&mut case);
        assert_single_fault(&case, None, link, id);
    }
}

#[test]
fn later_stages_can_break_alone() {
    let mut case = healthy_bundle();
    change_object(&mut case, "AzureClusterIdentityRequest", "config-agent-identity-request", |r| {
        r["status"] = json!({});
    });
    assert_single_fault(&case, None, Stage::Tokens, "arc_tokens_missing");
    add_log(
        &mut case,
        "clusteridentityoperator",
        "Post \"https://login.microsoftonline.com/t/oauth2/token\": context deadline exceeded",
    );
    assert_single_fault(&case, None, Stage::Tokens, "arc_entra_unreachable");

    let mut case = healthy_bundle();
    make_unready(&mut case, "config-agent");
    add_log(
        &mut case,
        "config-agent",
        "Post \"https://eastus.dp.kubernetesconfiguration.azure.com/x\": dial tcp 1.2.3.4:443: i/o timeout",
    );
    assert_single_fault(&case, None, Stage::DataPlane, "arc_data_plane_unreachable");

    let mut case = healthy_bundle();
    add_log(&mut case, "clusterconnect-agent", "websocket: bad handshake");
    assert_single_fault(&case, None, Stage::Connect, "arc_websocket");
    let mut case = healthy_bundle();
    remove_object(&mut case, "SecretMetadata", "kube-aad-proxy-certificate");
    assert_single_fault(&case, None, Stage::Connect, "arc_connect_certificate");
    let mut case = healthy_bundle();
    make_unready(&mut case, "extension-manager");
    assert_single_fault(&case, None, Stage::Extensions, "arc_extensions_down");
    let mut case = healthy_bundle();
    make_unready(&mut case, "cluster-metadata-operator");
    assert_single_fault(&case, None, Stage::Metadata, "arc_metadata_down");
}

#[test]
fn the_status_in_azure_counts() {
    let case = healthy_bundle();
    let says = |more: &str| format!(r#"{{"name": "edge", "provisioningState": "Succeeded", {more}}}"#);
    assert_single_fault(
        &case,
        Some(&says(r#""connectivityStatus": "Offline", "lastConnectivityTime": "2026-11-27T09:00:00Z""#)),
        Stage::DataPlane,
        "arc_offline",
    );
    assert_single_fault(
        &case,
        Some(&says(r#""connectivityStatus": "Expired""#)),
        Stage::Identity,
        "arc_identity_expired",
    );
    assert_single_fault(
        &case,
        Some(&says(r#""connectivityStatus": "Connecting""#)),
        Stage::DataPlane,
        "arc_connecting",
    );
    assert_single_fault(
        &case,
        Some(&says(r#""location": "westeurope""#)),
        Stage::Release,
        "arc_region_differs",
    );
    assert_single_fault(
        &case,
        Some(&says(r#""id": "/subscriptions/other""#)),
        Stage::Release,
        "arc_other_cluster",
    );
    assert_eq!(
        diagnose(&case, Some(&says(r#""connectivityStatus": "Connected", "location": "East US""#))).verdict,
        ConnectivityVerdict::Healthy
    );
    let chain = diagnose(
        &case,
        Some(&says(r#""managedIdentityCertificateExpirationTime": "2026-12-20T00:00:00+00:00""#)),
    );
    assert_eq!(chain.findings.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["arc_identity_overdue"]);
    assert!(chain.findings[0].explanation.starts_with("It ends in 22 days"));
    assert_eq!(chain.verdict, ConnectivityVerdict::Healthy);
}

#[test]
fn an_old_secret_alone_is_no_finding() {
    let mut case = healthy_bundle();
    change_object(&mut case, "SecretMetadata", "azure-identity-certificate", |s| {
        s["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z".into();
    });
    assert!(diagnose(&case, None).findings.is_empty());
}

#[test]
fn an_overdue_renewal_is_found_without_azure() {
    let mut case = healthy_bundle();
    change_object(&mut case, "SecretMetadata", "azure-identity-certificate", |s| {
        s["metadata"]["managedFields"] = json!([{"time": "2026-10-01T00:00:00Z"}]);
    });
    let chain = diagnose(&case, None);
    assert_eq!(
        chain.findings.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(),
        ["arc_identity_overdue"],
        "{chain:#?}"
    );
}

#[test]
fn a_skip_range_that_stops_the_agents_is_the_cause() {
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    let chain = diagnose_with(&case, None, Some("10.96.0.1 is not in it"));
    assert_eq!((chain.findings.len(), chain.findings[0].id.as_str()), (1, "arc_api_through_proxy"));
    assert!(chain.findings[0].explanation.contains("10.96.0.1 is not in it"));
    assert_eq!(
        diagnose_with(&healthy_bundle(), None, Some("x")).verdict,
        ConnectivityVerdict::Healthy,
        "the agents got through"
    );
}

#[test]
fn without_an_answer_or_permissions_later_stages_are_not_judged() {
    for (source, id) in
        [("Deployments of azure-arc", "arc_rights"), (Source::ApiServer.name(), "arc_api_unreachable")]
    {
        let mut case = healthy_bundle();
        case.unread.push(UnreadSource { source: source.into(), why: "forbidden".into() });
        let chain = diagnose(&case, None);
        assert_eq!((chain.verdict, chain.links.len()), (ConnectivityVerdict::Unknown, 1), "{chain:#?}");
        assert_eq!(chain.findings.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), [id]);
    }
}

#[test]
fn an_expired_certificate_of_the_api_server_is_a_fault_of_its_own() {
    let mut case = healthy_bundle();
    let why =
        format!("{}: it expired on 2026-11-15T00:00:00Z", crate::model::source::EXPIRED_SERVER_CERTIFICATE);
    case.unread.push(UnreadSource { source: Source::ApiServer.name().into(), why });
    assert_eq!(causes(&case), ["arc_api_expired"]);
}

#[test]
fn it_is_shown_for_whom_custom_locations_are_enabled() {
    let mut case = healthy_bundle();
    let oid = "51dfe1e8-0000-0000-0000-000000000000";
    add_log(
        &mut case,
        "kube-aad-proxy",
        &format!("namespaces is forbidden: User \"{oid}\" cannot create resource"),
    );
    let explanation = |case: &SupportBundle| diagnose(case, None).findings.remove(0).explanation;
    assert!(explanation(&case).contains("no ClusterRoleBinding AzureArc-"), "{}", explanation(&case));
    let subjects = json!({"subjects": [{"kind": "User", "name": "another-id"}]});
    add_object(
        &mut case,
        "ClusterRoleBinding",
        "",
        "AzureArc-Microsoft.ExtendedLocation-RP-RoleBinding",
        subjects,
    );
    assert!(explanation(&case).contains("enabled for the object id another-id"), "{}", explanation(&case));
    assert_eq!(diagnose(&case, None).cluster.custom_locations.as_deref(), Some("another-id"));
}

#[test]
fn unread_sources_are_never_healthy() {
    let mut case = healthy_bundle();
    case.objects.retain(|o| o["kind"] != "SecretMetadata");
    case.unread.push(UnreadSource { source: Source::ArcSecrets.name().into(), why: "forbidden".into() });
    let chain = diagnose(&case, None);
    assert_eq!(chain.verdict, ConnectivityVerdict::Unknown, "{chain:#?}");
}

/// Every place of a document, as a JSON pointer.
fn collect_pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    let mut go =
        |key: &str, inner: &Value| collect_pointers(inner, &format!("{at}/{}", key.replace('/', "~1")), into);
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                go(&index.to_string(), item);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                go(key, item);
            }
        }
        _ => {}
    }
}

#[test]
fn objects_of_any_shape_are_judged_without_a_panic() {
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    add_event(&mut case, "Failed", "Pod", "config-agent-7d9-x", "Failed to pull image: i/o timeout");
    let odd = [
        json!(null),
        json!(-1),
        json!("\u{1b}[2J\u{202e}"),
        json!([[]]),
        json!({"name": {}}),
        json!(true),
        json!("9999-12-31T23:59:59Z"),
    ];
    let whole = Value::from(case.objects.to_vec());
    let mut all = Vec::new();
    collect_pointers(&whole, "", &mut all);
    assert!(all.len() > 150, "{}", all.len());
    for (number, place) in all.iter().enumerate().skip(1) {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap() = odd[number % odd.len()].clone();
        let Value::Array(objects) = changed else { unreachable!() };
        let chain = diagnose(&SupportBundle { objects: objects.into(), ..case.clone() }, None);
        assert!(!chain.links.is_empty(), "{place}");
    }
}

/// Ids of the warnings of a cluster that is whole but for a change.
fn warning_ids(change: impl Fn(&mut SupportBundle), azure: Option<&str>) -> Vec<String> {
    let mut case = healthy_bundle();
    change(&mut case);
    let chain = diagnose(&case, azure);
    assert_eq!(chain.verdict, ConnectivityVerdict::Healthy, "{chain:#?}");
    assert!(chain.findings.iter().all(|f| f.severity == Severity::Warning), "{chain:#?}");
    chain.findings.into_iter().map(|f| f.id).collect()
}

fn set_agent_version(case: &mut SupportBundle, version: &str, upgrades: &str) {
    change_object(case, "ConfigMap", "azure-clusterconfig", |map| {
        map["data"]["AZURE_ARC_AGENT_VERSION"] = version.into();
        map["data"]["AZURE_ARC_AUTOUPDATE"] = upgrades.into();
    });
}

#[test]
fn old_agents_are_reported_by_their_upgrade_setting() {
    for (version, upgrades, wanted, expected) in [
        ("1.36.1", "true", None, None),
        ("1.34.0", "true", None, None),
        ("1.33.9", "true", None, Some("arc_upgrade_stalled")),
        ("1.33.9", "false", None, Some("arc_agent_old")),
        ("1.33.9", "", None, Some("arc_upgrade_stalled")),
        ("1.35.0", "true", Some("1.36.1"), Some("arc_upgrade_stalled")),
        ("1.35.0", "false", Some("1.36.1"), None),
        ("none", "true", None, None),
    ] {
        let azure = wanted.map(|wanted| {
            format!(r#"{{"provisioningState": "Succeeded", "arcAgentProfile": {{"desiredAgentVersion": "{wanted}"}}}}"#)
        });
        let found = warning_ids(|case| set_agent_version(case, version, upgrades), azure.as_deref());
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{version} {upgrades} {wanted:?}");
    }
}

#[test]
fn a_second_cluster_with_the_same_identity_is_found_from_azure_records() {
    use crate::model::prerequisite_facts::{ClusterFacts, Fetched, PrerequisiteFacts};
    let ours = |case: &mut SupportBundle| {
        let facts = ClusterFacts { kubernetes: Some("v1.33.2".into()), ..ClusterFacts::default() };
        case.prerequisites = Some(PrerequisiteFacts { cluster: Fetched::Read(facts), tools: None });
    };
    let azure =
        |version: &str| format!(r#"{{"connectivityStatus": "Connected", "kubernetesVersion": "{version}"}}"#);
    assert_eq!(warning_ids(ours, Some(&azure("1.35.0"))), ["arc_two_clusters"]);
    // Azure hears of an upgrade late
    assert!(warning_ids(ours, Some(&azure("1.32.9"))).is_empty());
    assert!(warning_ids(ours, Some(&azure("1.33.7"))).is_empty());
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    let chain = diagnose(&case, Some(&azure("1.33.2")));
    let ids: Vec<_> = chain.findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(ids, ["arc_identity_missing"], "a Secret may have been deleted just now");
    let beats = r#"{"connectivityStatus": "Connected", "lastConnectivityTime": "2026-11-27T11:55:00Z"}"#;
    let chain = diagnose(&case, Some(beats));
    let ids: Vec<_> = chain.findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(ids, ["arc_identity_missing", "arc_two_clusters"], "{chain:#?}");
}

#[test]
fn intermittent_connections_are_a_warning() {
    let broken = |times: usize| {
        move |case: &mut SupportBundle| {
            add_log(case, "config-agent", "started");
            let line = json!({"Message": "read tcp: connection reset by peer"}).to_string();
            case.logs[0].lines.extend(std::iter::repeat_n(line, times));
        }
    };
    assert!(warning_ids(broken(2), None).is_empty());
    assert_eq!(warning_ids(broken(3), None), ["arc_link_flaps"]);
    let restarted = |case: &mut SupportBundle| {
        change_object(case, "Pod", "config-agent-7d9-x", |pod| {
            pod["status"]["containerStatuses"] =
                json!([{"name": "config-agent", "restartCount": 14, "state": {"running": {}}}]);
        });
    };
    assert_eq!(warning_ids(restarted, None), ["arc_restarts"]);
}

#[test]
fn recent_installations_and_deletions_are_waited_for() {
    let at = |case: &mut SupportBundle, key: &'static str, time: &'static str, phase: &'static str| {
        change_object(case, "Namespace", "azure-arc", |n| {
            n["metadata"][key] = time.into();
            n["status"]["phase"] = phase.into();
        });
    };
    let empty = |case: &mut SupportBundle| case.objects.retain(|o| o["metadata"]["namespace"] != "azure-arc");
    let (new, old) = ("2026-11-27T11:58:00Z", "2026-11-27T11:00:00Z");
    let mut begun = healthy_bundle();
    empty(&mut begun);
    at(&mut begun, "creationTimestamp", new, "Active");
    assert_eq!(diagnose(&begun, None).verdict, ConnectivityVerdict::Wait);
    at(&mut begun, "creationTimestamp", old, "Active");
    assert_single_fault(&begun, None, Stage::Release, "arc_release_incomplete");
    let mut going = healthy_bundle();
    at(&mut going, "deletionTimestamp", new, "Terminating");
    assert_eq!(diagnose(&going, None).verdict, ConnectivityVerdict::Wait);
    at(&mut going, "deletionTimestamp", old, "Terminating");
    assert_single_fault(&going, None, Stage::Release, "arc_terminating");
}

#[test]
fn a_private_link_has_no_cluster_connect() {
    let mut case = healthy_bundle();
    make_unready(&mut case, "clusterconnect-agent");
    let azure = r#"{"connectivityStatus": "Connected", "privateLinkState": "Enabled"}"#;
    assert_single_fault(&case, Some(azure), Stage::Connect, "arc_private_link_connect");
}

#[test]
fn tls_to_a_plain_http_proxy_is_a_finding_of_its_own() {
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    add_log(
        &mut case,
        "clusteridentityoperator",
        "Post \"https://gbl.his.arc.azure.com/\": proxyconnect tcp: tls: first record does not look like a TLS handshake",
    );
    assert_single_fault(&case, None, Stage::Identity, "arc_proxy_scheme");
}

#[test]
fn prerequisites_block_before_installation_and_lasting_ones_are_reported_after() {
    let judged_with = |case: &SupportBundle| {
        let item = |id: &str, severity| {
            let entry = CATALOGUE.find_fault(id).unwrap();
            Finding { severity, ..build_fault_finding(entry, "x", Confidence::High) }
        };
        let findings = vec![
            item("arc_onboarding_rights", Severity::Blocking),
            item("arc_aks", Severity::Warning),
            item("arc_az", Severity::Warning),
        ];
        let judged = PrerequisiteResults { items: Vec::new(), findings };
        diagnose_connectivity(&ConnectivityInput {
            bundle: case,
            catalogue: &CATALOGUE,
            azure: None,
            checks: &[],
            network_findings: &[],
            skip_range: None,
            prerequisites: Some(&judged),
            needs: &NEEDS,
            now: NOW.parse().unwrap(),
        })
    };
    let ids = |chain: ConnectivityDiagnosis| {
        chain.findings.into_iter().map(|f| (f.id, f.severity)).collect::<Vec<_>>()
    };
    let is = |id: &str, severity| (id.to_owned(), severity);
    assert_eq!(ids(judged_with(&healthy_bundle())), [is("arc_aks", Severity::Warning)]);
    let mut nothing = healthy_bundle();
    nothing.objects.retain(|o| o["kind"] == "Node");
    assert_eq!(
        ids(judged_with(&nothing)),
        [
            is("arc_not_installed", Severity::Blocking),
            is("arc_onboarding_rights", Severity::Blocking),
            is("arc_aks", Severity::Warning),
            is("arc_az", Severity::Warning),
        ]
    );
}

/// A healthy cluster with the agents of a table that kubectl printed.
fn bundle_from_table(table: &str) -> SupportBundle {
    let mut case = healthy_bundle();
    case.objects.retain(|o| {
        !(o["metadata"]["namespace"] == "azure-arc"
            && matches!(o["kind"].as_str(), Some("Pod" | "Deployment")))
    });
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let names = rows.filter_map(|row| {
        let name = row.iter().find(|word| word.contains('-') || word.contains('/'))?;
        let name = if *name == "azure-arc" { row[1] } else { name };
        name.strip_prefix("pod/").or((row[0] == "azure-arc").then_some(name)).map(str::to_owned)
    });
    for pod in names {
        let agent = pod.rsplitn(3, '-').nth(2).unwrap().to_owned();
        add_object(&mut case, "Pod", "azure-arc", &pod, json!({"status": {"phase": "Running"}}));
        let state = json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 1}});
        add_object(&mut case, "Deployment", "azure-arc", &agent, state);
    }
    case
}

#[test]
fn the_agents_of_each_generation_are_healthy() {
    for (table, agents, connect) in [
        (include_str!("../../../fixtures/azure/agents-2021.txt"), 7, "it is turned off"),
        (include_str!("../../../fixtures/azure/agents-2024.txt"), 12, "its agents are ready"),
    ] {
        let chain = diagnose(&bundle_from_table(table), None);
        assert_eq!((chain.verdict, chain.findings.len()), (ConnectivityVerdict::Healthy, 0), "{chain:#?}");
        let why = |link| chain.links.iter().find(|l| l.link == link).unwrap().why.clone();
        assert!(why(Stage::Release).starts_with(&format!("{agents} Deployments")), "{chain:#?}");
        assert_eq!(why(Stage::Connect), connect);
    }
}

/// Evidence is a file: nothing says that its times are ones that a clock can go on from.
#[test]
fn the_last_representable_time_is_accepted() {
    let mut case = healthy_bundle();
    case.taken_at = "9999-12-30T22:00:00Z".into();
    change_object(&mut case, "Namespace", "azure-arc", |n| {
        n["metadata"]["creationTimestamp"] = "9999-12-30T22:00:00Z".into();
    });
    remove_identity(&mut case);
    assert_eq!(diagnose(&case, None).until.as_deref(), Some("9999-12-30T22:00:00.999999999Z"));
}

/// The ids of the causes, in their order.
fn causes(case: &SupportBundle) -> Vec<String> {
    let findings = diagnose(case, None).findings.into_iter();
    findings.filter(|f| f.severity == Severity::Blocking).map(|f| f.id).collect()
}

fn state_of(case: &SupportBundle, link: Stage) -> (StageState, Option<Stage>) {
    let chain = diagnose(case, None);
    let result = chain.links.iter().find(|l| l.link == link).unwrap();
    (result.state, result.follows)
}

fn set_container(case: &mut SupportBundle, agent: &str, status: &Value) {
    change_object(case, "Pod", &format!("{agent}-7d9-x"), |pod| {
        pod["status"] = json!({"phase": "Running", "containerStatuses": [status.clone()]});
    });
}

#[test]
fn a_stage_follows_only_from_one_that_its_own_agents_need() {
    let out_of_memory = json!({"name": "cluster-metadata-operator", "ready": false, "restartCount": 9,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-27T11:58:00Z"}}});
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    make_unready(&mut case, "cluster-metadata-operator");
    set_container(&mut case, "cluster-metadata-operator", &out_of_memory);
    add_log(&mut case, "clusteridentityoperator", "Get x: x509: certificate signed by unknown authority");
    // what keeps the cluster from being connected comes first, and is a cause of its own
    assert_eq!(causes(&case), ["arc_tls_untrusted", "arc_out_of_memory"]);
    assert_eq!(state_of(&case, Stage::Identity), (StageState::Broken, None));
    assert_eq!(state_of(&case, Stage::Metadata), (StageState::Follows, Some(Stage::Images)));
    assert_eq!(state_of(&case, Stage::DataPlane), (StageState::Follows, Some(Stage::Identity)));
    // what cannot be known does not follow from anything
    remove_object(&mut case, "Pod", "coredns-1");
    assert_eq!(state_of(&case, Stage::Dns).0, StageState::Unknown);
    // the operator's own pod is what everything else needs
    let mut case = healthy_bundle();
    remove_identity(&mut case);
    make_unready(&mut case, "clusteridentityoperator");
    set_container(&mut case, "clusteridentityoperator", &out_of_memory);
    assert_eq!(causes(&case), ["arc_out_of_memory"]);
    assert_eq!(state_of(&case, Stage::Identity), (StageState::Follows, Some(Stage::Images)));
}

#[test]
fn a_crash_of_one_agent_explains_no_other_agent() {
    let mut case = healthy_bundle();
    make_unready(&mut case, "config-agent");
    make_unready(&mut case, "extension-manager");
    add_log(&mut case, "config-agent", "panic: index out of range");
    add_log(&mut case, "extension-manager", "cannot parse the settings");
    assert_eq!(causes(&case), ["arc_config_agent_down", "arc_extensions_down"]);
    let findings = diagnose(&case, None).findings;
    for (finding, line) in findings.iter().zip(["panic: index out of range", "cannot parse the settings"]) {
        assert!(finding.explanation.contains("unrecognised"), "{}", finding.explanation);
        assert!(finding.explanation.contains(line), "{}", finding.explanation);
    }
    let commands = findings[1].remedy.lines().join("\n");
    assert!(commands.contains("deploy/extension-manager"), "{commands}");
}

#[test]
fn agents_that_are_scaled_to_0_are_not_healthy() {
    let mut case = healthy_bundle();
    for agent in ["clusteridentityoperator", "config-agent", "extension-manager"] {
        change_object(&mut case, "Deployment", agent, |d| {
            d["spec"]["replicas"] = 0.into();
            d["status"] = json!({});
        });
        remove_object(&mut case, "Pod", &format!("{agent}-7d9-x"));
    }
    assert_eq!(causes(&case), ["arc_scaled_down"]);
    let commands = diagnose(&case, None).findings[0].remedy.lines().join("\n");
    for agent in ["clusteridentityoperator", "config-agent", "extension-manager"] {
        assert!(
            commands.contains(&format!("kubectl scale -n azure-arc deploy/{agent} --replicas=1")),
            "{commands}"
        );
    }
}

#[test]
fn only_pods_that_the_deployments_own_are_agents() {
    let mut case = healthy_bundle();
    for agent in AGENTS {
        change_object(&mut case, "Pod", &format!("{agent}-7d9-x"), |pod| {
            pod["metadata"]["ownerReferences"] =
                json!([{"kind": "ReplicaSet", "name": format!("{agent}-7d9")}]);
        });
    }
    let failing = json!({"status": {"phase": "Pending", "containerStatuses": [
        {"name": "c", "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}});
    add_object(&mut case, "Pod", "azure-arc", "config-agent-debug", failing);
    add_event(
        &mut case,
        "Failed",
        "Pod",
        "config-agent-debug",
        "Failed to pull image \"docker.io/x\": not found",
    );
    assert_eq!(diagnose(&case, None).findings.len(), 0);
    // and of their pods only what is not over
    make_unready(&mut case, "config-agent");
    add_event(
        &mut case,
        "Failed",
        "Pod",
        "config-agent-gone",
        "Failed to pull image \"mcr.microsoft.com/x\": i/o timeout",
    );
    assert_eq!(causes(&case), ["arc_config_agent_down"]);
}

#[test]
fn a_container_beside_the_agent_is_named_when_it_is_the_problem() {
    let mut case = healthy_bundle();
    make_unready(&mut case, "config-agent");
    change_object(&mut case, "Deployment", "config-agent", |d| {
        d["spec"]["template"]["spec"] =
            json!({"containers": [{"name": "config-agent"}, {"name": "fluent-bit"}]});
    });
    let pod = |beside: &str| {
        json!({"phase": "Running", "containerStatuses": [
            {"name": "config-agent", "ready": true, "state": {"running": {}}},
            {"name": beside, "ready": false, "restartCount": 22, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]})
    };
    for (beside, origin) in
        [("fluent-bit", "container fluent-bit of Pod"), ("mesh", "which admission put into the pod")]
    {
        change_object(&mut case, "Pod", "config-agent-7d9-x", |p| p["status"] = pod(beside));
        assert_eq!(causes(&case), ["arc_side_container"]);
        let explanation = diagnose(&case, None).findings.remove(0).explanation;
        assert!(explanation.contains(origin) && explanation.contains("CrashLoopBackOff"), "{explanation}");
    }
    // what a sidecar says is not what the agent says
    add_log(&mut case, "config-agent", "lookup istiod.istio-system.svc: no such host");
    case.logs[0].container = "mesh".into();
    assert_eq!(causes(&case), ["arc_side_container"]);
}

#[test]
fn what_is_over_is_not_told_as_present() {
    let well = json!({"name": "config-agent", "ready": true, "restartCount": 1, "state": {"running": {}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-20T03:00:00Z"}}});
    let mut case = healthy_bundle();
    set_container(&mut case, "config-agent", &well);
    assert_eq!(diagnose(&case, None).findings.len(), 0);
    // an hour ago no node had room; now the container waits for something else
    make_unready(&mut case, "config-agent");
    add_event(
        &mut case,
        "FailedScheduling",
        "Pod",
        "config-agent-7d9-x",
        "0/1 nodes are available: 1 Insufficient cpu.",
    );
    change_object(&mut case, "Event", "FailedScheduling", |e| {
        e["lastTimestamp"] = "2026-11-27T11:05:00Z".into();
    });
    add_event(&mut case, "Unhealthy", "Pod", "config-agent-7d9-x", "Readiness probe failed: status code 500");
    assert_eq!(causes(&case), ["arc_config_agent_down"]);
    // the token came late, and the container runs by now
    let late = "MountVolume.SetUp failed for volume \"token\" : failed to sync secret cache: timed out";
    add_event(&mut case, "FailedMount", "Pod", "config-agent-7d9-x", late);
    assert_eq!(causes(&case), ["arc_config_agent_down"]);
}

#[test]
fn a_cluster_that_was_connected_does_not_stay_connecting() {
    let mut case = healthy_bundle();
    make_unready(&mut case, "config-agent");
    let consequence =
        |case: &SupportBundle, azure: Option<&str>| diagnose(case, azure).findings.remove(0).consequence;
    assert!(!consequence(&case, None).contains("stays Connecting"));
    let connecting = r#"{"provisioningState": "Succeeded", "connectivityStatus": "Connecting"}"#;
    assert!(consequence(&case, Some(connecting)).contains("stays Connecting"));
    remove_identity(&mut case);
    assert!(consequence(&case, None).contains("stays Connecting"));
}
