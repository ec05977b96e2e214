//! What every form gives: a text, and notes on what the form cannot say.

use super::Requirement;
use crate::model::wording::list_some;

/// A list in some form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Export {
    /// What goes to standard output; ends in a line feed.
    pub text: String,
    /// What the form cannot say, and what has to be done besides.
    pub notes: Vec<String>,
}

impl Export {
    pub(super) fn new(text: String, notes: impl IntoIterator<Item = Option<String>>) -> Self {
        Self { text, notes: notes.into_iter().flatten().collect() }
    }
}

/// What is left out for a reason, in one note; `None` where nothing is.
pub(super) fn describe_left_out<'a>(
    items: impl IntoIterator<Item = &'a Requirement>,
    why: &str,
) -> Option<String> {
    let mut places: Vec<_> = items.into_iter().map(Requirement::host_and_port).collect();
    places.dedup();
    (!places.is_empty()).then(|| format!("left out: {}; {why}", list_some(&places, MAX_NAMED)))
}

/// Why a placeholder is in no configuration.
pub(super) const NEEDS_VALUE: &str = "give their names with --set";

const MAX_NAMED: usize = 8;
