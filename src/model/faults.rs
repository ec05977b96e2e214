//! What can be wrong with a connected cluster: words, remedies, and the signs that logs and events give. Data, from
//! `rules/faults`; what only the state of objects shows is found by code and reported in the words of the same file.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::command::Command;
use crate::model::finding::Severity;
use crate::model::shown_text::ShownText;
use crate::model::signature::{Signature, Word};
use crate::model::vantage::VantageKind;
use crate::model::wording::put_value;
use crate::model::words::words;

/// A link of the chain from an API server to a cluster that Azure calls connected, in the order of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The API server answers, and what is needed may be read.
    Api,
    /// Linux nodes that are ready and have room.
    Nodes,
    /// The release, its namespaces and its settings.
    Release,
    /// Pods are admitted.
    Admission,
    /// Images are pulled and containers start.
    Images,
    /// The cluster's DNS, for names inside and outside.
    Dns,
    /// The identity certificate.
    Identity,
    /// Tokens for the agents.
    Tokens,
    /// The data plane: configuration and heartbeat.
    DataPlane,
    /// Cluster connect: notifications and the relay.
    Connect,
    /// Extensions and `GitOps`.
    Extensions,
    /// Version and size of the cluster, as Azure shows them.
    Metadata,
}

words!(Stage::title {
    Api = "API server", Nodes = "nodes", Release = "release", Admission = "admission", Images = "images",
    Dns = "cluster DNS", Identity = "identity", Tokens = "tokens", DataPlane = "data plane",
    Connect = "cluster connect", Extensions = "extensions", Metadata = "metadata",
});

impl Stage {
    /// The stages that it cannot do without, each with what these need.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Api => &[],
            Self::Nodes | Self::Release => &[Self::Api],
            Self::Admission => &[Self::Release],
            Self::Images => &[Self::Nodes, Self::Admission],
            Self::Dns => &[Self::Nodes],
            Self::Identity => &[Self::Images, Self::Dns],
            Self::Tokens => &[Self::Identity],
            Self::DataPlane | Self::Connect | Self::Metadata => &[Self::Tokens],
            Self::Extensions => &[Self::DataPlane],
        }
    }

    /// Whether it needs another stage, or something that needs it.
    pub fn depends_on(self, other: Self) -> bool {
        self.needs().iter().any(|&needed| needed == other || needed.depends_on(other))
    }

    /// The agents that it is made of; none where it concerns all of them.
    pub fn agents(self) -> &'static [&'static str] {
        match self {
            Self::Identity | Self::Tokens => &["clusteridentityoperator"],
            Self::DataPlane => &["config-agent"],
            Self::Connect => &["clusterconnect-agent", "kube-aad-proxy"],
            Self::Extensions => &[
                "extension-manager",
                "extension-events-collector",
                "controller-manager",
                "flux-logs-agent",
                "fluxconfig-agent",
                "fluxconfig-controller",
            ],
            Self::Metadata => &["cluster-metadata-operator", "metrics-agent", "resource-sync-agent"],
            _ => &[],
        }
    }

    /// Whether it is about pods that come up, each for itself.
    pub fn is_of_pods(self) -> bool {
        matches!(self, Self::Nodes | Self::Admission | Self::Images)
    }

    /// Its endpoints, by the ids of the rules without the cloud, and from where they are called.
    pub fn required_endpoints(self) -> (&'static [&'static str], Option<VantageKind>) {
        match self {
            Self::Images => (&["mcr", "mcr-data"], Some(VantageKind::Node)),
            Self::Identity => (&["his-global", "his-regional"], Some(VantageKind::Pod)),
            Self::Tokens => (&["aad", "aad-regional", "his-token"], Some(VantageKind::Pod)),
            Self::DataPlane => (&["arm", "config-dp"], Some(VantageKind::Pod)),
            Self::Connect => (&["gns", "gns-wild", "sts", "relay"], Some(VantageKind::Pod)),
            _ => (&[], None),
        }
    }
}

/// Everything that is known to go wrong.
#[derive(Clone, Debug, Default)]
pub struct FaultCatalogue {
    /// The more telling first, within a link.
    pub faults: Vec<Fault>,
    /// What their commands take away.
    pub deletions: Vec<Deletion>,
    /// What their signatures share.
    pub words: Vec<Word>,
}

/// What is lost with a command that deletes.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    /// The words that it is recognised by.
    pub command: String,
    /// What goes with it, in a sentence.
    pub loses: String,
    /// What shows that, and deletes nothing.
    pub first: Vec<Command>,
}

