//! `--push URL`: the report goes to a webhook as JSON, or to a Pushgateway as metrics. Whether it gets there changes neither the
//! report nor the exit code.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use super::{CommandError, Environment, Result, print_error, settings, start_runtime, web};
use crate::cli::args::CheckArgs;
use crate::probe::client::{Client, ClientError, Request, Response, WebUrl};
use crate::probe::net::{Clock as _, Net, SystemClock};
use crate::proxy::Secret;
use crate::report::Format;

/// Where reports are sent after the run.
pub(super) struct Push {
    receivers: Vec<Receiver>,
    /// `None` where nothing is sent.
    client: Option<Client>,
}

/// One `--push`.
#[derive(Clone, Debug)]
struct Receiver {
    url: WebUrl,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Webhook,
    Pushgateway,
}

impl Push {
    /// Reads the URLs before anything is probed, and says what is unsafe about them.
    pub(super) fn prepare(args: &CheckArgs, environment: &Environment) -> Result<Self> {
        if args.push.is_empty() {
            return Ok(Self { receivers: Vec::new(), client: None });
        }
        let receivers = args.push.iter().map(Receiver::parse).collect::<Result<Vec<_>, _>>()?;
        for receiver in receivers.iter().filter(|receiver| receiver.shows_credentials()) {
            // no hint that --quiet leaves out
            let why = "the credentials in the URL are sent unencrypted; use https";
            print_error(&format!("--push {}: {why}", receiver.url));
        }
        let (probe, routes) = settings::outside(args, environment)?;
        let net = Arc::new(Net::new(&probe, &routes).map_err(CommandError::usage)?);
        Ok(Self { receivers, client: Some(web::on_routes(net, routes, ONE_TRY)) })
    }

    /// Sends to all receivers at the same time. One that gets nothing is one line on standard error.
    pub(super) fn send(&self, rendered: &dyn Fn(Format) -> String) {
        let Some(client) = &self.client else { return };
        let requests: Vec<_> = self.receivers.iter().map(|receiver| receiver.request(rendered)).collect();
        let sending = async {
            let until = Instant::now() + IN_ALL;
            join_all(requests.iter().map(|request| deliver(client, request, until))).await
        };
        match start_runtime().and_then(|runtime| runtime.run_until_stopped(sending)) {
            Ok(results) => {
                for why in results.iter().filter_map(|sent| sent.as_ref().err()) {
                    print_error(why);
                }
            }
            Err(CommandError::Stopped) => print_error("--push: stopped before everything was sent"),
            Err(e) => print_error(&format!("--push: not sent: {e}")),
        }
    }
}

impl Receiver {
    fn parse(text: &Secret) -> Result<Self> {
        let url = WebUrl::parse(text.reveal());
        let url = url.map_err(|e| CommandError::Usage(anyhow::anyhow!("--push: {e}")))?.with_hidden_path();
        let is_gateway =
            ["/metrics/job/", "/metrics/job@base64/"].iter().any(|part| url.path().contains(part));
        Ok(Self { kind: if is_gateway { Kind::Pushgateway } else { Kind::Webhook }, url })
    }

    /// Whether a password goes over a network that anybody may read.
    fn shows_credentials(&self) -> bool {
        self.url.has_credentials() && !self.url.is_https() && !self.url.is_loopback()
    }

    fn request(&self, rendered: &dyn Fn(Format) -> String) -> Request {
        let (method, format, content_type) = match self.kind {
            Kind::Webhook => (Method::POST, Format::Json, "application/json"),
            // PUT takes the place of what the group had, so that no check of an older run stays
            Kind::Pushgateway => (Method::PUT, Format::Openmetrics, "text/plain; version=0.0.4"),
        };
        let body = Bytes::from(rendered(format));
        Request { method, url: self.url.clone(), content_type: Some(content_type), body }
    }
}

/// Why a try did not deliver, and whether another one may, how long from now.
struct Undelivered {
    why: String,
    again_in: Option<Duration>,
}

