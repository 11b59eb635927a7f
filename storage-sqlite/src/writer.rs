//! The writer: one thread that all writes go through, many in one transaction.
//!
//! A commit waits for the disk, and a disk is as fast with two hundred writes as with one. So the thread takes what
//! waits into one transaction, each write still its own compare-and-swap with its own outcome, commits once, and
//! answers after that. The longer the disk takes, the more waits, and the larger the next batch is: nobody has to
//! choose a size or a delay.
//!
//! No write can spoil another's: when SQLite fails in one of a batch, the batch is rolled back, and each write of it
//! gets a transaction of its own.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::thread::Builder;

use rusqlite::Connection;
use stepkeep_core::StoreErrorKind;
use tokio::sync::{mpsc, oneshot};

use crate::checkpoint::Checkpoints;
use crate::error::{Failure, Moment, classify};
use crate::schema;
use crate::write::{Outcome, Write};

/// The most writes that wait for the thread; more wait for a place in the queue, each in its own task.
const QUEUE_LENGTH: usize = 1_024;

/// The most writes of one transaction, so that the first of them doesn't wait long for the last.
const BATCH_LENGTH: usize = 512;

/// The most bytes of documents of one transaction.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The way to the thread. It ends when this is dropped, after it has done what waits.
#[derive(Debug)]
pub(crate) struct Writer {
    messages: mpsc::Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Write(Command),
    Close(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Command {
    write: Write,
    answer: oneshot::Sender<Result<Outcome, Failure>>,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(crate) fn start(
        path: PathBuf,
        connection: Connection,
        checkpoints: Checkpoints,
    ) -> std::io::Result<Self> {
        let (messages, queue) = mpsc::channel(QUEUE_LENGTH);
        let worker = Worker {
            path,
            connection,
            checkpoints,
            queue,
            closing: Vec::new(),
        };
        Builder::new()
            .name("stepkeep-sqlite-writer".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self { messages })
    }

    /// Has a write done, and answers when it is on the disk. Dropping the future leaves open whether it happens.
    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, Failure> {
        let (answer, answered) = oneshot::channel();
        let message = Message::Write(Command { write, answer });
        if self.messages.send(message).await.is_err() {
            return Err(closed());
        }
        answered.await.unwrap_or_else(|_| {
            Err(Failure::new(
                StoreErrorKind::Indeterminate,
                "the writer's thread ended before it could answer: open the store again",
            ))
        })
    }

    /// Has everything done that waits, empties the log and closes the connection.
    pub(crate) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.messages.send(Message::Close(answer)).await.is_ok() {
            // A thread that is gone has nothing left to close.
            let _ = answered.await;
        }
    }
}

/// The failure of whatever comes after the end.
pub(crate) fn closed() -> Failure {
    Failure::new(StoreErrorKind::Unavailable, "the store was closed: open it again")
}

struct Worker {
    path: PathBuf,
    connection: Connection,
    checkpoints: Checkpoints,
    queue: mpsc::Receiver<Message>,
    closing: Vec<oneshot::Sender<()>>,
}

/// Why a batch was not done.
enum Stop {
    /// SQLite failed in one of its writes, or refused the whole: it was rolled back, and each can be tried alone.
    RolledBack(Failure),
    /// Every write of it has this failure, and trying again makes no sense now.
    ForAll(Failure),
}

impl Worker {
    fn run(mut self) {
        while let Some(message) = self.queue.blocking_recv() {
            let mut batch = VecDeque::new();
            self.take(message, &mut batch);
            self.take_waiting(&mut batch);
            if !batch.is_empty() {
                self.serve(batch);
            }
        }
        self.checkpoints.finish_all(&self.connection);
        drop(self.connection);
        tracing::debug!(path = %self.path.display(), "closed");
        for answer in self.closing {
            let _ = answer.send(());
        }
    }

    fn take(&mut self, message: Message, batch: &mut VecDeque<Command>) {
        match message {
            // Nobody waits any more: what has not begun need not happen.
            Message::Write(command) if command.answer.is_closed() => {}
            Message::Write(command) => batch.push_back(command),
            Message::Close(answer) => {
                self.queue.close();
                self.closing.push(answer);
            }
        }
    }

