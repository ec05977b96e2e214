//! Looks from every vantage that was asked for, from all of them at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::watch;

use crate::analysis::advise::{Endpoint, Known, advise};
use crate::analysis::conclude::Sighting;
use crate::analysis::networks::{Networks, Snapshot, cidr};
use crate::cluster::settings::{CheckSettings, ClusterSettings, NodeChoice};
use crate::cluster::{self, Access, AccessError, AgentProxies, Looked, Order, Step};
use crate::model::evidence::{Detail, Evidence, NotRun, Observation, Reach};
use crate::model::networks::Role;
use crate::model::report::{Advice, Cluster, Delivered, Facts, Vantage};
use crate::model::rules::{PrivateLink, RuleSet};
use crate::model::scope::Scope;
use crate::model::vantage::{Trouble, TroubleKind, VantageKind};
use crate::plan;
use crate::plan::lookout::{self, Lookout};
use crate::probe::agent::{ProbeTask, ProxyTask, Task, VERSION};
use crate::probe::discovery::Discoveries;
use crate::probe::measure::{Stop, measure, until};
use crate::probe::net::Net;
use crate::probe::{Bounds, Event, News};
use crate::proxy::{ProxyError, ProxyFlags, Routes, Settled, settle};
use crate::rules::expand::fill;

/// What a survey works with.
#[derive(Clone, Copy)]
pub struct Surveyor<'a> {
    /// What has to be reachable.
    pub rules: &'a RuleSet,
    /// From where, and how.
    pub settings: &'a CheckSettings,
    /// This machine's way to the network.
    pub net: &'a Arc<Net>,
    /// For the way to the API server.
    pub environment: &'a BTreeMap<String, String>,
}

/// What came of a survey.
#[derive(Debug)]
pub struct Survey {
    /// In the order in which the vantages were named, nodes in the order of their names.
    pub sightings: Vec<Sighting>,
    /// Worth knowing, and no part of the report.
    pub notes: Vec<String>,
    /// From start to end.
    pub took: Duration,
    /// Stopped by the user.
    pub interrupted: bool,
    /// The cluster that was looked from.
    pub cluster: Option<Cluster>,
    /// What the cluster's networks say of the skip range; `None` where they were not read.
    pub advice: Option<Advice>,
}

/// Why a survey cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The cluster of the kubeconfig cannot be used.
    #[error(transparent)]
    Access(#[from] AccessError),
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
    Nothing(Trouble),
}

/// What happens at which vantage; they are numbered in the order of the sightings, as far as that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sign {
    /// On this machine.
    Here(HereSign),
    /// In the cluster, at the position of this number.
    There(usize, Step),
}

/// [`Event`] with strings of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the events of the engine")]
pub enum HereSign {
    Planned(usize),
    Started(usize, String),
    Finished(usize),
}

/// Hears of signs, from any thread.
pub type Listener = Arc<dyn Fn(Sign) + Send + Sync>;

