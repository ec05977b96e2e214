//! A report becomes one text for each format.
//!
//! - **Takes** finished values: a [`Report`](crate::model::report::Report), a diagnosis, advice, or requirements.
//! - **Gives** a string: screen, HTML, Markdown, JUnit, SARIF, OpenMetrics, JSON; [`requirements`] exports lists for firewalls and proxies.
//! - **May touch** nothing outside. All text of a report comes from others: it is cleaned before a terminal and escaped in
//!   markup.

mod accepted;
pub mod advice;
mod asked;
mod authorities;
pub mod chain;
mod crowds;
pub mod diagnosis;
pub mod diff;
pub mod fleet;
mod format;
mod grid;
mod header;
mod headline;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod markup;
mod next;
pub mod openmetrics;
mod prerequisites;
pub mod requirements;
mod rest;
mod rows;
pub mod sarif;
mod screen;
pub mod short;
mod tally;
pub mod text;

pub use authorities::{Authority, authorities};
pub use format::{Format, UnknownEnding, render, render_saved};
