//! What a task takes of the account.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::catalogue::Model;

/// Credits by what is asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Cost {
    /// Always the same.
    Flat(Decimal),
    By(Rule),
}

/// A base, or what stands for a parameter's value in its place, multiplied by what else counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    base: Decimal,
    /// By the parameter's value, instead of the base.
    #[serde(default)]
    by: BTreeMap<String, BTreeMap<String, Decimal>>,
    /// By the parameter's value, times that.
    #[serde(default)]
    times: BTreeMap<String, BTreeMap<String, Decimal>>,
    /// Times the number that this parameter is: seconds, images.
    #[serde(default)]
    each: Option<String>,
    /// For a thousand characters of what is said.
    #[serde(default)]
    per_thousand: bool,
}

impl Cost {
    /// The credits of a task of `model` with `input`.
    pub(super) fn of(&self, model: &Model, input: &Map<String, Value>) -> Decimal {
        match self {
            Self::Flat(credits) => *credits,
            Self::By(rule) => rule.of(model, input).normalize(),
        }
    }

    /// The parameters that it goes by.
    #[cfg(test)]
    pub(super) fn parameters(&self) -> Vec<&String> {
        match self {
            Self::Flat(_) => Vec::new(),
            Self::By(rule) => {
                let named = rule.by.keys().chain(rule.times.keys());
                named.chain(&rule.each).collect()
            }
        }
    }
}

impl Rule {
    fn of(&self, model: &Model, input: &Map<String, Value>) -> Decimal {
        let value = |name: &str| {
            let param = model.params.iter().find(|param| param.name == name);
            input.get(name).or_else(|| param?.default.as_ref()).map(plain)
        };
        let listed = |table: &BTreeMap<String, Decimal>, name: &str| table.get(&value(name)?).copied();
        let mut credits = self
            .by
            .iter()
            .find_map(|(name, table)| listed(table, name))
            .unwrap_or(self.base);
        for (name, table) in &self.times {
            credits *= listed(table, name).unwrap_or(Decimal::ONE);
        }
        if let Some(name) = &self.each {
            let number = value(name).and_then(|text| text.parse::<Decimal>().ok());
            // Such as "let the model choose".
            credits *= number
                .filter(|number| *number > Decimal::ZERO)
                .unwrap_or(Decimal::ONE);
        }
        if self.per_thousand {
            let said = input
                .iter()
                .filter(|(name, value)| *name == "text" || value.is_array());
            let characters: u64 = said.map(|(_, value)| characters(value)).sum();
            credits *= Decimal::from(characters) / Decimal::ONE_THOUSAND;
        }
        credits
    }
}

/// A value as it stands in the tables.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The characters of what is said: of texts as such, and inside of lists.
fn characters(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.chars().count() as u64,
        Value::Array(items) => items.iter().map(characters).sum(),
        Value::Object(fields) => fields.get("text").map_or(0, characters),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::catalogue::catalogue;
    use super::*;

    fn credits(id: &str, input: &Value) -> String {
        let model = catalogue().model(id).unwrap();
        let input = input.as_object().unwrap();
        model.credits.of(model, input).to_string()
    }

    #[test]
    fn the_price_is_the_one_that_the_catalogue_tells_in_words() {
        for (id, input, expected) in [
            ("google/nano-banana", json!({}), "4"),
            ("z-image", json!({}), "0.8"),
            ("nano-banana-2", json!({}), "8"),
            ("nano-banana-2", json!({ "resolution": "4K" }), "18"),
            (
                "kling-2.6/text-to-video",
                json!({ "duration": "5", "sound": false }),
                "55",
            ),
            (
                "kling-2.6/text-to-video",
                json!({ "duration": "10", "sound": true }),
                "220",
            ),
            (
                "minimax-h3/text-to-video",
                json!({ "duration": 4, "resolution": "768P" }),
                "60",
            ),
            (
                "wan/2-5-text-to-video",
                json!({ "duration": "10", "resolution": "720p" }),
                "120",
            ),
            ("ideogram/character", json!({ "num_images": "3" }), "54"),
            (
                "elevenlabs/text-to-speech-turbo-2-5",
                json!({ "text": "x".repeat(500) }),
                "3",
            ),
            (
                "elevenlabs/text-to-dialogue-v3",
                json!({ "dialogue": [{ "text": "x".repeat(250), "voice": "Aria" }] }),
                "3.5",
            ),
        ] {
            assert_eq!(credits(id, &input), expected, "{id} {input}");
        }
    }
}
