//! What the answers of those who are asked look like. Pure; nothing in an answer is believed before it fits.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::evidence::{redact_url_secrets, sanitize};
use crate::model::rules::{HostName, HostPattern};

/// The hosts of an answer, sorted out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct DiscoveredHosts {
    /// Below the wildcard, each once, in the order of the answer.
    pub(super) hosts: Vec<String>,
    /// Anything else.
    pub(super) rejected: Vec<String>,
    /// How many more there were.
    pub(super) omitted: usize,
}

/// A JSON array of host names.
pub(crate) fn parse_allow_list(body: &[u8]) -> Result<Vec<String>, String> {
    let names: Vec<String> = parse_json(body, "a JSON array of host names")?;
    if names.is_empty() { Err("the list is empty".to_owned()) } else { Ok(names) }
}

/// A JSON string with the URL of a host.
pub(crate) fn parse_regional_url(body: &[u8]) -> Result<Vec<String>, String> {
    let url: String = parse_json(body, "a JSON string with a URL")?;
    Ok(vec![url_host(&url)])
}

/// What a registry's manifest leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Manifest {
    /// An index: the digest of one of its manifests.
    Index(String),
    /// An image or chart: the digest of one of its blobs.
    Image(String),
}

/// An index or a manifest (OCI image specification 1.1; Docker's manifests have the same keys).
pub(crate) fn parse_manifest(body: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        manifests: Vec<Descriptor>,
        #[serde(default)]
        layers: Vec<Descriptor>,
        config: Option<Descriptor>,
    }
    let document: Document = parse_json(body, "a manifest")?;
    let manifest = document.manifests.into_iter().next().map(|d| d.into_valid_digest().map(Manifest::Index));
    let blob = document.layers.into_iter().next().or(document.config);
    let found = manifest.or_else(|| blob.map(|d| d.into_valid_digest().map(Manifest::Image)));
    found.unwrap_or_else(|| Err("the manifest names no blob".to_owned()))
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

impl Descriptor {
    /// The digest becomes part of a path, so nothing else may be in it.
    fn into_valid_digest(self) -> Result<String, String> {
        let is_digest = self.digest.split_once(':').is_some_and(|(algorithm, hash)| {
            matches!(algorithm, "sha256" | "sha512")
                && (64..=128).contains(&hash.len())
                && hash.bytes().all(|b| b.is_ascii_hexdigit())
        });
        if is_digest {
            Ok(self.digest)
        } else {
            Err(format!("\"{}\" is no digest", sanitize(&self.digest, MAX_EXCERPT_CHARS)))
        }
    }
}

/// The host of a URL; a text without a scheme stands for itself.
pub(crate) fn url_host(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    let uri = text.parse::<http::Uri>().ok().filter(|uri| uri.scheme_str() == Some("https"));
    uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_else(|| text.to_owned())
}

/// Only what is a host name and lies below the wildcard may be probed: an answer must not send the probes elsewhere.
pub(crate) fn filter_hosts(names: Vec<String>, wildcard: &HostPattern) -> DiscoveredHosts {
    let mut sorted = DiscoveredHosts::default();
    let mut seen = BTreeSet::new();
    for name in names {
        let host = name.trim_end_matches('.').to_ascii_lowercase();
        if !seen.insert(host.clone()) {
            continue;
        }
        let is_below = host.parse::<HostName>().is_ok() && wildcard.covers(&host);
        let list = if is_below { &mut sorted.hosts } else { &mut sorted.rejected };
        match list.len() {
            MAX_HOSTS.. => sorted.omitted += 1,
            _ if is_below => list.push(host),
            _ => list.push(sanitize(&redact_url_secrets(&name), MAX_EXCERPT_CHARS)),
        }
    }
    sorted
}

fn parse_json<'a, T: Deserialize<'a>>(body: &'a [u8], what: &str) -> Result<T, String> {
    let excerpt = || match sanitize(&redact_url_secrets(&String::from_utf8_lossy(body)), MAX_EXCERPT_CHARS) {
        text if text.is_empty() => "an empty answer".to_owned(),
        text => format!("\"{text}\""),
    };
    serde_json::from_slice(body).map_err(|_| format!("{} is not {what}", excerpt()))
}

/// Regions have a dozen or two.
pub(super) const MAX_HOSTS: usize = 64;

/// Characters that are kept of what does not fit.
const MAX_EXCERPT_CHARS: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_urls_are_parsed() {
        let list = parse_allow_list(br#"["a.example.com", "b.example.com"]"#);
        assert_eq!(list.unwrap(), ["a.example.com", "b.example.com"]);
        let table = [
            (r#""https://eus.his.example.com""#, "eus.his.example.com"),
            (r#""https://eus.his.example.com:443/x""#, "eus.his.example.com"),
            (r#""eus.his.example.com""#, "eus.his.example.com"),
            (r#""http://eus.his.example.com""#, "http://eus.his.example.com"),
        ];
        for (body, host) in table {
            assert_eq!(parse_regional_url(body.as_bytes()).unwrap(), [host], "{body}");
        }
        let error = parse_allow_list(br#"{"url": "https://bob:PW@x.example/a?sig=SECRET"}"#).unwrap_err();
        assert!(!error.contains("PW") && !error.contains("SECRET"), "{error}");
        for body in ["", "[]", "{}", "[1]", "\"x\"", "<html>", "\u{1b}[2J"] {
            let error = parse_allow_list(body.as_bytes()).unwrap_err();
            assert!(!error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn manifests_lead_to_a_digest() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let table = [
            (format!(r#"{{"manifests": [{{"digest": "{digest}"}}]}}"#), Ok(Manifest::Index(digest.clone()))),
            (format!(r#"{{"config": {{"digest": "{digest}"}}}}"#), Ok(Manifest::Image(digest.clone()))),
            ("{}".to_owned(), Err("the manifest names no blob".to_owned())),
            (
                r#"{"layers": [{"digest": "sha256:../../x"}]}"#.to_owned(),
                Err("\"sha256:../../x\" is no digest".to_owned()),
            ),
        ];
        for (body, expected) in table {
            assert_eq!(parse_manifest(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn only_hosts_below_the_wildcard_are_accepted() {
        let names =
            ["A.example.com", "a.example.com.", "example.com", "a.evil.com", "x y.example.com", "1.2.3.4"];
        let sorted = filter_hosts(names.map(str::to_owned).to_vec(), &"*.example.com".parse().unwrap());
        assert_eq!(sorted.hosts, ["a.example.com"]);
        assert_eq!(sorted.rejected, ["example.com", "a.evil.com", "x y.example.com", "1.2.3.4"]);
        let many = (0..70).map(|n| format!("{n}.example.com")).collect();
        let sorted = filter_hosts(many, &"*.example.com".parse().unwrap());
        assert_eq!((sorted.hosts.len(), sorted.omitted), (64, 6));
    }
}
