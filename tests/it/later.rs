//! What runs or compares more than once: `--wait`, `--baseline`, `--waivers`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::lab::{Host, Lab, Tcp};
use crate::program::{Program, RunResult, TestRules};

const GOOD: &str = "good.lab.example";
const LATE: &str = "late.lab.example";

fn start_lab() -> (Lab, TestRules) {
    let lab = Lab::start(vec![Host::good(GOOD), Host::good(LATE)]);
    let rules = TestRules::new().endpoint("good", GOOD, "").endpoint("late", LATE, "");
    (lab, rules)
}

/// A port where nobody listens yet, and which no other test is given meanwhile: below those that the system hands out.
fn free_port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 8_000).unwrap();
    loop {
        let at = (Ipv4Addr::LOCALHOST, first + NEXT.fetch_add(1, Ordering::Relaxed) % 4_000).into();
        if TcpListener::bind(at).is_ok() {
            return at;
        }
    }
}

/// Opens a way, as a firewall team does: what comes there goes on to the lab.
fn forward_port(at: SocketAddr, to: u16) {
    let listener = TcpListener::bind(at).unwrap();
    std::thread::spawn(move || {
        for from in listener.incoming().flatten() {
            let to = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).unwrap();
            let (mut a, mut b) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let (mut c, mut d) = (to, from);
            std::thread::spawn(move || drop(std::io::copy(&mut a, &mut b)));
            std::thread::spawn(move || drop(std::io::copy(&mut c, &mut d)));
        }
    });
}

/// A check in which a host is reached through an address; the first diversion that fits counts.
fn check(lab: &Lab, rules: &TestRules, by: SocketAddr, more: &[&str]) -> Program {
    let mut args = vec!["check".to_owned(), format!("--connect-to={LATE}:443:127.0.0.1:{}", by.port())];
    args.extend([
        format!("--resolver={}", lab.resolver()),
        format!("--public-roots={}", lab.roots().display()),
    ]);
    args.extend(lab.connect_to().iter().map(|diversion| format!("--connect-to={diversion}")));
    Program::new().args(args).args(rules.flags(lab.directory())).args(["--timeout", "2s"]).args(more)
}

#[test]
fn a_wait_ends_when_the_endpoint_becomes_reachable() {
    let (lab, rules) = start_lab();
    let at = free_port();
    let to = lab.port(LATE);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        forward_port(at, to);
    });
    let ran = check(&lab, &rules, at, &["--wait", "60s", "-o", "json"]);
    // a tenth of the time between two looks
    let ran = ran.run().exits(0);
    assert_eq!(ran.json()["verdict"], "ready");
    for words in [
        "--wait: 1 required endpoint is unmet",
        "met now: late.lab.example:443, from workstation",
        "all that is required is met",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
}

#[test]
fn a_wait_without_success_ends_at_its_time_limit() {
    let (lab, rules) = start_lab();
    let ran = check(&lab, &rules, free_port(), &["--wait", "2s", "-o", "json"]).run().exits(3);
    assert_eq!(ran.json()["verdict"], "blocked");
    assert!(!ran.stderr.contains("met now"), "{}", ran.stderr);
    let bad = check(&lab, &rules, free_port(), &["--wait", "soon"]).run().exits(2);
    assert!(bad.stderr.contains("--wait") && bad.stderr.contains("soon"), "{}", bad.stderr);
}

/// The last check has less time than it needs: it is cut, and the complete one before counts.
#[test]
fn a_wait_is_over_when_its_time_is() {
    let lab = Lab::start(vec![Host::new(LATE, Tcp::Blackhole)]);
    let started = std::time::Instant::now();
    let ran = Program::check_in(&lab)
        .args(TestRules::new().endpoint("late", LATE, "").flags(lab.directory()))
        .args(["--timeout", "3s", "--wait", "5s", "-o", "json"])
        .run()
        .exits(3);
    let took = started.elapsed();
    assert!((4500..5900).contains(&took.as_millis()), "{took:?}");
    let report = ran.json();
    assert_eq!((&report["verdict"], &report["run"]["deadline_passed"]), (&"blocked".into(), &false.into()));
}

