//! The store in memory keeps every promise, by itself and behind pointers.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::conformance::{
    Capability, ConformanceTarget, Namespace, RawRecord, Support, TargetError, run_all,
};
use stepkeep_core::{MemoryStorage, SessionStore};

/// Makes the handle that the suite gets.
#[derive(Clone, Copy)]
struct Memory(fn(MemoryStorage) -> Arc<dyn SessionStore>);

#[async_trait]
impl ConformanceTarget for Memory {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(MemoryNamespace {
            sessions: MemoryStorage::new(),
            handle: self.0,
        }))
    }
}

struct MemoryNamespace {
    sessions: MemoryStorage,
    handle: fn(MemoryStorage) -> Arc<dyn SessionStore>,
}

#[async_trait]
impl Namespace for MemoryNamespace {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        Ok((self.handle)(self.sessions.clone()))
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

mod directly {
    stepkeep_core::conformance_tests!(super::Memory(|sessions| std::sync::Arc::new(sessions)));
}

mod through_a_box {
    use stepkeep_core::SessionStore;

    stepkeep_core::conformance_tests!(super::Memory(|sessions| {
        let boxed: Box<dyn SessionStore> = Box::new(sessions);
        std::sync::Arc::new(boxed)
    }));
}

mod through_an_arc {
    use std::sync::Arc;

    use stepkeep_core::SessionStore;

    stepkeep_core::conformance_tests!(super::Memory(|sessions| {
        let shared: Arc<dyn SessionStore> = Arc::new(sessions);
        Arc::new(shared)
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_report_says_what_memory_claims() {
    let report = run_all(&Memory(|sessions| Arc::new(sessions))).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.claimed(), [Capability::ForeignRecords]);
    insta::assert_snapshot!(report);
}
