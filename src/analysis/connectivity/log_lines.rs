//! Lines of logs as agents write them: what they say, when, and whether that is an error.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::Value;

use super::support_bundle::ContainerLog;
use crate::model::evidence::sanitize;

/// A line, read.
pub(super) struct LogLine<'a> {
    pub(super) raw: &'a str,
    /// What it says, without its frame.
    pub(super) text: String,
    /// The same for people.
    pub(super) message: String,
    pub(super) time: Option<Timestamp>,
    /// Whether it is worth to be quoted.
    pub(super) weight: LineWeight,
}

/// How much a line tells of a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum LineWeight {
    /// Nothing.
    Plain,
    /// The program calls it an error, in words that name none.
    Error,
    /// It names what failed.
    Failure,
    /// The program ended with it.
    Panic,
}

/// The last lines of a log, the oldest first; those before them tell of the past.
pub(super) fn read_lines(log: &ContainerLog) -> Vec<LogLine<'_>> {
    let recent = &log.lines[log.lines.len().saturating_sub(RECENT_LINES)..];
    recent.iter().map(|line| read_line(line)).collect()
}

fn read_line(raw: &str) -> LogLine<'_> {
    let parsed = serde_json::from_str::<Value>(raw).ok().filter(Value::is_object).unwrap_or_default();
    let field = |names: &[&str]| names.iter().find_map(|name| parsed[*name].as_str());
    let text = match (field(&["Message", "msg", "message"]), field(&["error", "err"])) {
        (Some(text), Some(error)) => format!("{text}: {error}"),
        (Some(text), None) => text.to_owned(),
        (None, _) => raw.to_owned(),
    };
    let message = sanitize(&text, MAX_MESSAGE_CHARS);
    let time = field(&["AgentTimestamp", "ts", "time", "timestamp"]).unwrap_or(raw);
    LogLine {
        time: parse_log_time(time),
        weight: weigh(&message, field(&["LogLevel", "level", "severity"])),
        raw,
        text,
        message,
    }
}

fn weigh(message: &str, level: Option<&str>) -> LineWeight {
    let Some(words) = &*WORDS else { return LineWeight::Plain };
    let is_frame = message.trim_start().starts_with("at ") || message.starts_with("goroutine ");
    let is_quiet = level.is_some_and(|level| matches!(&*level.to_lowercase(), "info" | "debug" | "trace"));
    if words.panic.is_match(message) {
        LineWeight::Panic
    } else if !is_frame && !is_quiet && words.failure.is_match(message) {
        LineWeight::Failure
    } else if words.error.is_match(level.unwrap_or(message)) {
        LineWeight::Error
    } else {
        LineWeight::Plain
    }
}

struct Words {
    panic: Regex,
    failure: Regex,
    error: Regex,
}

static WORDS: LazyLock<Option<Words>> = LazyLock::new(|| {
    Some(Words {
        panic: Regex::new(r"^(panic: |fatal error: |Unhandled exception|Traceback )").ok()?,
        failure: Regex::new(
            r#"(?ix) \b(?: fail(?:ed|ure|s)? | denied | refused | forbidden | unauthorized | invalid | expired | timed?\x20?out
                | timeout | deadline\x20exceeded | unable | cannot | can't | could\x20not | exception | no\x20such | not\x20found
                | lost | unreachable | reset\x20by\x20peer | unknown\x20authority | missing | disabled | conflict | rejected | EOF )\b
                | \b(?: status | code | response )\D{0,20}[{'"]?[45]\d\d\b | \b[45]\d\d\x20[A-Z][a-z]+ | AADSTS\d+"#,
        )
        .ok()?,
        error: Regex::new(r"(?i)^(?:err(?:or)?|fatal|panic|critical|crit|fail)\b|\b(?:ERROR|FATAL|level=error)\b|^[EF]\d{4} ").ok()?,
    })
});

/// As the programs write them: RFC 3339, or Go's and .NET's own forms, which are in UTC.
fn parse_log_time(text: &str) -> Option<Timestamp> {
    let start = text.trim_start_matches('[');
    let word = start.split_whitespace().next()?.trim_end_matches(']');
    let whole =
        || start.get(..19).and_then(|head| FORMS.iter().find_map(|form| DateTime::strptime(form, head).ok()));
    word.parse::<Timestamp>().ok().or_else(|| Some(whole()?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

/// Each nineteen characters long.
const FORMS: &[&str] = &["%Y/%m/%d %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];

/// Older lines tell of the past.
const RECENT_LINES: usize = 40;

/// In characters.
const MAX_MESSAGE_CHARS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_says_comes_without_its_frame() {
        let table = [
            (
                r#"{"Message": "GET configurations returned response code {401}", "LogLevel": "Error"}"#,
                LineWeight::Failure,
                "GET configurations returned response code {401}",
            ),
            (
                r#"{"level":"error","ts":"2026-11-27T11:58:21.549Z","msg":"unable to start manager","error":"Get x: Bad Request"}"#,
                LineWeight::Failure,
                "unable to start manager: Get x: Bad Request",
            ),
            (
                r#"{"Message": "2026/11/27 11:59:01 URL:> https://a/b", "LogLevel": "Error"}"#,
                LineWeight::Error,
                "2026/11/27 11:59:01 URL:> https://a/b",
            ),
            (
                r#"{"Message": "retries after a failed attempt", "LogLevel": "Information", "level": "info"}"#,
                LineWeight::Failure,
                "retries after a failed attempt",
            ),
            (r#"{"msg": "0 failed", "level": "info"}"#, LineWeight::Plain, "0 failed"),
            (
                "panic: runtime error: index out of range [3] with length 2",
                LineWeight::Panic,
                "panic: runtime error: index out of range [3] with length 2",
            ),
            ("goroutine 1 [running]:", LineWeight::Plain, "goroutine 1 [running]:"),
            ("   at System.Net.Http.Fail() failed", LineWeight::Plain, "at System.Net.Http.Fail() failed"),
            (
                "E1127 11:59:01.000000       1 leaderelection.go:330] lost",
                LineWeight::Failure,
                "E1127 11:59:01.000000       1 leaderelection.go:330] lost",
            ),
            ("started", LineWeight::Plain, "started"),
            ("[]", LineWeight::Plain, "[]"),
        ];
        for (raw, weight, message) in table {
            let line = read_line(raw);
            assert_eq!((line.weight, line.message.as_str()), (weight, message), "{raw}");
        }
    }

    #[test]
    fn times_are_read_in_the_forms_of_the_programs() {
        for text in [
            "2026-11-27T11:59:01Z",
            "2026-11-27T11:59:01.000Z info started",
            "2026/11/27 11:59:01 started",
            "11/27/2026 11:59:01",
            "2026-11-27 11:59:01,123 ERROR",
            "[2026-11-27T12:59:01+01:00] x",
        ] {
            assert_eq!(
                parse_log_time(text).map(|t| t.to_string()).as_deref(),
                Some("2026-11-27T11:59:01Z"),
                "{text}"
            );
        }
        assert_eq!(parse_log_time("started at noon"), None);
        assert_eq!(parse_log_time(""), None);
    }
}
