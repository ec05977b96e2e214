//! A plan becomes evidence: DNS, TCP, proxy, TLS, HTTP and WebSocket, each phase by itself, many checks at once.
//!
//! - **Takes** a [`Plan`](crate::model::plan::Plan) and [`Net`](net::Net): resolver, trust, proxies, diversions, time-outs, clock.
//! - **Gives** [`Evidence`](crate::model::evidence::Evidence). Every phase runs over a connection of our own, so that a failure keeps its phase, its
//!   time and its code; one attempt for each address, no hidden retry, no redirect followed. What the network refuses is
//!   data and never an error.
//! - **May touch** the network and the clock. Error types of other crates stop here.

pub mod agent;
mod appliance;
mod certificate;
mod classify;
#[cfg(feature = "cli")]
pub mod client;
mod connect;
pub mod descriptors;
mod dial;
pub mod discovery;
mod engine;
mod fetch;
#[cfg(all(feature = "cli", any(test, feature = "fuzzing")))]
pub(crate) mod fuzzing;
mod greeting;
mod http;
mod io;
mod looks;
pub mod measure;
pub mod net;
mod one;
#[cfg_attr(not(feature = "cli"), path = "no_opinion.rs")]
mod opinion;
mod proxy;
pub mod resolve;
pub mod settings;
mod tls;
mod trail;
pub mod trust;
#[cfg(feature = "cli")]
mod verifier;
mod walk;
mod websocket;

pub use certificate::summary as certificate_summary;
pub use dial::dial;
pub use engine::{Bounds, Event, News, run, run_and_ask};
pub use fetch::fetch;
pub use http::Reply;
pub use io::Stream;
