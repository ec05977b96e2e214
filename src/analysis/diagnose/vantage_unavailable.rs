//! Nothing, or not all, could be looked at from a vantage inside the cluster: one finding for each kind of trouble.

use super::group::GroupSubject;
use super::prelude::*;
use crate::model::vantage::VantageErrorKind as Kind;

pub(super) const UNREACHABLE: Diagnosis =
    diagnosis("cluster_unreachable", |view| group_by_error_kind(view, &[Kind::Unreachable]));
pub(super) const CREDENTIALS: Diagnosis =
    diagnosis("cluster_login", |view| group_by_error_kind(view, &[Kind::Credentials]));
pub(super) const PERMISSIONS: Diagnosis =
    diagnosis("cluster_rights", |view| group_by_error_kind(view, &[Kind::Permissions]));
pub(super) const REFUSED: Diagnosis = diagnosis("agent_refused", |view| {
    group_by_error_kind(
        view,
        &[Kind::PodSecurity, Kind::Admission, Kind::Quota, Kind::Namespace, Kind::Refused],
    )
});
pub(super) const UNSCHEDULABLE: Diagnosis =
    diagnosis("agent_unplaced", |view| group_by_error_kind(view, &[Kind::NoNode, Kind::Unschedulable]));
pub(super) const NO_IMAGE: Diagnosis = diagnosis("agent_image", |view| {
    group_by_error_kind(view, &[Kind::NoImage, Kind::AlwaysPull, Kind::Image])
});
pub(super) const NO_AGENT: Diagnosis =
    diagnosis("agent_missing", |view| group_by_error_kind(view, &[Kind::NoAgent]));
pub(super) const NOT_STARTED: Diagnosis = diagnosis("agent_not_started", |view| {
    group_by_error_kind(view, &[Kind::Exec, Kind::Setup, Kind::Killed, Kind::NotStarted])
});
pub(super) const LOG_INCOMPLETE: Diagnosis =
    diagnosis("agent_cut", |view| group_by_error_kind(view, &[Kind::Log, Kind::LogCut, Kind::Agent]));

const fn diagnosis(
    id: &'static str,
    group_checks: for<'a> fn(&VantageFacts<'a>) -> Vec<CheckGroup<'a>>,
) -> Diagnosis {
    Diagnosis { id, group_checks, describe_finding }
}

/// The same words from several vantages are one finding.
fn group_by_error_kind<'a>(view: &VantageFacts<'a>, kinds: &[Kind]) -> Vec<CheckGroup<'a>> {
    let trouble = |v: &&Vantage| v.error_kind.is_some_and(|kind| kinds.contains(&kind));
    let Some(vantage) = view.vantage.filter(trouble) else { return Vec::new() };
    let checks = view.checks_where(|c| c.unverified == Some(UnverifiedKind::NoVantage));
    let key = vantage.error.clone().unwrap_or_default();
    vec![CheckGroup { subject: GroupSubject::Vantage(vantage), ..CheckGroup::new(key, checks) }]
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let GroupSubject::Vantage(vantage) = group.subject else { unreachable!("each group is about one") };
    let kind = vantage.error_kind.unwrap_or(Kind::NotStarted);
    let (problem, remedy, lines) = advice_for(kind);
    let place = if group.checks.is_empty() {
        "inside the cluster".to_owned()
    } else {
        describe_vantages(group, scene)
    };
    FindingText {
        summary: format!("Nothing could be looked at from {place}: {problem}."),
        subject: vantage.node.clone().unwrap_or_else(|| "the cluster".into()),
        explanation: format!("What was said: {}.", group.key.trim_end_matches('.')),
        consequence: Some(format!(
            "{} checks have no verdict; what they stand for may be closed.",
            group.checks.len()
        )),
        remedy: remedy.to_owned(),
        commands: lines.iter().map(|c| commands::name_node(c, vantage.node.as_deref())).collect(),
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}

const IMAGE_COMMAND: &str =
    "arcprobe check -l REGION --from pod,node --image REGISTRY/arcprobe-agent:VERSION";

