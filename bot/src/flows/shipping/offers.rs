//! The carriers' offers: asking for them, and choosing one.

use stepkeep_core::form::BACK;
use stepkeep_core::{FieldValue, Fields, FlowError, Message, Next, Progress, Reply, Turn, TurnContext};

use super::calls::{self, CallOutcome, RatesOutcome, RatesRequest, VoidingOutcome};
use super::payment::{PurchaseOutcome, PurchaseRequest};
use super::{
    CHECKING_PRICE, CONFIRM, FETCHING_RATES, RATES, RETRY_RATES, SHOW_RATES, ShippingFlow, field, fields,
    order, step,
};
use crate::catalogue::Offers;
use crate::flows::parts::{back_and_cancel, buttons_only, outcome as outcome_of, stored};
use crate::localization::Args;
use crate::shipping::ShippingErrorSummary;

const RATE_PREFIX: &str = "rate:";
pub(super) const BUY: &str = "buy";

impl ShippingFlow {
    /// Shows the offers, at once when they are known.
    pub(super) fn show_rates(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let shipment = order::shipment(context.session.data())?;
        match self.rates.as_ref().and_then(|rates| rates.at_hand(&shipment)) {
            Some(offers) => self.to_offers(
                context,
                &offers,
                Turn::default().and_unset(field(fields::CHOSEN_RATE)),
            ),
            None => self.fetch_rates(context, false),
        }
    }

    /// Asks for offers; the carriers themselves when they have to be fresh.
    pub(super) fn fetch_rates(&self, context: &TurnContext<'_>, is_fresh: bool) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let shipment = order::shipment(context.session.data())?;
        let notice = Message::text(speech.plain("rates-loading")).row(back_and_cancel(&speech));
        Ok(Turn::go(step(FETCHING_RATES))
            .and_ask(calls::fetch_rates(&RatesRequest { shipment, is_fresh })?)
            .and_unset(field(fields::RATES))
            .and_unset(field(fields::QUOTE_TERMS))
            .and_unset(field(fields::CHOSEN_RATE))
            .and_say(Reply::Message(notice))
            .and_say(Reply::Progress(Progress::Typing)))
    }

    pub(super) fn effect_finished(
        &self,
        context: &TurnContext<'_>,
        name: &str,
        payload: &FieldValue,
        outcome: &FieldValue,
    ) -> Result<Turn, FlowError> {
        match name {
            calls::FETCH_RATES => {
                let (asked, outcome): (RatesRequest, RatesOutcome) =
                    (outcome_of(payload)?, outcome_of(outcome)?);
                // The person went back and changed an answer meanwhile: these offers are for another parcel.
                if order::shipment(context.session.data()).ok().as_ref() != Some(&asked.shipment) {
                    Ok(Turn::default())
                } else if is_in(context, CHECKING_PRICE) && asked.is_fresh {
                    self.price_checked(context, outcome)
                } else if is_in(context, FETCHING_RATES) {
                    self.rates_came(context, outcome)
                } else {
                    Ok(Turn::default())
                }
            }
            calls::BUY_LABEL => {
                let (asked, outcome): (PurchaseRequest, PurchaseOutcome) =
                    (outcome_of(payload)?, outcome_of(outcome)?);
                self.purchase_finished(context, &asked.rate_id, outcome)
            }
            calls::VOID_LABEL => {
                let outcome: VoidingOutcome = outcome_of(outcome)?;
                Ok(self.voiding_finished(context, outcome))
            }
            other => Err(FlowError::new(
                "unknown_call",
                format!("the order asked for no {other}"),
            )),
        }
    }

    fn rates_came(&self, context: &TurnContext<'_>, outcome: RatesOutcome) -> Result<Turn, FlowError> {
        let data = context.session.data();
        match outcome {
            CallOutcome::Done(offers) => self.to_offers(context, &offers, Turn::default()),
            CallOutcome::Failed(error) => {
                let speech = self.speech(context);
                let reason = speech.localizer.shipping_error(speech.language, &error);
                let message = self.summary(context, data)?;
                let message = Message {
                    text: format!("⚠️ {reason}\n\n{}", message.text),
                    ..message
                };
                let again = speech.plain("button-try-again");
                let message = replace_button(message, SHOW_RATES, &again, RETRY_RATES);
                Ok(Turn::go(step(super::SUMMARY))
                    .and_record(recorded(&error))
                    .and_say(Reply::Message(message)))
            }
        }
    }

