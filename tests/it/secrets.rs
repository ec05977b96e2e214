//! Something recognisable in every place where a secret can stand. It gets to whom it is for, and into no output and no file.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::diagnose::connected_cluster;
use crate::fake_api::{FakeApi, Scenario, state};
use crate::inside::payload;
use crate::kubeconfig::write_kubeconfig;
use crate::lab::{Host, Lab, Proxy};
use crate::program::{Program, RunResult, TestRules};

/// In every secret of these tests.
const MARKER: &str = "hunter2";

/// What stands for it in Base64, at each of the three places where it can begin.
fn encoded_markers() -> Vec<String> {
    let encoded = (0..3).map(|before| {
        let text = BASE64_STANDARD.encode(format!("{}{MARKER}", "_".repeat(before)));
        // the ends depend on what is around it
        text.trim_end_matches('=')[before + usize::from(before > 0)..7].to_owned()
    });
    let percent: String =
        MARKER.bytes().flat_map(|b| format!("%{b:02x}").into_bytes()).map(char::from).collect();
    encoded.chain([MARKER.to_owned(), percent]).collect()
}

#[track_caller]
fn assert_has_no_secret(what: &str, text: &str) {
    for mark in encoded_markers() {
        let found: Vec<_> =
            text.lines().filter(|line| line.to_lowercase().contains(&mark.to_lowercase())).collect();
        assert!(found.is_empty(), "{what}: {mark}: {found:#?}");
    }
}

#[track_caller]
fn assert_output_has_no_secret(what: &str, ran: &RunResult) {
    assert_has_no_secret(what, &ran.stdout);
    assert_has_no_secret(what, &ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
}

/// All files of a folder that a run could have written.
#[track_caller]
fn assert_files_have_no_secret(folder: &Path) {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        assert_has_no_secret(
            &entry.path().display().to_string(),
            &String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()),
        );
        files += 1;
    }
    assert!(files > 0, "nothing was saved");
}

/// Whatever makes programs talk more.
fn with_verbose_logging(program: Program) -> Program {
    let loud = [
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
        ("ARCPROBE_LOG", "trace"),
        ("ARCPROBE_DEBUG", "1"),
    ];
    loud.into_iter().fold(program, |program, (name, value)| program.env(name, value))
}

#[test]
fn markers_are_found_in_every_encoding() {
    for around in ["user:hunter2@h", "xuser:hunter2-2", "xxu:hunter2"] {
        let encoded = BASE64_STANDARD.encode(around);
        assert!(
            encoded_markers().iter().any(|mark| encoded.contains(mark)),
            "{around}: {encoded} {:?}",
            encoded_markers()
        );
    }
}

/// By flag and by variable, right and wrong, in every format and file.
#[test]
fn proxy_credentials_are_sent_only_to_the_proxy() {
    let lab = Lab::start(vec![Host::good("good.lab.example")]);
    let rules = TestRules::new().endpoint("good", "good.lab.example", "").endpoint(
        "plain",
        "good.lab.example",
        "protocol: http\nport: 80",
    );
    for (behaviour, code) in
        [(Proxy::Open, 3), (Proxy::RequiresAuthentication, 3), (Proxy::Denies, 3), (Proxy::Garbage, 3)]
    {
        let url = format!("http://us%65r:{MARKER}%21@{}", lab.proxy(behaviour));
        for by_flag in [true, false] {
            let saved = tempfile::tempdir().unwrap();
            for format in ["text", "short", "json", "junit", "markdown", "html", "sarif", "openmetrics"] {
                let program = Program::check_in(&lab)
                    .args(rules.flags(lab.directory()))
                    .args(["--timeout", "1s", "-v", "-o", format])
                    .args(crate::hostile::harmless::save_flags(&saved.path().join("report")));
                let program = if by_flag {
                    program.args(["--proxy-https", &url, "--proxy-http", &url])
                } else {
                    program.env("HTTPS_PROXY", &url).env("https_proxy", &url).env("HTTP_PROXY", &url)
                };
                let ran = with_verbose_logging(program).run().exits(code);
                assert_output_has_no_secret(&format!("{behaviour:?} {format}"), &ran);
            }
            assert_files_have_no_secret(saved.path());
        }
    }
    let login = format!("proxy login Basic {}", BASE64_STANDARD.encode(format!("user:{MARKER}!")));
    assert!(lab.log().contains(&login), "the proxy got it: {:?}", lab.log());
    let tunnelled =
        lab.log().iter().filter(|entry| entry.starts_with("http ")).any(|entry| entry.contains(MARKER));
    assert!(!tunnelled, "nobody else got it");
}

