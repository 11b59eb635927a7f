//! What several processes of a bot know together, while the Redis in which they keep it comes and goes.

use std::sync::Arc;

use stepkeep::run::run_observed;
use stepkeep::telemetry::Telemetry;
use stepkeep_core::MemoryStorage;
use stepkeep_test_servers::{RedisServer, RedisSettings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bot_here::settings_and;
use crate::observed::sum;
use crate::order::Order;
use crate::person::{Heard, Person};
use crate::town::{Town, patiently};

/// A bot with a store of its own, and what it tells of its caches.
struct Sharing {
    telemetry: Telemetry,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Sharing {
    /// One that people of this town write to, and that buys labels in another one.
    fn start(town: &Town, shipping: &Town, redis: &RedisServer) -> Self {
        let settings = settings_and(
            &town.sandbox.url(),
            &shipping.sandbox.url(),
            &[("STEPKEEP_CACHE_URL", redis.url())],
        );
        let (telemetry, stop) = (Telemetry::new(&settings), CancellationToken::new());
        let task = tokio::spawn({
            let (telemetry, stop) = (telemetry.clone(), stop.clone());
            async move {
                run_observed(&settings, Arc::new(MemoryStorage::new()), &telemetry, &stop)
                    .await
                    .expect("an orderly end");
            }
        });
        Self {
            telemetry,
            stop,
            task,
        }
    }

    /// How often Redis had prices (`hit`), had none (`miss`), or failed (`error`).
    fn shared(&self, outcome: &str) -> f64 {
        let series = format!("stepkeep_cache_shared_answers_total{{cache=\"rates\",outcome=\"{outcome}\"}}");
        sum(&self.telemetry.metrics.render(), &series)
    }

    /// How often Redis answered.
    fn answers(&self) -> f64 {
        self.shared("hit") + self.shared("miss")
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("no panic");
    }
}

/// From the offers back to the summary, and to the offers for a parcel that weighs so much.
async fn sees_prices_of_another_weight(person: &mut Person, offers: &Heard, weight: &str) -> Heard {
    let summary = person.chooses(offers, "Back", "Please check your order").await;
    let choice = person
        .chooses(&summary, "Edit", "Which answer shall we change?")
        .await;
    person
        .chooses(&choice, "Weight", "How much does the parcel weigh?")
        .await;
    let summary = person.asks(weight, "Please check your order").await;
    person.sees_prices(&summary).await
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_on_while_the_redis_of_the_caches_is_away_and_share_again_when_it_is_back() {
    let mut redis = RedisServer::start(&RedisSettings::default());
    let (town, other_town) = (Town::new().await, Town::new().await);
    let bot = Sharing::start(&town, &town, &redis);
    let other = Sharing::start(&other_town, &town, &redis);

    // What one has asked for, the other finds: the parcels are alike.
    town.person(1).await.orders(&Order::of(1)).await;
    let mut person = other_town.person(2).await;
    let summary = person.fills_in(&Order::of(1)).await;
    let mut offers = person.sees_prices(&summary).await;
    assert_eq!((bot.shared("hit"), other.shared("hit")), (0.0, 1.0));
    assert_eq!((bot.shared("error"), other.shared("error")), (0.0, 0.0));

    // Nobody notices that it is gone.
    redis.process().kill();
    town.person(3).await.orders(&Order::of(3)).await;
    offers = sees_prices_of_another_weight(&mut person, &offers, "31 lb").await;
    assert!(bot.shared("error") >= 1.0 && other.shared("error") >= 1.0);
    assert_eq!(town.labels().await.len(), 2);

    // It is left alone for some seconds after a failure, and then asked again.
    redis.process().start_again();
    let before = other.answers();
    patiently(async {
        for pounds in 32.. {
            let weight = format!("{} lb", f64::from(pounds) / 2.0);
            offers = sees_prices_of_another_weight(&mut person, &offers, &weight).await;
            if other.answers() > before {
                break;
            }
        }
    })
    .await;
    bot.stop().await;
    other.stop().await;
}
