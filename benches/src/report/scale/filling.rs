//! Filling a store, through its own `create`.

use std::sync::Arc;

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use stepkeep_core::SessionStore;
use tokio::task::JoinSet;

use super::population::{changed_at, missing, person};
use crate::report::shape::Shape;

/// How many tasks make sessions, so that every core takes part.
const TASKS: u32 = 4;

/// How many creations of a task wait at once: together enough for the largest transaction, or pipeline, that a store makes
/// of them.
const AT_ONCE: usize = 256;

/// After how many sessions somebody is told.
const TOLD_AFTER: u32 = 1_500;

/// Stores who is missing where there were so many before, and answers how many that were. `told` hears how many more
/// there are now and then.
///
/// # Errors
/// When one can't be stored.
///
/// # Cancellation
/// Dropping the future ends it.
pub(super) async fn fill(
    store: &Arc<dyn SessionStore>,
    shape: &Arc<Shape>,
    before: u32,
    stored: u32,
    told: impl Fn(u32) + Clone + Send + 'static,
) -> anyhow::Result<u32> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, shape, told) = (Arc::clone(store), Arc::clone(shape), told.clone());
        let indices = missing(before, stored).filter(move |index| index % TASKS == task);
        tasks.spawn(async move { fill_some(&store, &shape, indices, told).await });
    }
    let mut number = 0;
    while let Some(ended) = tasks.join_next().await {
        number += ended.context("a task that fills ended")??;
    }
    Ok(number)
}

async fn fill_some(
    store: &Arc<dyn SessionStore>,
    shape: &Shape,
    indices: impl Iterator<Item = u32> + Send,
    told: impl Fn(u32) + Send,
) -> anyhow::Result<u32> {
    let creations = indices.map(|index| store.create(shape.varied(person(index), changed_at(index))));
    let mut done = stream::iter(creations).buffer_unordered(AT_ONCE);
    let mut number = 0;
    while done.try_next().await?.is_some() {
        number += 1;
        if number % TOLD_AFTER == 0 {
            told(TOLD_AFTER);
        }
    }
    Ok(number)
}
