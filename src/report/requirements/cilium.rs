//! A `CiliumNetworkPolicy` for the agents' namespace. A policy with an egress part denies all that it does not name, so it
//! also has what pods need besides: the cluster's DNS (its answers are what names are compared with, which is why the rule
//! has a `dns` part), the API server, and each other.
//!
//! `*` stands for one label; `**` for one or more since Cilium 1.19, and for one before.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::export::{Export, NEEDS_VALUE, describe_left_out};
use super::host::Host;
use super::{Requirement, Requirements};
use crate::model::rules::CallerVantage;
use crate::model::scope::Connectivity;

pub(super) fn render(list: &Requirements) -> Export {
    let is_of_pods = |item: &Requirement| item.from.contains(&CallerVantage::Pod);
    let [pods, others, open] = list.split_by(is_of_pods);
    let mut out = HEAD.replace("SCOPE", &list.describe_scope());
    let mut ports: BTreeMap<u16, Vec<&Requirement>> = BTreeMap::new();
    for item in pods {
        ports.entry(item.port).or_default().push(item);
    }
    for (port, items) in &ports {
        let (addresses, names): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.host.is_address());
        write_peers(&mut out, *port, &names, "toFQDNs", fqdn_selectors);
        write_peers(&mut out, *port, &addresses, "toCIDR", |host| vec![format!("\"{host}/32\"")]);
    }
    let notes = [
        describe_left_out(others, "they are not called from pods, and the policy is about pods"),
        describe_left_out(open.into_iter().filter(|item| is_of_pods(item)), NEEDS_VALUE),
        (list.connectivity == Connectivity::Proxy).then(|| PROXY_NOTE.to_owned()),
    ];
    Export::new(out, notes)
}

fn write_peers(
    out: &mut String,
    port: u16,
    items: &[&Requirement],
    kind: &str,
    write: fn(&Host) -> Vec<String>,
) {
    // a wildcard may be read as one label, so nothing is left out because of one
    let mut seen = std::collections::HashSet::new();
    let kept: Vec<_> = items.iter().filter(|item| seen.insert(&item.host)).collect();
    if kept.is_empty() {
        return;
    }
    let _ = writeln!(out, "    - {kind}:"); // a String takes all
    for item in kept {
        let _ = writeln!(out, "        # {}: {}", item.need.as_str(), item.title);
        for line in write(&item.host) {
            let _ = writeln!(out, "        - {line}");
        }
    }
    let _ = write!(
        out,
        "      toPorts:\n        - ports:\n            - port: \"{port}\"\n              protocol: TCP\n"
    );
}

fn fqdn_selectors(host: &Host) -> Vec<String> {
    match host {
        Host::Wildcard(suffix) => {
            vec![format!("matchPattern: \"*.{suffix}\""), format!("matchPattern: \"**.{suffix}\"")]
        }
        Host::Name(name) | Host::Placeholder(name) => vec![format!("matchName: \"{name}\"")],
    }
}

const PROXY_NOTE: &str = "behind a proxy the pods connect to the proxy and not to these hosts: add a toCIDR or toFQDNs rule for it";

const HEAD: &str = "\
# What the pods of an Azure Arc-enabled Kubernetes cluster call (SCOPE). All other egress of the namespace is denied.
# Extensions in namespaces of their own need the same there.
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: arcprobe-azure-arc
  namespace: azure-arc
spec:
  endpointSelector: {}
  egress:
    # The cluster's DNS, through Cilium's DNS proxy: without it no name below is known.
    - toEndpoints:
        - matchLabels:
            k8s:io.kubernetes.pod.namespace: kube-system
            k8s:k8s-app: kube-dns
      toPorts:
        - ports:
            - port: \"53\"
              protocol: ANY
          rules:
            dns:
              - matchPattern: \"*\"
    - toEntities:
        - kube-apiserver
    # The agents call each other.
    - toEndpoints:
        - {}
";
