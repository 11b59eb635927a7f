//! One line for each turn and each outside call, louder when it was slow. The operations of the store have theirs from
//! `WithTracing`, by the same measure.

use stepkeep_core::{Slowness, event_at};
use tracing::Level;

use super::{Observer, OutsideCallFinished, Place, TurnFinished};

/// Logs how long turns and outside calls took, with their ids and outcomes, and never what was in them. The ids of a chat and of a
/// person stand in the span of the turn around; which call it was, in a span at debug level and in whatever is louder.
#[derive(Clone, Copy, Debug)]
pub struct LatencyLog {
    slowness: Slowness,
}

impl LatencyLog {
    /// A log that grows louder by this measure.
    pub const fn new(slowness: Slowness) -> Self {
        Self { slowness }
    }
}

impl Observer for LatencyLog {
    fn turn_finished(&self, event: &TurnFinished<'_>) {
        let TurnFinished {
            place,
            outcome,
            duration,
            latency,
            ..
        } = *event;
        // Whoever ends a turn tells of its failure, with what is needed to understand it.
        let level = self.slowness.level(latency.unwrap_or(duration));
        let duration_ms = millis(duration);
        let waited_ms = latency.map(|latency| millis(latency.saturating_sub(duration)));
        // The turn's span says where, as long as it is loud enough to be told.
        let place = place.filter(|_| level != Level::DEBUG);
        let (flow, step) = (place.map(Place::flow), place.map(Place::step));
        match event.failure {
            None => event_at!(level, flow, step, outcome, duration_ms, waited_ms, "answered"),
            Some(failure) => event_at!(
                level,
                flow,
                step,
                outcome,
                failure = failure.kind,
                duration_ms,
                waited_ms,
                "a turn went wrong"
            ),
        }
    }

    fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
        let OutsideCallFinished {
            api,
            operation,
            outcome,
            status,
            duration,
            held_back,
        } = *event;
        let level = self.slowness.level(duration.saturating_sub(held_back));
        let duration_ms = millis(duration);
        // What a failure means is for the caller to say, who may expect it or try again.
        match (level, outcome) {
            // The span around says which call, as long as it is loud enough to be there.
            (Level::DEBUG, "ok") => tracing::debug!(duration_ms, "outside call"),
            (Level::DEBUG, _) => tracing::debug!(duration_ms, status, "outside call failed"),
            (_, "ok") => {
                event_at!(level, api = api.as_str(), %operation, outcome, duration_ms, "outside call");
            }
            _ => event_at!(
                level,
                api = api.as_str(),
                %operation,
                outcome,
                duration_ms,
                status,
                "outside call failed"
            ),
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use parking_lot::Mutex;
    use stepkeep_core::{BotId, SessionKey, UserId};

    use super::*;
    use crate::observation::{Api, Cause, Failure, Observers, OperationName};
    use crate::telegram::Origin;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().clone()).unwrap()
        }
    }

    fn log() -> (Lines, tracing::subscriber::DefaultGuard) {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::level_filters::LevelFilter::DEBUG)
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    #[tokio::test(start_paused = true)]
    async fn outside_calls_are_told_the_louder_the_slower_and_a_long_poll_only_for_what_it_took_longer() {
        let (lines, _guard) = log();
        let observers = Observers::new([Arc::new(LatencyLog::new(Slowness::default())) as Arc<dyn Observer>]);
        for (millis, held_back, outcome) in [
            (999, 0, "ok"),
            (1_000, 0, "ok"),
            (2_000, 0, "timeout"),
            (5_000, 0, "ok"),
            (25_100, 25, "ok"),
        ] {
            let call = async {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok::<_, ()>(())
            };
            observers
                .call(
                    Api::Telegram,
                    OperationName::new("SendMessage"),
                    Duration::from_secs(held_back),
                    |_| (outcome, None),
                    call,
                )
                .await
                .unwrap();
        }
        insta::assert_snapshot!(lines.text(), @r#"
        DEBUG telegram{operation=sendMessage outcome="ok"}: outside call duration_ms=999
         INFO telegram{operation=sendMessage outcome="ok"}: outside call api="telegram" operation=sendMessage outcome="ok" duration_ms=1000
         WARN telegram{operation=sendMessage outcome="timeout"}: outside call failed api="telegram" operation=sendMessage outcome="timeout" duration_ms=2000
        ERROR telegram{operation=sendMessage outcome="ok"}: outside call api="telegram" operation=sendMessage outcome="ok" duration_ms=5000
        DEBUG telegram{operation=sendMessage outcome="ok"}: outside call duration_ms=25100
        "#);
    }

    #[test]
    fn a_turn_is_told_by_how_long_the_person_waited_and_without_what_went_wrong_in_it() {
        let (lines, _guard) = log();
        let key = SessionKey::private(BotId(7), UserId(42));
        for (duration, latency) in [
            (10, None),
            (10, Some(900)),
            (10, Some(2_010)),
            (6_000, Some(6_000)),
        ] {
            LatencyLog::new(Slowness::default()).turn_finished(&TurnFinished {
                key: &key,
                cause: Cause::Update {
                    id: 3,
                    origin: Origin::Polling,
                },
                place: Some(&Place::Home),
                outcome: "applied",
                duration: Duration::from_millis(duration),
                latency: latency.map(Duration::from_millis),
                failure: Some(Failure {
                    kind: "panic",
                    message: "1 Congress Ave",
                    step: None,
                }),
            });
        }
        insta::assert_snapshot!(lines.text(), @r#"
        DEBUG a turn went wrong outcome="applied" failure="panic" duration_ms=10
        DEBUG a turn went wrong outcome="applied" failure="panic" duration_ms=10 waited_ms=890
         WARN a turn went wrong flow="home" step="none" outcome="applied" failure="panic" duration_ms=10 waited_ms=2000
        ERROR a turn went wrong flow="home" step="none" outcome="applied" failure="panic" duration_ms=6000 waited_ms=0
        "#);
    }
}
