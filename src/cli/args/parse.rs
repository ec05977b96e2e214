//! Typed text -> values, with errors that say what would be right.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use crate::model::host_port::{HostPort, is_host_name};
use crate::probe::settings::ConnectTo;
use crate::proxy::Secret;

/// A proxy's URL can hold a password. It is taken as it is, since a message of the parser would repeat it.
#[expect(clippy::unnecessary_wraps, reason = "the form that clap wants")]
pub(super) fn parse_secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// `500ms`, `5s`, `2m`, or plain seconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no duration; write it as 500ms, 5s, 2m or 1h30m");
    let seconds = text.parse::<f64>().ok().map(Duration::try_from_secs_f64);
    let duration = match seconds {
        Some(seconds) => seconds.map_err(|_| wrong())?,
        None => {
            text.parse::<jiff::SignedDuration>().ok().and_then(|d| d.try_into().ok()).ok_or_else(wrong)?
        }
    };
    let allowed = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);
    if allowed.contains(&duration) {
        Ok(duration)
    } else {
        Err(format!("\"{text}\" is out of range; 1ms to 24h"))
    }
}

/// `10.1.2.3`, `fd00::1`, `api.corp.example`, or the URL of a kubeconfig, of which the host counts.
pub(super) fn parse_host(text: &str) -> Result<String, String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = HostPort::parse(authority).map_or(authority, |parsed| parsed.host);
    let is_host = host.parse::<IpAddr>().is_ok() || is_host_name(host);
    is_host.then(|| host.to_owned()).ok_or_else(|| {
        format!(
            "\"{}\" is no address or name; write it as 10.1.2.3 or api.corp.example",
            hide_credentials(text)
        )
    })
}

/// A login in a URL is not repeated.
fn hide_credentials(text: &str) -> &str {
    if text.contains('@') { "(with a login)" } else { text }
}

/// `corp.local`.
pub(super) fn parse_domain(text: &str) -> Result<String, String> {
    let name = text.trim_matches('.');
    let wrong = || format!("\"{text}\" is no domain; write it as cluster.local");
    is_host_name(name).then(|| name.to_owned()).ok_or_else(wrong)
}

/// An entry of a skip range: an address, a network, a name, or a suffix with a leading dot.
pub(super) fn parse_entry(text: &str) -> Result<String, String> {
    let is_entry = text.parse::<IpAddr>().is_ok()
        || text.parse::<IpNet>().is_ok()
        || is_host_name(text.strip_prefix('.').unwrap_or(text));
    let wrong = || {
        format!(
            "\"{text}\" is no entry of a skip range; write it as 10.1.0.0/16, registry.corp.example or .corp.example"
        )
    };
    is_entry.then(|| text.to_owned()).ok_or_else(wrong)
}

/// `10.0.0.53`, `10.0.0.53:5353`, `fd00::53`, `[fd00::53]:5353`.
pub(super) fn parse_resolver(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    let address = address.or_else(|_| text.parse()).ok().filter(|a: &SocketAddr| a.port() > 0);
    address.ok_or_else(|| {
        format!("\"{text}\" is no address of a DNS server; write it as 10.0.0.53 or [fd00::53]:53")
    })
}

/// `HOST:PORT:ADDR:PORT`; IPv6 in brackets.
pub(super) fn parse_connect_to(text: &str) -> Result<ConnectTo, String> {
    let wrong =
        || format!("\"{text}\" is no diversion; write it as HOST:PORT:ADDR:PORT, each part may be empty");
    let parts = split_outside_brackets(text);
    let [host, port, to_host, to_port] = parts.as_slice() else { return Err(wrong()) };
    let name = |part: &str| (!part.is_empty()).then(|| part.trim_matches(['[', ']']).to_owned());
    let number = |digits: &str| match digits {
        "" => Ok(None),
        digits => digits.parse::<u16>().ok().filter(|&p| p > 0).map(Some).ok_or_else(wrong),
    };
    Ok(ConnectTo { host: name(host), port: number(port)?, to_host: name(to_host), to_port: number(to_port)? })
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        c == ':' && depth == 0
    })
    .collect()
}

