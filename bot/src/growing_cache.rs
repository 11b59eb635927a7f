//! Caches of what was used last that take memory for what is in them, and not for what may be one day.

use std::hash::Hash;
use std::num::NonZeroUsize;

use lru::LruCache;

/// A cache of so many entries at most.
///
/// `LruCache::new` makes room for all of them at once. An entry's place there is by chance, so that a few hundred people
/// touch nearly each page of a table for a hundred thousand.
pub(crate) fn growing_cache<K: Hash + Eq, V>(limit: NonZeroUsize) -> LruCache<K, V> {
    let mut cache = LruCache::unbounded();
    cache.resize(limit);
    cache
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_was_used_longest_ago_goes_when_there_is_one_too_many() {
        let mut cache = growing_cache(NonZeroUsize::new(2).unwrap());
        cache.put(1, "one");
        cache.put(2, "two");
        cache.get(&1);
        cache.put(3, "three");
        assert_eq!(cache.cap().get(), 2);
        assert_eq!(
            (cache.len(), cache.contains(&1), cache.contains(&2)),
            (2, true, false)
        );
    }
}
