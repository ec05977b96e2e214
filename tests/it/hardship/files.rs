//! Few file descriptors: everything is measured anyway, and nothing is blamed on the network.

use crate::lab::{Dns, Host, Lab, LabOptions, Serves};
use crate::program::{Program, TestRules};

use super::{good, lab};

/// Sixty hosts, some of them with more addresses than there are descriptors.
#[test]
#[cfg(unix)]
fn sixty_four_file_descriptors_are_enough() {
    let many = (0..4).map(|n| Host::with_dns(format!("many-{n}.lab.example"), Dns::ManyAddresses)).collect();
    let lab = Lab::start_with(many, LabOptions { default: Some(Serves::Good), ..LabOptions::default() });
    let names = (0..4).map(|n| format!("many-{n}")).chain((0..56).map(|n| format!("one-{n}")));
    let rules =
        names.fold(TestRules::new(), |rules, name| rules.endpoint(&name, &format!("{name}.lab.example"), ""));
    let saved = lab.directory().join("report.json").display().to_string();
    let ran = Program::check_in(&lab)
        .args(rules.flags(lab.directory()))
        .args(["-o", "json", "--save", &saved, "--concurrency", "60"])
        .with_ulimit("-n 64")
        .run()
        .exits(0);
    let report = ran.json();
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 60);
    assert!(checks.iter().all(|check| check["verdict"] == "met"));
    assert!(!ran.stdout.contains("Too many open files"), "what runs short here is no failure of the network");
}

#[test]
#[cfg(unix)]
fn too_few_file_descriptors_are_an_error() {
    let lab = lab();
    let ran = Program::check_in(&lab).args(good().flags(lab.directory())).with_ulimit("-n 20").run().exits(1);
    assert!(ran.stderr.contains("only 20 files") && ran.stderr.contains("ulimit -n"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty());
    assert_eq!(lab.log(), Vec::<String>::new());
}
