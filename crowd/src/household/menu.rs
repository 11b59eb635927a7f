//! A message with buttons, and which of them an act presses.

use crate::dialogue::Act;
use crate::happening::ShownButton;
use crate::phrases::{Button, Phrases};

/// A message with its buttons: what they say, and what they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Menu {
    pub(super) message: i64,
    pub(super) buttons: Vec<ShownButton>,
}

impl Menu {
    /// The buttons of a message; `None` when it has none.
    pub(super) fn of(message: i64, buttons: Vec<ShownButton>) -> Option<Self> {
        (!buttons.is_empty()).then_some(Self { message, buttons })
    }

    /// What the button carries that an act presses.
    pub(super) fn data(&self, phrases: &Phrases, act: &Act) -> Option<&str> {
        let labelled = |wanted: Button| {
            self.buttons
                .iter()
                .find(|button| phrases.is_button(wanted, &button.text))
        };
        let button = match act {
            Act::NewOrder(_) => labelled(Button::NewOrder),
            Act::Skip => labelled(Button::Skip),
            Act::Back => labelled(Button::Back),
            Act::EditMenu => labelled(Button::Edit),
            Act::EditField(question) => labelled(Button::Field(*question)),
            Act::ShowPrices => labelled(Button::ShowPrices).or_else(|| labelled(Button::TryAgain)),
            Act::Buy => labelled(Button::Buy).or_else(|| labelled(Button::TryAgain)),
            Act::OtherOffers => labelled(Button::OtherOffers),
            Act::PickLanguage(language) => self
                .buttons
                .iter()
                .find(|button| button.text == language.own_name()),
            Act::Choose(offer) => {
                let offers: Vec<_> = self
                    .buttons
                    .iter()
                    .filter(|button| button.text.contains('·'))
                    .collect();
                offers.get(offer % offers.len().max(1)).copied()
            }
            _ => None,
        };
        button.map(|button| button.data.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_presses_the_button_that_says_so() {
        let phrases = Phrases::new().unwrap();
        let labels = [
            "$9.20 · USPS · 2 days",
            "$12.00 · UPS · 1 day",
            "⬅️ Back",
            "🔄 Try again",
        ];
        let button = |(number, label): (usize, &str)| ShownButton {
            text: label.to_owned(),
            data: format!("m:{number}"),
        };
        let menu = Menu::of(5, labels.into_iter().enumerate().map(button).collect()).unwrap();
        let data = |act| menu.data(&phrases, &act);
        assert_eq!(data(Act::Back), Some("m:2"));
        assert_eq!(data(Act::Choose(0)), Some("m:0"));
        assert_eq!(data(Act::Choose(3)), Some("m:1"));
        assert_eq!(data(Act::Buy), Some("m:3"));
        assert_eq!(data(Act::Skip), None);
        assert_eq!(Menu::of(5, Vec::new()), None);
    }
}
