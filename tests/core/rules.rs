//! Rules files: the message for each way to get one wrong, and the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use arcprobe::cli::CommandError;
use arcprobe::cli::args::RulesArgs;
use arcprobe::cli::exit::Exit;
use arcprobe::cli::rules::{RulesCommandError, run, schema};
use arcprobe::model::plan::Route;
use arcprobe::model::rules::{Cloud, HostName, RuleSet};
use arcprobe::model::scope::Connectivity;
use arcprobe::model::vantage::VantageKind;
use arcprobe::plan::{PlanOptions, build_plan, is_needed};
use arcprobe::rules::load::parse_rules;
use arcprobe::rules::{RulesError, ScopeRequest, builtin, parse_values, resolve_scope};
use serde_json::Value;

/// Each `NAME.yaml` is refused with the text of `NAME.txt`. `ARCPROBE_UPDATE=1 cargo test` writes the texts; read the
/// difference before it is committed.
#[test]
fn each_bad_file_has_its_message() {
    let files = yaml_files("fixtures/rules-bad");
    assert!(!files.is_empty());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let message = refusal(name, &fs::read(&file).unwrap());
        compare(&file.with_extension("txt"), &format!("{message}\n"));
    }
}

/// `ARCPROBE_UPDATE=1` writes the file; a schema that changed is a change for everybody who writes rules.
#[test]
fn the_schema_in_the_repository_is_that_of_the_program() {
    compare(&repository("rules/schema.json"), &schema());
}

#[test]
fn built_in_rules_fit_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (file, text) in builtin::all_files() {
        let value: Value = serde_yaml::from_str(text).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{file}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in [
        "unknown-key",
        "missing-key",
        "impossible-port",
        "empty-status",
        "status-word",
        "unknown-protocol",
        "bad-id",
    ] {
        let text =
            fs::read_to_string(repository("fixtures/rules-bad").join(name).with_extension("yaml")).unwrap();
        let value: Value = serde_yaml::from_str(&text).unwrap();
        assert!(!validator.is_valid(&value), "{name}");
    }
}