impl Surveyor<'_> {
    /// Looks from everywhere. `stopped` changes when the user wants to stop; what was measured until then is kept.
    ///
    /// # Errors
    /// When the kubeconfig or the agents' own proxy cannot be used. That the cluster does not answer is none: it is a
    /// trouble of its vantages.
    pub async fn survey(
        &self,
        stopped: watch::Receiver<Stop>,
        listen: Listener,
    ) -> Result<Survey, SurveyError> {
        let started = std::time::Instant::now();
        let inside = self.inside(until(stopped.clone(), Stop::Asked)).await?;
        let here = self.here(stopped.clone(), Arc::clone(&listen));
        let there = self.there(inside.as_ref(), stopped.clone(), listen);
        let snapshot = async {
            tokio::select! {
                snapshot = self.snapshot(inside.as_ref()) => snapshot,
                () = until(stopped.clone(), Stop::Asked) => None,
            }
        };
        let (here, (there, left), snapshot) = tokio::join!(here, there, snapshot);
        let mut sightings: Vec<_> = here.into_iter().chain(there).collect();
        sightings.sort_by_key(|s| self.settings.vantages.iter().position(|kind| *kind == s.vantage.kind));
        let pod = inside.as_ref().map(|inside| inside.pod.clone()).unwrap_or_default();
        let advice = snapshot.map(|snapshot| self.advice(&snapshot, &pod, &sightings));
        let access = inside.as_ref().and_then(|inside| inside.access.as_ref().ok());
        let cluster =
            access.map(|access| Cluster { context: access.context.clone(), server: access.server.clone() });
        let notes = inside.into_iter().flat_map(|inside| inside.notes).chain(left).collect();
        let interrupted = *stopped.borrow() > Stop::No;
        Ok(Survey { sightings, notes, took: started.elapsed(), interrupted, advice, cluster })
    }

    /// What would be created in the cluster.
    ///
    /// # Errors
    /// When nothing would be, or the cluster cannot be asked.
    pub async fn dry_run(&self) -> Result<Vec<serde_json::Value>, SurveyError> {
        let inside = self.inside(std::future::pending()).await?.ok_or(SurveyError::NoCluster)?;
        match inside.access {
            Ok(access) => cluster::manifests(&access, &inside.order).await.map_err(SurveyError::Nothing),
            Err(trouble) => Err(SurveyError::Nothing(trouble)),
        }
    }

    fn reach(&self) -> lookout::Reach {
        match (self.settings.all_vantages, &self.settings.vantages[..]) {
            (true, _) => lookout::Reach::All,
            (false, [VantageKind::Workstation]) => lookout::Reach::StandsIn,
            _ => lookout::Reach::Callers,
        }
    }

    fn lookout<'b>(&'b self, vantage: VantageKind, routes: &'b Routes) -> Lookout<'b> {
        Lookout {
            vantage,
            rules: self.rules,
            scope: &self.settings.scope,
            routes,
            reach: self.reach(),
            discovery: self.settings.discovery,
        }
    }

    async fn here(&self, stopped: watch::Receiver<Stop>, listen: Listener) -> Option<Sighting> {
        if !self.settings.vantages.contains(&VantageKind::Workstation) {
            return None;
        }
        let probe = &self.settings.probe;
        let bounds = Bounds { deadline: probe.deadline, concurrency: probe.concurrency };
        let stop = until(stopped, Stop::Asked);
        let hear = move |event: Event<'_>| {
            listen(Sign::Here(match event {
                Event::Planned(number) => HereSign::Planned(number),
                Event::Started(index, host) => HereSign::Started(index, host.to_owned()),
                Event::Finished(index) => HereSign::Finished(index),
            }));
        };
        let lookout = self.lookout(VantageKind::Workstation, &self.settings.routes);
        let (plan, evidence) = measure(&lookout, Arc::clone(self.net), bounds, stop, hear).await;
        let vantage = workstation(self.net, &self.settings.routes);
        Some(Sighting { vantage, plan, evidence, skip_range: lookout.routes.skip_range().cloned() })
    }

    /// The cluster and what is wanted of it; `None` where nothing is.
    async fn inside(&self, stop: impl Future<Output = ()>) -> Result<Option<Inside>, SurveyError> {
        let Some(cluster) = &self.settings.cluster else { return Ok(None) };
        let access = Access::open(&cluster.kube, self.environment, &self.settings.probe).await;
        let access = match access {
            Ok(access) => Ok(access),
            Err(AccessError::Api(e)) => Err(Trouble::new(TroubleKind::Credentials, e.to_string())),
            Err(e @ AccessError::Config(_)) => return Err(e.into()),
        };
        let agents = match (&access, &cluster.pod_routes) {
            (Ok(access), None) => tokio::select! {
                agents = cluster::proxies(access, cluster.read_secrets) => agents,
                () = stop => None,
            },
            _ => None,
        };
        let (pod, notes) = pod_routes(cluster, agents)?;
        let node = cluster.node_routes.clone().unwrap_or_else(|| pod.clone());
        let ways = [(VantageKind::Pod, pod.clone()), (VantageKind::Node, node)];
        let ways: Vec<_> =
            ways.into_iter().filter(|(kind, _)| self.settings.vantages.contains(kind)).collect();
        let tasks = ways.iter().map(|(kind, routes)| Ok((*kind, self.task(*kind, routes)?)));
        let order = order(cluster, &self.settings.probe, tasks.collect::<Result<_, serde_json::Error>>()?);
        Ok(Some(Inside { access, order, ways, pod, notes }))
    }

    async fn there(
        &self,
        inside: Option<&Inside>,
        stopped: watch::Receiver<Stop>,
        listen: Listener,
    ) -> (Vec<Sighting>, Vec<String>) {
        let Some(inside) = inside else { return (Vec::new(), Vec::new()) };
        let (looked, left) = match &inside.access {
            Ok(access) => {
                let hear: cluster::Listener = Arc::new(move |place, step| listen(Sign::There(place, step)));
                tokio::select! {
                    looked = cluster::look(access, &inside.order, stopped.clone(), hear) => looked,
                    () = until(stopped, Stop::Insisted) => {
                        (cluster::nowhere(&inside.order, &Trouble::stopped()), vec![LEFT.to_owned()])
                    }
                }
            }
            Err(trouble) => (cluster::nowhere(&inside.order, trouble), Vec::new()),
        };
        let is_every = inside.order.nodes == NodeChoice::Every;
        let sighting = |looked| self.sighting(looked, &inside.ways, is_every);
        (looked.into_iter().filter_map(sighting).collect(), left)
    }

    /// What the cluster says of its networks. One that tells nothing is no error: its vantages tell that it does not answer.
    async fn snapshot(&self, inside: Option<&Inside>) -> Option<Snapshot> {
        let access = inside?.access.as_ref().ok()?;
        cluster::snapshot(access, cluster::Proposal::None).await.ok()
    }

    /// What to pass to `az`, for the ways of the pods.
    fn advice(&self, snapshot: &Snapshot, pod: &Routes, sightings: &[Sighting]) -> Advice {
        let scope = &self.settings.scope;
        let mut others = proxies(pod);
        others.extend(sightings.iter().flat_map(seen));
        others.dedup();
        advise(&Known {
            networks: &Networks::of(snapshot),
            skipped: &snapshot.skipped,
            routes: pod,
            connectivity: Some(scope.connectivity),
            region: Some(scope.region.name.as_str()),
            endpoints: &endpoints(self.rules, scope),
            others: &others,
            additions: &[],
            proxy_cert: self.settings.probe.proxy_cert.as_deref(),
        })
    }

    /// The evidence of an agent, in the order of the plan that its answers lead to.
    fn sighting(&self, looked: Looked, ways: &[(VantageKind, Routes)], is_every: bool) -> Option<Sighting> {
        let (_, routes) = ways.iter().find(|(kind, _)| *kind == looked.kind)?;
        let lookout = self.lookout(looked.kind, routes);
        let cut = cut(&looked);
        let mut told = looked.told;
        let mut discoveries =
            Discoveries::answered(lookout.asks(), looked.kind, std::mem::take(&mut told.inquiries));
        let plan = lookout.plan(discoveries.hear(News::End(cut)));
        let id = vantage_id(looked.kind, looked.node.as_deref(), is_every);
        let missing = Observation { not_run: Some(cut.unwrap_or(NotRun::Broken)), ..Observation::default() };
        let seen = |id: &str| told.seen.remove(id).unwrap_or_else(|| missing.clone());
        let evidence = Evidence {
            observations: plan.checks.iter().map(|check| check.id.as_str()).map(seen).collect(),
            inquiries: discoveries.into_answers(),
            took: told.summary.as_ref().map(|s| s.took).unwrap_or_default(),
            interrupted: told.summary.as_ref().is_some_and(|s| s.interrupted),
            deadline_passed: told.summary.as_ref().is_some_and(|s| s.deadline_passed),
        };
        let hello = told.hello.as_ref();
        let vantage = Vantage {
            id: id.clone(),
            kind: looked.kind,
            node: looked.node,
            delivered: looked.delivered,
            facts: Facts {
                resolvers: hello.map(|h| h.resolvers.clone()).unwrap_or_default(),
                resolvers_from: hello.map(|h| h.resolvers_from.clone()),
                proxy: proxy(routes),
                delivery: looked.how,
                inside_name: told.inside,
            },
            error: looked.trouble.as_ref().map(|t| t.text.clone()),
            trouble: looked.trouble.map(|t| t.kind),
        };
        Some(Sighting {
            vantage,
            plan: plan.seen_from(&id),
            evidence,
            skip_range: routes.skip_range().cloned(),
        })
    }

    fn task(&self, kind: VantageKind, routes: &Routes) -> serde_json::Result<Vec<u8>> {
        let lookout = self.lookout(kind, routes);
        let task = Task {
            version: VERSION.to_owned(),
            vantage: kind,
            rules: lookout.needed_rules(),
            scope: self.settings.scope.clone(),
            reach: lookout.reach,
            discovery: lookout.discovery,
            proxies: ProxyTask::of(routes),
            probe: ProbeTask::of(&self.settings.probe),
            roots: self.net.roots.for_agent(),
        };
        task.to_json()
    }
}

