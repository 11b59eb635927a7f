//! What the bot's messages are, told by their words: the crowd reads them as people do.
//!
//! The words come from the bot's own message files, so that a better wording needs no change here.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;

/// How many questions an order has.
pub const QUESTIONS: usize = 14;

/// The names of the questions in the message files, in order.
const QUESTION_IDS: [&str; QUESTIONS] = [
    "sender-name",
    "sender-address",
    "sender-city",
    "sender-state",
    "sender-postal-code",
    "sender-phone",
    "recipient-name",
    "recipient-address",
    "recipient-city",
    "recipient-state",
    "recipient-postal-code",
    "recipient-phone",
    "weight",
    "dimensions",
];

/// What the answers to wrong answers end with: an example of a right one.
const EXAMPLE_IDS: [&str; 8] = [
    "example-person-name",
    "example-address-line",
    "example-city",
    "example-state",
    "example-postal-code",
    "example-phone",
    "example-weight",
    "example-dimensions",
];

/// Messages other than questions. Those that can stand inside of others come later.
const OTHERS: [(&str, Said); 23] = [
    ("label-ready", Said::Label),
    ("summary", Said::Summary),
    ("confirm-purchase", Said::Confirm),
    ("rates-choose", Said::Offers),
    ("main-menu", Said::MainMenu),
    ("edit-choose", Said::EditChoice),
    ("rates-loading", Said::Asking),
    ("order-done", Said::Done),
    ("cancelled", Said::Cancelled),
    ("nothing-to-cancel", Said::NothingToCancel),
    ("language-choose", Said::LanguageChoice),
    ("language-changed", Said::LanguageChanged),
    ("buying", Said::Buying),
    ("buying-still", Said::BuyingStill),
    ("buttons-only", Said::ButtonsOnly),
    ("unknown-text", Said::UnknownText),
    ("store-trouble", Said::Trouble),
    ("too-fast", Said::Failure),
    ("something-went-wrong", Said::Failure),
    ("update-put-aside", Said::Failure),
    ("step-back-after-error", Said::Failure),
    ("step-unknown", Said::Failure),
    ("step-of-newer-version", Said::Failure),
];

/// A language of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Russian.
    Russian,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::English, Self::Russian];

    /// The code that a person's Telegram reports.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// What the button says that chooses it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Russian => "Русский",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::English => Self::Russian,
            Self::Russian => Self::English,
        }
    }
}

/// What a message of the bot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The main menu.
    MainMenu,
    /// A question of the order, by its number from 0.
    Question(usize),
    /// A wrong answer is refused.
    Rejection,
    /// The summary of all answers, with or without a reason why there are no prices.
    Summary,
    /// Which answer is to be changed.
    EditChoice,
    /// The carriers are asked.
    Asking,
    /// The carriers' offers.
    Offers,
    /// Whether to buy, with or without a reason why it failed before.
    Confirm,
    /// The label is being bought.
    Buying,
    /// It still is.
    BuyingStill,
    /// The label.
    Label,
    /// The order is done.
    Done,
    /// The order is cancelled.
    Cancelled,
    /// There is nothing to cancel.
    NothingToCancel,
    /// Which language to speak.
    LanguageChoice,
    /// The language is another one.
    LanguageChanged,
    /// Buttons are to be used.
    ButtonsOnly,
    /// A remark outside of any order.
    UnknownText,
    /// The bot has trouble with its store, or too much to do.
    Trouble,
    /// The bot failed.
    Failure,
    /// A failure of the shipping API that stands alone.
    Warning,
    /// Something that this crowd doesn't know.
    Unknown,
}

impl Said {
    /// Whether the question before it still stands.
    pub const fn leaves_the_question(self) -> bool {
        matches!(
            self,
            Self::Rejection | Self::ButtonsOnly | Self::BuyingStill | Self::NothingToCancel | Self::Trouble
        )
    }
}

/// The bot's words.
#[derive(Debug)]
pub struct Phrases {
    /// By language and id, each with parts one of which its texts have.
    parts: HashMap<(Language, String), Vec<String>>,
    /// Finds the parts of all messages in one go: a crowd reads a lot.
    finder: AhoCorasick,
    /// What is said where the part of the same place is found; of several the first counts.
    sayings: Vec<(Said, Language)>,
}

