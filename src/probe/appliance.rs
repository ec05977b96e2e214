//! Products that stand in the way, by the marks they leave in headers, pages and certificate names.

use std::collections::BTreeMap;

use crate::model::evidence::{TlsDetail, TrustStore};
use crate::model::products::ProductCatalogue;

/// The product whose mark is found in the headers or the page of an answer.
pub(super) fn find_in_answer(
    known: &ProductCatalogue,
    headers: &BTreeMap<String, String>,
    page: Option<&str>,
) -> Option<String> {
    // who forwarded an answer, or kept a copy, did not give it
    let own =
        headers.iter().filter(|(name, _)| !["via", "x-bluecoat-via", "x-cache"].contains(&name.as_str()));
    let heads = own.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
    let in_head = || known.find_by(|product| &product.headers, &heads);
    let in_page = || known.find_by(|product| &product.pages, page?);
    let named_in_page = || known.find_by(|product| &product.headers, page?);
    in_head().or_else(in_page).or_else(named_in_page).map(str::to_owned)
}

/// The product whose mark is found in the names of the issuers of a chain that leads to no public root.
pub(super) fn find_in_chain(known: &ProductCatalogue, tls: &TlsDetail) -> Option<String> {
    let is_foreign = tls.trusted_by != Some(TrustStore::Public);
    let mut issuers = tls.chain.iter().filter(|_| is_foreign).map(|certificate| &certificate.issuer);
    issuers.find_map(|issuer| known.find_by(|product| &product.cas, issuer)).map(str::to_owned)
}

/// What is known of such products.
#[cfg(feature = "cli")]
pub(super) fn load_products() -> ProductCatalogue {
    crate::rules::products::load_builtin().unwrap_or_default()
}

/// An agent gets them with its task.
#[cfg(not(feature = "cli"))]
pub(super) fn load_products() -> ProductCatalogue {
    ProductCatalogue::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evidence::CertificateSummary;

    #[test]
    fn products_are_recognized_by_their_markers() {
        let known = load_products();
        let header = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let none = BTreeMap::new();
        let table = [
            (header("server", "squid/6.1"), None, Some("Squid")),
            (header("via", "1.1 edge (squid/6.1)"), None, None), // only forwarded
            (header("x-cache", "MISS from zscaler"), None, None),
            (header("location", "https://gateway.zscloud.net/auth"), None, Some("Zscaler")),
            (none.clone(), Some("<h1>FortiGuard Intrusion</h1>"), Some("FortiGate")),
            (none.clone(), Some("Generated Mon by edge (squid/6.6)"), Some("Squid")),
            (none.clone(), Some("HTTP 470: Action: Deny. Reason: no rule matched."), Some("Azure Firewall")),
            (none, Some("{\"error\":\"NotFound\"}"), None),
        ];
        for (headers, page, product) in table {
            assert_eq!(find_in_answer(&known, &headers, page).as_deref(), product, "{headers:?} {page:?}");
        }
    }

    #[test]
    fn a_public_chain_names_no_product() {
        let known = load_products();
        let found = |issuer: &str, by| {
            let certificate =
                CertificateSummary { issuer: issuer.to_owned(), ..CertificateSummary::default() };
            let tls = TlsDetail { chain: vec![certificate], trusted_by: Some(by), ..TlsDetail::default() };
            find_in_chain(&known, &tls)
        };
        let ours = "CN=Zscaler Intermediate Root CA";
        assert_eq!(found(ours, TrustStore::System).as_deref(), Some("Zscaler"));
        assert_eq!(found(ours, TrustStore::Public), None);
        assert_eq!(found("CN=DigiCert Global Root G2", TrustStore::Nobody), None);
    }
}
