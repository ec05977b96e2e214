//! Files that are read and written for the user: bounded, named in every complaint, opened before the work begins.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{CommandError, Console, Result};
use crate::cli::exit::Exit;
use crate::model::report::Report;
use crate::report::fleet::json::SavedReport;
use crate::report::{self, Format};

/// The most bytes that are read of a file.
pub(super) const MAX_BYTES: u64 = report::json::MAX_BYTES as u64;

/// A file that is going to hold a report.
pub(super) type OutputFile = (PendingFile, Format);

/// What a file holds, or standard input for `-`. `name` is how complaints call it.
pub(super) fn read_bounded(path: &Path, name: &str) -> Result<Vec<u8>> {
    let usage = |e: anyhow::Error| CommandError::Usage(e.context(name.to_owned()));
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|e| usage(e.into()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(usage(anyhow::anyhow!("larger than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// A file that is written once the work is done. One that was made for it and is not written goes away again.
pub(super) struct PendingFile {
    file: Option<File>,
    path: PathBuf,
    is_new: bool,
}

/// Files are opened before anything is probed: a report that cannot be written must not cost a run.
pub(super) fn open_outputs(paths: &[PathBuf]) -> Result<Vec<OutputFile>> {
    let formats = paths.iter().map(|path| Format::from_path(path).map_err(CommandError::usage));
    let formats = formats.collect::<Result<Vec<_>, _>>()?;
    paths.iter().zip(formats).map(|(path, format)| Ok((PendingFile::open(path)?, format))).collect()
}

/// Each file in the format of its ending. One that cannot be written keeps none of the others from it.
pub(super) fn save_report(report: &Report, files: Vec<OutputFile>, screen: &Console) -> Result<Exit> {
    write_outputs(files, screen, &|format| report::render(report, format, &screen.file_options()))
}

/// The same, on one cluster or several.
pub(super) fn save_any_report(saved: &SavedReport, files: Vec<OutputFile>, screen: &Console) -> Result<Exit> {
    write_outputs(files, screen, &|format| report::render_saved(saved, format, &screen.file_options()))
}

fn write_outputs(
    files: Vec<OutputFile>,
    screen: &Console,
    rendered: &dyn Fn(Format) -> String,
) -> Result<Exit> {
    let mut saved = Ok(Exit::Ok);
    for (target, format) in files {
        let text = rendered(format);
        // a collector that reads at any moment must not meet a file that is half written
        let written = if format == Format::Openmetrics {
            target.replace_atomically(&text)
        } else {
            target.write(&text)
        };
        if let (Err(_), Err(e)) = (&saved, &written) {
            screen.hint(&e.to_string()); // the first one is told at the end
        }
        saved = saved.and(written.map(|()| Exit::Ok));
    }
    saved
}

impl PendingFile {
    /// What is there already stays until there is something better.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let is_new = path.symlink_metadata().is_err();
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.with_context(|| format!("{}", path.display())).map_err(CommandError::Usage)?;
        Ok(Self { file: Some(file), path: path.to_owned(), is_new })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// In place of what the file held. That is kept where the new text finds no room.
    pub(super) fn write(mut self, text: &str) -> Result<()> {
        let holds_something = self.file.as_ref().and_then(|f| f.metadata().ok()).is_some_and(|m| m.len() > 0);
        if !holds_something {
            return self.write_in_place(text);
        }
        match self.rename_over(text) {
            // there is no more room in the same place
            Err(e) if matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                Err(CommandError::Failed(anyhow::Error::new(e).context(format!("{}", self.path.display()))))
            }
            Err(_) => self.write_in_place(text),
            Ok(()) => Ok(()),
        }
    }

    /// Never half written, not even for a moment, where the folder allows it.
    fn replace_atomically(mut self, text: &str) -> Result<()> {
        if self.rename_over(text).is_ok() { Ok(()) } else { self.write_in_place(text) }
    }

    fn write_in_place(&mut self, text: &str) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        // a pipe or a device has no length
        let is_plain = file.metadata().is_ok_and(|m| m.is_file());
        let emptied = if is_plain { file.set_len(0) } else { Ok(()) };
        let written = emptied.and_then(|()| file.write_all(text.as_bytes()));
        if written.is_ok() {
            self.is_new = false;
        } else if is_plain {
            // half a report is none; that nothing can be written is told already
            let _ = file.set_len(0);
        }
        written.with_context(|| format!("{}", self.path.display())).map_err(CommandError::Failed)
    }

    /// Writes beside a plain file, then takes its place at once.
    fn rename_over(&mut self, text: &str) -> std::io::Result<()> {
        let path = &self.path;
        let before = path.symlink_metadata()?;
        if !before.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
        let replaced = std::fs::write(&beside, text)
            .and_then(|()| std::fs::set_permissions(&beside, before.permissions()))
            .and_then(|()| std::fs::rename(&beside, path));
        if replaced.is_err() {
            // it may never have been made
            let _ = std::fs::remove_file(&beside);
        } else {
            self.is_new = false;
        }
        replaced
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if self.is_new {
            // an empty file would be taken for a report; if it cannot be deleted, what went wrong is reported anyway
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
