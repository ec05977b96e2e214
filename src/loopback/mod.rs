//! A network in a box for `arcprobe demo`: servers on 127.0.0.1 that speak the real protocols, with a few typical faults.
//!
//! It knows nothing of the rest of the crate, writes no file and reaches nothing but the loopback interface. The lab of the
//! tests (`tests/it/lab`) has every other fault, and shares what is public here.

pub mod answers;
pub mod authorities;
pub mod greeting;
pub mod request;
pub mod response;
pub mod tcp;
pub mod tls;
pub mod websocket;

mod dns;
mod error;
mod http;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::RootCertStore;
use socket2::Socket;
use tokio::runtime::Runtime;

pub use error::LoopbackError;

/// What is wrong with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The resolver does not know it.
    NoSuchName,
    /// TLS is inspected: the chain is one of a corporate authority.
    Inspected,
    /// RST after the ClientHello, as filters of server names send it.
    ResetAfterHello,
}

/// The names with a fault; every other one is a healthy endpoint.
pub type Faults = BTreeMap<&'static str, Fault>;

/// The running servers. Dropping it stops them all.
pub struct Network {
    runtime: Option<Runtime>,
    authorities: Arc<tls::ServerConfigs>,
    resolver: SocketAddr,
    ports: Vec<(u16, u16)>,
    dropping_port: u16,
    /// Sockets that nobody serves, kept so that their ports stay taken.
    _reserved_sockets: Vec<Socket>,
}

impl Network {
    /// Starts the servers.
    ///
    /// # Errors
    /// When a socket or a certificate cannot be made.
    pub fn start(faults: Faults) -> Result<Self, LoopbackError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let guard = runtime.enter();
        let faults = Arc::new(faults);
        let authorities = Arc::new(tls::ServerConfigs::new()?);
        let resolver = dns::start(Arc::clone(&faults))?;
        let front = tls::start(faults, Arc::clone(&authorities))?;
        let ports = vec![
            (443, front),
            (8084, front),
            (80, http::start()?),
            (22, greeting::start(greeting::greet_as_ssh)?),
            (9418, greeting::start(greeting::list_branches)?),
        ];
        let mut reserved_sockets = Vec::new();
        let dropping_port = tcp::start_blackhole(&mut reserved_sockets)?;
        drop(guard);
        Ok(Self {
            runtime: Some(runtime),
            authorities,
            resolver,
            ports,
            dropping_port,
            _reserved_sockets: reserved_sockets,
        })
    }

    /// The DNS server.
    pub fn resolver(&self) -> SocketAddr {
        self.resolver
    }

    /// The ports that clients ask for, and those on 127.0.0.1 at which they are really served.
    pub fn ports(&self) -> &[(u16, u16)] {
        &self.ports
    }

    /// A port at which packets vanish.
    pub fn dropping_port(&self) -> u16 {
        self.dropping_port
    }

    /// The store with the root that stands for the public ones.
    ///
    /// # Errors
    /// When TLS cannot read the root.
    pub fn public_store(&self) -> Result<RootCertStore, LoopbackError> {
        let mut store = RootCertStore::empty();
        store.add(self.authorities.public_root().clone())?;
        Ok(store)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Without waiting: a network may be dropped inside another runtime, which must not block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the servers take for the time.
#[expect(
    clippy::disallowed_methods,
    reason = "the servers have nothing of the program, and so a clock of their own"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
