//! The clock of the machine is wrong.

use super::group::Group;
use super::phrase::{count, list, places};
use super::scene::{Scene, View};
use super::{Diagnosis, Words, look};
use crate::analysis::verdict::clock::TOLERATED_SKEW_S;
use crate::model::evidence::Cause;
use crate::model::finding::Confidence;
use crate::model::report::Check;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "clock_wrong", groups, words };

fn groups<'a>(view: &View<'a>) -> Vec<Group<'a>> {
    let mut checks = view.open_with(&[Cause::ClockSkew]);
    if checks.is_empty() && is_skewed_everywhere(view) {
        checks = view.all.iter().copied().filter(|c| look::is_met(c) && is_skewed(c)).collect();
    }
    Group::one(view.id, checks)
}

/// One server with a wrong clock is that server's affair; most of several are not wrong together.
fn is_skewed_everywhere(view: &View<'_>) -> bool {
    let told = view.hosts_with(|c| look::clock_skew_s(c).is_some());
    let skewed = view.hosts_with(is_skewed);
    skewed >= 2 && skewed * 2 > told
}

fn is_skewed(check: &Check) -> bool {
    look::clock_skew_s(check).is_some_and(|s| s.unsigned_abs() > TOLERATED_SKEW_S)
}

fn words(group: &Group<'_>, scene: &Scene<'_>) -> Words {
    let skew = group.checks.iter().find_map(|c| look::clock_skew_s(c)).unwrap_or_default();
    let direction = if skew > 0 { "behind" } else { "ahead" };
    Words {
        summary: format!("The clock of {} is {} {direction}.", places(group, scene), length(skew.unsigned_abs())),
        subject: format!("the clock of {}", group.key),
        explanation: format!(
            "The clock here differs from that of {}.{}",
            list(&group.hosts(), 3),
            if group.causes().is_empty() { "" } else { " By that time the certificates are valid." }
        ),
        consequence: group.unmet().next().is_none().then(|| {
            "Connections still work, but tokens are refused when clocks differ by more than five minutes: the \
             cluster stays at Connecting."
                .to_owned()
        }),
        remedy: "Set the clock and turn on time synchronisation (NTP or chrony), on every node and on the hypervisor."
            .into(),
        commands: vec!["timedatectl".into(), "sudo timedatectl set-ntp true".into()],
        confidence: if group.hosts().len() > 1 { Confidence::High } else { Confidence::Medium },
        severity: None,
    }
}

fn length(seconds: u64) -> String {
    let number = |n: u64, one, many| count(usize::try_from(n).unwrap_or(usize::MAX), one, many);
    match seconds {
        0..7_200 => number(seconds / 60, "minute", "minutes"),
        7_200..172_800 => number(seconds / 3_600, "hour", "hours"),
        _ => number(seconds / 86_400, "day", "days"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_are_rounded_down() {
        for (seconds, text) in [(301, "5 minutes"), (7_300, "2 hours"), (864_000, "10 days")] {
            assert_eq!(super::length(seconds), text);
        }
    }
}
