//! What servers answer.

use rustls::pki_types::CertificateDer;

use super::phases::{self, HOST};
use super::reports::{self, RULES, probe_spec};
use super::resolve;
use crate::model::evidence::{Detail, Discovery};
use crate::model::vantage::VantageKind;
use crate::plan::PlannedDiscovery;
use crate::probe::discovery::answer::{self, Manifest};
use crate::probe::discovery::client::{answered_discovery, unanswered_discovery};

/// A message of a name server.
pub(super) fn dns(input: &[u8]) {
    if let Some((detail, failure)) = resolve::combine_answers(input, HOST) {
        reports::check_phase((Detail::Resolve(Box::new(detail)), failure), input.len());
    }
}

/// What comes back to a ClientHello.
pub(super) fn tls(input: &[u8]) {
    if let Some(phase) = phases::run_handshake(input) {
        reports::check_phase(phase, input.len());
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
    reports::check_phase(phases::judge_chain(&chain, &probe_spec(false)), input.len());
}

/// An answer to CONNECT.
pub(super) fn connect(input: &[u8]) {
    if let Some(phase) = phases::run_connect(input) {
        reports::check_phase(phase, input.len());
    }
}

/// An answer to a request.
pub(super) fn http(input: &[u8]) {
    let wants_json = input.first().is_some_and(|first| first & 8 != 0);
    if let Some((phase, reply)) = phases::run_exchange(input, &probe_spec(wants_json)) {
        reports::check_phase(phase, input.len());
        if let Some(reply) = reply {
            discovery(&reply.body);
        }
    }
}

/// An answer to a WebSocket upgrade, and what comes after it.
pub(super) fn websocket(input: &[u8]) {
    if let Some(phase) = phases::run_upgrade(input, &probe_spec(true)) {
        reports::check_phase(phase, input.len());
    }
}

/// The first words of git or SSH.
pub(super) fn greeting(input: &[u8]) {
    if let Some(phase) = phases::run_greeting(input) {
        reports::check_phase(phase, input.len());
    }
}

/// The body of an answer of somebody who is asked for hosts.
pub(super) fn discovery(input: &[u8]) {
    let mut all: Vec<Discovery> = Vec::new();
    for ask in &reports::plan_all_discoveries(&RULES) {
        let answers = parse_answers(ask, input);
        for host in answers.iter().flat_map(|a| &a.hosts) {
            assert!(ask.wildcard.covers(host), "{host} is not below {}", ask.wildcard);
        }
        all.extend(answers);
    }
    reports::check_discoveries(all, input.len());
}

/// A body as an answer to each kind of question.
fn parse_answers(ask: &PlannedDiscovery, body: &[u8]) -> Vec<Discovery> {
    let blank = || unanswered_discovery(ask, VantageKind::Pod);
    let failed = |raw| Discovery { raw: Some(raw), ..blank() };
    let answer_with = |names| answered_discovery(blank(), ask, answer::filter_hosts(names, &ask.wildcard));
    let lists = [answer::parse_allow_list(body), answer::parse_regional_url(body)];
    let mut inquiries: Vec<_> = lists.map(|list| list.map_or_else(failed, answer_with)).into();
    match answer::parse_manifest(body) {
        // becomes a part of a path
        Ok(Manifest::Index(digest) | Manifest::Image(digest)) => {
            assert!(digest.len() < 140 && digest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':'));
        }
        Err(raw) => inquiries.push(failed(raw)),
    }
    inquiries.push(answer_with(vec![answer::url_host(&String::from_utf8_lossy(body))]));
    inquiries
}