/// The proxies that are named by an address.
pub fn proxies(routes: &Routes) -> Vec<(Role, IpNet, String)> {
    let proxies = [routes.https(), routes.http()].into_iter().flatten();
    let mut named: Vec<_> = proxies
        .filter_map(|p| Some((Role::Proxy, cidr::single(p.value.address()?), p.origin.clone())))
        .collect();
    named.dedup_by_key(|(_, net, _)| *net);
    named
}

/// Addresses that a vantage met and that can collide: its DNS servers outside of the cluster, private answers for names of
/// Azure.
fn seen(sighting: &Sighting) -> Vec<(Role, IpNet, String)> {
    let id = &sighting.vantage.id;
    let is_pod = sighting.vantage.kind == VantageKind::Pod;
    let resolvers = sighting.vantage.facts.resolvers.iter().filter(|a| !is_pod && !a.ip().is_loopback());
    let resolvers = resolvers.map(|a| (Role::Resolver, cidr::single(a.ip()), format!("asked from {id}")));
    let steps = sighting.evidence.observations.iter().flat_map(|o| &o.attempts).flat_map(|a| &a.steps);
    let private = steps.filter_map(|step| match &step.detail {
        Detail::Resolve(lookup) => Some(lookup),
        _ => None,
    });
    let private = private.flat_map(|lookup| {
        let addresses = lookup.addresses.iter().filter(|a| Reach::of(**a) == Reach::Private);
        addresses
            .map(|a| (Role::PrivateEndpoint, cidr::single(*a), format!("the answer for {}", lookup.name)))
    });
    resolvers.chain(private).collect()
}

