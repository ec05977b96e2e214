use super::*;
use crate::analysis::networks::{DeclaredNetworks, Snapshot};
use crate::model::finding::Severity;
use crate::model::report::AzCommand;
use crate::proxy::{Origin, ProxyUrl, Routes, SkipRange, Sourced};

fn networks(services: &[&str], pods: &[&str]) -> Networks {
    let nets = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect();
    let given = DeclaredNetworks {
        services: nets(services),
        pods: nets(pods),
        api_servers: vec!["10.0.0.10".into(), "api.corp.example".into()],
        ..DeclaredNetworks::default()
    };
    Networks::from_snapshot(&Snapshot { declared: given, ..Snapshot::default() })
}

fn routes(skip: Option<&str>) -> Routes {
    let proxy = Sourced::new(
        ProxyUrl::parse("http://joe:topsecret@10.9.9.9:3128").unwrap().0,
        Origin::flag("--proxy-https"),
    );
    Routes::new(
        Some(proxy),
        None,
        skip.map(|s| Sourced::new(SkipRange::parse(s), Origin::flag("--proxy-skip-range"))),
    )
}

fn endpoints() -> Vec<AzureEndpoint> {
    let of = |host: &str, is_private| AzureEndpoint { host: host.into(), port: 443, is_private };
    vec![of("management.azure.com", false), of("eastus.dp.kubernetesconfiguration.azure.com", true)]
}

fn advice(
    networks: &Networks,
    routes: &Routes,
    connectivity: Connectivity,
    others: &[(Role, IpNet, String)],
) -> Advice {
    build_advice(&AdviceInput {
        networks,
        skipped: &[],
        routes,
        connectivity: Some(connectivity),
        region: Some("eastus"),
        cloud: None,
        features: &[],
        flags: &[],
        endpoints: &endpoints(),
        other_networks: others,
        additions: &["registry.corp.example".to_owned()],
        proxy_cert: None,
    })
}

fn value(networks: &Networks, connectivity: Connectivity) -> String {
    advice(networks, &routes(None), connectivity, &[]).skip_range.unwrap().value
}

#[test]
fn the_value_is_minimal_ordered_and_complete() {
    let plain = "kubernetes.default.svc,.svc,.svc.cluster.local";
    assert_eq!(
        value(&networks(&["10.96.0.0/12", "fd00:10:96::/112"], &["10.244.0.0/16"]), Connectivity::Proxy),
        format!(
            "10.96.0.0/12,fd00:10:96::/112,10.244.0.0/16,10.0.0.10,api.corp.example,{plain},registry.corp.example"
        )
    );
    // pods inside of what is there already, and an address of the API server too
    assert_eq!(
        value(&networks(&["10.0.0.0/9"], &["10.64.0.0/16"]), Connectivity::Proxy),
        format!("10.0.0.0/9,api.corp.example,{plain},registry.corp.example")
    );
    assert_eq!(
        value(&networks(&["10.96.0.0/12"], &[]), Connectivity::PrivateLink),
        format!(
            "10.96.0.0/12,10.0.0.10,api.corp.example,{plain},.dp.kubernetesconfiguration.azure.com,registry.corp.example"
        )
    );
}

