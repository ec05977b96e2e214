//! `arcprobe advise`: networks, the skip range and what is wrong with a given one, collisions, free ranges.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Context as _;
use ipnet::IpNet;
use serde_json::json;

use super::{CommandError, Environment, Screen, runtime, show};
use crate::analysis::advise::{Known, advise};
use crate::analysis::networks::cidr;
use crate::analysis::networks::{Networks, Snapshot};
use crate::cli::args::{AdviseArgs, AdviseFormat};
use crate::cli::exit::Exit;
use crate::cluster::{self, Access, Proposal};
use crate::model::finding::{Confidence, Severity};
use crate::model::networks::Role;
use crate::model::report::Advice;
use crate::probe::net::own_routes;
use crate::probe::resolve::system_servers;
use crate::probe::settings::ProbeSettings;
use crate::proxy::{self, ProxyFlags, Routes, Secret};
use crate::report::advice::{self as rendering, free_ranges};

pub(super) fn run(
    args: &AdviseArgs,
    environment: &Environment,
    screen: &Screen,
) -> Result<Exit, CommandError> {
    if let Some(path) = &args.proxy_cert {
        // what nobody can read, nobody can pass to az
        std::fs::File::open(path)
            .with_context(|| format!("--proxy-cert {}", path.display()))
            .map_err(CommandError::Usage)?;
    }
    let (snapshot, agents) = read(args, environment)?;
    let routes = routes(args, environment, agents)?;
    let networks = Networks::of(&snapshot);
    let others = others(&routes);
    let known = Known {
        networks: &networks,
        skipped: &snapshot.skipped,
        routes: &routes,
        connectivity: args.connectivity,
        region: args.location.as_deref(),
        endpoints: &super::settings::endpoints(args.location.as_deref(), &args.cloud)?,
        others: &others,
        additions: &args.add,
        proxy_cert: args.proxy_cert.as_deref(),
    };
    let advice = advise(&known);
    if args.plan {
        show(&plan(args, &advice)?)?;
        return Ok(Exit::Ok);
    }
    match args.output {
        AdviseFormat::Json => {
            let tool = json!({"name": "arcprobe", "version": env!("CARGO_PKG_VERSION")});
            let whole = json!({"schema_version": 1, "tool": tool, "advice": advice});
            show(&super::diagnose::pretty(&whole)?)?;
        }
        AdviseFormat::Text => drop(show(&rendering::text(&advice, &screen.text))?),
    }
    Ok(exit(&advice, args))
}

/// From files, from flags alone, or from the cluster; with the proxy that the installed agents have.
fn read(
    args: &AdviseArgs,
    environment: &Environment,
) -> Result<(Snapshot, Option<cluster::AgentProxies>), CommandError> {
    let given = crate::analysis::networks::Given {
        services: args.service_cidr.clone(),
        pods: args.pod_cidr.clone(),
        nodes: args.node_cidr.clone(),
        api_servers: args.api_server.clone(),
        domain: args.cluster_domain.clone(),
    };
    if let Some(directory) = &args.from_files {
        return Ok((Snapshot { given, ..from_files(directory)? }, None));
    }
    if args.plan || args.no_cluster {
        return Ok((Snapshot { given, ..Snapshot::default() }, None));
    }
    let choice = super::settings::kube(&args.kube);
    let read = runtime()?.until_stopped(async {
        let access = Access::open(&choice, environment, &ProbeSettings::default()).await?;
        let snapshot = cluster::snapshot(&access, proposal(args)).await?;
        Ok::<_, cluster::AccessError>((snapshot, cluster::proxies(&access, args.read_secrets).await))
    })?;
    let (snapshot, agents) = read.map_err(CommandError::inaccessible)?;
    Ok((Snapshot { given, ..snapshot }, agents))
}

fn proposal(args: &AdviseArgs) -> Proposal {
    match (args.propose_service, args.no_dry_run) {
        (true, _) => Proposal::Real,
        (false, true) => Proposal::None,
        (false, false) => Proposal::DryRun,
    }
}

/// Every `*.json` of a folder, as `kubectl get ... -o json` writes them.
fn from_files(directory: &Path) -> Result<Snapshot, CommandError> {
    let named = |what: &Path| format!("--from-files {}", what.display());
    let entries =
        std::fs::read_dir(directory).with_context(|| named(directory)).map_err(CommandError::Usage)?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let mut snapshot = Snapshot::default();
    for path in &paths {
        let is_small = std::fs::metadata(path).is_ok_and(|m| m.len() <= LARGEST_FILE);
        if !is_small {
            return Err(CommandError::Usage(anyhow::anyhow!(
                "{}: larger than {LARGEST_FILE} bytes",
                named(path)
            )));
        }
        let bytes = std::fs::read(path).with_context(|| named(path)).map_err(CommandError::Usage)?;
        let document: serde_json::Value =
            serde_json::from_slice(&bytes).with_context(|| named(path)).map_err(CommandError::Usage)?;
        if document.get("kind").and_then(serde_json::Value::as_str).is_none() {
            return Err(CommandError::Usage(anyhow::anyhow!(
                "{}: no Kubernetes object (it has no \"kind\"); write it with kubectl get KIND -A -o json",
                named(path)
            )));
        }
        snapshot.add(document);
    }
    if paths.is_empty() {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "{}: there is no file with the ending .json; write some with kubectl get nodes,services -A -o json",
            named(directory)
        )));
    }
    Ok(snapshot)
}

