//! Each form as a function from a small list to a text.

use super::format::export;
use super::*;
use crate::model::shell::Shell;
use crate::report::text::TextOptions;

const PLAIN: TextOptions = TextOptions { colour: false, width: 80, verbose: false, shell: Shell::Bash };

/// `host port protocol need from` and, if it applies, `uninspected`, `private`; a title of each item's own.
fn list(rows: &[&str]) -> Requirements {
    Requirements {
        cloud: Cloud::AzureCloud,
        region: "eastus".into(),
        connectivity: Connectivity::Direct,
        features: vec![ActiveFeature { id: "core".into(), title: "Core".into() }],
        layers: Vec::new(),
        origin: Origin::Rules,
        items: rows.iter().enumerate().map(|(at, row)| item(at, row)).collect(),
        notes: Vec::new(),
    }
}

fn item(at: usize, row: &str) -> Requirement {
    let words: Vec<_> = row.split(' ').collect();
    let host = Host::parse(words[0]).unwrap_or_else(|_| Host::Placeholder(words[0].into()));
    let word = |text: &str| serde_json::Value::from(text);
    Requirement {
        id: format!("r{at}"),
        title: format!("title {at}"),
        host,
        port: words[1].parse().unwrap(),
        protocol: serde_json::from_value(word(words[2])).unwrap(),
        may_be_inspected: Some(!words.contains(&"uninspected")),
        need: serde_json::from_value(word(words[3])).unwrap(),
        why: "For the test.".into(),
        from: words[4].split(',').map(|from| serde_json::from_value(word(from)).unwrap()).collect(),
        callers: vec!["agent".into()],
        features: vec!["core".into()],
        alternative: None,
        is_private: words.contains(&"private"),
        sources: vec![SourcePage { page: "https://a.example/b".into(), date: Some("2026-06-11".into()) }],
        fixes: Vec::new(),
        remarks: Vec::new(),
    }
}

fn text(rows: &[&str], form: ExportFormat) -> String {
    export(&list(rows), form, &PLAIN).text
}

fn notes(rows: &[&str], form: ExportFormat) -> String {
    export(&list(rows), form, &PLAIN).notes.join("\n")
}

/// The lines that squid acts on.
fn squid_directives(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect()
}

#[test]
fn squid_has_one_list_for_each_port_and_no_overlaps() {
    let rows = [
        "a.example.com 443 https required pod",
        "*.example.com 443 wss optional pod uninspected",
        "example.com 443 https required pod",
        "b.test 443 https required pod",
        "b.test 443 https required node",
        "b.test 8084 https required pod",
        "c.test 80 http required node",
        "git.test 22 ssh required pod",
    ];
    let text = text(&rows, ExportFormat::Squid);
    let expected = [
        "acl arcprobe_clients src all",
        "acl arcprobe_connect method CONNECT",
        "acl SSL_ports port 8084",
        "acl arcprobe_443_port port 443",
        "acl arcprobe_443_hosts dstdomain .example.com",
        "acl arcprobe_443_hosts dstdomain b.test",
        "http_access allow arcprobe_clients arcprobe_connect arcprobe_443_port arcprobe_443_hosts",
        "acl arcprobe_8084_port port 8084",
        "acl arcprobe_8084_hosts dstdomain b.test",
        "http_access allow arcprobe_clients arcprobe_connect arcprobe_8084_port arcprobe_8084_hosts",
        "acl arcprobe_http_80_port port 80",
        "acl arcprobe_http_80_hosts dstdomain c.test",
        "http_access allow arcprobe_clients !arcprobe_connect arcprobe_http_80_port arcprobe_http_80_hosts",
    ];
    assert_eq!(squid_directives(&text), expected);
    assert!(
        text.contains("# required, from pod: title 1\n"),
        "a required name is behind the wildcard:\n{text}"
    );
    assert!(text.contains("#   acl arcprobe_uninspected ssl::server_name .example.com\n"), "{text}");
    assert!(notes(&rows, ExportFormat::Squid).contains("left out: git.test:22; an HTTP proxy"));
}

#[test]
fn a_comment_of_squid_ends_with_its_line() {
    let mut list = list(&["a.test 443 https required pod", "b.test 443 https required pod"]);
    list.items[0].title = "joins the next line \\".into();
    let text = export(&list, ExportFormat::Squid, &PLAIN).text;
    assert!(!text.contains('\\') && text.contains("acl arcprobe_443_hosts dstdomain a.test\n"), "{text}");
}

