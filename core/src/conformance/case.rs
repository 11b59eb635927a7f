//! One case of the suite, and how it ends.

use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::processes::{self, Invocation};
use super::target::{Capability, ConformanceTarget, Loss, Namespace, RawRecord, Support, TargetError};
use crate::error::StoreError;
use crate::store::SessionStore;

/// How long one case may take. Generous: it is there to name the case that hangs.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// One case: it checks one promise of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    pub(super) promise: &'static str,
    pub(super) name: &'static str,
    pub(super) body: fn(Fixture) -> BoxFuture<'static, Outcome>,
}

impl Case {
    /// The id of the promise that it checks, such as `update-2`: see [`SessionStore`].
    pub fn promise(&self) -> &'static str {
        self.promise
    }

    /// Its name, which says what must hold. No two cases have the same.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it. It needs a Tokio runtime; only one with several threads makes the races real.
    ///
    /// A case about several processes starts this program again, with the arguments that lead to the same test. In such
    /// a process this method does what it was started for, and ends the process.
    pub async fn run(&self, target: &dyn ConformanceTarget) -> Verdict {
        self.run_in(target, Invocation::of_this_thread()).await
    }

    pub(super) async fn run_in(&self, target: &dyn ConformanceTarget, invocation: Invocation) -> Verdict {
        processes::work_if_asked(target).await;
        let run = async {
            let fixture = Fixture::new(target, invocation).await?;
            (self.body)(fixture).await
        };
        match tokio::time::timeout(TIME_LIMIT, AssertUnwindSafe(run).catch_unwind()).await {
            Ok(Ok(Ok(()))) => Verdict::Passed,
            Ok(Ok(Err(Failure::Broken(problem)))) => Verdict::Failed(problem),
            Ok(Ok(Err(Failure::NotClaimed(capability)))) => Verdict::NotClaimed(capability),
            Ok(Err(panic)) => Verdict::Failed(format!("it panicked: {}", panic_message(&*panic))),
            Err(_) => Verdict::Failed(format!("it did not end within {} s", TIME_LIMIT.as_secs())),
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{}] {}", self.promise, self.name)
    }
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The store keeps the promise.
    Passed,
    /// It doesn't: what was expected, and what was seen.
    Failed(String),
    /// The target doesn't claim what the case needs.
    NotClaimed(Capability),
}

/// What the body of a case answers.
pub(super) type Outcome<T = ()> = Result<T, Failure>;

/// Why a case did not come to its end.
///
/// It is no [`Error`], so that every error can become one by `?`: whatever a case doesn't expect to fail fails the case.
#[derive(Debug)]
pub(super) enum Failure {
    Broken(String),
    NotClaimed(Capability),
}

impl Failure {
    #[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    pub(super) fn of_target(error: TargetError) -> Self {
        Self::Broken(format!("the target failed: {}", with_sources(&*error)))
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(format!("nothing should fail here, but: {}", with_sources(&error)))
    }
}

pub(super) fn with_sources(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What a case works with: a namespace of its own, and an open handle.
pub(super) struct Fixture {
    // Dropped before the namespace that it belongs to.
    store: Arc<dyn SessionStore>,
    namespace: Box<dyn Namespace>,
    invocation: Invocation,
}

impl Fixture {
    async fn new(target: &dyn ConformanceTarget, invocation: Invocation) -> Outcome<Self> {
        let namespace = target.fresh().await.map_err(Failure::of_target)?;
        let store = namespace.open().await.map_err(Failure::of_target)?;
        Ok(Self {
            store,
            namespace,
            invocation,
        })
    }

    pub(super) fn store(&self) -> &dyn SessionStore {
        &*self.store
    }

    /// A handle that tasks share.
    pub(super) fn handle(&self) -> Arc<dyn SessionStore> {
        Arc::clone(&self.store)
    }

    /// A second handle on the same sessions.
    pub(super) async fn peer(&self) -> Outcome<Arc<dyn SessionStore>> {
        self.namespace.open().await.map_err(Failure::of_target)
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.namespace.max_bytes()
    }

    pub(super) async fn reopen(self) -> Outcome<Self> {
        let Self {
            store,
            namespace,
            invocation,
        } = self;
        let support = namespace.close(store).await.map_err(Failure::of_target)?;
        require(support, Capability::Durability)?;
        let store = namespace.open().await.map_err(Failure::of_target)?;
        Ok(Self {
            store,
            namespace,
            invocation,
        })
    }

    /// A handle that is opened whatever the circumstances: the error is the store's answer.
    pub(super) async fn try_open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        self.namespace.open().await
    }

    pub(super) async fn put_record(&self, record: &RawRecord) -> Outcome {
        let support = self.namespace.put_record(record).await;
        require(support.map_err(Failure::of_target)?, Capability::ForeignRecords)
    }

    pub(super) async fn cut_off(&self) -> Outcome {
        let support = self.namespace.cut_off().await.map_err(Failure::of_target)?;
        require(support, Capability::Outage)
    }

    pub(super) async fn restore(&self) -> Outcome {
        self.namespace.restore().await.map_err(Failure::of_target)
    }

    pub(super) async fn lose_next_write(&self, loss: Loss) -> Outcome {
        let support = self.namespace.lose_next_write(loss).await;
        require(support.map_err(Failure::of_target)?, Capability::LostWrites)
    }

    pub(super) fn lost_writes(&self) -> u64 {
        self.namespace.lost_writes()
    }

    pub(super) async fn open_with_wrong_password(
        &self,
    ) -> Outcome<Result<Arc<dyn SessionStore>, StoreError>> {
        let opened = self.namespace.open_with_wrong_password().await;
        opened
            .map_err(Failure::of_target)?
            .ok_or(Failure::NotClaimed(Capability::Passwords))
    }

    /// How other processes come to these sessions: the arguments of this program, and the locator.
    pub(super) fn other_processes(&self) -> Outcome<(&Invocation, String)> {
        let locator = self.namespace.locator();
        let locator = locator.ok_or(Failure::NotClaimed(Capability::Processes))?;
        Ok((&self.invocation, locator))
    }
}

fn require(support: Support, capability: Capability) -> Outcome {
    match support {
        Support::Claimed => Ok(()),
        Support::NotClaimed => Err(Failure::NotClaimed(capability)),
    }
}
