//! Looks from every vantage that was asked for, from all of them at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::watch;

use crate::analysis::advise::{AdviceInput, AzureEndpoint, advise_without_networks, build_advice};
use crate::analysis::conclude::VantageResult;
use crate::analysis::networks::{Networks, Snapshot, cidr};
use crate::cluster::settings::{CheckSettings, ClusterSettings, NodeChoice};
use crate::cluster::{
    self, AgentProgress, AgentRequest, AgentRun, ArcAgentProxies, ClusterClient, ClusterClientError,
    ClusterReader, Remnants,
};
use crate::model::evidence::{AddressScope, Detail, Evidence, NotRun, Observation};
use crate::model::ids::VantageId;
use crate::model::networks::Role;
use crate::model::report::{Advice, ClusterRef, DeliveryMethod, Vantage, VantageDetails};
use crate::model::rules::{PrivateLink, RuleSet};
use crate::model::scope::Scope;
use crate::model::vantage::{VantageError, VantageErrorKind, VantageKind};
use crate::plan;
use crate::plan::vantage_scope::{self as lookout, VantageScope};
use crate::probe::agent::{Task, TaskProxies, VERSION};
use crate::probe::discovery::Discoveries;
use crate::probe::net::Net;
use crate::probe::vantage_run::{Shutdown, measure_vantage, wait_for_shutdown};
use crate::probe::{ProbeEvent, ReplanTrigger};
use crate::proxy::{Origin, ProxyError, ProxyFlags, ResolvedProxies, Routes, resolve_proxies};
use crate::rules::expand::fill_template;

/// What a survey works with.
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    /// What has to be reachable.
    pub rules: &'a RuleSet,
    /// From where, and how.
    pub settings: &'a CheckSettings,
    /// This machine's way to the network.
    pub net: &'a Arc<Net>,
    /// For the way to the API server.
    pub environment: &'a BTreeMap<String, String>,
    /// What was read of the cluster before.
    pub known: Option<&'a ClusterReader>,
}

/// What came of a survey.
#[derive(Debug)]
pub struct RunOutput {
    /// In the order in which the vantages were named, nodes in the order of their names.
    pub vantage_results: Vec<VantageResult>,
    /// Worth knowing, and no part of the report.
    pub notes: Vec<String>,
    /// What is left in the cluster.
    pub remnants: Option<Remnants>,
    /// From start to end.
    pub took: Duration,
    /// Stopped by the user.
    pub interrupted: bool,
    /// The cluster that was looked from.
    pub cluster: Option<ClusterRef>,
    /// What to pass to `az`; with the skip range where the cluster's networks were read.
    pub advice: Advice,
}

/// Why a survey cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cluster of the kubeconfig cannot be used.
    #[error(transparent)]
    Access(#[from] ClusterClientError),
    /// The agents' own proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// A task cannot be written; a defect.
    #[error("the task of an agent cannot be written: {0}")]
    Task(#[from] serde_json::Error),
    /// Nothing was asked of the cluster.
    #[error("--dry-run shows what would be created in a cluster; give --from pod,node too")]
    NoCluster,
    /// The objects to show cannot be made.
    #[error("{}", .0.text)]
    DryRun(VantageError),
}

/// What happens at which vantage; they are numbered in the order of the sightings, as far as that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProgressEvent {
    /// On this machine.
    Workstation(WorkstationProgress),
    /// In the cluster, at the position of this number.
    Cluster(usize, AgentProgress),
}

/// [`ProbeEvent`] with strings of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the events of the engine")]
pub enum WorkstationProgress {
    Planned(usize),
    Started(usize, String),
    Finished(usize),
}

/// Hears of signs, from any thread.
pub type ProgressListener = Arc<dyn Fn(ProgressEvent) + Send + Sync>;

