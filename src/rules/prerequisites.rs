//! Reads `rules/prerequisites.yaml`.

use crate::model::prerequisite_rules::PrerequisiteRules;

/// The built-in needs.
///
/// # Errors
/// Never: a test reads them.
pub fn load_builtin() -> Result<PrerequisiteRules, serde_yaml::Error> {
    serde_yaml::from_str(include_str!("../../rules/prerequisites.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::builtin::NAMES;

    #[test]
    fn each_rule_set_has_one_generation() {
        let needs = load_builtin().unwrap();
        for name in NAMES {
            let with = needs.generations.iter().filter(|g| g.rule_sets.iter().any(|set| set == name));
            assert_eq!(with.count(), 1, "{name}");
        }
        assert!(needs.generations.iter().all(|g| !g.sources.is_empty() && !g.providers.is_empty()));
    }
}
