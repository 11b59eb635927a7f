//! Weights of parcels.

use rust_decimal::Decimal;

use super::{
    quantity::{Amount, AmountError, Item, LoneComma, items},
    rejection::{Excerpt, Field, Rejection},
    text,
};
use crate::shipping::parcel::{Weight, WeightUnit};

/// The heaviest parcel that any carrier takes without freight, in pounds.
pub const WEIGHT_LIMIT_POUNDS: u32 = 150;

/// A weight with its unit: `2.5 lb`, `900 g`, `1 lb 4 oz`, `2,5 кг`, `1/2 lb`. Pounds with ounces become ounces,
/// kilograms with grams become grams; else the unit stays the one that was typed.
///
/// The unit is never guessed. A comma is a decimal comma, except before exactly three digits of a small unit: `1,000 g`
/// is a kilogram, for nobody weighs thousandths of a gram, while `1,500 kg` is a kilogram and a half. Pounds and
/// kilograms are kept to a thousandth, ounces and grams to a hundredth.
///
/// # Errors
///
/// A [`Rejection`]: empty, too long, without a unit, not understood, not above zero, or above
/// [`WEIGHT_LIMIT_POUNDS`].
pub fn parse_weight(input: &str) -> Result<Weight, Rejection> {
    let typed = text::short_value(input, Field::Weight)?;
    let got = || Excerpt::new(&typed);
    let too_heavy = || Rejection::WeightTooHeavy {
        got: got(),
        limit_pounds: WEIGHT_LIMIT_POUNDS,
    };

    let items = items(&typed);
    let (negative, items) = match items.as_slice() {
        [Item::Mark('-' | '−' | '–'), rest @ ..] => (true, rest),
        all => (false, all),
    };
    let parts = parts(items).ok_or_else(|| Rejection::WeightNotUnderstood { got: got() })?;
    let weight = match combine(&parts) {
        Ok(weight) => weight,
        Err(CombineError::WithoutUnit) => return Err(Rejection::WeightWithoutUnit { got: got() }),
        Err(CombineError::Amount(AmountError::TooLarge)) => return Err(too_heavy()),
        Err(CombineError::UnitsDoNotGoTogether | CombineError::Amount(AmountError::Malformed)) => {
            return Err(Rejection::WeightNotUnderstood { got: got() });
        }
    };
    if negative || weight.value <= Decimal::ZERO {
        return Err(Rejection::WeightNotPositive);
    }
    let limit = Weight::new(Decimal::from(WEIGHT_LIMIT_POUNDS), WeightUnit::Pound).grams();
    if weight.grams() > limit {
        return Err(too_heavy());
    }
    Ok(weight)
}

/// A number with the unit after it.
type Part = (Amount, Option<WeightUnit>);

/// The numbers and their units, or `None` where something else stands between them.
fn parts(items: &[Item]) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for item in items {
        match item {
            Item::Amount(amount) => match parts.last_mut() {
                Some((before, None)) => {
                    if !before.append_group(amount) {
                        return None;
                    }
                }
                _ => parts.push((amount.clone(), None)),
            },
            Item::Word(word) => match (unit(word), parts.last_mut()) {
                (Some(unit), Some((_, slot @ None))) => *slot = Some(unit),
                (None, Some((_, Some(_)))) if matches!(word.as_str(), "and" | "и") => {}
                _ => return None,
            },
            Item::Mark(',' | '+' | '&' | ';' | '.') if !parts.is_empty() => {}
            Item::Mark(_) => return None,
        }
    }
    Some(parts).filter(|parts| !parts.is_empty())
}

fn unit(word: &str) -> Option<WeightUnit> {
    Some(match word {
        "lb" | "lbs" | "pound" | "pounds" | "фунт" | "фунта" | "фунтов" | "фунты" | "ф" | "фн" => {
            WeightUnit::Pound
        }
        "oz" | "ozs" | "ounce" | "ounces" | "унция" | "унции" | "унций" | "унцию" | "унц" => {
            WeightUnit::Ounce
        }
        "g" | "gr" | "gm" | "gms" | "gram" | "grams" | "gramme" | "grammes" | "г" | "гр" | "грамм"
        | "грамма" | "граммов" | "граммы" => WeightUnit::Gram,
        "kg"
        | "kgs"
        | "kilo"
        | "kilos"
        | "kilogram"
        | "kilograms"
        | "kilogramme"
        | "kilogrammes"
        | "кг"
        | "кило"
        | "килограмм"
        | "килограмма"
        | "килограммов"
        | "килограммы" => WeightUnit::Kilogram,
        _ => return None,
    })
}

enum CombineError {
    WithoutUnit,
    UnitsDoNotGoTogether,
    Amount(AmountError),
}

