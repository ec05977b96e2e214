//! Runs that are stopped, politely and not.

use std::process::Stdio;
use std::time::Duration;

use super::bed::{Namespace, on_the_lab, wait_until};
use super::internet::Internet;
use crate::program::to_result;

/// A run that takes long: no DNS server answers.
fn start_slow_run(namespace: &Namespace<'_>) -> std::process::Child {
    let args = ["-l", "eastus", "--from", "pod,node", "--timeout", "8s", "--retries", "2", "-o", "json"];
    let mut command = namespace.program("check").args(args).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let are_running = || {
        let phases = namespace.kubectl(&["get", "pods", "-o", "jsonpath={.items[*].status.phase}"]);
        (phases == "Running Running").then_some(())
    };
    if wait_until(Duration::from_secs(10), are_running).is_some() {
        return child;
    }
    child.kill().unwrap();
    panic!("the pods do not run: {:?}", child.wait());
}

fn send_signal(child: &std::process::Child, name: &str) {
    let status = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

#[test]
fn ctrl_c_ends_a_run_with_partial_results_and_no_remnants() {
    on_the_lab(|namespace| {
        let _internet = Internet::silent();
        let child = start_slow_run(namespace);
        send_signal(&child, "-INT");
        let ran = to_result(&child.wait_with_output().unwrap()).exits(130);
        let report = ran.json();
        assert_eq!(report["run"]["interrupted"], true);
        namespace.wait_until_clean();
    });
}

#[test]
fn cleanup_deletes_the_objects_of_a_killed_run() {
    on_the_lab(|namespace| {
        let _internet = Internet::silent();
        let mut child = start_slow_run(namespace);
        send_signal(&child, "-KILL");
        child.wait().unwrap();
        assert!(
            namespace.remaining_objects().len() >= 7,
            "two Jobs, two pods, ConfigMaps, Secrets: {:?}",
            namespace.remaining_objects()
        );
        let stdout = namespace.program("cleanup").run().exits(0).stdout;
        assert!(stdout.contains("still on its way"), "{stdout}");
        let stdout = namespace.program("cleanup").args(["--force"]).run().exits(0).stdout;
        assert_eq!(stdout.matches("deleted Job").count(), 2, "{stdout}");
        namespace.wait_until_clean();
        let stdout = namespace.program("cleanup").run().exits(0).stdout;
        assert_eq!(stdout, format!("nothing of arcprobe is in namespace {}\n", namespace.name));
    });
}

#[test]
fn kept_objects_are_named_and_deleted_with_their_jobs() {
    on_the_lab(|namespace| {
        let args = ["-l", "eastus", "--from", "pod", "--timeout", "1s", "--keep"];
        let ran = namespace.program("check").args(args).run().exits(3);
        assert!(ran.stderr.contains("kept in namespace"), "{}", ran.stderr);
        assert!(!namespace.remaining_objects().is_empty());
        // owner references: the garbage collector takes the rest along
        namespace.kubectl(&["delete", "jobs", "--all"]);
        namespace.wait_until_clean();
    });
}
