//! Accounts in a store: every operation is one conditional write, made again until it is clear what became of it.

mod totals;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use serde::{Deserialize, Serialize};
use stepkeep_core::{
    BotId, Clock, NewSession, ScanFilter, Scope, Session, SessionChange, SessionKey, SessionStore,
    StoreErrorKind, Timestamp, UserId,
};
use tokio::time::Instant;

use super::account::{Account, Debit, VERSION};
use super::charge::{
    Cancelled, CaptureNote, Charge, ChargeStage, NewCharge, Noted, ReleaseReason, Reservation,
};
use super::config::LedgerConfig;
use super::error::LedgerError;
use super::history::HistoryPage;
use super::movement::{Credited, Debited, Movement, Purse, StarsCredit};
use crate::money::{Currency, Money};

pub use totals::LedgerTotals;

#[expect(
    clippy::expect_used,
    reason = "a constant of six letters, which every test makes"
)]
static SCOPE: LazyLock<Scope> = LazyLock::new(|| Scope::new("ledger").expect("a valid scope"));

/// How long an operation is tried, so that of many at once all get an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a change is made at once on the record that came with a conflict; after that, it waits first.
const RERUNS_AT_ONCE: u32 = 3;
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummary {
    /// The currency of all amounts.
    pub currency: Currency,
    /// What came to the account and was not spent.
    pub total: Money,
    /// The part of it that is reserved for open charges.
    pub reserved: Money,
    /// What can be spent: the total without what is reserved; of an admin, what is left of the daily limit.
    pub available: Money,
    /// The part of what is available that buys generations only.
    pub ai_only: Money,
    /// What the purse for generations is below zero, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Money>,
    /// Whether the person isn't charged for anything.
    pub dry_run: bool,
    /// Whether the person spends from the daily limit.
    pub is_admin: bool,
    /// The charges that are neither captured nor released, oldest first.
    pub open: Vec<Charge>,
}

/// The accounts of one bot in one store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    bot: BotId,
    config: Arc<LedgerConfig>,
    listener: Option<Arc<dyn AccountListener>>,
}

/// Hears of accounts that changed, so that what is kept of them is forgotten.
#[async_trait]
pub trait AccountListener: fmt::Debug + Send + Sync {
    /// An account was changed by this process.
    async fn changed(&self, user: UserId);
}

impl Ledger {
    /// The scope of the accounts, to be [kept](stepkeep_core::CleanupPolicy::keep_scope) by the cleanup.
    pub fn scope() -> Scope {
        SCOPE.clone()
    }

    /// The accounts of `bot` in `store`.
    pub fn new(
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        bot: BotId,
        config: LedgerConfig,
    ) -> Self {
        Self {
            store,
            clock,
            bot,
            config: Arc::new(config),
            listener: None,
        }
    }

