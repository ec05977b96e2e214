//! A rule collection group of an Azure Firewall policy, as a template of Azure Resource Manager.
//!
//! The structure is that of `Microsoft.Network/firewallPolicies/ruleCollectionGroups`, API version 2024-03-01
//! (learn.microsoft.com/azure/templates, read 2026-11-28). An application rule takes names and `*.example.com`, which holds
//! any number of labels, for the protocols Http and Https with any port. A network rule takes names without wildcards, and
//! needs the firewall's DNS proxy.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::export::{Export, NEEDS_VALUE, describe_left_out};
use super::{Host, Origin, Requirement, Requirements};
use crate::model::evidence::sanitize;
use crate::model::rules::{CallerVantage, Need, Protocol};
use crate::report::json::to_text;
use crate::report::sanitize::LONGEST_DESCRIPTION;

pub(super) fn render(list: &Requirements) -> Export {
    let [with, without, open] = list.split_by(|item| rule_kind(item).is_some());
    let mut rules: BTreeMap<RuleKey, Vec<&Requirement>> = BTreeMap::new();
    for item in with {
        for key in rule_keys(item) {
            rules.entry(key).or_default().push(item);
        }
    }
    let has_names = rules.keys().any(|key| key.kind == RuleKind::Names);
    let text = to_text(&arm_template(list, &rules));
    let notes = [
        has_names.then(|| DNS_PROXY.to_owned()),
        describe_left_out(
            without,
            "network rules take no wildcards: give their names with --set or --expand",
        ),
        describe_left_out(open, NEEDS_VALUE),
    ];
    Export::new(text, notes)
}

/// What shares a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct RuleKey {
    kind: RuleKind,
    is_of_cluster: bool,
    is_optional: bool,
    port: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum RuleKind {
    Https,
    Http,
    Names,
    Addresses,
}

/// What is no HTTP goes into network rules, as application rules want to see an HTTP request or a TLS handshake.
fn rule_kind(item: &Requirement) -> Option<RuleKind> {
    match (item.protocol, &item.host) {
        (_, host) if host.is_address() => Some(RuleKind::Addresses),
        (Protocol::Https | Protocol::Wss, _) => Some(RuleKind::Https),
        (Protocol::Http, _) => Some(RuleKind::Http),
        (_, Host::Name(_)) => Some(RuleKind::Names),
        (_, Host::Wildcard(_) | Host::Placeholder(_)) => None,
    }
}

/// Once for the cluster's addresses, once for those of people's machines.
fn rule_keys(item: &Requirement) -> Vec<RuleKey> {
    let is_machine = |from: &CallerVantage| !matches!(from, CallerVantage::Pod | CallerVantage::Node);
    let audiences = [(true, item.is_called_from_cluster()), (false, item.from.iter().any(is_machine))];
    let (is_optional, port) = (item.need == Need::Optional, item.port);
    let key = |is_of_cluster| rule_kind(item).map(|kind| RuleKey { kind, is_of_cluster, is_optional, port });
    audiences.into_iter().filter(|(_, is_called)| *is_called).filter_map(|(of, _)| key(of)).collect()
}

fn arm_template(list: &Requirements, rules: &BTreeMap<RuleKey, Vec<&Requirement>>) -> Value {
    let is_network = |key: &RuleKey| matches!(key.kind, RuleKind::Names | RuleKind::Addresses);
    let of = |wanted: bool| -> Vec<Value> {
        rules
            .iter()
            .filter(|(key, _)| is_network(key) == wanted)
            .map(|(key, items)| firewall_rule(*key, items))
            .collect()
    };
    let collections = [
        rule_collection("arc-kubernetes-network", 100, &of(true)),
        rule_collection("arc-kubernetes-applications", 200, &of(false)),
    ];
    let collections: Vec<_> = collections.into_iter().flatten().collect();
    // a group is replaced as a whole: what is still closed must not take the place of what is open
    let (name, what) = match list.origin {
        Origin::Rules => ("arc-kubernetes", "Egress of an Azure Arc-enabled Kubernetes cluster"),
        Origin::Report => {
            ("arc-kubernetes-unmet", "What a report found unmet of an Azure Arc-enabled Kubernetes cluster")
        }
    };
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": { "description": arm_literal(&format!("{what}, {}", list.describe_scope())) },
        "parameters": arm_parameters(),
        "resources": [{
            "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
            "apiVersion": "2024-03-01",
            "name": format!("[format('{{0}}/{name}', parameters('firewallPolicyName'))]"),
            "properties": { "priority": "[parameters('priority')]", "ruleCollections": collections }
        }]
    })
}

