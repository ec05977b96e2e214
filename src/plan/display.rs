//! Plans as text, one line for each check; for tests and `--verbose`.

use std::fmt;

use crate::model::plan::{Action, Plan, PlanItem, RouteKind};
use crate::model::rules::Protocol;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.iter().try_for_each(|item| writeln!(f, "{item}"))
    }
}

impl fmt::Display for PlanItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = &self.check;
        let need = if check.required { "required" } else { "optional" };
        write!(f, "{} {}:{} {need}", check.id, check.protocol, check.port)?;
        match &self.action {
            Action::Unverified(unverified) => write!(f, ", unverified: {}", unverified.text)?,
            Action::Probe(probe) if speaks_http(check.protocol) => {
                write!(f, ", {} {}", probe.method.as_str(), probe.path)?;
            }
            Action::Probe(_) => {}
        }
        if let Some(pattern) = check.pattern.as_ref().filter(|_| check.host.is_some()) {
            write!(f, ", below {pattern}")?;
        }
        if check.route.kind == RouteKind::Proxy {
            write!(f, ", through {}", check.route.proxy.as_deref().unwrap_or("a proxy"))?;
        }
        write!(f, " ({})", check.reason)
    }
}

fn speaks_http(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Https | Protocol::Wss | Protocol::Http)
}
