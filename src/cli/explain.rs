//! `arcprobe explain [CODE]`.

use clap::Args;

use super::diagnose::catalogue;
use super::{CommandError, show};
use crate::analysis::explain::{self, ExplainError};
use crate::cli::exit::Exit;
use crate::model::faults::{Catalogue, Link};

/// What was typed after `arcprobe explain`.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ExplainArgs {
    /// A finding or failure word, as it stands in a report; without it, all codes are listed
    pub code: Option<String>,
}

pub(super) fn run(args: &ExplainArgs) -> Result<Exit, CommandError> {
    let catalogue = catalogue(&[])?;
    show(&text(args, &catalogue).map_err(CommandError::usage)?)
}

/// The page on the code with the legend below it, or the list of all codes.
///
/// # Errors
///
/// No page has this code.
fn text(args: &ExplainArgs, catalogue: &Catalogue) -> Result<String, ExplainError> {
    let Some(code) = &args.code else { return Ok(explain::index() + &faults(catalogue)) };
    let known: Vec<_> = catalogue.entries.iter().map(|entry| entry.id.as_str()).collect();
    let page = match catalogue.entry(&explain::normal(code)) {
        Some(entry) => entry.page(),
        None => explain::lookup(code, &known)?.to_owned(),
    };
    Ok(format!("{page}\n{}", explain::LEGEND))
}

/// What can be wrong with a cluster that hangs, by link.
fn faults(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for link in Link::ALL {
        text.extend(["\nA cluster that hangs: ", link.title(), "\n"]);
        let entries = catalogue.entries.iter().filter(|entry| entry.link == link);
        text.extend(entries.map(|entry| explain::row(&entry.id, &entry.title)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(code: Option<&str>) -> Result<String, ExplainError> {
        text(&ExplainArgs { code: code.map(str::to_owned) }, &catalogue(&[]).unwrap())
    }

    #[test]
    fn a_code_gives_its_page() {
        let text = run_with(Some("unknown")).unwrap();
        assert!(text.starts_with("# unknown: "));
        assert!(text.ends_with(explain::LEGEND));
    }

    #[test]
    fn a_fault_of_the_catalogue_has_a_page_like_the_others() {
        let text = run_with(Some("ARC-identity-missing")).unwrap();
        assert!(text.starts_with("# arc_identity_missing: "), "{text}");
        for heading in [
            "What it means",
            "How it looks in Azure",
            "Verify by hand",
            "Who has to act",
            "Remedy",
            "Sources",
        ] {
            assert!(text.contains(&format!("\n## {heading}\n")), "{heading}");
        }
        let similar = run_with(Some("arc_identity_mising")).unwrap_err();
        assert!(similar.similar.contains(&"arc_identity_missing".to_owned()), "{similar}");
    }

    #[test]
    fn no_code_gives_the_index() {
        let text = run_with(None).unwrap();
        assert!(text.starts_with(&explain::index()));
        for entry in &catalogue(&[]).unwrap().entries {
            assert_eq!(text.matches(&format!("  {} ", entry.id)).count(), 1, "{}", entry.id);
        }
    }

    #[test]
    fn a_wrong_code_is_an_error() {
        assert_eq!(run_with(Some("nothing")).unwrap_err().code, "nothing");
    }
}
