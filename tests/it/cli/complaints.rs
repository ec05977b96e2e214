//! Exit code 2: everything that can be typed wrongly, and what is said about it.

use std::fs;

use crate::program::{Program, RunResult};

/// A command line that must be refused before anything is probed.
fn run_refused(args: &[&str]) -> RunResult {
    let ran = Program::new().args(args).run().exits(2);
    assert_eq!(ran.stdout, "", "{args:?}");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

fn refused_check(args: &[&str]) -> String {
    run_refused(&[&["check", "-l", "eastus"], args].concat()).stderr
}

/// Flag, value, and what would be right.
#[test]
fn values_are_refused_with_flag_value_and_what_would_be_right() {
    let table: &[(&[&str], &str)] = &[
        (&["--timeout", "0"], "'0' for '--timeout <DURATION>': \"0\" is out of range; 1ms to 24h"),
        (
            &["--timeout", "soon"],
            "'soon' for '--timeout <DURATION>': \"soon\" is no duration; write it as 500ms, 5s, 2m or 1h30m",
        ),
        (
            &["--timeout", "-5s"],
            "'-5s' for '--timeout <DURATION>': \"-5s\" is no duration; write it as 500ms, 5s, 2m or 1h30m",
        ),
        (&["--deadline", "25h"], "'25h' for '--deadline <DURATION>': \"25h\" is out of range; 1ms to 24h"),
        (
            &["--deadline", "-1s"],
            "'-1s' for '--deadline <DURATION>': \"-1s\" is no duration; write it as 500ms, 5s, 2m or 1h30m",
        ),
        (
            &["--concurrency", "0"],
            "'0' for '--concurrency <N>': \"0\" is not possible; allowed are 1 to 4096",
        ),
        (&["--retries", "11"], "'11' for '--retries <N>': 11 is not in 0..=10"),
        (
            &["--resolver", "dns.example"],
            "'dns.example' for '--resolver <IP[:PORT]>': \"dns.example\" is no address of a DNS server; write it as \
             10.0.0.53 or [fd00::53]:53",
        ),
        (
            &["--resolver", "10.0.0.53:0"],
            "\"10.0.0.53:0\" is no address of a DNS server; write it as 10.0.0.53 or [fd00::53]:53",
        ),
        (
            &["--connect-to", "nonsense"],
            "'nonsense' for '--connect-to <HOST:PORT:ADDR:PORT>': \"nonsense\" is no diversion; write it as \
             HOST:PORT:ADDR:PORT, each part may be empty",
        ),
        (&["--connect-to", "a:1:b:65536"], "\"a:1:b:65536\" is no diversion"),
        (
            &["-o", "xml"],
            "'xml' for '--output <FORMAT>'\n  [possible values: text, short, json, junit, markdown, html, sarif, openmetrics",
        ),
        (&["--color", "blue"], "'blue' for '--color <WHEN>'\n  [possible values: auto, always, never]"),
        (&["--fail-on", "info"], "'info' for '--fail-on <SEVERITY>'\n  [possible values: blocking, warning]"),
        (
            &["--connectivity", "vpn"],
            "'vpn' for '--connectivity <WAY>'\n  [possible values: direct, proxy, private-link, gateway]",
        ),
        (&["--from", "moon"], "--from \"moon\": unknown vantage; allowed are workstation, pod, node"),
        (&["--from", ""], "--from \"\": unknown vantage; allowed are workstation, pod, node"),
        (
            &["--cloud", "Azure"],
            "unknown cloud \"Azure\"\nallowed are AzureCloud, AzureUSGovernment, AzureChinaCloud",
        ),
        (&["--rule-set", "generation"], "unknown rule set \"generation\"\nallowed are current, 2020-01"),
        (&["--set", "vault"], "\"vault\" is not NAME=VALUE"),
        (&["--set", "safe=x"], "unknown value \"safe\"\nallowed are\n"),
        (&["--feature", "gitops-flux"], "unknown feature \"gitops-flux\""),
        (&["--no-builtin-rules"], "required arguments were not provided:\n  --rules <FILE>"),
        (
            &["--save", "report.doc"],
            "the format of \"report.doc\" from its ending; supported are .json, .html, .md, .xml, .sarif, .prom, .txt",
        ),
        (
            &["--save", "report"],
            "the format of \"report\" from its ending; supported are .json, .html, .md, .xml, .sarif, .prom, .txt",
        ),
        (&["--gateway-url", "https://x.example.com"], "write it as https://PREFIX.gw.arc.azure.com"),
        (
            &["--gateway-url", "abc.gw.arc.azure.com", "--connectivity", "direct"],
            "--gateway-url goes with --connectivity gateway, not with direct",
        ),
        (&["--nonsense"], "unexpected argument '--nonsense' found"),
        (&["nonsense"], "unexpected argument 'nonsense' found"),
    ];
    for (args, expected) in table {
        let stderr = refused_check(args);
        assert!(stderr.contains(expected), "{args:?}:\n{stderr}");
    }
}

#[test]
fn regions_are_found_or_explained() {
    let table: &[(&[&str], &str)] = &[
        (&["check", "-l", "eastsu"], "unknown region \"eastsu\"; did you mean \"eastus\"?"),
        (&["check", "-l", ""], "a value is required for '--location <REGION>'"),
        (&["check"], "--location REGION is needed, such as --location eastus"),
        (
            &["check", "-l", "usgovvirginia"],
            "usgovvirginia is a region of AzureUSGovernment; pass --cloud AzureUSGovernment",
        ),
        (
            &["check", "-l", "eastus", "--cloud", "AzureUSGovernment"],
            "eastus is a region of AzureCloud; pass --cloud AzureCloud",
        ),
    ];
    for (args, expected) in table {
        let stderr = run_refused(args).stderr;
        assert!(stderr.contains(expected), "{args:?}:\n{stderr}");
    }
}

#[test]
fn no_command_is_a_usage_error_and_help_is_not() {
    assert!(run_refused(&[]).stderr.contains("arcprobe check --location eastus"));
    for args in [&["--help"][..], &["check", "--help"], &["--version"], &["help", "rules"]] {
        let ran = Program::new().args(args).run().exits(0);
        assert!(ran.stderr.is_empty() && !ran.stdout.is_empty(), "{args:?}");
        assert!(ran.stdout.lines().all(|l| l.chars().count() <= 100), "{}", ran.stdout);
    }
}

/// The cause is shown, and once.
#[test]
fn unusable_files_are_usage_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n";
    let garbage = "-----BEGIN CERTIFICATE-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END CERTIFICATE-----\n";
    let files: &[(&str, &[u8])] = &[
        ("words.pem", b"hello"),
        ("key.pem", key.as_bytes()),
        ("garbage.pem", garbage.as_bytes()),
        ("base64.pem", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
        ("binary.yaml", b"format: \x00\xff\xfe\x1b[2J"),
        ("large.yaml", &vec![b'a'; 2_000_000]),
        ("empty.yaml", b""),
    ];
    for (name, bytes) in files {
        fs::write(at(name), bytes).expect("the file can be written");
    }
    let table = [
        ("--public-roots", "words.pem", "no certificate found; PEM with one or more"),
        ("--public-roots", "key.pem", "no certificate found but a private key"),
        ("--proxy-cert", "empty.yaml", "it is empty; PEM with one or more"),
        ("--proxy-cert", "key.pem", "no certificate found but a private key, which nobody else may get"),
        ("--proxy-cert", "garbage.pem", "certificate 1 cannot be used"),
        ("--proxy-cert", "base64.pem", "block 1 cannot be read"),
        ("--proxy-cert", "absent.pem", "--proxy-cert "),
        ("--public-roots", ".", "--public-roots "),
        ("--rules", "absent.yaml", "cannot read the rules file "),
        ("--rules", ".", "cannot read the rules file "),
        ("--rules", "binary.yaml", "the file is not UTF-8"),
        ("--rules", "large.yaml", "is too large; allowed are 1048576 bytes"),
        ("--rules", "empty.yaml", "empty.yaml"),
    ];
    for (flag, name, expected) in table {
        let stderr = refused_check(&[flag, &at(name)]);
        assert!(stderr.contains(expected), "{flag} {name}:\n{stderr}");
        assert!(stderr.matches("os error").count() < 2, "shown twice: {stderr}");
        assert!(stderr.len() < 2_000, "{stderr}");
    }
}

/// What is typed comes back in complaints, and must not steer the terminal then.
#[test]
fn control_characters_in_arguments_are_not_echoed() {
    let evil = crate::lab::HOSTILE;
    let files = [format!("/{evil}.json"), format!("{evil}.doc")];
    let table: &[&[&str]] = &[
        &["check", "-l", evil],
        &["check", evil],
        &[evil],
        &["explain", evil],
        &["rules", evil],
        &["rules", "validate", evil],
        &["rules", "show", "-l", evil],
        &["check", "-l", "eastus", "--feature", evil],
        &["check", "-l", "eastus", "--cloud", evil],
        &["check", "-l", "eastus", "--from", evil],
        &["check", "-l", "eastus", "--rules", evil],
        &["check", "-l", "eastus", "--rule-set", evil],
        &["check", "-l", "eastus", "--set", evil],
        &["check", "-l", "eastus", "--set", &format!("{evil}=x")],
        &["check", "-l", "eastus", "--save", &files[1]],
        &["check", "-l", "eastus", "--resolver", evil],
        &["check", "-l", "eastus", "--connect-to", evil],
        &["check", "-l", "eastus", "--timeout", evil],
        &["check", "-l", "eastus", "--public-roots", evil],
        &["check", "-l", "eastus", "--output", evil],
        &["check", "-l", "eastus", &format!("--{evil}")],
    ];
    for args in table {
        let stderr = run_refused(args).stderr;
        assert!(!stderr.is_empty());
        crate::hostile::assert_printable(&stderr);
    }
}

/// Rules that somebody else wrote.
#[test]
fn control_characters_in_rules_are_not_echoed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.yaml").display().to_string();
    let text = "format: arcprobe-rules/1\nname: test\nrevision: 2026-01-31\ncloud: AzureCloud\nfeatures:\n  \
                - {id: core, title: \"Co\\e[2J\\u202Ere\", default: true}\nregions:\n  \
                - {name: eastus, title: \"E\\a\\e[2J\", cloud: AzureCloud, his_code: eus, arc: true}\n";
    fs::write(&path, text).expect("the file can be written");
    let table: &[&[&str]] =
        &[&["rules", "validate", &path], &["rules", "show", "--no-builtin-rules", "--rules", &path]];
    for args in table {
        let ran = Program::new().args(*args).run().exits(0);
        assert!(!ran.stdout.is_empty());
        crate::hostile::assert_printable(&ran.stdout);
    }
}

/// Memory is not filled by a file without an end.
#[test]
#[cfg_attr(windows, ignore = "there is no /dev/zero")]
fn endless_files_are_not_read_to_their_end() {
    assert!(refused_check(&["--public-roots", "/dev/zero"]).contains("larger than 8388608 bytes"));
    assert!(refused_check(&["--rules", "/dev/zero"]).contains("is too large"));
}

#[test]
fn endless_arguments_are_cut_in_errors() {
    let long = "a".repeat(100_000);
    for args in [&["check", "-l", &long][..], &["explain", &long], &["check", "-l", "eastus", "-o", &long]] {
        let stderr = run_refused(args).stderr;
        assert!(stderr.len() < 10_000, "{args:?}: {} bytes", stderr.len());
    }
}
