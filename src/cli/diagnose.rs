//! `arcprobe diagnose`: reads the agents, judges the chain, proves its first broken link by probing, and reports.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;

use super::check::{look, refused};
use super::files::{Target, bounded};
use super::settings::Prepared;
use super::{CommandError, Environment, Screen, runtime, show};
use crate::analysis::advise::{Known as Networked, advise};
use crate::analysis::chain::azure::{self, AzureCluster};
use crate::analysis::chain::case::Case;
use crate::analysis::chain::{Answer, Chain, Known, State, judge};
use crate::analysis::networks::Networks;
use crate::cli::args::{CheckArgs, DiagnoseArgs, DiagnoseFormat, FailOn, ScopeArgs};
use crate::cli::exit::Exit;
use crate::cluster::survey::{Surveyor, agents_routes};
use crate::cluster::{self, Access, AgentProxies, Proposal};
use crate::model::facts::{Asked, Facts};
use crate::model::faults::{Catalogue, Link};
use crate::model::finding::Severity;
use crate::model::needs::Wanted;
use crate::model::report::{Report, Tool};
use crate::model::scope::Connectivity;
use crate::probe::net::Net;
use crate::probe::settings::ProbeSettings;
use crate::report::diagnosis::Diagnosis;
use crate::report::{self, Format};
use crate::rules::{self, faults};

pub(super) fn run(
    args: &DiagnoseArgs,
    environment: &Environment,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let catalogue = catalogue(&args.faults)?;
    let given = args.connected_cluster.as_deref().map(document).transpose()?;
    let evidence = args.save_evidence.as_deref().map(Target::open).transpose()?;
    let (mut case, interrupted) = match &args.evidence {
        Some(path) => (saved(path)?, false),
        None if args.watch => super::watch::watch(args, &catalogue, environment, screen)?,
        None => (read(args, environment)?, false),
    };
    if let Some((document, _)) = &given {
        case.add_azure(document.clone());
    }
    if args.az {
        let shown = case.resource().map(|resource| runtime()?.until_stopped(super::az::show(&resource)));
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
        saved = target.write(&pretty(&case)?);
        if saved.is_ok() {
            screen.hint(&format!("--save-evidence {}: {}", path.display(), removed(&case)));
        }
    }
    let azure = azure(&case, given.as_ref().map(|(_, name)| name.as_str()))?;
    let first = judged(&case, &catalogue, azure.as_ref(), None)?;
    let is_offline = args.evidence.is_some() || args.no_probe || interrupted;
    let vantage = worth_probing(&first).filter(|_| !is_offline);
    let probed = vantage
        .and_then(|vantage| probe(args, (&case, azure.as_ref()), vantage, environment, screen).transpose())
        .transpose()?;
    let chain = match &probed {
        Some(report) => judged(&case, &catalogue, azure.as_ref(), Some(report))?,
        None => first,
    };
    match args.output {
        DiagnoseFormat::Text => drop(show(&report::chain::text(&chain, &next(args, &case), &screen.text))?),
        DiagnoseFormat::Json => {
            show(&pretty(&Diagnosis {
                schema_version: 1,
                tool: Tool { name: "arcprobe".into(), version: env!("CARGO_PKG_VERSION").into() },
                taken_at: case.taken_at.clone(),
                chain: chain.clone(),
                checks: probed.as_ref().map(|report| report.checks.clone()).unwrap_or_default(),
            })?)?;
        }
    }
    saved?; // what was found out is told all the same
    let interrupted = interrupted || probed.is_some_and(|report| report.run.interrupted);
    Ok(exit(&chain, interrupted, args.fail_on))
}

/// What may be tried next, of what was not.
fn next(args: &DiagnoseArgs, case: &Case) -> String {
    let can_save = args.evidence.is_none() && args.save_evidence.is_none();
    let hints = [
        (can_save, "--save-evidence FILE keeps all of it for a ticket"),
        (case.azure.is_none(), "--connected-cluster FILE adds what Azure says"),
    ];
    hints.iter().filter(|(fits, _)| *fits).map(|(_, hint)| *hint).collect::<Vec<_>>().join("; ")
}

