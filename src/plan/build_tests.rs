use std::collections::BTreeMap;

use super::*;
use crate::plan::Discovered;
use crate::plan::plan_discoveries;
use crate::rules::expand::tests::eastus_scope;
use crate::rules::load::parse_rules;

const RULES: &str = "
format: arcprobe-rules/1
name: test
revision: 2026-01-01
cloud: AzureCloud
features:
  - {id: core, title: Core, default: true}
  - {id: relay, title: Relay}
endpoints:
";

fn rules(endpoints: &[&str]) -> RuleSet {
    let entry = |keys: &&str| {
        let common = "title: t, why: w, breaks: b, callers: [agent]";
        let defaults = [("vantages", "[pod]"), ("features", "[core]")];
        let missing = defaults.iter().filter(|(key, _)| !keys.contains(&format!("{key}:")));
        let defaults: String = missing.map(|(key, value)| [", ", key, ": ", value].concat()).collect();
        format!("  - {{{common}{defaults}, {keys}}}\n")
    };
    let text = RULES.to_owned() + &endpoints.iter().map(entry).collect::<String>();
    RuleSet::from_layers([parse_rules("test.yaml", text.as_bytes()).unwrap()]).unwrap()
}

fn direct(_: &str, _: u16, _: Protocol) -> Route {
    Route::direct("no proxy")
}

fn workstation_only() -> PlanOptions {
    PlanOptions { stands_in_for_cluster: true, ..PlanOptions::default() }
}

fn check_ids(rules: &RuleSet, scope: &Scope, vantage: VantageKind, options: &PlanOptions) -> Vec<String> {
    build_plan(rules, scope, vantage, options, direct)
        .items
        .into_iter()
        .map(|item| item.check.id.to_string())
        .collect()
}

fn render_plan(endpoint: &str, scope: &Scope) -> String {
    let asked = "id: b, host: b.example.com, features: [relay]"; // in the rules, not in the plan
    build_plan(&rules(&[endpoint, asked]), scope, VantageKind::Workstation, &workstation_only(), direct)
        .to_string()
}

#[test]
fn each_kind_of_host_yields_its_checks() {
    let table = [
        (
            "id: a, host: a.example.com",
            "workstation/a/a.example.com https:443 required, GET / (core is on by default; called by agent in pods; this machine stands in for them)\n",
        ),
        (
            "id: a, host: '{region}.example.com', port: 8084, vantages: [workstation, pod], request: {path: '/?l={region}'}",
            "workstation/a/eastus.example.com https:8084 required, GET /?l=eastus (core is on by default; called by agent on the workstation and in pods)\n",
        ),
        (
            "id: a, host: '*.example.com', samples: [x.example.com, y.example.com], vantages: [workstation], protocol: wss, need: optional",
            "workstation/a/x.example.com wss:443 optional, GET /, below *.example.com (core is on by default; called by agent on the workstation)\n\
             workstation/a/y.example.com wss:443 optional, GET /, below *.example.com (core is on by default; called by agent on the workstation)\n",
        ),
        (
            "id: a, host: '*.example.com', vantages: [browser]",
            "workstation/a/*.example.com https:443 required, unverified: no host below *.example.com is known, and no way to find one is documented (core is on by default; called by agent in the browser)\n",
        ),
        (
            "id: a, host: '*.example.com', vantages: [workstation], discovery: notification-allow-list, ask: b",
            "workstation/a/*.example.com https:443 required, unverified: no host below *.example.com is known beforehand; the notification service's allow list would name the hosts (core is on by default; called by agent on the workstation)\n",
        ),
        (
            "id: a, host: '*.{region}.example.com', vantages: [workstation], samples: [x.westus.example.com, y.eastus.example.com]",
            "workstation/a/y.eastus.example.com https:443 required, GET /, below *.eastus.example.com (core is on by default; called by agent on the workstation)\n",
        ),
        (
            "id: a, host: '{his_code}.his.example.com', vantages: [workstation]",
            "workstation/a/*.his.example.com https:443 required, unverified: the short code of eastus is not known; the global identity endpoint would name the regional one (core is on by default; called by agent on the workstation)\n",
        ),
        (
            "id: a, host: '{vault}.example.com', vantages: [workstation]",
            "workstation/a/*.example.com https:443 required, unverified: pass --set vault=NAME (the name of a Key Vault) (core is on by default; called by agent on the workstation)\n",
        ),
        (
            "id: a, host: a.example.com, vantages: [cloud]",
            "workstation/a/a.example.com https:443 required, unverified: Azure calls it, not the cluster, so it cannot be checked from here (core is on by default; called by agent in Azure)\n",
        ),
        (
            "id: a, host: a.example.com, port: 22, protocol: ssh, features: [core, relay], vantages: [workstation]",
            "workstation/a/a.example.com ssh:22 required (core is on by default; called by agent on the workstation)\n",
        ),
    ];
    for (endpoint, line) in table {
        assert_eq!(render_plan(endpoint, &eastus_scope(false, &[])), line, "{endpoint}");
    }
}

