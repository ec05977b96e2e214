//! What is asked of an API server: one table, by which a cluster is read and by which judgements name what is missing.

use crate::model::networks::UnreadSource;

/// How a source is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// What it is called in evidence and reports.
    pub name: &'static str,
    /// The kind of what comes.
    pub kind: &'static str,
    /// With its query: what may be long is bounded or filtered.
    pub path: &'static str,
}

macro_rules! sources {
    ($($source:ident: $name:literal, $kind:literal, $path:literal;)*) => {
        /// A question to an API server.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[expect(missing_docs, reason = "the table says what each is")]
        pub enum Source {
            $($source,)*
        }

        impl Source {
            /// How it is asked for.
            pub const fn resource(self) -> Resource {
                match self {
                    $(Self::$source => Resource { name: $name, kind: $kind, path: $path },)*
                }
            }
        }
    };
}

sources! {
    ApiServer: "the API server", "Version", "/version";
    Nodes: "nodes", "NodeList", "/api/v1/nodes?limit=2000";
    ArcNamespace: "namespace azure-arc", "Namespace", "/api/v1/namespaces/azure-arc";
    ReleaseNamespace: "namespace azure-arc-release", "Namespace", "/api/v1/namespaces/azure-arc-release";
    ArcDeployments: "Deployments of azure-arc", "DeploymentList",
        "/apis/apps/v1/namespaces/azure-arc/deployments?limit=500";
    ArcReplicaSets: "ReplicaSets of azure-arc", "ReplicaSetList",
        "/apis/apps/v1/namespaces/azure-arc/replicasets";
    ArcPods: "pods of azure-arc", "PodList", "/api/v1/namespaces/azure-arc/pods";
    ReleasePods: "pods of azure-arc-release", "PodList", "/api/v1/namespaces/azure-arc-release/pods";
    ArcEvents: "events of azure-arc", "EventList", "/api/v1/namespaces/azure-arc/events?limit=2000";
    ReleaseEvents: "events of azure-arc-release", "EventList",
        "/api/v1/namespaces/azure-arc-release/events?limit=500";
    ArcSettings: "ConfigMaps of azure-arc", "ConfigMap",
        "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig";
    ArcQuotas: "quotas of azure-arc", "ResourceQuotaList", "/api/v1/namespaces/azure-arc/resourcequotas";
    ArcNetworkPolicies: "network policies of azure-arc", "NetworkPolicyList",
        "/apis/networking.k8s.io/v1/namespaces/azure-arc/networkpolicies";
    ArcSecrets: "Secrets of azure-arc", "SecretList", "/api/v1/namespaces/azure-arc/secrets?limit=1000";
    IdentityRequests: "identity requests", "AzureClusterIdentityRequestList",
        "/apis/clusterconfig.azure.com/v1beta1/namespaces/azure-arc/azureclusteridentityrequests";
    Extensions: "extensions", "ExtensionConfigList", "/apis/clusterconfig.azure.com/v1beta1/extensionconfigs";
    FluxConfigs: "Flux configurations", "FluxConfigList", "/apis/clusterconfig.azure.com/v1beta1/fluxconfigs?limit=200";
    GitConfigs: "Git configurations", "GitConfigList", "/apis/clusterconfig.azure.com/v1beta1/gitconfigs?limit=200";
    CustomLocations: "the binding of custom locations", "ClusterRoleBinding",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/AzureArc-Microsoft.ExtendedLocation-RP-RoleBinding";
    ConnectedClusters: "the cluster's metadata", "ConnectedClusterList",
        "/apis/arc.azure.com/v1beta1/namespaces/azure-arc/connectedclusters";
    DnsPods: "pods of kube-system", "PodList",
        "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%20in%20(kube-dns%2Ccoredns)";
    Corefile: "ConfigMap kube-system/coredns", "ConfigMap",
        "/api/v1/namespaces/kube-system/configmaps/coredns";
    Services: "Services", "ServiceList", "/api/v1/services?limit=5000";
    Pods: "pods", "PodList", "/api/v1/pods?limit=1000";
    KubernetesEndpoints: "the endpoints of default/kubernetes", "Endpoints",
        "/api/v1/namespaces/default/endpoints/kubernetes";
    ServiceCidrs: "ServiceCIDR objects", "ServiceCIDRList", "/apis/networking.k8s.io/v1/servicecidrs";
    ServiceCidrsBeta: "ServiceCIDR objects (v1beta1)", "ServiceCIDRList",
        "/apis/networking.k8s.io/v1beta1/servicecidrs";
    OpenShiftNetwork: "OpenShift's Network", "Network", "/apis/config.openshift.io/v1/networks/cluster";
    KubeadmConfig: "ConfigMap kube-system/kubeadm-config", "ConfigMap",
        "/api/v1/namespaces/kube-system/configmaps/kubeadm-config";
    KubeProxyConfig: "ConfigMap kube-system/kube-proxy", "ConfigMap",
        "/api/v1/namespaces/kube-system/configmaps/kube-proxy";
    CiliumConfig: "ConfigMap kube-system/cilium-config", "ConfigMap",
        "/api/v1/namespaces/kube-system/configmaps/cilium-config";
    AntreaConfig: "ConfigMap kube-system/antrea-config", "ConfigMap",
        "/api/v1/namespaces/kube-system/configmaps/antrea-config";
    FlannelConfig: "ConfigMap kube-flannel/kube-flannel-cfg", "ConfigMap",
        "/api/v1/namespaces/kube-flannel/configmaps/kube-flannel-cfg";
    FlannelConfigOfKubeSystem: "ConfigMap kube-system/kube-flannel-cfg", "ConfigMap",
        "/api/v1/namespaces/kube-system/configmaps/kube-flannel-cfg";
    OpenShiftOvnConfig: "ConfigMap openshift-ovn-kubernetes/ovn-config", "ConfigMap",
        "/api/v1/namespaces/openshift-ovn-kubernetes/configmaps/ovn-config";
    OvnConfig: "ConfigMap ovn-kubernetes/ovn-config", "ConfigMap",
        "/api/v1/namespaces/ovn-kubernetes/configmaps/ovn-config";
    CalicoPools: "Calico's IPPools", "IPPoolList", "/apis/crd.projectcalico.org/v1/ippools";
    DaemonSets: "DaemonSets of kube-system", "DaemonSetList",
        "/apis/apps/v1/namespaces/kube-system/daemonsets";
    PodRequests: "what pods ask for", "PodList", "/api/v1/pods?limit=500";
    Permissions: "permissions of the user", "SelfSubjectAccessReview",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    ReleaseSecrets: "releases of Helm in azure-arc-release", "SecretList",
        "/api/v1/namespaces/azure-arc-release/secrets?labelSelector=owner%3Dhelm&limit=1000";
    DefaultReleaseSecrets: "releases of Helm in default", "SecretList",
        "/api/v1/namespaces/default/secrets?labelSelector=owner%3Dhelm&limit=1000";
    Definitions: "custom resource definitions", "CustomResourceDefinitionList",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=2000";
}

