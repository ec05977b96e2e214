//! Reads the hosts out of a page of the vendor, saved or fetched: tables in Markdown or HTML, or lines that begin with
//! hosts. Pure; the page is foreign, so whatever it holds, the work grows with its size and the result is bounded.

use std::collections::BTreeSet;
use std::fmt;

use super::vendor_text::{self, Table};

/// The most bytes that a page may have; the longest of the vendor's has a hundredth of it.
pub const MAX_BYTES: usize = 16 << 20;

/// The most hosts of a page, with their ports; a page has some dozens.
const MAX_HOSTS: usize = 5_000;

/// A saved page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VendorTable {
    /// In the order of the page, each host and port once.
    pub hosts: Vec<ListedHost>,
    /// The headings of tables without a column of hosts, which were not read.
    pub skipped_tables: Vec<String>,
}

/// A host as a page has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ListedHost {
    /// The host; what stands for something, such as a region, is in braces.
    pub host: Pattern,
    /// The port, where the page or the scheme of the URL says it.
    pub port: Option<u16>,
    /// Of several pages that are taken as one: which, from 1.
    pub page: Option<usize>,
    /// The line of the page, from 1.
    pub line: usize,
}

impl ListedHost {
    /// Where it stands, for people.
    pub(super) fn place(&self) -> String {
        place(self.page, self.line)
    }
}

/// `line 12`, or `page 2, line 12`.
pub(super) fn place(page: Option<usize>, line: usize) -> String {
    page.map_or_else(|| format!("line {line}"), |page| format!("page {page}, line {line}"))
}

/// A name of which parts may be open: a wildcard in front (`*.example.com`), and parts in braces (`{region}.example.com`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pattern {
    text: String,
    /// A part in braces is `*`, a wildcard in front is [`MANY`].
    labels: Vec<String>,
}

/// Why a page cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VendorTableError {
    /// Larger than [`MAX_BYTES`].
    #[error("larger than {MAX_BYTES} bytes; save the page alone")]
    TooLarge,
    /// Not in UTF-8.
    #[error("this is UTF-16; save it as UTF-8")]
    Utf16,
    /// A program, an archive, a picture.
    #[error("this is no text; save the page as HTML, Markdown or text")]
    NoText,
    /// Nothing to compare.
    #[error(
        "no hosts are in it; what is read are tables with a column that is called Endpoint, DNS, URL, FQDN, Host, Domain, Address \
         or Destination, and lines that begin with a host{}", describe_headings(.0)
    )]
    NoHosts(Vec<String>),
    /// More than any list of requirements.
    #[error("more than {MAX_HOSTS} hosts are in it; save the table alone")]
    TooMany,
}

fn describe_headings(headings: &[String]) -> String {
    if headings.is_empty() {
        String::new()
    } else {
        format!("; tables were seen with {}", headings.join("; "))
    }
}

impl VendorTable {
    /// Reads a page.
    ///
    /// # Errors
    ///
    /// It is too large, no text, in UTF-16, or has no hosts or far too many.
    pub fn parse(bytes: &[u8]) -> Result<Self, VendorTableError> {
        if bytes.len() > MAX_BYTES {
            return Err(VendorTableError::TooLarge);
        }
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(VendorTableError::Utf16);
        }
        if bytes.contains(&0) {
            return Err(VendorTableError::NoText);
        }
        // names have no case, and tags and placeholders are easier without
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let mut hosts = HostCollector::default();
        let mut passed_over = Vec::new();
        for table in vendor_text::parse_tables(&text) {
            match find_columns(&table) {
                Some((host, port)) => hosts.add_table(&table, host, port)?,
                None if passed_over.len() < MAX_HEADINGS => passed_over.push(describe_heading(&table)),
                None => {}
            }
        }
        if hosts.found.is_empty() {
            // the rows of tables that were passed over are no list of hosts
            let lines = (1..).zip(text.lines());
            for (line, text) in lines.filter(|(_, text)| passed_over.is_empty() || !text.contains('|')) {
                hosts.add_line(text, line)?;
            }
        }
        if hosts.found.is_empty() {
            return Err(VendorTableError::NoHosts(passed_over));
        }
        Ok(Self { hosts: hosts.found, skipped_tables: passed_over })
    }

    /// Several pages as one: a host and port that several have counts where it stands first.
    pub fn joined(pages: Vec<Self>) -> Self {
        let are_several = pages.len() > 1;
        let mut known = BTreeSet::new();
        let mut joined = Self::default();
        for (number, page) in (1..).zip(pages) {
            let numbered = page.hosts.into_iter().map(|listed| {
                let page = are_several.then_some(number);
                ListedHost { page, ..listed }
            });
            let fresh = numbered.filter(|listed| known.insert((listed.host.text.clone(), listed.port)));
            joined.hosts.extend(fresh);
            joined.skipped_tables.extend(page.skipped_tables);
        }
        joined
    }
}

