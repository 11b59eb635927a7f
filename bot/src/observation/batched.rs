//! Events that come with every turn, handed on many at a time.

use std::mem;
use std::time::Duration;

use parking_lot::Mutex;
use stepkeep_core::{SessionKey, StoreOperationFinished};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::striped::Striped;
use super::{
    EffectChanged, LetterPutAside, Observer, Observers, OutsideCallFinished, RunAgain, TimerFired,
    TurnFinished, UpdateCame, UpdateRefused,
};
use crate::metrics::Collector;

/// So many turns of a thread wait at most, and so many other events.
const MOST_TURNS: usize = 32;
const MOST_EVENTS: usize = 128;

/// The longest that an event waits.
const HANDED_ON_EVERY: Duration = Duration::from_secs(1);

/// Tells its observers a little later, and many events at once.
///
/// To count one event reads a hundred places in memory, which a turn has driven out of the processor's caches before the next
/// event comes: counted together, most of them are found there. So this is for observers that count, and don't mind a
/// second; one that logs has to be told within the span of what it tells.
///
/// What comes with every turn waits: updates that came, and turns, outside calls and operations of the store that went well. All
/// else, and whatever failed, is handed on at once. Call [`hand_on`](Self::hand_on) before somebody looks at what was counted,
/// and let [`keep_up`](Self::keep_up) run, so that nothing gets old.
///
/// The key of a store's operation, and the status of a call that went well, are not kept.
#[derive(Debug)]
pub struct Batched {
    observers: Observers,
    kept: Striped<Mutex<Batch>>,
}

impl Batched {
    /// Tells these.
    pub fn new(observers: Observers) -> Self {
        let kept = Striped::new(Mutex::default);
        Self { observers, kept }
    }

    /// Tells whatever is not told yet.
    pub fn hand_on(&self) {
        for kept in self.kept.all() {
            self.tell(&mut kept.lock());
        }
    }

    /// Hands on each second, until stopped.
    pub async fn keep_up(&self, stop: &CancellationToken) {
        let mut ticks = interval(HANDED_ON_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let keeping = async {
            loop {
                ticks.tick().await;
                self.hand_on();
            }
        };
        stop.run_until_cancelled(keeping).await;
    }

    fn keep(&self, add: impl FnOnce(&mut Batch)) {
        let mut kept = self.kept.mine().lock();
        add(&mut kept);
        if kept.others() >= MOST_EVENTS || kept.turns() >= MOST_TURNS {
            self.tell(&mut kept);
        }
    }

    fn tell(&self, batch: &mut Batch) {
        // Out of its place meanwhile: should an observer panic, it is lost, and not told for ever.
        let mut told = mem::take(batch);
        self.observers.batch_came(&told);
        told.clear();
        *batch = told;
    }
}

/// Whoever asks for the metrics gets them up to date.
impl Collector for Batched {
    fn collect(&self) {
        self.hand_on();
    }
}

impl Observer for Batched {
    fn update_came(&self, event: &UpdateCame) {
        self.keep(|batch| batch.add_update(event));
    }

    fn update_refused(&self, event: &UpdateRefused<'_>) {
        self.observers.update_refused(event);
    }

    fn turn_finished(&self, event: &TurnFinished<'_>) {
        if event.failure.is_some() {
            self.observers.turn_finished(event);
            return;
        }
        self.keep(|batch| batch.add_turn(event));
    }

    fn turn_ran_again(&self, key: &SessionKey, why: RunAgain) {
        self.observers.turn_ran_again(key, why);
    }

    fn effect_changed(&self, event: &EffectChanged<'_>) {
        self.observers.effect_changed(event);
    }

    fn timer_fired(&self, event: &TimerFired<'_>) {
        self.observers.timer_fired(event);
    }

    fn letter_put_aside(&self, event: &LetterPutAside<'_>) {
        self.observers.letter_put_aside(event);
    }

    fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
        if event.outcome != "ok" {
            self.observers.outside_call_finished(event);
            return;
        }
        self.keep(|batch| batch.add_call(event));
    }

    fn told_to_wait(&self, pause: Duration) {
        self.observers.told_to_wait(pause);
    }

    fn waited(&self, duration: Duration) {
        self.observers.waited(duration);
    }

    fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
        if event.error.is_some() {
            Observer::store_operation_finished(&self.observers, event);
            return;
        }
        self.keep(|batch| batch.add_store_operation(event));
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::Arc;

    use stepkeep_core::{BotId, FlowName, StepName, StoreError, StoreErrorKind, StoreOperation, UserId};

    use super::*;
    use crate::observation::{Api, Cause, Failure, OperationName, Place};
    use crate::telegram::Origin;

