//! Tasks that begin at the same instant.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::case::Outcome;

/// Runs that many tasks side by side, and answers what each gave, in no particular order.
pub(super) async fn all_at_once<T, F>(tasks: usize, task: impl Fn(usize) -> F) -> Outcome<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(tasks));
    let mut running = JoinSet::new();
    for index in 0..tasks {
        let (start, task) = (Arc::clone(&start), task(index));
        running.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    let mut answers = Vec::with_capacity(tasks);
    while let Some(answer) = running.join_next().await {
        answers.push(answer??);
    }
    Ok(answers)
}
