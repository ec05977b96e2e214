//! Objects of the Kubernetes API as JSON, however they were got.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Objects, each with its `kind`, in any order.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KubeObjects(Vec<Value>);

impl KubeObjects {
    /// The objects of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.iter().filter(move |object| object["kind"] == kind)
    }

    /// The objects of a kind in a namespace.
    pub fn in_namespace<'a>(&'a self, kind: &'a str, namespace: &'a str) -> impl Iterator<Item = &'a Value> {
        self.of_kind(kind).filter(move |object| object["metadata"]["namespace"] == namespace)
    }

    /// One object by its kind, namespace (empty for what has none) and name.
    pub fn find_object<'a>(&'a self, kind: &'a str, namespace: &str, name: &str) -> Option<&'a Value> {
        self.of_kind(kind).find(|object| {
            let meta = &object["metadata"];
            meta["name"] == name && meta["namespace"].as_str().unwrap_or_default() == namespace
        })
    }

    /// A text of a ConfigMap.
    pub fn config_map_text<'a>(&'a self, namespace: &str, name: &str, key: &str) -> Option<&'a str> {
        self.find_object("ConfigMap", namespace, name)?["data"][key].as_str()
    }
}

impl Deref for KubeObjects {
    type Target = Vec<Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for KubeObjects {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Vec<Value>> for KubeObjects {
    fn from(objects: Vec<Value>) -> Self {
        Self(objects)
    }
}

/// What an API server sends in answer to a question for a kind, object by object. They are what was asked for, whatever they say
/// themselves; what is no object tells nothing.
pub fn split_answer<'a>(kind: &'a str, answer: &'a Value) -> impl Iterator<Item = Value> {
    let (kind, objects) = match (kind.strip_suffix("List"), answer["items"].as_array()) {
        (Some(kind), Some(items)) => (kind, items.as_slice()),
        _ => (kind, std::slice::from_ref(answer)),
    };
    objects.iter().filter(|object| object.is_object()).take(MAX_OBJECTS).map(move |object| {
        let mut object = object.clone();
        object["kind"] = kind.into();
        object
    })
}

/// Of one answer. The longest list that is asked for has so many.
const MAX_OBJECTS: usize = 5_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A proxy or a portal in the API server's place may send any JSON.
    #[test]
    fn json_that_is_no_object_is_ignored() {
        for answer in ["[]", "\"x\"", "3", "null", "{\"items\": [1]}"] {
            let answer = serde_json::from_str(answer).unwrap();
            assert_eq!(split_answer("NodeList", &answer).count(), 0, "{answer}");
        }
    }

    #[test]
    fn an_answer_is_what_was_asked_for() {
        let list = json!({"kind": "SecretList", "items": [{"kind": "Secret", "metadata": {"name": "a"}}]});
        let nodes: KubeObjects = split_answer("NodeList", &list).collect::<Vec<_>>().into();
        assert_eq!(
            nodes.find_object("Node", "", "a"),
            Some(&json!({"kind": "Node", "metadata": {"name": "a"}}))
        );
        assert_eq!(split_answer("ConfigMap", &json!({"data": {}})).next().unwrap()["kind"], "ConfigMap");
    }
}
