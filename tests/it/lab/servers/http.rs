//! HTTP/1.1 answers, good and bad, over TLS or plain. Written by hand: no library lets one misbehave.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};

use super::response::{drip, flood, head, response, send};
use super::tcp::{self, Io};
use super::{App, LabState, WebSocket, websocket};
use arcprobe::loopback::request::Request;

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Http {
    /// This status and a short text.
    Status(u16),
    /// This status and body, as JSON.
    Json(u16, String),
    /// 302 to this location.
    Redirect(String),
    /// 403 with the page of a filter product.
    BlockPage,
    /// Status, headers and body as given; `Date` and `Content-Length` are added.
    Custom(u16, Vec<(String, String)>, String),
    /// The first of these whose path a request begins with; 404 to all others.
    Paths(Vec<(String, Self)>),
    /// To each request of the host the next of these; the last one stays.
    InTurn(Vec<Self>),
    /// Nothing.
    Silent,
    /// RST.
    ResetAfterRequest,
    /// FIN.
    CloseAfterRequest,
    /// Bytes that are not HTTP.
    Garbage,
    /// A megabyte of headers.
    HugeHeaders,
    /// A body that does not end.
    EndlessBody,
    /// A byte of the answer every 200 ms.
    SlowDrip,
    /// This answer, after a while.
    Late(Duration, Box<Self>),
    /// The first to a client that sends `Connection: close`, the second to all others.
    ToClosing(Box<Self>, Box<Self>),
    /// These bytes as they are, then FIN.
    Raw(Vec<u8>),
    /// The first bytes once, the second ones without end.
    Flood(&'static str, &'static str),
}

impl Http {
    fn at(&self, path: &str, turn: usize) -> &Self {
        match self {
            Self::Paths(paths) => {
                let found = paths.iter().find(|(start, _)| path.starts_with(start.as_str()));
                found.map_or(&Self::Status(404), |(_, behaviour)| behaviour)
            }
            Self::InTurn(each) => each.get(turn).or(each.last()).unwrap_or(&Self::Status(404)),
            _ => self,
        }
    }

    async fn when_due(&self) -> &Self {
        let Self::Late(after, then) = self else { return self };
        tokio::time::sleep(*after).await;
        then
    }
}

/// What shows that a service of the lab answered, as the services of Azure have it.
const SERVICE_MARK: (&str, &str) = ("X-Ms-Request-Id", "3f2504e0-4f89-11d3-9a0c-0305e82c3301");

const BLOCK_PAGE: &str = "<html><head><title>Access Denied</title></head><body><h1>Website blocked</h1>\
    <p>Your organization's Zscaler policy does not allow this site.</p></body></html>";

/// A listener without TLS.
pub(super) fn start(world: &Arc<LabState>, name: &str, behaviour: Http) -> io::Result<u16> {
    let (world, name, app) = (Arc::clone(world), name.to_owned(), App::Http(behaviour));
    tcp::serve_each(tcp::listen(128)?, move |stream| {
        let (world, name, app) = (Arc::clone(&world), name.clone(), app.clone());
        async move { serve(world, stream, &app, &name).await }
    })
}

/// Answers requests until one of the answers, or the client, ends the connection.
pub(super) async fn serve(world: Arc<LabState>, io: impl Io, app: &App, name: &str) {
    let mut io = BufReader::new(io);
    loop {
        let Some(request) = Request::read(&mut io).await else {
            let _ = io.shutdown().await;
            return;
        };
        world.note(format!("http {name} {} {}", request.method, request.path));
        let turn = world.receive(name, &request);
        world.delay().await;
        let behaviour = match (app, request.is_upgrade()) {
            (App::Good, true) => return websocket::serve(&world, io, &request, WebSocket::Accept).await,
            (App::WebSocket(behaviour), true) => {
                return websocket::serve(&world, io, &request, *behaviour).await;
            }
            (App::Good | App::WebSocket(_), false) => &Http::Status(200),
            (App::Http(Http::ToClosing(behaviour, _)), _) if request.is_last() => behaviour,
            (App::Http(Http::ToClosing(_, behaviour)), _) => behaviour,
            (App::Http(behaviour), _) => behaviour.at(&request.path, turn),
        };
        let behaviour = behaviour.when_due().await;
        let Some(mut text) = text(&world, behaviour) else { return misbehave(&world, io, behaviour).await };
        if request.method == "HEAD" {
            text.truncate(text.find("\r\n\r\n").map_or(text.len(), |end| end + 4));
        }
        if send(&mut io, text.as_bytes()).await.is_none() || request.is_last() {
            let _ = io.shutdown().await;
            return;
        }
    }
}

