//! How many turns a whole bot makes in a second: a SQLite store in a file, each write on the disk before it counts, a Telegram
//! over HTTP, and many people who write at once.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use stepkeep::metrics::Metrics;
use stepkeep::runner::Runner;
use stepkeep_benches::{TelegramAt, observed_bot, order_in_chat, telegram_over_http};
use stepkeep_core::SessionStore;
use stepkeep_storage_sqlite::SqliteStorage;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tracing::subscriber::DefaultGuard;

use crate::{Observed, change, default_log, median, processor_time};

thread_local! {
    /// The log of an observed bot's thread, for as long as the thread lives.
    static LOG: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// One bot, with threads and a database of its own.
struct Bot {
    name: &'static str,
    runtime: Runtime,
    runner: Runner,
    store: Arc<dyn SessionStore>,
    metrics: Metrics,
    /// Turns a second, of each round.
    throughput: Vec<f64>,
    /// Microseconds of a processor a turn, of each round.
    processor: Vec<f64>,
    _folder: TempDir,
}

impl Bot {
    fn new((name, mode, has_log): (&'static str, Observed, bool), telegram: &TelegramAt) -> Self {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).enable_all();
        if has_log {
            let log = tracing::Dispatch::new(default_log());
            builder.on_thread_start(move || {
                LOG.set(Some(tracing::dispatcher::set_default(&log)));
            });
        }
        let runtime = builder.build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/sessions.sqlite", folder.path().display());
        let metrics = Metrics::new();
        let observers = mode.observers(&metrics);
        let store = runtime.block_on(SqliteStorage::connect(&url)).unwrap();
        let store = mode.layers(store, "sqlite", &observers);
        let runner = {
            let _within = runtime.enter();
            observed_bot(&store, &observers, telegram)
        };
        Self {
            name,
            runtime,
            runner,
            store,
            metrics,
            throughput: Vec::new(),
            processor: Vec::new(),
            _folder: folder,
        }
    }

    /// So many people order at once, each so many times.
    #[expect(clippy::cast_precision_loss, reason = "a round takes less than 2^53 ns")]
    fn measure(&mut self, people: usize, orders: usize) {
        let (began, processor) = (Instant::now(), processor_time::of_all_threads());
        let everybody = (0..people).map(|_| {
            let (runner, store) = (self.runner.clone(), Arc::clone(&self.store));
            self.runtime.spawn(async move {
                let mut turns = 0;
                for _ in 0..orders {
                    turns += order_in_chat(&runner, &store).await;
                }
                turns
            })
        });
        let turns = self.runtime.block_on(join_all(everybody));
        let turns: u32 = turns.into_iter().map(Result::unwrap).sum();
        let (took, processor) = (
            began.elapsed(),
            processor_time::of_all_threads().saturating_sub(processor),
        );
        self.throughput.push(f64::from(turns) / took.as_secs_f64());
        self.processor
            .push(processor.as_nanos() as f64 / 1_000.0 / f64::from(turns));
        let _ = self.metrics.render();
    }
}

/// Turn about, and what a round of the one is to the round of the other beside it: what else the machine does meets both.
pub(crate) fn compare(is_measured: bool) {
    let (rounds, people, orders) = if is_measured { (60, 64, 2) } else { (1, 2, 1) };
    // One Telegram for all of them: its share in the processor's time is as large as that of a network is not.
    let outside = Runtime::new().unwrap();
    let telegram = TelegramAt::Address(outside.block_on(telegram_over_http()));
    // Twice the same at first: by how much the two differ is how well the others can be told from them.
    let mut bots = [
        ("unobserved", Observed::Not, false),
        ("unobserved again", Observed::Not, false),
        ("default log", Observed::Not, true),
        ("metrics", Observed::Metrics, false),
        ("all observers", Observed::All, false),
        ("all, and default log", Observed::All, true),
    ]
    .map(|bot| Bot::new(bot, &telegram));
    // The first turns make what later ones find.
    for bot in &mut bots {
        bot.measure(people, 1);
        bot.throughput.clear();
        bot.processor.clear();
    }
    for round in 0..rounds {
        for index in 0..bots.len() {
            let place = (index + round) % bots.len();
            bots[place].measure(people, orders);
        }
    }
    println!("a whole bot on SQLite (full durability), {people} people at once:");
    let [unobserved, ..] = &bots;
    for bot in &bots {
        println!(
            "    {:<24} {:>8.0} turns/s {:>+6.2} %  {:>8.2} us of a processor a turn {:>+6.2} %",
            bot.name,
            median(bot.throughput.clone()),
            change(&bot.throughput, &unobserved.throughput),
            median(bot.processor.clone()),
            change(&bot.processor, &unobserved.processor),
        );
    }
}
