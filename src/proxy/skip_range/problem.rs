//! What is wrong with a skip range by its looks, and how it was probably meant.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use super::{SkipRange, SkipRangeEntry, SkipRangeEntryKind};

/// Something wrong with one entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkipRangeProblem {
    /// The entry, as it was typed; empty for an empty one.
    pub entry: String,
    /// What is wrong with it.
    pub kind: SkipRangeProblemKind,
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SkipRangeProblemKind {
    /// Nothing between two commas.
    Empty,
    /// Every client removes them.
    BlankAround,
    /// Bits behind the mask; every client that knows networks masks them.
    HostBits,
    /// Two entries without a comma between them.
    BlankInside,
    /// `https://`.
    Scheme,
    /// Not encoded as in DNS.
    NonAscii,
    /// `*` is no other entry's equal to most clients.
    AllWithOthers,
    /// `*.example.com`.
    WildcardPrefix,
    /// `10.*`, `10.96.`.
    AddressWildcard,
    /// `example.com:443`.
    Port,
    /// `[::1]`.
    Brackets,
    /// `example.com.`.
    TrailingDot,
    /// `10.0.0.0/33`, `10/8`.
    Network,
    /// Nothing that could be a host.
    Unreadable,
}

impl SkipRangeProblemKind {
    /// Whether it changes nothing for any client known here.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Empty | Self::BlankAround | Self::HostBits)
    }

    fn description(self) -> &'static str {
        match self {
            Self::Empty => "there is nothing between two commas",
            Self::BlankAround => "blanks around it",
            Self::HostBits => {
                "bits are set behind the mask, so the network may not be the one that was meant"
            }
            Self::BlankInside => "blanks do not separate entries; the agents take it as one name",
            Self::Scheme => "a URL is no host; no client takes the scheme off",
            Self::NonAscii => "clients disagree on letters beyond ASCII; write the name as in DNS (xn--)",
            Self::AllWithOthers => {
                "beside other entries it turns the proxy off for the agents, but not for others"
            }
            Self::WildcardPrefix => {
                "only Go takes *. for \"everything below\"; others match nothing. A leading dot does it for all"
            }
            Self::AddressWildcard => {
                "no client knows patterns of addresses; write a network such as 10.0.0.0/8"
            }
            Self::Port => {
                "only the agents compare ports in every URL; others ignore the entry where none is written"
            }
            Self::Brackets => "the agents take an address in brackets only with a port",
            Self::TrailingDot => "only curl ignores the last dot; the agents match nothing",
            Self::Network => "this is no network in CIDR notation, so nothing matches it",
            Self::Unreadable => "this is no host, no suffix, no address and no network",
        }
    }
}

impl fmt::Display for SkipRangeProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl fmt::Display for SkipRangeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SkipRangeProblemKind::Empty => f.write_str(self.kind.description()),
            kind => write!(f, "{}: {kind}", self.entry),
        }
    }
}

/// In the order of the value. No value at all is no problem.
pub(super) fn find_problems(range: &SkipRange) -> Vec<SkipRangeProblem> {
    let is_blank = range.value().trim().is_empty();
    let texts = range.value().split(',').filter(|_| !is_blank);
    let is_all = |e: &SkipRangeEntry| e.kind == SkipRangeEntryKind::All;
    let is_mixed = range.entries().len() > 1 && range.entries().iter().any(is_all);
    let mut entries = range.entries().iter();
    let mut problems = Vec::new();
    for text in texts {
        let entry = Some(text.trim()).filter(|t| !t.is_empty()).and_then(|_| entries.next());
        for kind in find_entry_problems(text, entry, is_mixed) {
            problems
                .push(SkipRangeProblem { entry: entry.map(|e| e.text.clone()).unwrap_or_default(), kind });
        }
    }
    problems
}

fn find_entry_problems(
    text: &str,
    entry: Option<&SkipRangeEntry>,
    is_mixed: bool,
) -> Vec<SkipRangeProblemKind> {
    let Some(entry) = entry else { return vec![SkipRangeProblemKind::Empty] };
    let around = (text != entry.text).then_some(SkipRangeProblemKind::BlankAround);
    let all =
        (is_mixed && entry.kind == SkipRangeEntryKind::All).then_some(SkipRangeProblemKind::AllWithOthers);
    around.into_iter().chain(all).chain(classify_entry(entry)).collect()
}

fn classify_entry(entry: &SkipRangeEntry) -> Option<SkipRangeProblemKind> {
    match &entry.kind {
        SkipRangeEntryKind::Network(network) => {
            (network.trunc() != *network).then_some(SkipRangeProblemKind::HostBits)
        }
        SkipRangeEntryKind::Address { port: Some(_), .. }
        | SkipRangeEntryKind::Domain { port: Some(_), .. } => Some(SkipRangeProblemKind::Port),
        SkipRangeEntryKind::Domain { .. } if entry.text.starts_with("*.") => {
            Some(SkipRangeProblemKind::WildcardPrefix)
        }
        SkipRangeEntryKind::Domain { name, .. } if name.ends_with('.') => {
            Some(SkipRangeProblemKind::TrailingDot)
        }
        SkipRangeEntryKind::All | SkipRangeEntryKind::Address { .. } | SkipRangeEntryKind::Domain { .. } => {
            None
        }
        SkipRangeEntryKind::Unusable => Some(classify_unusable(&entry.text)),
    }
}

