//! The ordinary client against the lab: the resolver, the diversions, the trust and the proxies of a run hold for it, and its
//! complaints name the URL and no secret.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arcprobe::model::evidence::Cause;
use arcprobe::probe::client::{Client, ClientError, Problem, Request, Response, WebUrl};
use arcprobe::probe::net::Net;
use arcprobe::probe::settings::{ConnectTo, ProbeSettings};
use arcprobe::proxy::{ProxyFlags, Routes, resolve_proxies};

use crate::lab::{CREDENTIALS, Dns, Host, Http, Lab, Proxy, Tcp, Tls, gzip_bomb};

const SHORT: Duration = Duration::from_millis(400);

fn start_lab() -> Lab {
    let redirect = |to: &str| Http::Redirect(to.to_owned());
    let pages = vec![
        ("/old".to_owned(), redirect("/page")),
        ("/round".to_owned(), redirect("/round")),
        ("/plain".to_owned(), redirect("http://good.lab.example/secret?token=hunter2")),
        ("/nowhere".to_owned(), redirect("file:///etc/passwd")),
        ("/page".to_owned(), Http::Status(200)),
    ];
    let bomb = [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec(), gzip_bomb()].concat();
    Lab::start(vec![
        Host::good("good.lab.example"),
        Host::new("pages.lab.example", Http::Paths(pages)),
        Host::new("bomb.lab.example", Http::Raw(bomb)),
        Host::new("endless.lab.example", Http::EndlessBody),
        Host::new("silent.lab.example", Http::Silent),
        Host::new("garbage.lab.example", Http::Garbage),
        Host::new("plain.lab.example", Http::Status(200)),
        Host::new("unlisted.lab.example", Tls::UnknownIssuer),
        Host::new("expired.lab.example", Tls::Expired),
        Host::new("stall.lab.example", Tls::Stall),
        Host::new("resigned.lab.example", Tls::Intercepted),
        Host::new("refused.lab.example", Tcp::Refused),
        Host::with_dns("missing.lab.example", Dns::Nxdomain),
    ])
}

fn settings(lab: &Lab) -> ProbeSettings {
    let diversion = |text: &String| {
        let parts: Vec<_> = text.split(':').collect();
        ConnectTo {
            host: Some(parts[0].to_owned()).filter(|host| !host.is_empty()),
            port: parts[1].parse().ok(),
            to_host: None,
            to_port: parts[3].parse().ok(),
        }
    };
    ProbeSettings {
        resolvers: vec![lab.resolver()],
        connect_to: lab.connect_to().iter().map(diversion).collect(),
        public_roots: Some(lab.roots().to_owned()),
        timeout: SHORT,
        ..ProbeSettings::default()
    }
}

fn client(settings: &ProbeSettings, routes: &Routes) -> Client {
    let net = Arc::new(Net::new(settings, routes).unwrap());
    let routes = routes.clone();
    Client::new(net, move |host, port, protocol| routes.route_to(host, port, protocol), 4 * SHORT)
}

