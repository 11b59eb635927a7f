//! A caller of a raw driver, who does the same as [`StoreWorker`](super::store_worker::StoreWorker).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use futures::future::try_join_all;

use crate::floor::RawStore;
use crate::report::case::{IDLE, Operation, PAGE};
use crate::report::load::{Step, Worker};
use crate::report::shape::RawDocument;
use crate::{key, people};

/// Stores a document for each of these people.
///
/// # Errors
/// When one can't be stored.
pub async fn fill(raw: &Arc<dyn RawStore>, document: &RawDocument, people: &[i64]) -> anyhow::Result<()> {
    for some in people.chunks(256) {
        try_join_all(some.iter().map(|person| {
            let key = key(*person).encode();
            async move { raw.create(&key, document, false).await }
        }))
        .await?;
    }
    Ok(())
}

/// A caller who goes round among people of its own.
#[derive(Debug)]
pub struct RawWorker {
    raw: Arc<dyn RawStore>,
    document: Arc<RawDocument>,
    operation: Operation,
    /// The keys, each with the revision that the caller holds.
    keys: VecDeque<(String, u64)>,
    page: Vec<String>,
    left_to_create: u32,
}

impl RawWorker {
    /// A caller for these people, whose documents are there.
    ///
    /// # Errors
    /// When the driver fails.
    pub async fn new(
        raw: Arc<dyn RawStore>,
        document: Arc<RawDocument>,
        operation: Operation,
        people: Vec<i64>,
    ) -> anyhow::Result<Self> {
        let mut keys = VecDeque::new();
        for person in people {
            let key = key(person).encode();
            let held = if matches!(operation, Operation::Update | Operation::Conflict) {
                raw.get(&key).await?.context("a document")?
            } else {
                1
            };
            if operation == Operation::Conflict {
                ensure!(raw.replace(&key, held, &document).await?, "a conflict");
            }
            keys.push_back((key, held));
        }
        let page = keys.iter().take(PAGE).map(|(key, _)| key.clone()).collect();
        Ok(Self {
            raw,
            document,
            operation,
            keys,
            page,
            left_to_create: u32::MAX,
        })
    }

    /// The same, which creates no more than so many: memory has an end.
    #[must_use]
    pub fn creating_at_most(mut self, limit: u32) -> Self {
        self.left_to_create = limit;
        self
    }

    fn next(&mut self) -> anyhow::Result<&mut (String, u64)> {
        self.keys.rotate_left(1);
        self.keys.front_mut().context("a caller has people")
    }

    async fn clean_up(&self) -> anyhow::Result<Step> {
        let idle: Vec<String> = people(IDLE)
            .into_iter()
            .map(|person| key(person).encode())
            .collect();
        for some in idle.chunks(250) {
            try_join_all(some.iter().map(|key| self.raw.create(key, &self.document, true))).await?;
        }
        let started = Instant::now();
        let removed = self.raw.remove_idle(&idle).await?;
        let took = started.elapsed();
        ensure!(removed == idle.len() as u64, "it removed {removed}");
        Ok(Step::Took(took))
    }
}

#[async_trait]
impl Worker for RawWorker {
    async fn once(&mut self) -> anyhow::Result<Step> {
        let (raw, document) = (Arc::clone(&self.raw), Arc::clone(&self.document));
        match self.operation {
            Operation::Get => {
                let (key, _) = self.next()?;
                raw.get(key).await?.context("a document")?;
            }
            Operation::Update => {
                let (key, held) = self.next()?;
                ensure!(raw.replace(key, *held, &document).await?, "a conflict");
                *held += 1;
            }
            Operation::GetUpdate => {
                let (key, _) = self.next()?;
                let held = raw.get(key).await?.context("a document")?;
                ensure!(raw.replace(key, held, &document).await?, "a conflict");
            }
            Operation::Create => {
                let Some(left) = self.left_to_create.checked_sub(1) else {
                    return Ok(Step::Exhausted);
                };
                self.left_to_create = left;
                raw.create(&key(people(1)[0]).encode(), &document, false).await?;
            }
            Operation::Clear => {
                let Some((key, _)) = self.keys.pop_front() else {
                    return Ok(Step::Exhausted);
                };
                ensure!(raw.remove(&key).await?, "there was none");
            }
            Operation::Conflict => {
                let (key, held) = self.next()?;
                ensure!(
                    !raw.replace(key, *held, &document).await?,
                    "a stale update was done"
                );
                // Who meets a conflict wants to know what is there.
                if !raw.refusals_have_the_document() {
                    raw.get(key).await?.context("a document")?;
                }
            }
            Operation::ScanPage => {
                let found = raw.page(PAGE, &self.page).await?;
                ensure!(found == PAGE, "{found} on a page");
            }
            Operation::Cleanup => return self.clean_up().await,
        }
        Ok(Step::Done)
    }
}