    /// Keeps the offers, and lets the person choose.
    pub(super) fn to_offers(
        &self,
        context: &TurnContext<'_>,
        offers: &Offers,
        turn: Turn,
    ) -> Result<Turn, FlowError> {
        let mut turn = keeping(turn, offers)?;
        turn.next = Next::Step(step(RATES));
        let message = self.offers(context, &turn.data_after(context.session))?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    /// The offers as they are kept, with how far they can be relied on.
    pub(super) fn offers(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let rates = order::rates(data)?;
        let mut text = speech.text("rates-choose", &Args::new().with("count", rates.len()));
        for rate in &rates {
            text.push('\n');
            text.push_str(&speech.localizer.rate_line(speech.language, rate));
        }
        if let Some(terms) = order::terms(data)? {
            let (id, time) = if terms.hold_at(context.now) {
                ("rates-hold-until", terms.valid_until)
            } else {
                ("rates-of-earlier", terms.asked_at)
            };
            let args = Args::new().with("time", speech.localizer.time_of_day(speech.language, time));
            text = format!("{text}\n\n{}", speech.text(id, &args));
        }
        let message = rates.iter().fold(Message::text(text), |message, rate| {
            let label = speech.localizer.rate_button(speech.language, rate);
            message.row([(label, format!("{RATE_PREFIX}{}", rate.rate_id))])
        });
        Ok(message.row(back_and_cancel(&speech)))
    }

    pub(super) fn in_rates(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        if action == BACK {
            return self.to_summary(context, Turn::default());
        }
        let rates = order::rates(context.session.data())?;
        let chosen = action.strip_prefix(RATE_PREFIX);
        let chosen = chosen.and_then(|id| rates.iter().find(|rate| rate.rate_id.as_str() == id));
        match chosen {
            Some(rate) => {
                let turn = Turn::default().and_set(field(fields::CHOSEN_RATE), stored(&rate.rate_id)?);
                self.to_confirmation(context, turn)
            }
            None => Ok(buttons_only(&self.speech(context))),
        }
    }

    pub(super) fn to_confirmation(
        &self,
        context: &TurnContext<'_>,
        mut turn: Turn,
    ) -> Result<Turn, FlowError> {
        turn.next = Next::Step(step(CONFIRM));
        let message = self.confirmation(context, &turn.data_after(context.session))?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    pub(super) fn confirmation(
        &self,
        context: &TurnContext<'_>,
        data: &Fields,
    ) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let rate = order::chosen_rate(data)?;
        let rate =
            rate.ok_or_else(|| FlowError::new("no_rate", "the chosen offer is not among the offers"))?;
        let price = Args::new().with("price", speech.localizer.money(speech.language, rate.price));
        Ok(
            Message::text(speech.localizer.confirm_purchase(speech.language, &rate))
                .row([(speech.text("button-buy", &price), BUY)])
                .row([(speech.plain("button-other-rate"), RATES)])
                .row(back_and_cancel(&speech)),
        )
    }

    pub(super) fn in_confirm(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        match action {
            BUY => self.buy_at_this_price(context),
            BACK | RATES => {
                let message = self.offers(context, context.session.data())?;
                Ok(Turn::go(step(RATES)).and_say(Reply::Message(message)))
            }
            _ => Ok(buttons_only(&self.speech(context))),
        }
    }
}

/// A turn that keeps these offers in place of earlier ones.
pub(super) fn keeping(turn: Turn, offers: &Offers) -> Result<Turn, FlowError> {
    Ok(turn
        .and_set(field(fields::RATES), stored(&offers.quote.rates)?)
        .and_set(field(fields::QUOTE_TERMS), stored(&offers.terms)?))
}

/// Whether the person is in this step of the order.
pub(super) fn is_in(context: &TurnContext<'_>, step: &str) -> bool {
    context.session.flow() == Some(&super::name()) && context.session.step().is_some_and(|at| *at == *step)
}

/// What is kept of an error for operators: its kind and the API's name of the request. The carrier's words may quote
/// an address.
pub(super) fn recorded(error: &ShippingErrorSummary) -> FlowError {
    let request = error
        .request_id
        .as_deref()
        .map_or_else(String::new, |id| format!("request {id}"));
    FlowError::new(format!("shipping_{}", error.kind.as_str()), request)
}

pub(super) fn rename_button(message: Message, action: &str, label: &str) -> Message {
    replace_button(message, action, label, action)
}

/// Puts another button in the place of the one that stands for `action`.
fn replace_button(mut message: Message, action: &str, label: &str, new_action: &str) -> Message {
    let buttons = message.buttons.iter_mut().flatten();
    for button in buttons.filter(|button| button.action == action) {
        label.clone_into(&mut button.text);
        new_action.clone_into(&mut button.action);
    }
    message
}
