//! The outbound proxy: its URL, what goes around it, and where both were given. Pure.
//!
//! What the agents would do decides the routes, and the agents are Go programs. Other programs that take part in connecting
//! a cluster read the same skip range in other ways; [`Client`] has the rules of each, [`differences`] tells where they
//! part.

mod client;
mod difference;
mod environment;
mod inspect;
mod network;
mod no_proxy;
mod route;
mod url;
mod url_problem;
mod user_info;

pub use crate::model::secret::Secret;
pub use client::{Bypass, Client};
pub use difference::{Difference, differences};
pub use environment::{ProxyError, ProxyFlags, Settled, settle};
pub use inspect::{Problem, ProblemKind};
pub use network::Network;
pub use no_proxy::{Covers, Entry, EntryKind, SkipRange};
pub use route::Routes;
pub use url::{BasicCredentials, ProxyScheme, ProxyUrl};
pub use url_problem::{UrlAdvice, UrlError};

/// A value and where it was given, such as `--proxy-https` or `NO_PROXY, environment`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given<T> {
    /// What was given.
    pub value: T,
    /// The flag or the variable.
    pub origin: String,
}

impl<T> Given<T> {
    /// A value from a flag or a variable.
    pub fn new(value: T, origin: impl Into<String>) -> Self {
        Self { value, origin: origin.into() }
    }
}
