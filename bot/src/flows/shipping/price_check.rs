//! What a person pays is what they were shown: a price that may have changed is asked for again before the label is bought.

use stepkeep_core::{FlowError, Message, Progress, Reply, Turn, TurnContext};

use super::calls::{self, CallOutcome, RatesOutcome, RatesRequest};
use super::offers::{BUY, keeping, recorded, rename_button};
use super::{CHECKING_PRICE, ShippingFlow, field, fields, order, step};
use crate::catalogue::Offers;
use crate::flows::parts::{back_and_cancel, preceded, stored, with_preface};
use crate::localization::Args;
use crate::shipping::Rate;

impl ShippingFlow {
    /// The person agreed to the price. The label is bought when it still holds, and was asked for this very order.
    pub(super) fn buy_at_this_price(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let data = context.session.data();
        // It may have been bought: then it is looked up, and neither asked for under another price nor paid twice.
        if let Some(rate) = order::chosen_rate(data)?
            && order::is_unclear(data, &rate.rate_id)?
        {
            return self.buy(context, Turn::default());
        }
        let terms = order::terms(data)?;
        match terms.filter(|terms| terms.hold_at(context.now)) {
            Some(terms) if terms.is_own => self.buy(context, Turn::default()),
            Some(_) => self.check_price(context, "price-checking"),
            None => self.check_price(context, "rates-expired"),
        }
    }

    fn check_price(&self, context: &TurnContext<'_>, notice: &str) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let shipment = order::shipment(context.session.data())?;
        let request = RatesRequest {
            shipment,
            is_fresh: true,
        };
        let notice = Message::text(speech.plain(notice)).row(back_and_cancel(&speech));
        Ok(Turn::go(step(CHECKING_PRICE))
            .and_ask(calls::fetch_rates(&request)?)
            .and_say(Reply::Message(notice))
            .and_say(Reply::Progress(Progress::Typing)))
    }

    /// The price was asked for again. Who agreed to it while it held gets the label if it is the same; everybody else is
    /// asked again.
    pub(super) fn price_checked(
        &self,
        context: &TurnContext<'_>,
        outcome: RatesOutcome,
    ) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let speech = self.speech(context);
        let offers = match outcome {
            CallOutcome::Done(offers) => offers,
            CallOutcome::Failed(error) => {
                let reason = speech.localizer.shipping_error(speech.language, &error);
                let message = self.confirmation(context, data)?;
                let message = preceded(message, &format!("⚠️ {reason}"));
                let message = rename_button(message, BUY, &speech.plain("button-try-again"));
                return Ok(Turn::go(step(super::CONFIRM))
                    .and_record(recorded(&error))
                    .and_say(Reply::Message(message)));
            }
        };
        let agreed = order::chosen_rate(data)?;
        let agreed =
            agreed.ok_or_else(|| FlowError::new("no_rate", "the chosen offer is not among the offers"))?;
        let held = order::terms(data)?.is_some_and(|terms| terms.hold_at(context.now));
        let Some(rate) = same_service(&offers, &agreed) else {
            let turn = Turn::default().and_unset(field(fields::CHOSEN_RATE));
            let turn = self.to_offers(context, &offers, turn)?;
            return Ok(with_preface(turn, &speech.plain("rate-gone")));
        };
        let turn =
            keeping(Turn::default(), &offers)?.and_set(field(fields::CHOSEN_RATE), stored(&rate.rate_id)?);
        if held && rate.price == agreed.price && offers.terms.is_own {
            return self.buy(context, turn);
        }
        let money = |price| speech.localizer.money(speech.language, price);
        let args = Args::new()
            .with("price", money(rate.price))
            .with("old-price", money(agreed.price));
        let id = if rate.price == agreed.price {
            "rate-price-unchanged"
        } else {
            "rate-price-changed"
        };
        let turn = self.to_confirmation(context, turn)?;
        Ok(with_preface(turn, &speech.text(id, &args)))
    }
}

/// The offer of the same carrier's same service, under its new id.
fn same_service<'a>(offers: &'a Offers, agreed: &Rate) -> Option<&'a Rate> {
    offers.quote.rates.iter().find(|rate| {
        let (offered, wanted) = (&*rate.service, &*agreed.service);
        offered.carrier_code == wanted.carrier_code
            && offered.code == wanted.code
            && offered.carrier == wanted.carrier
    })
}
