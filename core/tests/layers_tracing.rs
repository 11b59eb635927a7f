//! What the tracing layer tells, and what it keeps to itself.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stepkeep_core::{
    BotId, Fault, Faults, FieldName, FieldValue, MemoryStorage, NewSession, SessionChange, SessionKey,
    SessionStore, Slowness, StoreErrorKind, StoreOperation, Timestamp, UserId, WithFaults, WithTracing,
};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

/// The lines that were logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn begin(level: LevelFilter) -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn key() -> SessionKey {
    SessionKey::private(BotId(7), UserId(42))
}

fn change() -> SessionChange {
    let city = FieldName::constant("city");
    SessionChange::new(Timestamp::EPOCH).set(city, FieldValue::text("1 Congress Ave"))
}

fn store(faults: &Faults) -> WithTracing<WithFaults<MemoryStorage>> {
    let store = WithFaults::new(MemoryStorage::new(), faults);
    WithTracing::new(store, "memory", Slowness::default())
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_told_with_its_outcome_and_without_data() {
    let (log, _guard) = Log::begin(LevelFilter::DEBUG);
    let faults = Faults::default();
    let store = store(&faults);
    let session = store.create(NewSession::new(key(), change())).await.unwrap();
    store.update(&session, &change()).await.unwrap();
    store.update(&session, &change()).await.unwrap_err();
    store.get(&key()).await.unwrap();
    faults.inject(Fault::error(StoreOperation::Get, StoreErrorKind::Corrupt).times(1));
    store.get(&key()).await.unwrap_err();
    store.clear(&key(), None).await.unwrap();
    let text = log.text();
    assert!(!text.contains("Congress"), "{text}");
    insta::assert_snapshot!(text, @r#"
    DEBUG store{operation="create" backend="memory" chat_id=42 user_id=42 revision=1}: store operation outcome="ok" duration_ms=0
    DEBUG store{operation="update" backend="memory" chat_id=42 user_id=42 revision=2}: store operation outcome="ok" duration_ms=0
    DEBUG store{operation="update" backend="memory" chat_id=42 user_id=42 revision=2}: store operation outcome="conflict" duration_ms=0
    DEBUG store{operation="get" backend="memory" chat_id=42 user_id=42 revision=2}: store operation outcome="ok" duration_ms=0
     WARN store{operation="get" backend="memory" chat_id=42 user_id=42}: store operation failed operation="get" backend="memory" chat_id=42 user_id=42 outcome="corrupt" duration_ms=0 error=faults get: the record is damaged: injected (session 7/42/42///main)
    DEBUG store{operation="clear" backend="memory" chat_id=42 user_id=42}: store operation outcome="ok" duration_ms=0
    "#);
}

#[tokio::test(start_paused = true)]
async fn the_slower_the_louder() {
    let (log, _guard) = Log::begin(LevelFilter::INFO);
    let faults = Faults::default();
    let store = store(&faults);
    for millis in [999, 1_000, 2_000, 5_000] {
        faults.inject(Fault::delay(StoreOperation::Get, Duration::from_millis(millis)).times(1));
        store.get(&key()).await.unwrap();
    }
    insta::assert_snapshot!(log.text(), @r#"
     INFO store operation operation="get" backend="memory" chat_id=42 user_id=42 outcome="ok" duration_ms=1000
     WARN store operation operation="get" backend="memory" chat_id=42 user_id=42 outcome="ok" duration_ms=2000
    ERROR store operation operation="get" backend="memory" chat_id=42 user_id=42 outcome="ok" duration_ms=5000
    "#);
}
