//! Asks a cluster and the programs of the workstation for what is needed before the cluster is connected, and judges it.

use std::thread::JoinHandle;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::time::timeout;

use super::external_tool::{AZ, ToolError, run_tool};
use super::{CommandError, Console, Environment, Result, start_runtime};
use crate::analysis::prerequisites::{PrerequisiteInput, judge_prerequisites};
use crate::cluster::settings::KubeChoice;
use crate::cluster::{self, ClusterClient, ClusterClientError, ClusterReader};
use crate::model::evidence::sanitize;
use crate::model::faults::FaultCatalogue;
use crate::model::prerequisite_facts::{
    ClusterFacts, Fetched, PrerequisiteFacts, Program, Provider, WorkstationTools,
};
use crate::model::prerequisite_rules::OnboardingTarget;
use crate::model::report::PrerequisiteResults;
use crate::probe::net::{Clock as _, SystemClock};
use crate::probe::settings::ProbeSettings;
use crate::rules;

/// Facts on their way: they are asked for while endpoints are probed.
pub(super) struct PendingFacts(JoinHandle<Result<PrerequisiteFacts>>);

/// Begins to ask the cluster and the programs, each within the deadline of the run.
pub(super) fn start_collecting(
    choice: KubeChoice,
    probe: ProbeSettings,
    environment: Environment,
) -> PendingFacts {
    PendingFacts(std::thread::spawn(move || {
        start_runtime()?.run_until_stopped(async {
            let limit = probe.deadline.unwrap_or(DEFAULT_DEADLINE);
            let cluster = async {
                let result =
                    timeout(limit, Box::pin(collect_cluster_facts(&choice, &probe, &environment))).await;
                result.unwrap_or_else(|_| Fetched::Unreachable(describe_timeout(limit)))
            };
            let tools = async {
                let tools = timeout(limit, collect_tools()).await;
                Some(tools.unwrap_or_else(|_| timed_out_tools(&describe_timeout(limit))))
            };
            let (cluster, tools) = tokio::join!(cluster, tools);
            PrerequisiteFacts { cluster, tools }
        })
    }))
}

