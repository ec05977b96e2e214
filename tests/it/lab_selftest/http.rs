//! HTTP and WebSocket answers, read as bytes; curl as a second opinion.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use arcprobe::probe::net::{Clock as _, SystemClock};
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;

use super::super::lab::{Host, Http, Lab, LabOptions, Serves, WebSocket, gzip_bomb};
use super::{PATIENCE, SILENCE, connect, exchange, handshake, is_silence, output};
use crate::require::require;

const HOST: &str = "one.lab.example";
const GET: &str = "GET /path HTTP/1.1\r\nHost: one.lab.example\r\n\r\n";
/// Key and answer of RFC 6455, section 1.3.
const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: one.lab.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

fn start_lab(serves: impl Into<Serves>) -> Lab {
    Lab::start(vec![Host::new(HOST, serves)])
}

fn ask(lab: &Lab, request: &str, patience: Duration) -> (String, Option<ErrorKind>) {
    let stream = connect(lab.address(HOST), PATIENCE).unwrap();
    let stream = handshake(lab, HOST, &[b"http/1.1"], stream).unwrap();
    let (answer, ended) = exchange(stream, request.as_bytes(), patience);
    (String::from_utf8_lossy(&answer).into_owned(), ended)
}

fn get(http: Http) -> (String, Option<ErrorKind>) {
    let patience = if matches!(http, Http::Silent) { SILENCE } else { PATIENCE };
    ask(&start_lab(http), GET, patience)
}

fn upgrade(websocket: WebSocket) -> (String, Option<ErrorKind>) {
    let patience = if websocket == WebSocket::Silent { SILENCE } else { PATIENCE };
    ask(&start_lab(websocket), UPGRADE, patience)
}

