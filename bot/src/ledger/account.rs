//! An account: what is on it, and what each operation makes of it. Pure.
//!
//! What always holds, whatever is done in whatever order:
//! - of each purse, what is reserved is at most what is there, and neither is negative; but Stars that are given back after
//!   what they brought was spent leave the purse for generations below zero: a debt, which what comes there next pays;
//! - what is there is all that came, without what was captured;
//! - an operation done again with the same id changes nothing.

mod folding;
mod stars;
mod tally;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{Timestamp, UserId};

use super::charge::{
    Cancelled, CaptureNote, Charge, ChargeKind, ChargeStage, ChargeState, NewCharge, Noted, PaidBy,
    ReleaseReason, Reservation,
};
use super::config::LedgerConfig;
use super::error::LedgerError;
use super::history::{Folded, HistoryEntry};
use super::ledger::AccountSummary;
use super::movement::{Movement, MovementKind, Purse, StarsCredit};
use crate::money::{Currency, Money, MoneyError};
use folding::{CHARGE_PREFIX, ForgottenId, MOVEMENT_PREFIX};
pub(super) use stars::Debit;

/// The version of the record. A version that reads an older one migrates it; a newer one is left alone.
pub(super) const VERSION: u32 = 1;

/// The id of the movement that every account begins with.
const WELCOME: &str = "welcome";

/// How long the same request is taken for a mistake.
const DUPLICATE_WITHIN: Duration = Duration::from_mins(1);

/// The most labels of one person that may be open: one is bought at a time, so more are unclear ones.
const MOST_OPEN_LABELS: usize = 20;

/// The longest text of a reason or a subject, in characters: so that a full account stays well below the limit of a record.
const LONGEST_TEXT: usize = 120;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// An account as it is stored, each member in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    version: u32,
    currency: Currency,
    /// What came to the general purse and was not captured, in minor units.
    general: i64,
    /// The same of the purse for generations.
    ai_only: i64,
    /// Movements and charges, oldest first.
    entries: Vec<HistoryEntry>,
    /// The ids of what was folded, oldest first.
    forgotten: Vec<ForgottenId>,
    folded: Folded,
    admin_day: AdminDay,
}

/// What an admin has spent, or reserved, of the limit of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AdminDay {
    day: i64,
    spent: i64,
}

impl Account {
    /// A new account, with what every account begins with.
    pub(super) fn opened(config: &LedgerConfig, now: Timestamp) -> Self {
        let welcome = config.welcome_credit;
        let mut account = Self {
            version: VERSION,
            currency: config.currency,
            general: 0,
            ai_only: 0,
            entries: Vec::new(),
            forgotten: Vec::new(),
            folded: Folded::default(),
            admin_day: AdminDay::default(),
        };
        if welcome.minor() > 0 && welcome.currency() == config.currency {
            account.general = welcome.minor();
            account.entries.push(HistoryEntry::Movement(Movement {
                id: WELCOME.to_owned(),
                kind: MovementKind::Welcome,
                amount: welcome,
                purse: Purse::General,
                reason: WELCOME.to_owned(),
                at: now,
                invoice: None,
            }));
        }
        account
    }

    /// How it stands for this person.
    pub(super) fn summary(&self, user: UserId, config: &LedgerConfig, now: Timestamp) -> AccountSummary {
        let (general, ai_only) = (self.free(Purse::General), self.free(Purse::AiOnly));
        let is_admin = config.is_admin(user);
        let (available, ai_only) = if is_admin {
            (self.left_of_day(config, now), 0)
        } else {
            (general.saturating_add(ai_only), ai_only)
        };
        let total = self.general.saturating_add(self.ai_only);
        let reserved = self
            .reserved(Purse::General)
            .saturating_add(self.reserved(Purse::AiOnly));
        let owed = self.free(Purse::AiOnly).min(0).saturating_neg();
        AccountSummary {
            currency: self.currency,
            total: self.money(total),
            reserved: self.money(reserved),
            available: self.money(available.max(0)),
            ai_only: self.money(ai_only.max(0)),
            owed: (owed > 0).then(|| self.money(owed)),
            dry_run: config.is_dry_run(user),
            is_admin,
            open: self.open().cloned().collect(),
        }
    }

