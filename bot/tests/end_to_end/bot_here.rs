//! The bot inside of the test's process, on a store of the test's own.

use std::ffi::OsString;
use std::sync::Arc;

use stepkeep::config::{Settings, Sources};
use stepkeep::run::run_on;
use stepkeep_core::SessionStore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::town::{API_KEY, TOKEN};

/// A running bot.
#[derive(Debug)]
pub(crate) struct BotHere {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl BotHere {
    /// Starts a bot that gets its updates from one sandbox, and its labels from the same or another.
    pub(crate) fn start(telegram: &str, shipping: &str, store: Arc<dyn SessionStore>) -> Self {
        Self::start_with(settings(telegram, shipping), store)
    }

    /// The same with these settings.
    pub(crate) fn start_with(settings: Settings, store: Arc<dyn SessionStore>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { run_on(&settings, store, &stop).await.expect("an orderly end") }
        });
        Self { stop, task }
    }

    /// Stops it, and waits until it has ended.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("no panic");
    }
}

/// The settings of a bot that gets its updates from one sandbox, and its labels from the same or another.
pub(crate) fn settings(telegram: &str, shipping: &str) -> Settings {
    settings_and(telegram, shipping, &[])
}

/// The same with settings of its own, as environment variables.
pub(crate) fn settings_and(telegram: &str, shipping: &str, others: &[(&str, String)]) -> Settings {
    let environment = [
        ("STEPKEEP_TELEGRAM_TOKEN", TOKEN.to_owned()),
        ("STEPKEEP_TELEGRAM_API_URL", telegram.to_owned()),
        ("STEPKEEP_SHIPPING_API_URL", format!("{shipping}/shipping")),
        ("STEPKEEP_SHIPPING_API_KEY", API_KEY.to_owned()),
        ("STEPKEEP_WELCOME_CREDIT", "1000.00".to_owned()),
        // The store is given below.
        ("STEPKEEP_STORE", "memory:".to_owned()),
        ("STEPKEEP_STATUS_LISTEN", "off".to_owned()),
    ];
    let environment = environment.into_iter().chain(others.iter().cloned());
    let environment = environment.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Settings::load(&Sources::new().with_environment(environment)).expect("settings")
}
