//! The figures of one metric by their labels, so that counting costs a look-up and an atomic addition.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;

/// So many different sets of labels a metric has at most: a mistake must not fill the memory of whoever stores the figures.
const MOST: usize = 2_000;

/// Handles by the values of their labels, made at first use. The labels are words of this program, which nobody chooses to
/// slow a table down, so the quickest hash will do.
pub(super) struct Handles<K, H>(RwLock<HashMap<K, H, FxBuildHasher>>);

impl<K: Hash + Eq + Clone, H> Handles<K, H> {
    /// Uses the handle with these labels. `make` makes it when it is used for the first time. Beyond the most that there may be,
    /// nothing is counted.
    pub(super) fn with(&self, labels: &K, make: impl FnOnce(&K) -> H, count: impl FnOnce(&H)) {
        if let Some(handle) = self.0.read().get(labels) {
            count(handle);
            return;
        }
        let mut handles = self.0.write();
        if let Some(handle) = handles.get(labels) {
            count(handle);
        } else if handles.len() < MOST {
            let handle = make(labels);
            count(&handle);
            handles.insert(labels.clone(), handle);
        }
    }
}

impl<K, H> Default for Handles<K, H> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K, H> fmt::Debug for Handles<K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handles").field(&self.0.read().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_handle_is_made_once_and_no_more_than_so_many_are() {
        let (handles, times) = (Handles::default(), Cell::new(0_usize));
        let make = |_: &usize| times.set(times.get() + 1);
        for labels in (0..MOST + 10).chain(0..10) {
            handles.with(&labels, make, |()| {});
        }
        assert_eq!(times.get(), MOST);
    }
}
