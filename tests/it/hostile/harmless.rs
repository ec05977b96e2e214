//! What every output has to be, whatever the peers say: short, printable, and in its format without anything of theirs.

use std::path::Path;

use crate::program::{Program, RunResult};
use crate::reports::{formats, page};

use super::assert_printable;

/// The endings of all formats that `--save` knows.
pub(crate) const ENDINGS: [&str; 7] = ["json", "html", "md", "xml", "sarif", "prom", "txt"];

/// The largest file of a run with a handful of endpoints, in bytes.
const LARGEST: usize = 300_000;

/// Flags that save a report in every format; the name has no ending.
pub(crate) fn save_flags(at: &Path) -> Vec<String> {
    let file = |ending: &&str| ["--save".to_owned(), at.with_extension(ending).display().to_string()];
    ENDINGS.iter().flat_map(file).collect()
}

/// Looks at the screen of a run and at all that it saved, and shows what it saved again in other ways.
#[track_caller]
pub(crate) fn assert_sanitized(name: &str, ran: &RunResult, at: &Path) {
    assert_screen(name, &ran.stdout);
    assert_screen(name, &ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{name}: {}", ran.stderr);
    for ending in ENDINGS {
        let text = std::fs::read_to_string(at.with_extension(ending))
            .unwrap_or_else(|e| panic!("{name}: {ending}: {e}"));
        assert!(text.len() < LARGEST, "{name}: {} bytes of {ending}", text.len());
        assert_format(name, ending, &text);
    }
    let saved = at.with_extension("json").display().to_string();
    let shown: [&[&str]; 5] = [
        &["report", &saved, "-v"],
        &["report", &saved, "-o", "short"],
        &["requirements", "--only-unmet", &saved, "-o", "csv"],
        &["requirements", "--only-unmet", &saved, "-o", "markdown"],
        &["report", &saved, "--diff", &saved],
    ];
    for args in shown {
        let ran = Program::new().args(args).run();
        assert!([0, 2, 3, 5].contains(&ran.code), "{name}: {args:?}: {}: {}", ran.code, ran.stderr);
        assert_screen(name, &ran.stdout);
        assert_screen(name, &ran.stderr);
    }
}

#[track_caller]
pub(crate) fn assert_screen(name: &str, text: &str) {
    assert_printable(text);
    let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    assert!(longest < 1_000, "{name}: a line of {longest} characters:\n{text}");
}

#[track_caller]
fn assert_format(name: &str, ending: &str, text: &str) {
    assert_printable(text);
    match ending {
        "json" | "sarif" => {
            let value = serde_json::from_str::<serde_json::Value>(text);
            assert!(value.is_ok(), "{name}: {value:?}");
        }
        "html" => page::assert_own_elements(text),
        "xml" => {
            let xml = roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
            let own = [
                "testsuites",
                "testsuite",
                "testcase",
                "failure",
                "error",
                "skipped",
                "system-out",
                "system-err",
                "properties",
                "property",
            ];
            let foreign = xml.descendants().find(|n| n.is_element() && !own.contains(&n.tag_name().name()));
            assert!(foreign.is_none(), "{name}: {foreign:?}");
        }
        "md" => formats::assert_own_markdown(name, text),
        "prom" => assert!(formats::assert_metrics(name, text) > 1, "{name}"),
        _ => assert_screen(name, text),
    }
}
