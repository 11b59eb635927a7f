//! What operators decide about money.

use std::collections::BTreeSet;
use std::time::Duration;

use stepkeep_core::{Timestamp, UserId};

use super::PaidBy;
use crate::money::{Currency, Money};

/// The longest time from one look into an open charge to the next.
const LONGEST_REST: Duration = Duration::from_hours(24);

/// What operators decide about money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerConfig {
    /// The one currency of all accounts.
    pub currency: Currency,
    /// What every account begins with.
    pub welcome_credit: Money,
    /// Those who spend from the daily limit in place of a balance.
    pub admins: BTreeSet<UserId>,
    /// What an admin may spend on one day (UTC).
    pub admin_daily_limit: Money,
    /// Whether nobody is charged for anything.
    pub dry_run: bool,
    /// Those who aren't charged for anything.
    pub dry_run_users: BTreeSet<UserId>,
    /// How many generations of one person may be open at a time.
    pub open_generations: usize,
    /// How long a charge may be open before it is looked into.
    pub reservation_hold: Duration,
    /// How long what is settled is kept one by one.
    pub keep: Duration,
}

impl LedgerConfig {
    /// The settings of who says nothing, in this currency.
    pub fn new(currency: Currency) -> Self {
        Self {
            currency,
            welcome_credit: Money::zero(currency),
            admins: BTreeSet::new(),
            admin_daily_limit: Money::from_minor(100 * 10_i64.pow(currency.digits()), currency),
            dry_run: false,
            dry_run_users: BTreeSet::new(),
            open_generations: 5,
            reservation_hold: Duration::from_mins(15),
            keep: Duration::from_hours(90 * 24),
        }
    }

    /// Whether this person uses the operator's commands and limit.
    pub fn is_admin(&self, user: UserId) -> bool {
        self.admins.contains(&user)
    }

    /// Whether this person isn't charged.
    pub fn is_dry_run(&self, user: UserId) -> bool {
        self.dry_run || self.dry_run_users.contains(&user)
    }

    /// How long a charge rests that was looked into so often without a result: twice as long each time, within bounds.
    pub(super) fn rest_after(&self, looks: u32) -> Duration {
        let rest = self
            .reservation_hold
            .saturating_mul(2_u32.saturating_pow(looks.saturating_add(1)));
        rest.min(LONGEST_REST.max(self.reservation_hold))
    }

    /// By when every charge that is open now is looked into again.
    pub(super) fn next_look_at_the_latest(&self, now: Timestamp) -> Timestamp {
        now + LONGEST_REST.max(self.reservation_hold)
    }

    /// Who pays what this person buys.
    pub(super) fn payer(&self, user: UserId) -> PaidBy {
        if self.is_dry_run(user) {
            PaidBy::DryRun
        } else if self.is_admin(user) {
            PaidBy::DailyLimit
        } else {
            PaidBy::Balance
        }
    }
}
