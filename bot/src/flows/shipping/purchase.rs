//! Buying the label, and what comes after.

use stepkeep_core::{FlowError, Message, Next, Progress, Reply, Turn, TurnContext};

use super::calls::{self, CallOutcome, VoidingOutcome};
use super::offers::{BUY, is_in, recorded, rename_button};
use super::payment::{
    Bought, ChargeReference, LabelCharge, NotReserved, PurchaseOutcome, PurchaseRequest, VoidRequest, Voided,
};
use super::{BUYING, CONFIRM, DONE, ShippingFlow, VOIDING, field, fields, order, step};
use crate::flows::home;
use crate::flows::parts::{buttons_only, stored};
use crate::localization::{Args, offer_name};
use crate::shipping::{Label, RateId, ShippingErrorKind};

const VOID: &str = "void";
const VOID_YES: &str = "void:yes";
const VOID_NO: &str = "void:no";

/// What a document's source begins with when it is the file of a label; the label's id follows.
pub const LABEL_SOURCE: &str = "label:";

impl ShippingFlow {
    /// Buys the label of the chosen offer, which is in the session after `turn`.
    pub(super) fn buy(&self, context: &TurnContext<'_>, mut turn: Turn) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let data = turn.data_after(context.session);
        let rate = order::chosen_rate(&data)?;
        let rate =
            rate.ok_or_else(|| FlowError::new("no_rate", "the chosen offer is not among the offers"))?;
        let notice = Message::text(speech.plain("buying"));
        // The notice takes the place of the question, so that its buttons go.
        let notice = match context.tapped_message {
            Some(target) => Reply::Edit {
                target,
                message: notice,
            },
            None => Reply::Message(notice),
        };
        turn.next = Next::Step(step(BUYING));
        // Once more for the same label when it is not known what became of the first time; else anew.
        let id = match order::charge(&data)? {
            Some(id) if order::is_unclear(&data, &rate.rate_id)? => id,
            _ => LabelCharge::id_of(context.token, &rate.rate_id),
        };
        let wanted = PurchaseRequest {
            rate_id: rate.rate_id,
            charge: Some(LabelCharge {
                user: context.session.key().user(),
                id: id.clone(),
                amount: rate.price,
                service: offer_name(&rate.service.carrier, &rate.service.name),
            }),
        };
        Ok(turn
            .and_set(field(fields::CHARGE), stored(&id)?)
            .and_ask(calls::buy_label(&wanted)?)
            .and_say(notice)
            .and_say(Reply::Progress(Progress::SendingFile)))
    }

