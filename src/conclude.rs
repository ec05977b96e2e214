//! From the evidence of a run to its report: verdicts, findings, the answer. Pure.

use crate::diagnose::{self, Context};
use crate::evidence::Evidence;
use crate::net::Net;
use crate::plan::Plan;
use crate::report::v1::{Advice, ConnectCommand, Delivered, Facts, Report, Run, Tool, Vantage};
use crate::rules::model::RuleSet;
use crate::settings::{CheckSettings, Scope};
use crate::verdict;

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    /// The rules that were used.
    pub rules: &'a RuleSet,
    /// What they were fitted to, and how it was looked.
    pub settings: &'a CheckSettings,
    /// What was to be done.
    pub plan: &'a Plan,
    /// What was seen.
    pub evidence: &'a Evidence,
    /// What it was seen with.
    pub net: &'a Net,
    /// When it began.
    pub started_at: jiff::Timestamp,
}

/// Judges a run.
pub fn conclude(ran: &Ran<'_>) -> Report {
    let vantages = vec![vantage(ran)];
    let evidence = ran.evidence;
    let checks = verdict::checks(ran.plan, evidence, ran.plan.vantage.word());
    let context = Context {
        vantages: &vantages,
        discoveries: &evidence.inquiries,
        interrupted: evidence.interrupted,
        deadline_passed: evidence.deadline_passed,
        skip_range: ran.settings.routes.skip_range(),
    };
    let findings = diagnose::findings(&checks, &context);
    let cut_short = evidence.interrupted || evidence.deadline_passed;
    let verdict = verdict::overall(&checks, &findings, &vantages, cut_short);
    Report {
        schema_version: 1,
        tool: Tool { name: "arcprobe".into(), version: env!("CARGO_PKG_VERSION").into() },
        rules: ran.rules.layers.clone(),
        run: run(ran),
        verdict,
        vantages,
        checks,
        discoveries: evidence.inquiries.clone(),
        findings,
        advice: Advice { connect_command: Some(connect_command(&ran.settings.scope)), ..Advice::default() },
    }
}

fn vantage(ran: &Ran<'_>) -> Vantage {
    let kind = ran.plan.vantage;
    let resolver = &ran.net.resolver;
    Vantage {
        id: kind.word().into(),
        kind,
        node: None,
        delivered: Delivered::Local,
        facts: Facts {
            resolvers: resolver.servers(),
            resolvers_from: Some(resolver.origin().to_owned()),
            proxy: ran.settings.routes.https().or(ran.settings.routes.http()).map(|p| p.value.to_string()),
        },
        error: None,
    }
}

fn run(ran: &Ran<'_>) -> Run {
    Run {
        started_at: ran.started_at.to_string(),
        took: ran.evidence.took,
        cloud: ran.settings.scope.cloud,
        region: ran.settings.scope.region.name.to_string(),
        features: ran.settings.scope.features.clone(),
        connectivity: ran.settings.scope.connectivity,
        interrupted: ran.evidence.interrupted,
        deadline_passed: ran.evidence.deadline_passed,
    }
}

/// The command for this region, with placeholders in angle brackets where only the user knows.
fn connect_command(scope: &Scope) -> ConnectCommand {
    let region = &scope.region.name;
    ConnectCommand {
        bash: format!("az connectedk8s connect --name NAME --resource-group GROUP --location {region}"),
        powershell: format!("az connectedk8s connect --name NAME --resource-group GROUP --location {region}"),
    }
}
