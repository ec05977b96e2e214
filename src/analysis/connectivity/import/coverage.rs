//! Which of the questions of a diagnosis the files answer: what is not in them is unknown, and not absent.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::redact::SecretMetadata;
use super::super::support_bundle::BUNDLE_SOURCES;
use crate::analysis::kube_objects::KubeObjects;
use crate::model::networks::UnreadSource;
use crate::model::source::Source;

/// The lists that were seen: of a kind the namespaces, with an empty one where the list is of all.
#[derive(Debug, Default)]
pub(super) struct Coverage(HashMap<String, HashSet<String>>);

impl Coverage {
    /// A list says of a namespace that nothing more is there: that of its path, or of its items; of several namespaces, of all.
    pub(super) fn add_list(&mut self, kind: &str, path: &str, items: &[Value]) {
        let namespaces: HashSet<_> =
            items.iter().map(|item| item["metadata"]["namespace"].as_str().unwrap_or_default()).collect();
        let known = self.0.entry(kind.to_owned()).or_default();
        if namespaces.len() > 1 {
            known.insert(String::new());
        }
        known.extend(namespaces.into_iter().map(str::to_owned));
        known.extend(path.split(['/', '.']).filter(|part| part.starts_with("azure-arc")).map(str::to_owned));
    }

    pub(super) fn has_list(&self, kind: &str, namespace: &str) -> bool {
        self.0.get(kind).is_some_and(|known| known.contains(namespace) || known.contains(""))
    }

    /// The sources that no file has.
    pub(super) fn list_unread(&self, objects: &KubeObjects) -> Vec<UnreadSource> {
        let is_missing = |source: &&Source| !self.has_source(**source, objects);
        let unread =
            |source: &Source| UnreadSource { source: source.name().into(), why: NOT_IN_FILES.into() };
        BUNDLE_SOURCES.iter().filter(is_missing).map(unread).collect()
    }

    fn has_source(&self, source: Source, objects: &KubeObjects) -> bool {
        let resource = source.resource();
        let kind = resource.kind.strip_suffix("List").unwrap_or(resource.kind);
        let namespace = resource
            .path
            .split_once("/namespaces/")
            .map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        if kind == "Namespace" {
            return self.has_list(kind, "") || objects.find_object(kind, "", namespace).is_some();
        }
        let stored = if kind == "Secret" { SecretMetadata::KIND } else { kind };
        let is_there = |object: &Value| {
            object["kind"] == stored && (namespace.is_empty() || object["metadata"]["namespace"] == namespace)
        };
        self.has_list(kind, namespace) || objects.iter().any(is_there)
    }
}

const NOT_IN_FILES: &str = "not in the files";
