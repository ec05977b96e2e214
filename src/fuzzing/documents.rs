//! Files and answers of programs: what was saved, written by hand, or read from a cluster.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::hold;
use super::shown::{self, RULES, SCOPE, SCREENS};
use crate::analysis::chain::azure::AzureCluster;
use crate::analysis::chain::case::{Case, Log, VERSION};
use crate::analysis::chain::redact::Redaction;
use crate::analysis::networks::{Networks, Snapshot};
use crate::analysis::waivers::apply;
use crate::cli::fuzzing as commands;
use crate::cli::fuzzing::complaint;
use crate::cli::rules::ShowFormat;
use crate::cluster;
use crate::cluster::survey::agents_routes;
use crate::model::faults::Catalogue;
use crate::model::rules::RuleSet;
use crate::probe::agent::lines::{Reader, Writer};
use crate::probe::agent::{Record, Task};
use crate::proxy::Routes;
use crate::report::diff::{self, compare};
use crate::report::fleet::{self, json::Saved};
use crate::report::requirements::text as requirements;
use crate::report::requirements::{Form, Pattern, Requirements, VendorTable, export, list, unmet};
use crate::report::{advice, authorities, chain, json};
use crate::rules::load::{parse, to_yaml};
use crate::rules::{RulesError, faults, waivers};

/// A file of `--proxy-cert`.
pub(super) fn pem(input: &[u8]) {
    match crate::probe::net::fuzzing::certificates(input) {
        Ok(found) => shown::proxy_cert(&found, input.len()),
        Err(error) => hold::screen(&complaint(&error)),
    }
}

/// A rules file: rules that can be used, or an error at a place in it.
pub(super) fn rules(input: &[u8]) {
    let loaded = match parse("own.yaml", input) {
        Ok(loaded) => loaded,
        Err(error) => return refused(&error, input),
    };
    let text = to_yaml(&loaded.rules).unwrap_or_else(|e| panic!("{e}"));
    parse("own.yaml", text.as_bytes()).unwrap_or_else(|e| panic!("what was written is no rules file: {e}"));
    let mut alone = RuleSet::default();
    if alone.lay(loaded.clone()).is_ok() {
        for (format, text) in commands::rules_shown(&alone) {
            hold::screen(&text);
            if format == ShowFormat::Yaml {
                parse("own.yaml", text.as_bytes())
                    .unwrap_or_else(|e| panic!("what is shown is no rules file: {e}"));
            }
        }
    }
    let mut rules = RULES.clone();
    if let Err(error) = rules.lay(loaded) {
        return refused(&error, input);
    }
    exported(&list(&rules, &SCOPE, true), input.len());
    let _ = shown::asks(&rules);
}

fn refused(error: &RulesError, input: &[u8]) {
    let told = complaint(&error);
    hold::screen(&told);
    hold::bounded(&told, input.len());
    if let RulesError::Invalid(invalid) = error {
        let lines = input.split(|b| *b == b'\n').count();
        let columns = input.len() + 1;
        for (line, column, message) in invalid.places() {
            assert!(
                (1..=lines).contains(&line) && (1..=columns).contains(&column),
                "{line}:{column} {message}"
            );
        }
    }
}

fn exported(list: &Requirements, input: usize) {
    for options in &SCREENS {
        let text = requirements::text(list, options);
        hold::screen(&text);
        hold::bounded(&text, input);
    }
    let forms = [
        Form::Json,
        Form::Csv,
        Form::Markdown,
        Form::Squid,
        Form::AzureFirewall,
        Form::Cilium,
        Form::PaloAlto,
        Form::NoProxy,
    ];
    for form in forms {
        let exported = export(list, form);
        hold::screen(&exported.text);
        hold::bounded(&exported.text, input);
        for note in &exported.notes {
            hold::screen(&complaint(&note));
        }
        if matches!(form, Form::Json | Form::AzureFirewall) {
            hold::json(&exported.text);
        }
    }
}

/// A file of `--faults`.
pub(super) fn faults(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut catalogue = Catalogue::default();
    match faults::add(&mut catalogue, "own.yaml", text) {
        Ok(()) => {
            judged(&stuck(vec!["x".into(), "Error: no route to host".into()]), &catalogue, None, input.len());
        }
        Err(error) => hold::screen(&complaint(&error)),
    }
}

