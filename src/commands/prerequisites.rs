//! Asks a cluster and the programs of the workstation for what is needed before the cluster is connected, and judges it.

use serde_json::Value;

use super::program::{AZ, ask};
use super::{CommandError, Environment, runtime};
use crate::chain::catalogue::Catalogue;
use crate::cluster::{self, Access, AccessError};
use crate::evidence::printable;
use crate::prerequisites::facts::{Asked, ClusterFacts, Facts, Program, Provider, Tools};
use crate::prerequisites::needs::Wanted;
use crate::prerequisites::{Judged, Known, judge};
use crate::rules;
use crate::settings::{KubeChoice, ProbeSettings};

/// What is there. The programs and the cluster are asked at the same time.
///
/// # Errors
/// Only when no runtime starts: what cannot be asked is part of the facts.
pub(super) fn facts(
    choice: &KubeChoice,
    probe: &ProbeSettings,
    environment: &Environment,
) -> Result<Facts, CommandError> {
    let runtime = runtime()?;
    let tools = std::thread::spawn(tools);
    let asked = runtime.block_on(async {
        let access = Access::open(choice, environment, probe).await?;
        Ok::<_, AccessError>(Box::pin(cluster::prerequisites(&access)).await?)
    });
    Ok(Facts { cluster: told(asked), tools: tools.join().ok() })
}

fn told(asked: Result<ClusterFacts, AccessError>) -> Asked<ClusterFacts> {
    match asked {
        Ok(facts) => Asked::Told(facts),
        Err(AccessError::Config(e)) => Asked::Unusable(e.to_string()),
        Err(AccessError::Api(e)) => Asked::Silent(e.to_string()),
    }
}

/// Judges what is there by the generation that goes with a rule set.
///
/// # Errors
/// Never: tests read the data.
pub(super) fn judged(
    facts: &Facts,
    rule_set: &str,
    wanted: Wanted<'_>,
    catalogue: &Catalogue,
) -> Result<Judged, CommandError> {
    let needs = rules::prerequisites::builtin().map_err(|e| CommandError::Failed(e.into()))?;
    let Some(generation) = needs.generation(rule_set) else { return Ok(Judged::default()) };
    Ok(judge(&Known { facts, needs: &needs, generation, wanted, catalogue }))
}

/// What the programs of this machine say. Each that asks takes its time: they are asked at the same time.
fn tools() -> Tools {
    let programs = std::thread::spawn(|| (kubectl(), helm()));
    let az = ask(AZ, &["version", "-o", "json"]).and_then(|text| json(&text));
    let mut tools = Tools::default();
    match &az {
        Ok(versions) => {
            tools.az = program(versions["azure-cli"].as_str());
            tools.connectedk8s = program(versions["extensions"]["connectedk8s"].as_str());
            let missing = || Some("the extension is not there".to_owned());
            tools.connectedk8s.why = tools.connectedk8s.version.is_none().then(missing).flatten();
            let (login, providers) = account();
            (tools.login, tools.providers) = (Some(login), providers);
        }
        Err(why) => {
            tools.az = Program { version: None, why: Some(why.clone()) };
            tools.connectedk8s = tools.az.clone();
        }
    }
    if let Ok((kubectl, helm)) = programs.join() {
        (tools.kubectl, tools.helm) = (kubectl, helm);
    }
    tools
}

/// The cloud that az is logged in to, and the providers of the subscription. Of the account nothing else is kept.
fn account() -> (Result<String, String>, Vec<Provider>) {
    let account = ask(AZ, &["account", "show", "-o", "json", "--only-show-errors"]);
    let cloud = account.and_then(|text| json(&text)).map(|account| {
        printable(account["environmentName"].as_str().unwrap_or("a cloud that az does not name"), 60)
    });
    if cloud.is_err() {
        return (Err("az is not logged in".into()), Vec::new());
    }
    let asked = PROVIDERS.map(|name| std::thread::spawn(move || provider(name)));
    (cloud, asked.into_iter().filter_map(|thread| thread.join().ok()).collect())
}

fn provider(name: &str) -> Provider {
    let query = ["--query", "registrationState", "-o", "tsv", "--only-show-errors"];
    let asked = ask(AZ, &[&["provider", "show", "--namespace", name][..], &query].concat());
    let (state, why) = match asked {
        Ok(text) => (Some(printable(text.trim(), 60)).filter(|t| !t.is_empty()), None),
        Err(why) => (None, Some(why)),
    };
    Provider { name: name.to_owned(), state, why }
}

fn kubectl() -> Program {
    version(ask("kubectl", &["version", "--client", "-o", "json"]).and_then(|text| {
        json(&text).map(|v| v["clientVersion"]["gitVersion"].as_str().unwrap_or_default().to_owned())
    }))
}

fn helm() -> Program {
    // the second version says `Client: v2.17.0+g...`
    version(ask("helm", &["version", "--short"]).map(|t| t.trim().trim_start_matches("Client: ").to_owned()))
}

fn version(told: Result<String, String>) -> Program {
    match told {
        Ok(text) => program(Some(&text)),
        Err(why) => Program { version: None, why: Some(why) },
    }
}

fn program(version: Option<&str>) -> Program {
    let version = version.map(|text| printable(text.trim(), 60)).filter(|text| !text.is_empty());
    Program { version, why: None }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("it says no JSON: {e}"))
}

/// All that some generation asks for.
const PROVIDERS: [&str; 4] = [
    "Microsoft.Kubernetes",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.ExtendedLocation",
    "Microsoft.HybridCompute",
];
