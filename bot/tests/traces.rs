//! Traces, as a collector gets them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use prost::Message as _;
use stepkeep::catalogue::RatesCatalogue;
use stepkeep::dead_letters::DeadLetters;
use stepkeep::effects::{LabelDocuments, ShippingEffects};
use stepkeep::flows::{FlowSettings, flows};
use stepkeep::localization::Localizer;
use stepkeep::observation::Observers;
use stepkeep::runner::{Drained, Runner, RunnerLimits, RunnerParts};
use stepkeep::shipping::{ShippingApi, ShippingClient, ShippingConfig};
use stepkeep::telegram::{
    Answer, Call, ClientConfig, Delivery, Origin, RawUpdate, Receipt, Sender, SenderConfig, TelegramClient,
    TelegramError, TelegramErrorKind, Transport,
};
use stepkeep::traces::exported_to;
use stepkeep_core::cache::CacheConfig;
use stepkeep_core::{BotId, Layers, MemoryStorage, SessionStore, Slowness, SystemClock, TurnEngine};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt as _;
use url::Url;

const BOT: BotId = BotId(7);

/// A collector that keeps the spans that it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    async fn start() -> (Self, Url) {
        let collector = Self::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(collector.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, Url::parse(&url).unwrap())
    }

    /// The names of each span's children, by the name of the span.
    fn children(&self) -> BTreeMap<String, Vec<String>> {
        let spans = self.0.lock();
        let names: BTreeMap<_, _> = spans
            .iter()
            .map(|span| (span.span_id.clone(), span.name.clone()))
            .collect();
        let mut children: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for span in spans.iter() {
            let parent = names.get(&span.parent_span_id).cloned().unwrap_or_default();
            children.entry(parent).or_default().push(span.name.clone());
        }
        for names in children.values_mut() {
            names.sort();
        }
        children
    }
}

async fn take(State(collector): State<Collector>, body: Bytes) -> Vec<u8> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    collector.0.lock().extend(scopes.flat_map(|scope| scope.spans));
    ExportTraceServiceResponse::default().encode_to_vec()
}

/// A Telegram that takes every message.
#[derive(Debug)]
struct Telegram;

#[async_trait]
impl Transport for Telegram {
    async fn call(&self, _: Call) -> Result<Answer, TelegramError> {
        let body = r#"{"ok":true,"result":{"message_id":5,"date":1800000000,"text":"-",
            "chat":{"id":42,"type":"private","first_name":"Ann"}}}"#;
        Ok(Answer {
            status: 200,
            retry_after: None,
            body: Bytes::from_static(body.as_bytes()),
        })
    }

    async fn download(&self, _: &str, _: u64, _: Duration) -> Result<Answer, TelegramError> {
        Err(TelegramError::new(
            stepkeep::telegram::Method::new("download"),
            TelegramErrorKind::Network,
        ))
    }
}

fn runner(store: &Arc<dyn SessionStore>) -> Runner {
    let observers = Observers::default();
    let localizer = Arc::new(Localizer::new().unwrap());
    let nowhere = Url::parse("http://127.0.0.1:1").unwrap();
    let shipping: Arc<dyn ShippingApi> =
        Arc::new(ShippingClient::new(ShippingConfig::new(nowhere, "none".into())).unwrap());
    let rates = RatesCatalogue::new(
        Arc::clone(&shipping),
        CacheConfig::default(),
        Arc::new(SystemClock),
    );
    let client = TelegramClient::over(Arc::new(Telegram), BOT, &ClientConfig::default());
    Runner::new(RunnerParts {
        engine: TurnEngine::new(
            Arc::clone(store),
            flows(&localizer, &FlowSettings::default()),
            Arc::new(SystemClock),
        ),
        sender: Arc::new(Sender::new(client, SenderConfig::default())),
        localizer,
        effects: Arc::new(ShippingEffects::new(Arc::clone(&shipping), rates)),
        documents: Arc::new(LabelDocuments::new(shipping)),
        bot: BOT,
        bot_name: "KeepBot".to_owned(),
        dead_letters: DeadLetters::new(Arc::clone(store), Arc::new(SystemClock), BOT),
        limits: RunnerLimits::default(),
        observers,
        payments: None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_a_span_with_its_store_operations_and_its_sending_below_and_nothing_of_what_was_said() {
    let (collector, url) = Collector::start().await;
    let (layer, traces) = exported_to(&url).unwrap();
    tracing::subscriber::set_global_default(Registry::default().with(layer)).unwrap();

    let store = Layers::new(MemoryStorage::new(), "memory")
        .with_tracing(Slowness::default())
        .into_shared();
    let runner = runner(&store);
    let update = r#"{"update_id":3,"message":{"message_id":1,"date":1800000000,"text":"/start my-secret",
        "entities":[{"type":"bot_command","offset":0,"length":6}],
        "chat":{"id":42,"type":"private","first_name":"Ann"},
        "from":{"id":42,"is_bot":false,"first_name":"Ann","language_code":"en"}}}"#;
    let update =
        RawUpdate::new(serde_json::value::RawValue::from_string(update.to_owned()).unwrap()).unwrap();
    let (settled, is_settled) = tokio::sync::oneshot::channel();
    let receipt = Receipt::new(3, Origin::Polling, move |how| settled.send(how).unwrap());
    runner
        .take(Delivery {
            update,
            attempt: 1,
            receipt,
        })
        .await;
    is_settled.await.unwrap();
    assert_eq!(runner.shut_down(Duration::from_secs(5)).await, Drained::Finished);
    traces.end().await;

    let children = collector.children();
    assert_eq!(children[""], ["turn"], "{children:?}");
    assert_eq!(children["turn"], ["send", "store", "store"], "{children:?}");
    assert_eq!(children["send"], ["telegram"], "{children:?}");
    let spans = collector.0.lock();
    let turn = spans.iter().find(|span| span.name == "turn").unwrap();
    let keys: Vec<_> = turn
        .attributes
        .iter()
        .map(|attribute| attribute.key.as_str())
        .collect();
    for key in ["chat_id", "user_id", "update_id"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    let everything = format!("{spans:?}");
    assert!(!everything.contains("my-secret"), "what was said is in the trace");
}
