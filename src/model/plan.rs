//! What is to be checked from one vantage, and how: the ordered list that planning gives and probing takes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ids::{CheckId, VantageId};
use crate::model::rules::{
    AddressClass, Answer, Certificate, Inspection, MarkPattern, Method, PrivateLink, Protocol, RuleLocation,
};
use crate::model::vantage::VantageKind;
use crate::model::words::words;

/// What is to be checked from one vantage, in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// From where.
    pub vantage: VantageKind,
    /// In the order of the rules.
    pub items: Vec<PlanItem>,
}

impl Plan {
    /// The same with the ids of a vantage that is one of several of its kind.
    #[must_use]
    pub fn with_vantage_id(mut self, id: &VantageId) -> Self {
        for PlanItem { check, .. } in &mut self.items {
            check.id = CheckId::new(id, &check.endpoint, check.target());
            check.vantage.clone_from(id);
        }
        self
    }
}

/// A check, and what is going to be done about it.
#[derive(Clone, Debug)]
pub struct PlanItem {
    /// What is to be checked; it goes into the report.
    pub check: PlannedCheck,
    /// What is going to be done; the report does without.
    pub action: Action,
}

/// One endpoint at one host, from one vantage.
#[derive(Clone, Debug)]
pub struct PlannedCheck {
    /// `vantage/requirement/host`; the same in every run.
    pub id: CheckId,
    /// The id of the rule.
    pub endpoint: String,
    /// Where the rule stands; `null` where it stands in no line of its own.
    pub defined: Option<RuleLocation>,
    /// What is behind the endpoint.
    pub title: String,
    /// What it is needed for.
    pub why: String,
    /// What breaks without it.
    pub breaks: String,
    /// Whether a feature that is on does not work without it.
    pub required: bool,
    /// The features that are on and need it.
    pub features: Vec<String>,
    /// Who calls it.
    pub callers: Vec<String>,
    /// Checks with the same word replace each other: one that is met is enough.
    pub alternative: Option<String>,
    /// `null` where it cannot be known.
    pub host: Option<String>,
    /// The TCP port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// The wildcard or template that the host came from.
    pub pattern: Option<String>,
    /// The id of the vantage.
    pub vantage: VantageId,
    /// How packets get there.
    pub route: Route,
    /// Whether it works through TLS inspection.
    pub inspection: Inspection,
    /// Why the check is in the plan.
    pub reason: String,
}

impl PlannedCheck {
    /// The host, or the wildcard where no host is known.
    pub fn target(&self) -> &str {
        self.host.as_deref().or(self.pattern.as_deref()).unwrap_or_default()
    }
}

/// How packets get to an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// Directly or through a proxy.
    pub kind: RouteKind,
    /// `scheme://host:port` without credentials.
    pub proxy: Option<String>,
    /// Which proxy that is: two may differ in nothing but their credentials.
    pub proxy_id: Option<ProxyId>,
    /// Why this way: the flag, the variable, the skip-range entry.
    pub reason: String,
}

/// The proxies of a run, by the endpoints that they are for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ProxyId {
    /// For endpoints with TLS: `--proxy-https`.
    Https,
    /// For plain HTTP: `--proxy-http`.
    Http,
}

impl Route {
    /// A route without a proxy, and why.
    pub fn direct(reason: impl Into<String>) -> Self {
        Self { kind: RouteKind::Direct, proxy: None, proxy_id: None, reason: reason.into() }
    }

    /// Whether an entry of the skip range leads around the proxy.
    pub fn is_exempt(&self) -> bool {
        self.kind == RouteKind::Direct && self.reason.starts_with(EXEMPT_BY)
    }
}

/// How the reason of a route begins that an entry of the skip range decided.
pub const EXEMPT_BY: &str = "exempt by ";

/// Directly or through a proxy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum RouteKind {
    Direct,
    Proxy,
}

/// What is done about a check.
#[derive(Clone, Debug)]
pub enum Action {
    /// The host is probed.
    Probe(ProbeSpec),
    /// Nothing is sent; the requirement stays unverified.
    Unverified(Unverified),
}

/// What is sent and what has to come back.
#[derive(Clone, Debug)]
pub struct ProbeSpec {
    /// The HTTP method, for `https`, `http` and `wss`.
    pub method: Method,
    /// The path with its query.
    pub path: String,
    /// Extra headers.
    pub headers: BTreeMap<String, String>,
    /// What the real service answers.
    pub answer: Answer,
    /// What shows that the service itself answered; one is enough.
    pub marks: Vec<MarkPattern>,
    /// What certificate the real service presents.
    pub certificate: Certificate,
    /// Which addresses are expected.
    pub addresses: AddressClass,
    /// Whether TLS inspection is tolerated.
    pub inspection: Inspection,
    /// Whether a private link would carry it.
    pub private_link: PrivateLink,
}

/// Why a requirement cannot be verified by this plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unverified {
    /// What is missing.
    pub kind: UnverifiedKind,
    /// The same as a sentence.
    pub text: String,
}

/// What is missing to verify a requirement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnverifiedKind {
    /// No host below the wildcard is known, and no way to find one is documented.
    WildcardUnknown,
    /// The same, and the name above the wildcard answers: all that a program can see of it.
    WildcardParentAnswers,
    /// Hosts below the wildcard can be found, but were not.
    NotDiscovered,
    /// A value that only the user knows was not given; the name of the placeholder.
    ValueMissing,
    /// Azure calls it, not the cluster.
    CalledFromAzure,
    /// The run ended first.
    NotRun,
    /// The probe broke down.
    Broken,
    /// Nothing could be looked at from the vantage.
    NoVantage,
    /// The probe failed and an ordinary client got through.
    Contradicted,
    /// Something answered, and nothing shows that it was the service.
    Unproven,
}

words!(UnverifiedKind::text {
    WildcardUnknown = "no name below the wildcard is known",
    WildcardParentAnswers = "not testable, parent answers",
    NotDiscovered = "the names below the wildcard were not found", ValueMissing = "a value was not given",
    CalledFromAzure = "called by Azure, not by the cluster", NotRun = "the run ended first",
    NoVantage = "nothing could be looked at from there",
    Broken = "the probe broke down, a defect of arcprobe",
    Contradicted = "an ordinary client got through, the probe did not",
    Unproven = "nothing shows that the service itself answered",
});

impl UnverifiedKind {
    /// Whether no program can test it: a note, neither a gap nor a warning.
    pub fn is_untestable(self) -> bool {
        matches!(self, Self::WildcardParentAnswers | Self::CalledFromAzure)
    }
}
