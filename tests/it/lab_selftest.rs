//! Every behaviour of the lab does what its name says, as seen by plain clients that share no code with the probes.

mod client;
mod dns;
mod http;
mod proxy;
mod tls;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::{TlsStream, careless_handshake, careless_handshake_over, handshake};

use super::lab::{Greeting, Host, Http, Lab, LabOptions, Serves, Tcp};
use crate::require::require;

/// Long enough for a loaded machine to answer, short enough to wait for where silence is expected.
const PATIENCE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_millis(300);

fn connect(address: SocketAddr, patience: Duration) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A stream whose patience can be changed.
trait Wire: Read + Write {
    fn set_patience(&self, patience: Duration);
}

impl Wire for TcpStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).unwrap();
    }
}

impl Wire for TlsStream {
    fn set_patience(&self, patience: Duration) {
        self.sock.set_patience(patience);
    }
}

/// Sends, waits for an answer, reads on until the peer closes or pauses; the error is how the reading ended, if not
/// with a clean end.
fn exchange(mut stream: impl Wire, words: &[u8], patience: Duration) -> (Vec<u8>, Option<ErrorKind>) {
    let mut answer = Vec::new();
    stream.set_patience(patience);
    let ended = stream.write_all(words).and_then(|()| stream.flush()).and_then(|()| {
        let mut chunk = [0; 4096];
        loop {
            match stream.read(&mut chunk)? {
                0 => return Ok(()),
                read => answer.extend_from_slice(&chunk[..read]),
            }
            stream.set_patience(SILENCE);
        }
    });
    (answer, ended.err().map(|e| e.kind()))
}

fn is_silence(kind: Option<ErrorKind>) -> bool {
    matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Standard output and error of a program; `None` where it is not installed.
#[track_caller]
fn output(program: &str, args: &[&str]) -> Option<String> {
    let o = Command::new(require(program)?).args(args).stdin(Stdio::null()).output().unwrap();
    Some(String::from_utf8_lossy(&[o.stdout, o.stderr].concat()).into_owned())
}

#[test]
fn tcp_faults_look_as_named_to_plain_clients() {
    let lab = Lab::start(vec![
        Host::new("refused.lab.example", Tcp::Refused),
        Host::new("reset.lab.example", Tcp::ResetOnAccept),
        Host::new("blackhole.lab.example", Tcp::Blackhole),
    ]);
    let refused = connect(lab.address("refused.lab.example"), PATIENCE).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    // Windows refuses where others drop.
    for _ in 0..if cfg!(unix) { 5 } else { 0 } {
        let dropped = connect(lab.address("blackhole.lab.example"), SILENCE).unwrap_err();
        assert_eq!(dropped.kind(), ErrorKind::TimedOut);
    }

    // The reset may win the race against the end of `connect`.
    let kind = match connect(lab.address("reset.lab.example"), PATIENCE) {
        Ok(stream) => exchange(stream, b"", PATIENCE).1,
        Err(e) => Some(e.kind()),
    };
    assert_eq!(kind, Some(ErrorKind::ConnectionReset));
}

#[test]
fn greetings_look_as_named_to_plain_clients() {
    let request = "git-upload-pack /a/b.git\0host=git.lab.example\0";
    let request = format!("{:04x}{request}", request.len() + 4);
    let table: &[(Greeting, &str, bool)] = &[
        (Greeting::GitGood, " refs/heads/main\0", true),
        (Greeting::GitNoRepository, "ERR access denied", true),
        (Greeting::GitSilent, "", true),
        (Greeting::GitGarbage, "zzzz", true),
        (Greeting::GitClose, "", false),
        (Greeting::SshGood, "SSH-2.0-", true),
        (Greeting::SshSilent, "", true),
        (Greeting::SshGarbage, "220 ", true),
        (Greeting::Plain, "", true),
    ];
    let name = |greeting: Greeting| format!("{greeting:?}.lab.example").to_lowercase();
    let lab = Lab::start(table.iter().map(|row| Host::new(name(row.0), row.0)).collect());
    for &(greeting, words, stays_open) in table {
        let stream = connect(lab.address(&name(greeting)), PATIENCE).unwrap();
        let patience = if words.is_empty() && stays_open { SILENCE } else { PATIENCE };
        let (answer, ended) = exchange(stream, request.as_bytes(), patience);
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains(words) && answer.is_empty() == words.is_empty(), "{greeting:?}: {answer}");
        assert_eq!(is_silence(ended), stays_open, "{greeting:?}: {ended:?}");
    }
    let request = "git gitgood.lab.example git-upload-pack /a/b.git host=git.lab.example";
    assert!(lab.log().contains(&request.to_owned()), "{:?}", lab.log());
}

#[test]
fn git_itself_reads_the_references() {
    let lab = Lab::start(vec![Host::new("git.lab.example", Greeting::GitGood)]);
    let url = format!("git://127.0.0.1:{}/a/b.git", lab.port("git.lab.example"));
    let Some(text) = output("git", &["-c", "core.gitProxy=", "ls-remote", &url]) else { return };
    assert!(text.contains("refs/heads/main"), "{text}");
}

#[test]
fn connections_are_directed_by_port() {
    let options = LabOptions { default: Some(Serves::Good), ..Default::default() };
    let hosts = vec![
        Host::new("a.lab.example", Greeting::SshGood),
        Host::new("b.lab.example", Serves::PlainHttp(Http::Status(200))),
        Host::good("c.lab.example"),
    ];
    let lab = Lab::start_with(hosts, options);
    let (a, b, front) = (lab.port("a.lab.example"), lab.port("b.lab.example"), lab.port("c.lab.example"));
    let wanted =
        [format!("a.lab.example:22::{a}"), format!("b.lab.example:80::{b}"), format!(":443::{front}")];
    assert_eq!(lab.connect_to()[..3], wanted);
    let ports: Vec<_> =
        lab.connect_to().into_iter().map(|c| c.split("::").next().unwrap().to_owned()).collect();
    assert_eq!(ports[2..], [":443", ":8084", ":80", ":22", ":9418"]);
}

#[test]
fn a_lab_stops_when_dropped() {
    let lab = Lab::start(vec![Host::good("good.lab.example")]);
    let address = lab.address("good.lab.example");
    drop(lab);
    let begin = Instant::now();
    while connect(address, PATIENCE).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "still listening");
        std::thread::sleep(Duration::from_millis(10));
    }
}
