//! A toy bot: an order of a few steps, and a home.

use std::collections::BTreeSet;
use std::time::Duration;

use stepkeep_core::{
    EffectRequest, Event, FieldName, FieldValue, Fields, Flow, FlowError, FlowName, Flows, Home, IdlePolicy,
    Invoice, Lost, Message, Migration, Next, PartChange, Reply, Session, StepName, Timer, Turn, TurnContext,
};

/// How long an effect of the order has.
pub(crate) const LEASE: Duration = Duration::from_mins(1);
/// When the order reminds of itself.
pub(crate) const REMINDER: Duration = Duration::from_hours(1);

/// Who names no city is reminded, and then the order is closed.
pub(crate) const IDLE: IdlePolicy = IdlePolicy {
    remind_after: Some(Duration::from_mins(30)),
    close_after: Duration::from_hours(2),
    skip_reminder_after: Duration::from_hours(1),
};

/// city → zip → rates (asks for them) → choice → label (buys it, whatever the person does).
#[derive(Debug)]
pub(crate) struct Order;

#[derive(Debug)]
pub(crate) struct Menu;

pub(crate) fn flows() -> Flows {
    Flows::new(Menu).with(Order).keeping(field("language"))
}

pub(crate) fn field(name: &'static str) -> FieldName {
    FieldName::constant(name)
}

pub(crate) fn step(name: &'static str) -> StepName {
    StepName::constant(name)
}

pub(crate) fn order() -> FlowName {
    FlowName::constant("order")
}

fn ask(text: &str) -> Reply {
    Reply::Message(Message::text(text).row([("Back", "back"), ("Cancel", "cancel")]))
}

fn reminder(context: &TurnContext<'_>) -> Timer {
    Timer::new("reminder", context.now + REMINDER)
}

fn effect(name: &str, payload: FieldValue, outlives_flow: bool) -> EffectRequest {
    EffectRequest {
        name: name.to_owned(),
        payload,
        lease: LEASE,
        outlives_flow,
    }
}

impl Flow for Order {
    fn name(&self) -> FlowName {
        order()
    }

    fn version(&self) -> u32 {
        2
    }

    fn enter(&self, _: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(Turn::go(step("city")).and_say(ask("City?")))
    }

    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let at = context.session.step().map_or("", StepName::as_str);
        Ok(match (at, &context.event) {
            (_, Event::Text(text)) if text == "fail" => {
                return Err(FlowError::new("broken", "x".repeat(1_000)));
            }
            (_, Event::Text(text)) if text == "panic" => panic!("the flow panicked on purpose"),
            (_, Event::Action(action)) if action == "back" => match context.step_back() {
                Some(back) => Turn::back(back).and_say(ask("Once more?")),
                None => Turn::say(Reply::text("This is the first step.")),
            },
            ("city", Event::Text(text)) if text == "+" => {
                let count = count(context.session) + 1;
                Turn::default().and_set(field("count"), FieldValue::from_json_value(&count.into()))
            }
            ("city", Event::Text(city)) => Turn {
                timer: PartChange::Set(reminder(context)),
                ..Turn::go(step("zip"))
            }
            .and_set(field("city"), FieldValue::text(city))
            .and_say(ask("ZIP?")),
            ("zip", Event::Text(zip)) => Turn::go(step("rates"))
                .and_set(field("zip"), FieldValue::text(zip))
                .and_ask(effect("rates", FieldValue::text(zip), false))
                .and_say(Reply::text("Looking the rates up.")),
            ("rates", Event::EffectFinished { name, outcome, .. }) if name == "rates" => {
                let choices = Message::text("Which?").row([("One", "rate-1"), ("Two", "rate-2")]);
                Turn::go(step("choice"))
                    .and_set(field("rates"), outcome.clone())
                    .and_say(Reply::Message(choices.row([("Back", "back")])))
            }
            ("choice", Event::Action(rate)) if rate.starts_with("rate-") => Turn::go(step("label"))
                .and_ask(effect("label", FieldValue::text(rate), true))
                .and_say(Reply::text("Buying the label.")),
            ("label", Event::EffectFinished { outcome, .. }) => Turn {
                next: Next::Leave,
                ..Turn::say(Reply::text(format!("Your label: {}", outcome.json())))
            },
            (_, Event::EffectFinished { outcome, .. }) => {
                Turn::say(Reply::text(format!("By the way, your label: {}", outcome.json())))
            }
            (_, Event::TimerFired { .. }) => Turn::say(Reply::text("Are you still there?")),
            _ => Turn::say(Reply::text("Sorry?")),
        })
    }

    fn resume(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let language: Option<String> = context
            .session
            .field("language")
            .and_then(|language| language.get().ok());
        let at = context.session.step().map_or("", StepName::as_str);
        Ok(Turn::say(ask(&format!(
            "{at} in {}",
            language.unwrap_or_default()
        ))))
    }

    fn idle(&self, step: &StepName) -> Option<IdlePolicy> {
        ["city", "rates"].contains(&step.as_str()).then_some(IDLE)
    }

    fn remind(&self, _: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(Turn::say(Reply::text("Your order waits.")))
    }

    fn close(&self, _: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(Turn {
            next: Next::Leave,
            ..Turn::say(Reply::text("I closed your order."))
        })
    }

    /// Version 1 had the town where the city is now, and asked for a colour.
    fn migrate(&self, session: &Session, _: u32) -> Result<Option<Migration>, FlowError> {
        let mut set = Fields::new();
        if let Some(town) = session.field("town") {
            set.insert(field("city"), town.clone());
        }
        Ok(Some(Migration {
            step: step("zip"),
            set,
            unset: BTreeSet::from([field("town"), field("colour")]),
        }))
    }
}

