//! A caller of a session store.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use futures::future::try_join_all;
use stepkeep_core::{CleanupPolicy, ScanFilter, Session, SessionStore, StoreErrorKind};

use crate::report::case::{IDLE, Operation, PAGE};
use crate::report::load::{Step, Worker};
use crate::report::shape::Shape;
use crate::{at, key, people};

/// Stores a session for each of these people.
///
/// # Errors
/// When one can't be stored.
pub async fn fill(store: &Arc<dyn SessionStore>, shape: &Shape, people: &[i64]) -> anyhow::Result<()> {
    for some in people.chunks(256) {
        try_join_all(some.iter().map(|person| store.create(shape.session(*person)))).await?;
    }
    Ok(())
}

/// A caller who goes round among people of its own.
#[derive(Debug)]
pub struct StoreWorker {
    store: Arc<dyn SessionStore>,
    shape: Arc<Shape>,
    operation: Operation,
    people: VecDeque<i64>,
    /// What it holds of the people, in their order, where the operation needs it.
    held: VecDeque<Session>,
    number: i64,
    left_to_create: u32,
}

impl StoreWorker {
    /// A caller for these people, whose sessions are there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn new(
        store: Arc<dyn SessionStore>,
        shape: Arc<Shape>,
        operation: Operation,
        people: Vec<i64>,
    ) -> anyhow::Result<Self> {
        let mut held = VecDeque::new();
        if matches!(operation, Operation::Update | Operation::Conflict) {
            for person in &people {
                held.push_back(store.get(&key(*person)).await?.context("a session")?);
            }
        }
        if operation == Operation::Conflict {
            for session in &held {
                store.update(session, &shape.change(1)).await?;
            }
        }
        Ok(Self {
            store,
            shape,
            operation,
            people: people.into(),
            held,
            number: 0,
            left_to_create: u32::MAX,
        })
    }

    /// The same, which creates no more than so many: memory has an end.
    #[must_use]
    pub fn creating_at_most(mut self, limit: u32) -> Self {
        self.left_to_create = limit;
        self
    }

    /// The same, for which so many milliseconds have gone by: each of its changes is one later than the one before.
    #[must_use]
    pub fn after(mut self, millis: i64) -> Self {
        self.number = millis;
        self
    }

    fn next_person(&mut self) -> anyhow::Result<i64> {
        self.people.rotate_left(1);
        self.people.front().copied().context("a caller has people")
    }

    async fn clean_up(&self) -> anyhow::Result<Step> {
        let idle = people(IDLE);
        for some in idle.chunks(250) {
            try_join_all(
                some.iter()
                    .map(|person| self.store.create(self.shape.idle(*person))),
            )
            .await?;
        }
        let started = Instant::now();
        let report = self.store.cleanup(&CleanupPolicy::before(at(1))).await?;
        let took = started.elapsed();
        ensure!(
            report.removed == idle.len() as u64,
            "it removed {}",
            report.removed
        );
        Ok(Step::Took(took))
    }
}

#[async_trait]
impl Worker for StoreWorker {
    async fn once(&mut self) -> anyhow::Result<Step> {
        self.number += 1;
        match self.operation {
            Operation::Get => {
                let key = key(self.next_person()?);
                self.store.get(&key).await?.context("a session")?;
            }
            Operation::Update => {
                let held = self.held.pop_front().context("a held session")?;
                let change = self.shape.change(self.number);
                self.held.push_back(self.store.update(&held, &change).await?);
            }
            Operation::GetUpdate => {
                let key = key(self.next_person()?);
                let held = self.store.get(&key).await?.context("a session")?;
                self.store.update(&held, &self.shape.change(self.number)).await?;
            }
            Operation::Create => {
                let Some(left) = self.left_to_create.checked_sub(1) else {
                    return Ok(Step::Exhausted);
                };
                self.left_to_create = left;
                let person = people(1)[0];
                self.store.create(self.shape.session(person)).await?;
            }
            Operation::Clear => {
                let Some(person) = self.people.pop_front() else {
                    return Ok(Step::Exhausted);
                };
                ensure!(self.store.clear(&key(person), None).await?, "there was none");
            }
            Operation::Conflict => {
                let stale = self.held.front().context("a held session")?;
                let refused = self.store.update(stale, &self.shape.change(2)).await;
                let error = refused.err().context("a stale update was done")?;
                ensure!(error.kind() == StoreErrorKind::Conflict, "{error}");
            }
            Operation::ScanPage => {
                let page = self.store.scan(&ScanFilter::default(), None, PAGE).await?;
                ensure!(page.sessions.len() == PAGE, "{} on a page", page.sessions.len());
            }
            Operation::Cleanup => return self.clean_up().await,
        }
        Ok(Step::Done)
    }
}