/// What cannot be parsed is shown, and not in full.
#[test]
fn usage_errors_do_not_echo_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("token: {MARKER}\nusers: [{{user: {{token: '{MARKER}\n");
    let broken = directory.path().join("kubeconfig");
    std::fs::write(&broken, text).unwrap();
    let broken = broken.display().to_string();
    let urls = [
        format!("http://user:{MARKER} word@proxy:3128"),
        format!("http://user:{MARKER}@proxy:port"),
        format!("http://user:{MARKER}@"),
        format!("socks5://user:{MARKER}@proxy:1080"),
        format!("user:{MARKER}@proxy:3128"),
        format!("http://user:{MARKER}/x@proxy:3128"),
        format!("http://user:{MARKER}@[::1:3128"),
        format!("htp:/user:{MARKER}@proxy"),
    ];
    let check = |args: &[&str]| {
        Program::new()
            .args(["check", "-l", "eastus", "--timeout", "300ms", "--resolver", "127.0.0.1:1"])
            .args(args)
    };
    for url in &urls {
        let rows = [
            check(&["--proxy-https", url]),
            check(&["--proxy-http", url]),
            check(&["--proxy-skip-range", url]),
            check(&[]).env("HTTPS_PROXY", url).env("NO_PROXY", url),
            check(&[]).env("http_proxy", url),
            check(&["--from", "pod", "--kube-config", &broken]).env("HTTPS_PROXY", url),
            Program::new().args([
                "advise",
                "--no-cluster",
                "--service-cidr",
                "10.0.0.0/16",
                "--proxy-https",
                url,
            ]),
            Program::new()
                .args(["advise", "--no-cluster", "--service-cidr", "10.0.0.0/16"])
                .env("HTTPS_PROXY", url),
            Program::new().args(["diagnose", "--kube-config", &broken]).env("HTTPS_PROXY", url),
        ];
        for (number, program) in rows.into_iter().enumerate() {
            let ran = with_verbose_logging(program).run();
            assert!([0, 2, 3, 5].contains(&ran.code), "{number}: {url}: {}", ran.code);
            assert_output_has_no_secret(&format!("{number}: {url}"), &ran);
        }
    }
}

/// A cluster with agents, with a secret wherever one can stand.
fn cluster_with_secrets() -> Scenario {
    let proxy = format!("http://agent:{MARKER}-env@proxy.example:3128");
    let bare = format!("agent:{MARKER}-bare@proxy.example:3128");
    let mut scenario = connected_cluster();
    for (path, _, body) in &mut scenario.answers {
        if path.ends_with("/deployments") {
            let deployment = &mut body["items"][0];
            deployment["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{MARKER}-applied")});
            deployment["spec"]["template"]["spec"]["containers"] = json!([{"name": "a", "image": "i", "args": [format!("--password={MARKER}-arg")],
                "env": [{"name": "HTTPS_PROXY", "value": proxy}, {"name": "HTTP_PROXY", "value": bare}, {"name": "KEY", "value": format!("{MARKER}-key")}]}]);
        }
        if path.ends_with("azure-clusterconfig") {
            body["data"]["ONBOARDING_SECRET"] = format!("{MARKER}-setting").into();
            body["data"]["HTTPS_PROXY"] = proxy.clone().into();
        }
        if path.ends_with("/secrets") {
            body["items"].as_array_mut().unwrap().push(json!({"metadata": {"name": "sh.helm.release.v1.azure-arc.v1", "namespace": "azure-arc",
                "annotations": {"x": format!("{MARKER}-annotation")}}, "data": {"release": BASE64_STANDARD.encode(format!("{MARKER}-helm"))}}));
        }
    }
    let events = json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": [{"metadata": {"name": "e", "namespace": "azure-arc"},
        "reason": "Failed", "type": "Warning", "involvedObject": {"kind": "Pod", "name": "p"},
        "message": format!("failed to pull: GET https://x.azurecr.io/?sig={MARKER}-event: proxy http://u:{MARKER}-event@h:1 refused")}]});
    scenario.answers.push(("/api/v1/namespaces/azure-arc/events", 200, events));
    let identity = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "azure-identity-certificate", "namespace": "azure-arc"},
        "data": {"azure-identity-certificate": BASE64_STANDARD.encode(format!("{MARKER}-certificate")),
                 "azure-identity-certificate-expiration-time": BASE64_STANDARD.encode("2026-12-01T10:00:00Z")}});
    scenario.answers.push(("/api/v1/namespaces/azure-arc/secrets/azure-identity-certificate", 200, identity));
    scenario.logs = vec![log_with_secrets()];
    scenario
}

