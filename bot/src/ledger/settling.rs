//! What an operator finds out about a charge that nothing else could settle.

use serde::{Deserialize, Serialize};
use stepkeep_core::{Timestamp, UserId};

use super::account::Account;
use super::charge::{CaptureNote, Charge, ChargeKind, ChargeStage, ChargeState, ReleaseReason};
use super::config::LedgerConfig;
use super::error::LedgerError;
use super::ledger::Ledger;

/// What an operator found out about an unclear charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It was never ordered: the money is free again.
    NotOrdered,
    /// It was ordered, and is there: the money is taken. For labels; a generation's person still waits for its files.
    Ordered,
    /// It was ordered, and the API calls it this: it is looked after from there on, and charged when it succeeds. For
    /// generations.
    Task(String),
}

/// What became of an operator's finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settling {
    /// The charge is now so.
    Settled(Charge),
    /// It was settled before, or is so already.
    Already(Charge),
    /// It is under way and will settle by itself: nothing was changed.
    UnderWay(Charge),
    /// That can't be said of a charge of this kind: nothing was changed.
    NotOfThisKind(Charge),
}

impl Charge {
    /// Whether it is open, and neither the bot nor an API could tell what became of what it is for.
    pub fn is_unclear(&self) -> bool {
        self.state == ChargeState::Open(ChargeStage::Unclear) || (self.is_open() && self.looks > 0)
    }
}

impl Account {
    /// Does what follows from an operator's finding.
    pub(super) fn settle(
        &mut self,
        id: &str,
        finding: &Finding,
        config: &LedgerConfig,
        now: Timestamp,
    ) -> Result<Settling, LedgerError> {
        let charge = self.known_charge(id)?.clone();
        if !charge.is_open() {
            return Ok(Settling::Already(charge));
        }
        match (finding, charge.kind, &charge.state) {
            (Finding::Task(_), ChargeKind::Generation, ChargeState::Open(ChargeStage::Submitted { .. })) => {
                return Ok(Settling::Already(charge));
            }
            (Finding::Task(_), ChargeKind::Label, _) | (Finding::Ordered, ChargeKind::Generation, _) => {
                return Ok(Settling::NotOfThisKind(charge));
            }
            _ if !charge.is_unclear() => return Ok(Settling::UnderWay(charge)),
            _ => {}
        }
        match finding {
            Finding::NotOrdered => self.release(id, &ReleaseReason::Operator, now),
            Finding::Ordered => self.capture(id, &CaptureNote::default(), now),
            Finding::Task(task) => {
                let stage = ChargeStage::Submitted { task: task.clone() };
                let noted = self.note(id, &stage, config, now)?;
                Ok(noted.charge().clone())
            }
        }
        .map(Settling::Settled)
    }
}

impl Ledger {
    /// Settles a charge by what an operator found out, if it [is unclear](Charge::is_unclear).
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and `UnknownCharge`, `Forgotten`.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn settle(&self, user: UserId, id: &str, finding: &Finding) -> Result<Settling, LedgerError> {
        self.change(user, |account, now| {
            account.settle(id, finding, self.config(), now)
        })
        .await
    }

