use std::{
    any::Any,
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt,
    future::Future,
    hash::Hash,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// The bounds of a [`KeyedExecutor`].
#[derive(Debug, Clone, Copy)]
pub struct ExecutorConfig {
    /// The most jobs that run at the same time.
    pub running: usize,
    /// The most jobs of one key that wait behind the one that runs.
    pub waiting_per_key: usize,
    /// The most jobs altogether, running and waiting. At this many, [`KeyedExecutor::submit`] waits.
    pub capacity: usize,
}

impl Default for ExecutorConfig {
    fn default() -> Self {
        Self {
            running: 256,
            waiting_per_key: 64,
            capacity: 4_096,
        }
    }
}

/// Runs the jobs of one key one after the other in the order of their submission, and those of different keys side by
/// side, within bounds. The key of the bot's executor is the conversation.
///
/// A key costs nothing while it has no job: neither memory nor a task. Clones share the executor.
pub struct KeyedExecutor<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    config: ExecutorConfig,
    /// The jobs that wait, of the keys that have a job running. A key is in here exactly as long as its worker lives.
    waiting: Mutex<HashMap<K, VecDeque<Job>>>,
    running: Semaphore,
    capacity: Arc<Semaphore>,
    /// No job is taken any more.
    closed: CancellationToken,
    /// What is still there is dropped.
    abandoned: CancellationToken,
    on_panic: PanicHandler<K>,
}

type PanicHandler<K> = Box<dyn Fn(&K, &JobPanic) + Send + Sync>;

struct Job {
    work: BoxFuture<'static, ()>,
    /// Its share of the capacity, given back when it is finished or dropped.
    _place: OwnedSemaphorePermit,
}

/// Why a job was not taken. The job is dropped then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too many jobs of this key wait already. Other keys are not concerned.
    #[error("too many jobs of this key wait already")]
    Busy,
    /// The executor is shutting down.
    #[error("the executor takes no more jobs")]
    Closed,
}

/// A job panicked; the jobs behind it run all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPanic {
    /// What the panic said, if it was text.
    pub message: String,
}

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Drained {
    /// Every job that was submitted is finished.
    Finished,
    /// The deadline passed, and so many jobs were dropped: in the middle, or before they began.
    Abandoned(usize),
}

impl<K> KeyedExecutor<K>
where
    K: Hash + Eq + Clone + Send + 'static,
{
    /// An executor that calls `on_panic` for every job that panics. Zeros in `config` mean one.
    pub fn new(config: ExecutorConfig, on_panic: impl Fn(&K, &JobPanic) + Send + Sync + 'static) -> Self {
        let most = usize::try_from(u32::MAX)
            .unwrap_or(Semaphore::MAX_PERMITS)
            .min(Semaphore::MAX_PERMITS);
        let config = ExecutorConfig {
            running: config.running.clamp(1, most),
            waiting_per_key: config.waiting_per_key.max(1),
            capacity: config.capacity.clamp(1, most),
        };
        let shared = Shared {
            config,
            waiting: Mutex::new(HashMap::new()),
            running: Semaphore::new(config.running),
            capacity: Arc::new(Semaphore::new(config.capacity)),
            closed: CancellationToken::new(),
            abandoned: CancellationToken::new(),
            on_panic: Box::new(on_panic),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Takes a job, and waits for room first when the executor is full. It is the order in which these calls get past the
    /// wait that counts; the wait is first come, first served, so one caller's jobs keep their order.
    ///
    /// Cancel safe: when dropped, the job was not taken.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when too many jobs of `key` wait, [`SubmitError::Closed`] when the executor shuts down.
    pub async fn submit<F>(&self, key: K, job: F) -> Result<(), SubmitError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let place = Arc::clone(&self.shared.capacity).acquire_owned();
        let Some(Ok(place)) = self.shared.closed.run_until_cancelled(place).await else {
            return Err(SubmitError::Closed);
        };
        let job = Job {
            work: job.boxed(),
            _place: place,
        };
        if let Some(first) = self.shared.enqueue(&key, job)? {
            let shared = Arc::clone(&self.shared);
            let abandoned = shared.abandoned.clone();
            tokio::spawn(async move { abandoned.run_until_cancelled(shared.work(key, first)).await });
        }
        Ok(())
    }

    /// How many jobs run or wait.
    pub fn pending(&self) -> usize {
        self.shared.config.capacity - self.shared.capacity.available_permits()
    }

    /// The most jobs that there may be, running and waiting.
    pub fn capacity(&self) -> usize {
        self.shared.config.capacity
    }

    /// How many jobs of a key wait behind the one that runs.
    pub fn waiting(&self, key: &K) -> usize {
        self.shared.waiting.lock().get(key).map_or(0, VecDeque::len)
    }

    /// How many keys have a job that runs or waits.
    pub fn active_keys(&self) -> usize {
        self.shared.waiting.lock().len()
    }

    /// Shuts down: takes no more jobs, and lets those that it has finish. Past `deadline` the rest is dropped.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.shared.closed.cancel();
        // Whoever holds the whole capacity knows that no job is left.
        let everything = u32::try_from(self.shared.config.capacity).unwrap_or(u32::MAX);
        if timeout(deadline, self.shared.capacity.acquire_many(everything))
            .await
            .is_ok()
        {
            return Drained::Finished;
        }
        let left = self.pending();
        self.shared.abandoned.cancel();
        // Dropped outside of the lock: what a job does when it is dropped is its own affair.
        let dropped = std::mem::take(&mut *self.shared.waiting.lock());
        drop(dropped);
        Drained::Abandoned(left)
    }
}

impl<K> Shared<K>
where
    K: Hash + Eq + Clone + Send + 'static,
{
    /// Lets the job wait behind the others of its key, or gives it back to be run, if there are none.
    fn enqueue(&self, key: &K, job: Job) -> Result<Option<Job>, SubmitError> {
        match self.waiting.lock().entry(key.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(VecDeque::new());
                Ok(Some(job))
            }
            Entry::Occupied(entry) if entry.get().len() >= self.config.waiting_per_key => {
                Err(SubmitError::Busy)
            }
            Entry::Occupied(mut entry) => {
                entry.get_mut().push_back(job);
                Ok(None)
            }
        }
    }

    /// The worker of one key: runs its jobs until none is left.
    async fn work(self: Arc<Self>, key: K, first: Job) {
        let mut next = Some(first);
        while let Some(job) = next {
            // Asked for anew for each job, so that a key with many jobs takes turns with the others. The semaphore is
            // never closed, and a job would run all the same if it were.
            let permit = self.running.acquire().await;
            let outcome = AssertUnwindSafe(job.work).catch_unwind().await;
            drop(permit);
            if let Err(payload) = outcome {
                self.report(&key, payload.as_ref());
            }
            next = self.dequeue(&key);
        }
    }

    /// The key's next job; without one the key is forgotten.
    fn dequeue(&self, key: &K) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        let job = waiting.get_mut(key)?.pop_front();
        if job.is_none() {
            waiting.remove(key);
        }
        job
    }

    fn report(&self, key: &K, payload: &(dyn Any + Send)) {
        let panic = JobPanic {
            message: panic_message(payload),
        };
        // A handler that panics itself must not take the key's queue with it.
        if catch_unwind(AssertUnwindSafe(|| (self.on_panic)(key, &panic))).is_err() {
            tracing::error!(message = panic.message, "the handler of a job's panic panicked");
        }
    }
}

/// What a panic said, if it was text.
pub(super) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without text".to_owned())
}

impl<K> Clone for KeyedExecutor<K> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K> fmt::Debug for KeyedExecutor<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedExecutor")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
