//! The offline page on each finding and failure word.

use std::sync::LazyLock;

use crate::model::evidence::{Cause, Phase};

pub mod search;

/// What is known of a finding or a failure.
#[derive(PartialEq, Eq, Debug)]
pub struct Page {
    /// As reports have it.
    pub code: &'static str,
    /// One line, without the code.
    pub title: &'static str,
    /// All of it, in Markdown.
    pub text: &'static str,
    /// Headings, and what stands below each.
    sections: Vec<(&'static str, &'static str)>,
}

impl Page {
    fn parse(code: &'static str, text: &'static str) -> Self {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let sections = rest.split("\n## ").filter_map(|section| section.split_once('\n'));
        Self {
            code,
            title: first.split_once(": ").map_or(first, |(_, title)| title),
            text,
            sections: sections.map(|(heading, text)| (heading, text.trim_end())).collect(),
        }
    }

    /// What stands below a heading.
    pub fn section(&self, heading: &str) -> Option<&'static str> {
        self.sections.iter().find(|(known, _)| *known == heading).map(|&(_, text)| text)
    }
}

/// The page on `code`, which must be spelt exactly as in reports.
pub fn find_page(code: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.code == code)
}

/// Every code that has a page: findings, then failure words in the order of the phases.
pub fn page_codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|page| page.code)
}

/// The page on a code as people type it: upper case, dashes and blanks around it are forgiven.
///
/// # Errors
///
/// There is no such page; the error carries the codes that look like it, of those here and of `more`.
pub fn look_up_page(code: &str, more: &[&str]) -> Result<&'static Page, ExplainError> {
    find_page(&normalize_code(code)).ok_or_else(|| {
        let similar = suggest_codes(code, more).into_iter().map(str::to_owned).collect();
        ExplainError { code: code.to_owned(), similar }
    })
}

/// At most five codes that `code` may have been meant for, the likeliest first.
pub fn suggest_codes<'a>(code: &str, more: &[&'a str]) -> Vec<&'a str> {
    if code.len() > MAX_CODE_BYTES {
        return Vec::new();
    }
    let code = normalize_code(code);
    let scored = |known: &'a str| (score_similarity(&code, known), known);
    let all = PAGES.iter().map(|page| -> &'a str { page.code }).chain(more.iter().copied());
    let mut scored: Vec<_> = all.map(scored).filter(|&(score, _)| score >= MIN_SIMILARITY).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(5).map(|(_, known)| known).collect()
}

/// Code and title of every page: findings first, then the failure words of each phase.
pub fn render_index() -> String {
    let mut text = String::new();
    write_section(&mut text, "Findings", |code| find_cause(code).is_none());
    for phase in Phase::ALL {
        write_section(&mut text, &format!("Failures of the phase {phase}"), |code| {
            find_cause(code).is_some_and(|cause| cause.phase() == Some(phase))
        });
    }
    write_section(&mut text, "Failures of any phase", |code| {
        find_cause(code).is_some_and(|cause| cause.phase().is_none())
    });
    text
}

/// How to read the commands in the pages; belongs below a page that stands alone.
pub const LEGEND: &str = "\
Words in capitals stand for your own values. IMAGE is any image that has the tool and that your nodes
can pull. Host names are those of the public cloud; the other clouds have suffixes of their own.
";

/// No page has this code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no page explains `{code}`{}; `arcprobe explain` lists all codes", format_similar(similar))]
pub struct ExplainError {
    /// The code as it was typed.
    pub code: String,
    /// Codes that look like it; may be empty.
    pub similar: Vec<String>,
}

fn format_similar(similar: &[String]) -> String {
    if similar.is_empty() { String::new() } else { format!("; similar: {}", similar.join(", ")) }
}

fn write_section(text: &mut String, heading: &str, belongs: impl Fn(&str) -> bool) {
    let rows: Vec<_> = PAGES.iter().filter(|page| belongs(page.code)).collect();
    if rows.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.extend([heading, "\n"]);
    text.extend(rows.into_iter().map(|page| format_row(page.code, page.title)));
}

/// A line of [`render_index`].
pub fn format_row(code: &str, title: &str) -> String {
    format!("  {code:<CODE_WIDTH$}  {title}\n")
}

fn find_cause(code: &str) -> Option<Cause> {
    Cause::ALL.iter().copied().find(|cause| cause.word() == code)
}

/// A code as people type it.
pub fn normalize_code(code: &str) -> String {
    code.trim().to_lowercase().replace(['-', ' '], "_")
}

/// 0 to 1. A part of a code (`sinkhole`) counts as alike, however short it is beside the whole.
fn score_similarity(typed: &str, known: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(typed, known);
    let part = typed.len() >= 3 && known.contains(typed);
    if part { whole.max(MIN_SIMILARITY) } else { whole }
}

