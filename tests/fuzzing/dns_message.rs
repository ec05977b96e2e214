//! What a server's message comes to.

use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::time::Instant;

use super::{DnsAnswer, DnsQuestion, Ipv4Addr, SocketAddr, read_answer};

/// Reads a message as the answer to a question about this name; it has the id that was sent, whatever that is.
pub(in crate::probe::resolve) fn parse_as_answer(
    bytes: &[u8],
    name: &Name,
    kind: RecordType,
) -> Option<DnsAnswer> {
    let id = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
    let question = DnsQuestion { server, name, kind, deadline: Instant::now() };
    question.parse_answer(bytes, id).map(|message| read_answer(&message, name, kind))
}
