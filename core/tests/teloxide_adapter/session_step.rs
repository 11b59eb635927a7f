//! Our own step: one read and one write a turn, or none.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use stepkeep_core::teloxide::{DialogueKeys, SessionHandle, SessionStep, SessionStepError, with_session};
use stepkeep_core::{
    BotId, Fault, Faults, FieldName, FieldValue, ManualClock, MemoryStorage, OperationCounts, Scope, Session,
    SessionChange, SessionKey, SessionStore, SessionStoreExt, StoreErrorKind, StoreOperation, Timestamp,
    UserId, WithCounts, WithFaults,
};
use teloxide::dispatching::{UpdateFilterExt, UpdateHandler};
use teloxide::dptree;
use teloxide::types::{Message, Update};

use crate::updates::{channel_post, group_text, private_text};

type Failure = Box<dyn Error + Send + Sync>;

/// A store that is counted and can be hurt, with what is in it.
struct Bench {
    store: Arc<dyn SessionStore>,
    counts: Arc<OperationCounts>,
    faults: Faults,
    inner: Arc<MemoryStorage>,
}

impl Bench {
    fn new() -> Self {
        let faults = Faults::default();
        let inner = Arc::new(MemoryStorage::new());
        let store = WithCounts::new(WithFaults::new(Arc::clone(&inner), &faults));
        Self {
            counts: store.counts(),
            store: Arc::new(store),
            faults,
            inner,
        }
    }

    fn step(&self) -> UpdateHandler<Failure> {
        Update::filter_message().chain(with_session(Arc::clone(&self.store), BotId(7)))
    }

    /// Runs one update through a handler, and answers what came of it with the reads and writes that it cost.
    async fn turn(
        &self,
        handler: &UpdateHandler<Failure>,
        text: &str,
    ) -> (Option<Result<(), Failure>>, u64, u64) {
        self.counts.reset();
        let result = match handler.dispatch(dptree::deps![private_text(42, text)]).await {
            ControlFlow::Break(result) => Some(result),
            ControlFlow::Continue(_) => None,
        };
        (result, self.counts.reads(), self.counts.writes())
    }

    async fn session(&self) -> Option<Session> {
        self.inner.get(&key()).await.unwrap()
    }

    async fn count(&self) -> Option<u32> {
        self.session().await.as_ref().and_then(count_in)
    }
}

fn key() -> SessionKey {
    SessionKey::private(BotId(7), UserId(42))
}

fn count_in(session: &Session) -> Option<u32> {
    session.field("count").map(|count| count.get().unwrap())
}

fn set_count(count: u32) -> impl FnOnce(SessionChange) -> SessionChange {
    move |change| change.set(FieldName::constant("count"), FieldValue::new(&count).unwrap())
}

async fn count(session: SessionHandle) -> Result<(), Failure> {
    let count = session.get().await?.as_ref().and_then(count_in).unwrap_or(0);
    session.change(set_count(count + 1));
    Ok(())
}

#[tokio::test]
async fn a_turn_costs_one_read_and_one_write() {
    let bench = Bench::new();
    let handler = bench.step().endpoint(count);
    for turn in 1..=3 {
        let (result, reads, writes) = bench.turn(&handler, "x").await;
        assert!(matches!(result, Some(Ok(()))), "{result:?}");
        assert_eq!((reads, writes), (1, 1));
        assert_eq!(bench.count().await, Some(turn));
    }
}

#[tokio::test]
async fn whoever_passes_by_costs_nothing() {
    let bench = Bench::new();
    let uninterested = bench.step().endpoint(|| async { Ok(()) });
    let (result, reads, writes) = bench.turn(&uninterested, "x").await;
    assert!(matches!(result, Some(Ok(()))));
    assert_eq!((reads, writes), (0, 0));

    let nobody = bench.step().chain(dptree::filter(|| false)).endpoint(count);
    let (result, reads, writes) = bench.turn(&nobody, "x").await;
    assert!(result.is_none());
    assert_eq!((reads, writes), (0, 0));

    let looking = bench.step().endpoint(|session: SessionHandle| async move {
        assert!(session.get().await?.is_none() && session.get().await?.is_none());
        Ok(())
    });
    let (_, reads, writes) = bench.turn(&looking, "x").await;
    assert_eq!((reads, writes), (1, 0));

    let no_person = dptree::entry()
        .chain(with_session::<(), Failure>(Arc::clone(&bench.store), BotId(7)))
        .endpoint(count);
    assert!(
        no_person
            .dispatch(dptree::deps![channel_post()])
            .await
            .is_continue()
    );
}

#[tokio::test]
async fn several_handlers_share_one_session_and_one_write() {
    let bench = Bench::new();
    let handler = bench
        .step()
        .chain(dptree::filter_async(|session: SessionHandle| async move {
            session.change(set_count(5))
        }))
        .branch(
            dptree::filter(|message: Message| message.text() == Some("none")).endpoint(|| async { Ok(()) }),
        )
        .endpoint(count);
    let (_, reads, writes) = bench.turn(&handler, "x").await;
    assert_eq!((reads, writes, bench.count().await), (1, 1, Some(6)));
}

