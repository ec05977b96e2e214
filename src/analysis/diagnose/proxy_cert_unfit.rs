//! The file of `--proxy-cert` is not what the agents need: no authority, out of its time, or another than the one that signs.

use super::prelude::*;
use crate::model::evidence::{CertificateFileFlaw, CertificateSummary, TrustStore};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_cert_unfit", group_checks, describe_finding };

/// About the run: one finding, however many vantages there are.
fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::about_run(!find_problems(view.context, view.run_checks).is_empty())
}

fn find_problems(context: &Context<'_>, checks: &[Check]) -> Vec<String> {
    let each =
        context.proxy_cert.iter().flat_map(|certificate| certificate_problems(certificate, context.now));
    let flaws = context.proxy_cert_flaws.iter().map(|&flaw| describe_flaw(flaw).0.to_owned());
    flaws
        .chain(each)
        .chain(missing_root_problem(context.proxy_cert))
        .chain(other_authority_problem(context, checks))
        .collect()
}

/// What the file's form does to those who read it, and the command that converts it.
fn describe_flaw(flaw: CertificateFileFlaw) -> (&'static str, &'static str) {
    match flaw {
        CertificateFileFlaw::Der => (
            "it is in DER, and az passes it on unread to agents that read PEM only",
            "openssl x509 -inform der -in CA.cer -out CA.pem",
        ),
        CertificateFileFlaw::ByteOrderMark => (
            "it begins with a byte order mark, behind which OpenSSL and Go do not find its first certificate",
            "sed -i '1s/^\\xEF\\xBB\\xBF//' CA.pem",
        ),
        CertificateFileFlaw::Utf16 => (
            "it is in UTF-16, which neither az nor the agents read",
            "iconv -f UTF-16 -t UTF-8 CA.txt -o CA.pem",
        ),
        CertificateFileFlaw::Indented => (
            "its lines begin with blanks, so that OpenSSL and Go find no certificate in it",
            "sed -i 's/^[[:space:]]*//' CA.pem",
        ),
        CertificateFileFlaw::JoinedBlocks => (
            "a certificate begins in the line in which another one ends, so that other programs read neither",
            "sed -i 's/----------BEGIN/-----\\n-----BEGIN/' CA.pem",
        ),
        CertificateFileFlaw::PrivateKey => (
            "it also holds a private key, which az would store in the cluster",
            "openssl crl2pkcs7 -nocrl -certfile CA.pem | openssl pkcs7 -print_certs -out CA-only.pem",
        ),
    }
}

/// Go takes any CA in the file for a root; OpenSSL, which az and curl use, wants the chain to end in one that signed itself.
fn missing_root_problem(file: &[CertificateSummary]) -> Option<String> {
    let highest = file.last().filter(|last| last.is_ca && !file.iter().any(|c| c.subject == c.issuer))?;
    Some(format!(
        "the root is missing: \"{}\" was issued by \"{}\", and az and curl accept a chain only up to its root",
        highest.subject, highest.issuer
    ))
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
    let conversions = scene.context.proxy_cert_flaws.iter().map(|&flaw| describe_flaw(flaw).1);
    FindingText {
        summary: "The file of --proxy-cert is not what az and the agents need.".into(),
        subject: "--proxy-cert".into(),
        explanation: format!("The file has these problems: {}.", problems.join("; ")),
        consequence: Some(
            "Passed to `az connectedk8s connect`, it leaves the agents with \"certificate signed by unknown authority\"."
                .into(),
        ),
        remedy: "Pass the certificate of the CA that signs for the inspecting proxy, as PEM. What is presented here can be \
                 saved, to be compared with what the proxy's owners publish."
            .into(),
        commands: conversions
            .chain([
                "arcprobe check -l REGION --save-ca PRESENTED.pem",
                "openssl x509 -in PRESENTED.pem -noout -subject -issuer -dates -ext basicConstraints",
            ])
            .map(Into::into)
            .collect(),
        severity: Some(Severity::Warning),
        ..FindingText::default()
    }
}
