//! Layers: each wraps any store, is a store itself, and keeps every promise of the contract.
//!
//! | layer | what for |
//! |---|---|
//! | [`WithDeadline`] | no operation hangs |
//! | [`WithRetry`] | what is safe to make again is made again, and a lost answer is cleared up |
//! | [`WithTracing`] | one event for every operation, louder when it was slow; also for metrics, by [`StoreObserver`] |
//! | [`WithCounts`] | how often each operation was called |
//! | [`WithFaults`](crate::WithFaults) | faults on demand, for tests (feature `conformance`) |

mod counts;
mod deadline;
#[cfg(feature = "conformance")]
mod faults;
mod retry;
mod slowness;
mod tracing;

pub use counts::{OperationCounts, WithCounts};
pub use deadline::{Deadlines, WithDeadline};
#[cfg(feature = "conformance")]
pub use faults::{Fault, Faults, WithFaults};
pub use retry::{RetryPolicy, WithRetry};
pub use slowness::Slowness;
pub use tracing::{StoreObserver, StoreOperationFinished, WithTracing};

use crate::store::SessionStore;

/// Puts layers around a store; the first one is the innermost.
///
/// The deadline goes inside the retry: it bounds each attempt, and the retry clears up what became of an attempt that
/// was cut off. The other way round it would cut the clearing up off too. Tracing goes outside, where it sees what
/// the caller sees.
///
/// ```
/// use stepkeep_core::{Deadlines, Layers, MemoryStorage, RetryPolicy, SessionStore, Slowness};
///
/// let store: std::sync::Arc<dyn SessionStore> = Layers::new(MemoryStorage::new(), "memory")
///     .with_deadline(Deadlines::default())
///     .with_retry(RetryPolicy::default())
///     .with_tracing(Slowness::default())
///     .into_shared();
/// # let _ = store;
/// ```
#[derive(Clone, Debug)]
pub struct Layers<S> {
    store: S,
    backend: &'static str,
}

impl<S: SessionStore> Layers<S> {
    /// A store without layers yet. `backend` is its name as operators know it, such as `sqlite`.
    pub fn new(store: S, backend: &'static str) -> Self {
        Self { store, backend }
    }

    /// The same in a [`WithDeadline`].
    pub fn with_deadline(self, deadlines: Deadlines) -> Layers<WithDeadline<S>> {
        let Self { store, backend } = self;
        Layers::new(WithDeadline::new(store, backend, deadlines), backend)
    }

    /// The same in a [`WithRetry`].
    pub fn with_retry(self, policy: RetryPolicy) -> Layers<WithRetry<S>> {
        let Self { store, backend } = self;
        Layers::new(WithRetry::new(store, policy), backend)
    }

    /// The same in a [`WithTracing`].
    pub fn with_tracing(self, slowness: Slowness) -> Layers<WithTracing<S>> {
        let Self { store, backend } = self;
        Layers::new(WithTracing::new(store, backend, slowness), backend)
    }

    /// The same in a [`WithTracing`], whose operations this observer is told of.
    pub fn with_observer(
        self,
        slowness: Slowness,
        observer: std::sync::Arc<dyn StoreObserver>,
    ) -> Layers<WithTracing<S>> {
        let Self { store, backend } = self;
        let store = WithTracing::new(store, backend, slowness).observed_by(observer);
        Layers::new(store, backend)
    }

    /// The store with its layers.
    pub fn into_store(self) -> S {
        self.store
    }

    /// The store with its layers, to be shared.
    pub fn into_shared(self) -> std::sync::Arc<dyn SessionStore> {
        std::sync::Arc::new(self.store)
    }
}

/// Administration goes through a layer unchanged.
macro_rules! forward_administration {
    ($layer:ident) => {
        #[async_trait::async_trait]
        impl<S: $crate::StoreAdministration> $crate::StoreAdministration for $layer<S> {
            fn backend(&self) -> &'static str {
                self.inner.backend()
            }

            async fn check_schema(&self) -> Result<$crate::SchemaStatus, $crate::StoreError> {
                self.inner.check_schema().await
            }

            async fn set_up_schema(&self) -> Result<$crate::SchemaStatus, $crate::StoreError> {
                self.inner.set_up_schema().await
            }

            async fn check_health(&self) -> Result<$crate::StoreHealth, $crate::StoreError> {
                self.inner.check_health().await
            }

            async fn statistics(&self) -> Result<$crate::StoreStatistics, $crate::StoreError> {
                self.inner.statistics().await
            }
        }
    };
}
use forward_administration;
