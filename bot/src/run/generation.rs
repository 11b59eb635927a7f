//! Puts together what AI generations need, where there is an API for them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use stepkeep_core::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::CERTIFICATES;
use crate::catalogue::Catalogues;
use crate::config::{CallbackSettings, Settings};
use crate::effects::{
    Callbacks, GenerationCare, GenerationEffects, GenerationInspector, ResultFiles, TelegramFiles,
};
use crate::failure::Failure;
use crate::flows::generation::GenerationOffer;
use crate::generation::{CallbackServer, GenerationApi, KieClient, KieConfig, TaskHints};
use crate::ledger::Ledger;
use crate::observation::Observers;
use crate::telegram::TelegramClient;

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

impl Generation {
    /// What generations are made with, if there is an API for them.
    pub(super) async fn of(
        settings: &Settings,
        api: Option<Arc<dyn GenerationApi>>,
        catalogues: &Catalogues,
        ledger: &Ledger,
        telegram: &TelegramClient,
        (clock, stop): (&Arc<dyn Clock>, &CancellationToken),
    ) -> anyhow::Result<Option<Self>> {
        let (Some(settings), Some(api)) = (&settings.generation, api) else {
            return Ok(None);
        };
        let Catalogues {
            models: Some(models),
            results: Some(results),
            accounts: Some(accounts),
            ..
        } = catalogues.clone()
        else {
            return Ok(None);
        };
        let prices = settings.prices(ledger.config().currency);
        let prices = prices.context(Failure::new(
            "the prices of generations can't be read",
            "look at STEPKEEP_GENERATION_PRICES",
        ))?;
        let care = GenerationCare {
            hold: ledger.config().reservation_hold,
            ..GenerationCare::default()
        };
        let effects = GenerationEffects::new(
            Arc::clone(&api),
            models.clone(),
            accounts.clone(),
            ledger.clone(),
            Arc::new(TelegramFiles::new(telegram.clone())),
            Arc::clone(clock),
            care,
        );
        let effects = match &settings.callbacks {
            Some(callbacks) => effects.with_callbacks(listen(callbacks, clock, stop).await?),
            None => effects,
        };
        Ok(Some(Self {
            effects,
            offer: GenerationOffer {
                models: Arc::new(models),
                prices: Arc::new(prices),
                balances: Arc::new(accounts),
                longest_prompt: settings.longest_prompt,
                longest_error: settings.longest_error,
            },
            files: ResultFiles::new(Arc::clone(&api), results),
            inspector: GenerationInspector::new(api),
        }))
    }
}

/// Listens for the API's calls, until stopped.
async fn listen(
    settings: &CallbackSettings,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> anyhow::Result<Callbacks> {
    let CallbackSettings { url, listen, key } = settings.clone();
    let hints = TaskHints::default();
    let server = CallbackServer::bind(listen, url.path(), key, hints.clone(), Arc::clone(clock));
    let server = server.await.with_context(|| {
        Failure::new(
            format!("the bot can't listen at {listen} for the generation API"),
            "name another address in STEPKEEP_KIE_CALLBACK_LISTEN, or end the program that has this one",
        )
    })?;
    let stop = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        if let Err(error) = server.serve(stop).await {
            tracing::error!(%error, "the generation API's calls aren't heard any more; the bot asks by itself");
        }
    });
    Ok(Callbacks { url, hints })
}

/// Keeps what models ask for at hand, until stopped.
pub(super) fn keep_learning(
    catalogues: &Catalogues,
    every: Duration,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let (models, stop) = (catalogues.models.clone(), stop.clone());
    tokio::spawn(async move {
        let Some(models) = models else {
            return;
        };
        let learning = async {
            loop {
                models.learn().await;
                tokio::time::sleep(every).await;
            }
        };
        stop.run_until_cancelled(learning).await;
    })
}
