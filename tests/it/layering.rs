//! Who may import whom: the rules of `ARCHITECTURE.md`, held by reading the paths that the code of `src` names.
//!
//! Tests inside `src` are left out: they may read rules files to have something to work on.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Modules that touch the outside, or put the parts together. All others are core. A new module that does I/O belongs here.
const SHELL: &[&str] = &[
    "agent",
    "bin",
    "cli",
    "cluster",
    "commands",
    "conclude",
    "discovery",
    "lab",
    "main",
    "measure",
    "net",
    "payload",
    "probe",
    "progress",
    "rules::builtin",
    "rules::check",
    "rules::faults",
    "rules::load",
    "rules::locate",
    "rules::merge",
    "rules::prerequisites",
    "rules::waivers",
    "rules::problem",
    "survey",
];

/// Only declares modules and passes names on.
const GATHERS: &[&str] = &["lib", "rules"];

/// `FROM` never imports `TO`.
const NEVER: &[(&str, &[&str])] = &[
    // the lab knows nothing of the program that is tried in it
    ("lab", &["*"]),
    // evidence is what travels and what is saved: it depends on nothing
    ("evidence", &["*"]),
    ("finding", &["*"]),
    // a verdict is reached before anybody explains it
    ("verdict", &["diagnose"]),
    ("plan", &["verdict", "diagnose", "report", "evidence"]),
    // the report shows finished values; the pages of `explain` are such
    ("report", &["verdict", "diagnose"]),
    // probing measures; what it means is said elsewhere
    (
        "probe",
        &["verdict", "diagnose", "report", "finding", "conclude", "commands", "cli", "progress", "cluster"],
    ),
    ("agent", &["diagnose", "report", "finding", "conclude", "commands", "cli", "progress", "cluster"]),
    ("net", &["verdict", "diagnose", "report", "finding", "conclude", "commands", "cli", "progress"]),
    ("conclude", &["commands", "cli", "probe", "progress"]),
    ("progress", &["probe", "report", "commands", "cli"]),
];

/// Crates that have a home: a folder, a file, or several.
const HOMES: &[(&str, &[&str])] = &[
    ("anyhow", &["commands"]),
    ("annotate_snippets", &["rules::problem"]),
    // `settings` and `report` derive `ValueEnum` for words that are also typed
    ("clap", &["cli", "commands", "settings", "report"]),
    ("clap_complete", &["cli", "commands"]),
    ("clap_mangen", &["commands"]),
    ("hickory_resolver", &["lab", "probe"]),
    ("http_body_util", &["probe"]),
    ("tower", &["cluster"]),
    ("hyper", &["probe"]),
    ("hyper_util", &["cluster", "probe"]),
    ("indicatif", &["progress"]),
    ("k8s_openapi", &["cluster"]),
    ("lzma_rust2", &["bin::loader"]),
    ("kube", &["cluster"]),
    ("rcgen", &["lab"]),
    ("regex", &["chain"]),
    // an ordinary client, for what is no phase
    ("reqwest", &["probe::client"]),
    ("rustls", &["cluster::error", "lab", "net", "probe"]),
    ("rustls_native_certs", &["probe::trust"]),
    (
        "serde_yaml",
        &["commands::rbac", "rules::faults", "rules::load", "rules::prerequisites", "rules::waivers"],
    ),
    ("socket2", &["lab", "probe"]),
    ("terminal_size", &["commands"]),
    // `commands` starts the runtime
    ("tokio", &["probe", "net", "measure", "agent::run", "commands", "cluster", "survey", "lab"]),
    ("tokio_rustls", &["lab", "probe"]),
    ("tokio_tungstenite", &["lab", "probe"]),
    ("webpki_roots", &["net::roots"]),
    ("x509_parser", &["probe::certificate"]),
    ("std::env::current_exe", &["payload"]),
    ("std::env::split_paths", &["cluster::config"]),
    ("std::env::args_os", &["main", "bin::agent"]),
    ("std::env::vars_os", &["main"]),
    // `measure` sees which signals it was told to ignore
    ("std::fs", &["bin::agent", "cluster", "commands", "measure", "net", "payload", "probe", "rules::load"]),
    ("std::net::TcpStream", &["lab"]),
    ("std::net::UdpSocket", &["lab"]),
    ("std::process::Command", &["commands::program"]),
];

/// Macros that write; there is no other place for them than these.
const WRITERS: &[&str] = &["bin::agent", "commands", "progress"];

/// Exactly these files of the core know clap, and only for words that are also typed.
const DERIVE_ONLY: &[&str] = &["settings", "report"];

#[test]
fn the_core_never_imports_the_shell() {
    let offends = |file: &Source, path: &str| {
        let is_core = !within(&file.module, SHELL) && !GATHERS.contains(&file.module.as_str());
        is_core && path.strip_prefix("crate::").is_some_and(|to| within(to, SHELL))
    };
    refuse("the core imports the shell (a module that does I/O is listed in SHELL)", offends);
}

