//! `arcprobe report`: shows a report that was saved, in any format, or what is different from an older one.

use std::path::Path;

use super::files::{open_outputs, read_bounded, save_any_report};
use super::{CommandError, Console, Result, print_output};
use crate::cli::args::ReportArgs;
use crate::cli::exit::{Exit, exit_for_diff, exit_for_saved};
use crate::model::report::Report;
use crate::report::diff::{self, Diff};
use crate::report::fleet::json::{self, SavedReport};
use crate::report::json::ReadError;
use crate::report::{self, Format};

/// As if `check` had just run: the same formats, files and exit codes.
pub(super) fn run(args: &ReportArgs, screen: &Console) -> Result<Exit> {
    if let Some(older) = &args.diff {
        return run_diff(args, older, screen);
    }
    let waivers = super::waivers::load_waivers(&args.waivers)?;
    let apply = |report| super::waivers::apply_waivers(report, &waivers);
    let saved = match select_cluster(read_saved(&args.file, "")?, args, &args.file)? {
        SavedReport::Single(report) => SavedReport::Single(apply(report)),
        SavedReport::Fleet(fleet) => SavedReport::Fleet(fleet.map_reports(apply)),
    };
    // only now: the file may be one of those that are written
    let files = open_outputs(&args.save)?;
    let shown = print_output(&report::render_saved(&saved, args.output, &screen.text));
    shown.and(save_any_report(&saved, files, screen))?;
    Ok(exit_for_saved(&saved, args.fail_on.severity()))
}

/// What `--cluster` takes out of a report on several.
fn select_cluster(saved: SavedReport, args: &ReportArgs, path: &Path) -> Result<SavedReport> {
    let Some(context) = &args.cluster else { return Ok(saved) };
    let usage = |why: String| CommandError::Usage(anyhow::anyhow!("--cluster: {}: {why}", path.display()));
    match saved {
        SavedReport::Single(_) => {
            Err(usage("the report is on one cluster, without the name of its context".to_owned()))
        }
        SavedReport::Fleet(fleet) => {
            fleet.into_report(context).map(SavedReport::Single).map_err(|e| usage(e.to_string()))
        }
    }
}

fn run_diff(args: &ReportArgs, older: &Path, screen: &Console) -> Result<Exit> {
    if args.file == Path::new("-") && older == Path::new("-") {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "only one of the two reports can be standard input"
        )));
    }
    let render: fn(&Diff, &Console) -> String = match args.output {
        Format::Text => |diff, screen| diff::text::render(diff, &screen.text),
        Format::Json => |diff, _| diff.to_json(),
        _ => return Err(CommandError::Usage(anyhow::anyhow!("--diff is shown as text or json only"))),
    };
    let read_side = |path: &Path, flag| {
        let saved = read_saved(path, flag)?;
        match saved {
            // what was taken out of one before is compared with a report on several now
            SavedReport::Single(report) if path == older => Ok(report),
            saved => into_single(select_cluster(saved, args, path)?, path, flag),
        }
    };
    let diff = diff::compare(&read_side(&args.file, "")?, &read_side(older, "--diff")?);
    print_output(&render(&diff, screen))?;
    Ok(exit_for_diff(&diff, args.fail_on.severity()))
}

/// A saved report on one cluster; `flag` is what named the file, or empty.
pub(super) fn read_single(path: &Path, flag: &str) -> Result<Report> {
    into_single(read_saved(path, flag)?, path, flag)
}

fn into_single(saved: SavedReport, path: &Path, flag: &str) -> Result<Report> {
    match saved {
        SavedReport::Single(report) => Ok(report),
        SavedReport::Fleet(fleet) => {
            let contexts: Vec<_> = fleet.clusters.iter().map(|member| member.context.as_str()).collect();
            Err(CommandError::Usage(anyhow::anyhow!(
                "{}: a report on several clusters ({}); `arcprobe report FILE --cluster NAME -o json` takes one out of it",
                describe_file(path, flag),
                contexts.join(", ")
            )))
        }
    }
}

fn describe_file(path: &Path, flag: &str) -> String {
    let file = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    format!("{flag} {file}").trim_start().to_owned()
}

/// A saved report, on one cluster or several.
fn read_saved(path: &Path, flag: &str) -> Result<SavedReport> {
    let name = describe_file(path, flag);
    let bytes = read_bounded(path, &name)?;
    json::parse(&bytes).map_err(|e| {
        let hint =
            if matches!(e, ReadError::NotAReport(_)) { "; arcprobe check -o json writes one" } else { "" };
        CommandError::Usage(anyhow::anyhow!("{name}: {e}{hint}"))
    })
}
