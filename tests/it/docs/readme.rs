//! Each command of the README, as it is written there, by a user whose home folder is empty. What it probes is the lab.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use arcprobe::probe::net::{Clock as _, SystemClock};

use crate::lab::{Lab, LabOptions, Resolver, Serves, azure};
use crate::program::Program;
use crate::require::require;

use super::{blocks, read};

/// What has to come of a command.
enum Expect {
    Exit(i32),
    /// It builds: its flags are compared with those of cargo here, and CI runs it.
    Cargo,
}
use Expect::{Cargo, Exit};

/// Every command of the README in its order, by its beginning; `then:` in a comment announces one, too.
const COMMANDS: &[(&str, Expect)] = &[
    ("cargo run --release -- check", Cargo),
    ("cargo test", Cargo),
    ("cargo run --example pack_agent", Cargo),
    ("ARCPROBE_AGENT_DIR=\"$PWD/target/agent\" cargo install", Cargo),
    ("mkdir -p ~/.local/bin", Exit(0)),
    ("arcprobe completions bash >", Exit(0)),
    ("arcprobe man --dir", Exit(0)),
    ("export PATH=", Exit(0)),
    ("man arcprobe-check", Exit(0)),
    ("ln -s", Exit(0)),
    ("kubectl arcprobe check -l koreacentral", Exit(0)),
    ("arcprobe completions kubectl >", Exit(0)),
    ("arcprobe check --location eastus", Exit(0)),
    ("arcprobe demo", Exit(3)),
    // without a kubeconfig nothing is known of the cluster
    ("arcprobe check -l eastus --feature core,gitops-flux-v2", Exit(5)),
    ("arcprobe check -l eastus --proxy-https", Exit(3)),
    ("arcprobe check -l eastus --from workstation,pod,node", Exit(2)),
    ("arcprobe diagnose", Exit(2)),
    ("arcprobe diagnose --evidence", Exit(3)),
    ("arcprobe requirements -l eastus -o csv", Exit(0)),
    ("arcprobe requirements --only-unmet", Exit(0)),
    ("arcprobe report report.json", Exit(3)),
    ("arcprobe check -l eastus -q --save", Exit(0)),
];

/// Files that the README takes for there, and where this repository has one of the kind.
const FILES: [(&str, &str); 3] = [
    ("report.json", "fixtures/reports/mixed.json"),
    ("evidence.json", "fixtures/evidence/no-identity.json"),
    ("yesterday.json", "fixtures/reports/all-met.json"),
];

