//! "Did you mean ...?"

/// The candidate that a mistyped word is nearest to, if it is near enough to be meant; else the only one that holds the word.
///
/// One slip in three characters is the measure that Cargo uses; more would suggest words that have nothing to do with the
/// one that was typed.
pub(crate) fn find_nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    let candidates: Vec<_> = candidates.into_iter().collect();
    let allowed = (word.chars().count() / 3).max(1);
    let distance = |candidate: &&str| strsim::osa_distance(&word, &candidate.to_lowercase());
    let near = candidates.iter().copied().filter(|candidate| distance(candidate) <= allowed);
    near.min_by_key(distance).or_else(|| find_only_container(&word, &candidates))
}

fn find_only_container<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let mut holders = candidates.iter().filter(|candidate| candidate.contains(word));
    let first = holders.next().filter(|_| word.len() >= MIN_PART_LEN)?;
    holders.next().is_none().then_some(*first)
}

/// In bytes. Nothing that can be meant is as long, and comparing takes the product of both lengths.
const MAX_WORD_BYTES: usize = 100;

/// `; did you mean "x"?`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    find_nearest(word, candidates).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default()
}

/// Shorter words are part of something by chance.
const MIN_PART_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["core", "cluster-connect", "portal"];
        assert_eq!(find_nearest("cluster-conect", known), Some("cluster-connect"));
        assert_eq!(find_nearest("Core", known), Some("core"));
        assert_eq!(find_nearest("connect", known), Some("cluster-connect"));
        assert_eq!(find_nearest("gitops", known), None);
        assert_eq!(find_nearest(&"core".repeat(1_000_000), known), None);
        assert_eq!(did_you_mean("portl", known), "; did you mean \"portal\"?");
    }
}
