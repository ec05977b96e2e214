//! `arcprobe advise`: networks, the skip range and what is wrong with a given one, collisions, free ranges.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Context as _;
use ipnet::IpNet;
use serde_json::json;

use super::{CommandError, Console, Environment, Result, print_output, start_runtime};
use crate::analysis::advise::{AdviceInput, build_advice};
use crate::analysis::networks::cidr;
use crate::analysis::networks::{Networks, Snapshot};
use crate::cli::args::{AdviseArgs, PlainFormat};
use crate::cli::exit::Exit;
use crate::cluster::{self, ClusterClient, ClusterClientError, ClusterReader, ConfigError, Proposal};
use crate::model::finding::{Confidence, Severity};
use crate::model::networks::Role;
use crate::model::report::Advice;
use crate::probe::net::certificates::read_certificates;
use crate::probe::net::read_local_routes;
use crate::probe::resolve::read_system_servers;
use crate::probe::settings::ProbeSettings;
use crate::proxy::{ProxyFlags, Routes};
use crate::report::advice::{self as rendering, render_free_ranges};
use crate::rules;

pub(super) fn run(args: &AdviseArgs, environment: &Environment, screen: &Console) -> Result<Exit> {
    if let Some(path) = &args.proxy_cert {
        // what nobody can read, nobody can pass to az
        read_certificates("--proxy-cert", path).map_err(|e| CommandError::Usage(e.into()))?;
    }
    let (snapshot, agents) = read_snapshot(args, environment)?;
    let routes = resolve_routes(args, environment, agents)?;
    let networks = Networks::from_snapshot(&snapshot);
    let others = other_networks(&routes);
    let known = AdviceInput {
        networks: &networks,
        skipped: &snapshot.skipped,
        routes: &routes,
        connectivity: args.connectivity,
        region: args.location.as_deref(),
        cloud: rules::parse_cloud(&args.cloud).ok(),
        features: &[],
        flags: &super::run_flags::list_cluster_flags(&args.kube),
        endpoints: &super::settings::list_endpoints(args.location.as_deref(), &args.cloud)?,
        other_networks: &others,
        additions: &args.add,
        proxy_cert: args.proxy_cert.as_deref(),
    };
    let advice = build_advice(&known);
    if args.plan {
        print_output(&plan_ranges(args, &advice)?)?;
        return Ok(Exit::Ok);
    }
    match args.output {
        PlainFormat::Json => {
            print_output(&rendering::render_json(&advice))?;
        }
        PlainFormat::Text => drop(print_output(&rendering::render(&advice, &screen.text))?),
    }
    Ok(exit_for_advice(&advice, args))
}

/// From files, from flags alone, or from the cluster; with the proxy that the installed agents have.
fn read_snapshot(
    args: &AdviseArgs,
    environment: &Environment,
) -> Result<(Snapshot, Option<cluster::ArcAgentProxies>)> {
    let given = crate::analysis::networks::DeclaredNetworks {
        services: args.service_cidr.clone(),
        pods: args.pod_cidr.clone(),
        nodes: args.node_cidr.clone(),
        api_servers: args.api_server.clone(),
        domain: args.cluster_domain.clone(),
    };
    if let Some(directory) = &args.from_files {
        return Ok((Snapshot { declared: given, ..read_files(directory)? }, None));
    }
    if args.plan || args.no_cluster {
        return Ok((Snapshot { declared: given, ..Snapshot::default() }, None));
    }
    let choice = super::settings::kube_choice(&args.kube);
    let read = start_runtime()?.run_until_stopped(async {
        let access = ClusterClient::open(&choice, environment, &ProbeSettings::default()).await?;
        let reader = ClusterReader::new(access);
        let snapshot = cluster::read_network_snapshot(&reader, choose_proposal(args)).await?;
        Ok::<_, ClusterClientError>((
            snapshot,
            cluster::read_arc_agent_proxies(&reader, args.read_secrets).await,
        ))
    })?;
    // whoever gives both ranges and has no kubeconfig has no cluster to ask
    let is_given = !given.services.is_empty() && !given.pods.is_empty();
    match read {
        Err(ClusterClientError::Config(ConfigError::Missing { .. })) if is_given => {
            Ok((Snapshot { declared: given, ..Snapshot::default() }, None))
        }
        read => {
            let (snapshot, agents) = read.map_err(CommandError::from_access_error)?;
            Ok((Snapshot { declared: given, ..snapshot }, agents))
        }
    }
}

fn choose_proposal(args: &AdviseArgs) -> Proposal {
    match (args.propose_service, args.no_dry_run) {
        (true, _) => Proposal::Real,
        (false, true) => Proposal::None,
        (false, false) => Proposal::DryRun,
    }
}

