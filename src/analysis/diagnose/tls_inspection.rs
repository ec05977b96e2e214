//! Somebody re-signs the connections, and the agents are not told to trust it.

use super::prelude::*;
use crate::model::evidence::{CertificateSummary, TlsDetail, TrustStore, UNNAMED_CA};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls_inspection", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::by_key(view.unexplained_with(&[Cause::TlsIntercepted]), presented_ca)
}

/// The CA that a chain ends in, as far as it was presented.
pub(super) fn presented_ca(check: &Check) -> String {
    look::tls_detail(check).map_or(UNNAMED_CA, TlsDetail::presented_ca).to_owned()
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let first = group.first_check();
    let product =
        first.and_then(look::appliance_name).map(|a| format!(" It looks like {a}.")).unwrap_or_default();
    let is_trusted_here =
        first.and_then(look::tls_detail).is_some_and(|t| t.trusted_by == Some(TrustStore::System));
    let trust =
        if is_trusted_here { " This machine trusts it; agents and container runtimes do not." } else { "" };
    FindingText {
        summary: format!("TLS is inspected: \"{}\" re-signs the connections.", group.key),
        subject: group.key.clone(),
        explanation: format!(
            "From {} the certificates of {} were issued by \"{}\" instead of the service's own, public authority.{trust}{product}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5),
            group.key
        ),
        remedy: format!(
            "Best: exempt these hosts from TLS inspection. Else pass the CA to the agents with --proxy-cert, and install it \
             on every node too: images are pulled by the container runtime, which --proxy-cert does not reach.{}",
            describe_forbidden(scene)
        ),
        commands: exemption_commands(group, scene).into_iter().chain(proxy_cert_commands(group)).collect(),
        ..FindingText::default()
    }
}

/// What to exempt, and how to check the chain: first what has to be exempt, whatever was seen of it, so that the list is complete
/// at the first run.
pub(super) fn exemption_commands(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> Vec<Instruction> {
    let hosts = CheckGroup::new("", forbidden_checks(scene).chain(group.checks.iter().copied()).collect());
    let verify = group.first_check().map(|check| commands::openssl_command(check).into());
    commands::setting_per_host(&hosts, "exempt from TLS inspection").into_iter().chain(verify).collect()
}

/// The endpoints that no CA helps; empty where all tolerate an inspection.
pub(super) fn describe_forbidden(scene: &RunFacts<'_>) -> String {
    let hosts = unique_in_order(forbidden_checks(scene).map(look::pattern_or_host));
    if hosts.is_empty() {
        return String::new();
    }
    format!(" In any case exempt {}: no CA makes TLS inspection work there.", list_some(&hosts, 5))
}

fn forbidden_checks<'a>(scene: &RunFacts<'a>) -> impl Iterator<Item = &'a Check> {
    let all = scene.by_vantage.first().map(|view| view.run_checks).unwrap_or_default();
    all.iter().filter(|check| !check.planned.inspection.is_tolerated())
}

/// How to get the CA, have it compared and pass it on. What is presented is no proof of who presents it.
fn proxy_cert_commands(group: &CheckGroup<'_>) -> Vec<Instruction> {
    let presented: Vec<String> = presented_cas(group).map(CertificateSummary::fingerprint).collect();
    let prints = unique_in_order(presented.iter().map(String::as_str));
    let obtain: Vec<Instruction> = if prints.is_empty() {
        vec![Instruction::Text(
            "ask the owner of the CA for its certificate as PEM, here CA.pem: it was not presented".into(),
        )]
    } else {
        let compare = |print: &&str| {
            Instruction::Text(format!(
                "before use, compare with the owner of the CA: SHA-256 fingerprint {print}"
            ))
        };
        let save = Instruction::from("arcprobe check -l REGION --save-ca CA.pem");
        std::iter::once(save).chain(prints.iter().map(compare)).collect()
    };
    let use_it = [
        "openssl x509 -in CA.pem -noout -subject -fingerprint -sha256",
        "arcprobe check -l REGION --proxy-cert CA.pem",
    ];
    obtain.into_iter().chain(use_it.map(Into::into)).collect()
}

fn presented_cas<'a>(group: &CheckGroup<'a>) -> impl Iterator<Item = &'a CertificateSummary> {
    let chains = group.checks.iter().copied().filter_map(look::tls_detail).map(|tls| &tls.chain);
    chains.flatten().filter(|certificate| certificate.is_ca)
}
