//! Money: whole minor units of a currency, never a floating-point number.
//!
//! An amount comes from the wire as a JSON number such as `8.43`. [`JsonDecimal`] reads the digits as they stand in the
//! text, so that `8.43` is exactly 843 cents; a detour through `f64` would make it 8.42999…

use std::fmt;
use std::str::FromStr;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Why an amount can't be understood or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// A currency code is three Latin letters.
    #[error("{0:?} is not a currency code: it takes three Latin letters, such as USD")]
    Currency(String),
    /// The text is no decimal number.
    #[error("{0:?} is not an amount: it takes a decimal number, such as 8.43")]
    Amount(String),
    /// The amount has more minor units than an `i64` holds.
    #[error("the amount is too large")]
    TooLarge,
    /// Amounts of two currencies can't be added without a rate of exchange.
    #[error("amounts in {0} and {1} can't be added")]
    Mismatch(Currency, Currency),
}

/// A currency by its ISO 4217 code, in upper case.
///
/// Any three Latin letters are taken: a new currency must not stop an order. What the code decides is the number of
/// digits after the point: see [`Currency::digits`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The Russian rouble.
    pub const RUB: Self = Self(*b"RUB");
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// The currency of `code`, in any case.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Currency`] when `code` isn't three Latin letters.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        match *code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(MoneyError::Currency(code.chars().take(16).collect())),
        }
    }

    /// The code, such as `USD`.
    pub fn code(&self) -> &str {
        // The bytes are ASCII letters by construction, so the fallback is never taken.
        str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many digits the currency has after the point: 2, but 0 for the likes of the yen and 3 for the likes of the
    /// Kuwaiti dinar (ISO 4217).
    pub const fn digits(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }

    /// The sign that people know the currency by, where there is one that can't be mistaken.
    const fn sign(self) -> Option<&'static str> {
        match &self.0 {
            b"USD" => Some("$"),
            b"EUR" => Some("€"),
            b"GBP" => Some("£"),
            b"JPY" => Some("¥"),
            b"RUB" => Some("₽"),
            _ => None,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::new(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::new(&code).map_err(D::Error::custom)
    }
}

/// How numbers are written for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberStyle {
    /// `$1,234.56`
    #[default]
    English,
    /// `1 234,56 $`, with no-break spaces.
    Russian,
}

/// An amount of money: a whole number of the currency's smallest unit (cents for USD).
///
/// Stored as `{"minor":843,"currency":"USD"}`. Amounts of different currencies are neither added nor ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` smallest units of `currency`.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// The amount of `major` whole units with decimals: 8.43 USD is 843 cents. More decimals than the currency has are
    /// rounded half up (away from zero): 8.425 USD is 843 cents, and so is 8.434.
    ///
    /// # Errors
    ///
    /// [`MoneyError::TooLarge`] when the result doesn't fit into an `i64`.
    pub fn from_decimal(major: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let scale = Decimal::from(10_i64.pow(currency.digits()));
        let minor = major
            .checked_mul(scale)
            .map(|minor| minor.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero))
            .and_then(|minor| minor.to_i64())
            .ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, currency })
    }

    /// The amount that `text` writes as a decimal number with a point, such as `8.43` or `1e2`; rounded as by
    /// [`Money::from_decimal`].
    ///
    /// # Errors
    ///
    /// [`MoneyError::Amount`] when `text` is no such number, [`MoneyError::TooLarge`] when it doesn't fit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        Self::from_decimal(parse_decimal(text)?, currency)
    }

    /// The number of smallest units.
    pub const fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount in whole units with decimals.
    pub fn to_decimal(&self) -> Decimal {
        Decimal::new(self.minor, self.currency.digits())
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// The sum of both.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Mismatch`] when the currencies differ, [`MoneyError::TooLarge`] on overflow.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// What is left of this after `other` is taken; may be negative.
    ///
    /// # Errors
    ///
    /// [`MoneyError::Mismatch`] when the currencies differ, [`MoneyError::TooLarge`] on overflow.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// The amount as a reader of `style` expects it: `$8.43`, `8,43 $`. A currency without a sign of its own is named by
    /// its code: `8.43 CHF`.
    pub const fn display(self, style: NumberStyle) -> MoneyText {
        MoneyText { money: self, style }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display(NumberStyle::English).fmt(f)
    }
}