/// The endpoints of a scope, as far as the way to them matters.
pub fn endpoints(rules: &RuleSet, scope: &Scope) -> Vec<Endpoint> {
    let needed = rules.endpoints.iter().filter(|e| plan::is_needed(e, scope));
    let endpoint = |e: &crate::model::rules::Endpoint| Endpoint {
        host: fill(e.host.as_str(), scope).pattern(),
        port: e.port.0,
        is_private: e.private_link == PrivateLink::Private,
    };
    needed.map(endpoint).collect()
}

/// A cluster and what is wanted of it.
struct Inside {
    access: Result<Access, Trouble>,
    order: Order,
    ways: Vec<(VantageKind, Routes)>,
    /// The way of pods, whether they are looked from or not.
    pod: Routes,
    notes: Vec<String>,
}

/// What a check that is missing was not run for; `None` where all arrived.
fn cut(looked: &Looked) -> Option<NotRun> {
    match (&looked.trouble, &looked.told.summary) {
        (Some(trouble), _) if trouble.kind == TroubleKind::Interrupted => Some(NotRun::Interrupted),
        (Some(_), _) => Some(NotRun::NoVantage),
        (None, Some(summary)) if summary.interrupted => Some(NotRun::Interrupted),
        (None, Some(summary)) if summary.deadline_passed => Some(NotRun::Deadline),
        (None, _) => None,
    }
}

