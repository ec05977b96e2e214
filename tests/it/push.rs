//! `check --push`: reports reach webhooks and Pushgateways or not, and neither changes how a run ends.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::lab::{Host, Http, Lab, Tcp};
use crate::program::{Program, RunResult, TestRules};
use crate::require::require;

const LIMIT: Duration = Duration::from_secs(30);

fn answer_with_status(status: u16, header: (&str, &str)) -> Http {
    Http::Custom(status, vec![(header.0.to_owned(), header.1.to_owned())], String::new())
}

fn start_lab() -> Lab {
    let retry = |seconds| answer_with_status(429, ("Retry-After", seconds));
    Lab::start(vec![
        Host::good("good.lab.example"),
        Host::new("refused.lab.example", Tcp::Refused),
        Host::new("hook.lab.example", Http::Status(204)),
        Host::new("plain.lab.example", crate::lab::Serves::PlainHttp(Http::Status(200))),
        Host::new(
            "recovers.lab.example",
            Http::InTurn(vec![Http::Status(500), Http::Status(503), Http::Status(200)]),
        ),
        Host::new("busy.lab.example", Http::InTurn(vec![retry("2"), Http::Status(200)])),
        Host::new("broken.lab.example", Http::Status(500)),
        Host::new("gone.lab.example", Http::Status(404)),
        Host::new("silent.lab.example", Http::Silent),
        Host::new("moved.lab.example", answer_with_status(307, ("Location", "https://hook.lab.example/"))),
    ])
}

/// `check` of one endpoint, with all traffic in the lab.
fn check(lab: &Lab, host: &str, push: &[&str]) -> Program {
    let rules = TestRules::new().endpoint("the-endpoint", host, "");
    let program = Program::check_in(lab).args(rules.flags(lab.directory()));
    push.iter().fold(program, |program, url| program.args(["--push", url])).args(["--no-proxy"])
}

const SHORT: [&str; 2] = ["--timeout", "400ms"];

fn run_push(lab: &Lab, url: &str) -> RunResult {
    check(lab, "good.lab.example", &[url]).args(SHORT).args(["-o", "json"]).run_within(LIMIT).exits(0)
}

#[test]
fn a_webhook_gets_the_report_that_is_on_standard_output() {
    let lab = start_lab();
    let ran = run_push(&lab, "https://hook.lab.example/services/T0K?sig=1");
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    let [request] = lab.received("hook.lab.example").try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/services/T0K?sig=1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.header("user-agent").unwrap().starts_with("arcprobe/"));
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), ran.json());
}

