//! Copies of whole stores: exact, resumable, and checked.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::sync::Arc;

use parking_lot::Mutex;
use stepkeep_core::{
    BotId, CopyDifference, Existing, Fault, Faults, FieldName, FieldValue, FlowName, MemoryStorage,
    NewSession, Position, RetryPolicy, ScanCursor, ScanFilter, Session, SessionChange, SessionCopy,
    SessionKey, SessionStore, SessionStoreExt, StepName, StoreContents, StoreErrorKind, StoreOperation,
    Timestamp, UserId, WithFaults, WithRetry, document, verify_copy,
};

const PEOPLE: i64 = 450;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn key(person: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(person))
}

fn set_city(city: &str, millis: i64) -> SessionChange {
    SessionChange::new(at(millis)).set(FieldName::constant("city"), FieldValue::text(city))
}

/// A store with sessions that have gone through some changes, over several pages.
async fn filled() -> MemoryStorage {
    let store = MemoryStorage::new();
    for person in 1..=PEOPLE {
        let position = Position {
            flow: FlowName::constant("order"),
            version: 2,
            step: StepName::constant("city"),
        };
        let new = set_city("Austin", person).go_to(position).wake_at(Some(at(9)));
        let mut session = store.create(NewSession::new(key(person), new)).await.unwrap();
        for number in 0..person % 3 {
            session = store
                .update(&session, &set_city("Dallas", person + number + 1))
                .await
                .unwrap();
        }
    }
    store
}

async fn session(store: &dyn SessionStore, person: i64) -> Session {
    store.get(&key(person)).await.unwrap().unwrap()
}

fn people() -> u64 {
    PEOPLE.unsigned_abs()
}

#[tokio::test]
async fn a_copy_has_every_session_exactly_as_it_is() {
    let (from, to) = (filled().await, MemoryStorage::new());
    let report = SessionCopy::new(&from, &to).run().await.unwrap();
    assert_eq!(report.counts.copied, people());
    assert_eq!(report.counts.total(), people());
    for person in 1..=PEOPLE {
        let original = session(&from, person).await;
        assert_eq!(session(&to, person).await, original);
        // Whoever holds the session goes on in the other store.
        let change = set_city("Houston", 10_000);
        let updated = to.update(&original, &change).await.unwrap();
        assert_eq!(updated, change.apply(&original));
    }
}

