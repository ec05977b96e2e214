//! What is wrong with a skip range by its looks, and how it was probably meant.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use super::network::Network;
use super::no_proxy::{Entry, EntryKind, SkipRange};

/// Something wrong with one entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The entry, as it was typed; empty for an empty one.
    pub entry: String,
    /// What is wrong with it.
    pub kind: ProblemKind,
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProblemKind {
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
    AllAmongOthers,
    /// `*.example.com`.
    Star,
    /// `10.*`, `10.96.`.
    AddressPattern,
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

impl ProblemKind {
    /// Whether it changes nothing for any client known here.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Empty | Self::BlankAround | Self::HostBits)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Empty => "there is nothing between two commas",
            Self::BlankAround => "blanks around it",
            Self::HostBits => {
                "bits are set behind the mask, so the network may not be the one that was meant"
            }
            Self::BlankInside => "blanks do not separate entries; the agents take it as one name",
            Self::Scheme => "a URL is no host; no client takes the scheme off",
            Self::NonAscii => "clients disagree on letters beyond ASCII; write the name as in DNS (xn--)",
            Self::AllAmongOthers => {
                "beside other entries it turns the proxy off for the agents, but not for others"
            }
            Self::Star => {
                "only Go takes *. for \"everything below\"; others match nothing. A leading dot does it for all"
            }
            Self::AddressPattern => {
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

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ProblemKind::Empty => f.write_str(self.kind.text()),
            kind => write!(f, "{}: {kind}", self.entry),
        }
    }
}

/// In the order of the value. No value at all is no problem.
pub(super) fn problems(range: &SkipRange) -> Vec<Problem> {
    let is_blank = range.value().trim().is_empty();
    let texts = range.value().split(',').filter(|_| !is_blank);
    let is_all = |e: &Entry| e.kind == EntryKind::All;
    let is_mixed = range.entries().len() > 1 && range.entries().iter().any(is_all);
    let mut entries = range.entries().iter();
    let mut problems = Vec::new();
    for text in texts {
        let entry = Some(text.trim()).filter(|t| !t.is_empty()).and_then(|_| entries.next());
        for kind in of_entry(text, entry, is_mixed) {
            problems.push(Problem { entry: entry.map(|e| e.text.clone()).unwrap_or_default(), kind });
        }
    }
    problems
}

fn of_entry(text: &str, entry: Option<&Entry>, is_mixed: bool) -> Vec<ProblemKind> {
    let Some(entry) = entry else { return vec![ProblemKind::Empty] };
    let around = (text != entry.text).then_some(ProblemKind::BlankAround);
    let all = (is_mixed && entry.kind == EntryKind::All).then_some(ProblemKind::AllAmongOthers);
    around.into_iter().chain(all).chain(of_kind(entry)).collect()
}

fn of_kind(entry: &Entry) -> Option<ProblemKind> {
    match &entry.kind {
        EntryKind::Network(network) => network.has_host_bits().then_some(ProblemKind::HostBits),
        EntryKind::Address { port: Some(_), .. } | EntryKind::Domain { port: Some(_), .. } => {
            Some(ProblemKind::Port)
        }
        EntryKind::Domain { .. } if entry.text.starts_with("*.") => Some(ProblemKind::Star),
        EntryKind::Domain { name, .. } if name.ends_with('.') => Some(ProblemKind::TrailingDot),
        EntryKind::All | EntryKind::Address { .. } | EntryKind::Domain { .. } => None,
        EntryKind::Unusable => Some(why_unusable(&entry.text)),
    }
}

fn why_unusable(text: &str) -> ProblemKind {
    if text.contains(char::is_whitespace) {
        ProblemKind::BlankInside
    } else if text.contains("://") {
        ProblemKind::Scheme
    } else if !text.is_ascii() {
        ProblemKind::NonAscii
    } else if address_pattern(text).is_some() {
        ProblemKind::AddressPattern
    } else if in_brackets(text).is_some() {
        ProblemKind::Brackets
    } else if text.contains('/') && text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') {
        ProblemKind::Network
    } else {
        ProblemKind::Unreadable
    }
}

/// `10.*`, `10.96.*.*` and `10.96.` as the network that was meant.
fn address_pattern(text: &str) -> Option<Network> {
    let front = text.trim_end_matches(['*', '.']);
    let octets = front.split('.').map(|o| o.parse::<u8>().ok()).collect::<Option<Vec<_>>>()?;
    let mut all = [0; 4];
    all.get_mut(..octets.len()).filter(|_| octets.len() < 4)?.copy_from_slice(&octets);
    let bits = u32::try_from(octets.len() * 8).ok()?;
    (front.len() < text.len()).then(|| Network::around(Ipv4Addr::from(all).into(), bits))
}

fn in_brackets(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']').filter(|inner| inner.parse::<std::net::IpAddr>().is_ok())
}

/// Each entry once; what cannot be understood stays as it is.
pub(super) fn mended(range: &SkipRange) -> String {
    let mut seen = BTreeSet::new();
    let words = range.entries().iter().flat_map(|e| e.text.split_whitespace());
    let entries: Vec<_> =
        words.map(mended_entry).filter(|e| !e.is_empty() && seen.insert(e.clone())).collect();
    entries.join(",")
}

fn mended_entry(text: &str) -> String {
    let after = text.split_once("://").map_or(text, |(_, rest)| rest.split('/').next().unwrap_or(rest));
    let after = after.rsplit_once('@').map_or(after, |(_, host)| host);
    let range = SkipRange::parse(after);
    match range.entries().first().map(|e| &e.kind) {
        Some(EntryKind::Network(network)) => network.trimmed().to_string(),
        Some(EntryKind::Address { ip, .. }) => ip.to_string(),
        Some(EntryKind::Domain { name, covers, .. }) => {
            format!("{}{}", covers.mark(), name.trim_end_matches('.'))
        }
        _ => match (address_pattern(after), in_brackets(after)) {
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
    fn problems_and_what_was_meant() {
        use ProblemKind::*;
        let table: &[(&str, &[ProblemKind], &str)] = &[
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
            ("*.svc,.svc", &[Star], ".svc"),
            ("*,a.example", &[AllAmongOthers], "*,a.example"),
            ("10.*", &[AddressPattern], "10.0.0.0/8"),
            ("10.96.*.*", &[AddressPattern], "10.96.0.0/16"),
            ("10.96.", &[AddressPattern], "10.96.0.0/16"),
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
            let found: Vec<_> = range.problems().iter().map(|p| p.kind).collect();
            assert_eq!(found, *kinds, "{value}");
            assert_eq!(range.mended(), *meant, "{value}");
        }
    }

    #[test]
    fn a_problem_names_its_entry() {
        let text =
            |value| SkipRange::parse(value).problems().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            text("10.*")[0],
            "10.*: no client knows patterns of addresses; write a network such as 10.0.0.0/8"
        );
        assert_eq!(text("a,")[0], "there is nothing between two commas");
    }
}
