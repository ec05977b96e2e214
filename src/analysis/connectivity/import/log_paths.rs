//! Whose log a file is, by its path or by a heading in it.

use crate::analysis::connectivity::agents::AGENTS_NAMESPACE;

/// Whose log it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LogName {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) previous: bool,
}

impl LogName {
    fn new(namespace: &str, pod: &str, container: &str, previous: bool) -> Option<Self> {
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
        };
        [namespace, pod, container].into_iter().all(is_name).then(|| Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            previous,
        })
    }
}

/// The log that a file is by its path. The layouts, as their programs write them (2026-11):
///
/// - `az connectedk8s troubleshoot`: `arc_agents_logs/POD/CONTAINER.txt`
/// - must-gather: `namespaces/NAMESPACE/pods/POD/CONTAINER/CONTAINER/logs/current.log`, `previous.log`
/// - a support bundle: `pods/logs/NAMESPACE/POD/CONTAINER.log`, `CONTAINER-previous.log`
/// - by hand: `POD.log`, `POD_CONTAINER.log`, `NAMESPACE_POD_CONTAINER.log`, taken for the agents'
pub(super) fn name_log(path: &str) -> Option<LogName> {
    let parts: Vec<_> = path.split('/').collect();
    let (stem, ending) = parts.last()?.rsplit_once('.')?;
    if !matches!(ending, "log" | "txt") {
        return None;
    }
    let (stem, is_previous) = match stem.strip_suffix("-previous") {
        Some(stem) => (stem, true),
        None => (stem, stem == "previous"),
    };
    match parts[..parts.len() - 1] {
        [.., "namespaces", namespace, "pods", pod, container, _, "logs"] => {
            LogName::new(namespace, pod, container, is_previous)
        }
        [.., folder, pod] if folder.eq_ignore_ascii_case("arc_agents_logs") => {
            LogName::new(AGENTS_NAMESPACE, pod.trim(), stem, false)
        }
        [.., "pods", "logs", namespace, pod] => LogName::new(namespace, pod, stem, is_previous),
        _ if ending == "log" => name_by_stem(stem, is_previous),
        _ => None,
    }
}

fn name_by_stem(stem: &str, is_previous: bool) -> Option<LogName> {
    match stem.split('_').collect::<Vec<_>>()[..] {
        [pod] => LogName::new(AGENTS_NAMESPACE, pod, pod, is_previous),
        [pod, container] => LogName::new(AGENTS_NAMESPACE, pod, container, is_previous),
        [namespace, pod, container, ..] => LogName::new(namespace, pod, container, is_previous),
        [] => None,
    }
}

/// The logs of `kubectl cluster-info dump`, and what stands around them. Its headings are
/// `==== START logs for container C of pod N/P ====` and the same with END.
pub(super) fn split_sections(text: &str) -> (String, Vec<(LogName, Vec<&str>)>) {
    if !text.contains(START) {
        return (text.to_owned(), Vec::new());
    }
    let (mut rest, mut logs) = (String::new(), Vec::new());
    let mut open: Option<(LogName, Vec<&str>)> = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix(START) {
            logs.extend(open.take());
            open = parse_heading(heading).map(|name| (name, Vec::new()));
        } else if line.starts_with(END) {
            logs.extend(open.take());
        } else if let Some((_, lines)) = &mut open {
            lines.push(line);
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    logs.extend(open);
    (rest, logs)
}

fn parse_heading(heading: &str) -> Option<LogName> {
    let (container, pod) = heading.trim_end_matches(['=', ' ']).split_once(" of pod ")?;
    let (namespace, pod) = pod.split_once('/')?;
    LogName::new(namespace, pod, container.trim(), false)
}

const START: &str = "==== START logs for container ";
const END: &str = "==== END logs for container ";
