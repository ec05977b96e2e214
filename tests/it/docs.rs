//! What the documents say is what the program does: commands parse, paths and links lead somewhere, screens and tables are those
//! of the code.

mod readme;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arcprobe::analysis::explain;
use arcprobe::cli::args::Cli;
use arcprobe::rules::builtin;
use arcprobe::rules::load::parse_rules;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::program::Program;

const DOCUMENTS: [&str; 5] =
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/// What people write: the documents, and the pages by task. `docs/reference/` is generated from what has tests of its own.
fn documents() -> Vec<String> {
    DOCUMENTS.into_iter().map(str::to_owned).chain(pages("docs")).collect()
}

fn pages(folder: &str) -> Vec<String> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<_> = names
        .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "md"))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    pages.sort();
    pages
}

#[test]
fn every_command_line_parses() {
    let faults = arcprobe::rules::faults::load_builtin().unwrap();
    let commands = documents().into_iter().flat_map(|d| {
        let found = commands(&read(&d));
        found.into_iter().map(move |words| (d.clone(), words))
    });
    let commands: Vec<_> = commands.collect();
    assert!(commands.len() > 120, "only {} command lines were found", commands.len());
    for (document, words) in commands {
        if let Err(e) = Cli::try_parse_from(&words) {
            let is_answer = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // prose names a command without what it needs
            let is_name = e.kind() == ErrorKind::MissingRequiredArgument && words.len() <= 3;
            assert!(is_answer || is_name, "{document}: {}\n{e}", words.join(" "));
        }
        if let [_, "explain", code] = words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            let is_placeholder = code.chars().all(|c| c.is_ascii_uppercase());
            assert!(
                is_placeholder
                    || explain::look_up_page(code, &[]).is_ok()
                    || faults.find_fault(code).is_some(),
                "{document}: no page explains {code}"
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
    for document in documents() {
        for span in spans(&read(&document)) {
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
    for document in documents() {
        let text = read(&document);
        let shell = blocks(&text, "sh");
        let words = spans(&text).into_iter().chain(shell);
        let words: Vec<String> =
            words.flat_map(|w| w.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        for path in words.iter().filter(|w| looks_like_path(w)) {
            count += 1;
            assert!(exists(path), "{document}: there is no {path}");
        }
    }
    assert!(count > 20, "only {count} paths were found");
}

/// Between documents, and to their headings.
#[test]
fn every_link_has_a_target() {
    let mut count = 0;
    for document in documents().into_iter().chain(pages("docs/reference")) {
        let folder = Path::new(&document).parent().unwrap_or(Path::new(""));
        for target in links(&read(&document)) {
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { PathBuf::from(&document) } else { folder.join(file) };
            let there = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
            assert!(there.exists(), "{document}: the link {target} leads nowhere");
            let is_heading = || anchors(&fs::read_to_string(&there).unwrap()).iter().any(|a| a == anchor);
            assert!(anchor.is_empty() || is_heading(), "{document}: {file} has no heading #{anchor}");
        }
    }
    assert!(count > 300, "only {count} links were found");
}

#[test]
fn every_page_is_in_the_index_and_begins_with_a_command() {
    let index = links(&read("docs/README.md"));
    for page in pages("docs").iter().chain(&pages("docs/reference")) {
        let name = page.strip_prefix("docs/").unwrap();
        assert!(name == "README.md" || index.iter().any(|link| link == name), "docs/README.md lacks {name}");
    }
    for page in pages("docs").iter().filter(|page| *page != "docs/README.md") {
        let text = read(page);
        let beginning = text.split("\n## ").next().unwrap();
        assert!(text.starts_with("# ") && !blocks(beginning, "sh").is_empty(), "{page}: no command on top");
    }
}

/// A screen below a command that needs no network: run at 100 columns, each line is there. `[...]` marks what is left out.
#[test]
fn screens_are_those_of_the_program() {
    let mut count = 0;
    for document in documents() {
        let mut shown = None;
        for (language, block) in fenced(&read(&document)) {
            match language.as_str() {
                "sh" => shown = block.lines().find_map(command),
                "text" => {
                    let Some(words) = shown.take().filter(|words| is_offline(words)) else { continue };
                    count += 1;
                    let screen = Program::new().args(&words[1..]).run().stdout;
                    for line in block.lines().filter(|line| !line.contains("[...]")) {
                        let is_there = screen.lines().any(|l| l == line);
                        assert!(
                            is_there,
                            "{document} shows a line that is not on the screen any more; change it there: {line}\n{screen}"
                        );
                    }
                }
                _ => {}
            }
        }
    }
    assert!(count >= 3, "only {count} screens were compared");
}

fn is_offline(words: &[String]) -> bool {
    let names = |what: &str| words.iter().any(|word| word.starts_with(what));
    match words.get(1).map(String::as_str) {
        Some("requirements" | "report" | "explain" | "rules") => !names("report.json"),
        Some("diagnose") => names("fixtures/"),
        _ => false,
    }
}

#[test]
fn the_readme_names_the_oldest_rust() {
    let manifest = read("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    let sentence = format!("With Rust {} or newer", version.trim_matches('"'));
    assert!(read("README.md").contains(&sentence), "README.md: {sentence:?} is missing");
}

/// There are three programs in the package; `cargo run -- ...` has to mean this one.
#[test]
fn cargo_run_runs_what_the_documents_mean() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(metadata["packages"][0]["default_run"], "arcprobe");
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
    for line in read("src/cli/exit.rs").lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            text.trim_end_matches('.').clone_into(&mut meaning);
        } else if let Some((_, code)) = line.strip_suffix(',').and_then(|l| l.split_once(" = ")) {
            expected.push((code.to_owned(), meaning.clone()));
        }
    }
    assert_eq!(rows, expected);
}

#[test]
fn the_rules_in_documents_are_valid() {
    // an endpoint alone stands in a file of its own
    let head =
        "format: arcprobe-rules/1\nname: example\nrevision: '2026-01-31'\ncloud: AzureCloud\nendpoints:\n";
    let file = |block: String| if block.starts_with("  - id:") { head.to_owned() + &block } else { block };
    let examples: Vec<String> = documents()
        .iter()
        .flat_map(|d| blocks(&read(d), "yaml"))
        .map(file)
        .filter(|b| b.starts_with("format:"))
        .collect();
    assert!(examples.len() >= 2);
    for example in examples {
        let mut rules = builtin::rule_set("current", None).unwrap();
        let file =
            parse_rules("an example of the documents", example.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        rules.add_layer(file).unwrap_or_else(|e| panic!("{e}"));
    }
}

/// The words of each `arcprobe ...` in a shell block or between backticks; also behind `cargo run ... --`.
fn commands(text: &str) -> Vec<Vec<String>> {
    let shell = blocks(text, "sh").into_iter().flat_map(|block| {
        block.replace("\\\n", " ").lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>()
    });
    shell
        .chain(spans(text))
        .flat_map(|line| lines(&line).into_iter().filter_map(ours).collect::<Vec<_>>())
        .collect()
}

/// The first of a line.
fn command(line: &str) -> Option<Vec<String>> {
    lines(line).into_iter().find_map(ours)
}

fn ours(mut words: Vec<String>) -> Option<Vec<String>> {
    let is_variable =
        |word: &String| word.split_once('=').is_some_and(|(name, _)| name == name.to_uppercase());
    let variables = words.iter().take_while(|word| is_variable(word)).count();
    words.drain(..variables);
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

/// The commands of a line, as a shell splits them: without comments, and each up to a redirection.
fn lines(line: &str) -> Vec<Vec<String>> {
    let mut found = vec![vec![String::new()]];
    let mut quote = None;
    let mut is_redirected = false;
    for c in line.chars() {
        let words = found.last_mut().unwrap();
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') if words.last().unwrap().is_empty() => break,
            (None, '|' | ';' | '&') => {
                found.push(vec![String::new()]);
                is_redirected = false;
            }
            (None, '>') => is_redirected = true,
            (None, ' ') => words.push(String::new()),
            _ if !is_redirected => words.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    for words in &mut found {
        words.retain(|w| !w.is_empty());
    }
    found
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

/// Targets in this repository.
fn links(text: &str) -> Vec<String> {
    // without fenced blocks, and without what stands between backticks
    let prose = text.split("```").step_by(2).flat_map(|p| p.split('`').step_by(2));
    let prose = prose.collect::<String>();
    let targets = prose.split("](").skip(1).filter_map(|t| t.split_once(')'));
    targets.map(|(target, _)| target).filter(|t| !t.contains("://")).map(str::to_owned).collect()
}

/// The names that GitHub gives to headings.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    for line in prose.iter().flat_map(|p| p.lines()).filter(|line| line.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = found.iter().filter(|n| **n == name).count();
        found.push(if before == 0 { name } else { format!("{name}-{before}") });
    }
    found
}

/// A file or folder of this repository, not of the reader's.
fn looks_like_path(word: &str) -> bool {
    let folders = [
        "src/",
        "tests/",
        "rules/",
        "fixtures/",
        "examples/",
        "benches/",
        "docs/",
        "deploy/",
        "fuzz/",
        ".ci/",
    ];
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

fn flags(command: &clap::Command, known: &mut BTreeSet<String>) {
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

fn read(file: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}
