//! `arcprobe explain [CODE]`.

use super::catalogue::load_catalogue;
use super::{CommandError, Result, print_output};
use crate::analysis::explain::{self, ExplainError};
use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::model::faults::{FaultCatalogue, Stage};

pub(super) fn run(args: &ExplainArgs) -> Result<Exit> {
    let catalogue = load_catalogue(&[])?;
    print_output(&render_page(args, &catalogue).map_err(CommandError::usage)?)
}

/// The page on the code with the legend below it, or the list of all codes.
///
/// # Errors
///
/// No page has this code.
fn render_page(args: &ExplainArgs, catalogue: &FaultCatalogue) -> Result<String, ExplainError> {
    let Some(code) = &args.code else { return Ok(explain::render_index() + &list_faults(catalogue)) };
    let known: Vec<_> = catalogue.faults.iter().map(|entry| entry.id.as_str()).collect();
    let page = match catalogue.find_fault(&explain::normalize_code(code)) {
        Some(entry) => entry.render_page(),
        None => explain::look_up_page(code, &known)?.text.to_owned(),
    };
    Ok(format!("{page}\n{}", explain::LEGEND))
}

/// What can be wrong with a cluster that hangs, by link.
fn list_faults(catalogue: &FaultCatalogue) -> String {
    let mut text = String::new();
    for link in Stage::ALL {
        text.extend(["\nA cluster that hangs: ", link.title(), "\n"]);
        let entries = catalogue.faults.iter().filter(|entry| entry.link == link);
        text.extend(entries.map(|entry| explain::format_row(&entry.id, &entry.title)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain_code(code: Option<&str>) -> Result<String, ExplainError> {
        render_page(&ExplainArgs { code: code.map(str::to_owned) }, &load_catalogue(&[]).unwrap())
    }

    #[test]
    fn a_code_gives_its_page() {
        let text = explain_code(Some("unknown")).unwrap();
        assert!(text.starts_with("# unknown: "));
        assert!(text.ends_with(explain::LEGEND));
    }

    #[test]
    fn a_fault_of_the_catalogue_has_a_page_like_the_others() {
        let text = explain_code(Some("ARC-identity-missing")).unwrap();
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
        let similar = explain_code(Some("arc_identity_mising")).unwrap_err();
        assert!(similar.similar.contains(&"arc_identity_missing".to_owned()), "{similar}");
    }

    #[test]
    fn no_code_gives_the_index() {
        let text = explain_code(None).unwrap();
        assert!(text.starts_with(&explain::render_index()));
        for entry in &load_catalogue(&[]).unwrap().faults {
            assert_eq!(text.matches(&format!("  {} ", entry.id)).count(), 1, "{}", entry.id);
        }
    }

    #[test]
    fn a_wrong_code_is_an_error() {
        assert_eq!(explain_code(Some("nothing")).unwrap_err().code, "nothing");
    }
}
