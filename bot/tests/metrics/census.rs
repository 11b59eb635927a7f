//! How many sessions are where.

use std::sync::Arc;
use std::time::Duration;

use stepkeep::flows::FlowSettings;
use stepkeep::localization::Localizer;
use stepkeep::metrics::{Census, CensusConfig, Metrics};
use stepkeep_core::{
    BotId, FlowName, Flows, ManualClock, MemoryStorage, NewSession, Position, Scope, SessionChange,
    SessionKey, SessionStore, StepName, Timestamp, UserId,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const BOT: BotId = BotId(7);

pub(crate) fn flows() -> Flows {
    let localizer = Arc::new(Localizer::new().unwrap());
    stepkeep::flows::flows(&localizer, &FlowSettings::default())
}

/// A session of a person in a step of an order, or in no flow.
pub(crate) fn session_in(user: i64, step: Option<&'static str>) -> NewSession {
    let change = SessionChange::new(Timestamp::EPOCH);
    let change = match step {
        Some(step) => change.go_to(Position {
            flow: FlowName::constant("shipping"),
            version: 1,
            step: StepName::constant(step),
        }),
        None => change,
    };
    NewSession::new(SessionKey::private(BOT, UserId(user)), change)
}

fn census(store: &Arc<dyn SessionStore>) -> Census {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let config = CensusConfig {
        page: 2,
        pause: Duration::from_secs(1),
        ..CensusConfig::default()
    };
    Census::new(Arc::clone(store), Arc::new(clock), flows(), BOT, config)
}

#[tokio::test(start_paused = true)]
async fn people_are_counted_where_they_are_page_by_page_and_only_this_bots() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    for (user, step) in [
        (1, Some("sender_city")),
        (2, Some("sender_city")),
        (3, Some("a_step_of_next_year")),
        (4, None),
        (5, Some("done")),
    ] {
        store.create(session_in(user, step)).await.unwrap();
    }
    let elsewhere = [
        SessionKey::private(BotId(8), UserId(1)),
        SessionKey::private(BOT, UserId(1)).with_scope(Scope::new("dead_letter").unwrap()),
    ];
    for key in elsewhere {
        let new = NewSession::new(key, SessionChange::new(Timestamp::EPOCH));
        store.create(new).await.unwrap();
    }
    let started = Instant::now();
    let count = census(&store).count().await.unwrap();
    let places: Vec<_> = count
        .by_place
        .iter()
        .map(|(place, count)| format!("{}/{} {count}", place.flow(), place.step()))
        .collect();
    assert_eq!(
        places,
        [
            "home/none 1",
            "shipping/done 1",
            "shipping/sender_city 2",
            "unknown/unknown 1"
        ]
    );
    assert!(started.elapsed() >= Duration::from_secs(2), "it takes its time");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_everybody_left_is_shown_as_empty() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let session = store.create(session_in(1, Some("sender_city"))).await.unwrap();
    let (census, metrics, stop) = (census(&store), Metrics::new(), CancellationToken::new());
    let mut counts = census.counts();
    let looking = async {
        counts.changed().await.unwrap();
        let text = metrics.render();
        assert!(
            text.contains(r#"stepkeep_sessions{flow="shipping",step="sender_city"} 1"#),
            "{text}"
        );
        store.clear(session.key(), None).await.unwrap();
        counts.changed().await.unwrap();
        let text = metrics.render();
        assert!(
            text.contains(r#"stepkeep_sessions{flow="shipping",step="sender_city"} 0"#),
            "{text}"
        );
        stop.cancel();
    };
    tokio::join!(census.run(&metrics, &stop), looking);
}
