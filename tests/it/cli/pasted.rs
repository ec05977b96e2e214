//! Every command of ours that a report prints, pasted into a shell, does the same run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::lab::{Host, Lab, LabOptions, Proxy, Serves, Tls};
use crate::program::{Program, to_result};

/// Healthy but for what these hosts do.
fn lab(hosts: Vec<Host>) -> Lab {
    Lab::start_with(hosts, LabOptions { default: Some(Serves::Good), ..LabOptions::default() })
}

/// Words of a shell that keeps to POSIX, with the program as it was built.
fn paste(command: &str, directory: &Path) -> Value {
    let program = Path::new(env!("CARGO_BIN_EXE_arcprobe"));
    let path = format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display());
    let output = Command::new("sh")
        .args(["-c", &format!("{command} -o json")])
        .current_dir(directory)
        .env_clear()
        .env("PATH", path)
        .output()
        .expect("a shell");
    let ran = to_result(&output);
    assert!(matches!(ran.code, 0 | 3 | 4 | 5), "{command}\n{}\n{}", ran.code, ran.stderr);
    ran.json()
}

/// The commands of findings and those under `next`, of programs of ours and with nothing left to fill in.
fn printed_commands(report: &Value, text: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    let commands = findings.iter().flat_map(|f| f["remedy"]["commands"].as_array().expect("commands"));
    let commands = commands.map(|command| command.as_str().expect("text").to_owned());
    let next = text.lines().skip_while(|line| *line != "next").map(|line| line.trim().to_owned());
    let all = commands.chain(next).map(|line| line.split(" # ").next().unwrap_or_default().trim().to_owned());
    let runs =
        |line: &String| ["check", "requirements"].iter().any(|c| line.starts_with(&format!("arcprobe {c} ")));
    let open = ["=NAME", "PROXY:PORT", "workstation,pod"];
    all.filter(|line| runs(line) && !open.iter().any(|word| line.contains(word))).collect()
}

/// What a check is about, and through what it goes.
fn plan(report: &Value, with_routes: bool) -> BTreeSet<String> {
    let checks = report["checks"].as_array().expect("checks");
    let describe = |check: &Value| {
        let route = if with_routes { &check["route"] } else { &Value::Null };
        format!("{} {}:{} {} {route}", check["requirement"], check["host"], check["port"], check["vantage"])
    };
    checks.iter().map(describe).collect()
}