/// What anybody wrote into a cluster stands in it: nothing of that may reach a terminal as more than text.
pub(super) fn pretty(value: &impl serde::Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(value).context("the document cannot be written");
    Ok(report::json::escape(&text.map_err(CommandError::Failed)?) + "\n")
}

fn removed(case: &Case) -> String {
    let parts: Vec<_> = case.removed.iter().map(|r| format!("{} {}", r.times, r.what)).collect();
    let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    format!("written without secrets; taken out: {parts}")
}

/// The built-in faults, and those of the user.
pub(super) fn catalogue(files: &[std::path::PathBuf]) -> Result<Catalogue, CommandError> {
    let mut catalogue = faults::builtin().map_err(|e| CommandError::Failed(e.into()))?;
    for path in files {
        let name = format!("--faults {}", path.display());
        let text =
            std::fs::read_to_string(path).with_context(|| name.clone()).map_err(CommandError::Usage)?;
        faults::add(&mut catalogue, &name, &text).map_err(CommandError::usage)?;
    }
    Ok(catalogue)
}

fn saved(path: &Path) -> Result<Case, CommandError> {
    let name = format!("--evidence {}", path.display());
    let bytes = bounded(path, &name)?;
    Case::from_json(&bytes).map_err(|e| CommandError::Usage(anyhow::Error::new(e).context(name)))
}

/// `--connected-cluster`, with its name for errors.
fn document(path: &Path) -> Result<(Value, String), CommandError> {
    let name = format!("--connected-cluster {}", path.display());
    let bytes = bounded(path, &name)?;
    let text = String::from_utf8_lossy(&bytes);
    let value =
        azure::json(&text).map_err(|e| CommandError::Usage(anyhow::Error::new(e).context(name.clone())))?;
    Ok((value, name))
}

fn azure(case: &Case, name: Option<&str>) -> Result<Option<AzureCluster>, CommandError> {
    let Some(document) = &case.azure else { return Ok(None) };
    let name = name.unwrap_or("the evidence, azure").to_owned();
    let found = azure::cluster(document, case.resource().as_deref());
    found.map(Some).map_err(|e| CommandError::Usage(anyhow::Error::new(e).context(name)))
}

fn read(args: &DiagnoseArgs, environment: &Environment) -> Result<Case, CommandError> {
    let choice = super::settings::kube(&args.cluster.kube);
    let read = runtime()?.until_stopped(async {
        let access = Access::open(&choice, environment, &ProbeSettings::default()).await?;
        Ok::<_, cluster::AccessError>(Box::pin(taken(&access, args.cluster.read_secrets, None)).await)
    })?;
    read.map_err(CommandError::inaccessible)
}

/// Everything that is read; of the prerequisites only once, for they take all pods of the cluster.
pub(super) async fn taken(access: &Access, read_secrets: bool, needed: Option<&Facts>) -> Case {
    if let Some(case) = cluster::unreachable(access).await {
        return case;
    }
    let agents = cluster::proxies(access, read_secrets).await;
    let mut case = cluster::case(access, agents.as_ref(), read_secrets).await;
    // of those that are known only what the case contradicts is read again
    case.prerequisites = if let Some(facts) = needed.filter(|facts| fits(facts, &case)) {
        Some(facts.clone())
    } else {
        let told = Box::pin(cluster::prerequisites(access)).await.ok();
        told.map(|told| Facts { cluster: Asked::Told(told), tools: None })
    };
    case.skip_range = match agents {
        Some(agents) if !agents.variables.is_empty() => skip_range(access, &agents).await,
        _ => None,
    };
    case
}

