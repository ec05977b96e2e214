//! Clusters that hang, with real Deployments, Secrets, custom resources and events, and stand-ins that log as the agents do.

use std::process::Command;
use std::sync::Once;
use std::time::Duration;

use serde_json::{Value, json};

use super::bed::{Namespace, on_the_lab, scripts, wait_until};
use super::internet::Internet;
use crate::lab::Dns;
use crate::program::{Program, to_result};

const IMAGE: &str = "kube-lab.local/stand-in:1";

/// The namespace of the agents and what else a cluster gets when it is connected, for the time of a test.
struct ConnectedCluster<'a> {
    namespace: &'a Namespace<'a>,
    directory: tempfile::TempDir,
}

/// An agent in the making.
fn deployment(name: &str, container: Value) -> Value {
    let mut whole = json!({"name": name, "image": IMAGE, "imagePullPolicy": "Never"});
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), container) {
        whole.extend(more);
    }
    let labels = json!({"app.kubernetes.io/component": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "azure-arc"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [whole]}}}})
}

fn container_that_logs(line: &str) -> Value {
    let line = json!({"Message": line, "LogType": "ConfigAgentTrace", "LogLevel": "Error", "Location": "eastus",
        "AgentName": "agent", "AgentVersion": "1.36.1"});
    json!({"args": [line.to_string()]})
}

/// It runs, and is never ready.
fn without_readiness(mut container: Value) -> Value {
    container["readinessProbe"] = json!({"tcpSocket": {"port": 1}, "periodSeconds": 1});
    container
}

fn secret_object(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "azure-arc"},
        "stringData": {"privateKey": "topsecret-7", "azure-identity-certificate-expiration-time": "2020-01-01T00:00:00Z"}})
}

fn certificate_request(status: &Value) -> Value {
    json!({"apiVersion": "clusterconfig.azure.com/v1beta1", "kind": "AzureClusterIdentityRequest",
        "metadata": {"name": "config-agent-identity-request", "namespace": "azure-arc"}, "spec": {"audience": "x"}, "status": status})
}

/// What a connected cluster has, but for its agents.
fn connected_objects() -> Vec<Value> {
    vec![
        secret_object("azure-arc-connect-privatekey"),
        secret_object("azure-identity-certificate"),
        certificate_request(
            &json!({"tokenReference": {"secretName": "t", "dataName": "d"}, "expirationTime": "2096-01-01T00:00:00Z"}),
        ),
    ]
}

fn two_agents(operator: Value, config: Value) -> Vec<Value> {
    vec![deployment("clusteridentityoperator", operator), deployment("config-agent", config)]
}

impl<'a> ConnectedCluster<'a> {
    fn new(namespace: &'a Namespace<'a>, objects: &[&[Value]]) -> Self {
        static IMAGE_THERE: Once = Once::new();
        IMAGE_THERE.call_once(load_stand_in_image);
        let arc = Self { namespace, directory: tempfile::tempdir().unwrap() };
        let bed = namespace.cluster;
        bed.kubectl(&["create", "namespace", "azure-arc"]);
        bed.create(&definition_object().to_string());
        // not `kubectl wait`: it fails where a definition is so new that it has no conditions yet
        bed.wait_until_succeeds(&["get", "azureclusteridentityrequests", "-n", "azure-arc"]);
        let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "azure-clusterconfig", "namespace": "azure-arc"},
            "data": {"AZURE_REGION": "eastus", "AZURE_ARC_AGENT_VERSION": "1.36.1", "AZURE_SUBSCRIPTION_ID": "s",
                "AZURE_RESOURCE_GROUP": "g", "AZURE_RESOURCE_NAME": "edge", "OTHER": "topsecret-8"}});
        let items: Vec<_> = objects.iter().flat_map(|o| o.iter().cloned()).chain([config]).collect();
        bed.create(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
        arc
    }

    fn program(&self) -> Program {
        self.namespace.program("diagnose").args(["--no-probe", "-o", "json"])
    }

    /// What is reported once the cluster has come so far, as seen an hour later: what a young cluster lacks is normal.
    fn report_one_hour_later(&self, more: &[&str]) -> Value {
        let file = self.directory.path().join("evidence.json");
        let file = file.to_str().unwrap();
        self.program().args(["--save-evidence", file]).args(more).run();
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("topsecret"), "{text}");
        let mut case: Value = serde_json::from_str(&text).unwrap();
        let taken: jiff::Timestamp = case["taken_at"].as_str().unwrap().parse().unwrap();
        case["taken_at"] = (taken + jiff::SignedDuration::from_hours(1)).to_string().into();
        std::fs::write(file, case.to_string()).unwrap();
        Program::new().args(["diagnose", "-o", "json", "--evidence", file]).run().json()
    }

    fn first_broken_stage(&self, link: &str, id: &str) -> Value {
        wait_for_broken_stage(link, id, || self.program().run().json())
    }

    fn first_broken_stage_later(&self, link: &str, id: &str) -> Value {
        wait_for_broken_stage(link, id, || self.report_one_hour_later(&[]))
    }

    fn wait_until_ready(&self) {
        self.namespace.cluster.kubectl(&[
            "-n",
            "azure-arc",
            "wait",
            "--for=condition=Available",
            "deployment",
            "--all",
            "--timeout=60s",
        ]);
    }
}

