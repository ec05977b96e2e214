//! One question to one DNS server as the C library, musl and Go ask: over UDP, and over TCP only where the answer is
//! truncated. Where UDP stays silent, TCP is tried as a second look that explains and does not count.
//!
//! The datagram is sent on a *connected* socket of its own: so a dead server shows at once (ICMP port unreachable), many
//! questions at a time do not overrun one receive buffer, and nobody else's datagram can be taken for an answer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::model::evidence::{Cause, DnsQuery, DnsRecordType, DnsTransport, Failure};
use crate::probe::descriptors;
use crate::probe::resolve::system::QueryOptions;

/// What a server said to one question.
#[derive(Clone, Debug)]
pub(crate) struct DnsAnswer {
    pub(super) query: DnsQuery,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) cnames: Vec<String>,
    /// `None` when addresses came.
    pub(super) failure: Option<Failure>,
}

impl DnsAnswer {
    /// An answer in which the server itself said something, be it "no".
    pub(super) fn is_from_server(&self) -> bool {
        self.query.rcode.is_some()
    }

    /// No answer, and not for want of a server: something on this machine.
    pub(super) fn is_local_failure(&self) -> bool {
        !self.is_from_server() && self.failure.as_ref().is_some_and(|f| f.cause == Cause::Unknown)
    }

    /// An answer that another server would not improve.
    pub(super) fn is_final(&self) -> bool {
        match &self.failure {
            None => true,
            Some(f) => matches!(f.cause, Cause::DnsNxdomain | Cause::DnsNoData),
        }
    }
}

/// Asks until there is an answer or `timeout` has passed; over TCP alone where the system is set so (`use-vc`).
pub(super) async fn send_query(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    options: QueryOptions,
    timeout: Duration,
) -> DnsAnswer {
    let started = Instant::now();
    let question = DnsQuestion { server, name, kind, options, deadline: started + timeout };
    let mut answer = match options.transport {
        DnsTransport::Udp => question.ask_udp_first(timeout).await,
        DnsTransport::Tcp => question.read_tcp_answer(question.query_tcp().await, timeout),
    };
    answer.query.server = server;
    answer.query.kind = record_type(kind);
    answer.query.took = started.elapsed();
    answer
}

fn record_type(kind: RecordType) -> DnsRecordType {
    if kind == RecordType::AAAA { DnsRecordType::Aaaa } else { DnsRecordType::A }
}

pub(crate) struct DnsQuestion<'a> {
    pub(crate) server: SocketAddr,
    pub(crate) name: &'a Name,
    pub(crate) kind: RecordType,
    pub(crate) options: QueryOptions,
    pub(crate) deadline: Instant,
}

/// Why no answer came.
enum QueryError {
    Timeout { stray: usize },
    Io(io::Error),
}

impl QueryError {
    fn to_failure(&self, server: SocketAddr, timeout: Duration) -> Failure {
        match self {
            Self::Timeout { stray: 0 } => {
                Failure::new(Cause::DnsTimeout, format!("{server} sent nothing for {timeout:?}"))
            }
            Self::Timeout { stray } => Failure::new(
                Cause::DnsTimeout,
                format!("{server} sent {stray} datagrams that are no answer to the question"),
            ),
            Self::Io(e) => Failure::new(classify_io_error(e), format!("{server}: {e}")),
        }
    }
}

fn classify_io_error(error: &io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::AddrNotAvailable => Cause::DnsUnreachable,
        io::ErrorKind::TimedOut => Cause::DnsTimeout,
        _ => Cause::Unknown,
    }
}

