//! Who gave an HTTP answer. Pure.
//!
//! Over TLS that leads to a public root the service did, whatever its status: nobody else has its key. Where TLS is inspected, and
//! over plain HTTP, only what the service alone sends proves it (`answer.marks` of the rules).

use crate::model::evidence::{BodyForm, Cause, Failure, HttpDetail, TrustStore, sanitize};
use crate::model::host_port::HostPort;
use crate::model::plan::ProbeSpec;
use crate::model::report::Proof;
use crate::model::rules::{Content, Statuses};

/// Who gave an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answerer {
    /// The service, and what shows it.
    Service(Proof),
    /// Nothing shows who.
    Unknown,
    /// Somebody else, and what betrays them.
    Stranger(Failure),
}

/// The connection that an answer came over.
#[derive(Clone, Copy, Debug)]
pub struct AnswerSource<'a> {
    /// Who was asked.
    pub host: &'a str,
    /// What was asked, and what the service answers to it.
    pub spec: &'a ProbeSpec,
    /// Who vouches for the other side; `None` without TLS.
    pub trusted_by: Option<TrustStore>,
}

impl AnswerSource<'_> {
    /// Who gave this answer.
    pub fn judge_answerer(&self, answer: &HttpDetail) -> Answerer {
        if self.trusted_by == Some(TrustStore::Public) {
            return Answerer::Service(Proof::Tls);
        }
        if let Some(failure) = self.find_stranger(answer) {
            return Answerer::Stranger(failure);
        }
        if answer.mark.is_some() {
            return Answerer::Service(Proof::Mark);
        }
        let status = answer.status.unwrap_or_default();
        if self.has_own_ca() && self.spec.answer.status.allows(status) {
            return Answerer::Service(Proof::Tls);
        }
        let is_known = self.is_known_status(status, answer.form()) && self.is_known_form(answer.form());
        if is_known || self.redirects_within(status, answer) == Some(true) {
            return Answerer::Service(Proof::Form);
        }
        Answerer::Unknown
    }

    /// A service with a private certificate: that some store of ours vouches for it is all that can be asked.
    fn has_own_ca(&self) -> bool {
        !self.spec.certificate.public && self.trusted_by.is_some()
    }

    /// What no service sends: the marks of a product, the words of a block page, a page where data is expected, a
    /// redirection to elsewhere.
    fn find_stranger(&self, answer: &HttpDetail) -> Option<Failure> {
        let status = answer.status?;
        let page = |what: String| Failure::new(Cause::HttpBlockPage, what + &quote_body(answer));
        if let Some(product) = &answer.appliance {
            return Some(page(format!("{status} from {product}")));
        }
        let is_page = answer.form() == Some(BodyForm::Html);
        if let Some(words) = answer.block_words.as_ref().filter(|_| is_page || !is_mark_beyond_doubt(answer))
        {
            return Some(page(format!("{status} with a page that says \"{words}\"")));
        }
        if status == 511 {
            return Some(page("511, which only networks answer (RFC 6585 6)".to_owned()));
        }
        if answer.mark.is_some() {
            return None;
        }
        let wants_data = matches!(self.spec.answer.content, Some(Content::Json | Content::Text));
        if is_page && wants_data && self.spec.answer.status.allows(status) {
            return Some(page(format!("{status} with a page")));
        }
        let is_elsewhere = self.redirects_within(status, answer) == Some(false);
        is_elsewhere.then(|| describe_redirect(status, answer))
    }

    /// Services redirect within their own domain; a portal redirects to itself. `None` where nothing redirects to a host.
    fn redirects_within(&self, status: u16, answer: &HttpDetail) -> Option<bool> {
        let target = redirect_host(answer).filter(|_| (300..400).contains(&status))?;
        Some(base_domain(target) == base_domain(self.host))
    }

    /// A rule that takes any status knows none. Without credentials services answer with JSON, or with one of four errors; what
    /// proxies refuse with (403, 5xx) proves nothing.
    fn is_known_status(&self, status: u16, form: Option<BodyForm>) -> bool {
        match &self.spec.answer.status {
            Statuses::Listed(list) => list.iter().any(|s| s.0 == status),
            Statuses::Any => match status {
                200..300 => form == Some(BodyForm::Json),
                _ => matches!(status, 400 | 401 | 404 | 405),
            },
        }
    }

    /// A page proves nothing: everybody has one.
    fn is_known_form(&self, form: Option<BodyForm>) -> bool {
        match self.spec.answer.content {
            Some(Content::Json) => form == Some(BodyForm::Json),
            Some(Content::Html) => false,
            Some(Content::Text) | None => form != Some(BodyForm::Html),
        }
    }
}