/// An amount on its way to a reader; made by [`Money::display`].
#[derive(Debug, Clone, Copy)]
pub struct MoneyText {
    money: Money,
    style: NumberStyle,
}

impl fmt::Display for MoneyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NO_BREAK_SPACE: char = '\u{a0}';
        let (group, point) = match self.style {
            NumberStyle::English => (',', '.'),
            NumberStyle::Russian => (NO_BREAK_SPACE, ','),
        };
        let currency = self.money.currency;
        let minus = if self.money.minor < 0 { "-" } else { "" };
        let scale = 10_u64.pow(currency.digits());
        let units = self.money.minor.unsigned_abs();
        let mut number = grouped(units / scale, group);
        if currency.digits() > 0 {
            number.push(point);
            let width = currency.digits() as usize;
            number = format!("{number}{:0width$}", units % scale);
        }
        match (currency.sign(), self.style) {
            (Some(sign), NumberStyle::English) => write!(f, "{minus}{sign}{number}"),
            (Some(sign), NumberStyle::Russian) => write!(f, "{minus}{number}{NO_BREAK_SPACE}{sign}"),
            (None, _) => write!(f, "{minus}{number}{NO_BREAK_SPACE}{currency}"),
        }
    }
}

/// The digits of `number` in groups of three.
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// A decimal number that is read from, and written to, JSON digit by digit.
///
/// It takes a JSON number (`8.43`, `1e2`) and, as some services send amounts so, a string (`"8.43"`). It works with
/// `serde_json` reading from text; through a [`serde_json::Value`] the digits are already a float and lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonDecimal(pub Decimal);

impl<'de> Deserialize<'de> for JsonDecimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let digits = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(text);
        parse_decimal(digits).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for JsonDecimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.normalize().to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

