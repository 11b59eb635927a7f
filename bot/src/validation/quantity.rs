//! Numbers as people type them, for weights and sizes: `2.5`, `2,5`, `1,000`, `1/2`, `1 1/2`, `1½`.

use rust_decimal::{Decimal, RoundingStrategy};

/// The most digits before the decimal mark. All limits are far below, and no arithmetic with so few digits overflows.
const WHOLE_DIGITS: usize = 9;

/// A piece of a typed weight or size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A number.
    Amount(Amount),
    /// Letters, in lower case.
    Word(String),
    /// Any other visible character.
    Mark(char),
}

/// A number whose decimal mark may be ambiguous until its unit is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    /// ASCII digits with `.` and `,` between them; a leading decimal mark is possible.
    whole: String,
    /// Numerator and denominator.
    fraction: Option<(u32, u32)>,
}

/// What a comma before exactly three digits means: `1,000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoneComma {
    /// It groups thousands.
    Groups,
    /// It is the decimal mark.
    Decimal,
}

/// Why an [`Amount`] has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AmountError {
    /// It is no number.
    Malformed,
    /// It is larger than anything that is measured here.
    TooLarge,
}

impl Amount {
    /// The value, rounded to `places` decimals.
    pub(super) fn value(&self, lone_comma: LoneComma, places: u32) -> Result<Decimal, AmountError> {
        let whole = if self.whole.is_empty() {
            Decimal::ZERO
        } else {
            parse_whole(&self.whole, lone_comma)?
        };
        let fraction = match self.fraction {
            None => Decimal::ZERO,
            Some((numerator, denominator)) => Decimal::from(numerator)
                .checked_div(Decimal::from(denominator))
                .ok_or(AmountError::Malformed)?,
        };
        let value = whole.checked_add(fraction).ok_or(AmountError::TooLarge)?;
        Ok(value
            .round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
            .normalize())
    }

    /// Appends a group of three digits that a space has separated: `1 000`. Answers whether it is one.
    pub(super) fn append_group(&mut self, group: &Self) -> bool {
        let is_group = self.fraction.is_none()
            && !self.whole.contains(['.', ','])
            && group
                .whole
                .get(..3)
                .is_some_and(|start| start.bytes().all(|byte| byte.is_ascii_digit()))
            && group
                .whole
                .get(3..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ',']));
        if is_group {
            self.whole.push_str(&group.whole);
            self.fraction = group.fraction;
        }
        is_group
    }

    /// The three numbers of `10,6,4`, where commas can only be separators.
    pub(super) fn split_at_commas(&self) -> Option<[Self; 3]> {
        if self.fraction.is_some() {
            return None;
        }
        let parts: Vec<_> = self
            .whole
            .split(',')
            .map(|part| Self {
                whole: part.to_owned(),
                fraction: None,
            })
            .filter(|part| !part.whole.is_empty())
            .collect();
        parts.try_into().ok()
    }
}

/// With both marks, the last one is the decimal mark; a mark that is repeated groups thousands.
fn parse_whole(text: &str, lone_comma: LoneComma) -> Result<Decimal, AmountError> {
    let last_mark = text.rfind(['.', ',']);
    let decimal_mark = last_mark.filter(|&position| {
        let (before, mark_and_after) = text.split_at(position);
        let repeated = mark_and_after
            .chars()
            .next()
            .is_some_and(|mark| before.contains(mark));
        let groups_thousands = lone_comma == LoneComma::Groups
            && mark_and_after.starts_with(',')
            && is_leading_group(before)
            && mark_and_after.len() == 4;
        !repeated && !groups_thousands
    });
    let (whole, decimals) = match decimal_mark {
        None => (text, ""),
        Some(position) => (&text[..position], &text[position + 1..]),
    };
    let whole = without_groups(whole).ok_or(AmountError::Malformed)?;
    if whole.trim_start_matches('0').len() > WHOLE_DIGITS {
        return Err(AmountError::TooLarge);
    }
    // Digits past these can't change the rounded value by more than the last kept place.
    let decimals = &decimals[..decimals.len().min(WHOLE_DIGITS)];
    format!("0{whole}.{decimals}0")
        .parse()
        .map_err(|_| AmountError::Malformed)
}

/// The digits of `1,234,567` or `1.234.567`; `None` when the groups are not of three digits.
fn without_groups(whole: &str) -> Option<String> {
    let mark = whole.chars().find(|character| !character.is_ascii_digit());
    let Some(mark) = mark else {
        return Some(whole.to_owned());
    };
    let mut groups = whole.split(mark);
    let well_formed = groups.next().is_some_and(is_leading_group)
        && groups.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()));
    well_formed.then(|| whole.replace(mark, ""))
}

/// Whether these digits can stand before a group of three: `0,500` is a half, not five hundred.
fn is_leading_group(digits: &str) -> bool {
    matches!(digits.len(), 1..=3)
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The items of cleaned text. Parentheses and the dot of an abbreviation are left out.
pub(super) fn items(text: &str) -> Vec<Item> {
    let characters: Vec<char> = text.to_lowercase().chars().collect();
    let mut items = Vec::new();
    let mut rest = characters.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        if first.is_ascii_digit() || (is_decimal_mark(*first) && starts_with_digit(after)) {
            let (number, after) = take_number(*first, after);
            items.push(Item::Amount(Amount {
                whole: number,
                fraction: None,
            }));
            rest = after;
        } else if let Some(fraction) = vulgar_fraction(*first) {
            items.push(Item::Amount(Amount {
                whole: String::new(),
                fraction: Some(fraction),
            }));
        } else if first.is_alphabetic() {
            let length = after
                .iter()
                .take_while(|character| character.is_alphabetic())
                .count();
            let (letters, after) = after.split_at(length);
            items.push(Item::Word([&[*first], letters].concat().into_iter().collect()));
            rest = after.strip_prefix(&['.']).unwrap_or(after);
        } else if !first.is_whitespace() && !matches!(first, '(' | ')') {
            items.push(Item::Mark(*first));
        }
    }
    join_fractions(&items)
}