impl Runner<'_> {
    /// Looks from everywhere. `stopped` changes when the user wants to stop; what was measured until then is kept.
    ///
    /// # Errors
    /// When the kubeconfig or the agents' own proxy cannot be used. That the cluster does not answer is none: it is a
    /// trouble of its vantages.
    pub async fn run(
        &self,
        stopped: watch::Receiver<Shutdown>,
        listen: ProgressListener,
    ) -> Result<RunOutput, RunError> {
        let started = std::time::Instant::now();
        let inside = self.prepare_cluster(wait_for_shutdown(stopped.clone(), Shutdown::Graceful)).await?;
        let here = self.run_on_workstation(stopped.clone(), Arc::clone(&listen));
        let there = self.run_in_cluster(inside.as_ref(), stopped.clone(), listen);
        let snapshot = async {
            tokio::select! {
                snapshot = self.read_snapshot(inside.as_ref()) => snapshot,
                () = wait_for_shutdown(stopped.clone(), Shutdown::Graceful) => None,
            }
        };
        let (here, (there, remnants), snapshot) = tokio::join!(here, there, snapshot);
        let mut sightings: Vec<_> = here.into_iter().chain(there).collect();
        sightings.sort_by_key(|s| self.settings.vantages.iter().position(|kind| *kind == s.vantage.kind));
        let routes = inside.as_ref().map_or(&self.settings.routes, |inside| &inside.pod);
        let advice = self.build_advice(snapshot.as_ref(), routes, &sightings);
        let reader = inside.as_ref().and_then(|inside| inside.reader.as_ref().ok());
        let cluster = reader.map(|ClusterReader { access, .. }| ClusterRef {
            context: access.context.clone(),
            server: access.server.clone(),
            namespace: Some(access.namespace.clone()),
        });
        let notes = inside.map(|inside| inside.notes).unwrap_or_default();
        let interrupted = *stopped.borrow() > Shutdown::None;
        Ok(RunOutput {
            vantage_results: sightings,
            notes,
            remnants,
            took: started.elapsed(),
            interrupted,
            advice,
            cluster,
        })
    }

    /// What would be created in the cluster.
    ///
    /// # Errors
    /// When nothing would be, or the cluster cannot be asked.
    pub async fn dry_run(&self) -> Result<Vec<serde_json::Value>, RunError> {
        let inside = self.prepare_cluster(std::future::pending()).await?.ok_or(RunError::NoCluster)?;
        match inside.reader {
            Ok(reader) => {
                cluster::list_planned_objects(&reader, &inside.request).await.map_err(RunError::DryRun)
            }
            Err(trouble) => Err(RunError::DryRun(trouble)),
        }
    }

    fn endpoint_selection(&self) -> lookout::EndpointSelection {
        match (self.settings.all_vantages, &self.settings.vantages[..]) {
            (true, _) => lookout::EndpointSelection::All,
            (false, [VantageKind::Workstation]) => lookout::EndpointSelection::StandsIn,
            _ => lookout::EndpointSelection::Callers,
        }
    }

    fn vantage_scope<'b>(&'b self, vantage: VantageKind, routes: &'b Routes) -> VantageScope<'b> {
        VantageScope {
            vantage,
            rules: self.rules,
            scope: &self.settings.scope,
            routes,
            selection: self.endpoint_selection(),
            discovery: self.settings.discovery,
        }
    }

    async fn run_on_workstation(
        &self,
        stopped: watch::Receiver<Shutdown>,
        listen: ProgressListener,
    ) -> Option<VantageResult> {
        if !self.settings.vantages.contains(&VantageKind::Workstation) {
            return None;
        }
        let probe = &self.settings.probe;
        let bounds = probe.run_limits();
        let stop = wait_for_shutdown(stopped, Shutdown::Graceful);
        let report_progress = move |event: ProbeEvent<'_>| {
            listen(ProgressEvent::Workstation(match event {
                ProbeEvent::Planned(number) => WorkstationProgress::Planned(number),
                ProbeEvent::Started(index, host) => WorkstationProgress::Started(index, host.to_owned()),
                ProbeEvent::Finished(index) => WorkstationProgress::Finished(index),
            }));
        };
        let scope = self.vantage_scope(VantageKind::Workstation, &self.settings.routes);
        let (plan, evidence) =
            measure_vantage(&scope, Arc::clone(self.net), bounds, stop, report_progress).await;
        let vantage = describe_workstation(self.net, &self.settings.routes);
        Some(VantageResult { vantage, plan, evidence, skip_range: scope.routes.skip_range().cloned() })
    }

    /// The cluster and what is wanted of it; `None` where nothing is.
    async fn prepare_cluster(
        &self,
        stop: impl Future<Output = ()>,
    ) -> Result<Option<ClusterSetup>, RunError> {
        let Some(cluster) = &self.settings.cluster else { return Ok(None) };
        let access = ClusterClient::open(&cluster.kube, self.environment, &self.settings.probe).await;
        let reader = match access {
            Ok(access) => Ok(match self.known {
                Some(known) => known.with_access(access),
                None => ClusterReader::new(access),
            }),
            Err(ClusterClientError::Api(e)) => {
                Err(VantageError::new(VantageErrorKind::Credentials, e.to_string()))
            }
            Err(e @ ClusterClientError::Config(_)) => return Err(e.into()),
        };
        let agents = match (&reader, &cluster.pod_routes) {
            (Ok(reader), None) => tokio::select! {
                agents = cluster::read_arc_agent_proxies(reader, cluster.read_secrets) => agents,
                () = stop => None,
            },
            _ => None,
        };
        let (pod, notes) = resolve_pod_routes(cluster, agents)?;
        let node = cluster.node_routes.clone().unwrap_or_else(|| pod.clone());
        let vantage_routes = [(VantageKind::Pod, pod.clone()), (VantageKind::Node, node)];
        let vantage_routes: Vec<_> =
            vantage_routes.into_iter().filter(|(kind, _)| self.settings.vantages.contains(kind)).collect();
        let tasks = vantage_routes.iter().map(|(kind, routes)| Ok((*kind, self.build_task(*kind, routes)?)));
        let request = AgentRequest {
            settings: cluster.clone(),
            tasks: tasks.collect::<Result<_, serde_json::Error>>()?,
            time_limit: agent_time_limit(&self.settings.probe),
        };
        Ok(Some(ClusterSetup { reader, request, ways: vantage_routes, pod, notes }))
    }

    async fn run_in_cluster(
        &self,
        inside: Option<&ClusterSetup>,
        stopped: watch::Receiver<Shutdown>,
        listen: ProgressListener,
    ) -> (Vec<VantageResult>, Option<Remnants>) {
        let Some(inside) = inside else { return (Vec::new(), None) };
        let (looked, remnants) = match &inside.reader {
            Ok(reader) => {
                let report_progress: cluster::AgentListener =
                    Arc::new(move |place, step| listen(ProgressEvent::Cluster(place, step)));
                tokio::select! {
                    looked = cluster::run_agents(reader, &inside.request, stopped.clone(), report_progress) => looked,
                    () = wait_for_shutdown(stopped, Shutdown::Immediate) => {
                        (cluster::fail_all_runs(&inside.request, &VantageError::interrupted()), Some(Remnants::Unknown))
                    }
                }
            }
            Err(trouble) => (cluster::fail_all_runs(&inside.request, trouble), None),
        };
        let is_every = inside.request.settings.nodes == NodeChoice::Every;
        let to_result = |looked| self.to_vantage_result(looked, &inside.ways, is_every);
        (looked.into_iter().filter_map(to_result).collect(), remnants)
    }

    /// What the cluster says of its networks. One that tells nothing is no error: its vantages tell that it does not answer.
    async fn read_snapshot(&self, inside: Option<&ClusterSetup>) -> Option<Snapshot> {
        let reader = inside?.reader.as_ref().ok()?;
        cluster::read_network_snapshot(reader, cluster::Proposal::None).await.ok()
    }

    /// What to pass to `az`, for the ways of the pods.
    fn build_advice(
        &self,
        snapshot: Option<&Snapshot>,
        routes: &Routes,
        sightings: &[VantageResult],
    ) -> Advice {
        let scope = &self.settings.scope;
        let mut others = list_proxy_networks(routes);
        others.extend(sightings.iter().flat_map(list_observed_addresses));
        others.dedup();
        let none = Snapshot::default();
        let read = snapshot.unwrap_or(&none);
        let known = AdviceInput {
            networks: &Networks::from_snapshot(read),
            skipped: &read.skipped,
            routes,
            connectivity: Some(scope.connectivity),
            region: Some(scope.region.name.as_str()),
            cloud: Some(scope.cloud),
            features: &scope.features,
            flags: &self.settings.flags,
            endpoints: &list_endpoints(self.rules, scope),
            other_networks: &others,
            additions: &[],
            proxy_cert: self.settings.probe.proxy_cert.as_deref(),
        };
        if snapshot.is_some() { build_advice(&known) } else { advise_without_networks(&known) }
    }

    /// The evidence of an agent, in the order of the plan that its answers lead to.
    fn to_vantage_result(
        self,
        looked: AgentRun,
        ways: &[(VantageKind, Routes)],
        is_every: bool,
    ) -> Option<VantageResult> {
        let (_, routes) = ways.iter().find(|(kind, _)| *kind == looked.kind)?;
        let scope = self.vantage_scope(looked.kind, routes);
        let stop_reason = not_run_reason(&looked);
        let mut output = looked.output;
        let mut discoveries = Discoveries::with_answers(
            scope.plan_discoveries(),
            looked.kind,
            std::mem::take(&mut output.inquiries),
        );
        let plan = scope.plan_checks(discoveries.apply_trigger(ReplanTrigger::End(stop_reason)));
        let id = vantage_id(looked.kind, looked.node.as_deref(), is_every);
        let missing =
            Observation { not_run: Some(stop_reason.unwrap_or(NotRun::Broken)), ..Observation::default() };
        let mut take_observation =
            |id: &str| output.observations.remove(id).unwrap_or_else(|| missing.clone());
        let evidence = Evidence {
            observations: plan.items.iter().map(|item| take_observation(&item.check.id)).collect(),
            discoveries: discoveries.into_answers(),
            took: output.summary.as_ref().map(|s| s.took).unwrap_or_default(),
            interrupted: output.summary.as_ref().is_some_and(|s| s.interrupted),
            deadline_passed: output.summary.as_ref().is_some_and(|s| s.deadline_passed),
        };
        let hello = output.hello.as_ref();
        let vantage = Vantage {
            id: id.clone(),
            kind: looked.kind,
            node: looked.node,
            delivered: looked.delivery,
            facts: VantageDetails {
                resolvers: hello.map(|h| h.resolvers.clone()).unwrap_or_default(),
                resolvers_from: hello.map(|h| h.resolvers_from.clone()),
                proxy: describe_proxy(routes),
                delivery: looked.placement,
                inside_name: output.inside_name,
            },
            error: looked.error.as_ref().map(|t| t.text.clone()),
            error_kind: looked.error.map(|t| t.kind),
        };
        Some(VantageResult {
            vantage,
            plan: plan.with_vantage_id(&id),
            evidence,
            skip_range: routes.skip_range().cloned(),
        })
    }

    fn build_task(&self, kind: VantageKind, routes: &Routes) -> serde_json::Result<Vec<u8>> {
        let scope = self.vantage_scope(kind, routes);
        let task = Task {
            version: VERSION.to_owned(),
            vantage: kind,
            rules: scope.needed_rules(),
            scope: self.settings.scope.clone(),
            reach: scope.selection,
            discovery: scope.discovery,
            proxies: TaskProxies::from_routes(routes),
            probe: self.settings.probe.clone(),
            roots: self.net.roots.for_agent(),
            products: self.net.products().clone(),
        };
        task.to_json()
    }
}