fn classify_unusable(text: &str) -> SkipRangeProblemKind {
    if text.contains(char::is_whitespace) {
        SkipRangeProblemKind::BlankInside
    } else if text.contains("://") {
        SkipRangeProblemKind::Scheme
    } else if !text.is_ascii() {
        SkipRangeProblemKind::NonAscii
    } else if parse_address_wildcard(text).is_some() {
        SkipRangeProblemKind::AddressWildcard
    } else if strip_brackets(text).is_some() {
        SkipRangeProblemKind::Brackets
    } else if text.contains('/') && text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') {
        SkipRangeProblemKind::Network
    } else {
        SkipRangeProblemKind::Unreadable
    }
}

/// `10.*`, `10.96.*.*` and `10.96.` as the network that was meant.
fn parse_address_wildcard(text: &str) -> Option<IpNet> {
    let front = text.trim_end_matches(['*', '.']);
    let octets = front.split('.').map(|o| o.parse::<u8>().ok()).collect::<Option<Vec<_>>>()?;
    let mut all = [0; 4];
    all.get_mut(..octets.len()).filter(|_| octets.len() < 4)?.copy_from_slice(&octets);
    let bits = u8::try_from(octets.len() * 8).ok().filter(|_| front.len() < text.len())?;
    Some(Ipv4Net::new(Ipv4Addr::from(all), bits).ok()?.into())
}

fn strip_brackets(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']').filter(|inner| inner.parse::<std::net::IpAddr>().is_ok())
}

/// Each entry once; what cannot be understood stays as it is.
pub(super) fn correct_value(range: &SkipRange) -> String {
    let mut seen = BTreeSet::new();
    let words = range.entries().iter().flat_map(|e| e.text.split_whitespace());
    let entries: Vec<_> =
        words.map(correct_entry).filter(|e| !e.is_empty() && seen.insert(e.clone())).collect();
    entries.join(",")
}

fn correct_entry(text: &str) -> String {
    let after = text.split_once("://").map_or(text, |(_, rest)| rest.split('/').next().unwrap_or(rest));
    let after = after.rsplit_once('@').map_or(after, |(_, host)| host);
    let range = SkipRange::parse(after);
    match range.entries().first().map(|e| &e.kind) {
        Some(SkipRangeEntryKind::Network(network)) => network.trunc().to_string(),
        Some(SkipRangeEntryKind::Address { ip, .. }) => ip.to_string(),
        Some(SkipRangeEntryKind::Domain { name, scope: covers, .. }) => {
            format!("{}{}", covers.prefix(), name.trim_end_matches('.'))
        }
        _ => match (parse_address_wildcard(after), strip_brackets(after)) {
            (Some(network), _) => network.to_string(),
            (None, Some(address)) => address.to_owned(),
            (None, None) => after.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_found_and_corrected() {
        use SkipRangeProblemKind::*;
        let table: &[(&str, &[SkipRangeProblemKind], &str)] = &[
            ("", &[], ""),
            ("  ", &[], ""),
            (
                "10.0.0.0/16,kubernetes.default.svc,.svc.cluster.local,.svc",
                &[],
                "10.0.0.0/16,kubernetes.default.svc,.svc.cluster.local,.svc",
            ),
            ("*", &[], "*"),
            ("a.example,", &[Empty], "a.example"),
            ("a.example, b.example", &[BlankAround], "a.example,b.example"),
            ("a.example b.example", &[BlankInside], "a.example,b.example"),
            ("*.svc,.svc", &[WildcardPrefix], ".svc"),
            ("*,a.example", &[AllWithOthers], "*,a.example"),
            ("10.*", &[AddressWildcard], "10.0.0.0/8"),
            ("10.96.*.*", &[AddressWildcard], "10.96.0.0/16"),
            ("10.96.", &[AddressWildcard], "10.96.0.0/16"),
            ("10.1.2.3:6443,a.example:443", &[Port, Port], "10.1.2.3,a.example"),
            ("10.1.2.3/16", &[HostBits], "10.1.0.0/16"),
            ("10.0.0.0/33", &[Network], "10.0.0.0/33"),
            ("10/8", &[Network], "10/8"),
            ("https://a.example/x", &[Scheme], "a.example"),
            ("m\u{fc}nchen.example", &[NonAscii], "m\u{fc}nchen.example"),
            ("[fd00::1]", &[Brackets], "fd00::1"),
            ("a.example.", &[TrailingDot], "a.example"),
            ("a.*.example", &[Unreadable], "a.*.example"),
            ("*", &[], "*"),
            (" *.svc:443", &[BlankAround, Port], ".svc"),
        ];
        for (value, kinds, meant) in table {
            let range = SkipRange::parse(value);
            let found: Vec<_> = range.find_problems().iter().map(|p| p.kind).collect();
            assert_eq!(found, *kinds, "{value}");
            assert_eq!(range.corrected_value(), *meant, "{value}");
        }
    }

    #[test]
    fn a_problem_names_its_entry() {
        let text = |value| {
            SkipRange::parse(value).find_problems().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            text("10.*")[0],
            "10.*: no client knows patterns of addresses; write a network such as 10.0.0.0/8"
        );
        assert_eq!(text("a,")[0], "there is nothing between two commas");
    }
}
