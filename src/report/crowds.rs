//! Vantages that saw the same: in a cluster of a hundred nodes most do, and nobody reads a hundred tables that are alike.

use std::collections::HashMap;

use super::tally::{Standing, Tally, some_of, target};
use crate::model::evidence::{Cause, Phase};

/// Vantages of one kind from which every check came out alike.
pub(super) struct Crowd<'a> {
    /// The first of them, which stands for all.
    pub(super) first: &'a str,
    /// What they are called together.
    pub(super) name: String,
}

/// From so many on, vantages are told together.
const FROM: usize = 4;

/// How many nodes of a crowd are named.
const NAMED: usize = 2;

/// What came of a check.
type Outcome<'a> = (&'a str, String, Standing, Option<Phase>, Option<Cause>);

/// The vantages that checks were made from, those that saw the same as one, in the order of the first of each.
pub(super) fn crowds<'a>(tally: &Tally<'a>) -> Vec<Crowd<'a>> {
    let vantages = tally.vantages();
    if vantages.len() < FROM {
        return vantages.into_iter().map(|id| Crowd { first: id, name: id.to_owned() }).collect();
    }
    let mut places: HashMap<(&str, Vec<Outcome<'_>>), usize> = HashMap::new();
    let mut alike: Vec<Vec<&'a str>> = Vec::new();
    for vantage in vantages {
        let came = tally.from(vantage);
        let came = came.map(|(c, standing)| (c.requirement.as_str(), target(c), standing, c.phase, c.cause));
        let place = *places.entry((kind(vantage), came.collect())).or_insert(alike.len());
        match alike.get_mut(place) {
            Some(others) => others.push(vantage),
            None => alike.push(vec![vantage]),
        }
    }
    alike.iter().map(|ids| Crowd { first: ids[0], name: together(ids) }).collect()
}

/// What vantages are called together: by their ids, and where there are many of a kind by their number.
pub(super) fn together(ids: &[&str]) -> String {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for id in ids {
        match kinds.iter_mut().find(|(known, _)| *known == kind(id)) {
            Some((_, ids)) => ids.push(id),
            None => kinds.push((kind(id), vec![id])),
        }
    }
    let name = |(kind, ids): &(&str, Vec<&str>)| match ids.len() {
        0..FROM => ids.join(", "),
        n => {
            let nodes: Vec<String> = ids.iter().map(|id| node(id).to_owned()).collect();
            format!("{kind} on {n} nodes ({})", some_of(&nodes, NAMED))
        }
    };
    kinds.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn kind(id: &str) -> &str {
    id.split_once('@').map_or(id, |(kind, _)| kind)
}

fn node(id: &str) -> &str {
    id.split_once('@').map_or(id, |(_, node)| node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_told_by_their_number() {
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
            assert_eq!(together(ids), name);
        }
    }
}