fn combine(parts: &[Part]) -> Result<Weight, CombineError> {
    let (large, small, per_large, unit) = match parts {
        [(_, None)] => return Err(CombineError::WithoutUnit),
        [(amount, Some(unit))] => {
            return Ok(Weight::new(value(amount, *unit)?, *unit));
        }
        [
            (pounds, Some(WeightUnit::Pound)),
            (ounces, Some(WeightUnit::Ounce)),
        ] => (
            value(pounds, WeightUnit::Pound)?,
            value(ounces, WeightUnit::Ounce)?,
            16,
            WeightUnit::Ounce,
        ),
        [
            (kilograms, Some(WeightUnit::Kilogram)),
            (grams, Some(WeightUnit::Gram)),
        ] => (
            value(kilograms, WeightUnit::Kilogram)?,
            value(grams, WeightUnit::Gram)?,
            1000,
            WeightUnit::Gram,
        ),
        _ => return Err(CombineError::UnitsDoNotGoTogether),
    };
    let total = large
        .checked_mul(Decimal::from(per_large))
        .and_then(|large| large.checked_add(small))
        .ok_or(CombineError::Amount(AmountError::TooLarge))?;
    Ok(Weight::new(
        total.round_dp(decimal_places(unit)).normalize(),
        unit,
    ))
}

fn value(amount: &Amount, unit: WeightUnit) -> Result<Decimal, CombineError> {
    let lone_comma = match unit {
        WeightUnit::Gram | WeightUnit::Ounce => LoneComma::Groups,
        WeightUnit::Pound | WeightUnit::Kilogram => LoneComma::Decimal,
    };
    amount
        .value(lone_comma, decimal_places(unit))
        .map_err(CombineError::Amount)
}

/// Small units have two, so that a comma before three digits has one meaning in what is shown, too.
const fn decimal_places(unit: WeightUnit) -> u32 {
    match unit {
        WeightUnit::Gram | WeightUnit::Ounce => 2,
        WeightUnit::Pound | WeightUnit::Kilogram => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn weights_are_taken_as_people_write_them() {
        use WeightUnit::{Gram, Kilogram, Ounce, Pound};
        for (input, value, unit) in [
            ("2.5 lb", dec!(2.5), Pound),
            ("2.5lbs.", dec!(2.5), Pound),
            ("2,5 lb", dec!(2.5), Pound),
            ("1/2 lb", dec!(0.5), Pound),
            ("½ lb", dec!(0.5), Pound),
            ("1 1/2 pounds", dec!(1.5), Pound),
            ("3 фунта", dec!(3), Pound),
            ("40oz", dec!(40), Ounce),
            ("40 OUNCES", dec!(40), Ounce),
            ("8 унций", dec!(8), Ounce),
            ("1 lb 4 oz", dec!(20), Ounce),
            ("1lb4oz", dec!(20), Ounce),
            ("2 pounds, 3 ounces", dec!(35), Ounce),
            ("2 pounds and 3.5 ounces", dec!(35.5), Ounce),
            ("1 фунт и 4 унции", dec!(20), Ounce),
            ("900 g", dec!(900), Gram),
            ("900г.", dec!(900), Gram),
            ("1,000 g", dec!(1000), Gram),
            ("1 000 г", dec!(1000), Gram),
            ("12 500 г", dec!(12500), Gram),
            ("0,5 г", dec!(0.5), Gram),
            ("1 кг 200 г", dec!(1200), Gram),
            ("2,5 кг", dec!(2.5), Kilogram),
            ("1,500 кг", dec!(1.5), Kilogram),
            ("3 kilos", dec!(3), Kilogram),
            ("150 lb", dec!(150), Pound),
        ] {
            assert_eq!(parse_weight(input), Ok(Weight::new(value, unit)), "{input}");
        }
    }

    #[test]
    fn a_number_alone_is_asked_for_its_unit() {
        for input in ["2", "1,5", "½", "1 000"] {
            assert!(
                matches!(parse_weight(input), Err(Rejection::WeightWithoutUnit { .. })),
                "{input}"
            );
        }
    }

    #[test]
    fn zero_and_less_is_refused() {
        for input in ["0 lb", "0,0 кг", "-2 lb", "−2 lb", "0.0001 oz", "0 lb 0 oz"] {
            assert_eq!(parse_weight(input), Err(Rejection::WeightNotPositive), "{input}");
        }
    }

    #[test]
    fn more_than_carriers_take_is_refused() {
        for input in [
            "150.1 lb",
            "2401 oz",
            "69 kg",
            "68039 g",
            "99999999999999999999 kg",
            "1,500,000 g",
        ] {
            assert!(
                matches!(parse_weight(input), Err(Rejection::WeightTooHeavy { .. })),
                "{input}"
            );
        }
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        for input in [
            "heavy",
            "lb",
            "2 stone",
            "1 lb 4",
            "4 oz 1 lb",
            "1 lb 4 g",
            "2-3 lb",
            "2 lb x",
            "1/0 lb",
            "🏋",
        ] {
            assert!(
                matches!(parse_weight(input), Err(Rejection::WeightNotUnderstood { .. })),
                "{input}"
            );
        }
    }

    #[test]
    fn ten_thousand_characters_are_only_counted() {
        assert!(matches!(
            parse_weight(&"1".repeat(10_000)),
            Err(Rejection::TooLong { length: 10_000, .. })
        ));
    }

    proptest! {
        #[test]
        fn an_accepted_weight_written_out_is_the_same_weight(
            input in r"[0-9]{1,3}([.,][0-9]{1,4})?( ?[0-9]/[0-9])? ?(lb|oz|g|kg|фунта|г|lb [0-9.]{1,5} oz)|.*"
        ) {
            if let Ok(weight) = parse_weight(&input) {
                prop_assert_eq!(parse_weight(&weight.to_string()), Ok(weight));
            }
        }
    }
}
