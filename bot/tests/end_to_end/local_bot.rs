//! The bot in this process, on a store that a test can break and look into.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use stepkeep::config::Settings;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, Faults, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter,
    ScanPage, Session, SessionChange, SessionKey, SessionStore, StoreError, WithFaults,
};

use crate::bot_here::{BotHere, settings};
use crate::own_lease::OwnLease;
use crate::town::Town;

/// A store in which things go wrong.
#[derive(Debug)]
pub(crate) struct Troubled {
    inner: WithFaults<MemoryStorage>,
    /// How many more updates of people's sessions panic.
    panics: AtomicU32,
}

#[async_trait]
impl SessionStore for Troubled {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.inner.create(new).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.inner.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let left = self
            .panics
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "the store panics on purpose");
        self.inner.update(held, change).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.inner.clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.inner.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.inner.scan(filter, after, limit).await
    }
}

/// A running bot. It ends with its value.
#[derive(Debug)]
pub(crate) struct LocalBot {
    pub(crate) town: Arc<Town>,
    /// What is in the store.
    pub(crate) memory: MemoryStorage,
    /// What goes wrong with it.
    pub(crate) faults: Faults,
    store: Arc<Troubled>,
    bot: BotHere,
}

impl LocalBot {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let town = Town::new().await;
        let url = town.sandbox.url();
        let mut settings = settings(&url, &url);
        change(&mut settings);
        let (memory, faults) = (MemoryStorage::new(), Faults::default());
        let store = Arc::new(Troubled {
            inner: WithFaults::new(memory.clone(), &faults),
            panics: AtomicU32::new(0),
        });
        let bot = BotHere::start_with(settings, Arc::new(OwnLease::new(Arc::<Troubled>::clone(&store))));
        Self {
            town,
            memory,
            faults,
            store,
            bot,
        }
    }

    /// The next updates of sessions panic.
    pub(crate) fn panics_at_updates(&self, times: u32) {
        self.store.panics.store(times, Ordering::SeqCst);
    }

    /// Ends the bot in order.
    pub(crate) async fn stop(self) {
        self.bot.stop().await;
    }
}
