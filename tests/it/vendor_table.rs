//! `arcprobe rules diff`: tables of the vendor, as people save them, beside the built-in rules.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Program, RunResult};

fn run_diff(file: &str, more: &[&str]) -> RunResult {
    Program::new().args(["rules", "diff", &format!("fixtures/vendor-tables/{file}")]).args(more).run()
}

fn list_places(difference: &Value, list: &str) -> Vec<String> {
    let place = |entry: &Value| match entry["port"].as_u64() {
        Some(port) => format!("{}:{port}", entry["host"].as_str().expect("a host")),
        None => entry["host"].as_str().expect("a host").to_owned(),
    };
    difference[list].as_array().expect("a list").iter().map(place).collect()
}

#[test]
fn hosts_missing_in_the_rules_give_exit_code_3() {
    let ran = run_diff("table.md", &["--source", "network-requirements-public", "-o", "json"]).exits(3);
    let found = ran.json();
    assert_eq!(
        list_places(&found, "only_in_table"),
        ["brand-new.arc.azure.com:443", "*.login.microsoft.com:443"]
    );
    assert_eq!(found["only_in_table"][0]["line"], 11);
    assert_eq!(found["only_in_table"][1]["near"][0], "{region}.login.microsoft.com:443 (pub-aad-regional)");
    let lacks = list_places(&found, "only_in_rules");
    assert!(lacks.contains(&"login.windows.net:443".to_owned()), "{lacks:?}");
    for there in
        ["management.azure.com:443", "{region}.obo.arc.azure.com:8084", "*.servicebus.windows.net:443"]
    {
        assert!(!lacks.contains(&there.to_owned()), "{there}");
        assert!(list_places(&found, "in_both").contains(&there.to_owned()), "{there}");
    }
    assert_eq!(found["skipped_tables"][0], "agent | means");
    assert_eq!(
        (&found["schema_version"], &found["source"]),
        (&1.into(), &"network-requirements-public".into())
    );
    assert!(found["rules"][0]["sha256"].is_string());
}

#[test]
fn the_screen_lists_both_sides_with_lines() {
    let text = run_diff("table.md", &["-l", "eastus"]).exits(3).stdout;
    for part in [
        "cloud     AzureCloud eastus\n",
        "in the table, not in the rules (2)\n  brand-new.arc.azure.com:443  line 11\n",
        "the rules have eastus.login.microsoft.com:443 (pub-aad-regional)",
        "  mcr.microsoft.com:443 ",
        "\nthe rules lack 2, the table lacks ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("in both ("), "{text}");
    assert!(run_diff("table.md", &["-l", "eastus", "-v"]).stdout.contains("in both ("));
}

#[test]
fn hosts_missing_in_the_table_count_as_warnings() {
    let found = run_diff("page.html", &["-o", "json"]).exits(0).json();
    assert_eq!(list_places(&found, "of_other_clouds"), ["management.usgovcloudapi.net:443"]);
    assert_eq!(list_places(&found, "in_both")[3], "sts.windows.net");
    run_diff("page.html", &["--fail-on", "warning"]).exits(4);
}

#[test]
fn example_regions_are_enough_unless_a_region_is_named() {
    let code = "{his_code}.his.arc.azure.com:443".to_owned();
    let without = run_diff("list.txt", &["-o", "json"]).exits(0).json();
    assert!(!list_places(&without, "only_in_rules").contains(&code));
    let there = run_diff("list.txt", &["-o", "json", "-l", "East US"]).exits(0).json();
    assert!(!list_places(&there, "only_in_rules").iter().any(|place| place.starts_with("eus.his")));
    let elsewhere = run_diff("list.txt", &["-o", "json", "-l", "koreacentral"]).exits(0).json();
    let lacks = list_places(&elsewhere, "only_in_rules");
    assert!(lacks.contains(&"koreacentral.dp.kubernetesconfiguration.azure.com:443".to_owned()), "{lacks:?}");
}

#[test]
fn a_page_can_come_from_standard_input() {
    let mut command = Program::new().args(["rules", "diff", "-", "--feature", "core"]).into_command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let page = "<td>brand-new.example.com\u{1b}[2J</td><th>\u{202e}</th>";
    child.stdin.take().expect("piped").write_all(page.as_bytes()).expect("taken");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "a host with an escape sequence is none: {text}");
}

#[test]
fn wrong_arguments_say_what_would_be_right() {
    for (args, message) in [
        (&["rules", "diff", "no-such-file.md"][..], "no-such-file.md"),
        (&["rules", "diff", "LICENSE"], "LICENSE: no hosts are in it; what is read are tables"),
        (
            &["rules", "diff", "fixtures/vendor-tables/list.txt", "--source", "network-requirement-public"],
            "did you mean",
        ),
        (&["rules", "diff", "fixtures/vendor-tables/list.txt", "-l", "no-such-region"], "unknown region"),
        (&["rules", "diff", "fixtures/vendor-tables/list.txt", "--feature", "flux"], "unknown feature"),
    ] {
        let ran = Program::new().args(args).run().exits(2);
        assert!(ran.stderr.contains(message) && ran.stdout.is_empty(), "{message}\n{}", ran.stderr);
    }
}
