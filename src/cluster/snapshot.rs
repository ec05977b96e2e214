//! Reads what tells of a cluster's networks, with whatever rights there are: what is forbidden or absent is listed.

use futures::future::join_all;
use http::Request;
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};

use super::access::Access;
use super::error::{ApiError, ApiFailure};
use crate::analysis::networks::{DRY_RUN_V4, DRY_RUN_V6, Snapshot, ranges_in_refusal};
use crate::model::networks::Skipped;

/// Something to read: what it is called, where it is, and the kind of what comes.
struct Source {
    name: &'static str,
    path: &'static str,
    kind: &'static str,
    /// Absent in most clusters, and then not worth a word.
    is_usual: bool,
}

const fn source(name: &'static str, path: &'static str, kind: &'static str, is_usual: bool) -> Source {
    Source { name, path, kind, is_usual }
}

const SOURCES: &[Source] = &[
    source("nodes", "/api/v1/nodes?limit=2000", "NodeList", true),
    source("Services", "/api/v1/services?limit=5000", "ServiceList", true),
    source("pods", "/api/v1/pods?limit=1000", "PodList", true),
    source(
        "the endpoints of default/kubernetes",
        "/api/v1/namespaces/default/endpoints/kubernetes",
        "Endpoints",
        true,
    ),
    source("ServiceCIDR objects", "/apis/networking.k8s.io/v1/servicecidrs", "ServiceCIDRList", false),
    source(
        "ServiceCIDR objects (v1beta1)",
        "/apis/networking.k8s.io/v1beta1/servicecidrs",
        "ServiceCIDRList",
        false,
    ),
    source("OpenShift's Network", "/apis/config.openshift.io/v1/networks/cluster", "Network", false),
    source(
        "ConfigMap kube-system/kubeadm-config",
        "/api/v1/namespaces/kube-system/configmaps/kubeadm-config",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap kube-system/kube-proxy",
        "/api/v1/namespaces/kube-system/configmaps/kube-proxy",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap kube-system/coredns",
        "/api/v1/namespaces/kube-system/configmaps/coredns",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap kube-system/cilium-config",
        "/api/v1/namespaces/kube-system/configmaps/cilium-config",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap kube-system/antrea-config",
        "/api/v1/namespaces/kube-system/configmaps/antrea-config",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap kube-flannel/kube-flannel-cfg",
        "/api/v1/namespaces/kube-flannel/configmaps/kube-flannel-cfg",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap kube-system/kube-flannel-cfg",
        "/api/v1/namespaces/kube-system/configmaps/kube-flannel-cfg",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap openshift-ovn-kubernetes/ovn-config",
        "/api/v1/namespaces/openshift-ovn-kubernetes/configmaps/ovn-config",
        "ConfigMap",
        false,
    ),
    source(
        "ConfigMap ovn-kubernetes/ovn-config",
        "/api/v1/namespaces/ovn-kubernetes/configmaps/ovn-config",
        "ConfigMap",
        false,
    ),
    source("Calico's IPPools", "/apis/crd.projectcalico.org/v1/ippools", "IPPoolList", false),
    source(
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
pub async fn snapshot(access: &Access, proposal: Proposal) -> Result<Snapshot, ApiError> {
    let mut snapshot = Snapshot { server: Some(access.server.clone()), ..Snapshot::default() };
    let answers = join_all(SOURCES.iter().map(|source| get(access, source))).await;
    let mut first_error = None;
    for (source, answer) in SOURCES.iter().zip(answers) {
        match answer {
            Ok(document) => snapshot.add_as(source.kind, document),
            Err(error) => {
                snapshot.skipped.extend(skipped(source, &error));
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
            match propose(access, address, proposal).await {
                Ok(refusal) => snapshot.refusals.push(refusal),
                Err(why) => {
                    snapshot.skipped.push(Skipped { source: format!("a dry run with {address}"), why });
                }
            }
        }
    }
    Ok(snapshot)
}

async fn get(access: &Access, source: &Source) -> Result<Value, ApiError> {
    let doing = format!("read {}", source.name);
    let request = Request::get(source.path).body(Vec::new());
    let request = request.map_err(|e| access.error(doing.clone(), ApiFailure::Other(e.to_string())))?;
    access.ask(doing, access.client.request::<Value>(request)).await
}

fn skipped(source: &Source, error: &ApiError) -> Option<Skipped> {
    let why = match &error.failure {
        ApiFailure::NotFound(_) if !source.is_usual => return None,
        ApiFailure::NotFound(_) => "absent".to_owned(),
        ApiFailure::Forbidden(_) => "forbidden".to_owned(),
        other => other.to_string(),
    };
    Some(Skipped { source: source.name.to_owned(), why })
}

/// What the API server says to a Service with an address outside of every range; why it says nothing of use.
async fn propose(access: &Access, address: &str, proposal: Proposal) -> Result<String, String> {
    match (ask(access, address, "?dryRun=All").await, proposal) {
        (Asked::Refused(text), _) => Ok(text),
        (Asked::Useless(why), _) => Err(why),
        (Asked::Accepted(_), Proposal::Real) => match ask(access, address, "").await {
            Asked::Refused(text) => Ok(text),
            Asked::Useless(why) => Err(why),
            Asked::Accepted(name) => {
                let deleted = access.delete::<Service>("delete the proposed Service", &name).await;
                let left = deleted.err().map(|e| format!("; it is left: {e}")).unwrap_or_default();
                Err(format!("the API server took the Service {name}, which says nothing{left}"))
            }
        },
        (Asked::Accepted(_), _) => {
            Err("the API server accepted it, which says nothing; --propose-service asks for real".into())
        }
    }
}

/// What came of a proposal.
enum Asked {
    /// With the range in the text.
    Refused(String),
    /// The name of what was made, or would be.
    Accepted(String),
    /// Why it says nothing.
    Useless(String),
}

async fn ask(access: &Access, address: &str, query: &str) -> Asked {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"generateName": "arcprobe-dry-run-"},
        "spec": {"type": "ClusterIP", "clusterIP": address, "ports": [{"port": 443}]}
    });
    let path = format!("/api/v1/namespaces/{}/services{query}", access.namespace);
    let request = Request::post(path).header("content-type", "application/json");
    let Ok(request) = request.body(service.to_string().into_bytes()) else {
        return Asked::Useless("the namespace is no part of a URL".into());
    };
    match access.ask("propose a Service", access.client.request::<Value>(request)).await {
        Ok(made) => Asked::Accepted(made["metadata"]["name"].as_str().unwrap_or_default().to_owned()),
        Err(ApiError { failure: ApiFailure::Forbidden(_), .. }) => Asked::Useless("forbidden".into()),
        Err(ApiError { failure: ApiFailure::Refused { text, .. }, .. })
            if !ranges_in_refusal(&text).is_empty() =>
        {
            Asked::Refused(text)
        }
        Err(_) => Asked::Useless("the refusal names no range".into()),
    }
}