impl DnsQuestion<'_> {
    /// Over UDP, and over TCP where the answer is truncated. A UDP that stays silent has failed, whatever TCP answers.
    async fn ask_udp_first(&self, timeout: Duration) -> DnsAnswer {
        let tcp_at = Instant::now() + timeout.mul_f64(TCP_FRACTION);
        let late_tcp = async {
            sleep_until(tcp_at).await;
            self.query_tcp().await.is_ok()
        };
        let udp = self.query_udp();
        tokio::pin!(udp, late_tcp);
        let mut answers_over_tcp = None;
        let over_udp = loop {
            tokio::select! {
                got = &mut udp => break got,
                answers = &mut late_tcp, if answers_over_tcp.is_none() => answers_over_tcp = Some(answers),
            }
        };
        match over_udp {
            Ok(message) if message.metadata.truncation => {
                let mut answer = self.read_tcp_answer(self.query_tcp().await, timeout);
                answer.query.truncated = true;
                // over TCP it may have said nothing, or something else
                answer.query.rcode.get_or_insert_with(|| rcode_name(message.metadata.response_code));
                answer
            }
            Ok(message) => read_answer(&message, self.name, self.kind),
            Err(trouble) => {
                let mut answer = DnsAnswer::from_failure(trouble.to_failure(self.server, timeout));
                answer.query.answers_over_tcp = answers_over_tcp == Some(true);
                answer
            }
        }
    }

    fn read_tcp_answer(&self, got: io::Result<Message>, timeout: Duration) -> DnsAnswer {
        let mut answer = match got {
            Ok(message) => read_answer(&message, self.name, self.kind),
            Err(e) => DnsAnswer::from_failure(QueryError::Io(e).to_failure(self.server, timeout)),
        };
        if let Some(failure) = answer.failure.as_mut().filter(|_| answer.query.rcode.is_none()) {
            failure.raw = format!("over TCP {}", failure.raw);
        }
        answer.query.transport = DnsTransport::Tcp;
        answer
    }

    async fn query_udp(&self) -> Result<Message, QueryError> {
        let any: IpAddr =
            if self.server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let patience = self.deadline.saturating_duration_since(Instant::now());
        let bind_socket = || {
            let address = SocketAddr::new(any, 0);
            let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
            socket.bind(&address.into())?;
            socket.set_nonblocking(true)?;
            UdpSocket::from_std(socket.into())
        };
        let socket = descriptors::open_with_retry(patience, bind_socket).await.map_err(QueryError::Io)?;
        socket.connect(self.server).await.map_err(QueryError::Io)?;
        let message = self.build_message(self.options.edns);
        socket.send(&encode_message(&message)?).await.map_err(QueryError::Io)?;
        self.receive_answer(&socket, message.metadata.id).await
    }

    async fn receive_answer(&self, socket: &UdpSocket, id: u16) -> Result<Message, QueryError> {
        let sent = Instant::now();
        let left = self.deadline.saturating_duration_since(sent);
        let resends = RESEND_AFTER.iter().take(self.options.resends);
        let mut resends = resends.map(|&after| sent + after.min(left.mul_f64(LATEST_RESEND_FRACTION)));
        let mut has_edns = self.options.edns;
        let mut resend_at = resends.next();
        let mut buffer = vec![0_u8; 4096];
        let mut stray = 0;
        loop {
            let until = resend_at.unwrap_or(self.deadline).min(self.deadline);
            match timeout_at(until, socket.recv(&mut buffer)).await {
                Err(_) if resend_at.is_some() => {
                    resend_at = resends.next();
                    self.resend_without_edns(socket, id).await?;
                }
                Err(_) => return Err(QueryError::Timeout { stray }),
                Ok(Err(e)) => return Err(QueryError::Io(e)),
                Ok(Ok(length)) => match self.parse_answer(&buffer[..length], id) {
                    Some(message) if refuses_edns(&message) && std::mem::take(&mut has_edns) => {
                        self.resend_without_edns(socket, id).await?;
                    }
                    Some(message) => return Ok(message),
                    None if stray == MAX_STRAY_DATAGRAMS => return Err(QueryError::Timeout { stray }),
                    None => stray += 1,
                },
            }
        }
    }

    async fn resend_without_edns(&self, socket: &UdpSocket, id: u16) -> Result<(), QueryError> {
        let mut message = self.build_message(false);
        message.metadata.id = id;
        socket.send(&encode_message(&message)?).await.map(|_| ()).map_err(QueryError::Io)
    }

    /// RFC 7766: two bytes of length before each message.
    async fn query_tcp(&self) -> io::Result<Message> {
        let exchange = async {
            let new = if self.server.is_ipv4() { TcpSocket::new_v4 } else { TcpSocket::new_v6 };
            let patience = self.deadline.saturating_duration_since(Instant::now());
            let mut stream = descriptors::open_with_retry(patience, new).await?.connect(self.server).await?;
            let message = self.build_message(self.options.edns);
            let bytes = message.to_vec().map_err(io::Error::other)?;
            let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
            stream.write_all(&[&length.to_be_bytes()[..], &bytes].concat()).await?;
            let mut buffer = vec![0_u8; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut buffer).await?;
            self.parse_answer(&buffer, message.metadata.id)
                .ok_or_else(|| io::Error::other("not an answer to the question"))
        };
        timeout_at(self.deadline, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn build_message(&self, with_edns: bool) -> Message {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), self.kind));
        if with_edns {
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_PAYLOAD);
            message.edns = Some(edns);
        }
        message
    }

    /// An answer counts only with our id and our question (RFC 5452); names compare without case.
    pub(crate) fn parse_answer(&self, bytes: &[u8], id: u16) -> Option<Message> {
        let message = Message::from_vec(bytes).ok()?;
        let ours = message.metadata.id == id
            && message.metadata.message_type == MessageType::Response
            && message.queries.iter().all(|q| q.name == *self.name && q.query_type == self.kind);
        ours.then_some(message)
    }
}

fn encode_message(message: &Message) -> Result<Vec<u8>, QueryError> {
    message.to_vec().map_err(|e| QueryError::Io(io::Error::other(e)))
}

fn refuses_edns(message: &Message) -> bool {
    matches!(message.metadata.response_code, ResponseCode::FormErr | ResponseCode::NotImp)
}

