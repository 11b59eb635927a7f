//! Webhooks: sending updates to a bot's own server until it takes them.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use reqwest::{Client, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    bot::Bot,
    updates::{Lane, Update},
    world::World,
};

/// A server that takes longer is taken for one that closed the connection.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// The pause after the second failure in a row; it doubles with each further one.
const FIRST_PAUSE_SECONDS: f64 = 2.0;
/// Between these lies the longest pause.
const LONGEST_PAUSE_SECONDS: std::ops::Range<f64> = 60.0..120.0;
/// As far a server can put off the next try.
const MAX_RETRY_AFTER_SECONDS: f64 = 3600.0;
const SECRET_HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

/// What a bot asks for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WebhookSettings {
    pub(crate) url: Url,
    pub(crate) secret: Option<String>,
    pub(crate) max_connections: usize,
    pub(crate) ip_address: Option<String>,
    /// PEM of the server's own certificate.
    pub(crate) certificate: Option<String>,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// A failure that `getWebhookInfo` tells of.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryError {
    pub(crate) at: i64,
    pub(crate) message: String,
}

/// The webhook that is active for a bot. Delivery ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) settings: WebhookSettings,
    pub(crate) last_error: Option<DeliveryError>,
    stop: CancellationToken,
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Webhook {
    /// Begins to deliver what is and what comes into the bot's queue. To be called inside the runtime.
    ///
    /// # Errors
    /// The HTTP client cannot be made: a broken certificate, for example.
    pub(crate) fn start(
        world: &Arc<World>,
        bot: &Arc<Bot>,
        settings: WebhookSettings,
    ) -> reqwest::Result<Self> {
        let mut client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .no_proxy();
        if let Some(pem) = &settings.certificate {
            client = client.add_root_certificate(reqwest::Certificate::from_pem(pem.as_bytes())?);
        }
        let stop = CancellationToken::new();
        let delivery = Delivery {
            world: Arc::clone(world),
            bot: Arc::clone(bot),
            client: client.build()?,
            url: settings.url.clone(),
            secret: settings.secret.clone(),
            connections: Semaphore::new(settings.max_connections),
        };
        tokio::spawn(Arc::new(delivery).run(stop.clone()));
        Ok(Self {
            settings,
            last_error: None,
            stop,
        })
    }
}

struct Delivery {
    world: Arc<World>,
    bot: Arc<Bot>,
    client: Client,
    url: Url,
    secret: Option<String>,
    connections: Semaphore,
}

type Arrival = (u64, Arc<Update>);

impl Delivery {
    /// Runs until it is stopped; then whatever is under way is cut off, and stays in the queue.
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut bell = self.bot.bell();
        let mut mark = 0;
        // The front of each lane is the one on its way.
        let mut lanes: HashMap<Lane, VecDeque<Arrival>> = HashMap::new();
        let mut on_their_way: JoinSet<Lane> = JoinSet::new();
        let send = |on_their_way: &mut JoinSet<Lane>, (arrival, update): Arrival| {
            let delivery = Arc::clone(&self);
            on_their_way.spawn(async move {
                delivery.deliver(arrival, &update).await;
                update.lane
            });
        };
        loop {
            bell.mark_unchanged();
            let (new, next_mark) = self.bot.lock().queue.arrived_since(mark);
            mark = next_mark;
            for arrival in new {
                let lane = lanes.entry(arrival.1.lane).or_default();
                lane.push_back(arrival.clone());
                if lane.len() == 1 {
                    send(&mut on_their_way, arrival);
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.bot.forgotten.cancelled() => return,
                _ = bell.changed() => {}
                Some(Ok(done)) = on_their_way.join_next() => {
                    let next = lanes.get_mut(&done).and_then(|lane| {
                        lane.pop_front();
                        lane.front().cloned()
                    });
                    match next {
                        Some(next) => send(&mut on_their_way, next),
                        None => {
                            lanes.remove(&done);
                        }
                    }
                }
            }
        }
    }

    /// Tries until the server takes the update, or the update is gone.
    async fn deliver(&self, arrival: u64, update: &Update) {
        let mut failures = 0;
        loop {
            {
                let mut state = self.bot.lock();
                if update.is_expired(self.world.clock.unix()) {
                    state.queue.settle(arrival, false);
                }
                if !state.queue.contains(arrival) {
                    return;
                }
            }
            let tried = {
                // The semaphore is never closed, so the only answer is a permit.
                let _connection = self.connections.acquire().await;
                self.send(update).await
            };
            match tried {
                Ok(()) => return self.bot.lock().queue.settle(arrival, true),
                Err(failure) => {
                    failures += 1;
                    let reason = failure.message.as_str();
                    tracing::debug!(
                        bot = self.bot.id(),
                        update = update.id,
                        failures,
                        reason,
                        "not delivered"
                    );
                    let at = self.world.clock.unix();
                    if let Some(webhook) = &mut self.bot.lock().webhook {
                        webhook.last_error = Some(DeliveryError {
                            at,
                            message: failure.message,
                        });
                    }
                    let seconds = failure.retry_after.unwrap_or_else(|| pause_seconds(failures));
                    let pause = seconds * self.world.webhook_retry_scale;
                    tokio::time::sleep(Duration::try_from_secs_f64(pause).unwrap_or(REQUEST_TIMEOUT)).await;
                }
            }
        }
    }

    async fn send(&self, update: &Update) -> Result<(), Failure> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(update.body.get().to_owned());
        if let Some(secret) = &self.secret {
            request = request.header(SECRET_HEADER, secret);
        }
        let response = request
            .send()
            .await
            .map_err(|error| Failure::of_connection(&error))?;
        let status = response.status();
        let failure = (!status.is_success()).then(|| Failure::of_status(status, response.headers()));
        // Reading to the end lets the connection be used again.
        let _ = response.bytes().await;
        failure.map_or(Ok(()), Err)
    }
}

struct Failure {
    message: String,
    retry_after: Option<f64>,
}

impl Failure {
    fn of_connection(error: &reqwest::Error) -> Self {
        let message = if error.is_timeout() {
            "Read timeout expired"
        } else if error.is_connect() {
            "Connection refused"
        } else {
            "Webhook connection closed"
        };
        Self {
            message: message.to_owned(),
            retry_after: None,
        }
    }

    fn of_status(status: StatusCode, headers: &header::HeaderMap) -> Self {
        let seconds = headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
        Self {
            message: format!("Wrong response from the webhook: {status}"),
            retry_after: seconds.map(|seconds| f64::from(seconds).min(MAX_RETRY_AFTER_SECONDS)),
        }
    }
}

/// The first retry comes at once.
fn pause_seconds(failures: i32) -> f64 {
    if failures <= 1 {
        return 0.0;
    }
    let longest = rand::random_range(LONGEST_PAUSE_SECONDS);
    (FIRST_PAUSE_SECONDS * 2f64.powi(failures - 2)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_comes_at_once_and_then_pauses_double_up_to_a_minute_or_two() {
        let pauses: Vec<f64> = (1..=6).map(pause_seconds).collect();
        assert_eq!(pauses, [0.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        for failures in 7..200 {
            assert!((60.0..=120.0).contains(&pause_seconds(failures)));
        }
    }
}
