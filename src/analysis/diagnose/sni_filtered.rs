//! TCP opens, but TLS to some names breaks off while TLS to others works: perhaps a filter that reads the server name, and
//! certainly where another name is answered at the same address.

use super::prelude::*;
use crate::model::evidence::Purpose;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "sni_filtered", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    if view.checks.iter().any(|c| look::has_established_tls(c)) {
        CheckGroup::from_checks("", view.unexplained_with(look::CUT_OFF))
    } else {
        Vec::new()
    }
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let proof = NameProof::from_group(group);
    let hosts = describe_hosts(group);
    FindingText {
        summary: proof.summary(&hosts),
        subject: hosts,
        explanation: format!(
            "From {} the connection opens, then: {}. It happens to {}, while TLS to other names works. {}",
            describe_vantages(group, scene),
            list_causes(group, 3),
            list_some(&group.hosts(), 5),
            proof.describe()
        ),
        remedy: proof.remedy().into(),
        commands: commands::firewall_rules_then_verify(group, scene, commands::openssl_command),
        confidence: proof.confidence(),
        ..FindingText::default()
    }
}

/// How many checks were tried with another server name at the same address, and how many of these looks were answered.
struct NameProof {
    all: usize,
    tried: usize,
    answered: usize,
}

impl NameProof {
    fn from_group(group: &CheckGroup<'_>) -> Self {
        let looks: Vec<_> =
            group.checks.iter().filter_map(|c| look::is_look_answered(c, Purpose::OtherName)).collect();
        let answered = looks.iter().filter(|answered| **answered).count();
        Self { all: group.checks.len(), tried: looks.len(), answered }
    }

    fn summary(&self, hosts: &str) -> String {
        if self.answered > 0 {
            return format!("A filter that reads the server name cuts off TLS to {hosts}.");
        }
        format!(
            "TLS to {hosts} is cut off, while other names work: perhaps by a filter that reads the server name."
        )
    }

    fn describe(&self) -> String {
        match (self.answered, self.tried) {
            (0, 0) => "No other name was tried at these addresses.".to_owned(),
            (0, _) => {
                "With the server name of another endpoint these addresses do not answer either: the filter may go by \
                 address, or the server may be down."
                    .to_owned()
            }
            (1, 1) => "With the server name of another endpoint the same address answers.".to_owned(),
            (n, all) => {
                format!("With the server name of another endpoint {n} of {all} of these addresses answer.")
            }
        }
    }

    fn remedy(&self) -> &'static str {
        if self.answered > 0 {
            return "Allow these names in the firewall's application or URL rules: opening the addresses is not enough \
                    where the server name of the TLS handshake is read.";
        }
        "Ask who runs the firewall for its log at this time. Allow these names in its application or URL rules, and their \
         addresses where rules go by address."
    }

    /// Front ends may cut off a name that they do not serve, so that silence about another name refutes nothing.
    fn confidence(&self) -> Confidence {
        match self.answered {
            0 if self.tried > 0 => Confidence::Low,
            n if n > 0 && n == self.all => Confidence::High,
            _ => Confidence::Medium,
        }
    }
}