/// Whether prerequisites that were read before tell of the same installation.
fn fits(facts: &Facts, case: &Case) -> bool {
    let Asked::Told(cluster) = &facts.cluster else { return false };
    let phase =
        case.one("Namespace", "", "azure-arc").map(|n| n["status"]["phase"].as_str().unwrap_or("Active"));
    cluster.traces.namespace.as_deref() == phase
        && cluster.traces.deployments == case.within("Deployment", "azure-arc").count()
}

/// What is wrong with the skip range of the agents, where it stops them.
async fn skip_range(access: &Access, agents: &AgentProxies) -> Option<String> {
    let (routes, _) = agents_routes(agents).ok()?;
    let snapshot = cluster::snapshot(access, Proposal::None).await.ok()?;
    let advice = advise(&Networked {
        networks: &Networks::of(&snapshot),
        skipped: &[],
        routes: &routes,
        connectivity: Some(Connectivity::Proxy),
        region: None,
        endpoints: &[],
        others: &[],
        additions: &[],
        proxy_cert: None,
    });
    let problems = advice.skip_range?.problems;
    problems.into_iter().find(|p| p.severity == Severity::Blocking).map(|p| p.text)
}

pub(super) fn judged(
    case: &Case,
    catalogue: &Catalogue,
    azure: Option<&AzureCluster>,
    report: Option<&Report>,
) -> Result<Chain, CommandError> {
    let now = case.taken_at.parse().context("the time of the evidence").map_err(CommandError::Usage)?;
    let needs = rules::prerequisites::builtin().map_err(|e| CommandError::Failed(e.into()))?;
    let cloud = case.cloud().unwrap_or_else(|| DEFAULT_CLOUD.to_owned());
    // which features are on shows in the agents; those that are not there yet can be chosen still
    let wanted = Wanted { features: &[], connectivity: Connectivity::Direct, cloud: &cloud };
    let prerequisites = case
        .prerequisites
        .as_ref()
        .map(|facts| super::prerequisites::judged(facts, "current", wanted, catalogue))
        .transpose()?;
    Ok(judge(&Known {
        prerequisites: prerequisites.as_ref(),
        support: &needs.agents,
        case,
        catalogue,
        azure,
        checks: report.map(|r| r.checks.as_slice()).unwrap_or_default(),
        network: report.map(|r| r.findings.as_slice()).unwrap_or_default(),
        skip_range: case.skip_range.as_deref(),
        now,
    }))
}

/// From where a link is proven whose cause may be the network; `None` where there is nothing to prove.
pub(super) fn worth_probing(chain: &Chain) -> Option<&'static str> {
    let is = |states: &[State]| chain.links.iter().find(|l| states.contains(&l.state));
    let first = is(&[State::Broken]).or_else(|| is(&[State::Waiting, State::Unknown]));
    match (chain.verdict, first.map(|l| l.link)) {
        (Answer::Healthy, _)
        | (_, None | Some(Link::Api | Link::Nodes | Link::Release | Link::Admission)) => None,
        (_, Some(Link::Images)) => Some("node"),
        _ => Some("pod"),
    }
}