impl PendingFacts {
    /// Waits for what is still asked for; tells so where that takes its time.
    ///
    /// # Errors
    /// When no runtime starts, or the user stops: what cannot be asked is part of the facts.
    pub(super) fn wait_for_facts(self, screen: &Console) -> Result<PrerequisiteFacts> {
        let begun = std::time::Instant::now();
        while !self.0.is_finished() && begun.elapsed() < HINT_DELAY {
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

fn describe_timeout(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs_f64())
}

async fn collect_cluster_facts(
    choice: &KubeChoice,
    probe: &ProbeSettings,
    environment: &Environment,
) -> Fetched<ClusterFacts> {
    let facts = async {
        let access = ClusterClient::open(choice, environment, probe).await?;
        let reader = ClusterReader::new(access);
        Ok::<_, ClusterClientError>(Box::pin(cluster::read_prerequisites(&reader, SystemClock.now())).await?)
    };
    match facts.await {
        Ok(facts) => Fetched::Read(facts),
        Err(ClusterClientError::Config(e)) => Fetched::Unusable(e.to_string()),
        Err(ClusterClientError::Api(e)) => Fetched::Unreachable(e.to_string()),
    }
}

/// Judges what is there by the generation that goes with a rule set.
///
/// # Errors
/// Never: tests read the data.
pub(super) fn judge_facts(
    facts: &PrerequisiteFacts,
    rule_set: &str,
    wanted: OnboardingTarget<'_>,
    catalogue: &FaultCatalogue,
) -> Result<PrerequisiteResults> {
    let needs = rules::prerequisites::load_builtin().map_err(|e| CommandError::Failed(e.into()))?;
    let Some(generation) = needs.generation_for(rule_set) else { return Ok(PrerequisiteResults::default()) };
    let now = SystemClock.now();
    Ok(judge_prerequisites(&PrerequisiteInput { facts, needs: &needs, generation, wanted, catalogue, now }))
}

/// What the programs of this machine say. Each takes its time: they are asked at the same time.
async fn collect_tools() -> WorkstationTools {
    let az = async {
        let version =
            run_tool(AZ, &["version", "-o", "json"]).await.and_then(|text| parse_json(&text, "az version"));
        let account = if version.is_ok() { Some(query_account().await) } else { None };
        (version, account)
    };
    let ((az, account), kubectl, helm) = tokio::join!(az, query_kubectl(), query_helm());
    let mut tools = WorkstationTools { kubectl, helm, ..WorkstationTools::default() };
    match az {
        Ok(versions) => {
            tools.az = found_program(versions["azure-cli"].as_str());
            let extension = found_program(versions["extensions"]["connectedk8s"].as_str());
            let is_missing = extension.version.is_none();
            let why = is_missing.then(|| "the extension is not there".to_owned());
            tools.connectedk8s = Program { why, is_missing, ..extension };
        }
        Err(e) => {
            tools.az = failed_program(&e);
            tools.connectedk8s = tools.az.clone();
        }
    }
    if let Some((login, providers)) = account {
        (tools.login, tools.providers) = (Some(login), providers);
    }
    tools
}

/// The cloud that az is logged in to, and the providers of the subscription. Of the account nothing else is kept.
async fn query_account() -> (Result<String, String>, Vec<Provider>) {
    let output = run_tool(AZ, &["account", "show", "-o", "json", "--only-show-errors"]).await;
    let cloud = output.and_then(|text| parse_json(&text, "az account show")).and_then(|account| {
        let name = account["environmentName"].as_str().map(|name| sanitize(name, 60));
        name.ok_or_else(|| ToolError::Failed("az account show names no cloud".to_owned()))
    });
    match cloud {
        Ok(cloud) => (Ok(cloud), join_all(PROVIDERS.map(query_provider)).await),
        Err(e) => (Err(e.to_string()), Vec::new()),
    }
}

async fn query_provider(name: &'static str) -> Provider {
    let query = ["--query", "registrationState", "-o", "tsv", "--only-show-errors"];
    let arguments = [&["provider", "show", "--namespace", name][..], &query].concat();
    let (state, why) = match run_tool(AZ, &arguments).await {
        Ok(text) if text.trim().is_empty() => (None, Some("az provider show says nothing".to_owned())),
        Ok(text) => (Some(sanitize(text.trim(), 60)), None),
        Err(e) => (None, Some(e.to_string())),
    };
    Provider { name: name.to_owned(), state, why }
}

async fn query_kubectl() -> Program {
    let output = run_tool("kubectl", &["version", "--client", "-o", "json"]).await;
    to_program(output.and_then(|text| {
        let versions = parse_json(&text, "kubectl version")?;
        Ok(versions["clientVersion"]["gitVersion"].as_str().unwrap_or_default().to_owned())
    }))
}

async fn query_helm() -> Program {
    // the second version says `Client: v2.17.0+g...`
    let output = run_tool("helm", &["version", "--short"]).await;
    to_program(output.map(|text| text.trim().trim_start_matches("Client: ").to_owned()))
}

fn to_program(result: Result<String, ToolError>) -> Program {
    match result {
        Ok(text) => found_program(Some(&text)),
        Err(e) => failed_program(&e),
    }
}

fn failed_program(error: &ToolError) -> Program {
    Program {
        version: None,
        why: Some(error.to_string()),
        is_missing: matches!(error, ToolError::Missing(_)),
    }
}

fn timed_out_tools(why: &str) -> WorkstationTools {
    let program = Program { version: None, why: Some(why.to_owned()), is_missing: false };
    WorkstationTools {
        az: program.clone(),
        connectedk8s: program.clone(),
        kubectl: program.clone(),
        helm: program,
        ..WorkstationTools::default()
    }
}

fn found_program(version: Option<&str>) -> Program {
    let version = version.map(|text| sanitize(text.trim(), 60)).filter(|text| !text.is_empty());
    Program { version, ..Program::default() }
}

fn parse_json(text: &str, asked: &str) -> Result<Value, ToolError> {
    serde_json::from_str(text).map_err(|_| ToolError::Failed(format!("{asked} prints no JSON")))
}

/// All that some generation asks for.
const PROVIDERS: [&str; 4] = [
    "Microsoft.Kubernetes",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.ExtendedLocation",
    "Microsoft.HybridCompute",
];

/// Without a deadline; `az` has a limit of its own for each question, and two are asked one after the other.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);

/// Before the user is told what is waited for.
const HINT_DELAY: Duration = Duration::from_secs(1);
