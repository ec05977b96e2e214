//! The real binary, with an environment that holds nothing of the machine it runs on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::lab::Lab;

/// A command line of `arcprobe`.
pub(crate) struct Program {
    command: Command,
}

/// What came of it.
pub(crate) struct RunResult {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// Without arguments; without any variable but those that a process needs to start.
    pub(crate) fn new() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arcprobe"));
        command.env_clear().env("COLUMNS", "100");
        for name in ["SYSTEMROOT", "PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Self { command }
    }

    pub(crate) fn args<S: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// `check`, so that all traffic stays in the lab.
    pub(crate) fn check_in(lab: &Lab) -> Self {
        let mut args = vec!["check".to_owned(), "--resolver".into(), lab.resolver().to_string()];
        args.extend(["--public-roots".into(), lab.roots().display().to_string()]);
        for diversion in lab.connect_to() {
            args.extend(["--connect-to".into(), diversion]);
        }
        Self::new().args(args)
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> RunResult {
        to_result(&self.command.output().expect("the binary starts"))
    }

    /// Under limits of the system: options of the shell's `ulimit`, each with its value. Where there is no such shell, without.
    pub(crate) fn with_ulimit(self, limits: &str) -> Self {
        if cfg!(windows) {
            return self;
        }
        let mut command = Command::new("sh");
        let limits = limits.replace(',', " && ulimit ");
        command
            .arg("-c")
            .arg(format!("ulimit {limits} || exit 99; exec \"$0\" \"$@\""))
            .arg(self.command.get_program());
        command.args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { command }
    }

    /// With other files in the place of those of the system. Needs root, `unshare` and `mount`.
    #[cfg(feature = "network-tests")]
    pub(crate) fn with_system_files(self, files: &[(&Path, &str)]) -> Self {
        let mount = |(file, place): &(&Path, &str)| format!("mount --bind {} {place} && ", file.display());
        let mounts: String = files.iter().map(mount).collect();
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", &format!("{mounts}exec \"$0\" \"$@\"")])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear()
            .envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { command }
    }

    /// Runs it to its end, and fails if that takes longer.
    #[track_caller]
    pub(crate) fn run_within(mut self, limit: Duration) -> RunResult {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.command.spawn().expect("the binary starts");
        let id = child.id().to_string();
        let (sender, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        if let Ok(output) = ended.recv_timeout(limit) {
            return to_result(&output.expect("its output can be read"));
        }
        let _ = Command::new("kill").args(["-KILL", &id]).status();
        panic!("it has not ended after {limit:?}: {:?}", self.command);
    }

    /// The command itself, for tests that talk to the running process.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

pub(crate) fn to_result(output: &Output) -> RunResult {
    RunResult {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8"),
        stderr: String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8"),
    }
}

impl RunResult {
    /// The report, where the output is JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Asserts the exit code and shows all output if it is another.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// The check of a requirement in a report.
pub(crate) fn check<'a>(report: &'a serde_json::Value, requirement: &str) -> &'a serde_json::Value {
    let checks = report["checks"].as_array().expect("checks");
    checks
        .iter()
        .find(|c| c["requirement"] == requirement)
        .unwrap_or_else(|| panic!("no check for {requirement}"))
}

/// A rules file of its own for a test: a region, the feature `core` and these endpoints, each a list of `key: value`.
pub(crate) struct TestRules {
    text: String,
}

impl TestRules {
    pub(crate) fn new() -> Self {
        Self {
            text: "format: arcprobe-rules/1\nname: test\nrevision: 2026-01-31\ncloud: AzureCloud\n\
                   features:\n  - {id: core, title: Core, default: true}\n\
                   regions:\n  - {name: eastus, title: East US, cloud: AzureCloud, his_code: eus, arc: true}\n\
                   marks:\n  - {id: lab, any: [{header: x-ms-request-id}]}\n\
                   endpoints:\n"
                .into(),
        }
    }

    /// Adds an endpoint; `more` is further lines of YAML, indented by four.
    pub(crate) fn endpoint(mut self, id: &str, host: &str, more: &str) -> Self {
        let entry = format!(
            "  - id: {id}\n    title: {id}\n    why: For the test.\n    breaks: The test.\n    callers: [agent]\n    \
             vantages: [pod]\n    features: [core]\n    host: {host}\n"
        );
        self.text.push_str(&entry);
        for line in more.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
            self.text.extend(["    ", line.trim_start(), "\n"]);
        }
        self
    }

    /// Writes the file; the flags that make `check` use nothing but it.
    pub(crate) fn flags(&self, directory: &Path) -> Vec<String> {
        let path = self.write(directory);
        vec![
            "--location".into(),
            "eastus".into(),
            "--no-builtin-rules".into(),
            "--rules".into(),
            path.display().to_string(),
        ]
    }

    fn write(&self, directory: &Path) -> PathBuf {
        let path = directory.join("test-rules.yaml");
        std::fs::write(&path, &self.text).expect("the rules file can be written");
        path
    }
}
