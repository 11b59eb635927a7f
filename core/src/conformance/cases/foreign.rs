//! Records that something else than the store under test left: newer versions, and damage.

use serde_json::{Value, json};

use super::super::case::{Fixture, Outcome};
use super::super::check::{ensure, ensure_absent, ensure_refused, ensure_same, ensure_stored};
use super::super::samples::{at, field, full, key, plain, stored_form};
use super::super::target::RawRecord;
use super::scan::pages;
use crate::change::SessionChange;
use crate::document;
use crate::error::{StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::key::SessionKey;
use crate::session::Session;
use crate::store::{CleanupPolicy, ScanFilter, SessionStore};

fn raw_record(session: &Session, form: &serde_json::Map<String, Value>) -> Outcome<RawRecord> {
    Ok(RawRecord {
        key: session.key().clone(),
        stored_form: serde_json::to_string(form)?,
        revision: session.revision(),
        updated_at: session.updated_at(),
        wake_at: session.wake_at(),
    })
}

/// Puts a record that can't be read under each of some keys, and answers the keys, each with the kind of error that
/// every read of it ends with.
async fn put_unreadable(fixture: &Fixture) -> Outcome<Vec<(SessionKey, StoreErrorKind)>> {
    let mut unreadable = Vec::new();
    for user in 1..=5 {
        let session = plain(key(user), at(0)).session();
        let mut form = stored_form(&session)?;
        let kind = match user {
            1 => {
                form.insert("schema".to_owned(), json!(document::SCHEMA_VERSION + 1));
                StoreErrorKind::TooNew
            }
            2 => {
                // A newer version may have changed the shape of everything.
                form = serde_json::Map::new();
                form.insert("schema".to_owned(), json!(1_000_000));
                form.insert("sessions".to_owned(), json!([{ "revision": 7 }]));
                StoreErrorKind::TooNew
            }
            3 => {
                form.insert("data".to_owned(), json!("no object"));
                StoreErrorKind::Corrupt
            }
            4 => {
                form.remove("step");
                StoreErrorKind::Corrupt
            }
            _ => {
                form = serde_json::Map::new();
                StoreErrorKind::Corrupt
            }
        };
        fixture.put_record(&raw_record(&session, &form)?).await?;
        unreadable.push((key(user), kind));
    }
    Ok(unreadable)
}

fn ensure_names_the_key(what: &str, error: &StoreError, key: &SessionKey) -> Outcome {
    ensure(error.key() == Some(key), || {
        format!(
            "{what}: expected the error to name the key {key}, saw {:?}",
            error.key()
        )
    })
}

/// That the record is as unreadable as it was.
async fn ensure_left(
    what: &str,
    store: &dyn SessionStore,
    key: &SessionKey,
    kind: StoreErrorKind,
) -> Outcome {
    ensure_refused(&format!("{what}, get"), store.get(key).await, kind).map(drop)
}

pub(in super::super) async fn members_of_a_newer_version_survive_an_update(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let session = full(key(1), at(0))?.session();
    let mut form = stored_form(&session)?;
    form.insert(
        "mood".to_owned(),
        json!({ "of.the": ["day", 1.5, null], "$": "" }),
    );
    if let Some(turn) = form.get_mut("turn").and_then(Value::as_object_mut) {
        turn.insert("novelty".to_owned(), json!([1, { "x": "y" }]));
    }
    let record = raw_record(&session, &form)?;
    fixture.put_record(&record).await?;

    let expected = document::decode(&record.key, record.stored_form.as_bytes())?;
    ensure_stored("a record with unknown members", store, &expected).await?;
    let Some(held) = store.get(&record.key).await? else {
        return ensure_stored("a record with unknown members", store, &expected).await;
    };
    let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
    let updated = store.update(&held, &change).await?;
    ensure_same(
        "update beside unknown members",
        &updated,
        &change.apply(&expected),
    )?;
    ensure_stored("update beside unknown members", store, &updated).await?;
    for member in ["mood", "novelty"] {
        let stored = stored_form(&updated)?;
        ensure(Value::Object(stored).to_string().contains(member), || {
            format!("update beside unknown members: expected the member {member}, saw none")
        })?;
    }
    Ok(())
}

pub(in super::super) async fn a_get_of_what_can_not_be_read_names_the_key(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    for (key, kind) in put_unreadable(&fixture).await? {
        let error = ensure_refused("get of an unreadable record", store.get(&key).await, kind)?;
        ensure_names_the_key("get of an unreadable record", &error, &key)?;
    }
    Ok(())
}

pub(in super::super) async fn a_create_leaves_what_it_can_not_read(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    for (key, kind) in put_unreadable(&fixture).await? {
        let what = "create over an unreadable record";
        let error = ensure_refused(what, store.create(plain(key.clone(), at(1))).await, kind)?;
        ensure_names_the_key(what, &error, &key)?;
        ensure_left(what, store, &key, kind).await?;
    }
    Ok(())
}

pub(in super::super) async fn an_update_leaves_what_it_can_not_read(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    for (key, kind) in put_unreadable(&fixture).await? {
        // Somebody holds the session that was there before the record became what it is.
        let held = plain(key.clone(), at(0)).session();
        let what = "update over an unreadable record";
        let error = ensure_refused(what, store.update(&held, &SessionChange::new(at(1))).await, kind)?;
        ensure_names_the_key(what, &error, &key)?;
        ensure_left(what, store, &key, kind).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_clear_removes_what_can_not_be_read(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    for (key, _) in put_unreadable(&fixture).await? {
        let cleared = store.clear(&key, None).await?;
        ensure(cleared, || {
            "clear of an unreadable record: expected true, saw false".to_owned()
        })?;
        ensure_absent("clear of an unreadable record", store, &key).await?;
        store.create(plain(key, at(1))).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_clear_at_a_revision_leaves_what_it_can_not_read(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    for (key, kind) in put_unreadable(&fixture).await? {
        let held = plain(key.clone(), at(0)).session();
        let what = "clear of an unreadable record at a revision";
        ensure_refused(what, store.clear(&key, Some(held.revision())).await, kind)?;
        ensure_left(what, store, &key, kind).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_cleanup_is_not_stopped_by_what_it_can_not_read(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    put_unreadable(&fixture).await?;
    for user in 10..20 {
        store.create(plain(key(user), at(user % 2))).await?;
    }
    store.cleanup(&CleanupPolicy::before(at(1))).await?;
    for user in 10..20 {
        let stays = store.get(&key(user)).await?.is_some();
        let idle = user % 2 == 0;
        ensure(stays != idle, || {
            format!(
                "cleanup beside unreadable records, the session of {user}: expected it there: {}, saw it there: {stays}",
                !idle
            )
        })?;
    }
    Ok(())
}

pub(in super::super) async fn a_scan_reports_what_it_can_not_read_and_goes_on(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let mut expected = put_unreadable(&fixture).await?;
    for user in 10..16 {
        store.create(plain(key(user), at(0))).await?;
    }
    expected.sort_by(|(one, _), (other, _)| one.cmp(other));
    for limit in [1, 2, 100] {
        let mut readable = Vec::new();
        let mut unreadable = Vec::new();
        for page in pages(store, &ScanFilter::default(), limit).await? {
            readable.extend(page.sessions);
            unreadable.extend(page.unreadable);
        }
        ensure(readable.len() == 6, || {
            format!(
                "scan beside unreadable records, {limit} a page: expected 6 sessions, saw {}",
                readable.len()
            )
        })?;
        let mut seen: Vec<_> = unreadable
            .iter()
            .filter_map(|error| error.key().map(|key| (key.clone(), error.kind())))
            .collect();
        seen.sort_by(|(one, _), (other, _)| one.cmp(other));
        ensure(seen == expected, || {
            format!("scan of unreadable records, {limit} a page: expected {expected:?}, saw {seen:?}")
        })?;
    }
    Ok(())
}
