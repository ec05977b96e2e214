//! Only the workstation was looked from.

use super::prelude::*;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "stands_in", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    CheckGroup::about_run(view.context.is_only_workstation())
}

fn describe_finding(_: &CheckGroup<'_>, _: &RunFacts<'_>) -> FindingText {
    FindingText {
        summary: "Only the network of this machine was looked at; pods and nodes may see another.".into(),
        subject: "vantages".into(),
        explanation: "Everything was checked from this machine, which stands in for the cluster. Pods have the cluster's \
                      DNS and addresses, nodes pull the images: resolvers, proxies and firewall rules can differ."
            .into(),
        consequence: Some("A cluster can still fail to connect although all is met here.".into()),
        remedy: "Look from inside the cluster too. As long as there is none, run arcprobe on a machine in the subnet of \
                 the future nodes, with their DNS server."
            .into(),
        commands: vec!["arcprobe check -l REGION --from workstation,pod,node".into()],
        severity: Some(Severity::Info),
        ..FindingText::default()
    }
}
