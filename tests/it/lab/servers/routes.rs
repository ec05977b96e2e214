//! Which host is really served at which port.

use std::collections::BTreeMap;
use std::fmt;

/// Where connections to a port have to go instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diversion {
    /// The host that is asked for; `None`: any.
    pub(crate) host: Option<String>,
    /// The port that is asked for.
    pub(crate) port: u16,
    /// The port on 127.0.0.1 at which it is really served.
    pub(crate) to_port: u16,
}

impl fmt::Display for Diversion {
    /// As `HOST:PORT::PORT`, the form of curl's `--connect-to`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}::{}", self.host.as_deref().unwrap_or_default(), self.port, self.to_port)
    }
}

/// Where connections go, by the host and port that were asked for.
#[derive(Default)]
pub(super) struct Routes {
    /// Listeners of hosts that cannot share one: the ports that clients ask for, and the real one.
    pub(super) own: BTreeMap<String, (&'static [u16], u16)>,
    /// For all others: the port that clients ask for, and the real one.
    pub(super) others: Vec<(u16, u16)>,
}

impl Routes {
    /// The real port; who was told it by [`Routes::diversions`] asks for that one.
    pub(super) fn find(&self, host: &str, asked: u16) -> Option<u16> {
        let is_own = |(ports, real): &&(&[u16], u16)| ports.contains(&asked) || *real == asked;
        let own = self.own.get(host).filter(is_own).map(|&(_, port)| port);
        let is_other = |&&(port, real): &&(u16, u16)| port == asked || real == asked;
        own.or_else(|| self.others.iter().find(is_other).map(|&(_, port)| port))
    }

    /// The most specific first.
    pub(super) fn diversions(&self) -> Vec<Diversion> {
        let own = self.own.iter().flat_map(|(host, &(ports, to_port))| {
            ports.iter().map(move |&port| Diversion { host: Some(host.clone()), port, to_port })
        });
        let others = self.others.iter().map(|&(port, to_port)| Diversion { host: None, port, to_port });
        own.chain(others).collect()
    }
}
