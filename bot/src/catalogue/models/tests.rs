//! The catalogue of models on an API that answers as it is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use parking_lot::Mutex;
use rust_decimal::Decimal;
use stepkeep_core::cache::{
    CacheConfig, Invalidation, LeaseRequest, Look, Place, SecondLevel, SecondLevelError,
};
use stepkeep_core::{ManualClock, Timestamp};

use super::*;
use crate::generation::schema::InputShape;
use crate::generation::{Credits, NewFile, NewTask, Operation, ResultFile, Task, TaskId};

const TTL: Duration = Duration::from_mins(5);

/// What the API answers, and how often it was asked.
#[derive(Debug, Default)]
struct Script {
    /// What it fails with, whatever it is asked.
    fails_with: Mutex<Option<GenerationErrorKind>>,
    models: Mutex<Vec<&'static str>>,
    schemas: Mutex<HashMap<&'static str, Option<ModelSchema>>>,
    asked_for_models: AtomicUsize,
    asked_for_schemas: AtomicUsize,
}

impl Script {
    fn fails_with(&self, kind: impl Into<Option<GenerationErrorKind>>) {
        *self.fails_with.lock() = kind.into();
    }

    /// How often it was asked for the list, and for a schema.
    fn asked(&self) -> (usize, usize) {
        (
            self.asked_for_models.load(Ordering::Relaxed),
            self.asked_for_schemas.load(Ordering::Relaxed),
        )
    }

    fn error(kind: GenerationErrorKind, operation: Operation) -> GenerationError {
        GenerationError::new(kind, operation, "as it was told")
    }

