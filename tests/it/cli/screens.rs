//! Whole screens, as an operator sees them.

use crate::lab::{Dns, Host, Http, Lab, LabOptions, Resolver, Serves, Tcp, Tls, azure};
use crate::program::{Program, RunResult};

/// A network that opens everything but for what these hosts do.
fn network(hosts: Vec<Host>, resolver: Resolver) -> Lab {
    Lab::start_with(hosts, LabOptions { default: Some(Serves::Good), resolver, ..LabOptions::default() })
}

fn lab_with_several_faults() -> Lab {
    let reset = |region: &str| Host::new(format!("{region}.data.mcr.microsoft.com"), Tls::ResetAfterHello);
    let hosts = vec![
        Host::new("gbl.his.arc.azure.com", Tls::Intercepted),
        reset("westus"),
        reset("northeurope"),
        reset("westeurope"),
        Host::with_dns("eastus.login.microsoft.com", Dns::Nxdomain),
        Host::new("dropped.lab.example", Tcp::Blackhole),
    ];
    network(hosts, Resolver::Good)
}

fn blackhole_diversion(lab: &Lab) -> String {
    format!("::127.0.0.1:{}", lab.port("dropped.lab.example"))
}

fn blackhole_host() -> Vec<Host> {
    vec![Host::new("dropped.lab.example", Tcp::Blackhole)]
}

