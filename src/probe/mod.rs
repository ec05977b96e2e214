//! A plan becomes evidence: DNS, TCP, proxy, TLS, HTTP and WebSocket, each phase by itself, many checks at once.
//!
//! - **Takes** a [`Plan`](crate::model::plan::Plan) and [`Net`](net::Net): resolver, trust, proxies, diversions, time-outs, clock.
//! - **Gives** [`Evidence`](crate::model::evidence::Evidence). Every phase runs over a connection of our own, so that a failure keeps its phase, its
//!   time and its code; one attempt for each address, no hidden retry, no redirect followed. What the network refuses is
//!   data and never an error.
//! - **May touch** the network and the clock. Error types of other crates stop here.

pub mod agent;
mod answer;
mod appliance;
mod busy;
mod certificate;
mod classify;
#[cfg(feature = "cli")]
pub mod client;
mod connect;
pub mod descriptors;
mod dial;
pub mod discovery;
mod endpoint;
mod engine;
pub(crate) mod exchange;
mod fetch;
pub(crate) mod greeting;
pub(crate) mod http;
pub(crate) mod io;
mod large_hello;
pub mod lock;
pub mod net;
pub(crate) mod proxy;
mod proxy_turns;
mod recorder;
pub mod resolve;
pub mod settings;
#[cfg_attr(not(target_os = "linux"), path = "no_tcp_info.rs")]
mod tcp_info;
pub(crate) mod tls;
pub mod trust;
pub mod vantage_run;
pub(crate) mod websocket;

pub use certificate::summarize_certificate;
pub use dial::dial;
pub use engine::{ProbeEvent, ReplanTrigger, run_plan, run_with_discoveries};
pub use exchange::Reply;
pub use fetch::fetch;
pub use io::Stream;
pub use settings::RunLimits;
