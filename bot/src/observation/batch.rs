//! Many events, kept together until they are told.

use std::fmt;
use std::time::Duration;

use stepkeep_core::{SessionKey, StoreOperation, StoreOperationFinished};

use super::{Api, Cause, Observer, OperationName, OutsideCallFinished, Place, TurnFinished, UpdateCame};

/// Events that come with every turn, all of which went well. What is lost is the key of a store's operation, and the status of
/// a call.
#[derive(Default)]
pub struct Batch {
    turns: Vec<Turn>,
    others: Vec<Other>,
}

/// One event of a batch.
#[derive(Clone, Copy, Debug)]
pub enum Routine<'a> {
    /// An update came.
    Update(&'a UpdateCame),
    /// One request to an outside API was answered.
    Call(&'a OutsideCallFinished<'a>),
    /// The store did what it was asked for.
    StoreOperation(&'a StoreOperationFinished<'a>),
    /// A turn ended well.
    Turn(&'a TurnFinished<'a>),
}

impl Routine<'_> {
    /// Tells it to somebody by itself.
    pub fn tell<O: Observer + ?Sized>(self, observer: &O) {
        match self {
            Self::Update(event) => observer.update_came(event),
            Self::Call(event) => observer.outside_call_finished(event),
            Self::StoreOperation(event) => observer.store_operation_finished(event),
            Self::Turn(event) => observer.turn_finished(event),
        }
    }
}

struct Turn {
    key: SessionKey,
    cause: Cause,
    place: Option<Place>,
    outcome: &'static str,
    duration: Duration,
    latency: Option<Duration>,
}

/// What there are several of in a turn. They are small.
enum Other {
    Update(UpdateCame),
    Call {
        api: Api,
        operation: OperationName,
        duration: Duration,
        held_back: Duration,
    },
    StoreOperation {
        operation: StoreOperation,
        backend: &'static str,
        duration: Duration,
    },
}

impl Batch {
    /// Looks at each of them: at the turns last, and else in the order in which they came.
    pub fn for_each(&self, mut look: impl FnMut(Routine<'_>)) {
        for event in &self.others {
            match event {
                Other::Update(event) => look(Routine::Update(event)),
                Other::Call {
                    api,
                    operation,
                    duration,
                    held_back,
                } => look(Routine::Call(&OutsideCallFinished {
                    api: *api,
                    operation,
                    outcome: "ok",
                    status: None,
                    duration: *duration,
                    held_back: *held_back,
                })),
                Other::StoreOperation {
                    operation,
                    backend,
                    duration,
                } => look(Routine::StoreOperation(&StoreOperationFinished::new(
                    *operation, backend, *duration,
                ))),
            }
        }
        for turn in &self.turns {
            look(Routine::Turn(&TurnFinished {
                key: &turn.key,
                cause: turn.cause,
                place: turn.place.as_ref(),
                outcome: turn.outcome,
                duration: turn.duration,
                latency: turn.latency,
                failure: None,
            }));
        }
    }

    /// So many turns are in it.
    pub(super) fn turns(&self) -> usize {
        self.turns.len()
    }

    /// So many other events are in it.
    pub(super) fn others(&self) -> usize {
        self.others.len()
    }

    pub(super) fn clear(&mut self) {
        self.turns.clear();
        self.others.clear();
    }

    pub(super) fn add_update(&mut self, event: &UpdateCame) {
        self.others.push(Other::Update(*event));
    }

    pub(super) fn add_call(&mut self, event: &OutsideCallFinished<'_>) {
        self.others.push(Other::Call {
            api: event.api,
            operation: *event.operation,
            duration: event.duration,
            held_back: event.held_back,
        });
    }

    pub(super) fn add_store_operation(&mut self, event: &StoreOperationFinished<'_>) {
        self.others.push(Other::StoreOperation {
            operation: event.operation,
            backend: event.backend,
            duration: event.duration,
        });
    }

    pub(super) fn add_turn(&mut self, event: &TurnFinished<'_>) {
        self.turns.push(Turn {
            key: event.key.clone(),
            cause: event.cause,
            place: event.place.cloned(),
            outcome: event.outcome,
            duration: event.duration,
            latency: event.latency,
        });
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { turns, others } = self;
        write!(f, "{} turns and {} other events", turns.len(), others.len())
    }
}
