//! Files and answers of programs: what was saved, written by hand, or read from a cluster.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

use super::commands::{self, describe_error};
use super::reports::{self, RULES, SCOPE, SCREENS};
use super::{cluster, invariants};
use crate::analysis::connectivity::azure::AzureCluster;
use crate::analysis::connectivity::redact::Redaction;
use crate::analysis::connectivity::support_bundle::{BUNDLE_VERSION, ContainerLog, SupportBundle};
use crate::analysis::kube_objects::split_answer;
use crate::analysis::networks::{Networks, Snapshot};
use crate::analysis::waivers::apply_waivers;
use crate::cli::args::ShowFormat;
use crate::cluster::runner::resolve_arc_agent_routes;
use crate::model::faults::FaultCatalogue;
use crate::model::rules::RuleSet;
use crate::probe::agent::framing::{RecordReader, RecordWriter};
use crate::probe::agent::{Record, Task};
use crate::probe::net::certificates::parse_certificates;
use crate::proxy::Routes;
use crate::report::diff::{self, compare};
use crate::report::fleet::{self, json::SavedReport};
use crate::report::requirements::text as requirements;
use crate::report::requirements::{
    ExportFormat, Pattern, Requirements, VendorTable, export, list_requirements, list_unmet,
};
use crate::report::{advice, collect_inspection_cas, connectivity as chain, json};
use crate::rules::load::{parse_rules, to_yaml};
use crate::rules::{RulesError, faults, waivers};

