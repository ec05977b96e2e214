//! The `NO_PROXY` of the workstation: one line. What goes around the proxy is loopback and, over a private link, the hosts
//! that it carries; for everything else the proxy is the way out. A leading dot means the names below it to Go, Python and
//! curl alike.

use std::collections::HashSet;

use super::export::Export;
use super::host::{Host, WildcardSet};
use super::{Requirement, Requirements};
use crate::model::scope::Connectivity;

pub(super) fn render(list: &Requirements) -> Export {
    let private: Vec<&Requirement> = list.items.iter().filter(|item| item.is_private).collect();
    let cover = WildcardSet::new(private.iter().map(|item| &item.host));
    let mut entries: Vec<String> = LOOPBACK.map(str::to_owned).to_vec();
    let mut seen = HashSet::new();
    let kept = private.iter().filter(|item| !cover.covers(&item.host) && seen.insert(&item.host));
    entries.extend(kept.filter_map(|item| format_entry(&item.host)));
    let mut notes = vec![CLUSTER_NOTE.to_owned()];
    if private.is_empty() {
        notes.push(
            if list.connectivity == Connectivity::PrivateLink { NO_HOST_NOTE } else { DIRECT_NOTE }
                .to_owned(),
        );
    }
    Export { text: entries.join(",") + "\n", notes }
}

fn format_entry(host: &Host) -> Option<String> {
    match host {
        Host::Name(name) => Some(name.clone()),
        Host::Wildcard(suffix) => Some(format!(".{suffix}")),
        Host::Placeholder(_) => None,
    }
}

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const CLUSTER_NOTE: &str = "this is NO_PROXY for the machine with az; add the host of the cluster's API server. The cluster's own \
                       --proxy-skip-range is another value: arcprobe advise";

const DIRECT_NOTE: &str =
    "no host of Azure goes around a proxy, except over a private link (--connectivity private-link)";

const NO_HOST_NOTE: &str = "the rules know no host here that a private link carries";
