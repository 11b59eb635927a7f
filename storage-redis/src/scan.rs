//! Pages of sessions, in the order of an index: bucket by bucket, by score, and by name.
//!
//! A session that stands still keeps its place in an index, so a place is a cursor, whether somebody is still there or
//! not.

use redis::{Value, from_redis_value};
use stepkeep_core::{
    ScanCursor, ScanFilter, ScanPage, Session, SessionKey, StoreError, StoreErrorKind, StoreOperation,
    document,
};

use crate::error::{BACKEND, Failure};
use crate::keys::last_part;
use crate::record;
use crate::store::RedisStorage;

/// The most sessions of one page, however many are asked for.
const MAX_PAGE: usize = 1_000;

/// How many places of an index one call looks at: what a scope leaves out costs time as well.
const MAX_PLACES: usize = 2_000;

/// From how many bytes of records on a page takes no more, so that its memory is bounded.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A place in an index of a bucket; the beginning has neither score nor member.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    bucket: u16,
    score: String,
    member: String,
}

impl Place {
    fn beginning_of(bucket: u16) -> Self {
        Self {
            bucket,
            score: String::new(),
            member: String::new(),
        }
    }

    fn cursor(&self, order: Order) -> ScanCursor {
        let Self {
            bucket,
            score,
            member,
        } = self;
        ScanCursor::new(format!("redis:{}:{bucket}:{score}:{member}", order.word()))
    }

    fn of_cursor(cursor: &ScanCursor, order: Order, buckets: u16) -> Option<Self> {
        let rest = cursor.as_str().strip_prefix("redis:")?;
        let rest = rest.strip_prefix(order.word())?.strip_prefix(':')?;
        let (bucket, rest) = rest.split_once(':')?;
        let (score, member) = rest.split_once(':')?;
        let bucket = bucket.parse().ok().filter(|bucket| *bucket < buckets)?;
        let is_beginning = score.is_empty() && member.is_empty();
        let is_place = score.parse::<i64>().is_ok() && member.parse::<SessionKey>().is_ok();
        (is_beginning || is_place).then(|| Self {
            bucket,
            score: score.to_owned(),
            member: member.to_owned(),
        })
    }
}

/// Which index a scan walks through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Updated,
    Wake,
}

impl Order {
    const fn word(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Wake => "wake",
        }
    }
}

/// Reads one page. With one bucket, that is one call; with several, as many as it takes to fill it.
pub(crate) async fn page(
    store: &RedisStorage,
    filter: &ScanFilter,
    after: Option<&ScanCursor>,
    limit: usize,
) -> Result<ScanPage, Failure> {
    if limit == 0 {
        return Err(invalid("a page has at least one session"));
    }
    let limit = limit.min(MAX_PAGE);
    let order = if filter.due_at.is_some() {
        Order::Wake
    } else {
        Order::Updated
    };
    let buckets = store.names().buckets();
    let mut place = match after {
        None => Place::beginning_of(0),
        Some(cursor) => Place::of_cursor(cursor, order, buckets)
            .ok_or_else(|| invalid("the cursor is not one that this store made for this kind of filter"))?,
    };
    let mut page = ScanPage::default();
    let mut bytes = 0;
    loop {
        let wanted = limit - page.sessions.len() - page.unreadable.len();
        let part = read(store, filter, order, &place, wanted).await?;
        bytes += part.bytes;
        page.sessions.extend(part.sessions);
        page.unreadable.extend(part.unreadable);
        place = match part.last {
            Some(last) => last,
            None if place.bucket + 1 < buckets => Place::beginning_of(place.bucket + 1),
            None => return Ok(page),
        };
        if page.sessions.len() + page.unreadable.len() >= limit || bytes >= MAX_BYTES {
            page.next = Some(place.cursor(order));
            return Ok(page);
        }
    }
}

/// What one call gave.
#[derive(Default)]
struct Part {
    sessions: Vec<Session>,
    unreadable: Vec<StoreError>,
    bytes: usize,
    /// The last place that was looked at; `None` at the end of the bucket.
    last: Option<Place>,
}