#[test]
fn region_codes_and_user_values_fill_hosts() {
    let rules = rules(&["id: a, host: '{his_code}.example.com'", "id: b, host: '{vault}.example.com'"]);
    let scope = eastus_scope(true, &[("vault", "mine")]);
    let pod = check_ids(&rules, &scope, VantageKind::Pod, &PlanOptions::default());
    assert_eq!(pod, ["pod/a/eus.example.com", "pod/b/mine.example.com"]);
}

#[test]
fn discovered_hosts_replace_samples() {
    let rules = rules(&[
        "id: a, host: '*.example.com', samples: [x.example.com]",
        "id: b, host: '{his_code}.his.example.com'",
    ]);
    let found = |host: &str| Discovered::Found(vec![host.parse().unwrap(), host.parse().unwrap()]);
    let discovered = BTreeMap::from([
        ("a".to_owned(), found("y.example.com")),
        ("b".to_owned(), found("eus.his.example.com")),
    ]);
    let options = PlanOptions { discovered, ..PlanOptions::default() };
    let plan = build_plan(&rules, &eastus_scope(false, &[]), VantageKind::Pod, &options, direct);
    let hosts: Vec<_> =
        plan.items.iter().map(|item| (item.check.id.as_str(), item.check.pattern.as_deref())).collect();
    assert_eq!(
        hosts,
        [
            ("pod/a/y.example.com", Some("*.example.com")),
            ("pod/b/eus.his.example.com", Some("*.his.example.com"))
        ]
    );
}

/// Each state of a discovery, for a wildcard with samples, one without, and a template with and without a known code.
#[test]
fn each_state_of_a_discovery_yields_its_plan() {
    let rules = rules(&[
        "id: s, host: '*.s.example.com', samples: [x.s.example.com], discovery: registry-redirect, ask: a",
        "id: w, host: '*.w.example.com', discovery: notification-allow-list, ask: a",
        "id: t, host: '{his_code}.t.example.com', discovery: his-region, ask: a",
        "id: a, host: a.example.com, features: [relay]",
    ]);
    let found = |host: &str| Discovered::Found(vec![host.parse().unwrap()]);
    let all = |known: Discovered| ["s", "w", "t"].map(|id| (id.to_owned(), known.clone()));
    let table = [
        (all(Discovered::Pending), true, &[][..]),
        (all(Discovered::Late), true, &["s/x.s.example.com", "t/eus.t.example.com"]),
        (all(Discovered::Late), false, &["s/x.s.example.com"]),
        (
            all(Discovered::Failed("why".into())),
            true,
            &["s/x.s.example.com", "s/*.s.example.com", "w/*.w.example.com", "t/eus.t.example.com"],
        ),
        (
            all(Discovered::Failed("why".into())),
            false,
            &["s/x.s.example.com", "s/*.s.example.com", "w/*.w.example.com", "t/*.t.example.com"],
        ),
        (
            [("s", "z.s.example.com"), ("w", "z.w.example.com"), ("t", "weu.t.example.com")]
                .map(|(id, host)| (id.to_owned(), found(host))),
            true,
            &["s/z.s.example.com", "w/z.w.example.com", "t/weu.t.example.com"],
        ),
    ];
    for (discovered, codes, expected) in table {
        let options = PlanOptions { discovered: BTreeMap::from(discovered), ..PlanOptions::default() };
        let ids = check_ids(&rules, &eastus_scope(codes, &[]), VantageKind::Pod, &options);
        let expected: Vec<_> = expected.iter().map(|id| format!("pod/{id}")).collect();
        assert_eq!(ids, expected, "{options:?}");
    }
}

#[test]
fn discoveries_are_planned_for_needed_endpoints() {
    let rules = rules(&[
        "id: s, host: '*.s.example.com', discovery: registry-redirect, ask: a",
        "id: t, host: '{his_code}.t.example.com', discovery: his-region, ask: b",
        "id: off, host: '*.o.example.com', discovery: his-region, ask: b, features: [relay]",
        "id: a, host: a.example.com, features: [relay], request: {method: HEAD, path: '/v2?l={region}'}",
        "id: b, host: '{region}.b.example.com', port: 8443",
    ]);
    let asks =
        plan_discoveries(&rules, &eastus_scope(true, &[]), VantageKind::Pod, &PlanOptions::default(), direct);
    let shown: Vec<_> = asks.iter().map(|a| format!("{} {} {}", a.endpoint, a.wildcard, a.request)).collect();
    assert!(
        shown[0].starts_with("s *.s.example.com pod/a/a.example.com https:443 required, GET /v2?l=eastus")
    );
    assert!(shown[1].starts_with("t *.t.example.com pod/b/eastus.b.example.com https:8443 required, GET /"));
    assert_eq!(asks[1].expected.as_deref(), Some("eus.t.example.com"));
    assert_eq!(asks.len(), 2);
}

