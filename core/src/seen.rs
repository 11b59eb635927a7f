//! The inputs that a session applied lately.

use std::fmt;
use std::time::Duration;

use memchr::{memchr_iter, memmem, memrchr_iter};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::input::InputId;

/// In milliseconds.
const MINUTE: i64 = 60_000;

/// What stands before a minute that is not the first. No word of an input begins with it.
const MINUTE_FOLLOWS: &[u8] = b" @";

/// The inputs that a session applied lately: a bounded set, not a watermark, since update ids can go backwards.
///
/// An input is forgotten after [`Seen::AGE`] (Telegram redelivers for 24 hours at most), or when [`Seen::LIMIT`] newer
/// ones came.
///
/// It is kept and stored as one text, the oldest first: `@29931034 u17 u18 t5:3f:0` are two updates and a tap that were
/// applied in that minute since 1970. Every turn reads, copies and writes all of it, and a text is the quickest for that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(String);

impl Seen {
    /// How long an input is remembered, at least. It is forgotten in the minute after that.
    pub const AGE: Duration = Duration::from_hours(25);
    /// How many inputs are remembered.
    pub const LIMIT: usize = 128;

    /// Whether the input was applied.
    pub fn contains(&self, input: &InputId) -> bool {
        let (text, sought) = (self.0.as_bytes(), word_of(input));
        memmem::find_iter(text, &sought).any(|at| {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            let after = text.get(at + sought.len());
            [before, after].into_iter().flatten().all(|byte| *byte == b' ')
        })
    }

    /// Whether an update was applied in its order, and a later one of the same kind, a tap or something else, after it. A tap
    /// is remembered by its update and, right behind it, by its button.
    pub(crate) fn is_followed(&self, input: &InputId, is_tap: bool) -> bool {
        let InputId::Update(id) = *input else { return false };
        let words: Vec<&str> = self.marks().map(|mark| mark.word).collect();
        let updates = || {
            let is_button = |index| words.get(index).is_some_and(|word: &&str| word.starts_with('t'));
            words.iter().enumerate().filter_map(move |(index, word)| {
                let id: i64 = word.strip_prefix('u')?.parse().ok()?;
                Some((id, is_button(index + 1)))
            })
        };
        let Some(place) = updates().position(|(seen, _)| seen == id) else {
            return false;
        };
        let later = |(seen, has_button): (i64, bool)| seen > id && has_button == is_tap;
        // When a later one is in front of it, it came late, and what comes next says nothing about it.
        !updates().take(place).any(later) && updates().skip(place + 1).any(later)
    }

    /// Remembers inputs that are applied now, and forgets those that are too old or too many.
    pub fn remember(&mut self, inputs: impl IntoIterator<Item = InputId>, now: Timestamp) {
        let inputs: Vec<InputId> = inputs.into_iter().collect();
        let surplus = (self.len() + inputs.len()).saturating_sub(Self::LIMIT);
        let kept = self.marks().skip(surplus).find(|mark| !mark.is_too_old(now));
        match kept {
            Some(Mark { at, minute, .. }) if self.marks().next().is_some_and(|first| first.at < at) => {
                let rest = self.0.get(at..).unwrap_or_default();
                self.0 = format!("@{minute} {rest}");
            }
            Some(_) => {}
            None => self.0.clear(),
        }
        let mut last = self.last_minute();
        let minute = now.as_millis().div_euclid(MINUTE);
        for input in inputs.iter().skip(inputs.len().saturating_sub(Self::LIMIT)) {
            self.push(&word_of(input), minute, &mut last);
        }
    }

    /// Remembers what another session saw, too. The newest are kept.
    pub(crate) fn join(&mut self, other: &Self) {
        let mut all: Vec<Mark<'_>> = self.marks().collect();
        all.extend(
            other
                .marks()
                .filter(|mark| self.marks().all(|known| known.word != mark.word)),
        );
        all.sort_by_key(|mark| mark.minute);
        let surplus = all.len().saturating_sub(Self::LIMIT);
        let mut joined = Self::default();
        let mut last = None;
        for mark in all.into_iter().skip(surplus) {
            joined.push(mark.word, mark.minute, &mut last);
        }
        *self = joined;
    }

