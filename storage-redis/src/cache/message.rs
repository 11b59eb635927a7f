//! Invalidations as they are published: who says so, the cache, and the key or `*`, on three lines.

use stepkeep_core::cache::{Invalidation, Place};

pub(crate) fn of_key(place: Place<'_>, by: u64) -> String {
    format!("{by:x}\n{}\n={}", place.cache, place.key)
}

pub(crate) fn of_all(cache: &str, by: u64) -> String {
    format!("{by:x}\n{cache}\n*")
}

/// `None` for what nobody of this version has published.
pub(crate) fn parse(message: &str) -> Option<Invalidation> {
    let mut lines = message.splitn(3, '\n');
    let by = u64::from_str_radix(lines.next()?, 16).ok()?;
    let cache = lines.next()?.to_owned();
    match lines.next()? {
        "*" => Some(Invalidation::All { cache, by }),
        key => {
            let key = key.strip_prefix('=')?.to_owned();
            Some(Invalidation::Key { cache, key, by })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood_whatever_the_key() {
        let cache = "models".to_owned();
        for key in ["", "*", "=", "a\nb\n", "🙂"] {
            let place = Place { cache: &cache, key };
            let expected = Invalidation::Key {
                cache: cache.clone(),
                key: key.to_owned(),
                by: u64::MAX,
            };
            assert_eq!(parse(&of_key(place, u64::MAX)), Some(expected));
        }
        assert_eq!(
            parse(&of_all("models", 7)),
            Some(Invalidation::All { cache, by: 7 })
        );
        for other in ["", "7", "7\nmodels", "x\nmodels\n*", "7\nmodels\nkey"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }
}
