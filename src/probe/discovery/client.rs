//! One discovery: its requests, and its answer sorted out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::{self, Manifest};
use crate::analysis::verdict;
use crate::model::evidence::{Cause, Discovery, DiscoveryOutcome, MANIFEST_TYPES, Phase, sanitize};
use crate::model::host_port::HostPort;
use crate::model::plan::{Action, PlanItem, ProbeSpec};
use crate::model::rules::{DiscoveryMethod, HttpStatus, Statuses};
use crate::model::vantage::VantageKind;
use crate::plan::PlannedDiscovery;
use crate::probe::net::Net;
use crate::probe::{Reply, fetch};

/// Why there is no answer.
struct DiscoveryFailure {
    phase: Option<Phase>,
    cause: Option<Cause>,
    raw: String,
}

impl DiscoveryFailure {
    /// Whether the one who was asked answered, with something that is of no use.
    fn is_answer(&self) -> bool {
        matches!(self.cause, Some(Cause::Unknown | Cause::HttpUnexpectedStatus))
    }
}

/// One discovery on its way.
struct DiscoveryClient {
    net: Arc<Net>,
    /// The last request.
    request: PlanItem,
}

/// Asks, and sorts the answer out.
pub(super) async fn discover_hosts(net: Arc<Net>, ask: PlannedDiscovery, vantage: VantageKind) -> Discovery {
    let started = Instant::now();
    let mut inquirer = DiscoveryClient { net, request: ask.request.clone() };
    let names = match ask.method {
        DiscoveryMethod::NotificationAllowList => inquirer.fetch_names(answer::parse_allow_list).await,
        DiscoveryMethod::HisRegion => inquirer.fetch_names(answer::parse_regional_url).await,
        DiscoveryMethod::RegistryRedirect => inquirer.fetch_data_host(&ask.manifests).await,
    };
    let blank =
        Discovery { asked: describe_request(&inquirer.request), ..unanswered_discovery(&ask, vantage) };
    let inquiry = match names {
        Ok(names) => answered_discovery(blank, &ask, answer::filter_hosts(names, &ask.wildcard)),
        Err(DiscoveryFailure { phase, cause, raw }) => Discovery { phase, cause, raw: Some(raw), ..blank },
    };
    Discovery { took: started.elapsed(), ..inquiry }
}

/// Before anything came back.
pub(crate) fn unanswered_discovery(ask: &PlannedDiscovery, vantage: VantageKind) -> Discovery {
    Discovery {
        vantage: vantage.into(),
        endpoint: ask.endpoint.clone(),
        pattern: ask.wildcard.to_string(),
        method: ask.method.as_str().to_owned(),
        asked: describe_request(&ask.request),
        outcome: DiscoveryOutcome::Failed,
        hosts: Vec::new(),
        refused: Vec::new(),
        phase: None,
        cause: None,
        raw: None,
        note: None,
        took: Duration::ZERO,
    }
}

pub(crate) fn answered_discovery(
    blank: Discovery,
    ask: &PlannedDiscovery,
    sorted: answer::DiscoveredHosts,
) -> Discovery {
    let outcome = if sorted.hosts.is_empty() { DiscoveryOutcome::Refused } else { DiscoveryOutcome::Found };
    let expected =
        ask.expected.as_deref().filter(|host| outcome == DiscoveryOutcome::Found && sorted.hosts != [*host]);
    let other =
        expected.map(|host| format!("the rules have {host}; what the service names is checked instead"));
    let more = (sorted.omitted > 0)
        .then(|| format!("{} more names were left out; {} are the most", sorted.omitted, answer::MAX_HOSTS));
    let notes: Vec<_> = other.into_iter().chain(more).collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Discovery { outcome, hosts: sorted.hosts, refused: sorted.rejected, note, ..blank }
}

impl DiscoveryClient {
    /// The names in the answer to the first request.
    async fn fetch_names(
        &mut self,
        names: fn(&[u8]) -> Result<Vec<String>, String>,
    ) -> Result<Vec<String>, DiscoveryFailure> {
        let reply = self.fetch_reply().await?;
        names(&reply.body).map_err(unreadable_answer)
    }

