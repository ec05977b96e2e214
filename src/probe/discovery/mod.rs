//! Finds the hosts below wildcards by asking those who know them, beside the probes of a run.
//!
//! The requests are our own probes, not those of an HTTP client: they have the resolver's cache, the diversions, the trust
//! and the way out of the checks, and a failure has its phase and its cause.

mod answer;
#[cfg(all(feature = "cli", any(test, feature = "fuzzing")))]
pub(crate) mod fuzzing;
mod inquirer;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use crate::model::evidence::{Inquiry, InquiryOutcome, NotRun};
use crate::model::vantage::VantageKind;
use crate::plan::{Ask, Known};
use crate::probe::News;
use crate::probe::net::Net;
use inquirer::{inquire, unanswered};

/// The questions of a run and the answers so far.
#[derive(Debug)]
pub struct Discoveries {
    asks: Vec<Ask>,
    vantage: VantageKind,
    answers: Vec<Inquiry>,
    is_late: bool,
}

/// A stream of answers, in the order in which they come.
pub type Answers = FuturesUnordered<BoxFuture<'static, Inquiry>>;

impl Discoveries {
    /// Nobody was asked yet.
    pub fn new(asks: Vec<Ask>, vantage: VantageKind) -> Self {
        Self { asks, vantage, answers: Vec::new(), is_late: false }
    }

    /// All of them were asked, elsewhere.
    pub fn answered(asks: Vec<Ask>, vantage: VantageKind, answers: Vec<Inquiry>) -> Self {
        Self { answers, ..Self::new(asks, vantage) }
    }

    /// Asks all of them at once, once each; they are a handful.
    pub fn ask(&self, net: &Arc<Net>) -> Answers {
        let inquiry = |ask: &Ask| inquire(Arc::clone(net), ask.clone(), self.vantage).boxed();
        self.asks.iter().map(inquiry).collect()
    }

    /// Takes in what happened, and says what a plan has to know of each endpoint that somebody is asked for.
    pub fn hear(&mut self, news: News<Inquiry>) -> BTreeMap<String, Known> {
        match news {
            News::Start => {}
            News::Answer(inquiry) => self.answers.push(inquiry),
            News::Late => self.is_late = true,
            News::End(cut) => self.give_up(cut),
        }
        self.asks.iter().map(|ask| (ask.endpoint.clone(), self.known(ask))).collect()
    }

    /// What came of each question, in the order of the rules.
    pub fn into_answers(mut self) -> Vec<Inquiry> {
        let place = |inquiry: &Inquiry| self.asks.iter().position(|ask| ask.endpoint == inquiry.endpoint);
        self.answers.sort_by_key(place);
        self.answers
    }

    fn known(&self, ask: &Ask) -> Known {
        match self.answer(ask) {
            Some(inquiry) => outcome(inquiry),
            None if self.is_late => Known::Late,
            None => Known::Pending,
        }
    }

    fn answer(&self, ask: &Ask) -> Option<&Inquiry> {
        self.answers.iter().find(|inquiry| inquiry.endpoint == ask.endpoint)
    }

    fn give_up(&mut self, cut: Option<NotRun>) {
        let why = match cut {
            Some(NotRun::Interrupted) => "the run was stopped first",
            Some(NotRun::Deadline) => "the run's deadline passed first",
            Some(NotRun::NoVantage) => "nothing could be asked from there",
            Some(NotRun::Broken) | None => "no answer arrived",
        };
        let open = self.asks.iter().filter(|ask| self.answer(ask).is_none());
        let failed = |ask| Inquiry { raw: Some(why.to_owned()), ..unanswered(ask, self.vantage) };
        let failed: Vec<_> = open.map(failed).collect();
        self.answers.extend(failed);
    }
}

fn outcome(inquiry: &Inquiry) -> Known {
    let raw = inquiry.raw.as_deref().unwrap_or("no reason is known");
    match inquiry.outcome {
        InquiryOutcome::Found => {
            Known::Found(inquiry.hosts.iter().filter_map(|host| host.parse().ok()).collect())
        }
        InquiryOutcome::Failed => Known::Failed(format!("{} was asked: {raw}", inquiry.asked)),
        InquiryOutcome::Refused => {
            Known::Failed(format!("{} names only hosts that lie elsewhere", inquiry.asked))
        }
    }
}
