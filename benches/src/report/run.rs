//! The run: each case on each store and on its floor, in interleaved rounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::future::try_join_all;
use indicatif::ProgressBar;
use stepkeep_core::{CleanupPolicy, SessionStore};

use crate::floor::{self, RawStore};
use crate::report::case::{Case, Operation};
use crate::report::latency::Figures;
use crate::report::load::{Worker, closed_loop};
use crate::report::plan::{Group, Plan};
use crate::report::raw_worker::{self, RawWorker};
use crate::report::results::Measured;
use crate::report::shape::{RawDocument, Shape};
use crate::report::store_worker::{self, StoreWorker};
use crate::{Candidate, at, people};

/// Later than any session of a run, and far from the end of time: in milliseconds.
const LATER: i64 = 4_000_000_000_000;

/// How many people a caller goes round among.
const PEOPLE_EACH: u32 = 8;

/// The most bytes that a round of creations adds, and the most sessions that a round of removals takes away.
const MOST_BYTES: u32 = 64 * 1_024 * 1_024;
const MOST_REMOVED: u32 = 2_000;

/// A store, or the floor of one.
#[derive(Debug)]
pub struct Contender {
    /// The store.
    pub store: String,
    access: Access,
}

#[derive(Debug)]
enum Access {
    Store(Arc<dyn SessionStore>),
    Raw(Arc<dyn RawStore>),
}

/// The stores, each followed by its floor.
///
/// # Errors
/// When a driver can't open what its store has opened.
pub async fn contenders(candidates: &[Candidate]) -> anyhow::Result<Vec<Contender>> {
    let mut contenders = Vec::new();
    for candidate in candidates {
        let store = candidate.name.to_owned();
        let floor = floor::of(candidate)
            .await
            .with_context(|| format!("the floor of {store}"))?;
        contenders.push(Contender {
            store: store.clone(),
            access: Access::Store(Arc::clone(&candidate.store)),
        });
        if let Some(raw) = floor {
            let access = Access::Raw(raw);
            contenders.push(Contender { store, access });
        }
    }
    Ok(contenders)
}

/// What the plan's cases brought, and those that there was no time for.
#[derive(Debug, Default)]
pub struct Brought {
    /// Each case on each store.
    pub cases: Vec<Measured>,
    /// What there was no time for.
    pub left_out: Vec<Case>,
}

/// Measures what the plan says. The progress goes by milliseconds.
///
/// # Errors
/// When an operation fails: figures of what doesn't work mean nothing.
pub async fn run(plan: &Plan, contenders: &[Contender], progress: &ProgressBar) -> anyhow::Result<Brought> {
    let begun = Instant::now();
    let mut brought = Brought::default();
    let duration =
        |group: &Group| group.duration(u32::try_from(taking_part(group, contenders).count()).unwrap_or(1));
    let all: Duration = plan.groups.iter().map(duration).sum();
    progress.set_length(millis(all));
    for group in &plan.groups {
        if begun.elapsed() + duration(group) > plan.budget {
            brought.left_out.push(group.case);
            progress.inc(millis(duration(group)));
        } else {
            let measured = measure(group, contenders, progress).await;
            let measured = measured.with_context(|| group.case.to_string())?;
            brought.cases.extend(measured);
        }
    }
    Ok(brought)
}

