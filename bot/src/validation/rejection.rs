//! Why a typed value was not taken.

use std::fmt;

use thiserror::Error;

use super::{phone::PhoneNumber, state::State};
use crate::{
    localization::{Args, Language, Localized},
    shipping::parcel::LengthUnit,
};

/// What was asked for when the value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The name of the sender or the recipient.
    PersonName,
    /// Street, house and flat.
    AddressLine,
    /// The city.
    City,
    /// The state, territory or military region.
    State,
    /// The ZIP code.
    PostalCode,
    /// The phone number.
    Phone,
    /// The parcel's weight.
    Weight,
    /// The parcel's size.
    Dimensions,
}

impl Field {
    /// Every field, in the order of the questions.
    pub const ALL: [Self; 8] = [
        Self::PersonName,
        Self::AddressLine,
        Self::City,
        Self::State,
        Self::PostalCode,
        Self::Phone,
        Self::Weight,
        Self::Dimensions,
    ];

    /// The field's name in messages and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonName => "person-name",
            Self::AddressLine => "address-line",
            Self::City => "city",
            Self::State => "state",
            Self::PostalCode => "postal-code",
            Self::Phone => "phone",
            Self::Weight => "weight",
            Self::Dimensions => "dimensions",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The beginning of what a person typed, to be quoted back to that person.
///
/// `Debug` shows only its length, so that an address in a rejection doesn't end in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// The most characters that are quoted.
    pub const LIMIT: usize = 32;

    /// Quotes the first [`Excerpt::LIMIT`] characters of cleaned text; an ellipsis stands for the rest.
    pub fn new(text: &str) -> Self {
        let mut characters = text.chars();
        let mut quoted: String = characters.by_ref().take(Self::LIMIT).collect();
        if characters.next().is_some() {
            quoted.push('…');
        }
        Self(quoted)
    }

    /// The quoted text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Excerpt({} characters)", self.0.chars().count())
    }
}

/// Why a typed value was not taken, with all that the answer to the person needs.
///
/// `Display` is for logs and holds nothing of what was typed; the text for the person comes from
/// [`Localizer::render`](crate::localization::Localizer::render).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// Nothing visible was typed.
    #[error("{field}: empty")]
    Empty {
        /// What was asked for.
        field: Field,
    },
    /// More characters than fit.
    #[error("{field}: {length} characters, at most {limit} fit")]
    TooLong {
        /// What was asked for.
        field: Field,
        /// How many characters came, after cleaning.
        length: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Several lines where one is asked for.
    #[error("{field}: several lines")]
    SeveralLines {
        /// What was asked for.
        field: Field,
    },
    /// An emoji or another character that no label printer has.
    #[error("{field}: a character that can't be printed")]
    Unprintable {
        /// What was asked for.
        field: Field,
        /// The character.
        symbol: Excerpt,
    },
    /// A name without a letter.
    #[error("person-name: no letter")]
    NameWithoutLetter {
        /// What was typed.
        got: Excerpt,
    },
    /// An address line with neither letter nor digit.
    #[error("address-line: neither letter nor digit")]
    AddressWithoutLetterOrDigit {
        /// What was typed.
        got: Excerpt,
    },
    /// A whole address where only the street is asked for.
    #[error("address-line: ends with a state and a ZIP code")]
    AddressWithPostalCode {
        /// What was typed.
        got: Excerpt,
    },
    /// A city without a letter.
    #[error("city: no letter")]
    CityWithoutLetter {
        /// What was typed.
        got: Excerpt,
    },
    /// No state has this code or name.
    #[error("state: unknown")]
    UnknownState {
        /// What was typed.
        got: Excerpt,
        /// The state that was probably meant.
        suggestion: Option<State>,
    },
    /// A ZIP code of neither 5 nor 9 digits.
    #[error("postal-code: {digits} digits")]
    PostalCodeDigits {
        /// What was typed.
        got: Excerpt,
        /// How many digits it has.
        digits: usize,
    },
    /// Something other than digits in a ZIP code.
    #[error("postal-code: other characters than digits")]
    PostalCodeCharacters {
        /// What was typed.
        got: Excerpt,
    },
    /// Not the 10 digits of a US number.
    #[error("phone: {digits} digits")]
    PhoneDigits {
        /// What was typed.
        got: Excerpt,
        /// How many digits it has.
        digits: usize,
    },
    /// Something in a phone number that is neither digit nor punctuation.
    #[error("phone: other characters than digits")]
    PhoneCharacters {
        /// What was typed.
        got: Excerpt,
    },
    /// Ten digits that the numbering plan gives to nobody.
    #[error("phone: no such area or exchange code")]
    PhoneImpossible {
        /// What was typed.
        got: Excerpt,
    },
    /// A number of another country.
    #[error("phone: not a US number")]
    PhoneForeign {
        /// What was typed.
        got: Excerpt,
    },
    /// A number with an extension, which labels have no room for.
    #[error("phone: an extension")]
    PhoneExtension {
        /// The number without its extension.
        number: PhoneNumber,
    },
    /// A number without its unit.
    #[error("weight: no unit")]
    WeightWithoutUnit {
        /// What was typed.
        got: Excerpt,
    },
    /// No weight can be read from the text.
    #[error("weight: not understood")]
    WeightNotUnderstood {
        /// What was typed.
        got: Excerpt,
    },
    /// Zero, less than zero, or too little to weigh.
    #[error("weight: not above zero")]
    WeightNotPositive,
    /// More than carriers take.
    #[error("weight: above {limit_pounds} lb")]
    WeightTooHeavy {
        /// What was typed.
        got: Excerpt,
        /// The most that is taken, in pounds.
        limit_pounds: u32,
    },
    /// Not three measures.
    #[error("dimensions: {count} measures")]
    DimensionsCount {
        /// What was typed.
        got: Excerpt,
        /// How many measures it has.
        count: usize,
    },
    /// No measures can be read from the text.
    #[error("dimensions: not understood")]
    DimensionsNotUnderstood {
        /// What was typed.
        got: Excerpt,
    },
    /// Inches beside centimetres.
    #[error("dimensions: more than one unit")]
    DimensionsMixedUnits {
        /// What was typed.
        got: Excerpt,
    },
    /// A side of zero, less than zero, or too short to measure.
    #[error("dimensions: not above zero")]
    DimensionsNotPositive,
    /// More than carriers take.
    #[error("dimensions: length and girth {size} of at most {limit} {unit}")]
    DimensionsTooLarge {
        /// The longest side plus the girth around it, rounded up.
        size: u64,
        /// The most that is taken, rounded down.
        limit: u64,
        /// The unit of both.
        unit: LengthUnit,
    },
}

