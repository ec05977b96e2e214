//! Asks a cluster and the programs of the workstation for what is needed before the cluster is connected, and judges it.

use std::thread::JoinHandle;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::time::timeout;

use super::program::{AZ, NoAnswer, ask};
use super::{CommandError, Environment, Screen, runtime};
use crate::analysis::prerequisites::{Judged, Known, judge};
use crate::cluster::settings::KubeChoice;
use crate::cluster::{self, Access, AccessError};
use crate::model::evidence::printable;
use crate::model::facts::{Asked, ClusterFacts, Facts, Program, Provider, Tools};
use crate::model::faults::Catalogue;
use crate::model::needs::Wanted;
use crate::probe::settings::ProbeSettings;
use crate::rules;

/// Facts on their way: they are asked for while endpoints are probed.
pub(super) struct Asking(JoinHandle<Result<Facts, CommandError>>);

/// Begins to ask the cluster and the programs, each within the deadline of the run.
pub(super) fn begin(choice: KubeChoice, probe: ProbeSettings, environment: Environment) -> Asking {
    Asking(std::thread::spawn(move || {
        runtime()?.until_stopped(async {
            let limit = probe.deadline.unwrap_or(LONGEST);
            let cluster = async {
                let told = timeout(limit, Box::pin(told(&choice, &probe, &environment))).await;
                told.unwrap_or_else(|_| Asked::Silent(late(limit)))
            };
            let tools = async {
                let tools = timeout(limit, tools()).await;
                Some(tools.unwrap_or_else(|_| silent(&late(limit))))
            };
            let (cluster, tools) = tokio::join!(cluster, tools);
            Facts { cluster, tools }
        })
    }))
}

impl Asking {
    /// Waits for what is still asked for; tells so where that takes its time.
    ///
    /// # Errors
    /// When no runtime starts, or the user stops: what cannot be asked is part of the facts.
    pub(super) fn facts(self, screen: &Screen) -> Result<Facts, CommandError> {
        let begun = std::time::Instant::now();
        while !self.0.is_finished() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        if !self.0.is_finished() {
            screen.hint("--prerequisites: waiting for the cluster, or for az, which may take a minute");
        }
        let facts = self.0.join();
        facts
            .unwrap_or_else(|_| Err(CommandError::Failed(anyhow::anyhow!("asking for prerequisites failed"))))
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs_f64())
}

async fn told(choice: &KubeChoice, probe: &ProbeSettings, environment: &Environment) -> Asked<ClusterFacts> {
    let asked = async {
        let access = Access::open(choice, environment, probe).await?;
        Ok::<_, AccessError>(Box::pin(cluster::prerequisites(&access)).await?)
    };
    match asked.await {
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

/// What the programs of this machine say. Each takes its time: they are asked at the same time.
async fn tools() -> Tools {
    let az = async {
        let version = ask(AZ, &["version", "-o", "json"]).await.and_then(|text| json(&text, "az version"));
        let account = if version.is_ok() { Some(account().await) } else { None };
        (version, account)
    };
    let ((az, account), kubectl, helm) = tokio::join!(az, kubectl(), helm());
    let mut tools = Tools { kubectl, helm, ..Tools::default() };
    match az {
        Ok(versions) => {
            tools.az = program(versions["azure-cli"].as_str());
            let extension = program(versions["extensions"]["connectedk8s"].as_str());
            let is_missing = extension.version.is_none();
            let why = is_missing.then(|| "the extension is not there".to_owned());
            tools.connectedk8s = Program { why, is_missing, ..extension };
        }
        Err(e) => {
            tools.az = unanswered(&e);
            tools.connectedk8s = tools.az.clone();
        }
    }
    if let Some((login, providers)) = account {
        (tools.login, tools.providers) = (Some(login), providers);
    }
    tools
}

/// The cloud that az is logged in to, and the providers of the subscription. Of the account nothing else is kept.
async fn account() -> (Result<String, String>, Vec<Provider>) {
    let asked = ask(AZ, &["account", "show", "-o", "json", "--only-show-errors"]).await;
    let cloud = asked.and_then(|text| json(&text, "az account show")).and_then(|account| {
        let name = account["environmentName"].as_str().map(|name| printable(name, 60));
        name.ok_or_else(|| NoAnswer::Fails("az account show names no cloud".to_owned()))
    });
    match cloud {
        Ok(cloud) => (Ok(cloud), join_all(PROVIDERS.map(provider)).await),
        Err(e) => (Err(e.to_string()), Vec::new()),
    }
}

async fn provider(name: &'static str) -> Provider {
    let asked = [
        "provider",
        "show",
        "--namespace",
        name,
        "--query",
        "registrationState",
        "-o",
        "tsv",
        "--only-show-errors",
    ];
    let (state, why) = match ask(AZ, &asked).await {
        Ok(text) if text.trim().is_empty() => (None, Some("az provider show says nothing".to_owned())),
        Ok(text) => (Some(printable(text.trim(), 60)), None),
        Err(e) => (None, Some(e.to_string())),
    };
    Provider { name: name.to_owned(), state, why }
}

async fn kubectl() -> Program {
    let told = ask("kubectl", &["version", "--client", "-o", "json"]).await;
    version(told.and_then(|text| {
        let versions = json(&text, "kubectl version")?;
        Ok(versions["clientVersion"]["gitVersion"].as_str().unwrap_or_default().to_owned())
    }))
}

async fn helm() -> Program {
    // the second version says `Client: v2.17.0+g...`
    let told = ask("helm", &["version", "--short"]).await;
    version(told.map(|text| text.trim().trim_start_matches("Client: ").to_owned()))
}

fn version(told: Result<String, NoAnswer>) -> Program {
    match told {
        Ok(text) => program(Some(&text)),
        Err(e) => unanswered(&e),
    }
}

fn unanswered(error: &NoAnswer) -> Program {
    Program { version: None, why: Some(error.to_string()), is_missing: matches!(error, NoAnswer::Missing(_)) }
}

fn silent(why: &str) -> Tools {
    let program = Program { version: None, why: Some(why.to_owned()), is_missing: false };
    Tools {
        az: program.clone(),
        connectedk8s: program.clone(),
        kubectl: program.clone(),
        helm: program,
        ..Tools::default()
    }
}

fn program(version: Option<&str>) -> Program {
    let version = version.map(|text| printable(text.trim(), 60)).filter(|text| !text.is_empty());
    Program { version, ..Program::default() }
}

fn json(text: &str, asked: &str) -> Result<Value, NoAnswer> {
    serde_json::from_str(text).map_err(|_| NoAnswer::Fails(format!("{asked} prints no JSON")))
}

/// All that some generation asks for.
const PROVIDERS: [&str; 4] = [
    "Microsoft.Kubernetes",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.ExtendedLocation",
    "Microsoft.HybridCompute",
];

/// Without a deadline; `az` has a limit of its own for each question, and two are asked one after the other.
const LONGEST: Duration = Duration::from_secs(600);

/// Before the user is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
