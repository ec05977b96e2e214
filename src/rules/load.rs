//! Reading rules files; the only user of `serde_yaml`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::locate::{byte_offset, key_span, line_and_column, scalar_at};
use super::problem::{InvalidFile, Problem, RulesError};
use super::suggest::find_nearest;
use crate::model::evidence::sanitize;
use crate::model::rules::{Layer, RulesFile};

/// A file that could be read; what its entries refer to is checked when it is laid on a rule set.
#[derive(Clone, Debug)]
pub struct LoadedFile {
    /// The content.
    pub rules: RulesFile,
    /// How reports cite it.
    pub layer: Layer,
    /// The name for messages.
    pub(super) name: String,
    /// The text, for messages about places in it.
    pub(super) text: String,
}

/// Reads a file; its path is the name that messages use.
///
/// # Errors
///
/// The file cannot be read, or [`parse_rules`] refuses it.
pub fn load_file(path: &Path) -> Result<LoadedFile, RulesError> {
    let bytes =
        read_bounded(path).map_err(|source| RulesError::Unreadable { file: path.to_path_buf(), source })?;
    parse_rules(&path.display().to_string(), &bytes)
}

/// Reads the bytes of a file. A byte order mark is skipped, but the digest is of all bytes.
///
/// # Errors
///
/// [`RulesError::TooLarge`], or [`RulesError::Invalid`] with the first thing that is wrong: encoding, YAML, unknown keys,
/// wrong values.
pub fn parse_rules(name: &str, bytes: &[u8]) -> Result<LoadedFile, RulesError> {
    let text = decode_text(name, bytes)?;
    let rules =
        deserialize_rules(text).map_err(|problem| InvalidFile::rules_error(name, text, vec![problem]))?;
    let layer = Layer {
        name: rules.name.clone(),
        revision: rules.revision.to_string(),
        sha256: format!("{:x}", Sha256::digest(bytes)),
    };
    Ok(LoadedFile { rules, layer, name: name.to_owned(), text: text.to_owned() })
}

/// Any value as YAML.
///
/// # Errors
///
/// The value has no form in YAML (bytes, a map inside an enum).
pub fn to_yaml(value: &impl Serialize) -> Result<String, String> {
    serde_yaml::to_string(value).map_err(|e| e.to_string())
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode_text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, RulesError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(RulesError::TooLarge { file: name.to_owned(), allowed: MAX_FILE_BYTES });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| not_utf8_error(name, bytes, e.valid_up_to()))?;
    match find_unsafe_yaml(text) {
        Some(problem) => Err(InvalidFile::rules_error(name, text, vec![problem])),
        None => Ok(text),
    }
}

fn not_utf8_error(name: &str, bytes: &[u8], at: usize) -> RulesError {
    let text = String::from_utf8_lossy(bytes);
    let problem =
        Problem::new(at..at + '\u{FFFD}'.len_utf8(), "the file is not UTF-8").with_help("save it as UTF-8");
    InvalidFile::rules_error(name, text, vec![problem])
}

/// What is refused before the YAML reader sees it.
fn find_unsafe_yaml(text: &str) -> Option<Problem> {
    find_control_character(text).or_else(|| find_alias(text)).or_else(|| find_deep_nesting(text))
}

/// The YAML reader refuses them too, but cannot say in which line.
fn find_control_character(text: &str) -> Option<Problem> {
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let (at, c) = text.char_indices().find(|&(_, c)| bad(c))?;
    Some(Problem::new(
        at..at + c.len_utf8(),
        format!("the control character {} is not allowed", c.escape_unicode()),
    ))
}

/// An alias that repeats a long list can swell a small file to gigabytes, and the YAML reader only bounds how often it jumps,
/// not how much it repeats. Rules have no use for aliases, so there are none.
fn find_alias(text: &str) -> Option<Problem> {
    let anchors: BTreeSet<&str> = words_after(text, '&').map(|(_, word)| word).collect();
    let (at, word) = words_after(text, '*').find(|(_, word)| anchors.contains(word))?;
    let problem = Problem::new(at..at + 1 + word.len(), "aliases are not supported");
    Some(problem.with_help("write the value out"))
}

/// Signs that begin a value; within one they are prose, a URL or a regular expression.
fn words_after(text: &str, sign: char) -> impl Iterator<Item = (usize, &str)> {
    let begins = |at: usize| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '[' | '{' | ',' | ':' | '\u{feff}'))
    };
    text.match_indices(sign).filter(move |(at, _)| begins(*at)).filter_map(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
        (end > 0).then(|| (at, &rest[..end]))
    })
}