/// What is wrong, the fix, and commands for it.
#[expect(clippy::too_many_lines, reason = "a table")]
fn advice_for(kind: Kind) -> (&'static str, &'static str, &'static [&'static str]) {
    match kind {
        Kind::Unreachable => (
            "the API server does not answer",
            "See to it that this machine reaches the API server of the context: VPN, firewall, the proxy of the \
             kubeconfig or HTTPS_PROXY with NO_PROXY.",
            &["kubectl version", "kubectl config view --minify"],
        ),
        Kind::Credentials => (
            "the credentials of the kubeconfig do not work",
            "Log in again, or fetch the kubeconfig anew from where it came from.",
            &["kubectl auth can-i list pods", "kubectl config view --minify"],
        ),
        Kind::Permissions => (
            "a right is missing in the cluster",
            "Have somebody with more rights apply the roles that arcprobe prints, or use a context that has them.",
            &["arcprobe rbac -n NAMESPACE --user USER | kubectl apply -f -"],
        ),
        Kind::PodSecurity => (
            "Pod Security admission refuses the pod",
            "The pod vantage keeps to the level `restricted`. The node vantage needs the host network, which only \
             `privileged` allows: run it in a namespace that has that label.",
            &[
                "kubectl create namespace arcprobe",
                "kubectl label namespace arcprobe pod-security.kubernetes.io/enforce=privileged",
                "arcprobe check -l REGION --from pod,node -n arcprobe",
            ],
        ),
        Kind::Admission => (
            "an admission policy refuses the pod",
            "Exempt the namespace from the policy that is named, or run in one that is exempt. The agents of Azure Arc \
             need the same for the namespaces azure-arc and azure-arc-release.",
            &[
                "arcprobe check -l REGION --from pod,node --dry-run",
                "arcprobe check -l REGION --from pod,node -n OTHER_NAMESPACE",
            ],
        ),
        Kind::Quota => (
            "a quota or limit range of the namespace leaves no room for the pod",
            "Run in another namespace, or make room: a pod asks for 50m CPU and 32Mi, with limits of 1 CPU and 128Mi.",
            &[
                "kubectl describe quota,limitrange -n NAMESPACE",
                "arcprobe check -l REGION --from pod,node -n OTHER_NAMESPACE",
            ],
        ),
        Kind::Namespace => (
            "the namespace does not exist",
            "Create it, or name another one.",
            &["kubectl create namespace NAMESPACE", "arcprobe check -l REGION --from pod,node -n NAMESPACE"],
        ),
        Kind::Refused => (
            "the cluster refuses an object of this run",
            "Look at what is said and at the objects; another namespace may be open.",
            &["arcprobe check -l REGION --from pod,node --dry-run"],
        ),
        Kind::NoNode => (
            "no node fits",
            "Azure Arc needs a Linux node, and so does this: add one, or name one that is there.",
            &["kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch"],
        ),
        Kind::Unschedulable => (
            "the pod finds no place on the node",
            "Make room on the node, or look from another one. The agents of Azure Arc ask for more than this pod.",
            &["kubectl describe node NODE", "arcprobe check -l REGION --from pod,node --node NODE"],
        ),
        Kind::NoImage | Kind::Image => (
            "there is no image to run the agent on",
            "Name an image with --image: mirror the agent's own image into a registry that the nodes reach.",
            &[IMAGE_COMMAND],
        ),
        Kind::AlwaysPull => (
            "the cluster has every image pulled anew, which needs the registry that is in question",
            "Name an image with --image from a registry that the nodes reach.",
            &[IMAGE_COMMAND],
        ),
        Kind::NoAgent => (
            "there is no agent for the node's architecture",
            "Use a release of arcprobe, which carries agents; in a clone build one; or name an image.",
            &["cargo run --example pack_agent", IMAGE_COMMAND],
        ),
        Kind::Exec => (
            "the node does not execute the agent",
            "\"permission denied\" means that the kubelet's folder is mounted noexec, or that a sandbox forbids it; \
             \"exec format error\" that the agent is for another architecture. An image of its own needs neither.",
            &[IMAGE_COMMAND],
        ),
        Kind::Setup => (
            "the node cannot set the pod up",
            "Pods of other workloads have the same trouble on this node: repair its network plug-in or its volumes, or \
             look from another node.",
            &[
                "kubectl get events -n NAMESPACE --sort-by=.lastTimestamp",
                "arcprobe check -l REGION --from pod --node NODE",
            ],
        ),
        Kind::Killed => (
            "the pod was ended before it reported everything",
            "Look why, and run again.",
            &["kubectl get events -n NAMESPACE --sort-by=.lastTimestamp"],
        ),
        Kind::Log | Kind::LogCut => (
            "the agent's log does not arrive whole",
            "The API server fetches logs from the kubelet's port 10250: it has to reach the node there. Else run again.",
            &["kubectl logs -n NAMESPACE -l app.kubernetes.io/name=arcprobe"],
        ),
        Kind::Agent => (
            "the agent cannot carry out its task",
            "The workstation's program and the agent have to be of one build: pack the agent anew, or mirror the image \
             of this version.",
            &["cargo run --example pack_agent"],
        ),
        Kind::NotStarted | Kind::Interrupted => (
            "the pod did not start, and nothing says why",
            "Look at the pod and the kubelet of its node; --keep leaves the objects there.",
            &[
                "arcprobe check -l REGION --from pod,node --keep",
                "kubectl describe pod -n NAMESPACE -l app.kubernetes.io/name=arcprobe",
            ],
        ),
    }
}
