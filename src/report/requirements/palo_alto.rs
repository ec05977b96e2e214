//! An external dynamic list of the type URL list. An entry ends in a slash, so that `example.com` does not also stand for
//! `example.com.evil.example` (the vendor's guidelines for URL category exceptions); `*` stands for one label or several.
//! Comments are documented for address lists only, so there are none.

use std::collections::BTreeSet;

use super::export::{Export, NEEDS_VALUE, describe_left_out};
use super::host::WildcardSet;
use super::{Requirement, Requirements};
use crate::model::rules::Protocol;

pub(super) fn render(list: &Requirements) -> Export {
    let [listed, past, open] = list.split_by(|item| has_url(item.protocol));
    let cover = WildcardSet::new(listed.iter().map(|item| &item.host));
    let mut seen = std::collections::HashSet::new();
    let kept = listed.iter().filter(|item| !cover.covers(&item.host) && seen.insert(&item.host));
    let text = kept.fold(String::new(), |text, item| text + &item.host.to_string() + "/\n");
    let uninspected = listed.iter().filter(|item| item.forbids_inspection()).copied();
    let notes = [
        describe_ports(&listed),
        describe_decryption_exemptions(uninspected),
        describe_left_out(past, "they have no URL, allow them by service and address"),
        describe_left_out(open, NEEDS_VALUE),
    ];
    Export::new(text, notes)
}

/// Behind TLS the name of the handshake is what the list is compared with.
fn has_url(protocol: Protocol) -> bool {
    protocol.uses_tls() || protocol == Protocol::Http
}

fn describe_ports(items: &[&Requirement]) -> Option<String> {
    let ports: BTreeSet<_> = items.iter().map(|item| item.port).collect();
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    (!ports.is_empty()).then(|| {
        format!("the list has no ports: the rule that uses it needs the services TCP {}", ports.join(", "))
    })
}

fn describe_decryption_exemptions<'a>(items: impl Iterator<Item = &'a Requirement>) -> Option<String> {
    let hosts: BTreeSet<_> = items.map(|item| item.host.to_string()).collect();
    let hosts: Vec<_> = hosts.into_iter().collect();
    (!hosts.is_empty()).then(|| format!("exempt from decryption: {}", hosts.join(", ")))
}
