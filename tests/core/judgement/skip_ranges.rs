//! Scenarios of what goes around a proxy.

use arcprobe::model::evidence::Cause;
use arcprobe::model::plan::Route;
use arcprobe::model::report::Verdict::{Blocked, Ready, ReadyWithWarnings};
use arcprobe::proxy::SkipRange;

use super::goldens::Scenario;
use super::make::{CheckCase, healthy, https};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("skip-range-fine", Ready, &["stands_in"], proxied()).skipping(USUAL),
        Scenario::new(
            "skip-range-malformed",
            ReadyWithWarnings,
            &["skip_range_malformed", "stands_in"],
            proxied(),
        )
        .skipping("10.*, .svc,https://registry.corp.example,kubernetes.default.svc:443"),
        Scenario::new(
            "skip-range-differs",
            ReadyWithWarnings,
            &["skip_range_differs", "stands_in"],
            direct(),
        )
        .skipping("10.0.0.0/16,.svc,microsoft.com,.management.azure.com"),
        Scenario::new(
            "skip-range-differs-unmet",
            Blocked,
            &["endpoint_unmet", "skip_range_malformed", "skip_range_differs", "stands_in"],
            unmet(),
        )
        .skipping("*.his.arc.azure.com"),
    ]
}

const USUAL: &str = "10.0.0.0/16,kubernetes.default.svc,.svc.cluster.local,.svc";
const PROXY: &str = "http://proxy.corp.example:3128";

fn proxied() -> Vec<CheckCase> {
    let by_proxy = |case: CheckCase| case.through_proxy(PROXY);
    ["management.azure.com", "mcr.microsoft.com"].map(|host| by_proxy(https(host)).good("10.9.9.9")).to_vec()
}

fn direct() -> Vec<CheckCase> {
    let mut cases = proxied();
    cases[1] = https("mcr.microsoft.com").good("20.1.0.3");
    cases[1].planned.route = Route::direct("exempt by \"microsoft.com\" in --proxy-skip-range");
    cases
}

/// The only host that is concerned fails, and the failure has its own finding.
fn unmet() -> Vec<CheckCase> {
    let mut cases = healthy();
    cases.push(https("gbl.his.arc.azure.com").through_proxy(PROXY).bad("10.9.9.9", Cause::Unknown));
    cases
}

#[test]
fn the_usual_range_has_no_problem() {
    assert_eq!(SkipRange::parse(USUAL).find_problems(), []);
}
