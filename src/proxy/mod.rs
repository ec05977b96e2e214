//! The outbound proxy: its URL, what goes around it, and where both were given. Pure.
//!
//! What the agents would do decides the routes, and the agents are Go programs. Other programs that take part in connecting
//! a cluster read the same skip range in other ways; [`Client`] has the rules of each, [`find_differences`] tells where they
//! part.

mod bypass_difference;
mod client;
mod resolve;
mod route;
mod skip_range;
mod url;
mod url_error;
mod user_info;

pub use crate::model::secret::Secret;
pub use crate::proxy::bypass_difference::{BypassDifference, find_differences};
pub use crate::proxy::resolve::{ProxyError, ProxyFlags, ResolvedProxies, resolve_proxies};
pub use crate::proxy::skip_range::{
    DomainScope, SkipRange, SkipRangeEntry, SkipRangeEntryKind, SkipRangeProblem, SkipRangeProblemKind,
};
pub use crate::proxy::url_error::{UrlAdvice, UrlError};
pub use client::{Bypass, Client};
pub use route::Routes;
pub use url::{ProxyScheme, ProxyUrl};
pub use user_info::encode_basic_credentials;

/// A value and where it was given, such as `--proxy-https` or `NO_PROXY, environment`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sourced<T> {
    /// What was given.
    pub value: T,
    /// The flag or the variable.
    pub origin: String,
}

impl<T> Sourced<T> {
    /// A value from a flag or a variable.
    pub fn new(value: T, origin: impl Into<String>) -> Self {
        Self { value, origin: origin.into() }
    }
}
