//! What the home says about money: the balance, its history, and the admins' commands. What there is to see comes by calls,
//! since a turn reads nothing but its session.

pub mod calls;
mod stars;
mod words;

use std::collections::BTreeSet;

use stepkeep_core::{FieldValue, FlowError, Message, Next, Progress, Reply, Turn, TurnContext, UserId};

use super::parts::outcome as outcome_of;
use super::speech::Speech;
use crate::localization::Args;
use crate::money::{Currency, Money};
use calls::{
    BalanceOutcome, BalanceRequest, CREDIT_ACCOUNT, CreditOutcome, CreditRequest, FETCH_BALANCE,
    LOOK_UP_PERSON, PAYMENT, PersonOutcome, PersonRequest, REFUND_STARS,
};
pub use stars::StarsOffer;

/// The button that shows the balance.
pub(super) const BALANCE: &str = "balance:show";
const HISTORY_PREFIX: &str = "balance:history:";
/// Goes on with what was shown before.
const CLOSE: &str = "balance:close";

/// The longest reason that an admin may give, in characters.
const LONGEST_REASON: usize = 100;

/// What has to be known to talk about money.
#[derive(Debug, Clone)]
pub(super) struct BalanceDialogue {
    pub(super) admins: BTreeSet<UserId>,
    pub(super) currency: Currency,
    /// What is offered for Stars; nothing without it.
    pub(super) stars: Option<StarsOffer>,
}

impl BalanceDialogue {
    /// The turn for a command that is about money; `None` if it isn't, or not for this person.
    pub(super) fn command(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        name: &str,
        arguments: &str,
    ) -> Result<Option<Turn>, FlowError> {
        let user = context.session.key().user();
        let is_admin = self.admins.contains(&user);
        Ok(match name {
            "balance" => Some(show(user, None, None)?),
            "credit" if is_admin => Some(match self.credit_request(context, arguments) {
                Some(request) => Turn::default().and_ask(calls::request(CREDIT_ACCOUNT, &request)?),
                None => Turn::say(Reply::text(speech.plain("credit-usage"))),
            }),
            "user" if is_admin => Some(match person(arguments.trim()) {
                Some(user) => {
                    Turn::default().and_ask(calls::request(LOOK_UP_PERSON, &PersonRequest { user })?)
                }
                None => Turn::say(Reply::text(speech.plain("user-usage"))),
            }),
            "refund" if is_admin => Some(stars::refund(context, speech, arguments)?),
            name => self.stars.as_ref().and_then(|stars| stars.command(speech, name)),
        })
    }

    /// `<user> <amount> [reason]`.
    fn credit_request(&self, context: &TurnContext<'_>, arguments: &str) -> Option<CreditRequest> {
        let (user, rest) = arguments.trim().split_once(char::is_whitespace)?;
        let (amount, reason) = match rest.trim().split_once(char::is_whitespace) {
            Some((amount, reason)) => (amount, reason.trim()),
            None => (rest.trim(), ""),
        };
        let amount = Money::parse(amount, self.currency).ok()?;
        (amount.minor() > 0).then_some(())?;
        Some(CreditRequest {
            id: format!("credit:{}", context.token),
            user: person(user)?,
            amount,
            reason: reason.chars().take(LONGEST_REASON).collect(),
            by: context.session.key().user(),
        })
    }
}

/// The id of a person.
fn person(text: &str) -> Option<UserId> {
    text.parse().ok().filter(|id| *id > 0).map(UserId)
}

fn show(user: UserId, page: Option<usize>, target: Option<i64>) -> Result<Turn, FlowError> {
    let request = BalanceRequest { user, page, target };
    Ok(Turn::default()
        .and_ask(calls::request(FETCH_BALANCE, &request)?)
        .and_say(Reply::Progress(Progress::Typing)))
}

