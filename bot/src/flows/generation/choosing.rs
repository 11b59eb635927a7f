//! Choosing what to make: categories, lists, search, and a model's card.

use std::sync::Arc;

use stepkeep_core::form::BACK;
use stepkeep_core::{FieldValue, Fields, FlowError, Message, Next, Reply, Turn, TurnContext};

use super::calls::{self, CallOutcome, ModelOutcome};
use super::fields::{self, Chosen, LastJob, Shown, Wanted, field};
use super::rendering::{page_buttons, page_of, shortened};
use super::{CARD, CATEGORIES, GenerationFlow, LOADING, MODELS, is_in, page, step};
use crate::flows::home;
use crate::flows::parts::{back_and_cancel, buttons_only, preceded, read, stored, with_preface};
use crate::flows::speech::Speech;
use crate::generation::{ModelId, ModelSummary};
use crate::localization::Args;

const CATEGORY_PREFIX: &str = "category:";
const MODEL_PREFIX: &str = "model:";
const PAGE_PREFIX: &str = "page:";
const SHOW_FAVOURITES: &str = "favourites";
const SHOW_CATEGORIES: &str = "categories";
pub(super) const REPEAT: &str = "repeat";
const BEGIN: &str = "begin";
const LIKE: &str = "like";

/// How many models a page has.
const MODELS_ON_A_PAGE: usize = 8;
/// How many models a person can like.
const MOST_FAVOURITES: usize = 24;
/// The longest search.
const LONGEST_SEARCH: usize = 60;

