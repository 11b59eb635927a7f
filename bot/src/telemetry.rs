//! Who is told what goes on in a running bot: the latency log, the metrics, and whoever else is added.

use std::sync::Arc;

use stepkeep_core::SystemClock;

use crate::config::Settings;
use crate::metrics::Metrics;
use crate::observation::{Batched, LatencyLog, Observer, Observers};
use crate::status::Activity;

/// The metrics of a bot, and all who are told what goes on in it.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// The figures, to be rendered by whatever serves them.
    pub metrics: Metrics,
    /// What happened lately, to be shown on the dashboard.
    pub activity: Arc<Activity>,
    /// Through whom these two are told: they are up to date once it has handed on what it keeps, which rendering the metrics
    /// sees to.
    pub batched: Arc<Batched>,
    /// Who is told; the metrics, the activity and the latency log are among them.
    pub observers: Observers,
}

impl Telemetry {
    /// The latency log and metrics of its own, as these settings say.
    pub fn new(settings: &Settings) -> Self {
        let metrics = Metrics::new();
        let log: Arc<dyn Observer> = Arc::new(LatencyLog::new(settings.slowness));
        let activity = Arc::new(Activity::new(Arc::new(SystemClock)));
        let seen: Arc<dyn Observer> = Arc::<Activity>::clone(&activity);
        let batched = Arc::new(Batched::new(Observers::new([metrics.observer(), seen])));
        metrics.register(Arc::<Batched>::clone(&batched));
        let observers = Observers::new([log, Arc::<Batched>::clone(&batched)]);
        Self {
            metrics,
            activity,
            batched,
            observers,
        }
    }

    /// The same, and this observer is told too.
    #[must_use]
    pub fn and(self, observer: Arc<dyn Observer>) -> Self {
        let observers = self.observers.and(observer);
        Self { observers, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use crate::observation::UpdateCame;
    use crate::telegram::Origin;

    #[test]
    fn rendered_metrics_have_what_still_waits_in_a_batch() {
        let fixed = [
            ("telegram_token", format!("1:{}", "A".repeat(35))),
            ("shipping_api_key", "none".to_owned()),
        ];
        let settings = Settings::load(&Sources::new().with_fixed("the test", fixed)).unwrap();
        let telemetry = Telemetry::new(&settings);
        for count in 1..4 {
            telemetry.observers.update_came(&UpdateCame {
                update_id: count,
                origin: Origin::Polling,
                kind: "text",
                attempt: 1,
            });
            let metrics = telemetry.metrics.render();
            let line = format!(r#"stepkeep_updates_received_total{{origin="polling",kind="text"}} {count}"#);
            assert!(metrics.lines().any(|shown| shown == line), "{metrics}");
        }
    }
}
