//! Every form over the lists of every region, and the fragment of squid by squid itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use arcprobe::model::rules::{Cloud, HostPattern};
use arcprobe::model::scope::Connectivity;
use arcprobe::model::shell::Shell;
use arcprobe::report::requirements::{ExportFormat, Requirements, export, list_requirements, schema};
use arcprobe::report::text::TextOptions;
use arcprobe::rules::{ScopeRequest, builtin, parse_values, resolve_scope};

use crate::require::{require, require_that};

const PLAIN: TextOptions = TextOptions { colour: false, width: 80, verbose: false, shell: Shell::Bash };

/// All features in every region where clusters can be connected, both with wildcards and without.
fn lists() -> Vec<(String, Requirements)> {
    let mut lists = Vec::new();
    for cloud in Cloud::ALL {
        let rules = builtin::rule_set("current", Some(cloud)).unwrap();
        for region in rules.regions.iter().filter(|r| r.cloud == cloud && r.arc != Some(false)) {
            let asked = ScopeRequest {
                cloud,
                location: region.name.to_string(),
                features: vec!["all".into()],
                connectivity: Connectivity::Direct,
                values: parse_values(&["vault=mine".into(), "git_host=git.contoso.example".into()]).unwrap(),
            };
            let (scope, _) = resolve_scope(&asked, &rules).unwrap();
            for expand in [false, true] {
                lists.push((
                    format!("{cloud} {} {expand}", region.name),
                    list_requirements(&rules, &scope, expand),
                ));
            }
        }
    }
    assert!(lists.len() > 60, "{}", lists.len());
    lists
}

/// `ARCPROBE_UPDATE=1` writes the file; a schema that changed is a change for every program that reads the list.
#[test]
fn lists_fit_the_schema_of_the_repository() {
    let file = in_tree("src/report/requirements/schema-v1.json");
    let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("ARCPROBE_UPDATE").is_some() {
        std::fs::write(&file, &generated).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&file).unwrap_or_default(),
        generated,
        "run once with ARCPROBE_UPDATE=1"
    );
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, list) in lists() {
        let value: serde_json::Value =
            serde_json::from_str(&export(&list, ExportFormat::Json, &PLAIN).text).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn azure_firewall_templates_fit_the_schema() {
    let schema =
        std::fs::read_to_string(in_tree("fixtures/schemas/azure-rule-collection-group.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for (name, list) in lists() {
        let template: serde_json::Value =
            serde_json::from_str(&export(&list, ExportFormat::AzureFirewall, &PLAIN).text).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&template).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "resources": [] })));
}

#[test]
fn cilium_policies_allow_all_that_pods_need() {
    for (name, list) in lists() {
        let policy: serde_json::Value =
            serde_yaml::from_str(&export(&list, ExportFormat::Cilium, &PLAIN).text).unwrap();
        assert_eq!(policy["apiVersion"], "cilium.io/v2", "{name}");
        assert_eq!(policy["metadata"]["namespace"], "azure-arc", "{name}");
        let egress = policy["spec"]["egress"].as_array().unwrap();
        assert_eq!(egress[0]["toPorts"][0]["rules"]["dns"][0]["matchPattern"], "*", "{name}");
        assert_eq!(egress[1]["toEntities"][0], "kube-apiserver", "{name}");
        let mut selectors = BTreeMap::<u64, BTreeSet<String>>::new();
        for rule in egress.iter().filter(|rule| !rule["toFQDNs"].is_null()) {
            let port = rule["toPorts"][0]["ports"][0]["port"].as_str().unwrap().parse().unwrap();
            let names = rule["toFQDNs"].as_array().unwrap().iter();
            let name = |s: &serde_json::Value| {
                s["matchName"].as_str().or(s["matchPattern"].as_str()).unwrap().to_owned()
            };
            selectors.entry(port).or_default().extend(names.map(name));
        }
        let pods = list.items.iter().filter(|item| item.describe_vantages().contains("pod"));
        for item in pods {
            let names = selectors
                .get(&item.port.into())
                .unwrap_or_else(|| panic!("{name}: {}", item.host_and_port()));
            assert!(names.contains(&item.host.to_string()), "{name}: {}", item.host_and_port());
        }
    }
}

#[test]
fn palo_alto_lists_are_names_and_wildcards() {
    for (name, list) in lists() {
        for line in export(&list, ExportFormat::PaloAlto, &PLAIN).text.lines() {
            let host = line.strip_suffix('/').unwrap_or_else(|| panic!("{name}: {line}"));
            assert!(host.parse::<HostPattern>().is_ok() && !host.contains('{'), "{name}: {line}");
        }
    }
}

/// What `rules show` has for a region is what has to be open, but for what Azure itself calls.
#[test]
fn the_list_matches_the_rules() {
    let rows = |text: &str, columns: [usize; 3]| -> BTreeSet<String> {
        let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let row = |line: &str| columns.map(|at| cells(line).get(at).cloned().unwrap_or_default()).join(" ");
        text.lines().skip(1).filter(|l| !l.contains(",cloud,")).map(row).collect()
    };
    for (region, cloud) in
        [("eastus", "AzureCloud"), ("usgovvirginia", "AzureUSGovernment"), ("chinaeast2", "AzureChinaCloud")]
    {
        let fixture =
            std::fs::read_to_string(in_tree(&format!("fixtures/requirements/{region}.csv"))).unwrap();
        let expected: BTreeSet<_> = rows(&fixture, [1, 2, 3]);
        let args = ["--cloud", cloud, "-l", region, "--feature", "all", "-o", "csv"];
        let found = rows(&super::requirements(args).exits(0).stdout, [0, 1, 2]);
        // a list says {vault}, a firewall takes the wildcard
        let is_plain = |row: &&String| !row.contains('{');
        let missing: Vec<_> = expected.iter().filter(is_plain).filter(|row| !found.contains(*row)).collect();
        assert!(missing.is_empty(), "{region}: {missing:#?}");
        // a wildcard in place of {vault} is the only other difference
        let more: Vec<_> = found.difference(&expected).filter(|row| !row.starts_with('*')).collect();
        assert!(
            more.is_empty(),
            "fixtures/requirements/{region}.csv lacks {more:#?}; see rules::the_endpoints_of_a_region"
        );
        assert_eq!(found.len(), expected.len(), "{region}: {found:#?}");
    }
}

#[test]
fn squid_accepts_the_fragment() {
    let Some(squid) = require("squid") else { return };
    let about = Command::new(&squid).arg("-v").output().unwrap();
    let can_bump = String::from_utf8_lossy(&about.stdout).contains("with-openssl");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("squid.conf");
    require_that(can_bump, "lines that inspect TLS: this squid has no OpenSSL (Debian: squid-openssl)");
    for (name, list) in lists().into_iter().step_by(7) {
        let fragment = export(&list, ExportFormat::Squid, &PLAIN).text;
        let bumping = fragment.replace("#   ", "");
        let kinds = [(&fragment, "as it is"), (&bumping, "with what is commented out")];
        for (text, kind) in kinds.into_iter().take(if can_bump { 2 } else { 1 }) {
            std::fs::write(&file, format!("http_port 127.0.0.1:3128\n{text}http_access deny all\n")).unwrap();
            let output = Command::new(&squid).args(["-k", "parse", "-f"]).arg(&file).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let is_bad = |line: &&str| ["WARNING", "ERROR", "FATAL"].iter().any(|word| line.contains(word));
            let bad: Vec<_> = stderr.lines().filter(is_bad).collect();
            assert!(output.status.success() && bad.is_empty(), "{name}, {kind}: {bad:#?}");
        }
    }
}

fn in_tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
