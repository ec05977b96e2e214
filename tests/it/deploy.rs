//! What `deploy/` holds fits what the program writes.

use crate::program::Program;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn alerts_use_metrics_that_exist() {
    let alerts = read("deploy/alerts.yaml");
    let written = read("src/report/openmetrics.rs");
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let expressions: Vec<_> = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(expressions.len() >= 5, "{expressions:?}");
    for expression in expressions {
        let names = expression.split(|c| !is_name(c)).filter(|word| word.starts_with("arcprobe_"));
        for name in names {
            assert!(written.contains(&format!("\"{name}\"")), "no metric {name}: {expression}");
        }
    }
}

#[test]
fn the_job_has_the_image_of_this_version() {
    let image = concat!("image: ghcr.io/arcprobe/arcprobe:", env!("CARGO_PKG_VERSION"), "\n");
    assert!(read("deploy/cronjob.yaml").contains(image), "{image}: not in deploy/cronjob.yaml");
}

#[test]
fn the_job_runs_a_valid_command_line() {
    let job = read("deploy/cronjob.yaml");
    let mut args = job.lines().skip_while(|line| line.trim() != "args:").skip(1);
    let args: Vec<_> =
        args.by_ref().map_while(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect();
    assert_eq!(args.first().map(String::as_str), Some("check"));
    let directory = tempfile::tempdir().unwrap();
    let metrics = directory.path().join("arcprobe.prom").display().to_string();
    // nobody is asked anything: a diversion of everything to a port where nobody listens
    let args = args.iter().map(|a| a.replace("REGION", "eastus").replace("/metrics/arcprobe.prom", &metrics));
    let nowhere = [
        "--connect-to",
        "::127.0.0.1:9",
        "--no-discovery",
        "--resolver",
        "127.0.0.1:9",
        "--timeout",
        "200ms",
    ];
    Program::new().args(args).args(nowhere).run().exits(3);
    let metrics = std::fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("arcprobe_run_verdict{verdict=\"blocked\"} 1") && metrics.ends_with("# EOF\n"));
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