pub(crate) fn count(session: &Session) -> u64 {
    session.field("count").map_or(0, |count| count.get().unwrap())
}

impl Flow for Menu {
    fn name(&self) -> FlowName {
        FlowName::constant("menu")
    }

    fn version(&self) -> u32 {
        1
    }

    fn enter(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        self.resume(context)
    }

    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(match &context.event {
            Event::Action(action) if action == "order" => Turn::enter(order()),
            Event::EffectFinished { name, outcome, .. } => {
                Turn::say(Reply::text(format!("{name}: {}", outcome.json())))
            }
            _ => Turn::say(Reply::text("Try /start.")),
        })
    }

    fn resume(&self, _: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(Turn::say(Reply::Message(
            Message::text("What would you like?").row([("Order", "order"), ("Nothing", "nothing")]),
        )))
    }
}

impl Home for Menu {
    fn interrupt(&self, context: &TurnContext<'_>) -> Result<Option<Turn>, FlowError> {
        Ok(match &context.event {
            Event::Command { name, .. } if name == "start" => Some(Turn::enter(self.name())),
            Event::Command { name, arguments } if name == "language" => Some(Turn {
                next: Next::Resume,
                ..Turn::default().and_set(field("language"), FieldValue::text(arguments))
            }),
            Event::Command { name, .. } if name == "snooze" => Some(Turn {
                next: Next::Resume,
                timer: PartChange::Set(reminder(context)),
                ..Turn::default()
            }),
            Event::Command { name, .. } if name == "balance" => {
                Some(Turn::default().and_ask(EffectRequest {
                    name: "balance".to_owned(),
                    payload: FieldValue::text("whose"),
                    lease: LEASE,
                    outlives_flow: true,
                }))
            }
            Event::Command { name, .. } if name == "bill" => Some(Turn::say(Reply::Invoice(Invoice {
                title: "A coffee".to_owned(),
                description: "For the bot".to_owned(),
                payload: context.token.to_owned(),
                currency: "XTR".to_owned(),
                amount: 5,
            }))),
            Event::Happened { name, details } => {
                Some(Turn::say(Reply::text(format!("{name}: {}", details.json()))))
            }
            Event::Action(action) if action == "cancel" => Some(Turn {
                next: Next::Leave,
                ..Turn::say(Reply::text("Cancelled."))
            }),
            _ => None,
        })
    }

    fn lost(&self, _: &TurnContext<'_>, lost: Lost) -> Turn {
        match lost {
            Lost::UnknownFlow => Turn::enter(self.name()).and_say(Reply::text("That is gone.")),
            Lost::NewerVersion => Turn::say(Reply::Message(
                Message::text("In a moment.").row([("Again", "again")]),
            )),
        }
    }

    fn failed(&self, _: &TurnContext<'_>, error: &FlowError) -> Turn {
        Turn::say(Reply::text(format!("Failed: {}", error.kind)))
    }

    fn outdated_tap(&self, _: &TurnContext<'_>) -> String {
        "out of date".to_owned()
    }

    fn foreign_tap(&self, _: &TurnContext<'_>) -> String {
        "not yours".to_owned()
    }
}