fn arm_parameters() -> Value {
    let addresses =
        |about: &str| json!({ "type": "array", "defaultValue": ["*"], "metadata": { "description": about } });
    json!({
        "firewallPolicyName": { "type": "string" },
        "priority": { "type": "int", "defaultValue": 1000, "minValue": 100, "maxValue": 65000 },
        "clusterAddresses": addresses("Networks of the nodes, and of the pods where these are not translated"),
        "workstationAddresses": addresses("Networks of the machines with az and of users of the portal")
    })
}

/// `None` without rules, as a collection has to have some.
fn rule_collection(name: &str, priority: u16, rules: &[Value]) -> Option<Value> {
    (!rules.is_empty()).then(|| {
        json!({
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": name,
            "priority": priority,
            "action": { "type": "Allow" },
            "rules": rules
        })
    })
}

fn firewall_rule(key: RuleKey, items: &[&Requirement]) -> Value {
    let (who, sources) = if key.is_of_cluster {
        ("cluster", "clusterAddresses")
    } else {
        ("workstation", "workstationAddresses")
    };
    let need = if key.is_optional { "optional" } else { "required" };
    let hosts: BTreeSet<_> = items.iter().map(|item| item.host.to_string()).collect();
    let protocol = match key.kind {
        RuleKind::Https => "https",
        RuleKind::Http => "http",
        RuleKind::Names => "tcp",
        RuleKind::Addresses => "address",
    };
    let mut rule = json!({
        "name": format!("{who}-{need}-{protocol}-{}", key.port),
        "description": describe_items(items),
        "sourceAddresses": format!("[parameters('{sources}')]"),
    });
    let more = match key.kind {
        RuleKind::Https | RuleKind::Http => application_rule(key, &hosts),
        RuleKind::Names => json!({ "destinationFqdns": hosts }),
        RuleKind::Addresses => json!({ "destinationAddresses": hosts }),
    };
    let network = json!({ "ruleType": "NetworkRule", "ipProtocols": ["TCP"], "destinationPorts": [key.port.to_string()] });
    let parts = if key.kind <= RuleKind::Http { vec![more] } else { vec![network, more] };
    for part in parts {
        if let (Value::Object(rule), Value::Object(part)) = (&mut rule, part) {
            rule.extend(part);
        }
    }
    rule
}

fn application_rule(key: RuleKey, hosts: &BTreeSet<String>) -> Value {
    let protocol = if key.kind == RuleKind::Http { "Http" } else { "Https" };
    json!({
        "ruleType": "ApplicationRule",
        "protocols": [{ "protocolType": protocol, "port": key.port }],
        "targetFqdns": hosts,
        "terminateTLS": false
    })
}

/// What the rule is for, as far as a description may be long.
fn describe_items(items: &[&Requirement]) -> String {
    let titles: BTreeSet<_> = items.iter().map(|item| item.title.as_str()).collect();
    let text = titles.into_iter().collect::<Vec<_>>().join("; ");
    arm_literal(&sanitize(&text, LONGEST_DESCRIPTION))
}

/// A text that begins with a bracket would be evaluated; two of them stand for one.
fn arm_literal(text: &str) -> String {
    if text.starts_with('[') { format!("[{text}") } else { text.to_owned() }
}

const DNS_PROXY: &str = "network rules with names need the DNS proxy of the firewall policy";
