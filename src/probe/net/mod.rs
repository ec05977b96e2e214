//! What probing borrows from outside: clock, resolver, trust roots, diversions. Built once, passed by reference.

mod certificate_forms;
pub(crate) mod certificates;
mod local_routes;
pub(crate) mod roots;
mod source_address;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use http::HeaderValue;
use rustls::pki_types::UnixTime;

use crate::model::evidence::{CertificateFileFlaw, CertificateSummary};
use crate::model::plan::{ProxyId, Route};
use crate::model::products::ProductCatalogue;
use crate::model::secret::Secret;
use crate::probe::appliance;
use crate::probe::proxy_turns::ProxyTurns;
use crate::probe::resolve::Resolver;
use crate::probe::settings::{ConnectTo, ProbeSettings};
use crate::probe::trust::ChainVerifier;
use crate::proxy::{ProxyScheme, ProxyUrl, Routes};

pub use crate::probe::net::local_routes::read_local_routes;
pub use crate::probe::net::source_address::find_source_address;
use certificates::CertificateFile;
pub use roots::{Roots, TrustAnchors};

/// The wall clock. Certificates are judged against it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> jiff::Timestamp;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

/// All that probing borrows from outside.
#[derive(Debug)]
pub struct Net {
    /// The wall clock.
    pub clock: Box<dyn Clock>,
    /// Names to addresses.
    pub resolver: Resolver,
    /// Who is trusted.
    pub trust: ChainVerifier,
    /// The same in a form that can travel.
    pub roots: Roots,
    /// What `--proxy-cert` holds, as far as it was read here.
    pub proxy_certificates: Vec<CertificateSummary>,
    /// What is wrong with the form of that file.
    pub proxy_cert_flaws: Vec<CertificateFileFlaw>,
    /// Who may answer in the place of a service; read when the first answer asks for it.
    pub(crate) products: OnceLock<ProductCatalogue>,
    /// Diversions, first match wins.
    pub connect_to: Vec<ConnectTo>,
    /// The proxies that routes name.
    pub proxies: Vec<ProxyServer>,
    /// Who may ask them when.
    pub(crate) proxy_turns: ProxyTurns,
    /// Whether an endpoint that fails through a proxy is tried directly, too.
    pub cross_checks: bool,
    /// Whether an ordinary client tries what fails, too; never in a cluster.
    pub second_opinions: bool,
    /// For each phase.
    pub timeout: Duration,
    /// Extra attempts after a time-out.
    pub retries: u32,
}

/// A proxy, as the prober uses it.
#[derive(Clone, Debug)]
pub struct ProxyServer {
    /// Routes name it so.
    pub id: ProxyId,
    /// `scheme://host:port` without credentials.
    pub label: String,
    /// A name, which is looked up with the machine's search list, or an address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// Whether the proxy itself is spoken to over TLS.
    pub is_tls: bool,
    /// What `Proxy-Authorization` says; marked as sensitive.
    pub authorization: Option<HeaderValue>,
}

impl ProxyServer {
    fn from_url(id: ProxyId, url: &ProxyUrl) -> Self {
        Self {
            id,
            label: url.to_string(),
            host: url.host().to_owned(),
            port: url.port(),
            is_tls: url.scheme() == ProxyScheme::Https,
            authorization: url.authorization().and_then(to_sensitive_header),
        }
    }
}

/// A header with credentials, marked so that no library prints it. Base64 always fits into one.
pub(crate) fn to_sensitive_header(value: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value.reveal()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Why the outside cannot be borrowed.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A file of certificates cannot be read.
    #[error("{flag} {}: {source}", path.display())]
    Unreadable {
        /// The flag that named it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no usable certificate.
    #[error(
        "{flag} {}: {problem}; PEM with one or more \"-----BEGIN CERTIFICATE-----\" blocks, or one certificate in DER, is needed",
        path.display()
    )]
    NotCertificates {
        /// The flag that named it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Net {
    /// The outside as the settings want it.
    ///
    /// # Errors
    /// When a file of certificates cannot be read or holds none.
    pub fn new(settings: &ProbeSettings, routes: &Routes) -> Result<Self, NetError> {
        let read = |flag, path: &Option<PathBuf>| {
            path.as_deref().map(|p| certificates::read_certificates(flag, p)).transpose()
        };
        let public = read("--public-roots", &settings.public_roots)?;
        let given = read("--proxy-cert", &settings.proxy_cert)?;
        let anchors = |certificates: &CertificateFile| TrustAnchors::from_store(&certificates.store);
        let roots = Roots {
            public: public.as_ref().map(anchors),
            given: given.as_ref().map(anchors),
            system: true,
            known: None,
        };
        let (proxy_certificates, proxy_cert_flaws) =
            given.map(|file| (file.summaries, file.flaws)).unwrap_or_default();
        let second_opinions = settings.cross_checks;
        Ok(Self {
            proxy_certificates,
            proxy_cert_flaws,
            second_opinions,
            ..Self::with_roots(settings, routes, roots)
        })
    }

    /// The outside as the settings want it, with authorities that were read already.
    pub fn with_roots(settings: &ProbeSettings, routes: &Routes, roots: Roots) -> Self {
        let resolver = match settings.resolvers.as_slice() {
            [] => Resolver::from_system(settings.timeout),
            servers => Resolver::with_servers(servers, "--resolver", settings.timeout),
        };
        Self {
            clock: Box::new(SystemClock),
            resolver,
            trust: ChainVerifier::new(&roots),
            roots,
            proxy_certificates: Vec::new(),
            proxy_cert_flaws: Vec::new(),
            products: OnceLock::new(),
            connect_to: settings.connect_to.clone(),
            proxies: [ProxyId::Https, ProxyId::Http]
                .into_iter()
                .filter_map(|id| Some(ProxyServer::from_url(id, &routes.proxy(id)?.value)))
                .collect(),
            proxy_turns: ProxyTurns::default(),
            cross_checks: settings.cross_checks,
            second_opinions: false,
            timeout: settings.timeout,
            retries: settings.retries,
        }
    }
}

impl Net {
    /// The proxy of a route.
    pub(crate) fn find_proxy(&self, route: &Route) -> Option<&ProxyServer> {
        let id = route.proxy_id?;
        self.proxies.iter().find(|proxy| proxy.id == id)
    }

    /// Who may answer in the place of a service.
    pub(crate) fn products(&self) -> &ProductCatalogue {
        self.products.get_or_init(appliance::load_products)
    }

    /// Now, in the form that certificates are judged by.
    pub(crate) fn unix_time(&self) -> UnixTime {
        let seconds = u64::try_from(self.clock.now().as_second()).unwrap_or(0);
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rules::Protocol;
    use crate::proxy::{Origin, Sourced};

    #[test]
    fn each_scheme_uses_the_credentials_of_its_own_proxy() {
        let proxy =
            |url: &str| Some(Sourced::new(ProxyUrl::parse(url).unwrap().0, Origin::flag("--proxy-https")));
        let routes = Routes::new(proxy("http://alice:one@h:3128"), proxy("http://bob:two@h:3128"), None);
        let net = Net::with_roots(&ProbeSettings::default(), &routes, Roots::default());
        for (protocol, port, header) in
            [(Protocol::Https, 443, "Basic YWxpY2U6b25l"), (Protocol::Http, 80, "Basic Ym9iOnR3bw==")]
        {
            let route = routes.route_to("example.com", port, protocol);
            let server = net.find_proxy(&route).unwrap();
            assert_eq!(server.authorization.as_ref().unwrap(), header);
        }
        assert!(net.find_proxy(&Route::direct("no proxy")).is_none());
    }
}