    /// How many inputs are remembered.
    pub fn len(&self) -> usize {
        let words = memchr_iter(b' ', self.0.as_bytes()).count();
        let minutes = memmem::find_iter(self.0.as_bytes(), MINUTE_FOLLOWS).count();
        // The first word is a minute.
        words - minutes
    }

    /// The text that is stored.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What is stored as this text; `None` when it is none that was stored.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let seen = Self(text.to_owned());
        seen.is_sound().then_some(seen)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the newest were applied.
    fn last_minute(&self) -> Option<i64> {
        let text = self.0.as_bytes();
        let mut signs = memrchr_iter(b'@', text);
        // A word may have the sign inside, and stands behind a space.
        let last = signs.find(|at| {
            at.checked_sub(1)
                .is_none_or(|before| text.get(before) == Some(&b' '))
        })?;
        self.minute_at(last)
    }

    /// The minute that stands in this place.
    fn minute_at(&self, at: usize) -> Option<i64> {
        let word = self.0.get(at..)?.split(' ').next()?;
        word.strip_prefix('@')?.parse().ok()
    }

    fn push(&mut self, word: &str, minute: i64, last: &mut Option<i64>) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        if last.replace(minute) != Some(minute) {
            self.0.push('@');
            self.0.push_str(itoa::Buffer::new().format(minute));
            self.0.push(' ');
        }
        self.0.push_str(word);
    }

    fn marks(&self) -> impl Iterator<Item = Mark<'_>> {
        let (mut next, mut minute) = (0, 0);
        self.0.split(' ').filter_map(move |word| {
            let at = next;
            next += word.len() + 1;
            if let Some(digits) = word.strip_prefix('@') {
                minute = digits.parse().unwrap_or(minute);
                return None;
            }
            (!word.is_empty()).then_some(Mark { word, minute, at })
        })
    }

    /// Whether this is what `push` writes.
    fn is_sound(&self) -> bool {
        let text = self.0.as_bytes();
        let is_word = |at: usize| match text.get(at) {
            Some(b'@') => self.minute_at(at).is_some(),
            Some(first) => b"utewi".contains(first),
            None => false,
        };
        let mut others = memchr_iter(b' ', text).map(|space| space + 1);
        self.0.is_empty() || (self.minute_at(0).is_some() && others.all(is_word))
    }
}

/// An input that is remembered.
#[derive(Clone, Copy, Debug)]
struct Mark<'a> {
    word: &'a str,
    /// When it was applied, in minutes since 1970.
    minute: i64,
    /// Where it is in the text.
    at: usize,
}

impl Mark<'_> {
    fn is_too_old(&self, now: Timestamp) -> bool {
        // It was applied before the minute ended.
        let at = Timestamp::from_millis(self.minute.saturating_add(1).saturating_mul(MINUTE));
        now.since(at) > Seen::AGE
    }
}

/// The word that stands for an input. What separates words is escaped: a client may put anything into a button.
fn word_of(input: &InputId) -> String {
    let word = input.to_string();
    if word.contains([' ', '%']) {
        word.replace('%', "%25").replace(' ', "%20")
    } else {
        word
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeenVisitor)
    }
}

struct SeenVisitor;

