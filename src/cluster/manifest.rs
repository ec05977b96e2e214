//! The objects of a run. Pure.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMap, ConfigMapProjection, Container, EmptyDirVolumeSource, NodeAffinity,
    NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSecurityContext, PodSpec, PodTemplateSpec,
    ProjectedVolumeSource, ResourceRequirements, SeccompProfile, Secret, SecretVolumeSource, SecurityContext,
    Toleration, Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::model::vantage::VantageKind;

/// The label whose value names the run; every object of ours has it.
pub(super) const RUN_LABEL: &str = "arcprobe/run";

/// The label that says what an object is for: `pod`, `node`, `agent`, `task`.
pub(super) const PART_LABEL: &str = "arcprobe/part";

/// Picks out every object of ours.
pub(super) const OWN_OBJECTS_SELECTOR: &str = "app.kubernetes.io/managed-by=arcprobe";

/// The only container of a pod.
pub(super) const CONTAINER_NAME: &str = "agent";

const AGENT_MOUNT_PATH: &str = "/arcprobe/agent";
const TASK_MOUNT_PATH: &str = "/arcprobe/task";
const SCRATCH_MOUNT_PATH: &str = "/arcprobe/scratch";
const LOADER_KEY: &str = "loader";
const TASK_KEY: &str = "task.json";

/// What all objects of a run share.
#[derive(Clone, Debug)]
pub(super) struct RunNames {
    /// A few random letters.
    pub(super) run: String,
    pub(super) namespace: String,
}

/// How the agent gets into a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum AgentSource {
    /// It travels in ConfigMaps and runs on an image that the node has.
    ConfigMaps {
        /// The image.
        image: String,
        /// The ConfigMaps, each with the keys that it holds.
        maps: Vec<(String, Vec<String>)>,
    },
    /// It is what the image has for an entry point (`--image`).
    Image(String),
}

/// One Job.
#[derive(Clone, Debug)]
pub(super) struct JobPlan<'a> {
    pub(super) names: &'a RunNames,
    pub(super) kind: VantageKind,
    pub(super) node: &'a str,
    /// Counts the nodes of the run, and the tries on one.
    pub(super) number: usize,
    pub(super) source: &'a AgentSource,
    /// For the pod, in seconds.
    pub(super) deadline: i64,
    /// Whether the cluster gives user ids by namespace (OpenShift); a fixed one would be refused.
    pub(super) assigns_users: bool,
}

impl RunNames {
    pub(super) fn job_name(&self, kind: VantageKind, number: usize) -> String {
        format!("arcprobe-{}-{kind}-{number}", self.run)
    }

    pub(super) fn task_name(&self, kind: VantageKind) -> String {
        format!("arcprobe-{}-task-{kind}", self.run)
    }

    /// The content gives the name, so that two builds never mix.
    pub(super) fn agent_map_name(&self, sha256: &str, number: usize) -> String {
        format!("arcprobe-{}-agent-{}-{number}", self.run, sha256.get(..12).unwrap_or(sha256))
    }

    fn object_meta(&self, name: String, part: &str, owners: &[OwnerReference]) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.object_labels(part)),
            owner_references: (!owners.is_empty()).then(|| owners.to_vec()),
            ..ObjectMeta::default()
        }
    }

    fn object_labels(&self, part: &str) -> BTreeMap<String, String> {
        let pairs = [
            ("app.kubernetes.io/name", "arcprobe"),
            ("app.kubernetes.io/managed-by", "arcprobe"),
            (RUN_LABEL, &self.run),
            (PART_LABEL, part),
        ];
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }
}

/// A piece of the agent. Immutable, so that the kubelet does not watch it.
pub(super) fn build_agent_map(
    names: &RunNames,
    name: &str,
    files: BTreeMap<String, Vec<u8>>,
    owners: &[OwnerReference],
) -> ConfigMap {
    ConfigMap {
        metadata: names.object_meta(name.to_owned(), "agent", owners),
        binary_data: Some(files.into_iter().map(|(key, bytes)| (key, ByteString(bytes))).collect()),
        immutable: Some(true),
        ..ConfigMap::default()
    }
}

