//! Payments that were missed: Telegram tells of each for a day, and keeps the list of all.

use std::collections::BTreeMap;
use std::time::Duration;

use stepkeep_core::Timestamp;

use super::{PaymentKind, STARS, StarsDesk, StarsPayment};
use crate::ledger::LedgerError;
use crate::telegram::{STARS_PAGE, StarsApi, StarsTransaction, TelegramError};

/// How far back is looked. Not further than what is booked is surely remembered: what is older than the ledger keeps
/// would be booked again.
const LOOKED_BACK: Duration = Duration::from_hours(7 * 24);

/// How many pages of the newest transactions are read, at most.
const PAGES: usize = 10;

/// Why it is not known whether a payment was missed.
#[derive(Debug, thiserror::Error)]
pub enum ReconciliationError {
    /// Telegram did not list the transactions.
    #[error("Telegram did not list the transactions")]
    Telegram(#[from] TelegramError),
    /// The ledger failed.
    #[error("the ledger failed")]
    Ledger(#[from] LedgerError),
}

/// Books what is in Telegram's list of the last seven days (less, if the ledger keeps less) and isn't on the accounts; at most
/// 1,100 transactions. Answers how many were looked at.
///
/// # Errors
/// [`ReconciliationError`]: what came before it was booked.
///
/// # Cancellation
/// Can be dropped, and begun anew.
pub async fn reconcile(
    desk: &StarsDesk,
    api: &dyn StarsApi,
    now: Timestamp,
) -> Result<usize, ReconciliationError> {
    let since = now - LOOKED_BACK.min(desk.ledger().config().keep);
    let since = since.as_millis().div_euclid(1_000);
    let mut transactions = newest(api).await?;
    transactions.retain(|transaction| transaction.date >= since);
    // A way back comes after its payment, from whichever end the list is read.
    transactions.sort_by_key(|transaction| (transaction.is_return, transaction.date));
    let payloads: BTreeMap<String, String> = transactions
        .iter()
        .filter_map(|transaction| Some((transaction.charge.clone(), transaction.payload.clone()?)))
        .collect();
    let mut looked_at = 0;
    for transaction in transactions {
        let Some(payload) = payloads.get(&transaction.charge) else {
            continue;
        };
        desk.book(&payment(transaction, payload.clone())).await?;
        looked_at += 1;
    }
    Ok(looked_at)
}

fn payment(transaction: StarsTransaction, payload: String) -> StarsPayment {
    StarsPayment {
        kind: if transaction.is_return {
            PaymentKind::Returned
        } else {
            PaymentKind::Paid
        },
        user: transaction.user,
        charge: transaction.charge,
        currency: STARS.to_owned(),
        amount: transaction.amount,
        payload,
    }
}

/// The newest transactions, and the first page. The list has no end that one could ask for: it is found by halving.
async fn newest(api: &dyn StarsApi) -> Result<Vec<StarsTransaction>, TelegramError> {
    let first = api.star_transactions(0, STARS_PAGE).await?;
    if first.len() < STARS_PAGE {
        return Ok(first.into_iter().flatten().collect());
    }
    let (mut some, mut none) = (STARS_PAGE, 2 * STARS_PAGE);
    while !api.star_transactions(none, 1).await?.is_empty() {
        some = none;
        none = none.saturating_mul(2);
    }
    while some < none {
        let middle = some + (none - some) / 2;
        if api.star_transactions(middle, 1).await?.is_empty() {
            none = middle;
        } else {
            some = middle + 1;
        }
    }
    // There are `none` of them.
    let mut all = first;
    let mut offset = none.saturating_sub(PAGES * STARS_PAGE).max(STARS_PAGE);
    for _ in 0..=PAGES {
        let page = api.star_transactions(offset, STARS_PAGE).await?;
        let is_last = page.len() < STARS_PAGE;
        offset += page.len();
        all.extend(page);
        if is_last {
            break;
        }
    }
    Ok(all.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use stepkeep_core::{BotId, Clock as _, MemoryStorage, SystemClock, UserId};

    use super::*;
    use crate::ledger::{Ledger, LedgerConfig};
    use crate::money::{Currency, Money};
    use crate::stars::{InvoiceKey, StarsInvoice, StarsPackage};
    use crate::telegram::{BotToken, StarsRefund};

    const ANNA: UserId = UserId(42);

    #[derive(Debug, Default)]
    struct List {
        transactions: Vec<Option<StarsTransaction>>,
        calls: AtomicUsize,
    }

    #[async_trait]
    impl StarsApi for List {
        async fn star_transactions(
            &self,
            offset: usize,
            limit: usize,
        ) -> Result<Vec<Option<StarsTransaction>>, TelegramError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let later = self.transactions.iter().skip(offset).take(limit);
            Ok(later.cloned().collect())
        }

        async fn refund_stars(&self, _: UserId, _: &str) -> Result<StarsRefund, TelegramError> {
            Ok(StarsRefund::Done)
        }
    }

    fn key() -> InvoiceKey {
        InvoiceKey::derived_from(&BotToken::parse("7:AAE-secret").unwrap())
    }

    fn desk() -> StarsDesk {
        let config = LedgerConfig::new(Currency::USD);
        let store = Arc::new(MemoryStorage::new());
        let ledger = Ledger::new(store, Arc::new(SystemClock), BotId(7), config);
        StarsDesk::new(ledger, key(), Vec::new())
    }

    /// A payment of one cent, so many days ago.
    fn transaction(number: usize, is_return: bool, days_ago: i64) -> StarsTransaction {
        let invoice = StarsInvoice {
            id: format!("i{number}"),
            user: ANNA,
            package: StarsPackage {
                stars: 1,
                amount: Money::from_minor(1, Currency::USD),
            },
        };
        StarsTransaction {
            charge: format!("c{number}"),
            is_return,
            user: ANNA,
            amount: 1,
            date: SystemClock.now().as_millis() / 1_000 - days_ago * 86_400,
            payload: (!is_return).then(|| key().sign(&invoice)),
        }
    }

    async fn after(list: &List) -> i64 {
        let desk = desk();
        for _ in 0..2 {
            reconcile(&desk, list, SystemClock.now()).await.unwrap();
        }
        desk.ledger().account(ANNA).await.unwrap().available.minor()
    }

    #[tokio::test]
    async fn what_was_missed_is_booked_once_and_what_went_back_is_not_there() {
        let list = List {
            transactions: vec![
                Some(transaction(1, true, 0)),
                Some(transaction(1, false, 1)),
                None,
                Some(transaction(2, false, 1)),
                Some(transaction(3, false, 8)),
                // Its payment is too old to be looked at.
                Some(transaction(4, true, 0)),
            ],
            ..List::default()
        };
        assert_eq!(after(&list).await, 1);
    }

    #[tokio::test]
    async fn of_a_long_list_the_newest_are_looked_at_with_few_calls() {
        for count in [99, 100, 101, 200, 257, 2_500] {
            let mut transactions: Vec<_> = (0..count)
                .map(|number| Some(transaction(number, false, 30)))
                .collect();
            transactions.extend((count..count + 3).map(|number| Some(transaction(number, false, 0))));
            let list = List {
                transactions,
                ..List::default()
            };
            assert_eq!(after(&list).await, 3, "{count}");
            assert!(list.calls.load(Ordering::Relaxed) <= 2 * 40, "{count}: {list:?}");
        }
    }
}
