//! Several sources of outside calls as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::{FieldValue, PendingEffect};

use super::{EffectResult, Effects};

/// Hands every call to whoever makes calls of its name.
#[derive(Debug, Default)]
pub struct EffectsByName {
    makers: BTreeMap<&'static str, Arc<dyn Effects>>,
}

impl EffectsByName {
    /// Makes no call yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and calls of these names are made by `effects`. The first who takes a name keeps it.
    #[must_use]
    pub fn with(mut self, names: &[&'static str], effects: impl Effects) -> Self {
        let effects: Arc<dyn Effects> = Arc::new(effects);
        for name in names {
            self.makers.entry(name).or_insert_with(|| Arc::clone(&effects));
        }
        self
    }
}

#[async_trait]
impl Effects for EffectsByName {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        match self.makers.get(effect.name.as_str()) {
            Some(maker) => maker.run(effect).await,
            None => unknown(effect),
        }
    }

    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        self.makers.get(effect.name.as_str())?.give_up(effect)
    }
}

/// A call that this version doesn't know, or can't read, is a newer version's, which will take it up.
pub(super) fn unknown(effect: &PendingEffect) -> EffectResult {
    tracing::error!(
        effect = effect.name,
        id = effect.id,
        "this version can't make a stored call"
    );
    EffectResult::Later
}
