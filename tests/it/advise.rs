//! Advice on networks, through the real binary: from files, from flags, and from an API server with the texts of real ones.

use serde_json::{Value, json};

use crate::fake_api::{FakeApi, Scenario};
use crate::program::{Program, RunResult};

const KUBEADM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/clusters/kubeadm");

fn run_advise<'a>(args: impl IntoIterator<Item = &'a str>) -> RunResult {
    Program::new().args(["advise"]).args(args).run()
}

fn skip_range_of(ran: &RunResult) -> String {
    ran.json()["advice"]["skip_range"]["value"].as_str().unwrap().to_owned()
}

/// The whole screen, for a value that was copied from somewhere.
#[test]
fn a_copied_skip_range_is_distinguished_from_a_correct_one() {
    let copied = "10.96.0.0/16,kubernetes.default.svc,.svc,.azure.com";
    let ran = run_advise([
        "--from-files",
        KUBEADM,
        "-l",
        "eastus",
        "--proxy-https",
        "http://joe:topsecret@proxy.corp.example:3128",
        "--proxy-skip-range",
        copied,
        "--no-proxy",
    ])
    .exits(3);
    assert!(!ran.stdout.contains("topsecret"));
    let own = |line: &&str| !line.contains("this machine asks it");
    let screen = ran.stdout.lines().filter(own).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("advise", screen);
}

#[test]
fn a_correct_skip_range_is_confirmed() {
    let right = "10.96.0.0/12,10.244.0.0/16,192.168.7.10,kubernetes.default.svc,.svc,.svc.cluster.local";
    let ran = run_advise(["--from-files", KUBEADM, "-o", "json"]).exits(0);
    assert_eq!(skip_range_of(&ran), right);
    let ran = run_advise([
        "--from-files",
        KUBEADM,
        "--proxy-https",
        "http://proxy:3128",
        "--proxy-skip-range",
        right,
    ])
    .exits(0);
    assert!(ran.stdout.contains("✓ the value of --proxy-skip-range has all of this"), "{}", ran.stdout);
}

#[test]
fn flags_alone_are_enough() {
    let flags = [
        "--no-cluster",
        "--service-cidr",
        "10.43.0.0/16",
        "--service-cidr",
        "fd00:43::/112",
        "--pod-cidr",
        "10.42.0.0/16",
        "--api-server",
        "10.1.2.3",
        "--api-server",
        "api.corp.example",
        "--cluster-domain",
        "corp.local",
        "--add",
        ".corp.example",
        "-o",
        "json",
    ];
    let ran = run_advise(flags).exits(0);
    assert_eq!(
        skip_range_of(&ran),
        "10.43.0.0/16,fd00:43::/112,10.42.0.0/16,10.1.2.3,api.corp.example,kubernetes.default.svc,.svc,.svc.corp.local,.corp.example"
    );
    run_advise(["--no-cluster"]).exits(5);
    let colliding =
        ["--no-cluster", "--service-cidr", "10.0.0.0/16", "--pod-cidr", "10.0.128.0/17", "-o", "json"];
    assert!(
        run_advise(colliding).exits(3).stdout.contains("overlap: a pod can have the address of a Service")
    );
}

#[test]
fn both_ranges_as_flags_need_no_kubeconfig() {
    let ranges = ["--service-cidr", "10.96.0.0/16", "--pod-cidr", "10.244.0.0/16", "-o", "json"];
    let alone = run_advise(ranges).exits(0);
    assert_eq!(alone.stdout, run_advise(["--no-cluster"].into_iter().chain(ranges)).exits(0).stdout);
    let named = run_advise(["--kube-config", "/nonexistent"].into_iter().chain(ranges)).exits(2);
    assert!(named.stderr.contains("--kube-config /nonexistent"), "{}", named.stderr);
    run_advise(ranges[2..].iter().copied()).exits(2);
}

