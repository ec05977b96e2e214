//! The cluster: brought up once, with a namespace for each test.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kubeconfig::write_kubeconfig;
use crate::program::{Program, RunResult, to_result};
use crate::require::{is_root, require_that};

/// Which cluster the tests have.
#[derive(Debug)]
pub(crate) struct TestCluster {
    pub(crate) kubeconfig: PathBuf,
    /// Whether it is the lab of this repository, with namespaces to put faults into.
    pub(crate) is_lab: bool,
    kubectl: PathBuf,
}

/// A namespace that goes away with the test.
pub(crate) struct Namespace<'a> {
    pub(crate) cluster: &'a TestCluster,
    pub(crate) name: String,
}

static TEST_CLUSTER: OnceLock<Result<TestCluster, String>> = OnceLock::new();

/// Tests share nodes, and faults are put into nodes: one test at a time.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs a test on the cluster, if there is one.
pub(crate) fn on_the_cluster(test: impl FnOnce(&Namespace<'_>)) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match TEST_CLUSTER.get_or_init(TestCluster::open) {
        Ok(bed) => {
            let namespace = Namespace::new(bed);
            test(&namespace);
        }
        Err(obstacle) => _ = require_that(false, obstacle),
    }
}

/// The same, where the network of the nodes is needed.
pub(crate) fn on_the_lab(test: impl FnOnce(&Namespace<'_>)) {
    on_the_cluster(|namespace| {
        if require_that(namespace.cluster.is_lab, "the faults of this test need the nodes of tests/kube-lab")
        {
            test(namespace);
        }
    });
}

impl TestCluster {
    fn open() -> Result<Self, String> {
        if !agent().is_file() {
            return Err(format!("{} is missing; cargo run --example pack_agent makes it", agent().display()));
        }
        if let Some(given) = std::env::var_os("ARCPROBE_TEST_KUBECONFIG") {
            return Ok(Self { kubeconfig: given.into(), is_lab: false, kubectl: "kubectl".into() });
        }
        if !is_root() {
            return Err("only root may start tests/kube-lab".into());
        }
        let up = Command::new(scripts().join("up.sh")).env("KUBE_LAB_NODES", "2").output();
        let up = up.map_err(|e| format!("tests/kube-lab/up.sh: {e}"))?;
        if !up.status.success() {
            return Err(format!("tests/kube-lab/up.sh fails:\n{}", String::from_utf8_lossy(&up.stderr)));
        }
        let cache = cache();
        Ok(Self {
            kubeconfig: "/var/lib/kube-lab/kubeconfig".into(),
            is_lab: true,
            kubectl: cache.join("pkg/usr/bin/kubectl"),
        })
    }

    /// Standard output of kubectl.
    ///
    /// # Panics
    /// When it fails.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let output = self.try_kubectl(args, "");
        assert!(output.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until kubectl succeeds.
    ///
    /// # Panics
    /// When it does not in half a minute.
    pub(crate) fn wait_until_succeeds(&self, args: &[&str]) {
        wait_until(Duration::from_secs(30), || self.try_kubectl(args, "").status.success().then_some(()));
        self.kubectl(args);
    }

    /// Creates what a text of YAML or JSON describes.
    pub(crate) fn create(&self, objects: &str) {
        let output = self.try_kubectl(&["create", "-f", "-"], objects);
        assert!(output.status.success(), "{objects}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The kubeconfig with all that its one context needs.
    pub(crate) fn config(&self) -> Value {
        let text = self.kubectl(&["config", "view", "--raw", "--minify", "--flatten", "-o", "json"]);
        serde_json::from_str(&text).unwrap()
    }

    fn try_kubectl(&self, args: &[&str], input: &str) -> Output {
        let mut command = Command::new(&self.kubectl);
        command.args(args).env("KUBECONFIG", &self.kubeconfig);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl<'a> Namespace<'a> {
    fn new(bed: &'a TestCluster) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("arcprobe-test-{}-{number}", std::process::id());
        bed.kubectl(&["create", "namespace", &name]);
        Self { cluster: bed, name }
    }

    /// kubectl in this namespace.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.cluster.kubectl(&[&["-n", &self.name], args].concat())
    }

    /// `arcprobe` with this cluster and namespace.
    pub(crate) fn program(&self, command: &str) -> Program {
        let kubeconfig = self.cluster.kubeconfig.display().to_string();
        Program::new().args([command, "--kube-config", &kubeconfig, "-n", &self.name])
    }

    /// What is left of arcprobe in this namespace.
    pub(crate) fn remaining_objects(&self) -> Vec<String> {
        let all = self.kubectl(&[
            "get",
            "jobs,pods,configmaps,secrets",
            "-l",
            "app.kubernetes.io/managed-by=arcprobe",
            "-o",
            "name",
        ]);
        all.lines().map(str::to_owned).collect()
    }

    /// Waits until nothing of arcprobe is left: pods end after their Jobs, and one whose image is being asked for only
    /// when the runtime gives up.
    ///
    /// # Panics
    /// When something stays.
    pub(crate) fn wait_until_clean(&self) {
        let clean = || self.remaining_objects().is_empty().then_some(());
        let done = wait_until(Duration::from_secs(120), clean);
        assert!(done.is_some(), "left in the namespace: {:?}", self.remaining_objects());
    }

    /// A kubeconfig of the service account `user`, which has no permissions.
    pub(crate) fn restricted_kubeconfig(&self, directory: &Path) -> PathBuf {
        self.kubectl(&["create", "serviceaccount", "user"]);
        let secret = self.kubectl(&["get", "serviceaccount", "user", "-o", "jsonpath={.secrets[0].name}"]);
        let token =
            self.kubectl(&["get", "secret", &secret, "-o", "go-template={{.data.token | base64decode}}"]);
        let view = self.cluster.config();
        let cluster = view["clusters"][0]["cluster"].clone();
        write_kubeconfig(
            directory,
            &self.name,
            &[("restricted", cluster)],
            &serde_json::json!({"token": token}),
        )
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        let _ = self.cluster.try_kubectl(&["delete", "namespace", &self.name, "--wait=false"], "");
    }
}

/// Asks until there is an answer; `None` where there is none in time.
pub(crate) fn wait_until<T>(within: Duration, ask: impl Fn() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < within {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        sleep(Duration::from_millis(200));
    }
    None
}

/// Runs a command in the network of a node.
pub(crate) fn on_node(node: &str, command: &[&str]) -> RunResult {
    let output = Command::new("ip").args(["netns", "exec", &format!("klab-{node}")]).args(command).output();
    to_result(&output.unwrap()).exits(0)
}

pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kube-lab")
}

/// As tests/kube-lab/lib.sh has it.
fn cache() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    std::env::var_os("KUBE_LAB_CACHE").map_or_else(|| base.join("kube-lab"), PathBuf::from)
}

/// Where the program under test looks for it.
fn agent() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_arcprobe"));
    program.ancestors().nth(2).unwrap().join("agent/arcprobe-agent-linux-amd64.payload")
}
