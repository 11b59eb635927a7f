//! The revision of a session: what compare-and-swap compares.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The revision of one session. It never repeats for a key, not even after the session was cleared and created again.
///
/// It has two parts. The number counts the commits since the session was created. The draw is random, new at every
/// commit: two writers who both saw commit 5 draw two different sixth revisions, so whoever reads a revision back
/// knows whose commit it is, and a session that was cleared and created again starts at number 1 with a draw that it
/// never had.
///
/// Stores compare revisions for equality only. As bytes and as text a revision has a fixed length.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision {
    number: u64,
    draw: Draw,
}

/// The random part of a [`Revision`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Draws anew.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// A given draw: for tests that need to know it.
    pub const fn from_u64(draw: u64) -> Self {
        Self(draw)
    }
}

/// Bytes that are no revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a revision is {} hexadecimal digits, lower case, with a number above 0",
    Revision::TEXT_LENGTH
)]
pub struct InvalidRevision;

impl Revision {
    /// The length of [`Revision::to_bytes`].
    pub const BYTE_LENGTH: usize = 16;
    /// The length of the text form.
    pub const TEXT_LENGTH: usize = 32;

    /// The revision of a session's first commit.
    pub const fn first(draw: Draw) -> Self {
        Self { number: 1, draw }
    }

    /// The revision after this one.
    #[must_use]
    pub const fn next(self, draw: Draw) -> Self {
        Self {
            number: self.number.saturating_add(1),
            draw,
        }
    }

    /// How many commits the session has had since it was created.
    pub const fn number(self) -> u64 {
        self.number
    }

    /// The revision as bytes: the number, then the draw, both big-endian.
    pub fn to_bytes(self) -> [u8; Self::BYTE_LENGTH] {
        let mut bytes = [0; Self::BYTE_LENGTH];
        bytes[..8].copy_from_slice(&self.number.to_be_bytes());
        bytes[8..].copy_from_slice(&self.draw.0.to_be_bytes());
        bytes
    }

    /// The revision that [`Revision::to_bytes`] gave.
    ///
    /// # Errors
    /// [`InvalidRevision`] for another length, or for number 0.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidRevision> {
        let bytes: [u8; Self::BYTE_LENGTH] = bytes.try_into().map_err(|_| InvalidRevision)?;
        Self::from_u128(u128::from_be_bytes(bytes))
    }

    fn from_u128(both: u128) -> Result<Self, InvalidRevision> {
        #[expect(clippy::cast_possible_truncation, reason = "each half is what is meant")]
        let (number, draw) = ((both >> 64) as u64, Draw(both as u64));
        if number == 0 {
            Err(InvalidRevision)
        } else {
            Ok(Self { number, draw })
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{:016x}", self.number, self.draw.0)
    }
}

impl FromStr for Revision {
    type Err = InvalidRevision;

    fn from_str(text: &str) -> Result<Self, InvalidRevision> {
        let digits: &[u8; Self::TEXT_LENGTH] = text.as_bytes().try_into().map_err(|_| InvalidRevision)?;
        let mut both = 0_u128;
        for half in digits.as_chunks::<16>().0 {
            let mut bits = 0_u64;
            for digit in half {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return Err(InvalidRevision),
                };
                bits = (bits << 4) | u64::from(value);
            }
            both = (both << 64) | u128::from(bits);
        }
        Self::from_u128(both)
    }
}

impl Revision {
    /// The text of it as bytes, without the machinery of formatting: every write of a session has one.
    pub(crate) fn digits(self) -> [u8; Self::TEXT_LENGTH] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; Self::TEXT_LENGTH];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.to_bytes()) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        digits
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_and_text_give_the_same_revision_back(number in 1_u64.., draw: u64) {
            let revision = Revision { number, draw: Draw(draw) };
            prop_assert_eq!(Revision::from_bytes(&revision.to_bytes()), Ok(revision));
            prop_assert_eq!(revision.to_string().parse(), Ok(revision));
            prop_assert_eq!(revision.to_string().len(), Revision::TEXT_LENGTH);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<Revision>();
        }
    }

    #[test]
    fn two_writers_of_one_revision_draw_different_ones() {
        let held = Revision::first(Draw::random());
        assert_ne!(held.next(Draw::from_u64(1)), held.next(Draw::from_u64(2)));
        assert_ne!(held.next(Draw::random()), held.next(Draw::random()));
    }

    #[test]
    fn zero_upper_case_and_other_lengths_are_refused() {
        for text in [
            "",
            "1",
            &"0".repeat(32),
            &"A".repeat(32),
            &"+".repeat(32),
            &"1".repeat(33),
        ] {
            assert!(text.parse::<Revision>().is_err(), "{text}");
        }
    }
}
