//! JSON as BSON and back, so that it comes back equal as JSON.
//!
//! Names of members that MongoDB could take for operators or paths are percent-escaped, and what BSON can't carry
//! exactly is kept as its text: `{"%json": "..."}`. No escaped name is `%json`, so the two can't be confused.

use std::borrow::Cow;

use mongodb::bson::{Bson, Document};
use serde_json::Value;
use serde_json::value::RawValue;

/// The one member of a document that is the text of a JSON value.
const TEXT: &str = "%json";

/// How deep a value may be nested to be stored as documents. MongoDB takes 100 levels, and what is around the value
/// needs some of them.
const MAX_DEPTH: usize = 80;

/// The longest number that a double surely carries, in characters, when it is no integer.
const MAX_NUMBER_LENGTH: usize = 17;

/// A JSON value as BSON.
pub(crate) fn to_bson(raw: &RawValue) -> Bson {
    let text = raw.get();
    let exact = if has_long_number(text) {
        None
    } else {
        serde_json::from_str(text)
            .ok()
            .and_then(|value| exact_bson(value, 0))
    };
    exact.unwrap_or_else(|| {
        let mut document = Document::new();
        document.insert(TEXT, text);
        Bson::Document(document)
    })
}

/// `None` when BSON can't carry it exactly.
fn exact_bson(value: Value, depth: usize) -> Option<Bson> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(value),
        Value::String(text) => Bson::String(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer_bson(integer),
            (None, Some(float)) if number.is_f64() && reads_back(float) => Bson::Double(float),
            _ => return None,
        },
        Value::Array(items) => Bson::Array(
            items
                .into_iter()
                .map(|item| exact_bson(item, depth + 1))
                .collect::<Option<_>>()?,
        ),
        Value::Object(members) => {
            let mut document = Document::new();
            for (name, value) in members {
                document.insert(escape(&name), exact_bson(value, depth + 1)?);
            }
            Bson::Document(document)
        }
    })
}

/// An integer, as small as it gets.
pub(crate) fn integer_bson(integer: i64) -> Bson {
    i32::try_from(integer).map_or(Bson::Int64(integer), Bson::Int32)
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

/// A value of BSON that no JSON stands for, and that this store never writes: its type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoJson(pub(crate) &'static str);

/// Writes the JSON text of a BSON value.
pub(crate) fn write_json(value: &Bson, text: &mut String) -> Result<(), NoJson> {
    match value {
        Bson::Null => text.push_str("null"),
        Bson::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
        Bson::Int32(integer) => text.push_str(&integer.to_string()),
        Bson::Int64(integer) => text.push_str(&integer.to_string()),
        Bson::Double(float) if float.is_finite() => write_json_of(float, text)?,
        Bson::String(value) => write_json_of(value, text)?,
        Bson::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_json(item, text)?;
            }
            text.push(']');
        }
        Bson::Document(document) => write_object(document, text)?,
        other => return Err(NoJson(type_name(other))),
    }
    Ok(())
}

fn write_object(document: &Document, text: &mut String) -> Result<(), NoJson> {
    if let (1, Some(value)) = (document.len(), document.get(TEXT)) {
        let kept = value.as_str().ok_or(NoJson("text of JSON"))?;
        let checked: &RawValue = serde_json::from_str(kept).map_err(|_| NoJson("text of JSON"))?;
        text.push_str(checked.get());
        return Ok(());
    }
    text.push('{');
    for (position, (name, value)) in document.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        write_member_name(&unescape(name), text)?;
        write_json(value, text)?;
    }
    text.push('}');
    Ok(())
}

/// Writes a name and a colon.
pub(crate) fn write_member_name(name: &str, text: &mut String) -> Result<(), NoJson> {
    write_json_of(name, text)?;
    text.push(':');
    Ok(())
}

fn write_json_of<T: serde::Serialize + ?Sized>(value: &T, text: &mut String) -> Result<(), NoJson> {
    text.push_str(&serde_json::to_string(value).map_err(|_| NoJson("number"))?);
    Ok(())
}

fn type_name(value: &Bson) -> &'static str {
    match value {
        Bson::Double(_) => "infinite number or NaN",
        Bson::ObjectId(_) => "ObjectId",
        Bson::DateTime(_) => "Date",
        Bson::Binary(_) => "Binary",
        Bson::Decimal128(_) => "Decimal128",
        Bson::RegularExpression(_) => "RegularExpression",
        Bson::Timestamp(_) => "Timestamp",
        _ => "type that JSON doesn't have",
    }
}

/// A member's name as a document has it: `$` at its beginning, dots, NUL and `%` are escaped.
pub(crate) fn escape(name: &str) -> Cow<'_, str> {
    if !name.starts_with('$') && !name.contains(['.', '\0', '%']) {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + 8);
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
    use proptest::prelude::*;

    fn bson(json: &str) -> Bson {
        to_bson(serde_json::from_str(json).unwrap())
    }

    fn there_and_back(json: &str) -> String {
        let mut text = String::new();
        write_json(&bson(json), &mut text).unwrap();
        text
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
        let mut text = String::new();
        let id = Bson::ObjectId(mongodb::bson::oid::ObjectId::from_bytes([0; 12]));
        assert_eq!(write_json(&id, &mut text), Err(NoJson("ObjectId")));
        assert!(write_json(&Bson::Double(f64::NAN), &mut text).is_err());
    }
}
