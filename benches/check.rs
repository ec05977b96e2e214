//! Whole runs of the real binary against the loopback lab: wall time against the longest single chain, time with
//! endpoints that drop packets, probes per CPU second, and the same work done by `curl --parallel` and by Prometheus'
//! `blackbox_exporter` where they are there (Debian: curl, prometheus-blackbox-exporter).
//!
//! `cargo bench --bench check`. Machines are noisy: look at the ratios, which come from the same run. The lab delays DNS,
//! TLS and HTTP answers each by the round-trip time; the TCP handshake over loopback has none, so that the longest chain
//! is three round trips.

#![allow(clippy::print_stdout, reason = "the figures are the output")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has to fail loudly")]

#[path = "blackbox/mod.rs"]
mod blackbox;
#[path = "../tests/it/lab/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod lab;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::{Host, Lab, LabOptions, Tcp};

const RUNS: u32 = 5;
const TIMEOUT: Duration = Duration::from_secs(2);

fn main() {
    // `cargo test --benches` only wants to know that it starts
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    println!("{:<50} {:>9} {:>9} {:>9}   budget", "scenario (median of 5)", "wall ms", "cpu ms", "ratio");
    lists();
    chains();
    drops();
    dead_resolver();
    against_curl();
    against_blackbox();
}

/// From start to end: what has to be open is asked for by scripts too, and no network is waited for.
fn lists() {
    for form in ["text", "squid"] {
        let measured = median(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_arcprobe"));
            command.args(["requirements", "--location", "eastus", "--feature", "all", "-o", form]);
            command
        });
        let ratio = measured.wall.as_secs_f64() / 0.015;
        measured.print(&format!("requirements -o {form}, all features"), ratio, "1.00 (15 ms)");
    }
}

/// Good endpoints with a round-trip time of 50 ms; 50 of them have to be within 15 % of the longest chain.
fn chains() {
    let rtt = Duration::from_millis(50);
    for (count, budget) in [(50, "1.15 of the longest chain"), (500, "see curl below")] {
        let measured = Bench::new(count, 0, rtt).arcprobe();
        let ratio = measured.wall.as_secs_f64() / (3.0 * rtt.as_secs_f64());
        measured.print(&format!("{count} good, 50 ms"), ratio, budget);
    }
    let measured = Bench::new(500, 0, Duration::ZERO).arcprobe();
    let per_second = 500.0 / measured.cpu.as_secs_f64();
    measured.print("500 good, no delay: probes per CPU second", per_second, "3000 in reach");
}

/// Endpoints that drop packets cost one time-out in all.
fn drops() {
    for (count, dropping) in [(50, 1), (50, 10), (500, 1), (500, 10), (500, 200)] {
        let measured = Bench::new(count, dropping, Duration::ZERO).arcprobe();
        measured.print(&format!("{count} with {dropping} that drop"), measured.time_outs(), "one time-out");
    }
}

fn dead_resolver() {
    let options = LabOptions { resolver: lab::Resolver::Silent, ..LabOptions::default() };
    let measured = Bench::with(500, 0, options).arcprobe();
    measured.print("500 behind a silent resolver", measured.time_outs(), "1.10 time-outs");
}

fn against_curl() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: curl is not on this machine");
        return;
    }
    for rtt in [0, 50] {
        let bench = Bench::new(500, 0, Duration::from_millis(rtt));
        let (ours, curls) = (bench.arcprobe(), bench.curl());
        curls.print(&format!("curl --parallel, 500, {rtt} ms"), 1.0, "");
        let wall = ours.wall.as_secs_f64() / curls.wall.as_secs_f64();
        let cpu = ours.cpu.as_secs_f64() / curls.cpu.as_secs_f64();
        ours.print(&format!("arcprobe / curl wall, 500, {rtt} ms"), wall, "0.50");
        ours.print(&format!("arcprobe / curl CPU, 500, {rtt} ms"), cpu, "0.33");
    }
}

/// The exporter keeps running and is asked for each URL, by as many clients as it is said to take; their CPU time does not count.
fn against_blackbox() {
    for rtt in [0, 50] {
        let bench = Bench::new(500, 0, Duration::from_millis(rtt));
        let Some(exporter) = blackbox::Exporter::start(bench.lab.roots()) else {
            println!(
                "skipped: blackbox_exporter is not on this machine (Debian: prometheus-blackbox-exporter)"
            );
            return;
        };
        let hosts: Vec<String> = (0..bench.count).map(|index| format!("h{index}.lab.example")).collect();
        let targets: Vec<_> = hosts.iter().map(|host| (host.as_str(), bench.lab.address(host))).collect();
        let (ours, theirs) = (bench.arcprobe(), exporter.probe_all(&targets, RUNS));
        theirs.print(&format!("blackbox_exporter, 500, {rtt} ms"), 1.0, "");
        let wall = ours.wall.as_secs_f64() / theirs.wall.as_secs_f64();
        let cpu = ours.cpu.as_secs_f64() / theirs.cpu.as_secs_f64();
        ours.print(&format!("arcprobe / blackbox_exporter wall, 500, {rtt} ms"), wall, "");
        ours.print(&format!("arcprobe / blackbox_exporter CPU, 500, {rtt} ms"), cpu, "");
    }
}

