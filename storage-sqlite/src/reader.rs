//! The readers: connections that read beside the writer, each with the state after the last commit.
//!
//! Reading a session takes about five microseconds when its page is in memory, which is less than handing it to
//! another thread costs. So a short read runs right where it is awaited. What could make it long is kept away from the
//! async threads: another connection's lock, and a slow disk. A lock is never waited for there, and when a read turns
//! out slow, the reads of the next moments go to the blocking pool, until they are fast again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;
use stepkeep_core::StoreErrorKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connection::wait_for_locks;
use crate::error::{Failure, Moment, is_busy};
use crate::writer::closed;

/// A read that takes longer than this was slow. A disk that has to move its heads needs that long for a session; on a
/// machine that is merely busy, a thread rarely loses its core for that long.
const SLOW: Duration = Duration::from_millis(20);

/// How long reads go to the blocking pool after a slow one.
const CAUTION: Duration = Duration::from_millis(250);

/// A pool of connections for reading.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    busy_timeout: Duration,
    size: u32,
    free: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    started: Instant,
    /// Until when reads are not to run on an async thread, in milliseconds since `started`.
    cautious_until: AtomicU64,
}

impl Readers {
    pub(crate) fn new(path: &Path, busy_timeout: Duration, connections: Vec<Connection>) -> Self {
        let size = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        Self(Arc::new(Pool {
            path: path.to_owned(),
            busy_timeout,
            size,
            permits: Arc::new(Semaphore::new(connections.len())),
            free: Mutex::new(connections),
            started: Instant::now(),
            cautious_until: AtomicU64::new(0),
        }))
    }

    /// Runs a read that takes microseconds as a rule.
    pub(crate) async fn read_briefly<T, F>(&self, read: F) -> Result<T, Failure>
    where
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let lease = self.lease().await?;
        if let Some(result) = self.0.try_here(&lease, &read) {
            return result;
        }
        lease.read_in_blocking_pool(read).await
    }

    /// Runs a read that may take long, in the blocking pool. Dropping the future doesn't stop it.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, Failure>
    where
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.lease().await?.read_in_blocking_pool(read).await
    }

    /// Waits for the reads under way and closes the connections. Later reads fail.
    pub(crate) async fn close(&self) {
        let pool = &self.0;
        if let Ok(_all) = pool.permits.acquire_many(pool.size).await {
            pool.permits.close();
            pool.free.lock().clear();
        }
    }

    async fn lease(&self) -> Result<Lease, Failure> {
        let pool = Arc::clone(&self.0);
        let permit = Arc::clone(&pool.permits)
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let connection = pool.free.lock().pop();
        Ok(Lease {
            connection: Some(connection.ok_or_else(closed)?),
            pool,
            _permit: permit,
        })
    }
}

impl Pool {
    /// The read's result, or `None` when it should not run on this thread.
    fn try_here<T>(
        &self,
        lease: &Lease,
        read: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Option<Result<T, Failure>> {
        let connection = lease.connection.as_ref()?;
        let begun = Instant::now();
        let since_start = |instant: Instant| {
            u64::try_from(instant.duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
        };
        if since_start(begun) < self.cautious_until.load(Ordering::Relaxed) {
            return None;
        }
        let result = read(connection);
        let ended = Instant::now();
        if ended.duration_since(begun) > SLOW {
            self.cautious_until
                .store(since_start(ended + CAUTION), Ordering::Relaxed);
        }
        match result {
            Err(error) if is_busy(&error) => None,
            result => Some(result.map_err(|error| self.failure(error))),
        }
    }

    fn failure(&self, error: rusqlite::Error) -> Failure {
        Failure::from_driver(error, Moment::Running, &self.path)
    }
}

/// A connection that is out of the pool. It goes back when this is dropped.
struct Lease {
    connection: Option<Connection>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    async fn read_in_blocking_pool<T, F>(mut self, read: F) -> Result<T, Failure>
    where
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let task = tokio::task::spawn_blocking(move || {
            let connection = self.connection.as_mut().ok_or_else(closed)?;
            let result = wait_for_locks(connection, self.pool.busy_timeout).and_then(|()| read(connection));
            // On an async thread it must not wait.
            let calmed = connection.busy_timeout(Duration::ZERO);
            let result = result.and_then(|value| calmed.map(|()| value));
            result.map_err(|error| self.pool.failure(error))
        });
        task.await.unwrap_or_else(|_| {
            Err(Failure::new(
                StoreErrorKind::Unavailable,
                "the read was broken off: the runtime is shutting down",
            ))
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.free.lock().extend(self.connection.take());
    }
}
