//! The rights that looking from inside a cluster needs: asked for before anything is created, and printed as RBAC objects.

use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

use super::client::ClusterClient;
use super::error::ApiError;
use crate::model::prerequisite_facts::Permissions;

/// Verbs on one resource.
struct Permission {
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    scope: PermissionScope,
    /// What works without it, a little worse.
    is_optional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PermissionScope {
    Namespace,
    Cluster,
}

const AGENT_PERMISSIONS: &[Permission] = &[
    namespaced("batch", "jobs", &["create", "list", "delete"]),
    namespaced("", "configmaps", &["create", "list", "delete"]),
    namespaced("", "secrets", &["create", "list", "delete"]),
    namespaced("", "pods", &["list"]),
    namespaced("", "pods/log", &["get"]),
    namespaced("", "events", &["list"]),
    Permission { scope: PermissionScope::Cluster, ..namespaced("", "nodes", &["list"]) },
    Permission { scope: PermissionScope::Cluster, is_optional: true, ..namespaced("", "pods", &["list"]) },
];

const fn namespaced(
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
) -> Permission {
    Permission { group, resource, verbs, scope: PermissionScope::Namespace, is_optional: false }
}

/// What is missing, one rule each, such as `create jobs.batch in the namespace ops`. A cluster without RBAC lacks nothing.
pub(super) async fn list_missing_permissions(access: &ClusterClient) -> Result<Vec<String>, ApiError> {
    let wanted = AGENT_PERMISSIONS
        .iter()
        .filter(|r| !r.is_optional)
        .flat_map(|right| right.verbs.iter().map(move |verb| (right, *verb)));
    let answers = join_all(wanted.map(|(right, verb)| describe_if_denied(access, right, verb))).await;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(answers.into_iter().flatten().collect())
}

/// `None` when it is.
async fn describe_if_denied(
    access: &ClusterClient,
    right: &Permission,
    verb: &str,
) -> Result<Option<String>, ApiError> {
    let namespace = (right.scope == PermissionScope::Namespace).then_some(access.namespace.as_str());
    let is_allowed = has_permission(access, verb, right.group, right.resource, namespace).await?;
    Ok((!is_allowed).then(|| describe_permission(access, right, verb)))
}

/// Whether the user may do this to a resource, or subresource, of a namespace or of the whole cluster.
async fn has_permission(
    access: &ClusterClient,
    verb: &str,
    group: &str,
    resource: &str,
    namespace: Option<&str>,
) -> Result<bool, ApiError> {
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, sub)) => (resource, Some(sub.to_owned())),
        None => (resource, None),
    };
    let attributes = ResourceAttributes {
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        verb: Some(verb.to_owned()),
        namespace: namespace.map(str::to_owned),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            non_resource_attributes: None,
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(access.client.clone());
    let answer = access.request("ask for rights", api.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|s| s.allowed))
}

/// What the user may do of what installing the agents needs.
pub(super) async fn check_onboarding_permissions(access: &ClusterClient) -> Result<Permissions, ApiError> {
    if has_permission(access, "*", "*", "*", None).await? {
        return Ok(Permissions { is_admin: true, missing: Vec::new() });
    }
    let asked = ONBOARDING_PERMISSIONS.iter().map(|&(verb, group, resource, namespace)| async move {
        let is_allowed = has_permission(access, verb, group, resource, namespace).await?;
        let place = namespace.map(|n| format!(" in {n}")).unwrap_or_default();
        Ok::<_, ApiError>((!is_allowed).then(|| format!("{verb} {resource}{place}")))
    });
    let missing = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Permissions { is_admin: false, missing: missing.into_iter().flatten().collect() })
}

/// What the chart of the agents creates; the vendor's CLI asks for the right to create `ClusterRoleBindings` first.
const ONBOARDING_PERMISSIONS: &[(&str, &str, &str, Option<&str>)] = &[
    ("create", "rbac.authorization.k8s.io", "clusterrolebindings", None),
    ("create", "rbac.authorization.k8s.io", "clusterroles", None),
    ("create", "apiextensions.k8s.io", "customresourcedefinitions", None),
    ("create", "", "namespaces", None),
    ("create", "apps", "deployments", Some("azure-arc")),
    ("create", "", "secrets", Some("azure-arc")),
    ("create", "", "secrets", Some("azure-arc-release")),
];

