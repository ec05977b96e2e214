//! What comes from name servers and from the files that name them.

use hickory_resolver::proto::rr::{Name, RecordType};

use super::hosts_file::HostsFile;
use super::query::{self, MOST_ADDRESSES, MOST_ALIASES};
use super::{Asked, combine};
use crate::model::evidence::{Failure, ResolveDetail};

/// A message as the answer to both questions about a name; `None` where it is an answer to neither.
pub(crate) fn message(bytes: &[u8], host: &str) -> Option<(ResolveDetail, Option<Failure>)> {
    let name = Name::from_ascii(format!("{host}.")).ok()?;
    let asked = |kind| {
        let mut asked = Asked::default();
        asked.take(Some(query::fuzzing::answer(bytes, &name, kind)?));
        Some(asked)
    };
    let (v4, v6) = (asked(RecordType::A), asked(RecordType::AAAA));
    if v4.is_none() && v6.is_none() {
        return None;
    }
    let (detail, failure) = combine(host, v4, v6);
    assert!(detail.addresses.len() <= 2 * MOST_ADDRESSES && detail.cnames.len() <= MOST_ALIASES);
    assert_eq!(failure.is_none(), !detail.addresses.is_empty());
    Some((detail, failure))
}

/// The names to try for a host by what a `resolv.conf` says, and how many servers it names.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub(crate) fn resolv_conf(bytes: &[u8], host: &str) -> Option<(usize, Vec<String>)> {
    use super::system::System;
    use hickory_resolver::system_conf::parse_resolv_conf;

    let (config, options) = parse_resolv_conf(bytes).ok()?;
    let system = System::of(&config, &options, "/etc/resolv.conf");
    Some((system.servers.len(), system.search.names(host)))
}

/// Windows and macOS keep their name servers elsewhere, and hickory has no reader of the file for them.
#[cfg(any(windows, target_vendor = "apple"))]
pub(crate) fn resolv_conf(_: &[u8], _: &str) -> Option<(usize, Vec<String>)> {
    None
}

/// How many addresses a hosts file has for a name.
pub(crate) fn hosts(bytes: &[u8], host: &str) -> usize {
    HostsFile::parse(&String::from_utf8_lossy(bytes)).addresses(host).map_or(0, <[_]>::len)
}