#[test]
fn planned_ranges_avoid_ranges_in_use() {
    let ran =
        run_advise(["--plan", "--avoid", "172.16.0.0/12,10.0.0.0/9", "--pods", "14", "--services", "22"])
            .exits(0);
    assert!(ran.stdout.contains("free for pods      10.128.0.0/14\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("free for services  10.132.0.0/22\n"), "{}", ran.stdout);
    let ran = run_advise(["--plan", "--avoid", "0.0.0.0/0"]).exits(2);
    assert!(ran.stderr.contains("give longer prefixes"), "{}", ran.stderr);
}

#[test]
fn wrong_files_and_flags_are_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    assert!(
        run_advise(["--from-files", path]).exits(2).stderr.contains("there is no file with the ending .json")
    );
    std::fs::write(directory.path().join("a.json"), "{\"x\": 1}").unwrap();
    assert!(run_advise(["--from-files", path]).exits(2).stderr.contains("a.json: no Kubernetes object"));
    std::fs::write(directory.path().join("a.json"), "{").unwrap();
    assert!(run_advise(["--from-files", path]).exits(2).stderr.contains("a.json"));
    assert!(
        run_advise(["--service-cidr", "10.96.0.1/12"])
            .exits(2)
            .stderr
            .contains("the network is 10.96.0.0/12")
    );
    assert!(run_advise(["--pod-cidr", "pods"]).exits(2).stderr.contains("write it as 10.96.0.0/12"));
}

/// What an API server says to a Service outside of its range, and what becomes of it.
#[test]
fn the_service_range_is_read_from_refusals_of_all_versions() {
    let services = "/api/v1/namespaces/ops/services";
    let table = [
        (
            422,
            "provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12",
            Some("10.96.0.0/12"),
        ),
        (
            422,
            "failed to allocate IP 240.0.0.1: the provided IP (240.0.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16",
            Some("10.96.0.0/16"),
        ),
        (422, "failed to allocate IP 240.0.0.1: the provided network does not match the current range", None),
        (403, "services is forbidden", None),
    ];
    for (status, text, expected) in table {
        let report = advise_with_api(vec![(services, status, text.into())], &[]);
        let counting = list_counting_networks(&report);
        match expected {
            Some(range) => assert_eq!(counting, [format!("{range} high")], "{text}"),
            None => assert_eq!(counting, ["10.96.0.0/28 low"], "{text}"),
        }
    }
}

/// Accepted says nothing; asked for real it is refused, or taken back.
#[test]
fn an_accepted_proposal_reveals_no_range() {
    let report = advise_with_api(vec![], &[]);
    assert_eq!(list_counting_networks(&report), ["10.96.0.0/28 low"]);
    assert!(report["advice"]["skipped"].to_string().contains("--propose-service"));
    let report = advise_with_api(vec![], &["--propose-service"]);
    assert!(report["advice"]["skipped"].to_string().contains("took the Service"));
}

#[test]
fn a_new_server_publishes_its_service_ranges() {
    let cidrs = json!({"kind": "ServiceCIDRList", "apiVersion": "networking.k8s.io/v1", "metadata": {},
        "items": [{"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/20", "fd00::/112"]}}]});
    let report =
        advise_with_api(vec![("/apis/networking.k8s.io/v1/servicecidrs", 200, cidrs)], &["--no-dry-run"]);
    assert_eq!(list_counting_networks(&report), ["10.96.0.0/20 high", "fd00::/112 high"]);
}

#[test]
fn a_viewer_with_few_permissions_gets_partial_advice() {
    let forbidden = |path| (path, 403, Value::from("forbidden"));
    let report = advise_with_api(
        ["/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"]
            .map(forbidden)
            .to_vec(),
        &["--no-dry-run"],
    );
    assert_eq!(list_counting_networks(&report), ["10.96.0.0/28 low"]);
    let skipped = report["advice"]["skipped"].as_array().unwrap();
    assert_eq!(skipped.iter().filter(|s| s["why"] == "forbidden").count(), 3, "{skipped:#?}");
}