#[test]
fn a_configured_skip_range_is_judged() {
    let good = "10.96.0.0/12,10.244.0.0/16,10.0.0.10,api.corp.example,kubernetes.default.svc,.svc,.svc.cluster.local,registry.corp.example";
    let table: &[(&str, &[&str])] = &[
        (good, &[]),
        (
            &good.replace("10.96.0.0/12", "10.96.0.0/16"),
            &["blocking 10.96.0.0/16 is too narrow: the service range is 10.96.0.0/12"],
        ),
        (&good.replace("10.96.0.0/12,", ""), &["blocking the service range 10.96.0.0/12 is missing"]),
        // two halves make the whole
        (&good.replace("10.96.0.0/12", "10.96.0.0/13,10.104.0.0/13"), &[]),
        (&good.replace("10.244.0.0/16,", ""), &["warning the pod range 10.244.0.0/16 is missing"]),
        (&good.replace("10.0.0.10,", ""), &["warning 10.0.0.10 is missing"]),
        // all that the vendor asks for
        (
            "10.96.0.0/12",
            &[
                "warning the pod range 10.244.0.0/16 is missing",
                "warning 10.0.0.10 is missing",
                "warning api.corp.example is missing",
                "warning kubernetes.default.svc is missing",
                "warning .svc is missing",
                "warning .svc.cluster.local is missing",
                "warning registry.corp.example is missing",
            ],
        ),
        (&good.replace(".svc,.svc.cluster.local", ".svc.cluster.local"), &["warning .svc is missing"]),
        (&format!("{good},.azure.com"), &["blocking .azure.com takes management.azure.com around the proxy"]),
        (&format!("{good},10.97.0.0/16"), &["info 10.97.0.0/16 is not needed: 10.96.0.0/12 holds it"]),
        (&format!("{good},10.*"), &["warning 10.*: no client knows patterns"]),
    ];
    let networks = networks(&["10.96.0.0/12"], &["10.244.0.0/16"]);
    for (given, expected) in table {
        let advice = advice(&networks, &routes(Some(given)), Connectivity::Proxy, &[]);
        let found: Vec<_> = advice
            .skip_range
            .unwrap()
            .problems
            .iter()
            .map(|p| format!("{} {}", p.severity.as_str(), p.text))
            .collect();
        assert_eq!(found.len(), expected.len(), "{given}: {found:#?}");
        for (text, expected) in found.iter().zip(*expected) {
            assert!(text.starts_with(expected), "{given}: {text}");
        }
    }
    let none = advice(&networks, &routes(None), Connectivity::Proxy, &[]).skip_range.unwrap();
    assert_eq!((none.problems.len(), none.problems[0].severity), (1, Severity::Blocking));
}

/// The API server is called at an address of the first family.
#[test]
fn a_missing_second_family_is_a_warning() {
    let rest =
        "10.0.0.10,api.corp.example,kubernetes.default.svc,.svc,.svc.cluster.local,registry.corp.example";
    let dual = networks(&["10.96.0.0/12", "fd00:10:96::/112"], &[]);
    let single = networks(&["fd00:10:96::/112"], &[]);
    let table = [
        (&dual, "10.96.0.0/12", "warning the second service range fd00:10:96::/112 is missing"),
        (&dual, "fd00:10:96::/112", "blocking the service range 10.96.0.0/12 is missing"),
        (&single, "10.96.0.0/12", "blocking the service range fd00:10:96::/112 is missing"),
    ];
    for (networks, given, expected) in table {
        let given = format!("{given},{rest}");
        let advice = advice(networks, &routes(Some(&given)), Connectivity::Proxy, &[]);
        let problems = advice.skip_range.unwrap().problems;
        let found: Vec<_> = problems.iter().map(|p| format!("{} {}", p.severity.as_str(), p.text)).collect();
        assert!(found.len() == 1 && found[0].starts_with(expected), "{given}: {found:?}");
    }
}

/// Service ranges, pod ranges, other addresses, and what is reported.
type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [(Role, &'a str)], &'a str);

#[test]
fn overlaps_are_reported_with_their_effect() {
    let list_overlaps = |services: &[&str], pods: &[&str], others: &[(Role, &str)]| -> Vec<String> {
        let others: Vec<_> = others
            .iter()
            .map(|(r, a)| (*r, cidr::single_address_network(a.parse().unwrap()), "test".to_owned()))
            .collect();
        let advice = advice(&networks(services, pods), &routes(None), Connectivity::Proxy, &others);
        advice.overlaps.iter().map(|o| format!("{} {}", o.severity.as_str(), o.text)).collect()
    };
    assert_eq!(
        list_overlaps(&["10.96.0.0/12"], &["10.244.0.0/16"], &[(Role::Proxy, "10.9.9.9")]),
        Vec::<String>::new()
    );
    let table: &[Row<'_>] = &[
        (
            &["10.96.0.0/12"],
            &["10.100.0.0/16"],
            &[],
            "blocking the pod range 10.100.0.0/16 and the service range 10.96.0.0/12 overlap",
        ),
        (
            &["10.96.0.0/12"],
            &["10.244.0.0/16"],
            &[(Role::Proxy, "10.244.3.9")],
            "blocking the proxy 10.244.3.9 (test) lies in the pod range 10.244.0.0/16: what pods and nodes send there stays inside the cluster",
        ),
        (
            &["10.96.0.0/12"],
            &[],
            &[(Role::Resolver, "10.96.0.53")],
            "blocking a DNS server 10.96.0.53 (test) lies in the service range",
        ),
        (
            &["10.0.0.0/16"],
            &[],
            &[],
            "blocking the API server 10.0.0.10 (--api-server) lies in the service range 10.0.0.0/16",
        ),
        (
            &["10.96.0.0/12"],
            &[],
            &[(Role::Nodes, "172.17.3.4")],
            "warning nodes 172.17.3.4 (test) lies in 172.17.0.0/16, where Docker",
        ),
        (&["fd00:10:96::/112"], &[], &[(Role::Proxy, "fd00:10:96::9")], "blocking the proxy fd00:10:96::9"),
    ];
    for (services, pods, others, expected) in table {
        let found = list_overlaps(services, pods, others);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}");
    }
}