    fn take_waiting(&mut self, batch: &mut VecDeque<Command>) {
        let mut bytes: usize = batch.iter().map(|command| command.write.bytes()).sum();
        while batch.len() < BATCH_LENGTH && bytes < BATCH_BYTES {
            let Ok(message) = self.queue.try_recv() else {
                return;
            };
            let before = batch.len();
            self.take(message, batch);
            bytes += batch
                .iter()
                .skip(before)
                .map(|command| command.write.bytes())
                .sum::<usize>();
        }
    }

    fn serve(&mut self, mut batch: VecDeque<Command>) {
        match self.transact(&batch) {
            Ok(outcomes) => {
                for (command, outcome) in batch.into_iter().zip(outcomes) {
                    command.answer(Ok(outcome));
                }
                self.checkpoints.after_commit(&self.connection);
            }
            Err(Stop::RolledBack(failure)) if batch.len() > 1 => {
                tracing::debug!(
                    writes = batch.len(),
                    ?failure,
                    "a batch was rolled back; its writes go alone"
                );
                while let Some(command) = batch.pop_front() {
                    if !command.answer.is_closed() {
                        self.serve(VecDeque::from([command]));
                    }
                }
            }
            Err(Stop::RolledBack(failure) | Stop::ForAll(failure)) => {
                for command in batch {
                    command.answer(Err(failure.clone()));
                }
            }
        }
    }

    /// Does all writes in one transaction. On an error nothing of it has happened, unless the failure is
    /// `Indeterminate`.
    fn transact(&self, batch: &VecDeque<Command>) -> Result<Vec<Outcome>, Stop> {
        let running = |error| Failure::from_driver(error, Moment::Running, &self.path);
        self.begin().map_err(Stop::ForAll)?;
        let outcomes: rusqlite::Result<Vec<Outcome>> = batch
            .iter()
            .map(|command| command.write.perform(&self.connection))
            .collect();
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.roll_back().map_err(Stop::ForAll)?;
                return Err(Stop::RolledBack(running(error)));
            }
        };
        match self.execute("COMMIT") {
            Ok(()) => Ok(outcomes),
            // Still open, so surely not committed.
            Err(error) if !self.connection.is_autocommit() => {
                self.roll_back().map_err(Stop::ForAll)?;
                Err(Stop::RolledBack(running(error)))
            }
            Err(error) => {
                let failure = |error| Failure::from_driver(error, Moment::Committing, &self.path);
                if classify(&error, Moment::Committing) == StoreErrorKind::Indeterminate {
                    Err(Stop::ForAll(failure(error)))
                } else {
                    Err(Stop::RolledBack(failure(error)))
                }
            }
        }
    }

    /// Begins a transaction, and makes sure that it is on the schema that the statements are for: another process may
    /// have migrated the file since.
    fn begin(&self) -> Result<(), Failure> {
        let running = |error| Failure::from_driver(error, Moment::Running, &self.path);
        if !self.connection.is_autocommit() {
            self.roll_back()?;
        }
        self.execute("BEGIN IMMEDIATE").map_err(running)?;
        let version = self
            .connection
            .prepare_cached("PRAGMA user_version")
            .and_then(|mut statement| statement.query_row((), |row| row.get(0)))
            .map_err(running);
        let refusal = match version {
            Ok(schema::VERSION) => return Ok(()),
            Ok(found) => schema::mismatch(found, &self.path),
            Err(failure) => failure,
        };
        self.roll_back()?;
        Err(refusal)
    }

    /// Some errors roll the transaction back by themselves.
    fn roll_back(&self) -> Result<(), Failure> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.execute("ROLLBACK")
            .map_err(|error| Failure::from_driver(error, Moment::Running, &self.path))
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(())?;
        Ok(())
    }
}