/// Whether a service that answers so is throttled (429) or fails (5xx). The network has nothing to do with it.
pub fn is_failing_status(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// An answer that sends on to elsewhere.
pub fn describe_redirect(status: u16, answer: &HttpDetail) -> Failure {
    let location = answer.headers.get("location").map(String::as_str).unwrap_or_default();
    Failure::new(Cause::HttpRedirected, format!("{status} to {location}"))
}

/// Whether the words of a block page mean nothing beside the mark: data of a service can hold them. A plain text with both is a filter's
/// that repeats what was asked for.
fn is_mark_beyond_doubt(answer: &HttpDetail) -> bool {
    let is_in_text = |mark: &String| answer.form() == Some(BodyForm::Text) && mark.starts_with("text ");
    answer.mark.as_ref().is_some_and(|mark| !is_in_text(mark))
}

/// Where an answer redirects to; `None` for a path.
pub fn redirect_host(answer: &HttpDetail) -> Option<&str> {
    location_host(answer.headers.get("location")?)
}

/// The host of a URL with or without its scheme (RFC 3986 4.2); `None` for a path.
pub fn location_host(location: &str) -> Option<&str> {
    let rest = location.split_once("://").map(|(_, rest)| rest).or_else(|| location.strip_prefix("//"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?.rsplit('@').next()?;
    Some(HostPort::parse(authority).map_or(authority, |parsed| parsed.host)).filter(|host| !host.is_empty())
}

/// The last two labels. Good enough to tell a portal from a service; not used for anything that grants trust.
pub fn base_domain(host: &str) -> String {
    let labels: Vec<&str> = host.trim_end_matches('.').rsplit('.').take(2).collect();
    labels.join(".").to_ascii_lowercase()
}

/// The beginning of a body in words, as `: "..."`; empty where there is none.
pub fn quote_body(answer: &HttpDetail) -> String {
    match answer.body.as_deref().map(strip_tags) {
        Some(text) if !text.is_empty() => format!(": \"{}\"", sanitize(&text, 80)),
        _ => String::new(),
    }
}

/// A page without its tags, scripts and style sheets.
pub fn strip_tags(page: &str) -> String {
    let mut out = String::new();
    let mut inside_tag = false;
    for c in strip_scripts(page).chars() {
        match c {
            '<' => inside_tag = true,
            '>' => {
                inside_tag = false;
                out.push(' ');
            }
            _ if !inside_tag => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page without scripts and style sheets: programs can hold any word.
pub fn strip_scripts(page: &str) -> String {
    let lower = page.to_ascii_lowercase(); // of the same length
    let mut text = String::new();
    let mut at = 0;
    while let Some(tag) = find_from(&lower, at, "<") {
        let hidden = ["script", "style"].iter().find(|name| lower[tag + 1..].starts_with(**name));
        let Some(name) = hidden else {
            text.push_str(&page[at..=tag]);
            at = tag + 1;
            continue;
        };
        text.push_str(&page[at..tag]);
        at = find_from(&lower, tag, &format!("</{name}")).unwrap_or(page.len());
    }
    text + &page[at..]
}

fn find_from(text: &str, at: usize, part: &str) -> Option<usize> {
    text[at..].find(part).map(|offset| at + offset)
}