    fn fail_if_told(&self, operation: Operation) -> Result<(), GenerationError> {
        match *self.fails_with.lock() {
            Some(kind) => Err(Self::error(kind, operation)),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl GenerationApi for Script {
    async fn models(&self, _: &ModelFilter) -> Result<Vec<ModelSummary>, GenerationError> {
        self.asked_for_models.fetch_add(1, Ordering::Relaxed);
        self.fail_if_told(Operation::Models)?;
        Ok(self.models.lock().iter().map(|name| summary(name)).collect())
    }

    async fn schema(&self, model: &ModelId) -> Result<Option<ModelSchema>, GenerationError> {
        self.asked_for_schemas.fetch_add(1, Ordering::Relaxed);
        self.fail_if_told(Operation::Schema)?;
        match self.schemas.lock().get(model.as_str()) {
            Some(schema) => Ok(schema.clone()),
            None => Err(Self::error(GenerationErrorKind::NotFound, Operation::Schema)),
        }
    }

    async fn price(&self, _: &ModelId) -> Result<Option<String>, GenerationError> {
        Ok(None)
    }

    async fn credits(&self) -> Result<Credits, GenerationError> {
        Ok(Credits(Decimal::ZERO))
    }

    async fn create(&self, _: &NewTask) -> Result<TaskId, GenerationError> {
        Err(Self::error(GenerationErrorKind::Disabled, Operation::Create))
    }

    async fn task(&self, _: &TaskId) -> Result<Task, GenerationError> {
        Err(Self::error(GenerationErrorKind::Disabled, Operation::Task))
    }

    async fn upload(&self, _: NewFile) -> Result<String, GenerationError> {
        Err(Self::error(GenerationErrorKind::Disabled, Operation::Upload))
    }

    async fn download(&self, _: &str, _: u64) -> Result<ResultFile, GenerationError> {
        Err(Self::error(GenerationErrorKind::Disabled, Operation::Download))
    }
}

fn id(name: &str) -> ModelId {
    ModelId::new(name).unwrap()
}

fn summary(name: &str) -> ModelSummary {
    ModelSummary {
        model: id(name),
        title: name.to_owned(),
        slug: None,
        provider: None,
        task_types: Vec::new(),
        description: None,
        price: None,
    }
}

fn schema(title: &str) -> ModelSchema {
    ModelSchema {
        shapes: vec![InputShape {
            title: Some(title.to_owned()),
            parameters: Vec::new(),
        }],
    }
}

/// A catalogue of an API that has two models, one of which it doesn't describe.
struct Shop {
    api: Arc<Script>,
    clock: Arc<ManualClock>,
    catalogue: ModelCatalogue,
}

impl Shop {
    fn open() -> Self {
        let api = Arc::new(Script::default());
        *api.models.lock() = vec!["sketch", "oil"];
        api.schemas.lock().insert("sketch", Some(schema("pencil")));
        api.schemas.lock().insert("oil", None);
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
        // Without chance, so that it is known when something expires.
        let config = CacheConfig {
            jitter: 0.0,
            ..CacheConfig::with_ttl(TTL)
        };
        let asked: Arc<dyn GenerationApi> = Arc::<Script>::clone(&api);
        let shared_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let catalogue = ModelCatalogue::new(&asked, config.clone(), config, &shared_clock);
        Self {
            api,
            clock,
            catalogue,
        }
    }

    /// So much later that nobody is answered what has expired while it is asked for anew.
    fn waits_until_it_expires(&self) {
        self.clock.advance(TTL + Duration::from_mins(1));
    }

    /// The names of the models, and whether the list has expired.
    async fn models(&self) -> (Vec<String>, bool) {
        let list = self.catalogue.models().await.unwrap();
        let names = list.value.iter().map(|model| model.title.clone());
        (names.collect(), list.is_stale())
    }

    async fn schema(&self, model: &str) -> Option<Arc<ModelSchema>> {
        let schema = self.catalogue.schema(&id(model)).await.unwrap();
        schema.map(|cached| cached.value)
    }
}

fn names(names: &[&str], is_stale: bool) -> (Vec<String>, bool) {
    (names.iter().map(|name| (*name).to_owned()).collect(), is_stale)
}

#[tokio::test]
async fn the_list_is_asked_for_once_until_it_expires() {
    let shop = Shop::open();
    for _ in 0..3 {
        assert_eq!(shop.models().await, names(&["sketch", "oil"], false));
    }
    assert_eq!(shop.api.asked(), (1, 0));
    *shop.api.models.lock() = vec!["oil"];
    shop.clock.advance(Duration::from_mins(4));
    assert_eq!(shop.models().await, names(&["sketch", "oil"], false));
    shop.waits_until_it_expires();
    assert_eq!(shop.models().await, names(&["oil"], false));
    assert_eq!(shop.api.asked(), (2, 0));
}

#[tokio::test]
async fn the_last_list_is_answered_as_stale_while_the_api_fails_and_it_is_left_alone_for_a_moment() {
    let shop = Shop::open();
    shop.models().await;
    shop.waits_until_it_expires();
    shop.api.fails_with(GenerationErrorKind::Maintenance);
    for _ in 0..3 {
        assert_eq!(shop.models().await, names(&["sketch", "oil"], true));
    }
    assert_eq!(shop.api.asked().0, 2, "who fails isn't asked again at once");
    *shop.api.models.lock() = vec!["oil"];
    shop.api.fails_with(None);
    shop.clock.advance(Duration::from_secs(3));
    // It is asked beside those who are answered: it failed just now.
    let mut answer = shop.models().await;
    for _ in 0..1_000 {
        if !answer.1 {
            break;
        }
        tokio::task::yield_now().await;
        answer = shop.models().await;
    }
    assert_eq!(answer, names(&["oil"], false));
    assert_eq!(shop.api.asked().0, 3);
}

#[tokio::test]
async fn without_a_list_the_error_is_told_and_the_list_comes_when_the_api_works_again() {
    let shop = Shop::open();
    shop.api.fails_with(GenerationErrorKind::Unauthorized);
    // It fails quietly: nobody waits for it.
    shop.catalogue.warm_up().await;
    match shop.catalogue.models().await {
        Err(CacheError::Failed(error)) => assert_eq!(error.kind(), GenerationErrorKind::Unauthorized),
        other => panic!("no list could be known: {other:?}"),
    }
    shop.api.fails_with(None);
    shop.clock.advance(Duration::from_secs(3));
    assert_eq!(shop.models().await, names(&["sketch", "oil"], false));
}

#[tokio::test]
async fn who_asks_after_the_warm_up_does_not_wait_for_the_api() {
    let shop = Shop::open();
    shop.catalogue.warm_up().await;
    assert_eq!(shop.api.asked(), (1, 0));
    shop.api.fails_with(GenerationErrorKind::Unavailable);
    assert_eq!(shop.models().await, names(&["sketch", "oil"], false));
    assert_eq!(shop.api.asked(), (1, 0));
}

#[tokio::test]
async fn a_schema_is_asked_for_once_for_each_model() {
    let shop = Shop::open();
    for _ in 0..2 {
        assert_eq!(shop.schema("sketch").await.as_deref(), Some(&schema("pencil")));
        assert_eq!(shop.schema("oil").await, None, "it isn't described");
    }
    assert_eq!(shop.api.asked(), (0, 2));
}

#[tokio::test]
async fn a_model_that_there_is_not_has_no_schema_and_is_asked_for_again_before_long() {
    let shop = Shop::open();
    for _ in 0..2 {
        assert_eq!(shop.schema("water").await, None);
    }
    assert_eq!(shop.api.asked(), (0, 1));
    // It is new.
    shop.api.schemas.lock().insert("water", Some(schema("brush")));
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.schema("water").await.as_deref(), Some(&schema("brush")));
}

#[tokio::test]
async fn that_a_schema_can_not_be_asked_for_is_known_for_a_moment_and_is_not_taken_for_none() {
    let shop = Shop::open();
    shop.api.fails_with(GenerationErrorKind::Unaskable);
    for _ in 0..3 {
        match shop.catalogue.schema(&id("sketch")).await {
            Err(CacheError::Failed(error)) => assert_eq!(error.kind(), GenerationErrorKind::Unaskable),
            other => panic!("it can't be asked for: {other:?}"),
        }
    }
    assert_eq!(shop.api.asked(), (0, 1));
    shop.api.fails_with(None);
    shop.clock.advance(Duration::from_secs(3));
    assert_eq!(shop.schema("sketch").await.as_deref(), Some(&schema("pencil")));
}

#[tokio::test]
async fn what_one_process_asked_for_the_others_know() {
    let shelf: Arc<dyn SecondLevel> = Arc::new(Shelf::default());
    let [one, other] = [Shop::open(), Shop::open()].map(|shop| Shop {
        catalogue: shop.catalogue.shared_by(&shelf),
        ..shop
    });
    one.models().await;
    one.schema("sketch").await;
    one.schema("oil").await;
    assert_eq!(other.models().await, names(&["sketch", "oil"], false));
    assert_eq!(other.schema("sketch").await.as_deref(), Some(&schema("pencil")));
    assert_eq!(other.schema("oil").await, None);
    assert_eq!(other.api.asked(), (0, 0));
    let hits = other
        .catalogue
        .statistics()
        .map(|of| (of.name, of.second_level_hits));
    assert_eq!(hits, [("models", 1), ("model_info", 2)]);
}

/// A cache's name, and a key's form.
type Owned = (String, String);

/// A level that several processes share, without any of its difficulties.
#[derive(Debug, Default)]
struct Shelf(Mutex<HashMap<Owned, (Vec<u8>, Duration)>>);

fn owned(place: Place<'_>) -> Owned {
    (place.cache.to_owned(), place.key.to_owned())
}

#[async_trait]
impl SecondLevel for Shelf {
    async fn look(&self, place: Place<'_>, _: LeaseRequest<'_>) -> Result<Look, SecondLevelError> {
        let found = self.0.lock().get(&owned(place)).cloned();
        Ok(found.map_or(Look::Leased, |(value, remaining)| Look::Found {
            value,
            remaining,
        }))
    }

    async fn put(
        &self,
        place: Place<'_>,
        _: &str,
        value: Vec<u8>,
        life: Duration,
    ) -> Result<bool, SecondLevelError> {
        self.0.lock().insert(owned(place), (value, life));
        Ok(true)
    }

    async fn release(&self, _: Place<'_>, _: &str) -> Result<(), SecondLevelError> {
        Ok(())
    }

    async fn replace(
        &self,
        place: Place<'_>,
        value: Vec<u8>,
        life: Duration,
        _: u64,
    ) -> Result<(), SecondLevelError> {
        self.put(place, "", value, life).await.map(drop)
    }

    async fn remove(&self, place: Place<'_>, _: u64) -> Result<(), SecondLevelError> {
        self.0.lock().remove(&owned(place));
        Ok(())
    }

    async fn clear(&self, cache: &str, _: u64) -> Result<(), SecondLevelError> {
        self.0.lock().retain(|(of, _), _| of != cache);
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Invalidation> {
        stream::pending().boxed()
    }
}
