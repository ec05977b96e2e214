//! What comes from name servers and from the files that name them.

use hickory_resolver::proto::rr::{Name, RecordType};

use super::hosts_file::HostsFile;
use super::query::{self, MAX_ADDRESSES, MAX_ALIASES};
use super::{ServerAnswers, combine_families};
use crate::model::evidence::{Failure, ResolveDetail};

/// A message as the answer to both questions about a name; `None` where it is an answer to neither.
pub(crate) fn combine_answers(bytes: &[u8], host: &str) -> Option<(ResolveDetail, Option<Failure>)> {
    let name = Name::from_ascii(format!("{host}.")).ok()?;
    let answers_for = |kind| {
        let mut answers = ServerAnswers::default();
        answers.add_answer(Some(query::fuzzing::parse_as_answer(bytes, &name, kind)?));
        Some(answers)
    };
    let (v4, v6) = (answers_for(RecordType::A), answers_for(RecordType::AAAA));
    if v4.is_none() && v6.is_none() {
        return None;
    }
    let (detail, failure) = combine_families(host, v4, v6);
    assert!(detail.addresses.len() <= 2 * MAX_ADDRESSES && detail.cnames.len() <= MAX_ALIASES);
    assert_eq!(failure.is_none(), !detail.addresses.is_empty());
    Some((detail, failure))
}

/// The names to try for a host by what a `resolv.conf` says, and how many servers it names.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub(crate) fn parse_search_names(bytes: &[u8], host: &str) -> Option<(usize, Vec<String>)> {
    use super::system::SystemResolverConfig;
    use hickory_resolver::system_conf::parse_resolv_conf;

    let (config, options) = parse_resolv_conf(bytes).ok()?;
    let system = SystemResolverConfig::from_config(&config, &options, "/etc/resolv.conf");
    Some((system.servers.len(), system.search.candidate_names(host)))
}

/// Windows and macOS keep their name servers elsewhere, and hickory has no reader of the file for them.
#[cfg(any(windows, target_vendor = "apple"))]
pub(crate) fn parse_search_names(_: &[u8], _: &str) -> Option<(usize, Vec<String>)> {
    None
}

/// How many addresses a hosts file has for a name.
pub(crate) fn count_hosts_file_addresses(bytes: &[u8], host: &str) -> usize {
    HostsFile::parse(&String::from_utf8_lossy(bytes)).find_addresses(host).map_or(0, <[_]>::len)
}