#[test]
fn the_merged_rules_can_be_loaded_again() {
    for format in ["yaml", "json"] {
        let text = rules(&["show", "-o", format]).unwrap();
        let file = parse_rules("merged", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let (again, built_in) =
            (RuleSet::from_layers([file]).unwrap(), builtin::rule_set("current", None).unwrap());
        assert_eq!(format!("{:?}", again.endpoints), format!("{:?}", built_in.endpoints));
        assert_eq!(format!("{:?}", again.regions), format!("{:?}", built_in.regions));
        assert_eq!(format!("{:?}", again.features), format!("{:?}", built_in.features));
    }
}

#[test]
fn text_names_features_rule_sets_and_endpoints() {
    let text = rules(&["show"]).unwrap();
    for part in ["*  core", "2025-04", "eastus", "AzureChinaCloud", "management.azure.com:443"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

/// Each CSV is what the rules gave for a region when they were last compared with their sources.
#[test]
fn the_endpoints_of_a_region_match_its_list() {
    let folder = repository("fixtures/requirements");
    for (file, cloud) in lists() {
        let region = file.trim_end_matches(".csv");
        let csv = rules(&["show", "--cloud", cloud, "-l", region, "--feature", "all", "-o", "csv"]).unwrap();
        if std::env::var_os("ARCPROBE_UPDATE").is_some() {
            fs::write(folder.join(file), &csv).expect("the repository is writable");
        }
        let stored = fs::read_to_string(folder.join(file)).unwrap();
        let (listed, stored): (BTreeSet<_>, BTreeSet<_>) = (csv.lines().collect(), stored.lines().collect());
        assert!(
            listed == stored,
            "fixtures/requirements/{file} is another list than that of the rules.\nonly in the rules: {:#?}\nonly in the \
             file: {:#?}\nIf this is meant: ARCPROBE_UPDATE=1 INSTA_UPDATE=always cargo test",
            listed.difference(&stored).collect::<Vec<_>>(),
            stored.difference(&listed).collect::<Vec<_>>()
        );
    }
}

fn lists() -> impl Iterator<Item = (&'static str, &'static str)> {
    let public = ["eastus.csv", "koreacentral.csv"].map(|file| (file, "AzureCloud"));
    public
        .into_iter()
        .chain([("usgovvirginia.csv", "AzureUSGovernment"), ("chinaeast2.csv", "AzureChinaCloud")])
}

/// Over all regions and features: no endpoint gets lost between the rules and the plan, and every host can be asked for.
#[test]
fn a_plan_has_a_check_for_every_endpoint_of_every_region() {
    for cloud in Cloud::ALL {
        let rules = builtin::rule_set("current", Some(cloud)).unwrap();
        for region in rules.regions.iter().filter(|region| region.cloud == cloud && region.arc != Some(false))
        {
            let asked = ScopeRequest {
                cloud,
                location: region.title.clone(),
                features: vec!["all".to_owned()],
                connectivity: Connectivity::Direct,
                values: parse_values(&["vault=mine".to_owned()]).unwrap(),
            };
            let (scope, _) = resolve_scope(&asked, &rules).unwrap();
            let options = PlanOptions { stands_in_for_cluster: true, ..PlanOptions::default() };
            let plan = build_plan(&rules, &scope, VantageKind::Workstation, &options, direct);
            let planned: BTreeSet<_> = plan.items.iter().map(|item| item.check.endpoint.as_str()).collect();
            let needed = rules.endpoints.iter().filter(|endpoint| is_needed(endpoint, &scope));
            assert!(needed.clone().all(|endpoint| planned.contains(endpoint.id.as_str())), "{}", region.name);
            let hosts = plan.items.iter().filter_map(|item| item.check.host.as_deref());
            assert!(hosts.clone().all(|host| host.parse::<HostName>().is_ok()), "{}", region.name);
            let ids: BTreeSet<_> = plan.items.iter().map(|item| item.check.id.as_str()).collect();
            assert_eq!(ids.len(), plan.items.len(), "{}", region.name);
        }
    }
}

fn direct(_: &str, _: u16, _: arcprobe::model::rules::Protocol) -> Route {
    Route::direct("no proxy")
}

#[test]
fn validate_checks_all_files() {
    let bad = |name: &str| repository("fixtures/rules-bad").join(name).display().to_string();
    let error =
        rules(&["validate", &bad("bad-id.yaml"), &bad("bad-date.yaml"), "no-such-file.yaml"]).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    let message = error.to_string();
    for part in ["Azure_ARM", "2026-13-01", "cannot read the rules file no-such-file.yaml"] {
        assert!(message.contains(part), "{part} in\n{message}");
    }
    let good = rules(&["validate", &repository("rules/azure.yaml").display().to_string()]).unwrap();
    assert!(good.contains("azure.yaml: good ("), "{good}");
}

#[test]
fn wrong_arguments_exit_with_code_2() {
    for args in [
        &["show", "-l", "no-such-region"][..],
        &["show", "--feature", "flux"],
        &["show", "--rule-set", "1999-01"],
    ] {
        assert_eq!(rules(args).unwrap_err().exit(), Exit::Usage, "{args:?}");
    }
}

#[test]
fn what_only_we_can_fix_exits_with_code_1() {
    let error = CommandError::from(RulesCommandError::Unwritable("no YAML".into()));
    assert_eq!(error.exit(), Exit::Failed);
}

fn rules(args: &[&str]) -> Result<String, CommandError> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        rules: RulesArgs,
    }
    let line = ["rules"].iter().chain(args);
    let line = <Line as clap::Parser>::try_parse_from(line).expect("a command line");
    Ok(run(&line.rules, &BTreeMap::new(), false)?.text)
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    let result = parse_rules(name, bytes).and_then(|file| RuleSet::default().add_layer(file));
    let error = result.expect_err(name);
    let RulesError::Invalid(invalid) = &error else { panic!("{name}: {error}") };
    assert!(invalid.locations().all(|(line, column, message)| line > 0 && column > 0 && !message.is_empty()));
    error.to_string()
}

/// Compares with a file of the repository, or writes it where `ARCPROBE_UPDATE` is set.
fn compare(file: &Path, text: &str) {
    if std::env::var_os("ARCPROBE_UPDATE").is_some() {
        fs::write(file, text).expect("the repository is writable");
    }
    let expected = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    assert_eq!(text, expected, "{}", file.display());
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    files
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
