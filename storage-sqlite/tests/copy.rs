//! Sessions go from store to store and back without a change.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use serde_json::json;
use stepkeep_core::{
    BotId, ChatId, Draw, FieldName, FieldValue, MemoryStorage, NewSession, Scope, SessionChange, SessionCopy,
    SessionKey, SessionStore, StoreContents, ThreadId, Timestamp, UserId, document, verify_copy,
};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage};

/// Sessions of different shapes, one with members of a newer version.
async fn fill(store: &MemoryStorage) {
    for person in 1..=300 {
        let key = SessionKey::new(BotId(7), ChatId(-person), UserId(person))
            .with_thread(ThreadId(person % 2))
            .with_scope(Scope::new(format!("scope/{}", person % 3)).unwrap());
        let data = json!({ "number": person, "half": 0.5, "text": "🦀\u{0}\"", "list": [null, true, {}] });
        let change = SessionChange::with_draw(Timestamp::from_millis(person - 150), Draw::from_u64(u64::MAX))
            .set(FieldName::constant("data"), FieldValue::from_json_value(&data))
            .set(
                FieldName::constant("exact"),
                FieldValue::from_json("[1.50, -0.0, 1e999, 18446744073709551616]".to_owned()).unwrap(),
            )
            .wake_at((person % 5 == 0).then(|| Timestamp::from_millis(-person)));
        let created = store.create(NewSession::new(key.clone(), change)).await.unwrap();
        if person == 1 {
            let stored = String::from_utf8(document::encode(&created, usize::MAX).unwrap()).unwrap();
            let newer = stored.replacen("\"data\"", "\"mood\":{\"of\":[\"day\"]},\"data\"", 1);
            store.insert_encoded(&key, newer.into_bytes());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_memory_into_a_file_and_back_everything_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("stepkeep.db"));
    let (first, last) = (MemoryStorage::new(), MemoryStorage::new());
    let file = SqliteStorage::open(config).await.unwrap();
    fill(&first).await;

    let into = SessionCopy::new(&first, &file).run().await.unwrap();
    let back = SessionCopy::new(&file, &last).run().await.unwrap();
    assert_eq!((into.counts.copied, back.counts.copied), (300, 300));

    for (one, other) in [
        (&first as &dyn SessionStore, &file as &dyn SessionStore),
        (&file, &last),
    ] {
        let check = verify_copy(one, other).await.unwrap();
        assert!(check.is_exact(), "{check:?}");
    }
    let contents = StoreContents::of(&first).await.unwrap();
    assert_eq!(StoreContents::of(&last).await.unwrap(), contents);
    assert_eq!(contents.sessions, 300);
    file.close().await;
}
