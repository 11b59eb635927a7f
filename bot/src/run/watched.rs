//! A bot's store, and what operators see of the bot on it.

use std::sync::Arc;

use anyhow::Context;
use stepkeep_core::{SessionStore, StoreAdministration, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::config::{Delivery, Settings};
use crate::failure::Failure;
use crate::flows::flow_maps;
use crate::status::{Status, StatusParts, StatusServer};
use crate::telemetry::Telemetry;

/// A store, who is told what goes on, and what can be seen of it.
pub(super) struct Watched {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) telemetry: Telemetry,
    pub(super) status: Status,
    /// What the store tells of itself, if it does.
    pub(super) administration: Option<Arc<dyn StoreAdministration>>,
    server: Option<StatusServer>,
}

impl Watched {
    /// Begins before the bot does, so that it can be seen how that starts.
    pub(super) async fn start(
        settings: &Settings,
        store: Arc<dyn SessionStore>,
        telemetry: Telemetry,
        administration: Option<Arc<dyn StoreAdministration>>,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let metrics = telemetry.metrics.clone();
        let status = Status::new(StatusParts {
            bot: settings.telegram.token.clone(),
            delivery: match settings.webhook {
                Some(_) => Delivery::Webhook,
                None => Delivery::Polling,
            },
            store: Arc::clone(&store),
            administration: administration.clone(),
            backend: settings.store.backend().feature().to_owned(),
            flows: flow_maps(),
            activity: Arc::clone(&telemetry.activity),
            batched: Some(Arc::clone(&telemetry.batched)),
            metrics: Some(Arc::new(move || metrics.render())),
            clock: Arc::new(SystemClock),
            stopping: stop.clone(),
        });
        let server = StatusServer::start(&settings.status, &status).await;
        let server = server.context(Failure::new(
            "there would be no way to look at the bot",
            "name another address in STEPKEEP_STATUS_LISTEN, say off there, or end the program that has this one",
        ))?;
        Ok(Self {
            store,
            telemetry,
            status,
            administration,
            server,
        })
    }

    /// Where operators look, if they can.
    pub(super) fn server(&self) -> Option<&StatusServer> {
        self.server.as_ref()
    }

    pub(super) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
