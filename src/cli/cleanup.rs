//! `arcprobe cleanup`: deletes what a killed run left in a cluster.

use std::fmt::Write as _;

use super::{CommandError, Console, Environment, Result, print_output, start_runtime};
use crate::cli::args::CleanupArgs;
use crate::cli::exit::Exit;
use crate::cluster::{self, CleanupResult, ClusterClient};
use crate::probe::settings::ProbeSettings;

pub(super) fn run(args: &CleanupArgs, environment: &Environment, _: &Console) -> Result<Exit> {
    let choice = super::settings::kube_choice(&args.kube);
    let done = start_runtime()?.run_until_stopped(async {
        let access = ClusterClient::open(&choice, environment, &ProbeSettings::default()).await?;
        let cleaned = cluster::clean_up_namespace(&access, args.force).await?;
        Ok::<_, cluster::ClusterClientError>((access.namespace, cleaned))
    })?;
    let (namespace, cleaned) = done.map_err(CommandError::from_access_error)?;
    print_output(&describe_cleanup(&namespace, &cleaned))
}

fn describe_cleanup(namespace: &str, cleaned: &CleanupResult) -> String {
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
