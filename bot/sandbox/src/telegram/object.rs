//! JSON objects that borrow what they are made of: a busy bot has each message written several times over.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::text::Entity;

/// An object of the Bot API, or of the people's side, on its way into a text.
#[derive(Debug)]
pub(crate) struct Object<'a>(Vec<(&'static str, Part<'a>)>);

/// What a member of an [`Object`] has.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Part<'a> {
    Number(i64),
    Flag(bool),
    Text(Cow<'a, str>),
    Entities(&'a [Entity]),
    Rows(&'a [Value]),
    Borrowed(&'a Value),
    Owned(Value),
    Object(Object<'a>),
}

impl<'a> Object<'a> {
    /// Most have no more members, so that they take memory once.
    const USUAL_MEMBERS: usize = 8;

    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(Self::USUAL_MEMBERS))
    }

    /// Puts a member at the end. The caller names each but once.
    pub(crate) fn put(&mut self, name: &'static str, part: impl Into<Part<'a>>) {
        self.0.push((name, part.into()));
    }

    /// Puts a member at the end, if there is one.
    pub(crate) fn put_some(&mut self, name: &'static str, part: Option<impl Into<Part<'a>>>) {
        if let Some(part) = part {
            self.put(name, part);
        }
    }

    /// The same with one more member.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, part: impl Into<Part<'a>>) -> Self {
        self.put(name, part);
        self
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, part) in &self.0 {
            map.serialize_entry(name, part)?;
        }
        map.end()
    }
}

impl From<i64> for Part<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Part<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<&'a str> for Part<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Part<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a [Entity]> for Part<'a> {
    fn from(entities: &'a [Entity]) -> Self {
        Self::Entities(entities)
    }
}

impl<'a> From<&'a [Value]> for Part<'a> {
    fn from(rows: &'a [Value]) -> Self {
        Self::Rows(rows)
    }
}

impl<'a> From<&'a Value> for Part<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Borrowed(value)
    }
}

impl From<Value> for Part<'_> {
    fn from(value: Value) -> Self {
        Self::Owned(value)
    }
}

impl<'a> From<Object<'a>> for Part<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_written_as_it_was_put_together() {
        let rows = [json!([{"text": "a"}])];
        let entities = [Entity::new("bold", 0, 1)];
        let mut object = Object::new()
            .with("id", 7)
            .with("is_bot", false)
            .with("name", "Zoë \"Z\"")
            .with("url", format!("/{}", 1))
            .with("entities", &entities[..])
            .with("keyboard", Object::new().with("rows", &rows[..]))
            .with("extra", json!({"x": null}));
        object.put_some("missing", None::<&str>);
        object.put_some("there", Some(&rows[0]));
        let written = serde_json::to_value(&object).unwrap();
        let expected = json!({
            "id": 7,
            "is_bot": false,
            "name": "Zoë \"Z\"",
            "url": "/1",
            "entities": [{"type": "bold", "offset": 0, "length": 1}],
            "keyboard": {"rows": [[{"text": "a"}]]},
            "extra": {"x": null},
            "there": [{"text": "a"}],
        });
        assert_eq!(written, expected);
    }
}
