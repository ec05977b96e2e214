//! The report as metrics, for a file that Prometheus gets to see by way of the textfile collector of `node_exporter`.
//!
//! That collector reads the text format of Prometheus; other readers want OpenMetrics. What is written is both at once:
//! gauges only, no time stamps of samples, families in one piece, and `# EOF` at the end, which OpenMetrics demands and the
//! older format takes for a comment.

use std::collections::HashSet;

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
            let mut family = page.open_family("arcprobe_cluster_checked", help);
            family.add_sample(NO_LABELS, bool_value(cluster.report.is_ok()));
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
    families: Vec<MetricFamily>,
    /// Leads the labels of every sample: the cluster, among several.
    common: Option<Label>,
}

/// A metric with its samples; samples with the same labels would make a reader refuse all of the file.
struct MetricFamily {
    name: &'static str,
    help: &'static str,
    lines: String,
    seen: HashSet<String>,
}

/// A family that samples are put into.
struct FamilyWriter<'a> {
    family: &'a mut MetricFamily,
    common: Option<&'a Label>,
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
        for family in self.families.iter().filter(|family| !family.lines.is_empty()) {
            let head = format!("# HELP {0} {1}\n# TYPE {0} gauge\n", family.name, family.help);
            out.push_str(&head);
            out.push_str(&family.lines);
        }
        out + "# EOF\n"
    }

    fn open_family(&mut self, name: &'static str, help: &'static str) -> FamilyWriter<'_> {
        let place = self.families.iter().position(|family| family.name == name).unwrap_or_else(|| {
            self.families.push(MetricFamily { name, help, lines: String::new(), seen: HashSet::new() });
            self.families.len() - 1
        });
        FamilyWriter { family: &mut self.families[place], common: self.common.as_ref() }
    }
}