/// True of the cluster of the tests, whatever else is wrong with it.
const OLD_KUBERNETES: &str = "arc_kubernetes_old";

/// Waits for the first broken link; it has to be the only cause.
#[track_caller]
fn wait_for_broken_stage(link: &str, id: &str, see: impl Fn() -> Value) -> Value {
    let found = wait_until(Duration::from_secs(45), || {
        let chain = see();
        let broken = chain["links"].as_array().unwrap().iter().find(|l| l["state"] == "broken");
        let ids: Vec<_> = chain["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["id"].as_str().unwrap())
            .filter(|id| *id != OLD_KUBERNETES)
            .collect();
        (broken.is_some_and(|l| l["link"] == link) && ids == [id]).then_some(chain)
    });
    let chain = found.unwrap_or_else(|| panic!("{link}, {id}: {:#}", see()));
    assert_eq!(chain["verdict"], "broken");
    chain
}

impl Drop for ConnectedCluster<'_> {
    fn drop(&mut self) {
        let bed = self.namespace.cluster;
        bed.kubectl(&["-n", "kube-system", "delete", "pod", "coredns-test", "--ignore-not-found"]);
        bed.kubectl(&["delete", "namespace", "azure-arc", "--ignore-not-found"]);
        bed.kubectl(&[
            "delete",
            "crd",
            "azureclusteridentityrequests.clusterconfig.azure.com",
            "--ignore-not-found",
        ]);
    }
}