#[test]
fn a_baseline_reports_what_broke_since() {
    let (lab, rules) = start_lab();
    let saved = |name: &str| lab.directory().join(name).display().to_string();
    let (good, bad) = (saved("good.json"), saved("bad.json"));
    let at = free_port();
    check(&lab, &rules, at, &["--save", &bad, "-q"]).run().exits(3);
    forward_port(at, lab.port(LATE));
    check(&lab, &rules, at, &["--save", &good, "-q"]).run().exits(0);
    let compare = |by: SocketAddr, older: &str, more: &[&str]| -> RunResult {
        check(&lab, &rules, by, &["--baseline", older]).args(more).run()
    };
    let broke = compare(free_port(), &good, &[]).exits(3);
    assert!(
        broke.stdout.contains("BLOCKED: ") && broke.stdout.contains("late.lab.example:443"),
        "{}",
        broke.stdout
    );
    // known before: the exit code shows what is new
    compare(free_port(), &bad, &[]).exits(0);
    let fixed = compare(at, &bad, &["-o", "json"]).exits(0);
    assert_eq!(fixed.json()["verdict"], "ready");
    assert!(fixed.stderr.contains("late.lab.example:443"), "{}", fixed.stderr);
    let foreign = compare(at, "/dev/null", &[]).exits(2);
    assert!(foreign.stderr.contains("/dev/null"), "{}", foreign.stderr);
}

fn write_waivers(directory: &Path, until: &str) -> String {
    let path = directory.join(format!("{until}.yaml"));
    let text = format!(
        "waivers:\n  - code: tcp_refused\n    endpoint: '*.lab.example'\n    reason: CHG-1234\n    until: {until}\n"
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_waived_check_does_not_fail_until_the_waiver_expires() {
    let (lab, rules) = start_lab();
    let (good, over) =
        (write_waivers(lab.directory(), "2999-12-31"), write_waivers(lab.directory(), "2020-01-01"));
    let saved = lab.directory().join("saved.json").display().to_string();
    let run_with = |more: &[&str]| check(&lab, &rules, free_port(), more).run();
    let ran = run_with(&["--waivers", &good, "-o", "json", "--save", &saved]).exits(0);
    let report = ran.json();
    assert_eq!(report["waivers"][0]["state"], "used");
    let accepted =
        report["findings"].as_array().unwrap().iter().find(|f| f["accepted"]["until"] == "2999-12-31");
    assert_eq!(accepted.unwrap()["severity"], "info", "{report:#}");
    // a saved report keeps what was accepted, and can be judged by other waivers
    Program::new().args(["report", &saved]).run().exits(0);
    let unwaived = lab.directory().join("plain.json").display().to_string();
    run_with(&["-o", "json", "--save", &unwaived]).exits(3);
    Program::new().args(["report", &unwaived, "--waivers", &good]).run().exits(0);
    let ran = run_with(&["--waivers", &over, "-o", "json"]).exits(3);
    assert_eq!(ran.json()["findings"][0]["severity"], "blocking");
    assert!(ran.stdout.contains("waiver_expired"), "{}", ran.stdout);
    let missing = run_with(&["--waivers", "nowhere.yaml"]).exits(2);
    assert!(missing.stderr.contains("--waivers nowhere.yaml"), "{}", missing.stderr);
    let own = "waivers: [{code: waiver_expired, endpoint: '*', reason: r, until: 2999-01-01}]";
    std::fs::write(lab.directory().join("own.yaml"), own).unwrap();
    run_with(&["--waivers", &lab.directory().join("own.yaml").display().to_string()]).exits(2);
    std::fs::write(
        lab.directory().join("bad.yaml"),
        "waivers: [{code: tcp_refusd, endpoint: '*', reason: r, until: 2027-01-01}]",
    )
    .unwrap();
    let bad = run_with(&["--waivers", &lab.directory().join("bad.yaml").display().to_string()]).exits(2);
    assert!(bad.stderr.contains("did you mean \"tcp_refused\"?"), "{}", bad.stderr);
}
