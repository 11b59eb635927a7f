//! Pages of sessions.
//!
//! A scan goes by row id, which a session keeps as long as it is there; one for due sessions goes by wake time and then
//! id, which is the order of the index that has only the few sessions with a wake time. Both stand still for a session
//! that stands still, so a cursor neither skips it nor shows it twice.

use rusqlite::{Connection, Row, named_params};
use stepkeep_core::{
    ScanCursor, ScanFilter, ScanPage, Session, SessionKey, StoreError, StoreErrorKind, StoreOperation,
    Timestamp, document,
};

use crate::error::{BACKEND, Failure};
use crate::record::Document;

/// The most sessions of one page, however many are asked for.
const MAX_PAGE: u32 = 1_000;

/// From how many bytes of documents on a page takes no more, so that its memory is bounded.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One page that is asked for.
#[derive(Debug)]
pub(crate) struct Page {
    scope: Option<String>,
    updated_before: Option<i64>,
    from: From,
    limit: u32,
}

/// Where a page begins: behind this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// In the order of ids.
    Id(i64),
    /// In the order of wake times, for sessions that are due.
    Wake { due_at: i64, wake_at: i64, id: i64 },
}

impl Page {
    pub(crate) fn new(
        filter: &ScanFilter,
        after: Option<&ScanCursor>,
        limit: usize,
    ) -> Result<Self, Failure> {
        let ScanFilter {
            scope,
            updated_before,
            due_at,
        } = filter;
        if limit == 0 {
            return Err(invalid("a page has at least one session"));
        }
        let from = match due_at {
            None => From::Id(i64::MIN),
            Some(due_at) => From::Wake {
                due_at: due_at.as_millis(),
                wake_at: i64::MIN,
                id: i64::MIN,
            },
        };
        let from = match after {
            None => from,
            Some(cursor) => from.behind(cursor.as_str()).ok_or_else(|| {
                invalid("the cursor is not one that this store made for this kind of filter")
            })?,
        };
        Ok(Self {
            scope: scope.as_ref().map(|scope| scope.as_str().to_owned()),
            updated_before: updated_before.map(Timestamp::as_millis),
            from,
            limit: u32::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE),
        })
    }

    pub(crate) fn read(&self, connection: &Connection) -> rusqlite::Result<ScanPage> {
        match self.from {
            From::Id(id) => {
                let mut select = connection.prepare_cached(
                    "SELECT id, key, doc, wake_at FROM session
                     WHERE id > :id
                       AND (:scope IS NULL OR scope = :scope)
                       AND (:updated_before IS NULL OR updated_at < :updated_before)
                     ORDER BY id LIMIT :limit",
                )?;
                self.collect(select.query(named_params! {
                    ":id": id,
                    ":scope": self.scope,
                    ":updated_before": self.updated_before,
                    ":limit": self.limit + 1,
                })?)
            }
            From::Wake { due_at, wake_at, id } => {
                let mut select = connection.prepare_cached(
                    "SELECT id, key, doc, wake_at FROM session
                     WHERE wake_at IS NOT NULL AND wake_at <= :due_at AND (wake_at, id) > (:wake_at, :id)
                       AND (:scope IS NULL OR scope = :scope)
                       AND (:updated_before IS NULL OR updated_at < :updated_before)
                     ORDER BY wake_at, id LIMIT :limit",
                )?;
                self.collect(select.query(named_params! {
                    ":due_at": due_at,
                    ":wake_at": wake_at,
                    ":id": id,
                    ":scope": self.scope,
                    ":updated_before": self.updated_before,
                    ":limit": self.limit + 1,
                })?)
            }
        }
    }

    fn collect(&self, mut rows: rusqlite::Rows<'_>) -> rusqlite::Result<ScanPage> {
        let mut page = ScanPage::default();
        let mut last = None;
        let (mut count, mut bytes) = (0, 0);
        while let Some(row) = rows.next()? {
            if count == self.limit || bytes >= MAX_BYTES {
                page.next = last;
                break;
            }
            let document = Document::from_column(row, 2)?;
            count += 1;
            bytes += document.0.len();
            last = Some(self.from.cursor(row)?);
            match decode(row, &document)? {
                Ok(session) => page.sessions.push(session),
                Err(error) => page.unreadable.push(error),
            }
        }
        Ok(page)
    }
}

impl From {
    /// The text of a cursor behind a row.
    fn cursor(self, row: &Row<'_>) -> rusqlite::Result<ScanCursor> {
        let id: i64 = row.get("id")?;
        Ok(ScanCursor::new(match self {
            Self::Id(_) => format!("id:{id}"),
            Self::Wake { .. } => format!("wake:{}:{id}", row.get::<_, i64>("wake_at")?),
        }))
    }

    /// The same order, behind what a cursor says.
    fn behind(self, cursor: &str) -> Option<Self> {
        match self {
            Self::Id(_) => Some(Self::Id(number(cursor.strip_prefix("id:")?)?)),
            Self::Wake { due_at, .. } => {
                let (wake_at, id) = cursor.strip_prefix("wake:")?.split_once(':')?;
                Some(Self::Wake {
                    due_at,
                    wake_at: number(wake_at)?,
                    id: number(id)?,
                })
            }
        }
    }
}

/// A number as a cursor has it, in no other spelling.
fn number(text: &str) -> Option<i64> {
    text.parse()
        .ok()
        .filter(|number: &i64| number.to_string() == text)
}

fn decode(row: &Row<'_>, document: &Document) -> rusqlite::Result<Result<Session, StoreError>> {
    let key = row.get_ref("key")?.as_str().ok().map(str::parse::<SessionKey>);
    let Some(Ok(key)) = key else {
        let id: i64 = row.get("id")?;
        let error = StoreError::new(StoreErrorKind::Corrupt, StoreOperation::Scan, BACKEND);
        return Ok(Err(
            error.with_message(format!("the key of row {id} is not one of a session"))
        ));
    };
    Ok(document::decode(&key, &document.0)
        .map_err(|error| StoreError::decode(StoreOperation::Scan, BACKEND, &key, error)))
}

fn invalid(message: &str) -> Failure {
    Failure::new(StoreErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(due: bool, cursor: &str) -> Result<Page, Failure> {
        let filter = ScanFilter {
            due_at: due.then_some(Timestamp::from_millis(7)),
            ..ScanFilter::default()
        };
        Page::new(&filter, Some(&ScanCursor::new(cursor)), 10)
    }

    #[test]
    fn a_cursor_of_another_order_or_another_store_is_refused() {
        assert_eq!(page(false, "id:5").unwrap().from, From::Id(5));
        let from = From::Wake {
            due_at: 7,
            wake_at: -3,
            id: 9,
        };
        assert_eq!(page(true, "wake:-3:9").unwrap().from, from);
        for (due, cursor) in [
            (true, "id:5"),
            (false, "wake:1:2"),
            (false, "5"),
            (false, "id:+5"),
            (false, "id:05"),
            (false, "id:5 "),
            (false, ""),
            (true, "wake:1"),
            (true, "wake:1:2:3"),
            (false, "id:99999999999999999999"),
        ] {
            let error = page(due, cursor).unwrap_err().into_error(StoreOperation::Scan);
            assert_eq!(error.kind(), StoreErrorKind::Invalid, "{cursor}");
        }
    }

    #[test]
    fn a_page_of_zero_sessions_is_refused() {
        let failure = Page::new(&ScanFilter::default(), None, 0).unwrap_err();
        let error = failure.into_error(StoreOperation::Scan);
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
    }
}
