//! From what was typed to the rules and settings of a run.

use super::{CommandError, Environment, Result, pac, run_flags};
use crate::analysis::advise::AzureEndpoint;
use crate::cli::args::{CheckArgs, ClusterArgs, KubeArgs, ScopeArgs};
use crate::cluster::settings::{CheckSettings, ClusterSettings, KubeChoice, NodeChoice};
use crate::model::rules::{Cloud, RuleSet};
use crate::model::scope::{Connectivity, Scope};
use crate::model::vantage::VantageKind;
use crate::probe::settings::ProbeSettings;
use crate::proxy::{self, Origin, ProxyError, ProxyFlags, ResolvedProxies, Routes, Secret};
use crate::rules::{self, ScopeRequest};

/// What `check` works with, and notes on what is not certain about it.
pub(super) struct PreparedCheck {
    pub(super) rules: RuleSet,
    pub(super) settings: CheckSettings,
    pub(super) notes: Vec<String>,
}

/// Everything that `check` was told, validated.
pub(super) fn prepare_check(args: &CheckArgs, environment: &Environment) -> Result<PreparedCheck> {
    let rules = load_rule_set(&args.scope)?;
    let ResolvedProxies { routes, advice } = resolve_check_proxies(args, environment)?;
    let (scope, notes) = resolve_scope(&args.scope, &rules, &routes)?;
    let vantages = parse_vantages(&args.from)?;
    let settings = CheckSettings {
        flags: run_flags::list_flags(args, &scope),
        scope,
        cluster: cluster_settings(args, &vantages)?,
        vantages,
        all_vantages: args.all_vantages,
        probe: probe_settings(args),
        routes,
        discovery: !args.no_discovery,
        fail_on: args.fail_on.severity(),
    };
    Ok(PreparedCheck { rules, settings, notes: advice.into_iter().chain(notes).collect() })
}

/// How this machine reaches what is no endpoint: as it reaches endpoints.
pub(super) fn outside(args: &CheckArgs, environment: &Environment) -> Result<(ProbeSettings, Routes)> {
    Ok((probe_settings(args), resolve_check_proxies(args, environment)?.routes))
}

/// What `requirements` fits to what, and notes on what is not certain about it. No network is used and no proxy is looked for.
pub(super) fn prepare_listing(args: &ScopeArgs) -> Result<(RuleSet, Scope, Vec<String>)> {
    let rules = load_rule_set(args)?;
    let (scope, notes) = resolve_scope(args, &rules, &Routes::default())?;
    Ok((rules, scope, notes))
}

/// The feature whose endpoints the way to Azure itself needs: without the gateway's own host a list, or a check, is worthless.
fn connectivity_feature(scope: &Scope, rules: &RuleSet) -> Option<String> {
    let id = match scope.connectivity {
        Connectivity::Gateway => "arc-gateway",
        Connectivity::PrivateLink => "private-link",
        Connectivity::Direct | Connectivity::Proxy => return None,
    };
    let feature = rules.features.iter().find(|feature| feature.id.as_str() == id)?;
    let is_here = feature.clouds.is_empty() || feature.clouds.contains(&scope.cloud);
    (is_here && !scope.features.iter().any(|on| on == id)).then(|| id.to_owned())
}

fn load_rule_set(args: &ScopeArgs) -> Result<RuleSet> {
    load_rule_set_for(args, rules::parse_cloud(args.cloud()).map_err(CommandError::usage)?)
}

/// The rules that were chosen, for a cloud that something else names.
pub(super) fn load_rule_set_for(args: &ScopeArgs, cloud: Cloud) -> Result<RuleSet> {
    args.rules.load(Some(cloud)).map_err(CommandError::usage)
}

/// The proxies in force; none with `--connectivity direct`, which is about the way without them.
fn resolve_check_proxies(args: &CheckArgs, environment: &Environment) -> Result<ResolvedProxies> {
    let is_direct = args.scope.connectivity == Some(Connectivity::Direct);
    let given = &args.proxy.urls;
    if is_direct && (given.proxy_https.is_some() || given.proxy_http.is_some()) {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "--connectivity direct goes without a proxy; leave out --proxy-https and --proxy-http, or the connectivity"
        )));
    }
    let cloud = rules::parse_cloud(args.scope.cloud()).ok();
    let flags = ProxyFlags { no_proxy: given.no_proxy || is_direct, cloud, ..given.flags() };
    let settled = pac::resolve_proxies(&flags, environment)?;
    if args.scope.connectivity == Some(Connectivity::Proxy) && !settled.routes.uses_proxy() {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "--connectivity proxy needs a proxy; give --proxy-https URL or set HTTPS_PROXY"
        )));
    }
    Ok(settled)
}

fn resolve_scope(args: &ScopeArgs, rules: &RuleSet, routes: &Routes) -> Result<(Scope, Vec<String>)> {
    let gateway = args.gateway_url.iter().map(|prefix| format!("gateway_prefix={prefix}"));
    let values: Vec<_> = gateway.chain(args.set.iter().cloned()).collect();
    let request = ScopeRequest {
        cloud: rules::parse_cloud(args.cloud()).map_err(CommandError::usage)?,
        location: args.location.clone().unwrap_or_default(),
        features: args.feature.clone(),
        connectivity: resolve_connectivity(args, routes)?,
        values: rules::parse_values(&values).map_err(CommandError::usage)?,
    };
    let (mut scope, notes) = rules::resolve_scope(&request, rules).map_err(CommandError::usage)?;
    scope.features.extend(connectivity_feature(&scope, rules));
    Ok((scope, notes))
}

