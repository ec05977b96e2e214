//! What each phase measures. Strings of a peer are bounded and printable; unknown is `null` or absent.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cause, millis, optional_millis};

/// A lookup of one name, both families.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ResolveDetail {
    /// The name that was asked, without a trailing dot.
    pub name: String,
    /// Where the answer came from.
    pub source: LookupSource,
    /// One for each question and server asked.
    pub queries: Vec<DnsQuery>,
    /// The chain of aliases, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cnames: Vec<String>,
    /// All addresses, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// The line of the hosts file, counted from 1, where the first address stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts_line: Option<usize>,
    /// The names that the search list of the machine makes of this one and that programs try first (`ndots`), where DNS
    /// answered anything but that there is no such name. The first one with addresses takes the place of the name itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<SearchedName>,
}

/// A name with a domain of the search list behind it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SearchedName {
    /// As it was asked.
    pub name: String,
    /// Its IPv4 addresses.
    pub addresses: Vec<IpAddr>,
    /// Why there are none.
    pub cause: Option<Cause>,
}

impl ResolveDetail {
    /// Whether the name leads into a private zone of Azure: it has a private endpoint somewhere.
    pub fn has_private_link_alias(&self) -> bool {
        self.private_link_alias().is_some()
    }

    /// The alias in a private zone of Azure, such as `gbl.privatelink.his.arc.azure.com`.
    pub fn private_link_alias(&self) -> Option<&str> {
        self.cnames
            .iter()
            .map(String::as_str)
            .find(|name| name.split('.').any(|label| label == "privatelink"))
    }
}

/// Where the addresses of a host come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LookupSource {
    /// A DNS server was asked.
    #[default]
    Dns,
    /// The hosts file of the machine.
    HostsFile,
    /// The host is an address.
    Literal,
    /// `--connect-to` names an address.
    ConnectTo,
    /// The resolver had been found dead before this name was asked.
    Settled,
}

/// What is asked of a DNS server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "types of records, as in RFC 1035 and RFC 3596")]
pub enum DnsRecordType {
    A,
    Aaaa,
}

/// What a DNS question travels over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum DnsTransport {
    Udp,
    Tcp,
}

/// One question to one server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DnsQuery {
    /// The addresses of which family.
    pub kind: DnsRecordType,
    /// Whom it was sent to.
    pub server: SocketAddr,
    /// Over what the answer came, or would have.
    pub transport: DnsTransport,
    /// As in the answer (`NOERROR`, `NXDOMAIN`, ...); `null` without one.
    pub rcode: Option<String>,
    /// The word, when the question was not answered with addresses.
    pub cause: Option<Cause>,
    /// How many addresses came.
    pub answers: usize,
    /// The answer over UDP was truncated, so that TCP was asked.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// UDP stayed silent, and a second look over TCP got an answer. Programs do not look there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub answers_over_tcp: bool,
    /// In milliseconds.
    #[serde(rename = "took_ms", with = "millis")]
    #[schemars(with = "f64")]
    pub took: Duration,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A TCP connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConnectDetail {
    /// Our end.
    pub local: Option<SocketAddr>,
    /// The largest segment in bytes that we offered, where it was made small on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_segment: Option<u16>,
    /// Where the connection was sent instead (`--connect-to`), as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_to: Option<String>,
    /// How many of our segments were sent again until the last answer, where the kernel counts them and there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmissions: Option<u32>,
}

/// A CONNECT to a proxy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProxyDetail {
    /// `scheme://host:port`, never with credentials.
    pub proxy: String,
    /// The address of the proxy that was connected to.
    pub address: Option<SocketAddr>,
    /// Our end of that connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<SocketAddr>,
    /// What was asked for; `null` when a plain request follows instead.
    pub request: Option<String>,
    /// The proxy's status.
    pub status: Option<u16>,
    /// Headers that tell who answered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Whether credentials were given for this proxy; they are in no report.
    pub with_credentials: bool,
    /// Why TLS to the proxy itself failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cause: Option<Cause>,
    /// The authentication schemes that a 407 offers. The agents can do Basic only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<String>,
    /// The product, if headers or page betray it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appliance: Option<String>,
}

/// A TLS handshake and the chain that was presented.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsDetail {
    /// The server name that was asked for (SNI).
    pub server_name: String,
    /// About how many bytes the ClientHello had.
    pub hello_bytes: Option<usize>,
    /// `TLSv1.3`, `TLSv1.2`.
    pub protocol: Option<String>,
    /// As registered with IANA.
    pub cipher: Option<String>,
    /// Key exchange group.
    pub group: Option<String>,
    /// The application protocol that was agreed on.
    pub alpn: Option<String>,
    /// As presented, leaf first; recorded even when it is refused. At most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<CertificateSummary>,
    /// The first store, in this order, that the chain leads to: public, given, system; `nobody` when none does.
    pub trusted_by: Option<TrustStore>,
    /// The authority that the chain ends in, as far as it was presented.
    pub authority: Option<String>,
    /// Public intermediates that the server did not send in a form that is valid: the chain was completed with our own copies.
    /// Clients that have none refuse it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub completed_with: Vec<String>,
    /// The public root that the chain ends in, where Mozilla's list has dropped it and other lists still have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_root: Option<String>,
    /// The root that the chain ends in, where the certificate carries entries of public logs and the root is in this machine's store
    /// or the file of `--proxy-cert` and not in Mozilla's list: a young public root, or an inspection that copies the entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlisted_root: Option<String>,
    /// The product that re-signed the connection, if the names betray it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appliance: Option<String>,
    /// The server's clock, from a `Date` header that was asked for because a certificate was out of its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_date: Option<String>,
    /// The server's clock minus ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<i64>,
}

