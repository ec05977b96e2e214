//! The resolver, over UDP: short answers need no TCP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::proto::op::{Edns, Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::{Fault, Faults};

const TTL: u32 = 60;

pub(super) fn start(faults: Arc<Faults>) -> io::Result<SocketAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    socket.set_nonblocking(true)?;
    tokio::spawn(serve(faults, UdpSocket::from_std(socket)?));
    Ok(address)
}

async fn serve(faults: Arc<Faults>, socket: UdpSocket) {
    let mut datagram = [0; 4096];
    loop {
        // Receiving fails when a client that was answered has gone away meanwhile.
        let Ok((length, from)) = socket.recv_from(&mut datagram).await else { continue };
        if let Some(answer) = answer_question(&faults, &datagram[..length]) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// `None` for what is not a question.
fn answer_question(faults: &Faults, question: &[u8]) -> Option<Vec<u8>> {
    let request = Message::from_vec(question).ok()?;
    let query = request.queries.first()?;
    let name = query.name().to_ascii().to_ascii_lowercase();
    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata.recursion_desired = request.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    response.add_query(query.clone());
    if faults.get(name.trim_end_matches('.')) == Some(&Fault::NoSuchName) {
        response.metadata.response_code = ResponseCode::NXDomain;
    } else if query.query_type() == RecordType::A {
        let address = RData::A(A(Ipv4Addr::LOCALHOST));
        response.add_answer(Record::from_rdata(query.name().clone(), TTL, address));
    }
    response.edns = request.edns.is_some().then(Edns::new);
    response.to_vec().ok()
}
