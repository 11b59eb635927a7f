//! Where caches keep what, apart from sessions. Everything of one cache lies in one hash slot, so a script can reach all of it.

use stepkeep_core::cache::Place;

/// The names about one value.
#[derive(Debug)]
pub(crate) struct ValueNames {
    pub(crate) generation: String,
    pub(crate) value: String,
    pub(crate) lease: String,
}

impl ValueNames {
    pub(crate) fn of(prefix: &str, Place { cache, key }: Place<'_>) -> Self {
        Self {
            generation: generation(prefix, cache),
            value: format!("{}:v:{key}", of_cache(prefix, cache)),
            lease: format!("{}:l:{key}", of_cache(prefix, cache)),
        }
    }
}

/// The generation that all values of a cache are of.
pub(crate) fn generation(prefix: &str, cache: &str) -> String {
    format!("{}:g", of_cache(prefix, cache))
}

/// Where invalidations are told. Messages know no databases.
pub(crate) fn channel(prefix: &str, database: i64) -> String {
    format!("{prefix}:cache:{database}")
}

fn of_cache(prefix: &str, cache: &str) -> String {
    format!("{{{prefix}:cache:{cache}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes of two versions share them while one replaces the other.
    #[test]
    fn names_stay_as_they_are() {
        let place = Place {
            cache: "models",
            key: "images",
        };
        let ValueNames {
            generation,
            value,
            lease,
        } = ValueNames::of("stepkeep", place);
        assert_eq!(generation, "{stepkeep:cache:models}:g");
        assert_eq!(value, "{stepkeep:cache:models}:v:images");
        assert_eq!(lease, "{stepkeep:cache:models}:l:images");
        assert_eq!(channel("stepkeep", 0), "stepkeep:cache:0");
    }
}