/// Tries until it is delivered, cannot be, or the time is over.
async fn deliver(client: &Client, request: &Request, until: Instant) -> Result<(), String> {
    let mut tries = 0;
    let why = loop {
        tries += 1;
        let sent = timeout_at(until, client.send(request)).await;
        let failed = match sent.map(|sent| judge(sent, tries)) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failed)) => failed,
            Err(_) => Undelivered { why: "no answer in time".to_owned(), again_in: None },
        };
        match failed.again_in.filter(|wait| tries < MOST_TRIES && Instant::now() + *wait < until) {
            Some(wait) => sleep(wait).await,
            None => break failed.why,
        }
    };
    let word = if tries == 1 { "try" } else { "tries" };
    Err(format!("--push {}: not sent: {why} ({tries} {word})", request.url))
}

fn judge(sent: Result<Response, ClientError>, tries: u32) -> Result<(), Undelivered> {
    let back_off = FIRST_WAIT * 2_u32.saturating_pow(tries - 1);
    match sent {
        Ok(response) => match response.status() {
            200..=299 => Ok(()),
            status @ 300..=399 => Err(Undelivered {
                why: format!("the server redirects ({status}), which is not followed"),
                again_in: None,
            }),
            status => Err(Undelivered {
                why: format!("the server answers with status {}", named(status)),
                again_in: matches!(status, 429 | 500..)
                    .then(|| asked_to_wait(&response).map_or(back_off, |wait| wait.max(back_off))),
            }),
        },
        Err(e) => {
            Err(Undelivered { why: e.problem.to_string(), again_in: e.is_passing().then_some(back_off) })
        }
    }
}

/// `404 (Not Found)`.
fn named(status: u16) -> String {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    name.map_or_else(|| status.to_string(), |name| format!("{status} ({name})"))
}

fn asked_to_wait(response: &Response) -> Option<Duration> {
    retry_after(response.headers().get(RETRY_AFTER)?.to_str().ok()?, SystemClock.now())
}

/// `Retry-After` in seconds or as a date (RFC 9110 10.2.3), no longer than a run may be held up.
fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let wait = if let Ok(seconds) = value.trim().parse() {
        Duration::from_secs(seconds)
    } else {
        let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp();
        date.duration_since(now).try_into().unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// A server that is being restarted is back within the second.
const MOST_TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Whatever a server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// With connection, request and answer.
const ONE_TRY: Duration = Duration::from_secs(15);

/// For all tries: a job in a cluster has a deadline, too.
const IN_ALL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn receiver(url: &str) -> Receiver {
        Receiver::parse(&Secret::new(url)).unwrap()
    }

    #[test]
    fn a_pushgateway_is_known_by_its_path() {
        let table = [
            ("http://pushgateway:9091/metrics/job/arcprobe", Kind::Pushgateway),
            ("https://metrics.example/gateway/metrics/job/arcprobe/cluster/a", Kind::Pushgateway),
            ("https://metrics.example/metrics/job@base64/YXJj", Kind::Pushgateway),
            ("https://hooks.example/metrics", Kind::Webhook),
            ("https://hooks.example/?to=/metrics/job/x", Kind::Webhook),
        ];
        for (url, kind) in table {
            assert_eq!(receiver(url).kind, kind, "{url}");
        }
    }

    #[test]
    fn credentials_are_unsafe_only_where_others_can_read_them() {
        let table = [
            ("http://me:pw@hooks.example", true),
            ("https://me:pw@hooks.example", false),
            ("http://hooks.example", false),
            ("http://me:pw@127.0.0.1:9091", false),
            ("http://me:pw@[::1]:9091", false),
            ("http://me:pw@localhost", false),
        ];
        for (url, expected) in table {
            assert_eq!(receiver(url).shows_credentials(), expected, "{url}");
        }
    }

    #[test]
    fn a_server_may_ask_for_a_pause_but_not_for_a_long_one() {
        let now = "2026-02-03T04:05:06Z".parse().unwrap();
        let table = [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("86400", Some(20)),
            ("18446744073709551615", Some(20)),
            ("Tue, 03 Feb 2026 04:05:16 GMT", Some(10)),
            ("Tue, 03 Feb 2026 05:05:16 GMT", Some(20)),
            ("Mon, 02 Feb 2026 04:05:16 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (value, seconds) in table {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn a_wrong_url_is_not_repeated() {
        let error = Receiver::parse(&Secret::new("hooks.example/T0K")).unwrap_err().to_string();
        assert_eq!(error, "--push: this is no URL; write it as https://HOST/PATH");
    }
}
