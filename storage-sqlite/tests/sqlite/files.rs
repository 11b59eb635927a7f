//! Files that can be used, and files that can't.

use std::path::Path;

use stepkeep_core::{SchemaStatus, SessionStore, StoreAdministration, StoreError, StoreErrorKind};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage};

use crate::{at, get, key, new_file, new_session, open, raw, set_n};

async fn refusal(path: &Path) -> StoreError {
    SqliteStorage::open(SqliteConfig::new(path))
        .await
        .expect_err("this file can't be used")
}

/// The message, with the folder that differs from run to run left out.
fn message(error: &StoreError, folder: &Path) -> String {
    error.to_string().replace(&folder.display().to_string(), "FOLDER")
}

#[tokio::test]
async fn a_new_file_and_an_empty_one_are_set_up() {
    let (_folder, path) = new_file();
    open(&path).await.close().await;
    std::fs::write(&path, "").unwrap();
    let store = open(&path).await;
    assert_eq!(
        store.check_schema().await.unwrap(),
        SchemaStatus::Current { version: 1 }
    );
    store.create(new_session(1)).await.unwrap();
}

#[tokio::test]
async fn a_url_opens_a_file_whose_name_needs_escapes() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}/my%20bot%3F.db?synchronous=normal",
        folder.path().display()
    );
    let store = SqliteStorage::connect(&url).await.unwrap();
    store.create(new_session(1)).await.unwrap();
    assert!(folder.path().join("my bot?.db").exists());
    let error = SqliteStorage::connect("sqlite://x.db?sync=off")
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @r#"sqlite open: the call is not valid: there is no parameter "sync"; there are synchronous, busy_timeout_ms, readers, max_session_bytes, set_up_schema"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_start_at_once_share_one_schema() {
    let (_folder, path) = new_file();
    let opening: Vec<_> = (0..12)
        .map(|_| tokio::spawn(SqliteStorage::open(SqliteConfig::new(&path))))
        .collect();
    for (person, store) in (0..).zip(futures::future::join_all(opening).await) {
        store.unwrap().unwrap().create(new_session(person)).await.unwrap();
    }
    let store = open(&path).await;
    assert_eq!(store.statistics().await.unwrap().sessions, 12);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let (folder, path) = new_file();
    open(&path).await.close().await;
    raw(&path).pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refusal(&path).await;
    assert_eq!(error.kind(), StoreErrorKind::TooNew);
    insta::assert_snapshot!(message(&error, folder.path()), @"sqlite open: a newer version wrote it: FOLDER/stepkeep.db has schema 99, and this version knows schema 1: run the newer version, or restore the backup from before the upgrade");
    assert!(std::fs::read(&path).unwrap() == before);
}

/// A newer version is started beside an older one.
#[tokio::test]
async fn a_migration_under_an_open_store_stops_its_writes() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();
    raw(&path).pragma_update(None, "user_version", 2).unwrap();
    let error = store.update(&held, &set_n(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooNew);
    assert_eq!(
        store.check_schema().await.unwrap_err().kind(),
        StoreErrorKind::TooNew
    );
    assert_eq!(
        store.check_health().await.unwrap_err().kind(),
        StoreErrorKind::TooNew
    );
    assert_eq!(get(&store, 1).await, held);
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_alone() {
    let (folder, path) = new_file();
    for mark in ["", "PRAGMA application_id = 77; PRAGMA user_version = 1;"] {
        raw(&path)
            .execute_batch(&format!("CREATE TABLE IF NOT EXISTS guests (name); {mark}"))
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = refusal(&path).await;
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
        insta::allow_duplicates! {
            insta::assert_snapshot!(message(&error, folder.path()), @"sqlite open: the call is not valid: FOLDER/stepkeep.db is the database of another program: it was left as it is; name another file");
        }
        assert!(std::fs::read(&path).unwrap() == before);
    }
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let (folder, path) = new_file();
    let letter = "Dear Sir or Madam, this is not a database. ".repeat(200);
    std::fs::write(&path, &letter).unwrap();
    let error = refusal(&path).await;
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    insta::assert_snapshot!(message(&error, folder.path()), @"sqlite open: the call is not valid: FOLDER/stepkeep.db is no SQLite database: it was left as it is; name another file");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_explained() {
    let (folder, path) = new_file();
    std::fs::write(&path, "").unwrap();
    let explain = async |path: &Path| {
        let error = refusal(path).await;
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
        message(&error, folder.path())
    };
    insta::assert_snapshot!(explain(&folder.path().join("data/bot.db")).await, @"sqlite open: the call is not valid: the folder FOLDER/data is not there: create it first");
    insta::assert_snapshot!(explain(folder.path()).await, @"sqlite open: the call is not valid: FOLDER is a folder: name a file in it");
    insta::assert_snapshot!(explain(&path.join("bot.db")).await, @"sqlite open: the call is not valid: FOLDER/stepkeep.db is not a folder, so FOLDER/stepkeep.db/bot.db can't be");
}

/// No file can be made in `/proc`, whoever asks: it stands for a folder without the right to write.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_can_not_be_written_is_explained() {
    let error = refusal(Path::new("/proc/stepkeep.db")).await;
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    insta::assert_snapshot!(error, @"sqlite open: the call is not valid: /proc/stepkeep.db can't be opened: this process needs the right to write the file and its folder");
}

#[tokio::test]
async fn without_set_up_nothing_is_created_or_changed() {
    let (folder, path) = new_file();
    let mut config = SqliteConfig::new(&path);
    config.set_up_schema = false;
    let error = SqliteStorage::open(config.clone()).await.unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"sqlite open: the call is not valid: FOLDER/stepkeep.db is not there: set the schema up, which creates it");
    assert!(!path.exists());

    std::fs::write(&path, "").unwrap();
    let store = SqliteStorage::open(config).await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), SchemaStatus::Missing);
    for error in [
        store.create(new_session(1)).await.unwrap_err(),
        store.get(&key(1)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
        assert!(error.to_string().contains("first"), "{error}");
    }
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);

    let current = SchemaStatus::Current { version: 1 };
    assert_eq!(store.set_up_schema().await.unwrap(), current);
    assert_eq!(
        store.set_up_schema().await.unwrap(),
        current,
        "doing it again changes nothing"
    );
    assert_eq!(store.check_schema().await.unwrap(), current);
    let session = store.create(new_session(1)).await.unwrap();
    assert_eq!(get(&store, 1).await, session);
}

#[tokio::test]
async fn a_session_is_json_that_any_sqlite_shell_reads() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let session = store.create(new_session(1)).await.unwrap();
    store.update(&session, &set_n(5)).await.unwrap();
    let row: (String, i64, i64) = raw(&path)
        .query_row(
            "SELECT typeof(doc), doc ->> '$.data.n', updated_at FROM session",
            (),
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(row, ("text".to_owned(), 5, at(2_000).as_millis()));
}
