//! The certificates that were presented: first the chains that do not lead to a public root, in full.

use std::collections::{HashMap, HashSet};

use super::MOST_ROWS;
use super::page::{self, day, fact, left_out, row_head};
use crate::model::evidence::{CertificateSummary, Detail, Phase, TlsDetail, TrustStore};
use crate::report::grid::attempts;
use crate::report::markup::Markup;
use crate::report::tally::{Tally, plural, some_of};

/// A chain and the names that were asked for when it came.
struct Chain<'a> {
    tls: &'a TlsDetail,
    names: Vec<String>,
}

/// How many names are told of a chain.
const NAMED: usize = 6;

/// All chains; nothing where none was presented.
pub(super) fn chains(tally: &Tally<'_>) -> Markup {
    let mut html = Markup::default();
    let (public, others): (Vec<_>, Vec<_>) =
        collected(tally).into_iter().partition(|chain| chain.tls.trusted_by == Some(TrustStore::Public));
    others.iter().take(MOST_ROWS).for_each(|chain| in_full(&mut html, chain));
    if !public.is_empty() {
        html.element("details", &[], |html| {
            let title = format!("{} to a public authority", plural(public.len(), "chain"));
            html.simple("summary", &[], &title);
            table(html, &public);
        });
    }
    html
}

fn collected<'a>(tally: &Tally<'a>) -> Vec<Chain<'a>> {
    let mut chains: Vec<Chain<'a>> = Vec::new();
    let mut places: HashMap<Vec<&str>, usize> = HashMap::new();
    let mut seen = HashSet::new();
    for attempt in tally.report.checks.iter().flat_map(attempts) {
        let Some(Detail::Tls(tls)) = attempt.step(Phase::Tls).map(|step| &step.detail) else { continue };
        if tls.chain.is_empty() {
            continue;
        }
        let key: Vec<&str> = tls.chain.iter().map(|c| c.sha256.as_str()).collect();
        let place = *places.entry(key).or_insert(chains.len());
        if place == chains.len() {
            chains.push(Chain { tls, names: Vec::new() });
        }
        if seen.insert((place, &tls.server_name)) {
            chains[place].names.push(tls.server_name.clone());
        }
    }
    chains
}

fn in_full(html: &mut Markup, chain: &Chain<'_>) {
    let trusted = match chain.tls.trusted_by {
        Some(TrustStore::Public) => "trusted by the public roots",
        Some(TrustStore::System) => "trusted by this machine, by no public root",
        Some(TrustStore::Given) => "trusted by --proxy-cert, by no public root",
        Some(TrustStore::Nobody) => "trusted by nobody here",
        None => "not judged",
    };
    html.element("article", &[("class", "chain")], |html| {
        html.simple("h3", &[], &some_of(&chain.names, NAMED));
        let product = chain.tls.appliance.as_ref().map(|name| format!("; looks like {name}"));
        html.simple("p", &[], &format!("The chain is {trusted}{}.", product.unwrap_or_default()));
        html.element("ol", &[], |html| {
            for certificate in &chain.tls.chain {
                html.element("li", &[], |html| html.element("dl", &[], |html| told(html, certificate)));
            }
        });
    });
}

fn told(html: &mut Markup, certificate: &CertificateSummary) {
    fact(html, "subject", &certificate.subject);
    fact(html, "issuer", &certificate.issuer);
    if !certificate.names.is_empty() {
        fact(html, "names", &certificate.names.join(", "));
    }
    let time = |time: &Option<String>| time.as_deref().map_or("unknown".to_owned(), day);
    let valid = format!("{} to {}", time(&certificate.not_before), time(&certificate.not_after));
    fact(html, "valid", &valid);
    fact(html, "sha256", &certificate.sha256);
}

fn table(html: &mut Markup, chains: &[Chain<'_>]) {
    page::table(html, "Chains to a public authority", &["Names", "Issuer", "Ends in", "Expires"], |html| {
        html.element("tbody", &[], |html| {
            for chain in chains.iter().take(MOST_ROWS) {
                let leaf = chain.tls.chain.first();
                html.element("tr", &[], |html| {
                    row_head(html, &some_of(&chain.names, NAMED), "");
                    html.simple("td", &[], leaf.map_or("", |c| &c.issuer));
                    html.simple("td", &[], chain.tls.authority.as_deref().unwrap_or("unknown"));
                    let ends = leaf.and_then(|c| c.not_after.as_deref()).map_or("unknown".to_owned(), day);
                    html.simple("td", &[], &ends);
                });
            }
        });
    });
    left_out(html, chains.len(), MOST_ROWS);
}
