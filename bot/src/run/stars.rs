//! Puts together what paying with Telegram's Stars needs.

use std::sync::Arc;

use stepkeep_core::Clock;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::flows::balance::StarsOffer;
use crate::ledger::Ledger;
use crate::stars::{InvoiceKey, StarsDesk, reconcile};
use crate::telegram::TelegramClient;

/// What is offered, and where payments are booked: those also while nothing is offered.
#[derive(Debug)]
pub(super) struct Stars {
    pub(super) offer: Option<StarsOffer>,
    pub(super) desk: Arc<StarsDesk>,
}

impl Stars {
    pub(super) fn of(settings: &Settings, ledger: &Ledger) -> Self {
        let key = || InvoiceKey::derived_from(&settings.telegram.token);
        let offer = settings.stars.as_ref().map(|stars| StarsOffer {
            packages: stars.packages.clone(),
            key: Arc::new(key()),
            support: stars.support.clone(),
            terms: stars.terms.clone(),
        });
        let packages = offer.iter().flat_map(|offer| offer.packages.clone()).collect();
        let desk = Arc::new(StarsDesk::new(ledger.clone(), key(), packages));
        Self { offer, desk }
    }

    /// Looks once, in the background, for payments that were missed, if there can be any. When that fails, the bot goes on.
    pub(super) fn catch_up(
        &self,
        telegram: &TelegramClient,
        clock: &Arc<dyn Clock>,
        stop: &CancellationToken,
    ) {
        if self.offer.is_none() {
            return;
        }
        let (desk, telegram) = (Arc::clone(&self.desk), telegram.clone());
        let (now, stop) = (clock.now(), stop.clone());
        tokio::spawn(async move {
            match stop.run_until_cancelled(reconcile(&desk, &telegram, now)).await {
                None => {}
                Some(Ok(payments)) => tracing::info!(payments, "it was looked for payments that were missed"),
                Some(Err(error)) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "it could not be looked for payments that were missed; the next start does"
                ),
            }
        });
    }
}