#[tokio::test]
async fn an_error_or_nobody_who_takes_the_update_writes_nothing() {
    let bench = Bench::new();
    let kept = Arc::new(Mutex::new(None));
    let kept_by_handler = Arc::clone(&kept);
    let failing = bench.step().endpoint(move |session: SessionHandle| {
        let kept = Arc::clone(&kept_by_handler);
        async move {
            session.change(set_count(1));
            *kept.lock() = Some(session);
            Err::<(), Failure>("it went wrong".into())
        }
    });
    let (result, reads, writes) = bench.turn(&failing, "x").await;
    assert_eq!(result.unwrap().unwrap_err().to_string(), "it went wrong");
    assert_eq!((reads, writes), (0, 0));
    // A task that outlives the handlers is told that it is too late.
    let kept = kept.lock().take().unwrap();
    assert!(!kept.change(set_count(1)) && !kept.clear());
    assert_eq!(kept.get().await.unwrap(), None);

    let not_taken = bench
        .step()
        .chain(dptree::filter(|session: SessionHandle| {
            !session.change(set_count(1))
        }))
        .endpoint(|| async { Ok(()) });
    let (result, reads, writes) = bench.turn(&not_taken, "x").await;
    assert!(result.is_none());
    assert_eq!((reads, writes), (0, 0));
    assert_eq!(bench.session().await, None);
}

#[tokio::test]
async fn a_conflict_reaches_the_handlers_error_as_its_type() {
    for existed in [true, false] {
        let bench = Bench::new();
        if existed {
            let change = || set_count(1)(SessionChange::new(Timestamp::EPOCH));
            bench.inner.get_or_create(&key(), change).await.unwrap();
        }
        let inner = Arc::clone(&bench.inner);
        let late = bench.step().endpoint(move |session: SessionHandle| {
            let inner = Arc::clone(&inner);
            async move {
                count(session).await?;
                // Another process.
                let held = inner
                    .get_or_create(&key(), || SessionChange::new(Timestamp::EPOCH))
                    .await?;
                let change = set_count(9)(SessionChange::new(Timestamp::EPOCH));
                inner.update(&held, &change).await?;
                Ok::<(), Failure>(())
            }
        });
        let (result, ..) = bench.turn(&late, "x").await;
        let error = result.unwrap().unwrap_err();
        let Some(SessionStepError::Conflict(conflict)) = error.downcast_ref() else {
            panic!("{error:?}")
        };
        assert_eq!(conflict.key(), &key());
        assert_eq!(conflict.current().and_then(count_in), Some(9));
        assert_eq!(bench.count().await, Some(9));
    }
}

#[tokio::test]
async fn a_store_that_fails_is_the_handlers_error() {
    let bench = Bench::new();
    // It changes without a look, so the read is the commit's.
    let handler = bench.step().endpoint(|session: SessionHandle| async move {
        session.change(set_count(1));
        Ok(())
    });
    for fault in [StoreOperation::Get, StoreOperation::Create] {
        bench.faults.inject(Fault::unavailable(fault));
        let (result, ..) = bench.turn(&handler, "x").await;
        let error = result.unwrap().unwrap_err();
        let Some(SessionStepError::Store(error)) = error.downcast_ref() else {
            panic!("{error:?}")
        };
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        bench.faults.heal();
        assert_eq!(bench.session().await, None);
    }
}

#[tokio::test]
async fn a_session_is_seen_with_what_was_changed_and_can_be_removed() {
    let bench = Bench::new();
    let handler = bench
        .step()
        .endpoint(|session: SessionHandle, message: Message| async move {
            session.change(set_count(3));
            assert_eq!(session.get().await?.as_ref().and_then(count_in), Some(3));
            if message.text() == Some("end") {
                session.clear();
                assert_eq!(session.get().await?, None);
            }
            Ok::<(), Failure>(())
        });
    bench.turn(&handler, "x").await.0.unwrap().unwrap();
    assert_eq!(bench.count().await, Some(3));
    let (result, reads, writes) = bench.turn(&handler, "end").await;
    result.unwrap().unwrap();
    assert_eq!((reads, writes, bench.session().await), (1, 1, None));
    // Where there is none, there is nothing to remove.
    let (result, reads, writes) = bench.turn(&handler, "end").await;
    result.unwrap().unwrap();
    assert_eq!((reads, writes), (1, 0));
}

#[tokio::test]
async fn the_key_the_scope_and_the_clock_may_be_others() {
    let bench = Bench::new();
    let step = SessionStep::new(Arc::clone(&bench.store), BotId(7))
        .keyed_by(DialogueKeys::UserInTopic)
        .in_scope(Scope::new("orders").unwrap())
        .with_clock(Arc::new(ManualClock::at(Timestamp::from_millis(5))));
    let handler: UpdateHandler<Failure> = dptree::entry().chain(step.handler()).endpoint(count);
    let update = group_text(42, Some(3), "x");
    assert!(handler.dispatch(dptree::deps![update]).await.is_break());
    let key = "7/-1009/42/3//orders".parse().unwrap();
    let session = bench.inner.get(&key).await.unwrap().unwrap();
    assert_eq!(session.updated_at(), Timestamp::from_millis(5));
}