impl Source {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        self.resource().name
    }

    /// Whether names and times are all that is wanted of the objects.
    pub const fn is_metadata_only(self) -> bool {
        matches!(
            self,
            Self::ArcSecrets | Self::ReleaseSecrets | Self::DefaultReleaseSecrets | Self::Definitions
        )
    }

    /// Whether every cluster has it, so that it is worth a word where one has not.
    pub const fn is_common(self) -> bool {
        matches!(
            self,
            Self::Nodes | Self::Services | Self::Pods | Self::KubernetesEndpoints | Self::DaemonSets
        )
    }

    /// Why it could not be read, by a list of what could not.
    pub fn unread_reason(self, unread: &[UnreadSource]) -> Option<&str> {
        let is_it = |name: &str| name == self.name() || FORMER_NAMES.contains(&(self, name));
        unread.iter().find(|s| is_it(&s.source)).map(|s| s.why.as_str())
    }
}

/// How the reason begins that an API server could not be read where its certificate is out of its time.
pub const EXPIRED_SERVER_CERTIFICATE: &str = "the certificate of the API server is not valid at this time";

/// In evidence that is older.
const FORMER_NAMES: &[(Source, &str)] = &[
    (Source::Nodes, "the nodes"),
    (Source::ArcNamespace, "traces of earlier agents"),
    (Source::Permissions, "the rights of the user"),
];
