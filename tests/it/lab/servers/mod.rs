//! A network in a box: servers on 127.0.0.1 that speak the real protocols and misbehave on purpose, by name.
//!
//! ```text
//! let hosts = vec![Host::good("good.lab.example"), Host::new("old.lab.example", Tls::Expired)];
//! let lab = Lab::start(hosts, LabOptions::default())?;
//! // ask lab.resolver(), trust lab.public_root(), connect as lab.diversions() says
//! ```
//!
//! The integration tests and the benchmarks share it. Of the crate it knows the servers of the demo, of which it is made; it writes
//! no file and reaches nothing but the loopback interface.

mod azure;
mod ca;
mod dns;
mod greeting;
mod http;
mod options;
mod proxy;
mod response;
mod routes;
mod tcp;
mod tls;
mod websocket;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::CertificateDer;
use socket2::Socket;
use tokio::runtime::Runtime;

pub(crate) use arcprobe::loopback::LoopbackError;
pub(crate) use arcprobe::loopback::request::Request;
pub(crate) use azure::{azure, registry};
pub(crate) use dns::Dns;
pub(crate) use greeting::Greeting;
pub(crate) use http::{Http, gzip_bomb};
pub(crate) use options::{App, Host, LabOptions, Resolver, Serves};
pub(crate) use proxy::{CREDENTIALS, Proxy};
pub(crate) use routes::Diversion;
pub(crate) use tcp::Tcp;
pub(crate) use tls::Tls;
pub(crate) use websocket::WebSocket;

/// What a terminal would obey or a reader would not see: clears the screen, sets the title, rings, links, turns the
/// direction of writing.
pub(crate) const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{1b}]8;;http://evil.example\u{1b}\\\u{202e}gnp\u{200b}\u{feff}";

