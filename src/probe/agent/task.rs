//! What the agent is told: one file.

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::model::rules::RuleSet;
use crate::model::scope::Scope;
use crate::model::vantage::VantageKind;
use crate::plan::vantage_scope::{EndpointSelection, VantageScope};
use crate::probe::net::{Net, Roots};
use crate::probe::settings::ProbeSettings;
use crate::proxy::{ProxyError, ProxyUrl, Routes, SkipRange, Sourced};

/// What is to be measured, and with what. It holds the proxies' passwords, so it travels in a Secret and has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Task {
    /// The version of the program that wrote it.
    pub version: String,
    /// From where is looked.
    pub vantage: VantageKind,
    /// What has to be reachable.
    pub rules: RuleSet,
    /// What the rules are fitted to.
    pub scope: Scope,
    /// Which endpoints are looked at.
    pub reach: EndpointSelection,
    /// Whether the hosts below wildcards are asked for.
    pub discovery: bool,
    /// The ways out.
    pub proxies: TaskProxies,
    /// How is probed.
    pub probe: ProbeSettings,
    /// Who is trusted; the agent has no store of its own.
    pub roots: Roots,
}

/// The ways out, with passwords.
#[derive(Clone, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct TaskProxies {
    pub https: Option<TaskProxy>,
    pub http: Option<TaskProxy>,
    pub skip_range: Option<TaskProxy>,
}

/// A value as it was given, and where.
#[derive(Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct TaskProxy {
    pub value: String,
    pub origin: String,
}

/// A file that is no task.
#[derive(Debug, thiserror::Error)]
#[error("the task cannot be read: {0}")]
pub struct TaskParseError(#[from] serde_json::Error);

/// Why a task cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It was written by another version.
    #[error(
        "the task was written by arcprobe {task}, this agent is of arcprobe {VERSION}; both have to be of one build"
    )]
    Version {
        /// The version that wrote it.
        task: String,
    },
    /// A proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl Task {
    /// Reads a task.
    ///
    /// # Errors
    /// When it is not the JSON of one.
    pub fn parse(json: &[u8]) -> Result<Self, TaskParseError> {
        Ok(serde_json::from_slice(json)?)
    }

    /// The form in which it travels.
    ///
    /// # Errors
    /// When it cannot be serialised, which would be a defect of its types.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// What to borrow from outside, and the ways out.
    ///
    /// # Errors
    /// When it comes from another version, or a proxy's URL cannot be used.
    pub fn prepare_net(&self) -> Result<(Net, Routes), TaskError> {
        if self.version != VERSION {
            return Err(TaskError::Version { task: self.version.clone() });
        }
        let routes = self.proxies.to_routes()?;
        let net = Net::with_roots(&self.probe, &routes, self.roots.clone());
        Ok((net, routes))
    }

    /// What there is to look at.
    pub fn vantage_scope<'a>(&'a self, routes: &'a Routes) -> VantageScope<'a> {
        VantageScope {
            vantage: self.vantage,
            rules: &self.rules,
            scope: &self.scope,
            routes,
            selection: self.reach,
            discovery: self.discovery,
        }
    }
}

impl TaskProxies {
    /// What leads to these ways out.
    pub fn from_routes(routes: &Routes) -> Self {
        let url = |given: Option<&Sourced<ProxyUrl>>| {
            given.map(|g| TaskProxy::new(g.value.text().reveal(), &g.origin))
        };
        Self {
            https: url(routes.https()),
            http: url(routes.http()),
            skip_range: routes.skip_range().map(|g| TaskProxy::new(g.value.value(), &g.origin)),
        }
    }

    fn to_routes(&self) -> Result<Routes, ProxyError> {
        let url = |value: &Option<TaskProxy>| value.as_ref().map(TaskProxy::to_proxy_url).transpose();
        let skip = self.skip_range.as_ref().map(|v| Sourced::new(SkipRange::parse(&v.value), &v.origin));
        Ok(Routes::new(url(&self.https)?, url(&self.http)?, skip))
    }
}

impl TaskProxy {
    fn new(value: &str, origin: &str) -> Self {
        Self { value: value.to_owned(), origin: origin.to_owned() }
    }

    fn to_proxy_url(&self) -> Result<Sourced<ProxyUrl>, ProxyError> {
        let origin = &self.origin;
        let (url, _) =
            ProxyUrl::parse(&self.value).map_err(|problem| ProxyError { origin: origin.clone(), problem })?;
        Ok(Sourced::new(url, origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_survive_serialization_with_passwords_and_origins() {
        let proxy = Sourced::new(ProxyUrl::parse("http://u:p%40ss@proxy:3128").unwrap().0, "--proxy-https");
        let skip = Sourced::new(SkipRange::parse(".svc,10.0.0.0/8"), "--proxy-skip-range");
        let routes = Routes::new(Some(proxy.clone()), None, Some(skip.clone()));
        let json = serde_json::to_string(&TaskProxies::from_routes(&routes)).unwrap();
        let back = serde_json::from_str::<TaskProxies>(&json).unwrap().to_routes().unwrap();
        assert_eq!((back.https(), back.http()), (Some(&proxy), None));
        assert_eq!(back.skip_range(), Some(&skip));
    }
}
