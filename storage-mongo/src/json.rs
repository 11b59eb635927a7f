//! JSON as BSON and back, so that it comes back equal as JSON.
//!
//! Names of members that MongoDB could take for operators or paths are percent-escaped, and what BSON can't carry
//! exactly is kept as its text: `{"%json": "..."}`. No escaped name is `%json`, so the two can't be confused.

use std::borrow::Cow;
use std::fmt;

use mongodb::bson::{Bson, Document, RawBsonRef, RawDocument};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The one member of a document that is the text of a JSON value.
const TEXT: &str = "%json";

/// How deep a value may be nested to be stored as documents. MongoDB takes 100 levels, and what is around the value
/// needs some of them.
const MAX_DEPTH: usize = 80;

/// The longest number that a double surely carries, in characters, when it is no integer.
const MAX_NUMBER_LENGTH: usize = 17;

/// As many letters as a name with a few escapes is longer.
const ROOM_FOR_ESCAPES: usize = 8;

/// JSON text as BSON.
pub(crate) fn to_bson(text: &str) -> Bson {
    exact_bson(text).unwrap_or_else(|| {
        let mut document = Document::new();
        document.insert(TEXT, text);
        Bson::Document(document)
    })
}

/// `None` when BSON can't carry it exactly.
fn exact_bson(text: &str) -> Option<Bson> {
    if has_long_number(text) {
        return None;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    Exact { depth: 0 }.deserialize(&mut json).ok()
}

/// Makes BSON of JSON while it is read, and fails at what BSON can't carry exactly.
#[derive(Clone, Copy)]
struct Exact {
    depth: usize,
}

impl Exact {
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Exact {
    type Value = Bson;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bson, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(D::Error::custom("it is nested too deeply"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Exact {
    type Value = Bson;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that BSON carries exactly")
    }

    fn visit_unit<E>(self) -> Result<Bson, E> {
        Ok(Bson::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Bson, E> {
        Ok(Bson::Boolean(value))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Bson, E> {
        Ok(i32::try_from(integer).map_or(Bson::Int64(integer), Bson::Int32))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Bson, E> {
        match i64::try_from(integer) {
            Ok(integer) => self.visit_i64(integer),
            Err(_) => Err(E::custom("it is no integer of 64 bits with a sign")),
        }
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Bson, E> {
        if reads_back(float) {
            Ok(Bson::Double(float))
        } else {
            Err(E::custom("it is not read back as it is written"))
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Bson, E> {
        Ok(Bson::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bson, A::Error> {
        let mut array = Vec::with_capacity(items.size_hint().unwrap_or(0));
        while let Some(item) = items.next_element_seed(self.deeper())? {
            array.push(item);
        }
        Ok(Bson::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Bson, A::Error> {
        let mut document = Document::new();
        while let Some(name) = members.next_key()? {
            let value = members.next_value_seed(self.deeper())?;
            if document.insert(escape_owned(name), value).is_some() {
                return Err(A::Error::custom("two members have one name"));
            }
        }
        Ok(Bson::Document(document))
    }
}

/// Whether the JSON text of a double is parsed as the same double: not of every one it is.
fn reads_back(float: f64) -> bool {
    serde_json::to_string(&float)
        .and_then(|text| serde_json::from_str::<f64>(&text))
        .is_ok_and(|read| read.to_bits() == float.to_bits())
}

/// Whether JSON text has a number of which parsing could lose something.
fn has_long_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(&byte) = bytes.get(at) {
                    match byte {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let begin = at;
                while matches!(
                    bytes.get(at),
                    Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                ) {
                    at += 1;
                }
                if at - begin > MAX_NUMBER_LENGTH && text[begin..at].parse::<i64>().is_err() {
                    return true;
                }
            }
            _ => at += 1,
        }
    }
    false
}

/// Why a value of BSON has no JSON text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoJson {
    /// No JSON stands for it, and this store never writes it.
    #[error("it is of a type that a session can't have: {0}")]
    Type(&'static str),
    /// The bytes are no BSON.
    #[error("it is no BSON, or has text that is not UTF-8")]
    NoBson,
}

impl From<mongodb::bson::error::Error> for NoJson {
    fn from(_: mongodb::bson::error::Error) -> Self {
        Self::NoBson
    }
}

/// Writes the JSON text of a BSON value.
pub(crate) fn write_json(value: RawBsonRef<'_>, text: &mut Vec<u8>) -> Result<(), NoJson> {
    match value {
        RawBsonRef::Null => text.extend_from_slice(b"null"),
        RawBsonRef::Boolean(value) => write_json_of(&value, text)?,
        RawBsonRef::Int32(integer) => write_json_of(&integer, text)?,
        RawBsonRef::Int64(integer) => write_json_of(&integer, text)?,
        RawBsonRef::Double(float) if float.is_finite() => write_json_of(&float, text)?,
        RawBsonRef::String(value) => write_json_of(value, text)?,
        RawBsonRef::Array(items) => {
            text.push(b'[');
            for (position, item) in items.into_iter().enumerate() {
                if position > 0 {
                    text.push(b',');
                }
                write_json(item?, text)?;
            }
            text.push(b']');
        }
        RawBsonRef::Document(document) => write_object(document, text)?,
        other => return Err(NoJson::Type(type_name(other))),
    }
    Ok(())
}

fn write_object(document: &RawDocument, text: &mut Vec<u8>) -> Result<(), NoJson> {
    if let Some(kept) = kept_text(document)? {
        let RawBsonRef::String(kept) = kept else {
            return Err(NoJson::Type("text of JSON"));
        };
        if serde_json::from_str::<IgnoredAny>(kept).is_err() {
            return Err(NoJson::Type("text of JSON"));
        }
        text.extend_from_slice(kept.as_bytes());
        return Ok(());
    }
    text.push(b'{');
    for (position, member) in document.iter().enumerate() {
        let (name, value) = member?;
        if position > 0 {
            text.push(b',');
        }
        write_member_name(&unescape(name.as_str()), text)?;
        write_json(value, text)?;
    }
    text.push(b'}');
    Ok(())
}

/// What a document has under the name of a kept text, if it has nothing else.
fn kept_text(document: &RawDocument) -> Result<Option<RawBsonRef<'_>>, NoJson> {
    let mut members = document.iter();
    let Some((name, value)) = members.next().transpose()? else {
        return Ok(None);
    };
    let is_kept = name.as_str() == TEXT && members.next().is_none();
    Ok(is_kept.then_some(value))
}

/// Writes a name and a colon.
pub(crate) fn write_member_name(name: &str, text: &mut Vec<u8>) -> Result<(), NoJson> {
    write_json_of(name, text)?;
    text.push(b':');
    Ok(())
}

fn write_json_of<T: serde::Serialize + ?Sized>(value: &T, text: &mut Vec<u8>) -> Result<(), NoJson> {
    serde_json::to_writer(text, value).map_err(|_| NoJson::Type("number"))
}

fn type_name(value: RawBsonRef<'_>) -> &'static str {
    match value {
        RawBsonRef::Double(_) => "infinite number or NaN",
        RawBsonRef::ObjectId(_) => "ObjectId",
        RawBsonRef::DateTime(_) => "Date",
        RawBsonRef::Binary(_) => "Binary",
        RawBsonRef::Decimal128(_) => "Decimal128",
        RawBsonRef::RegularExpression(_) => "RegularExpression",
        RawBsonRef::Timestamp(_) => "Timestamp",
        _ => "type that JSON doesn't have",
    }
}

/// A member's name as a document has it: `$` at its beginning, dots, NUL and `%` are escaped.
pub(crate) fn escape(name: &str) -> Cow<'_, str> {
    if !name.starts_with('$') && !name.contains(['.', '\0', '%']) {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + ROOM_FOR_ESCAPES);
    for (position, character) in name.char_indices() {
        match character {
            '$' if position == 0 => escaped.push_str("%24"),
            '.' => escaped.push_str("%2E"),
            '\0' => escaped.push_str("%00"),
            '%' => escaped.push_str("%25"),
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// The same, of a name that nobody else needs.
pub(crate) fn escape_owned(name: String) -> String {
    match escape(&name) {
        Cow::Owned(escaped) => escaped,
        Cow::Borrowed(_) => name,
    }
}

/// What [`escape`] was given. A `%` that begins no escape stands for itself: nobody wrote it here.
pub(crate) fn unescape(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(u8::is_ascii);
        rest = if let Some(code) = code {
            plain.push(char::from(code));
            &after[2..]
        } else {
            plain.push('%');
            after
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::RawBson;
    use proptest::prelude::*;
    use serde_json::Value;

    fn bson(json: &str) -> Bson {
        to_bson(json)
    }

    fn json_of(value: Bson) -> Result<String, NoJson> {
        let mut text = Vec::new();
        let raw = RawBson::try_from(value).unwrap();
        write_json(raw.as_raw_bson_ref(), &mut text)?;
        Ok(String::from_utf8(text).unwrap())
    }

    fn there_and_back(json: &str) -> String {
        json_of(bson(json)).unwrap()
    }

    fn json_values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[$.%a\u{0}]{0,4}|%json|%24", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// No name in it could be an operator or a path.
    fn is_harmless(value: &Bson) -> bool {
        match value {
            Bson::Document(document) => document.iter().all(|(name, value)| {
                !name.starts_with('$') && !name.contains(['.', '\0']) && is_harmless(value)
            }),
            Bson::Array(items) => items.iter().all(is_harmless),
            _ => true,
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in json_values()) {
            let json = value.to_string();
            let before: Value = serde_json::from_str(&json).unwrap();
            let after: Value = serde_json::from_str(&there_and_back(&json)).unwrap();
            prop_assert_eq!(before, after);
            prop_assert!(is_harmless(&bson(&json)));
        }

        #[test]
        fn every_name_comes_back(name: String, dense in "[$.%0-9A-Fj\u{0}]{0,8}") {
            for name in [name, dense] {
                let escaped = escape(&name);
                prop_assert_eq!(unescape(&escaped), name.as_str());
                prop_assert_ne!(escaped, TEXT);
            }
        }

        #[test]
        fn no_name_makes_unescaping_panic(name in "[%0-9a-zé]{0,8}") {
            unescape(&name);
        }
    }

    #[test]
    fn numbers_keep_their_value_and_what_a_double_loses_is_kept_as_text() {
        assert_eq!(bson("7"), Bson::Int32(7));
        assert_eq!(bson("-9007199254740993"), Bson::Int64(-9_007_199_254_740_993));
        assert_eq!(bson("2.50"), Bson::Double(2.5));
        let texts = [
            "1e400",
            "18446744073709551615",
            "0.12345678901234567890",
            "[1,9223372036854775808]",
        ];
        for text in texts {
            assert!(matches!(bson(text), Bson::Document(_)), "{text}");
            assert_eq!(there_and_back(text), text);
        }
        let text = r#""9223372036854775808 \" 9223372036854775808""#;
        assert!(matches!(bson(text), Bson::String(_)));
        assert_eq!(there_and_back(text), text);
    }

    #[test]
    fn deep_nesting_is_kept_as_text() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(matches!(bson(&deep), Bson::Document(_)));
        assert_eq!(there_and_back(&deep), deep);
    }

    #[test]
    fn what_looks_like_kept_text_is_data() {
        let json = r#"{"%json":"[1"}"#;
        assert_eq!(there_and_back(json), json);
    }

    #[test]
    fn types_that_json_does_not_have_are_told() {
        let id = Bson::ObjectId(mongodb::bson::oid::ObjectId::from_bytes([0; 12]));
        assert_eq!(json_of(id), Err(NoJson::Type("ObjectId")));
        assert!(json_of(Bson::Double(f64::NAN)).is_err());
    }

    #[test]
    fn members_of_one_name_are_kept_as_text() {
        for json in [r#"{"a":1,"b":{},"a":2}"#, r#"[{"a":1,"\u0061":[2]},3]"#] {
            assert_eq!(there_and_back(json), json);
        }
    }

    #[test]
    fn a_kept_text_that_is_none_is_told() {
        for kept in [Bson::from("[1"), Bson::from(7)] {
            let document = Bson::Document(Document::from_iter([(TEXT.to_owned(), kept)]));
            assert_eq!(json_of(document), Err(NoJson::Type("text of JSON")));
        }
    }
}
