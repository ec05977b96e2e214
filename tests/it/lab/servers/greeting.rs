//! Protocols that are neither TLS nor HTTP: the first words of git and SSH.

use std::io;
use std::sync::Arc;

use arcprobe::loopback::greeting::{format_branches, format_packet, read_packet};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::response::flood;
use super::{HOSTILE, LabState, tcp};

/// What is said on a connection without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// git: reads the request and lists one branch.
    GitGood,
    /// git: reads the request and answers that there is no such repository.
    GitNoRepository,
    /// git: reads the request and says nothing.
    GitSilent,
    /// git: reads the request and answers with something else.
    GitGarbage,
    /// git: reads the request and closes.
    GitClose,
    /// SSH: says its version.
    SshGood,
    /// A line of welcome, then the banner, as RFC 4253 4.2 allows.
    SshWelcomes,
    /// SSH: accepts and says nothing.
    SshSilent,
    /// SSH: greets like a mail server.
    SshGarbage,
    /// SSH: says its version, with orders for a terminal in it.
    SshHostile,
    /// SSH: lines of welcome without end.
    SshFloods,
    /// git: reads the request and answers with packets that claim to be long, without end.
    GitFloods,
    /// Any protocol: accepts and stays.
    Plain,
}

impl Greeting {
    /// The ports at which clients look for it.
    pub(super) fn client_ports(self) -> &'static [u16] {
        match self {
            Self::GitGood
            | Self::GitNoRepository
            | Self::GitSilent
            | Self::GitGarbage
            | Self::GitClose
            | Self::GitFloods => &[9418],
            Self::SshGood
            | Self::SshWelcomes
            | Self::SshSilent
            | Self::SshGarbage
            | Self::SshHostile
            | Self::SshFloods => &[22],
            Self::Plain => &[443, 80, 8084, 22, 9418],
        }
    }
}

pub(super) fn start(world: &Arc<LabState>, name: &str, behaviour: Greeting) -> io::Result<u16> {
    let (world, name) = (Arc::clone(world), name.to_owned());
    tcp::serve_each(tcp::listen(128)?, move |stream| {
        greet(Arc::clone(&world), stream, name.clone(), behaviour)
    })
}

async fn greet(world: Arc<LabState>, mut stream: TcpStream, name: String, behaviour: Greeting) {
    world.delay().await;
    let words = match behaviour {
        Greeting::SshGood => "SSH-2.0-lab_1.0\r\n".to_owned(),
        Greeting::SshWelcomes => "welcome\r\nSSH-2.0-lab_1.0\r\n".to_owned(),
        Greeting::SshHostile => format!("SSH-2.0-{HOSTILE}\r\n"),
        Greeting::SshGarbage => "220 mail.lab.example ESMTP\r\n".to_owned(),
        Greeting::SshFloods => return flood(&mut stream, &[], b"welcome\r\n").await,
        Greeting::SshSilent | Greeting::Plain => return tcp::silence(stream).await,
        _ => {
            let Some(request) = read_packet(&mut stream).await else { return tcp::close(stream).await };
            world.note(format!("git {name} {}", request.replace('\0', " ").trim_end()));
            match behaviour {
                Greeting::GitGood => format_branches(),
                Greeting::GitNoRepository => format_packet("ERR access denied or repository not exported"),
                Greeting::GitGarbage => "zzzz this is no packet\n".to_owned(),
                Greeting::GitFloods => return flood(&mut stream, b"fff0", b"long").await,
                Greeting::GitClose => return tcp::close(stream).await,
                _ => return tcp::silence(stream).await,
            }
        }
    };
    let _ = stream.write_all(words.as_bytes()).await;
    tcp::silence(stream).await;
}
