//! What operators decide about money.

use std::collections::BTreeSet;
use std::time::Duration;

use stepkeep_core::UserId;

use super::error::Findings;
use super::store_url::StoreUrl;
use super::{setting, values};
use crate::ledger::LedgerConfig;
use crate::money::{Currency, Money};

/// Where the ledger is, and what operators decide about money.
#[derive(Debug, Clone)]
pub struct LedgerSettings {
    /// The store of the accounts; that of the sessions without one.
    pub url: Option<StoreUrl>,
    /// What operators decide.
    pub config: LedgerConfig,
}

impl LedgerSettings {
    /// The settings. `admins` were read before, unless they are wrong.
    pub(super) fn read(findings: &mut Findings<'_>, admins: Option<&BTreeSet<UserId>>) -> Option<Self> {
        let url = findings.read(&setting::LEDGER_URL, parse_url);
        let currency = findings.read(&setting::CURRENCY, |text| {
            Currency::new(text.trim()).map_err(|error| error.to_string())
        });
        let amount = |text: &str| parse_amount(text, currency.unwrap_or(Currency::USD));
        let welcome_credit = findings.read(&setting::WELCOME_CREDIT, amount);
        let admin_daily_limit = findings.read(&setting::ADMIN_DAILY_LIMIT, amount);
        let dry_run = findings.read(&setting::DRY_RUN, values::parse_yes_or_no);
        let dry_run_users = findings.read(&setting::DRY_RUN_USERS, values::parse_user_ids);
        let open_generations = findings.read(&setting::OPEN_GENERATIONS, values::parse_open_generations);
        let reservation_hold = findings.read(&setting::RESERVATION_HOLD, values::parse_reservation_hold);
        let keep_days = findings.read(&setting::LEDGER_KEEP_DAYS, values::parse_keep_days);
        Some(Self {
            url: url?,
            config: LedgerConfig {
                currency: currency?,
                welcome_credit: welcome_credit?,
                admins: admins?.clone(),
                admin_daily_limit: admin_daily_limit?,
                dry_run: dry_run?,
                dry_run_users: dry_run_users?,
                open_generations: open_generations?,
                reservation_hold: reservation_hold?,
                keep: Duration::from_hours(24 * u64::from(keep_days?)),
            },
        })
    }
}

/// The ledger's own store, if it has one.
pub(super) fn parse_url(text: &str) -> Result<Option<StoreUrl>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    StoreUrl::parse(text).map(Some)
}

fn parse_amount(text: &str, currency: Currency) -> Result<Money, String> {
    let amount = Money::parse(text, currency).map_err(|error| error.to_string())?;
    if amount.minor() < 0 {
        return Err("it is less than nothing".to_owned());
    }
    Ok(amount)
}
