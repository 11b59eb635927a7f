//! The broadcast in the hands of the process that works on it.

use std::time::Duration;

use stepkeep_core::{Retry, Session, StoreErrorKind};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::job::Job;
use super::record::{BroadcastError, Broadcasts, parse};

/// The pause before a write that failed is made again.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The record as this process wrote it last, and the broadcast as it is to be written next.
#[derive(Debug)]
pub(super) struct Tenure {
    broadcasts: Broadcasts,
    held: Session,
    pub(super) job: Job,
    stored_at: Instant,
}

/// Another process works on the broadcast, or the record can't be written any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl Tenure {
    /// It was just written so.
    pub(super) fn new(broadcasts: Broadcasts, held: Session, job: Job) -> Self {
        Self {
            broadcasts,
            held,
            job,
            stored_at: Instant::now(),
        }
    }

    /// How long ago the record was written.
    pub(super) fn age(&self) -> Duration {
        self.stored_at.elapsed()
    }

    /// Writes the broadcast as it is, until it is clear that it is written. What others may change meanwhile, the wish to stop
    /// and where it is shown, is taken over.
    ///
    /// # Errors
    /// [`Lost`]; also when this process is to stop, and the store fails.
    pub(super) async fn store(&mut self, stop: &CancellationToken) -> Result<(), Lost> {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let error = match self.broadcasts.write(&self.held, &self.job).await {
                Ok(held) => {
                    self.held = held;
                    self.stored_at = Instant::now();
                    return Ok(());
                }
                Err(error) => error,
            };
            match self.go_on_from(error) {
                Ok(true) => continue,
                Ok(false) => {
                    tracing::warn!("another process works on the broadcast; this one stops");
                    return Err(Lost);
                }
                Err(error) => {
                    let is_final = !is_retryable(&error) || stop.is_cancelled();
                    let error = &error as &dyn std::error::Error;
                    if is_final {
                        tracing::error!(
                            error,
                            "a broadcast can't be noted, and is left to another process"
                        );
                        return Err(Lost);
                    }
                    tracing::warn!(error, ?pause, "a broadcast could not be noted; trying again");
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Goes on from the record that somebody else wrote, or this process by a write whose answer was lost. Answers whether the
    /// broadcast is still in these hands; an error that is of another kind comes back.
    fn go_on_from(&mut self, error: BroadcastError) -> Result<bool, BroadcastError> {
        let BroadcastError::Store(error) = error else {
            return Err(error);
        };
        let Some(current) = error
            .current()
            .filter(|_| error.kind() == StoreErrorKind::Conflict)
        else {
            return Err(error.into());
        };
        let stored = parse(current)?;
        if !self.job.is_held_like(&stored) {
            return Ok(false);
        }
        self.job.adopt(&stored);
        self.held = current.clone();
        Ok(true)
    }
}

fn is_retryable(error: &BroadcastError) -> bool {
    matches!(error, BroadcastError::Store(error) if error.retry() != Retry::Never && error.kind() != StoreErrorKind::NotFound)
}
