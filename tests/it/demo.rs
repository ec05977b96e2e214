//! `arcprobe demo`: the readme shows its screen, and it uses nothing of this machine but the loopback interface.

use std::net::SocketAddr;

use regex::Regex;

use crate::program::Program;

fn run_demo() -> Program {
    Program::new().args(["demo"])
}

/// In the order in which the readme has them, `[...]` stands for what it leaves out.
#[test]
fn the_readme_shows_the_screen_of_the_demo() {
    let screen = without_chance(&run_demo().run().exits(3).stdout);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let shown = without_chance(shown);
    let mut printed = screen.lines();
    let expected: Vec<_> = shown.lines().filter(|line| !line.is_empty() && !line.contains("[...]")).collect();
    assert!(expected.len() > 20 && expected[0].starts_with("BLOCKED: "), "{expected:?}");
    for line in expected {
        assert!(
            printed.any(|other| other == line),
            "the demo does not print, or not here: {line:?}\n{screen}"
        );
    }
}

/// Times and ports differ from run to run.
fn without_chance(text: &str) -> String {
    let time = Regex::new(r"<?[0-9.]+ (ms|s)(?-u:\b)").unwrap();
    let port = Regex::new(r"127\.0\.0\.1:[0-9]+").unwrap();
    port.replace_all(&time.replace_all(text, "TIME"), "ADDRESS").into_owned()
}

/// Discard: who asks the proxy of the environment gets no answer.
#[test]
fn it_asks_no_proxy_and_reaches_nothing_but_loopback() {
    let dead = "http://127.0.0.1:9";
    let asked = run_demo().args(["-o", "json"]).env("HTTPS_PROXY", dead).env("HTTP_PROXY", dead);
    let report = asked.run().exits(3).json();
    assert_eq!(report["verdict"], "blocked");
    let mut causes: Vec<_> = list_checks(&report).filter_map(|check| check["cause"].as_str()).collect();
    causes.sort_unstable();
    assert_eq!(causes, ["dns_nxdomain", "tcp_timeout", "tls_intercepted", "tls_reset"]);
    let attempts = list_checks(&report).flat_map(|check| check["attempts"].as_array().unwrap());
    let addresses: Vec<SocketAddr> =
        attempts.filter_map(|attempt| attempt["address"].as_str()?.parse().ok()).collect();
    assert!(addresses.len() >= 15 && addresses.iter().all(|a| a.ip().is_loopback()), "{addresses:?}");
}

fn list_checks(report: &serde_json::Value) -> impl Iterator<Item = &serde_json::Value> {
    report["checks"].as_array().unwrap().iter()
}

#[test]
fn it_takes_the_flags_of_check_that_make_sense_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (report, page, ca) = (at("report.json"), at("report.html"), at("ca.pem"));
    let flags = ["-v", "--feature", "core", "--timeout", "300ms", "-o", "short"];
    let files = ["--save", &report, "--save", &page, "--save-ca", &ca];
    let short = run_demo().args(flags).args(files).run().exits(3).stdout;
    assert!(short.starts_with("BLOCKED: "), "{short}");
    assert!(std::fs::read_to_string(page).unwrap().ends_with("</html>\n"));
    assert!(std::fs::read_to_string(ca).unwrap().contains("BEGIN CERTIFICATE"));
    // a saved demo is a report as any other
    assert_eq!(Program::new().args(["report", &report, "-o", "short", "-v"]).run().exits(3).stdout, short);
}

#[test]
fn it_refuses_the_flags_that_contradict_it() {
    let table: &[&[&str]] = &[
        &["--location", "westeurope"],
        &["--cloud", "AzureChinaCloud"],
        &["--connectivity", "direct"],
        &["--gateway-url", "https://my.gw.arc.azure.com"],
        &["--set", "git_host=192.0.2.1"],
        &["--rules", "mine.yaml"],
        &["--from", "pod"],
        &["--all-vantages"],
        &["--kube-config", "config"],
        &["--kube-context", "a,b"],
        &["--namespace", "default"],
        &["--dry-run"],
        &["--image", "arcprobe:1"],
        &["--proxy-https", "http://user:secret@proxy.contoso.example:3128"],
        &["--proxy-cert", "ca.pem"],
        &["--no-proxy"],
        &["--resolver", "10.0.0.53"],
        &["--connect-to", ":443::8443"],
        &["--public-roots", "roots.pem"],
        &["--prerequisites"],
        &["--push", "https://collector.contoso.example/reports"],
    ];
    for flags in table {
        let ran = run_demo().args(*flags).run().exits(2);
        let start =
            format!("error: {} cannot be used with `arcprobe demo`: the demo brings its own", flags[0]);
        assert!(ran.stderr.starts_with(&start) && ran.stdout.is_empty(), "{}", ran.stderr);
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
}

/// A new flag of `check` is refused until somebody has thought about it.
#[test]
fn its_help_shows_what_it_takes() {
    let help = run_demo().args(["--help"]).run().exits(0).stdout;
    let flag = Regex::new(r"(?m)^ {2,6}(?:-[a-z], )?--([a-z-]+)").unwrap();
    let mut shown: Vec<_> = flag.captures_iter(&help).map(|found| found[1].to_owned()).collect();
    shown.sort_unstable();
    let taken = "baseline color concurrency deadline fail-on feature help no-discovery output quiet retries rule-set save save-ca shell timeout verbose wait waivers";
    assert_eq!(shown.join(" "), taken);
    assert!(help.contains("EXAMPLES") && help.lines().all(|line| line.chars().count() <= 100), "{help}");
    let script = Program::new().args(["completions", "fish"]).run().exits(0).stdout;
    let offered = |command: &str, flag: &str| {
        let (command, flag) = (format!("using_subcommand {command}\""), format!("-l {flag} "));
        script.lines().any(|line| line.contains(&command) && line.contains(&flag))
    };
    assert!(offered("demo", "save-ca") && offered("check", "resolver") && !offered("demo", "resolver"));
}

/// Stopped at any moment, even killed: there is nothing to clear up.
#[cfg(target_os = "linux")]
#[test]
fn whoever_stops_it_gets_a_report_and_finds_no_file() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    for (signal, code) in [("-INT", 130), ("-KILL", -1)] {
        let folder = tempfile::tempdir().unwrap();
        let temp = folder.path().display().to_string();
        let mut command =
            run_demo().args(["--timeout", "60s", "-o", "json"]).env("TMPDIR", &temp).into_command();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let id = child.id().to_string();
        let patience = Instant::now() + Duration::from_secs(30);
        while !catches_interrupts(&id) {
            assert!(Instant::now() < patience, "it does not hear signals");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let ran = crate::program::to_result(&child.wait_with_output().unwrap()).exits(code);
        if code == 130 {
            assert_eq!(ran.json()["run"]["interrupted"], true);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{signal}");
    }
}

/// Bit 1 of the caught signals is SIGINT (proc(5)).
#[cfg(target_os = "linux")]
fn catches_interrupts(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 2 != 0)
}
