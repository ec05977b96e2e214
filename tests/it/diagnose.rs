//! `arcprobe diagnose` on saved evidence, on what users give by mistake, and on API servers that do not answer.

use std::time::Instant;

use serde_json::{Value, json};

use crate::fake_api::{FakeApi, Scenario};
use crate::program::Program;

const EVIDENCE: &str = "fixtures/evidence/no-identity.json";
const AZURE: &str = "fixtures/evidence/az-show.json";

fn diagnose() -> Program {
    Program::new().args(["diagnose"])
}

fn write_file(directory: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn the_first_broken_stage_comes_first_and_the_others_follow() {
    let chain = diagnose().args(["--evidence", EVIDENCE, "-o", "json"]).run().exits(3).json();
    assert_eq!(chain["schema_version"], 1);
    assert_fits_schema(&chain);
    let findings: Vec<_> =
        chain["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert_eq!(findings, ["arc_his_unreachable"]);
    let state = |link: &str| {
        let links = chain["links"].as_array().unwrap();
        links.iter().find(|l| l["link"] == link).unwrap()["state"].as_str().unwrap().to_owned()
    };
    let states = ["images", "identity", "tokens", "data_plane", "connect"].map(state);
    assert_eq!(states, ["ok", "broken", "follows", "follows", "follows"]);
}

#[track_caller]
fn assert_fits_schema(diagnosis: &Value) {
    let validator = jsonschema::validator_for(&arcprobe::report::diagnosis::schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(diagnosis).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&json!({"schema_version": 1})));
}

#[test]
fn what_azure_says_comes_from_a_file_or_from_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let pasted = std::fs::read_to_string(AZURE).unwrap().replace('"', "\u{201d}");
    let pasted = write_file(&directory, "pasted.json", &pasted);
    let see = |file: &str| {
        diagnose()
            .args(["--evidence", EVIDENCE, "-o", "json", "--connected-cluster", file])
            .run()
            .exits(3)
            .json()
    };
    assert_eq!(see(AZURE)["cluster"]["status"], "Connecting");
    assert_eq!(see(&pasted)["cluster"]["status"], "Connecting");
    let mut command =
        diagnose().args(["--evidence", EVIDENCE, "-o", "json", "--connected-cluster", "-"]).into_command();
    let child = command.stdin(std::fs::File::open(AZURE).unwrap()).output().unwrap();
    let chain: Value = serde_json::from_slice(&child.stdout).unwrap();
    assert_eq!(chain["cluster"]["status"], "Connecting");
}

