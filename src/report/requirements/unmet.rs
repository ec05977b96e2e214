//! What a saved report found unmet, as a list. A report may come from anybody: names are checked, other texts are bounded.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::host::Host;
use super::list::{active_features, add_alternative_remarks, caller_vantages, is_private, list_sources};
use super::{Fix, Origin, Requirement, Requirements, sanitize_text};
use crate::analysis::verdict::Alternatives;
use crate::model::report::{Check, CheckVerdict, Report};
use crate::model::rules::{CallerVantage, Endpoint, Inspection, Layer, Need, RuleSet};
use crate::model::vantage::VantageKind;
use crate::model::wording::{format_count, pluralize};

/// Why a report gives no list.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnmetError {
    /// Its host could end up in a configuration.
    #[error(
        "the check \"{check}\" has no usable host: {why}\nright is a name such as management.azure.com or a wildcard such as *.example.com"
    )]
    #[expect(missing_docs, reason = "the message says what they are")]
    Host { check: String, why: String },
    /// No port has this number.
    #[error("the check \"{0}\" has port 0; allowed are 1 to 65535")]
    Port(String),
}

/// What has to be opened after a run, and how many checks are unverified. The rules say of each endpoint what a report does
/// not: whether its TLS may be inspected, and where the fact is from.
///
/// # Errors
///
/// A host or port that cannot be.
pub fn list_unmet(
    report: &Report,
    rules: &RuleSet,
    expand: bool,
) -> Result<(Requirements, usize), UnmetError> {
    let found = ReportWithRules::new(report, rules, expand);
    let alternatives = Alternatives::from_checks(&report.checks);
    let open = || report.checks.iter().filter(|check| !alternatives.has_met(check));
    let unverified = open().filter(|check| check.verdict == CheckVerdict::Unverified).count();
    let unmet = || open().filter(|check| check.verdict == CheckVerdict::Unmet);
    let accepted = unmet().filter(|check| check.accepted.is_some()).count();
    let mut items = found.collect_items(unmet())?;
    add_alternative_remarks(&mut items);
    let features: Vec<_> = report.run.features.iter().take(MAX_ENTRIES).map(|id| sanitize_text(id)).collect();
    let list = Requirements {
        cloud: report.run.cloud,
        region: sanitize_text(&report.run.region),
        connectivity: report.run.connectivity,
        features: active_features(&features, rules),
        layers: report.rules.iter().take(MAX_ENTRIES).map(sanitize_layer).collect(),
        origin: Origin::Report,
        notes: describe_unknown(&items).into_iter().chain(describe_still_listed(accepted)).collect(),
        items,
    };
    Ok((list, unverified))
}

/// Whether these may be inspected only the rules know.
fn describe_unknown(items: &[Requirement]) -> Option<String> {
    let count = items.iter().filter(|item| item.may_be_inspected.is_none()).count();
    (count > 0).then(|| {
        format!("{count} of {} are not in these rules, which then do not tell whether TLS inspection is allowed: give --rules or --rule-set as in the run", items.len())
    })
}

/// A waiver changes what counts, not what the firewall lets through.
fn describe_still_listed(accepted: usize) -> Option<String> {
    let (checks, verb) = (format_count(accepted, "check"), pluralize(accepted, "is", "are"));
    (accepted > 0).then(|| {
        format!("{checks} {verb} accepted by waivers and listed anyway: they stay closed until somebody opens them")
    })
}

/// A report and what today's rules know of its endpoints.
struct ReportWithRules<'a> {
    report: &'a Report,
    rules: &'a RuleSet,
    endpoints: HashMap<&'a str, &'a Endpoint>,
    vantages: HashMap<&'a str, VantageKind>,
    /// Whether the run looked from the workstation alone, which then stood in for pods and nodes.
    is_workstation_only: bool,
    expand: bool,
}

impl<'a> ReportWithRules<'a> {
    fn new(report: &'a Report, rules: &'a RuleSet, expand: bool) -> Self {
        Self {
            report,
            rules,
            endpoints: rules.endpoints.iter().map(|endpoint| (endpoint.id.as_str(), endpoint)).collect(),
            vantages: report.vantages.iter().map(|vantage| (vantage.id.as_str(), vantage.kind)).collect(),
            is_workstation_only: report
                .vantages
                .iter()
                .all(|vantage| vantage.kind == VantageKind::Workstation),
            expand,
        }
    }

