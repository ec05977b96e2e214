//! The image of a release, run by the job of `deploy/cronjob.yaml`.
//!
//! `bash .ci/release` packs the image; `ARCPROBE_TEST_IMAGE` says where it is.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::bed::{Namespace, on_the_lab, scripts, wait_until};
use super::internet::Internet;
use crate::program::to_result;
use crate::require::require_that;

/// Whom the image runs as.
const USER: u32 = 65532;

#[test]
fn the_job_writes_metrics_from_the_image_of_a_release() {
    let image = std::env::var_os("ARCPROBE_TEST_IMAGE").map(PathBuf::from);
    require_that(image.is_some(), "ARCPROBE_TEST_IMAGE names no image; bash .ci/release packs one");
    let Some(image) = image else { return };
    on_the_lab(|namespace| {
        to_result(&Command::new(scripts().join("load.sh")).arg(&image).output().unwrap()).exits(0);
        let internet = Internet::start_healthy();
        let collector = tempfile::tempdir().unwrap();
        std::fs::set_permissions(collector.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(collector.path(), Some(USER), Some(USER)).unwrap();
        let roots = format!("roots.pem={}", internet.roots().display());
        namespace.kubectl(&["create", "configmap", "roots", "--from-file", &roots]);
        namespace.cluster.create(&cron_job(namespace, &internet, collector.path()));
        namespace.kubectl(&["create", "job", "--from=cronjob/arcprobe", "now"]);

        let (state, log) = wait_for_end(namespace);
        assert_eq!(state, "Succeeded 0", "{log}");
        assert!(log.starts_with("READY: ") && log.contains("172.30.240.53"), "{log}");
        let file = collector.path().join("arcprobe.prom");
        let metrics = std::fs::read_to_string(&file).unwrap();
        assert!(metrics.contains("arcprobe_run_verdict{verdict=\"ready\"} 1"), "{metrics}");
        assert!(metrics.contains("host=\"management.azure.com\""), "{metrics}");
        assert!(metrics.ends_with("# EOF\n"), "{metrics}");
        assert_eq!(file.metadata().unwrap().uid(), USER);
        let left: Vec<_> = std::fs::read_dir(collector.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    });
}

/// What is deployed, with the region, the node and the folder of this test, and the way to the lab.
fn cron_job(namespace: &Namespace<'_>, internet: &Internet, collector: &Path) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/cronjob.yaml");
    let all = std::fs::read_to_string(path).unwrap();
    let (_, job) = all.split_once("\n---\n").expect("the namespace comes first, then the job");
    let flags = internet.lab_flags("/roots/roots.pem");
    let flags: Vec<_> = flags.iter().map(|argument| format!("                - '{argument}'\n")).collect();
    let flags = flags.concat();
    let last = "                - --save=/metrics/arcprobe.prom\n";
    let mount = "              volumeMounts:\n";
    let volumes = "          volumes:\n";
    let changes = [
        // the cluster of the tests has no other
        ("apiVersion: batch/v1\n", "apiVersion: batch/v1beta1\n".to_owned()),
        ("namespace: arcprobe\n", format!("namespace: {}\n", namespace.name)),
        ("hostname: NODE}", "hostname: node1}".to_owned()),
        ("--location=REGION\n", "--location=eastus\n".to_owned()),
        ("/var/lib/node_exporter/textfile_collector", collector.display().to_string()),
        (last, format!("{last}{flags}")),
        (mount, format!("{mount}                - {{name: roots, mountPath: /roots}}\n")),
        (volumes, format!("{volumes}            - {{name: roots, configMap: {{name: roots}}}}\n")),
    ];
    changes.iter().fold(job.to_owned(), |job, (from, to)| {
        assert_eq!(job.matches(from).count(), 1, "{from}: once in deploy/cronjob.yaml");
        job.replace(from, to)
    })
}

/// Phase and exit code of the pod, and what it wrote.
fn wait_for_end(namespace: &Namespace<'_>) -> (String, String) {
    let state =
        "jsonpath={.items[0].status.phase} {.items[0].status.containerStatuses[0].state.terminated.exitCode}";
    let look = ["get", "pods", "-l", "job-name=now", "-o"];
    let ended = wait_until(Duration::from_secs(60), || {
        let pods = namespace.kubectl(&[&look[..], &["name"]].concat());
        let state = if pods.is_empty() { pods } else { namespace.kubectl(&[&look[..], &[state]].concat()) };
        (state.starts_with("Succeeded") || state.starts_with("Failed")).then_some(state)
    });
    let state = ended.unwrap_or_else(|| panic!("{}", namespace.kubectl(&["describe", "pods"])));
    (state, namespace.kubectl(&["logs", "job/now"]))
}
