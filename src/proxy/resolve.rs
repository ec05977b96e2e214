//! Flags and environment -> the proxies in force. Flags win, one by one.
//!
//! Of the two cases of a variable the upper one wins, and an empty one counts as absent: that is how the agents' runtime
//! reads them (golang.org/x/net/http/httpproxy, `FromEnvironment`). curl and Python take the lower one, so two values that
//! differ are worth a word. `ALL_PROXY` is not read, as Go does not.

use std::collections::BTreeMap;

use super::route::Routes;
use super::skip_range::{SkipRange, expand_keywords};
use super::url::ProxyUrl;
use super::url_error::UrlError;
use super::{Origin, Sourced};
use crate::model::rules::Cloud;

/// What was typed. An empty value counts as absent, as in az. Without `Debug`: the URLs may hold passwords.
#[derive(Clone, Copy, Default)]
pub struct ProxyFlags<'a> {
    /// `--proxy-https`.
    pub https: Option<&'a str>,
    /// `--proxy-http`.
    pub http: Option<&'a str>,
    /// `--proxy-skip-range`.
    pub skip_range: Option<&'a str>,
    /// `--no-proxy`: the environment is not read.
    pub no_proxy: bool,
    /// The cloud, for words of the skip range that stand for its hosts; the public one where nobody said.
    pub cloud: Option<Cloud>,
}

/// The proxies in force.
#[derive(Clone, Debug)]
pub struct ResolvedProxies {
    /// They, and what goes around them.
    pub routes: Routes,
    /// What is worth saying about the values, one sentence each, with the flag or variable in front.
    pub advice: Vec<String>,
}

/// A proxy's URL cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{origin}: the proxy's URL cannot be used: {problem}")]
pub struct ProxyError {
    /// Where it was given.
    pub origin: Origin,
    /// What is wrong with it.
    pub problem: UrlError,
}

/// Settles which proxies are in force.
///
/// # Errors
///
/// A URL that the agents could not use, wherever it comes from. `--no-proxy` gets around a bad variable.
pub fn resolve_proxies(
    flags: &ProxyFlags<'_>,
    environment: &BTreeMap<String, String>,
) -> Result<ResolvedProxies, ProxyError> {
    let source = ProxySource { environment, is_ignored: flags.no_proxy };
    let mut advice = Vec::new();
    let https = source.find_value("--proxy-https", flags.https, "HTTPS_PROXY", &mut advice);
    let http = source.find_value("--proxy-http", flags.http, "HTTP_PROXY", &mut advice);
    let skip = source.find_value("--proxy-skip-range", flags.skip_range, "NO_PROXY", &mut advice);
    let https = https.map(|given| parse_url(given, &mut advice)).transpose()?;
    let http = http.map(|given| parse_url(given, &mut advice)).transpose()?;
    let cloud = flags.cloud.unwrap_or(Cloud::AzureCloud);
    let skip = skip.map(|given| match &given.origin {
        Origin::Flag(_) => given.map(|typed| SkipRange::parse(&expand_keywords(typed, cloud))),
        Origin::Variable(_) | Origin::Cluster(_) => given.map(SkipRange::parse),
    });
    let routes = Routes::new(https, http, skip);
    advice.extend(advise_on_mixed_origins(&routes));
    advice.extend(advise_on_http_proxy_only(&routes));
    Ok(ResolvedProxies { routes, advice })
}

struct ProxySource<'a> {
    environment: &'a BTreeMap<String, String>,
    is_ignored: bool,
}

impl<'a> ProxySource<'a> {
    fn find_value(
        &self,
        flag: &str,
        typed: Option<&'a str>,
        variable: &str,
        advice: &mut Vec<String>,
    ) -> Option<Sourced<&'a str>> {
        if let Some(typed) = typed.filter(|t| !t.is_empty()) {
            return Some(Sourced::new(typed, Origin::flag(flag)));
        }
        let lower = variable.to_ascii_lowercase();
        let (first, second) = (self.read_variable(variable), self.read_variable(&lower));
        if first.zip(second).is_some_and(|(a, b)| a != b) {
            advice.push(format!(
                "{variable} and {lower} differ; {variable} is taken, as the agents do, but curl and az take {lower}"
            ));
        }
        let name = if first.is_some() { variable } else { &lower };
        first.or(second).map(|value| Sourced::new(value, Origin::Variable(name.to_owned())))
    }

    fn read_variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name).map(String::as_str).filter(|v| !v.is_empty() && !self.is_ignored)
    }
}

fn parse_url(given: Sourced<&str>, advice: &mut Vec<String>) -> Result<Sourced<ProxyUrl>, ProxyError> {
    let Sourced { value, origin } = given;
    match ProxyUrl::parse(value) {
        Ok((url, said)) => {
            advice.extend(said.iter().map(|one| format!("{origin}: {one}")));
            Ok(Sourced::new(url, origin))
        }
        Err(problem) => Err(ProxyError { origin, problem }),
    }
}

/// Flags are what the cluster is going to get; a list from the environment stays on this machine.
fn advise_on_mixed_origins(routes: &Routes) -> Option<String> {
    let is_flag = |origin: &Origin| matches!(origin, Origin::Flag(_));
    let proxy = routes.https().or(routes.http()).filter(|p| is_flag(&p.origin))?;
    let skip = routes.skip_range().filter(|s| !is_flag(&s.origin))?;
    let (proxy, skip) = (&proxy.origin, &skip.origin);
    Some(format!(
        "the proxy is from {proxy} and the skip range from {skip}; az hands only flags to the agents, so pass \
         --proxy-skip-range too"
    ))
}

/// The agents call https endpoints, and Go does not take the http proxy for them.
fn advise_on_http_proxy_only(routes: &Routes) -> Option<String> {
    let http = routes.http().filter(|_| routes.https().is_none())?;
    Some(format!(
        "only {} is given, which https targets do not use; pass the same URL as --proxy-https if the proxy is for both",
        http.origin
    ))
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