    /// The charges that [are unclear](Charge::is_unclear), with whose they are. Reads the accounts that have open charges.
    ///
    /// # Errors
    /// [`LedgerError`], of reading.
    pub async fn unclear(&self) -> Result<Vec<(UserId, Charge)>, LedgerError> {
        let until = self.config().next_look_at_the_latest(self.now());
        self.open_charges(until, Charge::is_unclear).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::charge::{NewCharge, PaidBy};
    use super::super::movement::Purse;
    use super::*;
    use crate::money::{Currency, Money};

    const ID: &str = "c1";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn config() -> LedgerConfig {
        LedgerConfig::new(Currency::USD)
    }

    fn cents(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    /// An account with 1.00, of which 0.40 is reserved for a charge at this stage.
    fn account(kind: ChargeKind, stage: &ChargeStage) -> Account {
        let mut account = Account::opened(&config(), at(0));
        account
            .credit("m1", cents(100), Purse::General, "a gift", at(0))
            .unwrap();
        let charge = NewCharge {
            id: ID.to_owned(),
            kind,
            amount: cents(40),
            subject: "it".to_owned(),
            fingerprint: None,
        };
        account
            .reserve(charge, PaidBy::Balance, &config(), at(0))
            .unwrap();
        account.note(ID, stage, &config(), at(1)).unwrap();
        account
    }

    fn balance(account: &Account) -> (i64, i64) {
        let summary = account.summary(UserId(1), &config(), at(9));
        (summary.total.minor(), summary.available.minor())
    }

    #[test]
    fn an_unclear_charge_ends_as_the_operator_found_out() {
        let settle = |kind, finding| {
            let mut account = account(kind, &ChargeStage::Unclear);
            let settled = account.settle(ID, &finding, &config(), at(5)).unwrap();
            assert!(matches!(settled, Settling::Settled(_)), "{settled:?}");
            let again = account.settle(ID, &finding, &config(), at(6)).unwrap();
            assert!(matches!(again, Settling::Already(_)), "{again:?}");
            balance(&account)
        };
        assert_eq!(settle(ChargeKind::Label, Finding::NotOrdered), (100, 100));
        assert_eq!(settle(ChargeKind::Label, Finding::Ordered), (60, 60));
        let task = Finding::Task("t1".to_owned());
        assert_eq!(
            settle(ChargeKind::Generation, task),
            (100, 60),
            "it is charged when it succeeds"
        );
    }

    #[test]
    fn what_is_under_way_is_left_alone() {
        for stage in [ChargeStage::Reserved, ChargeStage::Submitting] {
            let mut account = account(ChargeKind::Generation, &stage);
            let settled = account
                .settle(ID, &Finding::NotOrdered, &config(), at(5))
                .unwrap();
            assert!(matches!(settled, Settling::UnderWay(_)), "{settled:?}");
            assert_eq!(balance(&account), (100, 60));
        }
    }

    #[test]
    fn what_was_looked_into_in_vain_can_be_settled() {
        let mut account = account(ChargeKind::Label, &ChargeStage::Submitting);
        account.put_off(ID, &config(), at(5)).unwrap();
        let settled = account.settle(ID, &Finding::Ordered, &config(), at(6)).unwrap();
        assert!(matches!(settled, Settling::Settled(_)), "{settled:?}");
        assert_eq!(balance(&account), (60, 60));
    }

    #[test]
    fn a_finding_has_to_fit_what_is_charged_for() {
        for (kind, finding) in [
            (ChargeKind::Label, Finding::Task("t1".to_owned())),
            (ChargeKind::Generation, Finding::Ordered),
        ] {
            let mut account = account(kind, &ChargeStage::Unclear);
            let settled = account.settle(ID, &finding, &config(), at(5)).unwrap();
            assert!(matches!(settled, Settling::NotOfThisKind(_)), "{settled:?}");
            assert_eq!(balance(&account), (100, 60));
        }
        let mut account = account(ChargeKind::Label, &ChargeStage::Unclear);
        let unknown = account.settle("c2", &Finding::Ordered, &config(), at(5));
        assert!(matches!(unknown, Err(LedgerError::UnknownCharge)), "{unknown:?}");
    }

    #[test]
    fn a_charge_is_unclear_once_nothing_tells() {
        let mut account = account(ChargeKind::Label, &ChargeStage::Submitting);
        assert!(!account.charge(ID).unwrap().is_unclear());
        account
            .put_off(ID, &config(), at(1) + Duration::from_hours(1))
            .unwrap();
        assert!(account.charge(ID).unwrap().is_unclear());
        account.release(ID, &ReleaseReason::Operator, at(2)).unwrap();
        assert!(!account.charge(ID).unwrap().is_unclear(), "it is settled");
    }
}
