//! Several clusters in one run, through the real binary against API servers that answer as real ones do.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fake_api::{FakeApi, Scenario};
use crate::inside::payload;
use crate::kubeconfig::write_kubeconfig;
use crate::lab::{Host, Http, Lab, Serves};
use crate::program::{Program, RunResult};

/// A kubeconfig with a context for each server.
fn kubeconfig(directory: &Path, servers: &[(&str, String)]) -> PathBuf {
    let clusters: Vec<_> = servers.iter().map(|(name, url)| (*name, json!({"server": url}))).collect();
    write_kubeconfig(directory, "ops", &clusters, &json!({"token": "t0ken"}))
}

fn check(config: &Path, contexts: &str, more: &[&str]) -> RunResult {
    let args =
        ["check", "--from", "pod", "--kube-config", config.to_str().unwrap(), "--kube-context", contexts];
    // none is built into a program for tests
    let agent = payload(config.parent().unwrap(), "amd64", env!("CARGO_PKG_VERSION"));
    Program::new()
        .args(args)
        .args(["--timeout", "1s", "--agent-binary", agent.to_str().unwrap()])
        .args(more)
        .run()
}

const REFUSES: Scenario = Scenario {
    refuses_all: None,
    forbidden: None,
    refuses_jobs: Some((403, "admission webhook \"policy.contoso.example\" denied the request: no")),
    failed_create: None,
    pod: None,
    answers: Vec::new(),
    logs: Vec::new(),
    unanswered: None,
    agent_resolver: None,
    nodes: 1,
};

/// One whose agents have this region.
fn in_region(region: &str) -> FakeApi {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "azure-clusterconfig"},
        "data": {"AZURE_REGION": region}});
    let path = "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig";
    FakeApi::start(Scenario { answers: vec![(path, 200, map)], ..REFUSES })
}

