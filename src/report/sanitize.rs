//! How long texts may be, in characters, and how those of a report are cleaned.

use crate::model::evidence::sanitize;

/// No text of a report is longer; what is, was not written by this program.
pub(super) const LONGEST_TEXT: usize = 4000;

/// A line of `-o short`; that of a cluster among several has the name of the cluster too.
pub(super) const LONGEST_LINE: usize = 500;
pub(super) const LONGEST_FLEET_LINE: usize = 700;

/// A text of a list of requirements; the longest of our own rules has half as many.
pub(super) const LONGEST_REQUIREMENT: usize = 600;

/// A label of a metric; host names have up to 253.
pub(super) const LONGEST_LABEL: usize = 300;

/// A name in a certificate; those of probes have at most as many.
pub(super) const LONGEST_NAME: usize = 201;

/// A description in a firewall's template, and why a host is none.
pub(super) const LONGEST_DESCRIPTION: usize = 200;

/// Text of anybody on one line, printable, of bounded length.
pub(super) fn sanitize_text(text: &str) -> String {
    sanitize(text, LONGEST_TEXT)
}
