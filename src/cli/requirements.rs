//! `arcprobe requirements`: what has to be open, for those who open it. No network is used.

use std::path::Path;

use anyhow::Context as _;

use super::{CommandError, Console, Result, print_output, settings};
use crate::cli::args::RequirementsArgs;
use crate::cli::exit::Exit;
use crate::model::wording::{format_count, pluralize};
use crate::report::requirements::{ExportFormat, Requirements, export, list_requirements, list_unmet};

pub(super) fn run(args: &RequirementsArgs, screen: &Console) -> Result<Exit> {
    if args.only_unmet.is_some() && args.output == ExportFormat::Cilium {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "-o cilium goes without --only-unmet: a policy denies what it does not list, so that what is open now would be closed"
        )));
    }
    let list = match &args.only_unmet {
        Some(path) => list_from_report(path, args, screen)?,
        None => list_needed(args, screen)?,
    };
    let list = if args.output.is_configuration() { list.keep_only_openable() } else { list };
    screen.hint_all(&list.notes);
    if list.items.is_empty() && args.output.is_configuration() {
        // an empty configuration would take away what is there
        screen.hint("nothing is written");
        return Ok(Exit::Ok);
    }
    if args.output == ExportFormat::Cilium && list.features.iter().all(|topic| topic.id != "core") {
        screen.hint("the policy denies the agents what they need: --feature leaves out core");
    }
    let exported = export(&list, args.output, &screen.text);
    screen.hint_all(&exported.notes);
    print_output(&exported.text)
}

/// All that the rules ask for.
fn list_needed(args: &RequirementsArgs, screen: &Console) -> Result<Requirements> {
    if args.scope.location.is_none() {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "--location REGION is needed, such as --location eastus; or --only-unmet REPORT, which knows its region"
        )));
    }
    let (rules, scope, notes) = settings::prepare_listing(&args.scope)?;
    screen.hint_all(&notes);
    Ok(list_requirements(&rules, &scope, args.expand))
}

/// What a report found unmet; how many checks it could not verify goes to standard error, as they may be closed too.
fn list_from_report(path: &Path, args: &RequirementsArgs, screen: &Console) -> Result<Requirements> {
    let report = super::report::read_single(path, "--only-unmet")?;
    let rules = settings::load_rule_set_for(&args.scope, report.run.cloud)?;
    let (list, unverified) = list_unmet(&report, &rules, args.expand)
        .with_context(|| flag_with_path(path))
        .map_err(CommandError::Usage)?;
    if list.items.is_empty() {
        screen.hint("the report found nothing unmet");
    }
    if unverified > 0 {
        screen.hint(&format!(
            "{} {} unverified in the report and not listed: they may be closed too",
            format_count(unverified, "check"),
            pluralize(unverified, "is", "are")
        ));
    }
    if args.output == ExportFormat::NoProxy {
        screen.hint("of what a private link carries, only what was found unmet is in the value");
    }
    Ok(list)
}

fn flag_with_path(path: &Path) -> String {
    format!("--only-unmet {}", path.display())
}