/// The same in every run; the node is in it only where there are several.
fn vantage_id(kind: VantageKind, node: Option<&str>, is_every: bool) -> String {
    match node {
        Some(node) if is_every => format!("{kind}@{node}"),
        _ => kind.word().to_owned(),
    }
}

fn workstation(net: &Net, routes: &Routes) -> Vantage {
    Vantage {
        id: VantageKind::Workstation.word().into(),
        kind: VantageKind::Workstation,
        node: None,
        delivered: Delivered::Local,
        facts: Facts {
            resolvers: net.resolver.servers(),
            resolvers_from: Some(net.resolver.origin().to_owned()),
            proxy: proxy(routes),
            delivery: None,
            inside_name: None,
        },
        error: None,
        trouble: None,
    }
}

fn proxy(routes: &Routes) -> Option<String> {
    routes.https().or(routes.http()).map(|p| p.value.to_string())
}

/// Flags first: they are what the agents are going to get. Else what the installed agents have, else no proxy.
fn pod_routes(
    cluster: &ClusterSettings,
    agents: Option<AgentProxies>,
) -> Result<(Routes, Vec<String>), ProxyError> {
    if let Some(routes) = &cluster.pod_routes {
        return Ok((routes.clone(), Vec::new()));
    }
    match agents {
        Some(agents) => agents_routes(&agents),
        None => Ok((Routes::default(), Vec::new())),
    }
}

/// The ways of the installed agents, and what is worth saying of them.
///
/// # Errors
/// A URL that nobody could use.
pub fn agents_routes(agents: &AgentProxies) -> Result<(Routes, Vec<String>), ProxyError> {
    let value = |name| agents.variables.get(name).map(crate::proxy::Secret::reveal);
    let flags = ProxyFlags {
        https: value("HTTPS_PROXY"),
        http: value("HTTP_PROXY"),
        skip_range: value("NO_PROXY"),
        no_proxy: true,
    };
    let Settled { routes, advice } =
        settle(&flags, &BTreeMap::new()).map_err(|e| ProxyError { origin: agents.origin.clone(), ..e })?;
    let [https, http, skip] =
        ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].map(|name| format!("{name}, {}", agents.origin));
    Ok((routes.told_as(&https, &http, &skip), agents.note.clone().into_iter().chain(advice).collect()))
}

fn order(
    cluster: &ClusterSettings,
    probe: &crate::probe::settings::ProbeSettings,
    tasks: Vec<(VantageKind, Vec<u8>)>,
) -> Order {
    Order {
        nodes: cluster.nodes.clone(),
        tasks,
        image: cluster.image.clone(),
        agent_binary: cluster.agent_binary.clone(),
        keep: cluster.keep,
        parallel: cluster.parallel,
        within: within(probe),
    }
}

/// Discovery, phases and second looks cost a handful of time-outs one after the other; retries come on top.
fn within(probe: &crate::probe::settings::ProbeSettings) -> Duration {
    let longest = probe.timeout * 12 * (probe.retries + 1);
    probe.deadline.unwrap_or(longest).min(longest) + START
}

/// What is told where nobody waited for the clearing up.
const LEFT: &str =
    "stopped at once: what this run created in the cluster may be left; arcprobe cleanup deletes it";

/// Until a pod runs on a slow node.
const START: Duration = Duration::from_secs(60);