/// What an agent is told. A Secret, since it holds the passwords of proxies.
pub(super) fn build_task_secret(
    names: &RunNames,
    kind: VantageKind,
    task: Vec<u8>,
    owners: &[OwnerReference],
) -> Secret {
    Secret {
        metadata: names.object_meta(names.task_name(kind), "task", owners),
        data: Some([(TASK_KEY.to_owned(), ByteString(task))].into()),
        immutable: Some(true),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// A Job whose end takes along what it owns.
pub(super) fn owner_reference(job: &Job) -> Option<OwnerReference> {
    Some(OwnerReference {
        api_version: "batch/v1".into(),
        kind: "Job".into(),
        name: job.metadata.name.clone()?,
        uid: job.metadata.uid.clone()?,
        ..OwnerReference::default()
    })
}

/// One pod, once: no retry, since what fails is worth a look and not a second try.
pub(super) fn build_job(plan: &JobPlan<'_>) -> Job {
    let part = plan.kind.as_str();
    let name = plan.names.job_name(plan.kind, plan.number);
    Job {
        metadata: plan.names.object_meta(name, part, &[]),
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            active_deadline_seconds: Some(plan.deadline),
            ttl_seconds_after_finished: Some(TTL_SECONDS),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(plan.names.object_labels(part)),
                    ..ObjectMeta::default()
                }),
                spec: Some(build_pod_spec(plan)),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

fn build_pod_spec(plan: &JobPlan<'_>) -> PodSpec {
    let is_node = plan.kind == VantageKind::Node;
    PodSpec {
        restart_policy: Some("Never".into()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        host_network: is_node.then_some(true),
        dns_policy: Some(if is_node { "Default" } else { "ClusterFirst" }.into()),
        termination_grace_period_seconds: Some(GRACE_PERIOD_SECONDS),
        affinity: Some(node_affinity(plan.node)),
        // the node was chosen; a taint is no reason not to look from it
        tolerations: Some(vec![Toleration { operator: Some("Exists".into()), ..Toleration::default() }]),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: (!plan.assigns_users).then_some(USER_ID),
            run_as_group: (!plan.assigns_users).then_some(USER_ID),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".into(), localhost_profile: None }),
            ..PodSecurityContext::default()
        }),
        containers: vec![build_container(plan)],
        volumes: Some(build_volumes(plan)),
        ..PodSpec::default()
    }
}

fn build_container(plan: &JobPlan<'_>) -> Container {
    let task = format!("{TASK_MOUNT_PATH}/{TASK_KEY}");
    let (image, command, args, pull) = match plan.source {
        AgentSource::ConfigMaps { image, maps } => {
            (image, Some(loader_command(maps)), vec!["--".into(), task], Some("Never"))
        }
        AgentSource::Image(image) => (image, None, vec![task], None),
    };
    Container {
        name: CONTAINER_NAME.into(),
        image: Some(image.clone()),
        image_pull_policy: pull.map(str::to_owned),
        command,
        args: Some(args),
        resources: Some(ResourceRequirements {
            requests: Some(resource_quantities("50m", "32Mi")),
            limits: Some(resource_quantities("1", "128Mi")),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), add: None }),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".into()),
        volume_mounts: Some(build_volume_mounts(plan.source)),
        ..Container::default()
    }
}

/// The loader with the pieces of the agent, in their order.
fn loader_command(maps: &[(String, Vec<String>)]) -> Vec<String> {
    let pieces = maps.iter().flat_map(|(_, keys)| keys).filter(|key| *key != LOADER_KEY);
    let pieces = pieces.map(|key| format!("{AGENT_MOUNT_PATH}/{key}"));
    [format!("{AGENT_MOUNT_PATH}/{LOADER_KEY}")].into_iter().chain(pieces).collect()
}

fn build_volume_mounts(carrier: &AgentSource) -> Vec<VolumeMount> {
    let mount = |name: &str, at: &str, read_only| VolumeMount {
        name: name.into(),
        mount_path: at.into(),
        read_only: Some(read_only),
        ..VolumeMount::default()
    };
    let task = mount("task", TASK_MOUNT_PATH, true);
    match carrier {
        AgentSource::ConfigMaps { .. } => {
            vec![mount("agent", AGENT_MOUNT_PATH, true), task, mount("scratch", SCRATCH_MOUNT_PATH, false)]
        }
        AgentSource::Image(_) => vec![task],
    }
}

