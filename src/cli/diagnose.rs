//! `arcprobe diagnose`: reads the agents, judges the chain, proves its first broken link by probing, and reports.

mod watch;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;

use super::catalogue::load_catalogue;
use super::check_run::{run_check, to_command_error};
use super::evidence::read_evidence;
use super::files::{PendingFile, read_bounded};
use super::run_flags::list_diagnose_flags;
use super::settings::PreparedCheck;
use super::{CommandError, Console, Environment, Result, print_output, start_runtime};
use crate::analysis::advise::{AdviceInput as Networked, build_advice};
use crate::analysis::conclude::fill_commands;
use crate::analysis::connectivity::azure::{self, AzureCluster};
use crate::analysis::connectivity::support_bundle::SupportBundle;
use crate::analysis::connectivity::{
    ConnectivityDiagnosis, ConnectivityInput, ConnectivityVerdict, StageState, diagnose_connectivity,
};
use crate::analysis::networks::Networks;
use crate::cli::args::{CheckArgs, DEFAULT_CLOUD, DiagnoseArgs, FailOn, PlainFormat, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cluster::runner::{Runner, resolve_arc_agent_routes};
use crate::cluster::{self, ArcAgentProxies, ClusterClient, ClusterReader, Proposal};
use crate::model::command::CommandScope;
use crate::model::faults::{FaultCatalogue, Stage};
use crate::model::finding::Severity;
use crate::model::prerequisite_facts::{Fetched, PrerequisiteFacts};
use crate::model::prerequisite_rules::OnboardingTarget;
use crate::model::report::Report;
use crate::model::scope::Connectivity;
use crate::model::text::decode_text;
use crate::probe::net::{Clock as _, Net, SystemClock};
use crate::probe::settings::ProbeSettings;
use crate::proxy::Client;
use crate::report::json::to_text;
use crate::report::{self, Format};
use crate::rules;

pub(super) fn run(args: &DiagnoseArgs, environment: &Environment, screen: &Console) -> Result<Exit> {
    let catalogue = load_catalogue(&args.faults)?;
    let given = args.connected_cluster.as_deref().map(read_azure_document).transpose()?;
    let evidence = args.save_evidence.as_deref().map(PendingFile::open).transpose()?;
    let mut known = None;
    let (mut case, interrupted) = match &args.evidence {
        Some(path) => (read_evidence(path)?, false),
        None if args.watch => watch::watch_cluster(args, &catalogue, environment, screen)?,
        None => {
            let (case, reader) = read_cluster(args, environment)?;
            known = Some(reader);
            (case, false)
        }
    };
    if let Some((document, _)) = &given {
        case.add_azure(document.clone());
    }
    if args.az {
        let shown = case
            .agent_resource_id()
            .map(|resource| start_runtime()?.run_until_stopped(super::az::show_connected_cluster(&resource)));
        match shown.transpose()? {
            Some(Ok(document)) => case.add_azure(document),
            Some(Err(why)) => screen.hint(&format!("--az: {why}; what Azure says is not known")),
            None => screen
                .hint("--az: the agents do not tell which resource they are; what Azure says is not known"),
        }
    }
    let mut saved = Ok(());
    if let Some(target) = evidence {
        let path = target.path().to_owned();
        saved = target.write(&to_text(&case));
        if saved.is_ok() {
            screen.hint(&format!("--save-evidence {}: {}", path.display(), describe_redactions(&case)));
        }
    }
    let azure = find_azure_cluster(&case, given.as_ref().map(|(_, name)| name.as_str()))?;
    let first = judge_bundle(&case, &catalogue, azure.as_ref(), None)?;
    let is_offline = args.evidence.is_some() || args.no_probe || interrupted;
    let vantage = vantage_to_probe(&first).filter(|_| !is_offline);
    let probed = vantage
        .and_then(|vantage| {
            probe_cluster(args, (&case, azure.as_ref()), known.as_ref(), vantage, environment, screen)
                .transpose()
        })
        .transpose()?;
    let mut chain = match &probed {
        Some(report) => judge_bundle(&case, &catalogue, azure.as_ref(), Some(report))?,
        None => first,
    };
    let scope = resolve_scope(&args.scope, &case, azure.as_ref()).unwrap_or_else(|| args.scope.clone());
    let flags = list_diagnose_flags(args, &scope);
    fill_commands(&mut chain.findings, &CommandScope { flags: &flags, ..CommandScope::default() });
    match args.output {
        PlainFormat::Text => drop(print_output(&report::connectivity::render(
            &chain,
            &describe_next_steps(args, &case),
            &screen.text,
        ))?),
        PlainFormat::Json => {
            let checks = probed.as_ref().map(|report| report.checks.clone()).unwrap_or_default();
            print_output(&report::diagnosis::render(case.taken_at.clone(), chain.clone(), checks))?;
        }
    }
    saved?; // what was found out is reported anyway
    let interrupted = interrupted || probed.is_some_and(|report| report.run.interrupted);
    Ok(exit_for_diagnosis(&chain, interrupted, args.fail_on))
}

/// What may be tried next, of what was not.
fn describe_next_steps(args: &DiagnoseArgs, case: &SupportBundle) -> String {
    let can_save = args.evidence.is_none() && args.save_evidence.is_none();
    let hints = [
        (can_save, "--save-evidence FILE keeps all of it for a ticket"),
        (case.azure.is_none(), "--connected-cluster FILE adds what Azure says"),
    ];
    hints.iter().filter(|(fits, _)| *fits).map(|(_, hint)| *hint).collect::<Vec<_>>().join("; ")
}

fn describe_redactions(case: &SupportBundle) -> String {
    let parts: Vec<_> = case.removed.iter().map(|r| format!("{} {}", r.times, r.what)).collect();
    let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    format!("written without secrets; taken out: {parts}")
}

/// `--connected-cluster`, with its name for errors.
fn read_azure_document(path: &Path) -> Result<(Value, String)> {
    let name = format!("--connected-cluster {}", path.display());
    let bytes = read_bounded(path, &name)?;
    let value = azure::parse_json(&decode_text(&bytes).0)
        .map_err(|e| CommandError::Usage(anyhow::Error::new(e).context(name.clone())))?;
    Ok((value, name))
}

fn find_azure_cluster(case: &SupportBundle, name: Option<&str>) -> Result<Option<AzureCluster>> {
    let Some(document) = &case.azure else { return Ok(None) };
    let name = name.unwrap_or("the evidence, azure").to_owned();
    let found = azure::find_cluster(document, case.agent_resource_id().as_deref());
    found.map(Some).map_err(|e| CommandError::Usage(anyhow::Error::new(e).context(name)))
}

fn read_cluster(args: &DiagnoseArgs, environment: &Environment) -> Result<(SupportBundle, ClusterReader)> {
    let choice = super::settings::kube_choice(&args.cluster.kube);
    let read = start_runtime()?.run_until_stopped(async {
        let access = ClusterClient::open(&choice, environment, &ProbeSettings::default()).await?;
        let reader = ClusterReader::new(access);
        let bundle = Box::pin(collect_bundle(&reader, args.cluster.read_secrets, None)).await;
        Ok::<_, cluster::ClusterClientError>((bundle, reader))
    })?;
    read.map_err(CommandError::from_access_error)
}

/// Everything that is read, each source once; of the prerequisites those that are known are kept, for they take all pods of the
/// cluster.
async fn collect_bundle(
    reader: &ClusterReader,
    read_secrets: bool,
    needed: Option<&PrerequisiteFacts>,
) -> SupportBundle {
    let now = SystemClock.now();
    if let Some(case) = cluster::bundle_if_unreachable(reader, now).await {
        return case;
    }
    let agents = cluster::read_arc_agent_proxies(reader, read_secrets).await;
    let mut case = cluster::collect_support_bundle(reader, now, agents.as_ref(), read_secrets).await;
    // of those that are known only what the case contradicts is read again
    case.prerequisites = if let Some(facts) = needed.filter(|facts| is_same_installation(facts, &case)) {
        Some(facts.clone())
    } else {
        let cluster_facts = Box::pin(cluster::read_prerequisites(reader, now)).await.ok();
        cluster_facts.map(|facts| PrerequisiteFacts { cluster: Fetched::Read(facts), tools: None })
    };
    case.skip_range = match agents {
        Some(agents) if !agents.variables.is_empty() => find_skip_range_problem(reader, &agents).await,
        _ => None,
    };
    case
}

/// Whether prerequisites that were read before tell of the same installation.
fn is_same_installation(facts: &PrerequisiteFacts, case: &SupportBundle) -> bool {
    let Fetched::Read(cluster) = &facts.cluster else { return false };
    let phase = case
        .objects
        .find_object("Namespace", "", "azure-arc")
        .map(|n| n["status"]["phase"].as_str().unwrap_or("Active"));
    cluster.remnants.namespace.as_deref() == phase
        && cluster.remnants.deployments == case.objects.in_namespace("Deployment", "azure-arc").count()
}

/// What is wrong with the skip range of the agents, where it stops them.
async fn find_skip_range_problem(reader: &ClusterReader, agents: &ArcAgentProxies) -> Option<String> {
    let (routes, _) = resolve_arc_agent_routes(agents).ok()?;
    let snapshot = cluster::read_network_snapshot(reader, Proposal::None).await.ok()?;
    // programs in pods call the API server at KUBERNETES_SERVICE_HOST: where that is skipped, whatever else is not stops nobody
    let service = snapshot.objects.find_object("Service", "default", "kubernetes");
    let host = service.and_then(|service| service["spec"]["clusterIP"].as_str());
    let given = routes.skip_range_to_judge();
    if let (Some(host), Some(given)) = (host, given)
        && Client::Go.bypass_reason(&given.value, host, 443).is_some()
    {
        return None;
    }
    let advice = build_advice(&Networked {
        networks: &Networks::from_snapshot(&snapshot),
        skipped: &[],
        routes: &routes,
        connectivity: Some(Connectivity::Proxy),
        region: None,
        cloud: None,
        features: &[],
        flags: &[],
        endpoints: &[],
        other_networks: &[],
        additions: &[],
        proxy_cert: None,
    });
    let problems = advice.skip_range?.problems;
    problems.into_iter().find(|p| p.severity == Severity::Blocking).map(|p| p.text)
}

pub(crate) fn judge_bundle(
    case: &SupportBundle,
    catalogue: &FaultCatalogue,
    azure: Option<&AzureCluster>,
    report: Option<&Report>,
) -> Result<ConnectivityDiagnosis> {
    let now = case.taken_at.parse().context("the time of the evidence").map_err(CommandError::Usage)?;
    let needs = rules::prerequisites::load_builtin().map_err(|e| CommandError::Failed(e.into()))?;
    let cloud = case.configured_cloud().unwrap_or_else(|| DEFAULT_CLOUD.to_owned());
    // which features are on shows in the agents; those that are not there yet can be chosen still
    let wanted = OnboardingTarget { features: &[], connectivity: Connectivity::Direct, cloud: &cloud };
    let prerequisites = case
        .prerequisites
        .as_ref()
        .map(|facts| super::prerequisites::judge_facts(facts, "current", wanted, catalogue))
        .transpose()?;
    Ok(diagnose_connectivity(&ConnectivityInput {
        prerequisites: prerequisites.as_ref(),
        needs: &needs,
        bundle: case,
        catalogue,
        azure,
        checks: report.map(|r| r.checks.as_slice()).unwrap_or_default(),
        network_findings: report.map(|r| r.findings.as_slice()).unwrap_or_default(),
        skip_range: case.skip_range.as_deref(),
        now,
    }))
}

/// From where a link is proven whose cause may be the network; `None` where there is nothing to prove.
fn vantage_to_probe(chain: &ConnectivityDiagnosis) -> Option<&'static str> {
    let list = |states: &[StageState]| {
        let links = chain.links.iter().filter(|l| states.contains(&l.state)).map(|l| l.link);
        links.collect::<Vec<_>>()
    };
    let broken = list(&[StageState::Broken]);
    let open = list(&[StageState::Waiting, StageState::Unknown]);
    // what agents call tells more than an image of one of them
    let calls = broken.iter().find(|link| **link > Stage::Images);
    let first = calls.or_else(|| broken.first()).or_else(|| open.first());
    match (chain.verdict, first.copied()) {
        (ConnectivityVerdict::Healthy, _)
        | (_, None | Some(Stage::Api | Stage::Nodes | Stage::Release | Stage::Admission)) => None,
        (_, Some(Stage::Images)) => Some("node"),
        _ => Some("pod"),
    }
}