/// As far as it is public.
fn definition_object() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "azureclusteridentityrequests.clusterconfig.azure.com"},
        "spec": {"group": "clusterconfig.azure.com", "scope": "Namespaced",
            "names": {"plural": "azureclusteridentityrequests", "singular": "azureclusteridentityrequest", "kind": "AzureClusterIdentityRequest"},
            "versions": [{"name": "v1beta1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// Compiles the stand-in, packs it and puts it on the nodes.
fn load_stand_in_image() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cluster/stand_in.c");
    let run = |command: &mut Command| to_result(&command.output().unwrap()).exits(0);
    run(Command::new("cc").args(["-static", "-O1", "-o", &at("agent"), source]));
    run(Command::new(scripts().join("image/mkimage.sh")).args([
        "-t",
        IMAGE,
        "-o",
        &at("image.tar"),
        &at("agent"),
    ]));
    run(Command::new(scripts().join("load.sh")).arg(at("image.tar")));
}

#[test]
fn healthy_and_recently_connected_clusters_are_distinguished() {
    on_the_lab(|namespace| {
        let arc = ConnectedCluster::new(
            namespace,
            &[
                &connected_objects(),
                &two_agents(container_that_logs("all is well"), container_that_logs("all is well")),
            ],
        );
        arc.wait_until_ready();
        let chain = arc.program().run().exits(0).json();
        assert_eq!(chain["verdict"], "healthy", "{chain:#}");
        assert_eq!(chain["cluster"]["region"], "eastus");

        namespace.cluster.kubectl(&["-n", "azure-arc", "delete", "secret", "azure-identity-certificate"]);
        let chain = arc.program().run().exits(0).json();
        assert_eq!(chain["verdict"], "wait", "{chain:#}");
        assert!(chain["until"].is_string());
        let chain = arc.first_broken_stage_later("identity", "arc_identity_missing");
        let connect = chain["links"].as_array().unwrap().iter().find(|l| l["link"] == "tokens").unwrap();
        assert_eq!(connect["state"], "ok");
    });
}

#[test]
fn stages_become_healthy_while_they_are_watched() {
    on_the_lab(|namespace| {
        let objects = [secret_object("azure-arc-connect-privatekey"), connected_objects().remove(2)];
        let arc = ConnectedCluster::new(
            namespace,
            &[&objects, &two_agents(container_that_logs("well"), container_that_logs("well"))],
        );
        arc.wait_until_ready();
        let watching = namespace.program("diagnose").args(["--watch", "--deadline", "60s"]).into_command();
        let mut watching = watching;
        let child = watching.stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(5));
        namespace.cluster.create(&secret_object("azure-identity-certificate").to_string());
        let seen = to_result(&child.wait_with_output().unwrap()).exits(0).stdout;
        let at = |words: &str| seen.find(words).unwrap_or_else(|| panic!("{words}: {seen}"));
        assert!(at("… identity ") < at("✓ identity "), "{seen}");
        assert!(at("✓ identity ") < at("HEALTHY: "), "{seen}");
    });
}

#[test]
fn broken_identity_and_tokens_are_found() {
    on_the_lab(|namespace| {
        let arc = ConnectedCluster::new(
            namespace,
            &[
                &[secret_object("azure-arc-connect-privatekey"), certificate_request(&json!({}))],
                &two_agents(
                    container_that_logs("HIS: 403 HCRP403 Validation of signed message failed."),
                    without_readiness(container_that_logs("waiting")),
                ),
            ],
        );
        arc.first_broken_stage("identity", "arc_key_mismatch");
        namespace.cluster.create(&secret_object("azure-identity-certificate").to_string());
        arc.first_broken_stage_later("tokens", "arc_tokens_missing");
        let expired = || arc.report_one_hour_later(&["--read-secrets"]);
        wait_for_broken_stage("identity", "arc_identity_expired", expired);
    });
}

#[test]
fn pods_that_do_not_start_are_explained() {
    on_the_lab(|namespace| {
        let kubectl = |args: &[&str]| namespace.cluster.kubectl(&[&["-n", "azure-arc"], args].concat());
        let missing = json!({"image": "127.0.0.1:1/none:1", "imagePullPolicy": "Always"});
        let arc = ConnectedCluster::new(
            namespace,
            &[&connected_objects(), &two_agents(container_that_logs("well"), missing)],
        );
        arc.first_broken_stage("images", "arc_registry_blocked");

        let again = |container: Value, spec: Value| {
            kubectl(&["delete", "deployment", "config-agent"]);
            let mut deployment = deployment("config-agent", container);
            let pod = deployment["spec"]["template"]["spec"].as_object_mut().unwrap();
            pod.extend(spec.as_object().unwrap().clone());
            namespace.cluster.create(&deployment.to_string());
        };
        again(json!({"envFrom": [{"secretRef": {"name": "nowhere"}}]}), json!({}));
        arc.first_broken_stage("images", "arc_setup");
        again(json!({"resources": {"requests": {"cpu": "900"}}}), json!({}));
        arc.first_broken_stage("nodes", "arc_no_room");
        again(json!({}), json!({"nodeSelector": {"no": "where"}}));
        arc.first_broken_stage("nodes", "arc_no_place");
        kubectl(&["create", "quota", "none", "--hard=pods=1"]);
        again(json!({}), json!({}));
        arc.first_broken_stage("admission", "arc_quota");
    });
}

#[test]
fn crashing_dns_and_crashing_agents_are_found() {
    on_the_lab(|namespace| {
        let arc = ConnectedCluster::new(
            namespace,
            &[
                &[secret_object("azure-arc-connect-privatekey")],
                &two_agents(
                    container_that_logs("dial tcp: lookup gbl.his.arc.azure.com: i/o timeout"),
                    json!({"args": ["boom", "crash"]}),
                ),
            ],
        );
        arc.first_broken_stage("dns", "arc_dns_outside");
        let dns = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "coredns-test", "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns"}}, "spec": {"terminationGracePeriodSeconds": 0,
            "containers": [{"name": "coredns", "image": IMAGE, "imagePullPolicy": "Never", "args": ["Loop detected", "crash"]}]}});
        namespace.cluster.create(&dns.to_string());
        arc.first_broken_stage("dns", "arc_dns_down");
    });
}

#[test]
fn a_skip_range_without_the_api_server_is_found() {
    on_the_lab(|namespace| {
        let proxied = json!({"env": [{"name": "HTTPS_PROXY", "value": "http://joe:topsecret-9@10.1.2.3:3128"},
            {"name": "NO_PROXY", "value": "10.1.0.0/16"}]});
        let arc = ConnectedCluster::new(
            namespace,
            &[
                &[secret_object("azure-arc-connect-privatekey")],
                &two_agents(proxied.clone(), without_readiness(proxied)),
            ],
        );
        let chain = arc.first_broken_stage_later("identity", "arc_api_through_proxy");
        assert!(!chain.to_string().contains("topsecret"));
        assert_eq!(chain["cluster"]["proxy"], "http://***@10.1.2.3:3128");
    });
}