fn is_decimal_mark(character: char) -> bool {
    matches!(character, '.' | ',')
}

fn starts_with_digit(characters: &[char]) -> bool {
    characters.first().is_some_and(char::is_ascii_digit)
}

/// The number that `first` begins, and what follows it. A mark belongs to it when a digit comes next.
fn take_number(first: char, after: &[char]) -> (String, &[char]) {
    let mut number = String::from(first);
    let mut rest = after;
    while let [next, after @ ..] = rest {
        if !(next.is_ascii_digit() || (is_decimal_mark(*next) && starts_with_digit(after))) {
            break;
        }
        number.push(*next);
        rest = after;
    }
    (number, rest)
}

fn vulgar_fraction(character: char) -> Option<(u32, u32)> {
    Some(match character {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅕' => (1, 5),
        '⅖' => (2, 5),
        '⅗' => (3, 5),
        '⅘' => (4, 5),
        '⅙' => (1, 6),
        '⅚' => (5, 6),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    })
}

/// Makes one amount of `1/2`, and of a whole number before a fraction: `1 1/2`, `1-1/2`, `1½`.
fn join_fractions(items: &[Item]) -> Vec<Item> {
    let mut joined: Vec<Item> = Vec::with_capacity(items.len());
    let mut rest = items;
    while let [first, after @ ..] = rest {
        rest = after;
        let fraction = match (first, after) {
            (Item::Amount(over), [Item::Mark('/' | '⁄' | '∕'), Item::Amount(under), after @ ..]) => {
                simple_fraction(over, under).inspect(|_| rest = after)
            }
            (Item::Amount(Amount { whole, fraction }), _) if whole.is_empty() => *fraction,
            _ => None,
        };
        match fraction {
            None => joined.push(first.clone()),
            Some(fraction) => push_fraction(&mut joined, fraction),
        }
    }
    joined
}

fn push_fraction(joined: &mut Vec<Item>, fraction: (u32, u32)) {
    let hyphenated =
        matches!(joined.as_slice(), [.., Item::Amount(amount), Item::Mark('-')] if amount.is_integer());
    if hyphenated {
        joined.pop();
    }
    match joined.last_mut() {
        Some(Item::Amount(amount)) if amount.is_integer() => amount.fraction = Some(fraction),
        _ => joined.push(Item::Amount(Amount {
            whole: String::new(),
            fraction: Some(fraction),
        })),
    }
}

impl Amount {
    fn is_integer(&self) -> bool {
        self.fraction.is_none()
            && !self.whole.is_empty()
            && self.whole.bytes().all(|byte| byte.is_ascii_digit())
    }
}

fn simple_fraction(over: &Amount, under: &Amount) -> Option<(u32, u32)> {
    if over.fraction.is_some() || under.fraction.is_some() {
        return None;
    }
    Some((over.whole.parse().ok()?, under.whole.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    fn value(text: &str, lone_comma: LoneComma) -> Result<Decimal, AmountError> {
        match items(text).as_slice() {
            [Item::Amount(amount)] => amount.value(lone_comma, 3),
            other => panic!("{text} should be one number, not {other:?}"),
        }
    }

    #[test]
    fn plain_and_mixed_numbers_have_their_value() {
        for (text, expected) in [
            ("2", dec!(2)),
            ("2.50", dec!(2.5)),
            ("2,5", dec!(2.5)),
            (".5", dec!(0.5)),
            (",25", dec!(0.25)),
            ("007", dec!(7)),
            ("1/2", dec!(0.5)),
            ("½", dec!(0.5)),
            ("1½", dec!(1.5)),
            ("1 ½", dec!(1.5)),
            ("1 1/2", dec!(1.5)),
            ("1-1/2", dec!(1.5)),
            ("2/3", dec!(0.667)),
            ("1,234.5", dec!(1234.5)),
            ("1.234,5", dec!(1234.5)),
            ("1,234,567", dec!(1234567)),
            ("0.0004", dec!(0)),
            ("0.00049999999999999999999", dec!(0)),
            ("0,500", dec!(0.5)),
        ] {
            for lone_comma in [LoneComma::Groups, LoneComma::Decimal] {
                assert_eq!(value(text, lone_comma), Ok(expected), "{text}");
            }
        }
    }

    #[test]
    fn a_lone_comma_before_three_digits_means_what_the_caller_says() {
        assert_eq!(value("1,500", LoneComma::Groups), Ok(dec!(1500)));
        assert_eq!(value("1,500", LoneComma::Decimal), Ok(dec!(1.5)));
    }

    #[test]
    fn nonsense_and_giants_have_no_value() {
        for text in ["1/0", "1.2.3", "12,34,5", "1,23.4.5"] {
            assert_eq!(
                value(text, LoneComma::Decimal),
                Err(AmountError::Malformed),
                "{text}"
            );
        }
        assert_eq!(
            value(&"9".repeat(64), LoneComma::Decimal),
            Err(AmountError::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn a_written_number_is_read_back(thousandths in 0_i64..1_000_000_000_000) {
            let number = Decimal::new(thousandths, 3).normalize();
            prop_assert_eq!(value(&number.to_string(), LoneComma::Groups), Ok(number));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in r"[0-9.,/½ -]{0,24}|.*") {
            for item in items(&text) {
                if let Item::Amount(amount) = item {
                    let _ = (amount.value(LoneComma::Groups, 3), amount.value(LoneComma::Decimal, 3));
                }
            }
        }
    }
}
