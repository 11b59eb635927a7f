//! The process that leads: it renews its lease, and finds out when it is lost.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stepkeep_core::{Session, StoreError, StoreErrorKind};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::lease::{Lease, Record};
use super::{RENEWED_EVERY, UP_AFTER};

/// So long a renewal may take; then the leader goes on without knowing.
const RENEWAL_DEADLINE: Duration = Duration::from_secs(2);

/// A leader that looked after its lease this recently may poll without looking again: nobody can have taken it over, or
/// the store fails, and it was tried a moment ago. It is less than [`UP_AFTER`].
const FRESH_FOR: Duration = Duration::from_secs(4);

const _: () = assert!(FRESH_FOR.as_secs() < UP_AFTER.as_secs());

/// That this process leads. Its lease is renewed in the background until this is [released](Self::release) or dropped.
#[derive(Debug)]
pub struct Lead {
    tenure: Arc<Tenure>,
    renewing: AbortOnDropHandle<()>,
}

/// The time for which a process leads.
#[derive(Debug)]
pub struct Tenure {
    lease: Arc<Lease>,
    epoch: u64,
    held: tokio::sync::Mutex<Session>,
    /// A moment at which the lease was surely this process's, or after which the store did not answer.
    looked_after: Mutex<Instant>,
    lost: CancellationToken,
}

/// How a leader stands with its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was renewed just now.
    Leads,
    /// The store did not say.
    Unsure,
    /// Another process leads, or soon will.
    Lost,
}

impl Lead {
    /// Begins to lead with the lease that was won.
    pub(super) fn begin(lease: &Arc<Lease>, held: Session) -> Self {
        let epoch = Record::of(&held).epoch;
        tracing::info!(epoch, "this process polls from now on");
        let tenure = Arc::new(Tenure {
            lease: Arc::clone(lease),
            epoch,
            held: tokio::sync::Mutex::new(held),
            looked_after: Mutex::new(Instant::now()),
            lost: CancellationToken::new(),
        });
        let renewing = tokio::spawn({
            let tenure = Arc::clone(&tenure);
            async move { tenure.keep_renewing().await }
        });
        Self {
            tenure,
            renewing: AbortOnDropHandle::new(renewing),
        }
    }

    /// For those who work for the leader only.
    pub fn tenure(&self) -> Arc<Tenure> {
        Arc::clone(&self.tenure)
    }

    /// Does something for as long as this process leads; `None` when it lost the lead before.
    pub async fn while_it_lasts<F: Future>(&self, work: F) -> Option<F::Output> {
        self.tenure.lost.run_until_cancelled(work).await
    }

    /// Gives the lead up, so that another process takes over within a second. When that fails, it takes over once the lease
    /// is up.
    pub async fn release(self) {
        let Self { tenure, renewing } = self;
        drop(renewing);
        if tenure.is_lost() {
            return;
        }
        match timeout(RENEWAL_DEADLINE, tenure.give_up()).await {
            Ok(Ok(())) => tracing::info!(epoch = tenure.epoch, "the lead is given up"),
            Ok(Err(error)) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the lead could not be given up; it is up in a few seconds"
            ),
            Err(_) => tracing::warn!("the lead could not be given up in time; it is up in a few seconds"),
        }
    }
}

impl Tenure {
    /// Renews the lease now, and answers how that went.
    ///
    /// # Cancellation
    /// The lease may have been renewed.
    pub async fn renew(&self) -> Standing {
        if self.is_lost() {
            return Standing::Lost;
        }
        let asked = Instant::now();
        let renewal = async {
            let mut held = self.held.lock().await;
            let renewed = self.lease.renew(&held).await;
            renewed
                .or_else(|error| self.own(error))
                .map(|renewed| *held = renewed)
        };
        let renewed = timeout(RENEWAL_DEADLINE, renewal).await;
        // No later than this, however long the process stood still meanwhile.
        let in_vain = Instant::now().min(asked + RENEWAL_DEADLINE);
        match renewed {
            Ok(Ok(())) => {
                *self.looked_after.lock() = asked;
                Standing::Leads
            }
            Ok(Err(error)) if is_loss(&error) => {
                self.lose("another process took it over");
                Standing::Lost
            }
            Ok(Err(error)) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the lease is not renewed"
                );
                *self.looked_after.lock() = in_vain;
                Standing::Unsure
            }
            Err(_) => {
                *self.looked_after.lock() = in_vain;
                Standing::Unsure
            }
        }
    }

    /// Whether the lead is known to be lost.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// To be asked before every poll, and before its answer is used. A process that stood still for a while finds out here that another one leads, before it
    /// disturbs it. While the store is down it may poll: people must hear that their answers are kept.
    pub async fn may_poll(&self) -> bool {
        if !self.is_lost() && self.looked_after.lock().elapsed() < FRESH_FOR {
            return true;
        }
        self.renew().await != Standing::Lost
    }

    /// Another process polls, as Telegram says. Who can't prove that it is the leader steps down; the leader only waits,
    /// since then somebody polls who doesn't know of the lease.
    pub async fn is_contested(&self) {
        if self.renew().await == Standing::Unsure {
            self.lose("another process polls, and the store can't say who leads");
        }
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        let held = self.held.lock().await.clone();
        let Err(error) = self.lease.release(&held).await else {
            return Ok(());
        };
        let held = self.own(error)?;
        self.lease.release(&held).await.map(drop)
    }

    /// A write whose answer was lost makes the next one fail on what this process wrote itself.
    fn own(&self, error: StoreError) -> Result<Session, StoreError> {
        match error.current() {
            Some(current) if self.lease.is_mine(current, self.epoch) => Ok(current.clone()),
            _ => Err(error),
        }
    }

    fn lose(&self, reason: &str) {
        if !self.is_lost() {
            tracing::warn!(epoch = self.epoch, reason, "this process polls no more");
            self.lost.cancel();
        }
    }

    async fn keep_renewing(&self) {
        let mut times = interval(RENEWED_EVERY);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once, and the lease is new.
        times.tick().await;
        let mut last = Standing::Leads;
        loop {
            times.tick().await;
            let standing = self.renew().await;
            match (last, standing) {
                (_, Standing::Lost) => return,
                (Standing::Leads, Standing::Unsure) => tracing::warn!(
                    "the lease could not be renewed; this process polls on until another one does"
                ),
                (Standing::Unsure, Standing::Leads) => tracing::info!("the lease is renewed again"),
                _ => {}
            }
            last = standing;
        }
    }
}

/// Whether a renewal failed because the lease is somebody else's, or nobody's.
fn is_loss(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound)
}
