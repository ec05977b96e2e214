//! What to type next.

use super::index::{CheckStatus, ReportIndex};
use super::screen::{Paint, Screen, sanitize_for_command};
use crate::model::command::{Command, CommandScope};
use crate::model::report::{Report, Verdict};
use crate::model::rules::Cloud;
use crate::model::run_flags::RunFlag;
use crate::model::scope::Connectivity;
use crate::model::shell::Shell;

/// Draws the commands that follow from a report.
pub(super) fn draw_next_steps(screen: &mut Screen, tally: &ReportIndex<'_>) {
    screen.blank_line();
    let commands = next_commands(tally, screen.shell());
    if !commands.is_empty() {
        screen.line(&[(Paint::Bold, "next")]);
        for command in &commands {
            screen.command(2, command);
        }
    }
    screen.line(&[(Paint::Dim, HINT)]);
}

/// What else there is; the last line of a screen.
pub(super) const HINT: &str =
    "-v shows every check, -o short fits a ticket, --save report.json keeps all of it";

fn next_commands(tally: &ReportIndex<'_>, shell: Shell) -> Vec<String> {
    let report = tally.report;
    let mut commands = Vec::new();
    let ready = matches!(report.verdict, Verdict::Ready | Verdict::ReadyWithWarnings);
    commands.extend(
        report.advice.connect_command.as_ref().filter(|_| ready).map(|c| c.for_shell(shell).to_owned()),
    );
    // What a finding explains has its page there; the others have a page on their word.
    let unexplained = tally.with_status(CheckStatus::Unmet).find(|check| tally.finding_of(check).is_none());
    commands.extend(unexplained.and_then(|c| c.cause).map(|cause| format!("arcprobe explain {cause}")));
    if tally.count_checks(true).unmet > 0 {
        commands.push(requirements_command(report, shell));
    }
    commands
}

/// The command that lists what this run asked for. Reports of older programs say only what was on.
fn requirements_command(report: &Report, shell: Shell) -> String {
    let run = &report.run;
    if run.flags.is_empty() {
        let features = run.features.iter().map(String::as_str);
        return scope_command("requirements", (run.cloud, &run.region), run.connectivity, features);
    }
    // a report that somebody else wrote stays within its line
    let is_line = |flag: &&RunFlag| flag.words().all(|word| !word.contains(char::is_control));
    let flags: Vec<_> = run.flags.iter().filter(is_line).cloned().collect();
    let mut command = Command::of(&["arcprobe", "requirements", "-l", &sanitize_for_command(&run.region)]);
    command.fill(&CommandScope { flags: &flags, ..CommandScope::default() });
    command.render(shell)
}

/// A command with the flags of a scope.
pub(super) fn scope_command<'a>(
    command: &str,
    (cloud, region): (Cloud, &str),
    connectivity: Connectivity,
    features: impl Iterator<Item = &'a str>,
) -> String {
    let mut words = vec![format!("arcprobe {command} -l {}", sanitize_for_command(region))];
    if cloud != Cloud::AzureCloud {
        words.push(format!("--cloud {}", cloud.az_name()));
    }
    if matches!(connectivity, Connectivity::PrivateLink | Connectivity::Gateway) {
        words.push(format!("--connectivity {}", connectivity.as_str()));
    }
    let features: Vec<_> = features.map(sanitize_for_command).collect();
    if !features.is_empty() {
        words.push(format!("--feature {}", features.join(",")));
    }
    words.join(" ")
}
