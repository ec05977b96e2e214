//! `arcprobe rules diff URL`: pages of the vendor that are fetched, from servers of the lab.

use std::fs;
use std::time::Duration;

use crate::lab::{CREDENTIALS, Host, Http, Lab, Proxy, Tls, gzip_bomb};
use crate::program::{Program, RunResult};

const SOURCE: &str = "https://learn.microsoft.com/azure/azure-arc/kubernetes/network-requirements";

fn read_table() -> String {
    fs::read_to_string("fixtures/vendor-tables/table.md").unwrap()
}

fn serve_table() -> Http {
    Http::Custom(200, vec![("Content-Type".into(), "text/markdown".into())], read_table())
}

/// Stored, not compressed (RFC 1951 3.2.4), in the frame of RFC 1952.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1)))
    };
    let crc = !bytes.iter().fold(!0, step);
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    packed.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
    packed.extend(bytes);
    packed.extend([crc.to_le_bytes(), u32::from(length).to_le_bytes()].concat());
    packed
}

fn serve_gzip(body: &[u8]) -> Http {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    Http::Raw([head.as_bytes(), body].concat())
}

fn start_lab() -> Lab {
    Lab::start(vec![
        Host::new("page.lab.example", serve_table()),
        Host::new("learn.microsoft.com", serve_table()),
        Host::new("moved.lab.example", Http::Redirect("https://page.lab.example/en-us".into())),
        Host::new("plain.lab.example", Http::Redirect("http://page.lab.example/".into())),
        Host::new("packed.lab.example", serve_gzip(&gzip(read_table().as_bytes()))),
        Host::new("bomb.lab.example", serve_gzip(&gzip_bomb())),
        Host::new("gone.lab.example", Http::Status(404)),
        Host::new("silent.lab.example", Http::Silent),
        Host::new("empty.lab.example", Http::Status(200)),
        Host::new("resigned.lab.example", Tls::Intercepted),
    ])
}

/// `rules diff`, with all traffic in the lab.
fn diff_program(lab: &Lab) -> Program {
    let mut args = vec!["rules".to_owned(), "diff".into(), "--resolver".into(), lab.resolver().to_string()];
    args.extend(["--public-roots".into(), lab.roots().display().to_string()]);
    for diversion in lab.connect_to() {
        args.extend(["--connect-to".into(), diversion]);
    }
    Program::new().args(args)
}

fn run_diff(lab: &Lab, args: &[&str]) -> RunResult {
    diff_program(lab).args(["--timeout", "400ms"]).args(args).run_within(Duration::from_secs(20))
}

#[test]
fn a_page_on_the_web_is_compared_as_a_saved_one() {
    let lab = start_lab();
    let saved =
        Program::new().args(["rules", "diff", "fixtures/vendor-tables/table.md", "-l", "eastus"]).run();
    for host in ["page", "moved", "packed"] {
        let url = format!("https://{host}.lab.example/page?view=hunter2");
        let ran = run_diff(&lab, &[&url, "-l", "eastus"]).exits(3);
        let (first, rest) = ran.stdout.split_once('\n').unwrap();
        assert_eq!(first, format!("table     https://{host}.lab.example/page (6 hosts)"));
        assert_eq!(rest, saved.stdout.split_once('\n').unwrap().1, "{host}");
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    }
}

#[test]
fn a_source_of_the_rules_is_fetched_where_no_page_is_named() {
    let lab = start_lab();
    let found = run_diff(&lab, &["--source", "network-requirements-public", "-o", "json"]).exits(3).json();
    assert!(found["pages"][0]["name"].as_str().unwrap().starts_with(SOURCE), "{}", found["pages"]);
    let asked = Program::new().args(["rules", "diff"]).run().exits(2);
    assert!(asked.stderr.contains("name a page: a FILE, a URL, or with --source ID"), "{}", asked.stderr);
}

#[test]
fn several_pages_are_one_table() {
    let lab = start_lab();
    let pages = ["fixtures/vendor-tables/list.txt", "https://page.lab.example/"];
    let ran = run_diff(&lab, &[&pages[..], &["-o", "json"]].concat()).exits(3);
    let found = ran.json();
    assert_eq!(found["pages"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&found["only_in_table"][0]["page"], &found["only_in_table"][0]["line"]),
        (&2.into(), &11.into())
    );
    let text = run_diff(&lab, &pages).exits(3).stdout;
    assert!(text.contains("\nand       https://page.lab.example/ (6 hosts)\n"), "{text}");
    assert!(text.contains("brand-new.arc.azure.com:443  page 2, line 11\n"), "{text}");
}

#[test]
fn what_does_not_come_is_named_with_its_url_and_no_secret() {
    let lab = start_lab();
    let table = [
        ("gone", 5, "the server answers with status 404"),
        ("silent", 5, "no answer in time"),
        ("bomb", 5, "the answer is larger than 8388608 bytes"),
        ("plain", 5, "it redirects to http://page.lab.example/, which is not https"),
        ("resigned", 5, "the certificate was issued by an authority that nobody here trusts"),
        ("missing", 5, "the name does not exist, says the resolver"),
        ("empty", 2, "no hosts are in it"),
    ];
    for (host, code, problem) in table {
        let ran =
            run_diff(&lab, &[&format!("https://me:hunter2@{host}.lab.example/x?token=hunter2")]).exits(code);
        let begin = format!("arcprobe: https://{host}.lab.example/x: {problem}");
        assert!(ran.stderr.starts_with(&begin), "{begin}\n{}", ran.stderr);
        assert!(!ran.stderr.contains("hunter2") && ran.stdout.is_empty(), "{}", ran.stderr);
    }
    let wrong = run_diff(&lab, &["https://me:hunter2@:x/"]).exits(2);
    assert!(wrong.stderr.contains("URL 1: this is no URL"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
}

#[test]
fn a_private_ca_can_be_given() {
    let lab = start_lab();
    let ca = lab.corporate_ca().display().to_string();
    let ran = run_diff(&lab, &["https://resigned.lab.example/", "--proxy-cert", &ca]).exits(2);
    assert!(ran.stderr.contains("no hosts are in it"), "{}", ran.stderr);
}

#[test]
fn proxies_are_those_of_flags_and_environment_as_the_agents_read_them() {
    let lab = start_lab();
    let proxy = format!("http://{CREDENTIALS}@{}", lab.proxy(Proxy::RequiresAuthentication));
    let url = "https://page.lab.example/";
    let tunnels = || lab.log().iter().filter(|line| line.starts_with("proxy CONNECT page.")).count();
    run_diff(&lab, &["--proxy-https", &proxy, url]).exits(3);
    assert_eq!(tunnels(), 1);
    diff_program(&lab).env("https_proxy", &proxy).args([url]).run().exits(3);
    assert_eq!(tunnels(), 2);
    diff_program(&lab).env("HTTPS_PROXY", &proxy).env("NO_PROXY", ".lab.example").args([url]).run().exits(3);
    diff_program(&lab).env("ALL_PROXY", &proxy).args([url]).run().exits(3);
    diff_program(&lab).env("HTTPS_PROXY", &proxy).args([url, "--no-proxy"]).run().exits(3);
    assert_eq!(tunnels(), 2, "none of these takes it: {:?}", lab.log());
    let denied = format!("http://user:hunter2@{}", lab.proxy(Proxy::Denies));
    let ran = run_diff(&lab, &["--proxy-https", &denied, url]).exits(5);
    assert!(
        ran.stderr.contains("https://page.lab.example/: through the proxy http://127.0.0.1:"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}
