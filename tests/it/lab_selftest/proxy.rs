//! The proxies, asked with requests written by hand; curl as a second opinion.

use std::net::{SocketAddr, TcpStream};

use super::super::lab::{App, CREDENTIALS, Dns, Host, Lab, Proxy, Serves, Tcp, Tls, WebSocket};
use super::{PATIENCE, SILENCE, careless_handshake_over, connect, exchange, handshake, output};

const HOST: &str = "one.lab.example";

fn start_lab() -> Lab {
    Lab::start(vec![
        Host::good(HOST),
        Host::new("refused.lab.example", Tcp::Refused),
        Host::new("reset.lab.example", Tls::ResetAfterHello),
        Host::new("ws.lab.example", Serves::TlsAndApp(Tls::Good, App::WebSocket(WebSocket::Accept))),
        Host::with_dns("unknown.lab.example", Dns::Nxdomain),
    ])
}

/// Asks for a tunnel and returns it with what the proxy said.
fn ask(proxy: SocketAddr, host: &str, header: &str) -> (TcpStream, String) {
    let stream = connect(proxy, PATIENCE).unwrap();
    let request = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{header}\r\n");
    let (answer, _) = exchange(stream.try_clone().unwrap(), request.as_bytes(), PATIENCE);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    (stream, String::from_utf8(answer).unwrap())
}

#[test]
fn an_open_proxy_tunnels() {
    let lab = start_lab();
    let proxy = lab.proxy(Proxy::Open);
    let (tunnel, answer) = ask(proxy, HOST, "");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    handshake(&lab, HOST, &[], tunnel).unwrap();
    assert!(lab.log().contains(&"proxy CONNECT one.lab.example:443".to_owned()));

    for host in ["refused.lab.example", "unknown.lab.example", "other.example"] {
        let (_, answer) = ask(proxy, host, "");
        assert!(answer.starts_with("HTTP/1.1 503 "), "{host}: {answer}");
    }
    let (tunnel, _) = ask(proxy, "reset.lab.example", "");
    handshake(&lab, "reset.lab.example", &[], tunnel).map(|_| ()).unwrap_err();
}

#[test]
fn proxies_refuse_in_their_own_way() {
    let lab = start_lab();
    let table = [
        (Proxy::RequiresAuthentication, "HTTP/1.1 407 "),
        (Proxy::Denies, "HTTP/1.1 403 "),
        (Proxy::BadGateway, "HTTP/1.1 502 "),
        (Proxy::Garbage, "220 "),
    ];
    for (behaviour, begin) in table {
        let (_, answer) = ask(lab.proxy(behaviour), HOST, "");
        assert!(answer.starts_with(begin), "{behaviour:?}: {answer}");
    }
    // "user:secret" in Base64.
    let (_, answer) = ask(
        lab.proxy(Proxy::RequiresAuthentication),
        HOST,
        "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");

    let say = |behaviour| {
        let stream = connect(lab.proxy(behaviour), PATIENCE).unwrap();
        exchange(stream, b"CONNECT one.lab.example:443 HTTP/1.1\r\n\r\n", SILENCE)
    };
    assert_eq!(say(Proxy::Closes), (Vec::new(), None));
    assert!(say(Proxy::Silent).1.is_some());
}

#[test]
fn an_inspecting_proxy_shows_its_own_certificate() {
    let lab = start_lab();
    let (tunnel, _) = ask(lab.proxy(Proxy::Inspects), HOST, "");
    let error = handshake(&lab, HOST, &[], tunnel).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
}

#[test]
fn the_upgrade_gets_lost() {
    let lab = start_lab();
    let upgrade = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    for (behaviour, begin) in [(Proxy::Inspects, "HTTP/1.1 101 "), (Proxy::StripsUpgrade, "HTTP/1.1 200 ")] {
        let (tunnel, _) = ask(lab.proxy(behaviour), "ws.lab.example", "");
        let stream = careless_handshake_over("ws.lab.example", tunnel).unwrap();
        let (answer, _) = exchange(stream, upgrade, PATIENCE);
        assert!(answer.starts_with(begin.as_bytes()), "{behaviour:?}");
    }
}

#[test]
fn curl_gets_through() {
    let lab = start_lab();
    let proxy = format!("http://{CREDENTIALS}@{}", lab.proxy(Proxy::RequiresAuthentication));
    let roots = lab.roots().to_str().unwrap();
    let url = format!("https://{HOST}/");
    let args = ["-q", "-sS", "--noproxy", "", "-x", &proxy, "--cacert", roots, &url];
    let Some(text) = output("curl", &args) else { return };
    assert_eq!(text, "the lab\n");
}
