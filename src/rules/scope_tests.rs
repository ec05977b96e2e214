use super::*;
use crate::rules::load::parse_rules;

const RULES: &str = "
format: arcprobe-rules/1
name: test
revision: 2026-01-01
features:
  - {id: core, title: Core, default: true}
  - {id: connect, title: Connect, default: true, needs: [core], not_with_private_link: true}
  - {id: locations, title: Locations, needs: [connect]}
  - {id: argo, title: Argo, clouds: [AzureCloud], needs: [core]}
regions:
  - {name: eastus, title: East US, cloud: AzureCloud, arc: true}
  - {name: eastus2, title: East US 2, cloud: AzureCloud, arc: true}
  - {name: newland, title: Newland North, cloud: AzureCloud}
  - {name: noarc, title: No Arc, cloud: AzureCloud, arc: false}
  - {name: usgovvirginia, title: US Gov Virginia, cloud: AzureUSGovernment, arc: true}
";

fn rules() -> RuleSet {
    RuleSet::from_layers([parse_rules("test.yaml", RULES.as_bytes()).unwrap()]).unwrap()
}

fn region_of(location: &str) -> Result<String, String> {
    resolve_region(location, Cloud::AzureCloud, &rules())
        .map(|r| r.name.to_string())
        .map_err(|e| e.to_string())
}

fn features_on(asked: &[&str], cloud: Cloud, connectivity: Connectivity) -> Result<String, String> {
    let asked: Vec<_> = asked.iter().map(|&word| word.to_owned()).collect();
    resolve_features(&asked, cloud, connectivity, &rules()).map(|on| on.join(" ")).map_err(|e| e.to_string())
}

#[test]
fn a_region_goes_by_name_and_display_name() {
    for word in ["eastus2", "East US 2", "EASTUS2", " east-us 2"] {
        assert_eq!(region_of(word), Ok("eastus2".to_owned()), "{word}");
    }
}

#[test]
fn an_unknown_region_is_an_error_with_suggestions() {
    let table = [
        (
            "esatus",
            "unknown region \"esatus\"; did you mean \"eastus\"?\nregions of AzureCloud are eastus, eastus2, newland, noarc",
        ),
        ("Newland Noth", "did you mean \"newland\"?"),
        ("atlantis", "unknown region \"atlantis\"\n"),
        ("eastus2a", "unknown region \"eastus2a\"; did you mean \"eastus2\"?"),
        // as other vendors name them, or half a name
        ("us-east-1", "unknown region \"us-east-1\"\n"),
        ("europe-west3", "unknown region \"europe-west3\"\n"),
        ("useast1", "unknown region"),
        ("northwest", "unknown region"),
        ("mexico/central", "unknown region"),
        ("usgoviowa", "usgoviowa is a region of AzureUSGovernment; pass --cloud AzureUSGovernment"),
        ("China North 9", "chinanorth9 is a region of AzureChinaCloud; pass --cloud AzureChinaCloud"),
        ("US Gov Virginia", "usgovvirginia is a region of AzureUSGovernment; pass --cloud AzureUSGovernment"),
        (
            "noarc",
            "clusters cannot be connected in noarc\nsupported regions of AzureCloud are eastus, eastus2",
        ),
    ];
    for (word, advice) in table {
        let message = region_of(word).unwrap_err();
        assert!(message.contains(advice), "{word}: {message}");
    }
}

/// Azure opens about five regions a year: the names of those since, and of some that are announced.
#[test]
fn a_region_newer_than_the_rules_is_taken_at_its_word() {
    let table = [
        ("mexicocentral", "mexicocentral"),
        ("Spain Central", "spaincentral"),
        ("polandcentral", "polandcentral"),
        ("newzealandnorth", "newzealandnorth"),
        ("austriaeast", "austriaeast"),
        ("Southeast US", "southeastus"),
        ("eastus3", "eastus3"),
        ("uaecentral", "uaecentral"),
        ("jioindiawest", "jioindiawest"),
        ("eastusstg", "eastusstg"),
    ];
    for (typed, name) in table {
        assert_eq!(region_of(typed), Ok(name.to_owned()));
    }
    let government = resolve_region("USGov Iowa", Cloud::AzureUSGovernment, &rules()).unwrap();
    assert_eq!(government.name.as_str(), "usgoviowa");
}

