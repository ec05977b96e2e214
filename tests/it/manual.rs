//! Completions, manual pages, and what the program says of itself when it is called alone.

use std::path::Path;
use std::process::Command;

use arcprobe::cli::args::WELCOME;

use crate::program::Program;
use crate::require::{leave_out, require};

/// Every command that is shown, with those below it.
const COMMANDS: [&str; 17] = [
    "check",
    "demo",
    "diagnose",
    "report",
    "requirements",
    "explain",
    "rules",
    "rules-validate",
    "rules-show",
    "rules-diff",
    "rules-schema",
    "advise",
    "cleanup",
    "rbac",
    "completions",
    "man",
    "",
];

#[test]
fn shells_get_scripts_of_all_commands_but_the_hidden_one() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Program::new().args(["completions", shell]).run().exits(0).stdout;
        for command in COMMANDS.iter().filter(|c| !c.contains('-')) {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("--proxy-skip-range") || script.contains("proxy-skip-range"), "{shell}");
        let knows_values = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(script.contains("openmetrics"), knows_values, "{shell}");
        assert!(
            !script.contains("agent)") && !script.contains("arcprobe__agent"),
            "{shell}: the agent is hidden"
        );
    }
    Program::new().args(["completions", "tcsh"]).run().exits(2);
}

#[test]
fn bash_loads_its_script_and_completes() {
    let script = Program::new().args(["completions", "bash"]).run().exits(0).stdout;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("arcprobe.bash");
    std::fs::write(&file, script).expect("written");
    let Some(bash) = require("bash") else { return };
    let bash = |args: &[&str]| Command::new(&bash).args(args).arg(&file).output().expect("bash runs");
    let checked = bash(&["-n"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let typed = "source \"$0\"; COMP_WORDS=(arcprobe rep); COMP_CWORD=1; _arcprobe arcprobe rep arcprobe; echo \"${COMPREPLY[*]}\"";
    let completed = bash(&["-c", typed]);
    assert_eq!(String::from_utf8_lossy(&completed.stdout), "report\n");
}

/// As kubectl finds it on the path, with the real kubectl where there is one.
#[cfg(unix)]
#[test]
fn the_kubectl_plugin_has_completions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_arcprobe"), at("kubectl-arcprobe")).expect("a link");
    let script = Program::new().args(["completions", "kubectl"]).run().exits(0).stdout;
    std::fs::write(at("kubectl_complete-arcprobe"), script).expect("written");
    std::fs::set_permissions(at("kubectl_complete-arcprobe"), std::fs::Permissions::from_mode(0o755))
        .expect("ours");
    let path =
        format!("{}:{}", folder.path().display(), std::env::var_os("PATH").unwrap_or_default().display());
    let run = |program: &Path, args: &[&str]| {
        let output = Command::new(program).args(args).env("PATH", &path).env("HOME", folder.path()).output();
        let output = output.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let usage = run(&at("kubectl-arcprobe"), &["check", "--nonsense"]);
    assert!(usage.contains("Usage: kubectl arcprobe check"), "{usage}");
    let welcome = run(&at("kubectl-arcprobe"), &[]);
    assert!(welcome.contains("kubectl arcprobe check"), "{welcome}");
    if require("bash").is_none() {
        return;
    }
    let completions_of = |args: &[&str]| run(&at("kubectl_complete-arcprobe"), args);
    assert_eq!(completions_of(&["rep"]), "report\n:4\n");
    assert!(completions_of(&["check", "--proxy-"]).contains("--proxy-skip-range\n"));
    let Some(kubectl) = require("kubectl") else { return };
    let usage = run(&kubectl, &["arcprobe", "check", "--nonsense"]);
    assert!(usage.contains("Usage: kubectl arcprobe check"), "{usage}");
    let version: serde_json::Value =
        serde_json::from_str(&run(&kubectl, &["version", "--client", "-o", "json"])).expect("JSON");
    let minor = version["clientVersion"]["minor"].as_str().expect("a version").trim_end_matches('+');
    if minor.parse::<u32>().expect("a number") < 26 {
        return leave_out("completion by kubectl itself, which asks plugins since 1.26");
    }
    let kubectl_output = run(&kubectl, &["__complete", "arcprobe", "rep"]);
    assert!(kubectl_output.starts_with("report\n:4\n"), "{kubectl_output}");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let first = Program::new().arg_man(&[]).stdout;
    assert!(
        first.contains("arcprobe \\- Checks the network that Azure Arc\\-enabled Kubernetes needs"),
        "{first}"
    );
    assert!(first.contains(".TH arcprobe 1") && first.contains("arcprobe\\-check(1)"), "{first}");
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("share/man1");
    Program::new().arg_man(&["--dir", &into.display().to_string()]);
    let mut found: Vec<String> = std::fs::read_dir(&into)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    found.sort_unstable();
    let name = |command: &&str| {
        if command.is_empty() { "arcprobe.1".into() } else { format!("arcprobe-{command}.1") }
    };
    let mut expected: Vec<String> = COMMANDS.iter().map(name).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let check = std::fs::read_to_string(into.join("arcprobe-check.1")).expect("the page");
    for flag in ["proxy\\-skip\\-range", "location", "fail\\-on"] {
        assert!(check.contains(flag), "{flag}\n{check}");
    }
}

impl Program {
    fn arg_man(self, args: &[&str]) -> crate::program::RunResult {
        self.args(["man"]).args(args).run().exits(0)
    }
}

/// An orientation for people, and no success for a script whose command line came out empty.
#[test]
fn without_arguments_it_prints_first_steps() {
    let ran = Program::new().run().exits(2);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", WELCOME));
    assert!(WELCOME.lines().all(|line| line.chars().count() <= 100));
}
