//! `--evidence`: what `--save-evidence` wrote, or what people already have, as a file, an archive or a folder.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use flate2::read::MultiGzDecoder;

use super::files::{MAX_BYTES, read_bounded};
use super::{CommandError, Result};
use crate::analysis::connectivity::import::Import;
use crate::analysis::connectivity::support_bundle::SupportBundle;
use crate::model::text::decode_text;
use crate::probe::net::{Clock as _, SystemClock};

/// Evidence of ours, or what can be made of other files.
pub(super) fn read_evidence(path: &Path) -> Result<SupportBundle> {
    let name = format!("--evidence {}", path.display());
    let to_usage = |error: anyhow::Error| CommandError::Usage(error.context(name.clone()));
    let mut import = Collector::default();
    match detect_container(path).map_err(|e| to_usage(e.into()))? {
        Container::Folder => import.add_folder(path),
        Container::Tar => {
            File::open(path).map_err(Into::into).and_then(|file| import.add_tar(BufReader::new(file)))
        }
        Container::Gzip => File::open(path).map_err(Into::into).and_then(|file| import.add_gzip(path, file)),
        Container::Zip => File::open(path).map_err(Into::into).and_then(|file| import.add_zip(file)),
        Container::None => {
            let bytes = read_bounded(path, &name)?;
            let text = decode_text(&bytes).0;
            let is_ours = serde_json::from_str::<Versioned>(&text).is_ok();
            let is_document = text.trim_start().starts_with('{');
            if is_ours || (!import.add_text(&path.to_string_lossy(), &text) && is_document) {
                return SupportBundle::from_json(text.as_bytes()).map_err(|e| to_usage(e.into()));
            }
            Ok(())
        }
    }
    .map_err(to_usage)?;
    let context = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    import.import.finish(&context, SystemClock.now()).map_err(|e| to_usage(e.into()))
}

/// What every version of our evidence has.
#[derive(serde::Deserialize)]
struct Versioned {
    #[serde(rename = "schema_version")]
    _version: u32,
}

/// What files are in.
enum Container {
    Folder,
    Tar,
    Gzip,
    Zip,
    /// A file of its own, or standard input.
    None,
}

