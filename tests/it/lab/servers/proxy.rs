//! Proxies: `CONNECT` to the hosts of the lab, good and bad.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::response::{drip, flood, head, response, send};
use super::routes::Routes;
use super::{App, Dns, HOSTILE, LabState, MARKUP, Tls, WebSocket, tcp, tls};
use arcprobe::loopback::request::Request;

/// What a proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// Tunnels to every host of the lab; 503 for names that the resolver does not know and ports that refuse.
    Open,
    /// 407 unless [`CREDENTIALS`] is given.
    RequiresAuthentication,
    /// 403.
    Denies,
    /// 502.
    BadGateway,
    /// Reads the request and says nothing.
    Silent,
    /// Reads the request and closes.
    Closes,
    /// Sends everybody to this place.
    SendsTo(&'static str),
    /// Answers every request itself: a status, headers, a page.
    Answers(u16, &'static [(&'static str, &'static str)], &'static str),
    /// Opens the tunnel and says nothing in it.
    SilentTunnel,
    /// Opens the tunnel and closes it.
    ClosesTunnel,
    /// This status, or none and a close for 0, where four other connections are open.
    FourAtATime(u16),
    /// Answers like another protocol.
    Garbage,
    /// Opens TLS itself, with certificates of the corporate authority.
    Inspects,
    /// Inspects, and takes the `Upgrade` out of requests.
    StripsUpgrade,
    /// Headers of an answer without end.
    FloodsHeaders,
    /// Interim answers (`103`) without end.
    FloodsInterim,
    /// A byte of an answer every 200 ms.
    Drips,
    /// Opens the tunnel, and then speaks itself without end.
    FloodsTunnel,
    /// This status, with orders for a terminal and markup in headers and page.
    Hostile(u16),
}

/// User and password that [`Proxy::RequiresAuthentication`] accepts.
pub(crate) const CREDENTIALS: &str = "user:secret";

