//! What services answer that are asked for hosts.

use super::answer::{self, Manifest};
use super::inquirer::{answered, unanswered};
use crate::model::evidence::Inquiry;
use crate::model::vantage::VantageKind;
use crate::plan::Ask;

/// A body as an answer to each kind of question.
pub(crate) fn answers(ask: &Ask, body: &[u8]) -> Vec<Inquiry> {
    let blank = || unanswered(ask, VantageKind::Pod);
    let failed = |raw| Inquiry { raw: Some(raw), ..blank() };
    let of = |names| answered(blank(), ask, answer::sort(names, &ask.wildcard));
    let lists = [answer::allow_list(body), answer::regional_url(body)];
    let mut inquiries: Vec<_> = lists.map(|list| list.map_or_else(failed, of)).into();
    match answer::manifest(body) {
        // becomes a part of a path
        Ok(Manifest::Index(digest) | Manifest::Image(digest)) => {
            assert!(digest.len() < 140 && digest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':'));
        }
        Err(raw) => inquiries.push(failed(raw)),
    }
    inquiries.push(of(vec![answer::host_of(&String::from_utf8_lossy(body))]));
    inquiries
}
