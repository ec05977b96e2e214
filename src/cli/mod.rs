//! The command line: arguments, commands, progress, exit codes.
//!
//! - **Takes** arguments and the environment.
//! - **Gives** an exit code, and is the only room that writes to standard output and error. One file for each command; each reads as
//!   the steps: load, plan, probe, analyze, render.
//! - **May touch** everything to its left, files that flags name, and the programs `az`, `kubectl` and `helm`.

mod advise;
mod agent;
pub mod args;
mod az;
mod catalogue;
mod check;
mod check_run;
mod cleanup;
mod demo;
pub(crate) mod diagnose;
mod evidence;
pub mod exit;
pub mod explain;
mod external_tool;
mod files;
mod fleet;
mod machine;
mod manual;
mod pac;
mod prerequisites;
pub mod progress;
mod push;
mod rbac;
mod report;
mod requirements;
pub mod rules;
mod run_flags;
mod settings;
mod system_proxy;
mod wait;
mod waivers;
mod web;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _};

use self::rules::RulesCommandError;
use crate::cli::args::{Cli, Colour, Command, ScreenArgs, WELCOME};
use crate::cli::exit::Exit;
use crate::cluster::ClusterClientError;
use crate::model::evidence::{is_unsafe_char, redact_url_credentials, sanitize_lines};
use crate::model::shell::Shell;
use crate::probe::descriptors;
use crate::report::text::TextOptions;

/// The environment, read once.
pub type Environment = BTreeMap<String, String>;

/// What a command, or a part of one, comes to.
type Result<T, E = CommandError> = std::result::Result<T, E>;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Wrong usage, bad rules, unreadable input.
    #[error("{}", describe_error(.0))]
    Usage(anyhow::Error),
    /// The tool itself failed.
    #[error("{}", describe_error(.0))]
    Failed(anyhow::Error),
    /// A cluster or a web server does not answer, or not to these credentials.
    #[error("{}", describe_error(.0))]
    Unreachable(anyhow::Error),
    /// The user has stopped it.
    #[error("stopped")]
    Stopped,
}

impl CommandError {
    /// What the user gave cannot be used.
    fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::Usage(error.into())
    }

    /// A kubeconfig that cannot be used is wrong usage; a cluster that does not answer leaves the work undone.
    fn from_access_error(error: ClusterClientError) -> Self {
        match error {
            ClusterClientError::Config(_) => Self::usage(error),
            ClusterClientError::Api(_) => Self::Unreachable(error.into()),
        }
    }

    /// How the program ends with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Failed(_) => Exit::Failed,
            Self::Unreachable(_) => Exit::Incomplete,
            Self::Stopped => Exit::Interrupted,
        }
    }
}

impl From<RulesCommandError> for CommandError {
    fn from(error: RulesCommandError) -> Self {
        match error {
            RulesCommandError::Stopped => Self::Stopped,
            RulesCommandError::Unfetched(_) => Self::Unreachable(error.into()),
            RulesCommandError::Unwritable(_) => Self::Failed(error.into()),
            _ => Self::usage(error),
        }
    }
}

/// The asynchronous runtime. It ends without waiting for a thread that hangs, such as one with a credential plug-in.
struct Runtime(Option<tokio::runtime::Runtime>);

impl std::ops::Deref for Runtime {
    type Target = tokio::runtime::Runtime;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Runtime {
    /// Waits for something, or for the user who stops it: where signals were heard once, only who listens hears them.
    fn run_until_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        self.block_on(async {
            tokio::select! {
                done = work => Ok(done),
                () = crate::probe::vantage_run::wait_for_interrupt() => Err(CommandError::Stopped),
            }
        })
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn start_runtime() -> Result<Runtime> {
    if let Some(files) = descriptors::raise_file_limit().filter(|&files| files < MIN_FILES) {
        return Err(CommandError::Failed(anyhow::anyhow!(
            "this process may have only {files} files open; at least {MIN_FILES} are needed (ulimit -n {MIN_FILES})"
        )));
    }
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = built.context("the asynchronous runtime does not start").map_err(CommandError::Failed)?;
    Ok(Runtime(Some(runtime)))
}

/// For standard streams, the runtime, files to be saved, and a probe with its second looks.
const MIN_FILES: u64 = 48;

/// An error and what caused it; a cause that the error tells itself is not told twice.
fn describe_error(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for link in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = link;
        } else if !text.contains(&link) {
            text = format!("{text}: {link}");
        }
    }
    text
}

