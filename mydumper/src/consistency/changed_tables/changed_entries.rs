//! Which entries of a map have changed, found without a second map: there may be very many tables.

use std::collections::{BTreeMap, BTreeSet};

/// Compares a map of before with the entries of now, which come one by one.
pub struct ChangedEntries<'a, K, V> {
    before: &'a BTreeMap<K, V>,
    same: BTreeSet<&'a K>,
}

impl<'a, K: Ord, V> ChangedEntries<'a, K, V> {
    /// Compares with these entries of before.
    pub fn with(before: &'a BTreeMap<K, V>) -> Self {
        ChangedEntries { before, same: BTreeSet::new() }
    }

    /// `now` is there; `is_same` says whether the value of before is still its value.
    pub fn see(&mut self, now: &K, is_same: impl FnOnce(&V) -> bool) {
        if let Some((key, before)) = self.before.get_key_value(now)
            && is_same(before)
        {
            self.same.insert(key);
        }
    }

    /// Keys of before that are gone or have another value.
    pub fn changed(self) -> impl Iterator<Item = &'a K> {
        let ChangedEntries { before, same } = self;
        before.keys().filter(move |key| !same.contains(key))
    }
}
