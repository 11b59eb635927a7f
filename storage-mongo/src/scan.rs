//! Pages of sessions.
//!
//! A scan goes by key, which a session keeps as long as it is there; one for due sessions goes by wake time and then
//! key, which is the order of the index that has only the few sessions with a wake time. Both stand still for a session
//! that stands still, so a cursor neither skips it nor shows it twice.

use futures::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{DateTime, Document, RawDocumentBuf, doc};
use stepkeep_core::{
    ScanCursor, ScanFilter, ScanPage, Session, SessionKey, StoreError, StoreErrorKind, StoreOperation,
};

use crate::error::{BACKEND, invalid};
use crate::record;

/// The most sessions of one page, however many are asked for.
const MAX_PAGE: u32 = 1_000;

/// From how many bytes of documents on a page takes no more, so that its memory is bounded.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One page that is asked for.
#[derive(Debug)]
pub(crate) struct Page {
    filter: ScanFilter,
    from: From,
    limit: u32,
}

/// Where a page begins: behind this place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum From {
    /// In the order of keys.
    Key(String),
    /// In the order of wake times, for sessions that are due; `None` at the beginning.
    Wake {
        due_at: i64,
        place: Option<(i64, String)>,
    },
}

impl Page {
    pub(crate) fn new(
        filter: &ScanFilter,
        after: Option<&ScanCursor>,
        limit: usize,
    ) -> Result<Self, StoreError> {
        if limit == 0 {
            return Err(invalid(StoreOperation::Scan, "a page has at least one session"));
        }
        let from = match filter.due_at {
            None => From::Key(String::new()),
            Some(due_at) => From::Wake {
                due_at: due_at.as_millis(),
                place: None,
            },
        };
        let from = match after {
            None => from,
            Some(cursor) => from.behind(cursor.as_str()).ok_or_else(|| {
                invalid(
                    StoreOperation::Scan,
                    "the cursor is not one that this store made for this kind of filter",
                )
            })?,
        };
        Ok(Self {
            filter: filter.clone(),
            from,
            limit: u32::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE),
        })
    }

    fn query(&self) -> (Document, Document) {
        let (mut query, order) = match &self.from {
            From::Key(key) => (doc! { "_id": { "$gt": key } }, doc! { "_id": 1 }),
            From::Wake { due_at, place } => {
                let due_at = DateTime::from_millis(*due_at);
                let query = match place {
                    None => doc! { "wake_at": { "$lte": due_at } },
                    Some((wake_at, key)) => {
                        let wake_at = DateTime::from_millis(*wake_at);
                        doc! {
                            "wake_at": { "$gte": wake_at, "$lte": due_at },
                            "$or": [{ "wake_at": { "$gt": wake_at } }, { "_id": { "$gt": key } }],
                        }
                    }
                };
                (query, doc! { "wake_at": 1, "_id": 1 })
            }
        };
        if let Some(scope) = &self.filter.scope {
            query.insert("scope", scope.as_str());
        }
        if let Some(before) = self.filter.updated_before {
            query.insert(
                "updated_at",
                doc! { "$lt": DateTime::from_millis(before.as_millis()) },
            );
        }
        (query, order)
    }

    /// One command as a rule. Only when the server's answer is full before the page is, the driver asks for the rest:
    /// so a page that is short is the last one.
    pub(crate) async fn read(
        &self,
        sessions: &Collection<RawDocumentBuf>,
    ) -> mongodb::error::Result<ScanPage> {
        let (query, order) = self.query();
        let mut found = sessions
            .find(query)
            .sort(order)
            .limit(i64::from(self.limit) + 1)
            .batch_size(self.limit + 1)
            .await?;
        let mut page = ScanPage::default();
        let mut last = None;
        let (mut count, mut bytes) = (0, 0);
        while let Some(document) = found.try_next().await? {
            if count == self.limit || bytes >= MAX_BYTES {
                page.next = last;
                break;
            }
            count += 1;
            bytes += document.as_bytes().len();
            last = self.from.cursor(&document).or(last);
            match decode(&document) {
                // What is derived of a document, or of another type than this store writes, is not believed.
                Ok(session) if self.filter.matches(&session) => page.sessions.push(session),
                Ok(_) => {}
                Err(error) => page.unreadable.push(error),
            }
        }
        Ok(page)
    }
}

impl From {
    /// The text of a cursor behind a document.
    fn cursor(&self, document: &RawDocumentBuf) -> Option<ScanCursor> {
        let key = document.get_str("_id").ok()?;
        Some(ScanCursor::new(match self {
            Self::Key(_) => format!("{BACKEND}:key:{key}"),
            Self::Wake { .. } => {
                let wake_at = document.get_datetime("wake_at").ok()?.timestamp_millis();
                format!("{BACKEND}:wake:{wake_at}:{key}")
            }
        }))
    }

    /// The same order, behind what a cursor says.
    fn behind(self, cursor: &str) -> Option<Self> {
        let (kind, place) = cursor.strip_prefix(BACKEND)?.strip_prefix(':')?.split_once(':')?;
        match (self, kind) {
            (Self::Key(_), "key") => Some(Self::Key(place.to_owned())),
            (Self::Wake { due_at, .. }, "wake") => {
                let (wake_at, key) = place.split_once(':')?;
                let place = Some((number(wake_at)?, key.to_owned()));
                Some(Self::Wake { due_at, place })
            }
            _ => None,
        }
    }
}

/// A number as a cursor has it, in no other spelling.
fn number(text: &str) -> Option<i64> {
    text.parse()
        .ok()
        .filter(|number: &i64| number.to_string() == text)
}

fn decode(document: &RawDocumentBuf) -> Result<Session, StoreError> {
    let key = document.get_str("_id").ok().map(str::parse::<SessionKey>);
    let Some(Ok(key)) = key else {
        let error = StoreError::new(StoreErrorKind::Corrupt, StoreOperation::Scan, BACKEND);
        return Err(error.with_message("the _id of a document is not the key of a session"));
    };
    record::decode(&key, document)
        .map_err(|error| StoreError::decode(StoreOperation::Scan, BACKEND, &key, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(due: bool, cursor: &str) -> Result<Page, StoreError> {
        let filter = ScanFilter {
            due_at: due.then_some(stepkeep_core::Timestamp::from_millis(i64::MIN)),
            ..ScanFilter::default()
        };
        Page::new(&filter, Some(&ScanCursor::new(cursor)), 10)
    }

    #[test]
    fn a_cursor_of_another_order_or_another_store_is_refused() {
        assert_eq!(
            page(false, "mongodb:key:7/1").unwrap().from,
            From::Key("7/1".to_owned())
        );
        let from = From::Wake {
            due_at: i64::MIN,
            place: Some((-3, "7:1".to_owned())),
        };
        assert_eq!(page(true, "mongodb:wake:-3:7:1").unwrap().from, from);
        for (due, cursor) in [
            (true, "mongodb:key:5"),
            (false, "mongodb:wake:1:2"),
            (false, "id:5"),
            (false, "key:5"),
            (false, ""),
            (true, "mongodb:wake:1"),
            (true, "mongodb:wake:01:5"),
            (false, "mongodb"),
        ] {
            let error = page(due, cursor).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Invalid, "{cursor}");
        }
    }
}