/// The time that the YAML reader takes grows with the square of the depth of brackets. Brackets inside quotes are counted too,
/// which hides some depth from a count of pairs; so the number of all that open is bounded as well.
fn find_deep_nesting(text: &str) -> Option<Problem> {
    let (mut depth, mut opened) = (0_usize, 0_usize);
    for (at, bracket) in text.match_indices(['[', '{', ']', '}']) {
        if matches!(bracket, "]" | "}") {
            depth = depth.saturating_sub(1);
            continue;
        }
        (depth, opened) = (depth + 1, opened + 1);
        if depth > MAX_NESTING || opened > MAX_BRACKETS {
            return Some(Problem::new(at..at + 1, "too many brackets are open or in the file"));
        }
    }
    None
}

fn deserialize_rules(text: &str) -> Result<RulesFile, Problem> {
    serde_yaml::from_str(text).map_err(|e| explain_yaml_error(text, &e))
}

/// A message of the YAML reader in our words, at its place.
fn explain_yaml_error(text: &str, error: &serde_yaml::Error) -> Problem {
    let raw = error.to_string();
    if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
        return Problem::new(0..0, "the file is empty")
            .with_help("the first line of rules is: format: arcprobe-rules/1");
    }
    if raw.contains("more than one document") {
        let at = text.match_indices("\n---").last().map_or(0, |(at, _)| at + 1);
        return Problem::new(at..at + 3, "a rules file holds one document")
            .with_help("put the second one into its own file");
    }
    let at = error.location().map_or(0, |place| byte_offset(text, place.line(), place.column()));
    reword_yaml_error(text, at, &without_place(&raw))
}

/// Serde hands its messages over as text only, so their few fixed forms are taken apart here.
fn reword_yaml_error(text: &str, at: usize, raw: &str) -> Problem {
    let (path, message) = split_path(raw);
    let here = scalar_at(text, at);
    let within = if path.is_empty() { String::new() } else { format!("{path}: ") };
    let words = backquoted_words(message);
    let first = words.first().copied().unwrap_or_default();
    let kind = message.split(" `").next().unwrap_or_default();
    match kind {
        "unknown field" => {
            with_allowed_values(Problem::new(here, format!("{within}unknown key \"{first}\"")), &words)
        }
        "unknown variant" => {
            with_allowed_values(Problem::new(here, format!("{within}unknown value \"{first}\"")), &words)
        }
        "missing field" => Problem::new(here, format!("{within}missing key \"{first}\"")),
        "duplicate field" => {
            let first_key = key_span(text, &(at..text.len()), first).unwrap_or(here);
            let second =
                key_span(text, &(first_key.end..text.len()), first).unwrap_or_else(|| first_key.clone());
            Problem::new(second, format!("{within}the key \"{first}\" is given twice"))
                .with_related(first_key, "first here")
        }
        _ => {
            // a document of something else is a string of its first paragraph
            let is_foreign = path.is_empty() && kind.starts_with("invalid type");
            let help = tab_hint(text, at).or_else(|| {
                is_foreign.then(|| "the first line of rules is: format: arcprobe-rules/1".to_owned())
            });
            let message = sanitize(message, MAX_MESSAGE_CHARS);
            Problem { help, ..Problem::new(here, format!("{within}{message}")) }
        }
    }
}

/// What is refused of other files of YAML before the reader sees it: what could take it hours, or all memory.
pub(super) fn describe_unsafe_yaml(text: &str) -> Option<String> {
    let problem = find_alias(text).or_else(|| find_deep_nesting(text))?;
    let (line, column) = line_and_column(text, problem.at.start);
    Some(format!("{} at line {line} column {column}", problem.message))
}

/// What is wrong with a file that is no rules file, and where; without its text, should it be one meant for something else.
pub(super) fn describe_yaml_error(error: &serde_yaml::Error) -> String {
    let place = error.location().map(|at| format!(" at line {} column {}", at.line(), at.column()));
    let message = sanitize(&without_place(&error.to_string()), MAX_MESSAGE_CHARS);
    format!("{message}{}", place.unwrap_or_default())
}

fn tab_hint(text: &str, at: usize) -> Option<String> {
    text[at..].starts_with('\t').then(|| "YAML is indented with blanks, never with tabs".to_owned())
}

fn with_allowed_values(problem: Problem, words: &[&str]) -> Problem {
    let [word, known @ ..] = words else { return problem };
    let list = known.join(", ");
    match find_nearest(word, known.iter().copied()) {
        Some(near) => problem.with_help(format!("did you mean \"{near}\"? allowed are {list}")),
        None => problem.with_help(format!("allowed are {list}")),
    }
}

