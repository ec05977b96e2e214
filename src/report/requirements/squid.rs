//! A fragment of squid's configuration: access lists by name and port, and who may use them.
//!
//! Squid wants no two entries of a list to hold each other (it warns, or refuses to start), and its `.example.com` stands for
//! `example.com` too. A backslash at the end of a line joins the next one to it, comments included, so there is none.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use super::export::{Export, NEEDS_VALUE, describe_left_out};
use super::host::{Host, WildcardSet};
use super::{Requirement, Requirements};
use crate::model::rules::{Need, Protocol};

pub(super) fn render(list: &Requirements) -> Export {
    let [carried, past, open] = list.split_by(|item| is_proxyable(item.protocol));
    let mut out = HEAD.replace("SCOPE", &list.describe_scope());
    let mut lists: BTreeMap<(bool, u16), Vec<&Requirement>> = BTreeMap::new();
    for item in &carried {
        lists.entry((item.protocol == Protocol::Http, item.port)).or_default().push(item);
    }
    write_extra_ports(&mut out, lists.keys());
    for (&(is_plain, port), items) in &lists {
        write_access_list(&mut out, is_plain, port, items);
    }
    let uninspected: Vec<_> = carried.iter().filter(|item| item.forbids_inspection()).copied().collect();
    write_splice(&mut out, &uninspected);
    let notes = [
        describe_left_out(past, "an HTTP proxy does not carry them, open them in the firewall"),
        describe_left_out(open, NEEDS_VALUE),
    ];
    Export::new(out, notes)
}

/// In a tunnel, or as a request to the proxy.
fn is_proxyable(protocol: Protocol) -> bool {
    protocol.uses_tls() || protocol == Protocol::Http
}

/// As it is delivered, squid refuses tunnels to other ports than those of its list, whatever comes after.
fn write_extra_ports<'a>(out: &mut String, keys: impl Iterator<Item = &'a (bool, u16)>) {
    let ports: Vec<_> =
        keys.filter(|(plain, port)| !plain && *port != 443).map(|(_, p)| p.to_string()).collect();
    if !ports.is_empty() {
        let _ = writeln!(out, "\n# squid's own rules refuse CONNECT to ports that are not in this list.");
        let _ = writeln!(out, "acl SSL_ports port {}", ports.join(" "));
    }
}

fn write_access_list(out: &mut String, is_plain: bool, port: u16, items: &[&Requirement]) {
    let list = if is_plain { format!("arcprobe_http_{port}") } else { format!("arcprobe_{port}") };
    let _ = writeln!(out, "\nacl {list}_port port {port}");
    for (item, need) in without_overlaps(items) {
        let _ = writeln!(out, "# {}", format_comment(item, need));
        let _ = writeln!(out, "acl {list}_hosts dstdomain {}", format_entry(&item.host));
    }
    let method = if is_plain { "!arcprobe_connect" } else { "arcprobe_connect" };
    let _ = writeln!(out, "http_access allow arcprobe_clients {method} {list}_port {list}_hosts");
}

/// The items without those that another one holds, each host once, and whether something required is behind it: what an
/// entry stands for is needed if anything that it holds is.
fn without_overlaps<'a>(items: &[&'a Requirement]) -> Vec<(&'a Requirement, Need)> {
    let cover = WildcardSet::new(items.iter().map(|item| &item.host));
    let required = items.iter().filter(|item| item.need == Need::Required);
    let needed: HashSet<_> = required.flat_map(|item| cover.covering_suffixes(&item.host)).collect();
    let mut seen = HashSet::new();
    let kept = items.iter().filter(|item| !cover.covers_with_apex(&item.host) && seen.insert(&item.host));
    kept.map(|item| {
        let is_needed = matches!(&item.host, Host::Wildcard(suffix) if needed.contains(suffix.as_str()));
        (*item, if is_needed { Need::Required } else { item.need })
    })
    .collect()
}

fn write_splice(out: &mut String, items: &[&Requirement]) {
    if items.is_empty() {
        return;
    }
    out.push_str(SPLICE);
    for (item, _) in without_overlaps(items) {
        let _ = writeln!(out, "#   acl arcprobe_uninspected ssl::server_name {}", format_entry(&item.host));
    }
    out.push_str("#   ssl_bump peek arcprobe_step1\n#   ssl_bump splice arcprobe_uninspected\n");
}

fn format_entry(host: &Host) -> String {
    match host {
        Host::Wildcard(suffix) => format!(".{suffix}"),
        Host::Name(name) | Host::Placeholder(name) => name.clone(),
    }
}

fn format_comment(item: &Requirement, need: Need) -> String {
    let text = format!("{}, from {}: {}", need.as_str(), item.describe_vantages(), item.title);
    text.replace('\\', "/")
}

const HEAD: &str = "\
# What an Azure Arc-enabled Kubernetes cluster needs (SCOPE).
# For squid 4 and newer; put it before the line \"http_access deny all\".
# A name with a leading dot stands for itself and all names below it.

# Narrow this to the networks of the nodes, the pods and the machine with az.
acl arcprobe_clients src all
acl arcprobe_connect method CONNECT
";

const SPLICE: &str = "
# TLS to these must not be inspected. If this squid bumps, put these lines before its own ssl_bump rules:
#   acl arcprobe_step1 at_step SslBump1
";
