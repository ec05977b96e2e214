//! What is needed, by generation of the vendor's requirements. Data, from `rules/prerequisites.yaml`.

use serde::Deserialize;

use super::version::Version;
use crate::model::scope::Connectivity;

/// What is needed, in each generation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrerequisiteRules {
    /// From this day on the versions are old, `YYYY-MM-DD`: what is said of them may no longer hold.
    pub old_from: String,
    /// The versions of Kubernetes that the vendor supports.
    pub kubernetes: SupportedVersions,
    /// The versions of the agents that the vendor supports.
    pub agents: SupportedVersions,
    /// The oldest first.
    pub generations: Vec<Generation>,
}

impl PrerequisiteRules {
    /// The generation that a rule set belongs to; the last one for rules that are the user's own.
    pub fn generation_for(&self, rule_set: &str) -> Option<&Generation> {
        let named = self.generations.iter().find(|g| g.rule_sets.iter().any(|name| name == rule_set));
        named.or(self.generations.last())
    }
}

/// The newest minor version that is known to be out, and how many are supported, counted from it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportedVersions {
    /// Such as `1.34`.
    pub newest: Version,
    /// Since when it is out, `YYYY-MM`.
    pub seen: String,
    /// So many minor versions.
    pub supported: u64,
    /// Where it stands.
    pub source: String,
}

impl SupportedVersions {
    /// The oldest minor version that is supported.
    pub fn oldest_supported(&self) -> Version {
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
    pub az: ProgramRequirement,
    /// Its extension.
    pub connectedk8s: ProgramRequirement,
    /// Helm.
    #[serde(default)]
    pub helm: Option<ProgramRequirement>,
    /// kubectl.
    #[serde(default)]
    pub kubectl: Option<ProgramRequirement>,
    /// Providers of the subscription.
    pub providers: Vec<ProviderRequirement>,
    /// Pages to read.
    pub sources: Vec<String>,
}

/// A program of the workstation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramRequirement {
    /// Whether it has to be there at all.
    pub need: Need,
    /// From this version on.
    #[serde(default)]
    pub oldest: Option<Version>,
    /// And before this one.
    #[serde(default)]
    pub below: Option<Version>,
    /// Versions in between that are known not to work.
    #[serde(default)]
    pub broken: Vec<BrokenVersions>,
    /// A later version where something is turned on.
    #[serde(default)]
    pub with: Vec<ConditionalVersion>,
    /// What else is to be said.
    #[serde(default)]
    pub note: Option<String>,
}

/// Versions that are known not to work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokenVersions {
    /// The first one.
    pub from: Version,
    /// The first one that works again; none does where it is absent.
    #[serde(default)]
    pub fixed: Option<Version>,
    /// In these clouds, as az names them; empty: in all.
    #[serde(default)]
    pub clouds: Vec<String>,
    /// Only with a version of connectedk8s before this one.
    #[serde(default)]
    pub before_connectedk8s: Option<Version>,
    /// What goes wrong, after "the version X".
    pub why: String,
    /// Where it stands.
    pub source: String,
}

impl BrokenVersions {
    /// Whether a version is one of them in a cloud, next to an extension of az.
    pub fn includes(&self, version: Version, cloud: &str, connectedk8s: Option<Version>) -> bool {
        let is_in = version >= self.from && self.fixed.is_none_or(|fixed| version < fixed);
        let is_here = self.clouds.is_empty() || self.clouds.iter().any(|c| c.eq_ignore_ascii_case(cloud));
        let is_beside = self.before_connectedk8s.is_none_or(|least| connectedk8s.is_some_and(|v| v < least));
        is_in && is_here && is_beside
    }
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
pub struct ConditionalVersion {
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
pub struct ProviderRequirement {
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
pub struct OnboardingTarget<'a> {
    /// The features.
    pub features: &'a [String],
    /// How the cluster reaches Azure.
    pub connectivity: Connectivity,
    /// The cloud, as az names it.
    pub cloud: &'a str,
}

impl OnboardingTarget<'_> {
    /// Whether a need for these features and ways is one of ours.
    pub(crate) fn matches_condition(&self, features: &[String], connectivity: &[Connectivity]) -> bool {
        let has = |feature: &String| self.features.contains(feature);
        (features.is_empty() || features.iter().any(has))
            && (connectivity.is_empty() || connectivity.contains(&self.connectivity))
    }
}