#[test]
fn azure_firewall_rules_have_source_destination_and_protocol() {
    let rows = [
        "*.example.com 443 wss required pod,workstation",
        "a.test 443 https required node",
        "a.test 8084 https optional pod",
        "c.test 80 http required browser",
        "git.test 22 ssh required pod",
        "10.1.2.3 443 https required node",
        "*.mqtt.test 8883 tls required pod",
    ];
    let template: serde_json::Value =
        serde_json::from_str(&text(&rows, ExportFormat::AzureFirewall)).unwrap();
    let collections = template["resources"][0]["properties"]["ruleCollections"].as_array().unwrap();
    let line = |rule: &serde_json::Value| {
        let pick = |keys: &[&str]| keys.iter().map(|k| &rule[*k]).find(|v| !v.is_null()).cloned().unwrap();
        format!(
            "{} {} {} {}",
            rule["name"].as_str().unwrap(),
            rule["sourceAddresses"].as_str().unwrap(),
            pick(&["protocols", "destinationPorts"]),
            pick(&["targetFqdns", "destinationFqdns", "destinationAddresses"])
        )
    };
    let lines: Vec<_> = collections.iter().flat_map(|c| c["rules"].as_array().unwrap()).map(line).collect();
    let (cluster, machine) = ("[parameters('clusterAddresses')]", "[parameters('workstationAddresses')]");
    let https = |port: u16| format!(r#"[{{"port":{port},"protocolType":"Https"}}]"#);
    let expected = [
        format!(r#"cluster-required-tcp-22 {cluster} ["22"] ["git.test"]"#),
        format!(r#"cluster-required-address-443 {cluster} ["443"] ["10.1.2.3"]"#),
        format!(r#"workstation-required-https-443 {machine} {} ["*.example.com"]"#, https(443)),
        format!(r#"cluster-required-https-443 {cluster} {} ["*.example.com","a.test"]"#, https(443)),
        format!(r#"cluster-optional-https-8084 {cluster} {} ["a.test"]"#, https(8084)),
        format!(r#"workstation-required-http-80 {machine} [{{"port":80,"protocolType":"Http"}}] ["c.test"]"#),
    ];
    assert_eq!(lines, expected);
    let notes = notes(&rows, ExportFormat::AzureFirewall);
    assert!(notes.contains("DNS proxy") && notes.contains("left out: *.mqtt.test:8883"), "{notes}");
}

#[test]
fn a_description_is_never_evaluated() {
    let mut list = list(&["a.test 443 https required pod"]);
    list.items[0].title = "[resourceId('x')]".into();
    let text = export(&list, ExportFormat::AzureFirewall, &PLAIN).text;
    assert!(text.contains(r#""[[resourceId('x')]""#), "{text}");
    list.items.clear();
    assert!(export(&list, ExportFormat::AzureFirewall, &PLAIN).text.contains(r#""ruleCollections": []"#));
}

#[test]
fn cilium_has_only_what_pods_call() {
    let rows = [
        "a.test 443 https required pod",
        "x.a.test 443 https required pod",
        "*.a.test 443 https required pod",
        "a.test 8084 https optional pod",
        "10.1.2.3 443 https required pod",
        "images.test 443 https required node",
        "{git_host} 22 ssh required pod",
    ];
    let text = text(&rows, ExportFormat::Cilium);
    let rules = text.split_once("- {}\n").unwrap().1;
    let rules: Vec<_> = rules.lines().map(str::trim).filter(|l| !l.starts_with('#')).collect();
    let ports = |port: &'static str| ["toPorts:", "- ports:", port, "protocol: TCP"];
    let names = [
        "- toFQDNs:",
        "- matchName: \"a.test\"",
        "- matchName: \"x.a.test\"",
        "- matchPattern: \"*.a.test\"",
        "- matchPattern: \"**.a.test\"",
    ];
    let expected = [
        &names[..],
        &ports("- port: \"443\""),
        &["- toCIDR:", "- \"10.1.2.3/32\""],
        &ports("- port: \"443\""),
        &["- toFQDNs:", "- matchName: \"a.test\""],
        &ports("- port: \"8084\""),
    ];
    assert_eq!(rules, expected.concat());
    let notes = notes(&rows, ExportFormat::Cilium);
    assert!(notes.contains("left out: images.test:443") && notes.contains("{git_host}:22; give"), "{notes}");
}

#[test]
fn palo_alto_entries_end_in_a_slash_and_notes_have_the_rest() {
    let rows = [
        "a.test 443 https required pod",
        "a.test 8084 https required pod",
        "*.b.test 443 wss required pod uninspected",
        "x.b.test 443 https required pod",
        "b.test 443 https required pod",
        "git.test 22 ssh required pod",
    ];
    assert_eq!(text(&rows, ExportFormat::PaloAlto), "a.test/\n*.b.test/\nb.test/\n");
    let notes = notes(&rows, ExportFormat::PaloAlto);
    for part in ["TCP 443, 8084", "decryption: *.b.test", "left out: git.test:22"] {
        assert!(notes.contains(part), "{notes}");
    }
}

#[test]
fn no_proxy_has_what_a_private_link_carries() {
    let rows = [
        "a.his.test 443 https required pod private",
        "*.his.test 443 https required pod private",
        "b.test 443 https required workstation private",
        "c.test 443 https required pod",
    ];
    assert_eq!(text(&rows, ExportFormat::NoProxy), "localhost,127.0.0.1,::1,.his.test,b.test\n");
    assert_eq!(text(&rows[3..], ExportFormat::NoProxy), "localhost,127.0.0.1,::1\n");
    assert!(notes(&rows[3..], ExportFormat::NoProxy).contains("private-link"));
}

#[test]
fn tables_have_every_column() {
    let rows = ["*.a.test 443 wss required pod,workstation uninspected", "b.test 22 ssh optional node"];
    let csv = text(&rows, ExportFormat::Csv);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(
        lines[1],
        "*.a.test,443,wss,needed,forbidden,required,outbound,\"pod; workstation\",agent,core,title 0,For the test.,,https://a.example/b,2026-06-11,r0"
    );
    assert!(lines[2].starts_with("b.test,22,ssh,no,no TLS,optional,outbound,node,"), "{csv}");
    let table = text(&rows, ExportFormat::Markdown);
    let row = "| `*.a.test` | 443 | wss | needed | forbidden | required | pod, workstation | core | title 0. For the test | [2026-06-11](https://a.example/b) |";
    assert!(table.contains(row) && table.ends_with("1 required, 1 optional.\n"), "{table}");
}