/// The columns of hosts and of ports. A table without a heading has its hosts in the first.
fn find_columns(table: &Table) -> Option<(usize, Option<usize>)> {
    let Some(heading) = &table.heading else { return Some((0, None)) };
    let column = |wanted: &[&str]| {
        heading.iter().position(|cell| split_words(cell).any(|word| wanted.contains(&word)))
    };
    Some((column(&HOST_COLUMNS)?, column(&["port", "ports"])))
}

fn split_words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|c: char| !c.is_alphanumeric())
}

fn describe_heading(table: &Table) -> String {
    let cells = table.heading.iter().flatten().map(|cell| crate::model::evidence::sanitize(cell, 40));
    cells.take(6).collect::<Vec<_>>().join(" | ")
}

#[derive(Default)]
struct HostCollector {
    found: Vec<ListedHost>,
    known: BTreeSet<(String, Option<u16>)>,
}

impl HostCollector {
    fn add_table(&mut self, table: &Table, host: usize, port: Option<usize>) -> Result<(), VendorTableError> {
        for row in &table.rows {
            let Some(cell) = row.cells.get(host) else { continue };
            let ports =
                port.and_then(|at| row.cells.get(at)).map(|cell| parse_ports(cell)).unwrap_or_default();
            for (host, own) in parse_hosts(cell) {
                self.add_host(&host, own, &ports, row.line)?;
            }
        }
        Ok(())
    }

    /// The hosts with which a line begins; remarks in parentheses between them are skipped.
    fn add_line(&mut self, text: &str, line: usize) -> Result<(), VendorTableError> {
        let text = vendor_text::to_plain_text(text);
        let mut depth = 0_usize;
        for token in split_tokens(strip_bullet(&text)) {
            let before = depth;
            depth = (depth + token.matches('(').count()).saturating_sub(token.matches(')').count());
            if before > 0 || token.starts_with('(') {
                continue;
            }
            let Some((host, own)) = parse_host(token) else { break };
            self.add_host(&host, own, &[], line)?;
        }
        Ok(())
    }

    fn add_host(
        &mut self,
        host: &Pattern,
        own: UrlPort,
        ports: &[u16],
        line: usize,
    ) -> Result<(), VendorTableError> {
        let ports: Vec<_> = match own {
            UrlPort::Scheme(_) | UrlPort::None if !ports.is_empty() => {
                ports.iter().copied().map(Some).collect()
            }
            UrlPort::Port(port) | UrlPort::Scheme(port) => vec![Some(port)],
            UrlPort::None => vec![None],
        };
        for port in ports {
            if self.known.insert((host.text.clone(), port)) {
                if self.found.len() == MAX_HOSTS {
                    return Err(VendorTableError::TooMany);
                }
                self.found.push(ListedHost { host: host.clone(), port, page: None, line });
            }
        }
        Ok(())
    }
}

/// Without what a list puts before its entries: `- `, `* `, `1. `.
fn strip_bullet(text: &str) -> &str {
    let text = text.trim_start();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = match digits.strip_prefix(['.', ')']) {
        Some(rest) if digits.len() < text.len() => rest,
        _ => text.strip_prefix(['-', '*', '+', '\u{2022}']).unwrap_or(text),
    };
    if rest.starts_with(char::is_whitespace) { rest.trim_start() } else { text }
}

/// What a URL says of its port.
#[derive(Clone, Copy)]
enum UrlPort {
    Port(u16),
    Scheme(u16),
    None,
}

fn parse_ports(cell: &str) -> Vec<u16> {
    split_words(cell).filter_map(|word| word.parse::<u16>().ok()).filter(|port| *port > 0).take(8).collect()
}

