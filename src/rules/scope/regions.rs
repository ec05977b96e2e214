//! Which region is meant, also one that Azure opened after the rules were written.

use super::ScopeError;
use crate::model::rules::{Cloud, Id, Region, RuleSet};
use crate::rules::suggest::find_nearest;

/// The region that a name or display name stands for. One that the rules do not have is taken at its word if it looks like a
/// region and like no slip in the name of a known one: hosts are made of its name, and Azure says the rest.
///
/// # Errors
///
/// It is no region, one of another cloud, or known to be without Arc.
pub fn resolve_region(location: &str, cloud: Cloud, rules: &RuleSet) -> Result<Region, ScopeError> {
    let name = normalize_name(location);
    let matching =
        || rules.regions.iter().filter(|r| r.name.as_str() == name || normalize_name(&r.title) == name);
    if let Some(region) = matching().find(|r| r.cloud == cloud).or_else(|| matching().next()) {
        return check_region(region, cloud, rules).cloned();
    }
    if !looks_like_region(location) || find_slip(&name, cloud, rules).is_some() {
        return Err(unknown_region(location, cloud, rules));
    }
    match (cloud_of_name(&name), name.parse()) {
        (home, _) if home != cloud => Err(ScopeError::RegionOfOtherCloud { region: name, cloud: home }),
        (_, Ok(id)) => Ok(unlisted_region(id, location, cloud)),
        (_, Err(_)) => Err(unknown_region(location, cloud, rules)),
    }
}

fn check_region<'a>(region: &'a Region, cloud: Cloud, rules: &RuleSet) -> Result<&'a Region, ScopeError> {
    let name = region.name.to_string();
    if region.cloud != cloud {
        return Err(ScopeError::RegionOfOtherCloud { region: name, cloud: region.cloud });
    }
    if region.arc == Some(false) {
        let supported = supported_regions(cloud, rules);
        return Err(ScopeError::RegionWithoutArc { region: name, cloud, supported });
    }
    Ok(region)
}

fn unlisted_region(name: Id, title: &str, cloud: Cloud) -> Region {
    let title = title.trim().to_owned();
    Region {
        name,
        title,
        cloud,
        his_code: None,
        his_code_basis: None,
        geography: None,
        arc: None,
        note: None,
    }
}

/// Names of Azure's regions are a place and a direction, without hyphens (`mexicocentral`, `eastus3`, `usgoviowa`). A name
/// such as `us-east-1` or `europewest3` is one of another vendor.
fn looks_like_region(typed: &str) -> bool {
    let name = normalize_name(typed);
    let is_plain = typed.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
    let place = DIRECTIONS
        .iter()
        .fold(name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(), |rest, word| {
            rest.replace(word, "")
        });
    let has_direction = DIRECTIONS.iter().any(|word| name.contains(word)) || name.starts_with("usgov");
    let is_foreign = FOREIGN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_plain && has_direction && !is_foreign && place.len() >= 2 && (6..=30).contains(&name.len())
}

/// Regions of the Government and China clouds begin with a word of their own.
fn cloud_of_name(name: &str) -> Cloud {
    if name.starts_with("usgov") || name.starts_with("usdod") {
        Cloud::AzureUSGovernment
    } else if name.starts_with("china") {
        Cloud::AzureChinaCloud
    } else {
        Cloud::AzureCloud
    }
}

/// The known region whose name or title is one slip away. A different number is a region of its own (`eastus3`).
fn find_slip<'a>(name: &str, cloud: Cloud, rules: &'a RuleSet) -> Option<&'a str> {
    let is_slip =
        |known: &str| strsim::osa_distance(name, known) == 1 && without_digits(name) != without_digits(known);
    let here = rules.regions.iter().filter(|region| region.cloud == cloud);
    let mut near =
        here.filter(|region| is_slip(region.name.as_str()) || is_slip(&normalize_name(&region.title)));
    near.next().map(|region| region.name.as_str())
}

fn without_digits(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn unknown_region(location: &str, cloud: Cloud, rules: &RuleSet) -> ScopeError {
    let here = || rules.regions.iter().filter(|region| region.cloud == cloud);
    let name = normalize_name(location);
    let guess =
        find_slip(&name, cloud, rules).or_else(|| find_nearest(&name, here().map(|r| r.name.as_str())));
    let known = here().map(|region| region.name.to_string()).collect();
    let guess = guess.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
    ScopeError::UnknownRegion { word: location.to_owned(), guess, cloud, known }
}

fn supported_regions(cloud: Cloud, rules: &RuleSet) -> Vec<String> {
    let fits = |region: &&Region| region.cloud == cloud && region.arc == Some(true);
    rules.regions.iter().filter(fits).map(|region| region.name.to_string()).collect()
}

/// Lower case, letters and digits only: `East US 2` and `eastus2` are the same.
fn normalize_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

const DIRECTIONS: [&str; 5] = ["north", "south", "east", "west", "central"];

/// A place before the direction, as other vendors order their names; Azure has `eastus`, and `uksouth` for a country.
const FOREIGN_PREFIXES: [&str; 12] = [
    "useast",
    "uswest",
    "uscentral",
    "ussouth",
    "usnorth",
    "europe",
    "eueast",
    "euwest",
    "eucentral",
    "eunorth",
    "eusouth",
    "asia",
];