/// The proxies that are named by an address.
pub fn list_proxy_networks(routes: &Routes) -> Vec<(Role, IpNet, String)> {
    let proxies = [routes.https(), routes.http()].into_iter().flatten();
    let mut named: Vec<_> = proxies
        .filter_map(|p| {
            Some((Role::Proxy, cidr::single_address_network(p.value.address()?), p.origin.to_string()))
        })
        .collect();
    named.dedup_by_key(|(_, net, _)| *net);
    named
}

/// Addresses that a vantage met and that can collide: its DNS servers outside of the cluster, private answers for names of
/// Azure.
fn list_observed_addresses(sighting: &VantageResult) -> Vec<(Role, IpNet, String)> {
    let id = &sighting.vantage.id;
    let is_pod = sighting.vantage.kind == VantageKind::Pod;
    let resolvers = sighting.vantage.facts.resolvers.iter().filter(|a| !is_pod && !a.ip().is_loopback());
    let resolvers =
        resolvers.map(|a| (Role::Resolver, cidr::single_address_network(a.ip()), format!("asked from {id}")));
    let steps = sighting.evidence.observations.iter().flat_map(|o| &o.attempts).flat_map(|a| &a.steps);
    let private = steps.filter_map(|step| match &step.detail {
        Detail::Resolve(lookup) => Some(lookup),
        _ => None,
    });
    let private = private.flat_map(|lookup| {
        let addresses =
            lookup.addresses.iter().filter(|a| AddressScope::classify(**a) == AddressScope::Private);
        addresses.map(|a| {
            (
                Role::PrivateEndpoint,
                cidr::single_address_network(*a),
                format!("the answer for {}", lookup.name),
            )
        })
    });
    resolvers.chain(private).collect()
}

