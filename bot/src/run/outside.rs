//! All that the dialogues ask of the outside world, put together.

use std::sync::Arc;

use stepkeep_core::{BotId, SessionStore};

use super::generation::Generation;
use crate::catalogue::Catalogues;
use crate::effects::{
    AdminEffects, DocumentsBySource, EffectsByName, GenerationEffects, LabelDocuments, LabelInspector,
    LedgerEffects, RESULT_SOURCE, SettlingEffects, ShippingEffects, StarsRefunds,
};
use crate::flows::shipping::LABEL_SOURCE;
use crate::ledger::{Inspector, Ledger, LedgerWatch, OperatorNotices};
use crate::shipping::ShippingApi;
use crate::telegram::TelegramClient;

/// Whoever makes the outside calls of the dialogues, gets the files that they name, and looks into charges that are open for
/// long.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) effects: EffectsByName,
    pub(super) documents: DocumentsBySource,
    pub(super) ledger_watch: LedgerWatch,
}

impl Outside {
    /// The same, and what admins ask for.
    pub(super) fn with_admins(self, admins: AdminEffects) -> Self {
        Self {
            effects: self.effects.with(&AdminEffects::NAMES, admins),
            ..self
        }
    }

    /// `sessions` are those of the dialogues, with the bot whose they are.
    pub(super) fn of(
        ledger: &Ledger,
        shipping: &Arc<dyn ShippingApi>,
        catalogues: &Catalogues,
        generation: Option<Generation>,
        notices: Arc<dyn OperatorNotices>,
        (store, bot): (Arc<dyn SessionStore>, BotId),
    ) -> Self {
        let labels = ShippingEffects::new(Arc::clone(shipping), catalogues.rates.clone());
        let mut effects = EffectsByName::new()
            .with(&ShippingEffects::NAMES, labels.with_ledger(ledger.clone()))
            .with(
                &LedgerEffects::NAMES,
                LedgerEffects::new(ledger.clone(), store, bot),
            )
            .with(&SettlingEffects::NAMES, SettlingEffects::new(ledger.clone()));
        let mut documents =
            DocumentsBySource::new().with(LABEL_SOURCE, LabelDocuments::new(Arc::clone(shipping)));
        let mut inspectors: Vec<Arc<dyn Inspector>> =
            vec![Arc::new(LabelInspector::new(Arc::clone(shipping)))];
        if let Some(generation) = generation {
            let generating = generation.effects.with_notices(Arc::clone(&notices));
            effects = effects.with(&GenerationEffects::NAMES, generating);
            documents = documents.with(RESULT_SOURCE, generation.files);
            inspectors.push(Arc::new(generation.inspector));
        }
        Self {
            effects,
            documents,
            ledger_watch: LedgerWatch::new(ledger.clone(), inspectors).with_notices(notices),
        }
    }

    /// The same, and Stars can be given back.
    pub(super) fn with_stars(mut self, ledger: &Ledger, telegram: &TelegramClient) -> Self {
        let refunds = StarsRefunds::new(ledger.clone(), Arc::new(telegram.clone()));
        self.effects = self.effects.with(&StarsRefunds::NAMES, refunds);
        self
    }
}