fn build_volumes(plan: &JobPlan<'_>) -> Vec<Volume> {
    let task = Volume {
        name: "task".into(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(plan.names.task_name(plan.kind)),
            default_mode: Some(0o444),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    };
    let AgentSource::ConfigMaps { maps, .. } = plan.source else { return vec![task] };
    let source = |(name, _): &(String, Vec<String>)| VolumeProjection {
        config_map: Some(ConfigMapProjection { name: name.clone(), ..ConfigMapProjection::default() }),
        ..VolumeProjection::default()
    };
    let agent = Volume {
        name: "agent".into(),
        projected: Some(ProjectedVolumeSource {
            default_mode: Some(0o555),
            sources: Some(maps.iter().map(source).collect()),
        }),
        ..Volume::default()
    };
    // where the loader puts the agent if a file in memory must not be executed
    let scratch = Volume {
        name: "scratch".into(),
        empty_dir: Some(EmptyDirVolumeSource { medium: None, size_limit: Some(Quantity("16Mi".into())) }),
        ..Volume::default()
    };
    vec![agent, task, scratch]
}

fn node_affinity(node: &str) -> Affinity {
    let is_it = NodeSelectorRequirement {
        key: "metadata.name".into(),
        operator: "In".into(),
        values: Some(vec![node.to_owned()]),
    };
    let term = NodeSelectorTerm { match_fields: Some(vec![is_it]), match_expressions: None };
    Affinity {
        node_affinity: Some(NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(NodeSelector {
                node_selector_terms: vec![term],
            }),
            ..NodeAffinity::default()
        }),
        ..Affinity::default()
    }
}

fn resource_quantities(cpu: &str, memory: &str) -> BTreeMap<String, Quantity> {
    [("cpu", cpu), ("memory", memory)].map(|(k, v)| (k.to_owned(), Quantity(v.to_owned()))).into()
}

/// Nobody in particular; the number that images without a shell use, too.
const USER_ID: i64 = 65_532;

/// Time for the agent to tell what it has measured when it is stopped, in seconds.
const GRACE_PERIOD_SECONDS: i64 = 5;

/// What a killed workstation leaves is gone after this many seconds.
const TTL_SECONDS: i32 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    fn job_of(kind: VantageKind, carrier: &AgentSource) -> Job {
        let names = RunNames { run: "x7k2p".into(), namespace: "ops".into() };
        build_job(&JobPlan {
            names: &names,
            kind,
            node: "n1",
            number: 0,
            source: carrier,
            deadline: 90,
            assigns_users: false,
        })
    }

    fn config_map_source() -> AgentSource {
        let maps = vec![
            ("a-0".into(), vec!["loader".into(), "agent.0".into()]),
            ("a-1".into(), vec!["agent.1".into()]),
        ];
        AgentSource::ConfigMaps { image: "registry.k8s.io/pause:3.9".into(), maps }
    }

    /// Pod Security Standards, "restricted" (1.25 and later), as far as fields of ours can break it.
    #[test]
    fn a_pod_is_restricted_and_a_node_breaks_it_only_by_its_network() {
        for kind in [VantageKind::Pod, VantageKind::Node] {
            let job = job_of(kind, &config_map_source());
            let pod = job.spec.unwrap().template.spec.unwrap();
            assert_eq!(pod.host_network.is_some(), kind == VantageKind::Node);
            assert!(pod.host_pid.is_none() && pod.host_ipc.is_none());
            let all = pod.security_context.unwrap();
            assert_eq!(all.run_as_non_root, Some(true));
            assert_eq!(all.seccomp_profile.unwrap().type_, "RuntimeDefault");
            let own = pod.containers[0].security_context.clone().unwrap();
            assert_eq!(own.allow_privilege_escalation, Some(false));
            assert_eq!(own.capabilities.unwrap().drop.unwrap(), ["ALL"]);
            assert!(pod.volumes.unwrap().iter().all(|v| v.host_path.is_none()));
            assert_eq!(pod.automount_service_account_token, Some(false));
        }
    }

    #[test]
    fn chunks_keep_their_order_and_nothing_is_pulled() {
        let job = job_of(VantageKind::Pod, &config_map_source());
        let container = job.spec.unwrap().template.spec.unwrap().containers[0].clone();
        assert_eq!(
            container.command.unwrap(),
            ["/arcprobe/agent/loader", "/arcprobe/agent/agent.0", "/arcprobe/agent/agent.1"]
        );
        assert_eq!(container.args.unwrap(), ["--", "/arcprobe/task/task.json"]);
        assert_eq!(container.image_pull_policy.as_deref(), Some("Never"));
    }

    #[test]
    fn a_custom_image_needs_no_config_map() {
        let job = job_of(VantageKind::Pod, &AgentSource::Image("registry.example/arcprobe:1".into()));
        let pod = job.spec.unwrap().template.spec.unwrap();
        assert_eq!(pod.volumes.unwrap().len(), 1);
        assert_eq!(pod.containers[0].command, None);
        assert_eq!(pod.containers[0].image_pull_policy, None);
    }

    #[test]
    fn names_are_short_enough_for_labels_of_pods() {
        let names = RunNames { run: "x7k2p".into(), namespace: "ops".into() };
        for name in [names.job_name(VantageKind::Node, 9999), names.agent_map_name(&"f".repeat(64), 9)] {
            assert!(name.len() <= 52, "{name}");
        }
    }
}
