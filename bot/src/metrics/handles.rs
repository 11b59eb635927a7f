//! The figures of one metric by their labels, so that counting costs a look-up and an atomic addition, and no lock.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

/// So many different sets of labels a metric has at most: a mistake must not fill the memory of whoever stores the figures.
const MOST: usize = 2_000;

/// Handles by the values of their labels, made at first use. The labels are words of this program, which nobody chooses to
/// slow a table down, so the quickest hash will do.
pub(super) struct Handles<K, H> {
    by_labels: ArcSwap<ByLabels<K, H>>,
    /// Held while one is added.
    adding: Mutex<()>,
}

type ByLabels<K, H> = HashMap<K, Arc<H>, FxBuildHasher>;

impl<K: Hash + Eq + Clone, H> Handles<K, H> {
    /// Uses the handle with these labels. `make` makes it when it is used for the first time. Beyond the most that there may be,
    /// nothing is counted.
    pub(super) fn with(&self, labels: &K, make: impl FnOnce(&K) -> H, count: impl FnOnce(&H)) {
        if let Some(handle) = self.by_labels.load().get(labels) {
            count(handle);
            return;
        }
        let _adding = self.adding.lock();
        let known = self.by_labels.load();
        if let Some(handle) = known.get(labels) {
            count(handle);
        } else if known.len() < MOST {
            let handle = Arc::new(make(labels));
            count(&handle);
            let mut more = HashMap::clone(&known);
            more.insert(labels.clone(), handle);
            self.by_labels.store(Arc::new(more));
        }
    }
}

impl<K, H> Default for Handles<K, H> {
    fn default() -> Self {
        Self {
            by_labels: ArcSwap::default(),
            adding: Mutex::default(),
        }
    }
}

impl<K, H> fmt::Debug for Handles<K, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handles")
            .field(&self.by_labels.load().len())
            .finish()
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
