//! The proxy takes only so many connections or requests at a time, and refuses more.

use super::prelude::*;
use crate::analysis::verdict::attempts::refused_at_first;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_limits", group_checks, describe_finding };

/// What it still refuses, and what it let through once fewer connections were open.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let is_limited =
        |c: &Check| by_proxy::proxy_detail(c).is_some_and(|d| d.status == Some(TOO_MANY_REQUESTS));
    let mut checks = view.unexplained_with(&[Cause::ProxyDenied]);
    checks.retain(|c| by_proxy::is_proxied(c) && is_limited(c));
    let later =
        |c: &Check| look::is_met(c) && by_proxy::is_proxied(c) && refused_at_first(&c.attempts).is_some();
    checks.extend(view.checks_where(later));
    CheckGroup::by_key(checks, |c| by_proxy::proxy_of(c).unwrap_or_default().to_owned())
}

const TOO_MANY_REQUESTS: u16 = 429;

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let (refused, all) = (group.unmet_checks().count(), group.checks.len());
    let proxy = by_proxy::describe_proxy(group);
    let limited = format!("The proxy {proxy} limits how many connections are open at a time");
    FindingText {
        summary: match refused {
            0 => format!("{limited}."),
            n => format!("{limited}, and still refuses {}.", format_count(n, "check")),
        },
        subject: by_proxy::group_proxy(group).to_owned(),
        explanation: format!(
            "From {} it refused {} at first; {} of them passed with two connections at a time. Hosts: {}.",
            describe_vantages(group, scene),
            format_count(all, "check"),
            all - refused,
            list_some(&group.hosts(), 5)
        ),
        consequence: (refused == 0).then(|| "Agents on many nodes share the limit; a single one stays below it.".into()),
        remedy: "Raise the proxy's limits on connections and requests for the addresses of the cluster. To check with \
                 fewer at a time, run again with --concurrency 2."
            .into(),
        commands: group
            .first_check()
            .map(|c| commands::curl_command(c).into())
            .into_iter()
            .chain(["arcprobe check -l REGION --concurrency 2".into()])
            .collect(),
        severity: (refused == 0).then_some(Severity::Info),
        ..FindingText::default()
    }
}
