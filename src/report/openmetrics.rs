//! The report as metrics, for a file that Prometheus gets to see through the textfile collector of `node_exporter`.
//!
//! That collector reads the text format of Prometheus; other readers want OpenMetrics. What is written is both at once:
//! gauges only, no time stamps of samples, families in one piece, and `# EOF` at the end, which OpenMetrics demands and the
//! older format takes for a comment.

use std::collections::HashSet;
use std::fmt::Write as _;

use indexmap::IndexMap;

use super::clusters::ClusterReport;
use super::grid::deciding_attempts;
use super::index::{CheckStatus, ReportIndex};
use super::marks::{status_style, verdict_style, waiver_style};
use super::prerequisites::accepted_by;
use super::sanitize::LONGEST_LABEL;
use crate::model::evidence::{Attempt, Detail, Phase, sanitize};
use crate::model::finding::Severity;
use crate::model::report::{Check, CheckVerdict, PrerequisiteVerdict, Report, Verdict, WaiverState};

/// Renders every family, those without a sample left out; of several clusters with the name of the context as a label more.
pub(super) fn render(clusters: &[ClusterReport<'_>]) -> String {
    let mut page = Exposition::default();
    for cluster in clusters {
        if let Some(name) = cluster.name {
            page.common = Some(("context", name.to_owned()));
            let help = "Whether there is a report on the cluster; its other metrics lack without one.";
            page.add("arcprobe_cluster_checked", help, [(NO_LABELS, bool_value(cluster.report.is_ok()))]);
        }
        if let Ok(report) = cluster.report {
            page.add_report(report);
        }
    }
    page.finish()
}

/// Name and value of a label.
type Label = (&'static str, String);

/// Families in the order in which they were met first. A reader wants each in one piece, whatever it is filled from.
#[derive(Default)]
struct Exposition {
    families: IndexMap<&'static str, MetricFamily>,
    /// Leads the labels of every sample: the cluster, among several.
    common: Option<Label>,
}

/// A metric with its samples; samples with the same labels would make a reader refuse all of the file.
#[derive(Default)]
struct MetricFamily {
    help: &'static str,
    lines: String,
    seen: HashSet<String>,
}

impl Exposition {
    /// All that a report has.
    fn add_report(&mut self, report: &Report) {
        add_run(self, report);
        add_counts(self, &ReportIndex::new(report));
        add_checks(self, report);
        add_phases(self, report);
        add_certificates(self, report);
        add_prerequisites(self, report);
        add_waivers(self, report);
    }

    fn finish(self) -> String {
        let mut out = String::new();
        for (name, family) in self.families.iter().filter(|(_, family)| !family.lines.is_empty()) {
            // a String takes all
            let _ = write!(out, "# HELP {name} {0}\n# TYPE {name} gauge\n{1}", family.help, family.lines);
        }
        out + "# EOF\n"
    }

    /// Adds samples to a family: labels and a value of each.
    fn add<L, S>(
        &mut self,
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = (L, f64)>,
    ) where
        L: AsRef<[(&'static str, S)]>,
        S: AsRef<str>,
    {
        let family = self.families.entry(name).or_default();
        family.help = help;
        let common = self.common.as_ref().map(|(name, value)| format_label(name, value));
        for (labels, value) in samples {
            let labels = labels.as_ref().iter().map(|(name, value)| format_label(name, value.as_ref()));
            let labels = common.clone().into_iter().chain(labels).collect::<Vec<_>>().join(",");
            if value.is_finite() && family.seen.insert(labels.clone()) {
                let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
                let _ = writeln!(family.lines, "{name}{labels} {value}");
            }
        }
    }
}

fn format_label(name: &str, value: &str) -> String {
    let value = sanitize(value, LONGEST_LABEL).replace('\\', "\\\\").replace('"', "\\\"");
    format!("{name}=\"{value}\"")
}

fn add_run(page: &mut Exposition, report: &Report) {
    let (run, verdict) = (&report.run, report.verdict);
    let is_ready = matches!(verdict, Verdict::Ready | Verdict::ReadyWithWarnings);
    let scope = [
        ("cloud", run.cloud.az_name()),
        ("region", run.region.as_str()),
        ("connectivity", run.connectivity.as_str()),
        ("version", report.tool.version.as_str()),
    ];
    let help = "Whether a cluster can be connected: every required check is met.";
    page.add("arcprobe_run_ready", help, [(scope, bool_value(is_ready))]);
    let known = [Verdict::Ready, Verdict::ReadyWithWarnings, Verdict::Blocked, Verdict::Incomplete];
    let verdicts = known.map(|one| ([("verdict", verdict_style(one).code)], bool_value(one == verdict)));
    page.add("arcprobe_run_verdict", "The verdict of the run, 1 for the one that holds.", verdicts);
    let started = run.started_at.parse::<jiff::Timestamp>().ok();
    let started = started.map(|at| (NO_LABELS, at.as_duration().as_secs_f64()));
    let help = "When the run began, in seconds since 1970.";
    page.add("arcprobe_run_start_timestamp_seconds", help, started);
    let took = [(NO_LABELS, run.took.as_secs_f64())];
    page.add("arcprobe_run_duration_seconds", "How long the run took.", took);
    let measured = report.vantages.iter().map(|vantage| {
        let labels = [("vantage", vantage.id.as_str()), ("kind", vantage.kind.as_str())];
        (labels, bool_value(vantage.error.is_none()))
    });
    page.add("arcprobe_vantage_measured", "Whether all was measured from the vantage.", measured);
    let findings = [Severity::Blocking, Severity::Warning, Severity::Info].map(|severity| {
        let count = report.findings.iter().filter(|f| f.severity == severity).count();
        ([("severity", severity.as_str())], count_value(count))
    });
    page.add("arcprobe_findings", "Findings of a severity.", findings);
}

fn add_counts(page: &mut Exposition, tally: &ReportIndex<'_>) {
    let counts = [true, false].into_iter().flat_map(|required| {
        CheckStatus::ALL.map(|status| {
            let count = tally.with_status(status).filter(|c| c.planned.required == required).count();
            let labels = [("required", bool_label(required)), ("verdict", status_style(status).code)];
            (labels, count_value(count))
        })
    });
    page.add("arcprobe_checks", "Checks by what came of them.", counts);
}

fn add_checks(page: &mut Exposition, report: &Report) {
    let checks = || report.checks.iter();
    let met = checks().filter(|check| check.verdict != CheckVerdict::Unverified).map(|check| {
        let labels = check_labels_with(check, "required", bool_label(check.planned.required));
        (labels, bool_value(check.verdict == CheckVerdict::Met))
    });
    let help = "Whether the check is met; none where it could not be verified.";
    page.add("arcprobe_check_met", help, met);
    let is_verified = |check: &Check| bool_value(check.verdict != CheckVerdict::Unverified);
    let verified = checks().map(|check| (check_labels(check), is_verified(check)));
    page.add("arcprobe_check_verified", "Whether the check could be verified.", verified);
    let failures =
        checks().filter_map(|check| Some((check_labels_with(check, "cause", check.cause?.word()), 1.0)));
    let help = "1 with the word for the failure of an unmet check.";
    page.add("arcprobe_check_failure", help, failures);
    let accepted = checks()
        .filter(|check| check.verdict == CheckVerdict::Unmet)
        .filter_map(|check| Some((check_labels_with(check, "code", &check.accepted.as_ref()?.code), 1.0)));
    page.add("arcprobe_check_accepted", "1 for an unmet check that is accepted for a time.", accepted);
}

fn add_phases(page: &mut Exposition, report: &Report) {
    let slowest = |check: &Check, phase| {
        deciding_attempts(check).filter_map(|attempt| attempt.step(phase)).map(|step| step.took).max()
    };
    let times = report.checks.iter().flat_map(|check| {
        let time = move |phase: &Phase| {
            let took = slowest(check, *phase)?.as_secs_f64();
            Some((check_labels_with(check, "phase", phase.as_str()), took))
        };
        Phase::ALL.iter().filter_map(time)
    });
    let help = "How long a phase of a check took, at the slowest address.";
    page.add("arcprobe_phase_duration_seconds", help, times);
}

fn add_certificates(page: &mut Exposition, report: &Report) {
    let ends = report.checks.iter().filter_map(|check| {
        let first = deciding_attempts(check).filter_map(first_expiry).min()?;
        Some((check_labels(check), first.as_duration().as_secs_f64()))
    });
    let help = "When the first certificate of the presented chain expires, in seconds since 1970.";
    page.add("arcprobe_certificate_expiry_timestamp_seconds", help, ends);
}

fn first_expiry(attempt: &Attempt) -> Option<jiff::Timestamp> {
    let Detail::Tls(tls) = &attempt.step(Phase::Tls)?.detail else { return None };
    tls.chain.iter().filter_map(|c| c.not_after.as_ref()?.parse().ok()).min()
}

fn add_prerequisites(page: &mut Exposition, report: &Report) {
    let known = || report.prerequisites.iter().filter(|item| item.verdict != PrerequisiteVerdict::Unverified);
    let there =
        known().map(|item| ([("id", &item.id)], bool_value(item.verdict != PrerequisiteVerdict::Unmet)));
    let help = "Whether what is needed besides the network is there, with a warning too; none where it is not known.";
    page.add("arcprobe_prerequisite", help, there);
    let accepted =
        known().filter_map(|item| Some(([("id", &item.id), ("code", &accepted_by(item)?.code)], 1.0)));
    let help = "1 for what is not as it should be, and accepted for a time.";
    page.add("arcprobe_prerequisite_accepted", help, accepted);
}

/// The end of those that are needed: what is not is no reason to wake anybody.
fn add_waivers(page: &mut Exposition, report: &Report) {
    let states = [WaiverState::Used, WaiverState::Expired, WaiverState::Unused];
    let counts = states.into_iter().filter(|_| !report.waivers.is_empty()).map(|state| {
        let count = report.waivers.iter().filter(|waiver| waiver.state == state).count();
        ([("state", waiver_style(state).1)], count_value(count))
    });
    page.add("arcprobe_waivers", "Waivers by what came of them.", counts);
    let needed = report.waivers.iter().filter(|waiver| waiver.state != WaiverState::Unused);
    let ends = needed.filter_map(|waiver| {
        let labels = [
            ("code", waiver.code.as_str()),
            ("endpoint", waiver.endpoint.as_str()),
            ("vantage", waiver.vantage.as_deref().unwrap_or_default()),
        ];
        Some((labels, waiver_end(&waiver.until)?))
    });
    let help =
        "When a waiver that is needed ends or ended, in seconds since 1970: the end of its last day in UTC.";
    page.add("arcprobe_waiver_expiry_timestamp_seconds", help, ends);
}

fn waiver_end(until: &str) -> Option<f64> {
    let next = until.parse::<jiff::civil::Date>().ok()?.tomorrow().ok()?;
    let end = next.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(end.timestamp().as_duration().as_secs_f64())
}

/// What tells checks apart; the same in every run.
fn check_labels(check: &Check) -> Vec<Label> {
    let host = check.planned.host.as_ref().or(check.planned.pattern.as_ref());
    vec![
        ("vantage", check.planned.vantage.to_string()),
        ("requirement", check.planned.endpoint.clone()),
        ("host", host.cloned().unwrap_or_default()),
        ("port", check.planned.port.to_string()),
    ]
}

/// The same with one label more.
fn check_labels_with(check: &Check, name: &'static str, value: &str) -> Vec<Label> {
    let mut labels = check_labels(check);
    labels.push((name, value.to_owned()));
    labels
}

fn bool_value(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn count_value(count: usize) -> f64 {
    // no report holds more checks than 32 bits count
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn bool_label(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}

/// No label.
const NO_LABELS: [(&str, &str); 0] = [];
