//! What comes from name servers and from the files that name them.

use std::net::{Ipv4Addr, SocketAddr};

use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::time::Instant;

use crate::model::evidence::{Failure, ResolveDetail};
use crate::probe::resolve::hosts_file::HostsFile;
use crate::probe::resolve::query::{DnsAnswer, DnsQuestion, MAX_ADDRESSES, MAX_ALIASES, read_answer};
use crate::probe::resolve::system::QueryOptions;
use crate::probe::resolve::{ServerAnswers, combine_families};

/// A message as the answer to both questions about a name; `None` where it is an answer to neither.
pub(super) fn combine_answers(bytes: &[u8], host: &str) -> Option<(ResolveDetail, Option<Failure>)> {
    let name = Name::from_ascii(format!("{host}.")).ok()?;
    let answers_for = |kind| {
        let mut answers = ServerAnswers::default();
        answers.add_answer(Some(parse_as_answer(bytes, &name, kind)?));
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

/// Reads a message as the answer to a question about this name; it has the id that was sent, whatever that is.
fn parse_as_answer(bytes: &[u8], name: &Name, kind: RecordType) -> Option<DnsAnswer> {
    let id = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
    let question =
        DnsQuestion { server, name, kind, options: QueryOptions::default(), deadline: Instant::now() };
    question.parse_answer(bytes, id).map(|message| read_answer(&message, name, kind))
}

/// The names to try for a host by what a `resolv.conf` says, and how many servers it names.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub(super) fn parse_search_names(bytes: &[u8], host: &str) -> Option<(usize, Vec<String>)> {
    use crate::probe::resolve::system::SystemResolverConfig;
    use hickory_resolver::system_conf::parse_resolv_conf;

    let (config, options) = parse_resolv_conf(bytes).ok()?;
    let system = SystemResolverConfig::from_config(&config, &options, "/etc/resolv.conf");
    Some((system.servers.len(), system.search.candidate_names(host)))
}

/// Windows and macOS keep their name servers elsewhere, and hickory has no reader of the file for them.
#[cfg(any(windows, target_vendor = "apple"))]
pub(super) fn parse_search_names(_: &[u8], _: &str) -> Option<(usize, Vec<String>)> {
    None
}

/// How many addresses a hosts file has for a name.
pub(super) fn count_hosts_file_addresses(bytes: &[u8], host: &str) -> usize {
    HostsFile::parse(&String::from_utf8_lossy(bytes))
        .find_entry(host)
        .map_or(0, |entry| entry.addresses.len())
}