impl Command {
    fn answer(self, answer: Result<Outcome, Failure>) {
        // Whoever asked may have stopped waiting.
        let _ = self.answer.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SqliteConfig;
    use crate::connection;
    use crate::record::Record;
    use crate::write::find;
    use stepkeep_core::{
        BotId, FieldName, FieldValue, NewSession, SessionChange, SessionKey, StoreOperation, Timestamp,
        UserId,
    };

    fn key(person: i64) -> SessionKey {
        SessionKey::private(BotId(7), UserId(person))
    }

    /// A session whose text has this many bytes.
    fn record(person: i64, bytes: usize) -> Record {
        let change = SessionChange::new(Timestamp::from_millis(1))
            .set(FieldName::constant("text"), FieldValue::text(&"x".repeat(bytes)));
        let session = NewSession::new(key(person), change).session();
        Record::new(&session, usize::MAX).unwrap()
    }

    fn kind(result: Result<Outcome, Failure>) -> StoreErrorKind {
        result.unwrap_err().into_error(StoreOperation::Update).kind()
    }

    fn writer(path: PathBuf, max_pages: u32) -> (Writer, Connection) {
        let config = SqliteConfig::new(path);
        let mut writing = connection::open(&config, true).unwrap();
        schema::set_up(&mut writing, &config).unwrap();
        writing.pragma_update(None, "max_page_count", max_pages).unwrap();
        let reading = connection::open_reader(&config).unwrap();
        let checkpoints = Checkpoints::start(connection::open(&config, false).unwrap()).unwrap();
        (Writer::start(config.path, writing, checkpoints).unwrap(), reading)
    }

    /// The limit on pages makes SQLite say what it says on a full disk.
    #[tokio::test]
    async fn a_full_disk_fails_what_has_no_place_and_ends_when_there_is_space() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reading) = writer(folder.path().join("full.db"), 64);
        let held = record(1, 10);
        let held_revision = held.revision;
        writer.write(Write::Create(held)).await.unwrap();

        // In one batch: one that can't have a place, and small ones that can.
        let updated = || Write::Update {
            record: record(1, 20),
            held: held_revision,
            wake_changes: false,
        };
        let (large, small, update) = tokio::join!(
            writer.write(Write::Create(record(2, 1_000_000))),
            writer.write(Write::Create(record(3, 10))),
            writer.write(updated()),
        );
        let error = large.unwrap_err().into_error(StoreOperation::Create);
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(error.to_string().contains("the disk is full"), "{error}");
        small.unwrap();
        update.unwrap();
        assert!(find(&reading, &key(2).encode()).unwrap().is_none());
        assert!(find(&reading, &key(3).encode()).unwrap().is_some());

        // Nearly everything is taken; then somebody makes space.
        writer.write(Write::Create(record(4, 150_000))).await.unwrap();
        let late = writer.write(Write::Create(record(5, 100_000))).await;
        assert_eq!(kind(late), StoreErrorKind::Unavailable);
        let key = key(4).encode();
        writer.write(Write::Clear { key }).await.unwrap();
        writer.write(Write::Create(record(5, 100_000))).await.unwrap();
    }

    #[tokio::test]
    async fn a_thread_that_died_is_an_error_and_no_hang() {
        let (messages, queue) = mpsc::channel(1);
        drop(queue);
        let writer = Writer { messages };
        assert_eq!(
            kind(writer.write(Write::Probe).await),
            StoreErrorKind::Unavailable
        );
        writer.close().await;

        // It dies with a write in hand: nobody knows whether it was committed.
        let (messages, mut queue) = mpsc::channel(1);
        let writer = Writer { messages };
        let dying = std::thread::spawn(move || drop(queue.blocking_recv()));
        assert_eq!(
            kind(writer.write(Write::Probe).await),
            StoreErrorKind::Indeterminate
        );
        dying.join().unwrap();
    }

    #[tokio::test]
    async fn idle_rows_go_at_the_revision_that_was_seen_only() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reading) = writer(folder.path().join("idle.db"), 1_000);
        let (one, two) = (record(1, 10), record(2, 10));
        let seen = one.revision;
        writer.write(Write::Create(one)).await.unwrap();
        writer.write(Write::Create(two)).await.unwrap();
        let rows = vec![(1, seen), (2, seen), (3, seen)];
        let outcome = writer.write(Write::RemoveIdle(rows)).await.unwrap();
        assert!(matches!(outcome, Outcome::Removed(1)), "{outcome:?}");
        assert!(find(&reading, &key(1).encode()).unwrap().is_none());
        assert!(find(&reading, &key(2).encode()).unwrap().is_some());
    }
}
