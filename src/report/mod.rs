//! A report becomes one text for each format.
//!
//! - **Takes** finished values: a [`Report`](crate::model::report::Report), a diagnosis, advice, or requirements.
//! - **Gives** a string: screen, HTML, Markdown, JUnit, SARIF, OpenMetrics, JSON; [`requirements`] exports lists for firewalls and proxies.
//! - **May touch** nothing outside. All text of a report comes from others: it is cleaned before a terminal and escaped in
//!   markup.

pub mod advice;
mod clusters;
pub mod connectivity;
pub mod diagnosis;
pub mod diff;
mod discoveries;
pub mod fleet;
mod format;
mod grid;
mod group;
mod header;
mod headline;
pub mod html;
mod index;
mod inspection_cas;
pub mod json;
mod junit;
pub mod markdown;
mod marks;
mod markup;
mod next_steps;
mod openmetrics;
mod prerequisites;
pub mod requirements;
mod rows;
mod sanitize;
mod sarif;
mod screen;
pub mod short;
pub mod text;
mod unlisted_checks;
mod waivers;

pub use crate::report::inspection_cas::{InspectionCa, collect_inspection_cas};
pub use format::{Format, UnknownExtension, render, render_saved};
