//! A thousand generations under way at once ask no more often than the API lets them.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rust_decimal::dec;
use secrecy::SecretString;
use serde_json::json;
use stepkeep::catalogue::{AccountCatalogue, ModelCatalogue};
use stepkeep::effects::{
    EffectResult, Effects as _, FileTrouble, GenerationCare, GenerationEffects, SentFiles,
};
use stepkeep::flows::generation::calls::{Job, SentFile, WATCH, WatchOutcome, Watched};
use stepkeep::generation::{GenerationApi, KieClient, KieConfig, ModelId, NewFile, TaskId};
use stepkeep::ledger::{Ledger, LedgerConfig};
use stepkeep::money::{Currency, Money};
use stepkeep_core::cache::CacheConfig;
use stepkeep_core::{
    Clock, FieldValue, FlowName, MemoryStorage, PendingEffect, SessionStore, SystemClock, Timestamp, UserId,
};
use tokio::time::Instant;
use url::Url;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::studio::BOT;

const MANY: usize = 1_000;

#[derive(Debug)]
struct NoFiles;

#[async_trait::async_trait]
impl SentFiles for NoFiles {
    async fn get(&self, _: &SentFile, _: u64) -> Result<Option<NewFile>, FileTrouble> {
        Ok(None)
    }
}

fn watch(number: usize) -> PendingEffect {
    let watched = Watched {
        job: Job {
            id: format!("generation-{number}"),
            user: UserId(1),
            model: ModelId::new("z-image").unwrap(),
            title: "Z-Image".to_owned(),
            price: Money::from_decimal(dec!(0.01), Currency::USD).unwrap(),
            message: None,
            input: serde_json::Map::new(),
        },
        task: TaskId::new(&format!("task-{number}")).unwrap(),
        since: SystemClock.now(),
        told: None,
    };
    PendingEffect {
        id: format!("e{number}"),
        flow: FlowName::constant("generation"),
        name: WATCH.to_owned(),
        payload: FieldValue::new(&watched).unwrap(),
        outlives_flow: true,
        recoveries: 0,
        lease_millis: 30_000,
        requested_at: Timestamp::EPOCH,
        recover_at: Timestamp::EPOCH,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_open_generations_ask_at_the_pace_of_the_api() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let server = MockServer::start().await;
    let times = Arc::clone(&asked);
    Mock::given(any())
        .respond_with(move |_: &Request| {
            times.lock().push(Instant::now());
            let data = json!({"taskId": "t", "state": "generating", "resultJson": ""});
            ResponseTemplate::new(200).set_body_json(json!({"code": 200, "msg": "success", "data": data}))
        })
        .mount(&server)
        .await;
    let url = Url::parse(&server.uri()).unwrap();
    // With the pace that it has for the real API.
    let client = KieClient::new(KieConfig::new(url, SecretString::from("a key"))).unwrap();
    let api: Arc<dyn GenerationApi> = Arc::new(client);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let kept = || CacheConfig::with_ttl(Duration::from_mins(10));
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let ledger = Ledger::new(store, Arc::clone(&clock), BOT, LedgerConfig::new(Currency::USD));
    let effects = Arc::new(GenerationEffects::new(
        Arc::clone(&api),
        ModelCatalogue::new(&api, kept(), kept(), &clock),
        AccountCatalogue::new(ledger.clone(), kept(), &clock),
        ledger,
        Arc::new(NoFiles),
        clock,
        GenerationCare::default(),
    ));
    let watching = (0..MANY).map(|number| {
        let effects = Arc::clone(&effects);
        tokio::spawn(async move { effects.run(&watch(number)).await })
    });
    for watched in futures::future::join_all(watching).await {
        let EffectResult::Finished(outcome) = watched.unwrap() else {
            panic!("what waits for its turn to ask is no trouble");
        };
        let outcome: WatchOutcome = outcome.get().unwrap();
        assert!(matches!(outcome, WatchOutcome::Running { .. }), "{outcome:?}");
    }
    let asked = asked.lock();
    assert!(asked.len() > 20, "they do ask: {}", asked.len());
    // Eleven within less than a second would be one too many. They may bunch up on their way to a busy server, by a little.
    let too_close = asked
        .windows(14)
        .filter(|window| window[13] - window[0] < Duration::from_secs(1))
        .count();
    assert_eq!(too_close, 0, "of {}", asked.len());
}
