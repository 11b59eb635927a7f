//! What one process knows about the replies that it sent, or set out to send. It ends with the process.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::commit;
use crate::input::InputId;
use crate::key::SessionKey;

/// For how many conversations it is remembered. Those beyond carry their last replies along for some turns more, which
/// costs bytes and nothing else.
const REMEMBERED_CONVERSATIONS: NonZeroUsize = match NonZeroUsize::new(100_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// How many inputs of each are remembered. Older ones are out of the outbox by then.
const REMEMBERED_INPUTS: usize = 2 * commit::MAX_OUTBOX;

/// How far the replies to an input got in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// This process was about to commit them, and has not said that it sent them.
    Begun,
    /// It sent them.
    Sent,
}

/// The replies of each conversation's last inputs.
#[derive(Debug)]
pub(crate) struct Deliveries(Mutex<LruCache<SessionKey, Vec<(InputId, Delivery)>>>);

impl Default for Deliveries {
    fn default() -> Self {
        // Not `LruCache::new`, which makes room for all of them at once: a few would touch nearly each page of it.
        let mut known = LruCache::unbounded();
        known.resize(REMEMBERED_CONVERSATIONS);
        Self(Mutex::new(known))
    }
}

impl Deliveries {
    /// How far those to an input got; `None` when this process had nothing to do with them.
    pub(crate) fn of(&self, key: &SessionKey, input: &InputId) -> Option<Delivery> {
        let known = self.0.lock();
        let (_, delivery) = known.peek(key)?.iter().find(|(known, _)| known == input)?;
        Some(*delivery)
    }

    /// The inputs of a conversation whose replies were sent.
    pub(crate) fn sent(&self, key: &SessionKey) -> Vec<InputId> {
        let mut known = self.0.lock();
        let inputs = known.get(key).into_iter().flatten();
        let sent = inputs.filter(|(_, delivery)| *delivery == Delivery::Sent);
        sent.map(|(input, _)| input.clone()).collect()
    }

    /// Those to an input are about to be committed. What was sent stays so.
    pub(crate) fn begin(&self, key: &SessionKey, input: &InputId) {
        self.note(key, input, Delivery::Begun);
    }

    /// They were not committed: somebody else was faster, perhaps with the same input.
    pub(crate) fn give_up(&self, key: &SessionKey, input: &InputId) {
        if let Some(inputs) = self.0.lock().get_mut(key) {
            inputs.retain(|(known, delivery)| known != input || *delivery == Delivery::Sent);
        }
    }

    /// Those to these inputs were sent.
    pub(crate) fn end(&self, key: &SessionKey, inputs: &[InputId]) {
        for input in inputs {
            self.note(key, input, Delivery::Sent);
        }
    }

    fn note(&self, key: &SessionKey, input: &InputId, delivery: Delivery) {
        let mut known = self.0.lock();
        let inputs = known.get_or_insert_mut(key.clone(), Vec::new);
        match inputs.iter_mut().find(|(known, _)| known == input) {
            Some((_, Delivery::Sent)) => {}
            Some((_, known)) => *known = delivery,
            None => {
                // Before one is added, so that there never has to be room for more: there are many conversations.
                let surplus = (inputs.len() + 1).saturating_sub(REMEMBERED_INPUTS);
                inputs.drain(..surplus);
                inputs.push((input.clone(), delivery));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{BotId, UserId};

    #[test]
    fn what_was_sent_stays_sent_and_the_oldest_is_forgotten() {
        let deliveries = Deliveries::default();
        let key = SessionKey::private(BotId(1), UserId(2));
        let input = InputId::Update;
        assert_eq!(deliveries.of(&key, &input(1)), None);
        deliveries.begin(&key, &input(1));
        deliveries.give_up(&key, &input(1));
        assert_eq!(deliveries.of(&key, &input(1)), None);
        deliveries.begin(&key, &input(1));
        assert_eq!(deliveries.of(&key, &input(1)), Some(Delivery::Begun));
        assert!(deliveries.sent(&key).is_empty());
        deliveries.end(&key, &[input(1)]);
        deliveries.begin(&key, &input(1));
        deliveries.give_up(&key, &input(1));
        assert_eq!(deliveries.of(&key, &input(1)), Some(Delivery::Sent));
        assert_eq!(deliveries.sent(&key), [input(1)]);

        for id in 2..100 {
            deliveries.begin(&key, &input(id));
        }
        assert_eq!(deliveries.of(&key, &input(1)), None);
        assert_eq!(deliveries.of(&key, &input(99)), Some(Delivery::Begun));
        let oldest = 100 - i64::try_from(REMEMBERED_INPUTS).unwrap();
        assert_eq!(deliveries.of(&key, &input(oldest)), Some(Delivery::Begun));
        let known = deliveries.0.lock();
        assert_eq!(known.peek(&key).unwrap().capacity(), REMEMBERED_INPUTS);
    }
}
