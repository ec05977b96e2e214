//! Finds the hosts below wildcards by asking those who know them, beside the probes of a run.
//!
//! The requests are our own probes, not those of an HTTP client: they have the resolver's cache, the diversions, the trust
//! and the way out of the checks, and a failure has its phase and its cause.

pub(crate) mod answer;
pub(crate) mod client;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use crate::model::evidence::{Discovery, DiscoveryOutcome, NotRun};
use crate::model::vantage::VantageKind;
use crate::plan::{Discovered, PlannedDiscovery};
use crate::probe::ReplanTrigger;
use crate::probe::discovery::client::{discover_hosts, unanswered_discovery};
use crate::probe::net::Net;

/// The questions of a run and the answers so far.
#[derive(Debug)]
pub struct Discoveries {
    planned: Vec<PlannedDiscovery>,
    vantage: VantageKind,
    answers: Vec<Discovery>,
    is_late: bool,
}

/// A stream of answers, in the order in which they come.
pub type AnswerStream = FuturesUnordered<BoxFuture<'static, Discovery>>;

impl Discoveries {
    /// Nobody was asked yet.
    pub fn new(asks: Vec<PlannedDiscovery>, vantage: VantageKind) -> Self {
        Self { planned: asks, vantage, answers: Vec::new(), is_late: false }
    }

    /// All of them were asked, elsewhere.
    pub fn with_answers(asks: Vec<PlannedDiscovery>, vantage: VantageKind, answers: Vec<Discovery>) -> Self {
        Self { answers, ..Self::new(asks, vantage) }
    }

    /// Asks all of them at once, once each; they are a handful.
    pub fn send_requests(&self, net: &Arc<Net>) -> AnswerStream {
        let inquiry =
            |ask: &PlannedDiscovery| discover_hosts(Arc::clone(net), ask.clone(), self.vantage).boxed();
        self.planned.iter().map(inquiry).collect()
    }

    /// Takes in what happened, and says what a plan has to know of each endpoint that somebody is asked for.
    pub fn apply_trigger(&mut self, news: ReplanTrigger<Discovery>) -> BTreeMap<String, Discovered> {
        match news {
            ReplanTrigger::Start => {}
            ReplanTrigger::Answer(inquiry) => self.answers.push(inquiry),
            ReplanTrigger::AnswersLate => self.is_late = true,
            ReplanTrigger::End(cut) => self.fail_unanswered(cut),
        }
        self.planned.iter().map(|ask| (ask.endpoint.clone(), self.discovered_for(ask))).collect()
    }

    /// What came of each question, in the order of the rules.
    pub fn into_answers(mut self) -> Vec<Discovery> {
        let place =
            |inquiry: &Discovery| self.planned.iter().position(|ask| ask.endpoint == inquiry.endpoint);
        self.answers.sort_by_key(place);
        self.answers
    }

    fn discovered_for(&self, ask: &PlannedDiscovery) -> Discovered {
        match self.find_answer(ask) {
            Some(inquiry) => to_discovered(inquiry),
            None if self.is_late => Discovered::Late,
            None => Discovered::Pending,
        }
    }

    fn find_answer(&self, ask: &PlannedDiscovery) -> Option<&Discovery> {
        self.answers.iter().find(|inquiry| inquiry.endpoint == ask.endpoint)
    }

    fn fail_unanswered(&mut self, cut: Option<NotRun>) {
        let why = match cut {
            Some(NotRun::Interrupted) => "the run was stopped first",
            Some(NotRun::Deadline) => "the run's deadline passed first",
            Some(NotRun::NoVantage) => "nothing could be asked from there",
            Some(NotRun::Broken) | None => "no answer arrived",
        };
        let open = self.planned.iter().filter(|ask| self.find_answer(ask).is_none());
        let failed = |ask| Discovery { raw: Some(why.to_owned()), ..unanswered_discovery(ask, self.vantage) };
        let failed: Vec<_> = open.map(failed).collect();
        self.answers.extend(failed);
    }
}

fn to_discovered(inquiry: &Discovery) -> Discovered {
    let raw = inquiry.raw.as_deref().unwrap_or("no reason is known");
    match inquiry.outcome {
        DiscoveryOutcome::Found => {
            Discovered::Found(inquiry.hosts.iter().filter_map(|host| host.parse().ok()).collect())
        }
        DiscoveryOutcome::Failed => Discovered::Failed(format!("{} was asked: {raw}", inquiry.asked)),
        DiscoveryOutcome::Refused => {
            Discovered::Failed(format!("{} names only hosts that lie elsewhere", inquiry.asked))
        }
    }
}
