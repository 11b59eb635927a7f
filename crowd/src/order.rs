//! What a person answers in an order. No two orders have the same names and addresses, so that a mix-up shows.

use crate::phrases::{Language, QUESTIONS};

/// Questions that can be skipped, by their number from 0.
pub const OPTIONAL: [usize; 3] = [5, 11, 13];

const WEIGHT: usize = 12;
const SIZE: usize = 13;

/// The mark in the names and addresses of one order: `K` and the person's number, `C` and the order's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Tag {
    /// Whose order it is.
    pub person: u32,
    /// Counts the person's orders.
    pub order: u32,
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "K{}C{}", self.person, self.order)
    }
}

impl Tag {
    /// All tags in a text.
    pub fn all_in(text: &str) -> Vec<Self> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter_map(Self::read).collect()
    }

    fn read(word: &str) -> Option<Self> {
        let (person, order) = word.strip_prefix('K')?.split_once('C')?;
        Some(Self {
            person: person.parse().ok()?,
            order: order.parse().ok()?,
        })
    }
}

/// The answers of one order; each question has several, to be given one after another where it is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose it is.
    pub tag: Tag,
    /// The recipient is the one for whom the sandbox's carriers take three seconds.
    pub slow: bool,
}

impl Order {
    /// The answer to a question when it is given for the nth time.
    pub fn answer(&self, question: usize, nth: u32) -> String {
        let tag = self.tag;
        let number = tag
            .person
            .wrapping_mul(31)
            .wrapping_add(tag.order * 7)
            .wrapping_add(nth);
        let again = ["", " B", " C", " D"][nth.min(3) as usize];
        match question {
            0 => format!("Sender {tag} O'Neil{again}"),
            1 => format!("{} Congress Ave, Apt {tag}", 100 + number % 900),
            2 => ["Austin", "Houston", "San Antonio"][number as usize % 3].to_owned(),
            3 => ["TX", "Texas", "texas"][number as usize % 3].to_owned(),
            4 => format!("787{:02}", number % 60),
            5 => format!("512555{:04}", number % 10_000),
            6 if self.slow => "Slow Carrier".to_owned(),
            6 => format!("Recipient {tag} Lopez{again}"),
            7 => format!("{} Market St, {tag}", 1000 + number % 9000),
            8 => ["San Francisco", "Oakland", "San Jose"][number as usize % 3].to_owned(),
            9 => ["California", "CA", "ca"][number as usize % 3].to_owned(),
            10 => format!("941{:02}", number % 60),
            11 => format!("415555{:04}", number % 10_000),
            WEIGHT => format!("{}.{} lb", number % 20 + 1, number % 9 + 1),
            _ => format!("{} x 6 x 4 in", number % 10 + 5),
        }
    }

    /// An answer that the question refuses.
    pub fn wrong_answer(question: usize) -> &'static str {
        match question {
            0 | 2 | 6 | 8 => "12345",
            1 | 7 => "!!!",
            3 | 9 => "Atlantis",
            4 | 10 => "123",
            5 | 11 => "555-12",
            WEIGHT => "heavy",
            _ => "10 x 6",
        }
    }
}

/// The answers that were given, by question; `None` where it was skipped or not asked yet.
pub type Answers = [Option<String>; QUESTIONS];

/// What each line of the summary shows of the answers: the question, and what stands in its line.
pub fn shown(answers: &Answers, question: usize, language: Language) -> Option<String> {
    let given = answers[question].as_deref()?;
    Some(match question {
        3 => "TX".to_owned(),
        9 => "CA".to_owned(),
        5 | 11 => match (given.get(..3), given.get(3..6), given.get(6..)) {
            (Some(area), Some(exchange), Some(line)) => format!("({area}) {exchange}-{line}"),
            _ => given.to_owned(),
        },
        // The unit's word depends on the language and the number; the label shows it anyway.
        WEIGHT => {
            let number = given.trim_end_matches(" lb");
            match language {
                Language::English => number.to_owned(),
                Language::Russian => number.replace('.', ","),
            }
        }
        SIZE => given.trim_end_matches(" in").replace('x', "×"),
        _ => given.to_owned(),
    })
}

/// The line of the summary, counted from its first, that shows a question.
pub const fn line_of(question: usize) -> usize {
    match question {
        0 => 3,
        1 => 4,
        2..=4 => 5,
        5 => 6,
        6 => 9,
        7 => 10,
        8..=10 => 11,
        11 => 12,
        WEIGHT => 15,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_any_text() {
        let tag = Tag { person: 12, order: 3 };
        let order = Order { tag, slow: false };
        let text = format!(
            "{}\n{}\nKC CK1 K1 Kitchen",
            order.answer(0, 1),
            order.answer(7, 0)
        );
        assert_eq!(Tag::all_in(&text), [tag, tag]);
    }

    #[test]
    fn two_orders_share_neither_names_nor_addresses() {
        let order = |person, order| Order {
            tag: Tag { person, order },
            slow: false,
        };
        for question in [0, 1, 6, 7] {
            assert_ne!(order(1, 2).answer(question, 0), order(2, 1).answer(question, 0));
            assert_ne!(order(1, 1).answer(question, 0), order(1, 2).answer(question, 0));
        }
    }
}
