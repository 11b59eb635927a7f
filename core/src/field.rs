//! The data of a session: named JSON values whose text stays unparsed until somebody asks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
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

    pub(crate) fn of_raw(raw: &RawValue) -> Self {
        Self(Arc::from(raw.to_owned()))
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
///
/// It borrows from the text that it is read from. There are few members, so looking through them is quicker than a map.
#[derive(Debug, Default)]
pub(crate) struct RawObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl RawObject<'_> {
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
        // Of a member that is there twice, the last one counts.
        let (_, value) = *self.0.iter().rfind(|(name, _)| name == member)?;
        self.0.retain(|(name, _)| name != member);
        Some(serde_json::from_str(value.get()))
    }

    pub(crate) fn into_unknown(self) -> Unknown {
        let members = self.0.into_iter();
        Arc::new(
            members
                .map(|(name, value)| (name.into_owned(), FieldValue::of_raw(value)))
                .collect(),
        )
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Self)
    }
}

/// Reads the members of an object in their order.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some(MemberName(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

/// A member's name, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
pub(crate) struct MemberName<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

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
    fn of_a_member_that_is_there_twice_the_last_counts_and_the_rest_is_unknown() {
        let text = r#"{"one":1,"t\u0077o":2,"one":3,"three":{"x":[]}}"#;
        let mut object: RawObject<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(object.take::<u32>("one").unwrap(), 3);
        assert_eq!(object.take::<u32>("two").unwrap(), 2);
        assert_eq!(object.take::<u32>("two").unwrap(), 0, "it was taken");
        let unknown = object.into_unknown();
        assert_eq!(unknown.len(), 1);
        assert_eq!(unknown["three"].json(), r#"{"x":[]}"#);
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
