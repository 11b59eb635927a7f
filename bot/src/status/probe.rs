//! A look at something that costs, made at most so often however many ask.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Looks when somebody asks, and remembers what it saw for a while. Of many who ask at once one looks.
pub(super) struct Probe<T> {
    look: Box<dyn Fn() -> BoxFuture<'static, T> + Send + Sync>,
    every: Duration,
    rest: u32,
    stop: CancellationToken,
    seen: Mutex<Option<Seen<T>>>,
    gate: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Seen<T> {
    value: T,
    at: Instant,
    until: Instant,
}

/// What was seen, and how long ago.
#[derive(Clone, Debug)]
pub(super) struct Sight<T> {
    pub(super) value: T,
    pub(super) age: Duration,
}

impl<T: Clone + Send + 'static> Probe<T> {
    /// A probe that looks at most so often, and after that rests at least `rest` times as long as the look took. `stop` ends
    /// what it does in the background.
    pub(super) fn new(
        every: Duration,
        rest: u32,
        stop: &CancellationToken,
        look: impl Fn() -> BoxFuture<'static, T> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            look: Box::new(look),
            every,
            rest,
            stop: stop.clone(),
            seen: Mutex::new(None),
            gate: tokio::sync::Mutex::new(()),
        })
    }

    /// What there is to see, at most so old; waits for it.
    pub(super) async fn fresh(&self) -> T {
        if let Some(value) = self.remembered() {
            return value;
        }
        let _gate = self.gate.lock().await;
        // Whoever was at the gate before has looked for this one too.
        if let Some(value) = self.remembered() {
            return value;
        }
        self.look_now().await
    }

    /// What was seen last, however old; when that is too old, somebody looks in the background.
    pub(super) fn glance(self: &Arc<Self>) -> Option<Sight<T>> {
        if self.remembered().is_none() && self.gate.try_lock().is_ok() {
            let probe = Arc::clone(self);
            tokio::spawn(async move { probe.stop.run_until_cancelled(probe.fresh()).await.map(drop) });
        }
        self.seen.lock().as_ref().map(|seen| Sight {
            value: seen.value.clone(),
            age: seen.at.elapsed(),
        })
    }

    async fn look_now(&self) -> T {
        let began = Instant::now();
        let value = (self.look)().await;
        let at = Instant::now();
        let rest = (at - began).saturating_mul(self.rest);
        *self.seen.lock() = Some(Seen {
            value: value.clone(),
            at,
            until: at + rest.max(self.every),
        });
        value
    }

    fn remembered(&self) -> Option<T> {
        let seen = self.seen.lock();
        let seen = seen.as_ref().filter(|seen| Instant::now() < seen.until);
        seen.map(|seen| seen.value.clone())
    }
}

impl<T> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;

    const EVERY: Duration = Duration::from_secs(5);

    fn counting(takes: Duration, rest: u32) -> Arc<Probe<u32>> {
        let looks = Arc::new(AtomicU32::new(0));
        Probe::new(EVERY, rest, &CancellationToken::new(), move || {
            let looks = Arc::clone(&looks);
            async move {
                tokio::time::sleep(takes).await;
                looks.fetch_add(1, Ordering::SeqCst) + 1
            }
            .boxed()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_ask_one_looks() {
        let probe = counting(Duration::from_secs(1), 0);
        let answers = join_all((0..100).map(|_| probe.fresh())).await;
        assert!(answers.iter().all(|answer| *answer == 1));
        tokio::time::sleep(EVERY / 2).await;
        assert_eq!(probe.fresh().await, 1);
        tokio::time::sleep(EVERY).await;
        assert_eq!(probe.fresh().await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_glance_waits_for_nothing_and_a_long_look_rests_long() {
        let probe = counting(Duration::from_secs(10), 10);
        assert!(probe.glance().is_none());
        tokio::time::sleep(Duration::from_secs(11)).await;
        assert_eq!(probe.glance().unwrap().value, 1);
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(probe.glance().unwrap().value, 1);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(
            probe.glance().unwrap().value,
            1,
            "too old, and still better than nothing"
        );
        tokio::time::sleep(Duration::from_secs(11)).await;
        assert_eq!(probe.glance().unwrap().value, 2);
    }
}
