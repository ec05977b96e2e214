//! Records as lines of a container's log, and back.
//!
//! A line is `@arcprobe/1 NUMBER END TEXT`. Lines are numbered from 0; a record that is longer than a line goes on in the
//! next one, and END says so: `+` more follows, `.` the record ends here. So a log that was cut, rotated away or read twice
//! shows, and is never taken for a result.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::Record;
use crate::model::evidence::sanitize;

/// What every line begins with; what does not, is not ours.
const LINE_PREFIX: &str = "@arcprobe/1 ";

/// Of text in a line, in bytes. Container runtimes cut lines at 16 KiB.
const MAX_TEXT_BYTES: usize = 4 << 10;

/// A line that is longer was not written by [`RecordWriter`].
pub const MAX_LINE_BYTES: usize = MAX_TEXT_BYTES + 64;

/// In bytes: an observation with sixteen addresses and their certificate chains has less than half of it.
const MAX_RECORD_BYTES: usize = 8 << 20;

/// Foreign lines that are kept: a loader or a container runtime says in the last of them what went wrong.
const MAX_FOREIGN_LINES: usize = 20;

/// Of each, in characters.
const MAX_FOREIGN_CHARS: usize = 2_000;

/// Numbers the lines of one run.
#[derive(Debug, Default)]
pub struct RecordWriter {
    next: u64,
}

impl RecordWriter {
    /// The lines of a record, each with its line feed.
    ///
    /// # Errors
    /// When a record cannot be serialised, which would be a defect of its type.
    pub fn frame_record(&mut self, record: &Record) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(record)?;
        let mut rest = json.as_str();
        let mut lines = String::with_capacity(json.len() + 64);
        while !rest.is_empty() {
            let (text, more) = rest.split_at(char_boundary(rest));
            let end = if more.is_empty() { '.' } else { '+' };
            // writing to a string cannot fail
            let _ = writeln!(lines, "{LINE_PREFIX}{} {end} {text}", self.next);
            self.next += 1;
            rest = more;
        }
        Ok(lines)
    }
}

/// Puts records together from lines, however often and in how many pieces the log was read.
#[derive(Debug, Default)]
pub struct RecordReader {
    next: u64,
    partial_record: String,
    foreign_lines: VecDeque<String>,
    has_ended: bool,
}

/// Why lines are no records.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FramingError {
    /// Lines are missing.
    #[error("lines {first} to {last} of the agent's log are missing")]
    MissingLines {
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
    },
    /// A line with the mark is none of ours.
    #[error("line {number} of the agent's log cannot be read: {problem}")]
    Unreadable {
        /// The line that was expected.
        number: u64,
        /// What is wrong with it.
        problem: String,
    },
}

impl RecordReader {
    /// Takes a line in; a record, if it is complete with it. Lines that were read before are passed over.
    ///
    /// # Errors
    /// When lines are missing before this one, or it cannot be read. The reader stays where it was, so that reading the
    /// log again from its start can mend a gap.
    pub fn read_line(&mut self, line: &str) -> Result<Option<Record>, FramingError> {
        let Some(rest) = line.strip_prefix(LINE_PREFIX) else {
            self.keep_foreign_line(line);
            return Ok(None);
        };
        let (number, end, text) = parse_line(rest).ok_or_else(|| self.unreadable_line("it is cut"))?;
        if number < self.next {
            return Ok(None);
        }
        if number > self.next {
            return Err(FramingError::MissingLines { first: self.next, last: number - 1 });
        }
        if self.partial_record.len() + text.len() > MAX_RECORD_BYTES {
            return Err(self.unreadable_line(format!("its record is larger than {MAX_RECORD_BYTES} bytes")));
        }
        self.next += 1;
        self.partial_record.push_str(text);
        if end == "+" {
            return Ok(None);
        }
        let record: Record = serde_json::from_str(&std::mem::take(&mut self.partial_record))
            .map_err(|e| self.unreadable_line(e.to_string()))?;
        self.has_ended |= matches!(record, Record::End(_));
        Ok(Some(record))
    }

    /// Whether the last record was read, and so all of them.
    pub fn is_complete(&self) -> bool {
        self.has_ended
    }

    /// Whether anything of ours was read.
    pub fn has_begun(&self) -> bool {
        self.next > 0
    }

    /// The last lines that were not ours, made printable. They are long enough for secrets in them to be found whole.
    pub fn foreign_lines(&self) -> impl Iterator<Item = &str> {
        self.foreign_lines.iter().map(String::as_str)
    }

