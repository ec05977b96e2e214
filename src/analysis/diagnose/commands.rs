//! Firewall rules and commands, ready to paste.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::group::CheckGroup;
use super::run_facts::RunFacts;
use super::{left_open, observed as look, via_proxy as by_proxy};
use crate::model::command::{FirewallRule, Instruction};
use crate::model::report::Check;
use crate::model::rules::Protocol;
use crate::model::vantage::VantageKind;

/// The most firewall lines in one finding; `arcprobe requirements -l REGION` writes the whole list.
const MAX_LINES: usize = 40;

/// One line per port and host, or wildcard where the host came from one: for the firewall, or for the proxy where one is
/// in between. What could not be found because of these hosts needs the same.
pub(super) fn firewall_rules(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> Vec<Instruction> {
    let from = describe_sources(group, scene);
    let checks = group.checks.iter().copied().chain(left_open::checks_left_open(group, scene));
    line_per_check(checks, |check| {
        Instruction::Allow(FirewallRule {
            from: from.to_owned(),
            to: look::pattern_or_host(check).to_owned(),
            port: check.planned.port,
            protocol: check.planned.protocol,
            route: check.planned.route.kind,
        })
    })
}

/// One setting per host or wildcard, in words that end with it.
pub(super) fn setting_per_host(group: &CheckGroup<'_>, words: &str) -> Vec<Instruction> {
    line_per_host(group, |check| Instruction::Text(format!("{words}: {}", look::pattern_or_host(check))))
}

/// One line per host or wildcard, made by a function; each line once, and not more than can be read.
pub(super) fn line_per_host(
    group: &CheckGroup<'_>,
    line: impl Fn(&Check) -> Instruction,
) -> Vec<Instruction> {
    line_per_check(group.checks.iter().copied(), line)
}

fn line_per_check<'a>(
    checks: impl Iterator<Item = &'a Check>,
    line: impl Fn(&Check) -> Instruction,
) -> Vec<Instruction> {
    let mut seen = BTreeSet::new();
    let mut lines: Vec<_> = checks.map(line).filter(|line| seen.insert(line.to_string())).collect();
    if lines.len() > MAX_LINES {
        let hidden = lines.len() - MAX_LINES;
        lines.truncate(MAX_LINES);
        lines.push(
            format!("arcprobe requirements -l REGION # lists all; {hidden} more are left out here").into(),
        );
    }
    lines
}

fn describe_sources(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> &'static str {
    let kinds: BTreeSet<_> = scene.vantages_of(group).iter().map(|v| v.kind).collect();
    let is_here = kinds.contains(&VantageKind::Workstation);
    match (is_here, kinds.len()) {
        (true, 1) if !scene.is_only_workstation() => "this machine",
        (false, 1..) => "the cluster",
        _ => "the cluster and this machine",
    }
}

/// Asks one DNS server, or the system's.
pub(super) fn dig_command(server: Option<SocketAddr>, host: &str) -> String {
    match server {
        Some(s) if s.port() == 53 => format!("dig @{} {host}", s.ip()),
        Some(s) => format!("dig @{} -p {} {host}", s.ip(), s.port()),
        None => format!("dig {host}"),
    }
}

/// Asks the first DNS server that a check's name was asked at.
pub(super) fn dig_command_for(check: &Check) -> String {
    dig_command(look::dns_queries(check).first().map(|q| q.server), look::host_or_pattern(check))
}

/// Shows the handshake and the chain.
pub(super) fn openssl_command(check: &Check) -> String {
    let host = look::host_or_pattern(check);
    let by = match by_proxy::proxy_of(check) {
        Some(proxy) if proxy.starts_with("https://") => return curl_command(check), // openssl speaks no TLS to a proxy
        Some(proxy) => format!(" -proxy {}", by_proxy::proxy_address(proxy)),
        None => String::new(),
    };
    format!(
        "openssl s_client{by} -connect {host}:{} -servername {host} -showcerts </dev/null",
        check.planned.port
    )
}

/// Shows the connection and the answer.
pub(super) fn curl_command(check: &Check) -> String {
    connection_command(check, "")
}

/// The same over one family: ` -4` or ` -6`.
pub(super) fn curl_family_command(check: &Check, family: &str) -> String {
    connection_command(check, family)
}

fn connection_command(check: &Check, family: &str) -> String {
    let (host, port) = (look::host_or_pattern(check), check.planned.port);
    let by = by_proxy::proxy_of(check).map(|p| format!(" --proxy {p}")).unwrap_or_default();
    match check.planned.protocol {
        Protocol::Https | Protocol::Wss | Protocol::Tls if port == 443 => {
            format!("curl{family} -v{by} https://{host}/")
        }
        Protocol::Https | Protocol::Wss | Protocol::Tls => {
            format!("curl{family} -v{by} https://{host}:{port}/")
        }
        Protocol::Http if port == 80 => format!("curl{family} -v{by} http://{host}/"),
        Protocol::Http => format!("curl{family} -v{by} http://{host}:{port}/"),
        Protocol::Git | Protocol::Ssh | Protocol::Tcp if by.is_empty() => {
            format!("nc{family} -vz {host} {port}")
        }
        Protocol::Git | Protocol::Ssh | Protocol::Tcp => tunnel_command(check),
    }
}

/// A command on a node, which is named where it is known.
pub(super) fn name_node(command: &str, node: Option<&str>) -> Instruction {
    command.replace("NODE", node.unwrap_or("NODE")).into()
}

/// The same as [`curl`], from where the check was made; `IMAGE` is any image that has curl.
pub(super) fn curl_command_at_vantage(check: &Check) -> String {
    let node = check.planned.vantage.node().unwrap_or("NODE");
    match check.planned.vantage.kind() {
        "pod" => format!("kubectl run t --rm -i --restart=Never --image=IMAGE -- {}", curl_command(check)),
        "node" => {
            format!(
                "kubectl debug node/{node} -it --profile=sysadmin --image=IMAGE -- {}",
                curl_command(check)
            )
        }
        _ => curl_command(check),
    }
}

/// Shows the proxy's answer to CONNECT, whatever is spoken behind it.
pub(super) fn tunnel_command(check: &Check) -> String {
    let by = by_proxy::proxy_of(check).map(|p| format!(" --proxy {p} --proxytunnel")).unwrap_or_default();
    format!("curl -v{by} http://{}:{}/", look::host_or_pattern(check), check.planned.port)
}

/// The settings, one per host or wildcard, then the command that shows whether they work.
pub(super) fn settings_then_verify(
    group: &CheckGroup<'_>,
    words: &str,
    verify: fn(&Check) -> String,
) -> Vec<Instruction> {
    let verify = group.first_check().map(|check| verify(check).into());
    setting_per_host(group, words).into_iter().chain(verify).collect()
}

/// The firewall lines, then the command that shows whether they work.
pub(super) fn firewall_rules_then_verify(
    group: &CheckGroup<'_>,
    scene: &RunFacts<'_>,
    verify: fn(&Check) -> String,
) -> Vec<Instruction> {
    let verify = group.first_check().map(|check| verify(check).into());
    firewall_rules(group, scene).into_iter().chain(verify).collect()
}
