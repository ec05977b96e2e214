//! The front: one listener that reads the ClientHello and behaves as the named host does.

use std::io;
use std::sync::Arc;

use arcprobe::loopback::tls::read_hello;
use rustls::server::Accepted;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::StartHandshake;

use super::response::{drip, flood};
use super::{App, LabState, http, tcp};

/// What a TLS server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::enum_variant_names, reason = "the word of the failure is tls_not_tls")]
pub(crate) enum Tls {
    /// Root, intermediate, leaf; TLS 1.2 and 1.3; `http/1.1`.
    Good,
    /// As good, with a leaf for a hundred more names, as content networks have them: the server's flight is over 3 kB.
    LargeChain,
    /// The leaf ended three days ago.
    Expired,
    /// The leaf begins in three days.
    NotYetValid,
    /// The leaf is for `other.example`.
    WrongName,
    /// Signed by an authority that is in no store; it is sent along.
    UnknownIssuer,
    /// The leaf is signed with its own key.
    SelfSigned,
    /// The intermediate is not sent; the leaf says where it could be fetched, and carries a proof of its entry in a public log.
    IncompleteChain,
    /// Signed by "Contoso Corporate Proxy CA", which is sent along.
    Intercepted,
    /// The same, with a proof of an entry in a public log, as a public root has it that is younger than our list.
    InterceptedAndLogged,
    /// Signed by an authority that is in no store and whose name holds orders for a terminal; it is sent along.
    HostileIssuer,
    /// Alert `handshake_failure` after the ClientHello.
    Alert,
    /// Alert `protocol_version`, as from a server that stops at TLS 1.1.
    OldVersion,
    /// Answers the ClientHello with an HTTP error in plain text.
    NotTls,
    /// Reads the ClientHello and says nothing.
    Stall,
    /// RST after the ClientHello.
    ResetAfterHello,
    /// RST after the first small ClientHello that comes to it, good to all others.
    ResetsFirstHello,
    /// RST after a ClientHello that offers TLS 1.3, good to all others.
    ResetsTls13,
    /// FIN after the ClientHello.
    CloseAfterHello,
    /// Its answers vanish unless the client asked for segments of at most about 600 bytes. (Linux; elsewhere: always.)
    SmallPath,
    /// Silent when the ClientHello is larger than 1,300 bytes.
    DropsLargeHello,
    /// The same, unless the client asked for segments of at most about 600 bytes. (Linux; elsewhere: always.)
    SmallPathForHellos,
    /// Wants a client certificate; in TLS 1.3 its absence is told only after the handshake.
    RequiresClientCertificate,
    /// A chain of ten megabytes.
    HugeChain,
    /// A leaf for a thousand more names, as large as one may be.
    ManyNames,
    /// Names with orders for a terminal and markup in subject, alternative names and issuer.
    HostileNames,
    /// Agrees on nothing but HTTP/2, which was not offered.
    OnlyHttp2,
    /// Messages of a handshake that claim to be as long as can be, without end.
    FloodsHandshake,
    /// Warnings without end.
    FloodsAlerts,
    /// A byte of a handshake every 200 ms.
    Drips,
}

const SMALL_SEGMENT: u32 = 600;
pub(super) const LARGE_HELLO: usize = 1300;

/// The beginning of a handshake message (a `ServerHello`) of almost 16 megabytes, and how it goes on.
const FIRST: &[u8] = b"\x16\x03\x03\x00\x10\x02\xff\xff\xff\x03\x03ABCDEFGHIJ";
const MORE: &[u8] = b"\x16\x03\x03\x00\x10ABCDEFGHIJKLMNOP";

const ALERT: u8 = 21;
const WARNING: u8 = 1;
const USER_CANCELED: u8 = 90;

const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;
const UNRECOGNIZED_NAME: u8 = 112;

const PLAIN_ANSWER: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\
                            Connection: close\r\n\r\nThis port speaks plain HTTP.\r\n";

pub(super) fn start(world: &Arc<LabState>) -> io::Result<u16> {
    let world = Arc::clone(world);
    tcp::serve_each(tcp::listen(1024)?, move |stream| front(Arc::clone(&world), stream, |layers| layers))
}

/// What the named host does may be changed by somebody in between.
pub(super) async fn front(world: Arc<LabState>, mut stream: TcpStream, change: fn((Tls, App)) -> (Tls, App)) {
    let Some((accepted, size)) = read_hello(&mut stream).await else { return tcp::close(stream).await };
    let name = accepted.client_hello().server_name().unwrap_or_default().to_ascii_lowercase();
    world.note(format!("tls {name} hello={size}"));
    world.delay().await;
    let Some((tls, app)) = world.serves(&name).and_then(super::Serves::layers).map(change) else {
        return say(stream, &alert(UNRECOGNIZED_NAME)).await;
    };
    match tls {
        Tls::Alert => say(stream, &alert(HANDSHAKE_FAILURE)).await,
        Tls::OldVersion => say(stream, &alert(PROTOCOL_VERSION)).await,
        Tls::NotTls => say(stream, PLAIN_ANSWER.as_bytes()).await,
        Tls::ResetAfterHello => tcp::reset(stream),
        Tls::ResetsFirstHello if size <= LARGE_HELLO && world.small_hellos(&name) == 1 => tcp::reset(stream),
        Tls::ResetsTls13 if offers_tls13(&accepted) => tcp::reset(stream),
        Tls::CloseAfterHello => tcp::close(stream).await,
        // a ServerHello of 16 megabytes in records of 16 bytes
        Tls::FloodsHandshake => flood(&mut stream, FIRST, MORE).await,
        Tls::FloodsAlerts => flood(&mut stream, &[], &[ALERT, 3, 3, 0, 2, WARNING, USER_CANCELED]).await,
        Tls::Drips => drip(&mut stream, &[FIRST, &MORE.repeat(100)].concat()).await,
        Tls::Stall => tcp::silence(stream).await,
        Tls::SmallPath if !has_small_segments(&stream) => tcp::silence(stream).await,
        Tls::SmallPathForHellos if size > LARGE_HELLO && !has_small_segments(&stream) => {
            tcp::silence(stream).await;
        }
        Tls::DropsLargeHello if size > LARGE_HELLO => tcp::silence(stream).await,
        _ => {
            // a client may ask for a name that no certificate can have
            let Ok(config) = world.ca.config(tls, &name) else {
                return say(stream, &alert(UNRECOGNIZED_NAME)).await;
            };
            let handshake = StartHandshake::from_parts(accepted, stream).into_stream(config);
            match handshake.into_fallible().await {
                Ok(stream) => http::serve(world, stream, &app, &name).await,
                // An alert was sent; a reset, because of a request that is on its way, would overtake it.
                Err((_, stream)) => tcp::close(stream).await,
            }
        }
    }
}

/// By its cipher suites, which TLS 1.3 has of its own (RFC 8446 B.4).
fn offers_tls13(accepted: &Accepted) -> bool {
    let hello = accepted.client_hello();
    hello.cipher_suites().iter().any(|suite| u16::from(*suite) >> 8 == 0x13)
}

fn has_small_segments(stream: &TcpStream) -> bool {
    tcp::max_segment(stream).is_ok_and(|size| size <= SMALL_SEGMENT)
}

/// A fatal alert in a record of TLS 1.2, which every client reads.
fn alert(description: u8) -> [u8; 7] {
    const FATAL: u8 = 2;
    [ALERT, 3, 3, 0, 2, FATAL, description]
}

/// Last words.
async fn say(mut stream: TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    tcp::close(stream).await;
}
