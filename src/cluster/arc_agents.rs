//! What the installed agents of Azure Arc are told about proxies: from their Deployments, and from what those refer to.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, Secret};
use kube::api::Api;

use super::error::ApiError;
use super::reader::{ClusterReader, parse_items};
use crate::model::source::Source;
use crate::proxy::Secret as Hidden;

/// The variables of the agents, and where they come from.
#[derive(Clone, Debug, Default)]
pub struct ArcAgentProxies {
    /// `HTTPS_PROXY` and the like; may hold a password.
    pub variables: BTreeMap<String, Hidden>,
    /// Where they were found, or where they would be.
    pub origin: String,
    /// What could not be read, and how it can be.
    pub note: Option<String>,
}

const ARC_NAMESPACE: &str = "azure-arc";
const PROXY_VARIABLES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];

/// The settings that the agents have; `None` where no agents are installed or nothing of them may be read.
pub async fn read_arc_agent_proxies(reader: &ClusterReader, read_secrets: bool) -> Option<ArcAgentProxies> {
    let access = &reader.access;
    let deployments = reader.read(Source::ArcDeployments).await.ok()?;
    let deployments = parse_items(Source::ArcDeployments, &deployments);
    let found = ProxySettingsSource::from_deployments(&deployments)?;
    if !found.literal.is_empty() {
        return Some(ArcAgentProxies { variables: found.literal, origin: found.origin, note: None });
    }
    if let Some(name) = found.config_map {
        let api = Api::<ConfigMap>::namespaced(access.client.clone(), ARC_NAMESPACE);
        let map = access.request("read the agents' proxy ConfigMap", api.get(&name)).await.ok()?;
        let variables = map.data.unwrap_or_default().into_iter().filter(|(k, _)| is_proxy_variable(k));
        let variables = variables.map(|(k, v)| (k, Hidden::new(v))).collect();
        return Some(ArcAgentProxies {
            variables,
            origin: format!("ConfigMap {ARC_NAMESPACE}/{name}"),
            note: None,
        });
    }
    let name = found.secret?;
    let origin = format!("Secret {ARC_NAMESPACE}/{name}");
    if !read_secrets {
        let note = format!(
            "the agents have their proxy from {origin}; give --read-secrets, or --proxy-https, to go that way"
        );
        return Some(ArcAgentProxies { origin, note: Some(note), ..ArcAgentProxies::default() });
    }
    let api = Api::<Secret>::namespaced(access.client.clone(), ARC_NAMESPACE);
    match access.request("read the agents' proxy Secret", api.get(&name)).await {
        Ok(secret) => Some(ArcAgentProxies { variables: proxy_variables(secret), origin, note: None }),
        Err(e) => Some(ArcAgentProxies { note: Some(e.to_string()), origin, ..ArcAgentProxies::default() }),
    }
}

/// The region that the agents are configured with; `None` where there are none.
///
/// # Errors
/// When the cluster does not answer or may not be asked.
pub async fn read_arc_region(reader: &ClusterReader) -> Result<Option<String>, ApiError> {
    let settings = reader.find(Source::ArcSettings).await?.unwrap_or_default();
    Ok(settings["data"]["AZURE_REGION"].as_str().filter(|region| !region.is_empty()).map(str::to_owned))
}

fn proxy_variables(secret: Secret) -> BTreeMap<String, Hidden> {
    let data = secret.data.unwrap_or_default().into_iter().filter(|(k, _)| is_proxy_variable(k));
    data.filter_map(|(k, v)| Some((k, Hidden::new(String::from_utf8(v.0).ok()?)))).collect()
}

fn is_proxy_variable(name: &str) -> bool {
    PROXY_VARIABLES.contains(&name)
}

/// Where the agents' proxy settings are.
#[derive(Debug, Default)]
pub(crate) struct ProxySettingsSource {
    pub(crate) literal: BTreeMap<String, Hidden>,
    pub(crate) origin: String,
    secret: Option<String>,
    config_map: Option<String>,
}

impl ProxySettingsSource {
    pub(crate) fn from_deployments(deployments: &[Deployment]) -> Option<Self> {
        let mut found = Self::default();
        for deployment in deployments {
            let pod = deployment.spec.as_ref().and_then(|s| s.template.spec.as_ref());
            for container in pod.iter().flat_map(|p| &p.containers) {
                found.add_container(deployment.metadata.name.as_deref().unwrap_or_default(), container);
            }
        }
        (!deployments.is_empty()).then_some(found)
    }

    /// The first Deployment that says something counts: all of them have the same.
    fn add_container(&mut self, deployment: &str, container: &Container) {
        let env = container.env.as_deref().unwrap_or_default();
        let literal = env.iter().filter(|v| is_proxy_variable(&v.name)).filter_map(literal_value);
        let literal: BTreeMap<_, _> = literal.collect();
        if self.literal.is_empty() && !literal.is_empty() {
            self.literal = literal;
            self.origin = format!("Deployment {ARC_NAMESPACE}/{deployment}");
        }
        for source in container.env_from.as_deref().unwrap_or_default() {
            let is_proxy = |name: &String| name.contains("proxy");
            self.secret =
                self.secret.take().or_else(|| source.secret_ref.clone().map(|r| r.name).filter(is_proxy));
            self.config_map = self
                .config_map
                .take()
                .or_else(|| source.config_map_ref.clone().map(|r| r.name).filter(is_proxy));
        }
        for source in env.iter().filter(|v| is_proxy_variable(&v.name)).filter_map(|v| v.value_from.as_ref())
        {
            self.secret = self.secret.take().or_else(|| source.secret_key_ref.clone().map(|r| r.name));
            self.config_map =
                self.config_map.take().or_else(|| source.config_map_key_ref.clone().map(|r| r.name));
        }
    }
}

fn literal_value(variable: &EnvVar) -> Option<(String, Hidden)> {
    let value = variable.value.as_ref().filter(|v| !v.is_empty())?;
    Some((variable.name.clone(), Hidden::new(value.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(container: &serde_json::Value) -> Deployment {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": "config-agent"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [container]}}}
        }))
        .unwrap()
    }

    #[test]
    fn settings_are_found_where_the_agents_have_them() {
        let literal = deployment(&serde_json::json!({"name": "c", "env": [
            {"name": "HTTPS_PROXY", "value": "http://u:p@proxy:3128"}, {"name": "OTHER", "value": "x"}, {"name": "NO_PROXY", "value": ""}]}));
        let found = ProxySettingsSource::from_deployments(&[literal]).unwrap();
        assert_eq!(found.literal.keys().collect::<Vec<_>>(), ["HTTPS_PROXY"]);
        assert_eq!(found.origin, "Deployment azure-arc/config-agent");
        assert!(!format!("{found:?}").contains("u:p"));

        let referring = deployment(&serde_json::json!({"name": "c", "envFrom": [
            {"configMapRef": {"name": "azure-clusterconfig"}}, {"secretRef": {"name": "proxy-config", "optional": true}}]}));
        let found = ProxySettingsSource::from_deployments(&[referring]).unwrap();
        assert_eq!((found.secret.as_deref(), found.config_map), (Some("proxy-config"), None));

        let single = deployment(&serde_json::json!({"name": "c", "env": [
            {"name": "HTTPS_PROXY", "valueFrom": {"configMapKeyRef": {"name": "azure-proxy-config", "key": "HTTPS_PROXY"}}}]}));
        assert_eq!(
            ProxySettingsSource::from_deployments(&[single]).unwrap().config_map.as_deref(),
            Some("azure-proxy-config")
        );
        assert!(ProxySettingsSource::from_deployments(&[]).is_none());
    }
}