/// The answer of those that give a whole one.
fn text(world: &LabState, behaviour: &Http) -> Option<String> {
    let html = ("Content-Type", "text/html");
    let json = ("Content-Type", "application/json");
    let plain = ("Content-Type", "text/plain");
    Some(match behaviour {
        Http::Status(status) => response(world, *status, &[plain, SERVICE_MARK], "the lab\n"),
        Http::Json(status, body) => response(world, *status, &[json, SERVICE_MARK], body),
        Http::Redirect(location) => response(world, 302, &[plain, ("Location", location)], ""),
        Http::BlockPage => {
            let filter = [html, ("Server", "Zscaler/6.2"), ("Via", "1.1 gateway.contoso.example")];
            response(world, 403, &filter, BLOCK_PAGE)
        }
        Http::Custom(status, headers, body) => {
            let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            response(world, *status, &headers, body)
        }
        _ => return None,
    })
}

async fn misbehave<S: Io>(world: &LabState, mut io: BufReader<S>, behaviour: &Http) {
    match behaviour {
        Http::ResetAfterRequest => tcp::reset(io),
        Http::CloseAfterRequest => tcp::close(io).await,
        Http::Garbage => {
            send(&mut io, b"\x00\x01\x02 lorem ipsum\r\n\xff\xfe\r\n\r\n").await;
            tcp::close(io).await;
        }
        Http::HugeHeaders => {
            let filler = "x".repeat(1000);
            let headers: Vec<_> = std::iter::repeat_n(("X-Filler", filler.as_str()), 1000).collect();
            send(&mut io, response(world, 200, &headers, "").as_bytes()).await;
            tcp::close(io).await;
        }
        Http::EndlessBody => {
            let head = head(world, 200, &[("Content-Type", "text/plain"), ("Connection", "close")]);
            send(&mut io, format!("{head}\r\n").as_bytes()).await;
            while send(&mut io, &[b'x'; 16_384]).await.is_some() {}
        }
        Http::Raw(bytes) => {
            send(&mut io, bytes).await;
            tcp::close(io).await;
        }
        Http::Flood(first, then) => flood(&mut io, first.as_bytes(), then.as_bytes()).await,
        Http::SlowDrip => {
            drip(&mut io, response(world, 200, &[], "slow\n").as_bytes()).await;
        }
        _ => tcp::silence(io).await,
    }
}

/// Ten megabytes of zeros in some kilobytes, as `gzip` packs them: one block with the fixed code of RFC 1951, 3.2.6, in which
/// a zero is followed by copies of itself.
pub(crate) fn gzip_bomb() -> Vec<u8> {
    const COPY_258: (u32, u8) = (0b1100_0101, 8);
    const AT_DISTANCE_1: (u32, u8) = (0, 5);
    let mut bits = vec![true, true, false]; // the last block; the fixed code, its lower bit first
    let mut put = |(code, length): (u32, u8)| bits.extend((0..length).rev().map(|at| code >> at & 1 == 1));
    put((0b0011_0000, 8));
    for _ in 0..40_000 {
        put(COPY_258);
        put(AT_DISTANCE_1);
    }
    put((0, 7));
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte: u8, &bit| byte << 1 | u8::from(bit));
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    packed.extend(bits.chunks(8).map(byte));
    packed
}
