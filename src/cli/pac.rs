//! A PAC file in place of a proxy: wrong usage, with the proxies that the file names to choose from.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{CommandError, Environment, Result, start_runtime};
use crate::model::evidence::mark_user_info;
use crate::probe::client::{Client, WebUrl, parse_file_url};
use crate::probe::net::{Net, Roots};
use crate::probe::settings::ProbeSettings;
use crate::proxy::{
    self, Origin, PAC_TYPE, ProxyError, ProxyFlags, ResolvedProxies, Routes, UrlError, list_pac_proxies,
};

/// The proxies in force. What is named or served as a PAC file is none.
pub(super) fn resolve_proxies(flags: &ProxyFlags<'_>, environment: &Environment) -> Result<ResolvedProxies> {
    let settled = proxy::resolve_proxies(flags, environment).map_err(|error| {
        let value = typed_value(&error, flags, environment);
        explain_proxy_error(error, value)
    })?;
    for given in [settled.routes.https(), settled.routes.http()].into_iter().flatten() {
        let text = given.value.text().reveal();
        if let Some(content) = read_served_pac(text) {
            return Err(refuse(&given.origin, text, Ok(content)));
        }
    }
    Ok(settled)
}

fn typed_value<'a>(
    error: &ProxyError,
    flags: &ProxyFlags<'a>,
    environment: &'a Environment,
) -> Option<&'a str> {
    match &error.origin {
        Origin::Flag(name) if name == "--proxy-http" => flags.http,
        Origin::Flag(_) => flags.https,
        Origin::Variable(name) => environment.get(name).map(String::as_str),
        Origin::Cluster(_) => None,
    }
}

/// Wrong usage; for a PAC file with what it names.
pub(super) fn explain_proxy_error(error: ProxyError, value: Option<&str>) -> CommandError {
    match value {
        Some(value) if error.problem == UrlError::Pac => refuse(&error.origin, value, read_pac(value)),
        _ => CommandError::usage(error),
    }
}

fn refuse(origin: &Origin, value: &str, content: Result<String, String>) -> CommandError {
    let (shown, named) = (hide_secrets(value), describe_content(content, origin));
    CommandError::Usage(anyhow::anyhow!(
        "{origin}: {shown} is a PAC file, which neither az nor the agents read. {named}"
    ))
}

fn describe_content(content: Result<String, String>, origin: &Origin) -> String {
    let flag = match origin {
        Origin::Flag(name) => name,
        Origin::Variable(_) | Origin::Cluster(_) => "--proxy-https",
    };
    let proxies = match content.map(|text| list_pac_proxies(&text)) {
        Ok(proxies) if proxies.is_empty() => {
            return "It has no PROXY HOST:PORT written out: ask who runs the network for the proxy."
                .to_owned();
        }
        Ok(proxies) => proxies,
        Err(why) => {
            return format!(
                "It cannot be read from here ({why}): look there for PROXY HOST:PORT, and give http://HOST:PORT."
            );
        }
    };
    let lines = proxies.iter().map(|proxy| format!("\n  {}  # {flag} {}", proxy.line, proxy.url));
    format!("It names these proxies; give the one for Azure:{}", lines.collect::<String>())
}

/// Neither user and password nor a query.
fn hide_secrets(value: &str) -> &str {
    let place = value.rsplit_once('@').map_or(value, |(_, behind)| behind);
    place.split(['?', '#']).next().unwrap_or_default()
}

fn read_pac(value: &str) -> Result<String, String> {
    let address = value.strip_prefix("pac+").unwrap_or(value);
    if let Some(path) = local_path(address) {
        return read_file(&path);
    }
    fetch(&to_web_url(address).ok_or("this is no URL")?).map(|page| page.body)
}

/// Of `file://` URLs, and of what is there.
fn local_path(address: &str) -> Option<PathBuf> {
    if address.to_ascii_lowercase().starts_with("file:") {
        return parse_file_url(address);
    }
    let path = PathBuf::from(address);
    (path.has_root() || address.starts_with('.') || path.is_file()).then_some(path)
}

/// Of a device or a pipe nothing is read.
fn read_file(path: &std::path::Path) -> Result<String, String> {
    let is_file = path.metadata().map_err(|e| e.to_string())?.is_file();
    let file = is_file.then(|| File::open(path)).ok_or("this is no file")?;
    let mut bytes = Vec::new();
    let read = file.and_then(|file| file.take(MAX_BYTES as u64).read_to_end(&mut bytes));
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).map_err(|e| e.to_string())
}

fn to_web_url(address: &str) -> Option<WebUrl> {
    let text = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    WebUrl::parse(&text).ok()
}

/// What a server says is a PAC file. Only a URL with a path is asked for: that of a proxy has none.
fn read_served_pac(address: &str) -> Option<String> {
    // its login is for the proxy, and not for whoever serves that path
    let bare = mark_user_info(address, "").unwrap_or_else(|| address.to_owned());
    let url = to_web_url(&bare).filter(|url| url.path() != "/")?;
    fetch(&url).ok().filter(|page| page.is_pac).map(|page| page.body)
}

struct Page {
    is_pac: bool,
    body: String,
}

/// In a thread of its own: a fleet resolves its proxies while a runtime is at work in this one.
fn fetch(url: &WebUrl) -> Result<Page, String> {
    let fetched = std::thread::scope(|scope| scope.spawn(|| fetch_directly(url)).join());
    fetched.unwrap_or_else(|_| Err("it failed".to_owned()))
}

/// What says which proxies there are is not behind one of them.
fn fetch_directly(url: &WebUrl) -> Result<Page, String> {
    let runtime = start_runtime().map_err(|e| e.to_string())?;
    let routes = Routes::default();
    let settings = ProbeSettings { timeout: TIME_LIMIT, ..ProbeSettings::default() };
    let roots = Roots { public: None, given: None, system: true, known: None };
    let net = Arc::new(Net::with_roots(&settings, &routes, roots));
    let route = move |host: &str, port, protocol| routes.route_to(host, port, protocol);
    let client = Client::new(net, route, TIME_LIMIT);
    runtime.run_until_stopped(get(&client, url)).map_err(|e| e.to_string())?
}

async fn get(client: &Client, url: &WebUrl) -> Result<Page, String> {
    let response = client.get(url, MAX_REDIRECTS).await.map_err(|e| e.problem.to_string())?;
    if response.status() != 200 {
        return Err(format!("it is answered with HTTP {}", response.status()));
    }
    let media = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let media = media.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    let is_pac = media.eq_ignore_ascii_case(PAC_TYPE);
    let body = response.read_limited(MAX_BYTES).await.map_err(|e| e.problem.to_string())?;
    Ok(Page { is_pac, body: String::from_utf8_lossy(&body).into_owned() })
}

const TIME_LIMIT: Duration = Duration::from_secs(3);
const MAX_REDIRECTS: usize = 3;
/// As browsers take it.
const MAX_BYTES: usize = 1 << 20;
