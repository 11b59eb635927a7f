//! The shipping API's ids, each of a type of its own, so that a label's id never goes where a rate's belongs.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest id that is taken. The API documents 25 characters; other services of the same shape use more.
const LONGEST: usize = 64;

/// Text that can't be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a shipping id is 1 to 64 Latin letters, digits, '-' or '_'")]
pub struct InvalidId;

/// An opaque id of the shipping API, of what `T` names. Safe to be a segment of a URL's path as it stands.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "")]
pub struct Id<T> {
    text: Box<str>,
    of: PhantomData<fn() -> T>,
}

/// Names a rate in [`RateId`].
#[derive(Debug)]
pub enum RateKind {}
/// Names a label in [`LabelId`].
#[derive(Debug)]
pub enum LabelKind {}
/// Names a shipment in [`ShipmentId`].
#[derive(Debug)]
pub enum ShipmentKind {}
/// Names a carrier account in [`CarrierId`].
#[derive(Debug)]
pub enum CarrierKind {}

/// The id of a quoted rate; a label is bought by it.
pub type RateId = Id<RateKind>;
/// The id of a bought label.
pub type LabelId = Id<LabelKind>;
/// The API's id of a shipment.
pub type ShipmentId = Id<ShipmentKind>;
/// The id of a connected carrier account.
pub type CarrierId = Id<CarrierKind>;

impl<T> Id<T> {
    /// The id that `text` is.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] when `text` has other characters than an id may have, none, or too many.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
            return Err(InvalidId);
        }
        Ok(Self {
            text: text.into(),
            of: PhantomData,
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            of: PhantomData,
        }
    }
}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Id<T> {}

impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<T> FromStr for Id<T> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

impl<T> TryFrom<String> for Id<T> {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::new(&text)
    }
}

impl<T> From<Id<T>> for String {
    fn from(id: Id<T>) -> Self {
        id.text.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_change_the_path_is_refused() {
        for bad in ["", ".", "..", "a/b", "a?b", "a#b", "a b", "se-1%2f", "ид"] {
            assert_eq!(RateId::new(bad), Err(InvalidId), "{bad:?}");
        }
        assert_eq!(RateId::new(&"a".repeat(LONGEST + 1)), Err(InvalidId));
        assert_eq!(RateId::new("se-5001").unwrap().as_str(), "se-5001");
    }

    #[test]
    fn an_id_is_stored_as_its_text() {
        let id = LabelId::new("se-7001").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""se-7001""#);
        assert_eq!(serde_json::from_str::<LabelId>(r#""se-7001""#).unwrap(), id);
        assert!(serde_json::from_str::<LabelId>(r#""../x""#).is_err());
    }
}
