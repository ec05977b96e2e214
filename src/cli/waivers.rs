//! `--waivers`: what is known and accepted for a time.

use std::path::PathBuf;

use super::files::read_bounded;
use super::{CommandError, Result};
use crate::model::report::Report;
use crate::model::waiver::Waiver;
use crate::probe::net::{Clock as _, SystemClock};
use crate::rules::waivers;

/// The waivers of all files.
///
/// # Errors
/// When one cannot be read, or is about something that does not exist.
pub(super) fn load_waivers(files: &[PathBuf]) -> Result<Vec<Waiver>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let catalogue = super::catalogue::load_catalogue(&[])?;
    let faults = catalogue.faults.iter().map(|entry| entry.id.clone());
    // a waiver of what tells that a waiver is over would never be over itself
    let known = crate::analysis::explain::page_codes()
        .filter(|code| *code != crate::analysis::verdict::WAIVER_EXPIRED);
    let codes: Vec<_> = known.map(str::to_owned).chain(faults).collect();
    let mut all = Vec::new();
    for path in files {
        let name = format!("--waivers {}", path.display());
        let text = String::from_utf8(read_bounded(path, &name)?);
        let text = text.map_err(|_| CommandError::Usage(anyhow::anyhow!("{name}: it is not UTF-8")))?;
        all.extend(waivers::parse_waivers(&name, &text, &codes).map_err(CommandError::usage)?);
    }
    Ok(all)
}

/// A report with what is accepted today.
pub(super) fn apply_waivers(report: Report, waivers: &[Waiver]) -> Report {
    if waivers.is_empty() {
        return report;
    }
    let today = SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    crate::analysis::waivers::apply_waivers(report, waivers, today)
}
