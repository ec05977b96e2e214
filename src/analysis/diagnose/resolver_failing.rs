//! The DNS server answers, but has an address for no name at all.

use super::prelude::*;
use super::resolver_silent::{describe_missing_names, describe_servers, dig_commands};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "resolver_failing", group_checks, describe_finding };

/// Answers that blame the resolver itself.
const RESOLVER_CAUSES: &[Cause] = &[Cause::DnsServfail, Cause::DnsRefused];
/// Answers that one name alone can deserve.
const NAME_CAUSES: &[Cause] = &[Cause::DnsNxdomain, Cause::DnsNoData];
/// So many names that ought to exist do not all fail by themselves.
const MIN_NAMES: usize = 3;

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if view.count_hosts_with(look::has_resolved) > 0 {
        return Vec::new();
    }
    let empty = view.count_hosts_with(|c| c.cause.is_some_and(|cause| NAME_CAUSES.contains(&cause)));
    let mut checks = view.unexplained_with(RESOLVER_CAUSES);
    if !checks.is_empty() || empty >= MIN_NAMES {
        checks = view.unexplained_with(&[RESOLVER_CAUSES, NAME_CAUSES].concat());
    }
    CheckGroup::from_checks(describe_servers(view, &checks), checks)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("The DNS server of {} resolves none of the names.", describe_vantages(group, scene)),
        subject: group.key.clone(),
        explanation: format!(
            "{} answers, but with no address: {}. {}",
            group.key,
            list_causes(group, 4),
            describe_missing_names(group)
        ),
        remedy: "Ask the DNS team why the server resolves no public names: it has no forwarder or a blocked one, does \
                 not serve this client, or knows internal names only. Where only the proxy resolves public names, run \
                 again with --proxy-https."
            .into(),
        commands: dig_commands(group).into_iter().take(1).collect(), // it does answer, so TCP adds nothing
        confidence: if group.hosts().len() >= MIN_NAMES { Confidence::High } else { Confidence::Medium },
        ..FindingText::default()
    }
}
