//! The answer for several clusters as plain sentences.

use super::{Fleet, Member, SharedCause};
use crate::model::report::Verdict;
use crate::model::wording::{format_count, list_some, pluralize};

/// How many clusters are named that a cause is in.
const MAX_PLACES: usize = 8;

/// How many clusters are named.
const MAX_NAMED: usize = 4;

/// Which clusters can be connected, and whether they share what is wrong.
pub(super) fn describe_verdict(fleet: &Fleet) -> String {
    if fleet.clusters.is_empty() {
        return "No cluster was looked at.".to_owned();
    }
    let all = format_count(fleet.clusters.len(), "cluster");
    let with = |verdict| name_clusters(fleet, |member| member.verdict() == verdict);
    let mut parts = Vec::new();
    if fleet.interrupted {
        parts.push("The run was stopped.".to_owned());
    }
    let clause = |(count, names): (usize, String), what: &str| {
        (count > 0).then(|| format!("{count} of {all} {} {what}: {names}.", pluralize(count, "is", "are")))
    };
    parts.extend(clause(with(Verdict::Blocked), "blocked"));
    parts.extend(clause(with(Verdict::Incomplete), "undecided, since not all could be looked at"));
    parts.extend(clause(with(Verdict::ReadyWithWarnings), "ready, with warnings"));
    if fleet.verdict == Verdict::Ready {
        parts.push(format!("All {all} can be connected."));
    }
    let causes = fleet.shared.len();
    if causes > 0 {
        parts.push(format!("{} {} shared.", format_count(causes, "cause"), pluralize(causes, "is", "are")));
    }
    parts.join(" ")
}

/// Where a shared cause is, and where it is not.
pub(super) fn describe_occurrences(fleet: &Fleet, shared: &SharedCause) -> String {
    let mut places: Vec<String> = Vec::new();
    let mut last = None;
    for found in &shared.found {
        let number = found.finding + 1;
        match places.last_mut().filter(|_| last == Some(found.cluster)) {
            Some(place) => place.insert_str(place.len() - 1, &format!(", {number}")),
            None => places.push(format!("{} (finding {number})", found.context)),
        }
        last = Some(found.cluster);
    }
    let found = list_some(&places, MAX_PLACES);
    match (places.len() == fleet.clusters.len(), shared.not_in.is_empty()) {
        (true, _) => format!("every cluster: {found}"),
        (false, true) => found,
        (false, false) => format!("{found}; not in {}", list_some(&shared.not_in, MAX_NAMED)),
    }
}

fn name_clusters(fleet: &Fleet, is_it: impl Fn(&Member) -> bool) -> (usize, String) {
    let names: Vec<String> =
        fleet.clusters.iter().filter(|m| is_it(m)).map(|member| member.context.clone()).collect();
    (names.len(), list_some(&names, MAX_NAMED))
}