#[test]
fn features_come_with_what_they_need() {
    let (cloud, direct) = (Cloud::AzureCloud, Connectivity::Direct);
    assert_eq!(features_on(&[], cloud, direct), Ok("core connect".to_owned()));
    assert_eq!(features_on(&["locations"], cloud, direct), Ok("core connect locations".to_owned()));
    assert_eq!(features_on(&["argo, core"], cloud, direct), Ok("core argo".to_owned()));
    assert_eq!(features_on(&["all"], cloud, direct), Ok("core connect locations argo".to_owned()));
    assert_eq!(
        features_on(&["all"], Cloud::AzureUSGovernment, direct),
        Ok("core connect locations".to_owned())
    );
}

#[test]
fn a_private_link_drops_what_it_cannot_carry() {
    let private = |asked: &[&str]| features_on(asked, Cloud::AzureCloud, Connectivity::PrivateLink);
    assert_eq!(private(&[]), Ok("core".to_owned()));
    assert_eq!(private(&["all"]), Ok("core argo".to_owned()));
    assert_eq!(private(&["connect"]), Err("connect does not work over a private link".to_owned()));
    assert_eq!(
        private(&["locations"]),
        Err("locations does not work over a private link: it needs connect".to_owned())
    );
}

#[test]
fn an_unknown_feature_is_an_error_with_suggestions() {
    let direct = Connectivity::Direct;
    assert_eq!(
        features_on(&["loctions"], Cloud::AzureCloud, direct),
        Err("unknown feature \"loctions\"; did you mean \"locations\"?\nallowed are core, connect, locations, argo, all".to_owned())
    );
    assert_eq!(
        features_on(&["argo"], Cloud::AzureUSGovernment, direct),
        Err("argo is not available in AzureUSGovernment\navailable are core, connect, locations".to_owned())
    );
}

#[test]
fn values_are_checked() {
    let message = |pair: &str| parse_values(&[pair.to_owned()]).map_err(|e| e.to_string());
    assert_eq!(message("vault=mine").unwrap()["vault"], "mine");
    assert!(message("git_host=git.example.com").is_ok());
    assert!(
        message("valt=mine")
            .unwrap_err()
            .starts_with("unknown value \"valt\"; did you mean \"vault\"?\nallowed are\n  his_code")
    );
    assert!(message("region=eastus").unwrap_err().starts_with("unknown value"));
    assert!(message("vault=a/b").unwrap_err().contains("cannot be part of a host name"));
    assert_eq!(message("vault").unwrap_err(), "\"vault\" is not NAME=VALUE");
}

#[test]
fn a_region_of_unknown_support_is_accepted_with_a_note() {
    let asked = ScopeRequest {
        cloud: Cloud::AzureCloud,
        location: "newland".to_owned(),
        features: Vec::new(),
        connectivity: Connectivity::Direct,
        values: BTreeMap::new(),
    };
    let (scope, notes) = resolve_scope(&asked, &rules()).unwrap();
    assert_eq!(scope.region.name.as_str(), "newland");
    assert_eq!(notes, ["no source says whether clusters can be connected in newland"]);
    let newer = ScopeRequest { location: "Mexico Central".to_owned(), ..asked };
    let (scope, notes) = resolve_scope(&newer, &rules()).unwrap();
    assert_eq!((scope.region.name.as_str(), scope.region.his_code), ("mexicocentral", None));
    assert_eq!(
        notes,
        ["the rules of 2026-01-01 do not list the region mexicocentral: it is newer, or misspelt"]
    );
}

#[test]
fn clouds_go_by_name_in_any_case() {
    assert_eq!(parse_cloud("azureusgovernment"), Ok(Cloud::AzureUSGovernment));
    assert!(
        parse_cloud("AzureChinaClod").unwrap_err().to_string().contains("did you mean \"AzureChinaCloud\"?")
    );
}

proptest::proptest! {
    #[test]
    fn case_and_spacing_of_a_region_do_not_matter(blanks in proptest::collection::vec(0usize..3, 7), upper in proptest::num::u8::ANY) {
        let letter = |(n, c): (usize, char)| if upper >> n & 1 == 1 { c.to_ascii_uppercase() } else { c };
        let typed: String = "eastus2".chars().enumerate().map(|(n, c)| " ".repeat(blanks[n]) + &letter((n, c)).to_string()).collect();
        proptest::prop_assert_eq!(region_of(&typed), Ok("eastus2".to_owned()));
    }

    #[test]
    fn any_region_is_found_or_explained(typed in "\\PC{0,30}") {
        proptest::prop_assert!(region_of(&typed).map_or_else(|e| !e.is_empty(), |name| !name.is_empty()));
    }
}
