//! How many turns a whole bot makes in a second: a SQLite store in a file, each write on the disk before it counts, a Telegram
//! over HTTP, and many people who write at once.
//!
//! Every bot has a process of its own, and is begun anew several times: within one process the bot that is made first has the best
//! places in memory, and keeps them. They work turn about for a fraction of a second each, since the speed of the machine changes
//! within seconds.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
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

use crate::{Observed, Ratios, default_log, median, processor_time};

/// Tells a process of this bench that it is a bot, and which: its place among [`BOTS`].
const BOT: &str = "STEPKEEP_BENCH_BOT";

/// Twice the same at first: by how much the two differ is how well the others can be told from them.
const BOTS: [(&str, Observed, bool); 7] = [
    ("unobserved", Observed::Not, false),
    ("unobserved again", Observed::Not, false),
    ("default log", Observed::Not, true),
    ("metrics", Observed::Metrics, false),
    ("all observers", Observed::All, false),
    ("all, and default log", Observed::All, true),
    ("the same without dashboard", Observed::Told, true),
];

/// How much a round is.
#[derive(Clone, Copy)]
struct Load {
    people: usize,
    /// How often each of them orders.
    orders: usize,
}

const MEASURED: Load = Load {
    people: 64,
    orders: 1,
};
const TRIED: Load = Load { people: 2, orders: 1 };

/// What a round came to.
struct Round {
    /// Turns a second.
    throughput: f64,
    /// Microseconds of a processor a turn.
    processor: f64,
}

/// One bot, with threads and a database of its own.
struct Bot {
    runtime: Runtime,
    runner: Runner,
    store: Arc<dyn SessionStore>,
    metrics: Metrics,
    _folder: TempDir,
}

impl Bot {
    fn new((_, mode, has_log): (&'static str, Observed, bool), telegram: &TelegramAt) -> Self {
        if has_log {
            // As `stepkeep run` sets it: a log of some threads only costs more.
            tracing::subscriber::set_global_default(default_log()).unwrap();
        }
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
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
            runtime,
            runner,
            store,
            metrics,
            _folder: folder,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a round takes less than 2^53 ns")]
    fn measure(&self, load: Load) -> Round {
        let (began, processor) = (Instant::now(), processor_time::of_all_threads());
        let everybody = (0..load.people).map(|_| {
            let (runner, store) = (self.runner.clone(), Arc::clone(&self.store));
            self.runtime.spawn(async move {
                let mut turns = 0;
                for _ in 0..load.orders {
                    turns += order_in_chat(&runner, &store).await;
                }
                turns
            })
        });
        let turns = self.runtime.block_on(join_all(everybody));
        let turns: u32 = turns.into_iter().map(Result::unwrap).sum();
        let took = began.elapsed();
        let processor = processor_time::of_all_threads().saturating_sub(processor);
        let _ = self.metrics.render();
        Round {
            throughput: f64::from(turns) / took.as_secs_f64(),
            processor: processor.as_nanos() as f64 / 1_000.0 / f64::from(turns),
        }
    }
}

/// Whether this process is a bot for another one that measures; if so, it has been measured.
pub(crate) fn is_measured_here(is_measured: bool) -> bool {
    let Ok(place) = std::env::var(BOT) else {
        return false;
    };
    // One Telegram for each bot: its share in the processor's time is as large as that of a network is not.
    let outside = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let telegram = TelegramAt::Address(outside.block_on(telegram_over_http()));
    let place: usize = place.parse().unwrap();
    let bot = Bot::new(BOTS[place], &telegram);
    let load = if is_measured { MEASURED } else { TRIED };
    for round in std::io::stdin().lines() {
        round.unwrap();
        let Round {
            throughput,
            processor,
        } = bot.measure(load);
        println!("{throughput} {processor}");
    }
    true
}

/// A bot in a process of its own, which works when it is told to. It ends when its input does.
struct Worker {
    process: Child,
    orders: ChildStdin,
    figures: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn begin(place: usize, is_measured: bool) -> Self {
        let mut bot = Command::new(std::env::current_exe().unwrap());
        if is_measured {
            bot.arg("--bench");
        }
        let mut process = bot
            .env(BOT, place.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            orders: process.stdin.take().unwrap(),
            figures: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        }
    }

    fn work(&mut self) -> Round {
        writeln!(self.orders).unwrap();
        let said = self.figures.next().unwrap().unwrap();
        let figures: Option<Vec<f64>> = said.split_whitespace().map(|word| word.parse().ok()).collect();
        let Some([throughput, processor]) = figures.as_deref() else {
            panic!("a bot said {said:?}");
        };
        Round {
            throughput: *throughput,
            processor: *processor,
        }
    }

    fn end(mut self) {
        drop(self.orders);
        let status = self.process.wait().unwrap();
        assert!(status.success(), "a bot ended with {status}");
    }
}

/// Turn about, and what a round of the one is to the round of the other beside it: what else the machine does meets both.
pub(crate) fn compare(is_measured: bool) {
    let (generations, rounds) = if is_measured { (16, 40) } else { (1, 1) };
    let mut throughput: [Vec<f64>; BOTS.len()] = std::array::from_fn(|_| Vec::new());
    let mut processor = throughput.clone();
    for _ in 0..generations {
        let mut workers: [Worker; BOTS.len()] =
            std::array::from_fn(|place| Worker::begin(place, is_measured));
        // The first turns make what later ones find.
        for worker in &mut workers {
            worker.work();
        }
        for round in 0..rounds {
            for index in 0..BOTS.len() {
                let place = (index + round) % BOTS.len();
                let found = workers[place].work();
                throughput[place].push(found.throughput);
                processor[place].push(found.processor);
            }
        }
        workers.into_iter().for_each(Worker::end);
    }
    println!(
        "a whole bot on SQLite (full durability), {} people at once, {generations} processes of each:",
        MEASURED.people
    );
    for (place, (name, ..)) in BOTS.iter().enumerate() {
        println!(
            "    {name:<26} {:>8.0} turns/s {}  {:>8.2} us of a processor a turn {}",
            median(throughput[place].clone()),
            Ratios::of(&throughput[place], &throughput[0], rounds),
            median(processor[place].clone()),
            Ratios::of(&processor[place], &processor[0], rounds),
        );
    }
}
