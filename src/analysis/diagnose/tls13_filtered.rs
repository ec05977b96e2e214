//! TCP opens and TLS is cut off, unless it is offered without TLS 1.3.

use super::prelude::*;
use crate::model::evidence::Purpose;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "tls13_filtered", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    let mut checks = view.unexplained_with(look::CUT_OFF);
    checks.retain(|c| look::is_look_answered(c, Purpose::OlderVersion) == Some(true));
    CheckGroup::from_checks("", checks)
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: format!("A device on the path cuts off TLS 1.3 to {}; TLS 1.2 passes.", describe_hosts(group)),
        subject: describe_hosts(group),
        explanation: format!(
            "From {} the connection opens, then: {}. The same handshake without TLS 1.3 is answered at once: {}.",
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 5)
        ),
        remedy: "Update the firewall or inspection device so that it lets TLS 1.3 pass, or exempt these hosts from its \
                 inspection."
            .into(),
        commands: commands::settings_then_verify(group, "exempt from TLS inspection", compare_versions_command),
        ..FindingText::default()
    }
}

fn compare_versions_command(check: &Check) -> String {
    format!("{} # add -tls1_2 and compare", commands::openssl_command(check))
}
