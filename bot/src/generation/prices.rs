//! What a generation costs a person, by what is asked for.
//!
//! The API tells its prices in prose only, so they stand in a table: one that comes with the bot, and, above it, one of the
//! operator's own.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::schema::{InputShape, Literal};
use super::{Credits, ModelId};
use crate::money::{Currency, Money};

/// The prices that come with the bot.
const SEEDS: &str = include_str!("prices.toml");

/// How many characters of text are counted as one.
const LETTERS: usize = 1_000;

/// Prices of models, and what a credit costs.
#[derive(Debug, Clone)]
pub struct Prices {
    models: BTreeMap<ModelId, Rule>,
    credit: Decimal,
    currency: Currency,
}

/// A table of prices that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the table of prices can't be read: {0}")]
pub struct PricesError(#[from] toml::de::Error);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    models: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    id: ModelId,
    #[serde(flatten)]
    rule: Rule,
}

#[derive(Debug, Clone, Deserialize)]
struct Rule {
    credits: Decimal,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default)]
    table: BTreeMap<String, Decimal>,
    #[serde(default)]
    times: Vec<String>,
    #[serde(default)]
    usual: BTreeMap<String, Decimal>,
    letters: Option<String>,
}

impl Prices {
    /// The prices that come with the bot. `credit` is what people pay for a credit, in `currency`.
    ///
    /// # Errors
    /// [`PricesError`], which the bot's own table doesn't cause.
    pub fn new(credit: Decimal, currency: Currency) -> Result<Self, PricesError> {
        let prices = Self {
            models: BTreeMap::new(),
            credit,
            currency,
        };
        prices.with_table(SEEDS)
    }

    /// The same with a table in TOML above them: models that it has are priced by it.
    ///
    /// # Errors
    /// [`PricesError`] with the line that can't be read.
    pub fn with_table(mut self, table: &str) -> Result<Self, PricesError> {
        let table: Table = toml::from_str(table)?;
        self.models
            .extend(table.models.into_iter().map(|entry| (entry.id, entry.rule)));
        Ok(self)
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether a model has a price. One that has none can't be offered.
    pub fn has(&self, model: &ModelId) -> bool {
        self.models.contains_key(model)
    }

    /// What a model costs at least: with as little as can be asked of it.
    pub fn least(&self, model: &ModelId) -> Option<Money> {
        let rule = self.models.get(model)?;
        let least = rule.table.values().copied().fold(rule.credits, Decimal::min);
        self.money(least)
    }

    /// What a generation with these answers costs: rounded up to a whole smallest unit, and never nothing.
    pub fn price(&self, model: &ModelId, shape: &InputShape, answers: &Map<String, Value>) -> Option<Money> {
        let credits = self.models.get(model)?.credits(shape, answers)?;
        self.money(credits.0)
    }

    fn money(&self, credits: Decimal) -> Option<Money> {
        let scale = Decimal::from(10_i64.pow(self.currency.digits()));
        let minor = credits.checked_mul(self.credit)?.checked_mul(scale)?;
        let minor = minor.round_dp_with_strategy(0, RoundingStrategy::ToPositiveInfinity);
        Some(Money::from_minor(minor.to_i64()?.max(1), self.currency))
    }
}

impl Rule {
    fn credits(&self, shape: &InputShape, answers: &Map<String, Value>) -> Option<Credits> {
        let value = |name: &str| {
            let default = || {
                let parameter = shape.parameters.iter().find(|parameter| parameter.name == name)?;
                parameter.default.as_ref().map(Literal::to_string)
            };
            answers.get(name).and_then(written).or_else(default)
        };
        let key: Vec<_> = self
            .by
            .iter()
            .map(|name| value(name).unwrap_or_default())
            .collect();
        let one = self.table.get(&key.join("|")).copied().unwrap_or(self.credits);
        let times = self.times.iter().try_fold(one, |credits, name| {
            let answered = value(name).and_then(|value| value.parse().ok());
            let count = answered.or_else(|| self.usual.get(name).copied());
            credits.checked_mul(
                count
                    .filter(|count| *count > Decimal::ZERO)
                    .unwrap_or(Decimal::ONE),
            )
        })?;
        let Some(name) = &self.letters else {
            return Some(Credits(times));
        };
        let letters = answers.get(name).map_or(0, letters).div_ceil(LETTERS).max(1);
        times.checked_mul(Decimal::from(letters)).map(Credits)
    }
}

/// A value as it stands in a table.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// How many characters of text there are in a value and all that is inside it.
fn letters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(letters).sum(),
        Value::Object(fields) => fields.values().map(letters).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;
    use serde_json::json;

    use super::*;

    fn price(prices: &Prices, model: &str, answers: &Value) -> i64 {
        let shape = InputShape {
            title: None,
            parameters: Vec::new(),
        };
        let model = ModelId::new(model).unwrap();
        let price = prices.price(&model, &shape, answers.as_object().unwrap());
        price.unwrap().minor()
    }

    #[test]
    fn a_price_follows_from_the_answers() {
        let prices = Prices::new(dec!(0.005), Currency::USD).unwrap();
        for (model, answers, cents) in [
            // 0.4 cents, rounded up.
            ("z-image", json!({}), 1),
            ("nano-banana-2", json!({"resolution": "4K"}), 9),
            (
                "kling-2.6/text-to-video",
                json!({"duration": "10", "sound": true}),
                110,
            ),
            (
                "wan/2-5-text-to-video",
                json!({"duration": "5", "resolution": "1080p"}),
                50,
            ),
            ("wan/2-7-text-to-video", json!({}), 50),
            (
                "elevenlabs/text-to-speech-turbo-2-5",
                json!({"text": "x".repeat(1_001)}),
                6,
            ),
            (
                "elevenlabs/text-to-dialogue-v3",
                json!({"dialogue": [{"text": "hi"}]}),
                7,
            ),
        ] {
            assert_eq!(price(&prices, model, &answers), cents, "{model} {answers}");
        }
    }

    #[test]
    fn an_operators_own_table_counts_above_the_seeds() {
        let prices = Prices::new(dec!(1), Currency::USD).unwrap();
        let prices = prices
            .with_table("[[models]]\nid = \"z-image\"\ncredits = \"2.5\"\n")
            .unwrap();
        assert_eq!(price(&prices, "z-image", &json!({})), 250);
        assert_eq!(price(&prices, "google/imagen4", &json!({})), 800);
        assert!(!prices.has(&ModelId::new("nobody/knows").unwrap()));
        let error = Prices::new(dec!(1), Currency::USD)
            .unwrap()
            .with_table("models = 3")
            .unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
