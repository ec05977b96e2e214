//! What a server's message comes to.

use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::time::Instant;

use super::{Answer, Ipv4Addr, Question, SocketAddr, read};

/// Reads a message as the answer to a question about this name; it has the id that was sent, whatever that is.
pub(in crate::probe::resolve) fn answer(bytes: &[u8], name: &Name, kind: RecordType) -> Option<Answer> {
    let id = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
    let question = Question { server, name, kind, deadline: Instant::now() };
    question.accept(bytes, id).map(|message| read(&message, name, kind))
}
