//! The first words of protocols that are not HTTP: git (port 9418) and SSH.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::classify;
use crate::model::evidence::{Cause, Failure, GreetingDetail, sanitize};
use crate::model::rules::Protocol;

/// Speaks first where the protocol wants it, and reads the first line of the answer.
pub(crate) async fn exchange_greeting<S>(
    mut io: S,
    protocol: Protocol,
    host: &str,
    within: Duration,
) -> (GreetingDetail, Option<Failure>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut detail = GreetingDetail { protocol: protocol.as_str().into(), banner: None };
    let talk = async {
        if protocol == Protocol::Git {
            io.write_all(&encode_git_request(host)).await?;
        }
        read_greeting(&mut io, protocol).await
    };
    let failure = match timeout(within, talk).await {
        Err(_) => Some(Failure::new(Cause::TcpTimeout, format!("no greeting within {within:?}"))),
        Ok(Err(e)) => Some(classify::classify_greeting_error(&e)),
        Ok(Ok(bytes)) => {
            let banner = sanitize(&String::from_utf8_lossy(&bytes), 120);
            let is_greeting =
                if protocol == Protocol::Git { is_packet_line(&bytes) } else { is_ssh_banner(&bytes) };
            let failure = (!is_greeting)
                .then(|| Failure::new(Cause::Unknown, format!("not a {protocol} greeting: \"{banner}\"")));
            detail.banner = Some(banner);
            failure
        }
    };
    (detail, failure)
}

/// A request for a repository that does not exist: a git server answers with an error packet, which proves that it is
/// one. The format is that of gitprotocol-pack(5), "git transport".
fn encode_git_request(host: &str) -> Vec<u8> {
    let body = format!("git-upload-pack /arcprobe.git\0host={host}\0");
    format!("{:04x}{body}", body.len() + 4).into_bytes()
}

async fn read_greeting<S: AsyncRead + Unpin>(io: &mut S, protocol: Protocol) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 512];
    loop {
        let length = io.read(&mut buffer).await?;
        if length == 0 && bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..length]);
        // SSH servers may send other lines first (RFC 4253 4.2); a packet line may come in pieces
        let is_greeting =
            if protocol == Protocol::Git { is_packet_line(&bytes) } else { is_ssh_banner(&bytes) };
        let is_other = !is_greeting && !could_become_greeting(&bytes, protocol);
        let is_enough = bytes.len() >= MAX_GREETING_BYTES || is_greeting || is_other;
        if length == 0 || is_enough {
            return Ok(bytes);
        }
    }
}

/// Four hexadecimal digits of length, then as much content (gitprotocol-common(5)). Servers may also end at once with
/// a flush packet, `0000`.
fn is_packet_line(bytes: &[u8]) -> bool {
    let Some(digits) = bytes.get(..4).and_then(|d| std::str::from_utf8(d).ok()) else { return false };
    match usize::from_str_radix(digits, 16) {
        Ok(0) => true,
        Ok(length) => length >= 4 && bytes.len() >= length.min(MAX_GREETING_BYTES),
        Err(_) => false,
    }
}

/// Whether more bytes can still make a greeting of these. Answers of other protocols are told at once, not by a time-out.
fn could_become_greeting(bytes: &[u8], protocol: Protocol) -> bool {
    if protocol == Protocol::Git {
        return bytes.iter().take(4).all(u8::is_ascii_hexdigit);
    }
    !bytes.starts_with(b"HTTP/") && !bytes.starts_with(b"220")
}

/// RFC 4253 4.2; other lines may come before it.
fn is_ssh_banner(bytes: &[u8]) -> bool {
    let lines = bytes.split_inclusive(|&b| b == b'\n');
    lines.filter(|line| line.ends_with(b"\n")).any(|line| line.starts_with(b"SSH-"))
}

const MAX_GREETING_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_git_request_begins_with_its_length() {
        let request = encode_git_request("git.example");
        assert!(is_packet_line(&request));
        assert_eq!(
            usize::from_str_radix(std::str::from_utf8(&request[..4]).unwrap(), 16).unwrap(),
            request.len()
        );
    }

    #[test]
    fn greetings_are_recognized() {
        assert!(is_packet_line(b"0017ERR access denied\n\n"));
        assert!(is_packet_line(b"0000"));
        assert!(!is_packet_line(b"HTTP/1.1 400 Bad Request\r\n"));
        assert!(!is_packet_line(b"00"));
        assert!(is_ssh_banner(b"welcome\r\nSSH-2.0-OpenSSH_9.6\r\n"));
        assert!(!is_ssh_banner(b"HTTP/1.1 400\r\n"));
        assert!(!is_ssh_banner(b"SSH-2.0-Open"), "not complete yet");
        assert!(
            could_become_greeting(b"00", Protocol::Git) && !could_become_greeting(b"HTTP", Protocol::Git)
        );
        assert!(
            could_become_greeting(b"welcome\r\n", Protocol::Ssh)
                && !could_become_greeting(b"HTTP/1.1 400", Protocol::Ssh)
        );
    }
}