/// As the agents and what they are made of write.
fn log_with_secrets() -> String {
    [
        format!("Authorization: Bearer {MARKER}-bearer"),
        format!("headers: map[Proxy-Authorization:[Basic {MARKER}-basic] Accept:[*/*]]"),
        format!("POST https://eus.his.arc.azure.com/x?sig={MARKER}-sig&se=2026 i/o timeout"),
        format!("proxyconnect tcp: dial http://u:{MARKER}@p{MARKER}@proxy:3128: i/o timeout"),
        format!("{{\"access_token\":\"{MARKER}-access\",\"Password\":\"{MARKER}-json\"}}"),
        format!("DefaultEndpointsProtocol=https;AccountKey={MARKER}-account==;"),
        "-----BEGIN RSA PRIVATE KEY-----".to_owned(),
        BASE64_STANDARD.encode(format!("{MARKER}-private")),
        "-----END RSA PRIVATE KEY-----".to_owned(),
        format!("{} http://u:{MARKER}{MARKER}@proxy", "x".repeat(1_980)),
    ]
    .join("\n")
}

/// A kubeconfig for it, whose user logs in like this.
fn kubeconfig(api: &FakeApi, directory: &Path, user: &Value) -> String {
    let cluster = json!({"server": format!("http://{}", api.address())});
    write_kubeconfig(directory, "ops", &[("fake", cluster)], user).display().to_string()
}

/// Tokens, passwords and plug-ins, and what each says to the server.
fn users_with_secrets() -> [(Value, String); 3] {
    let token = json!({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": format!("{MARKER}-exec")}});
    let script = format!("test \"$KEY\" = {MARKER}-variable && echo '{token}'; echo '{MARKER}-aside' >&2");
    [
        (json!({"token": format!("{MARKER}-token")}), format!("Bearer {MARKER}-token")),
        (
            json!({"username": "joe", "password": format!("{MARKER}-password")}),
            format!("Basic {}", BASE64_STANDARD.encode(format!("joe:{MARKER}-password"))),
        ),
        (
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never", "args": ["-c", script],
                "env": [{"name": "KEY", "value": format!("{MARKER}-variable")}]}}),
            format!("Bearer {MARKER}-exec"),
        ),
    ]
}