#[tokio::test]
async fn members_of_a_newer_version_are_copied() {
    let (from, to) = (MemoryStorage::new(), MemoryStorage::new());
    let known = NewSession::new(key(1), set_city("Austin", 1)).session();
    let stored = String::from_utf8(document::encode(&known, usize::MAX).unwrap()).unwrap();
    let newer = stored.replacen("\"data\"", "\"mood\":{\"of\":[\"day\"]},\"data\"", 1);
    from.insert_encoded(&key(1), newer.into_bytes());

    SessionCopy::new(&from, &to).run().await.unwrap();
    let copied = document::encode(&session(&to, 1).await, usize::MAX).unwrap();
    assert!(
        String::from_utf8(copied)
            .unwrap()
            .contains(r#""mood":{"of":["day"]}"#)
    );
    assert!(verify_copy(&from, &to).await.unwrap().is_exact());

    // They count in the comparison, too.
    to.insert_encoded(&key(1), stored.into_bytes());
    let check = verify_copy(&from, &to).await.unwrap();
    assert_eq!(check.differences, [CopyDifference::Different(key(1))]);
}

#[tokio::test]
async fn a_copy_that_broke_off_goes_on_where_it_was() {
    let (from, target) = (filled().await, MemoryStorage::new());
    let faults = Faults::default();
    let to = WithFaults::new(target.clone(), &faults);
    faults.inject(
        Fault::unavailable(StoreOperation::Create)
            .after_calls(250)
            .times(1),
    );

    let progress = Mutex::new(Vec::new());
    let error = SessionCopy::new(&from, &to)
        .on_progress(|page| progress.lock().push(page.clone()))
        .run()
        .await
        .unwrap_err();
    assert_eq!(error.source.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("the copy broke off after"), "{error}");
    let pages = std::mem::take(&mut *progress.lock());
    let [first] = &pages[..] else {
        panic!("one page was done: {pages:?}")
    };
    assert_eq!(first.counts.copied, 200);
    assert_eq!(first.resume_from, error.resume_from);

    // The cursor outlives the process.
    let kept = serde_json::to_string(&error.resume_from).unwrap();
    let cursor: Option<ScanCursor> = serde_json::from_str(&kept).unwrap();
    let report = SessionCopy::new(&from, &to)
        .resume_from(cursor)
        .run()
        .await
        .unwrap();
    assert_eq!(
        report.counts.copied,
        people() - 200,
        "the first page is not read again"
    );
    assert!(verify_copy(&from, &target).await.unwrap().is_exact());
}

#[tokio::test]
async fn a_copy_may_start_again_from_the_beginning() {
    let (from, target) = (filled().await, MemoryStorage::new());
    let faults = Faults::default();
    let to = WithFaults::new(target.clone(), &faults);
    // The session is there, but nobody was told.
    faults.inject(
        Fault::lost_answer(StoreOperation::Create)
            .after_calls(300)
            .times(1),
    );
    let error = SessionCopy::new(&from, &to).run().await.unwrap_err();
    assert_eq!(error.source.kind(), StoreErrorKind::Indeterminate);

    let report = SessionCopy::new(&from, &to).run().await.unwrap();
    assert_eq!(report.counts.copied, people());
    assert!(verify_copy(&from, &target).await.unwrap().is_exact());
}

#[tokio::test(start_paused = true)]
async fn with_retries_a_fault_does_not_stop_it() {
    let (from, to) = (filled().await, MemoryStorage::new());
    let faults = Faults::default();
    faults.inject(Fault::unavailable(StoreOperation::Scan).times(1));
    faults.inject(Fault::lost_answer(StoreOperation::Create).with_probability(0.1));
    let faulty_source = WithRetry::new(WithFaults::new(from.clone(), &faults), RetryPolicy::default());
    let faulty_target = WithRetry::new(WithFaults::new(to.clone(), &faults), RetryPolicy::default());
    let report = SessionCopy::new(&faulty_source, &faulty_target)
        .run()
        .await
        .unwrap();
    assert_eq!(report.counts.copied, people());
    assert!(faults.struck() > 10);
    assert!(verify_copy(&from, &to).await.unwrap().is_exact());
}

#[tokio::test]
async fn what_can_not_be_read_is_reported_and_stops_nothing() {
    let (from, to) = (filled().await, MemoryStorage::new());
    from.insert_encoded(&key(3), b"{}".to_vec());
    from.insert_encoded(&key(300), br#"{"schema":99}"#.to_vec());
    // In the target something is under a key that nobody can read: it stays, whatever the policy.
    to.insert_encoded(&key(5), b"{}".to_vec());

    let report = SessionCopy::new(&from, &to)
        .existing(Existing::Replace)
        .run()
        .await
        .unwrap();
    assert_eq!(report.counts.copied, people() - 3);
    assert_eq!((report.counts.unreadable, report.counts.refused), (2, 1));
    let mut problems: Vec<_> = report
        .problems
        .iter()
        .map(|error| (error.key().unwrap().user().0, error.kind()))
        .collect();
    problems.sort_by_key(|(person, _)| *person);
    assert_eq!(
        problems,
        [
            (3, StoreErrorKind::Corrupt),
            (5, StoreErrorKind::Corrupt),
            (300, StoreErrorKind::TooNew)
        ]
    );
    let check = verify_copy(&from, &to).await.unwrap();
    assert_eq!((check.from.unreadable, check.to.unreadable), (2, 1));
    assert_eq!(check.differences, [CopyDifference::Different(key(5))]);
}

#[tokio::test]
async fn what_is_too_large_for_the_target_is_refused() {
    let (from, to) = (filled().await, MemoryStorage::with_max_bytes(1_000));
    let grown = set_city(&"x".repeat(2_000), 20_000);
    from.update(&session(&from, 7).await, &grown).await.unwrap();
    // The target has an older revision, which is better than none.
    let older = NewSession::new(key(7), set_city("Austin", 1)).session();
    to.create(NewSession::copy_of(older.clone())).await.unwrap();

    let report = SessionCopy::new(&from, &to)
        .existing(Existing::Replace)
        .run()
        .await
        .unwrap();
    assert_eq!((report.counts.copied, report.counts.refused), (people() - 1, 1));
    assert_eq!(report.problems[0].kind(), StoreErrorKind::TooLarge);
    assert_eq!(session(&to, 7).await, older);
}

/// A copy, and then a session that went on in the source and another that went on in the target.
async fn diverged() -> (MemoryStorage, MemoryStorage) {
    let (from, to) = (filled().await, MemoryStorage::new());
    SessionCopy::new(&from, &to).run().await.unwrap();
    for (store, person) in [(&from, 10), (&to, 20)] {
        let held = session(store, person).await;
        store.update(&held, &set_city("Houston", 10_000)).await.unwrap();
    }
    (from, to)
}

#[tokio::test]
async fn by_default_another_revision_in_the_target_ends_the_copy() {
    let (from, to) = diverged().await;
    let error = SessionCopy::new(&from, &to).run().await.unwrap_err();
    assert_eq!(error.source.kind(), StoreErrorKind::AlreadyExists);
    let person = error.source.key().unwrap().user().0;
    assert!(person == 10 || person == 20, "{person}");
    let stored = session(&to, person).await;
    assert_eq!(error.source.current(), Some(&stored), "nothing was overwritten");
}

#[tokio::test]
async fn what_is_kept_stays_as_it_is_in_the_target() {
    let (from, to) = diverged().await;
    let before = [session(&to, 10).await, session(&to, 20).await];
    let copy = SessionCopy::new(&from, &to).existing(Existing::Keep);
    let report = copy.run().await.unwrap();
    assert_eq!((report.counts.copied, report.counts.kept), (people() - 2, 2));
    assert_eq!([session(&to, 10).await, session(&to, 20).await], before);
}

#[tokio::test]
async fn another_pass_that_replaces_makes_the_target_what_the_source_is() {
    let (from, to) = diverged().await;
    let copy = SessionCopy::new(&from, &to).existing(Existing::Replace);
    let report = copy.run().await.unwrap();
    assert_eq!((report.counts.copied, report.counts.replaced), (people() - 2, 2));
    assert_eq!(
        report.counts.to_string(),
        "448 copied, 2 replaced, 0 kept, 0 unreadable, 0 refused"
    );
    assert!(verify_copy(&from, &to).await.unwrap().is_exact());
}

#[tokio::test]
async fn the_check_finds_what_is_missing_different_and_extra() {
    let (from, to) = (filled().await, MemoryStorage::new());
    SessionCopy::new(&from, &to).run().await.unwrap();
    to.clear(&key(1), None).await.unwrap();
    let (held, change) = (session(&to, 2).await, set_city("Houston", 10_000));
    to.update(&held, &change).await.unwrap();
    let extra = NewSession::new(key(1_000), set_city("Austin", 1));
    to.create(extra).await.unwrap();

    let mut check = verify_copy(&from, &to).await.unwrap();
    assert!(!check.is_exact() && !check.is_complete());
    // As many as in the source: the hash is what tells.
    assert_eq!(check.from.sessions, check.to.sessions);
    check.differences.sort();
    assert_eq!(
        check.differences,
        [
            CopyDifference::Missing(key(1)),
            CopyDifference::Different(key(2)),
            CopyDifference::Extra(key(1_000))
        ]
    );
    assert_eq!((check.missing, check.different, check.extra), (1, 1, 1));

    // A target that had sessions of its own is complete all the same.
    let copy = SessionCopy::new(&from, &to).existing(Existing::Replace);
    copy.run().await.unwrap();
    let check = verify_copy(&from, &to).await.unwrap();
    assert!(check.is_complete() && !check.is_exact());
    assert_eq!(check.differences, [CopyDifference::Extra(key(1_000))]);
}

#[tokio::test]
async fn a_check_that_can_not_read_is_an_error() {
    let from = filled().await;
    let faults = Faults::default();
    let to = WithFaults::new(MemoryStorage::new(), &faults);
    faults.inject(Fault::unavailable(StoreOperation::Get).times(1));
    let error = verify_copy(&from, &to).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_runs_in_a_task_and_beside_a_bot() {
    let (from, to) = (Arc::new(filled().await), Arc::new(MemoryStorage::new()));
    let copying = tokio::spawn({
        let (from, to): (Arc<dyn SessionStore>, Arc<dyn SessionStore>) = (
            Arc::<MemoryStorage>::clone(&from),
            Arc::<MemoryStorage>::clone(&to),
        );
        async move { SessionCopy::new(&from, &to).run().await }
    });
    for person in 1..=PEOPLE {
        let change = |_: &Session| Ok::<_, std::convert::Infallible>(set_city("Houston", 10_000));
        from.modify(&key(person), change).await.unwrap();
    }
    copying.await.unwrap().unwrap();

    // The bot is stopped; the last pass brings what was missed.
    let last_pass = SessionCopy::new(&*from, &*to).existing(Existing::Replace);
    last_pass.run().await.unwrap();
    assert!(verify_copy(&*from, &*to).await.unwrap().is_exact());
    let contents = StoreContents::of(&*to).await.unwrap();
    assert_eq!((contents.sessions, contents.unreadable), (people(), 0));
    let page = to.scan(&ScanFilter::default(), None, 1).await.unwrap();
    assert_eq!(page.sessions.len(), 1);
}