#[test]
fn each_vantage_checks_the_endpoints_called_from_it() {
    let rules = rules(&[
        "id: w, host: w.example.com, vantages: [workstation]",
        "id: p, host: p.example.com, vantages: [pod]",
        "id: n, host: n.example.com, vantages: [node, workstation]",
        "id: c, host: c.example.com, vantages: [cloud]",
    ]);
    let scope = eastus_scope(true, &[]);
    let requirements = |vantage, options: &PlanOptions| {
        let plan = build_plan(&rules, &scope, vantage, options, direct);
        plan.items.into_iter().map(|item| item.check.endpoint).collect::<String>()
    };
    let shared = PlanOptions::default();
    assert_eq!(requirements(VantageKind::Workstation, &shared), "wnc");
    assert_eq!(requirements(VantageKind::Pod, &shared), "p");
    assert_eq!(requirements(VantageKind::Node, &shared), "n");
    assert_eq!(requirements(VantageKind::Workstation, &workstation_only()), "wpnc");
    assert_eq!(requirements(VantageKind::Pod, &PlanOptions { all_endpoints: true, ..shared }), "wpnc");
}

#[test]
fn features_and_connectivity_select_endpoints() {
    let rules = rules(&[
        "id: a, host: a.example.com, features: [relay]",
        "id: b, host: b.example.com, gateway: carried",
        "id: c, host: c.example.com, private_link: private",
        "id: d, host: d.example.com, cloud: AzureChinaCloud",
    ]);
    let scope = |connectivity| Scope { connectivity, ..eastus_scope(true, &[]) };
    let requirements =
        |connectivity| check_ids(&rules, &scope(connectivity), VantageKind::Pod, &PlanOptions::default());
    assert_eq!(requirements(Connectivity::Direct), ["pod/b/b.example.com", "pod/c/c.example.com"]);
    assert_eq!(requirements(Connectivity::Gateway), ["pod/c/c.example.com"]);
    let private = build_plan(
        &rules,
        &scope(Connectivity::PrivateLink),
        VantageKind::Pod,
        &PlanOptions::default(),
        direct,
    );
    let expected = |item: &PlanItem| match &item.action {
        Action::Probe(probe) => Some(probe.addresses),
        Action::Unverified(_) => None,
    };
    let addresses: Vec<_> = private.items.iter().map(expected).collect();
    assert_eq!(addresses, [Some(AddressClass::Public), Some(AddressClass::Private)]);
}

/// The gateway's proxy is a pod: az on the workstation and the container runtimes of nodes do not go through it.
#[test]
fn the_gateway_carries_what_pods_call_only() {
    let rules = rules(&[
        "id: both, host: a.example.com, gateway: carried, vantages: [workstation, pod]",
        "id: pods, host: b.example.com, gateway: carried, vantages: [pod]",
        "id: nodes, host: c.example.com, gateway: carried, vantages: [node]",
        "id: open, host: d.example.com, gateway: direct, vantages: [pod]",
    ]);
    let scope = Scope { connectivity: Connectivity::Gateway, ..eastus_scope(true, &[]) };
    let checks = |vantage, options: &PlanOptions| {
        let plan = build_plan(&rules, &scope, vantage, options, direct);
        let word = |item: PlanItem| format!("{} {}", item.check.endpoint, item.check.required);
        plan.items.into_iter().map(word).collect::<Vec<_>>()
    };
    let shared = PlanOptions::default();
    assert_eq!(checks(VantageKind::Workstation, &shared), ["both true"]);
    assert_eq!(checks(VantageKind::Pod, &shared), ["open true"]);
    assert_eq!(checks(VantageKind::Node, &shared), ["nodes false"]);
    assert_eq!(
        checks(VantageKind::Workstation, &workstation_only()),
        ["both true", "nodes false", "open true"]
    );
}

#[test]
fn ids_name_the_vantage_where_there_are_several() {
    let one = build_plan(
        &rules(&["id: a, host: a.example.com"]),
        &eastus_scope(false, &[]),
        VantageKind::Pod,
        &workstation_only(),
        direct,
    );
    let several = one.clone().with_vantage_id(&"pod@b".into());
    let ids = |plan: &Plan| plan.items.iter().map(|item| item.check.id.clone()).collect::<Vec<_>>();
    assert_eq!(
        (ids(&one), ids(&several)),
        (vec!["pod/a/a.example.com".into()], vec!["pod@b/a/a.example.com".into()])
    );
    assert_eq!(several.vantage, VantageKind::Pod);
}
