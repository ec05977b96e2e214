//! Kubeconfigs of tests.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Writes a kubeconfig with a context for each cluster, of the same name; the first one is current. All have one user.
pub(crate) fn write_kubeconfig(
    directory: &Path,
    namespace: &str,
    clusters: &[(&str, Value)],
    user: &Value,
) -> PathBuf {
    let context = |name: &str| json!({"cluster": name, "user": "u", "namespace": namespace});
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": clusters[0].0,
        "clusters": clusters.iter().map(|(name, it)| json!({"name": name, "cluster": it})).collect::<Vec<_>>(),
        "contexts": clusters.iter().map(|(name, _)| json!({"name": name, "context": context(name)})).collect::<Vec<_>>(),
        "users": [{"name": "u", "user": user}],
    });
    let path = directory.join("kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}
