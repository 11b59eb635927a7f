//! Cleanup beside the work that goes on.

use std::collections::BTreeMap;
use std::path::Path;

use futures::future::join_all;
use proptest::prelude::*;
use stepkeep_core::{
    CleanupPolicy, NewSession, Scope, Session, SessionChange, SessionStore, StoreAdministration,
    StoreErrorKind,
};

use crate::{at, key, new_file, new_session, open, raw};

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

fn bucket_of_the_only_row(path: &Path) -> i64 {
    raw(path)
        .query_row("SELECT updated_bucket FROM session", (), |row| row.get(0))
        .unwrap()
}

/// So the index costs an update nothing.
#[tokio::test]
async fn an_update_leaves_the_bucket_to_the_next_cleanup() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();
    let calm = SessionChange::new(at(7_000_000));
    let held = store.update(&held, &calm).await.unwrap();
    let timed = SessionChange::new(at(7_100_000)).wake_at(Some(at(9_000_000)));
    let held = store.update(&held, &timed).await.unwrap();
    let calm = SessionChange::new(at(7_200_000)).wake_at(None);
    store.update(&held, &calm).await.unwrap();
    assert_eq!(bucket_of_the_only_row(&path), 0);

    let earlier = CleanupPolicy::before(at(7_200_000));
    assert_eq!(store.cleanup(&earlier).await.unwrap().removed, 0);
    assert_eq!(bucket_of_the_only_row(&path), 12);
    let later = CleanupPolicy::before(at(7_200_001));
    assert_eq!(store.cleanup(&later).await.unwrap().removed, 1);
}

/// What happens to the sessions of a few people.
#[derive(Clone, Debug)]
enum Step {
    /// One is changed, by a clock that may be behind that of the last change.
    Touch {
        person: i64,
        millis: i64,
        wake_at: Option<i64>,
    },
    /// A cleanup, with this cutoff.
    CleanUp { millis: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    // A few buckets, and their edges.
    let millis = || (0..5_i64, -2..3_i64).prop_map(|(bucket, beside)| bucket * 600_000 + beside);
    let wake_at = prop_oneof![3 => Just(None), 1 => Just(Some(99_000_000))];
    prop_oneof![
        4 => (0..4_i64, millis(), wake_at)
            .prop_map(|(person, millis, wake_at)| Step::Touch { person, millis, wake_at }),
        1 => millis().prop_map(|millis| Step::CleanUp { millis }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever bucket a row is in, a cleanup removes those that are idle and no others.
    #[test]
    fn exactly_the_idle_ones_go(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (_folder, path) = new_file();
            let store = open(&path).await;
            let mut held: BTreeMap<i64, Session> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Touch { person, millis, wake_at } => {
                        let change = SessionChange::new(at(millis)).wake_at(wake_at.map(at));
                        let session = match held.get(&person) {
                            Some(held) => store.update(held, &change).await,
                            None => store.create(NewSession::new(key(person), change)).await,
                        };
                        held.insert(person, session.unwrap());
                    }
                    Step::CleanUp { millis } => {
                        let before = held.len();
                        held.retain(|_, session| session.wake_at().is_some() || session.updated_at() >= at(millis));
                        let report = store.cleanup(&CleanupPolicy::before(at(millis))).await.unwrap();
                        assert_eq!(report.removed, u64::try_from(before - held.len()).unwrap());
                        for session in held.values() {
                            assert_eq!(store.get(session.key()).await.unwrap().as_ref(), Some(session));
                        }
                    }
                }
            }
        });
    }
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