#[test]
fn modules_keep_the_direction_of_the_data() {
    let offends = |file: &Source, path: &str| {
        let Some(to) = path.strip_prefix("crate::") else { return false };
        NEVER.iter().filter(|(from, _)| is_in(&file.module, from)).any(|(from, never)| match never {
            ["*"] => !is_in(to, from),
            never => within(to, never),
        })
    };
    refuse("against the direction of the data (NEVER)", offends);
}

#[test]
fn only_commands_know_what_was_typed() {
    let offends = |file: &Source, path: &str| {
        is_in(path, "crate::cli") && !within(&file.module, &["cli", "commands", "main"])
    };
    refuse("settings, not the command line, travel inwards", offends);
}

#[test]
fn only_the_demo_starts_a_lab() {
    let offends = |file: &Source, path: &str| {
        is_in(path, "crate::lab") && !within(&file.module, &["lab", "commands::demo"])
    };
    refuse("a check never runs against servers of our own but in the demo", offends);
    let is_used = |s: &Source| s.module == "commands::demo" && s.paths.iter().any(|p| is_in(p, "crate::lab"));
    assert!(sources().iter().any(is_used), "the demo has another name now");
}

#[test]
fn crates_stay_in_their_homes() {
    let offends = |file: &Source, path: &str| {
        HOMES.iter().any(|(name, homes)| is_in(path, name) && !within(&file.module, homes))
    };
    refuse("a crate or a part of std outside its home (HOMES)", offends);
}

#[test]
fn the_core_knows_clap_only_as_a_derive() {
    let offends = |file: &Source, path: &str| {
        within(&file.module, DERIVE_ONLY) && is_in(path, "clap") && path != "clap::ValueEnum"
    };
    refuse("only ValueEnum is derived in the core", offends);
}

#[test]
fn only_commands_and_progress_write() {
    let macros = ["print!", "println!", "eprint!", "eprintln!", "dbg!"];
    let offends = |file: &Source, path: &str| {
        let writes = macros.contains(&path) || path.ends_with("io::stdout") || path.ends_with("io::stderr");
        writes && !within(&file.module, WRITERS)
    };
    refuse("standard output and error belong to commands and progress", offends);
}

/// Two files of the loader make system calls and keep memory; nobody else has a reason.
#[test]
fn only_the_loader_is_unsafe() {
    let allowed = ["bin::loader::memory", "bin::loader::system"];
    let lifts: Vec<_> =
        files().into_iter().filter(|(_, text)| text.contains("unsafe_code")).map(|(m, _)| m).collect();
    assert!(lifts.iter().all(|module| allowed.contains(&module.as_str())), "{lifts:?}");
    assert_eq!(lifts.len(), allowed.len());
}

/// A guard that reads nothing would pass for ever.
#[test]
fn the_reader_reads() {
    let text = r#"
        //! use crate::probe::never;
        use std::{fmt, net::{IpAddr, SocketAddr as Address}};
        use super::look::{self, Look};
        /* use tokio::fs; */
        fn f<'a>(x: &'a str) -> char { println!("use hyper::x; {}", clap::ValueEnum::y(x)); 'x' }
        const RAW: &str = r"use rustls::y;";
        #[cfg(test)]
        mod tests { use serde_yaml::z; fn g() { { tokio::spawn() } } }
        fn last() -> crate::plan::Plan { ::bytes::Bytes::new() }
    "#;
    let expected = [
        "std::fmt",
        "std::net::IpAddr",
        "std::net::SocketAddr",
        "crate::diagnose::look",
        "crate::diagnose::look::Look",
        "println!",
        "clap::ValueEnum::y",
        "crate::plan::Plan",
        "bytes::Bytes::new",
    ];
    assert_eq!(Source::new("diagnose::clock_wrong", text).paths, expected);
    let sources = sources();
    assert!(sources.len() > 100 && sources.iter().all(|s| !s.module.contains('/')));
    assert!(sources.iter().any(|s| s.module == "probe::resolve::query"));
    let knows = |module: &str, path: &str| {
        sources.iter().any(|s| s.module == module && s.paths.iter().any(|p| is_in(p, path)))
    };
    assert!(knows("probe::connect", "tokio") && knows("plan::build", "crate::rules::expand"));
    assert!(knows("rules::load", "serde_yaml") && knows("commands", "crate::cli"));
}

/// Fails with every path that offends, and where it stands.
fn refuse(rule: &str, offends: impl Fn(&Source, &str) -> bool) {
    let mut found = String::new();
    for file in sources() {
        for path in file.paths.iter().filter(|path| offends(&file, path)) {
            writeln!(found, "  {} names {path}", file.module).unwrap();
        }
    }
    assert!(found.is_empty(), "{rule}:\n{found}");
}

fn within(path: &str, any: &[&str]) -> bool {
    any.iter().any(|module| is_in(path, module))
}

