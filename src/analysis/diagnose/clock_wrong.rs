//! The clock of the machine is wrong.

use super::prelude::*;
use crate::analysis::verdict::clock::TOLERATED_SKEW_S;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "clock_wrong", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut checks = view.unexplained_with(&[Cause::ClockSkew]);
    if checks.is_empty() && is_skewed_everywhere(view) {
        checks = view.checks_where(|c| look::is_met(c) && is_skewed(c));
    }
    CheckGroup::from_checks(view.id, checks)
}

/// One server with a wrong clock is that server's affair; most of several are not wrong together.
fn is_skewed_everywhere(view: &VantageFacts<'_>) -> bool {
    let with_clock = view.count_hosts_with(|c| look::clock_skew_s(c).is_some());
    let skewed = view.count_hosts_with(is_skewed);
    skewed >= 2 && skewed * 2 > with_clock
}

fn is_skewed(check: &Check) -> bool {
    look::clock_skew_s(check).is_some_and(|s| s.unsigned_abs() > TOLERATED_SKEW_S)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let skew = group.checks.iter().find_map(|c| look::clock_skew_s(c)).unwrap_or_default();
    let direction = if skew > 0 { "behind" } else { "ahead" };
    FindingText {
        summary: format!("The clock of {} is {} {direction}.", describe_vantages(group, scene), format_duration(skew.unsigned_abs())),
        subject: format!("the clock of {}", group.key),
        explanation: format!(
            "The clock here differs from that of {}.{}",
            list_some(&group.hosts(), 3),
            if group.causes().is_empty() { "" } else { " By that time the certificates are valid." }
        ),
        consequence: group.unmet_checks().next().is_none().then(|| {
            "Connections still work, but tokens are refused when clocks differ by more than five minutes: the \
             cluster stays at Connecting."
                .to_owned()
        }),
        remedy: "Set the clock and turn on time synchronisation (NTP or chrony), on every node and on the hypervisor."
            .into(),
        commands: vec!["timedatectl".into(), "sudo timedatectl set-ntp true".into()],
        confidence: if group.hosts().len() > 1 { Confidence::High } else { Confidence::Medium },
        ..FindingText::default()
    }
}

fn format_duration(seconds: u64) -> String {
    let number = |n: u64, unit| format_count(usize::try_from(n).unwrap_or(usize::MAX), unit);
    match seconds {
        0..7_200 => number(seconds / 60, "minute"),
        7_200..172_800 => number(seconds / 3_600, "hour"),
        _ => number(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_rounded_down() {
        for (seconds, text) in [(301, "5 minutes"), (7_300, "2 hours"), (864_000, "10 days")] {
            assert_eq!(super::format_duration(seconds), text);
        }
    }
}
