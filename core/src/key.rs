//! The key of a session: whose conversation it is, in which bot and chat.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which bot: the number before the colon of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BotId(pub i64);

/// Which chat. Groups have negative ids; a private chat's id is the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChatId(pub i64);

/// Which person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

/// Which thread (topic) of a forum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(pub i64);

/// The key of a session. All parts are always in the stored form.
///
/// The stored form is `bot/chat/user/thread/business/scope`, an absent thread or business connection being empty, and
/// every byte of the last two parts but ASCII letters, digits, `_`, `.` and `-` percent-escaped. It is injective: two
/// keys that differ in any part have different stored forms, and a stored form that [`SessionKey::encode`] would not
/// write is refused.
///
/// ```
/// use stepkeep_core::{BotId, ChatId, Scope, SessionKey, ThreadId, UserId};
///
/// let key = SessionKey::new(BotId(7), ChatId(-100), UserId(42)).with_thread(ThreadId(3));
/// assert_eq!(key.encode(), "7/-100/42/3//main");
/// assert_eq!("7/-100/42/3//main".parse(), Ok(key.clone()));
/// assert_eq!(key.with_scope(Scope::new("a/b")?).encode(), "7/-100/42/3//a%2Fb");
/// # Ok::<(), stepkeep_core::InvalidKey>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    bot: BotId,
    chat: ChatId,
    user: UserId,
    thread: Option<ThreadId>,
    business: Option<BusinessConnectionId>,
    scope: Scope,
}

/// A key, or a part of one, that can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// A part has the wrong length.
    #[error("{part} has {length} bytes; it has from 1 to {limit}")]
    Length {
        /// Which part.
        part: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest that it may be.
        limit: usize,
    },
    /// The stored form is not one that [`SessionKey::encode`] writes.
    #[error("{encoded:?} is not the stored form of a session key: {problem}")]
    Malformed {
        /// The form, shortened.
        encoded: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl SessionKey {
    /// The longest stored form, in bytes.
    pub const MAX_ENCODED_LENGTH: usize =
        4 * 20 + 5 + 3 * (BusinessConnectionId::MAX_LENGTH + Scope::MAX_LENGTH);

    /// The key of a person's conversation with a bot in a chat, in the scope `main`.
    pub fn new(bot: BotId, chat: ChatId, user: UserId) -> Self {
        Self {
            bot,
            chat,
            user,
            thread: None,
            business: None,
            scope: Scope::main(),
        }
    }

    /// The key of a person's private chat with a bot, in the scope `main`.
    pub fn private(bot: BotId, user: UserId) -> Self {
        Self::new(bot, ChatId(user.0), user)
    }

    /// The same key in another chat: a group that became a supergroup has a new id.
    #[must_use]
    pub fn with_chat(mut self, chat: ChatId) -> Self {
        self.chat = chat;
        self
    }

    /// Whether nobody but this person sees what is said here.
    pub fn is_private(&self) -> bool {
        self.chat.0 == self.user.0
    }

    /// The same key in a thread.
    #[must_use]
    pub fn with_thread(mut self, thread: ThreadId) -> Self {
        self.thread = Some(thread);
        self
    }

    /// The same key over a business connection.
    #[must_use]
    pub fn with_business(mut self, business: BusinessConnectionId) -> Self {
        self.business = Some(business);
        self
    }

    /// The same key in another scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The bot.
    pub fn bot(&self) -> BotId {
        self.bot
    }

    /// The chat.
    pub fn chat(&self) -> ChatId {
        self.chat
    }

    /// The person.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The thread, where the chat has threads.
    pub fn thread(&self) -> Option<ThreadId> {
        self.thread
    }

    /// The business connection, where the conversation goes over one.
    pub fn business(&self) -> Option<&BusinessConnectionId> {
        self.business.as_ref()
    }

    /// The scope.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The stored form; at most [`SessionKey::MAX_ENCODED_LENGTH`] bytes of ASCII.
    pub fn encode(&self) -> String {
        let mut encoded = String::with_capacity(64);
        let mut digits = itoa::Buffer::new();
        for id in [self.bot.0, self.chat.0, self.user.0] {
            encoded.push_str(digits.format(id));
            encoded.push('/');
        }
        if let Some(thread) = self.thread {
            encoded.push_str(digits.format(thread.0));
        }
        encoded.push('/');
        if let Some(business) = &self.business {
            escape_into(&mut encoded, business.as_str());
        }
        encoded.push('/');
        escape_into(&mut encoded, self.scope.as_str());
        encoded
    }

    fn decode(encoded: &str) -> Result<Self, &'static str> {
        let mut parts = encoded.split('/');
        let mut next = || parts.next().ok_or("it has six parts");
        let (bot, chat, user) = (next()?, next()?, next()?);
        let (thread, business, scope) = (next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err("it has six parts");
        }
        let key = Self {
            bot: BotId(parse_id(bot)?),
            chat: ChatId(parse_id(chat)?),
            user: UserId(parse_id(user)?),
            thread: if thread.is_empty() {
                None
            } else {
                Some(ThreadId(parse_id(thread)?))
            },
            business: if business.is_empty() {
                None
            } else {
                let business = BusinessConnectionId::new(unescape(business)?);
                Some(business.map_err(|_| "its business connection is too long")?)
            },
            scope: Scope::new(unescape(scope)?).map_err(|_| "its scope is empty or too long")?,
        };
        Ok(key)
    }
}