    pub(super) fn purchase_finished(
        &self,
        context: &TurnContext<'_>,
        rate_id: &RateId,
        outcome: PurchaseOutcome,
    ) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let rate = order::chosen_rate(data)?.filter(|rate| rate.rate_id == *rate_id);
        let awaited = is_in(context, BUYING) && rate.is_some();
        let speech = self.speech(context);
        match outcome {
            PurchaseOutcome::Done(bought) => {
                let Bought { label, receipt } = *bought;
                let mut caption = self.caption(context, rate.as_ref(), &label);
                if let Some(receipt) = &receipt {
                    caption = format!("{caption}\n\n{}", speech.receipt("charged", receipt));
                }
                if label.test {
                    caption = format!("{caption}\n\n{}", speech.plain("label-test"));
                }
                let document = Reply::Document {
                    source: format!("{LABEL_SOURCE}{}", label.label_id),
                    file_name: format!(
                        "label-{}.pdf",
                        label
                            .tracking_number
                            .as_deref()
                            .unwrap_or(label.label_id.as_str())
                    ),
                    message: Message::text(caption),
                };
                let turn = Turn::say(document);
                if !awaited {
                    // The person began something else; the label is theirs all the same.
                    return Ok(turn);
                }
                let mut turn = turn.and_set(field(fields::LABEL), stored(&label)?);
                turn.next = Next::Step(step(DONE));
                Ok(turn.and_say(Reply::Message(self.afterwards(context))))
            }
            PurchaseOutcome::Failed(error) => {
                let reason = speech.localizer.shipping_error(speech.language, &error);
                let turn = Turn::default().and_record(recorded(&error));
                if !awaited {
                    return Ok(turn.and_say(Reply::text(format!("⚠️ {reason}"))));
                }
                if error.kind == ShippingErrorKind::NotFound {
                    // The offer has run out: only fresh ones help.
                    let notice = Message {
                        text: format!("⚠️ {reason}"),
                        ..Message::default()
                    };
                    let fresh = self.fetch_rates(context, true)?;
                    let replies = [Reply::Message(notice)]
                        .into_iter()
                        .chain(fresh.replies)
                        .collect();
                    return Ok(Turn {
                        replies,
                        error: turn.error,
                        ..fresh
                    }
                    .and_unset(field(fields::CHARGE)));
                }
                let turn = self.not_bought(context, turn, &reason)?;
                Ok(if error.kind == ShippingErrorKind::Unclear {
                    // The money stays reserved, and the next try is for the same label.
                    turn
                } else {
                    turn.and_unset(field(fields::CHARGE))
                })
            }
            PurchaseOutcome::Short(shortfall) => {
                self.not_paid(context, awaited, &speech.shortfall(&shortfall), "short_of_money")
            }
            PurchaseOutcome::NotReserved(reason) => {
                let (id, kind) = match reason {
                    NotReserved::Unavailable => ("ledger-unavailable", "ledger_unavailable"),
                    NotReserved::Currency => ("ledger-other-currency", "ledger_currency"),
                    NotReserved::TooManyOpen => ("ledger-too-many-open", "ledger_too_many_open"),
                };
                self.not_paid(context, awaited, &speech.plain(id), kind)
            }
        }
    }

    /// Back to the question, with the reason why nothing was bought.
    fn not_bought(&self, context: &TurnContext<'_>, turn: Turn, reason: &str) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let message = self.confirmation(context, context.session.data())?;
        let message = Message {
            text: format!("⚠️ {reason}\n\n{}", message.text),
            ..message
        };
        let message = rename_button(message, BUY, &speech.plain("button-try-again"));
        Ok(Turn {
            next: Next::Step(step(CONFIRM)),
            ..turn
        }
        .and_say(Reply::Message(message)))
    }

    /// Nothing was bought, since the money was not there or could not be reserved.
    fn not_paid(
        &self,
        context: &TurnContext<'_>,
        awaited: bool,
        reason: &str,
        kind: &str,
    ) -> Result<Turn, FlowError> {
        let turn = Turn::default().and_record(FlowError::new(kind, ""));
        if !awaited {
            return Ok(turn.and_say(Reply::text(format!("⚠️ {reason}"))));
        }
        let turn = self.not_bought(context, turn, reason)?;
        Ok(turn.and_unset(field(fields::CHARGE)))
    }

    fn caption(
        &self,
        context: &TurnContext<'_>,
        rate: Option<&crate::shipping::Rate>,
        label: &Label,
    ) -> String {
        let speech = self.speech(context);
        let price = label.cost.or(rate.map(|rate| rate.price));
        let price = price
            .map(|price| speech.localizer.money(speech.language, price))
            .unwrap_or_default();
        let (carrier, service) = match rate {
            Some(rate) => (Some(&*rate.service.carrier), Some(&*rate.service.name)),
            None => (label.carrier_code.as_deref(), label.service_code.as_deref()),
        };
        let offer = offer_name(carrier.unwrap_or_default(), service.unwrap_or_default());
        let args = Args::new().with("offer", offer).with("price", price);
        match &label.tracking_number {
            Some(number) => speech.text("label-ready", &args.with("tracking-number", number.clone())),
            None => speech.text("label-ready-without-tracking", &args),
        }
    }

    /// What can be done once the label is there.
    pub(super) fn afterwards(&self, context: &TurnContext<'_>) -> Message {
        let speech = self.speech(context);
        Message::text(speech.plain("order-done"))
            .row([(speech.plain("button-new-order"), home::NEW_ORDER)])
            .row([
                (speech.plain("button-void"), VOID),
                (speech.plain("button-main-menu"), home::MAIN_MENU),
            ])
    }

    pub(super) fn in_done(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let Some(label) = order::label(context.session.data())? else {
            return Err(FlowError::new("no_label", "the order is done without a label"));
        };
        match action {
            VOID => {
                let number = label
                    .tracking_number
                    .unwrap_or_else(|| label.label_id.to_string());
                let question = speech.text("void-confirm", &Args::new().with("tracking-number", number));
                let choice = [
                    (speech.plain("button-yes"), VOID_YES),
                    (speech.plain("button-no"), VOID_NO),
                ];
                Ok(Turn::say(Reply::Message(Message::text(question).row(choice))))
            }
            VOID_YES => {
                let charge = order::charge(context.session.data())?.map(|id| ChargeReference {
                    user: context.session.key().user(),
                    id,
                });
                let wanted = VoidRequest {
                    label_id: label.label_id,
                    charge,
                };
                Ok(Turn::go(step(VOIDING))
                    .and_ask(calls::void_label(&wanted)?)
                    .and_say(Reply::Progress(Progress::Typing)))
            }
            VOID_NO => Ok(Turn::say(Reply::Message(self.afterwards(context)))),
            _ => Ok(buttons_only(&speech)),
        }
    }

    pub(super) fn voiding_finished(&self, context: &TurnContext<'_>, outcome: VoidingOutcome) -> Turn {
        let speech = self.speech(context);
        let (text, error) = match outcome {
            CallOutcome::Done(Voided { voiding, refund }) => {
                let text = match refund {
                    Some(receipt) => speech.receipt("void-refunded", &receipt),
                    None => speech.render(&voiding),
                };
                (text, None)
            }
            CallOutcome::Failed(error) => (
                speech.localizer.shipping_error(speech.language, &error),
                Some(recorded(&error)),
            ),
        };
        let turn = Turn {
            error,
            ..Turn::say(Reply::text(text))
        };
        if is_in(context, VOIDING) {
            let mut turn = turn.and_say(Reply::Message(self.afterwards(context)));
            turn.next = Next::Step(step(DONE));
            turn
        } else {
            turn
        }
    }
}
