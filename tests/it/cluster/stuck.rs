//! Clusters that hang, with real Deployments, Secrets, custom resources and events, and stand-ins that log as the agents do.

use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::bed::{Namespace, on_the_lab, scripts};
use super::internet::Internet;
use crate::lab::Dns;
use crate::program::{Program, ran};

const IMAGE: &str = "kube-lab.local/stand-in:1";

/// The namespace of the agents and what else a cluster gets when it is connected, for the time of a test.
struct Arc<'a> {
    namespace: &'a Namespace<'a>,
    directory: tempfile::TempDir,
}

/// An agent in the making.
fn agent(name: &str, container: Value) -> Value {
    let mut whole = json!({"name": name, "image": IMAGE, "imagePullPolicy": "Never"});
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), container) {
        whole.extend(more);
    }
    let labels = json!({"app.kubernetes.io/component": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "azure-arc"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [whole]}}}})
}

fn saying(line: &str) -> Value {
    let line = json!({"Message": line, "LogType": "ConfigAgentTrace", "LogLevel": "Error", "Location": "eastus",
        "AgentName": "agent", "AgentVersion": "1.36.1"});
    json!({"args": [line.to_string()]})
}

/// It runs, and is never ready.
fn unready(mut container: Value) -> Value {
    container["readinessProbe"] = json!({"tcpSocket": {"port": 1}, "periodSeconds": 1});
    container
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "azure-arc"},
        "stringData": {"privateKey": "topsecret-7", "azure-identity-certificate-expiration-time": "2020-01-01T00:00:00Z"}})
}

fn request(status: &Value) -> Value {
    json!({"apiVersion": "clusterconfig.azure.com/v1beta1", "kind": "AzureClusterIdentityRequest",
        "metadata": {"name": "config-agent-identity-request", "namespace": "azure-arc"}, "spec": {"audience": "x"}, "status": status})
}

/// What a connected cluster has, but for its agents.
fn settled() -> Vec<Value> {
    vec![
        secret("azure-arc-connect-privatekey"),
        secret("azure-identity-certificate"),
        request(
            &json!({"tokenReference": {"secretName": "t", "dataName": "d"}, "expirationTime": "2096-01-01T00:00:00Z"}),
        ),
    ]
}

fn two(operator: Value, config: Value) -> Vec<Value> {
    vec![agent("clusteridentityoperator", operator), agent("config-agent", config)]
}

