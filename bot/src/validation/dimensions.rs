//! Sizes of parcels.

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

use super::{
    quantity::{Amount, AmountError, Item, LoneComma, items},
    rejection::{Excerpt, Field, Rejection},
    text,
};
use crate::shipping::parcel::{Dimensions, LengthUnit};

/// The largest sum of the longest side and the girth around it that any carrier takes without freight, in inches.
pub const LENGTH_AND_GIRTH_LIMIT_INCHES: u32 = 165;

/// Decimals that are kept of a side.
const DECIMAL_PLACES: u32 = 3;

/// Three measures of a parcel: `10x6x4`, `10 x 6 x 4 in`, `25×15×10 см`, `10 6 4`. Without a unit they are inches;
/// millimetres become centimetres.
///
/// # Errors
///
/// A [`Rejection`]: empty, too long, not understood, not three measures, more than one unit, a side that isn't above
/// zero, or more than [`LENGTH_AND_GIRTH_LIMIT_INCHES`].
pub fn parse_dimensions(input: &str) -> Result<Dimensions, Rejection> {
    let typed = text::short_value(input, Field::Dimensions)?;
    let got = || Excerpt::new(&typed);
    let not_understood = || Rejection::DimensionsNotUnderstood { got: got() };

    let Measures {
        amounts,
        units,
        negative,
    } = measures(&items(&typed)).ok_or_else(not_understood)?;
    let amounts: [Amount; 3] = amounts
        .try_into()
        .map_err(|amounts: Vec<_>| Rejection::DimensionsCount {
            got: got(),
            count: amounts.len(),
        })?;
    let unit = units.first().copied().unwrap_or(Measure::Inch);
    if units.iter().any(|&other| other != unit) {
        return Err(Rejection::DimensionsMixedUnits { got: got() });
    }
    if negative {
        return Err(Rejection::DimensionsNotPositive);
    }

    let mut sides = [Decimal::ZERO; 3];
    for (side, amount) in sides.iter_mut().zip(&amounts) {
        *side = match amount.value(LoneComma::Decimal, DECIMAL_PLACES) {
            Ok(value) if value > Decimal::ZERO => unit.in_length_units(value),
            Ok(_) => return Err(Rejection::DimensionsNotPositive),
            Err(AmountError::Malformed) => return Err(not_understood()),
            // The sides are measured below; so large a one is refused there, with a size that can be shown.
            Err(AmountError::TooLarge) => Decimal::from(999_999_999),
        };
    }
    let [length, width, height] = sides;
    let dimensions = Dimensions::new(length, width, height, unit.length_unit());
    check_size(&dimensions)?;
    Ok(dimensions)
}

/// The units that people give, of which a label knows two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Inch,
    Centimeter,
    Millimeter,
}

impl Measure {
    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "in" | "ins" | "inch" | "inches" | "дюйм" | "дюйма" | "дюймов" | "дюймы" | "д" => {
                Self::Inch
            }
            "cm"
            | "cms"
            | "centimeter"
            | "centimeters"
            | "centimetre"
            | "centimetres"
            | "см"
            | "сантиметр"
            | "сантиметра"
            | "сантиметров"
            | "сантиметры" => Self::Centimeter,
            "mm"
            | "millimeter"
            | "millimeters"
            | "millimetre"
            | "millimetres"
            | "мм"
            | "миллиметр"
            | "миллиметра"
            | "миллиметров"
            | "миллиметры" => Self::Millimeter,
            _ => return None,
        })
    }

    fn length_unit(self) -> LengthUnit {
        match self {
            Self::Inch => LengthUnit::Inch,
            Self::Centimeter | Self::Millimeter => LengthUnit::Centimeter,
        }
    }

    fn in_length_units(self, value: Decimal) -> Decimal {
        match self {
            Self::Inch | Self::Centimeter => value,
            Self::Millimeter => value
                .checked_div(Decimal::TEN)
                .unwrap_or(value)
                .round_dp_with_strategy(DECIMAL_PLACES, RoundingStrategy::AwayFromZero)
                .normalize(),
        }
    }
}

#[derive(Default)]
struct Measures {
    amounts: Vec<Amount>,
    units: Vec<Measure>,
    negative: bool,
}

/// The numbers and units, or `None` where something else stands between them.
fn measures(items: &[Item]) -> Option<Measures> {
    let mut measures = Measures::default();
    let mut after_measure = false;
    for item in items {
        let started = !measures.amounts.is_empty();
        let is_separator = match item {
            Item::Amount(amount) => {
                measures.amounts.push(amount.clone());
                false
            }
            Item::Word(word) if started && is_separator_word(word) => true,
            Item::Word(word) if started => {
                measures.units.push(Measure::of_word(word)?);
                false
            }
            Item::Mark('"' | '″' | '”' | '“') if after_measure => {
                measures.units.push(Measure::Inch);
                false
            }
            // Between two measures it only separates: `10-6-4`.
            Item::Mark('-' | '−' | '–') if !after_measure => {
                measures.negative = true;
                true
            }
            Item::Mark('-' | '−' | '–' | '×' | '✕' | '*' | ',' | ';' | '/') if started => true,
            Item::Word(_) | Item::Mark(_) => return None,
        };
        after_measure = !is_separator;
    }
    if let [only] = measures.amounts.as_slice()
        && let Some(three) = only.split_at_commas()
    {
        measures.amounts = three.into();
    }
    Some(measures).filter(|measures| !measures.amounts.is_empty())
}

