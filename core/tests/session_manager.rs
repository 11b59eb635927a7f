//! Sessions with data of one's own type, on a store in memory.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde::{Deserialize, Serialize};
use stepkeep_core::{
    BotId, Clock, FieldName, FieldValue, FlowError, FlowName, ManualClock, MemoryStorage, Position,
    SessionChange, SessionDraft, SessionError, SessionKey, SessionManager, SessionStore, StepName, Timestamp,
    UserId,
};

/// The answer of a call that never waits, as those of the store in memory don't.
fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().unwrap()
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

fn key(user: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(user))
}

fn position(step: &str) -> Position {
    Position {
        flow: FlowName::constant("order"),
        version: 1,
        step: StepName::new(step).unwrap(),
    }
}

fn step(step: &'static str) -> StepName {
    StepName::constant(step)
}

fn sessions() -> (SessionManager<MemoryStorage>, Arc<ManualClock>, MemoryStorage) {
    let store = MemoryStorage::new();
    let clock = Arc::new(ManualClock::at(Timestamp::EPOCH));
    let sessions = SessionManager::with_clock(store.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
    (sessions, clock, store)
}

#[tokio::test]
async fn a_session_is_created_once_read_and_cleared() {
    let (sessions, ..) = sessions();
    let order = Order {
        city: "Austin".into(),
        phone: None,
    };
    assert!(sessions.get_session::<Order>(&key(1)).await.unwrap().is_none());
    let created = sessions
        .create_session(&key(1), position("city"), order.clone())
        .await
        .unwrap();
    let read = sessions.get_session::<Order>(&key(1)).await.unwrap().unwrap();
    assert_eq!((read.session, read.data), (created.session, order.clone()));

    let again = sessions.create_session(&key(1), position("zip"), order).await;
    assert!(
        matches!(again, Err(SessionError::AlreadyExists { .. })),
        "{again:?}"
    );
    assert!(sessions.clear_session(&key(1)).await.unwrap());
    assert!(!sessions.clear_session(&key(1)).await.unwrap());
}

#[tokio::test]
async fn an_update_leaves_the_fields_that_the_type_does_not_have() {
    let (sessions, _, store) = sessions();
    let order = Order {
        city: "Austin".into(),
        phone: Some("1".into()),
    };
    let session = sessions
        .create_session(&key(1), position("city"), order)
        .await
        .unwrap()
        .session;
    let language = FieldName::constant("language");
    let change = SessionChange::new(Timestamp::EPOCH).set(language, FieldValue::text("ru"));
    store.update(&session, &change).await.unwrap();

    let updated = sessions
        .update_session(&key(1), |draft: &mut SessionDraft<Order>| draft.data.phone = None)
        .await
        .unwrap();
    assert_eq!(updated.session.field("phone"), None);
    assert_eq!(updated.session.field("language"), Some(&FieldValue::text("ru")));
    assert_eq!(updated.session.step(), Some(&step("city")));
}

#[tokio::test]
async fn an_update_runs_again_on_what_a_faster_process_left() {
    let (sessions, _, store) = sessions();
    let created = sessions
        .create_session(&key(1), position("city"), Order::default())
        .await
        .unwrap();
    let mut faster = Some(created.session);
    let updated = sessions
        .update_session(&key(1), |draft: &mut SessionDraft<Order>| {
            if let Some(held) = faster.take() {
                let phone = FieldName::constant("phone");
                let change = SessionChange::new(Timestamp::EPOCH).set(phone, FieldValue::text("1"));
                at_once(store.update(&held, &change)).unwrap();
            }
            draft.data.city = "Austin".into();
        })
        .await
        .unwrap();
    let both = Order {
        city: "Austin".into(),
        phone: Some("1".into()),
    };
    assert_eq!(updated.data, both);
}

#[tokio::test]
async fn a_step_back_brings_the_data_of_that_step_and_records_why() {
    let (sessions, clock, _) = sessions();
    sessions
        .create_session(&key(1), position("city"), Order::default())
        .await
        .unwrap();
    for (city, next) in [("Austin", "zip"), ("Dallas", "rates")] {
        sessions
            .update_session(&key(1), |draft: &mut SessionDraft<Order>| {
                draft.data.city = city.into();
                assert!(draft.go_to_step(StepName::new(next).unwrap()));
            })
            .await
            .unwrap();
    }
    clock.advance(Duration::from_secs(5));
    let reason = FlowError::new("rates_unavailable", "x".repeat(1_000));
    let reverted = sessions.revert_to_previous_step(&key(1), &reason).await.unwrap();
    assert!(reverted.went_back);
    assert_eq!(reverted.session.step(), Some(&step("zip")));
    assert_eq!(reverted.session.typed::<Order>().unwrap().city, "Austin");
    let recorded = reverted.session.turn().last_error.clone().unwrap();
    assert_eq!(recorded.kind, "rates_unavailable");
    assert_eq!(recorded.message.len(), 300);
    assert_eq!((recorded.user, recorded.step), (UserId(1), Some(step("rates"))));
    assert_eq!(recorded.at, clock.now());

    let reverted = sessions.revert_to_previous_step(&key(1), &reason).await.unwrap();
    assert_eq!(reverted.session.step(), Some(&step("city")));
    assert_eq!(reverted.session.typed::<Order>().unwrap(), Order::default());

    // There is no step before the first one: the person stays, and the reason is recorded all the same.
    let reason = FlowError::new("other", "no");
    let reverted = sessions.revert_to_previous_step(&key(1), &reason).await.unwrap();
    assert!(!reverted.went_back);
    assert_eq!(reverted.session.step(), Some(&step("city")));
    assert_eq!(reverted.session.turn().last_error.as_ref().unwrap().kind, "other");
}

#[tokio::test]
async fn who_leaves_the_flow_has_no_way_back() {
    let (sessions, ..) = sessions();
    sessions
        .create_session(&key(1), position("city"), Order::default())
        .await
        .unwrap();
    for leave in [false, true] {
        sessions
            .update_session(&key(1), |draft: &mut SessionDraft<Order>| {
                if leave {
                    draft.leave_flow();
                } else {
                    draft.go_to(position("zip"));
                }
            })
            .await
            .unwrap();
    }
    let reason = FlowError::new("other", "no");
    let reverted = sessions.revert_to_previous_step(&key(1), &reason).await.unwrap();
    assert!(!reverted.went_back);
    assert_eq!(reverted.session.position(), None);
}

#[tokio::test]
async fn data_of_another_form_is_an_error_and_stays() {
    let (sessions, _, store) = sessions();
    sessions
        .create_session(
            &key(1),
            position("city"),
            std::collections::BTreeMap::from([("city", 5)]),
        )
        .await
        .unwrap();
    let stored = store.get(&key(1)).await.unwrap();
    let read = sessions.get_session::<Order>(&key(1)).await;
    assert!(matches!(read, Err(SessionError::Data(_))), "{read:?}");
    let updated = sessions
        .update_session(&key(1), |draft: &mut SessionDraft<Order>| draft.data.city.clear())
        .await;
    assert!(matches!(updated, Err(SessionError::Data(_))), "{updated:?}");
    assert_eq!(store.get(&key(1)).await.unwrap(), stored);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (sessions, ..) = sessions();
    let updated = sessions
        .update_session(&key(1), |_: &mut SessionDraft<Order>| {})
        .await;
    assert!(
        matches!(updated, Err(SessionError::NotFound { .. })),
        "{updated:?}"
    );
    let reverted = sessions
        .revert_to_previous_step(&key(1), &FlowError::new("other", "no"))
        .await;
    assert!(
        matches!(reverted, Err(SessionError::NotFound { .. })),
        "{reverted:?}"
    );
}

#[tokio::test]
async fn a_cleanup_removes_what_was_idle_for_longer() {
    let (sessions, clock, _) = sessions();
    for user in [1, 2] {
        sessions
            .create_session(&key(user), position("city"), Order::default())
            .await
            .unwrap();
    }
    clock.advance(Duration::from_hours(1));
    sessions
        .update_session(&key(2), |draft: &mut SessionDraft<Order>| {
            draft.data.city.push('x');
        })
        .await
        .unwrap();
    clock.advance(Duration::from_millis(1));
    let report = sessions
        .cleanup_old_sessions(Duration::from_hours(1))
        .await
        .unwrap();
    assert_eq!(report.removed, 1);
    assert!(sessions.get_session::<Order>(&key(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn the_statistics_say_where_the_people_are() {
    let (sessions, clock, store) = sessions();
    for (user, at) in [(1, "city"), (2, "city"), (3, "zip"), (4, "zip")] {
        clock.advance(Duration::from_secs(1));
        sessions
            .create_session(&key(user), position(at), Order::default())
            .await
            .unwrap();
    }
    sessions
        .update_session(&key(4), |draft: &mut SessionDraft<Order>| draft.leave_flow())
        .await
        .unwrap();
    store.insert_encoded(&key(5), b"damaged".to_vec());

    let stats = sessions.session_stats().await.unwrap();
    let order = FlowName::constant("order");
    assert_eq!((stats.total, stats.outside_of_flows, stats.unreadable), (4, 1, 1));
    assert_eq!(stats.by_flow, [(order.clone(), 3)].into());
    assert_eq!(
        stats.by_step,
        [((order.clone(), step("city")), 2), ((order, step("zip")), 1)].into()
    );
    assert_eq!(stats.oldest, Some(Timestamp::from_millis(1_000)));
}