/// The advice of an API server with two Services, and these answers too.
fn advise_with_api(answers: Vec<(&'static str, u16, Value)>, more: &[&str]) -> Value {
    let services = json!({"kind": "ServiceList", "apiVersion": "v1", "metadata": {}, "items": [
        {"metadata": {"name": "kubernetes", "namespace": "default"}, "spec": {"clusterIP": "10.96.0.1"}},
        {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": {"clusterIP": "10.96.0.10"}}]});
    let mut all = vec![("/api/v1/services", 200, services)];
    all.extend(answers);
    let directory = tempfile::tempdir().unwrap();
    let api = FakeApi::start(Scenario { answers: all, ..Scenario::default() });
    let config = api.kubeconfig(directory.path()).display().to_string();
    run_advise(["--kube-config", &config, "-o", "json"].into_iter().chain(more.iter().copied())).json()
}

fn list_counting_networks(report: &Value) -> Vec<String> {
    let networks = report["advice"]["networks"].as_array().unwrap();
    let counts = networks.iter().filter(|n| n["role"] == "services" && n["counts"] == true);
    counts
        .map(|n| format!("{} {}", n["network"].as_str().unwrap(), n["confidence"].as_str().unwrap()))
        .collect()
}

#[test]
fn api_server_accepts_the_url_of_a_kubeconfig() {
    for text in ["https://10.1.2.3:6443", "10.1.2.3:6443", "10.1.2.3", "https://joe:pw@x@10.1.2.3"] {
        let ran = run_advise([
            "--no-cluster",
            "--service-cidr",
            "10.43.0.0/16",
            "--api-server",
            text,
            "-o",
            "json",
        ]);
        let value = skip_range_of(&ran.exits(0));
        assert!(value.starts_with("10.43.0.0/16,10.1.2.3,kubernetes"), "{text}: {value}");
    }
    let name = run_advise([
        "--no-cluster",
        "--service-cidr",
        "10.43.0.0/16",
        "--api-server",
        "api.corp.example:6443",
    ])
    .exits(0);
    assert!(name.stdout.contains("the API server by its name (--api-server)"), "{}", name.stdout);
    for (flag, text) in [
        ("--api-server", "a b"),
        ("--api-server", "api:x"),
        ("--add", "x;$(id)'"),
        ("--add", ""),
        ("--cluster-domain", ""),
        ("--cluster-domain", "a b"),
    ] {
        let error_text = run_advise(["--no-cluster", flag, text]).exits(2).stderr;
        assert!(error_text.contains(flag) && error_text.contains("write it as"), "{error_text}");
    }
}

#[test]
fn a_skip_range_is_judged_without_a_region_and_without_a_proxy() {
    let flags = ["--no-cluster", "--no-proxy", "--service-cidr", "10.43.0.0/16"];
    let judge = |more: &[&'static str]| run_advise([&flags[..], more].concat());
    let around = "10.43.0.0/16,kubernetes.default.svc,.svc,.svc.cluster.local,.azure.com";
    let ran = judge(&["--proxy-https", "http://h:1", "--proxy-skip-range", around]).exits(3);
    assert!(ran.stdout.contains("management.azure.com around the proxy"), "{}", ran.stdout);
    let ran = judge(&["--proxy-skip-range", "10.43.0.0/24"]).exits(3);
    assert!(ran.stdout.contains("10.43.0.0/24 is too narrow"), "{}", ran.stdout);
    assert!(judge(&["--cloud", "mars"]).exits(2).stderr.contains("mars"));
}

#[test]
fn an_unknown_service_range_is_reported() {
    let ran = run_advise(["--no-cluster", "--pod-cidr", "10.42.0.0/16"]).exits(5);
    assert!(ran.stdout.contains("the service range is not known"), "{}", ran.stdout);
    let ran = run_advise(["--no-cluster", "--service-cidr", "10.43.0.0/16"]).exits(0);
    assert!(!ran.stdout.contains("is not known"), "{}", ran.stdout);
}

#[test]
fn commands_name_the_files_and_are_safe_to_paste() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("our ca's.pem");
    let ca = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap();
    std::fs::write(&file, crate::lab::pem(ca.cert.der())).unwrap();
    let args =
        ["--no-cluster", "--service-cidr", "10.43.0.0/16", "--proxy-https", "http://h:1", "-o", "json"];
    let run_with_cert = |path: &str| run_advise([&args[..], &["--proxy-cert", path]].concat());
    let command = &run_with_cert(file.to_str().unwrap()).exits(3).json()["advice"]["connect_command"];
    let bash = command["bash"].as_str().unwrap();
    let quoted = format!("--proxy-cert '{}'", file.display().to_string().replace('\'', r"'\''"));
    assert!(bash.contains(&quoted) && bash.contains("--proxy-https http://h:1 "), "{bash}");
    assert!(command["powershell"].as_str().unwrap().contains("our ca''s.pem'"), "{command}");
    std::fs::write(&file, "x").unwrap();
    let refused = run_with_cert(file.to_str().unwrap()).exits(2);
    assert!(refused.stderr.contains("no certificate found"), "{}", refused.stderr);
    assert!(run_with_cert("nowhere.pem").exits(2).stderr.contains("--proxy-cert nowhere.pem"));
    let plan = run_advise(["--plan", "-o", "json", "--avoid", "10.0.0.0/8"]).exits(0).json();
    assert!(plan["plan"]["pods"].as_str().unwrap().ends_with("/16"), "{plan}");
}

#[test]
fn an_unreachable_cluster_is_not_a_tool_error() {
    let directory = tempfile::tempdir().unwrap();
    let config = crate::fake_api::kubeconfig(directory.path(), "http://127.0.0.1:1");
    for command in ["advise", "cleanup"] {
        let ran = Program::new().args([command, "--kube-config", config.to_str().unwrap()]).run().exits(5);
        assert!(ran.stderr.contains("cannot be reached"), "{}", ran.stderr);
    }
}

/// az on this machine keeps its local proxy and its own `NO_PROXY`; the cluster gets neither.
#[test]
fn a_proxy_on_loopback_is_not_handed_to_the_cluster() {
    let own = "localhost,127.0.0.0/8,.corp.example,management.azure.com";
    for proxy in ["http://127.0.0.1:3128", "http://localhost:3128", "http://[::1]:3128"] {
        let args = ["advise", "--from-files", KUBEADM, "-l", "eastus"];
        let ran = Program::new().args(args).env("HTTPS_PROXY", proxy).env("NO_PROXY", own).run();
        let text = ran.stdout;
        assert!(
            text.contains("is a loopback address") && text.contains("--proxy-https http://PROXY:PORT"),
            "{text}"
        );
        assert!(!text.contains(&format!("--proxy-https {proxy}")), "{text}");
        assert!(text.contains(&format!("export HTTPS_PROXY='{proxy}'")), "{text}");
        let variable = text.lines().find(|line| line.contains("export NO_PROXY=")).expect("a variable");
        assert!(variable.ends_with(",localhost,127.0.0.0/8,.corp.example'"), "{variable}");
        let flag = text.lines().find(|line| line.contains("--proxy-skip-range 10.96")).expect("a flag");
        assert!(!flag.contains("localhost") && !flag.contains("corp.example"), "{flag}");
    }
    let far = ["--from-files", KUBEADM, "--proxy-https", "http://proxy.corp.example:3128"];
    assert!(!run_advise(far).stdout.contains("loopback"));
}
