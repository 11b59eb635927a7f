//! Hints that tasks have ended, from whoever hears of it to whoever waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::TaskId;

/// Whom to wake when there is news of a task. Clones share it. It holds one entry for each task that is waited for, and nothing
/// for others.
#[derive(Debug, Clone, Default)]
pub struct TaskHints(Arc<Mutex<HashMap<TaskId, Waiters>>>);

#[derive(Debug, Default)]
struct Waiters {
    count: usize,
    notify: Arc<Notify>,
}

impl TaskHints {
    /// Wakes those who wait for news of a task; nobody, if nobody does.
    pub fn tell(&self, task: &TaskId) {
        let waiters = self.0.lock();
        if let Some(waiters) = waiters.get(task) {
            waiters.notify.notify_waiters();
        }
    }

    /// Waits for news of a task; for ever, if there is none.
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace.
    pub async fn news_of(&self, task: &TaskId) {
        let waiting = Waiting::begin(self, task);
        waiting.notify.notified().await;
    }

    /// For how many tasks somebody waits.
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Somebody who waits, and who is forgotten with the end of it.
struct Waiting<'h> {
    hints: &'h TaskHints,
    task: &'h TaskId,
    notify: Arc<Notify>,
}

impl<'h> Waiting<'h> {
    fn begin(hints: &'h TaskHints, task: &'h TaskId) -> Self {
        let mut all = hints.0.lock();
        let waiters = all.entry(task.clone()).or_default();
        waiters.count += 1;
        let notify = Arc::clone(&waiters.notify);
        drop(all);
        Self { hints, task, notify }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut all = self.hints.0.lock();
        if let Some(waiters) = all.get_mut(self.task) {
            waiters.count -= 1;
            if waiters.count == 0 {
                all.remove(self.task);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn news_wakes_all_who_wait_for_it_and_nobody_else() {
        let hints = TaskHints::default();
        let (one, other) = (TaskId::new("t-1").unwrap(), TaskId::new("t-2").unwrap());
        hints.tell(&one);
        let (mut first, mut second) = (Box::pin(hints.news_of(&one)), Box::pin(hints.news_of(&one)));
        let mut third = Box::pin(hints.news_of(&other));
        assert!(
            first.as_mut().now_or_never().is_none(),
            "what was told before is over"
        );
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        hints.tell(&one);
        first.await;
        second.await;
        assert!(timeout(Duration::from_secs(1), third).await.is_err());
        assert!(hints.is_empty(), "nobody waits any more");
    }
}
