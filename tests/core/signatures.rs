//! What the signatures of the catalogue claim: each example is claimed by its own, and by no other.

use std::collections::BTreeSet;
use std::path::Path;

use crate::model::faults::{Fault, FaultCatalogue};
use crate::model::shown_text::ShownText;
use crate::model::signature::Signature;
use crate::rules::faults;

/// From the files and not from the program, so that a change of them needs no build.
fn catalogue() -> FaultCatalogue {
    let mut catalogue = FaultCatalogue::default();
    for (file, _) in faults::FILES.iter().rev() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        faults::add_file(&mut catalogue, file, &std::fs::read_to_string(path).unwrap()).unwrap();
    }
    catalogue
}

fn signatures(catalogue: &FaultCatalogue) -> impl Iterator<Item = (&Fault, &Signature)> {
    catalogue.faults.iter().flat_map(|fault| fault.signs.iter().map(move |sign| (fault, sign)))
}

/// An example, at each place where its signature may stand.
fn shown<'a>(sign: &'a Signature, text: &'a str) -> impl Iterator<Item = ShownText<'a>> {
    let reason = sign.reason.as_ref().map_or("Failed", |reason| reason.first_form());
    let agent = Some(sign.agent.as_deref().unwrap_or("config-agent"));
    let read_at = READ_AT.parse().unwrap();
    sign.places.iter().map(move |&place| ShownText { place, reason, agent, text, read_at })
}

#[test]
fn each_example_is_claimed_by_its_own_signature_alone() {
    let catalogue = catalogue();
    let mut wrong = Vec::new();
    for (fault, sign) in signatures(&catalogue).filter(|(_, sign)| sign.times == 1) {
        for text in sign.matches.iter().flat_map(|text| shown(sign, text)) {
            let winner =
                catalogue.recognize(&text).map(|(fault, sign)| (fault.id.as_str(), sign.id.as_str()));
            if winner != Some((&fault.id, &sign.id)) {
                wrong.push(format!("{} {}: {winner:?} claims {:?}", fault.id, sign.id, text.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_signature_fits_what_only_looks_alike() {
    let catalogue = catalogue();
    let mut wrong = Vec::new();
    for (fault, sign) in signatures(&catalogue) {
        for text in sign.others.iter().flat_map(|text| shown(sign, text)) {
            if catalogue.is_claimed_by(sign, &text) {
                wrong.push(format!("{} {} claims {:?}", fault.id, sign.id, text.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_signature_has_its_source_its_date_and_examples() {
    let catalogue = catalogue();
    let mut ids = BTreeSet::new();
    for (fault, sign) in signatures(&catalogue) {
        let name = format!("{} {}", fault.id, sign.id);
        assert!(!sign.id.is_empty() && ids.insert(name.clone()), "{name}");
        assert!(is_sourced(&sign.source, &sign.seen), "{name}: {} {}", sign.source, sign.seen);
        assert!(!sign.matches.is_empty() && !sign.others.is_empty(), "{name} lacks examples");
    }
    assert!(ids.len() > 100, "{}", ids.len());
}

#[test]
fn each_form_of_a_word_has_its_source_its_date_and_a_line() {
    for word in catalogue().words {
        for form in word.forms {
            let pattern = regex::Regex::new(&format!("(?i:{})", form.text)).unwrap();
            assert!(pattern.is_match(&form.line), "{}: {} {:?}", word.name, form.text, form.line);
            assert!(is_sourced(&form.source, &form.seen), "{}: {} {}", word.name, form.source, form.seen);
        }
    }
}

fn is_sourced(source: &str, seen: &str) -> bool {
    let month =
        seen.split_once('-').and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
    source.starts_with("https://") && month.is_some_and(|(year, month): (u16, u8)| year > 2010 && month <= 12)
}

/// The examples have times relative to it.
const READ_AT: &str = "2026-11-27T12:00:00Z";
