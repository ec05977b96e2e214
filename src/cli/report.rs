//! `arcprobe report`: shows a report that was saved, in any format, or what is different from an older one.

use std::path::Path;

use super::check::exit_of;
use super::files::{bounded, open_all, save_saved};
use super::{CommandError, Screen, show};
use crate::cli::args::ReportArgs;
use crate::cli::exit::Exit;
use crate::model::finding::Severity;
use crate::model::report::Report;
use crate::report::diff::{self, Diff};
use crate::report::fleet::json::{self, Saved};
use crate::report::json::ReadError;
use crate::report::{self, Format};

/// As if `check` had just run: the same formats, files and exit codes.
pub(super) fn run(args: &ReportArgs, screen: &Screen) -> Result<Exit, CommandError> {
    if let Some(older) = &args.diff {
        return compare(args, older, screen);
    }
    let waivers = super::waivers::read(&args.waivers)?;
    let apply = |report| super::waivers::apply(report, &waivers);
    let saved = match of_cluster(read_any(&args.file, "")?, args, &args.file)? {
        Saved::One(report) => Saved::One(apply(report)),
        Saved::Several(fleet) => Saved::Several(fleet.map(apply)),
    };
    // only now: the file may be one of those that are written
    let files = open_all(&args.save)?;
    let shown = show(&report::render_saved(&saved, args.output, &screen.text));
    shown.and(save_saved(&saved, files, screen))?;
    Ok(exit_of(&saved, args.fail_on.severity()))
}

/// What `--cluster` takes out of a report on several.
fn of_cluster(saved: Saved, args: &ReportArgs, path: &Path) -> Result<Saved, CommandError> {
    let Some(context) = &args.cluster else { return Ok(saved) };
    let usage = |why: String| CommandError::Usage(anyhow::anyhow!("--cluster: {}: {why}", path.display()));
    match saved {
        Saved::One(_) => {
            Err(usage("the report is on one cluster, without the name of its context".to_owned()))
        }
        Saved::Several(fleet) => fleet.on(context).map(Saved::One).map_err(|e| usage(e.to_string())),
    }
}

fn compare(args: &ReportArgs, older: &Path, screen: &Screen) -> Result<Exit, CommandError> {
    if args.file == Path::new("-") && older == Path::new("-") {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "only one of the two reports can be standard input"
        )));
    }
    let render: fn(&Diff, &Screen) -> String = match args.output {
        Format::Text => |diff, screen| diff::text::render(diff, &screen.text),
        Format::Json => |diff, _| diff.json(),
        _ => return Err(CommandError::Usage(anyhow::anyhow!("--diff is shown as text or json only"))),
    };
    let one = |path: &Path, flag| {
        let saved = read_any(path, flag)?;
        match saved {
            // what was taken out of one before is compared with a report on several now
            Saved::One(report) if path == older => Ok(report),
            saved => single(of_cluster(saved, args, path)?, path, flag),
        }
    };
    let diff = diff::compare(&one(&args.file, "")?, &one(older, "--diff")?);
    show(&render(&diff, screen))?;
    Ok(broke(&diff, args.fail_on.severity()))
}

/// What the exit code says of a comparison.
pub(super) fn broke(diff: &Diff, fail_on: Severity) -> Exit {
    match fail_on {
        _ if diff.broke() => Exit::Unmet,
        _ if diff.is_less_known() => Exit::Incomplete,
        Severity::Warning if diff.warns() => Exit::Warnings,
        _ => Exit::Ok,
    }
}

/// A saved report on one cluster; `flag` is what named the file, or empty.
pub(super) fn read(path: &Path, flag: &str) -> Result<Report, CommandError> {
    single(read_any(path, flag)?, path, flag)
}

fn single(saved: Saved, path: &Path, flag: &str) -> Result<Report, CommandError> {
    match saved {
        Saved::One(report) => Ok(report),
        Saved::Several(fleet) => {
            let contexts: Vec<_> = fleet.clusters.iter().map(|member| member.context.as_str()).collect();
            Err(CommandError::Usage(anyhow::anyhow!(
                "{}: a report on several clusters ({}); `arcprobe report FILE --cluster NAME -o json` takes one out of it",
                name(path, flag),
                contexts.join(", ")
            )))
        }
    }
}

fn name(path: &Path, flag: &str) -> String {
    let file = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    format!("{flag} {file}").trim_start().to_owned()
}

/// A saved report, on one cluster or several.
fn read_any(path: &Path, flag: &str) -> Result<Saved, CommandError> {
    let name = name(path, flag);
    let bytes = bounded(path, &name)?;
    json::parse(&bytes).map_err(|e| {
        let hint = if matches!(e, ReadError::Form(_)) { "; arcprobe check -o json writes one" } else { "" };
        CommandError::Usage(anyhow::anyhow!("{name}: {e}{hint}"))
    })
}
