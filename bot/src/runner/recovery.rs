//! Looking for what is due: timers, and what a process that died left undone.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{ScanFilter, StoreError};
use tokio_util::sync::CancellationToken;

use super::Shared;

/// How many sessions are read at a time.
const PAGE: usize = 100;

/// Looks at once, and then every so often, until stopped. A store that fails is asked again the next time.
pub(super) async fn run(shared: &Arc<Shared>, every: Duration, stop: &CancellationToken) {
    let looking = async {
        loop {
            if let Err(error) = look(shared).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what is due could not be looked for"
                );
            }
            tokio::time::sleep(every).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}

async fn look(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let filter = ScanFilter {
        due_at: Some(shared.engine.clock().now()),
        ..ScanFilter::default()
    };
    let mut after = None;
    loop {
        let page = shared.engine.store().scan(&filter, after, PAGE).await?;
        for unreadable in &page.unreadable {
            tracing::error!(
                error = unreadable as &dyn std::error::Error,
                "a session that is due can't be read"
            );
        }
        for session in page.sessions {
            // The executor holds back when it is full, so that a backlog after an outage doesn't crowd out people.
            if session.key().bot() == shared.bot {
                shared.take_up(session).await;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
