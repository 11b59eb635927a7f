//! The thread that commits the waiting writes at once, and the one that checkpoints beside it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

use anyhow::Context as _;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

/// The most writes of one transaction, and the most that wait: as in the store.
const BATCH: usize = 512;
const QUEUE: usize = 1_024;

/// The length of the log, in pages, from which it is checkpointed: as in the store.
const CHECKPOINT: i64 = 4_096;

/// One write.
#[derive(Debug)]
pub(super) enum Write {
    Create {
        key: String,
        document: String,
        bucket: i64,
    },
    Replace {
        key: String,
        held: i64,
        document: String,
    },
    Remove {
        key: String,
    },
    RemoveIdle,
    RemoveAll,
}

/// A write, and who waits for the number of rows that it changed.
type Waiting = (Write, oneshot::Sender<Result<usize, String>>);

/// The way to the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer(mpsc::Sender<Waiting>);

impl Writer {
    pub(super) fn start(writing: Connection, checkpointing: Connection) -> std::io::Result<Self> {
        let (sender, mut queue) = mpsc::channel::<Waiting>(QUEUE);
        let (wake, woken) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        Builder::new()
            .name("raw-sqlite-checkpoint".to_owned())
            .spawn(move || checkpoint_when_woken(&checkpointing, &woken, &tell))?;
        Builder::new()
            .name("raw-sqlite-writer".to_owned())
            .spawn(move || {
                let mut log = Log {
                    wake,
                    done,
                    running: false,
                    due_at: CHECKPOINT,
                };
                let mut batch = Vec::with_capacity(BATCH);
                while let Some(first) = queue.blocking_recv() {
                    batch.push(first);
                    while batch.len() < BATCH
                        && let Ok(next) = queue.try_recv()
                    {
                        batch.push(next);
                    }
                    serve(&writing, &mut batch);
                    log.after_commit(&writing);
                }
            })?;
        Ok(Self(sender))
    }

    /// Has a write done, and answers how many rows it changed when it is on the disk.
    pub(super) async fn write(&self, write: Write) -> anyhow::Result<usize> {
        let (answer, answered) = oneshot::channel();
        self.0.send((write, answer)).await.context("the writer is gone")?;
        answered
            .await
            .context("the writer is gone")?
            .map_err(anyhow::Error::msg)
    }
}

/// Does a batch in one transaction. An error fails the whole: nothing here may go wrong.
fn serve(connection: &Connection, batch: &mut Vec<Waiting>) {
    let outcomes = (|| -> rusqlite::Result<Vec<usize>> {
        run(connection, "BEGIN IMMEDIATE")?;
        let outcomes: rusqlite::Result<Vec<usize>> = batch
            .iter()
            .map(|(write, _)| perform(connection, write))
            .collect();
        run(connection, if outcomes.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        outcomes
    })();
    match outcomes {
        Ok(outcomes) => {
            for ((_, answer), changed) in batch.drain(..).zip(outcomes) {
                let _ = answer.send(Ok(changed));
            }
        }
        Err(error) => {
            for (_, answer) in batch.drain(..) {
                let _ = answer.send(Err(error.to_string()));
            }
        }
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}

fn perform(connection: &Connection, write: &Write) -> rusqlite::Result<usize> {
    match write {
        Write::Create {
            key,
            document,
            bucket,
        } => connection
            .prepare_cached(
                "INSERT INTO session (key, revision, updated_bucket, doc) VALUES (?1, 1, ?2, ?3)
                 ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![key, bucket, document]),
        Write::Replace { key, held, document } => connection
            .prepare_cached("UPDATE session SET revision = ?3, doc = ?4 WHERE key = ?1 AND revision = ?2")?
            .execute(params![key, held, held + 1, document]),
        Write::Remove { key } => connection
            .prepare_cached("DELETE FROM session WHERE key = ?1")?
            .execute([key]),
        Write::RemoveIdle => connection
            .prepare_cached("DELETE FROM session WHERE updated_bucket < 1")?
            .execute(()),
        Write::RemoveAll => connection.prepare_cached("DELETE FROM session")?.execute(()),
    }
}

/// The write-ahead log, whose bulk another thread moves while writes go on; what came meanwhile the writer moves itself.
struct Log {
    wake: SyncSender<()>,
    done: Receiver<()>,
    running: bool,
    due_at: i64,
}

impl Log {
    fn after_commit(&mut self, connection: &Connection) {
        if self.running {
            if self.done.try_recv().is_ok() {
                self.running = false;
                checkpoint(connection);
                self.due_at = length(connection) + CHECKPOINT;
            }
            return;
        }
        let length = length(connection);
        if length + CHECKPOINT < self.due_at {
            // It has started over.
            self.due_at = CHECKPOINT;
        }
        if length >= self.due_at {
            self.running = self.wake.try_send(()).is_ok();
        }
    }
}

fn checkpoint_when_woken(connection: &Connection, woken: &Receiver<()>, tell: &SyncSender<()>) {
    while woken.recv().is_ok() {
        checkpoint(connection);
        if tell.send(()).is_err() {
            break;
        }
    }
}

/// One that fails is made up for by the next.
fn checkpoint(connection: &Connection) {
    let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
}

fn length(connection: &Connection) -> i64 {
    let ask = || -> rusqlite::Result<i64> {
        connection
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
            .query_row((), |row| row.get(1))
    };
    ask().unwrap_or(0)
}