/// Flags first, then what the installed agents have, then the environment.
fn routes(
    args: &AdviseArgs,
    environment: &Environment,
    agents: Option<cluster::AgentProxies>,
) -> Result<Routes, CommandError> {
    let typed = ProxyFlags {
        https: args.proxy_https.as_ref().map(Secret::reveal),
        http: args.proxy_http.as_ref().map(Secret::reveal),
        skip_range: args.proxy_skip_range.as_ref().map(Secret::reveal),
        no_proxy: args.no_proxy,
    };
    let is_typed = typed.https.is_some() || typed.http.is_some() || typed.skip_range.is_some();
    if !is_typed && let Some(agents) = agents.filter(|a| !a.variables.is_empty()) {
        let (routes, _) = crate::cluster::survey::agents_routes(&agents).map_err(CommandError::usage)?;
        return Ok(routes);
    }
    proxy::settle(&typed, environment).map(|settled| settled.routes).map_err(CommandError::usage)
}

/// What else has addresses: the proxy, where it is named by one, the DNS servers of this machine, and where it has routes to.
fn others(routes: &Routes) -> Vec<(Role, IpNet, String)> {
    let resolvers = system_servers().into_iter().filter(|a| !a.ip().is_loopback());
    let resolvers =
        resolvers.map(|a| (Role::Resolver, cidr::single(a.ip()), "this machine asks it".to_owned()));
    let own =
        own_routes().into_iter().map(|(net, interface)| (Role::Route, net, format!("interface {interface}")));
    crate::cluster::survey::proxies(routes).into_iter().chain(resolvers).chain(own).collect()
}

fn plan(args: &AdviseArgs, advice: &Advice) -> Result<String, CommandError> {
    let mut avoid = args.avoid.clone();
    avoid.extend(advice.networks.iter().filter(|n| n.counts).filter_map(|n| {
        let single = n.network.parse::<IpAddr>().map(cidr::single).ok();
        n.network.parse().ok().or(single)
    }));
    avoid.extend("172.17.0.0/16".parse::<ipnet::IpNet>());
    let pods = cidr::free(args.pods, &avoid, 1);
    let avoided = avoid.clone();
    avoid.extend(pods.iter().map(|net| ipnet::IpNet::V4(*net)));
    let services = cidr::free(args.services, &avoid, 1);
    match (pods.first(), services.first()) {
        (Some(pods), Some(services)) if args.output == AdviseFormat::Json => {
            let avoided: Vec<_> = avoided.iter().map(ToString::to_string).collect();
            let plan =
                json!({"pods": pods.to_string(), "services": services.to_string(), "avoided": avoided});
            Ok(format!("{:#}\n", json!({"schema_version": 1, "plan": plan})))
        }
        (Some(pods), Some(services)) => Ok(free_ranges(&pods.to_string(), &services.to_string(), &avoided)),
        _ => Err(CommandError::Usage(anyhow::anyhow!(
            "--plan: no private range of these sizes (/{} for pods, /{} for services) is free; give longer prefixes",
            args.pods,
            args.services
        ))),
    }
}

/// As for a check: something required is missing, warnings where they tell, unknown networks are incomplete.
fn exit(advice: &Advice, args: &AdviseArgs) -> Exit {
    let problems = advice.skip_range.iter().flat_map(|s| &s.problems).map(|p| p.severity);
    let worst = problems.chain(advice.overlaps.iter().map(|o| o.severity)).max().unwrap_or(Severity::Info);
    let is_known = |n: &crate::model::report::KnownNetwork| n.counts && n.confidence > Confidence::Low;
    let knows_services = advice.networks.iter().any(|n| n.role == Role::Services && is_known(n));
    match worst {
        Severity::Blocking => Exit::Unmet,
        _ if !knows_services => Exit::Incomplete,
        Severity::Warning if args.fail_on == crate::cli::args::FailOn::Warning => Exit::Warnings,
        _ => Exit::Ok,
    }
}

/// In bytes; the pods of a cluster with thousands of them.
const LARGEST_FILE: u64 = 256 << 20;
