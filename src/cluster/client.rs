//! A cluster that can be asked: requests with a time limit, errors that name context and server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::AsyncReadExt as _;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use k8s_openapi::NamespaceResourceScope;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::client::ConfigExt as _;
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tower::{BoxError, ServiceBuilder, ServiceExt as _};

use super::dialer::Dialer;
use super::error::{ApiError, ApiFailure};
use super::kubeconfig::{self as config, ConfigError, ResolvedContext};
use crate::cluster::settings::KubeChoice;
use crate::probe::net::Net;
use crate::probe::settings::ProbeSettings;
use crate::probe::vantage_run::wait_for_interrupt;
use crate::proxy::{ProxyError, ProxyFlags, Routes, resolve_proxies};

/// A cluster that can be asked; cheap to clone.
#[derive(Clone)]
pub struct ClusterClient {
    pub(super) client: Client,
    /// The name of the context.
    pub context: String,
    /// The URL of the server.
    pub server: String,
    /// The namespace that objects of ours go into.
    pub namespace: String,
    /// For each request.
    time_limit: Duration,
}

/// Why a cluster cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterClientError {
    /// The kubeconfig cannot be used: wrong usage.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its credentials cannot.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl ClusterClient {
    /// Prepares for a cluster. Nothing is sent yet, but credential plug-ins run.
    ///
    /// # Errors
    /// When there is no kubeconfig, or its context, proxy or credentials cannot be used.
    pub async fn open(
        choice: &KubeChoice,
        environment: &BTreeMap<String, String>,
        probe: &ProbeSettings,
    ) -> Result<Self, ClusterClientError> {
        let chosen = config::resolve_context(choice, environment).await?;
        let routes = resolve_api_server_routes(&chosen, environment)?;
        // the cluster's own flags for probing say nothing about the way to its API server
        let plain = ProbeSettings { resolvers: Vec::new(), connect_to: Vec::new(), ..probe.clone() };
        let net = Net::with_roots(&plain, &routes, crate::probe::net::Roots::default());
        let dialer = Dialer { net: Arc::new(net), routes: Arc::new(routes) };
        let context = chosen.context.clone();
        let server = chosen.server_url();
        let namespace = chosen.namespace.clone();
        let plugin = chosen.config.auth_info.exec.clone();
        // plug-ins are waited for: they may ask somebody to log in
        let preparation = tokio::task::spawn_blocking(move || build_client(&chosen, dialer));
        let limit = probe.deadline.unwrap_or(LOGIN_TIME_LIMIT);
        let prepared = tokio::select! {
            made = timeout(limit, preparation) => made.map_err(|_| format!("no answer within {} s", limit.as_secs_f64())),
            () = wait_for_interrupt() => Err("stopped while they were made".to_owned()),
        };
        let failed = |failure| ApiError {
            context: context.clone(),
            server: server.clone(),
            operation: "prepare the connection".into(),
            failure,
        };
        let client = match prepared {
            Ok(Ok(Ok(client))) => client,
            Ok(Ok(Err(e))) => return Err(failed(ApiFailure::from_login_error(&e, plugin.as_ref())).into()),
            Ok(Err(e)) => return Err(failed(ApiFailure::Other(e.to_string())).into()),
            Err(why) => return Err(failed(ApiFailure::Credentials(why)).into()),
        };
        // whoever gives a deadline does not want to wait for one answer until it is over several times
        let limit =
            probe.deadline.unwrap_or(REQUEST_TIME_LIMIT).clamp(MIN_REQUEST_TIME_LIMIT, REQUEST_TIME_LIMIT);
        Ok(Self { client, context, server, namespace, time_limit: limit })
    }

    /// An answer, or the error with all that says which cluster it was.
    pub(super) async fn request<T>(
        &self,
        doing: impl Into<String>,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ApiError> {
        self.request_within(self.time_limit, doing, answer).await
    }

    async fn request_within<T>(
        &self,
        limit: Duration,
        doing: impl Into<String>,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ApiError> {
        let failure = match timeout(limit, answer).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(e)) => ApiFailure::from_kube_error(&e),
            Err(_) => ApiFailure::TimedOut(limit.as_secs()),
        };
        Err(self.to_api_error(doing, failure))
    }

    /// The document at a path, as the server has it; `accept` asks for another form than its own.
    pub(super) async fn get_document<T: DeserializeOwned>(
        &self,
        doing: impl Into<String>,
        path: &str,
        accept: Option<&str>,
    ) -> Result<T, ApiError> {
        let doing = doing.into();
        let mut request = http::Request::get(path);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let request = request.body(Vec::new());
        let request =
            request.map_err(|e| self.to_api_error(doing.clone(), ApiFailure::Other(e.to_string())))?;
        let answer = async {
            let (bytes, end) = self.read_start(request, MAX_DOCUMENT_BYTES).await?;
            end.map_err(kube::Error::ReadEvents)?;
            serde_json::from_slice(&bytes).map_err(kube::Error::SerdeError)
        };
        self.request(doing, answer).await
    }

    /// The first bytes of an answer, and how it ended.
    pub(super) async fn read_start(
        &self,
        request: http::Request<Vec<u8>>,
        most: u64,
    ) -> kube::Result<(Vec<u8>, std::io::Result<usize>)> {
        let mut bytes = Vec::new();
        let stream = std::pin::pin!(self.client.request_stream(request).await?);
        let end = stream.take(most).read_to_end(&mut bytes).await;
        Ok((bytes, end))
    }

    pub(super) fn to_api_error(&self, doing: impl Into<String>, failure: ApiFailure) -> ApiError {
        ApiError {
            context: self.context.clone(),
            server: self.server.clone(),
            operation: doing.into(),
            failure,
        }
    }

    /// Objects of the namespace that ours go into.
    pub(super) fn namespaced_api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// All of a list, page by page.
    pub(super) async fn list_all<K>(
        &self,
        api: &Api<K>,
        doing: &str,
        params: ListParams,
    ) -> Result<Vec<K>, ApiError>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let mut all = Vec::new();
        let mut params = params.limit(PAGE_SIZE);
        loop {
            let page = self.request(doing, api.list(&params)).await?;
            all.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) if all.len() < MAX_ITEMS => params = params.continue_token(&token),
                _ => return Ok(all),
            }
        }
    }

    pub(super) async fn create_object<K>(&self, doing: &str, object: &K) -> Result<K, ApiError>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug + Serialize,
        K::DynamicType: Default,
    {
        let api = self.namespaced_api::<K>();
        self.request(doing, api.create(&PostParams::default(), object)).await
    }

    /// What is gone already is as good as deleted.
    pub(super) async fn delete_object<K>(&self, doing: &str, name: &str) -> Result<(), ApiError>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
        K::DynamicType: Default,
    {
        let api = self.namespaced_api::<K>();
        // whatever the deadline: nothing of ours is to be left
        match self
            .request_within(REQUEST_TIME_LIMIT, doing, api.delete(name, &DeleteParams::background()))
            .await
        {
            Err(ApiError { failure: ApiFailure::NotFound { .. }, .. }) | Ok(_) => Ok(()),
            Err(e) => Err(e),
        }
    }
}

