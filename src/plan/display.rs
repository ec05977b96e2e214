//! Plans as text, one line for each check; for tests and `--verbose`.

use std::fmt;

use crate::model::plan::{Action, Plan, PlannedCheck, RouteKind};
use crate::model::rules::Protocol;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))
    }
}

impl fmt::Display for PlannedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let need = if self.required { "required" } else { "optional" };
        write!(f, "{} {}:{} {need}", self.id, self.protocol, self.port)?;
        match &self.action {
            Action::Unverified(unverified) => write!(f, ", unverified: {}", unverified.text)?,
            Action::Probe(probe) if speaks_http(self.protocol) => {
                write!(f, ", {} {}", probe.method.as_str(), probe.path)?;
            }
            Action::Probe(_) => {}
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|_| self.host.is_some()) {
            write!(f, ", below {pattern}")?;
        }
        if self.route.kind == RouteKind::Proxy {
            write!(f, ", by way of {}", self.route.proxy.as_deref().unwrap_or("a proxy"))?;
        }
        write!(f, " ({})", self.reason)
    }
}

fn speaks_http(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Https | Protocol::Wss | Protocol::Http)
}
