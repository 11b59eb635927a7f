//! The suite proves itself: every defect is caught by the cases that are there for it, and every case catches one.

#![expect(
    clippy::unwrap_used,
    reason = "a broken store under test may panic; the suite reports it"
)]

mod defect;
mod distant;
mod file;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepkeep_core::conformance::{
    CASES, Capability, Case, ConformanceTarget, Loss, Namespace, RawRecord, Support, TargetError, Verdict,
    WRONG_PASSWORD, run_all,
};
use stepkeep_core::{MemoryStorage, SessionStore, StoreError, StoreErrorKind, StoreOperation, document};

use defect::{DEFECTS, Defect};
use distant::Distant;
use file::Files;
use store::{DefectiveStorage, Shared};

struct Defective(Option<Defect>);

#[async_trait]
impl ConformanceTarget for Defective {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(DefectiveNamespace {
            defect: self.0,
            sessions: Mutex::new(empty(self.0)),
            shared: Arc::default(),
        }))
    }
}

fn empty(defect: Option<Defect>) -> MemoryStorage {
    MemoryStorage::with_max_bytes(match defect {
        Some(Defect::TakesAnySize) => usize::MAX,
        _ => document::DEFAULT_MAX_BYTES,
    })
}

struct DefectiveNamespace {
    defect: Option<Defect>,
    sessions: Mutex<MemoryStorage>,
    shared: Arc<Shared>,
}

#[async_trait]
impl Namespace for DefectiveNamespace {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        let mut sessions = self.sessions.lock().clone();
        let mut shared = Arc::clone(&self.shared);
        if self.shared.cut_off.load(Ordering::SeqCst) {
            if self.defect != Some(Defect::AwayIsEmpty) {
                return Err(refused(StoreErrorKind::Unavailable).into());
            }
            (sessions, shared) = (empty(self.defect), Arc::default());
        }
        let store = DefectiveStorage::new(sessions, Arc::clone(&shared), self.defect);
        Ok(Arc::new(Distant::new(store, shared, self.defect)))
    }

    async fn close(&self, _: Arc<dyn SessionStore>) -> Result<Support, TargetError> {
        if self.defect == Some(Defect::Forgetful) {
            *self.sessions.lock() = empty(self.defect);
        }
        Ok(Support::Claimed)
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        let form = record.stored_form.clone().into_bytes();
        self.sessions.lock().insert_encoded(&record.key, form);
        Ok(Support::Claimed)
    }

    async fn cut_off(&self) -> Result<Support, TargetError> {
        self.shared.cut_off.store(true, Ordering::SeqCst);
        self.shared.outages.fetch_add(1, Ordering::SeqCst);
        if self.defect == Some(Defect::LosesWritesInAnOutage) {
            let sessions = self.sessions.lock().clone();
            distant::uncount(&sessions).await;
        }
        Ok(Support::Claimed)
    }

    async fn restore(&self) -> Result<(), TargetError> {
        self.shared.cut_off.store(false, Ordering::SeqCst);
        Ok(())
    }

    async fn lose_next_write(&self, loss: Loss) -> Result<Support, TargetError> {
        *self.shared.planned_loss.lock() = Some(loss);
        Ok(Support::Claimed)
    }

    fn lost_writes(&self) -> u64 {
        self.shared.lost.load(Ordering::SeqCst)
    }

    async fn open_with_wrong_password(
        &self,
    ) -> Result<Option<Result<Arc<dyn SessionStore>, StoreError>>, TargetError> {
        Ok(Some(match self.defect {
            Some(Defect::TakesAnyPassword) => Ok(self.open().await?),
            Some(Defect::WrongPasswordIsUnavailable) => Err(refused(StoreErrorKind::Unavailable)),
            Some(Defect::ShowsThePassword) => {
                Err(refused(StoreErrorKind::Invalid).with_message(format!("not {WRONG_PASSWORD}")))
            }
            _ => Err(refused(StoreErrorKind::Invalid)),
        }))
    }
}

fn refused(kind: StoreErrorKind) -> StoreError {
    StoreError::new(kind, StoreOperation::Open, "defective")
}

/// Runs a case on the target that has room for the defect: most are in memory, some need a file.
async fn run(case: &Case, defect: Option<Defect>) -> Verdict {
    match defect {
        Some(Defect::LocksOneProcessOnly) => case.run(&Files(defect)).await,
        _ => case.run(&Defective(defect)).await,
    }
}

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name() == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_defect_every_case_passes_and_everything_is_claimed() {
    let report = run_all(&Defective(None)).await;
    assert!(report.passed(), "{report}");
    let claimed = report.claimed();
    let left_out = Capability::ALL
        .into_iter()
        .filter(|capability| !claimed.contains(capability));
    // No other process reaches this one's memory: that is what the target with a file is for.
    assert_eq!(left_out.collect::<Vec<_>>(), [Capability::Processes]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_defect_every_case_passes_on_a_file_that_processes_share() {
    let report = run_all(&Files(None)).await;
    assert!(report.passed(), "{report}");
    assert!(report.claimed().contains(&Capability::Processes), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_defect_is_caught_by_the_cases_that_are_there_for_it() {
    let mut missed = Vec::new();
    for (defect, cases) in DEFECTS {
        for name in *cases {
            match run(case(name), Some(*defect)).await {
                // Caught by what it saw, not by falling over it.
                Verdict::Failed(problem) if !problem.starts_with("it ") => {
                    println!("{defect:?}: [{}] {problem}", case(name).promise());
                }
                verdict => missed.push(format!("{defect:?}, {name}: {verdict:?}")),
            }
        }
    }
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

#[test]
fn every_case_catches_a_defect() {
    let needed: BTreeSet<_> = DEFECTS.iter().flat_map(|(_, cases)| *cases).copied().collect();
    let all: BTreeSet<_> = CASES.iter().map(Case::name).collect();
    assert_eq!(all, needed);
}

#[tokio::test]
async fn a_failure_says_what_was_expected_and_what_was_seen() {
    let verdict = case("a_cleanup_counts_what_it_removed")
        .run(&Defective(Some(Defect::CleanupCountsAll)))
        .await;
    let expected = "cleanup of 9: expected 9 removed, saw 27";
    assert_eq!(verdict, Verdict::Failed(expected.to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_report_names_what_failed() {
    let report = run_all(&Defective(Some(Defect::PagesTooLong))).await;
    assert!(!report.passed());
    let failed: BTreeSet<_> = report.failures().map(|(case, _)| case.promise()).collect();
    assert!(
        failed.contains("scan-5") && !failed.contains("update-1"),
        "{report}"
    );
    assert!(report.to_string().contains("FAILED       scan-5"), "{report}");
}
