//! Which features are on.

use super::ScopeError;
use crate::model::rules::{Cloud, Feature, RuleSet};
use crate::model::scope::Connectivity;

/// The features that are on, in the order of the rules: those asked for with all that they need, or the defaults.
///
/// # Errors
///
/// A feature that was asked for does not exist, or not in this cloud, or not with this connectivity.
pub fn resolve_features(
    asked: &[String],
    cloud: Cloud,
    connectivity: Connectivity,
    rules: &RuleSet,
) -> Result<Vec<String>, ScopeError> {
    let offer = AvailableFeatures { rules, cloud, private_link: connectivity == Connectivity::PrivateLink };
    let words: Vec<&str> =
        asked.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|w| !w.is_empty()).collect();
    let mut on = Vec::new();
    if words.is_empty() || words.contains(&"all") {
        let wanted =
            |feature: &&Feature| offer.is_available(feature) && (feature.default || !words.is_empty());
        on.extend(rules.features.iter().filter(wanted).flat_map(|feature| offer.with_dependencies(feature)));
    }
    for word in words.into_iter().filter(|word| *word != "all") {
        on.extend(offer.select_feature(word)?);
    }
    let in_order = rules.features.iter().map(|feature| feature.id.as_str());
    Ok(in_order.filter(|id| on.contains(id)).map(str::to_owned).collect())
}

/// What can be turned on here.
struct AvailableFeatures<'a> {
    rules: &'a RuleSet,
    cloud: Cloud,
    private_link: bool,
}

impl<'a> AvailableFeatures<'a> {
    fn select_feature(&self, word: &str) -> Result<Vec<&'a str>, ScopeError> {
        let known = || self.rules.features.iter().map(|f| f.id.to_string()).collect();
        let feature = self
            .find_feature(word)
            .ok_or_else(|| ScopeError::UnknownFeature { word: word.to_owned(), known: known() })?;
        let all = self.with_dependencies(feature);
        for id in &all {
            self.check_available(feature, id)?;
        }
        Ok(all)
    }

    /// Whether a feature can be on, `id` being itself or something that it needs.
    fn check_available(&self, feature: &Feature, id: &str) -> Result<(), ScopeError> {
        let Some(part) = self.find_feature(id) else { return Ok(()) };
        let name = feature.id.to_string();
        if !self.is_in_cloud(part) {
            let offered =
                self.rules.features.iter().filter(|f| self.is_available(f)).map(|f| f.id.to_string());
            return Err(ScopeError::FeatureNotInCloud {
                feature: name,
                cloud: self.cloud,
                supported: offered.collect(),
            });
        }
        if self.private_link && part.not_with_private_link {
            return Err(ScopeError::FeatureNotOverPrivateLink { feature: name, needs: id.to_owned() });
        }
        Ok(())
    }

    fn is_available(&self, feature: &Feature) -> bool {
        self.with_dependencies(feature).iter().all(|id| self.is_supported(id))
    }

    fn is_supported(&self, id: &str) -> bool {
        self.find_feature(id)
            .is_none_or(|f| self.is_in_cloud(f) && !(self.private_link && f.not_with_private_link))
    }

    fn is_in_cloud(&self, feature: &Feature) -> bool {
        feature.clouds.is_empty() || feature.clouds.contains(&self.cloud)
    }

    fn find_feature(&self, id: &str) -> Option<&'a Feature> {
        self.rules.features.iter().find(|feature| feature.id.as_str().eq_ignore_ascii_case(id))
    }

    /// The feature and all that it needs; features that need each other are no trouble.
    fn with_dependencies(&self, feature: &'a Feature) -> Vec<&'a str> {
        let mut all = vec![feature.id.as_str()];
        let mut next = 0;
        while let Some(found) = all.get(next).map(|id| self.find_feature(id)) {
            let needs = found.into_iter().flat_map(|f| &f.needs).map(crate::model::rules::Id::as_str);
            let new: Vec<_> = needs.filter(|id| !all.contains(id)).collect();
            all.extend(new);
            next += 1;
        }
        all
    }
}
