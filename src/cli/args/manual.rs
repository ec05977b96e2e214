//! What can be typed for `arcprobe completions` and `arcprobe man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// `arcprobe completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to read the script.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: CompletionTarget,
}

/// What reads a script of completions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CompletionTarget {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
    /// A program that kubectl asks: put it on the path as `kubectl_complete-arcprobe`. It needs bash
    Kubectl,
}

impl CompletionTarget {
    /// The shell whose script it is made from.
    pub fn shell(self) -> Shell {
        match self {
            Self::Bash | Self::Kubectl => Shell::Bash,
            Self::Elvish => Shell::Elvish,
            Self::Fish => Shell::Fish,
            Self::Powershell => Shell::PowerShell,
            Self::Zsh => Shell::Zsh,
        }
    }
}

/// `arcprobe man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write the pages of all commands to a folder, such as ~/.local/share/man/man1. [default: print the first one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
