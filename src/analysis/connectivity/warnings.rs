//! What is no broken link of a cluster and worth knowing.

use jiff::SignedDuration;

use super::agents::Agent;
use super::azure::ConnectivityStatus;
use super::cluster_view::{ClusterView, Recognized};
use super::custom_locations::describe_custom_locations;
use super::evidence::EvidenceLine;
use super::extensions::{FailedObject, find_failed_objects};
use super::finding::{build_fault_finding, build_quoting_finding, build_ready_finding, name_agents_of};
use super::{ConnectivityDiagnosis, ConnectivityInput, StageResult, StageState, stages as links};
use crate::model::faults::{Fault, Stage};
use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::shown_text::SignatureSource;
use crate::model::version::Version;

/// A fault by its id, what shows it, and how sure it is.
type Warning = (&'static str, String, Confidence);

/// All of them. What lies before the first broken link is not said twice.
pub(super) fn find_warnings(
    view: &ClusterView<'_>,
    known: &ConnectivityInput<'_>,
    chain: &ConnectivityDiagnosis,
) -> Vec<Finding> {
    let first = chain.links.iter().find(|link| link.state == StageState::Broken).map(|link| link.link);
    let mut warnings = Vec::new();
    if first.is_none_or(|link| link > Stage::Identity) {
        warnings.extend(overdue_renewal(view, known));
    }
    warnings.extend(deleted_key(view));
    warnings.extend(agent_errors(known));
    warnings.extend(old_agents(view, known));
    warnings.extend(two_clusters(view, known));
    if first.is_none() {
        warnings.extend(frequent_restarts(view));
    }
    let entry = |(id, shown, confidence): Warning| {
        known.catalogue.find_fault(id).map(|entry| build_fault_finding(entry, &shown, confidence))
    };
    let mut findings: Vec<_> = warnings.into_iter().filter_map(entry).collect();
    findings.extend(
        find_failed_objects(view.bundle).into_iter().filter_map(|failed| describe_failure(failed, known)),
    );
    findings.extend(find_faults_of_ready_agents(view, chain));
    if first.is_none() {
        findings.extend(find_signature_warnings(view));
    }
    findings
}

/// Signs of the catalogue that break nothing. Those of logs tell of agents that are ready: nothing else is wrong.
fn find_signature_warnings(view: &ClusterView<'_>) -> Vec<Finding> {
    let is_whole = view.agents.iter().all(Agent::is_ready);
    let mut seen: Vec<_> = view.agents.iter().flat_map(|agent| view.recognize(agent)).collect();
    seen.retain(|seen| seen.fault.severity == Severity::Warning && !seen.is_old);
    seen.retain(|seen| is_whole || seen.place != SignatureSource::Log);
    seen.sort_by_key(|seen| seen.rank);
    seen.dedup_by_key(|seen| seen.rank);
    let build = |seen: Recognized<'_>| build_quoting_finding(seen.fault, vec![seen.line], Confidence::Medium);
    seen.into_iter().map(build).collect()
}

/// An agent may be ready while what it does fails: what it says now counts, as a warning. Where a link that all agents need is
/// broken, their complaints are about that.
fn find_faults_of_ready_agents(view: &ClusterView<'_>, chain: &ConnectivityDiagnosis) -> Vec<Finding> {
    let is_shared = |link: &StageResult| link.link > Stage::Images && link.link <= Stage::DataPlane;
    if chain.links.iter().any(|link| is_shared(link) && link.state != StageState::Ok) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    for agent in view.agents.iter().filter(|agent| agent.is_ready()) {
        let seen = view.recognize(agent).into_iter();
        let seen = seen.filter(|seen| seen.fault.severity == Severity::Blocking && !seen.is_old);
        let Some(Recognized { fault: entry, line: seen, .. }) = seen.min_by_key(|seen| seen.rank) else {
            continue;
        };
        if chain.findings.iter().chain(&findings).all(|known| known.id != entry.id) {
            let named = name_agents_of(view, &[agent.name]);
            findings.push(as_warning(
                &build_ready_finding(entry, add_custom_locations(entry, seen, view), &named),
                agent.name,
            ));
        }
    }
    findings
}

/// Where Azure is refused in the name of an object id, the one that the feature was enabled for tells why.
fn add_custom_locations(fault: &Fault, seen: EvidenceLine, view: &ClusterView<'_>) -> Vec<EvidenceLine> {
    let is_about = fault.id == "arc_custom_location_rights";
    std::iter::once(seen).chain(is_about.then(|| describe_custom_locations(view.bundle))).collect()
}

fn as_warning(finding: &Finding, agent: &str) -> Finding {
    Finding {
        severity: Severity::Warning,
        consequence: format!("{agent} counts as ready while this fails. {READY_CONSEQUENCE}"),
        ..finding.clone()
    }
}

fn overdue_renewal(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> Option<Warning> {
    let left = known.identity_ends().map(|ends| ends.duration_since(known.now));
    let written = view.secret_metadata("azure-identity-certificate").and_then(links::last_written);
    let age = written.map(|at| known.now.duration_since(at));
    let (shown, confidence) = match (left, age) {
        (Some(left), _) if left < OVERDUE_REMAINDER => {
            (format!("it ends in {} days", whole_days(left)), Confidence::High)
        }
        (None, Some(age)) if age > CERTIFICATE_LIFETIME - OVERDUE_REMAINDER => {
            (format!("its Secret was last written {} days ago", whole_days(age)), Confidence::Medium)
        }
        _ => return None,
    };
    Some(("arc_identity_overdue", shown, confidence))
}

/// The certificate works until it ends; without the key there will be no other.
fn deleted_key(view: &ClusterView<'_>) -> Option<Warning> {
    let is_gone = view.has_secret_list()
        && view.secret_metadata("azure-identity-certificate").is_some()
        && view.secret_metadata("azure-arc-connect-privatekey").is_none();
    is_gone.then(|| {
        let shown =
            "there is no Secret azure-arc-connect-privatekey, and azure-identity-certificate is there";
        ("arc_key_deleted", shown.to_owned(), Confidence::High)
    })
}

fn agent_errors(known: &ConnectivityInput<'_>) -> Option<Warning> {
    let errors = known.azure.map(|a| &a.agent_errors).filter(|e| !e.is_empty())?;
    let shown =
        errors.iter().map(|e| crate::model::evidence::sanitize(e, 200)).collect::<Vec<_>>().join("; ");
    Some(("arc_agent_errors", shown, Confidence::High))
}

fn describe_failure(failed: FailedObject, known: &ConnectivityInput<'_>) -> Option<Finding> {
    let mut evidence = failed.evidence;
    if let (Some(line), Some(namespace)) = (evidence.first_mut(), failed.namespace) {
        line.values.push(("NAMESPACE".to_owned(), namespace));
    }
    Some(build_quoting_finding(known.catalogue.find_fault(failed.fault)?, evidence, Confidence::High))
}

/// Agents that are older than what is supported, or than what Azure wants them to be.
fn old_agents(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> Option<Warning> {
    let azure = known.azure;
    let installed_version =
        view.agent_setting("AZURE_ARC_AGENT_VERSION").or_else(|| azure?.agent_version.as_deref())?;
    let version = Version::parse(installed_version)?;
    let supported = &known.needs.agents;
    let floor = supported.oldest_supported();
    let desired = azure.and_then(|a| a.desired_agent_version.as_deref()).and_then(Version::parse);
    let is_old = version < floor;
    if !is_old && desired.is_none_or(|wanted| version >= wanted) {
        return None;
    }
    let shown_version = crate::model::evidence::sanitize(installed_version, 60);
    let shown = match desired {
        Some(wanted) if version < wanted => format!("they are {shown_version}, and Azure wants {wanted}"),
        _ => format!(
            "they are {shown_version}; {} is out since {}, and {}.{} the oldest that is supported",
            supported.newest, supported.seen, floor.major, floor.minor
        ),
    };
    let is_off =
        view.agent_setting("AZURE_ARC_AUTOUPDATE").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    match (is_off, is_old) {
        (true, true) => Some(("arc_agent_old", shown, Confidence::High)),
        (true, false) => None,
        // an upgrade may be on its way
        (false, _) => Some(("arc_upgrade_stalled", shown, Confidence::Medium)),
    }
}

/// Azure tells of a cluster that this one cannot be.
fn two_clusters(view: &ClusterView<'_>, known: &ConnectivityInput<'_>) -> Option<Warning> {
    let azure = known.azure?;
    let is_nameless = view.has_secret_list()
        && !view.agents.is_empty()
        && view.secret_metadata("azure-identity-certificate").is_none();
    // Azure notices after a quarter of an hour that a heartbeat is missing
    let beats = azure.last_connectivity_time.is_some_and(|t| known.now.duration_since(t) < HEARTBEAT_TIMEOUT);
    let is_old = view.last_changed_at().is_some_and(|t| known.now.duration_since(t) > HEARTBEAT_TIMEOUT * 2);
    if azure.connectivity_status == Some(ConnectivityStatus::Connected) && is_nameless && beats && is_old {
        let shown = "Azure has a heartbeat of the last minutes, and this cluster has no identity certificate"
            .to_owned();
        return Some(("arc_two_clusters", shown, Confidence::Medium));
    }
    let theirs = azure.kubernetes_version.as_deref()?;
    let ours = known.bundle.kubernetes_version()?;
    let (higher, lower) = (Version::parse(theirs)?, Version::parse(ours)?);
    // clusters are upgraded and never the other way; Azure hears of it late and never early
    ((higher.major, higher.minor) > (lower.major, lower.minor)).then(|| {
        let printable = |text| crate::model::evidence::sanitize(text, 60);
        let shown = format!(
            "Azure has version {} on record, and this cluster is {}",
            printable(theirs),
            printable(ours)
        );
        ("arc_two_clusters", shown, Confidence::Medium)
    })
}

fn frequent_restarts(view: &ClusterView<'_>) -> Option<Warning> {
    let restarts: Vec<_> = view
        .restarted_pods(MANY_RESTARTS)
        .into_iter()
        .map(|(pod, times)| format!("{pod}: {times} times"))
        .collect();
    (!restarts.is_empty()).then(|| ("arc_restarts", restarts.join("; "), Confidence::Medium))
}

fn whole_days(duration: SignedDuration) -> i64 {
    duration.as_hours() / 24
}

/// The vendor's pages: without one for so long a cluster is Offline.
const HEARTBEAT_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// A link that is down shows in what the agent serves.
const READY_CONSEQUENCE: &str = "The status stays Connected; what the agent does is missing or late.";

/// Of one container; some come with each upgrade and each restart of a node.
const MANY_RESTARTS: u64 = 10;

/// The vendor's pages: the certificate is good for 90 days, and renewed from day 46 on.
const CERTIFICATE_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What is left of it when the renewal is two days late.
const OVERDUE_REMAINDER: SignedDuration = SignedDuration::from_hours(42 * 24);
