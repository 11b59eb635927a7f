//! AI generation, from the choice of a model to the picture, the video or the sound.

mod answer;
pub mod calls;
mod choosing;
mod fields;
mod jobs;
mod place;
mod questions;
mod rendering;
mod summary;

use std::fmt;
use std::sync::Arc;

use stepkeep_core::form::{BACK, CANCEL};
use stepkeep_core::{
    Event, FieldName, Flow, FlowError, FlowName, Message, Next, Reply, Session, StepName, Turn, TurnContext,
    UserId,
};

use super::parts::{back_and_cancel, buttons_only, read};
use super::speech::Speech;
use super::{FlowMap, home};
use crate::generation::{ModelId, ModelSchema, ModelSummary, Prices};
use crate::localization::Localizer;
use crate::money::Money;
use fields::{FAVOURITES, LAST_JOB, Wanted, field};

const CATEGORIES: &str = "categories";
const LOADING: &str = "loading";
const MODELS: &str = "models";
const CARD: &str = "card";
const SHAPES: &str = "shapes";
const PARAMETER: &str = "parameter";
const SUMMARY: &str = "summary";
const WAITING: &str = "waiting";
const STEPS: [&str; 8] = [
    CATEGORIES, LOADING, MODELS, CARD, SHAPES, PARAMETER, SUMMARY, WAITING,
];

/// The models as far as they are known without asking anybody.
pub trait ModelsAtHand: fmt::Debug + Send + Sync {
    /// All that can be asked for, as far as it is known. Does no I/O.
    fn models(&self) -> Option<Arc<[ModelSummary]>>;

    /// What a model's input is made of. Does no I/O.
    fn schema(&self, model: &ModelId) -> Option<Arc<ModelSchema>>;
}

/// What people have, as far as it is known without asking anybody.
pub trait BalancesAtHand: fmt::Debug + Send + Sync {
    /// What a person can spend on generations. Does no I/O.
    fn available(&self, user: UserId) -> Option<Money>;
}

/// What operators decide about generations, and what the dialogue may look at.
#[derive(Debug, Clone)]
pub struct GenerationOffer {
    /// The models.
    pub models: Arc<dyn ModelsAtHand>,
    /// What they cost.
    pub prices: Arc<Prices>,
    /// What people have.
    pub balances: Arc<dyn BalancesAtHand>,
    /// How many characters of prose a person may send.
    pub longest_prompt: usize,
    /// How many characters of the API's words about a failure a person reads.
    pub longest_error: usize,
}

/// The flow's name.
pub(super) fn name() -> FlowName {
    FlowName::constant("generation")
}

/// The fields that stay when a person leaves the dialogue.
pub(super) fn kept_fields() -> [FieldName; 2] {
    [field(FAVOURITES), field(LAST_JOB)]
}

/// The steps, in the order in which people go through them.
pub(super) fn map() -> FlowMap {
    FlowMap {
        name: "generation",
        steps: STEPS.to_vec(),
        resting: vec![WAITING],
        is_home: false,
    }
}

/// Whether what `/cancel` stops is for this dialogue to say.
pub(super) fn takes_cancel(session: &Session) -> bool {
    session.flow() == Some(&name()) && session.step().is_some_and(|step| *step == *WAITING)
}

/// AI generation.
#[derive(Debug)]
pub(super) struct GenerationFlow {
    localizer: Arc<Localizer>,
    offer: GenerationOffer,
}

impl GenerationFlow {
    pub(super) fn new(localizer: Arc<Localizer>, offer: GenerationOffer) -> Self {
        Self { localizer, offer }
    }

    fn speech<'a>(&'a self, context: &TurnContext<'_>) -> Speech<'a> {
        Speech::in_turn(&self.localizer, context)
    }

