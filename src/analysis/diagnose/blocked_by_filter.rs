//! A filter answers with a page of its own.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "blocked_by_filter", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let blocked = view.unexplained_with(&[Cause::HttpBlockPage]);
    CheckGroup::by_key(blocked.clone(), |c| {
        let same = blocked.iter().copied().filter(|other| shows_same_page(c, other));
        look::appliance_name(c)
            .or_else(|| same.into_iter().find_map(look::appliance_name))
            .unwrap_or("a web filter")
            .to_owned()
    })
}

/// One product does not put its name on all of its pages.
fn shows_same_page(check: &Check, other: &Check) -> bool {
    let page = |c: &Check| look::http_detail(c)?.page_sha256.clone();
    page(check).is_some() && page(check) == page(other)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("The requests to {} are answered by {} itself.", describe_hosts(group), group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the answer does not come from the service. Hosts: {}.{}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.first_check().and_then(describe_answer).unwrap_or_default()
        ),
        remedy: "Allow these hosts in the web filter, for machine accounts too: the agents cannot click through a page \
                 or log on to a portal."
            .into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::curl_command),
        ..FindingText::default()
    }
}

fn describe_answer(check: &Check) -> Option<String> {
    let http = look::http_detail(check)?;
    let from = ["server", "via"].iter().find_map(|name| http.headers.get(*name));
    let from = from.map(|f| format!(" from \"{f}\"")).unwrap_or_default();
    Some(format!(" Seen: status {}{from}.", http.status?))
}