/// What a CA is called that shows no name.
pub const UNNAMED_CA: &str = "an authority without a name";

impl TlsDetail {
    /// Whether somebody else than the service's own CA seems to have signed: the chain leads to no root that is or was public.
    pub fn is_re_signed(&self) -> bool {
        let has_public_ca = self.retired_root.is_some() || self.unlisted_root.is_some();
        !has_public_ca && self.trusted_by.is_some_and(|store| store != TrustStore::Public)
    }

    /// The CA that the chain ends in, as far as it was presented.
    pub fn presented_ca(&self) -> &str {
        let issuer = || self.chain.last().map(|last| last.issuer.as_str());
        self.authority.as_deref().or_else(issuer).unwrap_or(UNNAMED_CA)
    }
}

/// Who trusts a chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrustStore {
    /// The public roots: Mozilla's, built in, or those of `--public-roots`.
    Public,
    /// The store of this machine.
    System,
    /// The CA configured with `--proxy-cert`, whoever else trusts it.
    Given,
    /// No store.
    Nobody,
}

/// One certificate of a presented chain.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CertificateSummary {
    /// Distinguished name.
    pub subject: String,
    /// Distinguished name.
    pub issuer: String,
    /// DNS names and addresses, at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// RFC 3339.
    pub not_before: Option<String>,
    /// RFC 3339.
    pub not_after: Option<String>,
    /// Lower-case hexadecimal digest of the DER form.
    pub sha256: String,
    /// Whether it says of itself that it may sign others.
    pub is_ca: bool,
    /// Base64 of the DER form; kept only where the chain does not lead to a public root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub der: Option<String>,
}

impl CertificateSummary {
    /// The digest as `openssl x509 -fingerprint -sha256` prints it, to be compared by people.
    pub fn fingerprint(&self) -> String {
        let digits: Vec<char> = self.sha256.chars().filter(char::is_ascii_hexdigit).take(64).collect();
        let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
        pairs.join(":").to_uppercase()
    }
}

/// One HTTP request and its answer; the request may ask for a WebSocket.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HttpDetail {
    /// Method and path.
    pub request: String,
    /// The status of the answer; 101 when a WebSocket was opened.
    pub status: Option<u16>,
    /// The words beside the status, where they are not the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Headers that tell who answered, lower-case names: server, via, content-type, location and the like.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The first characters of the body, where it helps to see who answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What the body is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<BodyForm>,
    /// What only the service itself sends, if the answer has it: the first mark of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The product that answered in the service's place, if headers or body betray it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appliance: Option<String>,
    /// Words on the page that block, coaching and log-on pages have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_words: Option<String>,
    /// Digest of the body without names, numbers and the like, where TLS does not prove who sent it: two hosts that send the same
    /// page have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_sha256: Option<String>,
    /// The server's clock minus ours, in seconds, from its `Date`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<i64>,
    /// How long a WebSocket was seen open, in milliseconds; longer was not watched.
    #[serde(rename = "open_ms", with = "optional_millis", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<f64>")]
    pub open: Option<Duration>,
}

impl HttpDetail {
    /// What the body is, by itself or by what the answer says of it.
    pub fn form(&self) -> Option<BodyForm> {
        self.content.or_else(|| BodyForm::from_media_type(self.headers.get("content-type")?))
    }
}

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum BodyForm {
    Json,
    Html,
    Text,
    Binary,
    Empty,
}

impl BodyForm {
    /// What a `Content-Type` says; `None` where it leaves it open.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let text = media_type.to_ascii_lowercase();
        [("html", Self::Html), ("json", Self::Json), ("text/", Self::Text), ("xml", Self::Text)]
            .into_iter()
            .find_map(|(part, form)| text.contains(part).then_some(form))
    }

    /// What a body is by its first bytes; a `Content-Type` decides what they leave open.
    pub fn of_body(media_type: Option<&str>, body: &[u8]) -> Self {
        let declared = media_type.and_then(Self::from_media_type);
        let start = body.trim_ascii_start();
        let beginning = String::from_utf8_lossy(&start[..start.len().min(64)]).to_ascii_lowercase();
        let is_html = ["<!doctype html", "<html", "<head", "<body", "<script", "<meta", "<title"];
        match start.first() {
            None => {
                if declared == Some(Self::Html) {
                    Self::Html
                } else {
                    Self::Empty
                }
            }
            _ if is_html.iter().any(|tag| beginning.starts_with(tag)) => Self::Html,
            Some(b'{' | b'[' | b'"') if declared != Some(Self::Html) => Self::Json,
            _ if std::str::from_utf8(body).is_err_and(|e| e.error_len().is_some()) => {
                declared.unwrap_or(Self::Binary)
            }
            _ => declared.filter(|form| *form != Self::Json).unwrap_or(Self::Text),
        }
    }
}

/// The first words of a protocol that is not HTTP.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GreetingDetail {
    /// `git` or `ssh`.
    pub protocol: String,
    /// The first line of the answer.
    pub banner: Option<String>,
}