/// Keys and proxies that cannot be used are named by their place, and credentials of the proxy go to the proxy.
#[test]
fn keys_and_proxies_of_a_kubeconfig_are_not_shown() {
    let lab = Lab::start(vec![Host::good("good.lab.example")]);
    let address = lab.proxy(Proxy::RequiresAuthentication);
    let pem = |kind: &str| {
        let body = BASE64_STANDARD.encode(format!("{MARKER}-in-pem"));
        BASE64_STANDARD.encode(format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"))
    };
    let server = "https://127.0.0.1:1";
    let token = json!({"token": format!("{MARKER}-token")});
    // a server on this machine would be asked past the proxy
    let far = "https://api.contoso.example:6443";
    let rows = [
        (json!({"server": far, "proxy-url": format!("http://u:{MARKER}-login@{address}")}), token.clone()),
        (json!({"server": far, "proxy-url": format!("ftp://u:{MARKER}-scheme@{address}")}), token.clone()),
        (json!({"server": far, "proxy-url": format!("http://u:{MARKER} x@proxy")}), token),
        (
            json!({"server": server}),
            json!({"client-certificate-data": pem("CERTIFICATE"), "client-key-data": pem("PRIVATE KEY")}),
        ),
        (json!({"server": server}), json!({"client-key-data": format!("{MARKER} is no Base64")})),
    ];
    for (place, (cluster, user)) in rows.into_iter().enumerate() {
        let directory = tempfile::tempdir().unwrap();
        let clusters = [("one", cluster.clone()), ("two", cluster)];
        let file = write_kubeconfig(directory.path(), "ops", &clusters, &user).display().to_string();
        let check =
            ["check", "-l", "eastus", "--from", "pod", "--timeout", "1s", "-v", "--kube-config", &file];
        let commands: [&[&str]; 5] = [
            &check,
            &[&check[..], &["--kube-context", "one,two", "-o", "json"]].concat(),
            &["diagnose", "--no-probe", "--kube-config", &file],
            &["advise", "--kube-config", &file],
            &["cleanup", "--kube-config", &file],
        ];
        for command in commands {
            let ran = with_verbose_logging(Program::new().args(command)).run();
            assert!([2, 3, 5].contains(&ran.code), "{place} {command:?}: {} {}", ran.code, ran.stderr);
            assert_output_has_no_secret(&format!("{place} {command:?}"), &ran);
        }
    }
    let login = format!("proxy login Basic {}", BASE64_STANDARD.encode(format!("u:{MARKER}-login")));
    assert!(lab.log().contains(&login), "the proxy got it: {:?}", lab.log());
}

/// `az`, which says more than anybody should know.
fn write_az(directory: &Path) -> String {
    let mut document: Value =
        serde_json::from_str(&std::fs::read_to_string("fixtures/evidence/az-show.json").unwrap()).unwrap();
    document["tags"] = json!({"password": format!("{MARKER}-tag")});
    document["privateKey"] = format!("{MARKER}-azure-key").into();
    document["arcAgentProfile"] =
        json!({"agentErrors": [{"message": format!("proxy http://u:{MARKER}-error@h:1 refused")}]});
    let script = directory.join("az");
    std::fs::write(
        &script,
        format!("#!/bin/sh\ncat <<'END'\n{document}\nEND\necho '{MARKER}-complaint' >&2\n"),
    )
    .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/local/bin:/usr/bin:/bin", directory.display())
}

#[test]
fn a_diagnosis_shows_no_secret_that_it_reads() {
    for (user, login) in users_with_secrets() {
        let (directory, saved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let api = FakeApi::start(cluster_with_secrets());
        let config = kubeconfig(&api, directory.path(), &user);
        let path = write_az(directory.path());
        let evidence = saved.path().join("evidence.json").display().to_string();
        for format in ["text", "json"] {
            let args = [
                "diagnose",
                "--no-probe",
                "-v",
                "--az",
                "--read-secrets",
                "--kube-config",
                &config,
                "-o",
                format,
            ];
            let ran = with_verbose_logging(
                Program::new().args(args).args(["--save-evidence", &evidence]).env("PATH", &path),
            )
            .run()
            .exits(3);
            assert_output_has_no_secret(&format!("{user} {format}"), &ran);
            let again =
                Program::new().args(["diagnose", "--evidence", &evidence, "-o", format]).run().exits(3);
            assert_output_has_no_secret(&format!("{user} {format}, from evidence"), &again);
        }
        assert_files_have_no_secret(saved.path());
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(&evidence).unwrap()).unwrap();
        assert!(
            kept["logs"][0]["lines"].as_array().unwrap().len() == 10 && kept["azure"]["name"] == "plant-7",
            "{kept:#}"
        );
        assert!(
            api.recorded_requests().iter().all(|request| request.authorization.ends_with(&login)),
            "the server got it: {login}"
        );
    }
}

#[test]
fn other_commands_show_no_secret_of_a_cluster() {
    let (user, login) = &users_with_secrets()[0];
    let (directory, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let api = FakeApi::start(cluster_with_secrets());
    let config = kubeconfig(&api, directory.path(), user);
    let deployments = cluster_with_secrets()
        .answers
        .into_iter()
        .find(|(path, ..)| path.ends_with("/deployments"))
        .unwrap()
        .2;
    std::fs::write(files.path().join("deployments.json"), deployments.to_string()).unwrap();
    let folder = files.path().display().to_string();
    let rows: [&[&str]; 7] = [
        &["advise", "--kube-config", &config, "--read-secrets"],
        &["advise", "--kube-config", &config, "-o", "json"],
        &["advise", "--from-files", &folder, "-o", "json"],
        &["check", "--kube-config", &config, "-l", "eastus", "--from", "pod", "--dry-run", "--read-secrets"],
        &[
            "check",
            "--kube-config",
            &config,
            "--timeout",
            "300ms",
            "--resolver",
            "127.0.0.1:1",
            "--prerequisites",
        ],
        &["cleanup", "--kube-config", &config],
        &["rbac", "--diagnose"],
    ];
    for args in rows {
        let ran = with_verbose_logging(Program::new().args(args)).run();
        assert!([0, 3, 4, 5].contains(&ran.code), "{args:?}: {}: {}", ran.code, ran.stderr);
        assert_output_has_no_secret(&format!("{args:?}"), &ran);
    }
    assert!(api.recorded_requests().iter().any(|request| request.authorization.ends_with(login)));
}

/// The agents' own login travels in the Secret of the task, and in nothing else.
#[test]
fn proxy_credentials_enter_a_cluster_only_in_a_secret() {
    let (user, _) = &users_with_secrets()[0];
    let (directory, saved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let stopped = json!({"terminated": {"exitCode": 70, "reason": "Error", "message": format!("proxy http://u:{MARKER}@h:1 refused")}});
    let pod = json!({"status": {"phase": "Failed", "containerStatuses": [state(&stopped)]}});
    let logs = vec![format!(
        "panicked: no way through http://u:{MARKER}@proxy:1\nAuthorization: Basic {MARKER}-line\n"
    )];
    let api = FakeApi::start(Scenario { pod: Some(pod), logs, ..Scenario::default() });
    let config = kubeconfig(&api, directory.path(), user);
    let agent = payload(directory.path(), "amd64", arcprobe::probe::agent::VERSION).display().to_string();
    let url = format!("http://us%65r:{MARKER}%21@127.0.0.1:9");
    let args = [
        "check",
        "-l",
        "eastus",
        "--from",
        "pod,node",
        "--kube-config",
        &config,
        "--agent-binary",
        &agent,
        "-v",
        "--proxy-https",
        &url,
    ];
    let ran = with_verbose_logging(
        Program::new().args(args).args(crate::hostile::harmless::save_flags(&saved.path().join("report"))),
    )
    .run()
    .exits(5);
    assert_output_has_no_secret("check", &ran);
    assert_files_have_no_secret(saved.path());
    let created: Vec<_> =
        api.recorded_requests().into_iter().filter(|request| request.request.starts_with("POST")).collect();
    let (secrets, others): (Vec<_>, Vec<_>) =
        created.iter().partition(|request| request.request.ends_with("/secrets"));
    assert_eq!(secrets.len(), 2);
    for secret in secrets {
        let body: Value = serde_json::from_str(&secret.body).unwrap();
        let data = body["data"].as_object().unwrap().values().next().unwrap().as_str().unwrap();
        let task = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
        assert!(task.contains(MARKER), "the agent gets the login: {task}");
    }
    assert!(others.len() >= 3);
    for other in others {
        assert_has_no_secret(&other.request, &other.body);
    }
}
