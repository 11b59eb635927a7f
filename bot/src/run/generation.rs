//! Puts together what AI generations need, where there is an API for them.

use std::sync::Arc;

use anyhow::Context;
use stepkeep_core::Clock;

use super::CERTIFICATES;
use crate::catalogue::{AccountCatalogue, ModelCatalogue, ResultsCatalogue};
use crate::config::{GenerationSettings, Settings};
use crate::effects::{
    GenerationCare, GenerationEffects, GenerationInspector, ResultFiles, SentFiles,
};
use crate::failure::Failure;
use crate::flows::generation::GenerationOffer;
use crate::generation::{GenerationApi, KieClient, KieConfig};
use crate::ledger::Ledger;
use crate::observation::Observers;

/// The client of the generation API, if there is a key for it.
pub(super) fn client(
    settings: &Settings,
    observers: &Observers,
) -> anyhow::Result<Option<Arc<dyn GenerationApi>>> {
    let Some(settings) = &settings.generation else {
        return Ok(None);
    };
    let config = KieConfig {
        upload_url: settings.upload_url.clone(),
        observers: observers.clone(),
        ..KieConfig::new(settings.api_url.clone(), settings.api_key.clone())
    };
    let client = KieClient::new(config).context(Failure::new(
        "the client of the generation API can't be set up",
        CERTIFICATES,
    ))?;
    Ok(Some(Arc::new(client)))
}

/// All that generations are made with.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) effects: GenerationEffects,
    pub(super) offer: GenerationOffer,
    pub(super) files: ResultFiles,
    pub(super) inspector: GenerationInspector,
}

/// What a bot has before it can make generations.
#[derive(Debug)]
pub(super) struct Workshop<'a> {
    pub(super) settings: &'a GenerationSettings,
    pub(super) api: &'a Arc<dyn GenerationApi>,
    pub(super) models: &'a ModelCatalogue,
    pub(super) results: &'a ResultsCatalogue,
    pub(super) accounts: &'a AccountCatalogue,
    pub(super) ledger: &'a Ledger,
    pub(super) sent: Arc<dyn SentFiles>,
    pub(super) clock: &'a Arc<dyn Clock>,
}

impl Generation {
    pub(super) fn new(workshop: Workshop<'_>) -> anyhow::Result<Self> {
        let Workshop {
            settings,
            api,
            models,
            results,
            accounts,
            ledger,
            sent,
            clock,
        } = workshop;
        let prices = settings.prices(ledger.config().currency);
        let prices = prices.context(Failure::new(
            "the prices of generations can't be read",
            "look at STEPKEEP_GENERATION_PRICES",
        ))?;
        let care = GenerationCare {
            hold: ledger.config().reservation_hold,
            ..GenerationCare::default()
        };
        Ok(Self {
            effects: GenerationEffects::new(
                Arc::clone(api),
                models.clone(),
                accounts.clone(),
                ledger.clone(),
                sent,
                Arc::clone(clock),
                care,
            ),
            offer: GenerationOffer {
                models: Arc::new(models.clone()),
                prices: Arc::new(prices),
                balances: Arc::new(accounts.clone()),
                longest_prompt: settings.longest_prompt,
                longest_error: settings.longest_error,
            },
            files: ResultFiles::new(Arc::clone(api), results.clone()),
            inspector: GenerationInspector::new(Arc::clone(api)),
        })
    }
}
