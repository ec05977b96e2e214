//! The rules of the clients against the clients themselves, where they are on the machine. Nothing leaves loopback.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};

use arcprobe::proxy::{Client, SkipRange};

use crate::require::{leave_out, require, require_that};

const VALUES: &[&str] = &[
    "",
    ",",
    "*",
    " * ",
    "*,other.test",
    "example.test",
    "EXAMPLE.Test",
    ".example.test",
    "..example.test",
    "*.example.test",
    "example.test.",
    "ample.test",
    "test",
    ".",
    "a.test, example.test ,b.test",
    ",,example.test,",
    "example.test:8084",
    ".example.test:8084",
    "example.test:80",
    "10.0.0.1",
    "10.0.0.1:8084",
    "10.0.0.1:80",
    "10.*",
    "10.",
    "0.0.1",
    ".0.0.1",
    "10.0.0.0/8",
    "10.9.9.9/8",
    "10.0.0.0/33",
    "10.0.0.1/32",
    "11.0.0.0/8,10.0.0.0/24",
    "0.0.0.0/0",
    "fd00::1",
    "FD00::1",
    "[fd00::1]",
    "[fd00::1]:8084",
    "fd00::/16",
    "http://example.test",
    "localhost,127.0.0.1",
];

/// Only with a comma does a blank mean the same to all releases of curl.
const BLANKS: &[&str] = &["a.test example.test", "example.test a.test", "a.test b.test,example.test"];

const HOSTS: &[&str] = &[
    "example.test",
    "www.Example.test",
    "notexample.test",
    "10.0.0.1",
    "10.0.0.10",
    "fd00::1",
    "localhost",
    "127.0.0.1",
];

const PORTS: &[u16] = &[80, 8084];

fn list_cases() -> impl Iterator<Item = (&'static str, &'static str, u16)> {
    let hosts = || HOSTS.iter().flat_map(|host| PORTS.iter().map(|port| (*host, *port)));
    VALUES.iter().flat_map(move |value| hosts().map(|(host, port)| (*value, host, port)))
}

fn bypasses_in_our_model(client: Client, value: &str, host: &str, port: u16) -> bool {
    client.bypass_reason(&SkipRange::parse(value), host, port).is_some()
}

/// As a URL has it: the usual port is not written.
fn format_authority(host: &str, port: u16) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == 80 { host } else { format!("{host}:{port}") }
}

/// A program without the proxy settings of this machine.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(variable).env_remove(variable.to_uppercase());
    }
    command.stdin(Stdio::null());
    command
}

#[test]
fn curl_agrees_on_no_proxy() {
    if require("curl").is_none() {
        return;
    }
    leave_out("networks of IPv6 and those of no bits, on which releases of curl differ");
    let (proxy, direct) = (start_listener(), start_listener());
    for value in VALUES.iter().filter(|value| !value.contains("/0") && !value.starts_with("fd00::/")) {
        let output = program("curl")
            .args(["-q", "-s", "--max-time", "60", "-w", "%{remote_port}\\n"])
            .args(["--proxy", &format!("http://{proxy}"), "--connect-to", &format!("::{direct}")])
            .args(["--noproxy", value])
            .args(HOSTS.iter().map(|host| format!("http://{}/", format_authority(host, 80))))
            .output()
            .unwrap();
        let ports = String::from_utf8(output.stdout).unwrap();
        assert_eq!(ports.lines().count(), HOSTS.len(), "\"{value}\": {ports}");
        for (host, port) in HOSTS.iter().zip(ports.lines()) {
            let around = port == direct.port().to_string();
            assert!(around || port == proxy.port().to_string(), "\"{value}\" {host}: {port}");
            assert_eq!(bypasses_in_our_model(Client::Curl, value, host, 80), around, "\"{value}\" {host}");
        }
    }
}

/// Refuses everything, a tunnel too; curl shows which of two was asked.
fn start_listener() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(stream.try_clone().unwrap()).lines();
            head.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let _ = stream.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

