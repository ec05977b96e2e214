//! What has to be open: the lists of all regions in every form, and the real binary. Squid itself reads the fragment, where it
//! is on the machine.

mod forms;
mod reports;

use crate::program::{Program, RunResult};

fn requirements<'a>(args: impl IntoIterator<Item = &'a str>) -> RunResult {
    Program::new().args(["requirements"]).args(args).run()
}

#[test]
fn the_list_of_a_region_on_a_screen() {
    let ran = requirements(["-l", "eastus"]).exits(0);
    assert_eq!(ran.stderr, "");
    insta::assert_snapshot!("requirements-100", ran.stdout);
    let args = ["requirements", "-l", "koreacentral", "--feature", "gitops-flux-v2,arc-gateway", "-v"];
    let narrow = Program::new().args(args).env("COLUMNS", "80").run().exits(0);
    insta::assert_snapshot!("requirements-80-verbose", narrow.stdout);
}

/// Only a command to copy may be wider.
#[test]
fn every_screen_fits_its_width() {
    for (width, text) in [("80", 80), ("100", 100), ("120", 120)] {
        let args = ["requirements", "-l", "eastus", "--feature", "all", "-v"];
        let ran = Program::new().args(args).env("COLUMNS", width).run().exits(0);
        let is_address = |line: &str| line.trim_start().starts_with("https://");
        let too_wide = |line: &&str| {
            line.chars().count() > text && !line.starts_with("  arcprobe check") && !is_address(line)
        };
        let found: Vec<_> = ran.stdout.lines().filter(too_wide).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn the_next_command_can_be_typed() {
    for args in [
        &["-l", "eastus"][..],
        &["-l", "usgovvirginia", "--cloud", "AzureUSGovernment", "--connectivity", "private-link"],
    ] {
        let ran = requirements(args.iter().copied()).exits(0);
        let next = ran.stdout.lines().find_map(|l| l.strip_prefix("  arcprobe ")).unwrap();
        let words = ["arcprobe"].into_iter().chain(next.split(' '));
        <arcprobe::cli::args::Cli as clap::Parser>::try_parse_from(words).unwrap();
        assert!(args.iter().filter(|arg| arg.starts_with("--")).all(|flag| next.contains(flag)), "{next}");
    }
}

#[test]
fn colours_appear_only_on_request() {
    assert!(!requirements(["-l", "eastus"]).stdout.contains('\u{1b}'));
    assert!(requirements(["-l", "eastus", "--color", "always"]).stdout.contains("\u{1b}[1m"));
}

#[test]
fn wrong_arguments_say_what_is_right() {
    let table: [(&[&str], &[&str]); 8] = [
        (&[], &["--location REGION is needed", "--only-unmet REPORT"]),
        (&["-l", "eastuss"], &["did you mean \"eastus\"?"]),
        (&["-l", "eastus", "--cloud", "mars"], &["\"mars\"", "AzureCloud"]),
        (&["-l", "eastus", "--feature", "flux"], &["\"flux\"", "gitops-flux-v2"]),
        (&["-l", "eastus", "--set", "vault=a b"], &["the value of vault"]),
        (&["-l", "eastus", "-o", "pdf"], &["'pdf'", "palo-alto"]),
        (&["-l", "eastus", "--only-unmet", "report.json"], &["--only-unmet", "--location"]),
        (&["--only-unmet", "no-such.json"], &["--only-unmet no-such.json"]),
    ];
    for (args, parts) in table {
        let ran = requirements(args.iter().copied()).exits(2);
        assert_eq!(ran.stdout, "", "{args:?}");
        for part in parts {
            assert!(ran.stderr.contains(part), "{args:?}: {}", ran.stderr);
        }
    }
}

#[test]
fn what_a_format_cannot_express_is_a_note_on_standard_error() {
    let args = ["-l", "eastus", "--feature", "gitops-flux-v2", "-o", "squid"];
    let ran = requirements(args).exits(0);
    assert!(
        ran.stderr.contains("left out: {git_host}:443 and {git_host}:22; give their names with --set"),
        "{}",
        ran.stderr
    );
    assert_eq!(requirements(args.into_iter().chain(["-q"])).exits(0).stderr, "");
    let ran = requirements(["-l", "eastus", "--feature", "workload-identity"]).exits(0);
    assert!(ran.stderr.contains("which Azure calls, not the cluster (pub-oidc-issuer)"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("oic.prod-arc"), "{}", ran.stdout);
    let ran = requirements(args.into_iter().chain(["--set", "git_host=git.contoso.example"])).exits(0);
    assert!(ran.stdout.contains("dstdomain git.contoso.example\n"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("left out: git.contoso.example:22; an HTTP proxy does not carry"),
        "{}",
        ran.stderr
    );
}

#[test]
fn wildcards_are_replaced_where_hosts_are_known() {
    let hosts = |more: &[&'static str]| -> Vec<(String, String)> {
        let all = [&["-l", "eastus", "-o", "json"], more].concat();
        let list = requirements(all).exits(0).json();
        let row = |r: &serde_json::Value| (r["host"].as_str().unwrap().to_owned(), r["remarks"].to_string());
        list["requirements"].as_array().unwrap().iter().map(row).collect()
    };
    let has = |list: &[(String, String)], host: &str| list.iter().any(|(name, _)| name == host);
    assert!(has(&hosts(&[]), "*.data.mcr.microsoft.com"));
    let expanded = hosts(&["--expand"]);
    assert!(!has(&expanded, "*.data.mcr.microsoft.com") && has(&expanded, "westus.data.mcr.microsoft.com"));
    let (_, remark) =
        expanded.iter().find(|(name, _)| name == "*.guestnotificationservice.azure.com").unwrap();
    assert_eq!(remark, "[\"no host below it is known\"]");
}

#[test]
fn private_link_hosts_are_in_the_no_proxy_value() {
    let ran = requirements(["-l", "eastus", "--connectivity", "private-link", "-o", "no-proxy"]).exits(0);
    let private = [
        "eastus.dp.kubernetesconfiguration.azure.com",
        "gbl.his.arc.azure.com",
        "eus.his.arc.azure.com",
        "northamerica-ats.his.arc.azure.com",
        "agentserviceapi.guestconfiguration.azure.com",
        "eastus-gas.guestconfiguration.azure.com",
    ];
    assert_eq!(ran.stdout, format!("localhost,127.0.0.1,::1,{}\n", private.join(",")));
    assert!(ran.stderr.contains("arcprobe advise"), "{}", ran.stderr);
    let ran = requirements(["-l", "eastus", "-o", "no-proxy"]).exits(0);
    assert_eq!(ran.stdout, "localhost,127.0.0.1,::1\n");
}

/// What the gateway carries for pods is not called past it, but the gateway is, and what the workstation calls.
#[test]
fn a_gateway_has_its_own_host_in_the_list() {
    let list = |args: &[&'static str]| {
        requirements([&["-l", "eastus", "-o", "palo-alto"], args].concat()).exits(0).stdout
    };
    let named = list(&["--gateway-url", "https://abc.gw.arc.azure.com"]);
    let past = [
        "abc.gw.arc.azure.com/\n",
        "eastus.dp.kubernetesconfiguration.azure.com/\n",
        "*.servicebus.windows.net/\n",
    ];
    assert!(past.iter().all(|host| named.contains(host)), "{named}");
    for carried in ["guestnotificationservice", "sts.windows.net", "login.windows.net"] {
        assert!(!named.contains(carried), "{carried}: {named}");
    }
    assert!(list(&["--connectivity", "gateway"]).contains("*.gw.arc.azure.com/\n"));
    assert!(
        list(&["--feature", "arc-gateway", "--connectivity", "gateway"]).contains("*.gw.arc.azure.com/\n")
    );
}
