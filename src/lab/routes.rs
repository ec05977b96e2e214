//! Which host is really served at which port.

use std::collections::BTreeMap;

/// Where connections go, by the host and port that were asked for.
#[derive(Default)]
pub(super) struct Routes {
    /// Listeners of hosts that cannot share one: the ports that clients ask for, and the real one.
    pub(super) own: BTreeMap<String, (&'static [u16], u16)>,
    /// For all others: the port that clients ask for, and the real one.
    pub(super) others: Vec<(u16, u16)>,
}

impl Routes {
    /// The real port; who was told it by [`Routes::connect_to`] asks for that one.
    pub(super) fn find(&self, host: &str, asked: u16) -> Option<u16> {
        let is_own = |(ports, real): &&(&[u16], u16)| ports.contains(&asked) || *real == asked;
        let own = self.own.get(host).filter(is_own).map(|&(_, port)| port);
        let is_other = |&&(port, real): &&(u16, u16)| port == asked || real == asked;
        own.or_else(|| self.others.iter().find(is_other).map(|&(_, port)| port))
    }

    /// As `HOST:PORT::PORT`, the most specific first.
    pub(super) fn connect_to(&self) -> Vec<String> {
        let own = self.own.iter().flat_map(|(host, (ports, real))| {
            ports.iter().map(move |asked| format!("{host}:{asked}::{real}"))
        });
        own.chain(self.others.iter().map(|(asked, real)| format!(":{asked}::{real}"))).collect()
    }
}
