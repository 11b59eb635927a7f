//! Polling, by whichever process leads.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::leadership::{Lead, Leadership, Standing, Tenure};
use crate::telegram::{
    ConflictCause, Delivery, Poller, PollingConfig, PollingError, RawUpdate, Shelf, ShelfError,
    TelegramError, TelegramErrorKind, UpdateRequest, UpdateSource,
};

/// Polls while this process leads, and stands by while another one does.
///
/// Each time that it comes to lead it begins anew, with what lies on the shelf and what Telegram still has: all that the last
/// leader fetched and did not acknowledge. What the last leader still has under way may thus be under way twice; the
/// revision and the marks of the session let it change things once.
#[derive(Debug)]
pub struct LedPolling {
    leadership: Leadership,
    source: Arc<dyn UpdateSource>,
    shelf: Arc<dyn Shelf>,
    config: PollingConfig,
    leads: watch::Sender<bool>,
    /// The lead under which polling ended, for [`finish`](Self::finish).
    ended: Option<(Lead, Poller)>,
}

impl LedPolling {
    /// Fetches from `source`, and puts on `shelf` what takes long.
    pub fn new(
        leadership: Leadership,
        source: Arc<dyn UpdateSource>,
        shelf: Arc<dyn Shelf>,
        config: PollingConfig,
    ) -> Self {
        Self {
            leadership,
            source,
            shelf,
            config,
            leads: watch::Sender::new(false),
            ended: None,
        }
    }

    /// Whether this process leads, now and from now on.
    pub fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Hands out updates, as [`Poller::run`] does, whenever this process leads, until `stop` is cancelled. `let_go` is
    /// called when the lead is lost and before it begins: what was handed out before is no longer waited for. The lead
    /// is kept after the end, until [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`PollingError`] when a person has to do something.
    ///
    /// # Cancellation
    /// When the future is dropped the lead isn't given up; it is up after a few seconds.
    pub async fn run<H, F>(
        &mut self,
        hand_out: H,
        let_go: impl Fn(),
        stop: &CancellationToken,
    ) -> Result<(), PollingError>
    where
        H: Fn(Delivery) -> F + Send + Sync,
        F: Future<Output = ()> + Send,
    {
        while let Some(lead) = self.leadership.win(stop).await {
            let_go();
            self.leads.send_replace(true);
            let poller = self.poller(&lead);
            // Boxed, since it is large, and would be a part of all that waits for it.
            let work = Box::pin(poller.run(&hand_out, stop));
            if let Some(ended) = lead.while_it_lasts(work).await {
                self.ended = Some((lead, poller));
                return ended;
            }
            self.leads.send_replace(false);
            let_go();
        }
        Ok(())
    }

    /// Tells Telegram what was handled, and gives the lead up; to be called after [`run`](Self::run), when what was under
    /// way is finished. The lease is renewed until then, so that nobody polls in between.
    pub async fn finish(self) {
        let Some((lead, poller)) = self.ended else { return };
        if let Some(Err(error)) = lead.while_it_lasts(poller.confirm()).await {
            tracing::warn!(%error, "the last updates could not be confirmed; they come again and change nothing");
        }
        lead.release().await;
    }

    fn poller(&self, lead: &Lead) -> Poller {
        let source = Arc::new(LedSource {
            source: Arc::clone(&self.source),
            tenure: lead.tenure(),
        });
        let fenced = Arc::new(FencedShelf {
            shelf: Arc::clone(&self.shelf),
            tenure: lead.tenure(),
        });
        Poller::with_shelf(source, fenced, self.config.clone())
    }
}

/// Asks Telegram only while this process leads.
#[derive(Debug)]
struct LedSource {
    source: Arc<dyn UpdateSource>,
    tenure: Arc<Tenure>,
}

#[async_trait]
impl UpdateSource for LedSource {
    async fn fetch(&self, request: &UpdateRequest) -> Result<Vec<RawUpdate>, TelegramError> {
        // Whoever fetches does so while the lead lasts, and is dropped when it is lost.
        if !self.tenure.may_poll().await {
            return std::future::pending().await;
        }
        let fetched = self.source.fetch(request).await;
        match &fetched {
            Err(error) if *error.kind() == TelegramErrorKind::Conflict(ConflictCause::OtherPoller) => {
                self.tenure.is_contested().await;
            }
            // The answer may have lain here while this process stood still. By now it is the next leader's to handle.
            _ if !self.tenure.may_poll().await => return std::future::pending().await,
            _ => {}
        }
        fetched
    }
}

/// A shelf on which something counts as put only when this process still led after that.
///
/// Telegram forgets what is on the shelf, so the next leader has to find it there. It looks right after it took the lease
/// over. A renewal that succeeds after an update was put there proves that nobody had taken over yet.
#[derive(Debug)]
struct FencedShelf {
    shelf: Arc<dyn Shelf>,
    tenure: Arc<Tenure>,
}

/// Why an update on the shelf does not count.
#[derive(Debug, thiserror::Error)]
#[error("this process can't prove that it still leads")]
struct Unproven;

#[async_trait]
impl Shelf for FencedShelf {
    async fn put(&self, updates: &[RawUpdate]) -> Result<(), ShelfError> {
        self.shelf.put(updates).await?;
        match self.tenure.renew().await {
            Standing::Leads => Ok(()),
            Standing::Unsure | Standing::Lost => Err(Unproven.into()),
        }
    }

    async fn remove(&self, ids: &[i64]) -> Result<(), ShelfError> {
        self.shelf.remove(ids).await
    }

    async fn load(&self) -> Result<Vec<RawUpdate>, ShelfError> {
        self.shelf.load().await
    }
}

#[cfg(test)]
mod tests;
