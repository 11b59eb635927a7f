//! Operations drawn at random, compared with a model of the contract: a map.

use std::collections::BTreeMap;
use std::fmt;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::ensure_same;
use super::super::samples::{at, field, json_texts, key, position, scoped, turn_state};
use super::super::seed::seeds;
use super::scan::collect;
use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::error::{StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::key::{Scope, SessionKey};
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, ScanFilter, SessionStore};
use crate::turn_state::TurnState;

const OPERATIONS: usize = 120;

pub(in super::super) async fn every_answer_is_the_one_that_a_map_would_give(fixture: Fixture) -> Outcome {
    let handles = [fixture.handle(), fixture.peer().await?];
    for seed in seeds(4)? {
        for key in keys()? {
            handles[0].clear(&key, None).await?;
        }
        let mut model = BTreeMap::new();
        let mut draw = Drawer::new(seed)?;
        for step in 0..OPERATIONS {
            let call = draw.call()?;
            let expected = call.on_map(&mut model);
            let seen = call.on_store(&*handles[step % 2]).await?;
            draw.learn(&expected);
            compare(&seen, &expected).map_err(|difference| {
                Failure::Broken(format!("seed {seed}, operation {step}, {call}: {difference}"))
            })?;
        }
    }
    Ok(())
}

fn keys() -> Outcome<Vec<SessionKey>> {
    Ok(vec![key(1), key(-1), scoped(1, "other")?, scoped(2, "other")?])
}

enum Call {
    Create(NewSession),
    Get(SessionKey),
    Update(Session, SessionChange),
    Clear(SessionKey, Option<Revision>),
    Cleanup(CleanupPolicy),
    Scan(ScanFilter, usize),
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(new) => write!(formatter, "create of {}", new.key()),
            Self::Get(key) => write!(formatter, "get of {key}"),
            Self::Update(held, _) => {
                write!(formatter, "update of {} at {:?}", held.key(), held.revision())
            }
            Self::Clear(key, expected) => write!(formatter, "clear of {key} at {expected:?}"),
            Self::Cleanup(policy) => write!(formatter, "cleanup by {policy:?}"),
            Self::Scan(filter, limit) => write!(formatter, "scan of {filter:?}, {limit} a page"),
        }
    }
}

#[derive(Debug)]
enum Answer {
    Session(Option<Session>),
    Refused(StoreErrorKind, Option<Session>),
    Cleared(bool),
    Removed(u64),
    Scanned(BTreeMap<SessionKey, Session>),
}

type Model = BTreeMap<SessionKey, Session>;

impl Call {
    fn on_map(&self, model: &mut Model) -> Answer {
        match self {
            Self::Create(new) => {
                let session = new.session();
                match model.get(new.key()) {
                    Some(stored) if stored.revision() != session.revision() => {
                        Answer::Refused(StoreErrorKind::AlreadyExists, Some(stored.clone()))
                    }
                    Some(stored) => Answer::Session(Some(stored.clone())),
                    None => {
                        model.insert(new.key().clone(), session.clone());
                        Answer::Session(Some(session))
                    }
                }
            }
            Self::Get(key) => Answer::Session(model.get(key).cloned()),
            Self::Update(held, change) => {
                let updated = change.apply(held);
                match model.get(held.key()) {
                    None => Answer::Refused(StoreErrorKind::NotFound, None),
                    Some(stored) if stored.revision() == updated.revision() => {
                        Answer::Session(Some(stored.clone()))
                    }
                    Some(stored) if stored.revision() != held.revision() => {
                        Answer::Refused(StoreErrorKind::Conflict, Some(stored.clone()))
                    }
                    Some(_) => {
                        model.insert(held.key().clone(), updated.clone());
                        Answer::Session(Some(updated))
                    }
                }
            }
            Self::Clear(key, expected) => match model.get(key) {
                Some(stored) if expected.is_some_and(|expected| expected != stored.revision()) => {
                    Answer::Refused(StoreErrorKind::Conflict, Some(stored.clone()))
                }
                _ => Answer::Cleared(model.remove(key).is_some()),
            },
            Self::Cleanup(policy) => {
                let before = model.len();
                model.retain(|_, session| !policy.is_idle(session));
                Answer::Removed((before - model.len()) as u64)
            }
            Self::Scan(filter, _) => {
                let mut scanned = model.clone();
                scanned.retain(|_, session| filter.matches(session));
                Answer::Scanned(scanned)
            }
        }
    }

    async fn on_store(&self, store: &dyn SessionStore) -> Outcome<Answer> {
        let written = match self {
            Self::Create(new) => store
                .create(new.clone())
                .await
                .map(|session| Answer::Session(Some(session))),
            Self::Get(key) => store.get(key).await.map(Answer::Session),
            Self::Update(held, change) => {
                let updated = store.update(held, change).await;
                updated.map(|session| Answer::Session(Some(session)))
            }
            Self::Clear(key, expected) => store.clear(key, *expected).await.map(Answer::Cleared),
            Self::Cleanup(policy) => {
                let report = store.cleanup(policy).await;
                report.map(|report| Answer::Removed(report.removed))
            }
            Self::Scan(filter, limit) => return collect(store, filter, *limit).await.map(Answer::Scanned),
        };
        written.or_else(refusal)
    }
}

fn refusal(error: StoreError) -> Outcome<Answer> {
    match error.kind() {
        StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists | StoreErrorKind::Conflict => {
            Ok(Answer::Refused(error.kind(), error.into_current()))
        }
        _ => Err(error.into()),
    }
}

