//! How packets get to an endpoint, as the agents would send them.

use super::Given;
use super::client::{Bypass, Client};
use super::no_proxy::SkipRange;
use super::url::ProxyUrl;
use crate::plan::{Route, RouteKind};
use crate::rules::model::Protocol;
use crate::settings::Connectivity;

/// The proxies in force and what goes around them.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    https: Option<Given<ProxyUrl>>,
    http: Option<Given<ProxyUrl>>,
    skip: Option<Given<SkipRange>>,
}

enum Way<'a> {
    Through(&'a Given<ProxyUrl>),
    Around(String),
}

impl Routes {
    /// The proxy for https targets, the one for http targets, and the list of those that need none.
    pub fn new(
        https: Option<Given<ProxyUrl>>,
        http: Option<Given<ProxyUrl>>,
        skip: Option<Given<SkipRange>>,
    ) -> Self {
        Self { https, http, skip }
    }

    /// The same, told to come from other places: proxy for https, for http, what goes around them.
    #[must_use]
    pub fn told_as(self, https: &str, http: &str, skip: &str) -> Self {
        let told =
            |given: Option<Given<_>>, origin: &str| given.map(|g| Given { origin: origin.to_owned(), ..g });
        Self {
            https: told(self.https, https),
            http: told(self.http, http),
            skip: self.skip.map(|g| Given { origin: skip.to_owned(), ..g }),
        }
    }

    /// The way to an endpoint, and why.
    pub fn route(&self, host: &str, port: u16, protocol: Protocol) -> Route {
        match self.way(host, port, protocol) {
            Way::Through(proxy) => Route {
                kind: RouteKind::Proxy,
                proxy: Some(proxy.value.to_string()),
                reason: proxy.origin.clone(),
            },
            Way::Around(reason) => Route { kind: RouteKind::Direct, proxy: None, reason },
        }
    }

    /// The proxy on the way to an endpoint, with its credentials; `None` on a direct way.
    pub fn proxy(&self, host: &str, port: u16, protocol: Protocol) -> Option<&ProxyUrl> {
        match self.way(host, port, protocol) {
            Way::Through(proxy) => Some(&proxy.value),
            Way::Around(_) => None,
        }
    }

    /// What `--connectivity` is when it is not given.
    pub fn connectivity(&self) -> Connectivity {
        if self.uses_proxy() { Connectivity::Proxy } else { Connectivity::Direct }
    }

    /// Whether there is a proxy for anything.
    pub fn uses_proxy(&self) -> bool {
        self.https.is_some() || self.http.is_some()
    }

    /// The proxy for https targets.
    pub fn https(&self) -> Option<&Given<ProxyUrl>> {
        self.https.as_ref()
    }

    /// The proxy for http targets.
    pub fn http(&self) -> Option<&Given<ProxyUrl>> {
        self.http.as_ref()
    }

    /// The list to judge: what goes around the proxy, or what was typed though there is none.
    pub fn judged_skip_range(&self) -> Option<&Given<SkipRange>> {
        self.skip.as_ref().filter(|given| self.uses_proxy() || given.origin.starts_with("--"))
    }

    /// What goes around the proxy; `None` where there is no proxy to go around.
    pub fn skip_range(&self) -> Option<&Given<SkipRange>> {
        self.skip.as_ref().filter(|_| self.uses_proxy())
    }

