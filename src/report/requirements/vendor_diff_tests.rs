use super::*;
use crate::rules::builtin;

const CLOUD: Cloud = Cloud::AzureCloud;

fn rules() -> RuleSet {
    builtin::rule_set("current", None).unwrap()
}

fn comparison_scope(region: Option<&str>, expected: ExpectedEndpoints) -> ComparisonScope {
    let region = region.map(|name| crate::rules::resolve_region(name, CLOUD, &rules()).unwrap());
    ComparisonScope { cloud: CLOUD, region, expected }
}

fn expected_source(id: &str) -> ExpectedEndpoints {
    ExpectedEndpoints::Source(id.to_owned())
}

fn compare_lines(lines: &str, with: &ComparisonScope) -> Difference {
    compare_with_rules(&VendorTable::parse(lines.as_bytes()).unwrap(), &rules(), with)
}

/// As it would be if the vendor's page were made of our rules.
fn own_table(with: &ComparisonScope) -> String {
    let expected = rules().endpoints.into_iter().filter(|e| e.cloud == Some(CLOUD) && is_expected(e, with));
    let line = |e: Endpoint| format!("{}:{}", e.host.as_str().replace("{region}", "<region>"), e.port.0);
    expected.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_table_of_the_same_hosts_has_no_difference() {
    for region in [None, Some("eastus")] {
        let with = comparison_scope(region, expected_source("network-requirements-public"));
        let found = compare_lines(&own_table(&with), &with);
        assert!(found.only_in_table.is_empty() && found.only_in_rules.is_empty(), "{found:#?}");
        assert!(found.in_both.len() > 10);
    }
}

#[test]
fn hosts_missing_on_either_side_are_listed() {
    let with = comparison_scope(None, expected_source("network-requirements-public"));
    let own = own_table(&with).replace("management.azure.com:443", "https://new.example.com");
    let found = compare_lines(&format!("{own}https://management.usgovcloudapi.net"), &with);
    let [only] = found.only_in_table.as_slice() else { panic!("{found:#?}") };
    assert_eq!((only.host.as_str(), only.port, only.line), ("new.example.com", Some(443), 1));
    let [only] = found.only_in_rules.as_slice() else { panic!("{found:#?}") };
    assert_eq!((only.id.as_str(), only.host.as_str(), only.port), ("pub-arm", "management.azure.com", 443));
    let [other] = found.of_other_clouds.as_slice() else { panic!("{found:#?}") };
    assert!(other.host == "management.usgovcloudapi.net" && other.ids[0].starts_with("gov-"), "{other:?}");
}

#[test]
fn another_port_or_another_width_is_a_difference_with_a_hint() {
    let with = comparison_scope(None, ExpectedEndpoints::Features(Vec::new()));
    let found = compare_lines("<region>.obo.arc.azure.com:9999\n*.login.microsoft.com\n", &with);
    let near: Vec<_> =
        found.only_in_table.iter().map(|only| (only.host.as_str(), only.near.join(" "))).collect();
    assert_eq!(near.len(), 2, "{found:#?}");
    assert!(near[0].1.contains("{region}.obo.arc.azure.com:8084 (pub-"), "{near:?}");
    assert!(near[1].1.contains("{region}.login.microsoft.com:443 (pub-aad-regional)"), "{near:?}");
}

#[test]
fn regions_may_be_examples_unless_one_is_named() {
    let lines = "https://westeurope.dp.kubernetesconfiguration.azure.com\nhttps://weu.his.arc.azure.com";
    let dp = |found: &Difference| found.only_in_rules.iter().any(|only| only.id == "pub-config-dp");
    let features = || ExpectedEndpoints::Features(vec!["core".to_owned()]);
    let found = compare_lines(lines, &comparison_scope(None, features()));
    assert!(found.only_in_table.is_empty() && !dp(&found), "{found:#?}");
    assert!(!dp(&compare_lines(lines, &comparison_scope(Some("westeurope"), features()))));
    let found = compare_lines(lines, &comparison_scope(Some("eastus"), features()));
    assert!(found.only_in_table.is_empty() && dp(&found), "{found:#?}");
    let codes: Vec<_> =
        found.only_in_rules.iter().filter(|only| only.id.starts_with("pub-his")).map(|o| &o.host).collect();
    assert!(codes.iter().any(|host| *host == "eus.his.arc.azure.com"), "{codes:?}");
}

#[test]
fn a_placeholder_stands_for_the_region() {
    let with = comparison_scope(Some("eastus"), expected_source("network-requirements-public"));
    let found = compare_lines("https://<region>.dp.kubernetesconfiguration.azure.com", &with);
    assert_eq!(found.in_both[0].host, "eastus.dp.kubernetesconfiguration.azure.com");
    assert!(!found.only_in_rules.iter().any(|only| only.id == "pub-config-dp"));
}
