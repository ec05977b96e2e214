//! The certificates that were presented: first the chains that do not lead to a public root, in full.

use indexmap::IndexSet;

use super::MAX_ROWS;
use super::elements::{self as page, format_timestamp, write_fact, write_omitted_note, write_row_head};
use crate::model::evidence::{CertificateSummary, Detail, Phase, TlsDetail, TrustStore};
use crate::model::wording::{format_count, list_some};
use crate::report::grid::deciding_attempts;
use crate::report::group::group_by_key;
use crate::report::index::ReportIndex;
use crate::report::markup::Markup;

/// A chain and the names that were asked for when it came.
struct PresentedChain<'a> {
    tls: &'a TlsDetail,
    names: Vec<&'a str>,
}

/// How many names are told of a chain.
const MAX_NAMED: usize = 6;

/// All chains; nothing where none was presented.
pub(super) fn render_chains(tally: &ReportIndex<'_>) -> Markup {
    let mut html = Markup::default();
    let (public, others): (Vec<_>, Vec<_>) =
        collect_chains(tally).into_iter().partition(|chain| chain.tls.trusted_by == Some(TrustStore::Public));
    others.iter().take(MAX_ROWS).for_each(|chain| write_chain(&mut html, chain));
    if !public.is_empty() {
        html.element("details", &[], |html| {
            let title = format!("{} to a public authority", format_count(public.len(), "chain"));
            html.text_element("summary", &[], &title);
            write_public_chains(html, &public);
        });
    }
    html
}

fn collect_chains<'a>(tally: &ReportIndex<'a>) -> Vec<PresentedChain<'a>> {
    let attempts = tally.report.checks.iter().flat_map(deciding_attempts);
    let presented = attempts.filter_map(|attempt| match &attempt.step(Phase::Tls)?.detail {
        Detail::Tls(tls) if !tls.chain.is_empty() => Some(&**tls),
        _ => None,
    });
    let digests = |tls: &&'a TlsDetail| tls.chain.iter().map(|c| c.sha256.as_str()).collect::<Vec<_>>();
    let chains = group_by_key(presented, digests).into_values().map(|alike| {
        let names: IndexSet<&str> = alike.iter().map(|tls| tls.server_name.as_str()).collect();
        PresentedChain { tls: alike[0], names: names.into_iter().collect() }
    });
    chains.collect()
}

fn write_chain(html: &mut Markup, chain: &PresentedChain<'_>) {
    let trusted = match chain.tls.trusted_by {
        Some(TrustStore::Public) => "trusted by the public roots",
        Some(TrustStore::System) => "trusted by this machine, by no public root",
        Some(TrustStore::Given) => "trusted by --proxy-cert, by no public root",
        Some(TrustStore::Nobody) => "trusted by nobody here",
        None => "not judged",
    };
    html.element("article", &[("class", "chain")], |html| {
        html.text_element("h3", &[], &list_some(&chain.names, MAX_NAMED));
        let product = chain.tls.appliance.as_ref().map(|name| format!("; looks like {name}"));
        html.text_element("p", &[], &format!("The chain is {trusted}{}.", product.unwrap_or_default()));
        html.element("ol", &[], |html| {
            for certificate in &chain.tls.chain {
                html.element("li", &[], |html| {
                    html.element("dl", &[], |html| write_certificate(html, certificate));
                });
            }
        });
    });
}

fn write_certificate(html: &mut Markup, certificate: &CertificateSummary) {
    write_fact(html, "subject", &certificate.subject);
    write_fact(html, "issuer", &certificate.issuer);
    if !certificate.names.is_empty() {
        write_fact(html, "names", &certificate.names.join(", "));
    }
    let time = |time: &Option<String>| time.as_deref().map_or("unknown".to_owned(), format_timestamp);
    let valid = format!("{} to {}", time(&certificate.not_before), time(&certificate.not_after));
    write_fact(html, "valid", &valid);
    write_fact(html, "sha256", &certificate.sha256);
}

fn write_public_chains(html: &mut Markup, chains: &[PresentedChain<'_>]) {
    page::write_table(
        html,
        "Chains to a public authority",
        &["Names", "Issuer", "Ends in", "Expires"],
        |html| {
            html.element("tbody", &[], |html| {
                for chain in chains.iter().take(MAX_ROWS) {
                    let leaf = chain.tls.chain.first();
                    html.element("tr", &[], |html| {
                        write_row_head(html, &list_some(&chain.names, MAX_NAMED), "");
                        html.text_element("td", &[], leaf.map_or("", |c| &c.issuer));
                        html.text_element("td", &[], chain.tls.authority.as_deref().unwrap_or("unknown"));
                        let ends = leaf
                            .and_then(|c| c.not_after.as_deref())
                            .map_or("unknown".to_owned(), format_timestamp);
                        html.text_element("td", &[], &ends);
                    });
                }
            });
        },
    );
    write_omitted_note(html, chains.len(), MAX_ROWS);
}
