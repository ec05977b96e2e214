//! Reads `rules/faults`, and files of the same form.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::faults::{Deletion, Fault, FaultCatalogue};
use crate::model::signature::{Signature, Word};

/// A file that cannot be read as faults.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct FaultsError {
    file: String,
    problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultsFile {
    /// Of what these and later files tell to delete.
    #[serde(default)]
    deletions: Vec<Deletion>,
    #[serde(default)]
    faults: Vec<Fault>,
    /// What these and later files can name in patterns, in braces.
    #[serde(default)]
    words: Vec<Word>,
}

/// The built-in faults.
///
/// # Errors
/// Never: a test reads them.
pub fn load_builtin() -> Result<FaultCatalogue, FaultsError> {
    let mut catalogue = FaultCatalogue::default();
    for (file, text) in FILES.iter().rev() {
        merge_file(&mut catalogue, file, text)?;
    }
    Ok(catalogue)
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("rules/faults/", $name), include_str!(concat!("../../rules/faults/", $name)))),*]
    };
}

/// Of each text the first file that has a sign for it explains it; what all share comes last, and is read first.
pub(crate) const FILES: &[(&str, &str)] = files![
    "cluster.yaml",
    "admission.yaml",
    "images.yaml",
    "network.yaml",
    "agents.yaml",
    "azure.yaml",
    "warnings.yaml",
    "prerequisites.yaml",
    "deletions.yaml",
    "words.yaml",
];

/// Adds the faults of a file; the same id replaces, and new ones are asked before the built-in ones.
///
/// # Errors
/// When it is no such file; the error names it, with line and column.
pub fn add_file(catalogue: &mut FaultCatalogue, file: &str, text: &str) -> Result<(), FaultsError> {
    merge_file(catalogue, file, text)?;
    let failed = |problem: String| FaultsError { file: file.to_owned(), problem };
    catalogue.faults.iter().try_for_each(compile_signatures).map_err(failed)
}

fn merge_file(catalogue: &mut FaultCatalogue, file: &str, text: &str) -> Result<(), FaultsError> {
    let failed = |problem: String| FaultsError { file: file.to_owned(), problem };
    let mut read = parse_file(text).map_err(failed)?;
    catalogue.words.retain(|known| !read.words.iter().any(|word| word.name == known.name));
    catalogue.words.append(&mut read.words);
    for fault in &mut read.faults {
        expand_signatures(fault, &catalogue.words).map_err(failed)?;
    }
    catalogue.faults.retain(|known| !read.faults.iter().any(|fault| fault.id == known.id));
    catalogue.deletions.extend(read.deletions);
    let cautious = read.faults.into_iter().map(|fault| add_cautions(fault, &catalogue.deletions));
    catalogue.faults.splice(0..0, cautious.collect::<Vec<_>>());
    Ok(())
}

