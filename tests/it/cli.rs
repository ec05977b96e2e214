//! The program as its users meet it: exit codes, complaints, files, signals, whole screens.

#[cfg(unix)]
mod cluster_commands;
mod complaints;
mod json;
mod outputs;
#[cfg(unix)]
mod pasted;
mod screens;
mod shells;
mod suggestions;

use crate::lab::{Host, Lab};
use crate::program::TestRules;

/// A lab with one good host.
fn lab() -> Lab {
    Lab::start(vec![Host::good("good.lab.example")])
}

/// What the lab has.
fn good() -> TestRules {
    TestRules::new().endpoint("good", "good.lab.example", "")
}

/// And a host that it does not have: `required` or `optional`.
fn with_missing(need: &str) -> TestRules {
    good().endpoint("missing", "missing.lab.example", &format!("need: {need}"))
}
