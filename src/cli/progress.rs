//! A progress bar on standard error that listens to engine events.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::evidence::sanitize;
use crate::model::wording::join_with_and;
use crate::probe::lock::lock;

/// How many hosts are named at most.
const MAX_NAMED: usize = 3;

/// A name on the bar is cut here; the longest host of the rules has 60 characters.
const LONGEST_NAME: usize = 64;

/// How often the elapsed time moves on while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Where the numbers begin of those that wait elsewhere; no run has so many checks on this machine.
const REMOTE_INDEX_BASE: usize = 1 << 40;

/// Elapsed time, bar, counts, and as much of the names as the line has room for.
const TEMPLATE: &str = "{elapsed:>4} [{bar:10}] {pos}/{len} {wide_msg}";

/// How far a run is and whom it still waits for. Shows nothing when standard error is no terminal or on request; may be
/// told of events from any thread.
pub struct Progress {
    bar: ProgressBar,
    /// Index and host, the one that was started first leading.
    waiting: Mutex<Vec<(usize, String)>>,
    /// Checks that are planned, by place.
    totals: Mutex<HashMap<usize, usize>>,
    /// Checks that are over at other places than this machine.
    done_elsewhere: Mutex<HashMap<usize, usize>>,
}

impl Progress {
    /// A bar that is not drawn before [`Progress::start`], and never when `quiet`.
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(bar_style());
        Self { bar, waiting: Mutex::default(), totals: Mutex::default(), done_elsewhere: Mutex::default() }
    }

    /// The number of checks is known, and the first is about to be made.
    pub fn start(&self, total: usize) {
        // a bar of no length is drawn full
        self.bar.set_length(total.max(1) as u64);
        self.bar.set_position(0);
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// The number of checks at a place has changed on the way; this machine is place 0.
    pub fn set_total(&self, place: usize, total: usize) {
        let mut totals = lock(&self.totals);
        totals.insert(place, total);
        self.bar.set_length(totals.values().sum::<usize>() as u64);
    }

    /// So many checks are over at another place than this machine.
    pub fn set_done(&self, place: usize, done: usize) {
        self.set_remote_status(place, None);
        let mut reached = lock(&self.done_elsewhere);
        let before = reached.insert(place, done).unwrap_or_default();
        self.bar.inc(done.saturating_sub(before) as u64);
    }

    /// What is waited for at another place, before anything is checked there.
    pub fn set_remote_status(&self, place: usize, what: Option<&str>) {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|(at, _)| *at != REMOTE_INDEX_BASE + place);
        waiting.extend(what.map(|what| (REMOTE_INDEX_BASE + place, sanitize(what, LONGEST_NAME))));
        self.update_message(&waiting);
    }

    /// A check is being made.
    pub fn check_started(&self, index: usize, host: &str) {
        let mut waiting = lock(&self.waiting);
        waiting.push((index, sanitize(host, LONGEST_NAME)));
        self.update_message(&waiting);
    }

    /// A check has an outcome.
    pub fn check_finished(&self, index: usize) {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|(at, _)| *at != index);
        self.update_message(&waiting);
        self.bar.inc(1);
    }

    /// Takes the bar off the screen, so that only the report is left on it.
    pub fn finish(&self) {
        lock(&self.waiting).clear();
        self.bar.finish_and_clear();
    }

    fn update_message(&self, waiting: &[(usize, String)]) {
        if !self.bar.is_hidden() {
            self.bar.set_message(describe_waiting(waiting));
        }
    }
}

impl Drop for Progress {
    /// On an early return too, the screen is left clean.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// "waiting for a, b and 4 more". Called for every event, so it looks at each entry a few times at most.
fn describe_waiting(waiting: &[(usize, String)]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut more = 0;
    for (_, name) in waiting {
        if names.contains(&name.as_str()) {
            continue; // another port of the same host
        }
        if names.len() < MAX_NAMED {
            names.push(name);
        } else {
            more += 1;
        }
    }
    match names[..] {
        [] => String::new(),
        // what does not fit is counted with the last that does
        [.., _] if more > 0 => {
            format!("waiting for {} and {} more", names[..MAX_NAMED - 1].join(", "), more + 1)
        }
        _ => format!("waiting for {}", join_with_and(&names)),
    }
}

fn bar_style() -> ProgressStyle {
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_a_few_hosts() {
        let table = [
            (&[][..], ""),
            (&["a"], "waiting for a"),
            (&["a", "a"], "waiting for a"),
            (&["a", "b"], "waiting for a and b"),
            (&["a", "b", "c"], "waiting for a, b and c"),
            (&["a", "b", "c", "d", "e", "f"], "waiting for a, b and 4 more"),
        ];
        for (hosts, text) in table {
            let waiting: Vec<_> = hosts.iter().map(|h| (0, (*h).to_owned())).collect();
            assert_eq!(describe_waiting(&waiting), text);
        }
    }

    #[test]
    fn follows_a_run_in_any_order() {
        let progress = Progress::new(true);
        progress.start(2);
        progress.set_total(0, 2);
        progress.set_total(1, 3);
        progress.set_remote_status(1, Some("the pod of node n1"));
        assert_eq!(
            (progress.bar.length(), describe_waiting(&lock(&progress.waiting))),
            (Some(5), "waiting for the pod of node n1".into())
        );
        progress.set_done(1, 2);
        progress.set_done(1, 3);
        assert_eq!((progress.bar.position(), describe_waiting(&lock(&progress.waiting))), (3, String::new()));
        progress.check_started(0, "slow");
        progress.check_started(1, "quick\u{1b}[2J");
        assert_eq!(describe_waiting(&lock(&progress.waiting)), "waiting for slow and quick [2J");
        progress.check_finished(1);
        assert_eq!(describe_waiting(&lock(&progress.waiting)), "waiting for slow");
        progress.check_finished(0);
        assert_eq!((progress.bar.position(), describe_waiting(&lock(&progress.waiting))), (5, String::new()));
        progress.finish();
    }

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
