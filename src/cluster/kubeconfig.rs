//! Which cluster: kubeconfig files, context, namespace. As kubectl has it, with errors that name the file and the context.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::cluster::settings::KubeChoice;
use crate::model::evidence::{redact_url_credentials, sanitize};

/// A cluster that can be asked.
#[derive(Clone, Debug)]
pub(super) struct ResolvedContext {
    pub(super) config: Config,
    /// The name of the context; `in-cluster` for the account of a pod.
    pub(super) context: String,
    pub(super) namespace: String,
    /// Of the kubeconfig; wins over the environment, as with kubectl.
    pub(super) proxy_url: Option<String>,
}

/// Why no cluster can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file.
    #[error(
        "no kubeconfig: {searched_path} does not exist, and this is no pod; give --kube-config FILE or set KUBECONFIG"
    )]
    Missing {
        /// Where one was looked for.
        searched_path: String,
    },
    /// A file cannot be read.
    #[error("{origin} {}: {source}", path.display())]
    Unreadable {
        /// The flag or variable that named it.
        origin: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no kubeconfig.
    #[error("{origin} {}: no kubeconfig ({problem})", path.display())]
    Malformed {
        /// The flag or variable that named it.
        origin: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The context is not there.
    #[error("{asked}; the contexts of {files} are {known}")]
    UnknownContext {
        /// What was asked for.
        asked: String,
        /// The files that were read.
        files: String,
        /// What is there instead.
        known: String,
    },
    /// The context cannot be used.
    #[error("context \"{context}\" of {files}: {problem}")]
    Unusable {
        /// The name of the context.
        context: String,
        /// The files that were read.
        files: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Files as the flags or `KUBECONFIG` name them; where neither does, `~/.kube/config`, and in a pod its own account.
pub(super) async fn resolve_context(
    choice: &KubeChoice,
    environment: &BTreeMap<String, String>,
) -> Result<ResolvedContext, ConfigError> {
    let sources = KubeconfigPaths::from_environment(choice, environment);
    let found = sources.existing_paths();
    if found.is_empty() {
        return in_cluster_context(choice).ok_or_else(|| sources.missing_error());
    }
    let merged = sources.read_merged(&found)?;
    let files = join_paths(&found);
    let context = choose_context(choice, &merged, &files)?;
    let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
    let unusable = |e: KubeconfigError| ConfigError::Unusable {
        context: context.clone(),
        files: files.clone(),
        problem: describe_kubeconfig_error(&e),
    };
    let (merged, proxy_url) = take_proxy_url(merged, &context);
    let config = Config::from_custom_kubeconfig(merged, &options).await.map_err(unusable)?;
    Ok(ResolvedContext::from_config(config, context, choice, proxy_url))
}

/// The URL of the server of a cluster, as a kubeconfig has it, without a login. No credential plug-in runs.
///
/// # Errors
/// When the kubeconfig or its context cannot be used.
pub async fn resolve_server_url(
    choice: &KubeChoice,
    environment: &BTreeMap<String, String>,
) -> Result<String, ConfigError> {
    Ok(resolve_context(choice, environment).await?.server_url())
}

/// A URL without what stands before the host.
fn redact_user_info(url: &str) -> String {
    let scheme = if url.contains("://") { "" } else { "https://" };
    redact_url_credentials(&format!("{scheme}{url}"))
}

/// The parser shows the lines around an error, and the lines of a kubeconfig hold tokens and keys: only the place is named.
fn describe_kubeconfig_error(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(e) => match e.location() {
            Some(at) => {
                format!("line {}, column {} is not as YAML or a kubeconfig has it", at.line(), at.column())
            }
            None => "it is not as YAML or a kubeconfig has it".to_owned(),
        },
        KubeconfigError::ParseCertificates(_) => "its certificates are no PEM".to_owned(),
        other => sanitize(&other.to_string(), 300),
    }
}

impl ResolvedContext {
    /// The URL of the server, without a login.
    pub(super) fn server_url(&self) -> String {
        redact_user_info(self.config.cluster_url.to_string().trim_end_matches('/'))
    }

    fn from_config(
        mut config: Config,
        context: String,
        choice: &KubeChoice,
        proxy_url: Option<String>,
    ) -> Self {
        // our dialer knows the proxy, and a retry of our own shows in what is said
        config.default_retry = false;
        let namespace = choice.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        Self { config, context, namespace, proxy_url }
    }
}

fn in_cluster_context(choice: &KubeChoice) -> Option<ResolvedContext> {
    let config = Config::incluster().ok().filter(|_| choice.context.is_none())?;
    Some(ResolvedContext::from_config(config, "in-cluster".into(), choice, None))
}

/// kube would refuse a proxy, or compare `NO_PROXY` with it instead of with the server.
fn take_proxy_url(mut merged: Kubeconfig, context: &str) -> (Kubeconfig, Option<String>) {
    let named = merged.contexts.iter().find(|c| c.name == context);
    let cluster = named.and_then(|c| c.context.as_ref()).map(|c| c.cluster.clone());
    let found = merged.clusters.iter_mut().find(|c| Some(&c.name) == cluster.as_ref());
    let proxy = found.and_then(|c| c.cluster.as_mut()).and_then(|c| c.proxy_url.take());
    (merged, proxy.filter(|url| !url.is_empty()))
}

fn choose_context(choice: &KubeChoice, merged: &Kubeconfig, files: &str) -> Result<String, ConfigError> {
    let known: Vec<_> = merged.contexts.iter().map(|c| c.name.as_str()).collect();
    let current = merged.current_context.as_deref().filter(|name| !name.is_empty());
    let asked = choice.context.as_deref().or(current);
    if let Some(name) = asked.filter(|name| known.contains(name)) {
        return Ok(name.to_owned());
    }
    let asked = match (&choice.context, current) {
        (Some(name), _) => format!("--kube-context \"{name}\" does not exist"),
        (None, Some(name)) => format!("the current context \"{name}\" does not exist"),
        (None, None) => "no current context is set; give --kube-context NAME".to_owned(),
    };
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(ConfigError::UnknownContext {
        asked: sanitize(&asked, 200),
        files: files.to_owned(),
        known: sanitize(&known, 500),
    })
}

/// The files that are asked for, and who asks for them.
struct KubeconfigPaths {
    origin: &'static str,
    paths: Vec<PathBuf>,
}

impl KubeconfigPaths {
    fn from_environment(choice: &KubeChoice, environment: &BTreeMap<String, String>) -> Self {
        if let Some(file) = &choice.file {
            return Self { origin: "--kube-config", paths: vec![file.clone()] };
        }
        let listed = environment.get("KUBECONFIG").map(|list| std::env::split_paths(list).collect());
        let listed: Vec<PathBuf> = listed.unwrap_or_default();
        let listed: Vec<_> = listed.into_iter().filter(|p| !p.as_os_str().is_empty()).collect();
        if !listed.is_empty() {
            return Self { origin: "KUBECONFIG", paths: listed };
        }
        let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE"));
        let usual = home.map(|home| Path::new(home).join(".kube").join("config"));
        Self { origin: "kubeconfig", paths: usual.into_iter().collect() }
    }

    /// kubectl passes over files of a list that are not there; a file that was asked for by its flag has to be.
    fn existing_paths(&self) -> Vec<PathBuf> {
        let is_there = |p: &&PathBuf| self.origin == "--kube-config" || p.exists();
        self.paths.iter().filter(is_there).cloned().collect()
    }

    fn read_merged(&self, found: &[PathBuf]) -> Result<Kubeconfig, ConfigError> {
        found.iter().try_fold(Kubeconfig::default(), |merged, path| {
            let malformed = |e: KubeconfigError| self.to_config_error(path, e);
            merged.merge(Kubeconfig::read_from(path).map_err(malformed)?).map_err(malformed)
        })
    }

    fn to_config_error(&self, path: &Path, error: KubeconfigError) -> ConfigError {
        let (origin, path) = (self.origin, path.to_owned());
        match error {
            KubeconfigError::ReadConfig(source, _) => ConfigError::Unreadable { origin, path, source },
            other => ConfigError::Malformed { origin, path, problem: describe_kubeconfig_error(&other) },
        }
    }

    fn missing_error(&self) -> ConfigError {
        let looked_at =
            if self.paths.is_empty() { "~/.kube/config".to_owned() } else { join_paths(&self.paths) };
        ConfigError::Missing { searched_path: looked_at }
    }
}

fn join_paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_the_url_of_a_server_are_redacted() {
        let table = [
            ("https://api:6443", "https://api:6443"),
            ("https://joe:topsecret@api:6443/k8s/clusters/c-1", "https://api:6443/k8s/clusters/c-1"),
            ("https://joe:top@secret@[fd00::1]:6443", "https://[fd00::1]:6443"),
            ("https://api/a@b", "https://api/a@b"),
        ];
        for (url, expected) in table {
            assert_eq!(redact_user_info(url), expected);
        }
    }
}
