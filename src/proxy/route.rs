//! How packets get to an endpoint, as the agents would send them.

use super::client::{Bypass, Client};
use super::skip_range::SkipRange;
use super::url::ProxyUrl;
use super::{Origin, Sourced};
use crate::model::plan::{EXEMPT_BY, ProxyId, Route, RouteKind};
use crate::model::rules::Protocol;
use crate::model::scope::Connectivity;

/// The proxies in force and what goes around them.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    https: Option<Sourced<ProxyUrl>>,
    http: Option<Sourced<ProxyUrl>>,
    skip: Option<Sourced<SkipRange>>,
}

enum RouteDecision<'a> {
    Proxy(ProxyId, &'a Sourced<ProxyUrl>),
    Direct(String),
}

impl Routes {
    /// The proxy for https targets, the one for http targets, and the list of those that need none.
    pub fn new(
        https: Option<Sourced<ProxyUrl>>,
        http: Option<Sourced<ProxyUrl>>,
        skip: Option<Sourced<SkipRange>>,
    ) -> Self {
        Self { https, http, skip }
    }

    /// The same, told to come from other places: proxy for https, for http, what goes around them.
    #[must_use]
    pub fn with_origins(self, [https, http, skip]: [Origin; 3]) -> Self {
        Self {
            https: self.https.map(|g| Sourced::new(g.value, https)),
            http: self.http.map(|g| Sourced::new(g.value, http)),
            skip: self.skip.map(|g| Sourced::new(g.value, skip)),
        }
    }

    /// The way to an endpoint, and why.
    pub fn route_to(&self, host: &str, port: u16, protocol: Protocol) -> Route {
        match self.decide(host, port, protocol) {
            RouteDecision::Proxy(id, proxy) => Route {
                kind: RouteKind::Proxy,
                proxy: Some(proxy.value.to_string()),
                proxy_id: Some(id),
                reason: proxy.origin.to_string(),
            },
            RouteDecision::Direct(reason) => Route::direct(reason),
        }
    }

    /// What `--connectivity` is when it is not given.
    pub fn default_connectivity(&self) -> Connectivity {
        if self.uses_proxy() { Connectivity::Proxy } else { Connectivity::Direct }
    }

    /// Whether there is a proxy for anything.
    pub fn uses_proxy(&self) -> bool {
        self.https.is_some() || self.http.is_some()
    }

    /// One of the two proxies.
    pub fn proxy(&self, id: ProxyId) -> Option<&Sourced<ProxyUrl>> {
        match id {
            ProxyId::Https => self.https(),
            ProxyId::Http => self.http(),
        }
    }

    /// The proxy for https targets.
    pub fn https(&self) -> Option<&Sourced<ProxyUrl>> {
        self.https.as_ref()
    }

    /// The proxy for http targets.
    pub fn http(&self) -> Option<&Sourced<ProxyUrl>> {
        self.http.as_ref()
    }

    /// The list to judge: what goes around the proxy, or what was typed though there is none.
    pub fn skip_range_to_judge(&self) -> Option<&Sourced<SkipRange>> {
        self.skip.as_ref().filter(|given| self.uses_proxy() || matches!(given.origin, Origin::Flag(_)))
    }

    /// What goes around the proxy; `None` where there is no proxy to go around.
    pub fn skip_range(&self) -> Option<&Sourced<SkipRange>> {
        self.skip.as_ref().filter(|_| self.uses_proxy())
    }

