//! A text that a cluster shows, and what can be read out of it: the host that it is about, and whose clock is wrong.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::{Captures, Regex};
use serde::Deserialize;

/// A text that a cluster shows.
#[derive(Clone, Copy, Debug)]
pub struct ShownText<'a> {
    /// Where it stands.
    pub place: SignatureSource,
    /// The reason of the event or state.
    pub reason: &'a str,
    /// The Deployment of the agent.
    pub agent: Option<&'a str>,
    /// The words.
    pub text: &'a str,
    /// When it was read, by a clock that is trusted.
    pub read_at: Timestamp,
}

/// Where a signature stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureSource {
    /// An event of an object that is not well.
    Event,
    /// Why a container waits: its reason and message.
    Waiting,
    /// How a container ended the last time: its reason and message.
    Ended,
    /// The log of a container.
    Log,
}

/// What the times in a text say of the clock that they were compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// The certificate is out of its time.
    Right,
    /// The certificate is in its time.
    Wrong,
}

impl<'a> ShownText<'a> {
    /// The host that it is about: the name that was looked up, the last URL but that of a proxy, or what else names one.
    pub fn host(&self) -> Option<&'a str> {
        let is_proxy = |found: &Captures<'_>| {
            let before = found.get(0).map_or("", |whole| &self.text[..whole.start()]);
            before.trim_end_matches(['\'', '"', ' ']).ends_with("proxy")
        };
        HOSTS.iter().find_map(|pattern| {
            let found = pattern.captures_iter(self.text).filter(|found| !is_proxy(found)).last()?;
            found.iter().skip(1).flatten().next().map(|host| host.as_str())
        })
    }

    /// Whether the certificate is in its time now, though the writer's clock says otherwise.
    pub fn clock(&self) -> Option<ClockState> {
        let found = CURRENT_TIME.captures(self.text)?;
        let time = |group: &str| found.name(group)?.as_str().parse::<Timestamp>().ok();
        let is_wrong = match (time("bound"), &found["side"]) {
            (Some(ends), "after") => self.read_at < ends,
            (Some(begins), _) => self.read_at >= begins,
            (None, _) => self.read_at.duration_since(time("now")?).abs() > READING_LAG,
        };
        Some(if is_wrong { ClockState::Wrong } else { ClockState::Right })
    }
}

/// Go's lookups, URLs, .NET and Python, images, addresses.
static HOSTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"\blookup ([\w.-]*\w)(?: on [\d\[]|: )",
        r#"(?i)\b(?:https?|wss?|docker)://(?:[^/\s"'@]*@)?(?:\[([0-9a-f:.]+)\]|([\w.-]*\w))"#,
        r"\(([\w-]+(?:\.[\w-]+)+):\d+\)",
        r"\bhost='([\w.-]+)'",
        r"\b([\w-]+(?:\.[\w-]+)+):443\b",
        r#"\b[Ii]mage "?([\w-]+(?:\.[\w-]+)+(?::\d+)?)/"#,
        r"(?:->|\bdial tcp )\[?([0-9a-f.:]*[0-9a-f])\]?:(?:6?443|16443)\b",
    ];
    patterns.iter().map(|pattern| Regex::new(pattern).expect("a regular expression")).collect()
});

/// Go's crypto/x509: `current time 2026-03-01T12:00:00Z is before 2026-09-12T00:00:00Z`.
static CURRENT_TIME: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"current time (?P<now>\S+) is (?P<side>before|after)(?: (?P<bound>[\d-]+T[\d:.]+Z))?";
    Regex::new(pattern).expect("a regular expression")
});

/// Between a line in a log and its reading.
const READING_LAG: SignedDuration = SignedDuration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> ShownText<'_> {
        ShownText {
            place: SignatureSource::Log,
            reason: "",
            agent: None,
            text,
            read_at: "2026-11-27T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_text_names_the_host_that_it_is_about() {
        let table = [
            (
                r#"Get "https://gbl.his.arc.azure.com/discovery?x=1": dial tcp 20.1.2.3:443: i/o timeout"#,
                "gbl.his.arc.azure.com",
            ),
            (
                r#"Post "https://a.example/": proxyconnect tcp: dial tcp: lookup proxy.corp on 10.0.0.10:53: no such host"#,
                "proxy.corp",
            ),
            ("Name or service not known (login.microsoftonline.com:443)", "login.microsoftonline.com"),
            (
                "HTTPSConnectionPool(host='management.azure.com', port=443): Max retries exceeded",
                "management.azure.com",
            ),
            (r#"Back-off pulling image "registry.example:5000/pause:3.10""#, "registry.example:5000"),
            (
                r#"failed to resolve reference "mcr.microsoft.com/a:1": failed to do request: Head "https://mirror.example/v2/a/manifests/1?ns=mcr.microsoft.com": EOF"#,
                "mirror.example",
            ),
            (
                "read tcp [2001:db8::9]:62610->[2603:1061:f:100::10]:443: read: connection reset by peer",
                "2603:1061:f:100::10",
            ),
            (r#"Get "https://[fd98::1]:443/api?timeout=32s": Forbidden"#, "fd98::1"),
            ("dial tcp 10.96.0.1:443: connect: connection refused", "10.96.0.1"),
        ];
        for (text, host) in table {
            assert_eq!(shown(text).host(), Some(host), "{text}");
        }
        for text in ["DNS lookup failed", "The proxy tunnel request to proxy 'http://10.1.1.9:8080/' failed"]
        {
            assert_eq!(shown(text).host(), None, "{text}");
        }
    }

    #[test]
    fn a_certificate_in_its_time_now_shows_a_wrong_clock() {
        let table = [
            ("current time 2026-03-01T12:00:00Z is before 2026-09-12T00:00:00Z", Some(ClockState::Wrong)),
            ("current time 2027-11-27T12:00:00Z is after 2027-02-01T00:00:00Z", Some(ClockState::Wrong)),
            ("current time 2026-11-27T11:59:00Z is after 2026-11-01T00:00:00Z", Some(ClockState::Right)),
            ("current time 2026-11-20T00:00:00Z is after 2026-11-01T00:00:00Z", Some(ClockState::Right)),
            ("current time 2026-11-27T11:59:00Z is before 2026-12-01T00:00:00Z", Some(ClockState::Right)),
            ("current time 2020-01-01T00:00:00Z is before", Some(ClockState::Wrong)),
            ("current time 2026-11-27T11:59:00Z is after", Some(ClockState::Right)),
            ("x509: certificate has expired", None),
        ];
        for (text, clock) in table {
            assert_eq!(shown(text).clock(), clock, "{text}");
        }
    }
}
