//! The report: one value, several renderings. Nothing is printed while rendering.

#[cfg(feature = "cli")]
mod accepted;
#[cfg(feature = "cli")]
pub mod advice;
#[cfg(feature = "cli")]
mod asked;
#[cfg(feature = "cli")]
mod authorities;
#[cfg(feature = "cli")]
pub mod chain;
#[cfg(feature = "cli")]
mod crowds;
#[cfg(feature = "cli")]
pub mod diagnosis;
#[cfg(feature = "cli")]
pub mod diff;
#[cfg(feature = "cli")]
pub mod fleet;
#[cfg(feature = "cli")]
mod format;
#[cfg(feature = "cli")]
mod grid;
#[cfg(feature = "cli")]
mod header;
#[cfg(feature = "cli")]
mod headline;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod json;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "cli")]
pub mod markdown;
#[cfg(feature = "cli")]
mod markup;
#[cfg(feature = "cli")]
mod next;
#[cfg(feature = "cli")]
pub mod openmetrics;
#[cfg(feature = "cli")]
mod prerequisites;
#[cfg(feature = "cli")]
pub mod requirements;
#[cfg(feature = "cli")]
mod rest;
#[cfg(feature = "cli")]
mod rows;
#[cfg(feature = "cli")]
pub mod sarif;
#[cfg(feature = "cli")]
mod screen;
#[cfg(feature = "cli")]
pub mod short;
#[cfg(feature = "cli")]
mod tally;
#[cfg(feature = "cli")]
pub mod text;

#[cfg(feature = "cli")]
pub use authorities::{Authority, authorities};
#[cfg(feature = "cli")]
pub use format::{Format, UnknownEnding, render, render_saved};

/// A name as a word of a command.
#[cfg(feature = "cli")]
pub(crate) fn shell_word(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}
