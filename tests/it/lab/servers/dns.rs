//! The resolver, over UDP and TCP on one port. Messages are put together here, so that they can be wrong.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::proto::op::{Edns, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use socket2::Socket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::response::drip;
use super::{HOSTILE, LabState, MARKUP, Resolver, tcp};

/// What the resolver says about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dns {
    /// 127.0.0.1.
    Loopback,
    /// These, each for the question of its family.
    Addresses(Vec<IpAddr>),
    /// No such name.
    Nxdomain,
    /// The name has no addresses.
    NoData,
    /// SERVFAIL.
    Servfail,
    /// REFUSED.
    Refused,
    /// Nothing.
    Silent,
    /// A chain of aliases, at the end of it 127.0.0.1.
    Cname(Vec<String>),
    /// An alias to this name, which does not exist (true), or has no address.
    DeadAlias(&'static str, bool),
    /// Two aliases that lead to each other, and nothing else.
    CnameLoop,
    /// A chain of this many aliases with names as long as can be, at the end of it 127.0.0.1.
    LongChain(usize),
    /// A chain of this many aliases with short names, at the end of it 127.0.0.1; truncated over UDP where it is long.
    Aliases(usize),
    /// The address of another name, as answer to our question.
    OtherName,
    /// Another question and its answer, with our id.
    OtherQuestion,
    /// A name that is a pointer to itself (RFC 1035 4.1.4).
    PointerLoop,
    /// 50 kB of texts and no address; truncated over UDP.
    GiantText,
    /// 3,500 addresses, 127.0.0.1 first; truncated over UDP.
    ManyAddresses,
    /// Truncated and empty, over TCP too.
    CutForever,
    /// Truncated over UDP; over TCP a byte every 200 ms.
    Drips,
    /// Thousands of answers with a wrong id for each question.
    Floods,
    /// An alias and nothing else, with orders for a terminal and markup in its name.
    HostileAlias,
    /// An answer that belongs to another question, as from somebody who guesses.
    WrongId,
    /// Bytes that are not DNS.
    Garbage,
    /// 300 addresses, 127.0.0.1 first; truncated over UDP.
    HugeAnswer,
    /// 0.0.0.0.
    Sinkhole,
    /// 10.1.2.3. Nobody in the lab is there.
    Private,
    /// 127.0.0.1 and an IPv6 address in the range that is to be discarded.
    PlusUnroutableV6,
}

const TTL: u32 = 60;
const GARBAGE: &[u8] = b"\x13\x37lorem ipsum dolor sit amet";
/// What a question without EDNS can take.
const SMALL_DATAGRAM: u16 = 512;
/// How often [`Dns::Floods`] answers.
const FLOOD: usize = 5000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

pub(super) fn start(world: &Arc<LabState>, held: &mut Vec<Socket>) -> io::Result<SocketAddr> {
    let (tcp, udp) = one_port()?;
    let address = tcp::address(&tcp)?;
    if world.options.resolver == Resolver::Dead {
        // Both take the port and refuse: TCP is bound without listening, UDP is connected to nobody but itself.
        udp.connect(address)?;
        held.extend([tcp, udp.into()]);
        return Ok(address);
    }
    tcp.listen(128)?;
    let for_tcp = Arc::clone(world);
    tcp::serve_each(tcp.into(), move |stream| serve_tcp(Arc::clone(&for_tcp), stream))?;
    udp.set_nonblocking(true)?;
    tokio::spawn(serve_udp(Arc::clone(world), UdpSocket::from_std(udp)?));
    Ok(address)
}