/// A file of `--waivers`.
pub(super) fn waivers(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let codes = ["tls_intercepted".to_owned(), "endpoint_unmet".to_owned()];
    match waivers::read("own.yaml", text, &codes) {
        Ok(waivers) => {
            for today in [jiff::civil::Date::MIN, jiff::civil::date(2026, 11, 28), jiff::civil::Date::MAX] {
                shown::report(&apply(shown::unmet(), &waivers, today), input.len());
            }
        }
        Err(error) => hold::screen(&complaint(&error)),
    }
}

/// A saved report.
pub(super) fn report(input: &[u8]) {
    let report = match json::parse(input) {
        Ok(report) => report,
        Err(error) => return hold::screen(&complaint(&error)),
    };
    shown::report(&report, input.len());
    for (newer, older) in [(&report, &report), (&report, &shown::unmet()), (&shown::unmet(), &report)] {
        let diff = compare(newer, older);
        hold::json(&diff.json());
        let text = diff::text::render(&diff, &SCREENS[0]);
        hold::screen(&text);
        hold::bounded(&text, input.len());
    }
    for expand in [true, false] {
        match unmet(&report, &RULES, expand) {
            Ok((list, _)) => exported(&list, input.len()),
            Err(error) => hold::screen(&complaint(&error)),
        }
    }
    for authority in authorities(&report) {
        let pem = authority.pem();
        hold::screen(&pem);
        assert_eq!(pem.lines().filter(|line| line.starts_with('-')).count(), 2, "{pem}");
    }
}

/// A saved report on several clusters.
pub(super) fn fleet(input: &[u8]) {
    match fleet::json::parse(input) {
        Ok(Saved::Several(fleet)) => shown::fleet(&fleet, input.len()),
        Ok(Saved::One(_)) => {}
        Err(error) => hold::screen(&complaint(&error)),
    }
}

/// A page of the vendor that was saved.
pub(super) fn vendor_table(input: &[u8]) {
    let table = match VendorTable::read(input) {
        Ok(table) => table,
        Err(error) => return hold::screen(&complaint(&error)),
    };
    for text in commands::difference(&table, &RULES) {
        hold::screen(&text);
        hold::bounded(&text, input.len());
    }
    for listed in &table.hosts {
        let written = listed.host.to_string();
        assert_eq!(Pattern::parse(&written).as_ref(), Some(&listed.host), "{written}");
    }
}

/// What `--save-evidence` wrote.
pub(super) fn evidence(input: &[u8]) {
    match Case::from_json(input) {
        Ok(case) => {
            let azure = case.azure.as_ref().map(ToString::to_string);
            let azure = azure.and_then(|text| commands::azure(&text, case.resource().as_deref()).ok());
            let azure = azure.map(|(_, cluster)| cluster);
            judged(&case, &FAULTS, azure.as_ref(), input.len());
            let saved = commands::saved(&case).unwrap_or_default();
            hold::json(&saved);
            Case::from_json(saved.as_bytes())
                .unwrap_or_else(|e| panic!("what was saved is no evidence: {e}"));
        }
        Err(error) => hold::screen(&complaint(&error)),
    }
}

/// Objects of Kubernetes: from files of kubectl and from an API server.
pub(super) fn objects(input: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(input) else { return };
    let mut snapshot = Snapshot::default();
    snapshot.add(document.clone());
    let objects = snapshot.objects.clone();
    snapshot.refusals.extend(objects.iter().filter_map(|o| o["message"].as_str()).map(str::to_owned));
    snapshot.server = objects.iter().find_map(|o| o["server"].as_str()).map(str::to_owned);
    snapshot.add_as("NodeList", document);
    let agents = cluster::fuzzing::proxies(&objects);
    let routes = agents.map(|agents| agents_routes(&agents));
    let routes = match routes {
        Some(Ok((routes, notes))) => {
            for note in notes {
                hold::screen(&complaint(&note));
            }
            routes
        }
        Some(Err(error)) => return hold::screen(&complaint(&error)),
        None => Routes::default(),
    };
    let advice = shown::advice(&Networks::of(&snapshot), &routes);
    for options in &SCREENS {
        let text = advice::text(&advice, options);
        hold::screen(&text);
        hold::bounded(&text, input.len());
    }
    for text in cluster::fuzzing::texts(&objects) {
        hold::screen(&complaint(&text));
    }
    let case = cluster::fuzzing::case(&objects);
    judged(&case, &FAULTS, None, input.len());
    hold::json(&commands::saved(&case).unwrap_or_default());
    shown::report(&crate::model::report::Report { advice, ..shown::empty() }, input.len());
}

