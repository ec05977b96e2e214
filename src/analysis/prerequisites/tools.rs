//! The prerequisites that the programs of a workstation show.

use super::{ItemOutcome, PrerequisiteInput};
use crate::model::prerequisite_facts::{Program, Provider, WorkstationTools};
use crate::model::prerequisite_rules::{BrokenVersions, Need, ProgramRequirement};
use crate::model::version::Version;

/// All of them.
pub(super) fn judge_workstation(tools: &WorkstationTools, known: &PrerequisiteInput<'_>) -> Vec<ItemOutcome> {
    let generation = known.generation;
    let az = ProgramItem { id: "az", title: "Azure CLI", fault: "arc_az" };
    let extension =
        ProgramItem { id: "connectedk8s", title: "extension connectedk8s", fault: "arc_az_extension" };
    let helm = ProgramItem { id: "helm", title: "Helm", fault: "arc_helm" };
    let kubectl = ProgramItem { id: "kubectl", title: "kubectl", fault: "arc_helm" };
    let mut outcomes = vec![judge_program(&az, &tools.az, &generation.az, known)];
    outcomes.push(match (&tools.az.version, &tools.az.why) {
        // one cause is enough
        (None, Some(_)) => ItemOutcome::new(extension.id, extension.title, "az, to report it")
            .unverified("az does not report it"),
        _ => judge_program(&extension, &tools.connectedk8s, &generation.connectedk8s, known),
    });
    outcomes.extend(generation.helm.as_ref().map(|need| judge_program(&helm, &tools.helm, need, known)));
    outcomes
        .extend(generation.kubectl.as_ref().map(|need| judge_program(&kubectl, &tools.kubectl, need, known)));
    outcomes.extend(tools.login.as_ref().map(|login| judge_login(login, known)));
    outcomes.push(judge_providers(tools, known));
    outcomes
}

/// How an item about a program is called.
struct ProgramItem {
    id: &'static str,
    title: &'static str,
    fault: &'static str,
}

/// Programs are judged as warnings: the one that connects the cluster may be on another machine.
fn judge_program(
    named: &ProgramItem,
    found: &Program,
    need: &ProgramRequirement,
    known: &PrerequisiteInput<'_>,
) -> ItemOutcome {
    let later = need.with.iter().filter(|w| known.wanted.matches_condition(&w.features, &w.connectivity));
    let oldest = later.map(|w| w.oldest).chain(need.oldest).max();
    let note = need.note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
    let wanted = match (need.need, oldest, need.below) {
        (_, Some(oldest), Some(below)) => format!("{oldest} or newer, below {below}{note}"),
        (_, Some(oldest), None) => format!("{oldest} or newer{note}"),
        (Need::Required, None, _) => format!("the latest, which is not judged{note}"),
        (Need::Optional, None, _) => format!("not needed{note}"),
    };
    let item = ItemOutcome::new(named.id, named.title, wanted);
    let Some(installed) = &found.version else {
        let why = found.why.clone().unwrap_or_else(|| "its version is not known".into());
        return match need.need {
            Need::Required if !found.is_missing => item.unverified(why),
            Need::Required => item.warning(why, named.fault),
            Need::Optional => item.met("not needed"),
        };
    };
    let Some(version) = Version::parse(installed) else {
        return item.unverified(format!("{installed} is no version that is understood"));
    };
    if oldest.is_some_and(|o| version < o) || need.below.is_some_and(|b| version >= b) {
        return item.warning(installed, named.fault);
    }
    match find_broken(version, need, known) {
        Some(broken) => {
            item.warning(format!("{installed}, which {} ({})", broken.why, broken.source), named.fault)
        }
        None => item.met(installed),
    }
}

/// What is known to be wrong with a version, here.
fn find_broken<'a>(
    version: Version,
    need: &'a ProgramRequirement,
    known: &PrerequisiteInput<'_>,
) -> Option<&'a BrokenVersions> {
    let tools = known.facts.tools.as_ref();
    let extension = tools.and_then(|t| Version::parse(t.connectedk8s.version.as_deref()?));
    need.broken.iter().find(|broken| broken.includes(version, known.wanted.cloud, extension))
}

fn judge_login(login: &Result<String, String>, known: &PrerequisiteInput<'_>) -> ItemOutcome {
    let item = ItemOutcome::new("login", "az login", format!("to {}", known.wanted.cloud));
    match login {
        Ok(cloud) if cloud.eq_ignore_ascii_case(known.wanted.cloud) => item.met(format!("to {cloud}")),
        Ok(cloud) => item.warning(format!("to {cloud}"), "arc_az_cloud"),
        Err(why) => item.unverified(why),
    }
}

fn judge_providers(tools: &WorkstationTools, known: &PrerequisiteInput<'_>) -> ItemOutcome {
    let needs = known.generation.providers.iter();
    let needed: Vec<_> = needs
        .filter(|p| known.wanted.matches_condition(&p.features, &p.connectivity))
        .map(|p| p.name.as_str())
        .collect();
    let item =
        ItemOutcome::new("providers", "resource providers", format!("{} registered", needed.join(", ")));
    let state = |name: &&str| tools.providers.iter().find(|p| p.name.eq_ignore_ascii_case(name));
    let reported: Vec<_> = needed.iter().filter_map(state).collect();
    let is = |p: &Provider, states: &[&str]| {
        p.state.as_deref().is_some_and(|s| states.iter().any(|state| state.eq_ignore_ascii_case(s)))
    };
    let bad: Vec<_> =
        reported.iter().filter(|p| is(p, &["NotRegistered", "Unregistered", "Unregistering"])).collect();
    if !bad.is_empty() {
        let found = bad.iter().map(|p| format!("{} is {}", p.name, p.state.as_deref().unwrap_or_default()));
        let register = |p: &&&Provider| format!("az provider register --namespace {}", p.name).into();
        let commands = bad.iter().map(register).collect();
        let found = found.collect::<Vec<_>>().join("; ");
        return ItemOutcome { commands, ..item.unmet(found, "arc_provider") };
    }
    if reported.iter().filter(|p| is(p, &["Registered", "Registering"])).count() == needed.len() {
        return item.met("each is registered, or about to be");
    }
    let odd = |p: &&Provider| match (&p.why, &p.state) {
        (Some(why), _) => Some(why.clone()),
        (None, Some(state)) if !is(p, &["Registered", "Registering"]) => {
            Some(format!("{} is {state}", p.name))
        }
        _ => None,
    };
    let not_asked = || match (&tools.az.why, &tools.login) {
        (Some(why), _) | (None, Some(Err(why))) => why.clone(),
        _ => "Azure was not asked".to_owned(),
    };
    item.unverified(reported.iter().find_map(odd).unwrap_or_else(not_asked))
}