fn detect_container(path: &Path) -> io::Result<Container> {
    if path == Path::new("-") {
        return Ok(Container::None);
    }
    if path.metadata()?.is_dir() {
        return Ok(Container::Folder);
    }
    // a pipe can be read only once
    if !path.metadata()?.is_file() {
        return Ok(Container::None);
    }
    let mut start = Vec::new();
    File::open(path)?.take(512).read_to_end(&mut start)?;
    Ok(match &start[..] {
        [0x1f, 0x8b, ..] => Container::Gzip,
        [b'P', b'K', 3, 4, ..] => Container::Zip,
        start if is_tar(start) => Container::Tar,
        _ => Container::None,
    })
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// Takes files out of what holds them, within bounds.
#[derive(Default)]
struct Collector {
    import: Import,
    files: usize,
    bytes: u64,
}

impl Collector {
    /// All files below; links are not followed.
    fn add_folder(&mut self, root: &Path) -> anyhow::Result<()> {
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let mut entries: Vec<PathBuf> = folder
                .read_dir()
                .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
                .with_context(|| folder.display().to_string())?;
            entries.sort();
            for path in entries {
                let kind = path.symlink_metadata().with_context(|| path.display().to_string())?;
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() && is_readable(&path.to_string_lossy()) {
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
                    let mut file = File::open(&path).with_context(|| path.display().to_string())?;
                    // of a log the end tells
                    let skipped = if is_log(&path.to_string_lossy()) {
                        kind.len().saturating_sub(MAX_LOG_BYTES)
                    } else {
                        0
                    };
                    file.seek(io::SeekFrom::Start(skipped))?;
                    self.add_reader(&parts.join("/"), file)?;
                }
            }
        }
        Ok(())
    }

    fn add_tar(&mut self, reader: impl Read) -> anyhow::Result<()> {
        for entry in tar::Archive::new(reader).entries()? {
            let entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if entry.header().entry_type().is_file() && is_readable(&path) {
                self.add_reader(&path, entry)?;
            }
            self.files += 1;
            self.check_bounds()?;
        }
        Ok(())
    }

    /// An archive, or a single file.
    fn add_gzip(&mut self, path: &Path, file: File) -> anyhow::Result<()> {
        let mut start = Vec::new();
        let mut unpacked = MultiGzDecoder::new(BufReader::new(file));
        unpacked.by_ref().take(512).read_to_end(&mut start)?;
        let is_archive = is_tar(&start);
        let whole = io::Cursor::new(start).chain(unpacked);
        if is_archive {
            return self.add_tar(whole);
        }
        self.add_reader(path.to_string_lossy().trim_end_matches(".gz"), whole)
    }

    fn add_zip(&mut self, file: File) -> anyhow::Result<()> {
        let mut archive = zip::ZipArchive::new(BufReader::new(file))?;
        for index in 0..archive.len() {
            let entry = archive.by_index(index)?;
            let path = entry.name()?.replace('\\', "/");
            if entry.is_file() && is_readable(&path) {
                self.add_reader(&path, entry)?;
            }
        }
        Ok(())
    }

    fn add_reader(&mut self, path: &str, mut reader: impl Read) -> anyhow::Result<()> {
        let bytes = if is_log(path) {
            read_end(&mut reader, MAX_LOG_BYTES)
        } else {
            read_start(&mut reader, MAX_BYTES)
        };
        let (bytes, read) = bytes.with_context(|| path.to_owned())?;
        self.files += 1;
        self.bytes += read;
        self.check_bounds()?;
        self.import.add_file(path, &decode_text(&bytes).0);
        Ok(())
    }

    /// Whether an object or a log is in it.
    fn add_text(&mut self, path: &str, text: &str) -> bool {
        self.import.add_file(path, text);
        !self.import.is_empty()
    }

    /// An archive may unpack to more than a disk holds.
    fn check_bounds(&self) -> anyhow::Result<()> {
        if self.files > MAX_FILES || self.bytes > MAX_UNPACKED_BYTES {
            return Err(anyhow!(
                "more than {MAX_FILES} files or {} GiB: take what is about azure-arc",
                MAX_UNPACKED_BYTES >> 30
            ));
        }
        Ok(())
    }
}

/// Texts; the rest of a bundle is large and says nothing of the agents.
fn is_readable(path: &str) -> bool {
    let ending = path.rsplit(['.', '/', '\\']).next().unwrap_or_default().to_lowercase();
    matches!(ending.as_str(), "json" | "yaml" | "yml" | "txt" | "log")
}

fn is_log(path: &str) -> bool {
    let path = path.to_lowercase();
    [".log", "/logs.txt"].iter().any(|end| path.ends_with(end)) || path.contains("arc_agents_logs")
}

/// As much as is allowed, and how much that is.
fn read_start(reader: &mut impl Read, most: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut bytes = Vec::new();
    let read = reader.take(most).read_to_end(&mut bytes)?;
    Ok((bytes, read as u64))
}

/// The last bytes, and how many there were in all.
fn read_end(reader: &mut impl Read, most: u64) -> io::Result<(Vec<u8>, u64)> {
    let (mut bytes, mut all) = (Vec::new(), 0);
    loop {
        let read = reader.take(most).read_to_end(&mut bytes)? as u64;
        all += read;
        let surplus = bytes.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
        bytes.drain(..surplus);
        if read < most || all > MAX_UNPACKED_BYTES {
            return Ok((bytes, all));
        }
    }
}

const MAX_LOG_BYTES: u64 = 1 << 20;
const MAX_FILES: usize = 100_000;
const MAX_UNPACKED_BYTES: u64 = 4 << 30;
