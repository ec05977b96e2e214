//! Files that the first programs of version 1 wrote stay readable, with the words that they had then.

use std::fs;
use std::path::Path;

use arcprobe::analysis::connectivity::support_bundle::SupportBundle;
use arcprobe::model::prerequisite_facts::{Fetched, PrerequisiteFacts};
use arcprobe::model::report::Report;
use arcprobe::model::vantage::VantageErrorKind;
use arcprobe::report::json;

#[test]
fn a_report_with_the_old_words_reads_as_one_with_the_new_words() {
    let old = stored("report");
    let new = [
        ("\"trouble\": \"rights\"", "\"error_kind\": \"permissions\""),
        ("\"trouble\": null", "\"error_kind\": null"),
        ("\"id\": \"room\"", "\"id\": \"capacity\""),
        ("\"id\": \"rights\"", "\"id\": \"permissions\""),
        ("\"id\": \"leftovers\"", "\"id\": \"remnants\""),
    ];
    let read = |text: &str| -> Report { json::parse(text.as_bytes()).unwrap() };
    let report = read(&old);
    assert_eq!(json::render(&report), json::render(&read(&replace_words(&old, &new))));
    assert_eq!(report.vantages[1].error_kind, Some(VantageErrorKind::Permissions));
    let ids: Vec<_> = report.prerequisites.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(
        ids,
        ["kubeconfig", "kubernetes", "nodes", "capacity", "permissions", "providers", "remnants"]
    );
}

#[test]
fn evidence_with_the_old_words_reads_as_evidence_with_the_new_words() {
    let old = stored("evidence");
    let new =
        [("\"told\":", "\"read\":"), ("\"rights\":", "\"permissions\":"), ("\"traces\":", "\"remnants\":")];
    let read = |text: &str| SupportBundle::from_json(text.as_bytes()).unwrap();
    let evidence = read(&old);
    let written = |evidence: &SupportBundle| serde_json::to_string(evidence).unwrap();
    assert_eq!(written(&evidence), written(&read(&replace_words(&old, &new))));
    let Fetched::Read(cluster) = evidence.prerequisites.unwrap().cluster else { panic!("no answer") };
    assert_eq!(cluster.permissions.unwrap().missing, ["create namespaces"]);
    assert_eq!((cluster.remnants.deployments, cluster.remnants.newest_s), (13, Some(270_000)));
}

#[test]
fn a_cluster_that_did_not_answer_reads_the_same() {
    let facts: PrerequisiteFacts = serde_json::from_str(r#"{"cluster":{"silent":"no answer"}}"#).unwrap();
    assert!(matches!(facts.cluster, Fetched::Unreachable(why) if why == "no answer"));
}

fn stored(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/version-1");
    fs::read_to_string(folder.join(name).with_extension("json")).unwrap()
}

/// Each of them has to be there, so that a sample cannot lose what it is for.
fn replace_words(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "no {old}");
        text.replace(old, new)
    })
}
