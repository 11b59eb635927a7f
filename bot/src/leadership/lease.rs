//! The lease: one record in the store of the sessions.

use std::sync::{Arc, LazyLock};

use serde::de::DeserializeOwned;
use stepkeep_core::{
    BotId, ChatId, Clock, FieldName, FieldValue, NewSession, Scope, Session, SessionChange, SessionKey,
    SessionStore, StoreError, UserId,
};

use super::holder::Holder;
use super::watch::Abandoned;

#[expect(
    clippy::expect_used,
    reason = "a constant of six letters, which every test of this module makes"
)]
static SCOPE: LazyLock<Scope> = LazyLock::new(|| Scope::new("leader").expect("a valid scope"));

static HOLDER: LazyLock<FieldName> = LazyLock::new(|| FieldName::constant("holder"));
static MACHINE: LazyLock<FieldName> = LazyLock::new(|| FieldName::constant("machine"));
static EPOCH: LazyLock<FieldName> = LazyLock::new(|| FieldName::constant("epoch"));
static RELEASED: LazyLock<FieldName> = LazyLock::new(|| FieldName::constant("released"));

/// What the record says. What can't be read counts as absent: then it is nobody's, and up after the usual time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) holder: String,
    pub(super) machine: Option<String>,
    /// Grows by one whenever the lease goes to another process.
    pub(super) epoch: u64,
    pub(super) released: bool,
}

impl Record {
    pub(super) fn of(session: &Session) -> Self {
        fn read<T: DeserializeOwned>(session: &Session, name: &FieldName) -> Option<T> {
            session.field(name.as_str())?.get().ok()
        }
        Self {
            holder: read(session, &HOLDER).unwrap_or_default(),
            machine: read(session, &MACHINE),
            epoch: read(session, &EPOCH).unwrap_or_default(),
            released: read(session, &RELEASED).unwrap_or_default(),
        }
    }
}

/// The record of a bot, as one process sees it.
#[derive(Debug)]
pub(super) struct Lease {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    key: SessionKey,
    me: Holder,
}

impl Lease {
    pub(super) fn scope() -> Scope {
        SCOPE.clone()
    }

    pub(super) fn new(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, bot: BotId, me: Holder) -> Self {
        // Nobody's chat has the id 0.
        let key = SessionKey::new(bot, ChatId(0), UserId(0)).with_scope(Self::scope());
        Self {
            store,
            clock,
            key,
            me,
        }
    }

    pub(super) async fn read(&self) -> Result<Option<Session>, StoreError> {
        self.store.get(&self.key).await
    }

    /// Whether nobody holds it, and why.
    pub(super) fn is_abandoned(&self, record: &Record) -> Option<Abandoned> {
        if record.released {
            Some(Abandoned::Released)
        } else if self.me.knows_dead(&record.holder, record.machine.as_deref()) {
            Some(Abandoned::Dead)
        } else {
            None
        }
    }

    /// Whether it is held by this process, since this epoch.
    pub(super) fn is_mine(&self, session: &Session, epoch: u64) -> bool {
        let record = Record::of(session);
        record.holder == self.me.id && record.epoch == epoch && !record.released
    }

    /// Makes the record, held by this process.
    pub(super) async fn make(&self) -> Result<Session, StoreError> {
        let new = NewSession::new(self.key.clone(), self.mine(1));
        self.store.create(new).await
    }

    /// Takes the lease away from whoever holds it, unless it was changed since `seen`.
    pub(super) async fn take_over(&self, seen: &Session, record: &Record) -> Result<Session, StoreError> {
        let change = self.mine(record.epoch.saturating_add(1));
        self.store.update(seen, &change).await
    }

    /// Shows that its holder is alive, by a new revision.
    pub(super) async fn renew(&self, held: &Session) -> Result<Session, StoreError> {
        let change = SessionChange::new(self.clock.now());
        self.store.update(held, &change).await
    }

    /// Gives it up.
    pub(super) async fn release(&self, held: &Session) -> Result<Session, StoreError> {
        let change = SessionChange::new(self.clock.now())
            .set(RELEASED.clone(), FieldValue::from_json_value(&true.into()));
        self.store.update(held, &change).await
    }

    fn mine(&self, epoch: u64) -> SessionChange {
        let change = SessionChange::new(self.clock.now())
            .set(HOLDER.clone(), FieldValue::text(&self.me.id))
            .set(EPOCH.clone(), FieldValue::from_json_value(&epoch.into()))
            .unset(RELEASED.clone());
        match &self.me.machine {
            Some(machine) => change.set(MACHINE.clone(), FieldValue::text(machine)),
            None => change.unset(MACHINE.clone()),
        }
    }
}
