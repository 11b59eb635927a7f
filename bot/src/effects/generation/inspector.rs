//! Looking into the charges of generations that are open for long, whoever was at them.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::UserId;

use crate::generation::{GenerationApi, TaskId, TaskState};
use crate::ledger::{
    CaptureNote, Charge, ChargeKind, ChargeStage, ChargeState, Inspector, ReleaseReason, Verdict,
};

/// Asks the API what became of a generation whose person's session was lost, or waits.
#[derive(Debug)]
pub struct GenerationInspector(Arc<dyn GenerationApi>);

impl GenerationInspector {
    /// Asks this API.
    pub fn new(api: Arc<dyn GenerationApi>) -> Self {
        Self(api)
    }
}

#[async_trait]
impl Inspector for GenerationInspector {
    fn kind(&self) -> ChargeKind {
        ChargeKind::Generation
    }

    async fn inspect(&self, _: UserId, charge: &Charge) -> Verdict {
        let task = match &charge.state {
            // Who waits for the allowance of the API begins the hold anew twice in it: nobody is at this one any more.
            ChargeState::Open(ChargeStage::Reserved) => return Verdict::Release(ReleaseReason::NotOrdered),
            ChargeState::Open(ChargeStage::Submitted { task }) => TaskId::new(task),
            _ => return Verdict::Unknown,
        };
        let Ok(task) = task else {
            return Verdict::Unknown;
        };
        match self.0.task(&task).await {
            Ok(task) if task.state == TaskState::Succeeded => Verdict::Capture(CaptureNote {
                amount: None,
                outcome: Some(task.id.to_string()),
            }),
            Ok(task) if task.state == TaskState::Failed => {
                Verdict::Release(ReleaseReason::Failed("failed".to_owned()))
            }
            _ => Verdict::Unknown,
        }
    }
}
