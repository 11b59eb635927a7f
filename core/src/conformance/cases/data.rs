//! Keys and data come back as they went in.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Fixture, Outcome};
use super::super::check::{ensure, ensure_same, ensure_stored};
use super::super::samples::{
    at, field, filled_to, full, json_texts, key, odd_keys, plain, position, turn_state,
};
use super::scan::collect;
use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::field::FieldValue;
use crate::name::FieldName;
use crate::session::NewSession;
use crate::store::ScanFilter;
use crate::turn_state::TurnState;

pub(in super::super) async fn odd_keys_come_back_as_they_went_in(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let mut sessions = BTreeMap::new();
    for (number, key) in (0..).zip(odd_keys()?.into_iter().collect::<BTreeSet<_>>()) {
        let change = SessionChange::new(at(number)).set(field("number"), FieldValue::new(&number)?);
        let session = store.create(NewSession::new(key.clone(), change)).await?;
        sessions.insert(key, session);
    }
    for session in sessions.values() {
        ensure_stored("odd key", store, session).await?;
    }
    let scanned = collect(store, &ScanFilter::default(), 10).await?;
    for (key, session) in &sessions {
        let seen = scanned.get(key);
        ensure(seen == Some(session), || {
            format!("scan of odd keys: expected the session {key}, saw {seen:?}")
        })?;
    }
    ensure(scanned.len() == sessions.len(), || {
        format!(
            "scan of odd keys: expected {} sessions, saw {}",
            sessions.len(),
            scanned.len()
        )
    })?;
    for session in sessions.values() {
        let scope = session.key().scope().clone();
        let filter = ScanFilter {
            scope: Some(scope.clone()),
            ..ScanFilter::default()
        };
        let seen = collect(store, &filter, 50).await?;
        let expected = sessions.keys().filter(|key| *key.scope() == scope);
        ensure(seen.keys().eq(expected), || {
            format!(
                "scan of the scope {scope:?}: saw {:?}",
                seen.keys().collect::<Vec<_>>()
            )
        })?;
    }
    for session in sessions.values() {
        let updated = store.update(session, &SessionChange::new(at(1_000))).await?;
        ensure_stored("update under an odd key", store, &updated).await?;
        let cleared = store.clear(session.key(), Some(updated.revision())).await?;
        ensure(cleared, || {
            format!("clear of the odd key {}: expected true, saw false", session.key())
        })?;
    }
    Ok(())
}

pub(in super::super) async fn every_json_value_comes_back(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let mut all = SessionChange::new(at(0));
    for (number, text) in json_texts().into_iter().enumerate() {
        let value = FieldValue::from_json(text)?;
        all = all.set(FieldName::new(&format!("f{number}"))?, value);
    }
    let created = store.create(NewSession::new(key(1), all.clone())).await?;
    ensure_same(
        "create with every kind of JSON",
        &created,
        &NewSession::new(key(1), all.clone()).session(),
    )?;
    ensure_stored("create with every kind of JSON", store, &created).await?;

    // By way of an update, and through updates of other fields.
    let held = store.create(plain(key(2), at(0))).await?;
    let updated = store.update(&held, &all).await?;
    ensure_same("update to every kind of JSON", &updated, &all.apply(&held))?;
    let other = SessionChange::new(at(1)).set(field("other"), FieldValue::text(""));
    let kept = store.update(&updated, &other).await?;
    ensure_same("update of another field", &kept, &other.apply(&updated))?;
    ensure_stored("update of another field", store, &kept).await
}

pub(in super::super) async fn data_from_nothing_to_the_limit_comes_back(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let limit = fixture.max_bytes();
    let empty = NewSession::new(key(0), SessionChange::new(at(0)));
    let created = store.create(empty.clone()).await?;
    ensure_same("create with no data at all", &created, &empty.session())?;
    ensure_stored("create with no data at all", store, &created).await?;

    let blank = SessionChange::new(at(1)).set(field("blank"), FieldValue::text(""));
    let updated = store.update(&created, &blank).await?;
    ensure_stored("update to an empty text", store, &updated).await?;

    let sizes = [limit / 16, limit / 2, limit - 1, limit];
    for (user, bytes) in (1..).zip(sizes) {
        let create = |change: &SessionChange| NewSession::new(key(user), change.clone()).session();
        let change = filled_to(bytes, &SessionChange::new(at(0)), create)?;
        let created = store.create(NewSession::new(key(user), change)).await?;
        ensure_stored(&format!("create of {bytes} bytes"), store, &created).await?;

        let next = SessionChange::new(at(1)).set(field("step"), FieldValue::text("next"));
        let next = filled_to(bytes, &next, |change| change.apply(&created))?;
        let updated = store.update(&created, &next).await?;
        ensure_stored(&format!("update to {bytes} bytes"), store, &updated).await?;
    }

    let mut many = SessionChange::new(at(0));
    for number in 0..500 {
        // The longest names, which differ at the end only.
        let name = format!("{}{number:03}", "n".repeat(crate::MAX_NAME_LENGTH - 3));
        many = many.set(FieldName::new(&name)?, FieldValue::new(&number)?);
    }
    let created = store.create(NewSession::new(key(100), many)).await?;
    ensure_stored("create of 500 fields", store, &created).await
}

pub(in super::super) async fn the_turn_state_comes_back_whole(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let created = store.create(full(key(1), at(0))?).await?;
    ensure_stored("create with a turn state", store, &created).await?;

    let untouched = SessionChange::new(at(1)).go_to(position("next"));
    let updated = store.update(&created, &untouched).await?;
    ensure_same("update of the step only", &updated, &untouched.apply(&created))?;
    ensure_stored("update of the step only", store, &updated).await?;

    let replaced = SessionChange::new(at(2)).turn(turn_state(at(2)));
    let updated = store.update(&updated, &replaced).await?;
    ensure_stored("update of the turn state", store, &updated).await?;

    let emptied = SessionChange::new(at(3)).turn(TurnState::default());
    let updated = store.update(&updated, &emptied).await?;
    ensure_stored("update to no turn state", store, &updated).await
}

pub(in super::super) async fn times_are_the_callers_to_the_millisecond(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let instants = [
        0,
        -1,
        1,
        999,
        -62_135_596_800_000,
        253_402_300_799_999,
        (1 << 53) + 1,
        -(1 << 53) - 1,
        1_700_000_000_123,
    ];
    for (user, millis) in (1..).zip(instants) {
        let instant = Timestamp::from_millis(millis);
        let later = Timestamp::from_millis(millis + 1);
        let new = NewSession::new(key(user), SessionChange::new(instant).wake_at(Some(later)));
        let created = store.create(new.clone()).await?;
        ensure_same(&format!("create at {instant}"), &created, &new.session())?;
        ensure_stored(&format!("create at {instant}"), store, &created).await?;

        let change = SessionChange::new(later);
        let updated = store.update(&created, &change).await?;
        ensure_same(&format!("update at {later}"), &updated, &change.apply(&created))?;
        ensure_stored(&format!("update at {later}"), store, &updated).await?;
    }
    Ok(())
}
