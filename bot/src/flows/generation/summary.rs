//! What was answered, what it costs, and the wish to have it made.

use stepkeep_core::form::BACK;
use stepkeep_core::{Fields, FlowError, Message, Next, Progress, Reply, Turn, TurnContext};

use super::calls::{self, Job};
use super::choosing::said;
use super::fields::{self, Draft, LastJob, draft, field};
use super::place::{self, Place};
use super::rendering::{self, page_buttons, page_of, parameter_name};
use super::{GenerationFlow, SUMMARY, WAITING, step};
use crate::flows::home;
use crate::flows::parts::{back_and_cancel, buttons_only, read, stored, with_preface};
use crate::localization::Args;
use crate::money::Money;

const CREATE: &str = "create";
const EDIT: &str = "edit";
const EDIT_PREFIX: &str = "edit:";
const PAGE_PREFIX: &str = "page:";
const SHOW_SUMMARY: &str = "summary";
const CHANGE: &str = "change";
const ANOTHER: &str = "another";

/// How much of an answer the summary shows.
const LONGEST_SHOWN: usize = 300;
/// The longest text of a summary, well within what a message may be (Bot API, "sendMessage").
const LONGEST_SUMMARY: usize = 3_000;
/// How many answers a page of those to change has.
const ANSWERS_ON_A_PAGE: usize = 10;

impl GenerationFlow {
    /// Shows all answers; asks on when one is missing.
    pub(super) fn to_summary(&self, context: &TurnContext<'_>, mut turn: Turn) -> Result<Turn, FlowError> {
        turn = turn
            .and_unset(field(fields::EDITING))
            .and_unset(field(fields::PAGE));
        let data = turn.data_after(context.session);
        let Draft { shape, answers, .. } = draft(&data)?;
        if let Some(open) = place::first_open(&shape, &answers) {
            return self.to_question(context, turn, &open, &[]);
        }
        turn.next = Next::Step(step(SUMMARY));
        let turn = turn.and_set(field(fields::PRICE), stored(&self.price(&draft(&data)?)?)?);
        let message = self.summary(context, &data)?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    pub(super) fn summary(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let draft = draft(data)?;
        let price = self.price(&draft)?;
        let money = |amount| speech.localizer.money(speech.language, amount);
        let mut lines = vec![format!("✨ {}", draft.chosen.title)];
        for parameter in place::asked(&draft.shape.parameters) {
            if let Some(value) = draft.answers.get(&parameter.name) {
                let shown = rendering::answer(&speech, &parameter.kind, value, LONGEST_SHOWN);
                lines.push(format!("• {}: {shown}", parameter_name(&parameter.name)));
            }
        }
        let answers = rendering::shortened(&lines.join("\n"), LONGEST_SUMMARY);
        let mut about_money = speech.text("generation-price", &Args::new().with("price", money(price)));
        if let Some(available) = self.offer.balances.available(context.session.key().user()) {
            let balance = speech.text(
                "generation-balance",
                &Args::new().with("balance", money(available)),
            );
            about_money = format!("{about_money}\n{balance}");
        }
        let create = speech.text("button-create", &Args::new().with("price", money(price)));
        Ok(Message::text(format!("{answers}\n\n{about_money}"))
            .row([(create, CREATE)])
            .row([(speech.plain("button-edit"), EDIT)])
            .row(back_and_cancel(&speech)))
    }

    fn price(&self, draft: &Draft) -> Result<Money, FlowError> {
        let price = self
            .offer
            .prices
            .price(&draft.chosen.model, &draft.shape, &draft.answers);
        price.ok_or_else(|| FlowError::new("no_price", "the model has no price any more"))
    }

    pub(super) fn in_summary(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let shape = draft(data)?.shape;
        match action {
            CREATE => return self.create(context),
            EDIT => return Ok(Turn::say(said(context, self.edit_choice(context, data, 0)?))),
            SHOW_SUMMARY => return Ok(Turn::say(said(context, self.summary(context, data)?))),
            BACK => {
                // Into the last question: what comes before it is one step back from there.
                let mut way = Vec::new();
                let mut at = place::first(&shape);
                while let Some(place) = at {
                    at = place.next(&shape);
                    way.push(place);
                }
                return match way.pop() {
                    Some(last) => self.to_question(context, Turn::default(), &last, &way),
                    None => self.to_categories(context, Turn::default()),
                };
            }
            _ => {}
        }
        if let Some(page) = action
            .strip_prefix(PAGE_PREFIX)
            .and_then(|page| page.parse().ok())
        {
            return Ok(Turn::say(said(context, self.edit_choice(context, data, page)?)));
        }
        let parameter = action.strip_prefix(EDIT_PREFIX).map(Place::of);
        match parameter.filter(|place| place.parameter(&shape).is_some()) {
            Some(place) => {
                let turn = Turn::default().and_set(field(fields::EDITING), stored(&true)?);
                self.to_question(context, turn, &place, &[])
            }
            None => Ok(buttons_only(&self.speech(context))),
        }
    }

    fn edit_choice(
        &self,
        context: &TurnContext<'_>,
        data: &Fields,
        page: usize,
    ) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let shape = draft(data)?.shape;
        let names: Vec<_> = place::asked(&shape.parameters)
            .map(|parameter| parameter.name.as_str())
            .collect();
        let (on_page, page, pages) = page_of(&names, ANSWERS_ON_A_PAGE, page);
        let message = Message::text(speech.plain("edit-choose"));
        let message = on_page.chunks(2).fold(message, |message, pair| {
            message.row(
                pair.iter()
                    .map(|name| (parameter_name(name), format!("{EDIT_PREFIX}{name}"))),
            )
        });
        Ok(message
            .row(page_buttons(&speech, PAGE_PREFIX, page, pages))
            .row([(speech.plain("button-back"), SHOW_SUMMARY)]))
    }