impl BalanceDialogue {
    /// The turn for a button that is about money.
    pub(super) fn action(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        action: &str,
    ) -> Result<Option<Turn>, FlowError> {
        let user = context.session.key().user();
        let of_stars = self.stars.as_ref();
        if let Some(turn) = of_stars.and_then(|stars| stars.action(context, speech, action)) {
            return Ok(Some(turn));
        }
        Ok(match action {
            BALANCE => Some(show(user, None, None)?),
            CLOSE => Some(Turn {
                next: Next::Resume,
                ..Turn::default()
            }),
            other => match other.strip_prefix(HISTORY_PREFIX).map(str::parse) {
                Some(Ok(page)) => Some(show(user, Some(page), context.tapped_message)?),
                _ => None,
            },
        })
    }

    /// The turn that tells of what happened; `None` when it isn't about money.
    pub(super) fn happened(
        speech: &Speech<'_>,
        name: &str,
        details: &FieldValue,
    ) -> Result<Option<Turn>, FlowError> {
        (name == PAYMENT)
            .then(|| stars::paid(speech, details))
            .transpose()
    }

    /// The turn for what a call brought; `None` when the call isn't about money.
    pub(super) fn finished(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        (name, payload, outcome): (&str, &FieldValue, &FieldValue),
    ) -> Result<Option<Turn>, FlowError> {
        Ok(Some(match name {
            FETCH_BALANCE => self.seen(context, speech, &outcome_of(payload)?, &outcome_of(outcome)?),
            CREDIT_ACCOUNT => Turn::say(Reply::text(credited(
                speech,
                &outcome_of(payload)?,
                &outcome_of(outcome)?,
            ))),
            REFUND_STARS => Turn::say(Reply::text(stars::refunded(
                speech,
                &outcome_of(payload)?,
                &outcome_of(outcome)?,
            ))),
            LOOK_UP_PERSON => {
                let asked: PersonRequest = outcome_of(payload)?;
                let text = match outcome_of(outcome)? {
                    PersonOutcome::Found {
                        account,
                        place,
                        seen_at,
                    } => speech.person(asked.user, &account, place.as_deref(), seen_at),
                    PersonOutcome::Unavailable => speech.plain("ledger-unavailable"),
                };
                Turn::say(Reply::text(text))
            }
            _ => return Ok(None),
        }))
    }

    fn seen(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        asked: &BalanceRequest,
        outcome: &BalanceOutcome,
    ) -> Turn {
        let message = match outcome {
            BalanceOutcome::Unavailable => Message::text(speech.plain("ledger-unavailable")),
            BalanceOutcome::Balance(account) => {
                let is_offered = self.stars.is_some();
                let stars = StarsOffer::button(speech, context.session).filter(|_| is_offered);
                Message::text(speech.balance(account)).row(stars).row([
                    (speech.plain("button-history"), format!("{HISTORY_PREFIX}0")),
                    (speech.plain("button-back"), CLOSE.to_owned()),
                ])
            }
            BalanceOutcome::History(history) => {
                let to = |page: usize, label: &str| (speech.plain(label), format!("{HISTORY_PREFIX}{page}"));
                let newer = history
                    .has_newer
                    .then(|| to(history.page.saturating_sub(1), "button-newer"));
                let older = history.has_older.then(|| to(history.page + 1, "button-older"));
                Message::text(speech.history(history))
                    .row(newer.into_iter().chain(older))
                    .row([(speech.plain("button-back"), CLOSE)])
            }
        };
        Turn::say(match asked.target {
            Some(target) => Reply::Edit { target, message },
            None => Reply::Message(message),
        })
    }
}

fn credited(speech: &Speech<'_>, asked: &CreditRequest, outcome: &CreditOutcome) -> String {
    let user = asked.user.0.to_string();
    match outcome {
        CreditOutcome::Done { available } => {
            let args = Args::new()
                .with("user", user)
                .with("amount", speech.money(asked.amount))
                .with("available", speech.money(*available));
            speech.text("credit-done", &args)
        }
        CreditOutcome::Failed => speech.text("credit-failed", &Args::new().with("user", user)),
    }
}