    /// Brings money, once for each id; answers whether this call did.
    pub(super) fn credit(
        &mut self,
        id: &str,
        amount: Money,
        purse: Purse,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.bring(Movement {
            id: id.to_owned(),
            kind: MovementKind::Credit,
            amount,
            purse,
            reason: shortened(reason),
            at: now,
            invoice: None,
        })
    }

    /// Takes in a movement that brings money, once for each id; answers whether this call did.
    fn bring(&mut self, movement: Movement) -> Result<bool, LedgerError> {
        let minor = self.minor(movement.amount)?;
        if minor == 0 {
            return Err(LedgerError::NotPositive);
        }
        if self.knows_movement(&movement.id) {
            return Ok(false);
        }
        self.add(movement.purse, minor)?;
        self.entries.push(HistoryEntry::Movement(movement));
        Ok(true)
    }

    /// Whether there was a movement of this id, as far as that is remembered.
    fn knows_movement(&self, id: &str) -> bool {
        self.movement(id).is_some() || self.is_forgotten(MOVEMENT_PREFIX, id)
    }

    /// Reserves the price of something.
    pub(super) fn reserve(
        &mut self,
        new: NewCharge,
        paid_by: PaidBy,
        config: &LedgerConfig,
        now: Timestamp,
    ) -> Result<Reservation, LedgerError> {
        let minor = self.minor(new.amount)?;
        if self.is_forgotten(CHARGE_PREFIX, &new.id) {
            return Err(LedgerError::Forgotten);
        }
        if let Some(charge) = self.charge_mut(&new.id) {
            if charge.is_open() {
                charge.look_at = now + config.reservation_hold;
            }
            return Ok(Reservation::Existing(charge.clone()));
        }
        let most = match new.kind {
            ChargeKind::Label => MOST_OPEN_LABELS,
            ChargeKind::Generation => config.open_generations,
        };
        if self.open().filter(|charge| charge.kind == new.kind).count() >= most {
            return Ok(Reservation::TooManyOpen { most });
        }
        if let Some(duplicate) = self.duplicate(&new, now) {
            return Ok(Reservation::Duplicate(duplicate.clone()));
        }
        let available = match paid_by {
            PaidBy::DryRun => minor,
            PaidBy::DailyLimit => self.left_of_day(config, now),
            PaidBy::Balance => self.free_for(new.kind),
        };
        if available < minor {
            return Ok(Reservation::Short {
                missing: self.money(minor - available),
                available: self.money(available.max(0)),
            });
        }
        let ai_only = match (paid_by, new.kind) {
            (PaidBy::Balance, ChargeKind::Generation) => self.free(Purse::AiOnly).clamp(0, minor),
            _ => 0,
        };
        if paid_by == PaidBy::DailyLimit {
            let spent = self.spent_on(day(now)).saturating_add(minor);
            self.admin_day = AdminDay { day: day(now), spent };
        }
        let charge = Charge {
            id: new.id,
            kind: new.kind,
            amount: new.amount,
            subject: shortened(&new.subject),
            state: ChargeState::Open(ChargeStage::Reserved),
            paid_by,
            at: now,
            settled_at: None,
            look_at: now + config.reservation_hold,
            looks: 0,
            fingerprint: new.fingerprint,
            outcome: None,
            is_refunded: false,
            ai_only,
        };
        self.entries.push(HistoryEntry::Charge(charge.clone()));
        Ok(Reservation::Reserved(charge))
    }

    /// Moves an open charge to a later stage.
    pub(super) fn note(
        &mut self,
        id: &str,
        stage: &ChargeStage,
        config: &LedgerConfig,
        now: Timestamp,
    ) -> Result<Noted, LedgerError> {
        let charge = self.known_charge(id)?;
        match &mut charge.state {
            ChargeState::Open(at) if at.rank() < stage.rank() => {
                *at = stage.clone();
                charge.look_at = now + config.reservation_hold;
                Ok(Noted::Moved(charge.clone()))
            }
            _ => Ok(Noted::Already(charge.clone())),
        }
    }