fn routes_through(proxy: SocketAddr, login: &str, skip: &str) -> Routes {
    let url = format!("http://{login}{proxy}");
    let flags =
        ProxyFlags { https: Some(&url), skip_range: Some(skip), no_proxy: true, ..ProxyFlags::default() };
    resolve_proxies(&flags, &std::collections::BTreeMap::new()).unwrap().routes
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn get(client: &Client, url: &str) -> Result<Response, ClientError> {
    block_on(client.get(&WebUrl::parse(url).unwrap(), 3))
}

fn fetch_page(client: &Client, url: &str) -> Result<(u16, String), ClientError> {
    block_on(async {
        let response = client.get(&WebUrl::parse(url).unwrap(), 3).await?;
        let status = response.status();
        Ok((status, String::from_utf8(response.read_limited(100_000).await?).unwrap()))
    })
}

#[test]
fn resolver_diversions_and_trust_of_the_run_hold() {
    let lab = start_lab();
    let client = client(&settings(&lab), &Routes::default());
    assert_eq!(fetch_page(&client, "https://good.lab.example/x?q"), Ok((200, "the lab\n".to_owned())));
    let log = lab.log();
    assert!(log.contains(&"http good.lab.example GET /x?q".to_owned()), "{log:?}");
    assert!(log.iter().any(|line| line == "dns udp A good.lab.example"), "{log:?}");
}

#[test]
fn a_private_ca_is_trusted_only_where_it_is_given() {
    let lab = start_lab();
    let without = settings(&lab);
    let error = get(&client(&without, &Routes::default()), "https://resigned.lab.example").unwrap_err();
    assert_eq!(error.cause(), Cause::TlsUnknownIssuer);
    let with = ProbeSettings { proxy_cert: Some(lab.corporate_ca().to_owned()), ..without };
    assert_eq!(
        get(&client(&with, &Routes::default()), "https://resigned.lab.example").unwrap().status(),
        200
    );
}

#[test]
fn our_own_reading_of_the_skip_range_decides_on_the_proxy() {
    let lab = start_lab();
    let proxy = lab.proxy(Proxy::RequiresAuthentication);
    let routes = routes_through(proxy, &format!("{CREDENTIALS}@"), "*.pages.example,pages.lab.example");
    let client = client(&settings(&lab), &routes);
    assert_eq!(get(&client, "https://good.lab.example").unwrap().status(), 200);
    assert_eq!(get(&client, "https://pages.lab.example/page").unwrap().status(), 200);
    let log = lab.log();
    let asked: Vec<_> = log.iter().filter(|line| line.starts_with("proxy ")).collect();
    assert_eq!(asked.len(), 2, "one tunnel, with its login: {asked:?}");
    assert!(!log.iter().any(|line| line == "dns udp A good.lab.example"), "the proxy looks it up: {log:?}");
}

#[test]
fn redirections_are_followed_within_limits() {
    let lab = start_lab();
    let client = client(&settings(&lab), &Routes::default());
    let followed = get(&client, "https://pages.lab.example/old").unwrap();
    assert_eq!(
        (followed.status(), followed.url().to_string().as_str()),
        (200, "https://pages.lab.example/page")
    );
    let table = [
        ("round", "more than 3 redirections"),
        ("plain", "it redirects to http://good.lab.example/secret, which is not https"),
        ("nowhere", "it redirects to what is no URL"),
    ];
    for (path, problem) in table {
        let error = get(&client, &format!("https://pages.lab.example/{path}?token=hunter2")).unwrap_err();
        assert_eq!(error.to_string(), format!("https://pages.lab.example/{path}: {problem}"));
        assert!(!error.is_passing());
    }
    let request = Request::get(WebUrl::parse("https://pages.lab.example/old").unwrap());
    assert_eq!(block_on(client.send(&request)).unwrap().status(), 302, "what is sent follows none");
}

#[test]
fn bodies_are_bounded_after_decompression() {
    let lab = start_lab();
    let client = client(&settings(&lab), &Routes::default());
    for host in ["bomb", "endless"] {
        let error = fetch_page(&client, &format!("https://{host}.lab.example")).unwrap_err();
        assert_eq!(error.problem, Problem::TooLarge(100_000), "{host}");
    }
}

#[test]
fn failures_have_words_and_no_secrets() {
    let lab = start_lab();
    let direct = client(&settings(&lab), &Routes::default());
    let denied = lab.proxy(Proxy::Denies);
    let wants = lab.proxy(Proxy::RequiresAuthentication);
    let silent = lab.proxy(Proxy::Silent);
    let dead = SocketAddr::from(([127, 0, 0, 1], lab.port("refused.lab.example")));
    let by = |proxy| client(&settings(&lab), &routes_through(proxy, "user:hunter2@", ""));
    let table = [
        (&direct, "refused", Cause::TcpRefused, "the connection is refused"),
        (&direct, "missing", Cause::DnsNxdomain, "the name does not exist, says the resolver"),
        (&direct, "unlisted", Cause::TlsUnknownIssuer, "was issued by an authority that nobody here trusts"),
        (&direct, "expired", Cause::TlsExpired, "the certificate has expired"),
        (&direct, "stall", Cause::TcpTimeout, "no connection in time"),
        (&direct, "silent", Cause::HttpTimeout, "no answer in time"),
        (&direct, "garbage", Cause::HttpProtocol, "the answer is not HTTP"),
        (&by(denied), "good", Cause::Unknown, "through the proxy http://127.0.0.1:"),
        (&by(wants), "good", Cause::Unknown, "through the proxy http://127.0.0.1:"),
        (&by(silent), "good", Cause::TcpTimeout, "no connection in time"),
        (&by(dead), "good", Cause::ProxyRefused, "the proxy's port refuses connections"),
    ];
    for (client, host, cause, words) in table {
        let error =
            get(client, &format!("https://me:hunter2@{host}.lab.example/x?token=hunter2")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("https://{host}.lab.example/x: ")) && text.contains(words),
            "{text}"
        );
        assert_eq!(error.cause(), cause, "{text}");
        assert!(!format!("{text}{error:?}").contains("hunter2"), "{text}");
        let stays = [Cause::TlsUnknownIssuer, Cause::TlsExpired, Cause::HttpProtocol].contains(&cause);
        assert_eq!(error.is_passing(), !stays, "{text}");
    }
}

#[test]
fn a_diversion_that_cannot_hold_is_an_error() {
    let lab = start_lab();
    let elsewhere = ConnectTo { host: None, port: None, to_host: Some("10.0.0.1".into()), to_port: None };
    let settings = ProbeSettings { connect_to: vec![elsewhere], ..settings(&lab) };
    let proxied = client(&settings, &routes_through(lab.proxy(Proxy::Open), "", ""));
    let direct = client(&settings, &Routes::default());
    for (client, url) in [(&proxied, "https://good.lab.example"), (&direct, "https://127.0.0.1")] {
        let error = get(client, url).unwrap_err();
        assert!(matches!(error.problem, Problem::Diversion(_)), "{error}");
    }
}