    fn on_action(&self, context: &TurnContext<'_>, step: &str, action: &str) -> Result<Turn, FlowError> {
        match (step, action) {
            (CATEGORIES, BACK) => Ok(Turn::enter(home::name())),
            (LOADING, BACK) => self.to_categories(context, Turn::default()),
            (CATEGORIES, action) => self.in_categories(context, action),
            (MODELS, action) => self.in_models(context, action),
            (CARD, action) => self.in_card(context, action),
            (SHAPES, action) => self.in_shapes(context, action),
            (PARAMETER, action) => self.in_parameter(context, action),
            (SUMMARY, action) => self.in_summary(context, action),
            (WAITING, CANCEL) => self.cancel_waiting(context),
            (WAITING, action) => self.in_waiting(context, action),
            _ => Ok(buttons_only(&self.speech(context))),
        }
    }

    /// Shows the menu of what can be made; when the models aren't known, once they are.
    fn begin(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let user = context.session.key().user();
        let mut turn = Turn::default();
        if self.offer.balances.available(user).is_none() {
            // For the summary, which shows it if it is there by then.
            turn = turn.and_ask(calls::look_up_account(user)?);
        }
        if self.offer.models.models().is_some() {
            return self.to_categories(context, turn);
        }
        let turn = turn.and_ask(calls::fetch_models()?);
        self.to_loading(context, turn, &Wanted::Categories)
    }

    fn loading(&self, context: &TurnContext<'_>) -> Message {
        let speech = self.speech(context);
        Message::text(speech.plain("generation-loading")).row(back_and_cancel(&speech))
    }
}

impl Flow for GenerationFlow {
    fn name(&self) -> FlowName {
        name()
    }

    fn version(&self) -> u32 {
        1
    }

    fn has_step(&self, step: &StepName) -> bool {
        STEPS.contains(&step.as_str())
    }

    fn enter(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        self.begin(context)
    }

    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let step = context.session.step().map(StepName::as_str);
        match (&context.event, step) {
            (
                Event::EffectFinished {
                    name,
                    payload,
                    outcome,
                },
                _,
            ) => self.effect_finished(context, name, payload, outcome),
            (Event::Action(action), Some(step)) if STEPS.contains(&step) => {
                self.on_action(context, step, action)
            }
            (Event::Command { name, .. }, Some(WAITING)) if name == "cancel" => self.cancel_waiting(context),
            (Event::Text(text), Some(CATEGORIES | MODELS | CARD)) => self.search(context, text),
            (Event::Text(text), Some(PARAMETER)) => self.text_answered(context, text),
            (Event::File(file), Some(PARAMETER)) => self.file_answered(context, file),
            (Event::File(file), Some(SUMMARY)) if questions::is_rest_of_album(context, file)? => {
                Ok(Turn::default())
            }
            (_, Some(LOADING)) => Ok(Turn::say(Reply::text(
                self.speech(context).plain("generation-loading"),
            ))),
            (_, Some(PARAMETER)) => Ok(Turn::say(Reply::text(self.speech(context).plain("text-only")))),
            (_, Some(step)) if STEPS.contains(&step) => Ok(buttons_only(&self.speech(context))),
            // A step that this version doesn't know: the menu of what can be made is always right.
            _ => {
                let notice = Reply::text(self.speech(context).plain("step-unknown"));
                let mut turn = self.begin(context)?;
                turn.replies.insert(0, notice);
                Ok(turn)
            }
        }
    }

    fn resume(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let step = context.session.step().map_or("", StepName::as_str);
        let message = match step {
            MODELS => self.models(context, data)?,
            CARD => self.card(context, data)?,
            SHAPES => self.shape_choice(context)?,
            PARAMETER => self.question(context, data)?,
            SUMMARY => self.summary(context, data)?,
            WAITING => self.waiting(context),
            LOADING => self.loading(context),
            _ => self.categories(context, data)?,
        };
        Ok(Turn {
            next: Next::Stay,
            ..Turn::say(Reply::Message(message))
        })
    }
}

fn step(name: &'static str) -> StepName {
    StepName::constant(name)
}

/// Whether the person is in this step of the dialogue.
fn is_in(context: &TurnContext<'_>, step: &str) -> bool {
    context.session.flow() == Some(&name()) && context.session.step().is_some_and(|at| *at == *step)
}

/// The page of a long list that the person is on.
fn page(context: &TurnContext<'_>) -> Result<usize, FlowError> {
    Ok(read(context.session.data(), fields::PAGE)?.unwrap_or_default())
}
