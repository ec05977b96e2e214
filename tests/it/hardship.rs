//! A machine that is short of something: files, room on its disks, time, or the patience of whoever sits before it. What was
//! measured is not lost, nothing is left in a cluster, and the exit code is one of the table.

mod clock;
mod disks;
mod files;
mod stops;

use crate::lab::{Host, Lab, Tcp};
use crate::program::TestRules;

/// A good host, and one that never answers.
fn lab() -> Lab {
    Lab::start(vec![Host::good("good.lab.example"), Host::new("hole.lab.example", Tcp::Blackhole)])
}

fn good() -> TestRules {
    TestRules::new().endpoint("good", "good.lab.example", "")
}

fn with_hole() -> TestRules {
    good().endpoint("hole", "hole.lab.example", "")
}
