//! Pages by words that are not codes: a status, an error code of another tool, a pasted line of a log.

use std::cmp::Reverse;

use crate::model::faults::{Fault, FaultCatalogue};

/// A page that has to do with the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SearchHit<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Whether a signature of `diagnose` matches the words: then it says what they mean.
    pub is_exact: bool,
    score: usize,
}

/// The pages on `text`, the closest first; empty where nothing is known of it.
pub fn search_pages<'a>(text: &str, catalogue: &'a FaultCatalogue) -> Vec<SearchHit<'a>> {
    let text: String = text.trim().chars().take(MAX_TEXT_CHARS).collect();
    let is_exact = |fault: &Fault| {
        fault.signs.iter().any(|sign| sign.fits_pasted(&text))
            || fault.codes.iter().any(|code| code.eq_ignore_ascii_case(&text))
    };
    let faults = catalogue.faults.iter().map(|fault| {
        (
            SearchHit { code: &fault.id, title: &fault.title, is_exact: is_exact(fault), score: 0 },
            split_words(&fault.render_page()),
        )
    });
    let pages = super::PAGES.iter().map(|page| {
        (SearchHit { code: page.code, title: page.title, is_exact: false, score: 0 }, split_words(page.text))
    });
    let pages: Vec<_> = pages.chain(faults).collect();
    let mut wanted = split_words(&text);
    wanted.dedup();
    // a word of every fifth page tells nothing
    wanted.retain(|word| pages.iter().filter(|(_, words)| words.contains(word)).count() * 5 < pages.len());
    let scored = pages
        .into_iter()
        .map(|(hit, words)| SearchHit { score: score_page(&wanted, hit.title, &words), ..hit });
    let mut hits: Vec<_> = scored.filter(|hit| hit.is_exact || hit.score > 0).collect();
    hits.sort_by_key(|hit| (!hit.is_exact, Reverse(hit.score), super::find_cause(hit.code).is_none()));
    hits.truncate(MAX_HITS);
    hits
}

/// Sorted, each as often as it stands there.
fn split_words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let words = text.split(|c| !is_part(c)).map(|word| word.trim_matches(['.', '-']).to_lowercase());
    let mut words: Vec<_> = words.filter(|word| word.len() >= 3).collect();
    words.sort();
    words
}

/// How often a page has the words, at most twice each, those in its title twice more; 0 where too few are there to mean the same.
fn score_page(wanted: &[String], title: &str, words: &[String]) -> usize {
    let count = |word: &String| words.iter().filter(|known| *known == word).count().min(2);
    let found = wanted.iter().filter(|word| words.binary_search(word).is_ok()).count();
    if found == 0 || found * 2 < wanted.len().min(MAX_WANTED_WORDS) {
        return 0;
    }
    let title = split_words(title);
    wanted.iter().map(|word| count(word) + 2 * usize::from(title.contains(word))).sum()
}

/// Of what was pasted.
const MAX_TEXT_CHARS: usize = 4_000;

/// A line of a log has many words that are names; so many that fit mean the same.
const MAX_WANTED_WORDS: usize = 8;

const MAX_HITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::faults::load_builtin;

    fn codes_for(text: &str) -> Vec<String> {
        let catalogue = load_builtin().unwrap();
        search_pages(text, &catalogue).iter().map(|hit| hit.code.to_owned()).collect()
    }

    #[test]
    fn words_of_other_tools_find_their_pages() {
        for (text, code) in [
            ("x509", "tls_unknown_issuer"),
            ("407", "proxy_auth_required"),
            ("ImagePullBackOff", "arc_image"),
            ("AADSTS7000215", "arc_credential"),
            ("HCRP403", "arc_key_mismatch"),
            ("hcrp403", "arc_key_mismatch"),
            ("certificate signed by unknown authority", "tls_unknown_issuer"),
        ] {
            assert!(codes_for(text).contains(&code.to_owned()), "{text}: {:?}", codes_for(text));
        }
    }

    #[test]
    fn a_pasted_line_is_matched_as_diagnose_does() {
        let line = r#"{"Message":"In clusterIdentityOperator HIS: 403 HCRP403 Validation of signed message failed.","LogLevel":"Error"}"#;
        let catalogue = load_builtin().unwrap();
        let hits = search_pages(line, &catalogue);
        assert_eq!((hits[0].code, hits[0].is_exact), ("arc_key_mismatch", true));
    }

    #[test]
    fn unknown_words_find_nothing() {
        for text in ["xyzzy", "", "?", "a b c"] {
            assert!(codes_for(text).is_empty(), "{text}");
        }
        assert!(codes_for(&"tls ".repeat(100_000)).len() <= MAX_HITS);
    }
}
