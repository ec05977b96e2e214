//! Reads what tells of a cluster's networks, with whatever rights there are: what is forbidden or absent is listed.

use futures::future::join_all;
use http::Request;
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};

use super::client::ClusterClient;
use super::error::{ApiError, ApiFailure};
use crate::analysis::networks::{DRY_RUN_V4, DRY_RUN_V6, Snapshot, ranges_in_refusal};
use crate::model::networks::UnreadSource;

/// Something to read: what it is called, where it is, and the kind of what comes.
struct ResourcePath {
    name: &'static str,
    path: &'static str,
    kind: &'static str,
    /// Absent in most clusters, and then not worth a word.
    is_common: bool,
}

const fn resource_path(
    name: &'static str,
    path: &'static str,
    kind: &'static str,
    is_usual: bool,
) -> ResourcePath {
    ResourcePath { name, path, kind, is_common: is_usual }
}

const RESOURCE_PATHS: &[ResourcePath] = &[
    resource_path("nodes", "/api/v1/nodes?limit=2000", "NodeList", true),
    resource_path("Services", "/api/v1/services?limit=5000", "ServiceList", true),
    resource_path("pods", "/api/v1/pods?limit=1000", "PodList", true),
    resource_path(
        "the endpoints of default/kubernetes",
        "/api/v1/namespaces/default/endpoints/kubernetes",
        "Endpoints",
        true,
    ),
    resource_path("ServiceCIDR objects", "/apis/networking.k8s.io/v1/servicecidrs", "ServiceCIDRList", false),
    resource_path(
        "ServiceCIDR objects (v1beta1)",
        "/apis/networking.k8s.io/v1beta1/servicecidrs",
        "ServiceCIDRList",
        false,
    ),
    resource_path("OpenShift's Network", "/apis/config.openshift.io/v1/networks/cluster", "Network", false),
    resource_path(
        "ConfigMap kube-system/kubeadm-config",
        "/api/v1/namespaces/kube-system/configmaps/kubeadm-config",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap kube-system/kube-proxy",
        "/api/v1/namespaces/kube-system/configmaps/kube-proxy",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap kube-system/coredns",
        "/api/v1/namespaces/kube-system/configmaps/coredns",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap kube-system/cilium-config",
        "/api/v1/namespaces/kube-system/configmaps/cilium-config",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap kube-system/antrea-config",
        "/api/v1/namespaces/kube-system/configmaps/antrea-config",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap kube-flannel/kube-flannel-cfg",
        "/api/v1/namespaces/kube-flannel/configmaps/kube-flannel-cfg",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap kube-system/kube-flannel-cfg",
        "/api/v1/namespaces/kube-system/configmaps/kube-flannel-cfg",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap openshift-ovn-kubernetes/ovn-config",
        "/api/v1/namespaces/openshift-ovn-kubernetes/configmaps/ovn-config",
        "ConfigMap",
        false,
    ),
    resource_path(
        "ConfigMap ovn-kubernetes/ovn-config",
        "/api/v1/namespaces/ovn-kubernetes/configmaps/ovn-config",
        "ConfigMap",
        false,
    ),
    resource_path("Calico's IPPools", "/apis/crd.projectcalico.org/v1/ippools", "IPPoolList", false),
    resource_path(
        "DaemonSets of kube-system",
        "/apis/apps/v1/namespaces/kube-system/daemonsets",
        "DaemonSetList",
        true,
    ),
];

/// Whether a Service is proposed to the API server that it has to refuse, since most name their range when they do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proposal {
    /// Nothing is proposed.
    None,
    /// Nothing is stored, whatever the answer.
    DryRun,
    /// Where the dry run is accepted, for real.
    Real,
}

