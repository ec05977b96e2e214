//! `arcprobe completions` and `arcprobe man`: what shells and `man` know of the commands, made from their definitions.

use anyhow::Context as _;
use clap::{Args as _, Command, CommandFactory as _};
use clap_mangen::Man;

use super::{CommandError, Result, print_output};
use crate::cli::args::{Cli, CompletionTarget, CompletionsArgs, ManArgs, ScreenArgs};
use crate::cli::exit::Exit;

/// Prints the script for a shell.
pub(super) fn print_completions(args: &CompletionsArgs) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell.shell(), &mut visible_command(), NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    if args.shell == CompletionTarget::Kubectl {
        return print_output(&format!("{KUBECTL_HEAD}{script}{KUBECTL_TAIL}"));
    }
    print_output(&script)
}

/// kubectl runs `kubectl_complete-arcprobe` with the words after `kubectl arcprobe`, the last one unfinished, and reads what may
/// follow line by line, then a colon and what else it is to do: 4 adds no names of files, 0 does.
const KUBECTL_HEAD: &str = "#!/usr/bin/env bash
# What may follow `kubectl arcprobe`: to be put on the PATH as kubectl_complete-arcprobe, executable.
";
const KUBECTL_TAIL: &str = r#"
COMP_WORDS=(arcprobe "$@")
COMP_CWORD=$#
COMPREPLY=()
_arcprobe arcprobe "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
if [ ${#COMPREPLY[@]} -gt 0 ]; then
    printf '%s\n' "${COMPREPLY[@]}"
    echo ':4'
else
    echo ':0'
fi
"#;

/// Prints the page of the program, or writes those of all commands.
pub(super) fn print_man_pages(args: &ManArgs) -> Result<Exit> {
    let Some(folder) = &args.dir else { return print_output(&render_man_page(visible_command())?) };
    // one for each command, named as git names its own: arcprobe-rules-show.1
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(visible_command(), folder));
    written.with_context(|| folder.display().to_string()).map_err(CommandError::Failed)?;
    Ok(Exit::Ok)
}

/// The program without what is hidden: that is for our own use, and nobody looks for it.
fn visible_command() -> Command {
    let all = Cli::command();
    let commands = all.get_subcommands().filter(|c| !c.is_hide_set()).map(without_hidden);
    let commands: Vec<Command> = commands.collect();
    let about = all.get_about().cloned().unwrap_or_default();
    // the flags bring the text of their struct along, so ours comes after them
    let program = ScreenArgs::augment_args(Command::new(NAME)).about(about);
    program.version(env!("CARGO_PKG_VERSION")).subcommand_required(true).subcommands(commands)
}

/// Scripts would offer the flags that the demo knows only to refuse them.
fn without_hidden(command: &Command) -> Command {
    if command.get_name() != DEMO {
        return command.clone();
    }
    let flags = command.get_arguments().filter(|arg| !arg.is_hide_set()).cloned();
    let shown = Command::new(DEMO).about(command.get_about().cloned().unwrap_or_default());
    shown.after_help(command.get_after_help().cloned().unwrap_or_default()).args(flags)
}

fn render_man_page(command: Command) -> Result<String> {
    let mut text = Vec::new();
    let rendered = Man::new(command).render(&mut text);
    rendered.context("the manual page").map_err(CommandError::Failed)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

const NAME: &str = "arcprobe";
const DEMO: &str = "demo";
