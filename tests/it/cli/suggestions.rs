//! What the program suggests to type has to work in this version of it.

use std::fs;
use std::path::Path;

use arcprobe::cli::args::Cli;
use clap::{CommandFactory as _, Parser as _};

/// The command lines in a text: in backquotes, or lines of their own.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2).filter(|q| !q.contains("\n\n"));
    let lines = text.lines().map(|line| {
        line.trim().trim_end_matches(',').trim_matches('"').split("  ").next().unwrap_or_default()
    });
    quoted
        .map(|q| q.split_whitespace().collect::<Vec<_>>().join(" "))
        .chain(lines.map(str::to_owned))
        .filter(|c| c.starts_with("arcprobe "))
        .collect()
}

/// Accepted from the version on that probes through a proxy.
const COMING: &str = "--proxy-https";

/// Words in capitals stand for values; pages leave out the region where it does not matter. Quotes are those of PowerShell.
fn assert_parses(command: &str, place: &Path) {
    let words: Vec<&str> = command
        .split_whitespace()
        .map(|word| if word == "IP" { "10.0.0.53" } else { word.trim_matches('\'') })
        .collect();
    let is_short = words[1] == "check" && !words.iter().any(|w| ["-l", "--location"].contains(w));
    let words = words.into_iter().chain(is_short.then_some(["-l", "REGION"]).into_iter().flatten());
    let knows_proxies = Cli::command()
        .find_subcommand("check")
        .is_some_and(|c| c.get_opts().any(|o| o.get_long() == Some(&COMING[2..])));
    if command.contains(COMING) && !knows_proxies {
        return;
    }
    if let Err(e) = Cli::try_parse_from(words) {
        panic!("{}: `{command}`: {e}", place.display());
    }
}

fn each_file(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            each_file(&path, look);
        } else {
            look(&path, &fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn every_suggested_command_parses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for folder in ["fixtures/cases", "tests/it/cli/snapshots", "src/analysis/explain/pages"] {
        each_file(&root.join(folder), &mut |path, text| {
            for command in commands(text).iter().filter(|c| !is_heading(c)) {
                assert_parses(command, path);
                seen += 1;
            }
        });
    }
    assert!(seen > 100, "only {seen} suggestions were found");
}

/// "arcprobe explain CODE (high confidence)" is a line of a finding, "arcprobe asks them side by side" a sentence.
fn is_heading(command: &str) -> bool {
    !matches!(
        command.split_whitespace().nth(1),
        Some("check" | "explain" | "rules" | "requirements" | "advise" | "diagnose" | "report" | "agent")
    )
}