impl DnsAnswer {
    /// Says whose time-out it was.
    pub(super) fn blame_options(&mut self) {
        if let Some(failure) = self.failure.as_mut().filter(|f| f.cause == Cause::DnsTimeout) {
            failure.raw.push_str(" (timeout and attempts in resolv.conf)");
        }
    }

    /// No answer within a time that is shorter than the time-out, while another question was answered.
    pub(super) fn from_silence(server: SocketAddr, kind: RecordType, waited: Duration) -> Self {
        let failure = Failure::new(Cause::DnsTimeout, format!("{server} sent nothing for {waited:?}"));
        let mut answer = Self::from_failure(failure);
        (answer.query.server, answer.query.kind, answer.query.took) = (server, record_type(kind), waited);
        answer
    }

    fn from_failure(failure: Failure) -> Self {
        let query = DnsQuery {
            kind: DnsRecordType::A,
            server: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            transport: DnsTransport::Udp,
            rcode: None,
            cause: Some(failure.cause),
            answers: 0,
            truncated: false,
            answers_over_tcp: false,
            took: Duration::ZERO,
        };
        Self { query, addresses: Vec::new(), cnames: Vec::new(), failure: Some(failure) }
    }
}

/// Follows the aliases from the name that was asked and collects the addresses at their end.
pub(crate) fn read_answer(message: &Message, name: &Name, kind: RecordType) -> DnsAnswer {
    let mut owner = name.clone();
    let mut answer = DnsAnswer::from_failure(Failure::new(Cause::DnsNoData, "no address in the answer"));
    for _ in 0..MAX_ALIASES {
        let next = message.answers.iter().find_map(|r| match &r.data {
            RData::CNAME(target) if r.name == owner => Some(target.0.clone()),
            _ => None,
        });
        let Some(target) = next else { break };
        answer.cnames.push(target.to_ascii().trim_end_matches('.').to_ascii_lowercase());
        owner = target;
    }
    answer.addresses = message
        .answers
        .iter()
        .filter(|r| r.name == owner)
        .filter_map(|r| match &r.data {
            RData::A(a) if kind == RecordType::A => Some(IpAddr::V4(a.0)),
            RData::AAAA(a) if kind == RecordType::AAAA => Some(IpAddr::V6(a.0)),
            _ => None,
        })
        .take(MAX_ADDRESSES)
        .collect();
    answer.failure = classify_rcode(message.metadata.response_code, !answer.addresses.is_empty());
    if let Some(failure) = answer.failure.as_mut().filter(|f| f.cause == Cause::DnsNoData) {
        if message.metadata.truncation {
            // what was cut off may well have been the addresses
            *failure = Failure::new(Cause::Unknown, "the answer is cut, and over TCP there is no whole one");
        } else if answer.cnames.len() == MAX_ALIASES {
            *failure = Failure::new(Cause::DnsNoData, format!("no address behind {MAX_ALIASES} aliases"));
        }
    }
    answer.query.rcode = Some(rcode_name(message.metadata.response_code));
    answer.query.cause = answer.failure.as_ref().map(|f| f.cause);
    answer.query.answers = answer.addresses.len();
    answer
}

fn classify_rcode(rcode: ResponseCode, has_addresses: bool) -> Option<Failure> {
    let cause = match rcode {
        ResponseCode::NoError if has_addresses => return None,
        ResponseCode::NoError => Cause::DnsNoData,
        ResponseCode::NXDomain => Cause::DnsNxdomain,
        ResponseCode::ServFail => Cause::DnsServfail,
        ResponseCode::Refused => Cause::DnsRefused,
        _ => Cause::Unknown,
    };
    Some(Failure::new(cause, format!("the server answered {}", rcode_name(rcode))))
}

/// The mnemonics of the IANA registry, as dig prints them.
fn rcode_name(rcode: ResponseCode) -> String {
    match rcode {
        ResponseCode::NoError => "NOERROR".into(),
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::NXDomain => "NXDOMAIN".into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        ResponseCode::Refused => "REFUSED".into(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

/// The receive buffer that we offer: fits an unfragmented packet on every common path (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// When the question is sent again, without EDNS, which some middleboxes drop: unless `attempts` forbids it. The first time soon: many names at a time
/// make bursts that small resolvers lose answers of.
const RESEND_AFTER: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(1200)];

/// Of a phase's time-out: no resend later than this.
const LATEST_RESEND_FRACTION: f64 = 0.4;

/// Of a phase's time-out: when a silent UDP is compared with TCP.
const TCP_FRACTION: f64 = 0.5;

/// How many foreign or broken datagrams are read before the server is given up.
const MAX_STRAY_DATAGRAMS: usize = 64;

/// Longer chains are loops.
pub(crate) const MAX_ALIASES: usize = 16;

/// How many addresses of one family are kept.
pub(crate) const MAX_ADDRESSES: usize = 16;
