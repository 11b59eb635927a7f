//! Which flow answers: from the session's position and the event to the turn.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::change::{PartChange, SessionChange};
use crate::flow::{EffectRequest, Event, Flow, FlowError, Home, Lost, Next, Turn, TurnContext};
use crate::idle::{IdlePolicy, IdleStage};
use crate::name::{FieldName, FlowName};
use crate::session::{Position, Session};

/// All flows of a bot, and the home that people are in otherwise.
#[derive(Debug)]
pub struct Flows {
    home: Box<dyn Home>,
    others: BTreeMap<FlowName, Box<dyn Flow>>,
    kept: BTreeSet<FieldName>,
}

/// How well the flows of a binary can go on with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    /// It is in no flow.
    Home,
    /// It is in a step that there is.
    Known,
    /// An older version of the flow left it: it is migrated at the next input.
    Older,
    /// A newer version of the flow left it: it waits for that one.
    Newer,
    /// Its flow has no such step: the person is led to one that there is.
    UnknownStep,
    /// There is no such flow: the person is led to the main menu.
    UnknownFlow,
}

/// A turn together with the flow whose it is.
#[derive(Debug)]
pub(crate) struct RoutedTurn {
    pub(crate) turn: Turn,
    /// The position that the turn leads to.
    pub(crate) position: PartChange<Position>,
    /// The outside calls, each with the flow that asks for it.
    pub(crate) effects: Vec<(FlowName, EffectRequest)>,
    /// Whether the person leaves the flow that they were in.
    pub(crate) leaves: bool,
}

impl Flows {
    /// A bot with this home and no flow yet.
    pub fn new(home: impl Home) -> Self {
        Self {
            home: Box::new(home),
            others: BTreeMap::new(),
            kept: BTreeSet::new(),
        }
    }

    /// The same with a flow more.
    #[must_use]
    pub fn with(mut self, flow: impl Flow) -> Self {
        self.others.insert(flow.name(), Box::new(flow));
        self
    }

    /// The same, and this field stays when a person leaves a flow: a language, a profile.
    #[must_use]
    pub fn keeping(mut self, field: FieldName) -> Self {
        self.kept.insert(field);
        self
    }

    /// The home.
    pub fn home(&self) -> &dyn Home {
        &*self.home
    }