/// Probes as `check` does; `None` where the region is not known, or the user wants to see the objects only.
pub(super) fn probe(
    args: &DiagnoseArgs,
    (case, azure): (&Case, Option<&AzureCluster>),
    vantage: &str,
    environment: &Environment,
    screen: &Screen,
) -> Result<Option<Report>, CommandError> {
    let Some(scope) = scope(&args.scope, case, azure) else {
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
    let Prepared { rules, settings, notes } = super::settings::check(&check, environment)?;
    let net = Arc::new(Net::new(&settings.probe, &settings.routes).map_err(CommandError::usage)?);
    for note in &notes {
        screen.hint(note);
    }
    let surveyor = Surveyor { rules: &rules, settings: &settings, net: &net, environment };
    if args.cluster.dry_run {
        let objects = runtime()?.until_stopped(surveyor.dry_run())?.map_err(refused)?;
        screen.hint(&format!(
            "--dry-run: {} objects would be created to probe from a {vantage}; nothing is",
            objects.len()
        ));
        return Ok(None);
    }
    look(&surveyor, screen).map(Some)
}

/// What the rules are fitted to: what was typed, else what the agents and Azure say. `None` where nobody tells the region.
fn scope(typed: &ScopeArgs, case: &Case, azure: Option<&AzureCluster>) -> Option<ScopeArgs> {
    let location = typed.location.clone().or_else(|| case.region());
    let location = location.or_else(|| azure.and_then(|a| a.location.clone()))?;
    let is_default = typed.cloud == DEFAULT_CLOUD;
    let cloud = case.cloud().filter(|_| is_default).unwrap_or_else(|| typed.cloud.clone());
    let by_azure = match azure {
        Some(azure) if azure.private_link => Some(Connectivity::PrivateLink),
        Some(azure) if azure.gateway => Some(Connectivity::Gateway),
        _ => None,
    };
    // a gateway that was typed says the way itself
    let connectivity = typed.connectivity.or_else(|| by_azure.filter(|_| typed.gateway_url.is_none()));
    Some(ScopeArgs { location: Some(location), cloud, connectivity, ..typed.clone() })
}

fn exit(chain: &Chain, interrupted: bool, fail_on: FailOn) -> Exit {
    if interrupted {
        return Exit::Interrupted;
    }
    let warns = chain.findings.iter().any(|f| f.severity == Severity::Warning);
    match chain.verdict {
        Answer::Broken => Exit::Unmet,
        Answer::Unknown => Exit::Incomplete,
        Answer::Healthy | Answer::Wait if warns && fail_on == FailOn::Warning => Exit::Warnings,
        Answer::Healthy | Answer::Wait => Exit::Ok,
    }
}

/// Nobody typed another one.
const DEFAULT_CLOUD: &str = "AzureCloud";

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn typed(words: &[&str]) -> ScopeArgs {
        let words = [&["arcprobe", "diagnose"], words].concat();
        match Cli::parse_from(words).command {
            Command::Diagnose(args) => args.scope,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_of_foreign_texts_is_harmless_on_a_terminal() {
        let told = pretty(&json!({"a": "\u{202e}\u{9b}2J"})).unwrap();
        assert_eq!(told, "{\n  \"a\": \"\\u202e\\u009b2J\"\n}\n");
    }

    #[test]
    fn the_scope_comes_from_flags_then_agents_then_azure() {
        let settings = json!({"kind": "ConfigMap", "metadata": {"name": "azure-clusterconfig", "namespace": "azure-arc"},
            "data": {"AZURE_REGION": "usgovvirginia", "AZURE_ENVIRONMENT": "AZUREUSGOVERNMENTCLOUD"}});
        let case = Case { objects: vec![settings], ..Case::default() };
        let azure =
            AzureCluster { location: Some("eastus".into()), private_link: true, ..AzureCluster::default() };
        let told = |words: &[&str], case: &Case, azure: Option<&AzureCluster>| {
            let scope = scope(&typed(words), case, azure)?;
            Some((scope.location.unwrap(), scope.cloud, scope.connectivity))
        };
        let is = |place: &str, cloud: &str, way| Some((place.to_owned(), cloud.to_owned(), way));
        let private = Some(Connectivity::PrivateLink);
        assert_eq!(told(&[], &case, None), is("usgovvirginia", "AzureUSGovernment", None));
        assert_eq!(told(&["-l", "westus"], &case, Some(&azure)), is("westus", "AzureUSGovernment", private));
        assert_eq!(
            told(&["--connectivity", "direct"], &case, Some(&azure)),
            is("usgovvirginia", "AzureUSGovernment", Some(Connectivity::Direct))
        );
        assert_eq!(told(&[], &Case::default(), Some(&azure)), is("eastus", "AzureCloud", private));
        assert_eq!(told(&[], &Case::default(), None), None);
    }
}
