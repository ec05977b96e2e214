//! Every command with its flags, as clap knows them.

use std::fmt::Write as _;

use arcprobe::cli::args::Cli;
use clap::{Arg, Command, CommandFactory as _};

use super::{prose, table};

pub(super) fn page() -> String {
    let mut program = Cli::command();
    program.build();
    let mut text = String::from(
        "What `arcprobe COMMAND --help` says, on one page. As a plugin of kubectl the commands are `kubectl arcprobe COMMAND`.\n",
    );
    let all = below(&program);
    let rows = all.iter().map(|command| {
        let name = full_name(command);
        [format!("[`{name}`](#{})", name.replace(' ', "-")), about(command)]
    });
    let _ = write!(text, "\n{}", table(["command", "what it does"], rows));
    let _ = write!(
        text,
        "\n## For every command\n\n{}",
        flags(program.get_arguments().filter(|a| a.is_global_set()))
    );
    let _ = write!(text, "\n{}", variables());
    for command in all {
        text += &one(command);
    }
    text
}

/// All commands that do something, those below others too, without the hidden ones.
fn below(command: &Command) -> Vec<&Command> {
    let shown = command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help");
    shown.flat_map(|c| if c.has_subcommands() { below(c) } else { vec![c] }).collect()
}

fn full_name(command: &Command) -> String {
    command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    prose(&about)
}

fn one(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let mut text =
        format!("\n## {}\n\n{}.\n\n    {usage}\n", full_name(command), about(command).trim_end_matches('.'));
    let own =
        || command.get_arguments().filter(|a| !a.is_global_set() && !a.is_hide_set() && a.get_id() != "help");
    let mut headings: Vec<_> = own().map(Arg::get_help_heading).collect();
    let mut seen = Vec::new();
    headings.retain(|heading| {
        !std::mem::replace(&mut seen.contains(heading), {
            seen.push(*heading);
            true
        })
    });
    for heading in headings {
        if let Some(heading) = heading {
            let _ = write!(text, "\n**{heading}**\n");
        }
        let _ = write!(text, "\n{}", flags(own().filter(|a| a.get_help_heading() == heading)));
    }
    text
}

fn flags<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    table(["flag", "meaning", "default"], arguments.map(|a| [name(a), meaning(a), default(a)]))
}

/// ``` `-l`, `--location REGION` ```
fn name(argument: &Arg) -> String {
    let values = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    let value = if argument.get_action().takes_values() && !values.is_empty() {
        format!(" {values}")
    } else {
        String::new()
    };
    let Some(long) = argument.get_long() else { return format!("`{values}`") };
    let short = argument.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`--{long}{value}`")
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = split(&help).0;
    let mut text = prose(help.trim_end_matches('.')) + ".";
    let values: Vec<_> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && argument.get_action().takes_values())
        .map(|value| match value.get_help() {
            Some(help) => {
                format!("`{}` ({})", value.get_name(), prose(help.to_string().trim_end_matches('.')))
            }
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !values.is_empty() {
        let _ = write!(text, " One of {}.", values.join(", "));
    }
    let aliases = argument.get_all_aliases().unwrap_or_default();
    if !aliases.is_empty() {
        let aliases: Vec<_> = aliases.iter().map(|alias| format!("`--{alias}`")).collect();
        let _ = write!(text, " Also {}.", aliases.join(", "));
    }
    text
}

/// Where clap knows no default, the help has it in brackets.
fn default(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let values = argument.get_default_values();
    match split(&help).1 {
        Some(default) => prose(default),
        None if argument.is_required_set() => "required".to_owned(),
        None if !argument.get_action().takes_values() || values.is_empty() => String::new(),
        None => format!("`{}`", values.iter().map(|v| v.to_string_lossy()).collect::<Vec<_>>().join(",")),
    }
}

/// The help, and what it says of the default.
fn split(help: &str) -> (&str, Option<&str>) {
    match help.split_once("[default: ").and_then(|(help, rest)| Some((help, rest.split_once(']')?.0))) {
        Some((help, default)) => (help.trim(), Some(default)),
        None => (help, None),
    }
}

fn variables() -> String {
    for (name, _) in VARIABLES {
        let source = [
            include_str!("../../../src/proxy/resolve.rs"),
            include_str!("../../../src/cluster/kubeconfig.rs"),
            include_str!("../../../src/cli/mod.rs"),
        ];
        assert!(source.iter().any(|text| text.contains(&format!("\"{name}\""))), "nothing reads {name}");
    }
    let rows = VARIABLES.map(|(name, meaning)| [format!("`{name}`"), meaning.to_owned()]);
    format!("## Environment\n\n{}", table(["variable", "meaning"], rows))
}

const VARIABLES: [(&str, &str); 8] = [
    (
        "HTTPS_PROXY",
        "the proxy for https, unless `--proxy-https` is given; in lower case too, the upper one wins",
    ),
    ("HTTP_PROXY", "the same for http"),
    ("NO_PROXY", "what goes around the proxy, unless `--proxy-skip-range` is given"),
    ("KUBECONFIG", "the kubeconfig, or a list of them, unless `--kube-config` is given"),
    ("HOME", "below it `.kube/config`, where nothing else names a kubeconfig"),
    ("NO_COLOR", "no colours, unless `--color always` is given"),
    ("TERM", "`dumb`: no colours and no progress"),
    ("COLUMNS", "the width of the screen; default: that of the terminal, else 100"),
];
