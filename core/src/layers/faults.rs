//! Faults on demand: for tests of what comes of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::forward_administration;
use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SessionStore};

const BACKEND: &str = "faults";

/// A store with faults in it.
///
/// ```
/// # use stepkeep_core::{BotId, SessionKey, UserId};
/// use stepkeep_core::{Fault, Faults, MemoryStorage, SessionStore, StoreErrorKind, StoreOperation, WithFaults};
///
/// let faults = Faults::default();
/// let store = WithFaults::new(MemoryStorage::new(), &faults);
/// faults.inject(Fault::unavailable(StoreOperation::Get).times(1));
///
/// # let key = SessionKey::private(BotId(7), UserId(42));
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// assert_eq!(store.get(&key).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
/// assert!(store.get(&key).await?.is_none());
/// # Ok::<(), stepkeep_core::StoreError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WithFaults<S> {
    inner: S,
    faults: Faults,
}

/// The faults of a store, to be injected and taken away while it is used. A clone is another handle on the same.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<State>>);

struct State {
    faults: Vec<Fault>,
    chance: StdRng,
    struck: u64,
}

/// One fault: what happens, in which operation, and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    operation: StoreOperation,
    effect: Effect,
    skip: u32,
    left: Option<u32>,
    probability: f64,
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    /// The operation is not made.
    FailBefore(StoreErrorKind),
    /// The operation is made, and its answer is thrown away.
    FailAfter(StoreErrorKind),
    DelayBefore(Duration),
    DelayAfter(Duration),
}

impl Fault {
    fn new(operation: StoreOperation, effect: Effect) -> Self {
        Self {
            operation,
            effect,
            skip: 0,
            left: None,
            probability: 1.0,
        }
    }

    /// The store can't be reached: `Unavailable`, and nothing happens.
    pub fn unavailable(operation: StoreOperation) -> Self {
        Self::error(operation, StoreErrorKind::Unavailable)
    }

    /// Any error, and nothing happens. For a write with `Indeterminate`: the request is lost on the way.
    pub fn error(operation: StoreOperation, kind: StoreErrorKind) -> Self {
        Self::new(operation, Effect::FailBefore(kind))
    }

    /// The operation is made, and its answer is lost: `Indeterminate` for a write, `Timeout` for anything else.
    pub fn lost_answer(operation: StoreOperation) -> Self {
        let kind = if operation.is_write() {
            StoreErrorKind::Indeterminate
        } else {
            StoreErrorKind::Timeout
        };
        Self::new(operation, Effect::FailAfter(kind))
    }

    /// The operation begins later.
    pub fn delay(operation: StoreOperation, delay: Duration) -> Self {
        Self::new(operation, Effect::DelayBefore(delay))
    }

    /// The operation is made at once, and its answer comes later.
    pub fn delayed_answer(operation: StoreOperation, delay: Duration) -> Self {
        Self::new(operation, Effect::DelayAfter(delay))
    }

    /// The same, but that many times only.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// The same, but only after that many calls.
    #[must_use]
    pub fn after_calls(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// The same, but at each call only by this chance, from 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    fn strikes(&mut self, operation: StoreOperation, chance: &mut StdRng) -> bool {
        if operation != self.operation || self.left == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if chance.random::<f64>() >= self.probability {
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        true
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::with_seed(0)
    }
}

impl Faults {
    /// No fault yet. The seed decides what chance brings: the same one, the same faults.
    pub fn with_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            faults: Vec::new(),
            chance: StdRng::seed_from_u64(seed),
            struck: 0,
        })))
    }

    /// Adds a fault. Of several for one call all strike: the delays in the order of their injection, then the first
    /// error.
    pub fn inject(&self, fault: Fault) {
        self.0.lock().faults.push(fault);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.0.lock().faults.clear();
    }

    /// How often a fault struck.
    pub fn struck(&self) -> u64 {
        self.0.lock().struck
    }

    fn strike(&self, operation: StoreOperation) -> Vec<Effect> {
        let State {
            faults,
            chance,
            struck,
        } = &mut *self.0.lock();
        let struck_now = faults.iter_mut().filter_map(|fault| {
            let strikes = fault.strikes(operation, chance);
            strikes.then_some(fault.effect)
        });
        let effects: Vec<_> = struck_now.collect();
        *struck += u64::try_from(effects.len()).unwrap_or(u64::MAX);
        effects
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        formatter
            .debug_struct("Faults")
            .field("faults", &state.faults)
            .field("struck", &state.struck)
            .finish_non_exhaustive()
    }
}

impl<S> WithFaults<S> {
    /// Puts these faults into this store.
    pub fn new(inner: S, faults: &Faults) -> Self {
        Self {
            inner,
            faults: faults.clone(),
        }
    }
}

impl<S: Sync> WithFaults<S> {
    async fn hurt<T: Send>(
        &self,
        operation: StoreOperation,
        key: Option<&SessionKey>,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let effects = self.faults.strike(operation);
        let error = |kind| {
            let error = StoreError::new(kind, operation, BACKEND).with_message("injected");
            match key {
                Some(key) => error.with_key(key),
                None => error,
            }
        };
        for effect in &effects {
            if let Effect::DelayBefore(delay) = effect {
                tokio::time::sleep(*delay).await;
            }
        }
        let before = effects.iter().find_map(|effect| match effect {
            Effect::FailBefore(kind) => Some(*kind),
            _ => None,
        });
        if let Some(kind) = before {
            return Err(error(kind));
        }
        let result = call.await;
        for effect in &effects {
            if let Effect::DelayAfter(delay) = effect {
                tokio::time::sleep(*delay).await;
            }
        }
        let after = effects.iter().find_map(|effect| match effect {
            Effect::FailAfter(kind) => Some(*kind),
            _ => None,
        });
        match after {
            Some(kind) => Err(error(kind)),
            None => result,
        }
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for WithFaults<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let key = new.key().clone();
        self.hurt(StoreOperation::Create, Some(&key), self.inner.create(new))
            .await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.hurt(StoreOperation::Get, Some(key), self.inner.get(key))
            .await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = self.inner.update(held, change);
        self.hurt(StoreOperation::Update, Some(held.key()), call).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = self.inner.clear(key, expected);
        self.hurt(StoreOperation::Clear, Some(key), call).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.hurt(StoreOperation::Cleanup, None, self.inner.cleanup(policy))
            .await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let call = self.inner.scan(filter, after, limit);
        self.hurt(StoreOperation::Scan, None, call).await
    }
}

forward_administration!(WithFaults);