    fn way(&self, host: &str, port: u16, protocol: Protocol) -> Way<'_> {
        if !self.uses_proxy() {
            return Way::Around("no proxy is given or found".into());
        }
        match protocol {
            Protocol::Https | Protocol::Wss | Protocol::Tls => {
                self.by(self.https.as_ref(), "https", host, port)
            }
            Protocol::Http => self.by(self.http.as_ref(), "http", host, port),
            Protocol::Ssh => Way::Around("SSH does not take an HTTP proxy by itself".into()),
            Protocol::Git => Way::Around("the git protocol does not take an HTTP proxy".into()),
            Protocol::Tcp => Way::Around("plain TCP does not take an HTTP proxy".into()),
        }
    }

    /// Go keeps the two apart: the proxy for one scheme is never used for the other.
    fn by<'a>(&'a self, proxy: Option<&'a Given<ProxyUrl>>, scheme: &str, host: &str, port: u16) -> Way<'a> {
        let Some(proxy) = proxy else {
            let other = self.https.as_ref().or(self.http.as_ref()).map_or("", |p| p.origin.as_str());
            return Way::Around(format!("no proxy is given for {scheme} targets, only {other}"));
        };
        match self.exemption(host, port) {
            Some(reason) => Way::Around(reason),
            None => Way::Through(proxy),
        }
    }

    /// This machine is exempt without any list.
    fn exemption(&self, host: &str, port: u16) -> Option<String> {
        let none = Given::new(SkipRange::parse(""), "");
        let skip = self.skip.as_ref().unwrap_or(&none);
        Some(match Client::Go.bypasses(&skip.value, host, port)? {
            Bypass::ThisMachine => "the agents never reach their own machine through a proxy".to_owned(),
            Bypass::Entry(entry) => format!("exempt by \"{}\" in {}", entry.text, skip.origin),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str, origin: &str) -> Given<ProxyUrl> {
        Given::new(ProxyUrl::parse(url).unwrap().0, origin)
    }

    fn routes() -> Routes {
        let skip = Given::new(SkipRange::parse(".corp.example,10.0.0.0/8"), "NO_PROXY, environment");
        let https = proxy("http://u:secret@proxy:3128", "--proxy-https");
        Routes::new(Some(https), Some(proxy("http://other:8080", "HTTP_PROXY, environment")), Some(skip))
    }

    fn told(routes: &Routes, host: &str, protocol: Protocol) -> (Option<String>, String) {
        let route = routes.route(host, 443, protocol);
        assert_eq!(route.kind == RouteKind::Proxy, route.proxy.is_some());
        assert_eq!(routes.proxy(host, 443, protocol).map(ToString::to_string), route.proxy);
        (route.proxy, route.reason)
    }

    #[test]
    fn each_way_has_its_reason() {
        let https = Some("http://proxy:3128");
        let table = [
            ("a.example", Protocol::Https, https, "--proxy-https"),
            ("a.example", Protocol::Wss, https, "--proxy-https"),
            ("a.example", Protocol::Tls, https, "--proxy-https"),
            ("a.example", Protocol::Http, Some("http://other:8080"), "HTTP_PROXY, environment"),
            ("a.example", Protocol::Ssh, None, "SSH does not take an HTTP proxy by itself"),
            ("a.example", Protocol::Git, None, "the git protocol does not take an HTTP proxy"),
            ("a.example", Protocol::Tcp, None, "plain TCP does not take an HTTP proxy"),
            ("a.corp.example", Protocol::Https, None, "exempt by \".corp.example\" in NO_PROXY, environment"),
            ("10.1.2.3", Protocol::Http, None, "exempt by \"10.0.0.0/8\" in NO_PROXY, environment"),
            ("localhost", Protocol::Https, None, "the agents never reach their own machine through a proxy"),
        ];
        for (host, protocol, proxy, reason) in table {
            let (found, why) = told(&routes(), host, protocol);
            assert_eq!((found.as_deref(), why.as_str()), (proxy, reason), "{host} {protocol}");
        }
    }

    #[test]
    fn the_same_proxies_can_come_from_elsewhere() {
        let routes = routes().told_as("the agents", "the agents, too", "their list");
        let told = |host, protocol| told(&routes, host, protocol);
        assert_eq!(
            told("a.example", Protocol::Https),
            (Some("http://proxy:3128".into()), "the agents".into())
        );
        assert_eq!(
            told("a.example", Protocol::Http),
            (Some("http://other:8080".into()), "the agents, too".into())
        );
        assert_eq!(
            told("10.1.2.3", Protocol::Https),
            (None, "exempt by \"10.0.0.0/8\" in their list".into())
        );
    }

    #[test]
    fn a_proxy_for_one_scheme_is_not_for_the_other() {
        let only = Routes::new(None, Some(proxy("http://proxy:3128", "--proxy-http")), None);
        let reason = "no proxy is given for https targets, only --proxy-http";
        assert_eq!(told(&only, "a.example", Protocol::Https), (None, reason.into()));
        assert_eq!(told(&only, "a.example", Protocol::Http).1, "--proxy-http");
        assert_eq!(only.connectivity(), Connectivity::Proxy);
    }

    #[test]
    fn without_a_proxy_all_is_direct() {
        let skip = Given::new(SkipRange::parse("a.example"), "--proxy-skip-range");
        let none = Routes::new(None, None, Some(skip));
        for protocol in [Protocol::Https, Protocol::Ssh] {
            assert_eq!(told(&none, "a.example", protocol), (None, "no proxy is given or found".into()));
        }
        assert_eq!(none.connectivity(), Connectivity::Direct);
        assert!(none.skip_range().is_none() && routes().skip_range().is_some());
    }
}
