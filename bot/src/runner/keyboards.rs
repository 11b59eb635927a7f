//! Which message of a conversation has the buttons that count, and from which they were taken away.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::SessionKey;
use teloxide_core::types::MessageId;

use crate::growing_cache::growing_cache;

/// Of how many conversations it is remembered. Lost on a restart: then a press on old buttons is answered as out of date,
/// and takes them away.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(50_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// How many messages without their buttons are remembered of a conversation. People press twice what they see, and what
/// lies further up is worth a call.
const REMEMBERED_GONE: usize = 4;

/// The buttons of the conversations that somebody had lately.
#[derive(Debug)]
pub(super) struct Keyboards(Mutex<LruCache<SessionKey, Keyboard>>);

#[derive(Debug, Default)]
struct Keyboard {
    current: Option<MessageId>,
    /// The latest first.
    gone: [Option<MessageId>; REMEMBERED_GONE],
}

impl Keyboards {
    pub(super) fn new() -> Self {
        Self(Mutex::new(growing_cache(REMEMBERED)))
    }

    /// The message that has the current buttons, as far as it is known.
    pub(super) fn current(&self, key: &SessionKey) -> Option<MessageId> {
        self.0.lock().get(key)?.current
    }

    /// A message has the current buttons.
    pub(super) fn shown(&self, key: &SessionKey, message: MessageId) {
        self.change(key, |keyboard| keyboard.shown(message));
    }

    /// A message has no buttons any more.
    pub(super) fn forget(&self, key: &SessionKey, message: MessageId) {
        if let Some(keyboard) = self.0.lock().get_mut(key) {
            keyboard.forget(message);
        }
    }

    /// The buttons of a message are to be taken away. False when they were, and nothing is left to do.
    pub(super) fn take_away(&self, key: &SessionKey, message: MessageId) -> bool {
        self.change(key, |keyboard| keyboard.take_away(message))
    }

    /// The buttons of a message could not be taken away: whoever presses them has it tried again.
    pub(super) fn stayed(&self, key: &SessionKey, message: MessageId) {
        if let Some(keyboard) = self.0.lock().get_mut(key) {
            keyboard.is_there(message);
        }
    }

    fn change<T>(&self, key: &SessionKey, change: impl FnOnce(&mut Keyboard) -> T) -> T {
        let mut known = self.0.lock();
        // The key is copied only where it is not there yet.
        change(known.get_or_insert_mut_ref(key, Keyboard::default))
    }
}

impl Keyboard {
    fn shown(&mut self, message: MessageId) {
        self.current = Some(message);
        self.is_there(message);
    }

    fn forget(&mut self, message: MessageId) {
        self.current = self.current.filter(|current| *current != message);
    }

    fn take_away(&mut self, message: MessageId) -> bool {
        self.forget(message);
        if self.gone.contains(&Some(message)) {
            return false;
        }
        self.gone.rotate_right(1);
        self.gone[0] = Some(message);
        true
    }

    fn is_there(&mut self, message: MessageId) {
        for gone in &mut self.gone {
            *gone = gone.filter(|gone| *gone != message);
        }
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{BotId, UserId};

    use super::*;

    fn key(user: i64) -> SessionKey {
        SessionKey::private(BotId(7), UserId(user))
    }

    #[test]
    fn the_last_message_with_buttons_is_the_current_one_until_they_go() {
        let keyboards = Keyboards::new();
        assert_eq!(keyboards.current(&key(1)), None);
        keyboards.shown(&key(1), MessageId(5));
        keyboards.shown(&key(1), MessageId(8));
        keyboards.shown(&key(2), MessageId(6));
        keyboards.forget(&key(1), MessageId(5));
        assert_eq!(keyboards.current(&key(1)), Some(MessageId(8)));
        assert!(keyboards.take_away(&key(1), MessageId(8)));
        assert_eq!(keyboards.current(&key(1)), None);
        assert_eq!(keyboards.current(&key(2)), Some(MessageId(6)));
    }

    #[test]
    fn buttons_are_taken_away_once_unless_they_stayed_or_came_back() {
        let keyboards = Keyboards::new();
        assert!(keyboards.take_away(&key(1), MessageId(5)));
        assert!(!keyboards.take_away(&key(1), MessageId(5)));
        assert!(
            keyboards.take_away(&key(2), MessageId(5)),
            "that of somebody else"
        );
        keyboards.stayed(&key(1), MessageId(5));
        assert!(keyboards.take_away(&key(1), MessageId(5)), "they stayed");
        keyboards.shown(&key(1), MessageId(5));
        assert!(keyboards.take_away(&key(1), MessageId(5)), "they came back");
    }

    #[test]
    fn of_many_messages_the_latest_are_remembered() {
        let keyboards = Keyboards::new();
        for message in 0..10 {
            assert!(keyboards.take_away(&key(1), MessageId(message)));
        }
        assert!(!keyboards.take_away(&key(1), MessageId(9)));
        assert!(!keyboards.take_away(&key(1), MessageId(6)));
        assert!(keyboards.take_away(&key(1), MessageId(5)));
    }
}
