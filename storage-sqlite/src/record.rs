//! A session as a row: the document, and the columns beside it that statements compare.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};
use stepkeep_core::{Revision, Session, Timestamp, document};

/// A revision as its column has it.
pub(crate) type RevisionBytes = [u8; Revision::BYTE_LENGTH];

/// A row of the table `session`.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) scope: String,
    pub(crate) revision: RevisionBytes,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) wake_at: Option<i64>,
    pub(crate) document: Document,
}

impl Record {
    /// The row of a session.
    ///
    /// # Errors
    /// When its document has more than `max_bytes` bytes; the error is the number that it has.
    pub(crate) fn new(session: &Session, max_bytes: usize) -> Result<Self, usize> {
        Ok(Self {
            key: session.key().encode(),
            scope: session.key().scope().as_str().to_owned(),
            revision: session.revision().to_bytes(),
            created_at: session.created_at().as_millis(),
            updated_at: session.updated_at().as_millis(),
            wake_at: session.wake_at().map(Timestamp::as_millis),
            document: Document(document::encode(session, max_bytes)?),
        })
    }

    pub(crate) fn updated_bucket(&self) -> i64 {
        bucket(Timestamp::from_millis(self.updated_at))
    }
}

/// The stretch of ten minutes that an instant is in.
///
/// Cleanup finds its candidates by it and then looks at the exact time. The column is indexed, and an update leaves it as it
/// is: a row is in the bucket of its last update or in an earlier one. So the index costs an update nothing.
pub(crate) fn bucket(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(10 * 60 * 1_000)
}

/// The stored form of a session. It goes in as text, so that a person sees it in any SQLite shell, and comes out as
/// bytes whatever was put there, so that a damaged one is told by who decodes it.
pub(crate) struct Document(pub(crate) Vec<u8>);

impl Document {
    /// What a column has; a number or NULL, which nobody wrote here, decodes as an empty document, and so as damaged.
    pub(crate) fn from_column(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Self(bytes.to_vec()),
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Self(Vec::new()),
        })
    }
}

impl ToSql for Document {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

/// Shows the length only: data is about people, and ends up in logs otherwise.
impl std::fmt::Debug for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Document({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// So no session before a cutoff is missed by looking at the buckets up to the cutoff's.
        #[test]
        fn an_earlier_instant_is_never_in_a_later_bucket(one: i64, other: i64) {
            let (earlier, later) = (one.min(other), one.max(other));
            prop_assert!(bucket(Timestamp::from_millis(earlier)) <= bucket(Timestamp::from_millis(later)));
        }
    }
}
