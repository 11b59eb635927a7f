//! The carriers' offers: asking for them, and choosing one.

use stepkeep_core::form::BACK;
use stepkeep_core::{FieldValue, Fields, FlowError, Message, Next, Progress, Reply, Turn, TurnContext};

use super::calls::{self, CallOutcome, PurchaseOutcome, RatesOutcome, VoidingOutcome};
use super::{
    CONFIRM, FETCHING_RATES, RATES, SHOW_RATES, ShippingFlow, back_and_cancel, buttons_only, field, fields,
    order, step,
};
use crate::localization::Args;
use crate::shipping::{Rate, RateId, Shipment, ShippingErrorSummary};

const RATE_PREFIX: &str = "rate:";
pub(super) const BUY: &str = "buy";

impl ShippingFlow {
    /// Asks the carriers.
    pub(super) fn fetch_rates(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let shipment = order::shipment(context.session.data())?;
        let notice = Message::text(speech.plain("rates-loading")).row(back_and_cancel(&speech));
        Ok(Turn::go(step(FETCHING_RATES))
            .and_ask(calls::fetch_rates(&shipment)?)
            .and_unset(field(fields::RATES))
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
            calls::FETCH_RATES => self.rates_came(context, &read(payload)?, read(outcome)?),
            calls::BUY_LABEL => {
                let outcome: PurchaseOutcome = read(outcome)?;
                self.purchase_finished(context, &read(payload)?, outcome)
            }
            calls::VOID_LABEL => {
                let outcome: VoidingOutcome = read(outcome)?;
                Ok(self.voiding_finished(context, outcome))
            }
            other => Err(FlowError::new(
                "unknown_call",
                format!("the order asked for no {other}"),
            )),
        }
    }

    fn rates_came(
        &self,
        context: &TurnContext<'_>,
        asked: &Shipment,
        outcome: RatesOutcome,
    ) -> Result<Turn, FlowError> {
        let data = context.session.data();
        // The person went back and changed an answer meanwhile: these offers are for another parcel.
        let awaited = is_in(context, FETCHING_RATES) && order::shipment(data).ok().as_ref() == Some(asked);
        if !awaited {
            return Ok(Turn::default());
        }
        match outcome {
            CallOutcome::Done(quote) => {
                let message = self.offers(context, &quote.rates);
                Ok(Turn::go(step(RATES))
                    .and_set(field(fields::RATES), stored(&quote.rates)?)
                    .and_say(Reply::Message(message)))
            }
            CallOutcome::Failed(error) => {
                let speech = self.speech(context);
                let reason = speech.localizer.shipping_error(speech.language, &error);
                let message = self.summary(context, data)?;
                let message = Message {
                    text: format!("⚠️ {reason}\n\n{}", message.text),
                    ..message
                };
                let message = rename_button(message, SHOW_RATES, &speech.plain("button-try-again"));
                Ok(Turn::go(step(super::SUMMARY))
                    .and_record(recorded(&error))
                    .and_say(Reply::Message(message)))
            }
        }
    }

    pub(super) fn offers(&self, context: &TurnContext<'_>, rates: &[Rate]) -> Message {
        let speech = self.speech(context);
        let mut text = speech.text("rates-choose", &Args::new().with("count", rates.len()));
        for rate in rates {
            text.push('\n');
            text.push_str(&speech.localizer.rate_line(speech.language, rate));
        }
        let message = rates.iter().fold(Message::text(text), |message, rate| {
            let label = speech.localizer.rate_button(speech.language, rate);
            message.row([(label, format!("{RATE_PREFIX}{}", rate.rate_id))])
        });
        message.row(back_and_cancel(&speech))
    }

    pub(super) fn in_rates(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        if action == BACK {
            return self.to_summary(context, Turn::default());
        }
        let rates = order::rates(context.session.data())?;
        let chosen = action.strip_prefix(RATE_PREFIX);
        let chosen = chosen.and_then(|id| rates.iter().find(|rate| rate.rate_id.as_str() == id));
        match chosen {
            Some(rate) => self.to_confirmation(context, &rate.rate_id, Turn::default()),
            None => Ok(buttons_only(&self.speech(context))),
        }
    }

    fn to_confirmation(
        &self,
        context: &TurnContext<'_>,
        rate: &RateId,
        turn: Turn,
    ) -> Result<Turn, FlowError> {
        let mut turn = turn.and_set(field(fields::CHOSEN_RATE), stored(rate)?);
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
            BUY => self.buy(context),
            BACK | RATES => {
                let rates = order::rates(context.session.data())?;
                let message = self.offers(context, &rates);
                Ok(Turn::go(step(RATES)).and_say(Reply::Message(message)))
            }
            _ => Ok(buttons_only(&self.speech(context))),
        }
    }
}

/// Whether the person is in this step of the order.
pub(super) fn is_in(context: &TurnContext<'_>, step: &str) -> bool {
    context.session.flow() == Some(&super::name()) && context.session.step().is_some_and(|at| *at == *step)
}

pub(super) fn stored<T: serde::Serialize + ?Sized>(value: &T) -> Result<FieldValue, FlowError> {
    FieldValue::new(value).map_err(|error| FlowError::new("unwritable_answer", error))
}

fn read<T: serde::de::DeserializeOwned>(value: &FieldValue) -> Result<T, FlowError> {
    value
        .get()
        .map_err(|error| FlowError::new("unreadable_outcome", error))
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

pub(super) fn rename_button(mut message: Message, action: &str, label: &str) -> Message {
    for button in message
        .buttons
        .iter_mut()
        .flatten()
        .filter(|button| button.action == action)
    {
        label.clone_into(&mut button.text);
    }
    message
}
