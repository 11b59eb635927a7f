//! The data of a session: its fields, in the order of their names.

use std::fmt;
use std::ops::Index;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::field::FieldValue;
use crate::name::FieldName;

/// The data of a session, by field name; iterated in the order of the names.
///
/// A session has some dozens of fields as a rule, and is read and copied far more often than a field is looked up: to copy
/// one row of them costs half of what a tree does.
///
/// ```
/// use stepkeep_core::{FieldName, FieldValue, Fields};
///
/// let mut fields = Fields::new();
/// fields.insert(FieldName::constant("city"), FieldValue::text("Austin"));
/// assert_eq!(fields["city"].json(), r#""Austin""#);
/// assert!(fields.get("street").is_none());
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Fields(Vec<(FieldName, FieldValue)>);

impl Fields {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// These, if they stand in the order of their names and none is there twice.
    pub(crate) fn in_order(fields: Vec<(FieldName, FieldValue)>) -> Option<Self> {
        fields
            .is_sorted_by(|(one, _), (next, _)| one < next)
            .then_some(Self(fields))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a field.
    pub fn get<N: AsRef<str> + ?Sized>(&self, name: &N) -> Option<&FieldValue> {
        let place = self.place(name.as_ref()).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// Whether there is such a field.
    pub fn contains_key<N: AsRef<str> + ?Sized>(&self, name: &N) -> bool {
        self.place(name.as_ref()).is_ok()
    }

    /// Sets a field; answers the value that it had.
    pub fn insert(&mut self, name: FieldName, value: FieldValue) -> Option<FieldValue> {
        match self.place(name.as_str()) {
            Ok(place) => {
                let (_, old) = self.0.get_mut(place)?;
                Some(std::mem::replace(old, value))
            }
            Err(place) => {
                self.0.insert(place, (name, value));
                None
            }
        }
    }

    /// Removes a field; answers the value that it had.
    pub fn remove<N: AsRef<str> + ?Sized>(&mut self, name: &N) -> Option<FieldValue> {
        let place = self.place(name.as_ref()).ok()?;
        Some(self.0.remove(place).1)
    }

    /// The fields with their values.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    /// The names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &FieldName> + DoubleEndedIterator {
        self.iter().map(|(name, _)| name)
    }

    /// The values, in the order of the names.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &FieldValue> + DoubleEndedIterator {
        self.iter().map(|(_, value)| value)
    }

    /// Where a field is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(name))
    }
}

/// The fields of a session with their values; see [`Fields::iter`].
#[derive(Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, (FieldName, FieldValue)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a FieldName, &'a FieldValue);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(name, value)| (name, value))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.clone()).finish()
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a FieldName, &'a FieldValue);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Fields {
    type Item = (FieldName, FieldValue);
    type IntoIter = std::vec::IntoIter<(FieldName, FieldValue)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of a field that is there twice, the last value counts.
impl FromIterator<(FieldName, FieldValue)> for Fields {
    fn from_iter<I: IntoIterator<Item = (FieldName, FieldValue)>>(fields: I) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        // Stable: of two with one name the later one comes last.
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                std::mem::swap(later, kept);
            }
            is_same
        });
        Self(fields)
    }
}

impl Extend<(FieldName, FieldValue)> for Fields {
    fn extend<I: IntoIterator<Item = (FieldName, FieldValue)>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.insert(name, value);
        }
    }
}

/// # Panics
/// When there is no such field; [`Fields::get`] doesn't.
impl Index<&str> for Fields {
    type Output = FieldValue;

    #[expect(clippy::expect_used, reason = "what an index that is not there does")]
    fn index(&self, name: &str) -> &FieldValue {
        self.get(name).expect("there is such a field")
    }
}

/// Names, and how long the values are; never what they say.
impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.iter(), formatter)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

/// Works with `serde_json`'s own deserialisers only, as values do.
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::with_capacity(16);
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What is done to fields.
    #[derive(Clone, Debug)]
    enum Step {
        Insert(String, u8),
        Remove(String),
        Extend(Vec<(String, u8)>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let name = "[a-c]{1,2}";
        prop_oneof![
            (name, any::<u8>()).prop_map(|(name, value)| Step::Insert(name, value)),
            name.prop_map(Step::Remove),
            prop::collection::vec((name, any::<u8>()), 0..4).prop_map(Step::Extend),
        ]
    }

    fn field((name, value): (String, u8)) -> (FieldName, FieldValue) {
        (FieldName::new(&name).unwrap(), FieldValue::new(&value).unwrap())
    }

    fn shown<'a>(fields: impl IntoIterator<Item = (&'a FieldName, &'a FieldValue)>) -> Vec<(String, String)> {
        let shown = fields.into_iter();
        shown
            .map(|(name, value)| (name.to_string(), value.json().to_owned()))
            .collect()
    }

    proptest! {
        #[test]
        fn they_are_a_map(
            first in prop::collection::vec(("[a-c]{1,2}", any::<u8>()), 0..12),
            steps in prop::collection::vec(step(), 0..20),
        ) {
            let mut fields: Fields = first.iter().cloned().map(field).collect();
            let mut map: BTreeMap<FieldName, FieldValue> = first.into_iter().map(field).collect();
            prop_assert_eq!(shown(&fields), shown(&map));
            for step in steps {
                match step {
                    Step::Insert(name, value) => {
                        let (name, value) = field((name, value));
                        prop_assert_eq!(fields.insert(name.clone(), value.clone()), map.insert(name, value));
                    }
                    Step::Remove(name) => prop_assert_eq!(fields.remove(&name), map.remove(name.as_str())),
                    Step::Extend(more) => {
                        fields.extend(more.iter().cloned().map(field));
                        map.extend(more.into_iter().map(field));
                    }
                }
                prop_assert_eq!(shown(&fields), shown(&map));
                prop_assert_eq!(fields.len(), map.len());
                prop_assert!(map.iter().all(|(name, value)| fields.get(name.as_str()) == Some(value)));
                prop_assert!(map.keys().eq(fields.keys()) && map.values().eq(fields.values()));
            }
            let json = serde_json::to_string(&fields).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(shown(&serde_json::from_str::<Fields>(&json).unwrap()), shown(&map));
            prop_assert_eq!(shown(&Fields::in_order(fields.clone().into_iter().collect()).unwrap()), shown(&map));
        }
    }

    #[test]
    fn what_is_out_of_order_or_there_twice_is_not_in_order() {
        for names in [["b", "a"], ["a", "a"]] {
            let fields = names.map(|name| field((name.to_owned(), 1)));
            assert!(Fields::in_order(fields.to_vec()).is_none(), "{names:?}");
        }
    }

    #[test]
    fn debug_shows_no_data() {
        let fields: Fields = [(FieldName::constant("city"), FieldValue::text("Austin"))]
            .into_iter()
            .collect();
        assert_eq!(format!("{fields:?}"), r#"{"city": FieldValue(8 bytes)}"#);
    }
}
