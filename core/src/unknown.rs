//! What a newer version wrote into a record.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::field::FieldValue;

/// The members of an object that this version doesn't know, kept for the one that does.
///
/// There are none as a rule, which takes no memory of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unknown(Option<Arc<BTreeMap<String, FieldValue>>>);

impl Unknown {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The members with their values, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &FieldValue)> {
        self.0.iter().flat_map(|members| members.iter())
    }
}

/// Of a member that is there twice, the last value counts.
impl FromIterator<(String, FieldValue)> for Unknown {
    fn from_iter<I: IntoIterator<Item = (String, FieldValue)>>(members: I) -> Self {
        let members: BTreeMap<_, _> = members.into_iter().collect();
        Self((!members.is_empty()).then(|| Arc::new(members)))
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
