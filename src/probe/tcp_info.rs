//! What the kernel counts at a TCP connection. Linux says so over a socket of its own (`sock_diag(7)`), which needs neither a
//! privilege nor unsafe code.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// How many segments of ours were sent again on an open connection, without those that had arrived anyway.
pub(super) fn count_retransmissions(local: SocketAddr, peer: SocketAddr) -> Option<u32> {
    let mut socket =
        Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, Some(Protocol::from(NETLINK_SOCK_DIAG))).ok()?;
    socket.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
    socket.send(&build_request(local, peer)).ok()?;
    let mut answer = [0; 4096];
    let length = socket.read(&mut answer).ok()?;
    parse_answer(&answer[..length])
}

/// A message of netlink with one question of `inet_diag` (`linux/inet_diag.h`): this connection, with its `tcp_info`.
fn build_request(local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
    let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
    let address = |at: SocketAddr| {
        let mut bytes = match at.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        bytes.resize(16, 0);
        bytes
    };
    let body = [
        vec![family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0],
        u32::MAX.to_ne_bytes().to_vec(), // any state
        local.port().to_be_bytes().to_vec(),
        peer.port().to_be_bytes().to_vec(),
        address(local),
        address(peer),
        0_u32.to_ne_bytes().to_vec(), // any interface
        vec![0xff; 8],                // no cookie
    ]
    .concat();
    let length = u32::try_from(HEADER_BYTES + body.len()).unwrap_or_default();
    let header = [
        length.to_ne_bytes().to_vec(),
        SOCK_DIAG_BY_FAMILY.to_ne_bytes().to_vec(),
        NLM_F_REQUEST.to_ne_bytes().to_vec(),
        vec![0; 8],
    ]
    .concat();
    [header, body].concat()
}

/// Finds `tcp_info` among the attributes of the answer.
fn parse_answer(answer: &[u8]) -> Option<u32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    if kind != SOCK_DIAG_BY_FAMILY {
        return None;
    }
    let mut rest = answer.get(HEADER_BYTES + INET_DIAG_MSG_BYTES..)?;
    loop {
        let length = usize::from(u16::from_ne_bytes(rest.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?);
        let value = rest.get(4..length)?;
        if kind == u16::from(INET_DIAG_INFO) {
            let field = |at: usize| {
                value.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes)
            };
            return Some(field(TOTAL_RETRANS).saturating_sub(field(DSACK_DUPS)));
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const INET_DIAG_INFO: u8 = 2;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const HEADER_BYTES: usize = 16;
const INET_DIAG_MSG_BYTES: usize = 72;
/// Places in `tcp_info` (`linux/tcp.h`); fields are only ever added behind.
const TOTAL_RETRANS: usize = 100;
const DSACK_DUPS: usize = 216;

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn an_open_connection_without_loss_has_no_retransmissions() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(at) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (local, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
            assert_eq!(count_retransmissions(local, peer), Some(0), "{at}");
            drop(client);
            assert_eq!(count_retransmissions(local, "127.0.0.1:1".parse().unwrap()), None);
        }
    }

    #[test]
    fn answers_that_are_cut_or_foreign_say_nothing() {
        let mut answer = vec![0; HEADER_BYTES + INET_DIAG_MSG_BYTES];
        assert_eq!(parse_answer(&answer), None);
        answer[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        assert_eq!(parse_answer(&answer), None);
        answer.extend([0; 4]); // an attribute without a length
        assert_eq!(parse_answer(&answer), None);
        answer.truncate(HEADER_BYTES + INET_DIAG_MSG_BYTES);
        let mut info = vec![0; TOTAL_RETRANS];
        info.extend(7_u32.to_ne_bytes());
        let length = u16::try_from(info.len() + 4).unwrap();
        answer.extend(length.to_ne_bytes());
        answer.extend(u16::from(INET_DIAG_INFO).to_ne_bytes());
        answer.extend(info);
        assert_eq!(parse_answer(&answer), Some(7));
    }
}
