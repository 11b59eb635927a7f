//! Many writes in one transaction: each is still alone.

use futures::future::join_all;
use stepkeep_core::{SessionStore, StoreErrorKind};

use crate::{get, key, n_of, new_file, new_session, open, raw, set_n};

#[tokio::test]
async fn of_many_updates_of_one_revision_exactly_one_wins() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();

    let changes: Vec<_> = (1..=300).map(set_n).collect();
    let results = join_all(changes.iter().map(|change| store.update(&held, change))).await;

    let stored = get(&store, 1).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(
        won.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
        std::slice::from_ref(&stored)
    );
    for error in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), StoreErrorKind::Conflict);
        assert_eq!(error.into_current(), Some(stored.clone()));
    }
}

#[tokio::test]
async fn each_write_of_a_batch_has_its_own_answer() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let stale = store.create(new_session(1)).await.unwrap();
    store.update(&stale, &set_n(1)).await.unwrap();
    let gone = store.create(new_session(2)).await.unwrap();
    store.clear(&key(2), None).await.unwrap();
    let good = store.create(new_session(3)).await.unwrap();
    store.create(new_session(4)).await.unwrap();

    // All are asked for before the first is answered, so they wait for the writer together.
    let (set_9, again, there, nowhere) = (set_n(9), new_session(5), key(4), key(99));
    let (conflict, not_found, updated, exists, created, created_again, cleared, nothing) = tokio::join!(
        store.update(&stale, &set_9),
        store.update(&gone, &set_9),
        store.update(&good, &set_9),
        store.create(new_session(4)),
        store.create(again.clone()),
        store.create(again),
        store.clear(&there, None),
        store.clear(&nowhere, None),
    );
    assert_eq!(conflict.unwrap_err().kind(), StoreErrorKind::Conflict);
    assert_eq!(not_found.unwrap_err().kind(), StoreErrorKind::NotFound);
    assert_eq!(n_of(&updated.unwrap()), 9);
    assert_eq!(exists.unwrap_err().kind(), StoreErrorKind::AlreadyExists);
    assert_eq!(
        created.unwrap(),
        created_again.unwrap(),
        "the same call tried again"
    );
    assert!(cleared.unwrap());
    assert!(!nothing.unwrap());
}

#[tokio::test]
async fn a_write_that_sqlite_refuses_spoils_no_other() {
    for refusal in ["ABORT", "FAIL", "ROLLBACK"] {
        let (_folder, path) = new_file();
        let store = open(&path).await;
        // ROLLBACK is the worst that a statement can do: it takes the whole transaction with it.
        raw(&path)
            .execute_batch(&format!(
                "CREATE TRIGGER refusal AFTER INSERT ON session WHEN NEW.key LIKE '%/13/%'
                 BEGIN SELECT RAISE({refusal}, 'not this one'); END"
            ))
            .unwrap();

        let results = join_all((1..=60).map(|person| store.create(new_session(person)))).await;

        for (person, result) in (1..).zip(results) {
            let stored = store.get(&key(person)).await.unwrap();
            if person == 13 {
                assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Invalid);
                assert_eq!(stored, None);
            } else {
                assert_eq!(Some(result.unwrap()), stored, "{refusal}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_waiting_takes_nobody_along() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let mut tasks = Vec::new();
    for person in 0..200 {
        let store = store.clone();
        tasks.push(tokio::spawn(
            async move { store.create(new_session(person)).await },
        ));
    }
    for task in tasks.iter().step_by(2) {
        task.abort();
    }
    for (person, task) in (0..).zip(tasks) {
        match task.await {
            Ok(created) => assert_eq!(created.unwrap(), get(&store, person).await),
            // Whether it happened is open; but it happened whole or not at all.
            Err(_) => drop(store.get(&key(person)).await.unwrap()),
        }
    }
}
