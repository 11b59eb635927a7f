//! The stand-in of the generation API, and all that a dialogue needs besides it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rust_decimal::dec;
use secrecy::SecretString;
use serde_json::{Value, json};
use stepkeep::catalogue::{AccountCatalogue, ModelCatalogue};
use stepkeep::effects::{FileTrouble, GenerationCare, GenerationEffects, SentFiles};
use stepkeep::flows::FlowSettings;
use stepkeep::flows::generation::GenerationOffer;
use stepkeep::flows::generation::calls::SentFile;
use stepkeep::generation::{Allowance, GenerationApi, KieClient, KieConfig, NewFile, Pace, Prices};
use stepkeep::ledger::{Ledger, LedgerConfig, Purse};
use stepkeep::money::{Currency, Money};
use stepkeep_core::cache::CacheConfig;
use stepkeep_core::{BotId, Clock, MemoryStorage, SessionStore, SystemClock, UserId};
use stepkeep_sandbox::{Config, Part, Sandbox, SandboxHandle};
use url::Url;

pub(crate) const BOT: BotId = BotId(1);

/// Files that people sent: any that is asked for is there, but for one.
#[derive(Debug)]
struct Files;

#[async_trait]
impl SentFiles for Files {
    async fn get(&self, file: &SentFile, _: u64) -> Result<Option<NewFile>, FileTrouble> {
        Ok((file.file_id != "gone").then(|| NewFile {
            name: "file.png".to_owned(),
            media_type: file.media_type.clone().unwrap_or_default(),
            bytes: Bytes::from_static(b"what is in it"),
        }))
    }
}

pub(crate) struct Studio {
    handle: SandboxHandle,
    http: reqwest::Client,
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) ledger: Ledger,
    pub(crate) effects: Arc<GenerationEffects>,
    pub(crate) models: ModelCatalogue,
    pub(crate) settings: FlowSettings,
}

pub(crate) fn usd(cents: i64) -> Money {
    Money::from_minor(cents, Currency::USD)
}

impl Studio {
    /// One in which all is quick, and nothing limited.
    pub(crate) async fn open() -> Self {
        let creates = Allowance {
            calls: 1_000,
            within: Duration::from_secs(1),
        };
        Self::open_with(creates, GenerationCare::default()).await
    }

    /// One that creates no faster than that, and looks after generations so.
    pub(crate) async fn open_with(creates: Allowance, care: GenerationCare) -> Self {
        let parts = Config {
            parts: BTreeSet::from([Part::Generation]),
            ..Config::default()
        };
        let handle = Sandbox::start(parts).await.expect("a sandbox");
        let url = Url::parse(&format!("{}/generation", handle.url())).expect("an address");
        let quick = Duration::from_micros(1);
        let pace = Pace {
            catalogue: quick,
            creates,
            tasks: quick,
            others: quick,
        };
        let config = KieConfig {
            upload_url: url.clone(),
            pace,
            ..KieConfig::new(url, SecretString::from("a key"))
        };
        let api: Arc<dyn GenerationApi> = Arc::new(KieClient::new(config).expect("a client"));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let kept = || CacheConfig::with_ttl(Duration::from_mins(10));
        let models = ModelCatalogue::new(&api, kept(), kept(), &clock);
        let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
        let ledger = Ledger::new(
            Arc::clone(&store),
            Arc::clone(&clock),
            BOT,
            LedgerConfig::new(Currency::USD),
        );
        let accounts = AccountCatalogue::new(ledger.clone(), kept(), &clock);
        let ledger = ledger.told_to(Arc::new(accounts.clone()));
        let effects = Arc::new(GenerationEffects::new(
            api,
            models.clone(),
            accounts.clone(),
            ledger.clone(),
            Arc::new(Files),
            clock,
            care,
        ));
        let prices = Prices::new(dec!(0.005), Currency::USD).expect("prices");
        let offer = GenerationOffer {
            models: Arc::new(models.clone()),
            prices: Arc::new(prices),
            balances: Arc::new(accounts),
            longest_prompt: 5_000,
            longest_error: 300,
        };
        let studio = Self {
            handle,
            http: reqwest::Client::new(),
            store,
            ledger,
            effects,
            models,
            settings: FlowSettings {
                generation: Some(offer),
                ..FlowSettings::default()
            },
        };
        studio
            .sim(
                "limits",
                &json!({ "catalogue_per_second": 0, "creates_per_ten_seconds": 0, "tasks_per_second": 0 }),
            )
            .await;
        studio.sim("credits", &json!({ "credits": 1_000_000 })).await;
        studio.sim("speed", &json!({ "scale": 0 })).await;
        studio
    }

    pub(crate) async fn sim(&self, what: &str, body: &Value) {
        let url = format!("{}/generation/sim/{what}", self.handle.url());
        let answer = self.http.post(url).json(body).send().await;
        answer.unwrap().error_for_status().unwrap();
    }

    /// The tasks that the API was asked for, oldest first.
    pub(crate) async fn tasks(&self) -> Vec<Value> {
        let url = format!("{}/generation/sim/tasks", self.handle.url());
        let answer = self.http.get(url).send().await.unwrap();
        let tasks: Value = answer.error_for_status().unwrap().json().await.unwrap();
        tasks["tasks"].as_array().cloned().unwrap_or_default()
    }

    /// Gives somebody money.
    pub(crate) async fn credit(&self, user: UserId, cents: i64) {
        let credited = self
            .ledger
            .credit(
                user,
                &format!("gift-{cents}"),
                usd(cents),
                Purse::General,
                "a gift",
            )
            .await;
        credited.expect("a credit");
    }

    /// What somebody has: in all, and of it reserved, in cents.
    pub(crate) async fn balance(&self, user: UserId) -> (i64, i64) {
        let account = self.ledger.account(user).await.expect("an account");
        (account.total.minor(), account.reserved.minor())
    }
}
