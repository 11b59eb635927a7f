//! The process that works on a broadcast, and those that would go on with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use stepkeep_core::{StoreErrorKind, UserId};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::board::Boards;
use super::delivery::Delivery;
use super::job::{Fate, Hold, Job};
use super::record::{BroadcastError, Broadcasts};
use super::tenure::{Lost, Tenure};
use crate::leadership::{Abandoned, Holder, Verdict, Watch};
use crate::localization::Localizer;
use crate::telegram::Sender;

/// So many people are claimed at a time: what a crash may cost.
const CLAIMED_AT_ONCE: usize = 5;

/// So many people are read from the list at a time.
const PAGE: usize = 200;

/// How often a process without a broadcast looks whether there is one.
const NOTHING_LOOKED_AT_EVERY: Duration = Duration::from_secs(5);

/// How often a process looks whether the one at work is still there.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// How often the process at work shows that it is, while nothing else changes.
const RENEWED_EVERY: Duration = Duration::from_secs(2);

/// The pause after the list could not be read.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// The admin's message shows how a broadcast ended this long after it began at the earliest: by then the admin's tap was answered.
const SHOWN_AFTER: Duration = Duration::from_secs(3);

/// What broadcasts are sent with.
#[derive(Debug)]
pub struct WorkerParts {
    /// The broadcasts.
    pub broadcasts: Broadcasts,
    /// Sends, for everybody.
    pub sender: Arc<Sender>,
    /// What the admin reads.
    pub localizer: Arc<Localizer>,
    /// The most messages a second.
    pub rate: u32,
}

/// Works on broadcasts, or stands by while another process does.
#[derive(Debug)]
pub struct BroadcastWorker {
    broadcasts: Broadcasts,
    delivery: Delivery,
    boards: Boards,
    me: Holder,
}

/// What came of a look at the record.
enum Look {
    /// There is nothing to do.
    Nothing,
    /// Another process is at work.
    Led,
    /// It is this one's turn.
    Mine(Box<Tenure>),
}

impl BroadcastWorker {
    /// A worker with these parts. It does nothing before it [runs](Self::run).
    pub fn new(parts: WorkerParts) -> Self {
        let WorkerParts {
            broadcasts,
            sender,
            localizer,
            rate,
        } = parts;
        Self {
            delivery: Delivery::new(Arc::clone(&sender), rate),
            boards: Boards {
                broadcasts: broadcasts.clone(),
                sender,
                localizer,
            },
            broadcasts,
            me: Holder::new(),
        }
    }

    /// Works on every broadcast that nobody else works on, until stopped. Then those who are claimed get their message, and the
    /// broadcast is given up, for another process to go on with.
    pub async fn run(&self, stop: &CancellationToken) {
        let mut watch = Watch::default();
        while !stop.is_cancelled() {
            let rest = match self.look(&mut watch).await {
                Ok(Look::Nothing) => NOTHING_LOOKED_AT_EVERY,
                Ok(Look::Led) => LOOKED_AT_EVERY,
                Ok(Look::Mine(tenure)) => {
                    self.broadcasts.figures().set_at_work(true);
                    self.work(*tenure, stop).await;
                    self.broadcasts.figures().set_at_work(false);
                    LOOKED_AT_EVERY
                }
                Err(error) => {
                    watch.lose_sight();
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "it could not be looked for a broadcast");
                    NOTHING_LOOKED_AT_EVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(rest) => {}
                () = self.broadcasts.begins() => {}
            }
        }
    }

