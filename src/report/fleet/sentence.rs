//! The answer for several clusters as plain sentences.

use super::{Fleet, Member, Shared};
use crate::model::report::Verdict;
use crate::report::tally::{plural, some_of};

/// How many clusters are named that a cause is in.
const MOST_PLACES: usize = 8;

/// How many clusters are named.
const NAMED: usize = 4;

/// Which clusters can be connected, and whether they share what is wrong.
pub(super) fn sentence(fleet: &Fleet) -> String {
    if fleet.clusters.is_empty() {
        return "No cluster was looked at.".to_owned();
    }
    let all = plural(fleet.clusters.len(), "cluster");
    let with = |verdict| named(fleet, |member| member.verdict() == verdict);
    let mut parts = Vec::new();
    if fleet.interrupted {
        parts.push("The run was stopped.".to_owned());
    }
    let tell = |(count, names): (usize, String), what: &str| {
        (count > 0).then(|| format!("{count} of {all} {} {what}: {names}.", are(count)))
    };
    parts.extend(tell(with(Verdict::Blocked), "blocked"));
    parts.extend(tell(with(Verdict::Incomplete), "undecided, since not all could be looked at"));
    parts.extend(tell(with(Verdict::ReadyWithWarnings), "ready, with warnings"));
    if fleet.verdict == Verdict::Ready {
        parts.push(format!("All {all} can be connected."));
    }
    let causes = fleet.shared.len();
    if causes > 0 {
        let verb = if causes == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} shared.", plural(causes, "cause")));
    }
    parts.join(" ")
}

/// Where a shared cause is, and where it is not.
pub(super) fn whereabouts(fleet: &Fleet, shared: &Shared) -> String {
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
    let found = some_of(&places, MOST_PLACES);
    match (places.len() == fleet.clusters.len(), shared.not_in.is_empty()) {
        (true, _) => format!("every cluster: {found}"),
        (false, true) => found,
        (false, false) => format!("{found}; not in {}", some_of(&shared.not_in, NAMED)),
    }
}

fn named(fleet: &Fleet, is_it: impl Fn(&Member) -> bool) -> (usize, String) {
    let names: Vec<String> =
        fleet.clusters.iter().filter(|m| is_it(m)).map(|member| member.context.clone()).collect();
    (names.len(), some_of(&names, NAMED))
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
