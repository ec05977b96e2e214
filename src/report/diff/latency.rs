//! Phases that take longer than before.
//!
//! One run is one sample of each endpoint, so a single time says little. A phase counts as slower from a vantage where three of
//! four checks that reached it in both runs took longer by a quarter and by 10 ms.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::CheckPair;
use crate::model::evidence::{Outcome, Phase, millis};
use crate::model::report::Check;
use crate::report::grid::deciding_attempts;

/// Fewer checks say nothing of a vantage.
const MIN_CHECKS: usize = 5;

/// Less is nobody's trouble, and differs from run to run anyway.
const MIN_INCREASE: Duration = Duration::from_millis(10);

/// A phase from a vantage that takes longer now.
#[derive(Clone, Debug, Serialize)]
pub struct SlowerPhase {
    /// The id of the vantage.
    pub vantage: String,
    /// The phase.
    pub phase: Phase,
    /// The median before, in milliseconds.
    #[serde(rename = "before_ms", with = "millis")]
    pub before: Duration,
    /// The median now, in milliseconds.
    #[serde(rename = "now_ms", with = "millis")]
    pub now: Duration,
    /// How many checks were compared.
    pub checks: usize,
}

pub(super) fn find_slower_phases(pairs: &[CheckPair<'_>]) -> Vec<SlowerPhase> {
    let mut groups: BTreeMap<(&str, usize), Vec<(Duration, Duration)>> = BTreeMap::new();
    for pair in pairs {
        for phase in Phase::ALL {
            if let (Some(before), Some(now)) = (slowest(pair.before, phase), slowest(pair.now, phase)) {
                groups.entry((&pair.now.planned.vantage, phase as usize)).or_default().push((before, now));
            }
        }
    }
    let slower = groups.into_iter().filter(|(_, times)| is_slower(times));
    let describe = |((vantage, phase), times): ((&str, usize), Vec<(Duration, Duration)>)| SlowerPhase {
        vantage: vantage.to_owned(),
        phase: Phase::ALL[phase],
        before: median(times.iter().map(|(before, _)| *before)),
        now: median(times.iter().map(|(_, now)| *now)),
        checks: times.len(),
    };
    slower.map(describe).collect()
}

/// The slowest address; none where it was not reached.
fn slowest(check: &Check, phase: Phase) -> Option<Duration> {
    let steps = deciding_attempts(check).filter_map(|attempt| attempt.step(phase));
    steps.filter(|step| step.outcome == Outcome::Reached).map(|step| step.took).max()
}

fn is_slower(times: &[(Duration, Duration)]) -> bool {
    let is_longer =
        |(before, now): &&(Duration, Duration)| *now > (*before + *before / 4).max(*before + MIN_INCREASE);
    times.len() >= MIN_CHECKS && times.iter().filter(is_longer).count() * 4 >= times.len() * 3
}

fn median(values: impl Iterator<Item = Duration>) -> Duration {
    let mut values: Vec<Duration> = values.collect();
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_distinguished_from_noise() {
        let ms = Duration::from_millis;
        let steady = |by: u64| (0..20).map(|n| (ms(20 + n % 3), ms(20 + n % 4 + by))).collect::<Vec<_>>();
        assert!(!is_slower(&steady(0)));
        assert!(!is_slower(&steady(8)), "too little to matter");
        assert!(is_slower(&steady(30)));
        let mut one_slow = steady(0);
        one_slow[3].1 = ms(5000);
        assert!(!is_slower(&one_slow), "one endpoint alone");
        let wild: Vec<_> = (0..20).map(|n| (ms(100), ms(if n % 2 == 0 { 20 } else { 300 }))).collect();
        assert!(!is_slower(&wild), "all over the place");
        let long: Vec<_> = (0..20).map(|_| (ms(400), ms(480))).collect();
        assert!(!is_slower(&long), "a small part of what it took before");
        assert!(!is_slower(&steady(300)[..4]), "too few");
        assert!(!is_slower(&[]));
    }
}
