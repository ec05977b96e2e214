//! Which findings of several clusters are one cause.

use std::collections::{BTreeSet, HashMap};

use super::{Found, Member, Shared};
use crate::finding::Finding;
use crate::report::v1::Report;

/// The causes that more than one cluster has, the gravest and widest first.
///
/// Findings are one cause where they are of one kind and about the same thing: the same subject (a resolver, a proxy, an
/// authority), or an endpoint that stands for the same requirement. Hosts are not compared, since those of a region differ.
pub(super) fn causes(clusters: &[Member]) -> Vec<Shared> {
    let mut groups: Vec<Vec<Found>> = Vec::new();
    let mut known: HashMap<(&str, About<'_>), usize> = HashMap::new();
    for (cluster, member) in clusters.iter().enumerate() {
        let Some(report) = &member.report else { continue };
        let requirements = requirements(report);
        for (place, finding) in report.findings.iter().enumerate() {
            let about = abouts(finding, &requirements);
            let found = about.iter().find_map(|about| known.get(&(finding.id.as_str(), *about)).copied());
            let group = found.unwrap_or_else(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            for about in about {
                known.entry((finding.id.as_str(), about)).or_insert(group);
            }
            groups[group].push(Found { cluster, context: member.context.clone(), finding: place });
        }
    }
    let mut shared: Vec<Shared> = groups.into_iter().filter_map(|group| shared(clusters, group)).collect();
    shared.sort_by_key(|shared| std::cmp::Reverse((shared.severity, width(&shared.found))));
    shared
}

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum About<'a> {
    Subject(&'a str),
    Requirement(&'a str),
}

/// The requirement of each check.
fn requirements(report: &Report) -> HashMap<&str, &str> {
    report.checks.iter().map(|check| (check.id.as_str(), check.requirement.as_str())).collect()
}

fn abouts<'a>(finding: &'a Finding, requirements: &HashMap<&str, &'a str>) -> BTreeSet<About<'a>> {
    let behind = finding.evidence.iter().filter_map(|id| requirements.get(id.as_str()));
    behind.map(|id| About::Requirement(id)).chain([About::Subject(&finding.subject)]).collect()
}

/// In how many clusters.
fn width(found: &[Found]) -> usize {
    found.iter().map(|found| found.cluster).collect::<BTreeSet<_>>().len()
}

fn shared(clusters: &[Member], found: Vec<Found>) -> Option<Shared> {
    let places: BTreeSet<usize> = found.iter().map(|found| found.cluster).collect();
    if places.len() < 2 {
        return None;
    }
    let finding = |found: &Found| clusters[found.cluster].report.as_ref()?.findings.get(found.finding);
    let first = finding(found.first()?)?;
    let others = clusters.iter().enumerate();
    let others = others.filter(|(place, member)| member.report.is_some() && !places.contains(place));
    Some(Shared {
        id: first.id.clone(),
        severity: found.iter().filter_map(finding).map(|finding| finding.severity).max()?,
        summary: first.summary.clone(),
        not_in: others.map(|(_, member)| member.context.clone()).collect(),
        found,
    })
}
