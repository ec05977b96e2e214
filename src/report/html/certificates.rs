//! The certificates that were presented: first the chains that do not lead to a public root, in full.

use indexmap::IndexSet;
use maud::{Markup, html};

use super::MAX_ROWS;
use super::elements::{Placement, render_fact, render_omitted_note, render_row_head, render_table};
use crate::model::evidence::{CertificateSummary, Detail, Phase, TlsDetail, TrustStore};
use crate::model::wording::{format_count, list_some};
use crate::report::grid::deciding_attempts;
use crate::report::group::group_by_key;
use crate::report::header::format_timestamp;
use crate::report::index::ReportIndex;
use crate::report::markup::Text;

/// A chain and the names that were asked for when it came.
struct PresentedChain<'a> {
    tls: &'a TlsDetail,
    names: Vec<&'a str>,
}

/// How many names are told of a chain.
const MAX_NAMED: usize = 6;

/// All chains; nothing where none was presented.
pub(super) fn render_chains(tally: &ReportIndex<'_>, place: Placement<'_>) -> Markup {
    let (public, others): (Vec<_>, Vec<_>) =
        collect_chains(tally).into_iter().partition(|chain| chain.tls.trusted_by == Some(TrustStore::Public));
    html! {
        @for chain in others.iter().take(MAX_ROWS) { (render_chain(chain, place)) }
        @if !public.is_empty() {
            details {
                summary { (format_count(public.len(), "chain")) " to a public authority" }
                (render_public_chains(&public))
            }
        }
    }
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

fn render_chain(chain: &PresentedChain<'_>, place: Placement<'_>) -> Markup {
    let trusted = match chain.tls.trusted_by {
        Some(TrustStore::Public) => "trusted by the public roots",
        Some(TrustStore::System) => "trusted by this machine, by no public root",
        Some(TrustStore::Given) => "trusted by --proxy-cert, by no public root",
        Some(TrustStore::Nobody) if chain.tls.retired_root.is_some() => {
            "public, with a root that Mozilla's list has dropped"
        }
        Some(TrustStore::Nobody) => "trusted by nobody here",
        None => "not judged",
    };
    let product = chain.tls.appliance.as_ref().map(|name| format!("; looks like {name}"));
    html! {
        article.chain {
            (place.heading(1, None, &list_some(&chain.names, MAX_NAMED)))
            p { "The chain is " (trusted) (Text(product.unwrap_or_default())) "." }
            ol { @for certificate in &chain.tls.chain { li { dl { (render_certificate(certificate)) } } } }
        }
    }
}

fn render_certificate(certificate: &CertificateSummary) -> Markup {
    let valid = format!(
        "{} to {}",
        format_time(certificate.not_before.as_deref()),
        format_time(certificate.not_after.as_deref())
    );
    html! {
        (render_fact("subject", &certificate.subject))
        (render_fact("issuer", &certificate.issuer))
        @if !certificate.names.is_empty() { (render_fact("names", &certificate.names.join(", "))) }
        (render_fact("valid", &valid))
        (render_fact("sha256", &certificate.sha256))
    }
}

fn format_time(time: Option<&str>) -> String {
    time.map_or("unknown".to_owned(), format_timestamp)
}

fn render_public_chains(chains: &[PresentedChain<'_>]) -> Markup {
    let body = html! {
        tbody {
            @for chain in chains.iter().take(MAX_ROWS) {
                @let leaf = chain.tls.chain.first();
                tr {
                    (render_row_head(&list_some(&chain.names, MAX_NAMED), ""))
                    td { (Text(leaf.map_or("", |c| &c.issuer))) }
                    td { (Text(chain.tls.authority.as_deref().unwrap_or("unknown"))) }
                    td { (Text(leaf.map_or("unknown".to_owned(), |c| format_time(c.not_after.as_deref())))) }
                }
            }
        }
    };
    html! {
        (render_table("Chains to a public authority", &["Names", "Issuer", "Ends in", "Expires"], &body))
        (render_omitted_note(chains.len(), MAX_ROWS))
    }
}
