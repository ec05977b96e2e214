//! `arcprobe explain [CODE]`: a page, by its code or by words of another tool.

use std::path::Path;

use super::catalogue::load_catalogue;
use super::files::read_bounded;
use super::{CommandError, Result, print_output};
use crate::analysis::explain::search::{SearchHit, search_pages};
use crate::analysis::explain::{self, ExplainError};
use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::model::faults::{FaultCatalogue, Stage};
use crate::model::text::decode_text;

pub(super) fn run(args: &ExplainArgs) -> Result<Exit> {
    let catalogue = load_catalogue(&[])?;
    let text = match &args.words[..] {
        [only] if only == "-" => decode_text(&read_bounded(Path::new("-"), "standard input")?).0.into_owned(),
        words => words.join(" "),
    };
    print_output(&render_page(&text, &catalogue).map_err(CommandError::usage)?)
}

/// The page on a code with the legend below it, the pages on words that are none, or the list of all codes.
///
/// # Errors
///
/// Nothing is known of it.
fn render_page(text: &str, catalogue: &FaultCatalogue) -> Result<String, ExplainError> {
    if text.trim().is_empty() {
        return Ok(explain::render_index() + &list_faults(catalogue));
    }
    let with_legend = |page: &str| format!("{page}\n{}", explain::LEGEND);
    let code = explain::normalize_code(text);
    if let Some(fault) = catalogue.find_fault(&code) {
        return Ok(with_legend(&fault.render_page()));
    }
    let known: Vec<_> = catalogue.faults.iter().map(|fault| fault.id.as_str()).collect();
    let error = match explain::look_up_page(text, &known) {
        Ok(page) => return Ok(with_legend(page.text)),
        Err(error) => error,
    };
    match &search_pages(text, catalogue)[..] {
        [] => Err(error),
        // a typing error, and not words that a page has by chance
        hits if !error.similar.is_empty() && !hits[0].is_exact => Err(error),
        [hit, rest @ ..] if hit.is_exact && rest.iter().all(|hit| !hit.is_exact) => {
            Ok(render_page(hit.code, catalogue)?)
        }
        hits => Ok(list_hits(hits)),
    }
}

fn list_hits(hits: &[SearchHit<'_>]) -> String {
    let rows: String = hits.iter().map(|hit| explain::format_row(hit.code, hit.title)).collect();
    format!("Pages on these words, the closest first; arcprobe explain CODE shows one\n{rows}")
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
        render_page(code.unwrap_or_default(), &load_catalogue(&[]).unwrap())
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
    fn words_of_other_tools_give_their_pages() {
        let page = explain_code(Some("HCRP403")).unwrap();
        assert!(page.starts_with("# arc_key_mismatch: "), "{page}");
        let list = explain_code(Some("x509")).unwrap();
        assert!(list.starts_with("Pages on these words") && list.contains("  tls_unknown_issuer "), "{list}");
        assert!(explain_code(Some("tcp_timeot")).unwrap_err().similar.contains(&"tcp_timeout".to_owned()));
    }

    #[test]
    fn a_wrong_code_is_an_error() {
        assert_eq!(explain_code(Some("xyzzy")).unwrap_err().code, "xyzzy");
    }
}
