//! Scenarios and the findings that must come out, stored in `fixtures/cases`. `ARCPROBE_UPDATE=1` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use arcprobe::analysis::diagnose::{Context, FINDING_IDS, UnlistedRegion, diagnose_run};
use arcprobe::analysis::verdict::judge_run;
use arcprobe::model::command::Instruction;
use arcprobe::model::evidence::{CertificateFileFlaw, CertificateSummary, Discovery};
use arcprobe::model::finding::Finding;
use arcprobe::model::report::{Advice, Check, Vantage, Verdict};
use arcprobe::model::system_proxy::SystemProxy;
use arcprobe::model::vantage::VantageKind;
use arcprobe::proxy::{Origin, SkipRange, Sourced};
use arcprobe::report::json::form::Written;
use arcprobe::report::json::{to_text, v1};

use super::make::{CheckCase, judge_cases, vantage};
use super::{connections, handshakes, inside, names, proxies, services, skip_ranges};

/// A run and what must come out.
pub(super) struct Scenario {
    name: &'static str,
    expected: Verdict,
    ids: &'static [&'static str],
    checks: Vec<Check>,
    vantages: Vec<Vantage>,
    discoveries: Vec<Discovery>,
    interrupted: bool,
    skip_range: Option<Sourced<SkipRange>>,
    proxy_cert: Vec<CertificateSummary>,
    flaws: Vec<CertificateFileFlaw>,
    advice: Option<Advice>,
    unlisted_region: Option<UnlistedRegion<'static>>,
    system_proxies: Vec<SystemProxy>,
}

impl Scenario {
    /// From the workstation.
    pub(super) fn new(
        name: &'static str,
        expected: Verdict,
        ids: &'static [&'static str],
        cases: Vec<CheckCase>,
    ) -> Self {
        Self::of(name, expected, ids, judge_cases(VantageKind::Workstation, cases))
    }

    pub(super) fn of(
        name: &'static str,
        expected: Verdict,
        ids: &'static [&'static str],
        checks: Vec<Check>,
    ) -> Self {
        let vantages = vec![vantage(VantageKind::Workstation)];
        Self {
            name,
            expected,
            ids,
            checks,
            vantages,
            discoveries: Vec::new(),
            interrupted: false,
            skip_range: None,
            proxy_cert: Vec::new(),
            flaws: Vec::new(),
            advice: None,
            unlisted_region: None,
            system_proxies: Vec::new(),
        }
    }

    pub(super) fn from(self, vantages: &[VantageKind]) -> Self {
        self.looking(vantages.iter().copied().map(vantage).collect())
    }

    pub(super) fn looking(self, vantages: Vec<Vantage>) -> Self {
        Self { vantages, ..self }
    }

    pub(super) fn asking(self, discoveries: Vec<Discovery>) -> Self {
        Self { discoveries, ..self }
    }

    pub(super) fn in_unlisted_region(self, name: &'static str) -> Self {
        Self { unlisted_region: Some(UnlistedRegion { name, date: "2026-08-10" }), ..self }
    }

    pub(super) fn with_settings(self, system_proxies: Vec<SystemProxy>) -> Self {
        Self { system_proxies, ..self }
    }

    pub(super) fn interrupted(self) -> Self {
        Self { interrupted: true, ..self }
    }

    pub(super) fn skipping(self, value: &str) -> Self {
        let skip_range = Some(Sourced::new(SkipRange::parse(value), Origin::flag("--proxy-skip-range")));
        Self { skip_range, ..self }
    }

    /// What `--proxy-cert` holds, in a file of another form.
    pub(super) fn giving_file(
        self,
        proxy_cert: Vec<CertificateSummary>,
        flaws: Vec<CertificateFileFlaw>,
    ) -> Self {
        Self { proxy_cert, flaws, ..self }
    }

    pub(super) fn giving(self, proxy_cert: Vec<CertificateSummary>) -> Self {
        Self { proxy_cert, ..self }
    }

    pub(super) fn advised(self, advice: Advice) -> Self {
        Self { advice: Some(advice), ..self }
    }

    fn run(&self) -> (Vec<Finding>, Verdict) {
        let context = Context {
            vantages: &self.vantages,
            discoveries: &self.discoveries,
            interrupted: self.interrupted,
            skip_range: self.skip_range.as_ref(),
            proxy_cert: &self.proxy_cert,
            proxy_cert_flaws: &self.flaws,
            advice: self.advice.as_ref(),
            unlisted_region: self.unlisted_region,
            system_proxies: &self.system_proxies,
            now: "2026-06-01T00:00:00Z".parse().ok(),
            ..Context::default()
        };
        let findings = diagnose_run(&self.checks, &context);
        let verdict = judge_run(&self.checks, &findings, &self.vantages, self.interrupted);
        (findings, verdict)
    }
}

fn all() -> Vec<Scenario> {
    let each = [
        names::scenarios(),
        connections::scenarios(),
        handshakes::scenarios(),
        services::scenarios(),
        proxies::scenarios(),
        skip_ranges::scenarios(),
        inside::scenarios(),
    ];
    each.into_iter().flatten().collect()
}

#[test]
fn every_scenario_has_the_stored_findings() {
    let is_update = std::env::vars_os().any(|(name, _)| name == "ARCPROBE_UPDATE");
    for scenario in all() {
        let (findings, verdict) = scenario.run();
        let name = scenario.name;
        let ids: Vec<_> = findings.iter().map(|f| f.id.as_str()).collect();
        let json = to_text(&Written::<Vec<v1::Finding>>(&findings));
        assert_eq!(ids, scenario.ids, "{name}: {json}");
        assert_eq!(verdict, scenario.expected, "{name}");
        let file = PathBuf::from("fixtures/cases").join(name).join("findings.json");
        if is_update {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &json).unwrap();
        }
        let stored = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(json, stored, "{name}: run with ARCPROBE_UPDATE=1 if this is meant");
    }
}

/// Whoever gets the report can see it with programs that are everywhere.
#[test]
fn every_finding_has_a_command_that_shows_it() {
    let programs = [
        "arcprobe",
        "az",
        "curl",
        "dig",
        "getent",
        "ip",
        "kubectl",
        "nc",
        "openssl",
        "ping",
        "python3",
        "timedatectl",
        "tracepath",
    ];
    let runs =
        |command: &String| command.split_whitespace().next().is_some_and(|word| programs.contains(&word));
    for scenario in all() {
        for finding in scenario.run().0 {
            let commands = &finding.remedy.lines();
            // what a skip range says is seen by looking at it
            let is_seen = commands.iter().any(runs) || finding.id.starts_with("skip_range_");
            assert!(is_seen, "{}: {}: {commands:?}", scenario.name, finding.id);
            let texts = finding.remedy.commands.iter().filter(|c| matches!(c, Instruction::Text(_)));
            assert!(!texts.map(ToString::to_string).any(|text| runs(&text)), "unread: {commands:?}");
        }
    }
}

#[test]
fn every_diagnosis_has_a_scenario() {
    let scenarios = all();
    let covered: BTreeSet<_> = scenarios.iter().flat_map(|s| s.ids).copied().collect();
    assert_eq!(covered, FINDING_IDS.iter().copied().collect());
    assert_eq!(covered.len(), FINDING_IDS.len(), "an id is used twice");
}