/// What az says of a connected cluster.
pub(super) fn azure(input: &[u8]) {
    match commands::azure(&String::from_utf8_lossy(input), Some("/subscriptions/s/x")) {
        Ok((document, cluster)) => {
            let case = Case { azure: Some(document), ..stuck(Vec::new()) };
            judged(&case, &FAULTS, Some(&cluster), input.len());
        }
        Err(error) => hold::screen(&complaint(&error)),
    }
}

/// The log of our own agent, in which others may write too.
pub(super) fn agent_log(input: &[u8]) {
    let mut reader = Reader::default();
    let mut writer = Writer::default();
    let mut again = Reader::default();
    for line in input.split(|b| *b == b'\n') {
        let record = match reader.read(&String::from_utf8_lossy(line)) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(error) => return hold::line(&error.to_string()),
        };
        let json = serde_json::to_string(&record).unwrap_or_else(|e| panic!("{e}"));
        let lines = writer.lines(&record).unwrap_or_else(|e| panic!("{e}"));
        let back = lines.lines().find_map(|line| again.read(line).unwrap_or_else(|e| panic!("{e}: {line}")));
        let back = back.map(|record| serde_json::to_string(&record).unwrap_or_default());
        assert_eq!(back.as_deref(), Some(json.as_str()));
        match record {
            Record::Seen(seen) => shown::seen(seen.observation, input.len()),
            Record::Inquiry(inquiry) => shown::discoveries(vec![inquiry], input.len()),
            _ => {}
        }
    }
    reader.foreign().for_each(hold::line);
}

/// The logs of the agents of Azure Arc.
pub(super) fn arc_log(input: &[u8]) {
    let mut redaction = Redaction::default();
    let text = String::from_utf8_lossy(input);
    let lines: Vec<_> = text.lines().map(|line| redaction.line(line)).collect();
    for line in &lines {
        hold::line(line);
    }
    let case = stuck(lines);
    let _ = (case.region(), case.cloud());
    judged(&case, &FAULTS, None, input.len());
}

/// What our agent is told.
pub(super) fn task(input: &[u8]) {
    let task = match Task::parse(input) {
        Ok(task) => task,
        Err(error) => return hold::screen(&complaint(&error)),
    };
    match task.prepare() {
        Ok((_, routes)) => {
            let lookout = task.lookout(&routes);
            let _ = (lookout.asks(), lookout.plan(BTreeMap::new()));
        }
        Err(error) => hold::screen(&complaint(&error)),
    }
    let json = task.to_json().unwrap_or_else(|e| panic!("{e}"));
    Task::parse(&json).unwrap_or_else(|e| panic!("what was written is no task: {e}"));
}

fn judged(case: &Case, catalogue: &Catalogue, azure: Option<&AzureCluster>, input: usize) {
    let Some((judgement, json)) = commands::judged(case, catalogue, azure) else { return };
    hold::json(&json);
    hold::bounded(&json, input);
    for options in &SCREENS {
        let text = chain::text(&judgement, "", options);
        hold::screen(&text);
        hold::bounded(&text, input);
    }
}

/// A cluster whose agents are there and not ready, with this log.
fn stuck(lines: Vec<String>) -> Case {
    let agent = |name: &str| {
        serde_json::json!({"kind": "Deployment", "spec": {"replicas": 1},
            "metadata": {"name": name, "namespace": "azure-arc", "creationTimestamp": "2026-11-20T10:00:00Z"}})
    };
    let log = Log {
        namespace: "azure-arc".into(),
        pod: "clusterconnect-agent-1".into(),
        container: "c".into(),
        previous: false,
        lines,
    };
    Case {
        schema_version: VERSION,
        taken_at: "2026-11-28T10:00:00Z".into(),
        objects: ["config-agent", "clusterconnect-agent", "clusteridentityoperator"].map(agent).into(),
        logs: vec![log],
        ..Case::default()
    }
}

static FAULTS: LazyLock<Catalogue> = LazyLock::new(|| faults::builtin().unwrap_or_else(|e| panic!("{e}")));
