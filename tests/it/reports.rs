//! Every format, over every sample report.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accepted;
mod build;
mod difference;
mod fleet;
pub(crate) mod formats;
pub(crate) mod page;
mod samples;

use std::path::PathBuf;

use arcprobe::model::evidence::Cause;
use arcprobe::model::report::{Report, Verdict};
use arcprobe::model::shell::Shell;
use arcprobe::report::text::TextOptions;
use arcprobe::report::{Format, json, render};
use clap::ValueEnum as _;

use samples::ALL;

const NARROW: TextOptions = TextOptions { colour: false, width: 80, verbose: false, shell: Shell::Bash };
const WIDE: TextOptions = TextOptions { width: 110, ..NARROW };

#[test]
fn the_fixtures_match_the_samples() {
    for (name, make) in ALL {
        same_or_update(&format!("fixtures/reports/{name}.json"), &json::render(&make()));
    }
}

#[test]
fn the_schema_in_the_tree_is_the_generated_one() {
    let text = serde_json::to_string_pretty(&json::schema()).unwrap() + "\n";
    same_or_update("src/report/schema-v1.json", &text);
}

#[test]
fn the_schema_of_a_diagnosis_in_the_tree_is_the_generated_one() {
    let text = serde_json::to_string_pretty(&arcprobe::report::diagnosis::schema()).unwrap() + "\n";
    same_or_update("src/report/schema-diagnosis-v1.json", &text);
}

#[test]
fn reports_fit_the_schema() {
    let validator = jsonschema::validator_for(&json::schema()).unwrap();
    for (name, _) in ALL {
        let value: serde_json::Value = serde_json::from_str(&fixture(name)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "schema_version": 1 })));
}

#[test]
fn json_round_trips() {
    for (name, _) in ALL {
        let text = fixture(name);
        assert_eq!(json::render(&json::parse(text.as_bytes()).unwrap()), text, "{name}");
    }
}

#[test]
fn text_at_80_columns() {
    for (name, _) in ALL {
        let text = render(&read(name), Format::Text, &NARROW);
        insta::assert_snapshot!(format!("{name}-80"), text);
    }
}

#[test]
fn text_at_110_columns() {
    for (name, _) in ALL {
        let text = render(&read(name), Format::Text, &WIDE);
        insta::assert_snapshot!(format!("{name}-110"), text);
    }
}

#[test]
fn text_with_colour_and_every_check() {
    let text = render(&read("mixed"), Format::Text, &TextOptions { colour: true, ..NARROW });
    insta::assert_snapshot!("mixed-colour", text.replace('\u{1b}', "␛"));
    let text = render(&read("mixed"), Format::Text, &TextOptions { verbose: true, ..NARROW });
    insta::assert_snapshot!("mixed-verbose", text);
}

#[test]
fn the_short_format_is_stable() {
    for (name, _) in ALL {
        insta::assert_snapshot!(format!("{name}-short"), render(&read(name), Format::Short, &NARROW));
    }
}

/// With every free text of every sample tampered with, nothing but text reaches the terminal, and an id no shell.
#[test]
fn no_format_passes_control_characters_of_a_peer() {
    for (name, _) in ALL {
        let report = tampered(name);
        for &format in Format::value_variants() {
            for verbose in [false, true] {
                let text = render(&report, format, &TextOptions { verbose, ..NARROW });
                let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{200b}' || c == '\u{202e}';
                assert!(!text.contains(bad), "{name} as {format:?}");
                let has_no_shell = [Format::Json, Format::Sarif, Format::Openmetrics].contains(&format);
                let pasted = !has_no_shell && text.contains("explain dead-resolver;");
                assert!(!pasted, "{name} as {format:?}");
            }
        }
    }
}

/// A sample with every free text tampered with.
fn tampered(name: &str) -> Report {
    let mut value: serde_json::Value = serde_json::from_str(&fixture(name)).unwrap();
    tamper(&mut value, "");
    json::parse(value.to_string().as_bytes()).unwrap()
}

/// Adds to every string that is free text what a terminal, a shell, a browser or a reader of another format would act on.
fn tamper(value: &mut serde_json::Value, key: &str) {
    match value {
        serde_json::Value::String(text) if !WORDS.contains(&key) => {
            text.push_str("; reboot \u{1b}[2J\u{9b}1m\u{202e}\u{200b}\u{7}\u{ffff}");
            text.push_str("\"'><script>alert(1)</script>&lt;]]>--><img src=x onerror=alert(1)>");
            text.push_str("\\\" ```\n```` | [x](javascript:alert(1)) https://evil.example @ops {} \n# h");
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| tamper(item, key)),
        serde_json::Value::Object(fields) => {
            // of a lookup it is a word, elsewhere it is text
            let is_word = fields.contains_key("queries");
            let texts = fields.iter_mut().filter(|(key, _)| !(is_word && *key == "source"));
            texts.for_each(|(key, item)| tamper(item, key));
        }
        _ => {}
    }
}

/// The fields whose values come from closed sets, or are addresses.
const WORDS: [&str; 18] = [
    "address",
    "cause",
    "cloud",
    "confidence",
    "connectivity",
    "delivered",
    "kind",
    "outcome",
    "phase",
    "protocol",
    "purpose",
    "resolvers",
    "severity",
    "state",
    "transport",
    "trusted_by",
    "unverified",
    "verdict",
];

#[test]
fn the_headline_distinguishes_a_missing_feature_from_a_blocked_cluster() {
    let table = [
        (
            "relay",
            "A cluster cannot be connected from here with cluster-connect and custom-locations. 3 of 28",
        ),
        ("his-global", "A cluster cannot be connected from here. 1 of 28 required checks are not met."),
        ("kubectl", "A cluster cannot be connected from here. 2 of 29 required checks are not met."),
    ];
    for (requirement, start) in table {
        let mut report = read("all-met");
        report.verdict = Verdict::Blocked;
        for check in report.checks.iter_mut().filter(|c| c.planned.endpoint.starts_with(requirement)) {
            build::fail_check(check, Cause::TcpReset, 9, "Connection reset by peer");
        }
        let text = render(&report, Format::Short, &NARROW);
        assert!(text.starts_with(&format!("BLOCKED: {start}")), "{text}");
    }
}

#[test]
fn a_real_run_fits_a_screen_of_80_columns() {
    for (name, _) in ALL {
        let text = render(&read(name), Format::Text, &NARROW);
        // "mixed" has four different troubles from two vantages, "hostile" something of everything; all else is to fit.
        let most = match name {
            "mixed" => 70,
            "accepted" => 90,
            "hostile" => 60,
            _ => 45,
        };
        let lines = text.lines().count();
        assert!(lines <= most, "{name} has {lines} lines");
        let command = |l: &str| l.starts_with("  az ") || l.starts_with("  arcprobe ");
        let wide: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80 && !command(l)).collect();
        assert!(wide.is_empty(), "{name}: {wide:#?}");
    }
}

fn read(name: &str) -> Report {
    json::parse(fixture(name).as_bytes()).unwrap()
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(in_tree(&format!("fixtures/reports/{name}.json"))).unwrap()
}

/// Compares a file of the tree with what it should be; with `ARCPROBE_UPDATE=1` writes it.
fn same_or_update(path: &str, expected: &str) {
    let file = in_tree(path);
    if std::env::var_os("ARCPROBE_UPDATE").is_some() {
        std::fs::write(&file, expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "{path} is out of date; run the tests once with ARCPROBE_UPDATE=1");
}

fn in_tree(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
