//! Histories of many tasks, recorded and checked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::case::{Failure, Fixture, Outcome};
use super::super::linearizability::{Action, Operation, Write, check};
use super::super::race::all_at_once;
use super::super::samples::{at, key, plain};
use super::super::seed::seeds;
use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind};
use crate::key::SessionKey;
use crate::session::Session;
use crate::store::SessionStore;

const TASKS: usize = 6;
const OPERATIONS: usize = 16;
const KEYS: i64 = 2;

pub(in super::super) async fn the_history_of_every_session_is_linearisable(fixture: Fixture) -> Outcome {
    let handles = [fixture.handle(), fixture.peer().await?];
    for (round, seed) in (0..).zip(seeds(8)?) {
        let counter = Arc::new(AtomicU64::new(0));
        let recorded = all_at_once(TASKS, |task| {
            let recorder = Recorder {
                store: Arc::clone(&handles[task % 2]),
                counter: Arc::clone(&counter),
                random: StdRng::seed_from_u64(seed ^ (task as u64) << 32),
                first_key: KEYS * round,
            };
            recorder.record()
        })
        .await?;
        let mut histories: HashMap<SessionKey, Vec<Operation>> = HashMap::new();
        for (key, operation) in recorded.into_iter().flatten() {
            histories.entry(key).or_default().push(operation);
        }
        for (key, history) in histories {
            check(&history).map_err(|violation| {
                Failure::Broken(format!("seed {seed}, the history of {key}: {violation}"))
            })?;
        }
    }
    Ok(())
}

struct Recorder {
    store: Arc<dyn SessionStore>,
    counter: Arc<AtomicU64>,
    random: StdRng,
    first_key: i64,
}

impl Recorder {
    async fn record(mut self) -> Outcome<Vec<(SessionKey, Operation)>> {
        let mut held: HashMap<SessionKey, Session> = HashMap::new();
        let mut recorded = Vec::new();
        for _ in 0..OPERATIONS {
            let key = key(self.first_key + self.random.random_range(0..KEYS));
            let called = self.counter.fetch_add(1, Ordering::SeqCst);
            let action = self.act(&key, &mut held).await?;
            let returned = self.counter.fetch_add(1, Ordering::SeqCst);
            let operation = Operation {
                called,
                returned,
                action,
            };
            recorded.push((key, operation));
            tokio::task::yield_now().await;
        }
        Ok(recorded)
    }

    async fn act(&mut self, key: &SessionKey, held: &mut HashMap<SessionKey, Session>) -> Outcome<Action> {
        match (self.random.random_range(0..100), held.get(key).cloned()) {
            (0..50, Some(session)) => {
                let change = SessionChange::new(at(0));
                let revision = change.revision_after(session.revision());
                let answer = self.store.update(&session, &change).await;
                Ok(Action::Update {
                    held: session.revision(),
                    revision,
                    answer: learn(key, held, answer)?,
                })
            }
            (50..60, session) => {
                let expected = match session {
                    Some(session) if self.random.random_bool(0.5) => Some(session.revision()),
                    _ => None,
                };
                let answer = match self.store.clear(key, expected).await {
                    Ok(true) => Write::Done,
                    Ok(false) => Write::Nothing,
                    Err(error) => learn(key, held, Err(error))?,
                };
                Ok(Action::Clear { expected, answer })
            }
            (0..50 | 60..80, None) => {
                let new = plain(key.clone(), at(0));
                let revision = new.session().revision();
                let answer = self.store.create(new).await;
                Ok(Action::Create {
                    revision,
                    answer: learn(key, held, answer)?,
                })
            }
            _ => {
                let seen = self.store.get(key).await?;
                let answer = seen.as_ref().map(Session::revision);
                match seen {
                    Some(session) => held.insert(key.clone(), session),
                    None => held.remove(key),
                };
                Ok(Action::Get { answer })
            }
        }
    }
}

/// What a write answered; from then on the task holds what the answer has.
fn learn(
    key: &SessionKey,
    held: &mut HashMap<SessionKey, Session>,
    answer: Result<Session, StoreError>,
) -> Outcome<Write> {
    let error = match answer {
        Ok(session) => {
            held.insert(key.clone(), session);
            return Ok(Write::Done);
        }
        Err(error) => error,
    };
    match error.kind() {
        StoreErrorKind::NotFound => {
            held.remove(key);
            Ok(Write::Nothing)
        }
        StoreErrorKind::Conflict | StoreErrorKind::AlreadyExists => {
            let current = error
                .into_current()
                .ok_or_else(|| Failure::Broken("a refused write has no session".to_owned()))?;
            let revision = current.revision();
            held.insert(key.clone(), current);
            Ok(Write::Refused(revision))
        }
        _ => Err(error.into()),
    }
}
