//! Keys and values as other processes read them.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::key::CacheKey;

/// A value as it lies in a second level.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Stored<V> {
    /// For how long it was good when it was loaded.
    life_ms: u64,
    answer: Answer<V>,
}

/// Not an `Option`: a value may itself be written as null.
#[derive(Debug, Deserialize, Serialize)]
enum Answer<V> {
    Present(V),
    Absent,
}

/// How keys and values are written and read. Only caches with a second level have to know.
pub(super) struct Form<K, V> {
    pub(super) key: fn(&K) -> String,
    pub(super) encode: fn(Duration, Option<&V>) -> serde_json::Result<Vec<u8>>,
    pub(super) decode: fn(&[u8]) -> serde_json::Result<Stored<V>>,
}

impl<K: CacheKey, V: Serialize + DeserializeOwned> Form<K, V> {
    pub(super) fn json() -> Self {
        Self {
            key: |key| key.cache_key().into_owned(),
            encode: |life, value| {
                serde_json::to_vec(&Stored {
                    life_ms: u64::try_from(life.as_millis()).unwrap_or(u64::MAX),
                    answer: value.map_or(Answer::Absent, Answer::Present),
                })
            },
            decode: |bytes| serde_json::from_slice(bytes),
        }
    }
}

impl<V> Stored<V> {
    pub(super) fn into_parts(self) -> (Duration, Option<V>) {
        let value = match self.answer {
            Answer::Present(value) => Some(value),
            Answer::Absent => None,
        };
        (Duration::from_millis(self.life_ms), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes of two versions share values while one replaces the other.
    #[test]
    fn the_form_stays_as_it_is() {
        let form = Form::<String, Option<u8>>::json();
        let life = Duration::from_secs(5);
        let encoded = |value: Option<&Option<u8>>| {
            let bytes = (form.encode)(life, value).unwrap();
            let (read_life, read) = (form.decode)(&bytes).unwrap().into_parts();
            assert_eq!((read_life, read), (life, value.copied()));
            String::from_utf8(bytes).unwrap()
        };
        insta::assert_snapshot!(encoded(Some(&Some(7))), @r#"{"life_ms":5000,"answer":{"Present":7}}"#);
        insta::assert_snapshot!(encoded(Some(&None)), @r#"{"life_ms":5000,"answer":{"Present":null}}"#);
        insta::assert_snapshot!(encoded(None), @r#"{"life_ms":5000,"answer":"Absent"}"#);
    }
}
