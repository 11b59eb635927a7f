//! The outside calls that turns ask for: who makes them, outside of any turn.

mod admin;
mod documents;
mod generation;
mod label_payments;
mod ledger;
mod result_files;
mod router;
mod settling;
mod shipping;
mod stars;
mod telegram_files;

use std::fmt;

use async_trait::async_trait;
use stepkeep_core::{FieldValue, PendingEffect};

pub use admin::AdminEffects;
pub use documents::{Document, DocumentError, Documents, LabelDocuments};
pub use generation::{
    Callbacks, FileTrouble, GenerationCare, GenerationEffects, GenerationInspector, RESULT_SOURCE, SentFiles,
};
pub use label_payments::LabelInspector;
pub use ledger::LedgerEffects;
pub use result_files::{DocumentsBySource, ResultFiles};
pub use router::EffectsByName;
pub use settling::SettlingEffects;
pub use shipping::ShippingEffects;
pub use stars::StarsRefunds;
pub use telegram_files::TelegramFiles;

/// Makes outside calls.
#[async_trait]
pub trait Effects: fmt::Debug + Send + Sync + 'static {
    /// Makes a call, and answers what it brought.
    ///
    /// It may be made more than once for the same effect ([`PendingEffect::recoveries`] says how often a process took it up
    /// before), also while an earlier process's request is still on its way: a call that must happen once looks first
    /// whether it did.
    async fn run(&self, effect: &PendingEffect) -> EffectResult;

    /// The outcome of a call that was made too often without one, for the flow to tell the person; `None` when this
    /// version doesn't know the call, which is then left to a newer one.
    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue>;
}

/// What became of an outside call.
#[derive(Clone, Debug, PartialEq)]
pub enum EffectResult {
    /// It came back, well or not: the flow takes it from here.
    Finished(FieldValue),
    /// It is not known what became of it. The effect stays pending, and is taken up again when its lease is over.
    Later,
}
