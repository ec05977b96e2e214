//! What tells most of why an agent is not ready.

use serde_json::Value;

use super::agents::Agent;
use super::cluster_view::ClusterView;
use super::evidence::{
    EvidenceLine, event_time, is_vague_event, quote_event, read_conditions, read_endings, read_pod_status,
    read_waiting,
};
use super::log_lines::{LineWeight, LogLine};

/// What tells most of why an agent is not ready, the most telling first: why a container waits, how it ended, its last error,
/// an event, a condition.
pub(super) fn find_telling_evidence(view: &ClusterView<'_>, agent: &Agent<'_>) -> Vec<EvidenceLine> {
    let mut lines: Vec<_> = agent.pods.iter().filter_map(|pod| read_pod_status(pod)).collect();
    lines.extend(agent.pods.iter().flat_map(|pod| read_waiting(pod)));
    lines.extend(agent.pods.iter().flat_map(|pod| read_endings(pod)));
    lines.extend(find_last_error(view, agent));
    lines.extend(find_last_event(view, agent));
    lines.extend(agent.pods.iter().flat_map(|pod| read_conditions("Pod", pod)));
    lines.extend(read_conditions("Deployment", agent.deployment()));
    // sorting is stable: what only says that it fails comes last
    lines.sort_by_key(|line| line.is_vague);
    lines.dedup_by(|a, b| a.text == b.text);
    lines.truncate(MAX_LINES);
    lines
}

/// Adds what tells more to what was found already, without saying anything twice.
pub(super) fn add_telling_evidence(
    found: &mut Vec<EvidenceLine>,
    view: &ClusterView<'_>,
    agents: &[&Agent<'_>],
) {
    for agent in agents {
        let telling = find_telling_evidence(view, agent);
        let new: Vec<_> =
            telling.into_iter().filter(|line| found.iter().all(|known| known.text != line.text)).collect();
        found.extend(new);
    }
    found.sort_by_key(|line| line.is_vague);
    found.truncate(MAX_LINES);
}

/// The last error of the agent's own containers, of the instance before where the running one says nothing yet.
fn find_last_error(view: &ClusterView<'_>, agent: &Agent<'_>) -> Option<EvidenceLine> {
    let logs = view.logs_of(agent);
    let worst = |is_previous: bool| {
        let lines = logs.iter().filter(move |log| log.source.previous == is_previous);
        let lines = lines.flat_map(|log| log.lines.iter().map(move |line| (log, line)));
        lines.filter(|(_, line)| line.weight > LineWeight::Plain).max_by_key(|(_, line)| line.weight)
    };
    let telling = |(_, line): &(_, &LogLine<'_>)| line.weight > LineWeight::Error;
    let last =
        || logs.iter().find_map(|log| Some((log, log.lines.iter().rfind(|line| !line.message.is_empty())?)));
    let found = worst(false).filter(telling).or_else(|| worst(true)).or_else(|| worst(false));
    // one that waits says so, and calls it no error
    found.or_else(|| last().filter(|_| !agent.is_ready())).map(|(log, line)| log.quote(line))
}

/// The newest event of what an agent owns; probes that fail and back-offs only where nothing else is there.
fn find_last_event(view: &ClusterView<'_>, agent: &Agent<'_>) -> Option<EvidenceLine> {
    let key = |event: &&&Value| (!is_vague_event(event), event_time(event));
    view.events_of(agent)
        .iter()
        .filter(|event| event["type"] != "Normal")
        .max_by_key(key)
        .map(|event| quote_event(event))
}

/// In one finding.
const MAX_LINES: usize = 3;
