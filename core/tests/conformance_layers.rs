//! Every layer keeps every promise of the store below it, also while faults strike.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::conformance::{ConformanceTarget, Namespace, RawRecord, Support, TargetError};
use stepkeep_core::{
    Deadlines, Fault, Faults, Layers, MemoryStorage, RetryPolicy, SessionStore, Slowness, StoreOperation,
    WithCounts, WithFaults,
};

/// Puts layers around each handle on memory.
#[derive(Clone, Copy)]
struct Layered(fn(MemoryStorage) -> Arc<dyn SessionStore>);

#[async_trait]
impl ConformanceTarget for Layered {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(LayeredNamespace {
            sessions: MemoryStorage::new(),
            layer: self.0,
        }))
    }
}

struct LayeredNamespace {
    sessions: MemoryStorage,
    layer: fn(MemoryStorage) -> Arc<dyn SessionStore>,
}

#[async_trait]
impl Namespace for LayeredNamespace {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        Ok((self.layer)(self.sessions.clone()))
    }

    async fn close(&self, _: Arc<dyn SessionStore>) -> Result<Support, TargetError> {
        Ok(Support::NotClaimed)
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        self.sessions
            .insert_encoded(&record.key, record.stored_form.clone().into_bytes());
        Ok(Support::Claimed)
    }
}

mod deadline {
    use super::*;

    stepkeep_core::conformance_tests!(Layered(|sessions| {
        Layers::new(sessions, "memory")
            .with_deadline(Deadlines::default())
            .into_shared()
    }));
}

mod retry {
    use super::*;

    stepkeep_core::conformance_tests!(Layered(|sessions| {
        Layers::new(sessions, "memory")
            .with_retry(RetryPolicy::default())
            .into_shared()
    }));
}

mod tracing {
    use super::*;

    stepkeep_core::conformance_tests!(Layered(|sessions| {
        Layers::new(sessions, "memory")
            .with_tracing(Slowness::default())
            .into_shared()
    }));
}

mod counts {
    use super::*;

    stepkeep_core::conformance_tests!(Layered(|sessions| Arc::new(WithCounts::new(sessions))));
}

mod faults_that_never_strike {
    use super::*;

    stepkeep_core::conformance_tests!(Layered(|sessions| {
        Arc::new(WithFaults::new(sessions, &Faults::default()))
    }));
}

/// One call in ten of every kind fails before it is made. The retry makes them again, so that nobody above sees it.
mod all_layers_over_a_store_that_is_often_away {
    use super::*;

    stepkeep_core::conformance_tests!(Layered(|sessions| {
        let faults = Faults::default();
        for operation in [
            StoreOperation::Create,
            StoreOperation::Get,
            StoreOperation::Update,
            StoreOperation::Clear,
            StoreOperation::Scan,
        ] {
            faults.inject(Fault::unavailable(operation).with_probability(0.1));
        }
        all_layers(sessions, &faults)
    }));
}

fn all_layers(sessions: MemoryStorage, faults: &Faults) -> Arc<dyn SessionStore> {
    let policy = RetryPolicy {
        attempts: 20,
        first_pause: std::time::Duration::from_micros(100),
        ..RetryPolicy::default()
    };
    Layers::new(WithFaults::new(sessions, faults), "memory")
        .with_deadline(Deadlines::default())
        .with_retry(policy)
        .with_tracing(Slowness::default())
        .into_shared()
}
