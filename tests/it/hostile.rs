//! Peers that want to confuse, flood or steal; whatever they send, the output stays short, printable and free of secrets.

#[cfg(unix)]
mod cluster;
pub(crate) mod harmless;
mod network;

use crate::lab::{Dns, Greeting, HOSTILE, Host, Http, Lab, Serves, Tls};
use crate::program::{Program, RunResult, TestRules, check};

/// Nothing that a terminal obeys or a reader does not see.
pub(crate) fn assert_printable(text: &str) {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let found: Vec<_> = text.chars().filter(bad).map(|c| c.escape_unicode().to_string()).collect();
    assert!(found.is_empty(), "{found:?} in\n{}", text.escape_debug());
}

/// Runs in each format; text and short are checked, the JSON comes back.
fn run_all_formats(lab: &Lab, rules: &TestRules) -> (serde_json::Value, Vec<String>) {
    let run = |args: &[&str]| -> RunResult {
        let flags = rules.flags(lab.directory());
        let ran = Program::check_in(lab).args(flags).args(["--timeout", "1s"]).args(args).run();
        assert!([0, 3, 5].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert_printable(&ran.stderr);
        ran
    };
    let json = run(&["-o", "json"]);
    let text = [&["-o", "text"][..], &["-o", "text", "-v"], &["-o", "short"]].map(|args| run(args).stdout);
    for text in &text {
        assert_printable(text);
        assert!(text.lines().all(|line| line.chars().count() < 1_000), "{text}");
    }
    let report = json.json();
    let outputs = text.into_iter().chain([json.stdout]).collect();
    (report, outputs)
}

fn headers(pairs: &[(&str, String)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Without C0 and C1 controls: HTTP has none of them, but any byte of UTF-8 gets through.
fn invisible_characters() -> String {
    HOSTILE.chars().filter(|c| !c.is_control()).collect()
}

#[test]
fn terminal_escape_sequences_of_peers_are_removed() {
    let page = format!("<html><h1>{HOSTILE} Access denied</h1></html>");
    let hostile_headers = headers(&[
        ("Server", format!("Zscaler/6 {}", invisible_characters())),
        ("Via", invisible_characters()),
        ("Content-Type", "text/html".into()),
        ("Location", format!("http://{}.example/", invisible_characters())),
    ]);
    let raw = headers(&[("Server", HOSTILE.into())]);
    let lab = Lab::start(vec![
        Host::new(
            "page.lab.example",
            Serves::PlainHttp(Http::Custom(403, hostile_headers.clone(), page.clone())),
        ),
        Host::new("away.lab.example", Serves::PlainHttp(Http::Custom(302, hostile_headers, page.clone()))),
        Host::new("raw.lab.example", Serves::PlainHttp(Http::Custom(200, raw, page))),
        Host::new("ssh.lab.example", Greeting::SshHostile),
        Host::new("issuer.lab.example", Tls::HostileIssuer),
    ]);
    let http = "protocol: http\nport: 80\nanswer: {status: [200]}";
    let rules = TestRules::new()
        .endpoint("page", "page.lab.example", http)
        .endpoint("away", "away.lab.example", http)
        .endpoint("raw", "raw.lab.example", http)
        .endpoint("ssh", "ssh.lab.example", "protocol: ssh\nport: 22")
        .endpoint("issuer", "issuer.lab.example", "");
    let (report, outputs) = run_all_formats(&lab, &rules);
    assert_eq!(check(&report, "page")["cause"], "http_block_page");
    assert_eq!(check(&report, "issuer")["phase"], "tls");
    for output in outputs {
        assert_printable(&output);
    }
}

#[test]
fn oversized_answers_are_bounded() {
    let lab = Lab::start(vec![
        Host::with_dns("huge.lab.example", Dns::HugeAnswer),
        Host::with_dns("loop.lab.example", Dns::CnameLoop),
        Host::with_dns("chain.lab.example", Dns::LongChain(60)),
        Host::new("headers.lab.example", Http::HugeHeaders),
        Host::new("body.lab.example", Serves::PlainHttp(Http::EndlessBody)),
        Host::new(
            "page.lab.example",
            Serves::PlainHttp(Http::Custom(403, Vec::new(), "spam ".repeat(1_000_000))),
        ),
        Host::new(
            "away.lab.example",
            Serves::PlainHttp(Http::Redirect(format!("http://{}.example/", "a".repeat(20_000)))),
        ),
    ]);
    let http = "protocol: http\nport: 80\nanswer: {status: [200]}";
    let rules = TestRules::new()
        .endpoint("huge", "huge.lab.example", "")
        .endpoint("loop", "loop.lab.example", "")
        .endpoint("chain", "chain.lab.example", "")
        .endpoint("headers", "headers.lab.example", "")
        .endpoint("body", "body.lab.example", http)
        .endpoint("page", "page.lab.example", http)
        .endpoint("away", "away.lab.example", http);
    let (report, outputs) = run_all_formats(&lab, &rules);
    assert_eq!(check(&report, "huge")["verdict"], "met");
    assert_eq!(check(&report, "loop")["phase"], "resolve");
    assert_eq!(check(&report, "headers")["cause"], "http_protocol");
    for output in outputs {
        assert!(output.len() < 200_000, "{} bytes", output.len());
    }
}

/// Keys that a portal puts into its address, names and passwords in URLs, credentials in headers.
#[test]
fn secrets_of_peers_are_redacted() {
    let away = |to: &str| Serves::PlainHttp(Http::Redirect(to.into()));
    let secret_headers = headers(&[
        ("Authorization", "Bearer s3cret-bearer".into()),
        ("Proxy-Authorization", "Basic s3cret-basic".into()),
        ("Set-Cookie", "session=s3cret-cookie".into()),
        ("Server", "see http://user:s3cret-server@portal.example/".into()),
        ("Location", "https://user:s3cret-user@portal.example/a?sig=s3cret-query#s3cret-fragment".into()),
    ]);
    let page = "<a href=\"http://portal.example/?sig=s3cret-link\">here</a> or <a href='/?t=s3cret-relative'>there</a>";
    let long = format!("http://u:{}s3cret-long{}@portal.example/", "x".repeat(180), "x".repeat(200));
    let lab = Lab::start(vec![
        Host::new("long.lab.example", away(&long)),
        Host::new("query.lab.example", away("http://portal.example/login?token=s3cret-token")),
        Host::new("user.lab.example", away("http://admin:s3cret-password@portal.example/login")),
        Host::new("token.lab.example", away("//s3cret-name@portal.example/login?x")),
        Host::new("fragment.lab.example", away("http://portal.example/#access_token=s3cret-hash")),
        Host::new("secrets.lab.example", Serves::PlainHttp(Http::Custom(302, secret_headers, page.into()))),
    ]);
    let http = "protocol: http\nport: 80";
    let rules = ["long", "query", "user", "token", "fragment", "secrets"]
        .iter()
        .fold(TestRules::new(), |rules, id| rules.endpoint(id, &format!("{id}.lab.example"), http));
    let (report, outputs) = run_all_formats(&lab, &rules);
    assert_eq!(check(&report, "query")["cause"], "http_redirected");
    for output in outputs {
        let found: Vec<_> = output.lines().filter(|line| line.contains("s3cret")).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
    let run = |value: &str| {
        let flags = rules.flags(lab.directory());
        Program::check_in(&lab).args(flags).env("HTTPS_PROXY", value).env("HTTP_PROXY", value).run()
    };
    let ran = run("http://user:s3cret-proxy@127.0.0.1:9");
    assert!(
        !ran.stdout.contains("s3cret") && !ran.stderr.contains("s3cret"),
        "{}\n{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn credentials_in_the_wrong_argument_are_not_echoed() {
    let url = "https://joe:topsecret@h.example";
    let at = |flag: &str| format!("{flag}{url}");
    let rows = [
        vec!["check".to_owned(), at("--no-proxy=")],
        vec!["check".into(), url.into()],
        vec!["check".into(), "--resolver".into(), url.into()],
        vec!["check".into(), "-l".into(), url.into()],
        vec!["check".into(), "-l".into(), "eastus".into(), "--gateway-url".into(), at("")],
        vec!["check".into(), "-l".into(), "eastus".into(), "--set".into(), at("git_host=")],
    ];
    for args in rows {
        let ran = Program::new().args(&args).run();
        assert!(
            !ran.stderr.contains("topsecret") && !ran.stdout.contains("topsecret"),
            "{args:?}: {}",
            ran.stderr
        );
    }
}
