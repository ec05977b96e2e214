//! The catalogue of what can be wrong with a cluster.

use std::path::PathBuf;

use anyhow::Context as _;

use super::{CommandError, Result};
use crate::model::faults::FaultCatalogue;
use crate::rules::faults;

/// The built-in faults, and those of the user.
pub(super) fn load_catalogue(files: &[PathBuf]) -> Result<FaultCatalogue> {
    let mut catalogue = faults::load_builtin().map_err(|e| CommandError::Failed(e.into()))?;
    for path in files {
        let name = format!("--faults {}", path.display());
        let text =
            std::fs::read_to_string(path).with_context(|| name.clone()).map_err(CommandError::Usage)?;
        faults::add_file(&mut catalogue, &name, &text).map_err(CommandError::usage)?;
    }
    Ok(catalogue)
}
