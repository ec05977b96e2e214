//! The one reader of a cluster: each source is asked for once, whoever wants it, and what is missing is a value.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures::stream::{self, StreamExt as _};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::client::{ClusterClient, METADATA_ONLY};
use super::error::{ApiError, ApiFailure};
use crate::analysis::kube_objects::split_answer;
use crate::model::networks::UnreadSource;
use crate::model::source::Source;
use crate::probe::lock::lock;

/// The document, or why there is none.
pub(super) type Answer = Result<Arc<Value>, ApiError>;

/// A cluster as it is at one time.
pub struct ClusterReader {
    pub(super) access: ClusterClient,
    answers: Arc<Mutex<HashMap<Source, Arc<OnceCell<Answer>>>>>,
}

impl ClusterReader {
    /// Nothing is asked for yet.
    pub fn new(access: ClusterClient) -> Self {
        Self { access, answers: Arc::default() }
    }

    /// The same over other connections: those of a runtime that is over do not work any more.
    pub(super) fn with_access(&self, access: ClusterClient) -> Self {
        Self { access, answers: Arc::clone(&self.answers) }
    }

    /// One question first: where nobody answers, the others would only wait for their time-outs.
    ///
    /// # Errors
    /// When the server does not answer, or not to these credentials.
    pub async fn reach(&self) -> Result<(), ApiError> {
        match self.read(Source::ApiServer).await {
            Err(ApiError { failure: ApiFailure::Forbidden(_) | ApiFailure::NotFound { .. }, .. }) | Ok(_) => {
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// A source; whoever asks second gets the same answer.
    pub(super) async fn read(&self, source: Source) -> Answer {
        let cell = Arc::clone(lock(&self.answers).entry(source).or_default());
        cell.get_or_init(|| self.fetch(source)).await.clone()
    }

    /// The same, where what does not exist is an answer too.
    pub(super) async fn find(&self, source: Source) -> Result<Option<Arc<Value>>, ApiError> {
        match self.read(source).await {
            Ok(document) => Ok(Some(document)),
            Err(ApiError { failure: ApiFailure::NotFound { .. }, .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Several at the same time; the answers are in the order of the questions.
    pub(super) async fn read_all(&self, sources: &[Source]) -> Vec<(Source, Answer)> {
        let asked = sources.iter().map(|&source| async move { (source, self.read(source).await) });
        stream::iter(asked).buffered(MAX_CONCURRENT_REQUESTS).collect().await
    }

    /// All nodes, page by page where one answer does not hold them.
    pub(super) async fn list_nodes(&self) -> Result<Vec<Node>, ApiError> {
        let first = self.read(Source::Nodes).await?;
        if is_truncated(&first) {
            let api = Api::all(self.access.client.clone());
            return self.access.list_all(&api, "list the nodes", ListParams::default()).await;
        }
        Ok(parse_items(Source::Nodes, &first))
    }

    async fn fetch(&self, source: Source) -> Answer {
        let resource = source.resource();
        let accept = source.is_metadata_only().then_some(METADATA_ONLY);
        let document =
            self.access.get_document(format!("read {}", resource.name), resource.path, accept).await?;
        Ok(Arc::new(if source.is_metadata_only() { keep_metadata(&document) } else { document }))
    }
}

/// No more than was asked for, whatever the server sends.
fn keep_metadata(list: &Value) -> Value {
    let items = list["items"].as_array().into_iter().flatten();
    let items: Vec<_> = items.map(|item| json!({"metadata": item["metadata"]})).collect();
    json!({"metadata": list["metadata"], "items": items})
}

/// The items of a list that are what they should be.
pub(super) fn parse_items<T: DeserializeOwned>(source: Source, list: &Value) -> Vec<T> {
    split_answer(source.resource().kind, list).filter_map(|item| serde_json::from_value(item).ok()).collect()
}

/// Whether there is more than was asked for.
pub(super) fn is_truncated(list: &Value) -> bool {
    list["metadata"]["continue"].as_str().is_some_and(|token| !token.is_empty())
}

/// What does not exist was read, unless every cluster has it.
pub(super) fn to_unread_source(source: Source, error: &ApiError) -> Option<UnreadSource> {
    let is_read = matches!(error.failure, ApiFailure::NotFound { .. }) && !source.is_common();
    (!is_read)
        .then(|| UnreadSource { source: source.name().to_owned(), why: describe_unread(&error.failure) })
}

/// In a word where there is one.
pub(super) fn describe_unread(failure: &ApiFailure) -> String {
    match failure {
        ApiFailure::NotFound { .. } => "absent".to_owned(),
        ApiFailure::Forbidden(_) => "forbidden".to_owned(),
        other => other.to_string(),
    }
}

/// Requests in flight.
const MAX_CONCURRENT_REQUESTS: usize = 8;