    /// Writes down what it is told.
    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<String>>);

    impl Told {
        fn note(&self, event: &dyn fmt::Debug) {
            self.0.lock().push(format!("{event:?}"));
        }

        fn take(&self) -> Vec<String> {
            mem::take(&mut *self.0.lock())
        }
    }

    impl Observer for Told {
        fn update_came(&self, event: &UpdateCame) {
            self.note(event);
        }

        fn turn_finished(&self, event: &TurnFinished<'_>) {
            self.note(event);
        }

        fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
            self.note(event);
        }

        fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
            self.note(event);
        }

        fn waited(&self, duration: Duration) {
            self.note(&duration);
        }
    }

    fn batched() -> (Arc<Told>, Batched) {
        let told = Arc::new(Told::default());
        let observer: Arc<dyn Observer> = Arc::<Told>::clone(&told);
        (told, Batched::new(Observers::new([observer])))
    }

    fn update(update_id: i64) -> UpdateCame {
        UpdateCame {
            update_id,
            origin: Origin::Polling,
            kind: "text",
            attempt: 1,
        }
    }

    const CALLED: OperationName = OperationName::new("SendMessage");

    fn call(outcome: &'static str) -> OutsideCallFinished<'static> {
        OutsideCallFinished {
            api: Api::Telegram,
            operation: &CALLED,
            outcome,
            status: (outcome != "ok").then_some(502),
            duration: Duration::from_millis(7),
            held_back: Duration::from_millis(2),
        }
    }

    const READ: StoreOperationFinished<'_> =
        StoreOperationFinished::new(StoreOperation::Get, "sqlite", Duration::from_micros(9));

    #[test]
    fn what_went_well_is_told_when_somebody_looks_and_word_for_word() {
        let (told, batched) = batched();
        let key = SessionKey::private(BotId(1), UserId(2));
        let place = Place::Step(FlowName::constant("shipping"), StepName::constant("city"));
        let turn = TurnFinished {
            key: &key,
            cause: Cause::Update {
                id: 5,
                origin: Origin::Webhook,
            },
            place: Some(&place),
            outcome: "applied",
            duration: Duration::from_millis(3),
            latency: Some(Duration::from_millis(4)),
            failure: None,
        };
        batched.update_came(&update(5));
        batched.outside_call_finished(&call("ok"));
        Observer::store_operation_finished(&batched, &READ);
        batched.turn_finished(&turn);
        assert!(told.take().is_empty());

        batched.collect();
        let expected = [
            format!("{:?}", update(5)),
            format!("{:?}", call("ok")),
            format!("{READ:?}"),
            format!("{turn:?}"),
        ];
        assert_eq!(told.take(), expected);
        batched.hand_on();
        assert!(told.take().is_empty(), "nothing is told twice");
    }

    #[test]
    fn what_failed_and_what_is_rare_is_told_at_once() {
        let (told, batched) = batched();
        let key = SessionKey::private(BotId(1), UserId(2));
        let error = StoreError::new(StoreErrorKind::Unavailable, StoreOperation::Get, "sqlite");
        let mut unread = READ;
        unread.key = Some(&key);
        unread.error = Some(&error);
        let turn = TurnFinished {
            key: &key,
            cause: Cause::Timer,
            place: None,
            outcome: "failed",
            duration: Duration::ZERO,
            latency: None,
            failure: Some(Failure {
                kind: "store",
                message: "the store is away",
                step: None,
            }),
        };
        batched.outside_call_finished(&call("timeout"));
        Observer::store_operation_finished(&batched, &unread);
        batched.turn_finished(&turn);
        batched.waited(Duration::from_secs(1));
        let expected = [
            format!("{:?}", call("timeout")),
            format!("{unread:?}"),
            format!("{turn:?}"),
            "1s".to_owned(),
        ];
        assert_eq!(told.take(), expected);
    }

    #[test]
    fn a_thread_keeps_no_more_than_so_many_and_none_is_lost() {
        let (told, batched) = batched();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (0..MOST_EVENTS).for_each(|_| batched.update_came(&update(1))));
            }
        });
        let by_themselves = told.take().len();
        assert!(by_themselves >= MOST_EVENTS, "{by_themselves}");
        batched.hand_on();
        assert_eq!(by_themselves + told.take().len(), 20 * MOST_EVENTS);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_longer_than_a_second() {
        let (told, batched) = batched();
        let stop = CancellationToken::new();
        let looking = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            batched.update_came(&update(1));
            assert!(told.take().is_empty());
            tokio::time::sleep(HANDED_ON_EVERY).await;
            assert_eq!(told.take().len(), 1);
            stop.cancel();
        };
        tokio::join!(batched.keep_up(&stop), looking);
    }
}
