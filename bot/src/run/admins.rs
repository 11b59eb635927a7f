//! Puts together what admins' commands need, and whom the bot knows.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{BotId, Clock};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::watched::Watched;
use crate::broadcast::{BroadcastWorker, Broadcasts, WorkerParts};
use crate::config::Settings;
use crate::effects::AdminEffects;
use crate::flows::flow_maps;
use crate::ledger::Ledger;
use crate::localization::Localizer;
use crate::metrics::BroadcastCollector;
use crate::observation::Observer;
use crate::overview::{OverviewConfig, OverviewParts, Overviews};
use crate::people::{People, PeopleKeeper, PeopleObserver};
use crate::telegram::Sender;

/// How long the messages of a broadcast that are on their way may take when the bot is stopped.
const CLOSING: Duration = Duration::from_secs(5);

/// What admins' commands are obeyed with.
#[derive(Debug)]
pub(super) struct Admins {
    overviews: Overviews,
    broadcasts: Broadcasts,
    observer: Arc<PeopleObserver>,
    keeper: PeopleKeeper,
    /// Messages a second; `None` when there is no admin, who alone could begin a broadcast.
    rate: Option<u32>,
}

/// The same, at work.
#[derive(Debug)]
pub(super) struct AdminsAtWork {
    noting: JoinHandle<()>,
    broadcasting: Option<JoinHandle<()>>,
}

impl Admins {
    pub(super) fn of(
        settings: &Settings,
        watched: &Watched,
        ledger: &Ledger,
        clock: &Arc<dyn Clock>,
        bot: BotId,
    ) -> Self {
        let store = || Arc::clone(&watched.store);
        let broadcasts = Broadcasts::new(store(), Arc::clone(clock), bot);
        let metrics = &watched.telemetry.metrics;
        metrics.register(Arc::new(BroadcastCollector::new(broadcasts.figures())));
        let (observer, keeper) = People::new(store(), Arc::clone(clock), bot).noted_by();
        Self {
            overviews: Overviews::new(OverviewParts {
                store: store(),
                administration: watched.administration.clone(),
                ledger: ledger.clone(),
                clock: Arc::clone(clock),
                bot,
                flows: flow_maps(),
                config: OverviewConfig::default(),
            }),
            broadcasts,
            observer,
            keeper,
            rate: (!settings.admins.is_empty()).then_some(settings.broadcast_rate),
        }
    }

    /// Makes the calls of admins' commands.
    pub(super) fn effects(&self) -> AdminEffects {
        AdminEffects::new(self.overviews.clone(), self.broadcasts.clone())
    }

    /// Hears who has a turn.
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        Arc::<PeopleObserver>::clone(&self.observer)
    }

    /// Notes people, and works on broadcasts, until stopped.
    pub(super) fn work(
        self,
        sender: &Arc<Sender>,
        localizer: Arc<Localizer>,
        stop: &CancellationToken,
    ) -> AdminsAtWork {
        let Self {
            broadcasts,
            keeper,
            rate,
            ..
        } = self;
        let noting = tokio::spawn({
            let stop = stop.clone();
            async move { keeper.run(&stop).await }
        });
        let broadcasting = rate.map(|rate| {
            let worker = BroadcastWorker::new(WorkerParts {
                broadcasts,
                sender: Arc::clone(sender),
                localizer,
                rate,
            });
            let stop = stop.clone();
            tokio::spawn(async move { worker.run(&stop).await })
        });
        AdminsAtWork { noting, broadcasting }
    }
}

impl AdminsAtWork {
    /// Waits until what is on its way is noted. Past a deadline it is left to the next process.
    pub(super) async fn finish(self) {
        let Self { noting, broadcasting } = self;
        if let Some(mut broadcasting) = broadcasting
            && tokio::time::timeout(CLOSING, &mut broadcasting).await.is_err()
        {
            broadcasting.abort();
            tracing::warn!("a broadcast is left to another process in the middle of some messages");
        }
        noting.abort();
    }
}