    /// The host that the registry redirects to for a blob of one of these manifests, or of the one that the rules ask for.
    /// Tags come and go: where the registry answers that it lacks one, the next is tried.
    async fn fetch_data_host(&mut self, manifests: &[String]) -> Result<Vec<String>, DiscoveryFailure> {
        let asked = self.probe_spec().map(|spec| spec.path.clone());
        let paths = if manifests.is_empty() { asked.as_slice() } else { manifests };
        let mut outcome = Err(unreadable_answer("the rules name no manifest"));
        for path in paths {
            outcome = self.follow_manifest(path).await;
            if !matches!(&outcome, Err(failure) if failure.is_answer()) {
                break;
            }
        }
        outcome
    }

    /// Through one manifest where the first is an index. Three requests at most, and no redirection is followed.
    async fn follow_manifest(&mut self, path: &str) -> Result<Vec<String>, DiscoveryFailure> {
        let Some((repository, _)) = path.split_once("/manifests/") else {
            return Err(unreadable_answer(format!("{path} is no path of a manifest")));
        };
        self.request_manifest(path.to_owned());
        let mut manifest = self.fetch_manifest().await?;
        if let Manifest::Index(digest) = manifest {
            self.request_manifest(format!("{repository}/manifests/{digest}"));
            manifest = self.fetch_manifest().await?;
        }
        let Manifest::Image(digest) = manifest else {
            return Err(unreadable_answer("an index that names an index"));
        };
        self.set_path(format!("{repository}/blobs/{digest}"), &REDIRECT_STATUSES);
        let location = self.fetch_reply().await?.location;
        location
            .map(|url| vec![answer::url_host(&url)])
            .ok_or_else(|| unreadable_answer("a redirection to nowhere"))
    }

    fn request_manifest(&mut self, path: String) {
        self.set_path(path, &[200]);
        if let Some(spec) = self.probe_spec() {
            spec.headers.entry("Accept".to_owned()).or_insert_with(|| MANIFEST_TYPES.join(", "));
        }
    }

    async fn fetch_manifest(&mut self) -> Result<Manifest, DiscoveryFailure> {
        let reply = self.fetch_reply().await?;
        answer::parse_manifest(&reply.body).map_err(unreadable_answer)
    }

    /// The path of the next request, and the statuses of an answer that helps.
    fn set_path(&mut self, path: String, statuses: &[u16]) {
        if let Some(spec) = self.probe_spec() {
            spec.path = path;
            spec.answer.status = Statuses::Listed(statuses.iter().copied().map(HttpStatus).collect());
        }
    }

    fn probe_spec(&mut self) -> Option<&mut ProbeSpec> {
        match &mut self.request.action {
            Action::Probe(spec) => Some(spec),
            Action::Unverified(_) => None,
        }
    }

    /// The answer, or what the same ruling that judges checks says of the failure.
    async fn fetch_reply(&mut self) -> Result<Reply, DiscoveryFailure> {
        let (seen, reply) = fetch(&self.net, &self.request).await;
        reply.ok_or_else(|| {
            let check = verdict::judge_check(&self.request, &seen);
            let raw = check.note.unwrap_or_else(|| "no answer arrived".to_owned());
            DiscoveryFailure { phase: check.phase, cause: check.cause.or(Some(Cause::Unknown)), raw }
        })
    }
}

fn unreadable_answer(raw: impl AsRef<str>) -> DiscoveryFailure {
    DiscoveryFailure {
        phase: Some(Phase::Http),
        cause: Some(Cause::Unknown),
        raw: sanitize(raw.as_ref(), 200),
    }
}

/// Host and path. Of the query only those values are shown that cannot be a key.
fn describe_request(request: &PlanItem) -> String {
    let host = request.check.host.as_deref().unwrap_or_default();
    let target = HostPort::new(host, request.check.port).without_port(443);
    let path = match &request.action {
        Action::Probe(spec) => spec.path.as_str(),
        Action::Unverified(_) => "",
    };
    let path = match path.split_once('?') {
        Some((path, query)) => format!("{path}?{}", redact_query(query)),
        None => path.to_owned(),
    };
    format!("{target}{path}")
}

fn redact_query(query: &str) -> String {
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !["location", "api-version"].contains(&name) => format!("{name}=…"),
        _ => pair.to_owned(),
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

/// RFC 9110 15.4; registries use 307.
const REDIRECT_STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_could_be_keys_are_redacted() {
        let query = redact_query("api-version=1&location=eastus&sig=abc&flag");
        assert_eq!(query, "api-version=1&location=eastus&sig=…&flag");
    }
}