impl<'de> Visitor<'de> for SeenVisitor {
    type Value = Seen;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the inputs that were applied")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Seen, E> {
        Seen::of_text(text).ok_or_else(|| E::custom("these are no inputs that were applied"))
    }

    /// As it was stored at first: a list of inputs, each with its instant.
    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Seen, A::Error> {
        let mut seen = Seen::default();
        let mut last = None;
        while let Some((input, at)) = pairs.next_element::<(InputId, Timestamp)>()? {
            seen.push(&word_of(&input), at.as_millis().div_euclid(MINUTE), &mut last);
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutes(number: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_mins(number)
    }

    #[test]
    fn inputs_are_forgotten_by_age_and_by_number() {
        let mut seen = Seen::default();
        seen.remember([InputId::Update(1)], minutes(0));
        seen.remember([InputId::Update(2)], minutes(24 * 60));
        assert!(
            seen.contains(&InputId::Update(1)),
            "Telegram may still redeliver it"
        );
        seen.remember([InputId::Update(3)], minutes(25 * 60 + 1));
        assert!(
            seen.contains(&InputId::Update(1)),
            "it may have come at the end of its minute"
        );
        seen.remember([InputId::Update(4)], minutes(25 * 60 + 2));
        assert!(!seen.contains(&InputId::Update(1)) && seen.contains(&InputId::Update(2)));

        seen.remember((10..10 + 128).map(InputId::Update), minutes(26 * 60));
        assert_eq!(seen.len(), Seen::LIMIT);
        assert!(!seen.contains(&InputId::Update(4)) && seen.contains(&InputId::Update(137)));
        seen.remember([InputId::Update(200)], minutes(26 * 60));
        assert_eq!(seen.len(), Seen::LIMIT);
        assert!(!seen.contains(&InputId::Update(10)) && seen.contains(&InputId::Update(11)));
        seen.remember([InputId::Update(201)], minutes(100 * 60));
        assert_eq!(seen.len(), 1);
    }

    #[test]
    fn the_text_is_short_and_readable() {
        let tap = InputId::Tap {
            message: 5,
            data: "50 % off".to_owned(),
        };
        let mut seen = Seen::default();
        seen.remember([InputId::Update(17)], minutes(40));
        seen.remember([InputId::Update(18), tap.clone()], minutes(40));
        seen.remember([InputId::Effect("e1-0".to_owned())], minutes(41));
        let json = serde_json::to_string(&seen).unwrap();
        insta::assert_snapshot!(json, @r#""@40 u17 u18 t5:50%20%25%20off @41 ee1-0""#);
        assert_eq!(serde_json::from_str::<Seen>(&json).unwrap(), seen);
        assert!(seen.contains(&tap) && !seen.contains(&InputId::Update(1)));
    }

    #[test]
    fn the_list_of_earlier_versions_is_read() {
        let seen: Seen = serde_json::from_str(r#"[["u7",59999],["t3:a b:0",60000]]"#).unwrap();
        insta::assert_snapshot!(serde_json::to_string(&seen).unwrap(), @r#""@0 u7 @1 t3:a%20b:0""#);
    }

    #[test]
    fn what_is_no_such_text_is_refused() {
        for text in ["u7", "@ u7", "@x u7", "@1  u7", "@1 7", "@1 u7 "] {
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<Seen>(&json).is_err(), "{text:?}");
        }
    }

    #[test]
    fn of_two_the_newest_are_kept() {
        let (mut one, mut other) = (Seen::default(), Seen::default());
        one.remember((0..100).map(InputId::Update), minutes(2));
        other.remember((90..200).map(InputId::Update), minutes(1));
        one.join(&other);
        assert_eq!(one.len(), Seen::LIMIT);
        assert!(one.contains(&InputId::Update(0)) && one.contains(&InputId::Update(199)));
        assert!(!one.contains(&InputId::Update(100)));
    }

    fn input() -> impl Strategy<Value = InputId> {
        prop_oneof![
            any::<i64>().prop_map(InputId::Update),
            (any::<i64>(), ".{0,6}").prop_map(|(message, data)| InputId::Tap { message, data }),
            ".{0,6}".prop_map(InputId::Effect),
            any::<i64>().prop_map(|at| InputId::Wake(Timestamp::from_millis(at))),
        ]
    }

    proptest! {
        #[test]
        fn whatever_was_remembered_is_known_and_survives_being_stored(
            turns in prop::collection::vec((prop::collection::vec(input(), 0..3), 0_u64..200), 0..40),
            stranger in input(),
        ) {
            let mut seen = Seen::default();
            for (inputs, minute) in &turns {
                seen.remember(inputs.iter().cloned(), minutes(*minute));
            }
            let all: Vec<&InputId> = turns.iter().flat_map(|(inputs, _)| inputs).collect();
            prop_assert_eq!(seen.len(), all.len());
            prop_assert!(all.iter().all(|input| seen.contains(input)));
            prop_assert_eq!(seen.contains(&stranger), all.contains(&&stranger));
            let stored = serde_json::to_string(&seen).unwrap();
            prop_assert_eq!(serde_json::from_str::<Seen>(&stored).unwrap(), seen);
        }
    }
}
