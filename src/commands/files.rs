//! Files that are read and written for the user: bounded, named in every complaint, opened before the work begins.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{CommandError, Screen};
use crate::report::fleet::json::Saved;
use crate::report::v1::Report;
use crate::report::{self, Format};

/// The most bytes that are read of a file.
pub(super) const LARGEST: u64 = report::json::MOST_BYTES as u64;

/// A file that is going to hold a report.
pub(super) type Opened = (File, PathBuf, Format);

/// What a file holds, or standard input for `-`. `name` is how complaints call it.
pub(super) fn bounded(path: &Path, name: &str) -> Result<Vec<u8>, CommandError> {
    let usage = |e: anyhow::Error| CommandError::Usage(e.context(name.to_owned()));
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|e| usage(e.into()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(usage(anyhow::anyhow!("larger than {LARGEST} bytes")));
    }
    Ok(bytes)
}

/// Files are opened before anything is probed: a report that cannot be written must not cost a run.
pub(super) fn open_all(paths: &[PathBuf]) -> Result<Vec<Opened>, CommandError> {
    paths.iter().map(|path| open(path)).collect()
}

fn open(path: &Path) -> Result<Opened, CommandError> {
    let format = Format::for_file(path).map_err(CommandError::usage)?;
    let (file, path) = open_file(path)?;
    Ok((file, path, format))
}

/// What is there already stays until there is something better.
pub(super) fn open_file(path: &Path) -> Result<(File, PathBuf), CommandError> {
    let file = File::options().write(true).create(true).truncate(false).open(path);
    let file = file.with_context(|| format!("{}", path.display())).map_err(CommandError::Failed)?;
    Ok((file, path.to_owned()))
}

/// Each file in the format of its ending.
pub(super) fn save(report: &Report, files: Vec<Opened>, screen: &Screen) -> Result<(), CommandError> {
    save_as(files, &|format| report::render(report, format, &screen.plain()))
}

/// The same, on one cluster or several.
pub(super) fn save_saved(saved: &Saved, files: Vec<Opened>, screen: &Screen) -> Result<(), CommandError> {
    save_as(files, &|format| report::render_saved(saved, format, &screen.plain()))
}

fn save_as(files: Vec<Opened>, rendered: &dyn Fn(Format) -> String) -> Result<(), CommandError> {
    for (file, path, format) in files {
        let text = rendered(format);
        // a collector that reads at any moment must not meet a file that is half written
        if format == Format::Openmetrics && replace(&path, &text).is_ok() {
            continue;
        }
        write(file, &path, &text)?;
    }
    Ok(())
}

/// Writes beside a plain file, then takes its place at once.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    if !path.symlink_metadata()?.is_file() {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let replaced = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    if replaced.is_err() {
        // it may never have been made
        let _ = std::fs::remove_file(&beside);
    }
    replaced
}

/// In place of what the file held.
pub(super) fn write(mut file: File, path: &Path, text: &str) -> Result<(), CommandError> {
    let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{}", path.display())).map_err(CommandError::Failed)
}
