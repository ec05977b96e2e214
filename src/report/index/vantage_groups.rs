//! Vantages that saw the same: in a cluster of a hundred nodes most do, and nobody reads a hundred tables that are alike.

use super::super::group::group_by_key;
use super::{CheckStatus, ReportIndex, format_target};
use crate::model::evidence::{Cause, Phase};
use crate::model::ids::VantageId;
use crate::model::wording::list_some;

/// Vantages of one kind from which every check came out alike.
pub(in crate::report) struct VantageGroup<'a> {
    /// The first of them, which stands for all.
    pub(in crate::report) first: &'a VantageId,
    /// What they are called together.
    pub(in crate::report) name: String,
}

/// From so many on, vantages are told together.
const MIN_GROUPED: usize = 4;

/// How many nodes of a crowd are named.
const MAX_NAMED: usize = 2;

/// What came of a check.
type CheckOutcome<'a> = (&'a str, String, CheckStatus, Option<Phase>, Option<Cause>);

/// The vantages that checks were made from, those that saw the same as one, in the order of the first of each.
pub(super) fn group_vantages<'a>(tally: &ReportIndex<'a>) -> Vec<VantageGroup<'a>> {
    let vantages = tally.vantages();
    if vantages.len() < MIN_GROUPED {
        return vantages.into_iter().map(|id| VantageGroup { first: id, name: id.to_string() }).collect();
    }
    let alike = group_by_key(vantages, |vantage| {
        let outcomes = tally.checks_from(vantage);
        let outcomes = outcomes
            .map(|(c, standing)| (c.planned.endpoint.as_str(), format_target(c), standing, c.phase, c.cause));
        (vantage.kind(), outcomes.collect::<Vec<CheckOutcome<'_>>>())
    });
    alike.values().map(|ids| VantageGroup { first: ids[0], name: group_label(ids) }).collect()
}

/// What vantages are called together: by their ids, and where there are many of a kind by their number.
pub(in crate::report) fn group_label(ids: &[&VantageId]) -> String {
    let kinds = group_by_key(ids.iter().copied(), |id| id.kind());
    let name = |(kind, ids): (&&str, &Vec<&VantageId>)| match ids.len() {
        0..MIN_GROUPED => ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", "),
        n => {
            let nodes: Vec<String> = ids.iter().map(|id| id.node().unwrap_or(id).to_owned()).collect();
            format!("{kind} on {n} nodes ({})", list_some(&nodes, MAX_NAMED))
        }
    };
    kinds.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_vantages_are_named_by_their_number() {
        let table: [(&[&str], &str); 4] = [
            (&["workstation"], "workstation"),
            (&["pod", "node"], "pod, node"),
            (&["pod@a", "pod@b", "node@a", "pod@c"], "pod@a, pod@b, pod@c, node@a"),
            (
                &["workstation", "pod@a", "pod@b", "pod@c", "pod@d"],
                "workstation, pod on 4 nodes (a, b and 2 more)",
            ),
        ];
        for (ids, name) in table {
            let ids: Vec<VantageId> = ids.iter().map(|&id| id.into()).collect();
            assert_eq!(group_label(&ids.iter().collect::<Vec<_>>()), name);
        }
    }
}