#[test]
fn python_urllib_agrees_on_no_proxy() {
    let script = "from urllib.request import proxy_bypass_environment as f\nask = lambda v, u: f(u[7:-1], {'no': v})\n";
    if require("python3").is_some() {
        assert_python_agrees(Client::PythonUrllib, script);
    }
}

#[test]
fn python_requests_agrees_on_no_proxy() {
    if require("python3").is_none() {
        return;
    }
    let version = program("python3").args(["-c", "import requests; print(requests.__version__)"]).output();
    let version = String::from_utf8(version.unwrap().stdout).unwrap();
    let numbers: Vec<u32> = version.trim().split('.').filter_map(|n| n.parse().ok()).collect();
    let obstacle =
        format!("python3 has no requests of 2.34 or later (PyPI: requests), but {:?}", version.trim());
    if !require_that(numbers >= vec![2, 34], &obstacle) {
        return;
    }
    let script = "from requests.utils import should_bypass_proxies as f\nimport os\n\
                  def ask(v, u):\n  os.environ['no_proxy'] = v\n  return bool(f(u, None))\n";
    assert_python_agrees(Client::PythonRequests, script);
}

/// One process for all cases: a start takes longer than all the answers.
fn assert_python_agrees(client: Client, script: &str) {
    let asked: Vec<_> = list_cases().chain(with_blanks()).collect();
    let urls =
        asked.iter().map(|(value, host, port)| (value, format!("http://{}/", format_authority(host, *port))));
    let input = serde_json::to_string(&urls.collect::<Vec<_>>()).unwrap();
    let script = format!(
        "{script}import json, sys\nprint(json.dumps([bool(ask(*c)) for c in json.loads(sys.argv[1])]))"
    );
    let output = program("python3").args(["-c", &script, &input]).output().unwrap();
    let answers: Vec<bool> = serde_json::from_slice(&stdout(&output)).unwrap();
    assert_eq!(answers.len(), asked.len());
    for ((value, host, port), around) in asked.into_iter().zip(answers) {
        assert_eq!(
            bypasses_in_our_model(client, value, host, port),
            around,
            "{client}: \"{value}\" {host}:{port}"
        );
    }
}

fn with_blanks() -> impl Iterator<Item = (&'static str, &'static str, u16)> {
    BLANKS.iter().flat_map(|value| HOSTS.iter().map(|host| (*value, *host, 80)))
}

fn stdout(output: &Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.clone()
}

/// The environment is read once in a process, so each value has its own.
#[test]
fn go_agrees_on_no_proxy() {
    if require("go").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, binary) = (folder.path().join("main.go"), folder.path().join("main"));
    fs::write(&source, GO).unwrap();
    stdout(&program("go").args(["build", "-o"]).arg(&binary).arg(&source).output().unwrap());
    leave_out("names that end like an address, on which releases of Go differ");
    for value in VALUES.iter().chain(BLANKS).filter(|value| !["0.0.1", ".0.0.1"].contains(value)) {
        let asked: Vec<_> = HOSTS.iter().flat_map(|h| PORTS.iter().map(move |p| (*h, *p))).collect();
        let output = program(binary.to_str().unwrap())
            .args(asked.iter().map(|(host, port)| format!("http://{}/", format_authority(host, *port))))
            .envs([("HTTP_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", value)])
            .output()
            .unwrap();
        let answers = String::from_utf8(stdout(&output)).unwrap();
        for ((host, port), answer) in asked.into_iter().zip(answers.lines()) {
            assert_eq!(
                bypasses_in_our_model(Client::Go, value, host, port),
                answer == "around",
                "\"{value}\" {host}:{port}"
            );
        }
    }
}

const GO: &str = r#"package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	for _, url := range os.Args[1:] {
		request, err := http.NewRequest("GET", url, nil)
		if err != nil {
			panic(err)
		}
		if proxy, _ := http.ProxyFromEnvironment(request); proxy == nil {
			fmt.Println("around")
		} else {
			fmt.Println("through")
		}
	}
}
"#;
