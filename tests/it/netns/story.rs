//! A workstation behind a squid that inspects TLS and is the only way out, with its CA in the store of the machine: whoever
//! follows the printed commands to the letter ends at READY, with a command for az that carries all of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::network::{Middle, Network, RESOLVER};
use super::ready;
use super::squid::{self, Squid};
use crate::lab::Serves;
use crate::program::{RunResult, to_result};

const SKIP_RANGE: &str = "10.43.0.0/16,.svc,.svc.cluster.local";

/// Behind an inspection only the service's own marks prove who answered.
const MARKED: &str = "answer: {marks: [lab]}";

/// Somebody at the workstation, who has squid's owner on the phone.
struct Operator {
    network: Network,
    squid: Option<Squid>,
    directory: tempfile::TempDir,
}

impl Operator {
    fn new() -> Self {
        let hosts = [("api", Serves::Good), ("registry", Serves::Good), ("relay", Serves::Good)];
        let network = Network::new(Middle::Ends, &hosts)
            .expect("api", MARKED)
            .expect("registry", MARKED)
            .expect("relay", "inspection: forbidden");
        let squid = Some(Squid::inspecting(&network, squid::OPEN));
        let directory = tempfile::tempdir().expect("a folder");
        // what is typed at the end, written down
        let az = "#!/bin/sh\n{ printf '%s\\n' \"$@\"; env | grep -E '^(HTTPS?_PROXY|NO_PROXY|REQUESTS)'; } >>az.txt\n";
        fs::write(directory.path().join("az"), az).expect("written");
        fs::set_permissions(directory.path().join("az"), fs::Permissions::from_mode(0o755)).expect("set");
        Self { network, squid, directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Types a command at the workstation.
    fn types(&self, command: &str) -> RunResult {
        let program = Path::new(env!("CARGO_BIN_EXE_arcprobe")).parent().expect("a folder").display();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.directory.path()).env_clear();
        shell.env("PATH", format!("{}:{program}:/usr/bin:/bin", self.directory.path().display()));
        shell.env("HTTPS_PROXY", squid::URL).env("HTTP_PROXY", squid::URL).env("NO_PROXY", SKIP_RANGE);
        shell.env("SSL_CERT_FILE", self.squid.as_ref().expect("a squid").authority());
        to_result(&self.network.client.inside(|| shell.output()).expect("a shell"))
    }

    /// Types a check, and reads its report.
    fn checks(&self, command: &str) -> (RunResult, Value) {
        let ran = self.types(&format!("{command} --save report.json"));
        let report = fs::read(self.path("report.json")).unwrap_or_else(|e| panic!("{e} {}", ran.stderr));
        (ran, serde_json::from_slice(&report).expect("JSON"))
    }

    fn first_command(&self) -> String {
        let flags = self.network.flags().join(" ");
        let roots = self.network.lab.roots().display().to_string();
        format!("arcprobe check --resolver {RESOLVER} --public-roots {roots} {flags}")
    }

    fn has_exempted(&mut self, hosts: &[String]) {
        let squid = self.squid.take().expect("a squid");
        self.squid = Some(squid.exempt(&self.network, hosts));
    }
}

/// The lines of all remedies of what blocks that begin in this way, without that.
fn remedy_lines(report: &Value, start: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let findings = findings.filter(|finding| finding["severity"] == "blocking");
    let lines = findings.flat_map(|f| f["remedy"]["commands"].as_array().expect("commands"));
    lines.filter_map(|line| line.as_str()?.strip_prefix(start)).map(str::to_owned).collect()
}

fn is_ready(report: &Value) -> bool {
    report["verdict"].as_str().is_some_and(|verdict| verdict.starts_with("ready"))
}

/// The command for az below `next`, typed.
fn typed_for_az(operator: &Operator, screen: &str) -> String {
    let next: Vec<_> = screen.lines().skip_while(|line| *line != "next").skip(1).collect();
    let lines: Vec<_> = next.iter().filter_map(|line| line.strip_prefix("  ")).collect();
    let end = lines.iter().position(|line| line.starts_with("arcprobe ")).unwrap_or(lines.len());
    let _ = operator.types(&lines[..end].join("\n"));
    fs::read_to_string(operator.path("az.txt")).unwrap_or_else(|e| panic!("{e}\n{screen}"))
}

#[test]
fn exempting_the_listed_hosts_leads_to_ready() {
    if !ready(squid::TOOLS) || !squid::can_inspect() {
        return;
    }
    let mut operator = Operator::new();
    let command = operator.first_command();
    let (ran, report) = operator.checks(&command);
    assert_eq!(report["verdict"], "blocked", "{}", ran.stdout);
    let hosts = remedy_lines(&report, "exempt from TLS inspection: ");
    operator.has_exempted(&hosts);
    let (ran, report) = operator.checks(&command);
    assert!(is_ready(&report), "{hosts:?}\n{}", ran.stdout);
    let typed = typed_for_az(&operator, &ran.stdout);
    for part in [
        "connectedk8s\nconnect\n--name\nNAME\n",
        &format!("--proxy-https\n{}\n--proxy-http\n{}\n", squid::URL, squid::URL),
        &format!("--proxy-skip-range\n{SKIP_RANGE}\n"),
        &format!("HTTPS_PROXY={}\n", squid::URL),
        &format!("NO_PROXY={SKIP_RANGE}\n"),
    ] {
        assert!(typed.contains(part), "{part}\n{typed}");
    }
}

#[test]
fn handing_over_the_ca_leads_to_ready() {
    if !ready(squid::TOOLS) || !squid::can_inspect() {
        return;
    }
    let mut operator = Operator::new();
    let (ran, mut report) = operator.checks(&operator.first_command());
    let mut screen = ran.stdout;
    let mut last = String::new();
    for _ in 0..3 {
        if is_ready(&report) {
            break;
        }
        let commands = remedy_lines(&report, "arcprobe check ");
        for command in commands.iter().filter(|command| command.contains("CA.pem")) {
            last = format!("arcprobe check {command}");
            let (ran, next) = operator.checks(&last);
            (screen, report) = (ran.stdout, next);
        }
        // what must not be inspected at all
        if !is_ready(&report) {
            operator.has_exempted(&remedy_lines(&report, "exempt from TLS inspection: "));
            let (ran, next) = operator.checks(&last);
            (screen, report) = (ran.stdout, next);
        }
    }
    assert!(is_ready(&report), "{screen}");
    assert!(last.contains("--proxy-cert CA.pem"), "{last}");
    let api = report["checks"].as_array().expect("checks").iter().find(|check| check["requirement"] == "api");
    assert!(api.expect("a check")["inspected_by"].is_string(), "the CA was needed\n{screen}");
    let typed = typed_for_az(&operator, &screen);
    for part in [
        &format!("--proxy-https\n{}\n", squid::URL),
        &format!("--proxy-skip-range\n{SKIP_RANGE}\n"),
        "--proxy-cert\nCA.pem\n",
        "REQUESTS_CA_BUNDLE=CA.pem\n",
    ] {
        assert!(typed.contains(part), "{part}\n{typed}");
    }
}