fn taking_part<'a>(group: &Group, contenders: &'a [Contender]) -> impl Iterator<Item = &'a Contender> {
    let scope = group.scope;
    contenders
        .iter()
        .filter(move |contender| scope.has(&contender.store, contender.is_raw()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

async fn measure(
    group: &Group,
    contenders: &[Contender],
    progress: &ProgressBar,
) -> anyhow::Result<Vec<Measured>> {
    let case = group.case;
    let (shape, document) = {
        let shape = Shape::of(case.bytes);
        let document = shape.raw();
        (Arc::new(shape), Arc::new(document))
    };
    let mut taking_part: Vec<(&Contender, Vec<Figures>)> = taking_part(group, contenders)
        .map(|contender| (contender, Vec::new()))
        .collect();
    // What is removed has to be stored again for each round.
    let is_used_up = case.operation == Operation::Clear;
    let people = callers(case);
    for (contender, _) in &taking_part {
        if !is_used_up {
            contender.fill(&shape, &document, &people.concat()).await?;
        }
    }
    for _ in 0..group.rounds {
        for (contender, rounds) in &mut taking_part {
            progress.set_message(format!("{}: {case}", contender.name()));
            let fresh = is_used_up.then(|| callers(case));
            if let Some(fresh) = &fresh {
                contender.fill(&shape, &document, &fresh.concat()).await?;
            }
            let callers = fresh.as_ref().unwrap_or(&people).iter().cloned();
            let workers = callers.map(|people| contender.worker(&shape, &document, case, people));
            let workers = try_join_all(workers).await?;
            let figures = closed_loop(workers, warm_up(group), group.measure).await;
            rounds.push(figures.with_context(|| contender.name())?);
            progress.inc(millis(group.warm_up + group.measure));
        }
    }
    let mut measured = Vec::new();
    for (contender, rounds) in taking_part {
        contender.empty().await.with_context(|| contender.name())?;
        measured.push(Measured {
            store: contender.store.clone(),
            raw: contender.is_raw(),
            case,
            figures: Figures::median_of(&rounds),
        });
    }
    Ok(measured)
}

/// What is used up is not used up before it counts.
fn warm_up(group: &Group) -> Duration {
    match group.case.operation {
        Operation::Clear | Operation::Create => Duration::ZERO,
        _ => group.warm_up,
    }
}

/// The people of each caller.
fn callers(case: Case) -> Vec<Vec<i64>> {
    let callers = case.concurrency.max(1);
    let each = match case.operation {
        Operation::Clear => MOST_REMOVED.min(MOST_BYTES / case.bytes).div_ceil(callers),
        Operation::ScanPage | Operation::Cleanup => 1_000_u32.div_ceil(callers).max(100),
        _ if case.stored > 0 => case.stored.div_ceil(callers),
        _ => PEOPLE_EACH,
    };
    let each = usize::try_from(each).unwrap_or(1);
    (0..callers).map(|_| people(each)).collect()
}

impl Contender {
    fn is_raw(&self) -> bool {
        matches!(self.access, Access::Raw(_))
    }

    fn name(&self) -> String {
        match self.access {
            Access::Store(_) => self.store.clone(),
            Access::Raw(_) => format!("{} (raw driver)", self.store),
        }
    }

    async fn fill(&self, shape: &Shape, document: &RawDocument, people: &[i64]) -> anyhow::Result<()> {
        match &self.access {
            Access::Store(store) => store_worker::fill(store, shape, people).await,
            Access::Raw(raw) => raw_worker::fill(raw, document, people).await,
        }
    }

    async fn worker(
        &self,
        shape: &Arc<Shape>,
        document: &Arc<RawDocument>,
        case: Case,
        people: Vec<i64>,
    ) -> anyhow::Result<Box<dyn Worker>> {
        let limit = MOST_BYTES / case.bytes.max(1) / case.concurrency.max(1);
        Ok(match &self.access {
            Access::Store(store) => {
                let (store, shape) = (Arc::clone(store), Arc::clone(shape));
                Box::new(
                    StoreWorker::new(store, shape, case.operation, people)
                        .await?
                        .creating_at_most(limit),
                )
            }
            Access::Raw(raw) => {
                let (raw, document) = (Arc::clone(raw), Arc::clone(document));
                Box::new(
                    RawWorker::new(raw, document, case.operation, people)
                        .await?
                        .creating_at_most(limit),
                )
            }
        })
    }

    /// Removes all, so that the next case begins like the first.
    async fn empty(&self) -> anyhow::Result<()> {
        match &self.access {
            Access::Store(store) => drop(store.cleanup(&CleanupPolicy::before(at(LATER))).await?),
            Access::Raw(raw) => raw.empty().await?,
        }
        Ok(())
    }
}
