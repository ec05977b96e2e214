//! Groups in the order of their first members.

use std::hash::Hash;

use indexmap::IndexMap;

/// The items that share a key, in their order.
pub(super) fn group_by_key<T, K: Eq + Hash>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> IndexMap<K, Vec<T>> {
    let mut groups: IndexMap<K, Vec<T>> = IndexMap::new();
    for item in items {
        groups.entry(key(&item)).or_default().push(item);
    }
    groups
}
