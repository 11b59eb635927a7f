//! Values that stand in a schema: the options of a choice, and defaults.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::Json;

/// A value with the JSON type that it is sent with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    /// `true` or `false`
    Toggle(bool),
    /// A number; `5` is not `"5"`.
    Number(Number),
    /// Text.
    Text(String),
}

impl Literal {
    /// The value, if it is one; arrays, objects and `null` aren't.
    pub fn of_json(json: &Json) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(Self::Toggle(*value)),
            Json::Number(number) => Some(Self::Number(number.clone())),
            Json::Text(text) => Some(Self::Text(text.clone())),
            Json::Null | Json::List(_) | Json::Object(_) => None,
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toggle(value) => fmt::Display::fmt(value, f),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The number, digit by digit; `None` for what has more digits, or is larger, than a decimal takes.
pub(super) fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text).ok()
    } else {
        text.parse().ok()
    }
}

/// The number, if it is whole: `5` and `5.0`.
pub(super) fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let decimal = decimal(number)?;
        decimal.is_integer().then(|| i64::try_from(decimal).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_numbers_of_the_same_looks_stay_apart() {
        let read = |text: &str| serde_json::from_str::<Literal>(text).unwrap();
        assert_ne!(read("5"), read(r#""5""#));
        for text in ["5", r#""5""#, "0.7", "true", r#""true""#, "-1"] {
            assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
        }
    }

    #[test]
    fn a_float_without_fraction_is_whole() {
        let number = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        assert_eq!(whole(&number("5.0")), Some(5));
        assert_eq!(whole(&number("2147483647")), Some(2_147_483_647));
        assert_eq!(whole(&number("0.5")), None);
        assert_eq!(whole(&number("1e300")), None);
        assert_eq!(decimal(&number("1e-3")), Some(Decimal::new(1, 3)));
    }
}
