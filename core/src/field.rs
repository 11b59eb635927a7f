//! The data of a session: named JSON values whose text stays unparsed until somebody asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::name::FieldName;

/// The data of a session, by field name.
pub type Fields = BTreeMap<FieldName, FieldValue>;

/// One JSON value, kept as its text and cheap to clone.
///
/// A store carries the text through unread, so a change of two fields costs nothing for the others. Two values are
/// equal when they mean the same JSON, whatever their spacing or the order of their objects' members.
///
/// `Debug` shows the length only: data is about people, and ends up in logs otherwise.
#[derive(Clone)]
pub struct FieldValue(Arc<RawValue>);

impl FieldValue {
    /// The value's JSON.
    ///
    /// # Errors
    /// When the value has no JSON form (a map whose keys are not text, a `Serialize` that fails).
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(|raw| Self(Arc::from(raw)))
    }

    /// A text. Unlike [`FieldValue::new`] it can't fail.
    pub fn text(text: &str) -> Self {
        Self::from_json_value(&serde_json::Value::from(text))
    }

    /// A JSON value. Unlike [`FieldValue::new`] it can't fail.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a JSON value always has a JSON form"
    )]
    pub fn from_json_value(value: &serde_json::Value) -> Self {
        Self::new(value).expect("a JSON value has a JSON form")
    }

    /// The value whose JSON text this is.
    ///
    /// # Errors
    /// When the text is not one JSON value.
    pub fn from_json(json: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(json).map(|raw| Self(Arc::from(raw)))
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for FieldValue {
    fn eq(&self, other: &Self) -> bool {
        let parsed = |value: &Self| value.get::<serde_json::Value>().ok();
        self.json() == other.json() || (parsed(self).is_some() && parsed(self) == parsed(other))
    }
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FieldValue({} bytes)", self.json().len())
    }
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Works with `serde_json`'s own deserialisers only, as raw values do.
impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(Arc::from(raw)))
    }
}

/// A JSON object whose known members are taken out one by one, and whose unknown ones are kept: what a newer version
/// wrote survives an older one's update.
#[derive(Debug, Default)]
pub(crate) struct RawObject(BTreeMap<String, FieldValue>);

impl RawObject {
    pub(crate) fn take<T: DeserializeOwned + Default>(
        &mut self,
        member: &str,
    ) -> Result<T, serde_json::Error> {
        self.take_required(member).unwrap_or_else(|| Ok(T::default()))
    }

    pub(crate) fn take_required<T: DeserializeOwned>(
        &mut self,
        member: &str,
    ) -> Option<Result<T, serde_json::Error>> {
        self.0.remove(member).map(|value| value.get())
    }

    pub(crate) fn into_unknown(self) -> Unknown {
        Arc::new(self.0)
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}

/// Members that this version doesn't know, kept for the one that does.
pub(crate) type Unknown = Arc<BTreeMap<String, FieldValue>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_and_order_make_no_difference() {
        let one = FieldValue::from_json(r#"{"a":1,"b":[true]}"#.into()).unwrap();
        let other = FieldValue::from_json(r#" { "b": [ true ], "a": 1 } "#.into()).unwrap();
        assert_eq!(one, other);
        assert_ne!(one, FieldValue::from_json("{}".into()).unwrap());
    }

    #[test]
    fn debug_shows_no_data() {
        assert_eq!(
            format!("{:?}", FieldValue::text("1 Congress Ave")),
            "FieldValue(16 bytes)"
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert!(FieldValue::from_json("{".into()).is_err());
        assert!(FieldValue::text("x").get::<u8>().is_err());
    }
}