fn parse_id(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "an id is not a number")
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn escape_into(encoded: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if text.bytes().all(is_plain) {
        return encoded.push_str(text);
    }
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn unescape(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            let (Some(high), Some(low)) = (digit(), digit()) else {
                return Err("an escape is not complete");
            };
            bytes.push(u8::try_from(high * 16 + low).map_err(|_| "an escape is not complete")?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| "an escape is not UTF-8")
}

impl FromStr for SessionKey {
    type Err = InvalidKey;

    fn from_str(encoded: &str) -> Result<Self, InvalidKey> {
        let malformed = |problem| InvalidKey::Malformed {
            encoded: encoded.chars().take(80).collect(),
            problem,
        };
        let key = Self::decode(encoded).map_err(malformed)?;
        // One key, one stored form: "+7", "007", a needless escape or one in lower case would be a second one.
        if key.encode() == encoded {
            Ok(key)
        } else {
            Err(malformed("it is not written as it would be stored"))
        }
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.encode())
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionKey({self})")
    }
}

impl Serialize for SessionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encode())
    }
}

impl<'de> Deserialize<'de> for SessionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let encoded = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        encoded.parse().map_err(serde::de::Error::custom)
    }
}

/// Two parts of a key are text of a bounded length that differ in name and bound only.
macro_rules! text_part {
    ($(#[$doc:meta])* $type:ident, $part:literal, $limit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $type(Arc<str>);

        impl $type {
            /// The longest that it may be, in bytes.
            pub const MAX_LENGTH: usize = $limit;

            /// Checks the length.
            ///
            /// # Errors
            /// [`InvalidKey::Length`] when it is empty or too long.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidKey> {
                let text = text.as_ref();
                if text.is_empty() || text.len() > Self::MAX_LENGTH {
                    return Err(InvalidKey::Length { part: $part, length: text.len(), limit: Self::MAX_LENGTH });
                }
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_part! {
    /// Which business connection a conversation goes over; any text of 1 to 128 bytes.
    BusinessConnectionId, "a business connection", 128
}

text_part! {
    /// What a session is about: `main` unless named. Any text of 1 to 64 bytes.
    Scope, "a scope", 64
}

impl Scope {
    /// The scope of conversations.
    pub fn main() -> Self {
        static MAIN: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| Arc::from("main"));
        Self(Arc::clone(&MAIN))
    }

    /// The scope of the dialogues of teloxide's.
    #[cfg(feature = "teloxide")]
    pub fn teloxide() -> Self {
        static TELOXIDE: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| Arc::from("teloxide"));
        Self(Arc::clone(&TELOXIDE))
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::main()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> impl Strategy<Value = SessionKey> {
        let text = |limit: usize| {
            prop_oneof!["[a-z/%:-]{1,12}", "\\PC{1,12}", ".{1,12}"]
                .prop_filter("length", move |text| (1..=limit).contains(&text.len()))
        };
        let ids = (any::<i64>(), any::<i64>(), any::<i64>(), any::<Option<i64>>());
        (ids, prop::option::of(text(128)), text(64)).prop_map(
            |((bot, chat, user, thread), business, scope)| SessionKey {
                bot: BotId(bot),
                chat: ChatId(chat),
                user: UserId(user),
                thread: thread.map(ThreadId),
                business: business.map(|text| BusinessConnectionId::new(text).unwrap()),
                scope: Scope::new(scope).unwrap(),
            },
        )
    }

    proptest! {
        #[test]
        fn the_stored_form_gives_the_same_key_back(key in keys()) {
            let encoded = key.encode();
            prop_assert!(encoded.is_ascii() && encoded.len() <= SessionKey::MAX_ENCODED_LENGTH);
            prop_assert_eq!(encoded.parse::<SessionKey>(), Ok(key));
        }

        #[test]
        fn different_keys_have_different_stored_forms(one in keys(), other in keys()) {
            prop_assert_eq!(one == other, one.encode() == other.encode());
        }

        #[test]
        fn whatever_parses_is_the_one_stored_form(text in "[-+0-9/%A-Fa-fx]{0,40}") {
            if let Ok(key) = text.parse::<SessionKey>() {
                prop_assert_eq!(key.encode(), text);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<SessionKey>();
        }
    }

    #[test]
    fn parts_that_only_look_alike_are_different_keys() {
        let key = SessionKey::new(BotId(1), ChatId(-1), UserId(1));
        let forms = [
            key.clone(),
            key.clone().with_thread(ThreadId(0)),
            key.clone().with_business(BusinessConnectionId::new("0").unwrap()),
            key.clone().with_business(BusinessConnectionId::new("/").unwrap()),
            key.clone().with_scope(Scope::new("/main").unwrap()),
            key.clone().with_scope(Scope::new("%2Fmain").unwrap()),
            key.with_scope(Scope::new("🦀").unwrap()),
        ]
        .map(|key| key.encode());
        let distinct: std::collections::HashSet<_> = forms.iter().collect();
        assert_eq!(distinct.len(), forms.len());
    }

    #[test]
    fn a_second_spelling_of_a_key_is_refused() {
        for text in [
            "+1/2/3///main",
            "01/2/3///main",
            "1/2/3///m%61in",
            "1/2/3///%2f",
            "1/2/3//main",
            "1/2/3///",
        ] {
            assert!(text.parse::<SessionKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_longest_key_fits_its_bound() {
        let key = SessionKey::new(BotId(i64::MIN), ChatId(i64::MIN), UserId(i64::MIN))
            .with_thread(ThreadId(i64::MIN))
            .with_business(BusinessConnectionId::new("/".repeat(128)).unwrap())
            .with_scope(Scope::new("/".repeat(64)).unwrap());
        assert_eq!(key.encode().len(), SessionKey::MAX_ENCODED_LENGTH);
    }
}
