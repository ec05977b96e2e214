//! Who has to change what for a host that failed: each owner gets a list of their own.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Requirement, Requirements};
use crate::model::evidence::Cause;

/// What lets a host through.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fix {
    /// A firewall or a proxy opens it.
    Open,
    /// The owner of the TLS inspection exempts it.
    Exempt,
    /// The owner of the DNS servers resolves it.
    Resolve,
    /// The proxy requires authentication.
    Logon,
    /// The proxy itself, a clock or a server is to be fixed, and no list helps.
    Other,
}

impl Fix {
    /// In the order in which they are listed.
    pub(super) const ALL: [Self; 5] = [Self::Open, Self::Exempt, Self::Resolve, Self::Logon, Self::Other];

    /// The heading above its hosts.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Open => "to open in the firewall or the proxy",
            Self::Exempt => "to exempt from TLS inspection",
            Self::Resolve => "to resolve in DNS",
            Self::Logon => "to authenticate at the proxy for",
            Self::Other => "to fix elsewhere, see arcprobe explain",
        }
    }

    /// What a failure asks for.
    pub(super) fn for_cause(cause: Option<Cause>) -> Self {
        match cause {
            Some(
                Cause::DnsNxdomain
                | Cause::DnsNoData
                | Cause::DnsServfail
                | Cause::DnsRefused
                | Cause::DnsTimeout
                | Cause::DnsUnreachable
                | Cause::DnsSinkhole
                | Cause::DnsPrivateAnswer
                | Cause::DnsPublicAnswer,
            ) => Self::Resolve,
            Some(
                Cause::TlsIntercepted
                | Cause::TlsUnknownIssuer
                | Cause::TlsSelfSigned
                | Cause::WsUpgradeStripped
                | Cause::WsProtocol,
            ) => Self::Exempt,
            Some(Cause::ProxyAuthRequired) => Self::Logon,
            Some(
                Cause::ProxyDns
                | Cause::ProxyRefused
                | Cause::ProxyTimeout
                | Cause::ProxyUnreachable
                | Cause::ProxyTls
                | Cause::ProxyProtocol
                | Cause::TlsExpired
                | Cause::TlsNotYetValid
                | Cause::TlsIncompleteChain
                | Cause::TlsPathMtu
                | Cause::TlsNameMismatch
                | Cause::TlsNotTls
                | Cause::TlsVersion
                | Cause::HttpRedirected
                | Cause::ClockSkew,
            ) => Self::Other,
            Some(_) | None => Self::Open,
        }
    }
}

impl Requirement {
    /// What is to be done for it other than opening it, in words.
    pub(super) fn describe_other_fixes(&self) -> impl Iterator<Item = &str> {
        self.fixes.iter().filter(|fix| **fix != Fix::Open).map(|fix| fix.title())
    }

    /// Whether it is for the device that a configuration is written for. All that the rules ask for is.
    fn is_to_open(&self) -> bool {
        self.fixes.is_empty() || self.fixes.contains(&Fix::Open)
    }
}

impl Requirements {
    /// What a firewall or proxy has to let through, and a note on each of the other lists.
    #[must_use]
    pub fn keep_only_openable(mut self) -> Self {
        let (kept, others): (Vec<_>, Vec<_>) = self.items.into_iter().partition(Requirement::is_to_open);
        self.items = kept;
        for fix in &Fix::ALL[1..] {
            let mut hosts: Vec<_> = others
                .iter()
                .filter(|item| item.fixes.contains(fix))
                .map(|item| item.host.to_string())
                .collect();
            hosts.dedup();
            self.notes.extend((!hosts.is_empty()).then(|| format!("{}: {}", fix.title(), hosts.join(", "))));
        }
        self
    }
}