#[test]
fn commands_contain_everything_but_the_password() {
    let advice = advice(&networks(&["10.96.0.0/12"], &[]), &routes(None), Connectivity::Proxy, &[]);
    let connect = advice.connect_command.unwrap();
    assert_eq!(
        connect.bash,
        "export HTTPS_PROXY='http://USER:PASSWORD@10.9.9.9:3128'\n\
         export HTTP_PROXY='http://USER:PASSWORD@10.9.9.9:3128'\n\
         export NO_PROXY='10.96.0.0/12,10.0.0.10,api.corp.example,kubernetes.default.svc,.svc,.svc.cluster.local,registry.corp.example'\n\
         az connectedk8s connect --name NAME --resource-group GROUP --location eastus \\\n  \
         --proxy-https http://USER:PASSWORD@10.9.9.9:3128 \\\n  \
         --proxy-http http://USER:PASSWORD@10.9.9.9:3128 \\\n  \
         --proxy-skip-range 10.96.0.0/12,10.0.0.10,api.corp.example,kubernetes.default.svc,.svc,.svc.cluster.local,registry.corp.example"
    );
    assert!(connect.powershell.starts_with("$env:HTTPS_PROXY = 'http://USER:PASSWORD@10.9.9.9:3128'\n"));
    // without quotes it would be an array, and each of its items an argument
    assert!(connect.powershell.contains(" --proxy-skip-range '10.96.0.0/12,10.0.0.10,"));
    assert!(advice.update_command.unwrap().bash.starts_with("az connectedk8s update --name NAME"));
    assert!(!format!("{connect:?}").contains("topsecret"));
}

#[test]
fn what_is_known_is_listed_with_its_source() {
    let others = [("10.9.9.9/32", Role::Proxy, "--proxy-https"), ("10.1.0.0/16", Role::Nodes, "nodes")];
    let others = others.map(|(network, role, source)| (role, network.parse().unwrap(), source.to_owned()));
    let known =
        advice(&networks(&["10.96.0.0/12"], &["10.244.0.0/16"]), &routes(None), Connectivity::Proxy, &others);
    let listed: Vec<_> = known
        .networks
        .iter()
        .map(|n| format!("{:?} {} {} {} {}", n.role, n.network, n.source, n.confidence.as_str(), n.counts))
        .collect();
    assert_eq!(
        listed,
        [
            "Services 10.96.0.0/12 --service-cidr high true",
            "Pods 10.244.0.0/16 --pod-cidr high true",
            "ApiServer 10.0.0.10 --api-server high true",
            "Proxy 10.9.9.9 --proxy-https high true",
            "Nodes 10.1.0.0/16 nodes high true",
        ]
    );
}

/// The least that a range must be is a guess, and says so.
#[test]
fn a_range_that_is_only_the_least_is_widened() {
    let mut networks = networks(&["10.96.3.0/24", "fd00:10:96::/112"], &["10.244.0.0/16"]);
    let of = |networks: &Networks| -> Vec<_> {
        let entries = advice(networks, &routes(None), Connectivity::Proxy, &[]).skip_range.unwrap().entries;
        entries.into_iter().map(|e| format!("{} {}", e.value, e.source)).take(3).collect()
    };
    let sure = ["10.96.3.0/24 --service-cidr", "fd00:10:96::/112 --service-cidr", "10.244.0.0/16 --pod-cidr"];
    assert_eq!(of(&networks), sure);
    for claim in &mut networks.claims {
        claim.confidence = crate::model::finding::Confidence::Low;
    }
    let wide = [
        "10.96.0.0/16 --service-cidr; widened to /16, a usual size: a guess",
        "fd00:10:96::/108 --service-cidr; widened to /108, a usual size: a guess",
        "10.244.0.0/16 --pod-cidr",
    ];
    assert_eq!(of(&networks), wide);
}

