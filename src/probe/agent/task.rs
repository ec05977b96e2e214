//! What the agent is told: one file.

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::model::products::ProductCatalogue;
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
    /// Who may answer in the place of a service.
    pub products: ProductCatalogue,
}

/// The ways out as they were given, with passwords.
#[derive(Clone, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub struct TaskProxies {
    pub https: Option<Sourced<String>>,
    pub http: Option<Sourced<String>>,
    pub skip_range: Option<Sourced<String>>,
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
        let products = self.products.clone().into();
        let net = Net { products, ..Net::with_roots(&self.probe, &routes, self.roots.clone()) };
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
        let url = |given: &Sourced<ProxyUrl>| given.as_ref().map(|url| url.text().reveal().to_owned());
        Self {
            https: routes.https().map(url),
            http: routes.http().map(url),
            skip_range: routes.skip_range().map(|given| given.as_ref().map(|range| range.value().to_owned())),
        }
    }

    fn to_routes(&self) -> Result<Routes, ProxyError> {
        let url = |given: &Option<Sourced<String>>| given.as_ref().map(parse_proxy_url).transpose();
        let skip = self.skip_range.as_ref().map(|given| given.as_ref().map(|text| SkipRange::parse(text)));
        Ok(Routes::new(url(&self.https)?, url(&self.http)?, skip))
    }
}

fn parse_proxy_url(given: &Sourced<String>) -> Result<Sourced<ProxyUrl>, ProxyError> {
    let origin = given.origin.clone();
    match ProxyUrl::parse(&given.value) {
        Ok((url, _)) => Ok(Sourced::new(url, origin)),
        Err(problem) => Err(ProxyError { origin, problem }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::Origin;

    #[test]
    fn proxies_survive_serialization_with_passwords_and_origins() {
        let proxy = Sourced::new(
            ProxyUrl::parse("http://u:p%40ss@proxy:3128").unwrap().0,
            Origin::flag("--proxy-https"),
        );
        let skip = Sourced::new(SkipRange::parse(".svc,10.0.0.0/8"), Origin::flag("--proxy-skip-range"));
        let routes = Routes::new(Some(proxy.clone()), None, Some(skip.clone()));
        let json = serde_json::to_string(&TaskProxies::from_routes(&routes)).unwrap();
        let back = serde_json::from_str::<TaskProxies>(&json).unwrap().to_routes().unwrap();
        assert_eq!((back.https(), back.http()), (Some(&proxy), None));
        assert_eq!(back.skip_range(), Some(&skip));
    }
}
