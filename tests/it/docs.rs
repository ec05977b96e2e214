//! What the documents say is what the program does: commands parse, paths exist, tables are those of the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use arcprobe::cli::Cli;
use arcprobe::explain;
use arcprobe::rules::builtin;
use arcprobe::rules::load::parse;
use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, Parser as _};

const DOCUMENTS: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

#[test]
fn every_command_line_parses() {
    let faults = arcprobe::rules::faults::builtin().unwrap();
    let commands: Vec<_> = DOCUMENTS.iter().flat_map(|d| commands(&read(d))).collect();
    assert!(commands.len() > 20, "only {} command lines were found", commands.len());
    for words in commands {
        if let Err(e) = Cli::try_parse_from(&words) {
            let is_answer = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // prose names a command without what it needs
            let is_name = e.kind() == ErrorKind::MissingRequiredArgument && words.len() <= 3;
            assert!(is_answer || is_name, "{}\n{e}", words.join(" "));
        }
        if let [_, "explain", code] = words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            let is_placeholder = code.chars().all(|c| c.is_ascii_uppercase());
            assert!(
                is_placeholder || explain::lookup(code, &[]).is_ok() || faults.entry(code).is_some(),
                "no page explains {code}"
            );
        }
    }
}

#[test]
fn every_flag_exists() {
    let mut known = BTreeSet::new();
    flags(&Cli::command(), &mut known);
    // of cargo
    known.insert("example".into());
    for document in DOCUMENTS {
        for span in spans(&read(document)) {
            let Some(flag) = span.split([' ', '=']).next().and_then(|w| w.strip_prefix("--")) else {
                continue;
            };
            assert!(known.contains(flag), "{document}: there is no flag --{flag}");
        }
    }
}

#[test]
fn every_path_exists() {
    let mut count = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let shell = blocks(&text, "sh");
        let words = spans(&text).into_iter().chain(shell).chain(links(&text));
        let words: Vec<String> =
            words.flat_map(|w| w.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        for path in words.iter().filter(|w| looks_like_path(w)) {
            count += 1;
            assert!(exists(path), "{document}: there is no {path}");
        }
    }
    assert!(count > 20, "only {count} paths were found");
}

#[test]
fn the_table_of_exit_codes_is_that_of_the_program() {
    let readme = read("README.md");
    let rows: Vec<(String, String)> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(code, _)| code.parse::<u8>().is_ok())
        .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()))
        .collect();
    let mut meaning = String::new();
    let mut expected = Vec::new();
    for line in read("src/exit.rs").lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            text.trim_end_matches('.').clone_into(&mut meaning);
        } else if let Some((_, code)) = line.strip_suffix(',').and_then(|l| l.split_once(" = ")) {
            expected.push((code.to_owned(), meaning.clone()));
        }
    }
    assert_eq!(rows, expected);
}

#[test]
fn the_rules_that_are_shown_are_good() {
    let examples: Vec<String> = DOCUMENTS
        .iter()
        .flat_map(|d| blocks(&read(d), "yaml"))
        .filter(|b| b.starts_with("format:"))
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let mut rules = builtin::rule_set("current", None).unwrap();
        let file = parse("README.md", example.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        rules.lay(file).unwrap_or_else(|e| panic!("{e}"));
    }
}

/// The words of each `arcprobe ...` in a shell block or between backticks; also behind `cargo run ... --`.
fn commands(text: &str) -> Vec<Vec<String>> {
    let shell = blocks(text, "sh").into_iter().flat_map(|block| {
        block.replace("\\\n", " ").lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>()
    });
    shell.chain(spans(text)).filter_map(|line| command(&line)).collect()
}

fn command(line: &str) -> Option<Vec<String>> {
    let mut words = words(line);
    let name = words.first()?.rsplit('/').next()?;
    if name == "cargo" && words.get(1).is_some_and(|w| w == "run") {
        let is_example = words.iter().any(|w| w == "--example");
        let behind = words.iter().position(|w| w == "--").filter(|_| !is_example)?;
        words.splice(..=behind, ["arcprobe".to_owned()]);
    } else if name != "arcprobe" || words.len() == 1 {
        return None;
    }
    Some(words)
}

/// As a shell splits them, up to a comment, pipe, redirection or next command.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#' | '|' | '>' | ';' | '&') => break,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// What stands between the fences of this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    fenced(text).into_iter().filter(|(l, _)| l == language).map(|(_, block)| block).collect()
}

/// Language and content of each fenced block.
fn fenced(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, part) in text.split("```").enumerate() {
        if at % 2 == 1 {
            let (language, block) = part.split_once('\n').unwrap_or((part, ""));
            found.push((language.trim().to_owned(), block.to_owned()));
        }
    }
    found
}

/// What stands between backticks, outside of fenced blocks.
fn spans(text: &str) -> Vec<String> {
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let inside = prose.iter().flat_map(|p| p.split('`').skip(1).step_by(2));
    inside.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|t| t.split_once(')').map(|(target, _)| target));
    targets.filter(|t| !t.contains("://") && !t.starts_with('#')).map(str::to_owned).collect()
}

/// A file or folder of this repository, not of the reader's.
fn looks_like_path(word: &str) -> bool {
    let folders =
        ["src/", "tests/", "rules/", "fixtures/", "examples/", "benches/", "docs/", "fuzz/", ".ci/"];
    let endings = [".rs", ".md", ".toml"];
    folders.iter().any(|f| word.starts_with(f))
        // an ending alone is a format
        || endings.iter().any(|e| word.strip_suffix(e).is_some_and(|stem| !stem.is_empty()))
        || word == "LICENSE"
}

/// In the repository or below `src`. A name in capitals or a `*` stands for any, but its folder has to be there.
fn exists(path: &str) -> bool {
    let is_open = |part: &str| {
        let stem = part.split('.').next().unwrap_or_default();
        part.contains('*') || (stem.len() > 1 && stem.chars().all(|c| c.is_ascii_uppercase() || c == '-'))
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = |path: &Path| root.join(path).exists() || root.join("src").join(path).exists();
    let mut fixed = PathBuf::new();
    for part in path.trim_end_matches(['.', ',', ':']).split('/') {
        if is_open(part) && !known(&fixed.join(part)) {
            return known(&fixed);
        }
        fixed.push(part);
    }
    known(&fixed)
}

fn flags(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(["help".to_owned(), "version".to_owned()]);
    for argument in command.get_arguments() {
        known.extend(
            argument.get_long_and_visible_aliases().unwrap_or_default().iter().map(ToString::to_string),
        );
        known.extend(argument.get_all_aliases().unwrap_or_default().iter().map(ToString::to_string));
    }
    for below in command.get_subcommands() {
        flags(below, known);
    }
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}
