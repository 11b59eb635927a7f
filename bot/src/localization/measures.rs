//! Weights, sizes and states in words.

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{Args, Language, Localizer};
use crate::{
    shipping::parcel::{Dimensions, LengthUnit, Weight, WeightUnit},
    validation::State,
};

impl Localizer {
    /// A weight in the unit in which it was given: `2.5 lb`, `2,5 кг`, `20 унций`. The parser of weights reads it back.
    pub fn weight(&self, language: Language, weight: &Weight) -> String {
        let id = match weight.unit {
            WeightUnit::Pound => "weight-in-pounds",
            WeightUnit::Ounce => "weight-in-ounces",
            WeightUnit::Gram => "weight-in-grams",
            WeightUnit::Kilogram => "weight-in-kilograms",
        };
        let value = number(language, weight.value);
        // The number only chooses the plural form, for which its first digits are enough.
        let quantity = weight.value.to_f64().unwrap_or_default();
        self.text(
            language,
            id,
            &Args::new().with("value", value).with("quantity", quantity),
        )
    }

    /// A parcel's size: `10 × 6 × 4 in`, `25,5 × 15 × 10 см`. The parser of sizes reads it back.
    pub fn dimensions(&self, language: Language, dimensions: &Dimensions) -> String {
        let id = match dimensions.unit {
            LengthUnit::Inch => "dimensions-in-inches",
            LengthUnit::Centimeter => "dimensions-in-centimeters",
        };
        let args = Args::new()
            .with("length", number(language, dimensions.length))
            .with("width", number(language, dimensions.width))
            .with("height", number(language, dimensions.height));
        self.text(language, id, &args)
    }

    /// A state with its name and code: `Texas (TX)`.
    pub fn state(&self, language: Language, state: State) -> String {
        format!("{} ({})", state.name(language), state.code())
    }
}

fn number(language: Language, value: Decimal) -> String {
    value
        .normalize()
        .to_string()
        .replace('.', language.decimal_mark())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;
    use crate::validation::{parse_dimensions, parse_weight};

    #[test]
    fn weights_have_the_right_plural() {
        use Language::{English, Russian};
        use WeightUnit::{Kilogram, Ounce, Pound};

        let localizer = Localizer::new().unwrap();
        let weight = |language, value, unit| localizer.weight(language, &Weight::new(value, unit));
        assert_eq!(weight(English, dec!(2.50), Pound), "2.5 lb");
        assert_eq!(weight(Russian, dec!(1), Pound), "1 фунт");
        assert_eq!(weight(Russian, dec!(2), Pound), "2 фунта");
        assert_eq!(weight(Russian, dec!(2.5), Pound), "2,5 фунта");
        assert_eq!(weight(Russian, dec!(11), Pound), "11 фунтов");
        assert_eq!(weight(Russian, dec!(21), Ounce), "21 унция");
        assert_eq!(weight(Russian, dec!(20), Ounce), "20 унций");
        assert_eq!(weight(Russian, dec!(0.9), Kilogram), "0,9 кг");
    }

    proptest! {
        #[test]
        fn a_shown_weight_is_read_back(
            digits in 1_i64..60_000,
            (unit, places) in prop::sample::select(vec![
                (WeightUnit::Pound, 3),
                (WeightUnit::Ounce, 2),
                (WeightUnit::Gram, 2),
                (WeightUnit::Kilogram, 3),
            ]),
        ) {
            let localizer = Localizer::new().unwrap();
            let weight = Weight::new(Decimal::new(digits, places).normalize(), unit);
            for language in Language::ALL {
                prop_assert_eq!(parse_weight(&localizer.weight(language, &weight)), Ok(weight));
            }
        }

        #[test]
        fn a_shown_size_is_read_back(sides in prop::array::uniform3(1_i64..30_000), inches: bool) {
            let localizer = Localizer::new().unwrap();
            let [length, width, height] = sides.map(|side| Decimal::new(side, 3).normalize());
            let unit = if inches { LengthUnit::Inch } else { LengthUnit::Centimeter };
            let dimensions = Dimensions::new(length, width, height, unit);
            for language in Language::ALL {
                prop_assert_eq!(parse_dimensions(&localizer.dimensions(language, &dimensions)), Ok(dimensions));
            }
        }
    }
}
