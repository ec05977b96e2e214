//! What is no broken link of a cluster and worth knowing.

use jiff::SignedDuration;

use super::azure::Status;
use super::view::View;
use super::{Known, links, told};
use crate::model::faults::{Link, Place};
use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::version::Version;

/// A fault by its id, what shows it, and how sure it is.
type Warning = (&'static str, String, Confidence);

/// All of them. What lies before the first broken link is not said twice.
pub(super) fn all(view: &View<'_>, known: &Known<'_>, first: Option<Link>) -> Vec<Finding> {
    let mut warnings = Vec::new();
    if first.is_none_or(|link| link > Link::Identity) {
        warnings.extend(overdue(view, known));
    }
    warnings.extend(agent_errors(known));
    warnings.extend(failed_extension(known));
    warnings.extend(old_agents(view, known));
    warnings.extend(two_clusters(view, known));
    if first.is_none() {
        warnings.extend(restarts(view));
    }
    let entry = |(id, shown, confidence): Warning| {
        known.catalogue.entry(id).map(|entry| told(entry, &shown, confidence))
    };
    let mut findings: Vec<_> = warnings.into_iter().filter_map(entry).collect();
    if first.is_none() {
        findings.extend(signs(view, known));
    }
    findings
}

/// Signs of the catalogue that break nothing. Those of logs tell of agents that are ready: nothing else is wrong.
fn signs(view: &View<'_>, known: &Known<'_>) -> Vec<Finding> {
    let is_whole = view.agents.iter().all(super::view::Agent::is_well);
    let entries = known.catalogue.entries.iter().filter(|e| e.severity == Severity::Warning);
    let seen = entries.filter_map(|entry| {
        let mut signs = entry.signs.iter().filter(|sign| is_whole || sign.place != Place::Log);
        let seen = signs.find_map(|sign| view.find(sign))?;
        Some(told(entry, &format!("{}, {}", seen.subject, seen.text), Confidence::Medium))
    });
    seen.collect()
}

fn overdue(view: &View<'_>, known: &Known<'_>) -> Option<Warning> {
    let left = known.identity_ends().map(|ends| ends.duration_since(known.now));
    let written = view.secret("azure-identity-certificate").and_then(links::written);
    let age = written.map(|at| known.now.duration_since(at));
    let (shown, confidence) = match (left, age) {
        (Some(left), _) if left < OVERDUE => (format!("it ends in {} days", days(left)), Confidence::High),
        (None, Some(age)) if age > LIFE - OVERDUE => {
            (format!("its Secret was last written {} days ago", days(age)), Confidence::Medium)
        }
        _ => return None,
    };
    Some(("arc_identity_overdue", shown, confidence))
}

fn agent_errors(known: &Known<'_>) -> Option<Warning> {
    let errors = known.azure.map(|a| &a.agent_errors).filter(|e| !e.is_empty())?;
    let shown =
        errors.iter().map(|e| crate::model::evidence::printable(e, 200)).collect::<Vec<_>>().join("; ");
    Some(("arc_agent_errors", shown, Confidence::High))
}

fn failed_extension(known: &Known<'_>) -> Option<Warning> {
    let failed = |e: &&serde_json::Value| {
        e["status"]["status"].as_str().is_some_and(|s| s.eq_ignore_ascii_case("failed"))
    };
    let extension = known.case.all("ExtensionConfig").find(failed)?;
    let name = extension["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    Some(("arc_extension_failed", name, Confidence::High))
}

/// Agents that are older than what is supported, or than what Azure wants them to be.
fn old_agents(view: &View<'_>, known: &Known<'_>) -> Option<Warning> {
    let azure = known.azure;
    let told = view.setting("AZURE_ARC_AGENT_VERSION").or_else(|| azure?.agent_version.as_deref())?;
    let version = Version::read(told)?;
    let floor = known.support.floor();
    let desired = azure.and_then(|a| a.desired_agent_version.as_deref()).and_then(Version::read);
    let is_old = version < floor;
    if !is_old && desired.is_none_or(|wanted| version >= wanted) {
        return None;
    }
    let told = crate::model::evidence::printable(told, 60);
    let shown = match desired {
        Some(wanted) if version < wanted => format!("they are {told}, and Azure wants {wanted}"),
        _ => format!(
            "they are {told}; {} is out since {}, and {}.{} the oldest that is supported",
            known.support.newest, known.support.seen, floor.major, floor.minor
        ),
    };
    let is_off =
        view.setting("AZURE_ARC_AUTOUPDATE").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    match (is_off, is_old) {
        (true, true) => Some(("arc_agent_old", shown, Confidence::High)),
        (true, false) => None,
        // an upgrade may be on its way
        (false, _) => Some(("arc_upgrade_stalled", shown, Confidence::Medium)),
    }
}

/// Azure tells of a cluster that this one cannot be.
fn two_clusters(view: &View<'_>, known: &Known<'_>) -> Option<Warning> {
    let azure = known.azure?;
    let is_nameless = view.knows_secrets()
        && !view.agents.is_empty()
        && view.secret("azure-identity-certificate").is_none();
    // Azure notices after a quarter of an hour that a heartbeat is missing
    let beats = azure.last_connectivity_time.is_some_and(|t| known.now.duration_since(t) < HEARTBEAT);
    let is_old = view.touched().is_some_and(|t| known.now.duration_since(t) > HEARTBEAT * 2);
    if azure.connectivity_status == Some(Status::Connected) && is_nameless && beats && is_old {
        let shown = "Azure has a heartbeat of the last minutes, and this cluster has no identity certificate"
            .to_owned();
        return Some(("arc_two_clusters", shown, Confidence::Medium));
    }
    let theirs = azure.kubernetes_version.as_deref()?;
    let ours = known.case.kubernetes()?;
    let (higher, lower) = (Version::read(theirs)?, Version::read(ours)?);
    // clusters are upgraded and never the other way; Azure hears of it late and never early
    ((higher.major, higher.minor) > (lower.major, lower.minor)).then(|| {
        let printable = |text| crate::model::evidence::printable(text, 60);
        let shown = format!(
            "Azure has version {} on record, and this cluster is {}",
            printable(theirs),
            printable(ours)
        );
        ("arc_two_clusters", shown, Confidence::Medium)
    })
}

fn restarts(view: &View<'_>) -> Option<Warning> {
    let told: Vec<_> =
        view.restarted(MANY).into_iter().map(|(pod, times)| format!("{pod}: {times} times")).collect();
    (!told.is_empty()).then(|| ("arc_restarts", told.join("; "), Confidence::Medium))
}

fn days(duration: SignedDuration) -> i64 {
    duration.as_hours() / 24
}

/// The vendor's pages: without one for so long a cluster is Offline.
const HEARTBEAT: SignedDuration = SignedDuration::from_mins(15);

/// Of one container; some come with each upgrade and each restart of a node.
const MANY: u64 = 10;

/// The vendor's pages: the certificate is good for 90 days, and renewed from day 46 on.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What is left of it when the renewal is two days late.
const OVERDUE: SignedDuration = SignedDuration::from_hours(42 * 24);