impl FamilyWriter<'_> {
    fn add_sample<S: AsRef<str>>(&mut self, labels: &[(&'static str, S)], value: f64) {
        let common = self.common.map(|(name, value)| (*name, value.as_str()));
        let labels: Vec<String> = common
            .into_iter()
            .chain(labels.iter().map(|(name, value)| (*name, value.as_ref())))
            .map(|(name, value)| format!("{name}=\"{}\"", escape_label(value)))
            .collect();
        let labels = labels.join(",");
        if !value.is_finite() || !self.family.seen.insert(labels.clone()) {
            return;
        }
        let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
        let line = format!("{}{labels} {value}\n", self.family.name);
        self.family.lines.push_str(&line);
    }
}

fn escape_label(value: &str) -> String {
    sanitize(value, LONGEST_LABEL).replace('\\', "\\\\").replace('"', "\\\"")
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
    page.open_family(
        "arcprobe_run_ready",
        "Whether a cluster can be connected: every required check is met.",
    )
    .add_sample(&scope, bool_value(is_ready));
    let mut family =
        page.open_family("arcprobe_run_verdict", "The verdict of the run, 1 for the one that holds.");
    for known in [Verdict::Ready, Verdict::ReadyWithWarnings, Verdict::Blocked, Verdict::Incomplete] {
        let code = verdict_style(known).code;
        family.add_sample(&[("verdict", code)], bool_value(known == verdict));
    }
    if let Ok(started) = run.started_at.parse::<jiff::Timestamp>() {
        page.open_family(
            "arcprobe_run_start_timestamp_seconds",
            "When the run began, in seconds since 1970.",
        )
        .add_sample(NO_LABELS, started.as_duration().as_secs_f64());
    }
    page.open_family("arcprobe_run_duration_seconds", "How long the run took.")
        .add_sample(NO_LABELS, run.took.as_secs_f64());
    let mut family =
        page.open_family("arcprobe_vantage_measured", "Whether all was measured from the vantage.");
    for vantage in &report.vantages {
        let labels = [("vantage", vantage.id.as_str()), ("kind", vantage.kind.as_str())];
        family.add_sample(&labels, bool_value(vantage.error.is_none()));
    }
    let mut family = page.open_family("arcprobe_findings", "Findings of a severity.");
    for severity in [Severity::Blocking, Severity::Warning, Severity::Info] {
        let count = report.findings.iter().filter(|f| f.severity == severity).count();
        family.add_sample(&[("severity", severity.as_str())], count_value(count));
    }
}

fn add_counts(page: &mut Exposition, tally: &ReportIndex<'_>) {
    let mut family = page.open_family("arcprobe_checks", "Checks by what came of them.");
    for required in [true, false] {
        for status in CheckStatus::ALL {
            let word = status_style(status).code;
            let count = tally.with_status(status).filter(|c| c.planned.required == required).count();
            family.add_sample(&[("required", bool_label(required)), ("verdict", word)], count_value(count));
        }
    }
}

fn add_checks(page: &mut Exposition, report: &Report) {
    let mut family = page
        .open_family("arcprobe_check_met", "Whether the check is met; none where it could not be verified.");
    for check in report.checks.iter().filter(|c| c.verdict != CheckVerdict::Unverified) {
        family.add_sample(
            &check_labels_with(check, "required", bool_label(check.planned.required)),
            bool_value(check.verdict == CheckVerdict::Met),
        );
    }
    let mut family = page.open_family("arcprobe_check_verified", "Whether the check could be verified.");
    for check in &report.checks {
        family.add_sample(&check_labels(check), bool_value(check.verdict != CheckVerdict::Unverified));
    }
    let mut family =
        page.open_family("arcprobe_check_failure", "1 with the word for the failure of an unmet check.");
    for (check, cause) in report.checks.iter().filter_map(|check| Some((check, check.cause?))) {
        family.add_sample(&check_labels_with(check, "cause", cause.word()), 1.0);
    }
    let mut family =
        page.open_family("arcprobe_check_accepted", "1 for an unmet check that is accepted for a time.");
    let unmet = report.checks.iter().filter(|check| check.verdict == CheckVerdict::Unmet);
    for (check, accepted) in unmet.filter_map(|check| Some((check, check.accepted.as_ref()?))) {
        family.add_sample(&check_labels_with(check, "code", &accepted.code), 1.0);
    }
}

fn add_phases(page: &mut Exposition, report: &Report) {
    let mut family = page.open_family(
        "arcprobe_phase_duration_seconds",
        "How long a phase of a check took, at the slowest address.",
    );
    for check in &report.checks {
        for phase in Phase::ALL {
            let steps = deciding_attempts(check).filter_map(|attempt| attempt.step(phase));
            if let Some(slowest) = steps.map(|step| step.took).max() {
                family.add_sample(&check_labels_with(check, "phase", phase.as_str()), slowest.as_secs_f64());
            }
        }
    }
}

fn add_certificates(page: &mut Exposition, report: &Report) {
    let mut family = page.open_family(
        "arcprobe_certificate_expiry_timestamp_seconds",
        "When the first certificate of the presented chain expires, in seconds since 1970.",
    );
    for check in &report.checks {
        if let Some(first) = deciding_attempts(check).filter_map(first_expiry).min() {
            family.add_sample(&check_labels(check), first.as_duration().as_secs_f64());
        }
    }
}

fn first_expiry(attempt: &Attempt) -> Option<jiff::Timestamp> {
    let Detail::Tls(tls) = &attempt.step(Phase::Tls)?.detail else { return None };
    tls.chain.iter().filter_map(|c| c.not_after.as_ref()?.parse().ok()).min()
}

fn add_prerequisites(page: &mut Exposition, report: &Report) {
    let mut family = page.open_family(
        "arcprobe_prerequisite",
        "Whether what is needed besides the network is there, with a warning too; none where it is not known.",
    );
    let known = || report.prerequisites.iter().filter(|item| item.verdict != PrerequisiteVerdict::Unverified);
    for item in known() {
        family.add_sample(&[("id", &item.id)], bool_value(item.verdict != PrerequisiteVerdict::Unmet));
    }
    let mut family = page.open_family(
        "arcprobe_prerequisite_accepted",
        "1 for what is not as it should be, and accepted for a time.",
    );
    for (item, accepted) in known().filter_map(|item| Some((item, accepted_by(item)?))) {
        family.add_sample(&[("id", &item.id), ("code", &accepted.code)], 1.0);
    }
}

/// The end of those that are needed: what is not is no reason to wake anybody.
fn add_waivers(page: &mut Exposition, report: &Report) {
    let mut family = page.open_family("arcprobe_waivers", "Waivers by what came of them.");
    let states = [WaiverState::Used, WaiverState::Expired, WaiverState::Unused];
    for state in states.into_iter().filter(|_| !report.waivers.is_empty()) {
        let (_, word, _) = waiver_style(state);
        let count = report.waivers.iter().filter(|waiver| waiver.state == state).count();
        family.add_sample(&[("state", word)], count_value(count));
    }
    let mut family = page.open_family(
        "arcprobe_waiver_expiry_timestamp_seconds",
        "When a waiver that is needed ends or ended, in seconds since 1970: the end of its last day in UTC.",
    );
    for waiver in report.waivers.iter().filter(|waiver| waiver.state != WaiverState::Unused) {
        let labels = [
            ("code", waiver.code.as_str()),
            ("endpoint", waiver.endpoint.as_str()),
            ("vantage", waiver.vantage.as_deref().unwrap_or_default()),
        ];
        if let Some(end) = waiver_end(&waiver.until) {
            family.add_sample(&labels, end);
        }
    }
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
const NO_LABELS: &[(&str, &str)] = &[];