fn parse_hosts(cell: &str) -> Vec<(Pattern, UrlPort)> {
    split_tokens(&vendor_text::to_plain_text(cell)).filter_map(parse_host).collect()
}

fn split_tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '`' | '|'))
        .filter(|t| !t.is_empty())
}

/// A host or a URL of one; `None` for any other word.
fn parse_host(token: &str) -> Option<(Pattern, UrlPort)> {
    let token = token
        .trim_start_matches(['(', '[', '\u{201c}'])
        .trim_end_matches([')', ']', '.', ':', '!', '\u{201d}']);
    let (scheme, rest) = match token.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("", token),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    // `deployment.apps/name`, as kubectl prints it
    if scheme.is_empty() && rest.len() > authority.len() + 1 && authority.matches('.').count() == 1 {
        return None;
    }
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok().filter(|port| *port > 0)?)),
        None => (authority, None),
    };
    let own = match (port, scheme) {
        (Some(port), _) => UrlPort::Port(port),
        (None, "https" | "wss") => UrlPort::Scheme(443),
        (None, "http") => UrlPort::Scheme(80),
        _ => UrlPort::None,
    };
    Some((Pattern::parse(name)?, own))
}

impl Pattern {
    /// A name such as `*.{region}.example.com`, in lower case; `None` if it is none, or nothing but something open.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim_end_matches('.');
        if name.len() > LONGEST {
            return None;
        }
        let closed = replace_placeholders(name)?;
        let mut labels: Vec<_> = closed.split('.').map(str::to_owned).collect();
        let is_label = |label: &String| {
            let inside =
                label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_*".contains(&b));
            inside && !label.is_empty() && label.len() <= 63
        };
        let last = labels.last()?;
        let is_top = last.len() > 1 && last.bytes().all(|b| b.is_ascii_lowercase());
        if labels.len() < 2 || !is_top || !labels.iter().all(is_label) {
            return None;
        }
        if name.starts_with("*.") {
            ANY_LABELS.clone_into(&mut labels[0]);
        }
        // `*.com` holds everything that follows from nothing
        let is_open = labels[labels.len() - 2].contains('*');
        (!is_open).then(|| Self { text: name.to_owned(), labels })
    }

    /// Whether every name that the other one stands for is one of this.
    pub fn covers(&self, other: &Self) -> bool {
        let (own, other) = (self.labels.as_slice(), other.labels.as_slice());
        let is_label = |(own, other): (&String, &String)| {
            other != ANY_LABELS && matches_glob(own.as_bytes(), other.as_bytes())
        };
        match own {
            [first, rest @ ..] if first == ANY_LABELS => {
                other.len() >= own.len() && rest.iter().zip(&other[other.len() - rest.len()..]).all(is_label)
            }
            _ => own.len() == other.len() && own.iter().zip(other).all(is_label),
        }
    }

    /// Whether a part of it stands for something.
    pub fn is_template(&self) -> bool {
        self.text.contains('{')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// With `*` for each part in braces; `None` where braces do not match.
fn replace_placeholders(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, behind)) = rest.split_once('{') {
        let (inside, after) = behind.split_once('}')?;
        if inside.contains('{') || before.contains('}') {
            return None;
        }
        out.extend([before, "*"]);
        rest = after;
    }
    (!rest.contains('}')).then(|| out + rest)
}

/// Whether a label with `*` for any letters holds another; a `*` there is held by a `*` only.
fn matches_glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

/// A wildcard in front, which stands for one label or several.
const ANY_LABELS: &str = "**";

/// In bytes; a name has 253, and what stands in braces may be longer than what it stands for.
const LONGEST: usize = 400;

/// Of tables that are passed over.
const MAX_HEADINGS: usize = 5;

/// What the column of hosts is called, in English and German.
const HOST_COLUMNS: [&str; 16] = [
    "endpoint",
    "endpoints",
    "endpunkt",
    "endpunkte",
    "dns",
    "url",
    "urls",
    "fqdn",
    "fqdns",
    "host",
    "hosts",
    "hostname",
    "domain",
    "domains",
    "address",
    "destination",
];

#[cfg(test)]
#[path = "vendor_table_tests.rs"]
mod tests;