impl GenerationFlow {
    pub(super) fn to_categories(&self, context: &TurnContext<'_>, mut turn: Turn) -> Result<Turn, FlowError> {
        turn.next = Next::Step(step(CATEGORIES));
        let message = self.categories(context, &turn.data_after(context.session))?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    pub(super) fn to_loading(
        &self,
        context: &TurnContext<'_>,
        mut turn: Turn,
        wanted: &Wanted,
    ) -> Result<Turn, FlowError> {
        turn.next = Next::Step(step(LOADING));
        Ok(turn
            .and_set(field(fields::WANTED), stored(wanted)?)
            .and_say(Reply::Message(self.loading(context))))
    }

    /// Those that can be offered: with a price, and known to be askable as far as it is known.
    fn offered(&self) -> Vec<ModelSummary> {
        let models = self.offer.models.models().unwrap_or_else(|| Arc::new([]));
        let priced = models.iter().filter(|model| self.offer.prices.has(&model.model));
        priced.cloned().collect()
    }

    pub(super) fn categories(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let mut categories: Vec<(String, usize)> = Vec::new();
        for model in self.offered() {
            for task in &model.task_types {
                match categories.iter_mut().find(|(known, _)| known == task) {
                    Some((_, count)) => *count += 1,
                    None => categories.push((task.clone(), 1)),
                }
            }
        }
        let text = if categories.is_empty() {
            "generation-nothing"
        } else {
            "generation-categories"
        };
        let mut message = Message::text(speech.plain(text));
        for (category, count) in categories {
            let label = format!("{} ({count})", category_name(&speech, &category));
            message = message.row([(label, format!("{CATEGORY_PREFIX}{category}"))]);
        }
        if !favourites(data)?.is_empty() {
            message = message.row([(speech.plain("button-favourites"), SHOW_FAVOURITES)]);
        }
        if let Some(last) = read::<LastJob>(data, fields::LAST_JOB)? {
            let args = Args::new().with("model", last.chosen.title);
            message = message.row([(speech.text("button-repeat-last", &args), REPEAT)]);
        }
        Ok(message.row([(speech.plain("button-main-menu"), home::MAIN_MENU)]))
    }

    pub(super) fn in_categories(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        if let Some(category) = action.strip_prefix(CATEGORY_PREFIX) {
            return self.to_models(context, &Shown::Category(category.to_owned()));
        }
        match action {
            SHOW_FAVOURITES => self.to_models(context, &Shown::Favourites),
            REPEAT => self.repeat(context),
            _ => Ok(buttons_only(&self.speech(context))),
        }
    }

    /// Shows the models in which these words are found.
    pub(super) fn search(&self, context: &TurnContext<'_>, text: &str) -> Result<Turn, FlowError> {
        self.to_models(context, &Shown::Search(shortened(text.trim(), LONGEST_SEARCH)))
    }

    fn to_models(&self, context: &TurnContext<'_>, shown: &Shown) -> Result<Turn, FlowError> {
        let turn = Turn::go(step(MODELS))
            .and_set(field(fields::SHOWN), stored(shown)?)
            .and_unset(field(fields::PAGE));
        let message = self.models_on(context, &turn.data_after(context.session), 0)?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    pub(super) fn models(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        self.models_on(context, data, page(context)?)
    }

    fn models_on(&self, context: &TurnContext<'_>, data: &Fields, page: usize) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let shown = read(data, fields::SHOWN)?.unwrap_or(Shown::Favourites);
        let models = self.found(&shown, &favourites(data)?);
        let args = Args::new().with("count", models.len());
        let text = match &shown {
            Shown::Search(words) => {
                let args = args.with("words", words.clone());
                speech.text("generation-found", &args)
            }
            Shown::Category(category) => {
                let args = args.with("category", category_name(&speech, category));
                speech.text("generation-models", &args)
            }
            Shown::Favourites => speech.text("generation-favourites", &args),
        };
        let (on_page, page, pages) = page_of(&models, MODELS_ON_A_PAGE, page);
        let mut message = Message::text(text);
        for model in on_page {
            let price = self.offer.prices.least(&model.model);
            let price = price.map(|price| speech.localizer.money(speech.language, price));
            let args = Args::new()
                .with("model", model.title.clone())
                .with("price", price.unwrap_or_default());
            let label = speech.text("button-model", &args);
            message = message.row([(label, format!("{MODEL_PREFIX}{}", model.model))]);
        }
        Ok(message
            .row(page_buttons(&speech, PAGE_PREFIX, page, pages))
            .row(back_and_cancel(&speech)))
    }

    fn found(&self, shown: &Shown, favourites: &[ModelId]) -> Vec<ModelSummary> {
        let is_shown = |model: &ModelSummary| match shown {
            Shown::Category(category) => model.task_types.contains(category),
            Shown::Favourites => favourites.contains(&model.model),
            Shown::Search(words) => {
                let told = [
                    Some(model.title.as_str()),
                    Some(model.model.as_str()),
                    model.provider.as_deref(),
                    model.description.as_deref(),
                ];
                let told = told.into_iter().flatten().collect::<Vec<_>>().join(" ");
                let told = told.to_lowercase();
                words
                    .to_lowercase()
                    .split_whitespace()
                    .all(|word| told.contains(word))
            }
        };
        let mut models = self.offered();
        models.retain(is_shown);
        models
    }

    pub(super) fn in_models(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        if action == BACK || action == SHOW_CATEGORIES {
            return self.to_categories(context, Turn::default());
        }
        if let Some(page) = action
            .strip_prefix(PAGE_PREFIX)
            .and_then(|page| page.parse().ok())
        {
            let message = self.models_on(context, context.session.data(), page)?;
            return Ok(Turn::say(said(context, message)).and_set(field(fields::PAGE), stored(&page)?));
        }
        let model = action.strip_prefix(MODEL_PREFIX);
        let model = model.and_then(|id| {
            self.offered()
                .into_iter()
                .find(|model| model.model.as_str() == id)
        });
        let Some(model) = model else {
            let turn = Turn::say(Reply::Message(self.models(context, context.session.data())?));
            let gone = self.speech(context).plain("generation-model-gone");
            return Ok(with_preface(turn, &gone));
        };
        let chosen = Chosen {
            model: model.model,
            title: model.title,
        };
        let turn = Turn::go(step(CARD)).and_set(field(fields::MODEL), stored(&chosen)?);
        let message = self.card(context, &turn.data_after(context.session))?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    /// What a model does, costs and asks for.
    pub(super) fn card(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let chosen = chosen(data)?;
        let known = self
            .offered()
            .into_iter()
            .find(|model| model.model == chosen.model);
        let mut lines = vec![format!("✨ {}", chosen.title)];
        if let Some(model) = known {
            lines.extend(
                model.provider.map(|provider| {
                    speech.text("generation-made-by", &Args::new().with("provider", provider))
                }),
            );
            lines.extend(model.description);
        }
        if let Some(price) = self.offer.prices.least(&chosen.model) {
            let price = speech.localizer.money(speech.language, price);
            lines.push(speech.text("generation-price-from", &Args::new().with("price", price)));
        }
        if let Some(schema) = self.offer.models.schema(&chosen.model)
            && let [shape] = schema.shapes.as_slice()
        {
            let names: Vec<_> = super::place::asked(&shape.parameters)
                .map(|parameter| {
                    let name = super::rendering::parameter_name(&parameter.name);
                    if parameter.required {
                        name
                    } else {
                        speech.text("generation-optional-name", &Args::new().with("name", name))
                    }
                })
                .collect();
            lines.push(speech.text(
                "generation-asks-for",
                &Args::new().with("names", names.join(", ")),
            ));
        }
        let like = if favourites(data)?.contains(&chosen.model) {
            "button-unlike"
        } else {
            "button-like"
        };
        Ok(Message::text(lines.join("\n\n"))
            .row([(speech.plain("button-begin-generation"), BEGIN)])
            .row([(speech.plain(like), LIKE)])
            .row(back_and_cancel(&speech)))
    }

    pub(super) fn in_card(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        let data = context.session.data();
        match action {
            BACK => {
                let message = self.models(context, data)?;
                Ok(Turn::go(step(MODELS)).and_say(Reply::Message(message)))
            }
            LIKE => {
                let model = chosen(data)?.model;
                let mut liked = favourites(data)?;
                match liked.iter().position(|known| *known == model) {
                    Some(index) => {
                        liked.remove(index);
                    }
                    None => liked.insert(0, model),
                }
                liked.truncate(MOST_FAVOURITES);
                let turn = Turn::default().and_set(field(fields::FAVOURITES), stored(&liked)?);
                let message = self.card(context, &turn.data_after(context.session))?;
                Ok(turn.and_say(said(context, message)))
            }
            BEGIN => self.with_schema(context, Turn::default(), &chosen(data)?, Wanted::Questions),
            _ => Ok(buttons_only(&self.speech(context))),
        }
    }

    /// Begins what the person made last once more.
    pub(super) fn repeat(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let Some(last) = read::<LastJob>(context.session.data(), fields::LAST_JOB)? else {
            return self.to_categories(context, Turn::default());
        };
        let turn = Turn::default().and_set(field(fields::MODEL), stored(&last.chosen)?);
        self.with_schema(context, turn, &last.chosen, Wanted::Repeat(last.answers))
    }

    /// Goes on once it is known what the model asks for; at once if it is.
    fn with_schema(
        &self,
        context: &TurnContext<'_>,
        turn: Turn,
        chosen: &Chosen,
        wanted: Wanted,
    ) -> Result<Turn, FlowError> {
        let Some(schema) = self.offer.models.schema(&chosen.model) else {
            let turn = turn.and_ask(calls::fetch_model(&chosen.model)?);
            return self.to_loading(context, turn, &wanted);
        };
        self.go_on(context, turn, chosen, &schema, wanted)
    }

    pub(super) fn models_came(
        &self,
        context: &TurnContext<'_>,
        outcome: &CallOutcome<()>,
    ) -> Result<Turn, FlowError> {
        if !is_in(context, LOADING) {
            return Ok(Turn::default());
        }
        match outcome {
            CallOutcome::Done(()) => self.to_categories(context, Turn::default()),
            CallOutcome::Failed(error) => {
                let reason = self.failure(context, error);
                let message = Message::text(format!("⚠️ {reason}"));
                Ok(Turn::enter(home::name())
                    .and_record(super::jobs::recorded(error))
                    .and_say(Reply::Message(message)))
            }
        }
    }

    pub(super) fn model_came(
        &self,
        context: &TurnContext<'_>,
        asked: &ModelId,
        outcome: ModelOutcome,
    ) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let chosen = chosen(data).ok().filter(|chosen| chosen.model == *asked);
        let Some(chosen) = chosen.filter(|_| is_in(context, LOADING)) else {
            return Ok(Turn::default());
        };
        match outcome {
            CallOutcome::Done(Some(schema)) => {
                let wanted = read(data, fields::WANTED)?.unwrap_or(Wanted::Questions);
                self.go_on(context, Turn::default(), &chosen, &schema, wanted)
            }
            CallOutcome::Done(None) => {
                let turn = self.to_categories(context, Turn::default())?;
                Ok(with_preface(
                    turn,
                    &self.speech(context).plain("generation-model-gone"),
                ))
            }
            CallOutcome::Failed(error) => {
                let message = self.card(context, data)?;
                let message = preceded(message, &format!("⚠️ {}", self.failure(context, &error)));
                Ok(Turn::go(step(CARD))
                    .and_record(super::jobs::recorded(&error))
                    .and_say(Reply::Message(message)))
            }
        }
    }
}

/// A list in the place of the one whose button was pressed.
pub(super) fn said(context: &TurnContext<'_>, message: Message) -> Reply {
    match context.tapped_message {
        Some(target) => Reply::Edit { target, message },
        None => Reply::Message(message),
    }
}

pub(super) fn chosen(data: &Fields) -> Result<Chosen, FlowError> {
    read(data, fields::MODEL)?.ok_or_else(|| FlowError::new("no_model", "no model was chosen"))
}

fn favourites(data: &Fields) -> Result<Vec<ModelId>, FlowError> {
    Ok(data
        .get(fields::FAVOURITES)
        .map(FieldValue::get)
        .transpose()
        .map_err(|error| FlowError::new("unreadable_answer", error))?
        .unwrap_or_default())
}

/// What people call what a model does; the API's own words when there are no others.
fn category_name(speech: &Speech<'_>, category: &str) -> String {
    let id = match category {
        "Text to Image" => "category-text-to-image",
        "Image to Image" => "category-image-to-image",
        "Image Segmentation" => "category-image-segmentation",
        "Background Removal" => "category-background-removal",
        "Image Upscale" => "category-image-upscale",
        "Text to Video" => "category-text-to-video",
        "Image to Video" => "category-image-to-video",
        "Reference to Video" => "category-reference-to-video",
        "Video to Video" => "category-video-to-video",
        "Video Upscale" => "category-video-upscale",
        "Speech to Video" => "category-speech-to-video",
        "Text to Speech" => "category-text-to-speech",
        "Audio to Audio" => "category-audio-to-audio",
        other => return other.to_owned(),
    };
    speech.plain(id)
}