    /// What the operator decided.
    pub fn config(&self) -> &LedgerConfig {
        &self.config
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same, and `listener` hears of every account that is changed by it.
    #[must_use]
    pub fn told_to(self, listener: Arc<dyn AccountListener>) -> Self {
        let listener = Some(listener);
        Self { listener, ..self }
    }

    /// How an account stands. Looking makes no account: who has none yet is shown what one would begin with.
    ///
    /// # Errors
    /// [`LedgerError`], of reading.
    pub async fn account(&self, user: UserId) -> Result<AccountSummary, LedgerError> {
        let account = self.read(user).await?;
        Ok(account.summary(user, &self.config, self.clock.now()))
    }

    /// Brings money to an account, once for each `id`.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and when the amount isn't positive, is in another currency, or is too much.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether it happened; the same call made again tells.
    pub async fn credit(
        &self,
        user: UserId,
        id: &str,
        amount: Money,
        purse: Purse,
        reason: &str,
    ) -> Result<Credited, LedgerError> {
        self.change(user, |account, now| {
            let is_new = account.credit(id, amount, purse, reason, now)?;
            let available = account.summary(user, &self.config, now).available;
            Ok(Credited { is_new, available })
        })
        .await
    }

    /// Brings what a person paid with Telegram's Stars, once for each id.
    ///
    /// # Errors
    /// As [`Ledger::credit`].
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn credit_stars(&self, user: UserId, paid: &StarsCredit) -> Result<Credited, LedgerError> {
        self.change(user, |account, now| {
            let is_new = account.credit_stars(paid, now)?;
            let available = account.summary(user, &self.config, now).available;
            Ok(Credited { is_new, available })
        })
        .await
    }

    /// Takes away what Stars brought that are given back, once for each `id`. If it was spent, nothing goes, unless the purse
    /// `may_overdraw`: then it is owed.
    ///
    /// # Errors
    /// As [`Ledger::credit`].
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn debit_stars(
        &self,
        user: UserId,
        id: &str,
        amount: Money,
        may_overdraw: bool,
    ) -> Result<Debited, LedgerError> {
        self.change(user, |account, now| {
            Ok(match account.debit_stars(id, amount, may_overdraw, now)? {
                Debit::Short { missing } => Debited::Short { missing },
                Debit::Done { is_new } => Debited::Done {
                    is_new,
                    available: account.summary(user, &self.config, now).available,
                },
            })
        })
        .await
    }

    /// Makes a [debit](Ledger::debit_stars) undone, since the Stars were not given back after all. Without such a debit,
    /// nothing happens.
    ///
    /// # Errors
    /// [`LedgerError`], of the store.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn undo_debit(&self, user: UserId, id: &str) -> Result<(), LedgerError> {
        self.change(user, |account, _| account.undo_debit(id)).await
    }

    /// A movement as it stands; `None` when there is none, or when it was long ago. A read.
    ///
    /// # Errors
    /// [`LedgerError`], of the store.
    pub async fn movement(&self, user: UserId, id: &str) -> Result<Option<Movement>, LedgerError> {
        Ok(self.read(user).await?.movement(id).cloned())
    }

    /// Whether this person has paid an invoice, as far as that is remembered. A read.
    ///
    /// # Errors
    /// [`LedgerError`], of the store.
    pub async fn is_invoice_paid(&self, user: UserId, invoice: &str) -> Result<bool, LedgerError> {
        Ok(self.read(user).await?.is_invoice_paid(invoice))
    }

