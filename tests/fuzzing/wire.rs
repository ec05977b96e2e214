//! What servers answer.

use rustls::pki_types::CertificateDer;

use super::shown::{self, RULES, spec};
use crate::model::evidence::{Detail, Discovery};
use crate::probe::fuzzing::{self as probe, HOST};
use crate::probe::resolve;

/// A message of a name server.
pub(super) fn dns(input: &[u8]) {
    if let Some((detail, failure)) = resolve::fuzzing::combine_answers(input, HOST) {
        shown::phase((Detail::Resolve(Box::new(detail)), failure), input.len());
    }
}

/// What comes back to a ClientHello.
pub(super) fn tls(input: &[u8]) {
    if let Some(phase) = probe::hello(input) {
        shown::phase(phase, input.len());
    }
}

/// A chain: each certificate behind its length in two bytes, leaf first, as in a handshake.
pub(super) fn certificates(input: &[u8]) {
    let mut chain = Vec::new();
    let mut rest = input;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (one, after) = after.split_at(after.len().min(u16::from_be_bytes(*length).into()));
        chain.push(CertificateDer::from(one.to_vec()));
        rest = after;
    }
    shown::phase(probe::chain(&chain, &spec(false)), input.len());
}

/// An answer to CONNECT.
pub(super) fn connect(input: &[u8]) {
    if let Some(phase) = probe::connect(input) {
        shown::phase(phase, input.len());
    }
}

/// An answer to a request.
pub(super) fn http(input: &[u8]) {
    let wants_json = input.first().is_some_and(|first| first & 8 != 0);
    if let Some((phase, reply)) = probe::exchange(input, &spec(wants_json)) {
        shown::phase(phase, input.len());
        if let Some(reply) = reply {
            discovery(&reply.body);
        }
    }
}

/// An answer to a WebSocket upgrade, and what comes after it.
pub(super) fn websocket(input: &[u8]) {
    if let Some(phase) = probe::upgrade(input, &spec(true)) {
        shown::phase(phase, input.len());
    }
}

/// The first words of git or SSH.
pub(super) fn greeting(input: &[u8]) {
    if let Some(phase) = probe::greet(input) {
        shown::phase(phase, input.len());
    }
}

/// The body of an answer of somebody who is asked for hosts.
pub(super) fn discovery(input: &[u8]) {
    let mut all: Vec<Discovery> = Vec::new();
    for ask in &shown::asks(&RULES) {
        let answers = crate::probe::discovery::fuzzing::answers(ask, input);
        for host in answers.iter().flat_map(|a| &a.hosts) {
            assert!(ask.wildcard.covers(host), "{host} is not below {}", ask.wildcard);
        }
        all.extend(answers);
    }
    shown::discoveries(all, input.len());
}
