//! What services answer that are asked for hosts.

use super::answer::{self, Manifest};
use super::client::{answered_discovery, unanswered_discovery};
use crate::model::evidence::Discovery;
use crate::model::vantage::VantageKind;
use crate::plan::PlannedDiscovery;

/// A body as an answer to each kind of question.
pub(crate) fn answers(ask: &PlannedDiscovery, body: &[u8]) -> Vec<Discovery> {
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
