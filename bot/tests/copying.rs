//! Sessions that go from store to store, through all of them and back, are the same at the end.
#![cfg(all(
    feature = "memory",
    feature = "sqlite",
    feature = "redis",
    feature = "mongodb"
))]
#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use stepkeep::config::StoreUrl;
use stepkeep::store::OpenStore;
use stepkeep_core::{
    BotId, ChatId, FieldName, FieldValue, FlowName, NewSession, Position, Scope, SessionChange, SessionCopy,
    SessionKey, StepName, StoreContents, Timestamp, UserId, verify_copy,
};
use stepkeep_test_servers::{MongoServer, RedisServer};

/// More than a page of a copy, with whatever may be in a session.
fn sessions() -> impl Iterator<Item = NewSession> {
    (0..450_i64).map(|number| {
        let values = [
            "\"Austin \\\"TX\\\" 📦\"",
            "[1,2.50,-0.0,1e300,null,true]",
            r#"{"$set":{"a.b":1},"":{"$":""},"%":9223372036854775807}"#,
            "18446744073709551615",
            "0.1234567890123456789",
            "\"\"",
        ];
        let value = values
            .into_iter()
            .cycle()
            .nth(usize::try_from(number).unwrap())
            .unwrap();
        let change = SessionChange::new(Timestamp::from_millis(1_700_000_000_000 + number * 7_777))
            .go_to(Position {
                flow: FlowName::constant("order"),
                version: 2,
                step: StepName::constant("city"),
            })
            .set(
                FieldName::constant("value"),
                FieldValue::from_json(value.to_owned()).unwrap(),
            )
            .wake_at((number % 3 == 0).then(|| Timestamp::from_millis(number)));
        let scope = Scope::new(if number % 5 == 0 { "a/b 🦀" } else { "main" }).unwrap();
        let key = SessionKey::new(BotId(7), ChatId(-number), UserId(number)).with_scope(scope);
        NewSession::new(key, change)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_the_same_after_a_copy_through_every_store() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = MongoServer::shared().await.port();
    let urls = [
        "memory:".to_owned(),
        format!("sqlite://{}/copy.sqlite", folder.path().display()),
        format!("{}?prefix=copy", RedisServer::shared().url()),
        format!("mongodb://127.0.0.1:{mongo}/copy?directConnection=true"),
        "memory:".to_owned(),
    ];
    let mut stores = Vec::new();
    for url in &urls {
        stores.push(OpenStore::open(&StoreUrl::parse(url).unwrap()).await.unwrap());
    }
    for new in sessions() {
        stores[0].sessions.create(new).await.unwrap();
    }
    let first = StoreContents::of(&*stores[0].sessions).await.unwrap();
    assert_eq!(first.sessions, 450);
    for (pair, url) in stores.windows(2).zip(&urls[1..]) {
        let [from, to] = pair else {
            unreachable!("windows of two")
        };
        let mut pages = 0;
        let report = SessionCopy::new(&*from.sessions, &*to.sessions)
            .on_progress(|_| pages += 1)
            .run()
            .await
            .unwrap();
        assert_eq!(
            (report.counts.copied, report.counts.total()),
            (450, 450),
            "to {url}"
        );
        assert!(pages > 1, "it can be resumed after each page");
        let check = verify_copy(&*from.sessions, &*to.sessions).await.unwrap();
        assert!(check.is_exact(), "to {url}: {check:?}");
        // Once more changes nothing.
        let again = SessionCopy::new(&*from.sessions, &*to.sessions)
            .run()
            .await
            .unwrap();
        assert_eq!(again.counts.copied, 450, "to {url}");
    }
    let last = StoreContents::of(&*stores[4].sessions).await.unwrap();
    assert_eq!(last.hash, first.hash);
}
