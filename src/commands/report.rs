//! `arcprobe report`: shows a report that was saved, in any format, or what is different from an older one.

use std::path::Path;

use super::check::exit;
use super::files::{bounded, open_all, save};
use super::{CommandError, Screen, show};
use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::finding::Severity;
use crate::report::diff::{self, Diff};
use crate::report::json::ReadError;
use crate::report::v1::Report;
use crate::report::{self, Format, json};

/// As if `check` had just run: the same formats, files and exit codes.
pub(super) fn run(args: &ReportArgs, screen: &Screen) -> Result<Exit, CommandError> {
    if let Some(older) = &args.diff {
        return compare(args, older, screen);
    }
    let report = super::waivers::apply(read(&args.file, "")?, &super::waivers::read(&args.waivers)?);
    // only now: the file may be one of those that are written
    let files = open_all(&args.save)?;
    let shown = show(&report::render(&report, args.output, &screen.text));
    shown.and(save(&report, files, screen))?;
    Ok(exit(&report, args.fail_on.severity()))
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
    let diff = diff::compare(&read(&args.file, "")?, &read(older, "--diff")?);
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

/// A saved report; `flag` is what named the file, or empty.
pub(super) fn read(path: &Path, flag: &str) -> Result<Report, CommandError> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let name = format!("{flag} {name}").trim_start().to_owned();
    let bytes = bounded(path, &name)?;
    json::parse(&bytes).map_err(|e| {
        let hint = if matches!(e, ReadError::Form(_)) { "; arcprobe check -o json writes one" } else { "" };
        CommandError::Usage(anyhow::anyhow!("{name}: {e}{hint}"))
    })
}