    /// Takes what is reserved.
    pub(super) fn capture(
        &mut self,
        id: &str,
        note: &CaptureNote,
        now: Timestamp,
    ) -> Result<Charge, LedgerError> {
        let wanted = note.amount.map(|amount| self.minor(amount)).transpose()?;
        let currency = self.currency;
        let charge = self.known_charge(id)?;
        match charge.state {
            ChargeState::Captured => return Ok(charge.clone()),
            ChargeState::Released(_) => return Err(LedgerError::Settled(Box::new(charge.clone()))),
            ChargeState::Open(_) => {}
        }
        let reserved = charge.amount.minor();
        let taken = wanted.map_or(reserved, |wanted| wanted.min(reserved));
        charge.amount = Money::from_minor(taken, currency);
        charge.ai_only = charge.ai_only.min(taken);
        charge.state = ChargeState::Captured;
        charge.settled_at = Some(now);
        charge.outcome.clone_from(&note.outcome);
        let charge = charge.clone();
        match charge.paid_by {
            PaidBy::Balance => {
                self.ai_only -= charge.ai_only;
                self.general -= taken - charge.ai_only;
            }
            PaidBy::DailyLimit => self.give_day_back(charge.at, reserved - taken),
            PaidBy::DryRun => {}
        }
        Ok(charge)
    }

    /// Calls off what was not ordered yet.
    pub(super) fn cancel(&mut self, id: &str, now: Timestamp) -> Result<Cancelled, LedgerError> {
        match self.known_charge(id)?.state {
            ChargeState::Open(ChargeStage::Reserved) => {
                self.release(id, &ReleaseReason::Cancelled, now)?;
                Ok(Cancelled::Stopped)
            }
            ChargeState::Released(ReleaseReason::Cancelled) => Ok(Cancelled::Stopped),
            _ => Ok(Cancelled::TooLate),
        }
    }

    /// Gives free what is reserved.
    pub(super) fn release(
        &mut self,
        id: &str,
        reason: &ReleaseReason,
        now: Timestamp,
    ) -> Result<Charge, LedgerError> {
        let charge = self.known_charge(id)?;
        match charge.state {
            ChargeState::Released(_) => return Ok(charge.clone()),
            ChargeState::Captured => return Err(LedgerError::Settled(Box::new(charge.clone()))),
            ChargeState::Open(_) => {}
        }
        charge.state = ChargeState::Released(reason.clone());
        charge.settled_at = Some(now);
        let charge = charge.clone();
        if charge.paid_by == PaidBy::DailyLimit {
            self.give_day_back(charge.at, charge.amount.minor());
        }
        Ok(charge)
    }

    /// Gives back what was captured.
    pub(super) fn refund(&mut self, id: &str, reason: &str, now: Timestamp) -> Result<Charge, LedgerError> {
        let charge = self.known_charge(id)?;
        if charge.state != ChargeState::Captured {
            return Err(LedgerError::Settled(Box::new(charge.clone())));
        }
        if charge.is_refunded {
            return Ok(charge.clone());
        }
        let (minor, ai_only) = (charge.amount.minor(), charge.ai_only);
        let (paid_by, at) = (charge.paid_by, charge.at);
        if paid_by == PaidBy::Balance {
            self.add(Purse::AiOnly, ai_only)?;
            self.add(Purse::General, minor - ai_only)?;
        }
        let charge = self.known_charge(id)?;
        charge.is_refunded = true;
        let charge = charge.clone();
        match paid_by {
            PaidBy::Balance if minor > 0 => self.entries.push(HistoryEntry::Movement(Movement {
                id: format!("refund:{id}"),
                kind: MovementKind::Refund,
                amount: charge.amount,
                purse: if ai_only > minor - ai_only {
                    Purse::AiOnly
                } else {
                    Purse::General
                },
                reason: shortened(reason),
                at: now,
                invoice: None,
            })),
            PaidBy::DailyLimit => self.give_day_back(at, minor),
            PaidBy::Balance | PaidBy::DryRun => {}
        }
        Ok(charge)
    }

    /// Whether a charge is open, and nobody has taken it up since it was seen.
    pub(super) fn is_as_seen(&self, seen: &Charge) -> bool {
        self.open().any(|charge| {
            charge.id == seen.id && charge.look_at == seen.look_at && charge.state == seen.state
        })
    }

    /// Looks into an open charge again later, each time after a longer while.
    pub(super) fn put_off(
        &mut self,
        id: &str,
        config: &LedgerConfig,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let charge = self.known_charge(id)?;
        charge.look_at = now + config.rest_after(charge.looks);
        charge.looks = charge.looks.saturating_add(1);
        Ok(())
    }

