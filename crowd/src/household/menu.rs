//! A message with buttons, and which of them an act presses.

use serde_json::Value;

use crate::dialogue::Act;
use crate::phrases::{Button, Phrases};

/// A message with its buttons: what they say, and what they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Menu {
    pub(super) message: i64,
    pub(super) buttons: Vec<(String, String)>,
}

impl Menu {
    /// The buttons of a message as the sandbox shows it; `None` when it has none.
    pub(super) fn of(message: i64, shown: &Value) -> Option<Self> {
        let rows = shown["inline_keyboard"].as_array()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let buttons: Vec<_> = rows
            .iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|button| (text(&button["text"]), text(&button["callback_data"])))
            .collect();
        (!buttons.is_empty()).then_some(Self { message, buttons })
    }

    /// What the button carries that an act presses.
    pub(super) fn data(&self, phrases: &Phrases, act: &Act) -> Option<&str> {
        let labelled = |wanted: Button| {
            self.buttons
                .iter()
                .find(|(label, _)| phrases.is_button(wanted, label))
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
                .find(|(label, _)| label == language.own_name()),
            Act::Choose(offer) => {
                let offers: Vec<_> = self
                    .buttons
                    .iter()
                    .filter(|(label, _)| label.contains('·'))
                    .collect();
                offers.get(offer % offers.len().max(1)).copied()
            }
            _ => None,
        };
        button.map(|(_, data)| data.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_act_presses_the_button_that_says_so() {
        let phrases = Phrases::new().unwrap();
        let shown = json!({"inline_keyboard": [
            [{"text": "$9.20 · USPS · 2 days", "callback_data": "m:0"}],
            [{"text": "$12.00 · UPS · 1 day", "callback_data": "m:1"}],
            [{"text": "⬅️ Back", "callback_data": "m:2"}, {"text": "🔄 Try again", "callback_data": "m:3"}],
        ]});
        let menu = Menu::of(5, &shown).unwrap();
        let data = |act| menu.data(&phrases, &act);
        assert_eq!(data(Act::Back), Some("m:2"));
        assert_eq!(data(Act::Choose(0)), Some("m:0"));
        assert_eq!(data(Act::Choose(3)), Some("m:1"));
        assert_eq!(data(Act::Buy), Some("m:3"));
        assert_eq!(data(Act::Skip), None);
        assert_eq!(Menu::of(5, &json!({"text": "x"})), None);
    }
}
