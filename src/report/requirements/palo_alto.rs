//! An external dynamic list of the type URL list. An entry ends in a slash, so that `example.com` does not also stand for
//! `example.com.evil.example` (the vendor's guidelines for URL category exceptions); `*` stands for one label or several.
//! Comments are documented for address lists only, so there are none.

use std::collections::BTreeSet;

use super::format::{Exported, NO_VALUE, left_out};
use super::host::Cover;
use super::{Requirement, Requirements};
use crate::model::rules::Protocol;

pub(super) fn write(list: &Requirements) -> Exported {
    let (open, named): (Vec<_>, Vec<_>) = list.items.iter().partition(|item| item.host.known().is_none());
    let (past, listed): (Vec<_>, Vec<_>) = named.into_iter().partition(|item| !has_url(item.protocol));
    let cover = Cover::of(listed.iter().map(|item| &item.host));
    let mut seen = std::collections::HashSet::new();
    let kept = listed.iter().filter(|item| !cover.holds(&item.host) && seen.insert(&item.host));
    let text = kept.fold(String::new(), |text, item| text + &item.host.to_string() + "/\n");
    let uninspected = listed.iter().filter(|item| item.forbids_inspection()).copied();
    let notes = [
        ports(&listed),
        no_decryption(uninspected),
        left_out(past, "they have no URL, allow them by service and address"),
        left_out(open, NO_VALUE),
    ];
    Exported { text, notes: notes.into_iter().flatten().collect() }
}

/// Behind TLS the name of the handshake is what the list is compared with.
fn has_url(protocol: Protocol) -> bool {
    protocol.uses_tls() || protocol == Protocol::Http
}

fn ports(items: &[&Requirement]) -> Option<String> {
    let ports: BTreeSet<_> = items.iter().map(|item| item.port).collect();
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    (!ports.is_empty()).then(|| {
        format!("the list has no ports: the rule that uses it needs the services TCP {}", ports.join(", "))
    })
}

fn no_decryption<'a>(items: impl Iterator<Item = &'a Requirement>) -> Option<String> {
    let hosts: BTreeSet<_> = items.map(|item| item.host.to_string()).collect();
    let hosts: Vec<_> = hosts.into_iter().collect();
    (!hosts.is_empty()).then(|| format!("exempt from decryption: {}", hosts.join(", ")))
}