    /// When the next of its charges is to be looked into.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.open().map(|charge| charge.look_at).min()
    }

    fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.entries.iter().filter_map(|entry| match entry {
            HistoryEntry::Charge(charge) => Some(charge),
            HistoryEntry::Movement(_) => None,
        })
    }

    pub(super) fn charge(&self, id: &str) -> Option<&Charge> {
        self.charges().find(|charge| charge.id == id)
    }

    /// The charges that are neither captured nor released.
    pub(super) fn open(&self) -> impl Iterator<Item = &Charge> {
        self.charges().filter(|charge| charge.is_open())
    }

    fn charge_mut(&mut self, id: &str) -> Option<&mut Charge> {
        self.entries.iter_mut().find_map(|entry| match entry {
            HistoryEntry::Charge(charge) if charge.id == id => Some(charge),
            _ => None,
        })
    }

    pub(super) fn known_charge(&mut self, id: &str) -> Result<&mut Charge, LedgerError> {
        if self.is_forgotten(CHARGE_PREFIX, id) {
            return Err(LedgerError::Forgotten);
        }
        self.charge_mut(id).ok_or(LedgerError::UnknownCharge)
    }

    pub(super) fn movement(&self, id: &str) -> Option<&Movement> {
        self.entries.iter().find_map(|entry| match entry {
            HistoryEntry::Movement(movement) if movement.id == id => Some(movement),
            _ => None,
        })
    }

    /// Another charge for the same thing that was not released, and is younger than a minute.
    fn duplicate(&self, new: &NewCharge, now: Timestamp) -> Option<&Charge> {
        let fingerprint = new.fingerprint.as_deref()?;
        self.charges().find(|charge| {
            charge.kind == new.kind
                && charge.fingerprint.as_deref() == Some(fingerprint)
                && !matches!(charge.state, ChargeState::Released(_))
                && now.since(charge.at) < DUPLICATE_WITHIN
        })
    }

    /// What open charges hold of a purse.
    fn reserved(&self, purse: Purse) -> i64 {
        self.open()
            .filter(|charge| charge.paid_by == PaidBy::Balance)
            .map(|charge| match purse {
                Purse::AiOnly => charge.ai_only,
                Purse::General => charge.amount.minor() - charge.ai_only,
            })
            .fold(0, i64::saturating_add)
    }

    fn free(&self, purse: Purse) -> i64 {
        let there = match purse {
            Purse::General => self.general,
            Purse::AiOnly => self.ai_only,
        };
        there - self.reserved(purse)
    }

    fn free_for(&self, kind: ChargeKind) -> i64 {
        match kind {
            ChargeKind::Label => self.free(Purse::General),
            ChargeKind::Generation => self.free(Purse::General).saturating_add(self.free(Purse::AiOnly)),
        }
    }

    fn add(&mut self, purse: Purse, minor: i64) -> Result<(), LedgerError> {
        // Together, so that no sum of both is ever too large.
        let sum = self.general.checked_add(self.ai_only);
        sum.and_then(|sum| sum.checked_add(minor))
            .ok_or(MoneyError::TooLarge)?;
        match purse {
            Purse::General => self.general += minor,
            Purse::AiOnly => self.ai_only += minor,
        }
        Ok(())
    }

    fn spent_on(&self, day: i64) -> i64 {
        if self.admin_day.day == day {
            self.admin_day.spent
        } else {
            0
        }
    }

    fn left_of_day(&self, config: &LedgerConfig, now: Timestamp) -> i64 {
        (config.admin_daily_limit.minor() - self.spent_on(day(now))).max(0)
    }

    /// Gives back to the limit of the day what was not spent of it after all. The limit of an earlier day is of no use.
    fn give_day_back(&mut self, reserved_at: Timestamp, minor: i64) {
        if self.admin_day.day == day(reserved_at) {
            self.admin_day.spent = (self.admin_day.spent - minor).max(0);
        }
    }

    fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// The minor units of an amount that may stand here.
    fn minor(&self, amount: Money) -> Result<i64, LedgerError> {
        if amount.currency() != self.currency {
            return Err(LedgerError::Currency {
                account: self.currency,
                amount: amount.currency(),
            });
        }
        if amount.minor() < 0 {
            return Err(LedgerError::NotPositive);
        }
        Ok(amount.minor())
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// The day of an instant, in UTC.
fn day(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY_MILLIS)
}

#[cfg(test)]
mod tests;