/// Probes as `check` does; `None` where the region is not known, or the user wants to see the objects only.
fn probe_cluster(
    args: &DiagnoseArgs,
    (case, azure): (&SupportBundle, Option<&AzureCluster>),
    known: Option<&ClusterReader>,
    vantage: &str,
    environment: &Environment,
    screen: &Console,
) -> Result<Option<Report>> {
    let Some(scope) = resolve_scope(&args.scope, case, azure) else {
        screen.hint("the agents do not tell their region: nothing is probed; give --location REGION");
        return Ok(None);
    };
    let check = CheckArgs {
        scope,
        from: vec![vantage.to_owned()],
        all_vantages: false,
        cluster: args.cluster.clone(),
        proxy: args.proxy.clone(),
        probe: args.probe.clone(),
        prerequisites: false,
        no_discovery: false,
        output: Format::Text,
        save: Vec::new(),
        push: Vec::new(),
        save_ca: None,
        wait: None,
        waivers: Vec::new(),
        baseline: None,
        fail_on: args.fail_on,
    };
    let PreparedCheck { rules, settings, notes } = super::settings::prepare_check(&check, environment)?;
    let net = Arc::new(Net::new(&settings.probe, &settings.routes).map_err(CommandError::usage)?);
    screen.hint_all(&notes);
    let surveyor = Runner { rules: &rules, settings: &settings, net: &net, environment, known };
    if args.cluster.dry_run {
        let objects = start_runtime()?.run_until_stopped(surveyor.dry_run())?.map_err(to_command_error)?;
        screen.hint(&format!(
            "--dry-run: {} objects would be created to probe from a {vantage}; nothing is",
            objects.len()
        ));
        return Ok(None);
    }
    run_check(&surveyor, screen).map(Some)
}

