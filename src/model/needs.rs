//! What is needed, by generation of the vendor's requirements. Data, from `rules/prerequisites.yaml`.

use serde::Deserialize;

use super::version::Version;
use crate::model::scope::Connectivity;

/// What is needed, in each generation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// The versions of Kubernetes that the vendor supports.
    pub kubernetes: Support,
    /// The versions of the agents that the vendor supports.
    pub agents: Support,
    /// The oldest first.
    pub generations: Vec<Generation>,
}

impl Needs {
    /// The generation that a rule set belongs to; the last one for rules that are the user's own.
    pub fn generation(&self, rule_set: &str) -> Option<&Generation> {
        let named = self.generations.iter().find(|g| g.rule_sets.iter().any(|name| name == rule_set));
        named.or(self.generations.last())
    }
}

/// The newest minor version that is known to be out, and how many are supported, counted from it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// Such as `1.34`.
    pub newest: Version,
    /// Since when it is out, `YYYY-MM`.
    pub seen: String,
    /// So many minor versions.
    pub supported: u64,
    /// Where it stands.
    pub source: String,
}

impl Support {
    /// The oldest minor version that is supported.
    pub fn floor(&self) -> Version {
        Version::new(self.newest.major, self.newest.minor.saturating_sub(self.supported.saturating_sub(1)), 0)
    }
}

/// What one generation asks for; what it does not state is `None` or empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// What people call it.
    pub name: String,
    /// The rule sets of endpoints that go with it.
    pub rule_sets: Vec<String>,
    /// Architectures of Linux nodes that the agents run on; any where it is empty.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// In megabytes.
    #[serde(default)]
    pub memory_mb: Option<i64>,
    /// In thousandths of a CPU.
    #[serde(default)]
    pub cpu_millis: Option<i64>,
    /// Azure CLI.
    pub az: ProgramNeed,
    /// Its extension.
    pub connectedk8s: ProgramNeed,
    /// Helm.
    #[serde(default)]
    pub helm: Option<ProgramNeed>,
    /// kubectl.
    #[serde(default)]
    pub kubectl: Option<ProgramNeed>,
    /// Providers of the subscription.
    pub providers: Vec<ProviderNeed>,
    /// Pages to read.
    pub sources: Vec<String>,
}

/// A program of the workstation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramNeed {
    /// Whether it has to be there at all.
    pub need: Need,
    /// From this version on.
    #[serde(default)]
    pub oldest: Option<Version>,
    /// And before this one.
    #[serde(default)]
    pub below: Option<Version>,
    /// A later version where something is turned on.
    #[serde(default)]
    pub with: Vec<With>,
    /// What else is to be said.
    #[serde(default)]
    pub note: Option<String>,
}

/// Whether something has to be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It has to.
    Required,
    /// It need not; where it is there, it has to fit.
    Optional,
}

/// A version that something needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct With {
    /// One of these features; empty: whatever is on.
    #[serde(default)]
    pub features: Vec<String>,
    /// One of these ways; empty: any.
    #[serde(default)]
    pub connectivity: Vec<Connectivity>,
    /// From this version on.
    pub oldest: Version,
}

/// A provider of the subscription.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderNeed {
    /// Such as `Microsoft.Kubernetes`.
    pub name: String,
    /// With one of these features; empty: always.
    #[serde(default)]
    pub features: Vec<String>,
    /// With one of these ways; empty: any.
    #[serde(default)]
    pub connectivity: Vec<Connectivity>,
}

/// What is going to be turned on.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The features.
    pub features: &'a [String],
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// The cloud, as az names it.
    pub cloud: &'a str,
}

impl Wanted<'_> {
    /// Whether a need for these features and ways is one of ours.
    pub(crate) fn is_met_by(&self, features: &[String], connectivity: &[Connectivity]) -> bool {
        let has = |feature: &String| self.features.contains(feature);
        (features.is_empty() || features.iter().any(has))
            && (connectivity.is_empty() || connectivity.contains(&self.connectivity))
    }
}
