//! The file of `--proxy-cert` is not what the agents need: no authority, out of its time, or another than the one that signs.

use super::prelude::*;
use crate::model::evidence::{CertificateSummary, TrustStore};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_cert_unfit", group_checks, describe_finding };

/// About the run: one finding, however many vantages there are.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::about_run(!find_problems(view.context, view.run_checks).is_empty())
}

fn find_problems(context: &Context<'_>, checks: &[Check]) -> Vec<String> {
    let each =
        context.proxy_cert.iter().flat_map(|certificate| certificate_problems(certificate, context.now));
    each.chain(other_authority_problem(context, checks)).collect()
}

fn certificate_problems(certificate: &CertificateSummary, now: Option<jiff::Timestamp>) -> Vec<String> {
    let name = &certificate.subject;
    let mut problems = Vec::new();
    if !certificate.is_ca {
        problems.push(format!(
            "\"{name}\" is no authority but the certificate of a server; what is needed signs others"
        ));
    }
    let time = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<jiff::Timestamp>().ok());
    let (from, until) = (time(&certificate.not_before), time(&certificate.not_after));
    if let Some((until, _)) = until.zip(now).filter(|(until, now)| until < now) {
        problems.push(format!("\"{name}\" has expired ({until})"));
    }
    if let Some((from, _)) = from.zip(now).filter(|(from, now)| from > now) {
        problems.push(format!("\"{name}\" is not valid yet (from {from})"));
    }
    problems
}

/// Somebody re-signs, and nothing in the file leads to him.
fn other_authority_problem(context: &Context<'_>, checks: &[Check]) -> Option<String> {
    if context.proxy_cert.is_empty() {
        return None;
    }
    let intercepted = checks.iter().filter(|c| c.cause == Some(Cause::TlsIntercepted));
    let tls = intercepted.filter_map(look::tls_detail).filter(|t| t.trusted_by != Some(TrustStore::Given));
    let authorities = unique_in_order(tls.filter_map(|t| t.authority.as_deref()));
    let names: Vec<_> = context.proxy_cert.iter().map(|c| c.subject.as_str()).collect();
    (!authorities.is_empty()).then(|| {
        let signers: Vec<_> = authorities.iter().map(|a| format!("\"{a}\"")).collect();
        let given: Vec<_> = names.iter().map(|n| format!("\"{n}\"")).collect();
        format!("{} signs here, and the file holds {}", list_some(&signers, 2), list_some(&given, 2))
    })
}

fn describe_finding(_: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let everywhere = scene.by_vantage.first().map(|v| v.run_checks).unwrap_or_default();
    let problems = find_problems(scene.context, everywhere);
    FindingText {
        summary: "The file of --proxy-cert does not make the agents trust what they meet.".into(),
        subject: "--proxy-cert".into(),
        explanation: format!("Looked at: {}.", problems.join("; ")),
        consequence: Some(
            "Given to `az connectedk8s connect`, it leaves the agents with \"certificate signed by unknown authority\"."
                .into(),
        ),
        remedy: "Give the certificate of the authority that signs for the inspecting proxy, as PEM; what is presented here \
                 can be saved, to be compared with what the proxy's owners publish."
            .into(),
        commands: vec![
            "arcprobe check -l REGION --save-ca CA.pem".into(),
            "openssl x509 -in CA.pem -noout -subject -issuer -dates -ext basicConstraints".into(),
        ],
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}
