//! Scenarios with vantages inside a cluster: what only a comparison shows, and what keeps a vantage from being looked from.

use arcprobe::model::evidence::{Cause, ClusterNameLookup, NotRun};
use arcprobe::model::finding::Severity;
use arcprobe::model::ids::VantageId;
use arcprobe::model::networks::Role;
use arcprobe::model::report::Verdict::{Blocked, Incomplete, ReadyWithWarnings};
use arcprobe::model::report::{
    Advice, Check, Overlap, SkipProblem, SkipProblemKind, SkipRangeAdvice, Vantage,
};
use arcprobe::model::vantage::VantageErrorKind;
use arcprobe::model::vantage::VantageKind::{self, Node, Pod, Workstation};

use super::goldens::Scenario;
use super::make::{CheckCase, healthy, https, judge_cases, vantage};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut scenarios = vec![
        Scenario::of("inside-dns-upstream", Blocked, &["cluster_dns_upstream"], dns(Cause::DnsServfail))
            .looking(vec![vantage(Workstation), pod_that_resolves(None), vantage(Node)]),
        Scenario::of("inside-dns-down", Blocked, &["cluster_dns_down"], dns(Cause::DnsTimeout))
            .looking(vec![vantage(Workstation), pod_that_resolves(Some(Cause::DnsTimeout)), vantage(Node)]),
        Scenario::of(
            "inside-pods-cut-off",
            Blocked,
            &["cut_off"],
            [good(Workstation), bad(Pod), good(Node)].concat(),
        )
        .from(&[Workstation, Pod, Node]),
        Scenario::of("inside-nodes-cut-off", Blocked, &["cut_off"], [good(Pod), bad(Node)].concat())
            .from(&[Pod, Node]),
        Scenario::of(
            "inside-all-cut-off",
            Blocked,
            &["cut_off"],
            [good(Workstation), bad(Pod), bad(Node)].concat(),
        )
        .from(&[Workstation, Pod, Node]),
        Scenario::of(
            "inside-one-node",
            Blocked,
            &["cut_off"],
            [on("a", good(Pod)), on("b", bad(Pod))].concat(),
        )
        .looking(vec![of_node("a"), of_node("b")]),
    ];
    scenarios.push(
        Scenario::of(
            "inside-skip-range",
            ReadyWithWarnings,
            &["skip_range_incomplete", "networks_overlap"],
            good(Pod),
        )
        .from(&[Pod])
        .advised(advice()),
    );
    let troubles = [
        ("inside-unreachable", "cluster_unreachable", VantageErrorKind::Unreachable, "no answer within 5s"),
        ("inside-credentials", "cluster_login", VantageErrorKind::Credentials, "the token is expired"),
        (
            "inside-permissions",
            "cluster_rights",
            VantageErrorKind::Permissions,
            "may not create jobs.batch in the namespace ops",
        ),
        (
            "inside-refused",
            "agent_refused",
            VantageErrorKind::PodSecurity,
            "violates PodSecurity \"restricted:latest\"",
        ),
        (
            "inside-unschedulable",
            "agent_unplaced",
            VantageErrorKind::Unschedulable,
            "0/2 nodes are available: 1 Insufficient cpu.",
        ),
        (
            "inside-image",
            "agent_image",
            VantageErrorKind::AlwaysPull,
            "the pull policy was changed from Never to Always",
        ),
        ("inside-agent", "agent_missing", VantageErrorKind::NoAgent, "there is no agent for s390x"),
        ("inside-start", "agent_not_started", VantageErrorKind::Exec, "exec: permission denied"),
        (
            "inside-log-cut",
            "agent_cut",
            VantageErrorKind::LogCut,
            "lines 4 to 9 of the agent's log are missing",
        ),
    ];
    scenarios.extend(troubles.map(|(name, id, kind, text)| not_looked(name, id, kind, text)));
    scenarios
}

/// A range that is too narrow, and a proxy in the pod range.
fn advice() -> Advice {
    let problem = SkipProblem {
        kind: SkipProblemKind::TooNarrow,
        entry: "10.96.0.0/16".into(),
        text: "10.96.0.0/16 is too narrow: the service range is 10.96.0.0/12".into(),
        severity: Severity::Warning,
    };
    let overlap = Overlap {
        inner: Role::Proxy,
        inner_network: "10.244.3.9/32".into(),
        outer: Role::Pods,
        outer_network: "10.244.0.0/16".into(),
        severity: Severity::Warning,
        text: "the proxy 10.244.3.9 lies in the pod range 10.244.0.0/16".into(),
    };
    let skip_range = SkipRangeAdvice {
        value: "10.96.0.0/12,.svc".into(),
        entries: Vec::new(),
        problems: vec![problem],
        given: Some("10.96.0.0/16".into()),
        given_by: Some("--proxy-skip-range".into()),
    };
    Advice { overlaps: vec![overlap], skip_range: Some(skip_range), ..Advice::default() }
}

/// The names that all call, resolved everywhere but in pods.
fn dns(cause: Cause) -> Vec<Check> {
    let unresolved = |host: &str| https(host).unresolved(cause);
    let pod = ["management.azure.com", "login.microsoftonline.com", "gbl.his.arc.azure.com"].map(unresolved);
    [good(Workstation), judge_cases(Pod, pod.to_vec()), good(Node)].concat()
}

fn pod_that_resolves(cause: Option<Cause>) -> Vantage {
    let mut pod = vantage(Pod);
    let raw = cause.map(|c| format!("raw text of {c}"));
    pod.facts.inside_name = Some(ClusterNameLookup { name: "kubernetes.default.svc".into(), cause, raw });
    pod
}

fn good(kind: VantageKind) -> Vec<Check> {
    judge_cases(kind, healthy())
}

fn bad(kind: VantageKind) -> Vec<Check> {
    let case = |case: CheckCase, address| case.bad(address, Cause::TcpTimeout);
    let cases = vec![
        case(https("management.azure.com"), "20.1.0.1"),
        case(https("login.microsoftonline.com"), "20.1.0.2"),
        case(https("mcr.microsoft.com"), "20.1.0.3"),
    ];
    judge_cases(kind, cases)
}

/// The same from pods on one of several nodes.
fn on(node: &str, checks: Vec<Check>) -> Vec<Check> {
    let named = |mut check: Check| {
        check.planned.id = check.planned.id.replacen("pod", &format!("pod@{node}"), 1).into();
        check.planned.vantage = format!("pod@{node}").into();
        check
    };
    checks.into_iter().map(named).collect()
}

fn of_node(node: &str) -> Vantage {
    Vantage { id: VantageId::on_node(Pod, node), node: Some(node.into()), ..vantage(Pod) }
}

fn not_looked(name: &'static str, id: &'static str, kind: VantageErrorKind, text: &str) -> Scenario {
    let ids: &'static [&'static str] = Vec::leak(vec![id]);
    let cases =
        healthy().into_iter().map(|_| https("gbl.his.arc.azure.com").not_run(NotRun::NoVantage)).take(1);
    let checks = [good(Workstation), judge_cases(Pod, cases.collect())].concat();
    let pod = Vantage { error: Some(text.into()), error_kind: Some(kind), ..vantage(Pod) };
    Scenario::of(name, Incomplete, ids, checks).looking(vec![vantage(Workstation), pod])
}