    /// The fields that go when a person leaves a flow.
    pub(crate) fn fields_of_flow<'a>(&self, session: &'a Session) -> impl Iterator<Item = &'a FieldName> {
        session.data().keys().filter(|name| !self.kept.contains(*name))
    }

    /// What becomes of a person who stops answering at this position.
    pub(crate) fn idle_policy(&self, position: &Position) -> Option<IdlePolicy> {
        self.others.get(&position.flow)?.idle(&position.step)
    }

    /// How well these flows can go on with a session: what operators want to know before they deploy.
    pub fn fit(&self, session: &Session) -> Fit {
        let Some(position) = session.position() else {
            return Fit::Home;
        };
        match self.others.get(&position.flow) {
            None => Fit::UnknownFlow,
            Some(flow) if position.version > flow.version() => Fit::Newer,
            Some(flow) if position.version < flow.version() => Fit::Older,
            Some(flow) if !flow.has_step(&position.step) => Fit::UnknownStep,
            Some(_) => Fit::Known,
        }
    }

    /// Whether a newer version left the person in a step of a flow, so that this one must not touch the session.
    pub(crate) fn is_newer(&self, session: &Session) -> bool {
        session.position().is_some_and(|position| {
            let flow = self.others.get(&position.flow);
            flow.is_some_and(|flow| position.version > flow.version())
        })
    }

    /// The turn that answers. `asked_by` is the flow that an effect came back for.
    ///
    /// It always comes out with a turn: an error, or a panic of a flow, becomes one that leaves the session as it was
    /// and says so.
    pub(crate) fn route(&self, context: &TurnContext<'_>, asked_by: Option<&FlowName>) -> RoutedTurn {
        // The flows are immutable and a turn is built anew, so a panic leaves nothing half done.
        let result = catch_unwind(AssertUnwindSafe(|| self.try_route(context, asked_by)));
        let result = result.unwrap_or_else(|panic| Err(FlowError::new("panic", panic_message(&*panic))));
        result.unwrap_or_else(|error| {
            let turn = self.home.failed(context, &error).and_record(error);
            routed(turn, PartChange::Keep, &*self.home, false)
        })
    }

    /// A turn that does nothing.
    pub(crate) fn nothing(&self) -> RoutedTurn {
        routed(Turn::default(), PartChange::Keep, &*self.home, false)
    }

    fn try_route(
        &self,
        context: &TurnContext<'_>,
        asked_by: Option<&FlowName>,
    ) -> Result<RoutedTurn, FlowError> {
        if let Some(flow) = asked_by {
            // The outcome of an effect belongs to the flow that asked, wherever the person is by now.
            return match self.others.get(flow) {
                Some(flow) => self.finish(context, &**flow, flow.turn(context)?),
                None if *flow == self.home.name() => {
                    self.finish(context, &*self.home, self.home.turn(context)?)
                }
                None => Err(FlowError::new(
                    "unknown_flow",
                    format!("no flow {flow} is there to take the outcome"),
                )),
            };
        }
        let position = context.session.position();
        if context.event == Event::ChatGone {
            let next = if position.is_some() {
                Next::Leave
            } else {
                Next::Stay
            };
            return self.finish(
                context,
                &*self.home,
                Turn {
                    next,
                    ..Turn::default()
                },
            );
        }
        let flow = position.map(|position| (position, self.others.get(&position.flow)));
        if let Event::Idle(stage) = &context.event {
            return match flow {
                Some((position, Some(flow))) => {
                    let turn = match stage {
                        // It would have to be migrated for that, and a reminder is not worth it.
                        IdleStage::Remind if position.version < flow.version() => Turn::default(),
                        IdleStage::Remind => flow.remind(context)?,
                        IdleStage::Close => flow.close(context)?,
                    };
                    self.finish(context, &**flow, turn)
                }
                // The flow is gone by now, and nobody waits for it.
                _ => self.finish(context, &*self.home, Turn::default()),
            };
        }
        if let Some(turn) = self.home.interrupt(context)? {
            return self.finish(context, &*self.home, turn);
        }
        match flow {
            None => self.finish(context, &*self.home, self.home.turn(context)?),
            Some((_, None)) => {
                let turn = self.home.lost(context, Lost::UnknownFlow);
                self.finish(context, &*self.home, turn)
            }
            Some((position, Some(flow))) => self.turn_in_flow(context, position, &**flow),
        }
    }

    fn turn_in_flow(
        &self,
        context: &TurnContext<'_>,
        position: &Position,
        flow: &dyn Flow,
    ) -> Result<RoutedTurn, FlowError> {
        let migration = if position.version < flow.version() {
            flow.migrate(context.session, position.version)?
        } else {
            None
        };
        let Some(migration) = migration else {
            let mut routed = self.finish(context, flow, flow.turn(context)?)?;
            if position.version < flow.version() && routed.position == PartChange::Keep {
                let version = flow.version();
                routed.position = PartChange::Set(Position {
                    version,
                    ..position.clone()
                });
            }
            return Ok(routed);
        };
        // The turn is computed on the migrated session, and commits the migration with what it changes itself.
        let change = SessionChange::new(context.now).go_to(Position {
            flow: flow.name(),
            version: flow.version(),
            step: migration.step.clone(),
        });
        let change = migration.set.iter().fold(change, |change, (name, value)| {
            change.set(name.clone(), value.clone())
        });
        let change = migration
            .unset
            .iter()
            .fold(change, |change, name| change.unset(name.clone()));
        let migrated = change.apply(context.session);
        let context = TurnContext {
            session: &migrated,
            ..context.clone()
        };
        let mut routed = self.finish(&context, flow, flow.turn(&context)?)?;
        if !routed.leaves {
            for (name, value) in migration.set {
                if !routed.turn.unset.contains(&name) && !routed.turn.set.contains_key(&name) {
                    routed.turn.set.insert(name, value);
                }
            }
            let unset = migration
                .unset
                .into_iter()
                .filter(|name| !routed.turn.set.contains_key(name));
            let unset: Vec<_> = unset.collect();
            routed.turn.unset.extend(unset);
            if routed.position == PartChange::Keep {
                routed.position = change.position().clone();
            }
        }
        Ok(routed)
    }

    /// Works out where a flow's turn leads to, going on into the flows that it enters.
    fn finish(
        &self,
        context: &TurnContext<'_>,
        flow: &dyn Flow,
        mut turn: Turn,
    ) -> Result<RoutedTurn, FlowError> {
        let next = std::mem::take(&mut turn.next);
        let at = |step| Position {
            flow: flow.name(),
            version: flow.version(),
            step,
        };
        Ok(match next {
            Next::Stay => routed(turn, PartChange::Keep, flow, false),
            Next::Resume => {
                let change = turn
                    .set
                    .iter()
                    .fold(SessionChange::new(context.now), |change, (name, value)| {
                        change.set(name.clone(), value.clone())
                    });
                let change = turn
                    .unset
                    .iter()
                    .fold(change, |change, name| change.unset(name.clone()));
                let session = change.apply(context.session);
                let context = TurnContext {
                    session: &session,
                    ..context.clone()
                };
                let resumed = match session
                    .position()
                    .and_then(|position| self.others.get(&position.flow))
                {
                    Some(flow) => flow.resume(&context)?,
                    None => self.home.resume(&context)?,
                };
                let timer = turn.timer.clone();
                let mut merged = merge(
                    routed(turn, PartChange::Keep, flow, false),
                    routed(resumed, PartChange::Keep, flow, false),
                );
                merged.leaves = false;
                if merged.turn.timer == PartChange::Keep {
                    merged.turn.timer = timer;
                }
                merged
            }
            Next::Step(step) => routed(turn, PartChange::Set(at(step)), flow, false),
            Next::Back(back) => {
                let position = back.position.clone().map_or(PartChange::Remove, PartChange::Set);
                routed(
                    Turn {
                        next: Next::Back(back),
                        ..turn
                    },
                    position,
                    flow,
                    false,
                )
            }
            Next::Leave => routed(turn, PartChange::Remove, flow, true),
            Next::Enter(name) => {
                let entered: &dyn Flow = if name == self.home.name() {
                    &*self.home
                } else {
                    let unknown =
                        || FlowError::new("unknown_flow", format!("there is no flow {name} to enter"));
                    &**self.others.get(&name).ok_or_else(unknown)?
                };
                let beginning = entered.enter(&context.with_event(Event::Entered))?;
                let position = match &beginning.next {
                    Next::Step(step) => PartChange::Set(Position {
                        flow: entered.name(),
                        version: entered.version(),
                        step: step.clone(),
                    }),
                    Next::Stay | Next::Leave => PartChange::Remove,
                    Next::Resume | Next::Back(_) | Next::Enter(_) => {
                        return Err(FlowError::new(
                            "flow_begins_elsewhere",
                            "a flow begins in a step of its own",
                        ));
                    }
                };
                let leaving = routed(turn, PartChange::Remove, flow, true);
                merge(leaving, routed(beginning, position, entered, true))
            }
        })
    }
}

fn routed(mut turn: Turn, position: PartChange<Position>, flow: &dyn Flow, leaves: bool) -> RoutedTurn {
    let effects = std::mem::take(&mut turn.effects)
        .into_iter()
        .map(|effect| (flow.name(), effect))
        .collect();
    RoutedTurn {
        turn,
        position,
        effects,
        leaves,
    }
}

/// The turn that leaves a flow and the one that enters the next, as one.
fn merge(leaving: RoutedTurn, entering: RoutedTurn) -> RoutedTurn {
    let Turn {
        next: _,
        set,
        unset,
        replies,
        tap_answer,
        effects: _,
        timer,
        error,
    } = entering.turn;
    let mut turn = leaving.turn;
    for name in unset {
        turn = turn.and_unset(name);
    }
    for (name, value) in set {
        turn = turn.and_set(name, value);
    }
    turn.replies.extend(replies);
    turn.tap_answer = turn.tap_answer.or(tap_answer);
    turn.timer = timer;
    turn.error = turn.error.or(error);
    let effects = leaving.effects.into_iter().chain(entering.effects).collect();
    RoutedTurn {
        turn,
        position: entering.position,
        effects,
        leaves: true,
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a flow panicked")
}