/// What an HTML page, an XML document, a table of Markdown or a template would take for its own.
pub(crate) const MARKUP: &str =
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)>]]>--><!--|[x](javascript:alert(1))`{{7*7}}";

/// Benchmarks would fill the memory otherwise.
const LOG_LIMIT: usize = 10_000;

/// Of a host.
const MOST_BODIES: usize = 20;

/// What all servers of one lab share.
struct LabState {
    hosts: BTreeMap<String, Host>,
    options: LabOptions,
    ca: ca::Ca,
    log: Mutex<Vec<String>>,
    received: Mutex<BTreeMap<String, Received>>,
}

/// The requests of a host: how many there were, and those that had a body.
#[derive(Default)]
struct Received {
    number: usize,
    with_body: Vec<Request>,
}

impl LabState {
    /// The host of this name; a host named `*.domain` stands for every name one label below the domain.
    fn host(&self, name: &str) -> Option<&Host> {
        let wildcard = || self.hosts.get(&format!("*.{}", name.split_once('.')?.1));
        self.hosts.get(name).or_else(wildcard)
    }

    fn serves(&self, name: &str) -> Option<&Serves> {
        self.host(name).map(|h| &h.serves).or(self.options.default.as_ref())
    }

    fn dns(&self, name: &str) -> Dns {
        match self.host(name) {
            Some(host) => host.dns.clone(),
            // as CoreDNS does; search domains make programs in pods ask for these first
            None if name.ends_with(".cluster.local") => Dns::Nxdomain,
            None if self.options.default.is_some() => Dns::Loopback,
            None => Dns::Nxdomain,
        }
    }

    fn note(&self, entry: String) {
        let mut log = locked(&self.log);
        if log.len() < LOG_LIMIT {
            log.push(entry);
        }
    }

    /// Keeps a request that has a body; how many the host had before.
    fn receive(&self, name: &str, request: &Request) -> usize {
        let mut received = locked(&self.received);
        let received = received.entry(name.to_owned()).or_default();
        received.number += 1;
        if !request.body.is_empty() && received.with_body.len() < MOST_BODIES {
            received.with_body.push(request.clone());
        }
        received.number - 1
    }

    /// How many small hellos came to a host so far.
    fn small_hellos(&self, name: &str) -> usize {
        let start = format!("tls {name} hello=");
        let size = |entry: &String| entry.strip_prefix(&start)?.parse().ok();
        locked(&self.log).iter().filter_map(size).filter(|&size: &usize| size <= tls::LARGE_HELLO).count()
    }

    /// The artificial round-trip time.
    async fn delay(&self) {
        if !self.options.delay.is_zero() {
            tokio::time::sleep(self.options.delay).await;
        }
    }

    /// What the servers take for the time.
    fn now(&self) -> jiff::Timestamp {
        self.options.now()
    }
}

/// The running servers. Dropping it stops them all.
pub(crate) struct Lab {
    world: Arc<LabState>,
    runtime: Option<Runtime>,
    resolver: SocketAddr,
    front: u16,
    routes: Arc<routes::Routes>,
    /// Sockets that nobody serves, kept so that their ports stay taken.
    _reserved_sockets: Vec<Socket>,
}

impl Lab {
    /// Starts the servers.
    ///
    /// # Errors
    /// When a socket or a certificate cannot be made.
    pub(crate) fn start(hosts: Vec<Host>, options: LabOptions) -> Result<Self, LoopbackError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let guard = runtime.enter();
        let ca = ca::Ca::new(options.now())?;
        let hosts = hosts.into_iter().map(|h| (h.name.to_ascii_lowercase(), h)).collect();
        let world =
            Arc::new(LabState { hosts, options, ca, log: Mutex::default(), received: Mutex::default() });

        let mut reserved_sockets = Vec::new();
        let resolver = dns::start(&world, &mut reserved_sockets)?;
        let front = tls::start(&world)?;
        let routes = Arc::new(start_others(&world, front, &mut reserved_sockets)?);
        drop(guard);
        Ok(Self {
            world,
            runtime: Some(runtime),
            resolver,
            front,
            routes,
            _reserved_sockets: reserved_sockets,
        })
    }

    /// Starts a proxy; there may be several.
    ///
    /// # Errors
    /// When there is no port for it.
    pub(crate) fn proxy(&self, behaviour: Proxy) -> Result<SocketAddr, LoopbackError> {
        let _guard = self.runtime.as_ref().map(Runtime::enter);
        Ok(proxy::start(&self.world, &self.routes, behaviour)?)
    }

    /// The lab's DNS server: UDP and TCP on the same port.
    pub(crate) fn resolver(&self) -> SocketAddr {
        self.resolver
    }

    /// The root that stands for the public ones.
    pub(crate) fn public_root(&self) -> &CertificateDer<'static> {
        self.world.ca.root()
    }

    /// The CA of the inspecting proxy ([`Tls::Intercepted`]).
    pub(crate) fn corporate_root(&self) -> &CertificateDer<'static> {
        self.world.ca.corporate()
    }

    /// The port on 127.0.0.1 at which this host is really served; `None` for a host that the lab does not have.
    pub(crate) fn port(&self, host: &str) -> Option<u16> {
        self.world.serves(host)?;
        Some(self.routes.own.get(host).map_or(self.front, |&(_, port)| port))
    }

    /// Where to connect instead: hosts with own ports first, all others last. The first that applies counts.
    pub(crate) fn diversions(&self) -> Vec<Diversion> {
        self.routes.diversions()
    }

    /// What the servers have seen so far: `dns udp A NAME`, `tls NAME hello=BYTES`, `http NAME GET /path` and the like.
    pub(crate) fn log(&self) -> Vec<String> {
        locked(&self.world.log).clone()
    }

    /// The requests with a body that a host had.
    pub(crate) fn received(&self, host: &str) -> Vec<Request> {
        let received = locked(&self.world.received);
        received.get(host).map(|received| received.with_body.clone()).unwrap_or_default()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Without waiting: a lab may be dropped inside another runtime, which must not block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Starts the listeners of all that cannot be told apart by the server name.
fn start_others(world: &Arc<LabState>, front: u16, held: &mut Vec<Socket>) -> io::Result<routes::Routes> {
    let mut own = BTreeMap::new();
    for (name, host) in &world.hosts {
        if let Some(port) = own_port(world, host, held)? {
            own.insert(name.clone(), (host.serves.client_ports(), port));
        }
    }
    let mut others = vec![(443, front), (8084, front)];
    if world.options.default.is_some() {
        others.push((80, http::start(world, "*", Http::Status(200))?));
        others.push((22, greeting::start(world, "*", Greeting::SshGood)?));
        others.push((9418, greeting::start(world, "*", Greeting::GitGood)?));
    }
    Ok(routes::Routes { own, others })
}

/// `None` for hosts behind the front.
fn own_port(world: &Arc<LabState>, host: &Host, held: &mut Vec<Socket>) -> io::Result<Option<u16>> {
    Ok(match &host.serves {
        Serves::Tcp(behaviour) => Some(tcp::start(*behaviour, held)?),
        Serves::PlainHttp(behaviour) => Some(http::start(world, &host.name, behaviour.clone())?),
        Serves::Greeting(behaviour) => Some(greeting::start(world, &host.name, *behaviour)?),
        Serves::Good | Serves::Tls(_) | Serves::Http(_) | Serves::WebSocket(_) | Serves::TlsAndApp(..) => {
            None
        }
    })
}

/// What one connection broke must not break the others.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