async fn read(
    store: &RedisStorage,
    filter: &ScanFilter,
    order: Order,
    after: &Place,
    limit: usize,
) -> Result<Part, Failure> {
    let names = store.names();
    let index = match order {
        Order::Updated => names.updated(after.bucket),
        Order::Wake => names.wake(after.bucket),
    };
    let highest = match (filter.due_at, filter.updated_before) {
        (Some(due_at), _) => record::score(due_at).to_string(),
        (None, Some(before)) => record::score(before).to_string(),
        (None, None) => "+inf".to_owned(),
    };
    let ending = filter
        .scope
        .as_ref()
        .map(|scope| format!("/{}", last_part(scope)));
    let (records, limit) = (names.records(after.bucket), limit.to_string());
    let (places, bytes) = (MAX_PLACES.to_string(), MAX_BYTES.to_string());
    let answer: Vec<Value> = store
        .connection()
        .call(
            &store.scripts().page,
            &[&index],
            &[
                records.as_bytes(),
                after.score.as_bytes(),
                after.member.as_bytes(),
                highest.as_bytes(),
                ending.unwrap_or_default().as_bytes(),
                limit.as_bytes(),
                places.as_bytes(),
                bytes.as_bytes(),
            ],
        )
        .await?;
    part_of(answer, filter, after.bucket)
}

fn part_of(answer: Vec<Value>, filter: &ScanFilter, bucket: u16) -> Result<Part, Failure> {
    let odd = |_| Failure::new(StoreErrorKind::Corrupt, "a page is not what the script answers");
    let mut part = Part::default();
    let mut values = answer.into_iter().map(from_redis_value::<Vec<u8>>);
    let next_text = |values: &mut dyn Iterator<Item = Result<Vec<u8>, redis::ParsingError>>| {
        let value = values.next().transpose().map_err(odd)?.unwrap_or_default();
        Ok::<_, Failure>(String::from_utf8_lossy(&value).into_owned())
    };
    let (score, member) = (next_text(&mut values)?, next_text(&mut values)?);
    part.last = (!score.is_empty()).then_some(Place {
        bucket,
        score,
        member,
    });
    while let Some(member) = values.next() {
        let member = String::from_utf8_lossy(&member.map_err(odd)?).into_owned();
        let record = values.next().transpose().map_err(odd)?.unwrap_or_default();
        part.bytes += record.len();
        match decode(&member, &record) {
            Ok(session) if filter.matches(&session) => part.sessions.push(session),
            Ok(_) => {}
            Err(error) => part.unreadable.push(error),
        }
    }
    Ok(part)
}

fn decode(member: &str, record: &[u8]) -> Result<Session, StoreError> {
    let Ok(key) = member.parse::<SessionKey>() else {
        let error = StoreError::new(StoreErrorKind::Corrupt, StoreOperation::Scan, BACKEND);
        return Err(error.with_message("an index has a member that is no session's key"));
    };
    document::decode(&key, record::stored_form(record))
        .map_err(|error| StoreError::decode(StoreOperation::Scan, BACKEND, &key, error))
}

fn invalid(message: &str) -> Failure {
    Failure::new(StoreErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_gives_its_place_back_and_another_is_refused() {
        for place in [
            Place::beginning_of(3),
            Place {
                bucket: 0,
                score: "-28".to_owned(),
                member: "7/-100/42/3/a%3Ab/main".to_owned(),
            },
        ] {
            let cursor = place.cursor(Order::Updated);
            assert_eq!(Place::of_cursor(&cursor, Order::Updated, 4), Some(place));
            assert_eq!(Place::of_cursor(&cursor, Order::Wake, 4), None);
        }
        for text in [
            "",
            "id:5",
            "redis:",
            "redis:updated",
            "redis:updated:0",
            "redis:updated:4::",
            "redis:updated:0:1:",
            "redis:updated:0:x:7/42/42///main",
            "redis:updated:0:1:7/42",
            "redis:updated:0::7/42/42///main",
        ] {
            assert_eq!(
                Place::of_cursor(&ScanCursor::new(text), Order::Updated, 4),
                None,
                "{text}"
            );
        }
    }
}