    fn decide(&self, host: &str, port: u16, protocol: Protocol) -> RouteDecision<'_> {
        if !self.uses_proxy() {
            return RouteDecision::Direct("no proxy is given or found".into());
        }
        match protocol {
            Protocol::Https | Protocol::Wss | Protocol::Tls => {
                self.decide_for_scheme(ProxyId::Https, "https", host, port)
            }
            Protocol::Http => self.decide_for_scheme(ProxyId::Http, "http", host, port),
            Protocol::Ssh => RouteDecision::Direct("SSH does not take an HTTP proxy by itself".into()),
            Protocol::Git => RouteDecision::Direct("the git protocol does not take an HTTP proxy".into()),
            Protocol::Tcp => RouteDecision::Direct("plain TCP does not take an HTTP proxy".into()),
        }
    }

    /// Go keeps the two apart: the proxy for one scheme is never used for the other.
    fn decide_for_scheme(&self, id: ProxyId, scheme: &str, host: &str, port: u16) -> RouteDecision<'_> {
        let Some(proxy) = self.proxy(id) else {
            let other =
                self.https.as_ref().or(self.http.as_ref()).map(|p| p.origin.to_string()).unwrap_or_default();
            return RouteDecision::Direct(format!("no proxy is given for {scheme} targets, only {other}"));
        };
        match self.find_exemption(host, port) {
            Some(reason) => RouteDecision::Direct(reason),
            None => RouteDecision::Proxy(id, proxy),
        }
    }

    /// This machine is exempt without any list.
    fn find_exemption(&self, host: &str, port: u16) -> Option<String> {
        let none = SkipRange::parse("");
        let skip = self.skip.as_ref();
        Some(match Client::Go.bypass_reason(skip.map_or(&none, |given| &given.value), host, port)? {
            Bypass::ThisMachine => "the agents never reach their own machine through a proxy".to_owned(),
            Bypass::Entry(entry) => format!("{EXEMPT_BY}\"{}\" in {}", entry.text, skip?.origin),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_proxy(url: &str, origin: Origin) -> Sourced<ProxyUrl> {
        Sourced::new(ProxyUrl::parse(url).unwrap().0, origin)
    }

    fn routes() -> Routes {
        let skip =
            Sourced::new(SkipRange::parse(".corp.example,10.0.0.0/8"), Origin::Variable("NO_PROXY".into()));
        let https = parse_proxy("http://u:secret@proxy:3128", Origin::flag("--proxy-https"));
        Routes::new(
            Some(https),
            Some(parse_proxy("http://other:8080", Origin::Variable("HTTP_PROXY".into()))),
            Some(skip),
        )
    }

    fn describe_route(routes: &Routes, host: &str, protocol: Protocol) -> (Option<String>, String) {
        let route = routes.route_to(host, 443, protocol);
        assert_eq!(route.kind == RouteKind::Proxy, route.proxy.is_some());
        (route.proxy, route.reason)
    }

    #[test]
    fn each_route_has_its_reason() {
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
            let (found, why) = describe_route(&routes(), host, protocol);
            assert_eq!((found.as_deref(), why.as_str()), (proxy, reason), "{host} {protocol}");
        }
    }

    #[test]
    fn the_same_proxies_can_come_from_elsewhere() {
        let routes = routes().with_origins(
            ["the agents", "the agents, too", "their list"].map(|place| Origin::Cluster(place.into())),
        );
        let describe = |host, protocol| describe_route(&routes, host, protocol);
        assert_eq!(
            describe("a.example", Protocol::Https),
            (Some("http://proxy:3128".into()), "the agents".into())
        );
        assert_eq!(
            describe("a.example", Protocol::Http),
            (Some("http://other:8080".into()), "the agents, too".into())
        );
        assert_eq!(
            describe("10.1.2.3", Protocol::Https),
            (None, "exempt by \"10.0.0.0/8\" in their list".into())
        );
    }

    #[test]
    fn a_proxy_for_one_scheme_is_not_for_the_other() {
        let only =
            Routes::new(None, Some(parse_proxy("http://proxy:3128", Origin::flag("--proxy-http"))), None);
        let reason = "no proxy is given for https targets, only --proxy-http";
        assert_eq!(describe_route(&only, "a.example", Protocol::Https), (None, reason.into()));
        assert_eq!(describe_route(&only, "a.example", Protocol::Http).1, "--proxy-http");
        assert_eq!(only.default_connectivity(), Connectivity::Proxy);
    }

    #[test]
    fn without_a_proxy_every_route_is_direct() {
        let skip = Sourced::new(SkipRange::parse("a.example"), Origin::flag("--proxy-skip-range"));
        let none = Routes::new(None, None, Some(skip));
        for protocol in [Protocol::Https, Protocol::Ssh] {
            assert_eq!(
                describe_route(&none, "a.example", protocol),
                (None, "no proxy is given or found".into())
            );
        }
        assert_eq!(none.default_connectivity(), Connectivity::Direct);
        assert!(none.skip_range().is_none() && routes().skip_range().is_some());
    }
}
