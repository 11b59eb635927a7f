//! Cleanup beside the work that goes on.

use futures::future::join_all;
use stepkeep_core::{
    CleanupPolicy, NewSession, Scope, SessionChange, SessionStore, StoreAdministration, StoreErrorKind,
};

use crate::{at, key, new_file, new_session, open};

/// Buckets are ten minutes wide; the cutoff is exact all the same.
#[tokio::test]
async fn the_cutoff_is_exact_inside_a_bucket() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let instants = [-1, 0, 599_999, 600_000, 600_499, 600_500, 1_199_999, 1_200_000];
    for (person, millis) in (0..).zip(instants) {
        let change = SessionChange::new(at(millis));
        store.create(NewSession::new(key(person), change)).await.unwrap();
    }
    let report = store.cleanup(&CleanupPolicy::before(at(600_500))).await.unwrap();
    assert_eq!(report.removed, 5);
    for (person, millis) in (0..).zip(instants) {
        let stays = millis >= 600_500;
        assert_eq!(
            store.get(&key(person)).await.unwrap().is_some(),
            stays,
            "{millis}"
        );
    }
}

#[tokio::test]
async fn an_update_moves_a_session_into_its_new_bucket() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();
    store
        .update(&held, &SessionChange::new(at(7_000_000)))
        .await
        .unwrap();
    assert_eq!(
        store
            .cleanup(&CleanupPolicy::before(at(7_000_000)))
            .await
            .unwrap()
            .removed,
        0
    );
    assert_eq!(
        store
            .cleanup(&CleanupPolicy::before(at(7_000_001)))
            .await
            .unwrap()
            .removed,
        1
    );
}

#[tokio::test]
async fn a_wake_time_that_goes_and_comes_is_seen() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let policy = CleanupPolicy::before(at(5_000));
    let held = store.create(new_session(1)).await.unwrap();
    let waiting = SessionChange::new(at(1_001)).wake_at(Some(at(9_000)));
    let held = store.update(&held, &waiting).await.unwrap();
    assert_eq!(store.cleanup(&policy).await.unwrap().removed, 0);
    let calm = SessionChange::new(at(1_002)).wake_at(None);
    store.update(&held, &calm).await.unwrap();
    assert_eq!(store.cleanup(&policy).await.unwrap().removed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_touched_while_a_cleanup_runs_stays() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held: Vec<_> = join_all((0..3_000).map(|person| store.create(new_session(person))))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();

    // From the end, so that most are touched before the cleanup comes to them.
    let touching = async {
        let mut touched = Vec::new();
        for held in held.iter().rev().step_by(3) {
            match store.update(held, &SessionChange::new(at(60_000))).await {
                Ok(session) => touched.push(session),
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::NotFound, "the cleanup was faster"),
            }
        }
        touched
    };
    let policy = CleanupPolicy::before(at(60_000));
    let (report, touched) = tokio::join!(store.cleanup(&policy), touching);

    assert!(!touched.is_empty());
    for session in &touched {
        assert_eq!(store.get(session.key()).await.unwrap().as_ref(), Some(session));
    }
    let left = store.statistics().await.unwrap().sessions;
    assert_eq!(left, u64::try_from(touched.len()).unwrap());
    assert_eq!(report.unwrap().removed, 3_000 - left);
}

/// More rows than one read looks at, most of which stay.
#[tokio::test]
async fn kept_sessions_do_not_stop_the_search() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let kept = Scope::new("profile").unwrap();
    let sessions = (0..2_500).map(|person| {
        let key = key(person);
        let key = if person % 50 == 49 {
            key
        } else {
            key.with_scope(kept.clone())
        };
        store.create(NewSession::new(key, SessionChange::new(at(1_000))))
    });
    for created in join_all(sessions).await {
        created.unwrap();
    }
    let policy = CleanupPolicy::before(at(60_000)).keep_scope(kept);
    assert_eq!(store.cleanup(&policy).await.unwrap().removed, 50);
    assert_eq!(store.cleanup(&policy).await.unwrap().removed, 0);
}