    /// One item for each host and port of a requirement; several vantages, and several hosts below a wildcard, share it.
    fn collect_items(&self, checks: impl Iterator<Item = &'a Check>) -> Result<Vec<Requirement>, UnmetError> {
        let mut items: IndexMap<(&str, Host, u16), Requirement> = IndexMap::new();
        for check in checks {
            let host = self.parse_host(check)?;
            let key = (check.planned.endpoint.as_str(), host.clone(), check.planned.port);
            self.add_check(items.entry(key).or_insert_with(|| self.new_item(check, host)), check);
        }
        Ok(items.into_values().collect())
    }

    fn parse_host(&self, check: &Check) -> Result<Host, UnmetError> {
        let id = || sanitize_text(&check.planned.id);
        if check.planned.port == 0 {
            return Err(UnmetError::Port(id()));
        }
        let wildcard =
            check.planned.pattern.as_deref().filter(|_| !self.expand || check.planned.host.is_none());
        let name = wildcard.or(check.planned.host.as_deref()).unwrap_or_default();
        Host::parse(name).map_err(|why| UnmetError::Host { check: id(), why })
    }

    fn new_item(&self, check: &Check, host: Host) -> Requirement {
        let endpoint = self.endpoints.get(check.planned.endpoint.as_str()).copied();
        Requirement {
            id: sanitize_text(&check.planned.endpoint),
            title: sanitize_text(&check.planned.title),
            host,
            port: check.planned.port,
            protocol: check.planned.protocol,
            may_be_inspected: endpoint.map(|e| e.inspection != Inspection::Forbidden),
            need: if check.planned.required { Need::Required } else { Need::Optional },
            why: sanitize_text(&check.planned.why),
            from: if self.is_workstation_only {
                endpoint.map(caller_vantages).unwrap_or_default()
            } else {
                Vec::new()
            },
            callers: check
                .planned
                .callers
                .iter()
                .take(MAX_ENTRIES)
                .map(|caller| sanitize_text(caller))
                .collect(),
            features: check.planned.features.iter().take(MAX_ENTRIES).map(|id| sanitize_text(id)).collect(),
            alternative: check.planned.alternative.as_deref().map(sanitize_text),
            is_private: endpoint.is_some_and(|e| is_private(e, self.report.run.connectivity)),
            sources: endpoint.map(|e| list_sources(e, self.rules)).unwrap_or_default(),
            fixes: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// From where it is unmet, and with which word.
    fn add_check(&self, item: &mut Requirement, check: &Check) {
        let from = self.caller_vantage(check);
        if !item.from.contains(&from) && (item.from.is_empty() || !self.is_workstation_only) {
            item.from.push(from);
        }
        let fix = Fix::for_cause(check.cause);
        if !item.fixes.contains(&fix) {
            item.fixes.push(fix);
        }
        let remark = check.cause.map(|cause| format!("found {cause}"));
        let accepted = check.accepted.as_ref().map(|a| sanitize_text(&format!("accepted until {}", a.until)));
        for text in remark.into_iter().chain(accepted) {
            if !item.remarks.contains(&text) {
                item.remarks.push(text);
            }
        }
    }

    fn caller_vantage(&self, check: &Check) -> CallerVantage {
        match self.vantages.get(check.planned.vantage.as_str()) {
            Some(VantageKind::Pod) => CallerVantage::Pod,
            Some(VantageKind::Node) => CallerVantage::Node,
            Some(VantageKind::Workstation) | None => CallerVantage::Workstation,
        }
    }
}

fn sanitize_layer(layer: &Layer) -> Layer {
    Layer {
        name: sanitize_text(&layer.name),
        revision: sanitize_text(&layer.revision),
        sha256: sanitize_text(&layer.sha256),
    }
}

/// Of callers or features of one check.
const MAX_ENTRIES: usize = 50;
