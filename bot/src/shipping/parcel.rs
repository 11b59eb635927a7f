//! What is sent: its weight and its size, exactly as the person gave them.
//!
//! Values stay decimals in the unit that was typed, so that a summary shows "2.5 lb" and not "1.134 kg", and nothing
//! is rounded before the carrier sees it.

use std::fmt;

use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

/// A unit of weight, under the shipping API's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightUnit {
    /// Avoirdupois pound: 16 ounces.
    Pound,
    /// Avoirdupois ounce: exactly 28.349523125 grams.
    Ounce,
    /// Gram.
    Gram,
    /// Kilogram.
    Kilogram,
}

impl WeightUnit {
    /// How many grams one of this unit weighs; exact by definition.
    pub const fn grams(self) -> Decimal {
        match self {
            Self::Pound => dec!(453.59237),
            Self::Ounce => dec!(28.349523125),
            Self::Gram => Decimal::ONE,
            Self::Kilogram => Decimal::ONE_THOUSAND,
        }
    }

    /// The usual abbreviation: `lb`, `oz`, `g`, `kg`.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Pound => "lb",
            Self::Ounce => "oz",
            Self::Gram => "g",
            Self::Kilogram => "kg",
        }
    }
}

impl fmt::Display for WeightUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// A weight in the unit in which it was given.
///
/// Two weights are equal when value and unit are; compare [`Weight::grams`] to compare what they weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Weight {
    /// How many of `unit`.
    pub value: Decimal,
    /// The unit of `value`.
    pub unit: WeightUnit,
}

impl Weight {
    /// A weight of `value` times `unit`.
    pub const fn new(value: Decimal, unit: WeightUnit) -> Self {
        Self { value, unit }
    }

    /// The weight in grams, or `None` when it is too large for a decimal number.
    pub fn grams(&self) -> Option<Decimal> {
        self.value
            .checked_mul(self.unit.grams())
            .map(|grams| grams.normalize())
    }

    /// The weight in `unit`, or `None` when it is too large for a decimal number. Exact where the result has at most
    /// 28 digits.
    pub fn converted_to(&self, unit: WeightUnit) -> Option<Self> {
        if unit == self.unit {
            return Some(*self);
        }
        let value = self.grams()?.checked_div(unit.grams())?.normalize();
        Some(Self { value, unit })
    }
}

/// `2.5 lb`: without trailing zeros, with a decimal point.
impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value.normalize(), self.unit)
    }
}

/// A unit of length, under the shipping API's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthUnit {
    /// Inch: exactly 2.54 centimetres.
    Inch,
    /// Centimetre.
    Centimeter,
}

impl LengthUnit {
    /// How many centimetres one of this unit is; exact by definition.
    pub const fn centimeters(self) -> Decimal {
        match self {
            Self::Inch => dec!(2.54),
            Self::Centimeter => Decimal::ONE,
        }
    }

    /// The usual abbreviation: `in`, `cm`.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Inch => "in",
            Self::Centimeter => "cm",
        }
    }
}

impl fmt::Display for LengthUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// The outer size of a parcel in the unit in which it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dimensions {
    /// The longest side, as a rule; the order is the person's.
    pub length: Decimal,
    /// The second side.
    pub width: Decimal,
    /// The third side.
    pub height: Decimal,
    /// The unit of all three.
    pub unit: LengthUnit,
}

impl Dimensions {
    /// A parcel of `length` x `width` x `height`, each in `unit`.
    pub const fn new(length: Decimal, width: Decimal, height: Decimal, unit: LengthUnit) -> Self {
        Self {
            length,
            width,
            height,
            unit,
        }
    }
}

/// `10 x 6 x 4 in`: without trailing zeros, with decimal points.
impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} x {} x {} {}",
            self.length.normalize(),
            self.width.normalize(),
            self.height.normalize(),
            self.unit
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_weight_is_stored_with_the_unit_word_of_the_api() {
        let weight = Weight::new(dec!(2.5), WeightUnit::Pound);
        let json = serde_json::to_string(&weight).unwrap();
        assert_eq!(json, r#"{"value":"2.5","unit":"pound"}"#);
        assert_eq!(serde_json::from_str::<Weight>(&json).unwrap(), weight);
    }

    #[test]
    fn dimensions_are_stored_with_the_unit_word_of_the_api() {
        let dimensions = Dimensions::new(dec!(10), dec!(6.25), dec!(4), LengthUnit::Centimeter);
        let json = serde_json::to_string(&dimensions).unwrap();
        assert_eq!(
            json,
            r#"{"length":"10","width":"6.25","height":"4","unit":"centimeter"}"#
        );
        assert_eq!(serde_json::from_str::<Dimensions>(&json).unwrap(), dimensions);
    }

    #[test]
    fn a_pound_is_sixteen_ounces() {
        let pound = Weight::new(Decimal::ONE, WeightUnit::Pound);
        assert_eq!(pound.converted_to(WeightUnit::Ounce).unwrap().value, dec!(16));
        assert_eq!(pound.grams().unwrap(), dec!(453.59237));
    }

    #[test]
    fn a_weight_past_all_numbers_has_no_grams() {
        let weight = Weight::new(Decimal::MAX, WeightUnit::Kilogram);
        assert_eq!(weight.grams(), None);
        assert_eq!(weight.converted_to(WeightUnit::Ounce), None);
    }

    #[test]
    fn display_leaves_out_trailing_zeros() {
        assert_eq!(
            Weight::new(dec!(2.50), WeightUnit::Kilogram).to_string(),
            "2.5 kg"
        );
        assert_eq!(
            Dimensions::new(dec!(10.0), dec!(6), dec!(4.5), LengthUnit::Inch).to_string(),
            "10 x 6 x 4.5 in"
        );
    }

    proptest! {
        #[test]
        fn grams_survive_a_trip_through_pounds(thousandths in 0_i64..10_000_000) {
            let weight = Weight::new(Decimal::new(thousandths, 3), WeightUnit::Gram);
            let back = weight.converted_to(WeightUnit::Pound).unwrap().converted_to(WeightUnit::Gram).unwrap();
            prop_assert_eq!(back.value.round_dp(9), weight.value);
        }
    }
}