    fn keep_foreign_line(&mut self, line: &str) {
        let line = sanitize(line, MAX_FOREIGN_CHARS);
        if line.is_empty() {
            return;
        }
        if self.foreign_lines.len() == MAX_FOREIGN_LINES {
            self.foreign_lines.pop_front();
        }
        self.foreign_lines.push_back(line);
    }

    fn unreadable_line(&self, problem: impl AsRef<str>) -> FramingError {
        FramingError::Unreadable { number: self.next, problem: sanitize(problem.as_ref(), 200) }
    }
}

/// Where a text is cut: between two characters.
fn char_boundary(text: &str) -> usize {
    let longest = text.len().min(MAX_TEXT_BYTES);
    (0..=longest).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(longest)
}

fn parse_line(rest: &str) -> Option<(u64, &str, &str)> {
    let mut parts = rest.splitn(3, ' ');
    let (number, end, text) = (parts.next()?, parts.next()?, parts.next()?);
    let number = number.parse().ok()?;
    matches!(end, "+" | ".").then_some((number, end, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe::agent::{AgentFailure, RunSummary};

    fn frame_texts(texts: &[&str]) -> Vec<String> {
        let mut writer = RecordWriter::default();
        let failed = |text: &&str| Record::Failed(AgentFailure { text: (*text).to_owned() });
        let end = Record::End(RunSummary {
            took: std::time::Duration::from_millis(5),
            interrupted: false,
            deadline_passed: false,
        });
        let records = texts.iter().map(failed).chain([end]);
        let text: String = records.map(|record| writer.frame_record(&record).unwrap()).collect();
        text.lines().map(str::to_owned).collect()
    }

    fn read_texts(reader: &mut RecordReader, lines: &[String]) -> Result<Vec<String>, FramingError> {
        let mut texts = Vec::new();
        for line in lines {
            if let Some(Record::Failed(failed)) = reader.read_line(line)? {
                texts.push(failed.text);
            }
        }
        Ok(texts)
    }

    #[test]
    fn a_record_longer_than_a_line_is_reassembled() {
        let long = "é".repeat(MAX_TEXT_BYTES * 3);
        let lines = frame_texts(&["short", &long]);
        assert!(lines.len() > 6 && lines.iter().all(|l| l.len() <= MAX_LINE_BYTES), "{}", lines.len());
        let mut reader = RecordReader::default();
        assert_eq!(read_texts(&mut reader, &lines).unwrap(), ["short", &long]);
        assert!(reader.is_complete());
    }

    #[test]
    fn a_log_that_is_read_again_adds_nothing() {
        let lines = frame_texts(&["a", "b", "c"]);
        let mut reader = RecordReader::default();
        assert_eq!(read_texts(&mut reader, &lines[..2]).unwrap(), ["a", "b"]);
        assert!(!reader.is_complete());
        assert_eq!(read_texts(&mut reader, &lines).unwrap(), ["c"]);
        assert!(reader.is_complete());
    }

    #[test]
    fn a_log_that_lost_lines_is_no_result_until_it_is_read_again() {
        let lines = frame_texts(&["a", "b", "c"]);
        let mut reader = RecordReader::default();
        assert_eq!(read_texts(&mut reader, &lines[..1]).unwrap(), ["a"]);
        let gap = read_texts(&mut reader, &lines[3..]).unwrap_err();
        assert_eq!(gap.to_string(), "lines 1 to 2 of the agent's log are missing");
        assert!(!reader.is_complete());
        assert_eq!(read_texts(&mut reader, &lines).unwrap(), ["b", "c"]);
    }

    #[test]
    fn foreign_lines_are_kept() {
        let mut reader = RecordReader::default();
        for line in ["", "exec /arcprobe/loader: \u{1b}[31mpermission denied"] {
            assert!(reader.read_line(line).unwrap().is_none());
        }
        assert_eq!(
            reader.foreign_lines().collect::<Vec<_>>(),
            ["exec /arcprobe/loader:  [31mpermission denied"]
        );
        assert!(!reader.has_begun());
    }

    #[test]
    fn a_truncated_line_is_an_error() {
        for line in
            ["@arcprobe/1 ", "@arcprobe/1 0", "@arcprobe/1 x . {}", "@arcprobe/1 0 ! {}", "@arcprobe/1 0 . {"]
        {
            assert!(
                matches!(
                    RecordReader::default().read_line(line),
                    Err(FramingError::Unreadable { number: 0 | 1, .. })
                ),
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_log_makes_the_reader_panic(lines in proptest::collection::vec("(@arcprobe/1 [0-3] [+.] )?.{0,20}", 0..20)) {
            let mut reader = RecordReader::default();
            for line in &lines {
                let _ = reader.read_line(line);
            }
        }
    }
}
