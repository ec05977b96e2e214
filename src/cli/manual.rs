//! What can be typed for `arcprobe completions` and `arcprobe man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `arcprobe completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to read the script.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// `arcprobe man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write the pages of all commands to a folder, such as ~/.local/share/man/man1. [default: print the first one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