/// The proxy of the kubeconfig is no flag of ours.
fn describe_proxy_error(is_own: bool, error: &ProxyError) -> String {
    if is_own { format!("its proxy-url: {}", error.problem) } else { error.to_string() }
}

/// kubectl's way to the server: the kubeconfig's own proxy, else the environment's.
fn resolve_api_server_routes(
    chosen: &ResolvedContext,
    environment: &BTreeMap<String, String>,
) -> Result<Routes, ConfigError> {
    let own = chosen.proxy_url.as_deref();
    let flags = ProxyFlags { https: own, http: own, no_proxy: own.is_some(), ..ProxyFlags::default() };
    let resolved = resolve_proxies(&flags, environment).map_err(|e| ConfigError::Unusable {
        context: chosen.context.clone(),
        files: "the kubeconfig".into(),
        problem: format!("the way to its server: {}", describe_proxy_error(own.is_some(), &e)),
    })?;
    Ok(resolved.routes)
}

fn build_client(chosen: &ResolvedContext, dialer: Dialer) -> kube::Result<Client> {
    let config = &chosen.config;
    let https = config.rustls_https_connector_with_connector(dialer)?;
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(legacy::Client::builder(TokioExecutor::new()).build(https))
        .boxed_clone();
    Ok(Client::new(service, chosen.namespace.clone()))
}

/// For each request; API servers give up after a minute, users before.
const REQUEST_TIME_LIMIT: Duration = Duration::from_secs(15);

/// Servers that are far away take so long.
const MIN_REQUEST_TIME_LIMIT: Duration = Duration::from_secs(2);

/// Until credentials have to be there, where no deadline is given: time for somebody to log in.
const LOGIN_TIME_LIMIT: Duration = Duration::from_secs(600);

const PAGE_SIZE: u32 = 500;

/// Of one answer; the longest that is asked for, 2,000 nodes with their images, has a third of it. What is longer is no JSON.
const MAX_DOCUMENT_BYTES: u64 = 128 << 20;

/// Asks for names and times of objects alone; servers since 1.15 know it.
pub(super) const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Larger clusters than Kubernetes supports have more nodes.
const MAX_ITEMS: usize = 20_000;
