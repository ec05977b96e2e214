//! What can be wrong with a rules file, and how it is shown.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::locate::line_and_column;
use super::suggest::did_you_mean;

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("cannot read the rules file {}: {source}", file.display())]
    Unreadable {
        /// As it was given.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is larger than any list of endpoints can be.
    #[error("the rules file {file} is too large; allowed are {allowed} bytes")]
    TooLarge {
        /// As it was given.
        file: String,
        /// The most that is read, in bytes.
        allowed: usize,
    },
    /// The file is no good.
    #[error("{0}")]
    Invalid(Box<InvalidFile>),
    /// No built-in rules have this name.
    #[error("unknown rule set \"{name}\"{}\nallowed are {}", did_you_mean(name, known.iter().copied()), known.join(", "))]
    UnknownRuleSet {
        /// As it was given.
        name: String,
        /// The names that there are.
        known: &'static [&'static str],
    },
}

/// All that is wrong with one rules file.
#[derive(Debug)]
pub struct InvalidFile {
    /// The name of the file, as it was given.
    pub file: String,
    text: String,
    problems: Vec<Problem>,
}

/// More would scroll the first ones away, and each costs a pass over the text.
const MAX_SHOWN_PROBLEMS: usize = 20;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    /// Bytes of the text.
    pub(super) at: Range<usize>,
    pub(super) message: String,
    /// What would be right.
    pub(super) help: Option<String>,
    /// Another place that has to do with it.
    pub(super) related: Option<(Range<usize>, String)>,
}

impl Problem {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None, related: None }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn with_related(mut self, at: Range<usize>, label: impl Into<String>) -> Self {
        self.related = Some((at, label.into()));
        self
    }
}

impl InvalidFile {
    pub(super) fn rules_error(file: &str, text: impl Into<String>, problems: Vec<Problem>) -> RulesError {
        RulesError::Invalid(Box::new(Self { file: file.to_owned(), text: text.into(), problems }))
    }

    /// Line, column (in characters, both from 1) and message of each problem.
    pub fn locations(&self) -> impl Iterator<Item = (usize, usize, &str)> {
        self.problems.iter().map(|problem| {
            let (line, column) = line_and_column(&self.text, problem.at.start);
            (line, column, problem.message.as_str())
        })
    }

    /// The problems with their places in the source, one after the other.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let shown = self
            .problems
            .iter()
            .take(MAX_SHOWN_PROBLEMS)
            .map(|problem| self.render_problem(problem, &renderer));
        let more = self.problems.len().checked_sub(MAX_SHOWN_PROBLEMS).filter(|&more| more > 0);
        let more = more.map(|more| format!("and {more} more problems in {}", self.file));
        shown.chain(more).collect::<Vec<_>>().join("\n\n")
    }

    fn render_problem(&self, problem: &Problem, renderer: &Renderer) -> String {
        let mut snippet = Snippet::source(&self.text)
            .path(&self.file)
            .annotation(AnnotationKind::Primary.span(problem.at.clone()));
        if let Some((at, label)) = &problem.related {
            snippet = snippet.annotation(AnnotationKind::Context.span(at.clone()).label(label));
        }
        let mut group = Level::ERROR.primary_title(&problem.message).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for InvalidFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
