//! What can be wrong with the URL of a proxy. No text here repeats what was typed: it may hold a password, in a place where
//! nobody expects one.

use std::fmt;

/// The URL cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages speak for themselves")]
pub enum UrlError {
    #[error("it is empty")]
    Empty,
    #[error("there are blanks or line ends around it, which the agents would not remove")]
    BlankAround,
    #[error("there is a blank in it; in a user name or password write %20")]
    Blank,
    #[error("two slashes have to follow the scheme: http://HOST:PORT")]
    Slashes,
    #[error("the agents cannot use a SOCKS proxy; give the URL of an HTTP proxy")]
    Socks,
    #[error("it is a PAC file, which neither az nor the agents read; give the URL of a proxy that it names")]
    Pac,
    #[error("its scheme is neither http nor https")]
    Scheme,
    #[error("the user name or password holds characters that a URL cannot: {}", describe_encoding(.0))]
    Unescaped(Vec<char>),
    #[error("a % in the user name or password begins no percent-encoding; write %25 where % itself is meant")]
    PercentEncoding,
    #[error("the percent-encoded user name or password is not UTF-8")]
    NotUtf8,
    #[error("the user name or password holds a control character")]
    ControlCharacter,
    #[error("the user name holds a colon, which HTTP Basic authentication cannot carry")]
    ColonInUser,
    #[error("it names no host")]
    HostMissing,
    #[error(
        "its host is no host name and no address (allowed are letters, digits, dots and hyphens; IPv6 in brackets)"
    )]
    Host,
    #[error("an IPv6 address has to be in brackets: http://[fd00::1]:3128")]
    Ipv6WithoutBrackets,
    #[error("what follows the host is no port; allowed are 1 to 65535")]
    Port,
}

/// `write "@" as %40 and "/" as %2F`.
fn describe_encoding(characters: &[char]) -> String {
    let each: Vec<_> = characters.iter().map(|c| format!("\"{c}\" as {}", percent_encode(*c))).collect();
    format!("write {}", each.join(" and "))
}

fn percent_encode(character: char) -> String {
    let bytes: Vec<_> = character.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

/// The URL can be used, but some programs will read it otherwise, or it says more than it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UrlAdvice {
    /// Most programs take `http`, some refuse.
    SchemeMissing,
    /// Programs disagree on the port that is meant.
    PortMissing,
    /// A path, query or fragment.
    PathIgnored,
    /// Allowed (RFC 3986 3.2.1), and every client splits at the first colon; easily taken for the port.
    ColonInPassword,
}

impl fmt::Display for UrlAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SchemeMissing => "it has no scheme; http:// is taken, as most programs do",
            Self::PortMissing => {
                "it has no port; 80 is taken for http and 443 for https, as the agents do, but curl takes 1080 for http"
            }
            Self::PathIgnored => "what follows the host and port means nothing to a proxy and is left out",
            Self::ColonInPassword => "the password holds a colon; write %3A, which no program mistakes",
        })
    }
}
