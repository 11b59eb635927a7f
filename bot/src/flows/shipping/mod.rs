//! The shipping order, from the sender's name to the label.

pub mod calls;
mod fields;
mod offers;
mod order;
pub mod payment;
mod price_check;
mod purchase;
mod questions;

use std::sync::Arc;

use stepkeep_core::form::{BACK, Form, FormTurn, Question};
use stepkeep_core::{
    Event, FieldName, FieldValue, Fields, Flow, FlowError, FlowName, IdlePolicy, Message, Next, Reply,
    Session, StepName, Turn, TurnContext,
};

pub use purchase::LABEL_SOURCE;

use super::menus::Menu;
use super::parts::{back_and_cancel, buttons_only};
use super::speech::Speech;
use super::{FlowMap, FlowSettings};
use crate::catalogue::RatesAtHand;
use crate::localization::Localizer;

const SUMMARY: &str = "summary";
const FETCHING_RATES: &str = "fetching_rates";
const RATES: &str = "rates";
const CONFIRM: &str = "confirm";
const CHECKING_PRICE: &str = "checking_price";
const BUYING: &str = "buying";
const DONE: &str = "done";
const VOIDING: &str = "voiding";
/// The steps behind the questions.
const STEPS: [&str; 8] = [
    SUMMARY,
    FETCHING_RATES,
    RATES,
    CONFIRM,
    CHECKING_PRICE,
    BUYING,
    DONE,
    VOIDING,
];

const SHOW_RATES: &str = "show_rates";
/// Asks for the prices once more, of the carriers themselves.
const RETRY_RATES: &str = "retry_rates";
const SHOW_SUMMARY: &str = "show_summary";
const EDIT: &str = "edit";
const EDIT_PREFIX: &str = "edit:";

/// The flow's name.
pub(super) fn name() -> FlowName {
    FlowName::constant("shipping")
}

/// The steps, in the order in which people go through them.
pub(super) fn map() -> FlowMap {
    FlowMap {
        name: "shipping",
        steps: questions::steps().chain(STEPS).collect(),
        resting: vec![DONE],
        is_home: false,
    }
}

/// Whether a label is being bought in a session, so that it is too late to cancel.
pub(super) fn is_buying(session: &Session) -> bool {
    session.flow() == Some(&name()) && session.step().is_some_and(|step| *step == *BUYING)
}

/// The shipping order.
#[derive(Debug)]
pub(super) struct ShippingFlow {
    localizer: Arc<Localizer>,
    form: Form,
    rates: Option<Arc<dyn RatesAtHand>>,
    idle: Option<IdlePolicy>,
    edit_menu: Menu,
}

impl ShippingFlow {
    pub(super) fn new(localizer: Arc<Localizer>, settings: &FlowSettings) -> Self {
        let FlowSettings {
            rates, shipping_idle, ..
        } = settings.clone();
        let form = questions::form(&localizer);
        Self {
            localizer,
            form,
            rates,
            idle: shipping_idle,
            edit_menu: Menu::new(),
        }
    }

    fn speech<'a>(&'a self, context: &TurnContext<'_>) -> Speech<'a> {
        Speech::in_turn(&self.localizer, context)
    }

    /// Goes to the summary, and shows it with what else the turn changes.
    fn to_summary(&self, context: &TurnContext<'_>, mut turn: Turn) -> Result<Turn, FlowError> {
        turn.next = Next::Step(step(SUMMARY));
        let message = self.summary(context, &turn.data_after(context.session))?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    fn summary(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        Ok(Message::text(order::summary(data, &speech)?)
            .row([(speech.plain("button-show-rates"), SHOW_RATES)])
            .row([(speech.plain("button-edit"), EDIT)])
            .row(back_and_cancel(&speech)))
    }

    fn in_summary(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        match action {
            SHOW_RATES => self.show_rates(context),
            RETRY_RATES => self.fetch_rates(context, true),
            SHOW_SUMMARY => self.to_summary(context, Turn::default()),
            EDIT => Ok(Turn::say(Reply::Message(self.edit_choice(&speech)))),
            BACK => match context
                .step_back()
                .and_then(|back| self.form.return_to(context, &back))
            {
                Some(turn) => Ok(turn),
                None => Ok(Turn::say(Reply::text(speech.plain("nothing-to-go-back-to")))),
            },
            other => match other
                .strip_prefix(EDIT_PREFIX)
                .and_then(|field| self.form.edit(context, field))
            {
                Some(turn) => Ok(turn),
                None => Ok(buttons_only(&speech)),
            },
        }
    }

    fn edit_choice(&self, speech: &Speech<'_>) -> Message {
        self.edit_menu
            .get(speech.language, || self.render_edit_choice(speech))
    }

    fn render_edit_choice(&self, speech: &Speech<'_>) -> Message {
        let fields: Vec<_> = self.form.questions().map(Question::name).collect();
        let message = fields
            .chunks(2)
            .fold(Message::text(speech.plain("edit-choose")), |message, pair| {
                message.row(pair.iter().map(|field| {
                    let label = format!("field-{}", field.as_str().replace('_', "-"));
                    (speech.plain(&label), format!("{EDIT_PREFIX}{field}"))
                }))
            });
        message.row([(speech.plain("button-back"), SHOW_SUMMARY)])
    }

    /// What a person hears whose step this version doesn't know: the summary when all is answered, else the first
    /// question that isn't.
    fn fallback(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let notice = Reply::text(self.speech(context).plain("step-unknown"));
        if order::shipment(context.session.data()).is_ok() {
            return self.to_summary(context, Turn::say(notice));
        }
        let open = self.form.questions().find(|question| {
            !question.is_optional() && !context.session.data().contains_key(&question.name())
        });
        let turn = match open {
            Some(question) => self.form.ask_again(context, question.name().as_str()),
            None => self.form.begin(context),
        };
        let mut turn = turn.ok_or_else(|| FlowError::new("no_question", "the order has no questions"))?;
        turn.replies.insert(0, notice);
        Ok(turn)
    }
}

impl Flow for ShippingFlow {
    fn name(&self) -> FlowName {
        name()
    }

