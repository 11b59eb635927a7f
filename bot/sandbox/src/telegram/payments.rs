//! Payments with Telegram's Stars: bills, attempts to pay them, and what the bot got.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::object::Object;

/// The currency of Stars.
pub(crate) const STARS: &str = "XTR";

/// As long after its question a payment waits for the bot's answer, in seconds.
pub(crate) const ANSWER_WITHIN_SECONDS: i64 = 10;

/// As many attempts are remembered; older ones count as unknown.
const CAPACITY: usize = 100_000;

/// What a message asks to be paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bill {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) payload: String,
    pub(crate) amount: u32,
}

impl Bill {
    /// The Bot API's `Invoice`.
    pub(crate) fn invoice(&self) -> Value {
        json!({
            "title": self.title,
            "description": self.description,
            "start_parameter": "",
            "currency": STARS,
            "total_amount": self.amount,
        })
    }
}

/// What was paid, or given back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) payload: String,
    pub(crate) amount: u32,
    pub(crate) charge: String,
}

impl Receipt {
    /// The Bot API's `SuccessfulPayment` or `RefundedPayment`.
    pub(crate) fn payment(&self) -> Value {
        json!({
            "currency": STARS,
            "total_amount": self.amount,
            "invoice_payload": self.payload,
            "telegram_payment_charge_id": self.charge,
            "provider_payment_charge_id": "",
        })
    }
}

/// How far an attempt to pay is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum AttemptState {
    /// The bot has not answered yet.
    Waiting,
    /// The bot does not want the payment.
    Refused { error_message: String },
    /// It is paid.
    Paid {
        telegram_payment_charge_id: String,
        /// None where the bot doesn't want messages.
        update_id: Option<i64>,
        message_id: i64,
    },
    /// The bot did not answer in time.
    Expired,
}

/// A person who presses "Pay".
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) bot: i64,
    pub(crate) person: i64,
    /// Where the payment is told: the private chat of who pays, or the group.
    pub(crate) chat: i64,
    pub(crate) payload: String,
    pub(crate) amount: u32,
    pub(crate) at: i64,
    pub(crate) state: AttemptState,
}

impl Attempt {
    pub(crate) fn is_waiting(&self, now: i64) -> bool {
        matches!(self.state, AttemptState::Waiting) && now - self.at <= ANSWER_WITHIN_SECONDS
    }

    /// How far it is at this time.
    pub(crate) fn state_at(&self, now: i64) -> AttemptState {
        match &self.state {
            AttemptState::Waiting if !self.is_waiting(now) => AttemptState::Expired,
            state => state.clone(),
        }
    }
}

/// The attempts to pay of all bots, by the id of the pre-checkout query.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Attempts {
    by_id: HashMap<String, Attempt>,
    order: VecDeque<String>,
}

impl Attempts {
    pub(crate) fn add(&mut self, id: String, attempt: Attempt) {
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.by_id.insert(id, attempt);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Attempt> {
        self.by_id.get(id)
    }

    /// The attempt that this bot can still answer.
    pub(crate) fn waiting(&mut self, bot: i64, id: &str, now: i64) -> Option<&mut Attempt> {
        let attempt = self.by_id.get_mut(id)?;
        (attempt.bot == bot && attempt.is_waiting(now)).then_some(attempt)
    }
}

/// Stars that came to the bot, or went back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) charge: String,
    pub(crate) person: i64,
    pub(crate) payload: String,
    pub(crate) amount: u32,
    pub(crate) date: i64,
    pub(crate) is_return: bool,
}

impl Transaction {
    /// The Bot API's `StarTransaction`.
    pub(crate) fn shown(&self, user: &Object<'_>) -> Value {
        let partner = json!({
            "type": "user",
            "transaction_type": "invoice_payment",
            "user": user,
            "invoice_payload": self.payload,
        });
        let side = if self.is_return { "receiver" } else { "source" };
        json!({"id": self.charge, "amount": self.amount, "date": self.date, side: partner})
    }
}

/// What the bot has of Stars.
pub(crate) fn balance(transactions: &[Transaction]) -> i64 {
    let amounts = transactions.iter().map(|transaction| {
        let amount = i64::from(transaction.amount);
        if transaction.is_return { -amount } else { amount }
    });
    amounts.sum()
}
