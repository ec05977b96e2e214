//! Asks a program of the workstation, within a limit of time and size. What it starts ends with it, if it has to be ended.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::analysis::connectivity::redact;
use crate::probe::lock::lock;

/// Why a program did not answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum ToolError {
    /// It is not on the path.
    #[error("{0} is not there")]
    Missing(String),
    /// It is, and fails.
    #[error("{0}")]
    Failed(String),
}

/// What a program writes on standard output. It is ended when the future is dropped.
///
/// # Errors
/// When it is not there, takes too long or fails: in words for the user, without secrets.
pub(super) async fn run_tool(program: &str, arguments: &[&str]) -> Result<String, ToolError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // az is a script on many machines: a group of its own lets its children be ended, too
    #[cfg(unix)]
    command.process_group(0);
    let child = command.kill_on_drop(true).spawn().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => ToolError::Missing(program.to_owned()),
        _ => ToolError::Failed(format!("{program} does not start: {e}")),
    })?;
    let mut group = ProcessGroup(child);
    let output = PipeReader::start(group.0.stdout.take());
    let complaint = PipeReader::start(group.0.stderr.take());
    let status = match timeout(TIME_LIMIT, group.0.wait()).await {
        Ok(Ok(status)) => status,
        Ok(Err(e)) => return Err(ToolError::Failed(format!("{program}: {e}"))),
        Err(_) => {
            return Err(ToolError::Failed(format!("{program} says nothing for {} s", TIME_LIMIT.as_secs())));
        }
    };
    if status.success() {
        return Ok(output.finish().await);
    }
    let complaint = complaint.finish().await;
    let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    let command_words: Vec<_> = arguments.iter().take_while(|a| !a.starts_with('-')).copied().collect();
    let last = redact::redact_message(last, 300);
    Err(ToolError::Failed(format!("{program} {} ends with {status}: {last}", command_words.join(" "))))
}

/// A program and its children, ended when nobody waits for them any more.
struct ProcessGroup(Child);

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // without an id it has ended by itself
        #[cfg(unix)]
        if let Some(id) =
            self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // they may be gone by now
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

/// Reads a pipe while the program runs. What it starts may keep the pipe open longer than it lives.
struct PipeReader {
    bytes: Arc<Mutex<Vec<u8>>>,
    task: Option<JoinHandle<()>>,
}

impl PipeReader {
    fn start(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let into = Arc::clone(&read);
        let task = pipe.map(|mut pipe| {
            tokio::spawn(async move {
                let mut piece = vec![0; 16 << 10];
                // what cannot be read is missed in the answer
                while let Ok(1..) = pipe.read(&mut piece).await.inspect(|&read| {
                    let mut all = lock(&into);
                    let room = MAX_BYTES.saturating_sub(all.len()).min(read);
                    all.extend_from_slice(&piece[..room]);
                }) {}
            })
        });
        Self { bytes: read, task }
    }

    async fn finish(self) -> String {
        if let Some(mut task) = self.task
            && timeout(PIPE_GRACE, &mut task).await.is_err()
        {
            task.abort();
        }
        let bytes = lock(&self.bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// `az` by the name that it has here.
pub(super) const AZ: &str = if cfg!(windows) { "az.cmd" } else { "az" };

/// `az` is slow to start, and asks Azure.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// After the program has ended, for what is in its pipes still.
const PIPE_GRACE: Duration = Duration::from_secs(1);

/// In bytes.
const MAX_BYTES: usize = 4 << 20;
