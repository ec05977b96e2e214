//! Chains that are good and that some clients refuse: an intermediate is not sent, or the root is leaving the lists.

use super::prelude::*;
use crate::model::evidence::TlsDetail;

pub(super) const DIAGNOSIS: Diagnosis =
    Diagnosis { id: "clients_may_distrust", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let doubtful = view.checks_where(|c| look::is_met(c) && look::tls_detail(c).is_some_and(is_doubtful));
    CheckGroup::by_key(doubtful, |c| look::tls_detail(c).map(name_certificates).unwrap_or_default())
}

fn is_doubtful(tls: &TlsDetail) -> bool {
    tls.retired_root.is_some() || tls.unlisted_root.is_some() || !tls.completed_with.is_empty()
}

fn name_certificates(tls: &TlsDetail) -> String {
    let names = tls.completed_with.iter().chain(&tls.retired_root).chain(&tls.unlisted_root);
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" and ")
}

/// What some clients lack, why that is no fault of the network, and what to do.
fn describe_doubt(tls: &TlsDetail) -> (&'static str, &'static str, &'static str) {
    if tls.retired_root.is_some() {
        ("the chain ends in", LEAVING, LEAVING_REMEDY)
    } else if tls.unlisted_root.is_some() {
        ("no public list that arcprobe carries has the root", UNLISTED, UNLISTED_REMEDY)
    } else {
        ("the server does not send", OMITTED, OMITTED_REMEDY)
    }
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let first = group.first_check().and_then(look::tls_detail);
    let (what, why, remedy) = first.map(describe_doubt).unwrap_or_default();
    FindingText {
        summary: format!(
            "Some clients may refuse the certificate of {}: {what} {}.",
            describe_hosts(group),
            group.key
        ),
        subject: describe_hosts(group),
        explanation: format!(
            "From {}: {}. {why}",
            describe_vantages(group, scene),
            list_some(&group.hosts(), 5)
        ),
        consequence: Some(
            "Clients without that certificate, such as curl, az and the agents (OpenSSL and Go fetch none), report \
             \"certificate signed by unknown authority\" or \"unable to get local issuer certificate\"."
                .into(),
        ),
        remedy: remedy.into(),
        commands: group.first_check().map(|check| commands::openssl_command(check).into()).into_iter().collect(),
        confidence: Confidence::Medium,
        severity: Some(Severity::Warning),
    }
}

const OMITTED: &str = "The certificate is the service's own: with the public copy of what is missing, its chain leads to a public \
                       root. Neither a firewall nor TLS inspection is at fault.";
const LEAVING: &str = "The certificate is the service's own. Mozilla's list no longer holds this public root (since 2026-04-15), nor \
                       do current lists that follow it, such as those of az (certifi) and most Linux distributions; other lists, \
                       such as Microsoft's, still do.";
const UNLISTED: &str = "This machine or --proxy-cert trusts that root, and the certificate carries entries of public logs, as \
                        public CAs make them: probably a public root that is younger than this version of arcprobe. TLS \
                        inspection that copies those entries looks the same.";
const OMITTED_REMEDY: &str = "Nothing has to be opened. Where a client fails, update the list of CA certificates (ca-certificates) \
                              of the node or image, or add the missing certificate there; report the host to Azure support.";
const LEAVING_REMEDY: &str = "Nothing has to be opened. Where a client fails, check whether the list of CA certificates of the node \
                              or image still holds the root; report the host to Azure support.";
const UNLISTED_REMEDY: &str = "Compare the issuer with what another network shows for the same host. If it is the same, nothing has to \
                               be opened: update the lists of CA certificates of nodes and images, and arcprobe. If it is another \
                               one, ask the proxy team to exempt the host from TLS inspection.";