    /// Has it made: the price is reserved, and what was asked for is handed in.
    fn create(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let draft = draft(context.session.data())?;
        let price = self.price(&draft)?;
        let shown: Option<Money> = read(context.session.data(), fields::PRICE)?;
        if shown != Some(price) {
            // The operator changed the prices since: nobody pays what they were not shown.
            let money = |amount| {
                self.speech(context)
                    .localizer
                    .money(self.speech(context).language, amount)
            };
            let notice = Args::new().with("price", money(price));
            let notice = self.speech(context).text("generation-price-changed", &notice);
            return Ok(with_preface(self.to_summary(context, Turn::default())?, &notice));
        }
        let last = LastJob {
            chosen: draft.chosen.clone(),
            answers: draft.answers.clone(),
        };
        let job = Job {
            id: format!("generation-{}", context.token),
            user: context.session.key().user(),
            model: draft.chosen.model,
            title: draft.chosen.title,
            price,
            message: context.tapped_message,
            input: draft.answers,
        };
        let notice = self.progress(context, &job, "generation-handing-in");
        Ok(Turn::go(step(WAITING))
            .and_set(field(fields::LAST_JOB), stored(&last)?)
            .and_ask(calls::submit(&job)?)
            .and_say(said(context, notice))
            .and_say(Reply::Message(self.waiting(context)))
            .and_say(Reply::Progress(Progress::Typing)))
    }

    /// What can be done while something is made.
    pub(super) fn waiting(&self, context: &TurnContext<'_>) -> Message {
        let speech = self.speech(context);
        Message::text(speech.plain("generation-waiting"))
            .row([
                (speech.plain("button-change-and-repeat"), CHANGE),
                (speech.plain("button-another-generation"), ANOTHER),
            ])
            .row([
                (speech.plain("button-main-menu"), home::MAIN_MENU),
                (speech.plain("button-cancel"), stepkeep_core::form::CANCEL),
            ])
    }

    pub(super) fn in_waiting(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        match action {
            CHANGE => self.to_summary(context, Turn::default()),
            ANOTHER => self.to_categories(context, Turn::default()),
            _ => Ok(buttons_only(&self.speech(context))),
        }
    }
}
