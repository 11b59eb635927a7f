//! One person, one bot, one store; and what the person does.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{
    BotId, Clock, Committed, Faults, FieldValue, Input, InputId, InputKind, ManualClock, MemoryStorage,
    OperationCounts, Outcome, PendingEffect, Reply, Session, SessionKey, SessionStore, Tap, Timestamp,
    TurnEngine, TurnError, UserId, WithCounts, WithFaults,
};

use crate::rivals::{Rivals, Waiting};
use crate::toy;

/// What is counted is what the engine asks of its store.
pub(crate) struct World {
    pub(crate) memory: MemoryStorage,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: TurnEngine,
    pub(crate) counts: Arc<OperationCounts>,
    pub(crate) faults: Faults,
    pub(crate) rivals: Waiting,
}

pub(crate) fn key() -> SessionKey {
    SessionKey::private(BotId(7), UserId(42))
}

/// An engine of another process on the same sessions.
fn engine_on(memory: &MemoryStorage, clock: &Arc<ManualClock>) -> TurnEngine {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    TurnEngine::new(Arc::new(memory.clone()), toy::flows(), clock)
}

impl World {
    pub(crate) fn new() -> Self {
        let memory = MemoryStorage::new();
        let (faults, rivals) = (Faults::default(), Waiting::default());
        let clock = Arc::new(ManualClock::at(Timestamp::EPOCH + Duration::from_hours(1_000)));
        let store = WithFaults::new(memory.clone(), &faults);
        let store = WithCounts::new(Rivals::new(store, memory.clone(), &rivals));
        let counts = store.counts();
        let engine = TurnEngine::new(
            Arc::new(store),
            toy::flows(),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        Self {
            memory,
            clock,
            engine,
            counts,
            faults,
            rivals,
        }
    }

    /// A world in which the person is in the order's first step, by the updates 1 and 2.
    pub(crate) async fn in_order() -> (Self, Committed) {
        let world = Self::new();
        let menu = applied(world.send(1, command("start", "")).await);
        world.confirm(&menu).await;
        let first = applied(world.send(2, tap(&menu, "Order")).await);
        world.confirm(&first).await;
        world.counts.reset();
        (world, first)
    }

    /// A world in which the person waits for rates, by the updates up to 4.
    pub(crate) async fn waiting_for_rates() -> (Self, PendingEffect) {
        let (world, _) = Self::in_order().await;
        for (id, answer) in [(3, "Austin"), (4, "78701")] {
            let committed = applied(world.send(id, text(answer)).await);
            world.confirm(&committed).await;
        }
        let effect = world.session().await.turn().effects[0].clone();
        world.counts.reset();
        (world, effect)
    }

    /// A world in which the label is being bought, by the updates up to 5.
    pub(crate) async fn buying() -> (Self, PendingEffect) {
        let (world, rates) = Self::waiting_for_rates().await;
        let choice = applied(world.handle(&finished(&rates, world.now())).await);
        world.confirm(&choice).await;
        let buying = applied(world.send(5, tap(&choice, "Two")).await);
        world.confirm(&buying).await;
        world.counts.reset();
        (world, buying.effects[0].clone())
    }

    pub(crate) fn another_engine(&self) -> TurnEngine {
        engine_on(&self.memory, &self.clock)
    }

    /// Lets time pass until the session's timer is due, and answers what it stands for.
    pub(crate) async fn until_due(&self, late_by: Duration) -> Input {
        let session = self.session().await;
        self.clock.set(session.wake_at().unwrap() + late_by);
        self.engine.due_timer(&session).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets another process apply this input between the next read and the write that follows it.
    pub(crate) fn add_rival(&self, input: Input) {
        let clock = Arc::clone(&self.clock);
        self.rivals.add(move |memory| async move {
            applied(engine_on(&memory, &clock).handle(&key(), &input).await.unwrap());
        });
    }

    pub(crate) fn update(&self, id: i64, kind: InputKind) -> Input {
        Input {
            id: InputId::Update(id),
            at: self.now(),
            language: None,
            kind,
        }
    }

    pub(crate) async fn try_send(&self, id: i64, kind: InputKind) -> Result<Outcome, TurnError> {
        self.engine.handle(&key(), &self.update(id, kind)).await
    }

    pub(crate) async fn send(&self, id: i64, kind: InputKind) -> Outcome {
        self.try_send(id, kind).await.unwrap()
    }

    pub(crate) async fn handle(&self, input: &Input) -> Outcome {
        self.engine.handle(&key(), input).await.unwrap()
    }

    pub(crate) async fn confirm(&self, committed: &Committed) {
        let delivered = self
            .engine
            .confirm_delivery(&committed.session, &committed.inputs);
        delivered.await.unwrap();
    }

    pub(crate) async fn stored(&self) -> Option<Session> {
        self.memory.get(&key()).await.unwrap()
    }

    pub(crate) async fn session(&self) -> Session {
        self.stored().await.unwrap()
    }

    /// The reads and the writes since the last question.
    pub(crate) fn trips(&self) -> (u64, u64) {
        let trips = (self.counts.reads(), self.counts.writes());
        self.counts.reset();
        trips
    }
}

pub(crate) fn text(text: &str) -> InputKind {
    InputKind::Text(text.to_owned())
}

pub(crate) fn command(name: &str, arguments: &str) -> InputKind {
    InputKind::Command {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    }
}

/// A tap on the button with this label, of what was said last.
pub(crate) fn tap(said: &Committed, label: &str) -> InputKind {
    let buttons = said.replies.iter().filter_map(Reply::message);
    let mut buttons = buttons.flat_map(|message| message.buttons.iter().flatten());
    let button = buttons.find(|button| button.text == label).unwrap();
    raw_tap(&button.action)
}

pub(crate) fn raw_tap(data: &str) -> InputKind {
    InputKind::Tap(Tap {
        message: 100,
        data: data.to_owned(),
    })
}

pub(crate) fn finished(effect: &PendingEffect, at: Timestamp) -> Input {
    Input {
        id: InputId::Effect(effect.id.clone()),
        at,
        language: None,
        kind: InputKind::EffectFinished {
            id: effect.id.clone(),
            name: effect.name.clone(),
            outcome: FieldValue::text("the outcome"),
        },
    }
}

pub(crate) fn applied(outcome: Outcome) -> Committed {
    match outcome {
        Outcome::Applied(committed) => committed,
        other => panic!("not applied: {other:?}"),
    }
}

pub(crate) fn repeated(outcome: Outcome) -> Committed {
    match outcome {
        Outcome::Repeated(committed) => committed,
        other => panic!("not a repeat: {other:?}"),
    }
}

pub(crate) fn texts(replies: &[Reply]) -> Vec<&str> {
    let messages = replies.iter().filter_map(Reply::message);
    messages.map(|message| message.text.as_str()).collect()
}
