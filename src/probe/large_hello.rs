//! Large `ClientHello`s: tried once for each address of a run, by the first check in plan order that shakes hands there.
//!
//! Which check gets to an address first is chance, and two runs over the same network are to differ in times only. So a
//! check also looks where only a later one has looked, and in the end the look of the first one counts. For `n` checks at
//! one address that makes about `ln n` looks.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Mutex;

use crate::model::evidence::{Observation, Purpose};
use crate::probe::lock::lock;

/// Who looks at which address: the place of the check in the order of the run.
#[derive(Debug, Default)]
pub(super) struct LargeHelloClaims(Mutex<HashMap<SocketAddr, usize>>);

impl LargeHelloClaims {
    /// True when the look is this check's to take: no earlier one has it.
    pub(super) fn claim(&self, address: SocketAddr, place: usize) -> bool {
        let mut places = lock(&self.0);
        let is_first = places.get(&address).is_none_or(|&other| place < other);
        if is_first {
            places.insert(address, place);
        }
        is_first
    }

    /// Gives a claim back: nothing was learnt.
    pub(super) fn release(&self, address: SocketAddr, place: usize) {
        let mut places = lock(&self.0);
        if places.get(&address) == Some(&place) {
            places.remove(&address);
        }
    }
}

/// Keeps the looks of the first check at each address; the observations are in the order of the run.
pub(super) fn keep_first_attempts<'a>(observations: impl Iterator<Item = &'a mut Observation>) {
    let mut seen = HashSet::new();
    for observation in observations {
        let mut own = HashSet::new();
        observation.attempts.retain(|a| {
            a.purpose != Purpose::LargeHello || {
                own.insert(a.address);
                !seen.contains(&a.address)
            }
        });
        seen.extend(own);
    }
}