/// The message without ` at line 1 column 2`, of which libyaml gives two; the excerpt shows the place.
fn without_place(raw: &str) -> String {
    let mut parts = raw.split(" at line ");
    let head = parts.next().unwrap_or_default().to_owned();
    let is_place = |c: char| c.is_ascii_digit() || " column".contains(c);
    parts.fold(head, |message, part| message + part.trim_start_matches(is_place))
}

/// `endpoints[0].port: wrong` into its halves; the path is empty when there is none.
fn split_path(raw: &str) -> (&str, &str) {
    let is_path = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "[]._-?".contains(c));
    raw.split_once(": ").filter(|(path, _)| is_path(path)).unwrap_or(("", raw))
}

fn backquoted_words(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// In characters; a wrong value is told, and not the paragraph that it stands in.
const MAX_MESSAGE_CHARS: usize = 200;

/// In bytes; twenty times the largest built-in file.
const MAX_FILE_BYTES: usize = 1 << 20;

/// The format itself needs four; the rest is for brackets in prose that nothing closes.
const MAX_NESTING: usize = 100;

/// More than a file of [`MAX_FILE_BYTES`] bytes can need. Nested (and hidden in quotes) they would take the YAML reader seconds.
const MAX_BRACKETS: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format: arcprobe-rules/1\nname: x\nrevision: 2026-01-01\n";

    fn error_message(bytes: &[u8]) -> String {
        match parse_rules("x.yaml", bytes) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_counts_in_the_digest() {
        let plain = parse_rules("x", HEAD.as_bytes()).unwrap();
        let marked = parse_rules("x", format!("\u{FEFF}{HEAD}").as_bytes()).unwrap();
        assert_eq!(plain.rules.name, marked.rules.name);
        assert_ne!(plain.layer.sha256, marked.layer.sha256);
    }

    #[test]
    fn a_file_of_something_else_is_not_quoted_at_length() {
        let letter = "Dear all, the password of the proxy is in the safe. ".repeat(20);
        let message = error_message(letter.as_bytes());
        assert!(message.contains("the first line of rules is: format: arcprobe-rules/1"), "{message}");
        assert!(message.len() < 600 && letter.len() > 1_000, "{message}");
    }

    #[test]
    fn input_that_could_exhaust_memory_or_time_is_rejected() {
        assert!(error_message(&vec![b'#'; MAX_FILE_BYTES + 1]).contains("too large"));
        assert!(error_message("[".repeat(MAX_FILE_BYTES).as_bytes()).contains("too many brackets"));
        assert!(error_message("[]".repeat(MAX_FILE_BYTES / 2).as_bytes()).contains("too many brackets"));
        assert!(error_message("- ".repeat(MAX_FILE_BYTES / 2).as_bytes()).contains("invalid type"));
        assert!(error_message(format!("{HEAD}title: [&a x, *a]\n").as_bytes()).contains("aliases"));
        let lines = (0..800).map(|n| " ".repeat(n) + "x:\n").collect::<String>();
        assert!(error_message(lines.as_bytes()).contains("unknown key"));
    }

    #[test]
    fn limits_are_what_is_still_allowed() {
        assert!(find_deep_nesting(&"[".repeat(MAX_NESTING)).is_none());
        assert!(find_deep_nesting(&"[".repeat(MAX_NESTING + 1)).is_some());
        assert!(find_deep_nesting(&"[]".repeat(MAX_BRACKETS)).is_none());
        assert!(find_deep_nesting(&"[]".repeat(MAX_BRACKETS + 1)).is_some());
        assert!(decode_text("x", &vec![b'#'; MAX_FILE_BYTES]).is_ok());
        assert!(decode_text("x", &vec![b'#'; MAX_FILE_BYTES + 1]).is_err());
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_the_right_one() {
        let table = [
            ("sources: 5", "expected a mapping"),
            ("endpoints: [{host: [a]}]", "expected a host name"),
            ("endpoints: [{port: x}]", "expected a port number"),
            ("endpoints: [{answer: {status: 5}}]", "expected the word any, or a list of HTTP statuses"),
        ];
        for (line, expected) in table {
            let error = error_message(format!("{HEAD}{line}\n").as_bytes());
            assert!(error.contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn ampersands_and_asterisks_in_prose_are_not_aliases() {
        let prose = "Helm & Flux, *.example.com, R&D, ?a=1&tabs=2 .*tabs";
        assert_eq!(error_message(format!("{HEAD}title: '{prose}'\n").as_bytes()), "");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_rules_or_a_message(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let _ = error_message(&bytes);
            let mut tail = HEAD.as_bytes().to_vec();
            tail.extend(b"endpoints:\n  - ");
            tail.extend(bytes);
            proptest::prop_assert!(!error_message(&tail).is_empty());
        }
    }
}
