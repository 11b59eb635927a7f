//! Which of several processes polls: one leads, the others stand by.
//!
//! Telegram lets one process poll a bot at a time. Processes that share a store agree on it through one record there, the
//! lease. The leader renews it every two seconds; a process that stands by looks at it every second, and takes over when
//! it was not renewed for six, or at once when the leader gave it up or is known to be dead.
//!
//! No two clocks are ever compared: whoever stands by measures, on its own clock, how long the record's revision stays the
//! same. Every change of the record is a conditional write, so that of many who take over one wins.
//!
//! The lease decides who polls, and nothing else. That every answer is applied once comes from the revision and the marks of
//! the session it belongs to, and holds while two processes believe that they lead. The reasons are in
//! `docs/src/decisions/0008-one-process-polls.md`.

mod holder;
mod lead;
mod lease;
mod sign_of_life;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{BotId, Clock, Scope, SessionStore, StoreError, StoreErrorKind};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

pub(crate) use holder::Holder;
pub use lead::{Lead, Standing, Tenure};
pub(crate) use watch::{Abandoned, Verdict, Watch};

use lease::{Lease, Record};

/// How often the leader renews the lease.
const RENEWED_EVERY: Duration = Duration::from_secs(2);

/// How often those who stand by look at it.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// A lease that was not renewed for so long, by the clock of who looks, is up. It is more than a renewal that fails and the
/// next one take together.
const UP_AFTER: Duration = Duration::from_secs(6);

/// What a process needs in order to lead, or to stand by. It counts as alive for as long as this exists.
#[derive(Debug)]
pub struct Leadership {
    lease: Arc<Lease>,
}

impl Leadership {
    /// The scope of the record, to be kept by the cleanup of idle sessions.
    pub fn scope() -> Scope {
        Lease::scope()
    }

    /// A contender for the polling of `bot`, among all that share `store`.
    pub fn new(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, bot: BotId) -> Self {
        Self {
            lease: Arc::new(Lease::new(store, clock, bot, Holder::new())),
        }
    }

    /// Stands by until this process leads; `None` when stopped before. A store that fails is waited for: without it nobody
    /// can tell whether there is a leader.
    ///
    /// # Cancellation
    /// When the future is dropped while it takes over, the lease may be this process's with nobody renewing it. It is up soon
    /// then, as if the process had died.
    pub async fn win(&self, stop: &CancellationToken) -> Option<Lead> {
        stop.run_until_cancelled(self.stand_by()).await
    }

    async fn stand_by(&self) -> Lead {
        let mut watch = Watch::default();
        let mut looks = interval(LOOKED_AT_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told_of_leader, mut told_of_trouble) = (false, false);
        loop {
            looks.tick().await;
            match self.look(&mut watch).await {
                Ok(Look::Won(lead)) => return lead,
                Ok(Look::Led(record)) => {
                    if !told_of_leader {
                        tracing::info!(epoch = record.epoch, "another process polls; this one stands by");
                    }
                    (told_of_leader, told_of_trouble) = (true, false);
                }
                Err(error) => {
                    watch.lose_sight();
                    if !told_of_trouble {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "the store can't say which process polls; this one stands by"
                        );
                    }
                    told_of_trouble = true;
                }
            }
        }
    }

    /// Looks once, and takes over if it may.
    async fn look(&self, watch: &mut Watch) -> Result<Look, StoreError> {
        let Some(seen) = self.lease.read().await? else {
            let made = self.lease.make().await;
            return Ok(match lost_to_another(made)? {
                Some(held) => Look::Won(Lead::begin(&self.lease, held)),
                None => Look::Led(Record::default()),
            });
        };
        let record = Record::of(&seen);
        let abandoned = self.lease.is_abandoned(&record);
        let verdict = watch.judge(seen.revision(), abandoned, Instant::now());
        let Verdict::TakeOver(because) = verdict else {
            return Ok(Look::Led(record));
        };
        let taken = self.lease.take_over(&seen, &record).await;
        let Some(held) = lost_to_another(taken)? else {
            return Ok(Look::Led(record));
        };
        tracing::info!(%because, "the lease of the process that polled is taken over");
        Ok(Look::Won(Lead::begin(&self.lease, held)))
    }
}

/// What came of a look.
enum Look {
    Won(Lead),
    Led(Record),
}

/// A conditional write that another process was faster than is no error.
fn lost_to_another<T>(written: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match written {
        Ok(held) => Ok(Some(held)),
        Err(error) => match error.kind() {
            StoreErrorKind::Conflict | StoreErrorKind::AlreadyExists | StoreErrorKind::NotFound => Ok(None),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests;