    fn version(&self) -> u32 {
        1
    }

    fn has_step(&self, step: &StepName) -> bool {
        STEPS.contains(&step.as_str()) || self.form.has_step(step)
    }

    fn idle(&self, step: &StepName) -> Option<IdlePolicy> {
        // A finished order waits for nobody.
        self.idle.filter(|_| *step != *DONE)
    }

    fn remind(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let text = self.speech(context).plain("order-reminder");
        Ok(Turn {
            next: Next::Resume,
            ..Turn::say(Reply::text(text))
        })
    }

    fn close(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let text = self.speech(context).plain("order-closed");
        Ok(Turn::enter(super::home::name()).and_say(Reply::text(text)))
    }

    fn enter(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let turn = self.form.begin(context);
        let turn = turn.ok_or_else(|| FlowError::new("no_question", "the order has no questions"))?;
        Ok(turn.and_set(
            FieldName::constant(fields::ORDER_ID),
            FieldValue::text(context.token),
        ))
    }

    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        if let Event::EffectFinished {
            name,
            payload,
            outcome,
        } = &context.event
        {
            return self.effect_finished(context, name, payload, outcome);
        }
        match self.form.turn(context) {
            Some(FormTurn::Goes(turn)) => return Ok(turn),
            Some(FormTurn::Complete(turn)) => return self.to_summary(context, turn),
            Some(FormTurn::BackOut(back)) => return self.to_summary(context, Turn::back(back)),
            Some(FormTurn::BackFromStart) => return Ok(Turn::enter(super::home::name())),
            None => {}
        }
        let Some(step) = context.session.step() else {
            return Err(FlowError::new("no_step", "the order is in no step"));
        };
        let action = match &context.event {
            Event::Action(action) => Some(action.as_str()),
            _ => None,
        };
        match (step.as_str(), action) {
            (SUMMARY, Some(action)) => self.in_summary(context, action),
            (FETCHING_RATES, Some(BACK)) => self.to_summary(context, Turn::default()),
            (CHECKING_PRICE, Some(BACK)) => self.to_confirmation(context, Turn::default()),
            (CHECKING_PRICE, _) => Ok(Turn::say(Reply::text(
                self.speech(context).plain("price-checking"),
            ))),
            (FETCHING_RATES, _) => Ok(Turn::say(Reply::text(
                self.speech(context).plain("rates-loading"),
            ))),
            (RATES, Some(action)) => self.in_rates(context, action),
            (CONFIRM, Some(action)) => self.in_confirm(context, action),
            (BUYING | VOIDING, _) => Ok(Turn::say(Reply::text(self.speech(context).plain("buying-still")))),
            (DONE, Some(action)) => self.in_done(context, action),
            (SUMMARY | RATES | CONFIRM | DONE, None) => Ok(buttons_only(&self.speech(context))),
            _ => self.fallback(context),
        }
    }

    fn resume(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let Some(step) = context.session.step() else {
            return Err(FlowError::new("no_step", "the order is in no step"));
        };
        let message = match step.as_str() {
            SUMMARY => self.summary(context, context.session.data())?,
            RATES => self.offers(context, context.session.data())?,
            CONFIRM => self.confirmation(context, context.session.data())?,
            DONE => self.afterwards(context),
            FETCHING_RATES => Message::text(self.speech(context).plain("rates-loading"))
                .row(back_and_cancel(&self.speech(context))),
            CHECKING_PRICE => Message::text(self.speech(context).plain("price-checking"))
                .row(back_and_cancel(&self.speech(context))),
            BUYING | VOIDING => Message::text(self.speech(context).plain("buying-still")),
            question => match self.form.ask_again(context, question) {
                Some(turn) => {
                    return Ok(Turn {
                        next: Next::Stay,
                        ..turn
                    });
                }
                None => {
                    return Ok(Turn {
                        next: Next::Stay,
                        ..self.fallback(context)?
                    });
                }
            },
        };
        Ok(Turn::say(Reply::Message(message)))
    }
}

fn step(name: &'static str) -> StepName {
    StepName::constant(name)
}

fn field(name: &'static str) -> FieldName {
    FieldName::constant(name)
}