fn parse_decimal(text: &str) -> Result<Decimal, MoneyError> {
    let text = text.trim();
    let parsed = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        text.parse()
    };
    parsed.map_err(|_| MoneyError::Amount(text.chars().take(40).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    #[derive(Deserialize)]
    struct Wire {
        amount: JsonDecimal,
    }

    fn wire(json: &str) -> Result<Decimal, serde_json::Error> {
        serde_json::from_str::<Wire>(json).map(|wire| wire.amount.0)
    }

    #[test]
    fn a_number_on_the_wire_keeps_its_digits() {
        // As an f64, 8.43 times 100 is 842.9999999999999.
        let amount = wire(r#"{"amount": 8.43}"#).unwrap();
        assert_eq!(Money::from_decimal(amount, Currency::USD).unwrap().minor(), 843);
        assert_eq!(wire(r#"{"amount":0}"#).unwrap(), Decimal::ZERO);
        assert_eq!(wire(r#"{"amount":1.5e2}"#).unwrap(), dec!(150));
        assert_eq!(wire(r#"{"amount":"7.61"}"#).unwrap(), dec!(7.61));
        assert_eq!(
            wire(r#"{"amount":12345678901234.56}"#).unwrap(),
            dec!(12345678901234.56)
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for json in [
            r#"{"amount":null}"#,
            r#"{"amount":true}"#,
            r#"{"amount":"a lot"}"#,
            r#"{"amount":{}}"#,
        ] {
            assert!(wire(json).is_err(), "{json}");
        }
    }

    #[test]
    fn digits_that_the_currency_lacks_are_rounded_half_up() {
        for (text, minor) in [
            ("8.425", 843),
            ("8.434", 843),
            ("8.4349999999", 843),
            ("8.4299999999999997", 843),
            ("-8.425", -843),
            ("0.004", 0),
            ("0.005", 1),
        ] {
            assert_eq!(Money::parse(text, Currency::USD).unwrap(), usd(minor), "{text}");
        }
    }

    #[test]
    fn the_currency_decides_the_number_of_digits() {
        assert_eq!(Money::parse("843", currency("jpy")).unwrap().minor(), 843);
        assert_eq!(Money::parse("8.43", currency("usd")).unwrap().minor(), 843);
        assert_eq!(Money::parse("8.4375", currency("kwd")).unwrap().minor(), 8438);
    }

    #[test]
    fn a_currency_code_is_three_letters_in_any_case() {
        assert_eq!(currency("usd"), Currency::USD);
        for bad in ["", "us", "usdt", "u$d", "дол"] {
            assert_eq!(
                Currency::new(bad),
                Err(MoneyError::Currency(bad.to_owned())),
                "{bad}"
            );
        }
    }

    #[test]
    fn amounts_of_two_currencies_are_not_added() {
        let euro = Money::from_minor(1, Currency::EUR);
        assert_eq!(
            usd(1).checked_add(euro),
            Err(MoneyError::Mismatch(Currency::USD, Currency::EUR))
        );
        assert_eq!(
            usd(1).checked_sub(euro),
            Err(MoneyError::Mismatch(Currency::USD, Currency::EUR))
        );
        assert_eq!(usd(i64::MAX).checked_add(usd(1)), Err(MoneyError::TooLarge));
        assert_eq!(usd(761).checked_add(usd(82)), Ok(usd(843)));
        assert_eq!(usd(1).checked_sub(usd(3)), Ok(usd(-2)));
    }

    #[test]
    fn an_amount_past_an_i64_is_refused() {
        assert_eq!(
            Money::from_decimal(Decimal::MAX, Currency::USD),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(
            Money::parse("92233720368547758.08", Currency::USD),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(
            Money::parse("92233720368547758.07", Currency::USD),
            Ok(usd(i64::MAX))
        );
    }

    #[test]
    fn an_amount_reads_as_the_language_writes_it() {
        let shown = |money: Money, style| money.display(style).to_string().replace('\u{a0}', "_");
        let big = usd(123_456_789);
        assert_eq!(shown(usd(843), NumberStyle::English), "$8.43");
        assert_eq!(shown(usd(843), NumberStyle::Russian), "8,43_$");
        assert_eq!(shown(usd(-5), NumberStyle::English), "-$0.05");
        assert_eq!(shown(usd(-5), NumberStyle::Russian), "-0,05_$");
        assert_eq!(shown(big, NumberStyle::English), "$1,234,567.89");
        assert_eq!(shown(big, NumberStyle::Russian), "1_234_567,89_$");
        let yen = Money::from_minor(1000, currency("JPY"));
        assert_eq!(shown(yen, NumberStyle::English), "¥1,000");
        let dinar = Money::from_minor(1005, currency("KWD"));
        assert_eq!(shown(dinar, NumberStyle::English), "1.005_KWD");
        assert_eq!(shown(dinar, NumberStyle::Russian), "1,005_KWD");
        assert_eq!(usd(843).to_string(), "$8.43");
    }

    #[test]
    fn an_amount_is_stored_in_minor_units() {
        let json = serde_json::to_string(&usd(843)).unwrap();
        assert_eq!(json, r#"{"minor":843,"currency":"USD"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), usd(843));
        assert!(serde_json::from_str::<Money>(r#"{"minor":8.43,"currency":"USD"}"#).is_err());
    }

    proptest! {
        #[test]
        fn any_amount_of_cents_survives_the_wire(minor in -1_000_000_000_000_i64..1_000_000_000_000) {
            let json = serde_json::to_string(&JsonDecimal(usd(minor).to_decimal())).unwrap();
            let back: JsonDecimal = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(Money::from_decimal(back.0, Currency::USD).unwrap(), usd(minor));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Money::parse(&text, Currency::USD);
            let _ = Currency::new(&text);
        }
    }
}