fn screen(lab: &Lab, first: Option<String>, args: &[&str], code: i32) -> String {
    let ran = run(lab, first, args, code);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

fn run(lab: &Lab, first: Option<String>, args: &[&str], code: i32) -> RunResult {
    // the first diversion that fits counts
    let mut line = vec!["check".to_owned()];
    line.extend(first.map(|diversion| format!("--connect-to={diversion}")));
    line.extend([
        format!("--resolver={}", lab.resolver()),
        format!("--public-roots={}", lab.roots().display()),
    ]);
    line.extend(lab.connect_to().iter().map(|diversion| format!("--connect-to={diversion}")));
    let ran = Program::new().args(line).args(["--timeout", "1s"]).args(args).run().exits(code);
    crate::hostile::assert_printable(&ran.stdout);
    ran
}

/// Takes out what changes from run to run; columns move with the length of times, so blanks before them go too.
fn assert_screen(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    for (pattern, stand_in) in [
        (r" --resolver [\d.:]+( --connect-to \S+)* --public-roots \S+ --timeout 1s", ""),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"-p \d+ ", "-p PORT "),
        (r"\b([0-9A-F]{2}:){31}[0-9A-F]{2}\b", "FINGERPRINT"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC from \S+ \(", "DATE from HOST ("),
        (r"\b\d{4}-\d\d-\d\d(T[\d:.]+Z)?", "DATE"),
        (r"arcprobe \d+\.\d+\.\d+", "arcprobe VERSION"),
        (r" *<?\b\d+(\.\d+)? (ms|s)\b", " TIME"),
        (r"\b\d+(\.\d+)?(ms|s)\b", "TIME"),
        (r" +\n", "\n"),
    ] {
        settings.add_filter(pattern, stand_in);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_screen_with_every_check_met() {
    let lab = network(Vec::new(), Resolver::Good);
    assert_screen("good", &screen(&lab, None, &["-l", "koreacentral"], 5));
    assert_screen("good-short", &screen(&lab, None, &["-l", "koreacentral", "-o", "short"], 5));
}

/// What no program can test is no gap: an open network is ready, in a few lines, in each cloud.
#[test]
fn an_open_network_is_ready() {
    let lab = network(azure(), Resolver::Good);
    let text = screen(&lab, None, &["-l", "eastus"], 0);
    assert!(text.starts_with("READY: "), "{text}");
    assert_screen("open", &text);
    assert!(text.lines().count() <= 15, "{text}");
    let narrow = Program::check_in(&lab).args(["-l", "eastus"]).env("COLUMNS", "80").run().exits(0).stdout;
    assert!(narrow.lines().count() <= 15, "{narrow}");
    screen(&lab, None, &["-l", "eastus", "--fail-on", "warning"], 0);
}

/// The other clouds too, as far as anybody can test them: China's relay has names that no source gives.
#[test]
fn an_open_network_of_another_cloud_is_ready() {
    let table = [
        ("AzureUSGovernment", "usgovvirginia", "us", "usgovcloudapi.net", &[][..]),
        ("AzureChinaCloud", "chinaeast3", "cn", "chinacloudapi.cn", &["wildcard_unverified"][..]),
    ];
    for (cloud, region, top, domain, expected) in table {
        let json = |text: String| Http::Json(200, text);
        let mut hosts = azure();
        hosts.push(Host::new(
            format!("guestnotificationservice.azure.{top}"),
            json(format!(r#"["g0-prod.servicebus.{domain}"]"#)),
        ));
        hosts.push(Host::new(
            format!("gbl.his.arc.azure.{top}"),
            json(format!(r#""https://usgv.his.arc.azure.{top}""#)),
        ));
        let lab = network(hosts, Resolver::Good);
        let text = run(&lab, None, &["--cloud", cloud, "-l", region, "-o", "json"], 0).stdout;
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let findings = report["findings"].as_array().expect("findings").iter();
        let warnings: Vec<_> = findings.filter(|f| f["severity"] != "info").map(|f| &f["id"]).collect();
        assert_eq!(warnings, expected, "{cloud}: {:#}", report["findings"]);
    }
}

/// Azure opened it after the rules were written: Azure's own answers give what the rules cannot.
#[test]
fn a_region_newer_than_the_rules_is_checked() {
    let mut hosts = azure();
    hosts.retain(|host| host.name != "gbl.his.arc.azure.com");
    let answer = r#""https://mxc.his.arc.azure.com""#.to_owned();
    hosts.push(Host::new("gbl.his.arc.azure.com", Http::Json(200, answer)));
    let lab = network(hosts, Resolver::Good);
    let text = run(&lab, None, &["-l", "Mexico Central"], 0).stdout;
    assert!(text.contains("do not list the region mexicocentral"), "{text}");
    let json = run(&lab, None, &["-l", "Mexico Central", "-o", "json"], 0).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let hosts: Vec<_> = report["checks"].as_array().expect("checks").iter().map(|c| &c["host"]).collect();
    for host in ["mxc.his.arc.azure.com", "mexicocentral.dp.kubernetesconfiguration.azure.com"] {
        assert!(hosts.contains(&&serde_json::json!(host)), "{hosts:?}");
    }
}

#[test]
fn a_resolver_that_is_silent_is_one_finding() {
    let lab = network(Vec::new(), Resolver::Silent);
    assert_screen("silent-resolver", &screen(&lab, None, &["-l", "koreacentral"], 3));
    let json = screen(&lab, None, &["-l", "koreacentral", "-o", "json"], 3);
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.iter().filter(|f| f["severity"] == "blocking").count(), 1, "{findings:#?}");
    let warnings: Vec<_> = findings.iter().filter(|f| f["severity"] == "warning").map(|f| &f["id"]).collect();
    assert_eq!(warnings, ["wildcard_unverified"]);
}

#[test]
fn a_resolver_without_public_names_is_one_finding() {
    let lab = Lab::start(Vec::new());
    assert_screen("nxdomain-resolver", &screen(&lab, None, &["-l", "koreacentral"], 3));
}

#[test]
fn several_faults_are_separate_findings() {
    let lab = lab_with_several_faults();
    let drop = format!("eastus.obo.arc.azure.com:8084:127.0.0.1:{}", lab.port("dropped.lab.example"));
    assert_screen("mixture", &screen(&lab, Some(drop.clone()), &["-l", "eastus"], 3));
    assert_screen("mixture-short", &screen(&lab, Some(drop), &["-l", "eastus", "-o", "short"], 3));
}

#[test]
fn blocked_egress_is_one_finding() {
    let lab = network(blackhole_host(), Resolver::Good);
    assert_screen(
        "blocked-egress",
        &screen(&lab, Some(blackhole_diversion(&lab)), &["-l", "koreacentral"], 3),
    );
}