#[test]
fn complete_answers() {
    let (text, ended) = get(Http::Status(503));
    assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
    assert!(is_silence(ended), "the connection stays open: {ended:?}");

    let (text, _) = get(Http::Json(401, r#"{"a":1}"#.into()));
    assert!(text.contains("Content-Type: application/json\r\n"), "{text}");
    assert!(text.ends_with("\r\nContent-Length: 7\r\n\r\n{\"a\":1}"), "{text}");

    let (text, _) = get(Http::Redirect("https://portal.example/".into()));
    assert!(
        text.starts_with("HTTP/1.1 302 Found\r\n") && text.contains("Location: https://portal.example/\r\n")
    );

    let (text, _) = get(Http::BlockPage);
    assert!(
        text.starts_with("HTTP/1.1 403 Forbidden\r\n") && text.contains("Server: Zscaler/6.2\r\n"),
        "{text}"
    );

    let (text, _) = get(Http::Status(204));
    assert!(text.ends_with("\r\n\r\n") && !text.contains("Content-Length"), "{text}");
}

#[test]
fn a_connection_takes_more_than_one_request() {
    let lab = start_lab(Http::Status(200));
    let (text, _) = ask(&lab, &GET.repeat(3), PATIENCE);
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3);
    let seen = lab.log().iter().filter(|entry| *entry == "http one.lab.example GET /path").count();
    assert_eq!(seen, 3);
}

#[test]
fn broken_answers() {
    let (text, ended) = get(Http::Silent);
    assert!(text.is_empty() && is_silence(ended));
    assert_eq!(get(Http::ResetAfterRequest), (String::new(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(get(Http::CloseAfterRequest), (String::new(), Some(ErrorKind::UnexpectedEof)));
    let (text, _) = get(Http::Garbage);
    assert!(!text.is_empty() && !text.starts_with("HTTP/"), "{text}");
    let (text, _) = get(Http::HugeHeaders);
    assert!(text.len() > 1_000_000 && text.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn clients_are_distinguished_by_their_headers() {
    let lab = start_lab(Http::ToClosing(Box::new(Http::CloseAfterRequest), Box::new(Http::Status(200))));
    let closing = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    assert_eq!(ask(&lab, &closing, PATIENCE), (String::new(), Some(ErrorKind::UnexpectedEof)));
    assert!(ask(&lab, GET, PATIENCE).0.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn answers_without_an_end() {
    let lab = start_lab(Http::EndlessBody);
    let stream = connect(lab.address(HOST), PATIENCE).unwrap();
    let mut stream = handshake(&lab, HOST, &[], stream).unwrap();
    stream.write_all(GET.as_bytes()).unwrap();
    let mut megabyte = vec![0; 1 << 20];
    stream.read_exact(&mut megabyte).unwrap();

    let lab = start_lab(Http::SlowDrip);
    let stream = connect(lab.address(HOST), PATIENCE).unwrap();
    let mut stream = handshake(&lab, HOST, &[], stream).unwrap();
    stream.write_all(GET.as_bytes()).unwrap();
    assert_eq!(stream.read(&mut [0; 100]).unwrap(), 1);
}

#[test]
fn the_date_follows_the_clock() {
    let options = LabOptions { clock_offset: SignedDuration::from_hours(-5), ..Default::default() };
    let lab = Lab::start_with(vec![Host::new(HOST, Serves::PlainHttp(Http::Status(200)))], options);
    let stream = connect(lab.address(HOST), PATIENCE).unwrap();
    let text = String::from_utf8(exchange(stream, GET.as_bytes(), PATIENCE).0).unwrap();
    let date = text.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap();
    let date = DateTimeParser::new().parse_timestamp(date).unwrap();
    let behind = SystemClock.now().duration_since(date);
    assert!((behind - SignedDuration::from_hours(5)).abs() < SignedDuration::from_secs(60), "{behind}");
}

#[test]
fn upgrades_are_accepted() {
    for serves in [Serves::Good, Serves::WebSocket(WebSocket::Accept)] {
        let (text, ended) = ask(&start_lab(serves), UPGRADE, PATIENCE);
        assert!(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n") && text.contains(ACCEPT), "{text}");
        assert!(is_silence(ended), "{ended:?}");
    }
    let (text, ended) = upgrade(WebSocket::CloseAfterAccept);
    assert!(text.contains(ACCEPT) && ended == Some(ErrorKind::UnexpectedEof), "{ended:?} {text}");
}

#[test]
fn an_accepted_socket_answers_pings() {
    let lab = start_lab(WebSocket::Accept);
    // A masked ping with the payload "hi"; a mask of zeros leaves it readable.
    let ping = [0x89, 0x82, 0, 0, 0, 0, b'h', b'i'];
    let bytes = [UPGRADE.as_bytes(), &ping].concat();
    let stream = connect(lab.address(HOST), PATIENCE).unwrap();
    let stream = handshake(&lab, HOST, &[], stream).unwrap();
    let (answer, _) = exchange(stream, &bytes, PATIENCE);
    assert!(answer.ends_with(&[0x8a, 2, b'h', b'i']), "{:?}", String::from_utf8_lossy(&answer));
}

#[test]
fn upgrades_are_refused() {
    let table = [
        (WebSocket::RefuseStatus(403), "HTTP/1.1 403 "),
        (WebSocket::RelayLike(404), "HTTP/1.1 404 "),
        (WebSocket::Stripped, "HTTP/1.1 200 OK\r\n"),
        (WebSocket::UpgradeRequired, "HTTP/1.1 426 Upgrade Required\r\n"),
    ];
    for (behaviour, begin) in table {
        let (text, _) = upgrade(behaviour);
        assert!(text.starts_with(begin), "{behaviour:?}: {text}");
    }
    let (text, ended) = upgrade(WebSocket::Silent);
    assert!(text.is_empty() && is_silence(ended));
    assert_eq!(upgrade(WebSocket::CloseBeforeAnswer), (String::new(), Some(ErrorKind::UnexpectedEof)));
    let (text, _) = upgrade(WebSocket::BadAcceptKey);
    assert!(
        text.starts_with("HTTP/1.1 101 ") && text.contains("Accept: ") && !text.contains(ACCEPT),
        "{text}"
    );
}

#[test]
fn other_requests_to_a_websocket_host_succeed() {
    let (text, _) = ask(&start_lab(WebSocket::Silent), GET, PATIENCE);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn curl_agrees() {
    let lab = start_lab(Http::Json(418, "[]".into()));
    let connect_to = format!("{HOST}:443:127.0.0.1:{}", lab.port(HOST));
    let roots = lab.roots().to_str().unwrap();
    let url = format!("https://{HOST}/");
    let args =
        ["-sS", "--noproxy", "*", "--connect-to", &connect_to, "--cacert", roots, "-w", "%{http_code}", &url];
    // Without its configuration file: it may name a proxy.
    let args: Vec<_> = std::iter::once("-q").chain(args).collect();
    let Some(text) = output("curl", &args) else { return };
    assert_eq!(text, "[]418");
}

#[test]
fn raw_bytes_and_floods() {
    assert_eq!(get(Http::Raw(b"HTTP/1.1 999 No\r\n\r\n".to_vec())).0, "HTTP/1.1 999 No\r\n\r\n");
    let lab = start_lab(Http::Flood("first ", "more "));
    let mut stream =
        handshake(&lab, HOST, &[b"http/1.1"], connect(lab.address(HOST), PATIENCE).unwrap()).unwrap();
    stream.write_all(GET.as_bytes()).unwrap();
    let mut bytes = vec![0; 1_000_000];
    stream.read_exact(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"first more more "), "without end");
}

/// `gzip` itself takes it for what it is: ten megabytes of zeros, of which only the sum at the end is missing.
#[test]
fn a_bomb_is_one() {
    let bomb = gzip_bomb();
    assert!(bomb.len() < 100_000);
    let Some(gzip) = require("gzip") else { return };
    let mut child = std::process::Command::new(gzip)
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut into = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || into.write_all(&bomb));
    let mut zeros = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut zeros).unwrap();
    writer.join().unwrap().unwrap();
    let _ = child.wait();
    assert_eq!(zeros.len(), 1 + 40_000 * 258);
    assert!(zeros.iter().all(|&byte| byte == 0));
}
