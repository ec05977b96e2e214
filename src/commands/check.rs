//! `arcprobe check`: rules, plan, probes, judgement, report.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::settings::Prepared;
use super::{CommandError, Environment, Screen, show};
use crate::cli::CheckArgs;
use crate::conclude::{Ran, conclude};
use crate::evidence::Evidence;
use crate::exit::Exit;
use crate::finding::Severity;
use crate::lookout::{Lookout, Reach};
use crate::measure::{interruption, measure};
use crate::net::Net;
use crate::plan::Plan;
use crate::probe::{Bounds, Event};
use crate::progress::Progress;
use crate::report::v1::{Report, Verdict};
use crate::report::{self, Format};
use crate::settings::ProbeSettings;
use crate::vantage::VantageKind;

/// The line of the program: settings, plan, evidence, conclusions, report.
pub(super) fn run(
    args: &CheckArgs,
    environment: &Environment,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let Prepared { rules, settings, notes } = super::settings::check(args, environment)?;
    let net = Arc::new(Net::new(&settings.probe, &settings.routes).map_err(CommandError::usage)?);
    let files = open_all(&args.save)?;
    for note in &notes {
        screen.hint(note);
    }
    let lookout = Lookout {
        vantage: VantageKind::Workstation,
        rules: &rules,
        scope: &settings.scope,
        routes: &settings.routes,
        reach: Reach::StandsIn,
        discovery: settings.discovery,
    };
    let started_at = net.clock.now();
    let (plan, evidence) = carry_out(&lookout, &settings.probe, &net, screen)?;
    let ran =
        Ran { rules: &rules, settings: &settings, plan: &plan, evidence: &evidence, net: &net, started_at };
    let report = conclude(&ran);
    show(&report::render(&report, args.output, &screen.text))?;
    save(&report, files, screen)?;
    Ok(exit(&report, settings.fail_on))
}

fn carry_out(
    lookout: &Lookout<'_>,
    probe: &ProbeSettings,
    net: &Arc<Net>,
    screen: &Screen,
) -> Result<(Plan, Evidence), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime does not start")
        .map_err(CommandError::Failed)?;
    let progress = Progress::new(!screen.shows_progress);
    progress.start(0);
    let listen = |event: Event<'_>| match event {
        Event::Planned(probes) => progress.planned(probes),
        Event::Started(index, host) => progress.started(index, host),
        Event::Finished(index) => progress.finished(index),
    };
    let bounds = Bounds { deadline: probe.deadline, concurrency: probe.concurrency };
    // heard from the start, not from the first wait on
    let stopped = runtime.spawn(interruption());
    let stop = async { drop(stopped.await) };
    let seen = runtime.block_on(measure(lookout, Arc::clone(net), bounds, stop, listen));
    progress.done();
    runtime.shutdown_background();
    Ok(seen)
}

type Opened = (File, PathBuf, Format);

/// Files are opened before anything is probed: a report that cannot be written must not cost a run.
fn open_all(paths: &[PathBuf]) -> Result<Vec<Opened>, CommandError> {
    paths.iter().map(|path| open(path)).collect()
}

fn open(path: &Path) -> Result<Opened, CommandError> {
    let format = Format::for_file(path).map_err(CommandError::usage)?;
    // what is there already stays until there is something better
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("--save {}", path.display()));
    Ok((file.map_err(CommandError::Failed)?, path.to_owned(), format))
}

fn save(report: &Report, files: Vec<Opened>, screen: &Screen) -> Result<(), CommandError> {
    for (mut file, path, format) in files {
        let text = report::render(report, format, &screen.plain());
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()))
            .with_context(|| format!("--save {}", path.display()));
        written.map_err(CommandError::Failed)?;
    }
    Ok(())
}

fn exit(report: &Report, fail_on: Severity) -> Exit {
    if report.run.interrupted {
        return Exit::Interrupted;
    }
    match report.verdict {
        Verdict::Blocked => Exit::Unmet,
        Verdict::Incomplete => Exit::Incomplete,
        Verdict::ReadyWithWarnings if fail_on <= Severity::Warning => Exit::Warnings,
        Verdict::ReadyWithWarnings | Verdict::Ready => Exit::Ok,
    }
}