fn describe_permission(access: &ClusterClient, right: &Permission, verb: &str) -> String {
    let group = if right.group.is_empty() { String::new() } else { format!(".{}", right.group) };
    let place = match right.scope {
        PermissionScope::Namespace => format!("in the namespace {}", access.namespace),
        PermissionScope::Cluster => "in the whole cluster".to_owned(),
    };
    format!("{verb} {}{group} {place}", right.resource)
}

/// The objects that give these rights to a user or service account, to be piped into `kubectl apply -f -`.
pub fn rbac_for_probe_pods(namespace: &str, subject: &Value) -> Vec<Value> {
    let name = "arcprobe";
    vec![
        role(name, Some(namespace), &rbac_rules(PermissionScope::Namespace)),
        binding("Role", name, Some(namespace), subject),
        role(name, None, &rbac_rules(PermissionScope::Cluster)),
        binding("ClusterRole", name, None, subject),
    ]
}

fn role(name: &str, namespace: Option<&str>, rules: &[Value]) -> Value {
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    json!({"apiVersion": RBAC_VERSION, "kind": kind, "metadata": metadata(name, namespace), "rules": rules})
}

/// Who has a role of the same name, in a namespace or everywhere.
fn binding(role: &str, name: &str, namespace: Option<&str>, subject: &Value) -> Value {
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    json!({
        "apiVersion": RBAC_VERSION, "kind": kind, "metadata": metadata(name, namespace),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
        "subjects": [subject],
    })
}

fn metadata(name: &str, namespace: Option<&str>) -> Value {
    namespace.map_or_else(|| json!({"name": name}), |n| json!({"name": name, "namespace": n}))
}

const RBAC_VERSION: &str = "rbac.authorization.k8s.io/v1";

/// The objects that give the rights to read what a diagnosis of the agents needs. Of Secrets the API knows no right to names
/// alone: `list` in the namespace of the agents, and nowhere else.
pub fn rbac_for_diagnose(subject: &Value) -> Vec<Value> {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let read = ["get", "list"];
    let agents = vec![
        rule("", &["pods", "pods/log", "configmaps", "events", "resourcequotas"], &read),
        rule("", &["secrets"], &["list"]),
        rule("apps", &["deployments", "replicasets"], &read),
        rule("networking.k8s.io", &["networkpolicies"], &read),
        rule("clusterconfig.azure.com", &["azureclusteridentityrequests"], &read),
        rule("arc.azure.com", &["connectedclusters"], &read),
    ];
    let dns = vec![rule("", &["pods"], &["list"]), rule("", &["pods/log", "configmaps"], &["get"])];
    let everywhere = vec![
        rule("", &["namespaces"], &["get"]),
        rule("", &["nodes"], &["list"]),
        rule("clusterconfig.azure.com", &["extensionconfigs", "fluxconfigs", "gitconfigs"], &["list"]),
        json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterrolebindings"], "verbs": ["get"],
            "resourceNames": ["AzureArc-Microsoft.ExtendedLocation-RP-RoleBinding"]}),
        rule("apiextensions.k8s.io", &["customresourcedefinitions"], &["list"]),
    ];
    let [cluster, arc, system] = ["arcprobe-diagnose", "arcprobe-diagnose-agents", "arcprobe-diagnose-dns"];
    let bind = |name, namespace| binding("ClusterRole", name, namespace, subject);
    vec![
        role(cluster, None, &everywhere),
        bind(cluster, None),
        role(arc, None, &agents),
        bind(arc, Some("azure-arc")),
        bind(arc, Some("azure-arc-release")),
        role(system, None, &dns),
        bind(system, Some("kube-system")),
    ]
}

fn rbac_rules(scope: PermissionScope) -> Vec<Value> {
    let rule = |r: &Permission| json!({"apiGroups": [r.group], "resources": [r.resource], "verbs": r.verbs});
    AGENT_PERMISSIONS.iter().filter(|r| r.scope == scope).map(rule).collect()
}