impl Localized for Rejection {
    fn message_id(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "rejection-empty",
            Self::TooLong { .. } => "rejection-too-long",
            Self::SeveralLines { .. } => "rejection-several-lines",
            Self::Unprintable { .. } => "rejection-unprintable",
            Self::NameWithoutLetter { .. } => "rejection-name-without-letter",
            Self::AddressWithoutLetterOrDigit { .. } => "rejection-address-without-letter-or-digit",
            Self::AddressWithPostalCode { .. } => "rejection-address-with-postal-code",
            Self::CityWithoutLetter { .. } => "rejection-city-without-letter",
            Self::UnknownState { suggestion: None, .. } => "rejection-unknown-state",
            Self::UnknownState {
                suggestion: Some(_), ..
            } => "rejection-misspelt-state",
            Self::PostalCodeDigits { .. } => "rejection-postal-code-digits",
            Self::PostalCodeCharacters { .. } => "rejection-postal-code-characters",
            Self::PhoneDigits { .. } => "rejection-phone-digits",
            Self::PhoneCharacters { .. } => "rejection-phone-characters",
            Self::PhoneImpossible { .. } => "rejection-phone-impossible",
            Self::PhoneForeign { .. } => "rejection-phone-foreign",
            Self::PhoneExtension { .. } => "rejection-phone-extension",
            Self::WeightWithoutUnit { .. } => "rejection-weight-without-unit",
            Self::WeightNotUnderstood { .. } => "rejection-weight-not-understood",
            Self::WeightNotPositive => "rejection-weight-not-positive",
            Self::WeightTooHeavy { .. } => "rejection-weight-too-heavy",
            Self::DimensionsCount { .. } => "rejection-dimensions-count",
            Self::DimensionsNotUnderstood { .. } => "rejection-dimensions-not-understood",
            Self::DimensionsMixedUnits { .. } => "rejection-dimensions-mixed-units",
            Self::DimensionsNotPositive => "rejection-dimensions-not-positive",
            Self::DimensionsTooLarge { .. } => "rejection-dimensions-too-large",
        }
    }

    fn args(&self, language: Language) -> Args {
        match self {
            Self::Empty { field } | Self::SeveralLines { field } => Args::new().with("field", field.name()),
            Self::TooLong { field, length, limit } => Args::new()
                .with("field", field.name())
                .with("length", *length)
                .with("limit", *limit),
            Self::Unprintable { field, symbol } => Args::new()
                .with("field", field.name())
                .with("symbol", symbol.as_str().to_owned()),
            Self::UnknownState { got, suggestion } => {
                let args = quote(got);
                match suggestion {
                    None => args,
                    Some(state) => args
                        .with("suggestion", state.name(language))
                        .with("code", state.code()),
                }
            }
            Self::PostalCodeDigits { got, digits } | Self::PhoneDigits { got, digits } => {
                quote(got).with("digits", *digits)
            }
            Self::PhoneExtension { number } => Args::new().with("number", number.to_string()),
            Self::WeightTooHeavy { got, limit_pounds } => quote(got).with("limit", *limit_pounds),
            Self::DimensionsCount { got, count } => quote(got).with("count", *count),
            Self::DimensionsTooLarge { size, limit, unit } => Args::new()
                .with("size", *size)
                .with("limit", *limit)
                .with("unit", unit.symbol()),
            Self::WeightNotPositive | Self::DimensionsNotPositive => Args::new(),
            Self::NameWithoutLetter { got }
            | Self::AddressWithoutLetterOrDigit { got }
            | Self::AddressWithPostalCode { got }
            | Self::CityWithoutLetter { got }
            | Self::PostalCodeCharacters { got }
            | Self::PhoneCharacters { got }
            | Self::PhoneImpossible { got }
            | Self::PhoneForeign { got }
            | Self::WeightWithoutUnit { got }
            | Self::WeightNotUnderstood { got }
            | Self::DimensionsNotUnderstood { got }
            | Self::DimensionsMixedUnits { got } => quote(got),
        }
    }
}

fn quote(got: &Excerpt) -> Args {
    Args::new().with("got", got.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_quoted_in_part() {
        let excerpt = Excerpt::new(&"я".repeat(10_000));
        assert_eq!(excerpt.as_str().chars().count(), Excerpt::LIMIT + 1);
        assert!(excerpt.as_str().ends_with('…'));
    }

    #[test]
    fn neither_debug_nor_display_repeat_what_was_typed() {
        let rejection = Rejection::AddressWithPostalCode {
            got: Excerpt::new("1 Secret St TX 78701"),
        };
        assert!(!format!("{rejection:?} {rejection}").contains("Secret"));
    }
}
