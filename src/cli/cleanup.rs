//! `arcprobe cleanup`: deletes what a killed run left in a cluster.

use std::fmt::Write as _;

use super::{CommandError, Environment, Screen, runtime, show};
use crate::cli::args::CleanupArgs;
use crate::cli::exit::Exit;
use crate::cluster::{self, Access, Cleaned};
use crate::probe::settings::ProbeSettings;

pub(super) fn run(args: &CleanupArgs, environment: &Environment, _: &Screen) -> Result<Exit, CommandError> {
    let choice = super::settings::kube(&args.kube);
    let done = runtime()?.until_stopped(async {
        let access = Access::open(&choice, environment, &ProbeSettings::default()).await?;
        let cleaned = cluster::cleanup(&access, args.force).await?;
        Ok::<_, cluster::AccessError>((access.namespace, cleaned))
    })?;
    let (namespace, cleaned) = done.map_err(CommandError::inaccessible)?;
    show(&told(&namespace, &cleaned))
}

fn told(namespace: &str, cleaned: &Cleaned) -> String {
    let mut text = String::new();
    for name in &cleaned.deleted {
        // writing to a string cannot fail
        let _ = writeln!(text, "deleted {name}");
    }
    for run in &cleaned.running {
        let _ = writeln!(text, "left alone: run {run} is still on its way; --force deletes it too");
    }
    if text.is_empty() {
        let _ = writeln!(text, "nothing of arcprobe is in namespace {namespace}");
    }
    text
}