/// Pods with addresses of the nodes' network overlap with much, and rightly so.
#[test]
fn routed_pods_and_routes_of_this_machine_are_mild() {
    let route = [(Role::Route, "10.244.0.0/14".parse().unwrap(), "eth0".to_owned())];
    let proxy =
        [(Role::Proxy, cidr::single_address_network("10.244.3.9".parse().unwrap()), "test".to_owned())];
    let mut networks = networks(&["10.96.0.0/12"], &["10.244.0.0/16"]);
    let list_overlaps = |networks: &Networks, others: &[(Role, IpNet, String)]| -> Vec<_> {
        let overlaps = advice(networks, &routes(None), Connectivity::Proxy, others).overlaps;
        overlaps
            .into_iter()
            .map(|o| format!("{} {:?} in {:?}", o.severity.as_str(), o.inner, o.outer))
            .collect()
    };
    assert_eq!(list_overlaps(&networks, &route), ["info Route in Pods"]);
    assert_eq!(list_overlaps(&networks, &proxy), ["blocking Proxy in Pods"]);
    networks.pods_are_routed = true;
    assert_eq!(list_overlaps(&networks, &route), Vec::<String>::new());
    assert_eq!(list_overlaps(&networks, &proxy), Vec::<String>::new());
}

/// Clients disagree on both endpoints, each because of another entry; each entry is named once.
#[test]
fn entries_that_clients_read_differently_are_reported_once() {
    let differing = |given: &str| -> Vec<_> {
        let advice =
            advice(&networks(&["10.96.0.0/12"], &[]), &routes(Some(given)), Connectivity::Proxy, &[]);
        let problems = advice.skip_range.unwrap().problems.into_iter();
        problems
            .filter(|p| p.kind == crate::model::report::SkipProblemKind::Differs)
            .map(|p| p.entry)
            .collect()
    };
    let (both, data) = ("*.azure.com", "*.kubernetesconfiguration.azure.com");
    assert_eq!(differing(both), [both]);
    assert_eq!(differing(data), [data]);
    assert_eq!(
        differing("*.management.azure.com,management.azure.com:443,*.dp.kubernetesconfiguration.azure.com"),
        ["management.azure.com:443", "*.dp.kubernetesconfiguration.azure.com"]
    );
}

/// What a run without a proxy prints to connect is printed for one with a proxy too, on one line each.
#[test]
fn a_command_to_connect_without_a_proxy_becomes_one_with_a_proxy() {
    let proxies = " --proxy-https http://P:1 --proxy-http http://P:1";
    let skip = " --proxy-skip-range SERVICE_CIDR,POD_CIDR,kubernetes.default.svc,.svc,.svc.cluster.local";
    let connect = "az connectedk8s connect --name NAME --resource-group GROUP --location";
    let print = |advice: Option<&Advice>, cloud| -> Vec<_> {
        connect_through_proxy(advice, cloud, "http://P:1").iter().map(ToString::to_string).collect()
    };
    assert_eq!(print(None, None), [format!("{connect} REGION{proxies}{skip}")]);
    let flags = [
        ("--name", "NAME"),
        ("--resource-group", "GROUP"),
        ("--location", "usgovvirginia"),
        ("--kube-context", "a b"),
    ];
    let flags = flags.map(|(name, value)| RunFlag::new(name, value)).to_vec();
    let (bash, powershell, cmd) = (String::new(), String::new(), String::new());
    let advice =
        Advice { connect_command: Some(AzCommand { bash, powershell, cmd, flags }), ..Advice::default() };
    let expected = [
        "az cloud set --name AzureUSGovernment".to_owned(),
        format!("{connect} usgovvirginia --kube-context 'a b'{proxies}{skip}"),
    ];
    assert_eq!(print(Some(&advice), Some(Cloud::AzureUSGovernment)), expected);
}
