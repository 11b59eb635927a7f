//! What Telegram's Stars bring, and what goes with them when they are given back.

use stepkeep_core::Timestamp;

use super::folding::INVOICE_PREFIX;
use super::{Account, HistoryEntry, LedgerError, Movement, MovementKind, Purse, StarsCredit, shortened};
use crate::money::Money;

/// What became of a debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum Debit {
    Done { is_new: bool },
    Short { missing: Money },
}

impl Account {
    /// Brings what was paid with Stars, once for each id; answers whether this call did.
    pub(in crate::ledger) fn credit_stars(
        &mut self,
        paid: &StarsCredit,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.bring(Movement {
            id: paid.id.clone(),
            kind: MovementKind::Stars,
            amount: paid.amount,
            purse: Purse::AiOnly,
            reason: shortened(&paid.reason),
            at: now,
            invoice: Some(paid.invoice.clone()),
        })
    }

    /// Whether an invoice was paid, as far as that is remembered.
    pub(in crate::ledger) fn is_invoice_paid(&self, invoice: &str) -> bool {
        let is_kept = self.entries.iter().any(|entry| match entry {
            HistoryEntry::Movement(movement) => movement.invoice.as_deref() == Some(invoice),
            HistoryEntry::Charge(_) => false,
        });
        is_kept || self.is_forgotten(INVOICE_PREFIX, invoice)
    }

    /// Takes away what Stars brought that are given back, once for each id. If it was spent, nothing goes, unless the purse
    /// `may_overdraw`.
    pub(in crate::ledger) fn debit_stars(
        &mut self,
        id: &str,
        amount: Money,
        may_overdraw: bool,
        now: Timestamp,
    ) -> Result<Debit, LedgerError> {
        let minor = self.minor(amount)?;
        if minor == 0 {
            return Err(LedgerError::NotPositive);
        }
        if self.knows_movement(id) {
            return Ok(Debit::Done { is_new: false });
        }
        let missing = minor.saturating_sub(self.free(Purse::AiOnly).max(0));
        if missing > 0 && !may_overdraw {
            let missing = self.money(missing);
            return Ok(Debit::Short { missing });
        }
        self.ai_only = self.ai_only.saturating_sub(minor);
        self.entries.push(HistoryEntry::Movement(Movement {
            id: id.to_owned(),
            kind: MovementKind::StarsReturned,
            amount,
            purse: Purse::AiOnly,
            reason: String::new(),
            at: now,
            invoice: None,
        }));
        Ok(Debit::Done { is_new: true })
    }

    /// Makes a debit undone whose Stars were not given back after all; nothing if there is none.
    pub(in crate::ledger) fn undo_debit(&mut self, id: &str) -> Result<(), LedgerError> {
        let place = self.entries.iter().position(|entry| match entry {
            HistoryEntry::Movement(movement) => movement.id == id && movement.is_debit(),
            HistoryEntry::Charge(_) => false,
        });
        let minor = match place.and_then(|place| self.entries.get(place)) {
            Some(HistoryEntry::Movement(movement)) => movement.amount.minor(),
            _ => return Ok(()),
        };
        self.add(Purse::AiOnly, minor)?;
        if let Some(place) = place {
            self.entries.remove(place);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{ChargeKind, LedgerConfig, NewCharge, PaidBy, Reservation};
    use super::*;
    use crate::ledger::CaptureNote;
    use crate::money::Currency;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn config() -> LedgerConfig {
        LedgerConfig::new(Currency::USD)
    }

    fn paid(id: &str, minor: i64) -> StarsCredit {
        StarsCredit {
            id: id.to_owned(),
            invoice: format!("invoice of {id}"),
            amount: usd(minor),
            reason: "50".to_owned(),
        }
    }

    fn account(minor: i64) -> Account {
        let mut account = Account::opened(&config(), NOW);
        assert!(account.credit_stars(&paid("stars:a", minor), NOW).unwrap());
        account
    }

    fn reserve(account: &mut Account, kind: ChargeKind, minor: i64) -> Reservation {
        let new = NewCharge {
            id: format!("{kind:?}"),
            kind,
            amount: usd(minor),
            subject: String::new(),
            fingerprint: None,
        };
        account.reserve(new, PaidBy::Balance, &config(), NOW).unwrap()
    }

    #[test]
    fn stars_buy_generations_and_no_labels() {
        let mut account = account(100);
        assert!(!account.credit_stars(&paid("stars:a", 100), NOW).unwrap());
        assert!(matches!(
            reserve(&mut account, ChargeKind::Label, 1),
            Reservation::Short { missing, .. } if missing == usd(1)
        ));
        let reserved = reserve(&mut account, ChargeKind::Generation, 100);
        assert!(matches!(reserved, Reservation::Reserved(charge) if charge.ai_only == 100));
    }

    #[test]
    fn a_paid_invoice_is_known_as_long_as_its_movement_is() {
        let mut account = account(100);
        assert!(account.is_invoice_paid("invoice of stars:a"));
        assert!(!account.is_invoice_paid("another"));
        account.fold(&config(), NOW + config().keep + Duration::from_secs(1));
        assert!(account.movement("stars:a").is_none(), "it is folded");
        assert!(account.is_invoice_paid("invoice of stars:a"));
    }

    #[test]
    fn what_was_spent_goes_only_when_it_may_and_is_owed_then() {
        let mut account = account(100);
        account.credit("c", usd(50), Purse::General, "", NOW).unwrap();
        reserve(&mut account, ChargeKind::Generation, 80);
        account
            .capture("Generation", &CaptureNote::default(), NOW)
            .unwrap();
        let before = account.clone();
        let short = account.debit_stars("back", usd(100), false, NOW).unwrap();
        assert_eq!(short, Debit::Short { missing: usd(80) });
        assert_eq!(account, before);
        for is_new in [true, false] {
            let done = account.debit_stars("back", usd(100), true, NOW).unwrap();
            assert_eq!(done, Debit::Done { is_new });
        }
        let user = stepkeep_core::UserId(1);
        let summary = account.summary(user, &config(), NOW);
        assert_eq!(summary.owed, Some(usd(80)));
        assert_eq!((summary.available, summary.ai_only), (usd(0), usd(0)));
        // The debt is of the other purse: what came there still buys labels.
        assert!(matches!(
            reserve(&mut account, ChargeKind::Label, 50),
            Reservation::Reserved(_)
        ));
        account.credit_stars(&paid("stars:b", 100), NOW).unwrap();
        assert_eq!(account.summary(user, &config(), NOW).ai_only, usd(20));
    }

    #[test]
    fn a_debit_that_is_undone_can_be_made_again() {
        let mut account = account(100);
        let before = account.clone();
        account.debit_stars("back", usd(100), false, NOW).unwrap();
        account.undo_debit("back").unwrap();
        account.undo_debit("back").unwrap();
        account.undo_debit("stars:a").unwrap();
        assert_eq!(account, before);
        let again = account.debit_stars("back", usd(100), false, NOW).unwrap();
        assert_eq!(again, Debit::Done { is_new: true });
    }
}