/// A file of `--proxy-cert`.
pub(super) fn pem(input: &[u8]) {
    match parse_certificates("--proxy-cert", Path::new("ca.pem"), input) {
        Ok(file) => reports::check_proxy_cert(&file.summaries, &file.flaws, input.len()),
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
}

/// A rules file: rules that can be used, or an error at a place in it.
pub(super) fn rules(input: &[u8]) {
    let loaded = match parse_rules("own.yaml", input) {
        Ok(loaded) => loaded,
        Err(error) => return check_rules_error(&error, input),
    };
    let text = to_yaml(&loaded.rules).unwrap_or_else(|e| panic!("{e}"));
    parse_rules("own.yaml", text.as_bytes())
        .unwrap_or_else(|e| panic!("what was written is no rules file: {e}"));
    let mut alone = RuleSet::default();
    if alone.add_layer(loaded.clone()).is_ok() {
        for (format, text) in commands::render_rules(&alone) {
            invariants::assert_printable(&text);
            if format == ShowFormat::Yaml {
                parse_rules("own.yaml", text.as_bytes())
                    .unwrap_or_else(|e| panic!("what is shown is no rules file: {e}"));
            }
        }
    }
    let mut rules = RULES.clone();
    if let Err(error) = rules.add_layer(loaded) {
        return check_rules_error(&error, input);
    }
    check_exports(&list_requirements(&rules, &SCOPE, true), input.len());
    let _ = reports::plan_all_discoveries(&rules);
}

fn check_rules_error(error: &RulesError, input: &[u8]) {
    let message = describe_error(&error);
    invariants::assert_printable(&message);
    invariants::assert_bounded(&message, input.len());
    if let RulesError::Invalid(invalid) = error {
        let lines = input.split(|b| *b == b'\n').count();
        let columns = input.len() + 1;
        for (line, column, message) in invalid.locations() {
            assert!(
                (1..=lines).contains(&line) && (1..=columns).contains(&column),
                "{line}:{column} {message}"
            );
        }
    }
}

fn check_exports(list: &Requirements, input: usize) {
    for options in &SCREENS {
        let text = requirements::render(list, options);
        invariants::assert_printable(&text);
        invariants::assert_bounded(&text, input);
    }
    let forms = [
        ExportFormat::Json,
        ExportFormat::Csv,
        ExportFormat::Markdown,
        ExportFormat::Squid,
        ExportFormat::AzureFirewall,
        ExportFormat::Cilium,
        ExportFormat::PaloAlto,
        ExportFormat::NoProxy,
    ];
    for form in forms {
        let exported = export(list, form, &SCREENS[0]);
        invariants::assert_printable(&exported.text);
        invariants::assert_bounded(&exported.text, input);
        for note in &exported.notes {
            invariants::assert_printable(&describe_error(&note));
        }
        if matches!(form, ExportFormat::Json | ExportFormat::AzureFirewall) {
            invariants::assert_json(&exported.text);
        }
    }
}

/// A file of `--faults`.
pub(super) fn faults(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut catalogue = FaultCatalogue::default();
    match faults::add_file(&mut catalogue, "own.yaml", text) {
        Ok(()) => {
            check_diagnosis(
                &stuck_cluster(vec!["x".into(), "Error: no route to host".into()]),
                &catalogue,
                None,
                input.len(),
            );
        }
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
}

/// A file of `--waivers`.
pub(super) fn waivers(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let codes = ["tls_intercepted".to_owned(), "endpoint_unmet".to_owned()];
    match waivers::parse_waivers("own.yaml", text, &codes) {
        Ok(waivers) => {
            for today in [jiff::civil::Date::MIN, jiff::civil::date(2026, 11, 28), jiff::civil::Date::MAX] {
                reports::check_report(&apply_waivers(reports::unmet_report(), &waivers, today), input.len());
            }
        }
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
}

/// A saved report.
pub(super) fn report(input: &[u8]) {
    let report = match json::parse(input) {
        Ok(report) => report,
        Err(error) => return invariants::assert_printable(&describe_error(&error)),
    };
    reports::check_report(&report, input.len());
    for (newer, older) in
        [(&report, &report), (&report, &reports::unmet_report()), (&reports::unmet_report(), &report)]
    {
        let diff = compare(newer, older);
        invariants::assert_json(&diff.to_json());
        let text = diff::text::render(&diff, &SCREENS[0]);
        invariants::assert_printable(&text);
        invariants::assert_bounded(&text, input.len());
    }
    for expand in [true, false] {
        match list_unmet(&report, &RULES, expand) {
            Ok((list, _)) => check_exports(&list, input.len()),
            Err(error) => invariants::assert_printable(&describe_error(&error)),
        }
    }
    for authority in collect_inspection_cas(&report) {
        let pem = authority.to_pem();
        invariants::assert_printable(&pem);
        assert_eq!(pem.lines().filter(|line| line.starts_with('-')).count(), 2, "{pem}");
    }
}

/// A saved report on several clusters.
pub(super) fn fleet(input: &[u8]) {
    match fleet::json::parse(input) {
        Ok(SavedReport::Fleet(fleet)) => reports::check_fleet(&fleet, input.len()),
        Ok(SavedReport::Single(_)) => {}
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
}

/// A page of the vendor that was saved.
pub(super) fn vendor_table(input: &[u8]) {
    let table = match VendorTable::parse(input) {
        Ok(table) => table,
        Err(error) => return invariants::assert_printable(&describe_error(&error)),
    };
    for text in commands::render_difference(&table, &RULES) {
        invariants::assert_printable(&text);
        invariants::assert_bounded(&text, input.len());
    }
    for listed in &table.hosts {
        let written = listed.host.to_string();
        assert_eq!(Pattern::parse(&written).as_ref(), Some(&listed.host), "{written}");
    }
}

/// What `--save-evidence` wrote.
pub(super) fn evidence(input: &[u8]) {
    match SupportBundle::from_json(input) {
        Ok(case) => {
            let azure = case.azure.as_ref().map(ToString::to_string);
            let azure =
                azure.and_then(|text| commands::parse_azure(&text, case.agent_resource_id().as_deref()).ok());
            let azure = azure.map(|(_, cluster)| cluster);
            check_diagnosis(&case, &FAULTS, azure.as_ref(), input.len());
            let saved = commands::render_evidence(&case);
            invariants::assert_json(&saved);
            SupportBundle::from_json(saved.as_bytes())
                .unwrap_or_else(|e| panic!("what was saved is no evidence: {e}"));
        }
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
}

/// Objects of Kubernetes: from files of kubectl and from an API server.
pub(super) fn objects(input: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(input) else { return };
    let mut snapshot = Snapshot::default();
    snapshot.add_document(document.clone());
    let objects = snapshot.objects.clone();
    snapshot.refusals.extend(objects.iter().filter_map(|o| o["message"].as_str()).map(str::to_owned));
    snapshot.server = objects.iter().find_map(|o| o["server"].as_str()).map(str::to_owned);
    snapshot.objects.extend(split_answer("NodeList", &document));
    let agents = cluster::read_proxies(&objects);
    let routes = agents.map(|agents| resolve_arc_agent_routes(&agents));
    let routes = match routes {
        Some(Ok((routes, notes))) => {
            for note in notes {
                invariants::assert_printable(&describe_error(&note));
            }
            routes
        }
        Some(Err(error)) => return invariants::assert_printable(&describe_error(&error)),
        None => Routes::default(),
    };
    let advice = reports::advise_on(&Networks::from_snapshot(&snapshot), &routes);
    for options in &SCREENS {
        let text = advice::render(&advice, options);
        invariants::assert_printable(&text);
        invariants::assert_bounded(&text, input.len());
    }
    for text in cluster::collect_texts(&objects) {
        invariants::assert_printable(&describe_error(&text));
    }
    let case = cluster::bundle_of(&objects);
    check_diagnosis(&case, &FAULTS, None, input.len());
    invariants::assert_json(&commands::render_evidence(&case));
    reports::check_report(&crate::model::report::Report { advice, ..reports::empty_report() }, input.len());
}

/// What az says of a connected cluster.
pub(super) fn azure(input: &[u8]) {
    match commands::parse_azure(&String::from_utf8_lossy(input), Some("/subscriptions/s/x")) {
        Ok((document, cluster)) => {
            let case = SupportBundle { azure: Some(document), ..stuck_cluster(Vec::new()) };
            check_diagnosis(&case, &FAULTS, Some(&cluster), input.len());
        }
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
}

/// The log of our own agent, in which others may write too.
pub(super) fn agent_log(input: &[u8]) {
    let mut reader = RecordReader::default();
    let mut writer = RecordWriter::default();
    let mut again = RecordReader::default();
    for line in input.split(|b| *b == b'\n') {
        let record = match reader.read_line(&String::from_utf8_lossy(line)) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(error) => return invariants::assert_line(&error.to_string()),
        };
        let json = serde_json::to_string(&record).unwrap_or_else(|e| panic!("{e}"));
        let lines = writer.frame_record(&record).unwrap_or_else(|e| panic!("{e}"));
        let back =
            lines.lines().find_map(|line| again.read_line(line).unwrap_or_else(|e| panic!("{e}: {line}")));
        let back = back.map(|record| serde_json::to_string(&record).unwrap_or_default());
        assert_eq!(back.as_deref(), Some(json.as_str()));
        match record {
            Record::Observed(seen) => reports::check_observation(seen.observation, input.len()),
            Record::Discovered(discovery) => reports::check_discoveries(vec![discovery], input.len()),
            _ => {}
        }
    }
    reader.foreign_lines().for_each(invariants::assert_line);
}

/// The logs of the agents of Azure Arc.
pub(super) fn arc_log(input: &[u8]) {
    let mut redaction = Redaction::default();
    let text = String::from_utf8_lossy(input);
    let lines: Vec<_> = text.lines().map(|line| redaction.redact_line(line)).collect();
    for line in &lines {
        invariants::assert_line(line);
    }
    let case = stuck_cluster(lines);
    let _ = (case.configured_region(), case.configured_cloud());
    check_diagnosis(&case, &FAULTS, None, input.len());
}

/// What a probe pod is asked to do.
pub(super) fn task(input: &[u8]) {
    let task = match Task::parse(input) {
        Ok(task) => task,
        Err(error) => return invariants::assert_printable(&describe_error(&error)),
    };
    match task.prepare_net() {
        Ok((_, routes)) => {
            let lookout = task.vantage_scope(&routes);
            let _ = (lookout.plan_discoveries(), lookout.plan_checks(BTreeMap::new()));
        }
        Err(error) => invariants::assert_printable(&describe_error(&error)),
    }
    let json = task.to_json().unwrap_or_else(|e| panic!("{e}"));
    Task::parse(&json).unwrap_or_else(|e| panic!("what was written is no task: {e}"));
}

fn check_diagnosis(
    case: &SupportBundle,
    catalogue: &FaultCatalogue,
    azure: Option<&AzureCluster>,
    input: usize,
) {
    let Some((judgement, json)) = commands::judge_and_render(case, catalogue, azure) else { return };
    invariants::assert_json(&json);
    invariants::assert_bounded(&json, input);
    for options in &SCREENS {
        let text = chain::render(&judgement, "", options);
        invariants::assert_printable(&text);
        invariants::assert_bounded(&text, input);
    }
}

/// A cluster whose agents are there and not ready, with this log.
fn stuck_cluster(lines: Vec<String>) -> SupportBundle {
    let agent = |name: &str| {
        serde_json::json!({"kind": "Deployment", "spec": {"replicas": 1},
            "metadata": {"name": name, "namespace": "azure-arc", "creationTimestamp": "2026-11-20T10:00:00Z"}})
    };
    let log = ContainerLog {
        namespace: "azure-arc".into(),
        pod: "clusterconnect-agent-1".into(),
        container: "c".into(),
        previous: false,
        lines,
    };
    SupportBundle {
        schema_version: BUNDLE_VERSION,
        taken_at: "2026-11-28T10:00:00Z".into(),
        objects: ["config-agent", "clusterconnect-agent", "clusteridentityoperator"]
            .map(agent)
            .to_vec()
            .into(),
        logs: vec![log],
        ..SupportBundle::default()
    }
}

static FAULTS: LazyLock<FaultCatalogue> =
    LazyLock::new(|| faults::load_builtin().unwrap_or_else(|e| panic!("{e}")));