/// Something that can be wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Names the page of `arcprobe explain`.
    pub id: String,
    /// The link that breaks.
    pub link: Stage,
    /// Later links that it breaks too, where the first is whole from a better time.
    #[serde(default)]
    pub also: Vec<Stage>,
    /// What it means for the cluster.
    #[serde(default = "default_severity")]
    pub severity: Severity,
    /// One sentence, without a full stop: what is wrong.
    pub title: String,
    /// What happens behind it.
    pub means: String,
    /// What a user sees in Azure; of most faults the same.
    #[serde(default = "stays_connecting")]
    pub azure: String,
    /// How to see it by hand.
    #[serde(default)]
    pub verify: Vec<Command>,
    /// Who usually has to act.
    pub who: String,
    /// What to do, in words.
    pub remedy: String,
    /// Ready to paste.
    #[serde(default)]
    pub commands: Vec<Command>,
    /// The error codes of the vendor's own tools for the same.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Pages to read.
    pub sources: Vec<String>,
    /// What shows it in logs, events and the states of containers.
    #[serde(default)]
    pub signs: Vec<Signature>,
}

fn stays_connecting() -> String {
    Fault::STAYS_CONNECTING.to_owned()
}

fn default_severity() -> Severity {
    Severity::Blocking
}

impl FaultCatalogue {
    /// What is known under an id.
    pub fn find_fault(&self, id: &str) -> Option<&Fault> {
        self.faults.iter().find(|entry| entry.id == id)
    }

    /// The fault that a text shows: of all that fit, the first one counts.
    pub fn recognize(&self, shown: &ShownText<'_>) -> Option<(&Fault, &Signature)> {
        let signs = self.faults.iter().flat_map(|fault| fault.signs.iter().map(move |sign| (fault, sign)));
        signs.filter(|(_, sign)| sign.times == 1).find(|(_, sign)| sign.fits(shown))
    }

    /// Whether a text is this signature's own: it fits, and none that is more telling does. What only counts lines takes any.
    pub fn is_claimed_by(&self, sign: &Signature, shown: &ShownText<'_>) -> bool {
        let is_first = || self.recognize(shown).is_some_and(|(_, first)| std::ptr::eq(first, sign));
        sign.fits(shown) && (sign.times > 1 || is_first())
    }
}

impl Fault {
    /// With what a text named in its words and commands; a host that none named is called so.
    #[must_use]
    pub fn with_values(&self, values: &[(String, String)]) -> Self {
        let mut filled = self.clone();
        for (name, value) in values {
            filled.commands.iter_mut().for_each(|command| command.put_value(name, value));
        }
        let unnamed = [("HOST".to_owned(), "the host".to_owned())];
        for (name, value) in values.iter().chain(&unnamed) {
            for text in [&mut filled.title, &mut filled.means, &mut filled.remedy] {
                *text = put_value(text, name, value);
            }
        }
        filled
    }

    /// What keeps a cluster from being connected looks like this; one that was connected goes Offline instead.
    pub const STAYS_CONNECTING: &str =
        "`az connectedk8s connect` waits until its time-out, and the cluster stays Connecting.";

    /// The page of `arcprobe explain`, laid out as the others are.
    pub fn render_page(&self) -> String {
        let mut page = format!("# {}: {}\n", self.id, self.title);
        let mut section = |title: &str, text: &str| {
            // writing into a String cannot fail
            let _ = write!(page, "\n## {title}\n{}\n", text.trim_end());
        };
        section("What it means", &wrap_lines(&self.means));
        section("How it looks in Azure", &wrap_lines(&self.azure));
        let line = |command: &Command| ["    ".to_owned(), command.to_string(), "\n".to_owned()];
        let commands = |all: &[Command]| all.iter().flat_map(line).collect::<String>();
        if !self.verify.is_empty() {
            section("Verify by hand", &commands(&self.verify));
        }
        section("Who has to act", &wrap_lines(&self.who));
        section("Remedy", &(wrap_lines(&self.remedy) + "\n" + &commands(&self.commands)));
        if !self.codes.is_empty() {
            section("Codes of other tools", &wrap_lines(&self.codes.join(", ")));
        }
        section("Sources", &self.sources.iter().flat_map(|s| ["- ", s, "\n"]).collect::<String>());
        page
    }
}

/// In lines of at most 95 characters, as the other pages have them.
fn wrap_lines(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().map(|l| (l.chars().count(), l));
        match last {
            Some((0, line)) => line.push_str(word),
            Some((length, line)) if length + 1 + word.chars().count() <= 95 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