#[test]
fn bad_input_is_named_with_its_value_and_what_would_be_right() {
    let directory = tempfile::tempdir().unwrap();
    let table = write_file(&directory, "table.txt", "Name  Location  ResourceGroup\nedge  eastus  g\n");
    let other =
        write_file(&directory, "vm.json", r#"{"type": "Microsoft.Compute/virtualMachines", "name": "x"}"#);
    let none = write_file(&directory, "none.json", "[1, 2]");
    let future =
        write_file(&directory, "future.json", r#"{"schema_version": 9, "taken_at": "2026-11-27T10:00:00Z"}"#);
    let time = write_file(&directory, "time.json", r#"{"schema_version": 1, "taken_at": "yesterday"}"#);
    let faults = write_file(&directory, "faults.yaml", "faults:\n  - id: x\n    link: nowhere\n");
    let rows: [(&[&str], &[&str]); 7] = [
        (&["--evidence", "nowhere.json"], &["--evidence nowhere.json", "No such file"]),
        (&["--evidence", &none], &["--evidence ", "no evidence as --save-evidence writes it"]),
        (&["--evidence", &future], &["schema_version is 9; this program reads 1"]),
        (&["--evidence", &time], &["taken_at is \"yesterday\"; a time such as"]),
        (
            &["--evidence", EVIDENCE, "--connected-cluster", &table],
            &["--connected-cluster ", "no JSON", "az connectedk8s show"],
        ),
        (&["--evidence", EVIDENCE, "--connected-cluster", &other], &["Microsoft.Compute/virtualMachines"]),
        (
            &["--evidence", EVIDENCE, "--faults", &faults],
            &["--faults ", "faults.yaml", "nowhere", "data_plane"],
        ),
    ];
    for (args, words) in rows {
        let ran = diagnose().args(args).run().exits(2);
        for word in words {
            assert!(ran.stderr.contains(word), "{args:?}: {word}: {}", ran.stderr);
        }
        assert!(ran.stdout.is_empty());
    }
}

/// The same evidence as a folder, a tarball, an archive of Windows and one stream gives the same diagnosis.
#[test]
fn evidence_comes_in_at_any_door() {
    let directory = tempfile::tempdir().unwrap();
    let dump = write_dump(directory.path());
    let stream = write_file(
        &directory,
        "stream.txt",
        &dump.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n"),
    );
    let tar = directory.path().join("dump.tar.gz");
    let packed =
        flate2::write::GzEncoder::new(std::fs::File::create(&tar).unwrap(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(packed);
    archive.append_dir_all("dump", directory.path().join("dump")).unwrap();
    archive.into_inner().unwrap().finish().unwrap();
    let zip = directory.path().join("dump.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    for (path, text) in &dump {
        archive.start_file(path.replace('/', "\\"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let folder = directory.path().join("dump").display().to_string();
    for evidence in [folder, tar.display().to_string(), zip.display().to_string(), stream] {
        let chain = diagnose().args(["--evidence", &evidence, "-o", "json"]).run().exits(3).json();
        assert_eq!(chain["findings"][0]["id"], "arc_his_unreachable", "{evidence}");
    }
    let empty = directory.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let ran = diagnose().args(["--evidence", &empty.display().to_string()]).run().exits(2);
    assert!(ran.stderr.contains("nothing of the namespace azure-arc is in 0 files"), "{}", ran.stderr);
}

/// The stored evidence in the files of `kubectl cluster-info dump`.
fn write_dump(root: &std::path::Path) -> Vec<(String, String)> {
    let evidence: Value = serde_json::from_slice(&std::fs::read(EVIDENCE).unwrap()).unwrap();
    let mut lists = std::collections::BTreeMap::<(String, String), Vec<Value>>::new();
    for object in evidence["objects"].as_array().unwrap() {
        let kind = object["kind"].as_str().unwrap().replace("SecretMetadata", "Secret");
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        lists.entry((namespace, kind)).or_default().push(object.clone());
    }
    let mut files: Vec<_> = lists
        .into_iter()
        .map(|((namespace, kind), mut items)| {
            for item in &mut items {
                item.as_object_mut().unwrap().remove("kind");
            }
            let list = json!({"kind": format!("{kind}List"), "apiVersion": "v1", "items": items});
            (format!("dump/{namespace}/{kind}s.json").replace("//", "/"), list.to_string())
        })
        .collect();
    for log in evidence["logs"].as_array().unwrap() {
        let [namespace, pod, container] =
            ["namespace", "pod", "container"].map(|key| log[key].as_str().unwrap());
        let lines: Vec<_> =
            log["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let heading = format!("logs for container {container} of pod {namespace}/{pod} ====");
        let text = format!("==== START {heading}\n{}\n==== END {heading}\n", lines.join("\n"));
        files.push((format!("dump/{namespace}/{pod}/{container}/logs.txt"), text));
    }
    for (path, text) in &files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    files
}

#[test]
fn a_fault_of_the_user_needs_no_code() {
    let directory = tempfile::tempdir().unwrap();
    let faults = write_file(
        &directory,
        "own.yaml",
        "faults:
  - id: our_firewall
    link: identity
    title: our own firewall drops the identity service
    means: The rule is missing.
    azure: The cluster stays Connecting.
    who: The firewall team.
    remedy: File a ticket.
    sources: [https://intranet.example/firewall]
    signs:
      - in: log
        agent: clusteridentityoperator
        text: 'dial tcp 20\\.61\\..*i/o timeout'
",
    );
    let args = ["--evidence", EVIDENCE, "-o", "json", "--faults", &faults];
    let chain = diagnose().args(args).run().exits(3).json();
    assert_eq!(chain["findings"][0]["id"], "our_firewall");
}

#[test]
fn evidence_of_others_is_sanitized() {
    let directory = tempfile::tempdir().unwrap();
    let mut case: Value = serde_json::from_str(&std::fs::read_to_string(EVIDENCE).unwrap()).unwrap();
    let evil = "\u{1b}]0;owned\u{7} his.arc.azure.com: i/o timeout \u{202e}";
    case["context"] = evil.into();
    case["logs"] = json!([{"namespace": "azure-arc", "pod": "clusteridentityoperator-6d5f7c9b8-x0", "container": evil,
        "previous": false, "lines": [evil.repeat(200)]}]);
    for object in case["objects"].as_array_mut().unwrap() {
        object["spec"] = json!({"replicas": "many"});
        object["status"]["conditions"] = json!("none");
    }
    let file = write_file(&directory, "evil.json", &case.to_string());
    let ran = diagnose().args(["--evidence", &file]).run();
    assert!(ran.stdout.len() > 200 && ran.stdout.len() < 20_000);
    assert!(!ran.stdout.chars().any(|c| c == '\u{1b}' || c == '\u{7}' || c == '\u{202e}'), "{}", ran.stdout);
}

#[test]
fn an_unreachable_or_unauthorized_api_server_is_reported_without_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(Scenario { refuses_all: Some((401, "Unauthorized")), ..Scenario::default() });
    let config = api.kubeconfig(directory.path());
    let started = Instant::now();
    let chain =
        diagnose().args(["--kube-config", config.to_str().unwrap(), "-o", "json"]).run().exits(5).json();
    assert_eq!(
        (&chain["findings"][0]["id"], &chain["verdict"]),
        (&json!("arc_api_unreachable"), &json!("unknown"))
    );
    let closed = crate::fake_api::kubeconfig(directory.path(), "http://127.0.0.1:1");
    let chain =
        diagnose().args(["--kube-config", closed.to_str().unwrap(), "-o", "json"]).run().exits(5).json();
    assert!(chain["findings"][0]["explanation"].as_str().unwrap().contains("refuse"), "{chain:#}");
    assert!(started.elapsed().as_secs() < 30);
}

/// What an API server says of a cluster with agents, as far as the command needs it.
pub(crate) fn connected_cluster() -> Scenario {
    let case: Value = serde_json::from_str(&std::fs::read_to_string(EVIDENCE).unwrap()).unwrap();
    let of = |kind: &str, namespace: Option<&str>| {
        let all = case["objects"].as_array().unwrap().iter();
        let fits = |o: &&Value| o["kind"] == kind && o["metadata"]["namespace"].as_str() == namespace;
        json!({"kind": format!("{kind}List"), "apiVersion": "v1", "metadata": {}, "items": all.filter(fits).collect::<Vec<_>>()})
    };
    let config = of("ConfigMap", Some("azure-arc"))["items"][0].clone();
    let secrets = json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": [
        {"metadata": {"name": "azure-arc-connect-privatekey", "namespace": "azure-arc"}, "data": {"privateKey": "dG9wc2VjcmV0"}}]});
    let apps = "/apis/apps/v1/namespaces/azure-arc/deployments";
    Scenario {
        answers: vec![
            ("/api/v1/namespaces/azure-arc", 200, of("Namespace", None)["items"][0].clone()),
            ("/api/v1/nodes", 200, of("Node", None)),
            (apps, 200, of("Deployment", Some("azure-arc"))),
            ("/api/v1/namespaces/azure-arc/pods", 200, of("Pod", Some("azure-arc"))),
            ("/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig", 200, config),
            ("/api/v1/namespaces/azure-arc/secrets", 200, secrets),
        ],
        ..Scenario::default()
    }
}

#[test]
fn only_names_of_secrets_are_read_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(connected_cluster());
    let config = api.kubeconfig(directory.path());
    let saved = directory.path().join("saved.json");
    let args = ["--no-probe", "-o", "json", "--kube-config", config.to_str().unwrap()];
    let ran = diagnose().args(args).args(["--save-evidence", saved.to_str().unwrap()]).run().exits(3);
    assert_eq!(ran.json()["findings"][0]["id"], "arc_identity_missing", "{}", ran.stdout);
    let saved = std::fs::read_to_string(saved).unwrap();
    assert!(saved.contains("azure-arc-connect-privatekey") && !saved.contains("dG9wc2VjcmV0"));
    let seen = api.request_lines();
    assert!(
        seen.iter().any(|r| r.ends_with("/secrets")) && !seen.iter().any(|r| r.contains("/secrets/")),
        "{seen:?}"
    );
    let reads = |r: &String| r.starts_with("GET ") || r.ends_with("/selfsubjectaccessreviews");
    assert!(seen.iter().all(reads), "it only reads, and asks for its permissions: {seen:?}");
}

/// The bundle, the agents' proxies, the prerequisites and the networks want the same objects.
#[test]
fn each_source_is_asked_for_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut scenario = connected_cluster();
    // proxies, so that the networks are read too
    let (_, _, deployments) =
        scenario.answers.iter_mut().find(|(path, ..)| path.ends_with("/deployments")).unwrap();
    deployments["items"][0]["spec"]["template"]["spec"]["containers"] =
        json!([{"name": "c", "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}]}]);
    for more in [&["--no-probe"][..], &[]] {
        let api = FakeApi::start(scenario.clone());
        let config = api.kubeconfig(directory.path());
        diagnose().args(["--kube-config", config.to_str().unwrap()]).args(more).run().exits(3);
        let seen = api.request_lines();
        assert_eq!(seen.iter().any(|line| line.ends_with("/apis")), more.is_empty(), "it probes: {seen:#?}");
        let count = |path: &str| seen.iter().filter(|line| **line == format!("GET {path}")).count();
        for path in [
            "/version",
            "/api/v1/nodes",
            "/api/v1/services",
            "/api/v1/namespaces/azure-arc",
            "/apis/apps/v1/namespaces/azure-arc/deployments",
            "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig",
            "/api/v1/namespaces/kube-system/configmaps/coredns",
        ] {
            assert_eq!(count(path), 1, "{path}: {seen:#?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn az_runs_only_when_the_user_asks_for_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(connected_cluster());
    let config = api.kubeconfig(directory.path());
    let see = |script: &str| {
        let az = directory.path().join("az");
        std::fs::write(&az, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/bin:/usr/bin", directory.path().display());
        let args = ["--no-probe", "--az", "-o", "json", "--kube-config", config.to_str().unwrap()];
        diagnose().args(args).env("PATH", &path).run()
    };
    let file = format!("{}/{AZURE}", env!("CARGO_MANIFEST_DIR"));
    let asked = directory.path().join("asked");
    let ran = see(&format!("echo \"$@\" > {}; cat {file}", asked.display()));
    assert_eq!(ran.json()["cluster"]["status"], "Connecting", "{}", ran.stderr);
    let asked = std::fs::read_to_string(asked).unwrap();
    assert!(
        asked.starts_with("connectedk8s show --ids /subscriptions/") && asked.contains("plant-7"),
        "{asked}"
    );
    let ran = see("echo 'Please run az login' >&2; exit 1");
    assert_eq!(ran.json()["cluster"]["status"], Value::Null);
    assert!(ran.stderr.contains("Please run az login"), "{}", ran.stderr);
}