/// Reads a command line and runs it.
pub fn run(arguments: Vec<OsString>, environment: &Environment) -> Exit {
    let is_plugin = is_plugin(arguments.first());
    if arguments.len() < 2 {
        return print_welcome(is_plugin);
    }
    let command = if is_plugin { Cli::command().bin_name(PLUGIN_COMMAND) } else { Cli::command() };
    let parsed = command.try_get_matches_from(arguments).and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(e) => return print_usage_error(&e),
    };
    let screen = Console::new(&cli.screen, environment);
    let result = match &cli.command {
        Command::Check(args) => check::run(args, environment, &screen),
        Command::Demo(args) => demo::run(args, &screen),
        Command::Requirements(args) => requirements::run(args, &screen),
        Command::Report(args) => report::run(args, &screen),
        Command::Completions(args) => manual::print_completions(args),
        Command::Man(args) => manual::print_man_pages(args),
        Command::Explain(args) => explain::run(args),
        Command::Advise(args) => advise::run(args, environment, &screen),
        Command::Diagnose(args) => diagnose::run(args, environment, &screen),
        Command::Agent(args) => agent::run(args),
        Command::Cleanup(args) => cleanup::run(args, environment, &screen),
        Command::Rbac(args) => rbac::run(args),
        Command::Rules(args) => {
            rules::run(args, environment, screen.text.verbose).map_err(CommandError::from).and_then(|done| {
                screen.hint_all(&done.notes);
                print_output(&done.text).map(|_| done.exit)
            })
        }
    };
    result.unwrap_or_else(|e| {
        print_error(&e.to_string());
        e.exit()
    })
}

/// For people who look what this is. Not a success: in a script a command line that came out empty must not pass for "all
/// required met".
fn print_welcome(is_plugin: bool) -> Exit {
    let text = if is_plugin {
        WELCOME.replace("arcprobe ", &format!("{PLUGIN_COMMAND} "))
    } else {
        WELCOME.to_owned()
    };
    // nothing can be done where standard error is closed
    let _ = io::stderr().write_all(text.as_bytes());
    Exit::Usage
}

/// kubectl finds `kubectl-arcprobe` on the path and runs it for `kubectl arcprobe`.
fn is_plugin(program: Option<&OsString>) -> bool {
    let stem = program.and_then(|path| std::path::Path::new(path).file_stem());
    stem.is_some_and(|stem| stem == "kubectl-arcprobe" || stem == "kubectl_arcprobe")
}

/// What is typed where it is a plugin of kubectl.
const PLUGIN_COMMAND: &str = "kubectl arcprobe";

fn print_usage_error(error: &clap::Error) -> Exit {
    let is_asked_for = !error.use_stderr();
    let text = error.render().to_string();
    let printed = if is_asked_for || is_sanitized(&text) {
        error.print()
    } else {
        io::stderr().write_all(sanitize_for_terminal(&text).as_bytes())
    };
    match printed {
        Err(e) if is_asked_for && e.kind() != io::ErrorKind::BrokenPipe => {
            print_error(&format!("standard output: {e}"));
            Exit::Failed
        }
        _ if is_asked_for => Exit::Ok,
        // nothing can be said where neither stream takes it
        _ => Exit::Usage,
    }
}

/// Where output goes and how it may look.
pub(crate) struct Console {
    text: TextOptions,
    shows_progress: bool,
    is_quiet: bool,
}

impl Console {
    fn new(args: &ScreenArgs, environment: &Environment) -> Self {
        let env_value = |name: &str| environment.get(name).filter(|v| !v.is_empty());
        let is_plain = env_value("NO_COLOR").is_some() || env_value("TERM").is_some_and(|t| t == "dumb");
        let colour = match args.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => io::stdout().is_terminal() && !is_plain,
        };
        let given = env_value("COLUMNS").and_then(|c| c.parse().ok());
        let width = given.or_else(|| terminal_size::terminal_size().map(|(w, _)| w.0.into())).unwrap_or(100);
        Self {
            text: TextOptions {
                colour,
                width,
                verbose: args.verbose > 0,
                shell: args.command_shell.unwrap_or(Shell::OF_SYSTEM),
            },
            shows_progress: !args.quiet
                && io::stderr().is_terminal()
                && env_value("TERM").is_none_or(|t| t != "dumb"),
            is_quiet: args.quiet,
        }
    }

    /// How a file looks: without colour, at a common width.
    fn file_options(&self) -> TextOptions {
        TextOptions { colour: false, width: 100, ..self.text }
    }

    /// Something worth knowing that is no part of the report.
    fn hint(&self, text: &str) {
        if !self.is_quiet {
            print_error(text);
        }
    }

    fn hint_all(&self, texts: &[String]) {
        for text in texts {
            self.hint(text);
        }
    }
}

/// The result of a command. A reader that has seen enough (`| head`) is no error.
fn print_output(text: &str) -> Result<Exit> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::Failed(anyhow::Error::new(e).context("standard output")))
        }
        _ => Ok(Exit::Ok),
    }
}

fn print_error(text: &str) {
    // nothing can be done where standard error is closed
    let _ = writeln!(io::stderr(), "arcprobe: {}", sanitize_for_terminal(text.trim_end()));
}

/// What was typed, or stands in a file, comes back in errors: as text, and not as orders to the terminal, without the logins of URLs.
pub(crate) fn sanitize_for_terminal(text: &str) -> String {
    sanitize_lines(&redact_url_credentials(text)).split_inclusive('\n').map(cut_line).collect()
}

fn cut_line(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((at, _)) => format!("{}…{}", &line[..at], if line.ends_with('\n') { "\n" } else { "" }),
        None => line.to_owned(),
    }
}

fn is_sanitized(text: &str) -> bool {
    redact_url_credentials(text) == text
        && text.lines().all(|line| line.chars().count() <= LONGEST_LINE)
        && !text.chars().any(|c| c != '\n' && is_unsafe_char(c))
}

/// In characters. The longest lines of our own list all regions of a cloud.
const LONGEST_LINE: usize = 2_000;
