//! The proxy settings of a desktop, as a program in the place of `gsettings` prints them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::lab::{Host, Lab, Tcp};
use crate::program::{Program, TestRules};

const NAMES: [&str; 4] = ["arm.one.example", "sts.two.example", "mcr.three.example", "his.four.example"];
const MANUAL: &str = "cat <<'E'\norg.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.https host 'proxy.contoso.example'\n\
                      org.gnome.system.proxy.https port 3128\nE\n";

/// A check on a GNOME desktop whose settings a script prints.
fn check_with(lab: &Lab, script: &str) -> Program {
    let folder = lab.directory().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("gsettings");
    fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), "/usr/bin:/bin");
    let rules = NAMES.iter().fold(TestRules::new(), |rules, name| rules.endpoint(&name[..3], name, ""));
    Program::check_in(lab)
        .args(rules.flags(lab.directory()))
        .args(["-o", "json", "--timeout", "1500ms"])
        .env("PATH", &path)
        .env("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
}

#[test]
fn settings_that_nobody_reads_are_a_note_on_an_open_network() {
    let lab = Lab::start(NAMES.map(Host::good).into());
    let report = check_with(&lab, MANUAL).run().exits(0).json();
    assert_eq!(report["verdict"], "ready");
    assert_eq!(report["run"]["machine"]["proxy_settings"][0]["proxy"], "http://proxy.contoso.example:3128");
    let note = report["findings"].as_array().unwrap().iter().find(|f| f["id"] == "system_proxy_unread");
    let note = note.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(note["severity"], "info");
    assert!(
        note["summary"].as_str().unwrap().contains("http://proxy.contoso.example:3128 (GNOME)"),
        "{note:#}"
    );
}

#[test]
fn settings_explain_a_network_without_egress() {
    let lab = Lab::start(NAMES.map(|name| Host::new(name, Tcp::Refused)).into());
    let report = check_with(&lab, MANUAL).run().exits(3).json();
    let ids: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert!(!ids.contains(&"system_proxy_unread"), "{ids:?}");
    let blocked =
        report["findings"].as_array().unwrap().iter().find(|f| f["id"] == "egress_blocked").unwrap();
    let text = blocked.to_string();
    assert!(text.contains("the proxy http://proxy.contoso.example:3128 (GNOME)"), "{text}");
    assert!(text.contains("--proxy-https http://proxy.contoso.example:3128"), "{text}");
}

#[test]
fn a_variable_and_a_proxy_make_the_settings_irrelevant() {
    let lab = Lab::start(NAMES.map(Host::good).into());
    let report = check_with(&lab, MANUAL)
        .env("HTTPS_PROXY", "http://other.contoso.example:3128")
        .args(["--no-proxy"])
        .run()
        .exits(0)
        .json();
    assert!(report["run"]["machine"].get("proxy_settings").is_none(), "{report:#}");
}

/// Hostile or broken: nothing comes of it, and the run takes no longer.
#[test]
fn settings_that_do_not_come_cost_little() {
    let lab = Lab::start(NAMES.map(Host::good).into());
    for script in [
        "sleep 60\n",
        "yes \"org.gnome.system.proxy mode 'manual'\"\n",
        "exit 1\n",
        "printf '\\377\\033[2J'\n",
    ] {
        let begun = Instant::now();
        let report = check_with(&lab, script).run().exits(0).json();
        assert!(begun.elapsed() < Duration::from_secs(10), "{script}: {:?}", begun.elapsed());
        assert!(report["run"]["machine"].get("proxy_settings").is_none(), "{script}: {report:#}");
    }
}
