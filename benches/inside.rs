//! From the command to the report, from pods and nodes of a warm cluster with everything met: `tests/kube-lab`, as root.
//!
//! `cargo run --example pack_agent`, then `cargo bench --features cluster-tests --bench inside`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark tells, and fails loudly")]

#[cfg(target_os = "linux")]
#[path = "../tests/it/kubeconfig.rs"]
mod kubeconfig;
#[cfg(target_os = "linux")]
#[path = "../tests/it/lab/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod lab;
#[cfg(target_os = "linux")]
#[path = "../tests/it/program.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod program;
#[cfg(target_os = "linux")]
#[path = "../tests/it/require.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod require;

#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/cluster"]
mod cluster {
    pub(super) mod bed;
    pub(super) mod internet;
}

#[cfg(target_os = "linux")]
fn main() {
    use std::time::Instant;

    use cluster::{bed, internet::Internet};

    /// Contract: one node, all met, no image pulled.
    const BUDGET_S: f64 = 10.0;

    bed::on_the_lab(|namespace| {
        let internet = Internet::start_healthy();
        for (name, from, more) in [
            ("pod", "pod", &[][..]),
            ("pod and node", "pod,node", &[]),
            ("pod and node, two nodes", "pod,node", &["--every-node"]),
        ] {
            let mut seconds: Vec<_> = (0..5)
                .map(|_| {
                    let began = Instant::now();
                    internet.check(namespace, from).args(more).run().exits(0);
                    began.elapsed().as_secs_f64()
                })
                .collect();
            seconds.sort_by(f64::total_cmp);
            let verdict = if seconds[4] < BUDGET_S { "within" } else { "over" };
            let (least, median, most) = (seconds[0], seconds[2], seconds[4]);
            println!(
                "{name:<24} {least:.1} s, median {median:.1} s, most {most:.1} s: {verdict} {BUDGET_S} s"
            );
        }
    });
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("kube-lab runs on Linux");
}
