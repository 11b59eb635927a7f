//! How large stores become, before a disk is full.

use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use stepkeep_core::{StoreAdministration, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::metrics::{Metrics, names};

/// How long after the start the first look is.
const FIRST_AFTER: Duration = Duration::from_secs(15);
/// How long from one look to the next.
const EVERY: Duration = Duration::from_hours(1);

/// Looks now and then how large a store is, and warns when it is larger than the operator expects.
#[derive(Debug)]
pub struct StoreSizeWatch {
    store: Arc<dyn StoreAdministration>,
    kind: &'static str,
    warn_above: Option<ByteSize>,
}

/// What a look has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreSize {
    /// The store doesn't know.
    Unknown,
    /// As large as that, which is expected.
    Expected(ByteSize),
    /// Larger than expected.
    TooLarge(ByteSize),
}

impl StoreSizeWatch {
    /// Looks at this store, which is for `kind` of records. Without `warn_above` it only measures.
    pub fn new(
        store: Arc<dyn StoreAdministration>,
        kind: &'static str,
        warn_above: Option<ByteSize>,
    ) -> Self {
        Self {
            store,
            kind,
            warn_above,
        }
    }

    /// Looks every hour until stopped, shows the size in `metrics`, and warns in the log.
    pub async fn run(&self, metrics: &Metrics, stop: &CancellationToken) {
        let looking = async {
            sleep(FIRST_AFTER).await;
            loop {
                if let Err(error) = self.look(metrics).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(
                        error,
                        store = self.kind,
                        "the store's size could not be looked at"
                    );
                }
                sleep(EVERY).await;
            }
        };
        stop.run_until_cancelled(looking).await;
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`StoreError`], when the store can't be asked.
    pub async fn look(&self, metrics: &Metrics) -> Result<StoreSize, StoreError> {
        let statistics = self.store.statistics().await?;
        let Some(size) = statistics.bytes.map(ByteSize) else {
            return Ok(StoreSize::Unknown);
        };
        metrics.within(|| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "nobody minds a byte in nine quadrillion"
            )]
            let set = |name, size: ByteSize| {
                metrics::gauge!(name, "kind" => self.kind).set(size.as_u64() as f64);
            };
            set(names::STORE_SIZE.name, size);
            if let Some(limit) = self.warn_above {
                set(names::STORE_SIZE_WARNING.name, limit);
            }
        });
        let Some(limit) = self.warn_above.filter(|limit| size > *limit) else {
            return Ok(StoreSize::Expected(size));
        };
        tracing::warn!(
            store = self.kind,
            backend = self.store.backend(),
            %size,
            warn_above = %limit,
            records = statistics.sessions,
            "the store is larger than expected: see to it that there is space, keep less for a shorter time (cleanup_idle, \
             ledger_keep_days), or raise store_size_warning"
        );
        Ok(StoreSize::TooLarge(size))
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use stepkeep_core::{SchemaStatus, StoreHealth, StoreStatistics};

    use super::*;

    #[derive(Debug)]
    struct Sized(Option<u64>);

    #[async_trait]
    impl StoreAdministration for Sized {
        fn backend(&self) -> &'static str {
            "sized"
        }

        async fn check_schema(&self) -> Result<SchemaStatus, StoreError> {
            Ok(SchemaStatus::Missing)
        }

        async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError> {
            Ok(SchemaStatus::Missing)
        }

        async fn check_health(&self) -> Result<StoreHealth, StoreError> {
            Ok(StoreHealth::default())
        }

        async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
            Ok(StoreStatistics::new(3, self.0))
        }
    }

    #[tokio::test]
    async fn a_store_that_is_larger_than_expected_is_told_of() {
        let limit = ByteSize::gib(1);
        let look = async |bytes: Option<u64>, limit| {
            let metrics = Metrics::new();
            let watch = StoreSizeWatch::new(Arc::new(Sized(bytes)), "sessions", limit);
            (watch.look(&metrics).await.unwrap(), metrics.render())
        };
        let (size, rendered) = look(Some(limit.as_u64() + 1), Some(limit)).await;
        assert_eq!(size, StoreSize::TooLarge(ByteSize(limit.as_u64() + 1)));
        let shown = r#"stepkeep_store_size_bytes{kind="sessions"} 1073741825"#;
        assert!(rendered.contains(shown), "{rendered}");
        assert_eq!(
            look(Some(limit.as_u64()), Some(limit)).await.0,
            StoreSize::Expected(limit)
        );
        let (size, rendered) = look(Some(u64::MAX / 2), None).await;
        assert_eq!(size, StoreSize::Expected(ByteSize(u64::MAX / 2)));
        assert!(!rendered.contains("size_warning_bytes{"), "{rendered}");
        assert_eq!(look(None, Some(limit)).await.0, StoreSize::Unknown);
    }
}