fn requirements(report: &Value, list: &str, id: &str) -> BTreeSet<String> {
    let items = report[list].as_array().expect("a list");
    items.iter().map(|item| item[id].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn every_printed_command_does_the_same_run() {
    let directory = tempfile::tempdir().expect("a folder");
    let rules = directory.path().join("our rules.yaml");
    let own = "format: arcprobe-rules/1\nname: ours\nrevision: 2026-01-31\ncloud: AzureCloud\nendpoints:\n  \
               - id: ours\n    title: Ours\n    why: For the test.\n    breaks: The test.\n    callers: [agent]\n    \
               vantages: [pod]\n    features: [core]\n    host: ours.lab.example\n";
    std::fs::write(&rules, own).expect("written");
    let faults = || {
        vec![
            Host::new("gbl.his.arc.azure.com", Tls::Intercepted),
            Host::new("eastus.data.mcr.microsoft.com", Tls::ResetAfterHello),
            Host::new("login.microsoftonline.com", Tls::ResetAfterHello),
        ]
    };
    let good = lab(Vec::new());
    let broken = lab(faults());
    let proxy = format!("http://joe:topsecret@{}", broken.proxy(Proxy::Open));
    let rules_flag = ["--rules", rules.to_str().expect("a path")];
    let gateway = ["-l", "eastus", "--gateway-url", "https://abc.gw.arc.azure.com"];
    let features = ["-l", "East US", "--feature", "core,custom-locations", "--set", "vault=our-vault"];
    let proxied = ["-l", "eastus", "--proxy-https", &proxy, "--proxy-skip-range", ".corp.example,10.0.0.0/8"];
    let older = ["-l", "eastus", "--rule-set", "2023-09", "--timeout", "2s", "--retries", "1"];
    let scenarios: [(&Lab, Vec<&str>); 6] = [
        (&good, vec!["-l", "koreacentral", "--no-discovery"]),
        (&broken, features.iter().chain(&rules_flag).copied().collect()),
        (&broken, gateway.to_vec()),
        (&broken, proxied.to_vec()),
        (&broken, vec!["-l", "eastus", "--connectivity", "private-link"]),
        (&broken, older.to_vec()),
    ];
    let mut pasted = 0;
    for (place, (lab, flags)) in scenarios.into_iter().enumerate() {
        let saved = directory.path().join(format!("report-{place}.json"));
        let run = Program::check_in(lab).args(&flags).args(["--save", saved.to_str().expect("a path")]).run();
        let report: Value = serde_json::from_slice(
            &std::fs::read(&saved).unwrap_or_else(|_| panic!("{flags:?} {}", run.stderr)),
        )
        .expect("JSON");
        assert!(!run.stdout.contains("topsecret") && !report.to_string().contains("topsecret"));
        for command in printed_commands(&report, &run.stdout) {
            let command = command.replace("USER:PASSWORD@", "joe:topsecret@");
            let again = paste(&command, directory.path());
            pasted += 1;
            if command.starts_with("arcprobe requirements") {
                let listed = requirements(&again, "requirements", "id");
                let checked = requirements(&report, "checks", "requirement");
                let missing: Vec<_> = checked.difference(&listed).collect();
                assert!(missing.is_empty(), "{command}\n{missing:?}");
                continue;
            }
            let keeps_routes = !command.contains("--connectivity private-link");
            let (first, again) = (plan(&report, keeps_routes), plan(&again, keeps_routes));
            let differences: Vec<_> = first.symmetric_difference(&again).collect();
            assert!(differences.is_empty(), "{command}\n{differences:#?}");
        }
    }
    assert!(pasted >= 10, "{pasted}");
}

/// Capitals are left only for what nobody knows: the environment gave the proxy and what goes around it.
#[test]
fn commands_name_what_the_environment_gave() {
    let lab = lab(Vec::new());
    let proxy = format!("http://joe:wrong@{}", lab.proxy(Proxy::RequiresAuthentication));
    let check = Program::check_in(&lab).args(["-l", "eastus", "--feature", "all", "-o", "json"]);
    let report = check.env("HTTPS_PROXY", &proxy).env("NO_PROXY", "10.96.0.0/12,.svc").run().exits(3).json();
    let commands = |id: &str| {
        let finding = report["findings"].as_array().expect("findings").iter().find(|f| f["id"] == id);
        finding.unwrap_or_else(|| panic!("no {id}: {}", report["findings"]))["remedy"]["commands"].to_string()
    };
    let login = commands("proxy_login");
    assert!(login.contains("--name NAME --resource-group GROUP"), "{login}");
    assert!(login.contains("--proxy-skip-range 10.96.0.0/12,.svc"), "{login}");
    let values = commands("value_missing");
    assert!(!values.contains("NAME=VALUE") && values.contains("=NAME"), "{values}");
}

/// What `check` prints once the network is ready is what `advise` prints, and nothing that was tested is lost in it.
#[test]
fn check_and_advise_print_the_same_command_to_connect() {
    let lab = lab(Vec::new());
    // by a name: an address of this machine is not handed to a cluster
    let proxy = format!("http://joe:topsecret@proxy.lab.example:{}", lab.proxy(Proxy::Open).port());
    let cert = lab.corporate_ca().display().to_string();
    let proxied = [
        "--proxy-https",
        &proxy,
        "--proxy-skip-range",
        "10.43.0.0/16,.svc,.svc.cluster.local",
        "--proxy-cert",
        &cert,
    ];
    let table: [(Vec<&str>, Vec<&str>, &[&str]); 4] = [
        (
            vec!["-l", "eastus"],
            vec![],
            &["az connectedk8s connect --name NAME --resource-group GROUP --location eastus"],
        ),
        (
            proxied.iter().chain(&["-l", "eastus"]).copied().collect(),
            vec![],
            &[
                "export HTTPS_PROXY='http://USER:PASSWORD@proxy.lab.example:",
                "export NO_PROXY='10.43.0.0/16,.svc,.svc.cluster.local'",
                "export REQUESTS_CA_BUNDLE='",
                "'  # az trusts nothing else then; where only some hosts are inspected, name a file with the public roots too\n",
                "--proxy-https http://USER:PASSWORD@proxy.lab.example:",
                "--proxy-skip-range 10.43.0.0/16,.svc",
                "--proxy-cert ",
            ],
        ),
        (
            vec!["-l", "usgovvirginia", "--cloud", "AzureUSGovernment", "--proxy-http", &proxy],
            vec![],
            &[
                "az cloud set --name AzureUSGovernment\n",
                "--proxy-skip-range SERVICE_CIDR,POD_CIDR,kubernetes.default.svc",
            ],
        ),
        (
            vec!["-l", "eastus", "--connectivity", "gateway"],
            vec!["--gateway-url", "https://abc.gw.arc.azure.com"],
            &["--gateway-resource-id GATEWAY_ID"],
        ),
    ];
    for (flags, more, parts) in table {
        let check = Program::check_in(&lab).args(&flags).args(&more).args(["-o", "json"]).run().json();
        let advise = Program::new().args(["advise", "--no-cluster", "-o", "json"]).args(&flags).run().json();
        let command = &check["advice"]["connect_command"];
        assert_eq!(command, &advise["advice"]["connect_command"], "{flags:?}");
        let bash = command["bash"].as_str().expect("text");
        let missing: Vec<_> = parts.iter().filter(|part| !bash.contains(**part)).collect();
        assert!(missing.is_empty() && !command.to_string().contains("topsecret"), "{bash}\n{missing:?}");
        if check["verdict"].as_str().is_some_and(|verdict| verdict.starts_with("ready")) {
            let screen = Program::check_in(&lab).args(&flags).args(&more).run().stdout;
            let printed: Vec<_> = bash.lines().map(|line| format!("  {line}")).collect();
            assert!(screen.contains(&printed.join("\n")), "{screen}");
        }
    }
}
