//! The writes, and what became of them: all statements that change sessions.

use rusqlite::{Connection, OptionalExtension, named_params};
use stepkeep_core::{SessionKey, document};

use crate::record::{Document, Record, RevisionBytes};

/// One write.
#[derive(Debug)]
pub(crate) enum Write {
    /// Stores a session that is not there yet.
    Create(Record),
    /// Replaces a session at a revision.
    Update {
        record: Record,
        held: RevisionBytes,
        /// Whether the wake time changes, which has an index.
        wake_changes: bool,
    },
    /// Removes whatever is there.
    Clear { key: String },
    /// Removes a session at a revision.
    ClearAt {
        key: SessionKey,
        expected: RevisionBytes,
    },
    /// Removes the rows that still have the revision that they were seen with.
    RemoveIdle(Vec<Seen>),
    /// Puts the rows that still have the revision that they were seen with into the buckets that they belong to now.
    Refile(Vec<(Seen, i64)>),
    /// Does nothing, on the way that all writes go.
    Probe,
}

/// A row as a search saw it: its id and its revision.
pub(crate) type Seen = (i64, RevisionBytes);

/// What became of a write.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// It was not done: there is no session.
    Absent,
    /// It was not done: this is the session.
    Found(Document),
    /// That many rows were removed.
    Removed(u64),
}

impl Write {
    /// How many bytes of documents it writes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Create(record) | Self::Update { record, .. } => record.document.0.len(),
            Self::Clear { .. }
            | Self::ClearAt { .. }
            | Self::RemoveIdle(_)
            | Self::Refile(_)
            | Self::Probe => 0,
        }
    }

    /// Does it, inside the transaction that is open. What changes one session is one statement, so an error leaves
    /// nothing half done; what cleanup does to many rows can be half done, and done again.
    pub(crate) fn perform(&self, connection: &Connection) -> rusqlite::Result<Outcome> {
        match self {
            Self::Create(record) => create(connection, record),
            Self::Update {
                record,
                held,
                wake_changes,
            } => update(connection, record, held, *wake_changes),
            Self::Clear { key } => {
                let mut delete = connection.prepare_cached("DELETE FROM session WHERE key = ?1")?;
                Ok(match delete.execute([key])? {
                    0 => Outcome::Absent,
                    _ => Outcome::Done,
                })
            }
            Self::ClearAt { key, expected } => clear_at(connection, key, expected),
            Self::RemoveIdle(rows) => remove_idle(connection, rows),
            Self::Refile(rows) => refile(connection, rows),
            Self::Probe => Ok(Outcome::Done),
        }
    }
}

fn create(connection: &Connection, record: &Record) -> rusqlite::Result<Outcome> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO session (key, scope, revision, created_at, updated_at, updated_bucket, wake_at, doc)
         VALUES (:key, :scope, :revision, :created_at, :updated_at, :updated_bucket, :wake_at, :doc)
         ON CONFLICT (key) DO NOTHING",
    )?;
    let inserted = insert.execute(named_params! {
        ":key": record.key,
        ":scope": record.scope,
        ":revision": record.revision,
        ":created_at": record.created_at,
        ":updated_at": record.updated_at,
        ":updated_bucket": record.updated_bucket(),
        ":wake_at": record.wake_at,
        ":doc": record.document,
    })?;
    if inserted > 0 {
        Ok(Outcome::Done)
    } else {
        found(connection, &record.key)
    }
}

fn update(
    connection: &Connection,
    record: &Record,
    held: &RevisionBytes,
    wake_changes: bool,
) -> rusqlite::Result<Outcome> {
    // The bucket stays: the last update is never before the one before it.
    let updated = if wake_changes {
        connection
            .prepare_cached(
                "UPDATE session SET doc = :doc, revision = :revision, updated_at = :updated_at, wake_at = :wake_at
                 WHERE key = :key AND revision = :held",
            )?
            .execute(named_params! {
                ":doc": record.document,
                ":revision": record.revision,
                ":updated_at": record.updated_at,
                ":wake_at": record.wake_at,
                ":key": record.key,
                ":held": held,
            })?
    } else {
        // SQLite rewrites an index entry for a column that is assigned, even to what it is.
        connection
            .prepare_cached(
                "UPDATE session SET doc = :doc, revision = :revision, updated_at = :updated_at
                 WHERE key = :key AND revision = :held",
            )?
            .execute(named_params! {
                ":doc": record.document,
                ":revision": record.revision,
                ":updated_at": record.updated_at,
                ":key": record.key,
                ":held": held,
            })?
    };
    if updated > 0 {
        Ok(Outcome::Done)
    } else {
        found(connection, &record.key)
    }
}

fn clear_at(
    connection: &Connection,
    key: &SessionKey,
    expected: &RevisionBytes,
) -> rusqlite::Result<Outcome> {
    let encoded = key.encode();
    let stored = found(connection, &encoded)?;
    let Outcome::Found(document) = &stored else {
        return Ok(stored);
    };
    // A record that can't be read is not removed on the word of the column beside it.
    match document::decode(key, &document.0) {
        Ok(session) if session.revision().to_bytes() == *expected => {}
        _ => return Ok(stored),
    }
    let mut delete = connection.prepare_cached("DELETE FROM session WHERE key = ?1")?;
    delete.execute([encoded])?;
    Ok(Outcome::Done)
}

fn remove_idle(connection: &Connection, rows: &[Seen]) -> rusqlite::Result<Outcome> {
    let mut delete = connection.prepare_cached("DELETE FROM session WHERE id = ?1 AND revision = ?2")?;
    let mut removed = 0;
    for row in rows {
        removed += u64::from(delete.execute(*row)? > 0);
    }
    Ok(Outcome::Removed(removed))
}

fn refile(connection: &Connection, rows: &[(Seen, i64)]) -> rusqlite::Result<Outcome> {
    let mut update = connection
        .prepare_cached("UPDATE session SET updated_bucket = ?3 WHERE id = ?1 AND revision = ?2")?;
    for ((id, revision), bucket) in rows {
        update.execute((id, revision, bucket))?;
    }
    Ok(Outcome::Done)
}

fn found(connection: &Connection, key: &str) -> rusqlite::Result<Outcome> {
    let document = find(connection, key)?;
    Ok(document.map_or(Outcome::Absent, Outcome::Found))
}

/// The document under a key.
pub(crate) fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Document>> {
    connection
        .prepare_cached("SELECT doc FROM session WHERE key = ?1")?
        .query_row([key], |row| Document::from_column(row, 0))
        .optional()
}
