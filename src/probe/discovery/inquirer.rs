//! One discovery: its requests, and its answer sorted out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::{self, Manifest};
use crate::analysis::verdict;
use crate::model::evidence::{Cause, Inquiry, InquiryOutcome, Phase, printable};
use crate::model::plan::{Action, PlannedCheck, ProbeSpec};
use crate::model::rules::{Discovery, HttpStatus, Statuses};
use crate::model::vantage::VantageKind;
use crate::plan::Ask;
use crate::probe::net::Net;
use crate::probe::{Reply, fetch};

/// Why there is no answer.
struct Stop {
    phase: Option<Phase>,
    cause: Option<Cause>,
    raw: String,
}

/// One discovery on its way.
struct Inquirer {
    net: Arc<Net>,
    /// The last request.
    request: PlannedCheck,
}

/// Asks, and sorts the answer out.
pub(super) async fn inquire(net: Arc<Net>, ask: Ask, vantage: VantageKind) -> Inquiry {
    let started = Instant::now();
    let mut inquirer = Inquirer { net, request: ask.check.clone() };
    let names = match ask.method {
        Discovery::NotificationAllowList => inquirer.read(answer::allow_list).await,
        Discovery::HisRegion => inquirer.read(answer::regional_url).await,
        Discovery::RegistryRedirect => inquirer.data_host().await,
    };
    let blank = Inquiry { asked: asked(&inquirer.request), ..unanswered(&ask, vantage) };
    let inquiry = match names {
        Ok(names) => answered(blank, &ask, answer::sort(names, &ask.wildcard)),
        Err(Stop { phase, cause, raw }) => Inquiry { phase, cause, raw: Some(raw), ..blank },
    };
    Inquiry { took: started.elapsed(), ..inquiry }
}

/// Before anything came back.
pub(super) fn unanswered(ask: &Ask, vantage: VantageKind) -> Inquiry {
    Inquiry {
        vantage: vantage.word().to_owned(),
        endpoint: ask.endpoint.clone(),
        pattern: ask.wildcard.to_string(),
        method: ask.method.word().to_owned(),
        asked: asked(&ask.check),
        outcome: InquiryOutcome::Failed,
        hosts: Vec::new(),
        refused: Vec::new(),
        phase: None,
        cause: None,
        raw: None,
        note: None,
        took: Duration::ZERO,
    }
}

pub(super) fn answered(blank: Inquiry, ask: &Ask, sorted: answer::Sorted) -> Inquiry {
    let outcome = if sorted.hosts.is_empty() { InquiryOutcome::Refused } else { InquiryOutcome::Found };
    let expected =
        ask.expected.as_deref().filter(|host| outcome == InquiryOutcome::Found && sorted.hosts != [*host]);
    let other =
        expected.map(|host| format!("the rules have {host}; what the service names is checked instead"));
    let more = (sorted.left_out > 0).then(|| {
        format!("{} more names were left out; {} are the most", sorted.left_out, answer::MOST_HOSTS)
    });
    let notes: Vec<_> = other.into_iter().chain(more).collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Inquiry { outcome, hosts: sorted.hosts, refused: sorted.refused, note, ..blank }
}

impl Inquirer {
    /// The names in the answer to the first request.
    async fn read(&mut self, names: fn(&[u8]) -> Result<Vec<String>, String>) -> Result<Vec<String>, Stop> {
        let reply = self.get().await?;
        names(&reply.body).map_err(unreadable)
    }

    /// The host that the registry sends those to who want a blob: of the image that the rules ask for, by way of one
    /// manifest where that is an index. Three requests at most, and no redirection is followed.
    async fn data_host(&mut self) -> Result<Vec<String>, Stop> {
        let path = self.spec().map(|spec| spec.path.clone()).unwrap_or_default();
        let Some((repository, _)) = path.split_once("/manifests/") else {
            return Err(unreadable(format!("{path} is no path of a manifest")));
        };
        let mut manifest = self.manifest().await?;
        if let Manifest::Index(digest) = manifest {
            self.turn_to(format!("{repository}/manifests/{digest}"));
            manifest = self.manifest().await?;
        }
        let Manifest::Image(digest) = manifest else {
            return Err(unreadable("an index that names an index"));
        };
        self.turn_to(format!("{repository}/blobs/{digest}"));
        if let Some(spec) = self.spec() {
            spec.answer.status = Statuses::Listed(REDIRECTIONS.map(HttpStatus).to_vec());
        }
        let location = self.get().await?.location;
        location.map(|url| vec![answer::host_of(&url)]).ok_or_else(|| unreadable("a redirection to nowhere"))
    }

    async fn manifest(&mut self) -> Result<Manifest, Stop> {
        let reply = self.get().await?;
        answer::manifest(&reply.body).map_err(unreadable)
    }

    fn turn_to(&mut self, path: String) {
        if let Some(spec) = self.spec() {
            spec.path = path;
        }
    }

    fn spec(&mut self) -> Option<&mut ProbeSpec> {
        match &mut self.request.action {
            Action::Probe(spec) => Some(spec),
            Action::Unverified(_) => None,
        }
    }

    /// The answer, or what the same ruling that judges checks says of the failure.
    async fn get(&mut self) -> Result<Reply, Stop> {
        let (seen, reply) = fetch(&self.net, &self.request).await;
        reply.ok_or_else(|| {
            let check = verdict::check(&self.request, &seen, "");
            let raw = check.note.unwrap_or_else(|| "no answer arrived".to_owned());
            Stop { phase: check.phase, cause: check.cause.or(Some(Cause::Unknown)), raw }
        })
    }
}

fn unreadable(raw: impl AsRef<str>) -> Stop {
    Stop { phase: Some(Phase::Http), cause: Some(Cause::Unknown), raw: printable(raw.as_ref(), 200) }
}

/// Host and path. Of the query only those values are shown that cannot be a key.
fn asked(request: &PlannedCheck) -> String {
    let host = request.host.as_deref().unwrap_or_default();
    let port = if request.port == 443 { String::new() } else { format!(":{}", request.port) };
    let path = match &request.action {
        Action::Probe(spec) => spec.path.as_str(),
        Action::Unverified(_) => "",
    };
    let path = match path.split_once('?') {
        Some((path, query)) => format!("{path}?{}", without_values(query)),
        None => path.to_owned(),
    };
    format!("{host}{port}{path}")
}

fn without_values(query: &str) -> String {
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !["location", "api-version"].contains(&name) => format!("{name}=…"),
        _ => pair.to_owned(),
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

/// RFC 9110 15.4; registries use 307.
const REDIRECTIONS: [u16; 5] = [301, 302, 303, 307, 308];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_could_be_keys_are_not_shown() {
        let query = without_values("api-version=1&location=eastus&sig=abc&flag");
        assert_eq!(query, "api-version=1&location=eastus&sig=…&flag");
    }
}