/// The letters x of both alphabets, and the words.
fn is_separator_word(word: &str) -> bool {
    matches!(word, "x" | "х" | "by" | "на" | "and" | "и")
}

fn check_size(dimensions: &Dimensions) -> Result<(), Rejection> {
    let sides = [dimensions.length, dimensions.width, dimensions.height];
    let longest = sides.into_iter().max().unwrap_or_default();
    let all: Decimal = sides.into_iter().sum();
    let size = all * Decimal::TWO - longest;

    let limit = Decimal::from(LENGTH_AND_GIRTH_LIMIT_INCHES)
        * (LengthUnit::Inch.centimeters() / dimensions.unit.centimeters());
    if size <= limit {
        return Ok(());
    }
    Err(Rejection::DimensionsTooLarge {
        size: size.ceil().to_u64().unwrap_or(u64::MAX),
        limit: limit.floor().to_u64().unwrap_or(u64::MAX),
        unit: dimensions.unit,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn sizes_are_taken_as_people_write_them() {
        use LengthUnit::{Centimeter, Inch};
        for (input, [length, width, height], unit) in [
            ("10x6x4", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10 x 6 x 4 in", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10 X 6 X 4 inches", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10in 6in 4in", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10\" x 6\" x 4\"", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10 6 4", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10,6,4", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10, 6, 4", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10-6-4", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10 by 6 by 4", [dec!(10), dec!(6), dec!(4)], Inch),
            ("10 1/2 x 6½ x 4", [dec!(10.5), dec!(6.5), dec!(4)], Inch),
            ("10.5x6x4", [dec!(10.5), dec!(6), dec!(4)], Inch),
            ("10*6*4 cm", [dec!(10), dec!(6), dec!(4)], Centimeter),
            ("25×15×10 см", [dec!(25), dec!(15), dec!(10)], Centimeter),
            ("25 х 15 х 10 см.", [dec!(25), dec!(15), dec!(10)], Centimeter),
            (
                "25 на 15 на 10 сантиметров",
                [dec!(25), dec!(15), dec!(10)],
                Centimeter,
            ),
            ("25,5 15 10,5 cm", [dec!(25.5), dec!(15), dec!(10.5)], Centimeter),
            ("250x150x105 mm", [dec!(25), dec!(15), dec!(10.5)], Centimeter),
        ] {
            assert_eq!(
                parse_dimensions(input),
                Ok(Dimensions::new(length, width, height, unit)),
                "{input}"
            );
        }
    }

    #[test]
    fn other_than_three_measures_are_counted() {
        for (input, expected) in [("10", 1), ("10x6", 2), ("10 x 6 x 4 x 2", 4)] {
            assert!(
                matches!(parse_dimensions(input), Err(Rejection::DimensionsCount { count, .. }) if count == expected),
                "{input}"
            );
        }
    }

    #[test]
    fn units_are_not_mixed() {
        assert!(matches!(
            parse_dimensions("10 in x 6 cm x 4 in"),
            Err(Rejection::DimensionsMixedUnits { .. })
        ));
    }

    #[test]
    fn zero_and_less_is_refused() {
        for input in ["0x6x4", "10x-6x4", "-10x6x4", "10 x 6 x 0.0001"] {
            assert_eq!(
                parse_dimensions(input),
                Err(Rejection::DimensionsNotPositive),
                "{input}"
            );
        }
    }

    #[test]
    fn a_parcel_at_the_limit_is_taken_and_a_larger_one_is_not() {
        assert!(parse_dimensions("65x25x25").is_ok());
        assert_eq!(
            parse_dimensions("65.1 x 25 x 25"),
            Err(Rejection::DimensionsTooLarge {
                size: 166,
                limit: 165,
                unit: LengthUnit::Inch
            })
        );
        assert_eq!(
            parse_dimensions("200 x 60 x 60 cm"),
            Err(Rejection::DimensionsTooLarge {
                size: 440,
                limit: 419,
                unit: LengthUnit::Centimeter
            })
        );
        assert!(matches!(
            parse_dimensions("99999999999999999999 x 1 x 1"),
            Err(Rejection::DimensionsTooLarge { .. })
        ));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for input in [
            "big",
            "x 6 x 4",
            "10 ft x 6 ft x 4 ft",
            "10x6x4 🙂",
            "in",
            "1/0 x 2 x 3",
        ] {
            assert!(
                matches!(
                    parse_dimensions(input),
                    Err(Rejection::DimensionsNotUnderstood { .. })
                ),
                "{input}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_accepted_size_written_out_is_the_same_size(
            input in r"[0-9]{1,2}([.,][0-9]{1,4})?( ?[x× ] ?[0-9]{1,2}([.,][0-9]{1,2})?){2} ?(in|cm|mm|дюймов)?|.*"
        ) {
            if let Ok(dimensions) = parse_dimensions(&input) {
                prop_assert_eq!(parse_dimensions(&dimensions.to_string()), Ok(dimensions));
            }
        }
    }
}