/// The endpoints with what is on by itself, as far as the way to them matters; without a region those that two regions share.
pub(super) fn list_endpoints(location: Option<&str>, cloud: &str) -> Result<Vec<AzureEndpoint>> {
    let cloud = rules::parse_cloud(cloud).map_err(CommandError::usage)?;
    let rules = RuleSet::load(Some("current"), &[], Some(cloud)).map_err(CommandError::usage)?;
    let of = |location: &str| {
        let request = ScopeRequest {
            cloud,
            location: location.to_owned(),
            features: Vec::new(),
            connectivity: Connectivity::Direct,
            values: std::collections::BTreeMap::new(),
        };
        let (scope, _) = rules::resolve_scope(&request, &rules).map_err(CommandError::usage)?;
        Ok(crate::cluster::runner::list_endpoints(&rules, &scope))
    };
    if let Some(location) = location {
        return of(location);
    }
    let regions: Vec<_> =
        rules.regions.iter().filter(|r| r.cloud == cloud).map(|r| r.name.to_string()).collect();
    let (Some(first), Some(last)) = (regions.first(), regions.last()) else { return Ok(Vec::new()) };
    let other = of(last)?;
    Ok(of(first)?.into_iter().filter(|endpoint| other.contains(endpoint)).collect())
}

fn resolve_connectivity(args: &ScopeArgs, routes: &Routes) -> Result<Connectivity> {
    match (args.connectivity, &args.gateway_url) {
        (None | Some(Connectivity::Gateway), Some(_)) => Ok(Connectivity::Gateway),
        (Some(other), Some(_)) => Err(CommandError::Usage(anyhow::anyhow!(
            "--gateway-url goes with --connectivity gateway, not with {}; leave out one of them",
            other.as_str()
        ))),
        (Some(given), None) => Ok(given),
        (None, None) => Ok(routes.default_connectivity()),
    }
}

fn parse_vantages(words: &[String]) -> Result<Vec<VantageKind>> {
    let mut kinds = Vec::new();
    for word in words {
        let kind =
            VantageKind::ALL.into_iter().find(|kind| kind.as_str() == word.trim()).ok_or_else(|| {
                CommandError::Usage(anyhow::anyhow!(
                    "--from \"{word}\": unknown vantage; allowed are workstation, pod, node"
                ))
            })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// Which cluster.
pub(super) fn kube_choice(args: &KubeArgs) -> KubeChoice {
    KubeChoice {
        file: args.kube_config.clone(),
        context: args.kube_context.clone(),
        namespace: args.namespace.clone(),
    }
}

/// `None` where nothing is looked at from inside a cluster.
fn cluster_settings(args: &CheckArgs, vantages: &[VantageKind]) -> Result<Option<ClusterSettings>> {
    if vantages.iter().all(|kind| *kind == VantageKind::Workstation) {
        return Ok(None);
    }
    let given = &args.cluster;
    Ok(Some(ClusterSettings {
        kube: kube_choice(&given.kube),
        nodes: match (&given.node, given.every_node) {
            (Some(name), _) => NodeChoice::Named(name.clone()),
            (None, true) => NodeChoice::Every,
            (None, false) => NodeChoice::One,
        },
        image: given.image.clone(),
        agent_binary: given.agent_binary.clone(),
        keep: given.keep,
        read_secrets: given.read_secrets,
        parallel: given.parallel_agents,
        pod_routes: resolve_pod_routes(args)?,
        node_routes: resolve_node_routes(given)?,
    }))
}

/// The proxies of this machine's environment are not those of the cluster: only flags count there.
fn resolve_pod_routes(args: &CheckArgs) -> Result<Option<Routes>> {
    let cloud = rules::parse_cloud(args.scope.cloud()).ok();
    let flags = ProxyFlags { no_proxy: true, cloud, ..args.proxy.urls.flags() };
    let settled = proxy::resolve_proxies(&flags, &Environment::new()).map_err(CommandError::usage)?;
    let is_settled = settled.routes.uses_proxy() || args.scope.connectivity == Some(Connectivity::Direct);
    Ok(is_settled.then_some(settled.routes))
}

fn resolve_node_routes(given: &ClusterArgs) -> Result<Option<Routes>> {
    let flags = ProxyFlags {
        https: given.node_proxy_https.as_ref().map(Secret::reveal),
        http: None,
        skip_range: given.node_proxy_skip_range.as_ref().map(Secret::reveal),
        no_proxy: true,
        cloud: None,
    };
    let settled = proxy::resolve_proxies(&flags, &Environment::new())
        .map_err(|e| ProxyError { origin: Origin::flag("--node-proxy-https"), ..e })
        .map_err(|e| pac::explain_proxy_error(e, flags.https))?;
    Ok(settled.routes.uses_proxy().then(|| {
        settled.routes.with_origins(["--node-proxy-https", "", "--node-proxy-skip-range"].map(Origin::flag))
    }))
}

fn probe_settings(args: &CheckArgs) -> ProbeSettings {
    let cross_checks = !args.proxy.no_cross_check;
    let args = &args.probe;
    ProbeSettings {
        cross_checks,
        timeout: args.timeout,
        deadline: args.deadline,
        retries: args.retries,
        concurrency: args.concurrency,
        ..args.connection.settings()
    }
}