/// Whether a path is the module or something below it.
fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A file of `src` with all paths that its code names, those of the crate in full.
struct Source {
    module: String,
    paths: Vec<String>,
}

impl Source {
    fn new(module: &str, text: &str) -> Self {
        let tokens = without_tests(&tokens(text));
        let mut paths = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "use" {
                at += 1;
                tree(&tokens, &mut at, "", &mut paths);
            } else if is_name(&tokens[at]) {
                inline(&tokens, &mut at, &mut paths);
            } else {
                at += 1;
            }
        }
        let paths = paths.iter().map(|path| absolute(module, path)).collect();
        Self { module: module.to_owned(), paths }
    }
}

/// Every file of `src` but those that hold only tests.
fn sources() -> Vec<Source> {
    files().into_iter().map(|(module, text)| Source::new(&module, &text)).collect()
}

/// The modules of `src` with their texts, without those that only test. Those named `fuzzing` are behind a feature for tests.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let file = path.strip_prefix(&root).unwrap().with_extension("");
                let names: Vec<_> = file.iter().map(|n| n.to_str().unwrap()).collect();
                let module = names.join("::");
                let module = module.strip_suffix("::mod").unwrap_or(&module);
                let is_fuzzing = names.contains(&"fuzzing");
                if !module.ends_with("tests") && !is_fuzzing {
                    files.push((module.to_owned(), fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    files
}

/// `self` and `super` resolved; a file `a/mod.rs` and a file `a.rs` are both the module `a`.
fn absolute(module: &str, path: &str) -> String {
    let mut here: Vec<&str> = module.split("::").collect();
    let mut rest = path;
    let mut is_relative = false;
    while let Some((first, after)) = rest.split_once("::").filter(|(f, _)| matches!(*f, "self" | "super")) {
        if first == "super" {
            here.pop();
        }
        (rest, is_relative) = (after, true);
    }
    if !is_relative {
        return path.to_owned();
    }
    let full: Vec<&str> = std::iter::once("crate").chain(here).chain([rest]).collect();
    full.join("::")
}

/// A `use` tree, up to its semicolon or the comma or brace behind its branch.
fn tree(tokens: &[String], at: &mut usize, before: &str, paths: &mut Vec<String>) {
    let mut path = before.to_owned();
    while let Some(token) = tokens.get(*at) {
        match token.as_str() {
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|t| t != "}") {
                    tree(tokens, at, &path, paths);
                    *at += usize::from(tokens.get(*at).is_some_and(|t| t == ","));
                }
                *at += 1;
                return;
            }
            "}" | "," | ";" => break,
            "as" => *at += 1,
            "self" if !path.is_empty() => {}
            "::" => {}
            name => path = if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") },
        }
        *at += 1;
    }
    paths.push(path);
}

/// A path in an expression or a type, or the name of a macro; a name alone is none.
fn inline(tokens: &[String], at: &mut usize, paths: &mut Vec<String>) {
    let begin = *at;
    let mut path = tokens[begin].clone();
    *at += 1;
    while tokens.get(*at).is_some_and(|t| t == "::") && tokens.get(*at + 1).is_some_and(|t| is_name(t)) {
        path = format!("{path}::{}", tokens[*at + 1]);
        *at += 2;
    }
    if tokens.get(*at).is_some_and(|t| t == "!") && tokens.get(*at + 1).is_some_and(|t| "([{".contains(t)) {
        paths.push(format!("{path}!"));
    } else if path.contains("::") {
        paths.push(path);
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Drops what stands behind `#[cfg(test)]`: the rest of an item, up to its semicolon or closing brace.
fn without_tests(tokens: &[String]) -> Vec<String> {
    let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().take(marker.len()).eq(marker.iter()) {
            at = behind_item(tokens, at + marker.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn behind_item(tokens: &[String], from: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Names, `::` and single signs. Comments, strings and character literals are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if c.is_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string, byte string or character that begins here.
fn literal(text: &str) -> Option<usize> {
    let prefixed = text.strip_prefix("br").or_else(|| text.strip_prefix('r')).and_then(|rest| {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        rest[hashes..].starts_with('"').then_some((rest, hashes))
    });
    if let Some((rest, hashes)) = prefixed {
        let begin = text.len() - rest.len() + hashes + 1;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(text[begin..].find(&end).map_or(text.len(), |at| begin + at + end.len()));
    }
    let bytes = usize::from(text.starts_with("b\"") || text.starts_with("b'"));
    match text[bytes..].chars().next()? {
        '"' => Some(bytes + quoted(&text[bytes..], '"')),
        // a lifetime has no closing quote behind its first character
        '\'' if text[bytes..].starts_with("'\\") || text[bytes..].chars().nth(2) == Some('\'') => {
            Some(bytes + quoted(&text[bytes..], '\''))
        }
        _ => None,
    }
}

fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}
