//! Somebody who talks to the bot, more or less sensibly.

use stepkeep_core::StepName;
use tokio::time::sleep;

use crate::chance::Chance;
use crate::chat::Message;
use crate::telegram::{Deed, Telegram};

/// The questions of an order: what is part of the prompt, the field, and a right answer.
pub(crate) const QUESTIONS: [(&str, &str, &str); 14] = [
    ("Who is sending the parcel?", "sender_name", "Ann Lee"),
    (
        "What is the sender's street address?",
        "sender_address",
        "1 Congress Ave",
    ),
    ("Which city is the sender in?", "sender_city", "Austin"),
    ("Which state is the sender in?", "sender_state", "TX"),
    ("What is the sender's ZIP code?", "sender_postal_code", "78701"),
    (
        "What is the sender's phone number?",
        "sender_phone",
        "512 555 0100",
    ),
    ("Who will receive the parcel?", "recipient_name", "Bob Ray"),
    (
        "What is the recipient's street address?",
        "recipient_address",
        "2 Market St",
    ),
    (
        "Which city is the recipient in?",
        "recipient_city",
        "San Francisco",
    ),
    ("Which state is the recipient in?", "recipient_state", "CA"),
    (
        "What is the recipient's ZIP code?",
        "recipient_postal_code",
        "94105",
    ),
    (
        "What is the recipient's phone number?",
        "recipient_phone",
        "415 555 0100",
    ),
    ("How much does the parcel weigh?", "weight", "2 lb"),
    ("How big is the parcel?", "dimensions", "10 x 6 x 4 in"),
];

/// The questions whose answers are stored as they are typed; to these every answer is a new one.
pub(crate) const WORD_FOR_WORD: [&str; 4] = [
    "sender_name",
    "sender_address",
    "recipient_name",
    "recipient_address",
];

/// The place of a step among the questions.
pub(crate) fn place_of(step: &StepName) -> Option<usize> {
    QUESTIONS.iter().position(|(_, field, _)| *field == step.as_str())
}

/// A person with a number of deeds before them.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) deeds: usize,
    /// Whether the bot knows them already.
    pub(crate) is_known: bool,
    pub(crate) chance: Chance,
    pub(crate) telegram: Telegram,
}

impl Person {
    /// Does all of it, and thinks in between.
    pub(crate) async fn live(self) {
        if !self.is_known {
            self.says("/start");
        }
        for number in 0..self.deeds {
            sleep(self.chance.millis(50, 2_500)).await;
            self.act(number);
            if self.chance.happens(60) {
                // Ahead of the bot's answer.
                sleep(self.chance.millis(0, 30)).await;
                self.act(number);
            }
        }
    }

    fn act(&self, number: usize) {
        let messages: Vec<Message> = self
            .telegram
            .state()
            .chats
            .get(&self.id)
            .map(|chat| chat.messages.clone())
            .unwrap_or_default();
        match self.chance.below(100) {
            0..=1 => self.says("/start"),
            2 => self.says("/help"),
            3..=6 => self.says("what?"),
            // Whatever button, on whatever message: mostly an old one.
            7..=12 => {
                if let Some(message) = self.chance.pick(&messages) {
                    self.presses(message, self.chance.below(4));
                }
            }
            // Back or Cancel, wherever they are.
            13..=17 => {
                if let Some(message) = messages.iter().rev().find(|message| !message.buttons.is_empty()) {
                    let last = message.buttons.len() - 1;
                    self.presses(message, last.saturating_sub(self.chance.below(3).min(1)));
                }
            }
            _ => self.goes_on(&messages, number),
        }
    }

    /// Does what the last message asks for; a button is pressed twice now and then.
    fn goes_on(&self, messages: &[Message], number: usize) {
        let last = messages.iter().rev().find(|message| !message.buttons.is_empty());
        // What somebody who is known was asked before they came here has no buttons.
        let Some(last) = last.or(messages.last()) else {
            return self.says("hello");
        };
        let question = QUESTIONS.iter().find(|(prompt, ..)| last.text.contains(prompt));
        match question {
            Some((_, field, answer)) if WORD_FOR_WORD.contains(field) => {
                self.says(&format!("{answer} {number}"));
            }
            Some((_, _, answer)) => self.says(answer),
            None => {
                self.presses(last, 0);
                if self.chance.happens(300) {
                    self.presses(last, 0);
                }
            }
        }
    }

    pub(crate) fn says(&self, text: &str) {
        self.telegram.receive(self.id, Deed::Text(text.to_owned()));
    }

    pub(crate) fn presses(&self, message: &Message, button: usize) {
        let Some((_, data)) = message.buttons.get(button) else {
            return;
        };
        let query = format!("q{}", self.telegram.state().sent.len());
        let deed = Deed::Tap {
            message: message.id,
            data: data.clone(),
            query,
        };
        self.telegram.receive(self.id, deed);
    }
}
