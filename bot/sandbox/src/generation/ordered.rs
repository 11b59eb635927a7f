//! JSON whose fields are written in the order in which they were put in, as documents for people are.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ordered {
    Plain(Value),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Ordered {
    pub(super) fn object<K: Into<String>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// An object with one field.
    pub(super) fn one(name: &str, value: impl Into<Self>) -> Self {
        Self::object([(name, value.into())])
    }

    pub(super) fn strings<'a>(strings: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(strings.into_iter().map(Self::from).collect())
    }
}

impl From<Value> for Ordered {
    fn from(value: Value) -> Self {
        Self::Plain(value)
    }
}

impl From<&str> for Ordered {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

impl From<bool> for Ordered {
    fn from(value: bool) -> Self {
        Self::Plain(value.into())
    }
}

impl From<u32> for Ordered {
    fn from(number: u32) -> Self {
        Self::Plain(number.into())
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