/// The endpoints of a scope, as far as the way to them matters.
pub fn list_endpoints(rules: &RuleSet, scope: &Scope) -> Vec<AzureEndpoint> {
    let needed = rules.endpoints.iter().filter(|e| plan::is_needed(e, scope));
    let endpoint = |e: &crate::model::rules::Endpoint| AzureEndpoint {
        host: fill_template(e.host.as_str(), scope).firewall_pattern(),
        port: e.port.0,
        is_private: e.private_link == PrivateLink::Private,
    };
    needed.map(endpoint).collect()
}

/// A cluster and what is wanted of it.
struct ClusterSetup {
    reader: Result<ClusterReader, VantageError>,
    request: AgentRequest,
    ways: Vec<(VantageKind, Routes)>,
    /// The way of pods, whether they are looked from or not.
    pod: Routes,
    notes: Vec<String>,
}

/// What a check that is missing was not run for; `None` where all arrived.
fn not_run_reason(looked: &AgentRun) -> Option<NotRun> {
    match (&looked.error, &looked.output.summary) {
        (Some(trouble), _) if trouble.kind == VantageErrorKind::Interrupted => Some(NotRun::Interrupted),
        (Some(_), _) => Some(NotRun::NoVantage),
        (None, Some(summary)) if summary.interrupted => Some(NotRun::Interrupted),
        (None, Some(summary)) if summary.deadline_passed => Some(NotRun::Deadline),
        (None, _) => None,
    }
}