impl<'a> Arc<'a> {
    fn new(namespace: &'a Namespace<'a>, objects: &[&[Value]]) -> Self {
        static IMAGE_THERE: Once = Once::new();
        IMAGE_THERE.call_once(load);
        let arc = Self { namespace, directory: tempfile::tempdir().unwrap() };
        let bed = namespace.bed;
        bed.kubectl(&["create", "namespace", "azure-arc"]);
        bed.create(&crd().to_string());
        // not `kubectl wait`: it fails where a definition is so new that it has no conditions yet
        bed.becomes(&["get", "azureclusteridentityrequests", "-n", "azure-arc"]);
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

    /// What is told once the cluster has come so far, as seen an hour later: what a young cluster lacks is normal.
    fn old(&self, more: &[&str]) -> Value {
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

    fn breaks_now(&self, link: &str, id: &str) -> Value {
        breaks(link, id, || self.program().run().json())
    }

    fn breaks_in_an_hour(&self, link: &str, id: &str) -> Value {
        breaks(link, id, || self.old(&[]))
    }

    fn is_ready(&self) {
        self.namespace.bed.kubectl(&[
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
const OLD: &str = "arc_kubernetes_old";

/// Waits for the first broken link; it has to be the only cause.
#[track_caller]
fn breaks(link: &str, id: &str, see: impl Fn() -> Value) -> Value {
    let started = Instant::now();
    loop {
        let chain = see();
        let broken = chain["links"].as_array().unwrap().iter().find(|l| l["state"] == "broken");
        let ids: Vec<_> = chain["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["id"].as_str().unwrap())
            .filter(|id| *id != OLD)
            .collect();
        if broken.is_some_and(|l| l["link"] == link) && ids == [id] {
            assert_eq!(chain["verdict"], "broken");
            return chain;
        }
        assert!(started.elapsed() < Duration::from_secs(45), "{link}, {id}: {chain:#}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

impl Drop for Arc<'_> {
    fn drop(&mut self) {
        let bed = self.namespace.bed;
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
fn crd() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "azureclusteridentityrequests.clusterconfig.azure.com"},
        "spec": {"group": "clusterconfig.azure.com", "scope": "Namespaced",
            "names": {"plural": "azureclusteridentityrequests", "singular": "azureclusteridentityrequest", "kind": "AzureClusterIdentityRequest"},
            "versions": [{"name": "v1beta1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// Compiles the stand-in, packs it and puts it on the nodes.
fn load() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cluster/stand_in.c");
    let run = |command: &mut Command| ran(&command.output().unwrap()).exits(0);
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
fn a_healthy_cluster_and_one_that_is_too_young() {
    on_the_lab(|namespace| {
        let arc = Arc::new(namespace, &[&settled(), &two(saying("all is well"), saying("all is well"))]);
        arc.is_ready();
        let chain = arc.program().run().exits(0).json();
        assert_eq!(chain["verdict"], "healthy", "{chain:#}");
        assert_eq!(chain["cluster"]["region"], "eastus");

        namespace.bed.kubectl(&["-n", "azure-arc", "delete", "secret", "azure-identity-certificate"]);
        let chain = arc.program().run().exits(0).json();
        assert_eq!(chain["verdict"], "wait", "{chain:#}");
        assert!(chain["until"].is_string());
        let chain = arc.breaks_in_an_hour("identity", "arc_identity_missing");
        let connect = chain["links"].as_array().unwrap().iter().find(|l| l["link"] == "tokens").unwrap();
        assert_eq!(connect["state"], "ok");
    });
}

#[test]
fn links_turn_green_while_they_are_watched() {
    on_the_lab(|namespace| {
        let objects = [secret("azure-arc-connect-privatekey"), settled().remove(2)];
        let arc = Arc::new(namespace, &[&objects, &two(saying("well"), saying("well"))]);
        arc.is_ready();
        let watching = namespace.program("diagnose").args(["--watch", "--deadline", "60s"]).into_command();
        let mut watching = watching;
        let child = watching.stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(5));
        namespace.bed.create(&secret("azure-identity-certificate").to_string());
        let seen = ran(&child.wait_with_output().unwrap()).exits(0).stdout;
        let at = |words: &str| seen.find(words).unwrap_or_else(|| panic!("{words}: {seen}"));
        assert!(at("… identity ") < at("✓ identity "), "{seen}");
        assert!(at("✓ identity ") < at("HEALTHY: "), "{seen}");
    });
}

#[test]
fn identity_and_tokens() {
    on_the_lab(|namespace| {
        let arc = Arc::new(
            namespace,
            &[
                &[secret("azure-arc-connect-privatekey"), request(&json!({}))],
                &two(
                    saying("HIS: 403 HCRP403 Validation of signed message failed."),
                    unready(saying("waiting")),
                ),
            ],
        );
        arc.breaks_now("identity", "arc_key_mismatch");
        namespace.bed.create(&secret("azure-identity-certificate").to_string());
        arc.breaks_in_an_hour("tokens", "arc_tokens_missing");
        let expired = || arc.old(&["--read-secrets"]);
        breaks("identity", "arc_identity_expired", expired);
    });
}

#[test]
fn pods_that_do_not_start() {
    on_the_lab(|namespace| {
        let kubectl = |args: &[&str]| namespace.bed.kubectl(&[&["-n", "azure-arc"], args].concat());
        let missing = json!({"image": "127.0.0.1:1/none:1", "imagePullPolicy": "Always"});
        let arc = Arc::new(namespace, &[&settled(), &two(saying("well"), missing)]);
        arc.breaks_now("images", "arc_image_blocked");

        let again = |container: Value, spec: Value| {
            kubectl(&["delete", "deployment", "config-agent"]);
            let mut deployment = agent("config-agent", container);
            let pod = deployment["spec"]["template"]["spec"].as_object_mut().unwrap();
            pod.extend(spec.as_object().unwrap().clone());
            namespace.bed.create(&deployment.to_string());
        };
        again(json!({"envFrom": [{"secretRef": {"name": "nowhere"}}]}), json!({}));
        arc.breaks_now("images", "arc_setup");
        again(json!({"resources": {"requests": {"cpu": "900"}}}), json!({}));
        arc.breaks_now("nodes", "arc_no_room");
        again(json!({}), json!({"nodeSelector": {"no": "where"}}));
        arc.breaks_now("nodes", "arc_no_place");
        kubectl(&["create", "quota", "none", "--hard=pods=1"]);
        again(json!({}), json!({}));
        arc.breaks_now("admission", "arc_quota");
    });
}

#[test]
fn dns_that_crashes_and_agents_that_crash() {
    on_the_lab(|namespace| {
        let arc = Arc::new(
            namespace,
            &[
                &[secret("azure-arc-connect-privatekey")],
                &two(
                    saying("dial tcp: lookup gbl.his.arc.azure.com: i/o timeout"),
                    json!({"args": ["boom", "crash"]}),
                ),
            ],
        );
        arc.breaks_now("dns", "arc_dns_outside");
        let dns = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "coredns-test", "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns"}}, "spec": {"terminationGracePeriodSeconds": 0,
            "containers": [{"name": "coredns", "image": IMAGE, "imagePullPolicy": "Never", "args": ["Loop detected", "crash"]}]}});
        namespace.bed.create(&dns.to_string());
        arc.breaks_now("dns", "arc_dns_down");
    });
}

#[test]
fn a_skip_range_that_sends_the_api_server_to_the_proxy() {
    on_the_lab(|namespace| {
        let proxied = json!({"env": [{"name": "HTTPS_PROXY", "value": "http://joe:topsecret-9@10.1.2.3:3128"},
            {"name": "NO_PROXY", "value": "10.1.0.0/16"}]});
        let arc = Arc::new(
            namespace,
            &[&[secret("azure-arc-connect-privatekey")], &two(proxied.clone(), unready(proxied))],
        );
        let chain = arc.breaks_in_an_hour("identity", "arc_api_through_proxy");
        assert!(!chain.to_string().contains("topsecret"));
        assert_eq!(chain["cluster"]["proxy"], "http://***@10.1.2.3:3128");
    });
}

#[test]
fn releases_that_are_broken_and_rights_that_are_missing() {
    on_the_lab(|namespace| {
        let empty = namespace.program("diagnose").args(["--no-probe", "-o", "json"]).run().exits(3).json();
        assert_eq!(empty["findings"][0]["id"], "arc_not_installed");
        let met = |id: &str| {
            let items = empty["prerequisites"].as_array().unwrap();
            items.iter().find(|i| i["id"] == id).unwrap_or_else(|| panic!("{id}: {items:#?}"))["verdict"]
                .clone()
        };
        for id in ["kubeconfig", "nodes", "room", "rights", "leftovers"] {
            assert_eq!(met(id), "met", "{id}");
        }
        // the API server of the tests is 1.20
        assert_eq!(met("kubernetes"), "warning");

        let arc = Arc::new(namespace, &[&settled(), &two(saying("well"), saying("well"))]);
        let config = namespace.account(arc.directory.path());
        let restricted = || arc.program().args(["--kube-config", config.to_str().unwrap()]).run();
        assert_eq!(restricted().exits(5).json()["findings"][0]["id"], "arc_rights");
        let account = format!("{}:user", namespace.name);
        let rbac =
            Program::new().args(["rbac", "--diagnose", "--service-account", &account]).run().exits(0).stdout;
        namespace.bed.kubectl(&["create", "namespace", "azure-arc-release"]);
        namespace.bed.create(&rbac);
        arc.is_ready();
        let chain = restricted().exits(0).json();
        assert_eq!((&chain["verdict"], &chain["unread"]), (&json!("healthy"), &json!([])), "{chain:#}");
        namespace.bed.kubectl(&["delete", "namespace", "azure-arc-release"]);
        namespace.bed.kubectl(&["-n", "kube-system", "delete", "rolebinding", "arcprobe-diagnose-dns"]);
        for kind in ["clusterrole", "clusterrolebinding"] {
            let names = ["arcprobe-diagnose", "arcprobe-diagnose-agents", "arcprobe-diagnose-dns"];
            namespace.bed.kubectl(&[&["delete", kind, "--ignore-not-found"], &names[..]].concat());
        }
        namespace.bed.kubectl(&["-n", "azure-arc", "delete", "deployment", "config-agent"]);
        arc.breaks_in_an_hour("release", "arc_release_incomplete");

        let held = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "held", "namespace": "azure-arc", "finalizers": ["example.test/held"]}});
        namespace.bed.create(&held.to_string());
        namespace.bed.kubectl(&["delete", "namespace", "azure-arc", "--wait=false"]);
        arc.breaks_in_an_hour("release", "arc_terminating");
        namespace.bed.kubectl(&[
            "-n",
            "azure-arc",
            "patch",
            "configmap",
            "held",
            "--type=json",
            "-p",
            r#"[{"op": "remove", "path": "/metadata/finalizers"}]"#,
        ]);
    });
}

#[test]
fn a_broken_link_is_proven_from_pods() {
    on_the_lab(|namespace| {
        let line = "Get \"https://gbl.his.arc.azure.com/discovery\": dial tcp 20.1.2.3:443: i/o timeout";
        let _arc = Arc::new(
            namespace,
            &[&[secret("azure-arc-connect-privatekey")], &two(saying(line), unready(saying("waiting")))],
        );
        let internet = Internet::without_identity_service(&Dns::Nxdomain);
        let proven = || internet.diagnose(namespace).run().json();
        let chain = breaks("identity", "arc_his_unreachable", proven);
        let finding = &chain["findings"][0];
        assert_eq!(finding["confidence"], "high", "{finding:#}");
        assert!(finding["explanation"].as_str().unwrap().contains("Probes confirm it"), "{finding:#}");
        let evidence = finding["evidence"].as_array().unwrap();
        assert!(
            evidence.iter().any(|id| id.as_str().unwrap().contains("gbl.his.arc.azure.com")),
            "{finding:#}"
        );
        namespace.is_clean();

        // beside the official command: the link that hangs is named and proven while it still waits
        let watched = ["--watch", "--patience", "1s", "--deadline", "5s"];
        let screen = internet.diagnose_on_screen(namespace).args(watched).run().exits(3).stdout;
        let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        let at = |words: &str| flat.find(words).unwrap_or_else(|| panic!("{words}: {screen}"));
        assert!(at("identity hangs for 1 s") < at("Probes confirm it"), "{screen}");
        assert!(at("Probes confirm it") < at("BROKEN: "), "{screen}");
        namespace.is_clean();

        drop(internet);
        let internet = Internet::good();
        let chain = internet.diagnose(namespace).run().exits(3).json();
        let finding = &chain["findings"][0];
        assert_eq!((&finding["id"], &finding["confidence"]), (&json!("arc_his_unreachable"), &json!("low")));
        assert!(finding["explanation"].as_str().unwrap().contains("do not confirm"), "{finding:#}");
        namespace.is_clean();
    });
}