/// What the rules are fitted to: what was typed, else what the agents and Azure say. `None` where nobody tells the region.
fn resolve_scope(typed: &ScopeArgs, case: &SupportBundle, azure: Option<&AzureCluster>) -> Option<ScopeArgs> {
    let location = typed.location.clone().or_else(|| case.configured_region());
    let location = location.or_else(|| azure.and_then(|a| a.location.clone()))?;
    let cloud = typed.cloud.clone().or_else(|| case.configured_cloud());
    let by_azure = match azure {
        Some(azure) if azure.private_link => Some(Connectivity::PrivateLink),
        Some(azure) if azure.gateway => Some(Connectivity::Gateway),
        _ => None,
    };
    // a gateway that was typed says the way itself
    let connectivity = typed.connectivity.or_else(|| by_azure.filter(|_| typed.gateway_url.is_none()));
    Some(ScopeArgs { location: Some(location), cloud, connectivity, ..typed.clone() })
}

fn exit_for_diagnosis(chain: &ConnectivityDiagnosis, interrupted: bool, fail_on: FailOn) -> Exit {
    if interrupted {
        return Exit::Interrupted;
    }
    let warns = chain.findings.iter().any(|f| f.severity == Severity::Warning);
    match chain.verdict {
        ConnectivityVerdict::Broken => Exit::Unmet,
        ConnectivityVerdict::Unknown => Exit::Incomplete,
        ConnectivityVerdict::Healthy | ConnectivityVerdict::Wait if warns && fail_on == FailOn::Warning => {
            Exit::Warnings
        }
        ConnectivityVerdict::Healthy | ConnectivityVerdict::Wait => Exit::Ok,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn parse_scope(words: &[&str]) -> ScopeArgs {
        let words = [&["arcprobe", "diagnose"], words].concat();
        match Cli::parse_from(words).command {
            Command::Diagnose(args) => args.scope,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_escapes_control_characters() {
        let text = to_text(&json!({"a": "\u{202e}\u{9b}2J"}));
        assert_eq!(text, "{\n  \"a\": \"\\u202e\\u009b2J\"\n}\n");
    }

    #[test]
    fn the_scope_comes_from_flags_then_agents_then_azure() {
        let settings = json!({"kind": "ConfigMap", "metadata": {"name": "azure-clusterconfig", "namespace": "azure-arc"},
            "data": {"AZURE_REGION": "usgovvirginia", "AZURE_ENVIRONMENT": "AZUREUSGOVERNMENTCLOUD"}});
        let case = SupportBundle { objects: vec![settings].into(), ..SupportBundle::default() };
        let azure =
            AzureCluster { location: Some("eastus".into()), private_link: true, ..AzureCluster::default() };
        let resolved = |words: &[&str], case: &SupportBundle, azure: Option<&AzureCluster>| {
            let scope = resolve_scope(&parse_scope(words), case, azure)?;
            Some((scope.location.clone().unwrap(), scope.cloud().to_owned(), scope.connectivity))
        };
        let expected = |place: &str, cloud: &str, way| Some((place.to_owned(), cloud.to_owned(), way));
        let private = Some(Connectivity::PrivateLink);
        assert_eq!(resolved(&[], &case, None), expected("usgovvirginia", "AzureUSGovernment", None));
        assert_eq!(
            resolved(&["-l", "westus"], &case, Some(&azure)),
            expected("westus", "AzureUSGovernment", private)
        );
        // also where it is the default that was typed
        assert_eq!(
            resolved(&["--cloud", "AzureCloud"], &case, None),
            expected("usgovvirginia", "AzureCloud", None)
        );
        assert_eq!(
            resolved(&["--connectivity", "direct"], &case, Some(&azure)),
            expected("usgovvirginia", "AzureUSGovernment", Some(Connectivity::Direct))
        );
        assert_eq!(
            resolved(&[], &SupportBundle::default(), Some(&azure)),
            expected("eastus", "AzureCloud", private)
        );
        assert_eq!(resolved(&[], &SupportBundle::default(), None), None);
    }
}