    /// Reserves the price of something, once for each id of a charge.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and when the amount is negative or in another currency.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn reserve(&self, user: UserId, charge: NewCharge) -> Result<Reservation, LedgerError> {
        self.change(user, |account, now| {
            account.reserve(charge.clone(), self.config.payer(user), &self.config, now)
        })
        .await
    }

    /// Moves an open charge to a later stage, and says whether it was this call that did. Of many at once exactly one
    /// [moves](Noted::Moved) it. A charge that moves is looked into as if it were reserved now.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and `UnknownCharge`, `Forgotten`.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn note(&self, user: UserId, id: &str, stage: ChargeStage) -> Result<Noted, LedgerError> {
        self.change(user, |account, now| account.note(id, &stage, &self.config, now))
            .await
    }

    /// Takes what is reserved, since what it was for is there. A charge that is captured stays as it is.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and `Settled` when it was released, `UnknownCharge`, `Forgotten`.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn capture(&self, user: UserId, id: &str, outcome: CaptureNote) -> Result<Charge, LedgerError> {
        self.change(user, |account, now| account.capture(id, &outcome, now))
            .await
    }

    /// Gives what is reserved free, since it is sure that what it was for won't be there. A charge that is released stays as
    /// it is.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and `Settled` when it was captured, `UnknownCharge`, `Forgotten`.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn release(
        &self,
        user: UserId,
        id: &str,
        reason: ReleaseReason,
    ) -> Result<Charge, LedgerError> {
        self.change(user, |account, now| account.release(id, &reason, now))
            .await
    }

    /// Calls off a charge for which nothing was ordered yet: in the same write in which it is seen that nothing was.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and `UnknownCharge`, `Forgotten`.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn cancel(&self, user: UserId, id: &str) -> Result<Cancelled, LedgerError> {
        self.change(user, |account, now| account.cancel(id, now)).await
    }

    /// A charge as it stands; `None` when there is none, or when it was settled long ago. A read.
    ///
    /// # Errors
    /// [`LedgerError`], of the store.
    pub async fn charge(&self, user: UserId, id: &str) -> Result<Option<Charge>, LedgerError> {
        Ok(self.read(user).await?.charge(id).cloned())
    }

    /// Gives back what was captured for a charge, once, to the purses that it came from.
    ///
    /// # Errors
    /// [`LedgerError`]: of the store, and `Settled` when it isn't captured, `UnknownCharge`, `Forgotten`.
    ///
    /// # Cancellation
    /// As [`Ledger::credit`].
    pub async fn refund(&self, user: UserId, id: &str, reason: &str) -> Result<Charge, LedgerError> {
        self.change(user, |account, now| account.refund(id, reason, now))
            .await
    }

    /// One page of what happened on an account, newest first; page 0 is the newest.
    ///
    /// # Errors
    /// [`LedgerError`], of reading.
    pub async fn history(&self, user: UserId, page: usize) -> Result<HistoryPage, LedgerError> {
        Ok(self.read(user).await?.history(page))
    }

    /// The charges that are open for longer than the hold, with whose they are; what can't be read is only logged.
    pub(super) async fn overdue(&self) -> Result<Vec<(UserId, Charge)>, LedgerError> {
        let now = self.clock.now();
        self.open_charges(now, |charge| charge.look_at <= now).await
    }

    /// The open charges like that, in accounts that are to be looked into until then.
    pub(super) async fn open_charges(
        &self,
        until: Timestamp,
        is_wanted: impl Fn(&Charge) -> bool + Send,
    ) -> Result<Vec<(UserId, Charge)>, LedgerError> {
        let filter = ScanFilter {
            scope: Some(Self::scope()),
            due_at: Some(until),
            ..ScanFilter::default()
        };
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.scan(&filter, after, PAGE).await?;
            for error in &page.unreadable {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "an account can't be read"
                );
            }
            for session in page.sessions {
                if session.key().bot() != self.bot {
                    continue;
                }
                let user = session.key().user();
                match read(&session) {
                    Ok(account) => found.extend(
                        account
                            .open()
                            .filter(|charge| is_wanted(charge))
                            .map(|charge| (user, charge.clone())),
                    ),
                    Err(error) => {
                        tracing::error!(
                            user_id = user.0,
                            error = &error as &dyn std::error::Error,
                            "an account can't be read"
                        );
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Makes a change to a charge if it is still as it was `seen`: open, and not taken up anew since.
    pub(super) async fn conclude(
        &self,
        user: UserId,
        seen: &Charge,
        conclusion: &Conclusion,
    ) -> Result<(), LedgerError> {
        self.change(user, |account, now| {
            if !account.is_as_seen(seen) {
                return Ok(());
            }
            match conclusion {
                Conclusion::Capture(note) => account.capture(&seen.id, note, now).map(drop),
                Conclusion::Release(reason) => account.release(&seen.id, reason, now).map(drop),
                Conclusion::PutOff => account.put_off(&seen.id, &self.config, now),
            }
        })
        .await
    }

    fn key(&self, user: UserId) -> SessionKey {
        SessionKey::private(self.bot, user).with_scope(Self::scope())
    }

    async fn read(&self, user: UserId) -> Result<Account, LedgerError> {
        match self.store.get(&self.key(user)).await? {
            Some(session) => read(&session),
            None => Ok(Account::opened(&self.config, self.clock.now())),
        }
    }

    /// Makes an operation on an account until it is clear what became of it, for as long as there is patience. An operation
    /// that changes nothing writes nothing.
    pub(super) async fn change<T, F>(&self, user: UserId, operation: F) -> Result<T, LedgerError>
    where
        T: Send,
        F: FnMut(&mut Account, Timestamp) -> Result<T, LedgerError> + Send,
    {
        let result = self.change_untold(user, operation).await;
        // Also after a failure: it may have been carried out.
        if let Some(listener) = &self.listener {
            listener.changed(user).await;
        }
        result
    }

    async fn change_untold<T, F>(&self, user: UserId, mut operation: F) -> Result<T, LedgerError>
    where
        T: Send,
        F: FnMut(&mut Account, Timestamp) -> Result<T, LedgerError> + Send,
    {
        let key = self.key(user);
        let give_up_at = Instant::now() + PATIENCE;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(SHORTEST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .without_max_times()
            .with_jitter()
            .build();
        let mut reruns = 0;
        // The record that came with a conflict, and what an earlier try would have made of it that got no clear answer.
        let mut held: Option<Session> = None;
        let mut tried: Option<(stepkeep_core::Revision, T)> = None;
        loop {
            let failure = match held.take() {
                Some(session) => {
                    self.attempt(&key, Some(session), &mut operation, &mut tried)
                        .await
                }
                None => match self.store.get(&key).await {
                    Ok(found) => self.attempt(&key, found, &mut operation, &mut tried).await,
                    Err(error) => Attempt::Failed(error.into()),
                },
            };
            let failure = match failure {
                Attempt::Done(result) => return result,
                Attempt::Overtaken(current) => {
                    reruns += 1;
                    if reruns <= RERUNS_AT_ONCE && current.is_some() {
                        held = current;
                        continue;
                    }
                    LedgerError::Contention
                }
                Attempt::Failed(error) if error.is_retryable() => error,
                Attempt::Failed(error) => return Err(error),
            };
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            if Instant::now() + pause > give_up_at {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One try on the record as it was found. What a try without a clear answer would have brought stays in `tried`.
    async fn attempt<T, F>(
        &self,
        key: &SessionKey,
        found: Option<Session>,
        operation: &mut F,
        tried: &mut Option<(stepkeep_core::Revision, T)>,
    ) -> Attempt<T>
    where
        T: Send,
        F: FnMut(&mut Account, Timestamp) -> Result<T, LedgerError> + Send,
    {
        // The earlier try has happened after all.
        if let (Some(session), Some((revision, _))) = (&found, &*tried)
            && session.revision() == *revision
            && let Some((_, result)) = tried.take()
        {
            return Attempt::Done(Ok(result));
        }
        let now = self.clock.now();
        let before = match &found {
            Some(session) => read(session),
            None => Ok(Account::opened(&self.config, now)),
        };
        let before = match before {
            Ok(account) => account,
            Err(error) => return Attempt::Done(Err(error)),
        };
        let mut account = before.clone();
        let result = match operation(&mut account, now) {
            Ok(result) => result,
            Err(error) => return Attempt::Done(Err(error)),
        };
        if account == before {
            return Attempt::Done(Ok(result));
        }
        account.fold(&self.config, now);
        let change = match SessionChange::new(now).set_typed(&account) {
            Ok(change) => change.wake_at(account.wake_at()),
            Err(error) => return Attempt::Done(Err(error.into())),
        };
        let (written, revision) = if let Some(session) = &found {
            let revision = change.revision_after(session.revision());
            (self.store.update(session, &change).await, revision)
        } else {
            let new = NewSession::new(key.clone(), change);
            let revision = new.session().revision();
            (self.store.create(new).await, revision)
        };
        match written {
            Ok(_) => Attempt::Done(Ok(result)),
            Err(error) => match error.kind() {
                StoreErrorKind::Conflict | StoreErrorKind::AlreadyExists | StoreErrorKind::NotFound => {
                    Attempt::Overtaken(error.into_current())
                }
                StoreErrorKind::Indeterminate => {
                    *tried = Some((revision, result));
                    Attempt::Failed(error.into())
                }
                _ => Attempt::Failed(error.into()),
            },
        }
    }
}

/// How many accounts are read at a time.
const PAGE: usize = 100;

/// What looking into a charge came to.
#[derive(Debug, Clone)]
pub(super) enum Conclusion {
    Capture(CaptureNote),
    Release(ReleaseReason),
    PutOff,
}

enum Attempt<T> {
    Done(Result<T, LedgerError>),
    /// Somebody else was faster; with the record as they left it.
    Overtaken(Option<Session>),
    Failed(LedgerError),
}

/// The account of a record.
fn read(session: &Session) -> Result<Account, LedgerError> {
    #[derive(Deserialize)]
    struct OfVersion {
        version: u32,
    }
    // Looked at first: what a newer version wrote may not be readable as a whole.
    let OfVersion { version } = session.typed()?;
    if version > VERSION {
        return Err(LedgerError::TooNew(version));
    }
    Ok(session.typed()?)
}