fn parse_file(text: &str) -> Result<FaultsFile, String> {
    if text.len() > MAX_FILE_BYTES {
        return Err(format!("{} bytes; at most {MAX_FILE_BYTES} are read", text.len()));
    }
    if let Some(problem) = super::load::describe_unsafe_yaml(text) {
        return Err(problem);
    }
    let read: FaultsFile = serde_yaml::from_str(text).map_err(|e| super::load::describe_yaml_error(&e))?;
    let mut ids = BTreeSet::new();
    if let Some(twice) = read.faults.iter().find(|f| !ids.insert(f.id.as_str())) {
        return Err(format!("the id {:?} stands twice", twice.id));
    }
    let is_word = |id: &str| {
        id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if let Some(odd) = read.faults.iter().find(|f| !is_word(&f.id)) {
        return Err(format!("the id {:?} is no word of a-z, 0-9 and _", odd.id));
    }
    Ok(read)
}

fn expand_signatures(fault: &mut Fault, words: &[Word]) -> Result<(), String> {
    let id = &fault.id;
    fault.signs.iter_mut().try_for_each(|sign| sign.expand(words)).map_err(|why| format!("{id}: {why}"))
}

fn compile_signatures(fault: &Fault) -> Result<(), String> {
    fault.signs.iter().try_for_each(Signature::compile).map_err(|why| format!("{}: {why}", fault.id))
}

/// Says what is lost before each command that deletes.
fn add_cautions(mut fault: Fault, deletions: &[Deletion]) -> Fault {
    for deletion in deletions {
        let place = fault.commands.iter().position(|typed| typed.to_string().contains(&deletion.command));
        if let Some(place) = place {
            fault.remedy = format!("{} {}", fault.remedy.trim_end(), deletion.loses);
            fault.commands.splice(place..place, deletion.first.iter().cloned());
        }
    }
    fault
}

/// In bytes.
const MAX_FILE_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_faults_are_valid_and_complete() {
        let catalogue = load_builtin().unwrap();
        assert!(catalogue.faults.len() > 30);
        for entry in &catalogue.faults {
            assert!(!entry.title.ends_with('.'), "{}", entry.id);
            assert!(!entry.sources.is_empty(), "{}", entry.id);
            for part in [&entry.title, &entry.means, &entry.azure, &entry.who, &entry.remedy] {
                assert!(part.len() > 3, "{}", entry.id);
            }
        }
    }

    /// What finds faults without signs, by their ids.
    const CODE: &str = concat!(
        include_str!("../analysis/connectivity/stages.rs"),
        include_str!("../analysis/connectivity/causes.rs"),
        include_str!("../analysis/connectivity/mod.rs"),
        include_str!("../analysis/connectivity/warnings.rs"),
        include_str!("../analysis/connectivity/extensions.rs"),
        include_str!("../analysis/prerequisites/mod.rs"),
        include_str!("../analysis/prerequisites/cluster.rs"),
        include_str!("../analysis/prerequisites/tools.rs"),
    );

    #[test]
    fn what_deletes_shows_first_what_is_lost() {
        let deletes = |command: &str| {
            let words =
                ["connectedk8s delete", "helm delete azure-arc", "delete namespace", "xargs kubectl delete"];
            words.iter().any(|words| command.contains(words)) && !command.contains("--dry-run")
        };
        let catalogue = load_builtin().unwrap();
        let mut found = 0;
        for entry in &catalogue.faults {
            let commands: Vec<_> = entry.commands.iter().map(ToString::to_string).collect();
            let Some(place) = commands.iter().position(|command| deletes(command)) else { continue };
            found += 1;
            let before = commands[..place].join("\n");
            assert!(before.contains(" list ") || before.contains("--dry-run"), "{}: {commands:#?}", entry.id);
            assert!(entry.remedy.contains(" along"), "{}: {}", entry.id, entry.remedy);
        }
        assert!(found > 8, "{found}");
    }

    #[test]
    fn every_fault_has_a_signature_or_code_that_finds_it() {
        for entry in &load_builtin().unwrap().faults {
            let is_found_by_code = CODE.contains(&format!("\"{}\"", entry.id));
            assert!(is_found_by_code || !entry.signs.is_empty(), "nothing finds {}", entry.id);
        }
    }

    #[test]
    fn every_fault_that_code_finds_is_known() {
        let catalogue = load_builtin().unwrap();
        let ids: BTreeSet<_> = CODE.split('"').filter(|text| text.starts_with("arc_")).collect();
        assert!(ids.len() > 30, "{ids:?}");
        let unknown: Vec<_> = ids.iter().filter(|id| catalogue.find_fault(id).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn a_bad_file_is_rejected_with_its_name_and_the_value() {
        let refusal_of =
            |text: &str| add_file(&mut FaultCatalogue::default(), "own.yaml", text).unwrap_err().to_string();
        let entry =
            "faults: [{id: a, link: nodes, title: t, means: m, azure: a, who: w, remedy: r, sources: [s]";
        assert!(refusal_of("faults: 3").starts_with("own.yaml: "));
        assert!(refusal_of("faults: [&a {}, *a]").contains("aliases are not supported"));
        assert!(refusal_of(&"[".repeat(MAX_FILE_BYTES)).contains("too many brackets"));
        assert!(
            refusal_of(&format!("{entry}, signs: [{{in: log, text: '('}}]}}]"))
                .contains("is no regular expression")
        );
        assert!(
            refusal_of(&format!("{entry}, signs: [{{in: log, text: ''}}]}}]")).contains("fits everything")
        );
        assert!(refusal_of(&format!("{entry}, colour: red}}]")).contains("colour"));
        let command = refusal_of(&format!("{entry}, commands: ['kubectl get pods; reboot']}}]"));
        assert!(command.contains("has ';' without quotes"), "{command}");
        assert!(
            refusal_of(&format!("{}}}]", entry.replace("id: a", "id: A-b"))).contains("\"A-b\" is no word")
        );
        let mut catalogue = load_builtin().unwrap();
        let before = catalogue.faults.len();
        add_file(&mut catalogue, "own.yaml", &format!("{entry}}}]")).unwrap();
        assert_eq!((catalogue.faults.len(), catalogue.faults[0].id.as_str()), (before + 1, "a"));
    }
}