/// Two with the same webhook, one that is not there: a report each, one shared cause, nothing left anywhere.
#[test]
fn causes_shared_by_two_clusters_are_reported_once() {
    let directory = tempfile::tempdir().unwrap();
    let apis = [FakeApi::start(REFUSES), FakeApi::start(REFUSES)];
    let config = kubeconfig(
        directory.path(),
        &[("one", apis[0].url()), ("two", apis[1].url()), ("gone", "https://127.0.0.1:1".into())],
    );
    let saved = directory.path().join("fleet.json");
    let save = ["-l", "eastus", "-o", "json", "--save", saved.to_str().unwrap()];
    let ran = check(&config, "one, two,gone", &save).exits(5);
    let fleet = ran.json();
    let schema: Value =
        serde_json::from_str(include_str!("../../src/report/schema-fleet-v1.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&fleet).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let contexts: Vec<_> =
        fleet["clusters"].as_array().unwrap().iter().map(|c| c["context"].as_str().unwrap()).collect();
    assert_eq!(contexts, ["one", "two", "gone"]);
    assert_eq!(fleet["clusters"][0]["server"], apis[0].url());
    let shared = fleet["shared"].as_array().unwrap();
    let refused: Vec<_> = shared.iter().filter(|shared| shared["id"] == "agent_refused").collect();
    assert_eq!(refused.len(), 1, "{shared:#?}");
    let found: Vec<_> = refused[0]["found"].as_array().unwrap().iter().map(|f| &f["context"]).collect();
    assert_eq!(found, ["one", "two"]);
    assert_eq!(refused[0]["not_in"], json!(["gone"]));
    assert_eq!(fleet["clusters"][2]["report"]["findings"][0]["id"], "cluster_unreachable");
    for api in &apis {
        let seen = api.request_lines();
        for what in ["/jobs", "/configmaps", "/secrets"] {
            let count = |verb: &str, is: fn(&str, &str) -> bool| {
                seen.iter().filter(|s| s.starts_with(verb) && is(s, what)).count()
            };
            let (made, gone) = (count("POST", |s, w| s.ends_with(w)), count("DELETE", |s, w| s.contains(w)));
            assert!(gone >= made, "{what}: {seen:?}");
        }
    }
    // the file says the same, and one cluster can be taken out of it
    let file = saved.to_str().unwrap();
    let again = Program::new().args(["report", file, "-o", "json"]).run().exits(5).json();
    assert_eq!(again, fleet);
    let one = Program::new().args(["report", file, "--cluster", "gone", "-o", "json"]).run().exits(5).json();
    assert_eq!(one, fleet["clusters"][2]["report"]);
    let text = Program::new().args(["report", file]).run().exits(5).stdout;
    assert!(text.starts_with("INCOMPLETE: 3 of 3 clusters are undecided, since"), "{text}");
    let diff = Program::new().args(["report", file, "--cluster", "one", "--diff", file]).run().exits(0);
    assert!(diff.stdout.contains("Nothing"), "{}", diff.stdout);
}

/// Without a region each cluster is asked for its own; one that does not say is undecided, and the others are checked.
#[test]
fn each_cluster_has_its_own_region() {
    let directory = tempfile::tempdir().unwrap();
    let apis = [in_region("westeurope"), in_region("eastus")];
    let bare = FakeApi::start(REFUSES);
    let config =
        kubeconfig(directory.path(), &[("eu", apis[0].url()), ("us", apis[1].url()), ("new", bare.url())]);
    let fleet = check(&config, "eu,us,new", &["-o", "json"]).exits(5).json();
    let region = |place: usize| fleet["clusters"][place]["report"]["run"]["region"].clone();
    assert_eq!((region(0), region(1)), (json!("westeurope"), json!("eastus")), "{fleet:#}");
    let error = fleet["clusters"][2]["error"].as_str().unwrap();
    assert!(error.contains("--location REGION"), "{error}");
}

/// A region that nobody knows is a cluster's own trouble; in every cluster it is wrong usage.
#[test]
fn an_error_of_one_cluster_does_not_affect_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let apis = [in_region("eastus"), in_region("no-such-region"), in_region("nor-this-one")];
    let config = kubeconfig(
        directory.path(),
        &[("good", apis[0].url()), ("odd", apis[1].url()), ("odder", apis[2].url())],
    );
    let fleet = check(&config, "good,odd", &["-o", "json"]).exits(5).json();
    assert_eq!(fleet["clusters"][0]["report"]["run"]["region"], "eastus");
    let error = fleet["clusters"][1]["error"].as_str().unwrap();
    assert!(error.contains("no-such-region"), "{error}");
    let ran = check(&config, "odd,odder", &[]).exits(2);
    assert!(ran.stderr.contains("no-such-region"), "{}", ran.stderr);
}

#[test]
fn flags_for_one_cluster_are_refused_with_several() {
    let directory = tempfile::tempdir().unwrap();
    let config = kubeconfig(
        directory.path(),
        &[("a", "https://127.0.0.1:1".into()), ("b", "https://127.0.0.1:1".into())],
    );
    let table: &[(&str, &[&str], &str)] = &[
        ("a,b", &["-l", "eastus", "--wait", "1m"], "--kube-context a,b: --wait is about one cluster"),
        ("a,b", &["-l", "eastus", "--node", "n"], "--node is about one cluster"),
        ("a,,b", &["-l", "eastus"], "the name at place 2 is empty"),
        ("a,b,a", &["-l", "eastus"], "a is named twice"),
        ("a,c", &["-l", "eastus"], "--kube-context \"c\" does not exist; the contexts of"),
        ("a,b", &["-l", "nowhere"], "nowhere"),
        ("a,b", &["-l", "eastus", "--save", "x.pdf"], "x.pdf"),
    ];
    for (contexts, more, words) in table {
        let ran = check(&config, contexts, more);
        assert_eq!(ran.code, 2, "{contexts} {more:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    let here = ["check", "-l", "eastus", "--kube-config", config.to_str().unwrap(), "--kube-context", "a,b"];
    let ran = Program::new().args(here).run().exits(2);
    assert!(ran.stderr.contains("add --from pod,node"), "{}", ran.stderr);
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/fleet.json");
    let ran = Program::new().args(["report", fixture, "--cluster", "nope"]).run().exits(2);
    assert!(
        ran.stderr.contains("there are shop-eastus, shop-westeurope, build, lab, factory"),
        "{}",
        ran.stderr
    );
    let ran = Program::new().args(["report", fixture, "--diff", fixture]).run().exits(2);
    assert!(ran.stderr.contains("--cluster NAME"), "{}", ran.stderr);
    let ran = Program::new().args(["requirements", "--only-unmet", fixture]).run().exits(2);
    assert!(ran.stderr.contains("--cluster NAME"), "{}", ran.stderr);
}

#[test]
fn a_webhook_gets_the_report_of_all_clusters() {
    let lab = Lab::start(vec![Host::new("hook.lab.example", Serves::PlainHttp(Http::Status(200)))]);
    let directory = tempfile::tempdir().unwrap();
    let apis = [FakeApi::start(REFUSES), FakeApi::start(REFUSES)];
    let config = kubeconfig(directory.path(), &[("one", apis[0].url()), ("two", apis[1].url())]);
    let push = format!("http://127.0.0.1:{}/hook", lab.port("hook.lab.example"));
    let ran = check(&config, "one,two", &["-l", "eastus", "-o", "json", "--push", &push]).exits(5);
    let [request] = lab.received("hook.lab.example").try_into().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), ran.json());
}