#[test]
fn every_command_of_the_readme_works_in_an_empty_home() {
    let Some(bash) = require("bash") else { return };
    if ["man", "kubectl"].iter().any(|tool| require(tool).is_none()) {
        return;
    }
    let user = User::new(bash);
    let mut exports = String::new();
    let commands = shell_commands(&read("README.md"));
    let found: Vec<&str> = commands.iter().map(String::as_str).collect();
    assert_eq!(found.len(), COMMANDS.len(), "tests/it/docs/readme.rs has other commands: {found:#?}");
    let mut wrong = Vec::new();
    for (command, (beginning, expected)) in commands.iter().zip(COMMANDS) {
        assert!(command.starts_with(beginning), "`{command}` stands where `{beginning}` is expected");
        match expected {
            Cargo => assert_cargo_knows(command),
            Exit(code) => {
                let output = user.types(&format!("{exports}{command}"));
                if output.status.code() != Some(*code) {
                    wrong.push(format!("{command}: {}, expected {code}\n{}", output.status, all(&output)));
                }
            }
        }
        if command.starts_with("export ") {
            exports.extend([command.as_str(), "\n"]);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    user.has_what_was_installed(&exports);
}

/// Somebody with nothing but the program and what the system has.
struct User {
    home: tempfile::TempDir,
    bash: PathBuf,
    _lab: Lab,
}

impl User {
    fn new(bash: PathBuf) -> Self {
        let options =
            LabOptions { default: Some(Serves::Good), resolver: Resolver::Good, ..LabOptions::default() };
        let lab = Lab::start_with(azure(), options);
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join(".cargo/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("arcprobe"), program_in(&lab)).unwrap();
        fs::set_permissions(bin.join("arcprobe"), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, fixture) in FILES {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
            fs::copy(from, home.path().join(name)).unwrap_or_else(|e| panic!("{fixture}: {e}"));
        }
        fs::write(home.path().join("waivers.yaml"), waivers()).unwrap();
        Self { home, bash, _lab: lab }
    }

    fn types(&self, line: &str) -> Output {
        let system = std::env::var_os("PATH").unwrap_or_default();
        let own = self.home.path().join(".cargo/bin");
        let path: Vec<PathBuf> = [own].into_iter().chain(std::env::split_paths(&system)).collect();
        let path: OsString = std::env::join_paths(path).unwrap();
        let mut bash = Command::new(&self.bash);
        bash.args(["-c", line]).env_clear().current_dir(self.home.path());
        bash.env("HOME", self.home.path()).env("PATH", path).env("COLUMNS", "100").env("MANPAGER", "cat");
        bash.stdin(Stdio::null()).output().unwrap()
    }

    /// Completions where bash and kubectl look for them.
    fn has_what_was_installed(&self, exports: &str) {
        let loaded = self.types(
            "source ~/.local/share/bash-completion/completions/arcprobe; complete -p arcprobe; \
             ls ~/.local/share/man/man1",
        );
        assert!(all(&loaded).contains("_arcprobe"), "{}", all(&loaded));
        assert!(all(&loaded).contains("arcprobe-check.1"), "{}", all(&loaded));
        let completed = self.types(&format!("{exports}kubectl_complete-arcprobe rep"));
        assert_eq!(all(&completed), "report\n:4\n");
    }
}

/// One that has not expired, whenever this runs.
fn waivers() -> String {
    let until = SystemClock.now() + jiff::SignedDuration::from_hours(24 * 30);
    let day = until.to_string();
    let day = day.split_once('T').unwrap().0;
    format!("waivers:\n  - {{code: tls_intercepted, endpoint: '*', reason: CHG-1, until: {day}}}\n")
}

/// The program under the name that it was called by; what it would ask of the internet it asks of the lab.
fn program_in(lab: &Lab) -> String {
    let check = Program::check_in(lab).into_command();
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_string_lossy());
    let diverted: Vec<_> = check.get_args().skip(1).map(quoted).collect();
    format!(
        "#!/usr/bin/env bash\nif [ \"$1\" = check ]; then set -- \"$@\" {}; fi\nexec -a \"$0\" '{}' \"$@\"\n",
        diverted.join(" "),
        env!("CARGO_BIN_EXE_arcprobe")
    )
}

/// Each command of the shell blocks without its comment, and behind it what the comment says to do then.
fn shell_commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for line in blocks(text, "sh").iter().flat_map(|block| block.lines()).filter(|line| !line.is_empty()) {
        let (command, comment) = line.split_once(" #").unwrap_or((line, ""));
        commands.push(command.trim().to_owned());
        commands.extend(comment.split_once("then: ").map(|(_, then)| then.trim().to_owned()));
    }
    commands
}

/// Its subcommand, its flags and what they name are there.
fn assert_cargo_knows(command: &str) {
    let words: Vec<&str> = command.split_whitespace().skip_while(|word| *word != "cargo").collect();
    let own: Vec<&str> = words.iter().copied().take_while(|word| *word != "--").collect();
    let help = cargo(&[own[1], "--help"]);
    let known: BTreeSet<&str> = help.split([' ', '\n', ',']).collect();
    for flag in own.iter().filter(|word| word.starts_with("--")) {
        assert!(known.contains(flag), "{command}: cargo {} has no {flag}", own[1]);
    }
    if let Some(at) = own.iter().position(|word| *word == "--example") {
        let file = format!("examples/{}.rs", own[at + 1]);
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file).is_file(), "{command}: there is no {file}");
    }
    if command.contains("ARCPROBE_AGENT_DIR=") {
        assert!(read("build.rs").contains("\"ARCPROBE_AGENT_DIR\""), "{command}");
    }
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).env("PAGER", "cat").output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", all(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}