/// The bot's message files are not what this program expects.
#[derive(Debug, thiserror::Error)]
pub enum PhrasesError {
    /// A file can't be read.
    #[error("the bot's {0:?} message files can't be parsed")]
    Syntax(Language),
    /// A message is missing.
    #[error("the bot's {0:?} message files have no {1}")]
    Missing(Language, String),
    /// The words of all messages are too many.
    #[error("the bot's messages can't be told apart")]
    Finder(#[from] aho_corasick::BuildError),
}

const FILES: [(Language, [&str; 3]); 2] = [
    (
        Language::English,
        [
            include_str!("../../bot/locales/en/common.ftl"),
            include_str!("../../bot/locales/en/shipping.ftl"),
            include_str!("../../bot/locales/en/validation.ftl"),
        ],
    ),
    (
        Language::Russian,
        [
            include_str!("../../bot/locales/ru/common.ftl"),
            include_str!("../../bot/locales/ru/shipping.ftl"),
            include_str!("../../bot/locales/ru/validation.ftl"),
        ],
    ),
];

/// All messages, those that can stand inside of others later.
fn messages() -> impl Iterator<Item = (String, Said)> {
    let questions = QUESTION_IDS.iter().enumerate();
    let questions = questions.map(|(number, id)| (format!("prompt-{id}"), Said::Question(number)));
    let others = OTHERS.iter().map(|(id, said)| ((*id).to_owned(), *said));
    let examples = EXAMPLE_IDS.iter().map(|id| ((*id).to_owned(), Said::Rejection));
    questions.chain(others).chain(examples)
}

impl Phrases {
    /// Reads the message files that this program was built with.
    ///
    /// # Errors
    /// When one can't be parsed, or a message that the crowd needs is missing.
    pub fn new() -> Result<Self, PhrasesError> {
        let mut parts = HashMap::new();
        for (language, files) in FILES {
            for file in files {
                let resource = parser::parse(file).map_err(|_| PhrasesError::Syntax(language))?;
                for entry in resource.body {
                    if let Entry::Message(message) = entry
                        && let Some(pattern) = message.value
                    {
                        parts.insert((language, message.id.name.to_owned()), parts_of(&pattern));
                    }
                }
            }
        }
        let (mut words, mut sayings) = (Vec::new(), Vec::new());
        for language in Language::ALL {
            for (id, said) in messages() {
                let of_it = parts.get(&(language, id)).map_or(&[][..], Vec::as_slice);
                words.extend_from_slice(of_it);
                sayings.extend(of_it.iter().map(|_| (said, language)));
            }
        }
        let phrases = Self {
            finder: AhoCorasick::new(words)?,
            sayings,
            parts,
        };
        phrases.check()?;
        Ok(phrases)
    }

    fn check(&self) -> Result<(), PhrasesError> {
        let messages = messages().map(|(id, _)| id);
        let buttons = Button::ALL.iter().map(|button| button.id().to_owned());
        for id in messages.chain(buttons) {
            for language in Language::ALL {
                if self.of(language, &id).is_empty() {
                    return Err(PhrasesError::Missing(language, id));
                }
            }
        }
        Ok(())
    }