pub(super) fn start(world: &Arc<LabState>, routes: &Arc<Routes>, behaviour: Proxy) -> io::Result<SocketAddr> {
    let (world, routes) = (Arc::clone(world), Arc::clone(routes));
    let turn = Arc::new(Semaphore::new(4));
    let port = tcp::serve_each(tcp::listen(1024)?, move |stream| {
        let (world, routes) = (Arc::clone(&world), Arc::clone(&routes));
        let turn = Arc::clone(&turn).try_acquire_owned();
        async move {
            match (behaviour, turn) {
                (Proxy::FourAtATime(status), Err(_)) => refuse(world, stream, status).await,
                (_, _turn) => serve(world, routes, stream, behaviour).await,
            }
        }
    })?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// Too many connections.
async fn refuse(world: Arc<LabState>, stream: TcpStream, status: u16) {
    let mut io = BufReader::new(stream);
    let Some(request) = Request::read(&mut io).await else { return tcp::close(io).await };
    world.note(format!("proxy {} {} is one too many", request.method, request.path));
    if status != 0 {
        send(&mut io, refusal(&world, status).as_bytes()).await;
    }
    tcp::close(io).await;
}

async fn serve(world: Arc<LabState>, routes: Arc<Routes>, stream: TcpStream, behaviour: Proxy) {
    let mut io = BufReader::new(stream);
    let Some(request) = Request::read(&mut io).await else { return tcp::close(io).await };
    world.note(format!("proxy {} {}", request.method, request.path));
    if let Some(login) = request.header("proxy-authorization") {
        world.note(format!("proxy login {login}"));
    }
    world.delay().await;
    match behaviour {
        Proxy::Silent => return tcp::silence(io).await,
        Proxy::Closes => return tcp::close(io).await,
        Proxy::SendsTo(place) => {
            send(&mut io, response(&world, 302, &[("Location", place)], "").as_bytes()).await;
            return tcp::close(io).await;
        }
        Proxy::Answers(status, headers, page) => {
            send(&mut io, response(&world, status, headers, page).as_bytes()).await;
            return tcp::close(io).await;
        }
        Proxy::Garbage => {
            send(&mut io, b"220 mail.lab.example ESMTP\r\n").await;
            return tcp::close(io).await;
        }
        Proxy::FloodsHeaders => return flood(&mut io, b"HTTP/1.1 200 OK\r\n", b"X-Filler: x\r\n").await,
        Proxy::FloodsInterim => return flood(&mut io, &[], b"HTTP/1.1 103 Early Hints\r\n\r\n").await,
        Proxy::FloodsTunnel => {
            return flood(&mut io, b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n").await;
        }
        Proxy::Drips => {
            let answer = head(&world, 200, &[("Via", "1.1 proxy.lab.example")]);
            return drip(&mut io, answer.as_bytes()).await;
        }
        Proxy::Hostile(status) => {
            send(&mut io, hostile(&world, status).as_bytes()).await;
            return tcp::close(io).await;
        }
        _ => {}
    }
    let target = match target(&world, &routes, &request, behaviour).await {
        Ok(target) => target,
        Err(status) => {
            send(&mut io, refusal(&world, status).as_bytes()).await;
            return tcp::close(io).await;
        }
    };
    let established = head(&world, 200, &[("Via", "1.1 proxy.lab.example (squid/6.6)")]) + "\r\n";
    if send(&mut io, established.as_bytes()).await.is_none() {
        return;
    }
    match behaviour {
        Proxy::SilentTunnel => tcp::silence(io).await,
        Proxy::ClosesTunnel => tcp::close(io).await,
        Proxy::Inspects => {
            let resigned = |(_, app)| (Tls::Intercepted, app);
            Box::pin(tls::front(world, io.into_inner(), resigned)).await;
        }
        Proxy::StripsUpgrade => {
            let stripped = |_| (Tls::Intercepted, App::WebSocket(WebSocket::Stripped));
            Box::pin(tls::front(world, io.into_inner(), stripped)).await;
        }
        _ => tunnel(io, target).await,
    }
}

/// The connection to the wanted host, or the status with which it is refused.
async fn target(
    world: &LabState,
    routes: &Routes,
    request: &Request,
    behaviour: Proxy,
) -> Result<TcpStream, u16> {
    let login = format!("Basic {}", BASE64_STANDARD.encode(CREDENTIALS));
    match behaviour {
        _ if request.method != "CONNECT" => return Err(405),
        Proxy::Denies => return Err(403),
        Proxy::BadGateway => return Err(502),
        Proxy::RequiresAuthentication if request.header("proxy-authorization") != Some(&login) => {
            return Err(407);
        }
        _ => {}
    }
    let (host, port) = request.path.rsplit_once(':').ok_or(400_u16)?;
    let port = routes.find(host, port.parse().map_err(|_| 400_u16)?).ok_or(503_u16)?;
    let is_known = matches!(world.dns(host), Dns::Loopback | Dns::Cname(_) | Dns::PlusUnroutableV6);
    let target = if is_known { TcpStream::connect(("127.0.0.1", port)).await.ok() } else { None };
    let target = target.ok_or(503_u16)?;
    let _ = target.set_nodelay(true);
    Ok(target)
}

/// Worded like squid, the commonest of them.
fn refusal(world: &LabState, status: u16) -> String {
    let mut headers = vec![
        ("Server", "squid/6.6"),
        ("Via", "1.1 proxy.lab.example (squid/6.6)"),
        ("Content-Type", "text/html"),
        ("Connection", "close"),
    ];
    match status {
        403 => headers.push(("X-Squid-Error", "ERR_ACCESS_DENIED 0")),
        407 => headers.push(("Proxy-Authenticate", "Basic realm=\"lab\"")),
        502 | 503 => headers.push(("X-Squid-Error", "ERR_CONNECT_FAIL 111")),
        _ => {}
    }
    response(world, status, &headers, "<html><body><h1>ERROR</h1></body></html>")
}

fn hostile(world: &LabState, status: u16) -> String {
    // HTTP allows no control characters in headers, but any byte of UTF-8
    let words = HOSTILE.chars().filter(|c| !c.is_control()).chain(MARKUP.chars()).collect::<String>();
    let schemes = format!("{words}, Basic realm=\"{words}\"");
    let headers = [
        ("Server", words.as_str()),
        ("Via", &words),
        ("X-Squid-Error", &words),
        ("Proxy-Authenticate", &schemes),
        ("Proxy-Agent", &words),
        ("Content-Type", "text/html"),
    ];
    response(world, status, &headers, &format!("<h1>{HOSTILE}{MARKUP}</h1>"))
}

async fn tunnel(mut client: BufReader<TcpStream>, mut target: TcpStream) {
    let ended = tokio::io::copy_bidirectional(&mut client, &mut target).await;
    match ended {
        // What breaks on one side of a proxy is seen on the other.
        Err(_) => tcp::reset(client),
        Ok(_) => drop(client.shutdown().await),
    }
}
