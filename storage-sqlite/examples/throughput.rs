//! How many updates and reads a second the store does on this machine, and how long one of them waits.
//!
//! ```text
//! cargo run --release -p stepkeep-storage-sqlite --example throughput -- [seconds per line] [folder]
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stepkeep_core::{
    BotId, CleanupPolicy, FieldName, FieldValue, NewSession, SessionChange, SessionKey, SessionStore,
    Timestamp, UserId,
};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage, Synchronous};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How many sessions there are; each task works on its own share of them.
const SESSIONS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    println!("| what | tasks | per second | p50 µs | p99 µs |\n|---|---|---|---|---|");
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let folder = tempfile::tempdir_in(&folder)?;
        let mut config = SqliteConfig::new(folder.path().join("throughput.db"));
        config.synchronous = synchronous;
        let store = SqliteStorage::open(config).await?;
        fill(&store).await?;
        for tasks in [1, 16, 256] {
            for work in [Work::Get, Work::Update, Work::GetAndUpdate] {
                measure(&store, work, tasks, Duration::from_secs(seconds), synchronous).await?;
            }
        }
        clean_up(&store, Duration::from_secs(seconds)).await?;
        store.close().await;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Get,
    Update,
    GetAndUpdate,
}

/// Session number so-and-so, of about 600 bytes.
fn new_session(number: usize, at: Timestamp) -> Result<NewSession, Failed> {
    let mut change = SessionChange::new(at);
    for field in 0..14 {
        change = change.set(
            FieldName::new(&format!("field_{field}"))?,
            FieldValue::text("1100 Congress Avenue"),
        );
    }
    Ok(NewSession::new(key(number), change))
}

fn key(number: usize) -> SessionKey {
    let user = i64::try_from(number).unwrap_or(i64::MAX);
    SessionKey::private(BotId(7_000_000_000), UserId(1_000_000_000 + user))
}

async fn fill(store: &SqliteStorage) -> Result<(), Failed> {
    let mut tasks = tokio::task::JoinSet::new();
    for share in 0..100 {
        let store = store.clone();
        tasks.spawn(async move {
            for number in (share..SESSIONS).step_by(100) {
                store
                    .create(new_session(number, Timestamp::from_millis(1_000))?)
                    .await?;
            }
            Ok::<(), Failed>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn measure(
    store: &SqliteStorage,
    work: Work,
    tasks: usize,
    duration: Duration,
    synchronous: Synchronous,
) -> Result<(), Failed> {
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let store = store.clone();
        running.spawn(async move {
            let field = Arc::new(FieldName::new("field_3")?);
            let mut waits = Vec::new();
            let share: Vec<usize> = (task..SESSIONS).step_by(tasks).collect();
            let mut held = Vec::new();
            for number in &share {
                held.push(store.get(&key(*number)).await?.ok_or("a session is missing")?);
            }
            let mut turn = 0;
            while begun.elapsed() < duration {
                let place = turn % share.len();
                turn += 1;
                let change = SessionChange::new(Timestamp::from_millis(2_000))
                    .set((*field).clone(), FieldValue::text("Austin"));
                let asked = Instant::now();
                if !matches!(work, Work::Update) {
                    held[place] = store
                        .get(&key(share[place]))
                        .await?
                        .ok_or("a session is missing")?;
                }
                if !matches!(work, Work::Get) {
                    held[place] = store.update(&held[place], &change).await?;
                }
                waits.push(asked.elapsed());
            }
            Ok::<_, Failed>(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(done) = running.join_next().await {
        waits.extend(done??);
    }
    let rate = u128::try_from(waits.len())? * 1_000 / begun.elapsed().as_millis().max(1);
    report(&format!("{work:?}, {synchronous}"), tasks, rate, waits);
    Ok(())
}

/// A cleanup of many sessions while others are updated.
async fn clean_up(store: &SqliteStorage, duration: Duration) -> Result<(), Failed> {
    for start in (SESSIONS..SESSIONS + 100_000).step_by(1_000) {
        let creations = (start..start + 1_000).map(|number| async move {
            store
                .create(new_session(number, Timestamp::from_millis(0))?)
                .await?;
            Ok::<(), Failed>(())
        });
        futures::future::try_join_all(creations).await?;
    }
    let policy = CleanupPolicy::before(Timestamp::from_millis(1));
    let cleanup = async {
        let begun = Instant::now();
        let report = store.cleanup(&policy).await?;
        println!(
            "| cleanup of {} | | | {} ms in all | |",
            report.removed,
            begun.elapsed().as_millis()
        );
        Ok::<(), Failed>(())
    };
    let updates = measure(store, Work::Update, 64, duration, Synchronous::Full);
    futures::future::try_join(cleanup, updates).await?;
    Ok(())
}

fn report(what: &str, tasks: usize, rate: u128, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |share: usize| {
        waits
            .get(waits.len() * share / 100)
            .map_or(0, Duration::as_micros)
    };
    println!("| {what} | {tasks} | {rate} | {} | {} |", at(50), at(99));
}