    fn of(&self, language: Language, id: &str) -> &[String] {
        self.parts
            .get(&(language, id.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    fn says(&self, language: Language, id: &str, text: &str) -> bool {
        self.of(language, id)
            .iter()
            .any(|part| text.contains(part.as_str()))
    }

    /// What a text says, and in which language.
    pub fn read(&self, text: &str) -> (Said, Option<Language>) {
        let found = self.finder.find_overlapping_iter(text);
        let first = found.map(|found| found.pattern().as_usize()).min();
        match first.and_then(|first| self.sayings.get(first)) {
            Some((said, language)) => (*said, Some(*language)),
            None if text.starts_with('⚠') => (Said::Warning, None),
            None => (Said::Unknown, None),
        }
    }

    /// A part of a text of the bot, for histories made by hand.
    pub fn example(&self, language: Language, said: Said) -> String {
        let id = match said {
            Said::Question(question) => format!("prompt-{}", QUESTION_IDS[question]),
            Said::Rejection => EXAMPLE_IDS[0].to_owned(),
            other => OTHERS
                .iter()
                .find(|(_, said)| *said == other)
                .map(|(id, _)| (*id).to_owned())
                .unwrap_or_default(),
        };
        self.of(language, &id).first().cloned().unwrap_or_default()
    }

    /// Whether a button's label is this button's.
    pub fn is_button(&self, button: Button, label: &str) -> bool {
        Language::ALL.into_iter().any(|language| match button {
            Button::Field(question) => {
                let id = format!("field-{}", QUESTION_IDS[question]);
                self.of(language, &id).iter().any(|part| part == label)
            }
            other => self.says(language, other.id(), label),
        })
    }
}

/// A button of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Begins an order.
    NewOrder,
    /// Leaves a question open.
    Skip,
    /// Goes a step back.
    Back,
    /// Cancels the order.
    Cancel,
    /// Shows which answers can be changed.
    Edit,
    /// Changes the answer to this question.
    Field(usize),
    /// Asks the carriers.
    ShowPrices,
    /// Does again what failed.
    TryAgain,
    /// Buys the label.
    Buy,
    /// Shows the offers again.
    OtherOffers,
}

impl Button {
    const ALL: [Self; 10] = [
        Self::NewOrder,
        Self::Skip,
        Self::Back,
        Self::Cancel,
        Self::Edit,
        Self::Field(0),
        Self::ShowPrices,
        Self::TryAgain,
        Self::Buy,
        Self::OtherOffers,
    ];

    const fn id(self) -> &'static str {
        match self {
            Self::NewOrder => "button-new-order",
            Self::Skip => "button-skip",
            Self::Back => "button-back",
            Self::Cancel => "button-cancel",
            Self::Edit => "button-edit",
            Self::Field(_) => "field-sender-name",
            Self::ShowPrices => "button-show-rates",
            Self::TryAgain => "button-try-again",
            Self::Buy => "button-buy",
            Self::OtherOffers => "button-other-rate",
        }
    }
}

/// Parts one of which every text of the pattern has: its longest literal, or that of each variant where it is all
/// variants.
fn parts_of(pattern: &Pattern<&str>) -> Vec<String> {
    let mut literals: Vec<&str> = Vec::new();
    let mut variants: Vec<String> = Vec::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => literals.push(value.trim()),
            PatternElement::Placeable { expression } => match expression {
                Expression::Select { variants: given, .. } => {
                    variants.extend(given.iter().flat_map(|variant| parts_of(&variant.value)));
                }
                Expression::Inline(InlineExpression::StringLiteral { value }) => literals.push(value),
                Expression::Inline(_) => {}
            },
        }
    }
    match literals
        .into_iter()
        .filter(|literal| !literal.is_empty())
        .max_by_key(|literal| literal.len())
    {
        Some(longest) => vec![longest.to_owned()],
        None => variants,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_told_from_all_others() {
        let phrases = Phrases::new().unwrap();
        let questions = (0..QUESTIONS).map(Said::Question);
        let others = OTHERS.iter().map(|(_, said)| *said);
        for said in questions.chain(others).chain([Said::Rejection]) {
            for language in Language::ALL {
                let text = phrases.example(language, said);
                assert_eq!(phrases.read(&text), (said, Some(language)), "{text}");
            }
        }
    }

    #[test]
    fn real_messages_are_read() {
        let phrases = Phrases::new().unwrap();
        let read = |text: &str| phrases.read(text).0;
        assert_eq!(
            read("Step 3 of 14\nWhich city is the sender in?\n\nNow it is: Austin"),
            Said::Question(2)
        );
        assert_eq!(
            read("I found 3 offers. Tap the one you like.\n• USPS Priority: $9.20, 2 days"),
            Said::Offers
        );
        assert_eq!(
            read("I found 1 offer. Tap it to choose it.\n• USPS"),
            Said::Offers
        );
        assert_eq!(
            read(
                "⚠️ The carrier doesn't answer right now. Please try again.\n\n📋 Please check your order.\n\nFrom"
            ),
            Said::Summary
        );
        assert_eq!(
            read("⚠️ The shipping service is very busy right now."),
            Said::Warning
        );
        assert_eq!(
            read("A US ZIP code has 5 or 9 digits, and “12” has 2.\nExample: 78701 or 78701-1234"),
            Said::Rejection
        );
        assert_eq!(read("who knows"), Said::Unknown);
    }

    #[test]
    fn buttons_are_known_in_both_languages() {
        let phrases = Phrases::new().unwrap();
        for (button, label) in [
            (Button::Skip, "Skip"),
            (Button::Back, "⬅️ Назад"),
            (Button::Buy, "✅ Buy for $9.20"),
            (Button::Field(13), "Size"),
            (Button::Field(6), "Кому: имя"),
        ] {
            assert!(phrases.is_button(button, label), "{label}");
        }
        assert!(!phrases.is_button(Button::Field(0), "From: name and more"));
    }
}