/// Reads all that can be read, at once.
///
/// # Errors
/// When nothing at all could be read: the server does not answer, or does not accept the credentials.
pub async fn read_network_snapshot(access: &ClusterClient, proposal: Proposal) -> Result<Snapshot, ApiError> {
    let mut snapshot = Snapshot { server: Some(access.server.clone()), ..Snapshot::default() };
    let answers = join_all(RESOURCE_PATHS.iter().map(|source| read_resource(access, source))).await;
    let mut first_error = None;
    for (source, answer) in RESOURCE_PATHS.iter().zip(answers) {
        match answer {
            Ok(document) => snapshot.add_document_as(source.kind, document),
            Err(error) => {
                snapshot.skipped.extend(to_unread_source(source, &error));
                first_error.get_or_insert(error);
            }
        }
    }
    if snapshot.objects.is_empty()
        && let Some(error) = first_error
    {
        return Err(error);
    }
    if proposal != Proposal::None {
        for address in [DRY_RUN_V4, DRY_RUN_V6] {
            match propose_service(access, address, proposal).await {
                Ok(refusal) => snapshot.refusals.push(refusal),
                Err(why) => {
                    snapshot.skipped.push(UnreadSource { source: format!("a dry run with {address}"), why });
                }
            }
        }
    }
    Ok(snapshot)
}

async fn read_resource(access: &ClusterClient, source: &ResourcePath) -> Result<Value, ApiError> {
    let doing = format!("read {}", source.name);
    let request = Request::get(source.path).body(Vec::new());
    let request =
        request.map_err(|e| access.to_api_error(doing.clone(), ApiFailure::Other(e.to_string())))?;
    access.request(doing, access.client.request::<Value>(request)).await
}

fn to_unread_source(source: &ResourcePath, error: &ApiError) -> Option<UnreadSource> {
    let why = match &error.failure {
        ApiFailure::NotFound { .. } if !source.is_common => return None,
        ApiFailure::NotFound { .. } => "absent".to_owned(),
        ApiFailure::Forbidden(_) => "forbidden".to_owned(),
        other => other.to_string(),
    };
    Some(UnreadSource { source: source.name.to_owned(), why })
}

/// What the API server says to a Service with an address outside of every range; why it says nothing of use.
async fn propose_service(
    access: &ClusterClient,
    address: &str,
    proposal: Proposal,
) -> Result<String, String> {
    match (send_proposal(access, address, "?dryRun=All").await, proposal) {
        (ProposalOutcome::Refused(text), _) => Ok(text),
        (ProposalOutcome::Inconclusive(why), _) => Err(why),
        (ProposalOutcome::Accepted(_), Proposal::Real) => match send_proposal(access, address, "").await {
            ProposalOutcome::Refused(text) => Ok(text),
            ProposalOutcome::Inconclusive(why) => Err(why),
            ProposalOutcome::Accepted(name) => {
                let deleted = access.delete_object::<Service>("delete the proposed Service", &name).await;
                let left = deleted.err().map(|e| format!("; it is left: {e}")).unwrap_or_default();
                Err(format!("the API server took the Service {name}, which says nothing{left}"))
            }
        },
        (ProposalOutcome::Accepted(_), _) => {
            Err("the API server accepted it, which says nothing; --propose-service asks for real".into())
        }
    }
}

/// What came of a proposal.
enum ProposalOutcome {
    /// With the range in the text.
    Refused(String),
    /// The name of what was made, or would be.
    Accepted(String),
    /// Why it says nothing.
    Inconclusive(String),
}

async fn send_proposal(access: &ClusterClient, address: &str, query: &str) -> ProposalOutcome {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"generateName": "arcprobe-dry-run-"},
        "spec": {"type": "ClusterIP", "clusterIP": address, "ports": [{"port": 443}]}
    });
    let path = format!("/api/v1/namespaces/{}/services{query}", access.namespace);
    let request = Request::post(path).header("content-type", "application/json");
    let Ok(request) = request.body(service.to_string().into_bytes()) else {
        return ProposalOutcome::Inconclusive("the namespace is no part of a URL".into());
    };
    match access.request("propose a Service", access.client.request::<Value>(request)).await {
        Ok(made) => {
            ProposalOutcome::Accepted(made["metadata"]["name"].as_str().unwrap_or_default().to_owned())
        }
        Err(ApiError { failure: ApiFailure::Forbidden(_), .. }) => {
            ProposalOutcome::Inconclusive("forbidden".into())
        }
        Err(ApiError { failure: ApiFailure::Refused { text, .. }, .. })
            if !ranges_in_refusal(&text).is_empty() =>
        {
            ProposalOutcome::Refused(text)
        }
        Err(_) => ProposalOutcome::Inconclusive("the refusal names no range".into()),
    }
}
