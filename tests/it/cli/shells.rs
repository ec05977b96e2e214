//! Commands for the shell of the user: on screens with `--shell`, in HTML and JSON next to those for bash.

use serde_json::Value;

use crate::lab::{Host, Lab, LabOptions, Proxy, Serves, Tls, azure};
use crate::program::Program;

fn run(lab: &Lab, flags: &[&str]) -> String {
    let proxy = format!("http://{}", lab.proxy(Proxy::Open));
    let ways = ["-l", "eastus", "--proxy-https", &proxy, "--proxy-skip-range", "10.96.0.0/12,.svc"];
    Program::check_in(lab).args(ways).args(flags).run().stdout
}

fn lab(hosts: Vec<Host>) -> Lab {
    Lab::start_with(hosts, LabOptions { default: Some(Serves::Good), ..LabOptions::default() })
}

#[test]
fn findings_have_commands_for_each_shell() {
    let lab = lab(vec![Host::new("login.microsoftonline.com", Tls::ResetAfterHello)]);
    let bash = run(&lab, &[]);
    assert!(bash.contains(" --proxy-skip-range 10.96.0.0/12,.svc") && !bash.contains("curl.exe"), "{bash}");
    let powershell = run(&lab, &["--shell", "powershell"]);
    // without quotes a comma makes an array, and without its ending curl is another program
    assert!(powershell.contains(" --proxy-skip-range '10.96.0.0/12,.svc'"), "{powershell}");
    assert!(!powershell.contains("</dev/null") && !powershell.contains("  curl -v"), "{powershell}");
    let report: Value = serde_json::from_str(&run(&lab, &["-o", "json"])).expect("JSON");
    let differing = report["findings"].as_array().expect("findings").iter().filter_map(|finding| {
        let remedy = &finding["remedy"];
        Some((remedy["commands"].as_array()?, remedy["powershell"].as_array()?))
    });
    let pairs: Vec<_> = differing.collect();
    assert!(!pairs.is_empty() && pairs.iter().all(|(bash, powershell)| bash.len() == powershell.len()));
    let page = run(&lab, &["-o", "html"]);
    assert!(page.contains("For PowerShell") && page.contains("curl.exe"), "{page}");
}

#[test]
fn the_command_to_connect_is_for_the_shell() {
    let lab = lab(azure());
    let table = [
        ("bash", "export HTTPS_PROXY='http://"),
        ("powershell", "$env:HTTPS_PROXY = 'http://"),
        ("cmd", "set \"HTTPS_PROXY=http://"),
    ];
    for (shell, start) in table {
        let screen = run(&lab, &["--shell", shell]);
        assert!(screen.contains(start), "{screen}");
        let advise =
            ["advise", "--no-cluster", "-l", "eastus", "--proxy-https", "http://p:1", "--shell", shell];
        let screen = Program::new().args(advise).run().stdout;
        assert!(screen.contains(start), "{screen}");
    }
}
