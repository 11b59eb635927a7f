//! The calls about Telegram's Stars.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stepkeep_core::UserId;
use teloxide_core::payloads::RefundStarPayment;
use teloxide_core::types::TelegramTransactionId;

use super::client::TelegramClient;
use super::error::{Method, TelegramError, TelegramErrorKind};

/// The most transactions of one page (Bot API, "getStarTransactions").
pub const STARS_PAGE: usize = 100;

/// How long a page may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// What is asked of Telegram about Stars.
#[async_trait]
pub trait StarsApi: std::fmt::Debug + Send + Sync + 'static {
    /// A page of the bot's transactions, of at most [`STARS_PAGE`], after so many others. What can't be read, or is neither
    /// a payment for an invoice nor its way back, is an empty place.
    ///
    /// # Errors
    /// [`TelegramError`], by kind.
    async fn star_transactions(
        &self,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Option<StarsTransaction>>, TelegramError>;

    /// Gives the Stars of a payment back to whoever paid. Done again, it says that it was done.
    ///
    /// # Errors
    /// [`TelegramError`], by kind: `BadRequest` when they can't be given back, which is sure; after others they may have been.
    async fn refund_stars(&self, user: UserId, charge: &str) -> Result<StarsRefund, TelegramError>;
}

/// What became of Stars that were to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StarsRefund {
    /// They were, now.
    Done,
    /// They were, before.
    DoneBefore,
}

/// A payment for an invoice, or its way back, as the list of transactions has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarsTransaction {
    /// What the payment is known by; the way back has the same.
    pub charge: String,
    /// Whether the Stars went back.
    pub is_return: bool,
    /// Whose Stars.
    pub user: UserId,
    /// How many.
    pub amount: u32,
    /// When, in seconds since 1970.
    pub date: i64,
    /// The invoice's payload; ways back may have none.
    pub payload: Option<String>,
}

/// A transaction as Telegram writes it. Read leniently: kinds of partners are added over time.
#[derive(Deserialize)]
struct Transaction {
    id: String,
    amount: u32,
    date: i64,
    source: Option<Partner>,
    receiver: Option<Partner>,
}

#[derive(Deserialize)]
struct Partner {
    user: Option<PartnerUser>,
    transaction_type: Option<String>,
    invoice_payload: Option<String>,
}

#[derive(Deserialize)]
struct PartnerUser {
    id: i64,
}

impl StarsTransaction {
    fn read(raw: &RawValue) -> Option<Self> {
        let transaction: Transaction = serde_json::from_str(raw.get()).ok()?;
        let (partner, is_return) = match (transaction.source, transaction.receiver) {
            (Some(source), None) => (source, false),
            (None, Some(receiver)) => (receiver, true),
            _ => return None,
        };
        // Older servers don't say of which type it is.
        let is_of_invoice = partner
            .transaction_type
            .is_none_or(|kind| kind == "invoice_payment");
        is_of_invoice.then_some(())?;
        Some(Self {
            charge: transaction.id,
            is_return,
            user: UserId(partner.user?.id),
            amount: transaction.amount,
            date: transaction.date,
            payload: partner.invoice_payload,
        })
    }
}

#[async_trait]
impl StarsApi for TelegramClient {
    async fn star_transactions(
        &self,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Option<StarsTransaction>>, TelegramError> {
        #[derive(Serialize)]
        struct Page {
            offset: usize,
            limit: usize,
        }
        #[derive(Deserialize)]
        struct Transactions {
            transactions: Vec<Box<RawValue>>,
        }
        let page = Page {
            offset,
            limit: limit.min(STARS_PAGE),
        };
        let method = Method::new("getStarTransactions");
        let page = self.call_named::<_, Transactions>(method, &page, DEADLINE, Duration::ZERO);
        let raw = page.await?.transactions;
        Ok(raw.iter().map(|raw| StarsTransaction::read(raw)).collect())
    }

    async fn refund_stars(&self, user: UserId, charge: &str) -> Result<StarsRefund, TelegramError> {
        // Ids of people are above 0.
        let user = teloxide_core::types::UserId(user.0.unsigned_abs());
        let charge = TelegramTransactionId(charge.to_owned());
        match self.call(&RefundStarPayment::new(user, charge)).await {
            Ok(_) => Ok(StarsRefund::Done),
            Err(error) if says_done_before(&error) => Ok(StarsRefund::DoneBefore),
            Err(error) => Err(error),
        }
    }
}

fn says_done_before(error: &TelegramError) -> bool {
    match error.kind() {
        TelegramErrorKind::BadRequest(text) => text.to_ascii_uppercase().contains("CHARGE_ALREADY_REFUNDED"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Option<StarsTransaction> {
        let raw = RawValue::from_string(value.to_string()).unwrap();
        StarsTransaction::read(&raw)
    }

    #[test]
    fn payments_for_invoices_and_their_way_back_are_read_and_nothing_else() {
        let user = json!({"type": "user", "transaction_type": "invoice_payment", "invoice_payload": "p",
            "user": {"id": 42, "is_bot": false, "first_name": "Ann"}});
        let paid = read(&json!({"id": "c", "amount": 50, "date": 7, "source": user})).unwrap();
        assert!(!paid.is_return && paid.charge == "c" && paid.user == UserId(42) && paid.amount == 50);
        assert_eq!(paid.payload.as_deref(), Some("p"));
        let back = read(&json!({"id": "c", "amount": 50, "date": 8, "receiver": user})).unwrap();
        assert!(back.is_return);
        let gift = json!({"type": "user", "transaction_type": "gift_purchase", "user": {"id": 42}});
        for other in [
            json!({"id": "w", "amount": 50, "date": 7, "receiver": {"type": "fragment"}}),
            json!({"id": "g", "amount": 50, "date": 7, "receiver": gift}),
            json!({"id": "n", "amount": 50, "date": 7, "source": {"type": "brand_new"}}),
            json!({"id": "x", "amount": "many", "date": 7, "source": user}),
            json!([]),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