/// Two letters of five may differ: keeps typing errors and words of neighbouring phases, drops chance.
const MIN_SIMILARITY: f64 = 0.6;

/// In bytes. What is longer was not meant for a code, and comparing takes the product of both lengths.
const MAX_CODE_BYTES: usize = 100;

/// Longest code, for the column of [`render_index`].
const CODE_WIDTH: usize = 24;

macro_rules! pages {
    ($( $code:literal, )+) => {
        &[ $( ($code, include_str!(concat!("pages/", $code, ".md"))), )+ ]
    };
}

static PAGES: LazyLock<Vec<Page>> =
    LazyLock::new(|| TEXTS.iter().map(|&(code, text)| Page::parse(code, text)).collect());

/// Code and text. A new page is one file and one word here: findings in the order in which they are asked for, then failure
/// words by phase.
const TEXTS: &[(&str, &str)] = pages! {
    "dns_transport_blocked", "resolver_silent", "resolver_unreachable", "resolver_failing", "resolver_partly_dead", "dns_ipv6_failing", "search_domain_wildcard", "search_domain_failing",
    "cluster_unreachable", "cluster_login", "cluster_rights", "agent_refused", "agent_unplaced",
    "agent_image", "agent_missing", "agent_not_started", "agent_cut", "cluster_dns_upstream",
    "cluster_dns_down", "proxy_loopback", "cut_off", "skip_range_incomplete", "networks_overlap", "proxy_cert_unfit",
    "proxy_down", "proxy_login", "proxy_limits", "proxy_port_denied", "proxy_failing", "proxy_bypassed",
    "private_record_missing", "name_blocked", "hosts_file_entry", "dns_catch_all", "dns_sinkholed",
    "private_answers", "public_answers", "no_route", "egress_blocked", "address_blocked", "port_blocked",
    "sni_filtered", "tls13_filtered", "tls_inspection", "tls_inspection_trusted", "tls_inspection_forbidden",
    "clients_may_distrust", "clock_wrong",
    "path_mtu", "large_hello_dropped", "certificate_bad", "captive_portal", "tls_refused", "blocked_by_filter",
    "redirected",
    "http_failing", "websocket_blocked", "ipv6_unroutable", "ip_family_failing", "some_addresses_fail", "packet_loss", "wildcard_unverified",
    "discovery_failed", "value_missing", "region_unlisted", "skip_range_malformed", "skip_range_differs", "probe_disagrees",
    "answer_unproven", "service_failing",
    "run_incomplete", "greeting_failing", "endpoint_unmet", "system_proxy_unread", "stands_in", "waiver_expired",
    "dns_nxdomain", "dns_no_data", "dns_servfail", "dns_refused", "dns_timeout", "dns_unreachable",
    "dns_sinkhole", "dns_private_answer", "dns_public_answer",
    "tcp_refused", "tcp_reset", "tcp_timeout", "tcp_unreachable",
    "proxy_dns", "proxy_refused", "proxy_timeout", "proxy_unreachable", "proxy_tls", "proxy_auth_required",
    "proxy_denied", "proxy_upstream", "proxy_closed", "proxy_protocol",
    "tls_timeout", "tls_reset", "tls_closed", "tls_alert", "tls_version", "tls_not_tls", "tls_expired",
    "tls_not_yet_valid", "tls_name_mismatch", "tls_unknown_issuer", "tls_self_signed", "tls_incomplete_chain",
    "tls_intercepted", "tls_path_mtu", "tls_large_hello",
    "clock_skew",
    "http_timeout", "http_reset", "http_closed", "http_protocol", "http_unexpected_status", "http_block_page",
    "http_redirected",
    "ws_refused", "ws_upgrade_stripped", "ws_timeout", "ws_closed", "ws_protocol",
    "unknown",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::analysis::diagnose::FINDING_IDS;

    const SECTIONS: [&str; 6] =
        ["What it means", "How it looks in Azure", "Verify by hand", "Who has to act", "Remedy", "Sources"];

    #[test]
    fn every_cause_and_finding_has_a_page_and_no_page_is_left_over() {
        let wanted: BTreeSet<_> = FINDING_IDS
            .iter()
            .copied()
            .chain([crate::analysis::verdict::WAIVER_EXPIRED])
            .chain(Cause::ALL.iter().map(|cause| cause.word()))
            .collect();
        let present: BTreeSet<_> = page_codes().collect();
        assert_eq!(present, wanted);
        assert_eq!(page_codes().count(), wanted.len(), "a code stands twice in the table");
    }

    #[test]
    fn no_file_is_left_out_of_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/analysis/explain/pages");
        let files: BTreeSet<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(files, page_codes().map(|code| format!("{code}.md")).collect());
    }

    #[test]
    fn every_page_has_its_code_its_sections_and_a_bounded_length() {
        for Page { code, text: page, sections, .. } in PAGES.iter() {
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: first line");
            let headings: Vec<_> = sections.iter().map(|(heading, _)| *heading).collect();
            assert_eq!(headings, SECTIONS, "{code}");
            let length = page.lines().count();
            assert!((15..=35).contains(&length), "{code}: {length} lines");
            for line in page.lines() {
                assert!(line.chars().count() <= 100, "{code}: longer than 100 columns: {line}");
                assert!(!line.ends_with(' '), "{code}: trailing blank: {line}");
                assert!(line.is_ascii(), "{code}: not ASCII: {line}");
            }
            assert!(page.ends_with('\n') && !page.ends_with("\n\n"), "{code}: last line");
        }
    }

    #[test]
    fn no_section_is_empty() {
        for Page { code, text: page, .. } in PAGES.iter() {
            let lines: Vec<_> = page.lines().collect();
            for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("## ")) {
                let next = lines.get(number + 1).copied().unwrap_or_default();
                assert!(!next.is_empty() && !next.starts_with('#'), "{code}: nothing below {line}");
            }
        }
    }

    #[test]
    fn pages_refer_only_to_codes_that_exist() {
        let known: BTreeSet<_> = page_codes().collect();
        for Page { code, text: page, .. } in PAGES.iter() {
            for quoted in page.split('`').skip(1).step_by(2) {
                let is_code =
                    quoted.contains('_') && quoted.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                let foreign = WORDS_THAT_ARE_NO_CODES.contains(&quoted);
                assert!(!is_code || foreign || known.contains(quoted), "{code} refers to `{quoted}`");
            }
        }
    }

    #[test]
    fn a_page_is_read_by_its_headings() {
        let page = Page::parse("a", "# a: an example\n\n## B\nx\n\n## C\ny\nz\n");
        assert_eq!((page.code, page.title), ("a", "an example"));
        assert_eq!(["B", "C", "D"].map(|heading| page.section(heading)), [Some("x"), Some("y\nz"), None]);
    }

    #[test]
    fn codes_are_found_as_people_type_them() {
        assert_eq!(look_up_page("tls_intercepted", &[]), look_up_page(" TLS-Intercepted ", &[]));
        assert!(find_page("TLS-Intercepted").is_none());
    }

    #[test]
    fn suggestions_begin_with_the_likeliest() {
        assert_eq!(suggest_codes("tls_intercept", &[])[0], "tls_intercepted");
        assert_eq!(suggest_codes("DNS-NXDOMIAN", &[])[0], "dns_nxdomain");
        assert!(suggest_codes("sinkhole", &[]).contains(&"dns_sinkhole"));
        assert!(suggest_codes("certificate", &[]).contains(&"certificate_bad"));
        assert!(suggest_codes("xyzzy", &[]).is_empty());
        assert!(suggest_codes("", &[]).is_empty());
        assert!(suggest_codes(&"tls".repeat(1_000_000), &[]).is_empty());
    }

    #[test]
    fn the_error_says_what_to_type_instead() {
        let error = look_up_page("tcp_timeot", &[]).unwrap_err();
        assert_eq!(error.similar[0], "tcp_timeout");
        assert!(error.to_string().starts_with("no page explains `tcp_timeot`; similar: tcp_timeout"));
        let error = look_up_page("xyzzy", &[]).unwrap_err().to_string();
        assert_eq!(error, "no page explains `xyzzy`; `arcprobe explain` lists all codes");
    }

    #[test]
    fn the_index_lists_each_code_once_under_its_heading() {
        let index = render_index();
        for code in page_codes() {
            assert_eq!(index.matches(&format!("  {code} ")).count(), 1, "{code}");
        }
        assert!(index.starts_with("Findings\n  dns_transport_blocked "));
        let resolve = index.split("Failures of the phase resolve\n").nth(1).unwrap();
        assert!(resolve.starts_with("  dns_nxdomain "));
        assert!(index.lines().all(|line| line.chars().count() <= 100), "{index}");
        assert_eq!(page_codes().map(str::len).max(), Some(CODE_WIDTH));
    }

    /// Words in the pages that look like codes and are not.
    const WORDS_THAT_ARE_NO_CODES: &[&str] = &[
        "access_denied",
        "handshake_failure",
        "insufficient_security",
        "internal_error",
        "protocol_version",
        "unrecognized_name",
    ];
}