#[test]
fn broken_releases_and_missing_permissions_are_found() {
    on_the_lab(|namespace| {
        let empty = namespace.program("diagnose").args(["--no-probe", "-o", "json"]).run().exits(3).json();
        assert_eq!(empty["findings"][0]["id"], "arc_not_installed");
        let met = |id: &str| {
            let items = empty["prerequisites"].as_array().unwrap();
            items.iter().find(|i| i["id"] == id).unwrap_or_else(|| panic!("{id}: {items:#?}"))["verdict"]
                .clone()
        };
        for id in ["kubeconfig", "nodes", "capacity", "permissions", "remnants"] {
            assert_eq!(met(id), "met", "{id}");
        }
        // the API server of the tests is 1.20
        assert_eq!(met("kubernetes"), "warning");

        let arc = ConnectedCluster::new(
            namespace,
            &[&connected_objects(), &two_agents(container_that_logs("well"), container_that_logs("well"))],
        );
        let config = namespace.restricted_kubeconfig(arc.directory.path());
        let restricted = || arc.program().args(["--kube-config", config.to_str().unwrap()]).run();
        assert_eq!(restricted().exits(5).json()["findings"][0]["id"], "arc_rights");
        let account = format!("{}:user", namespace.name);
        let rbac =
            Program::new().args(["rbac", "--diagnose", "--service-account", &account]).run().exits(0).stdout;
        namespace.cluster.kubectl(&["create", "namespace", "azure-arc-release"]);
        namespace.cluster.create(&rbac);
        arc.wait_until_ready();
        let chain = restricted().exits(0).json();
        assert_eq!((&chain["verdict"], &chain["unread"]), (&json!("healthy"), &json!([])), "{chain:#}");
        namespace.cluster.kubectl(&["delete", "namespace", "azure-arc-release"]);
        namespace.cluster.kubectl(&["-n", "kube-system", "delete", "rolebinding", "arcprobe-diagnose-dns"]);
        for kind in ["clusterrole", "clusterrolebinding"] {
            let names = ["arcprobe-diagnose", "arcprobe-diagnose-agents", "arcprobe-diagnose-dns"];
            namespace.cluster.kubectl(&[&["delete", kind, "--ignore-not-found"], &names[..]].concat());
        }
        namespace.cluster.kubectl(&["-n", "azure-arc", "delete", "deployment", "config-agent"]);
        arc.first_broken_stage_later("release", "arc_release_incomplete");

        let stuck = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "stuck", "namespace": "azure-arc", "finalizers": ["example.test/stuck"]}});
        namespace.cluster.create(&stuck.to_string());
        namespace.cluster.kubectl(&["delete", "namespace", "azure-arc", "--wait=false"]);
        arc.first_broken_stage_later("release", "arc_terminating");
        namespace.cluster.kubectl(&[
            "-n",
            "azure-arc",
            "patch",
            "configmap",
            "stuck",
            "--type=json",
            "-p",
            r#"[{"op": "remove", "path": "/metadata/finalizers"}]"#,
        ]);
    });
}

#[test]
fn a_broken_stage_is_confirmed_from_pods() {
    on_the_lab(|namespace| {
        let line = "Get \"https://gbl.his.arc.azure.com/discovery\": dial tcp 20.1.2.3:443: i/o timeout";
        let _arc = ConnectedCluster::new(
            namespace,
            &[
                &[secret_object("azure-arc-connect-privatekey")],
                &two_agents(container_that_logs(line), without_readiness(container_that_logs("waiting"))),
            ],
        );
        let internet = Internet::without_identity_service(&Dns::Nxdomain);
        let proven = || internet.diagnose(namespace).run().json();
        let chain = wait_for_broken_stage("identity", "arc_his_unreachable", proven);
        let finding = &chain["findings"][0];
        assert_eq!(finding["confidence"], "high", "{finding:#}");
        assert!(finding["explanation"].as_str().unwrap().contains("Probes confirm it"), "{finding:#}");
        let evidence = finding["evidence"].as_array().unwrap();
        assert!(
            evidence.iter().any(|id| id.as_str().unwrap().contains("gbl.his.arc.azure.com")),
            "{finding:#}"
        );
        namespace.wait_until_clean();

        // next to the official command: the link that hangs is named and proven while it still waits
        let watched = ["--watch", "--patience", "1s", "--deadline", "5s"];
        let screen = internet.diagnose_on_screen(namespace).args(watched).run().exits(3).stdout;
        let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        let at = |words: &str| flat.find(words).unwrap_or_else(|| panic!("{words}: {screen}"));
        assert!(at("identity hangs for 1 s") < at("Probes confirm it"), "{screen}");
        assert!(at("Probes confirm it") < at("BROKEN: "), "{screen}");
        namespace.wait_until_clean();

        drop(internet);
        let internet = Internet::start_healthy();
        let chain = internet.diagnose(namespace).run().exits(3).json();
        let finding = &chain["findings"][0];
        assert_eq!((&finding["id"], &finding["confidence"]), (&json!("arc_his_unreachable"), &json!("low")));
        assert!(finding["explanation"].as_str().unwrap().contains("do not confirm"), "{finding:#}");
        namespace.wait_until_clean();
    });
}
