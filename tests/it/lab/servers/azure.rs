//! The answers of the demo, for labs in which every other name is served by default, too.

use arcprobe::loopback::answers::{PathAnswers, azure_answers, registry_answers};

use super::{Host, Http};

pub(crate) fn azure() -> Vec<Host> {
    let hosts = azure_answers().into_iter();
    hosts.map(|(name, answers)| Host::new(name, to_paths(answers))).collect()
}

/// A registry with one chart, behind an index, whose blob lies elsewhere.
pub(crate) fn registry(repository: &str, blob: &str) -> Http {
    to_paths(registry_answers(repository, blob))
}

fn to_paths(answers: PathAnswers) -> Http {
    let custom = answers.into_iter().map(|(start, a)| (start, Http::Custom(a.status, a.headers, a.body)));
    Http::Paths(custom.collect())
}