/// The same in every run; the node is in it only where there are several.
fn vantage_id(kind: VantageKind, node: Option<&str>, is_every: bool) -> VantageId {
    node.filter(|_| is_every).map_or_else(|| kind.into(), |node| VantageId::on_node(kind, node))
}

fn describe_workstation(net: &Net, routes: &Routes) -> Vantage {
    Vantage {
        id: VantageKind::Workstation.into(),
        kind: VantageKind::Workstation,
        node: None,
        delivered: DeliveryMethod::Local,
        facts: VantageDetails {
            resolvers: net.resolver.servers(),
            resolvers_from: Some(net.resolver.origin().to_owned()),
            proxy: describe_proxy(routes),
            delivery: None,
            inside_name: None,
        },
        error: None,
        error_kind: None,
    }
}

fn describe_proxy(routes: &Routes) -> Option<String> {
    routes.https().or(routes.http()).map(|p| p.value.to_string())
}

/// Flags first: they are what the agents are going to get. Else what the installed agents have, else no proxy.
fn resolve_pod_routes(
    cluster: &ClusterSettings,
    agents: Option<ArcAgentProxies>,
) -> Result<(Routes, Vec<String>), ProxyError> {
    if let Some(routes) = &cluster.pod_routes {
        return Ok((routes.clone(), Vec::new()));
    }
    match agents {
        Some(agents) => resolve_arc_agent_routes(&agents),
        None => Ok((Routes::default(), Vec::new())),
    }
}

/// The ways of the installed agents, and what is worth saying of them.
///
/// # Errors
/// A URL that nobody could use.
pub fn resolve_arc_agent_routes(agents: &ArcAgentProxies) -> Result<(Routes, Vec<String>), ProxyError> {
    let value = |name| agents.variables.get(name).map(crate::proxy::Secret::reveal);
    let flags = ProxyFlags {
        https: value("HTTPS_PROXY"),
        http: value("HTTP_PROXY"),
        skip_range: value("NO_PROXY"),
        no_proxy: true,
        cloud: None,
    };
    let ResolvedProxies { routes, advice } = resolve_proxies(&flags, &BTreeMap::new())
        .map_err(|e| ProxyError { origin: Origin::Cluster(agents.origin.clone()), ..e })?;
    let origins = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"]
        .map(|name| Origin::Cluster(format!("{name}, {}", agents.origin)));
    Ok((routes.with_origins(origins), agents.note.clone().into_iter().chain(advice).collect()))
}

/// Discovery, phases and second looks cost a handful of time-outs one after the other; retries come on top.
fn agent_time_limit(probe: &crate::probe::settings::ProbeSettings) -> Duration {
    let longest = probe.timeout * 12 * (probe.retries + 1);
    probe.deadline.unwrap_or(longest).min(longest) + POD_START_ALLOWANCE
}

/// Until a pod runs on a slow node.
const POD_START_ALLOWANCE: Duration = Duration::from_secs(60);