    /// Looks once, and takes the broadcast over if nobody has it.
    async fn look(&self, watch: &mut Watch) -> Result<Look, BroadcastError> {
        let Some((stored, mut job)) = self.broadcasts.read().await? else {
            return Ok(Look::Nothing);
        };
        if job.is_over() && job.is_told {
            return Ok(Look::Nothing);
        }
        let abandoned = match &job.holder {
            None => Some(Abandoned::Released),
            Some(Hold { id, machine }) => self
                .me
                .knows_dead(id, machine.as_deref())
                .then_some(Abandoned::Dead),
        };
        if watch.judge(stored.revision(), abandoned, Instant::now()) == Verdict::Wait {
            return Ok(Look::Led);
        }
        let before = job.counts;
        job.take_over(Hold {
            id: self.me.id.clone(),
            machine: self.me.machine.clone(),
        });
        match self.broadcasts.write(&stored, &job).await {
            Ok(held) => {
                self.broadcasts.figures().add(&before, &job.counts);
                tracing::info!(
                    epoch = job.epoch,
                    done = job.counts.all(),
                    unclear = job.counts.unclear,
                    "this process works on the broadcast"
                );
                Ok(Look::Mine(Box::new(Tenure::new(
                    self.broadcasts.clone(),
                    held,
                    job,
                ))))
            }
            Err(BroadcastError::Store(error))
                if matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound) =>
            {
                Ok(Look::Led)
            }
            Err(error) => Err(error),
        }
    }

    /// Works on a broadcast to its end, or until it is lost or this process is to stop.
    async fn work(&self, mut tenure: Tenure, stop: &CancellationToken) {
        let (show, shown) = watch::channel(tenure.job.clone());
        let worked = tokio::select! {
            worked = self.send_to_all(&mut tenure, &show, stop) => worked,
            () = self.boards.keep(shown) => Ok(()),
        };
        if worked.is_err() {
            return;
        }
        if tenure.job.is_over() {
            let counts = tenure.job.counts;
            tracing::info!(
                sent = counts.sent,
                blocked = counts.blocked,
                failed = counts.failed,
                unclear = counts.unclear,
                state = ?tenure.job.view().state,
                "a broadcast is over"
            );
            let early = SHOWN_AFTER.saturating_sub(self.broadcasts.now().since(tenure.job.started_at));
            stop.run_until_cancelled(sleep(early)).await;
            self.boards.show(&tenure.job).await;
            self.boards.tell_of_the_end(&tenure.job).await;
            tenure.job.is_told = true;
        }
        tenure.job.release();
        // When it fails, the record is up soon, and the end is told once more.
        let _ = tenure.store(stop).await;
    }

    async fn send_to_all(
        &self,
        tenure: &mut Tenure,
        show: &watch::Sender<Job>,
        stop: &CancellationToken,
    ) -> Result<(), Lost> {
        loop {
            if tenure.job.is_over() || stop.is_cancelled() {
                return Ok(());
            }
            if tenure.job.is_to_end() {
                tenure.job.end(self.broadcasts.now());
                tenure.store(stop).await?;
                show.send_replace(tenure.job.clone());
                return Ok(());
            }
            if tenure.job.needs_people() {
                self.read_people(tenure, stop).await?;
                continue;
            }
            tenure.job.claim(CLAIMED_AT_ONCE);
            tenure.store(stop).await?;
            let fates = if tenure.job.stop_requested {
                // Nobody was sent anything since they were claimed.
                let claimed = tenure.job.claimed().iter();
                claimed.map(|user| (*user, Fate::Unsent)).collect()
            } else {
                self.send_to_claimed(tenure, stop).await?
            };
            let before = tenure.job.counts;
            tenure.job.settle(&fates);
            self.broadcasts.figures().add(&before, &tenure.job.counts);
            show.send_replace(tenure.job.clone());
        }
    }

    /// Reads the next people from the list. Whoever came after the beginning is left out: whether they were in the list would
    /// be chance.
    async fn read_people(&self, tenure: &mut Tenure, stop: &CancellationToken) -> Result<(), Lost> {
        let (cursor, began) = (tenure.job.cursor(), tenure.job.started_at);
        match self.broadcasts.people().page(cursor, PAGE).await {
            Ok(page) => {
                let people = page.people.into_iter().filter(|(_, since)| *since <= began);
                let people = people.map(|(user, _)| user).collect();
                tenure.job.add_people(people, page.next);
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the list of people could not be read; trying again"
                );
                stop.run_until_cancelled(sleep(AFTER_TROUBLE)).await;
            }
        }
        if tenure.age() >= RENEWED_EVERY {
            tenure.store(stop).await?;
        }
        Ok(())
    }

    /// Sends to those who are claimed, and shows meanwhile that this process is at work.
    async fn send_to_claimed(
        &self,
        tenure: &mut Tenure,
        stop: &CancellationToken,
    ) -> Result<BTreeMap<UserId, Fate>, Lost> {
        let halt = CancellationToken::new();
        let (claimed, text) = (tenure.job.claimed().to_vec(), tenure.job.order.text.clone());
        let sending = join_all(claimed.iter().map(|user| {
            let (halt, text) = (&halt, text.as_str());
            async move { (*user, self.delivery.send(*user, text, halt).await) }
        }));
        tokio::pin!(sending);
        let mut beats = interval(RENEWED_EVERY);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once, and the record is new.
        beats.tick().await;
        loop {
            tokio::select! {
                biased;
                fates = &mut sending => return Ok(fates.into_iter().collect()),
                () = stop.cancelled(), if !halt.is_cancelled() => halt.cancel(),
                _ = beats.tick() => {
                    tenure.store(stop).await?;
                    if tenure.job.stop_requested {
                        halt.cancel();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
