//! The value of a field: JSON whose text stays unparsed until somebody asks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::text::Text;
use crate::unknown::Unknown;

/// One JSON value, kept as its text and cheap to clone.
///
/// A store carries the text through unread, so a change of two fields costs nothing for the others. Two values are
/// equal when they mean the same JSON, whatever their spacing or the order of their objects' members.
///
/// `Debug` shows the length only: data is about people, and ends up in logs otherwise.
#[derive(Clone)]
pub struct FieldValue(Json);

/// The text, which was parsed once, or written by this program.
#[derive(Clone)]
enum Json {
    /// As `serde_json` has it.
    Raw(Arc<RawValue>),
    /// Most often a part of a record.
    Text(Text),
}

impl FieldValue {
    /// The value's JSON.
    ///
    /// # Errors
    /// When the value has no JSON form (a map whose keys are not text, a `Serialize` that fails).
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self::of_box)
    }

    /// A text. Unlike [`FieldValue::new`] it can't fail.
    pub fn text(text: &str) -> Self {
        if plain_length(text.as_bytes()) < text.len() {
            return Self::from_json_value(&serde_json::Value::from(text));
        }
        let mut json = String::with_capacity(text.len() + 2);
        json.push('"');
        json.push_str(text);
        json.push('"');
        Self(Json::Text(Text::Whole(Arc::from(json))))
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
        RawValue::from_string(json).map(Self::of_box)
    }

    pub(crate) fn of_raw(raw: &RawValue) -> Self {
        Self::of_box(raw.to_owned())
    }

    fn of_box(raw: Box<RawValue>) -> Self {
        Self(Json::Raw(Arc::from(raw)))
    }

    /// The value whose JSON stands between these places of a text. The caller has seen to it that it is JSON, without
    /// spaces around it.
    pub(crate) fn part(whole: &Arc<str>, start: usize, end: usize) -> Self {
        Self(Json::Text(Text::part(whole, start, end)))
    }

    /// Reads the value.
    ///
    /// # Errors
    /// When the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json())
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        match &self.0 {
            Json::Raw(raw) => raw.get(),
            Json::Text(text) => text.as_str(),
        }
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
        match &self.0 {
            Json::Raw(raw) => raw.serialize(serializer),
            Json::Text(text) => serde_json::from_str::<&RawValue>(text.as_str())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

/// How many bytes of a JSON string's content come before the first one that means something: a quote, a backslash or a
/// control character. Eight are looked at together, since records are mostly such bytes.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    // The lowest byte that is below a limit is told exactly; only bytes above it may be mistaken for such ones.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = quote | backslash | below(word, 0x20);
        if found != 0 {
            return length + usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
        }
        length += 8;
    }
    let special = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
    length + special.unwrap_or(rest.len())
}

/// Works with `serde_json`'s own deserialisers only, as raw values do.
impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::of_box)
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
        members
            .map(|(name, value)| (name.into_owned(), FieldValue::of_raw(value)))
            .collect()
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
        let unknown: Vec<_> = unknown.iter().collect();
        assert_eq!(
            unknown,
            [(
                &"three".to_owned(),
                &FieldValue::from_json(r#"{"x":[]}"#.into()).unwrap()
            )]
        );
    }

    #[test]
    fn debug_shows_no_data() {
        assert_eq!(
            format!("{:?}", FieldValue::text("1 Congress Ave")),
            "FieldValue(16 bytes)"
        );
    }

    #[test]
    fn a_text_is_the_same_value_whether_it_has_to_be_escaped_or_not() {
        for text in [
            "",
            "a",
            "1 Congress Ave",
            "\"",
            "12345678\\",
            "1234567\u{1f}",
            "имя\u{7f} 🦀",
            "1234567\n89",
        ] {
            let value = FieldValue::text(text);
            assert_eq!(value.json(), serde_json::to_string(text).unwrap());
            assert_eq!(serde_json::to_string(&value).unwrap(), value.json());
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_plain_ends_where_it_should(bytes: Vec<u8>, plain in "[ !#-\\[\\]-~а-я]{0,40}") {
            let slow = |bytes: &[u8]| bytes.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | ..0x20)).count();
            let bytes = [plain.as_bytes(), &bytes].concat();
            proptest::prop_assert_eq!(plain_length(&bytes), slow(&bytes));
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert!(FieldValue::from_json("{".into()).is_err());
        assert!(FieldValue::text("x").get::<u8>().is_err());
    }
}
