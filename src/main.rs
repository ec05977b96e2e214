//! The command line program.

use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    arcprobe::cli::run(std::env::args_os().collect(), &environment).into()
}
