//! What goes on, told as it happens to whoever wants to know: the latency log, the metrics, a page that shows it.
//!
//! Every kind of event passes through one method of [`Observer`], whatever part of the bot it happens in; [`Observers`] hands it on
//! to all of them, and [`Batched`] a little later to those who only count. An event carries names, ids, outcomes and durations, never what people wrote and never a secret.
//!
//! | event | method | told by |
//! |---|---|---|
//! | an update came | [`Observer::update_came`] | the runner |
//! | an update is not listened to | [`Observer::update_refused`] | the runner |
//! | a turn ended, well or not | [`Observer::turn_finished`] | the runner |
//! | a turn is computed again | [`Observer::turn_ran_again`] | the engine, the runner |
//! | an outside call's effect went on | [`Observer::effect_changed`] | the runner |
//! | a timer fired | [`Observer::timer_fired`] | the runner |
//! | an update was put aside | [`Observer::letter_put_aside`] | the runner |
//! | one request to an outside API ended | [`Observer::outside_call_finished`] | the clients |
//! | Telegram makes somebody wait | [`Observer::told_to_wait`], [`Observer::waited`] | the sender |
//! | an operation of the store ended | [`Observer::store_operation_finished`] | the store's layer |
//! | many of these, which went well | [`Observer::batch_came`] | [`Batched`] |

mod batch;
mod batched;
mod event;
mod latency_log;
pub(crate) mod redaction;
mod striped;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{SessionKey, StoreObserver, StoreOperationFinished, TurnObserver};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

pub use batch::{Batch, Routine};
pub use batched::Batched;
pub(crate) use event::kind_of;
pub use event::{
    Api, Cause, EffectChanged, EffectState, Failure, LetterPutAside, OperationName, OutsideCallFinished,
    Place, Refusal, RunAgain, TimerFired, TimerKind, TurnFinished, UpdateCame, UpdateRefused,
};
pub use latency_log::LatencyLog;

/// Is told what goes on. Each method does nothing unless it is overridden.
///
/// The methods are called in the middle of things, within the span of what they tell: they must be quick, must not block, and must
/// not panic. Behind [`Batched`] they may be called up to a second later, out of any span and by another thread.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// An update came, from wherever.
    fn update_came(&self, event: &UpdateCame) {
        let _ = event;
    }

    /// An update was not listened to, or not now.
    fn update_refused(&self, event: &UpdateRefused<'_>) {
        let _ = event;
    }

    /// A turn ended: it was committed and answered, or it failed, or it comes again.
    fn turn_finished(&self, event: &TurnFinished<'_>) {
        let _ = event;
    }

    /// A turn is computed or handed in once more.
    fn turn_ran_again(&self, key: &SessionKey, why: RunAgain) {
        let _ = (key, why);
    }

    /// An effect was started, came back, or was put off.
    fn effect_changed(&self, event: &EffectChanged<'_>) {
        let _ = event;
    }

    /// A timer fired.
    fn timer_fired(&self, event: &TimerFired<'_>) {
        let _ = event;
    }

    /// An update became a dead letter.
    fn letter_put_aside(&self, event: &LetterPutAside<'_>) {
        let _ = event;
    }

    /// One request to an outside API ended.
    fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
        let _ = event;
    }

    /// Telegram answered 429, and this long a pause goes with it.
    fn told_to_wait(&self, pause: Duration) {
        let _ = pause;
    }

    /// A call to Telegram was held back this long before it was made.
    fn waited(&self, duration: Duration) {
        let _ = duration;
    }

    /// An operation of the store ended, with all its repeats.
    fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
        let _ = event;
    }

    /// Many events at once, from [`Batched`]. Unless it is overridden, each is told by itself.
    fn batch_came(&self, batch: &Batch) {
        batch.for_each(|event| event.tell(self));
    }
}

/// All who are told what goes on, in their order. Clones share them; the default is nobody.
#[derive(Clone, Debug, Default)]
pub struct Observers(Arc<[Arc<dyn Observer>]>);

impl Observers {
    /// These.
    pub fn new(observers: impl IntoIterator<Item = Arc<dyn Observer>>) -> Self {
        Self(observers.into_iter().collect())
    }

    /// These, and one more.
    #[must_use]
    pub fn and(&self, observer: Arc<dyn Observer>) -> Self {
        Self(self.0.iter().map(Arc::clone).chain([observer]).collect())
    }

    /// Makes one request to an outside API in a span of its own, and tells how it ended. Whatever calls anything outside of the
    /// process should do so in here.
    ///
    /// `held_back` is how long the other side may keep the answer by our own wish (a long poll). `outcome` names what came:
    /// `ok`, or a stable word for the error.
    ///
    /// # Errors
    /// Those of the call.
    ///
    /// # Cancellation
    /// Dropping the future drops the call, and nobody is told.
    pub async fn call<T, E>(
        &self,
        api: Api,
        operation: impl Into<OperationName> + Send,
        held_back: Duration,
        outcome: impl FnOnce(&Result<T, E>) -> (&'static str, Option<u16>) + Send,
        call: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let operation = operation.into();
        // The span's name is what a trace shows, and has to be a constant.
        let span = match api {
            Api::Telegram => tracing::debug_span!("telegram", %operation, outcome = Empty),
            Api::Shipping => tracing::debug_span!("shipping", %operation, outcome = Empty),
            Api::Generation => tracing::debug_span!("generation", %operation, outcome = Empty),
        };
        let started = Instant::now();
        let result = call.instrument(span.clone()).await;
        let duration = started.elapsed();
        let (outcome, status) = outcome(&result);
        span.record("outcome", outcome);
        span.in_scope(|| {
            self.outside_call_finished(&OutsideCallFinished {
                api,
                operation: &operation,
                outcome,
                status,
                duration,
                held_back,
            });
        });
        result
    }
}

/// Each event goes to all of them.
macro_rules! hand_on {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        impl Observer for Observers {
            $(fn $method(&self, $($argument: $type),*) {
                for observer in &*self.0 {
                    observer.$method($($argument),*);
                }
            })*
        }
    };
}

hand_on! {
    update_came(event: &UpdateCame);
    update_refused(event: &UpdateRefused<'_>);
    turn_finished(event: &TurnFinished<'_>);
    turn_ran_again(key: &SessionKey, why: RunAgain);
    effect_changed(event: &EffectChanged<'_>);
    timer_fired(event: &TimerFired<'_>);
    letter_put_aside(event: &LetterPutAside<'_>);
    outside_call_finished(event: &OutsideCallFinished<'_>);
    told_to_wait(pause: Duration);
    waited(duration: Duration);
    store_operation_finished(event: &StoreOperationFinished<'_>);
    batch_came(batch: &Batch);
}

impl StoreObserver for Observers {
    fn store_operation_finished(&self, operation: &StoreOperationFinished<'_>) {
        Observer::store_operation_finished(self, operation);
    }
}

impl TurnObserver for Observers {
    fn turn_computed_again(&self, key: &SessionKey, _again: u32) {
        self.turn_ran_again(key, RunAgain::Conflict);
    }
}