/// A port that is free in one protocol can be taken in the other.
fn one_port() -> io::Result<(Socket, std::net::UdpSocket)> {
    for _ in 0..100 {
        let tcp = tcp::bound()?;
        if let Ok(udp) = std::net::UdpSocket::bind(tcp::address(&tcp)?) {
            return Ok((tcp, udp));
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no port is free in UDP and TCP"))
}

async fn serve_udp(world: Arc<LabState>, socket: UdpSocket) {
    let socket = Arc::new(socket);
    let mut to_lose = match world.options.resolver {
        Resolver::LosesFirst(count) => count,
        _ => 0,
    };
    let mut datagram = [0; 4096];
    loop {
        // Receiving fails when a client that was answered has gone away meanwhile.
        let Ok((length, from)) = socket.recv_from(&mut datagram).await else { continue };
        if to_lose > 0 {
            to_lose -= 1;
            continue;
        }
        let (world, socket, question) =
            (Arc::clone(&world), Arc::clone(&socket), datagram[..length].to_vec());
        tokio::spawn(async move {
            world.delay().await;
            if let Some(answer) = answer(&world, &question, Transport::Udp) {
                let floods = asked(&world, &question) == Some(Dns::Floods);
                for _ in 0..if floods { FLOOD } else { 1 } {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
    }
}

/// Questions and answers, each after its length.
async fn serve_tcp(world: Arc<LabState>, mut stream: TcpStream) {
    while let Ok(length) = stream.read_u16().await {
        let mut question = vec![0; usize::from(length)];
        if stream.read_exact(&mut question).await.is_err() {
            return;
        }
        world.delay().await;
        let Some(answer) = answer(&world, &question, Transport::Tcp) else { continue };
        if asked(&world, &question) == Some(Dns::Drips) {
            return drip(&mut stream, &[0xff; 1000]).await;
        }
        let Ok(length) = u16::try_from(answer.len()) else { return };
        if stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await.is_err() {
            return;
        }
    }
}

/// What is said about the name in question.
fn asked(world: &LabState, question: &[u8]) -> Option<Dns> {
    let request = Message::from_vec(question).ok()?;
    let name = request.queries.first()?.name().to_ascii();
    Some(world.dns(name.trim_end_matches('.')))
}

/// `None` is silence, also for what is not a question.
fn answer(world: &LabState, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let request = Message::from_vec(question).ok()?;
    let query = request.queries.first()?;
    let name = query.name().to_ascii().to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    let over = if transport == Transport::Udp { "udp" } else { "tcp" };
    world.note(format!("dns {over} {} {name}", query.query_type()));

    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata.recursion_desired = request.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    response.add_query(query.clone());
    match world.options.resolver {
        Resolver::Silent => return None,
        Resolver::Echoes => return request.to_vec().ok(),
        Resolver::RefusesAll => response.metadata.response_code = ResponseCode::Refused,
        Resolver::ServfailAll => response.metadata.response_code = ResponseCode::ServFail,
        Resolver::FailsIpv6(None) if query.query_type() == RecordType::AAAA => return None,
        Resolver::FailsIpv6(Some(code)) if query.query_type() == RecordType::AAAA => {
            response.metadata.response_code = code;
        }
        Resolver::NoEdns if request.edns.is_some() => {
            response.metadata.response_code = ResponseCode::FormErr;
            return response.to_vec().ok();
        }
        _ => match world.dns(name) {
            Dns::Silent => return None,
            Dns::Garbage => return Some(GARBAGE.to_vec()),
            Dns::PointerLoop => return Some(pointer_loop(question)),
            dns => fill(&mut response, query, &dns, world.options.address),
        },
    }
    let cut = matches!(world.dns(name), Dns::CutForever | Dns::Drips);
    response.metadata.truncation = cut;
    response.edns = request.edns.is_some().then(Edns::new);
    if transport == Transport::Udp {
        let most = request.edns.map_or(SMALL_DATAGRAM, |edns| edns.max_payload().max(SMALL_DATAGRAM));
        truncate(&mut response, usize::from(most), world.options.resolver == Resolver::TruncatesUdp);
    }
    response.to_vec().ok()
}

fn truncate(response: &mut Message, most: usize, always: bool) {
    if always || response.to_vec().is_ok_and(|bytes| bytes.len() > most) {
        response.answers.clear();
        response.metadata.truncation = true;
    }
}

fn fill(response: &mut Message, query: &Query, dns: &Dns, instead: Option<Ipv4Addr>) {
    let mut owner = query.name().clone();
    match dns {
        Dns::Nxdomain => response.metadata.response_code = ResponseCode::NXDomain,
        Dns::Servfail => response.metadata.response_code = ResponseCode::ServFail,
        Dns::Refused => response.metadata.response_code = ResponseCode::Refused,
        Dns::WrongId | Dns::Floods => response.metadata.id ^= 0x5555,
        Dns::OtherName => owner = named("other.lab.example."),
        Dns::OtherQuestion => {
            owner = named("other.lab.example.");
            response.queries = vec![Query::query(owner.clone(), query.query_type())];
        }
        Dns::HostileAlias => {
            let label = |text: &str| text.as_bytes()[..text.len().min(63)].to_vec();
            let target = Name::from_labels([label(HOSTILE), label(MARKUP), b"example".to_vec()]);
            let target = target.expect("labels of 63 bytes at most");
            response.add_answer(Record::from_rdata(owner.clone(), TTL, RData::CNAME(CNAME(target))));
        }
        Dns::GiantText => {
            let text = || RData::TXT(TXT::new(vec!["x".repeat(250)]));
            response.add_answers((0..200).map(|_| Record::from_rdata(owner.clone(), TTL, text())));
        }
        Dns::Aliases(length) => {
            for number in 0..*length {
                let target = named(&format!("{number}.example."));
                let data = RData::CNAME(CNAME(target.clone()));
                response.add_answer(Record::from_rdata(std::mem::replace(&mut owner, target), TTL, data));
            }
        }
        Dns::Cname(chain) => {
            for alias in chain {
                let target = named(&(alias.trim_end_matches('.').to_owned() + "."));
                let data = RData::CNAME(CNAME(target.clone()));
                response.add_answer(Record::from_rdata(std::mem::replace(&mut owner, target), TTL, data));
            }
        }
        Dns::DeadAlias(target, is_missing) => {
            let data = RData::CNAME(CNAME(named(&format!("{target}."))));
            response.add_answer(Record::from_rdata(owner.clone(), TTL, data));
            if *is_missing {
                response.metadata.response_code = ResponseCode::NXDomain;
            }
        }
        Dns::CnameLoop => {
            let away = named("away.lab.example.");
            let data = |to: &Name| RData::CNAME(CNAME(to.clone()));
            response.add_answer(Record::from_rdata(owner.clone(), TTL, data(&away)));
            response.add_answer(Record::from_rdata(away, TTL, data(&owner)));
        }
        Dns::LongChain(length) => {
            for number in 0..*length {
                let labels = format!("{}.", "x".repeat(60)).repeat(3);
                let target = named(&format!("{number}.{labels}example."));
                let data = RData::CNAME(CNAME(target.clone()));
                response.add_answer(Record::from_rdata(std::mem::replace(&mut owner, target), TTL, data));
            }
        }
        _ => {}
    }
    for address in addresses(dns) {
        let address =
            instead.map(IpAddr::V4).filter(|_| address == IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap_or(address);
        let (family, data) = match address {
            IpAddr::V4(v4) => (RecordType::A, RData::A(A(v4))),
            IpAddr::V6(v6) => (RecordType::AAAA, RData::AAAA(AAAA(v6))),
        };
        if family == query.query_type() {
            response.add_answer(Record::from_rdata(owner.clone(), TTL, data));
        }
    }
}

/// A name that the lab itself, or whoever set it up, gives to aliases.
fn named(text: &str) -> Name {
    Name::from_ascii(text).expect("aliases are names")
}

/// The question comes back with one answer, whose name begins where it stands itself.
fn pointer_loop(question: &[u8]) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] |= 0x80; // a response
    answer[6..8].copy_from_slice(&1_u16.to_be_bytes());
    answer[10..12].copy_from_slice(&0_u16.to_be_bytes());
    // the question of the lab's clients has nothing behind it but EDNS, 11 bytes
    let at = if question[11] == 1 { question.len() - 11 } else { question.len() };
    answer.truncate(at);
    let pointer = 0xc000 | u16::try_from(at).unwrap_or(u16::MAX);
    answer.extend(pointer.to_be_bytes());
    answer.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    answer
}

fn addresses(dns: &Dns) -> Vec<IpAddr> {
    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// RFC 6666.
    const DISCARDED: IpAddr = IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1));
    match dns {
        Dns::Addresses(list) => list.clone(),
        Dns::Loopback
        | Dns::Cname(_)
        | Dns::LongChain(_)
        | Dns::Aliases(_)
        | Dns::OtherName
        | Dns::OtherQuestion
        | Dns::Floods
        | Dns::WrongId => vec![LOOPBACK],
        Dns::PlusUnroutableV6 => vec![LOOPBACK, DISCARDED],
        Dns::Sinkhole => vec![Ipv4Addr::UNSPECIFIED.into()],
        Dns::Private => vec![Ipv4Addr::new(10, 1, 2, 3).into()],
        Dns::ManyAddresses => {
            let others = (1..3500_u32).map(|n| IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + n)));
            std::iter::once(LOOPBACK).chain(others).collect()
        }
        Dns::HugeAnswer => {
            let others = (0..=255).map(|low| [127, 0, 1, low]).chain((0..43).map(|low| [127, 0, 2, low]));
            std::iter::once(LOOPBACK).chain(others.map(IpAddr::from)).collect()
        }
        Dns::Nxdomain
        | Dns::NoData
        | Dns::Servfail
        | Dns::Refused
        | Dns::Silent
        | Dns::Garbage
        | Dns::PointerLoop
        | Dns::GiantText
        | Dns::CutForever
        | Dns::Drips
        | Dns::HostileAlias
        | Dns::DeadAlias(..)
        | Dns::CnameLoop => Vec::new(),
    }
}