/// `10.96.0.0/12`, without bits behind the mask.
pub(super) fn parse_network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("\"{text}\" is no network; write it as 10.96.0.0/12");
    let net: IpNet = text.trim().parse().map_err(|_| wrong())?;
    if net == net.trunc() {
        Ok(net)
    } else {
        Err(format!("\"{text}\" has bits behind its mask; the network is {}", net.trunc()))
    }
}

/// `https://PREFIX.gw.arc.azure.com`, with or without scheme; the prefix.
pub(super) fn parse_gateway(text: &str) -> Result<String, String> {
    let host = text
        .trim()
        .strip_prefix("https://")
        .unwrap_or(text.trim())
        .trim_end_matches('/')
        .to_ascii_lowercase();
    let prefix =
        host.strip_suffix(".gw.arc.azure.com").filter(|p| !p.is_empty() && !p.contains(['.', '/', ':']));
    let wrong =
        || format!("\"{text}\" is no URL of an Arc gateway; write it as https://PREFIX.gw.arc.azure.com");
    prefix.map(str::to_owned).ok_or_else(wrong)
}

/// `NAMESPACE:NAME`.
pub(super) fn parse_service_account(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    let (namespace, name) =
        parts.ok_or_else(|| format!("\"{text}\" is no service account; write it as NAMESPACE:NAME"))?;
    Ok((namespace.to_owned(), name.to_owned()))
}

pub(super) fn parse_parallel(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|n| (1..=64).contains(n));
    number.ok_or_else(|| format!("\"{text}\" is not possible; allowed are 1 to 64"))
}

pub(super) fn parse_concurrency(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|n| (1..=4096).contains(n));
    number.ok_or_else(|| format!("\"{text}\" is not possible; allowed are 1 to 4096"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        let table =
            [("500ms", 500), ("5s", 5_000), ("2m", 120_000), ("3", 3_000), ("0.25", 250), ("1h", 3_600_000)];
        for (text, ms) in table {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "x", "-1", "-5s", "0", "25h", "nan", "inf"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn resolvers() {
        assert_eq!(parse_resolver("10.0.0.53"), Ok("10.0.0.53:53".parse().unwrap()));
        assert_eq!(parse_resolver("fd00::53"), Ok("[fd00::53]:53".parse().unwrap()));
        assert_eq!(parse_resolver("127.0.0.1:5353"), Ok("127.0.0.1:5353".parse().unwrap()));
        for text in ["", "dns.example", "10.0.0.53:0", "10.0.0.53:65536", "10.0.0.53:", "fd00::53:x"] {
            assert!(parse_resolver(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_input_makes_a_parser_panic(text in ".*", near in "[a-z0-9:.\\[\\] hms-]{0,40}") {
            for text in [&text, &near] {
                let _ = parse_duration(text).map(|d| assert!(!d.is_zero()));
                let _ = parse_resolver(text).map(|a| assert_ne!(a.port(), 0));
                let _ = parse_connect_to(text).map(|to| assert!(to.port != Some(0) && to.to_port != Some(0)));
                let _ = parse_concurrency(text).map(|n| assert_ne!(n, 0));
            }
        }

        #[test]
        fn connect_to_keeps_every_part(port in 1_u16.., to_port in 1_u16.., ip: std::net::Ipv6Addr) {
            let to = parse_connect_to(&format!("a.example:{port}:[{ip}]:{to_port}")).unwrap();
            prop_assert_eq!(to.port, Some(port));
            prop_assert_eq!(to.to_port, Some(to_port));
            prop_assert_eq!(to.to_host, Some(ip.to_string()));
        }
    }

    #[test]
    fn connect_to_is_parsed() {
        let all = parse_connect_to(":443::8443").unwrap();
        assert_eq!(all, ConnectTo { host: None, port: Some(443), to_host: None, to_port: Some(8443) });
        assert!(all.applies_to("any.example", 443) && !all.applies_to("any.example", 8084));
        let one = parse_connect_to("a.example:443:[::1]:99").unwrap();
        assert_eq!(one.to_host.as_deref(), Some("::1"));
        assert!(one.applies_to("A.example", 443) && !one.applies_to("b.example", 443));
        for text in ["", "a:b", "a:1:b:x", "a:0:b:1", "a:1:b:2:c"] {
            assert!(parse_connect_to(text).is_err(), "{text}");
        }
    }
}
