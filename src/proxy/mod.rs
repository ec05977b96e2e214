//! The outbound proxy: its URL, what goes around it, and where both were given. Pure.
//!
//! What the agents would do decides the routes, and the agents are Go programs. Other programs that take part in connecting
//! a cluster read the same skip range in other ways; [`Client`] has the rules of each, [`find_differences`] tells where they
//! part.

mod bypass_difference;
mod client;
mod pac;
mod resolve;
mod route;
mod skip_range;
pub mod system_settings;
mod url;
mod url_error;
mod user_info;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::model::secret::Secret;
pub use crate::proxy::bypass_difference::{BypassDifference, find_differences};
pub use crate::proxy::resolve::{ProxyError, ProxyFlags, ResolvedProxies, resolve_proxies};
pub use crate::proxy::skip_range::{
    DomainScope, SkipRange, SkipRangeEntry, SkipRangeEntryKind, SkipRangeProblem, SkipRangeProblemKind,
};
pub use crate::proxy::url_error::{UrlAdvice, UrlError};
pub use client::{Bypass, Client};
pub use pac::{PAC_TYPE, PacProxy, list_pac_proxies};
pub use route::Routes;
pub use url::{ProxyScheme, ProxyUrl};
pub use user_info::encode_basic_credentials;

/// A value and where it was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sourced<T> {
    /// What was given.
    pub value: T,
    /// Where.
    pub origin: Origin,
}

/// Where a value was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Origin {
    /// A flag, such as `--proxy-https`: what the cluster is going to get.
    Flag(String),
    /// A variable of the environment, such as `NO_PROXY`: it stays on this machine.
    Variable(String),
    /// What the agents have, such as `NO_PROXY, Secret azure-arc/proxy-config`.
    Cluster(String),
}

impl Origin {
    /// A flag.
    pub fn flag(name: &str) -> Self {
        Self::Flag(name.to_owned())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(place) | Self::Cluster(place) => f.write_str(place),
            Self::Variable(name) => write!(f, "{name}, environment"),
        }
    }
}

impl<T> Sourced<T> {
    /// A value and where it was given.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A reference to the value.
    pub fn as_ref(&self) -> Sourced<&T> {
        Sourced::new(&self.value, self.origin.clone())
    }

    /// Another value of the same origin.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced::new(read(self.value), self.origin)
    }
}
