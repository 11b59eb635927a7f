//! How many sessions there are, and where the people are.

use std::collections::BTreeMap;

use futures::TryStreamExt;

use crate::clock::Timestamp;
use crate::error::StoreError;
use crate::ext::{Scanned, SessionStoreExt};
use crate::name::{FlowName, StepName};
use crate::session::Session;
use crate::store::{ScanFilter, SessionStore};

/// How many sessions there are, and where the people are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// All that can be read.
    pub total: u64,
    /// The people in each flow.
    pub by_flow: BTreeMap<FlowName, u64>,
    /// The people in each step of each flow.
    pub by_step: BTreeMap<(FlowName, StepName), u64>,
    /// The people who are in no flow.
    pub outside_of_flows: u64,
    /// When the session was created that is there for longest.
    pub oldest: Option<Timestamp>,
    /// The records that can't be read.
    pub unreadable: u64,
}

impl SessionStats {
    /// Counts by reading every session of a store once.
    ///
    /// # Errors
    /// Those of [`scan`](SessionStore::scan).
    pub async fn gather<S: SessionStore + ?Sized>(store: &S) -> Result<Self, StoreError> {
        store
            .scan_all(ScanFilter::default())
            .try_fold(Self::default(), |mut stats, scanned| async move {
                match scanned {
                    Scanned::Session(session) => stats.add(&session),
                    Scanned::Unreadable(_) => stats.unreadable += 1,
                }
                Ok(stats)
            })
            .await
    }

    fn add(&mut self, session: &Session) {
        self.total += 1;
        match session.position() {
            Some(position) => {
                let flow = position.flow.clone();
                *self.by_flow.entry(flow.clone()).or_default() += 1;
                *self.by_step.entry((flow, position.step.clone())).or_default() += 1;
            }
            None => self.outside_of_flows += 1,
        }
        let created_at = session.created_at();
        self.oldest = Some(self.oldest.map_or(created_at, |oldest| oldest.min(created_at)));
    }
}
