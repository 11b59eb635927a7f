//! Records and pages that can't be read.

use std::io::{Seek, SeekFrom, Write};

use futures::future::join_all;
use stepkeep_core::{
    CleanupPolicy, FieldValue, NewSession, ScanFilter, SessionChange, SessionStore, StoreAdministration,
    StoreErrorKind,
};

use crate::{at, field, get, key, new_file, new_session, open, raw, set_n};

#[tokio::test]
async fn a_damaged_record_is_told_stays_and_stops_no_other() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    for person in 1..=3 {
        store.create(new_session(person)).await.unwrap();
    }
    let stale = get(&store, 2).await;
    let held = store.update(&stale, &set_n(1)).await.unwrap();
    let damaged = "{\"schema\":1,";
    raw(&path)
        .execute(
            "UPDATE session SET doc = ?1 WHERE key = ?2",
            (damaged, key(2).encode()),
        )
        .unwrap();

    let error = store.get(&key(2)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.key()),
        (StoreErrorKind::Corrupt, Some(&key(2)))
    );
    for error in [
        store.create(new_session(2)).await.unwrap_err(),
        store.update(&stale, &set_n(2)).await.unwrap_err(),
        store.clear(&key(2), Some(stale.revision())).await.unwrap_err(),
        store.clear(&key(2), Some(held.revision())).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    }
    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    assert_eq!(page.sessions, [get(&store, 1).await, get(&store, 3).await]);
    let keys: Vec<_> = page.unreadable.iter().map(|error| error.key().cloned()).collect();
    assert_eq!(keys, [Some(key(2))]);

    let doc: String = raw(&path)
        .query_row(
            "SELECT doc FROM session WHERE key = ?1",
            [key(2).encode()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(doc, damaged);
    assert!(store.clear(&key(2), None).await.unwrap());
    store.create(new_session(2)).await.unwrap();
}

#[tokio::test]
async fn a_document_and_a_column_that_differ_are_no_endless_conflict() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();
    raw(&path)
        .execute("UPDATE session SET revision = zeroblob(16)", ())
        .unwrap();
    let error = store.update(&held, &set_n(1)).await.unwrap_err();
    insta::assert_snapshot!(error, @"sqlite update: the record is damaged: the document and the column beside it have different revisions (session 7/1/1///main)");
}

#[tokio::test]
async fn a_row_with_a_foreign_key_is_reported() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    store.create(new_session(1)).await.unwrap();
    raw(&path).execute("UPDATE session SET key = 'joe'", ()).unwrap();
    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    assert!(page.sessions.is_empty());
    insta::assert_snapshot!(page.unreadable[0], @"sqlite scan: the record is damaged: the key of row 1 is not one of a session");
}

#[tokio::test]
async fn a_cleanup_passes_by_rows_whose_columns_make_no_sense() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    for person in 1..=4 {
        store.create(new_session(person)).await.unwrap();
    }
    raw(&path)
        .execute_batch(
            "UPDATE session SET revision = zeroblob(3) WHERE id = 1;
             UPDATE session SET scope = CAST(x'FF' AS TEXT) WHERE id = 2;
             UPDATE session SET scope = '' WHERE id = 3;",
        )
        .unwrap();
    let report = store.cleanup(&CleanupPolicy::before(at(9_000))).await.unwrap();
    assert_eq!(report.removed, 1);
    assert_eq!(store.get(&key(4)).await.unwrap(), None);
    assert_eq!(store.statistics().await.unwrap().sessions, 3);
}

#[tokio::test]
async fn an_update_by_who_holds_the_session_makes_a_damaged_document_whole() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();
    raw(&path).execute("UPDATE session SET doc = '{'", ()).unwrap();
    let updated = store.update(&held, &set_n(1)).await.unwrap();
    assert_eq!(get(&store, 1).await, updated);
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_never_an_absence() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let text = FieldValue::text(&"x".repeat(700));
    let created = (0..200).map(|person| {
        let change = SessionChange::new(at(1_000)).set(field("text"), text.clone());
        store.create(NewSession::new(key(person), change))
    });
    for created in join_all(created).await {
        created.unwrap();
    }
    store.close().await;
    let page: u64 = raw(&path)
        .query_row(
            "SELECT pageno FROM dbstat WHERE name = 'session' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 7",
            (),
            |row| row.get::<_, i64>(0).map(i64::unsigned_abs),
        )
        .unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start((page - 1) * 4_096)).unwrap();
    file.write_all(&[0xAA; 4_096]).unwrap();
    drop(file);

    let store = open(&path).await;
    let (mut readable, mut damaged) = (0, 0);
    for person in 0..200 {
        match store.get(&key(person)).await {
            Ok(session) => {
                assert!(session.is_some(), "{person} was stored");
                readable += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Corrupt);
                damaged += 1;
            }
        }
    }
    assert!(
        readable > 150 && damaged > 0,
        "{readable} readable, {damaged} damaged"
    );
    assert_ne!(store.check_integrity().await.unwrap(), Vec::<String>::new());

    // The rest of the store works, in one batch with what doesn't.
    let results = join_all((190..220).map(|person| store.create(new_session(person)))).await;
    for (person, result) in (190..).zip(results) {
        match result {
            Ok(_) => assert!(person >= 200),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::AlreadyExists, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_sound_file_has_no_findings() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    store.create(new_session(1)).await.unwrap();
    assert_eq!(store.check_integrity().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.check_health().await.unwrap().warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_was_replaced_under_the_store_is_noticed() {
    let (folder, path) = new_file();
    let store = open(&path).await;
    store.create(new_session(1)).await.unwrap();
    std::fs::rename(&path, folder.path().join("elsewhere.db")).unwrap();
    let error = store.check_health().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(
        error.to_string().contains("was moved, replaced or deleted"),
        "{error}"
    );
}
