//! What can be said about a lab before it starts: its hosts, its resolver, its clock.

use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use jiff::SignedDuration;

use super::{Dns, Greeting, Http, Tcp, Tls, WebSocket};

/// A name, what the resolver says about it and what is found there.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// Without a trailing dot; `*.domain` stands for every name one label below (not for what has a port of its own).
    pub(crate) name: String,
    /// What the resolver says.
    pub(crate) dns: Dns,
    /// What connections to it find.
    pub(crate) serves: Serves,
}

impl Host {
    /// A host at 127.0.0.1 that serves this, be it a [`Serves`] or one of the behaviours that it is made of.
    pub(crate) fn new(name: impl Into<String>, serves: impl Into<Serves>) -> Self {
        Self { name: name.into(), dns: Dns::Loopback, serves: serves.into() }
    }

    /// A host without a fault.
    pub(crate) fn good(name: impl Into<String>) -> Self {
        Self::new(name, Serves::Good)
    }

    /// A host without a fault but for the resolver's answer.
    pub(crate) fn with_dns(name: impl Into<String>, dns: Dns) -> Self {
        Self { name: name.into(), dns, serves: Serves::Good }
    }
}

/// What connections to a host find.
#[derive(Clone, Debug)]
pub(crate) enum Serves {
    /// TLS with a good chain; 200 to every request, 101 to every upgrade.
    Good,
    /// This TLS, and what [`Serves::Good`] serves over it where the handshake gets through.
    Tls(Tls),
    /// Good TLS, and every request is answered like this.
    Http(Http),
    /// Good TLS, upgrades are answered like this and other requests with 200.
    WebSocket(WebSocket),
    /// A fault in TLS and another above it.
    TlsAndApp(Tls, App),
    /// Does not get to TLS at all.
    Tcp(Tcp),
    /// HTTP without TLS.
    PlainHttp(Http),
    /// Another protocol without TLS.
    Greeting(Greeting),
}

/// What is spoken inside TLS.
#[derive(Clone, Debug)]
pub(crate) enum App {
    /// 200 to every request, 101 to every upgrade.
    Good,
    /// Every request, upgrades too, is answered like this.
    Http(Http),
    /// Upgrades are answered like this, other requests with 200.
    WebSocket(WebSocket),
}

impl Serves {
    /// The layers of a host behind the TLS front; `None` for those that are not there.
    pub(super) fn layers(&self) -> Option<(Tls, App)> {
        match self {
            Self::Good => Some((Tls::Good, App::Good)),
            Self::Tls(tls) => Some((*tls, App::Good)),
            Self::Http(http) => Some((Tls::Good, App::Http(http.clone()))),
            Self::WebSocket(websocket) => Some((Tls::Good, App::WebSocket(*websocket))),
            Self::TlsAndApp(tls, app) => Some((*tls, app.clone())),
            Self::Tcp(_) | Self::PlainHttp(_) | Self::Greeting(_) => None,
        }
    }

    /// The ports at which clients look for a host that has a listener of its own.
    pub(super) fn client_ports(&self) -> &'static [u16] {
        match self {
            Self::Tcp(_) => &[443, 80, 8084, 22, 9418],
            Self::PlainHttp(_) => &[80],
            Self::Greeting(greeting) => greeting.client_ports(),
            Self::Good | Self::Tls(_) | Self::Http(_) | Self::WebSocket(_) | Self::TlsAndApp(..) => &[],
        }
    }
}

macro_rules! from_behaviour {
    ($( $behaviour:ident ),+) => {
        $( impl From<$behaviour> for Serves {
            fn from(behaviour: $behaviour) -> Self {
                Self::$behaviour(behaviour)
            }
        } )+
    };
}

from_behaviour!(Tls, Http, WebSocket, Tcp, Greeting);

/// What can be turned besides the hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct LabOptions {
    /// An artificial round-trip time: waited before each DNS answer, each TLS server flight and each HTTP answer.
    pub(crate) delay: Duration,
    /// The manners of the resolver, whatever the name.
    pub(crate) resolver: Resolver,
    /// How far the servers' clock is ahead: the `Date` of answers and the dates of certificates. Negative: behind.
    pub(crate) clock_offset: SignedDuration,
    /// Served for every name that is not listed, which then has the address 127.0.0.1; `None`: such names do not exist.
    /// Ports 80, 22 and 9418 of such names answer as they should.
    pub(crate) default: Option<Serves>,
    /// What the resolver answers in place of 127.0.0.1, for clients on other machines; somebody has to forward to the lab.
    pub(crate) address: Option<Ipv4Addr>,
}

impl LabOptions {
    /// What the servers take for the time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the lab has nothing of the program, and so a clock of its own"
    )]
    pub(super) fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now() + self.clock_offset
    }
}

/// The manners of the resolver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// Answers as each host's [`Dns`] says.
    #[default]
    Good,
    /// Takes every question and answers none.
    Silent,
    /// Sends every question back as it came, which is no answer.
    Echoes,
    /// Nothing listens at its port.
    Dead,
    /// REFUSED, whatever the question.
    RefusesAll,
    /// SERVFAIL, whatever the question.
    ServfailAll,
    /// The first datagrams, this many, vanish.
    LosesFirst(usize),
    /// Every answer over UDP is empty and truncated; over TCP all is well.
    TruncatesUdp,
    /// This code, or silence, to every question for IPv6 addresses.
    FailsIpv6(Option<ResponseCode>),
    /// FORMERR to every question with EDNS.
    NoEdns,
}
