//! `arcprobe diagnose`: reads the agents, judges the chain, proves its first broken link by probing, and reports.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::check::{carry_out, open_file, refused, write};
use super::settings::Prepared;
use super::{CommandError, Environment, Screen, runtime, show};
use crate::advise::{Known as Networked, advise};
use crate::chain::azure::{self, AzureCluster};
use crate::chain::case::Case;
use crate::chain::catalogue::{Catalogue, Link};
use crate::chain::{Answer, Chain, Known, State, judge};
use crate::cli::{CheckArgs, DiagnoseArgs, DiagnoseFormat, FailOn, ScopeArgs};
use crate::cluster::{self, Access, AccessError, AgentProxies, Proposal};
use crate::conclude::{Ran, conclude};
use crate::exit::Exit;
use crate::finding::Severity;
use crate::net::Net;
use crate::networks::Networks;
use crate::report::v1::Report;
use crate::report::{self, Format};
use crate::rules::faults;
use crate::settings::{Connectivity, ProbeSettings};
use crate::survey::{Surveyor, agents_routes};

pub(super) fn run(
    args: &DiagnoseArgs,
    environment: &Environment,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    let catalogue = catalogue(&args.faults)?;
    let given = args.connected_cluster.as_deref().map(document).transpose()?;
    let evidence = args.save_evidence.as_deref().map(open_file).transpose()?;
    let mut case = match &args.evidence {
        Some(path) => saved(path)?,
        None => read(args, environment)?,
    };
    if let Some((document, _)) = &given {
        case.azure = Some(document.clone());
    }
    if let Some((file, path)) = evidence {
        write(file, &path, &pretty(&case)?)?;
        screen.hint(&format!("--save-evidence {}: {}", path.display(), removed(&case)));
    }
    let azure = azure(&case, given.as_ref().map(|(_, name)| name.as_str()))?;
    let first = judged(&case, &catalogue, azure.as_ref(), None)?;
    let vantage = if args.evidence.is_some() || args.no_probe { None } else { worth_probing(&first) };
    let probed = vantage
        .and_then(|vantage| probe(args, &case, vantage, environment, screen).transpose())
        .transpose()?;
    let chain = match &probed {
        Some(report) => judged(&case, &catalogue, azure.as_ref(), Some(report))?,
        None => first,
    };
    match args.output {
        DiagnoseFormat::Text => drop(show(&report::chain::text(&chain, &screen.text))?),
        DiagnoseFormat::Json => {
            let tool = json!({"name": "arcprobe", "version": env!("CARGO_PKG_VERSION")});
            let mut whole = json!({"schema_version": 1, "tool": tool, "taken_at": case.taken_at});
            let more = serde_json::to_value(&chain).context("the chain cannot be written");
            let more = more.map_err(CommandError::Failed)?;
            if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) {
                whole.extend(more);
                let checks = probed.as_ref().map(|r| serde_json::to_value(&r.checks).unwrap_or_default());
                whole.insert("checks".into(), checks.unwrap_or_else(|| json!([])));
            }
            show(&pretty(&whole)?)?;
        }
    }
    Ok(exit(&chain, probed.as_ref(), args.fail_on))
}

fn pretty(value: &impl serde::Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(value).context("the document cannot be written");
    Ok(text.map_err(CommandError::Failed)? + "\n")
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

fn bounded(path: &Path, name: &str) -> Result<Vec<u8>, CommandError> {
    let usage = |e: anyhow::Error| CommandError::Usage(e.context(name.to_owned()));
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|e| usage(e.into()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(usage(anyhow::anyhow!("larger than {LARGEST} bytes")));
    }
    Ok(bytes)
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
    let read = runtime()?.block_on(async {
        let access = Access::open(&choice, environment, &ProbeSettings::default()).await?;
        let agents = cluster::proxies(&access, args.cluster.read_secrets).await;
        let mut case = cluster::case(&access, agents.as_ref(), args.cluster.read_secrets).await;
        case.skip_range = match agents {
            Some(agents) if !agents.variables.is_empty() => skip_range(&access, &agents).await,
            _ => None,
        };
        Ok(case)
    });
    read.map_err(|e: AccessError| match e {
        AccessError::Config(_) => CommandError::usage(e),
        AccessError::Api(_) => CommandError::Failed(e.into()),
    })
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
        has_proxy_cert: false,
    });
    let problems = advice.skip_range?.problems;
    problems.into_iter().find(|p| p.severity == Severity::Blocking).map(|p| p.text)
}

fn judged(
    case: &Case,
    catalogue: &Catalogue,
    azure: Option<&AzureCluster>,
    report: Option<&Report>,
) -> Result<Chain, CommandError> {
    let now = case.taken_at.parse().context("the time of the evidence").map_err(CommandError::Usage)?;
    Ok(judge(&Known {
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
fn worth_probing(chain: &Chain) -> Option<&'static str> {
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
fn probe(
    args: &DiagnoseArgs,
    case: &Case,
    vantage: &str,
    environment: &Environment,
    screen: &Screen,
) -> Result<Option<Report>, CommandError> {
    let Some(location) = args.scope.location.clone().or_else(|| case.region()) else {
        screen.hint("the agents do not tell their region: nothing is probed; give --location REGION");
        return Ok(None);
    };
    let is_default = args.scope.cloud == "AzureCloud";
    let cloud = case.cloud().filter(|_| is_default).unwrap_or_else(|| args.scope.cloud.clone());
    let check = CheckArgs {
        scope: ScopeArgs { location: Some(location), cloud, ..args.scope.clone() },
        from: vec![vantage.to_owned()],
        all_vantages: false,
        cluster: args.cluster.clone(),
        proxy: args.proxy.clone(),
        probe: args.probe.clone(),
        no_discovery: false,
        output: Format::Text,
        save: Vec::new(),
        save_ca: None,
        fail_on: args.fail_on,
    };
    let Prepared { rules, settings, notes } = super::settings::check(&check, environment)?;
    let net = Arc::new(Net::new(&settings.probe, &settings.routes).map_err(CommandError::usage)?);
    for note in &notes {
        screen.hint(note);
    }
    let surveyor = Surveyor { rules: &rules, settings: &settings, net: &net, environment };
    if args.cluster.dry_run {
        let objects = runtime()?.block_on(surveyor.dry_run()).map_err(refused)?;
        screen.hint(&format!(
            "--dry-run: {} objects would be created to probe from a {vantage}; nothing is",
            objects.len()
        ));
        return Ok(None);
    }
    let started_at = net.clock.now();
    let survey = carry_out(&surveyor, screen)?;
    for note in &survey.notes {
        screen.hint(note);
    }
    Ok(Some(conclude(&Ran {
        rules: &rules,
        scope: &settings.scope,
        sightings: &survey.sightings,
        started_at,
        took: survey.took,
        interrupted: survey.interrupted,
        proxy_cert: &net.given,
        advice: survey.advice.as_ref(),
    })))
}

fn exit(chain: &Chain, probed: Option<&Report>, fail_on: FailOn) -> Exit {
    if probed.is_some_and(|report| report.run.interrupted) {
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

/// In bytes; evidence of a large cluster has some thousand objects.
const LARGEST: u64 = 64 << 20;
