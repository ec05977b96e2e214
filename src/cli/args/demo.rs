//! What can be typed for `arcprobe demo`: the flags of `check` that do not contradict its network.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};

use super::CheckArgs;

/// `arcprobe demo`.
#[derive(Clone, Debug)]
pub struct DemoArgs {
    /// What `check` would be called with.
    pub check: CheckArgs,
}

impl Args for DemoArgs {
    fn augment_args(command: Command) -> Command {
        CheckArgs::augment_args(command)
            .mut_args(|arg| if is_taken(&arg) { arg } else { arg.hide(true) })
            .mut_arg("timeout", |arg| arg.default_value(TIMEOUT))
            .after_help(EXAMPLES)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DemoArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let flags = CheckArgs::augment_args(Command::new("check"));
        let is_given =
            |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        if let Some(flag) = flags.get_arguments().filter(|arg| !is_taken(arg)).find(is_given) {
            return Err(contradiction(flag));
        }
        Ok(Self { check: CheckArgs::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// All others name a region, a way out, servers, CAs, rules or a cluster, and these are what the demo brings.
fn is_taken(arg: &Arg) -> bool {
    TAKEN.contains(&arg.get_id().as_str())
}

fn contradiction(flag: &Arg) -> Error {
    let name = flag.get_long().unwrap_or_else(|| flag.get_id().as_str());
    let text = format!(
        "--{name} cannot be used with `arcprobe demo`: the demo brings its own region, DNS server, CAs and hosts, checks \
         them directly from this machine with the built-in rules, and uses no other network. Leave the flag out, or run \
         `arcprobe check` with it. `arcprobe demo --help` lists the flags that the demo accepts\n"
    );
    Error::raw(ErrorKind::ArgumentConflict, text)
}

/// A flag of `check` that is not listed is refused, so that a new one that uses the network is, too.
const TAKEN: &[&str] = &[
    "feature",
    "rule_set",
    "timeout",
    "deadline",
    "retries",
    "concurrency",
    "no_discovery",
    "wait",
    "output",
    "save",
    "save_ca",
    "fail_on",
    "waivers",
    "baseline",
];

/// Nobody waits longer for packets that are dropped on purpose.
const TIMEOUT: &str = "2s";

const EXAMPLES: &str = "\
EXAMPLES
  arcprobe demo                        the report on the screen
  arcprobe demo -v                     also what passed
  arcprobe demo -o html > report.html  the report as a page
  arcprobe demo --save report.json     also a file, for `arcprobe report`

The exit code is 3, since the network has faults.";
