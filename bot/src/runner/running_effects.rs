//! Which outside calls this process makes at the moment.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// The ids of the effects that are running. Clones share the set.
#[derive(Clone, Debug, Default)]
pub(super) struct RunningEffects(Arc<Mutex<HashSet<String>>>);

/// Keeps an effect in the set as long as it lives.
#[derive(Debug)]
pub(super) struct RunningEffect {
    effects: RunningEffects,
    id: String,
}

impl RunningEffects {
    /// Takes an effect in; `None` when it is running already.
    pub(super) fn begin(&self, id: &str) -> Option<RunningEffect> {
        let is_new = self.0.lock().insert(id.to_owned());
        is_new.then(|| RunningEffect {
            effects: self.clone(),
            id: id.to_owned(),
        })
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.lock().contains(id)
    }
}

impl Drop for RunningEffect {
    fn drop(&mut self) {
        self.effects.0.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_runs_once_at_a_time_and_again_when_it_ended() {
        let effects = RunningEffects::default();
        let first = effects.begin("e1").unwrap();
        assert!(effects.begin("e1").is_none() && effects.contains("e1"));
        assert!(effects.begin("e2").is_some());
        drop(first);
        assert!(!effects.contains("e1"));
        assert!(effects.begin("e1").is_some());
    }
}
