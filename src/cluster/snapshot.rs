//! Reads what tells of a cluster's networks, with whatever rights there are: what is forbidden or absent is listed.

use http::Request;
use k8s_openapi::api::core::v1::Service;
use serde_json::{Value, json};

use super::client::ClusterClient;
use super::error::{ApiError, ApiFailure};
use super::reader::{ClusterReader, to_unread_source};
use crate::analysis::kube_objects::split_answer;
use crate::analysis::networks::{DRY_RUN_V4, DRY_RUN_V6, Snapshot, ranges_in_refusal};
use crate::model::networks::UnreadSource;
use crate::model::source::Source;

const SOURCES: &[Source] = &[
    Source::Nodes,
    Source::Services,
    Source::Pods,
    Source::KubernetesEndpoints,
    Source::ServiceCidrs,
    Source::ServiceCidrsBeta,
    Source::OpenShiftNetwork,
    Source::KubeadmConfig,
    Source::KubeProxyConfig,
    Source::Corefile,
    Source::CiliumConfig,
    Source::AntreaConfig,
    Source::FlannelConfig,
    Source::FlannelConfigOfKubeSystem,
    Source::OpenShiftOvnConfig,
    Source::OvnConfig,
    Source::CalicoPools,
    Source::DaemonSets,
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
pub async fn read_network_snapshot(reader: &ClusterReader, proposal: Proposal) -> Result<Snapshot, ApiError> {
    let access = &reader.access;
    let mut snapshot = Snapshot { server: Some(access.server.clone()), ..Snapshot::default() };
    let mut first_error = None;
    for (source, answer) in reader.read_all(SOURCES).await {
        match answer {
            Ok(document) => snapshot.objects.extend(split_answer(source.resource().kind, &document)),
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
