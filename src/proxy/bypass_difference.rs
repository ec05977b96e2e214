//! Where clients read one skip range in different ways.

use crate::model::wording::join_with_and;
use std::fmt;

use super::client::{Bypass, Client};
use super::skip_range::SkipRange;

/// An endpoint that some clients reach around the proxy and others through it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BypassDifference {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Who goes around the proxy, and the entry that makes them; `None` for what needs no entry.
    pub bypassing: Vec<(Client, Option<String>)>,
    /// Who takes the proxy.
    pub proxied: Vec<Client>,
}

impl BypassDifference {
    /// Whether the agents are among those who go around the proxy.
    pub fn is_bypassed_by_agents(&self) -> bool {
        self.bypassing.iter().any(|(client, _)| *client == Client::Go)
    }

    /// The entries in question, each once.
    pub fn deciding_entries(&self) -> Vec<&str> {
        let mut entries: Vec<&str> = Vec::new();
        for entry in self.bypassing.iter().filter_map(|(_, entry)| entry.as_deref()) {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries
    }
}

/// The endpoints on which clients disagree, in the order given.
pub fn find_differences<'h>(
    range: &SkipRange,
    endpoints: impl IntoIterator<Item = (&'h str, u16)>,
) -> Vec<BypassDifference> {
    endpoints.into_iter().filter_map(|(host, port)| compare_clients(range, host, port)).collect()
}

fn compare_clients(range: &SkipRange, host: &str, port: u16) -> Option<BypassDifference> {
    let (mut around, mut through) = (Vec::new(), Vec::new());
    for client in Client::ALL {
        match client.bypass_reason(range, host, port) {
            Some(Bypass::Entry(entry)) => around.push((client, Some(entry.text.clone()))),
            Some(Bypass::ThisMachine) => around.push((client, None)),
            None => through.push(client),
        }
    }
    let differs = !around.is_empty() && !through.is_empty();
    differs.then(|| BypassDifference { host: host.to_owned(), port, bypassing: around, proxied: through })
}

/// `the agents (Go) bypass the proxy for X because of the entry "E", az (Python requests) and curl do not`.
impl fmt::Display for BypassDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let around = list_clients(self.bypassing.iter().map(|(client, _)| client));
        let verb =
            if self.bypassing.len() == 1 && !self.is_bypassed_by_agents() { "bypasses" } else { "bypass" };
        let because = match self.deciding_entries()[..] {
            [] => "since it is this machine".to_owned(),
            [entry] => format!("because of the entry \"{entry}\""),
            ref entries => format!("because of the entries \"{}\"", entries.join("\", \"")),
        };
        let does = if matches!(self.proxied[..], [one] if is_singular(one)) { "does" } else { "do" };
        let Self { host, proxied: through, .. } = self;
        write!(f, "{around} {verb} the proxy for {host} {because}, {} {does} not", list_clients(through))
    }
}

fn is_singular(client: Client) -> bool {
    matches!(client, Client::PythonRequests | Client::PythonUrllib | Client::Curl)
}

fn list_clients<'c>(clients: impl IntoIterator<Item = &'c Client>) -> String {
    join_with_and(&clients.into_iter().map(ToString::to_string).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe_differences(value: &str, host: &str, port: u16) -> Vec<String> {
        find_differences(&SkipRange::parse(value), [(host, port)]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn differences_are_described_in_words() {
        let table: &[(&str, &str, u16, &[&str])] = &[
            (".azure.com", "management.azure.com", 443, &[]),
            ("10.0.0.0/8", "management.azure.com", 443, &[]),
            (
                "azure.com",
                "management.azure.com",
                443,
                &["the agents (Go), az (Python requests), Python urllib and curl bypass the proxy for \
                   management.azure.com because of the entry \"azure.com\", .NET programs do not"],
            ),
            (
                "*.azure.com",
                "management.azure.com",
                443,
                &[
                    "the agents (Go) bypass the proxy for management.azure.com because of the entry \"*.azure.com\", az \
                   (Python requests), Python urllib, .NET programs and curl do not",
                ],
            ),
            (
                ".mcr.microsoft.com",
                "mcr.microsoft.com",
                443,
                &[
                    "az (Python requests), Python urllib, .NET programs and curl bypass the proxy for mcr.microsoft.com \
                   because of the entry \".mcr.microsoft.com\", the agents (Go) do not",
                ],
            ),
            (
                "0.0.1",
                "10.0.0.1",
                443,
                &[
                    "az (Python requests) and Python urllib bypass the proxy for 10.0.0.1 because of the entry \"0.0.1\", \
                   the agents (Go), .NET programs and curl do not",
                ],
            ),
        ];
        for (value, host, port, expected) in table {
            assert_eq!(describe_differences(value, host, *port), *expected, "{value} {host}");
        }
    }

    #[test]
    fn a_single_client_is_described_in_the_singular() {
        let texts = describe_differences("10.0.0.1 ,10.0.0.1:1x y", "localhost", 443);
        assert!(
            texts[0]
                .starts_with("the agents (Go) bypass the proxy for localhost since it is this machine, az")
        );
        let range = SkipRange::parse("a.example.,b.example");
        let found = find_differences(&range, [("a.example", 443), ("b.example", 443), ("c.example", 443)]);
        assert_eq!(
            found[0].to_string().split(", ").next(),
            Some("curl bypasses the proxy for a.example because of the entry \"a.example.\"")
        );
        assert_eq!(found.iter().map(|d| d.host.as_str()).collect::<Vec<_>>(), ["a.example"]);
    }
}
