//! What is not any more what it was, found without a copy of all that is now: there may be very many tables.

use std::collections::{BTreeMap, BTreeSet};

/// Takes what is now, one by one.
pub struct ChangedEntries<'a, K, V> {
    before: &'a BTreeMap<K, V>,
    same: BTreeSet<&'a K>,
}

impl<'a, K: Ord, V> ChangedEntries<'a, K, V> {
    /// With what was.
    pub fn with(before: &'a BTreeMap<K, V>) -> Self {
        ChangedEntries { before, same: BTreeSet::new() }
    }

    /// This is there now; `is_same` says of what was there whether it is that.
    pub fn see(&mut self, now: &K, is_same: impl FnOnce(&V) -> bool) {
        if let Some((key, before)) = self.before.get_key_value(now)
            && is_same(before)
        {
            self.same.insert(key);
        }
    }

    /// What was there, and is not or is another.
    pub fn changed(self) -> impl Iterator<Item = &'a K> {
        let ChangedEntries { before, same } = self;
        before.keys().filter(move |key| !same.contains(key))
    }
}