struct Bench {
    lab: Lab,
    count: usize,
    rules: PathBuf,
}

struct Measured {
    wall: Duration,
    cpu: Duration,
}

impl Measured {
    fn time_outs(&self) -> f64 {
        self.wall.as_secs_f64() / TIMEOUT.as_secs_f64()
    }

    fn print(&self, scenario: &str, ratio: f64, budget: &str) {
        let (wall, cpu) = (self.wall.as_secs_f64() * 1e3, self.cpu.as_secs_f64() * 1e3);
        println!("{scenario:<50} {wall:>9.1} {cpu:>9.1} {ratio:>9.2}   {budget}");
    }
}

impl Bench {
    fn new(count: usize, dropping: usize, delay: Duration) -> Self {
        Self::with(count, dropping, LabOptions { delay, ..LabOptions::default() })
    }

    fn with(count: usize, dropping: usize, options: LabOptions) -> Self {
        let name = |index: usize| format!("h{index}.lab.example");
        let host = |index: usize| {
            if index < dropping { Host::new(name(index), Tcp::Blackhole) } else { Host::good(name(index)) }
        };
        let lab = Lab::start_with((0..count).map(host).collect(), options);
        let rules = lab.directory().join("bench-rules.yaml");
        std::fs::write(&rules, rules_text(count)).unwrap();
        Self { lab, count, rules }
    }

    fn arcprobe(&self) -> Measured {
        median(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_arcprobe"));
            command.args(["check", "--location", "eastus", "--no-builtin-rules", "-o", "json", "--rules"]);
            command.arg(&self.rules).arg("--resolver").arg(self.lab.resolver().to_string());
            command.arg("--public-roots").arg(self.lab.roots());
            command.arg("--timeout").arg(format!("{}ms", TIMEOUT.as_millis()));
            for diversion in self.lab.connect_to() {
                command.args(["--connect-to", &diversion]);
            }
            command
        })
    }

    /// The same URLs, one connection each. curl is spared the DNS questions, since it cannot be told whom to ask.
    fn curl(&self) -> Measured {
        let mut config = String::new();
        for index in 0..self.count {
            let host = format!("h{index}.lab.example");
            let port = self.lab.port(&host);
            writeln!(config, "url = \"https://{host}:{port}/\"\noutput = \"/dev/null\"").unwrap();
            writeln!(config, "resolve = \"{host}:{port}:127.0.0.1\"").unwrap();
        }
        let path = self.lab.directory().join("curl.conf");
        std::fs::write(&path, config).unwrap();
        median(|| {
            let mut command = Command::new("curl");
            command.args(["--silent", "--parallel", "--http1.1", "--cacert"]).arg(self.lab.roots());
            command.arg("--config").arg(&path);
            command
        })
    }
}

fn rules_text(count: usize) -> String {
    let mut text = String::from(
        "format: arcprobe-rules/1\nname: bench\nrevision: 2026-01-31\ncloud: AzureCloud\n\
         features:\n  - {id: core, title: Core, default: true}\n\
         regions:\n  - {name: eastus, title: East US, cloud: AzureCloud, his_code: eus, arc: true}\nendpoints:\n",
    );
    for index in 0..count {
        writeln!(
            text,
            "  - {{id: h{index}, title: Bench, why: For the bench., breaks: Nothing., callers: [agent], \
             vantages: [pod], host: h{index}.lab.example, features: [core]}}"
        )
        .unwrap();
    }
    text
}

fn median(command: impl Fn() -> Command) -> Measured {
    let mut walls = Vec::new();
    let before = children_cpu();
    for _ in 0..RUNS {
        let started = Instant::now();
        command().stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        walls.push(started.elapsed());
    }
    walls.sort_unstable();
    Measured { wall: walls[walls.len() / 2], cpu: children_cpu().saturating_sub(before) / RUNS }
}

/// CPU time of all children that have ended, from proc(5): fields 16 and 17, in ticks of 10 ms. Zero elsewhere than on
/// Linux.
fn children_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split_whitespace().skip(13).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