fn compare(seen: &Answer, expected: &Answer) -> Result<(), String> {
    let same = match (seen, expected) {
        (Answer::Session(Some(seen)), Answer::Session(Some(expected))) => {
            return same_session(seen, expected);
        }
        (Answer::Refused(kind, Some(seen)), Answer::Refused(expected_kind, Some(expected)))
            if kind == expected_kind =>
        {
            return same_session(seen, expected);
        }
        (Answer::Session(seen), Answer::Session(expected)) => seen == expected,
        (Answer::Refused(seen, None), Answer::Refused(expected, None)) => seen == expected,
        (Answer::Cleared(seen), Answer::Cleared(expected)) => seen == expected,
        (Answer::Removed(seen), Answer::Removed(expected)) => seen == expected,
        (Answer::Scanned(seen), Answer::Scanned(expected)) => seen == expected,
        _ => false,
    };
    same.then_some(())
        .ok_or_else(|| format!("expected {expected:?}, saw {seen:?}"))
}

fn same_session(seen: &Session, expected: &Session) -> Result<(), String> {
    match ensure_same("the session", seen, expected) {
        Err(Failure::Broken(difference)) => Err(difference),
        Ok(()) | Err(Failure::NotClaimed(_)) => Ok(()),
    }
}

/// Draws calls. It remembers what it was answered, so that it can hold sessions that are old by now.
struct Drawer {
    random: StdRng,
    keys: Vec<SessionKey>,
    texts: Vec<String>,
    answered: Vec<Session>,
    created: Vec<NewSession>,
    updated: Vec<(Session, SessionChange)>,
}

impl Drawer {
    fn new(seed: u64) -> Outcome<Self> {
        Ok(Self {
            random: StdRng::seed_from_u64(seed),
            keys: keys()?,
            texts: json_texts(),
            answered: Vec::new(),
            created: Vec::new(),
            updated: Vec::new(),
        })
    }

    fn learn(&mut self, answer: &Answer) {
        if let Answer::Session(Some(session)) | Answer::Refused(_, Some(session)) = answer {
            self.answered.push(session.clone());
        }
    }

    fn call(&mut self) -> Outcome<Call> {
        let key = self.keys[self.random.random_range(0..self.keys.len())].clone();
        Ok(match self.random.random_range(0..100) {
            0..5 if !self.created.is_empty() => Call::Create(one_of_last(&mut self.random, &self.created)),
            0..20 => {
                let new = NewSession::new(key, self.change()?);
                self.created.push(new.clone());
                Call::Create(new)
            }
            20..27 if !self.updated.is_empty() => {
                let (held, change) = one_of_last(&mut self.random, &self.updated);
                Call::Update(held, change)
            }
            20..60 if !self.answered.is_empty() => {
                let held = one_of_last(&mut self.random, &self.answered);
                let change = self.change()?;
                self.updated.push((held.clone(), change.clone()));
                Call::Update(held, change)
            }
            60..66 => Call::Clear(key, None),
            66..74 if !self.answered.is_empty() => {
                let held = one_of_last(&mut self.random, &self.answered);
                Call::Clear(held.key().clone(), Some(held.revision()))
            }
            74..79 => {
                let other = Scope::new("other")?;
                let policy = CleanupPolicy::before(self.instant());
                Call::Cleanup(match self.random.random_range(0..3) {
                    0 => policy,
                    1 => policy.keep_scope(other),
                    _ => policy.scope_before(other, self.instant()),
                })
            }
            79..88 => {
                let filter = ScanFilter {
                    scope: self.random.random_bool(0.3).then(Scope::main),
                    updated_before: self.random.random_bool(0.3).then(|| self.instant()),
                    due_at: self.random.random_bool(0.3).then(|| self.instant()),
                };
                Call::Scan(filter, self.random.random_range(1..6))
            }
            _ => Call::Get(key),
        })
    }

    /// Beside a few instants that lie as far from each other as what stores' indexes may round to.
    fn instant(&mut self) -> Timestamp {
        const MINUTE: i64 = 60_000;
        let minutes = [0, 0, 0, 1, 10, 60, 1_440][self.random.random_range(0..7)];
        at(minutes * MINUTE + self.random.random_range(-5..=5))
    }

    fn change(&mut self) -> Outcome<SessionChange> {
        let mut change = SessionChange::new(self.instant());
        for name in ["a", "b", "c", "d"] {
            match self.random.random_range(0..4) {
                0 => {
                    let text = self.texts[self.random.random_range(0..self.texts.len())].clone();
                    change = change.set(field(name), FieldValue::from_json(text)?);
                }
                1 => change = change.unset(field(name)),
                _ => {}
            }
        }
        change = match self.random.random_range(0..4) {
            0 => change.leave_flow(),
            1 => change.go_to(position("city")),
            2 => change.go_to(position("weight")),
            _ => change,
        };
        change = match self.random.random_range(0..4) {
            0 => change.turn(turn_state(self.instant())),
            1 => change.turn(TurnState::default()),
            _ => change,
        };
        Ok(match self.random.random_range(0..3) {
            0 => change.wake_at(None),
            1 => change.wake_at(Some(self.instant())),
            _ => change,
        })
    }
}

/// Mostly the last, sometimes an older one.
fn one_of_last<T: Clone>(random: &mut StdRng, all: &[T]) -> T {
    let back = random.random_range(0..all.len().min(6)) * random.random_range(0..2);
    all[all.len() - 1 - back].clone()
}