#[test]
fn several_receivers_get_what_each_of_them_reads() {
    let lab = start_lab();
    let urls = ["https://hook.lab.example/a", "http://plain.lab.example/metrics/job/arcprobe/cluster/one"];
    check(&lab, "good.lab.example", &urls).run_within(LIMIT).exits(0);
    assert_eq!(lab.received("hook.lab.example").len(), 1);
    let [metrics] = lab.received("plain.lab.example").try_into().unwrap();
    assert_eq!(
        (metrics.method.as_str(), metrics.header("content-type")),
        ("PUT", Some("text/plain; version=0.0.4"))
    );
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains("# TYPE arcprobe_") && text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn a_server_that_recovers_gets_the_same_report() {
    let lab = start_lab();
    let ran = run_push(&lab, "https://recovers.lab.example/");
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    let bodies: Vec<_> =
        lab.received("recovers.lab.example").into_iter().map(|request| request.body).collect();
    assert!(bodies.len() == 3 && bodies[0] == bodies[1] && bodies[1] == bodies[2]);
}

#[test]
fn a_server_that_asks_for_a_pause_gets_one() {
    let lab = start_lab();
    let started = Instant::now();
    let ran = run_push(&lab, "https://busy.lab.example/");
    assert!(ran.stderr.is_empty() && started.elapsed() > Duration::from_secs(2), "{}", ran.stderr);
    assert_eq!(lab.received("busy.lab.example").len(), 2);
}

#[test]
fn what_cannot_be_delivered_is_one_line_and_no_other_exit_code() {
    let lab = start_lab();
    let table = [
        ("https://gone.lab.example", 1, "the server answers with status 404 (Not Found) (1 try)"),
        (
            "https://broken.lab.example",
            3,
            "the server answers with status 500 (Internal Server Error) (3 tries)",
        ),
        ("https://silent.lab.example", 3, "no answer in time (3 tries)"),
        ("https://moved.lab.example", 1, "the server redirects (307), which is not followed (1 try)"),
        ("https://refused.lab.example", 0, "(3 tries)"),
        (
            "https://missing.lab.example",
            0,
            "the name does not exist, says the resolver (the server answered NXDOMAIN) (3 tries)",
        ),
    ];
    for (url, requests, problem) in table {
        let ran = run_push(&lab, &format!("{url}/hunter2?sig=hunter2"));
        let begin = format!("arcprobe: --push {url}: not sent: ");
        assert!(ran.stderr.starts_with(&begin) && ran.stderr.contains(problem), "{problem}\n{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert_eq!(ran.json()["verdict"], "ready");
        assert_eq!(lab.received(url.trim_start_matches("https://")).len(), requests, "{url}");
    }
    assert!(lab.received("hook.lab.example").is_empty(), "the body follows no redirection");
    let unmet = check(&lab, "refused.lab.example", &["https://hook.lab.example", "https://gone.lab.example"]);
    let ran = unmet.args(SHORT).args(["-q"]).run_within(LIMIT).exits(3);
    assert_eq!(lab.received("hook.lab.example").len(), 1);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn secrets_of_the_url_get_to_its_server_and_into_no_output() {
    let lab = start_lab();
    let saved = lab.directory().join("report.json");
    for (host, lines) in [("hook", 0), ("gone", 1)] {
        let url = format!("https://me:hunter2-pw@{host}.lab.example/hunter2-path?sig=hunter2-sig");
        let program =
            check(&lab, "good.lab.example", &[&url]).args(["-v", "--save", saved.to_str().unwrap()]);
        let ran = program.run_within(LIMIT).exits(0);
        let [request] = lab.received(&format!("{host}.lab.example")).try_into().unwrap();
        assert_eq!(request.path, "/hunter2-path?sig=hunter2-sig");
        let login = BASE64_STANDARD.encode("me:hunter2-pw");
        assert_eq!(request.header("authorization"), Some(format!("Basic {login}").as_str()));
        let outputs = [ran.stdout, ran.stderr.clone(), std::fs::read_to_string(&saved).unwrap()].concat();
        let body = String::from_utf8(request.body).unwrap();
        assert!(
            !outputs.contains("hunter2") && !outputs.contains(&login) && !body.contains("hunter2"),
            "{outputs}"
        );
        assert_eq!(ran.stderr.lines().count(), lines, "{}", ran.stderr);
    }
    let wrong = check(&lab, "good.lab.example", &["hook.lab.example/hunter2"]).run().exits(2);
    assert_eq!(wrong.stderr, "arcprobe: --push: this is no URL; write it as https://HOST/PATH\n");
    assert!(wrong.stdout.is_empty());
}

#[test]
fn unencrypted_credentials_are_warned_of() {
    let lab = start_lab();
    let ran = check(&lab, "good.lab.example", &["http://me:hunter2@plain.lab.example/x"])
        .args(["-q"])
        .run_within(LIMIT)
        .exits(0);
    let warning = "arcprobe: --push http://plain.lab.example: the credentials in the URL are sent unencrypted; use https\n";
    assert_eq!(ran.stderr, warning);
    assert_eq!(lab.received("plain.lab.example").len(), 1);
}

/// The run is over by then: its exit code stays.
#[cfg(unix)]
#[test]
fn ctrl_c_stops_sending() {
    let lab = start_lab();
    let program = check(&lab, "good.lab.example", &["https://silent.lab.example/"]);
    let mut command = program.args(["-o", "short", "--timeout", "14s"]).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while lab.received("silent.lab.example").is_empty() {
        assert!(started.elapsed() < LIMIT, "nothing is sent");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "it waits for the server: {:?}", started.elapsed());
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(
        (status.code(), text.as_str()),
        (Some(0), "arcprobe: --push: stopped before everything was sent\n")
    );
}

/// The real one, at a port of this machine.
struct Pushgateway {
    child: Child,
    port: u16,
}

impl Pushgateway {
    fn start(program: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, port }
    }

    fn metrics(&self) -> Option<String> {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }
}

impl Drop for Pushgateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_real_pushgateway_takes_the_metrics() {
    let Some(program) = require("prometheus-pushgateway") else { return };
    let gateway = Pushgateway::start(&program);
    let started = Instant::now();
    while gateway.metrics().is_none() {
        assert!(started.elapsed() < LIMIT, "it does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let lab = start_lab();
    let url = format!("http://127.0.0.1:{}/metrics/job/arcprobe/cluster/one", gateway.port);
    for (host, code, met) in [("refused.lab.example", 3, 0), ("good.lab.example", 0, 1)] {
        let ran = check(&lab, host, &[&url]).run_within(LIMIT).exits(code);
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
        let metrics = gateway.metrics().unwrap();
        let checks: Vec<_> = metrics.lines().filter(|line| line.starts_with("arcprobe_check_met{")).collect();
        let [check] = checks.as_slice() else { panic!("one check, and none of the run before: {metrics}") };
        assert!(check.contains("job=\"arcprobe\"") && check.contains("cluster=\"one\""), "{check}");
        assert!(check.contains(host) && check.ends_with(&format!(" {met}")), "{check}");
    }
}
