//! Hears what other processes say is no longer valid.

use std::hash::Hash;
use std::sync::{Arc, Weak};

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::task::JoinHandle;

use super::generations::Generations;
use super::second_level::Invalidation;
use super::shared::Shared;
use super::source::Source;

/// A task that ends with its cache.
pub(super) struct Listener(JoinHandle<()>);

impl Listener {
    /// Listens from now on, if there is a second level and nobody listens yet. It has to be before anything is taken from there.
    pub(super) fn start_for<K, S>(shared: &Arc<Shared<K, S>>)
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        S: Source<K>,
    {
        if let Some(second) = &shared.parts.second {
            shared.listener.get_or_init(|| {
                let messages = second.subscribe();
                Self(tokio::spawn(listen(Arc::downgrade(shared), messages)))
            });
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen<K, S>(cache: Weak<Shared<K, S>>, mut messages: BoxStream<'static, Invalidation>)
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    while let Some(message) = messages.next().await {
        let Some(cache) = cache.upgrade() else { return };
        hear(&cache, &message).await;
    }
}

async fn hear<K, S>(shared: &Shared<K, S>, message: &Invalidation)
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    let Some(second) = &shared.parts.second else {
        return;
    };
    let is_for_us = |cache: &str, by: u64| cache == shared.parts.name && by != second.id();
    match message {
        Invalidation::Key { cache, key, by } if is_for_us(cache, *by) => {
            shared.generations.advance(Generations::slot_of(key.as_str()));
        }
        Invalidation::All { cache, by } if is_for_us(cache, *by) => shared.drop_all(),
        Invalidation::Missed => {
            shared.drop_all();
            // It can be reached again: what could not be removed before is due.
            second.settle().await;
        }
        Invalidation::Key { .. } | Invalidation::All { .. } => {}
    }
}