/// Every `*.json` of a folder, as `kubectl get ... -o json` writes them.
fn read_files(directory: &Path) -> Result<Snapshot> {
    let flag_with_path = |what: &Path| format!("--from-files {}", what.display());
    let entries = std::fs::read_dir(directory)
        .with_context(|| flag_with_path(directory))
        .map_err(CommandError::Usage)?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    let mut snapshot = Snapshot::default();
    for path in &paths {
        let is_small = std::fs::metadata(path).is_ok_and(|m| m.len() <= MAX_FILE_BYTES);
        if !is_small {
            return Err(CommandError::Usage(anyhow::anyhow!(
                "{}: larger than {MAX_FILE_BYTES} bytes",
                flag_with_path(path)
            )));
        }
        let bytes = std::fs::read(path).with_context(|| flag_with_path(path)).map_err(CommandError::Usage)?;
        let document: serde_json::Value = serde_json::from_slice(&bytes)
            .with_context(|| flag_with_path(path))
            .map_err(CommandError::Usage)?;
        if document.get("kind").and_then(serde_json::Value::as_str).is_none() {
            return Err(CommandError::Usage(anyhow::anyhow!(
                "{}: no Kubernetes object (it has no \"kind\"); write it with kubectl get KIND -A -o json",
                flag_with_path(path)
            )));
        }
        snapshot.add_document(document);
    }
    if paths.is_empty() {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "{}: there is no file with the ending .json; write some with kubectl get nodes,services -A -o json",
            flag_with_path(directory)
        )));
    }
    Ok(snapshot)
}

/// Flags first, then what the installed agents have, then the environment.
fn resolve_routes(
    args: &AdviseArgs,
    environment: &Environment,
    agents: Option<cluster::ArcAgentProxies>,
) -> Result<Routes> {
    let typed = ProxyFlags { cloud: rules::parse_cloud(&args.cloud).ok(), ..args.proxy.flags() };
    let is_typed = typed.https.is_some() || typed.http.is_some() || typed.skip_range.is_some();
    if !is_typed && let Some(agents) = agents.filter(|a| !a.variables.is_empty()) {
        let (routes, _) =
            crate::cluster::runner::resolve_arc_agent_routes(&agents).map_err(CommandError::usage)?;
        return Ok(routes);
    }
    super::pac::resolve_proxies(&typed, environment).map(|settled| settled.routes)
}

/// What else has addresses: the proxy, where it is named by one, the DNS servers of this machine, and where it has routes to.
fn other_networks(routes: &Routes) -> Vec<(Role, IpNet, String)> {
    let resolvers = read_system_servers().into_iter().filter(|a| !a.ip().is_loopback());
    let resolvers = resolvers
        .map(|a| (Role::Resolver, cidr::single_address_network(a.ip()), "this machine asks it".to_owned()));
    let own = read_local_routes()
        .into_iter()
        .map(|(net, interface)| (Role::Route, net, format!("interface {interface}")));
    crate::cluster::runner::list_proxy_networks(routes).into_iter().chain(resolvers).chain(own).collect()
}

fn plan_ranges(args: &AdviseArgs, advice: &Advice) -> Result<String> {
    let mut avoid = args.avoid.clone();
    avoid.extend(advice.networks.iter().filter(|n| n.counts).filter_map(|n| {
        let single = n.network.parse::<IpAddr>().map(cidr::single_address_network).ok();
        n.network.parse().ok().or(single)
    }));
    avoid.extend("172.17.0.0/16".parse::<ipnet::IpNet>());
    let pods = cidr::free_networks(args.pods, &avoid, 1);
    let avoided = avoid.clone();
    avoid.extend(pods.iter().map(|net| ipnet::IpNet::V4(*net)));
    let services = cidr::free_networks(args.services, &avoid, 1);
    match (pods.first(), services.first()) {
        (Some(pods), Some(services)) if args.output == PlainFormat::Json => {
            let avoided: Vec<_> = avoided.iter().map(ToString::to_string).collect();
            let plan =
                json!({"pods": pods.to_string(), "services": services.to_string(), "avoided": avoided});
            Ok(format!("{:#}\n", json!({"schema_version": 1, "plan": plan})))
        }
        (Some(pods), Some(services)) => {
            Ok(render_free_ranges(&pods.to_string(), &services.to_string(), &avoided))
        }
        _ => Err(CommandError::Usage(anyhow::anyhow!(
            "--plan: no private range of these sizes (/{} for pods, /{} for services) is free; give longer prefixes",
            args.pods,
            args.services
        ))),
    }
}

/// As for a check: something required is missing, warnings where they tell, unknown networks are incomplete.
fn exit_for_advice(advice: &Advice, args: &AdviseArgs) -> Exit {
    let problems = advice.skip_range.iter().flat_map(|s| &s.problems).map(|p| p.severity);
    let proxy = advice.proxy_problem.iter().map(|_| Severity::Warning);
    let overlaps = advice.overlaps.iter().map(|o| o.severity);
    let worst = problems.chain(overlaps).chain(proxy).max().unwrap_or(Severity::Info);
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
const MAX_FILE_BYTES: u64 = 256 << 20;
