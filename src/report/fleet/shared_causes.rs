//! Which findings of several clusters are one cause.

use std::collections::{BTreeSet, HashMap};

use super::{Member, Occurrence, SharedCause};
use crate::model::finding::Finding;
use crate::model::plan::UnverifiedKind;
use crate::model::report::Check;
use crate::model::shell::Shell;
use crate::report::waivers::summarize_finding;

/// The causes that more than one cluster has, the most severe and widest first.
///
/// Findings are one cause where they are of one kind and about the same thing: the same subject (a resolver, a proxy, an
/// authority); where the subject are endpoints, one that stands for the same requirement, since hosts of regions differ; where
/// a cluster could not be looked at, the same words of its API server.
pub(super) fn find_shared_causes(clusters: &[Member]) -> Vec<SharedCause> {
    let mut groups: Vec<Vec<Occurrence>> = Vec::new();
    let mut known: HashMap<(&str, CauseKey<'_>), usize> = HashMap::new();
    for (cluster, member) in clusters.iter().enumerate() {
        let Some(report) = &member.report else { continue };
        let checks: HashMap<&str, &Check> =
            report.checks.iter().map(|c| (c.planned.id.as_str(), c)).collect();
        for (place, finding) in report.findings.iter().enumerate() {
            let about = cause_keys(finding, &checks, member);
            let found =
                about.iter().find_map(|about| known.get(&(finding.id.as_str(), about.clone())).copied());
            let group = found.unwrap_or_else(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            for about in about {
                known.entry((finding.id.as_str(), about)).or_insert(group);
            }
            groups[group].push(Occurrence { cluster, context: member.context.clone(), finding: place });
        }
    }
    let mut shared: Vec<SharedCause> =
        groups.into_iter().filter_map(|group| new_shared_cause(clusters, group)).collect();
    shared.sort_by_key(|shared| std::cmp::Reverse((shared.severity, count_clusters(&shared.found))));
    shared
}

/// What a finding is about.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum CauseKey<'a> {
    Subject(&'a str),
    Requirement(&'a str),
    ErrorText(String),
}

fn cause_keys<'a>(
    finding: &'a Finding,
    checks: &HashMap<&str, &'a Check>,
    member: &Member,
) -> BTreeSet<CauseKey<'a>> {
    let behind = || finding.evidence.iter().filter_map(|id| checks.get(id.as_str()).copied());
    // where nothing could be looked at, the subject is the cluster itself, whatever is wrong with it
    let is_unseen = |check: &Check| check.unverified == Some(UnverifiedKind::NoVantage);
    if behind().next().is_some() && behind().all(is_unseen) {
        return [CauseKey::ErrorText(without_cluster_names(&finding.explanation, member))].into();
    }
    if behind().any(|check| is_host_of(&finding.subject, check)) {
        return behind().map(|check| CauseKey::Requirement(&check.planned.endpoint)).collect();
    }
    [CauseKey::Subject(&finding.subject)].into()
}

/// Whether a subject is a host of a check, by its name or as one of several.
fn is_host_of(subject: &str, check: &Check) -> bool {
    let is_it = |host: &String| {
        let rest = subject.strip_prefix(host.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':') || rest.starts_with(" and "))
    };
    subject.contains(" hosts below ") || check.planned.host.iter().chain(&check.planned.pattern).any(is_it)
}

/// A text without what differs because it is this cluster: the names of its context and of its server.
pub(super) fn without_cluster_names(text: &str, member: &Member) -> String {
    let server = member.server.as_deref().unwrap_or_default();
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    // no name is empty or so short that it would be met anywhere
    let quoted =
        [format!("\"{}\"", member.context), format!(" --context {}", Shell::Bash.quote(&member.context))];
    let names = [
        server.to_owned(),
        host.to_owned(),
        format!(" --kube-context {}", Shell::Bash.quote(&member.context)),
    ];
    let names = quoted.into_iter().chain(names).filter(|name| name.len() > 3);
    names.fold(text.to_owned(), |text, name| text.replace(&name, "*"))
}

/// In how many clusters.
fn count_clusters(found: &[Occurrence]) -> usize {
    found.iter().map(|found| found.cluster).collect::<BTreeSet<_>>().len()
}

fn new_shared_cause(clusters: &[Member], found: Vec<Occurrence>) -> Option<SharedCause> {
    let places: BTreeSet<usize> = found.iter().map(|found| found.cluster).collect();
    if places.len() < 2 {
        return None;
    }
    let finding = |found: &Occurrence| clusters[found.cluster].report.as_ref()?.findings.get(found.finding);
    let first = finding(found.first()?)?;
    let others = clusters.iter().enumerate();
    let others = others.filter(|(place, member)| member.report.is_some() && !places.contains(place));
    Some(SharedCause {
        id: first.id.clone(),
        severity: found.iter().filter_map(finding).map(|finding| finding.severity).max()?,
        summary: summarize_finding(first).into_owned(),
        not_in: others.map(|(_, member)| member.context.clone()).collect(),
        found,
    })
}
