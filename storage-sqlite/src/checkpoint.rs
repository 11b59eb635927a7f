//! Moving what the write-ahead log has into the database file, beside the writes.
//!
//! A checkpoint reads pages, writes pages and waits for the disk twice: milliseconds that no batch should wait for. So
//! the bulk of it runs on a thread and a connection of its own, as a passive checkpoint, which writers and readers
//! don't notice. But SQLite starts the log over only when *all* of it was moved, and a busy writer adds to it all the
//! time: so when the bulk is done, the writer moves the little that came meanwhile itself.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

/// How many pages the log gains between two checkpoints: 16 MiB of pages of 4 KiB.
const STEP: u32 = 4_096;

/// From how many pages on the writer waits for a bulk that is still running, so that the log stays bounded.
const LIMIT: u32 = 4 * STEP;

/// The writer's side of the checkpoints.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// Asks for a bulk.
    wake: SyncSender<()>,
    /// Tells that it is done.
    done: Receiver<()>,
    thread: JoinHandle<()>,
    running: bool,
    /// The log's length after the last commit, in pages.
    length: u32,
    /// The length at which the next checkpoint is due.
    due_at: u32,
}

impl Checkpoints {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection) -> std::io::Result<Self> {
        let (wake, woken) = sync_channel::<()>(1);
        let (tell, done) = sync_channel::<()>(1);
        let thread = Builder::new()
            .name("stepkeep-sqlite-checkpoint".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    passive(&connection);
                    if tell.send(()).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self {
            wake,
            done,
            thread,
            running: false,
            length: 0,
            due_at: STEP,
        })
    }

    /// Does what is due after a commit.
    pub(crate) fn after_commit(&mut self, connection: &Connection) {
        let Some(length) = log_length(connection) else {
            return;
        };
        if length < self.length {
            // The log has started over.
            self.due_at = STEP;
        }
        self.length = length;
        if self.running {
            self.finish_when_done(connection);
        } else if length >= self.due_at {
            // A thread that is gone leaves its work to the writer.
            if self.wake.try_send(()).is_ok() {
                self.running = true;
            } else {
                self.finish(connection);
            }
        }
    }

    fn finish_when_done(&mut self, connection: &Connection) {
        let done = if self.length >= self.due_at.saturating_add(LIMIT) {
            self.done.recv().map_err(TryRecvError::from)
        } else {
            self.done.try_recv()
        };
        if done != Err(TryRecvError::Empty) {
            self.running = false;
            self.finish(connection);
        }
    }

    fn finish(&mut self, connection: &Connection) {
        passive(connection);
        // When somebody's long read kept the log from starting over, there is no use in trying at every commit.
        self.due_at = self.length.saturating_add(STEP);
    }

    /// Ends the thread, and empties the log.
    pub(crate) fn finish_all(self, connection: &Connection) {
        drop(self.wake);
        drop(self.done);
        if self.thread.join().is_err() {
            tracing::warn!("the checkpoint thread had panicked");
        }
        run(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

fn passive(connection: &Connection) {
    run(connection, "PRAGMA wal_checkpoint(PASSIVE)");
}

/// A checkpoint that fails loses nothing: the next one does the work. So it is no error of any write.
fn run(connection: &Connection, sql: &str) {
    let outcome = connection.query_row(sql, (), |row| {
        Ok((
            row.get::<_, bool>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
        ))
    });
    match outcome {
        Ok((busy, pages, moved)) => tracing::debug!(busy, pages, moved, "checkpoint"),
        Err(error) => tracing::warn!(%error, "a checkpoint failed; the next one tries again"),
    }
}

/// The length of the log in pages. This mode looks, and does nothing.
pub(crate) fn log_length(connection: &Connection) -> Option<u32> {
    let mut statement = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)").ok()?;
    statement.query_row((), |row| row.get(1)).ok()
}
