//! Parameters and their rules.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::literal::{decimal, whole};
use super::media::Media;
use super::{Literal, Reason};

/// One of the shapes that an input can have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputShape {
    /// What the document calls it, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its parameters: the required ones first, and else in the document's order.
    pub parameters: Vec<Parameter>,
}

/// Something that a model wants to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name that it is sent under.
    pub name: String,
    /// Whether the document requires it. Some documents require too much.
    pub required: bool,
    /// What it is, in the document's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the API takes when it isn't sent. It keeps the rules of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Literal>,
    /// Whether it was replaced by another, and is better left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// What is asked for.
    pub kind: Kind,
}

/// What is asked for, and what it has to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// Text.
    Text(TextRules),
    /// One of a few values.
    Choice {
        /// The values, each once; at least one.
        options: Vec<Choice>,
    },
    /// Yes or no.
    Toggle,
    /// A whole number.
    Integer(IntegerRules),
    /// A number that may have a fraction.
    Number(NumberRules),
    /// A file, sent as its address.
    Media(Media),
    /// Several of one kind, which is none of lists.
    List(ListRules),
    /// Several parameters under one name.
    Object {
        /// Its parameters, in the order of an [`InputShape`].
        fields: Vec<Parameter>,
    },
    /// What can't be asked for.
    Unaskable {
        /// Why.
        reason: Reason,
    },
}

/// What text has to be. Lengths are in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRules {
    /// The shortest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_chars: Option<u32>,
    /// The longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// Whether it is prose, such as a prompt, and not a word or a code.
    #[serde(default)]
    pub multi_line: bool,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is sent.
    pub value: Literal,
    /// What the document calls it; without, the value speaks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What a whole number has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegerRules {
    /// The smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The distance between two values, above 0, counted from the smallest, or else from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<i64>,
}

/// What a number has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRules {
    /// The smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Decimal>,
    /// The largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Decimal>,
    /// The distance between two values, above 0, counted from the smallest, or else from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Decimal>,
}

/// What a list has to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListRules {
    /// What each item is.
    pub item: Box<Kind>,
    /// The fewest items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u32>,
    /// The most items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
}

impl Kind {
    /// Whether it can be asked for.
    pub fn is_askable(&self) -> bool {
        !matches!(self, Self::Unaskable { .. })
    }

    /// Whether `value` keeps the rules. Files, lists and objects are no values of this sort.
    pub fn takes(&self, value: &Literal) -> bool {
        match (self, value) {
            (Self::Text(rules), Literal::Text(text)) => rules.take(text),
            (Self::Choice { options }, value) => options.iter().any(|option| option.value == *value),
            (Self::Toggle, Literal::Toggle(_)) => true,
            (Self::Integer(rules), Literal::Number(number)) => {
                whole(number).is_some_and(|number| rules.take(number))
            }
            (Self::Number(rules), Literal::Number(number)) => {
                decimal(number).is_some_and(|number| rules.take(number))
            }
            _ => false,
        }
    }
}

impl TextRules {
    /// Whether `text` keeps the rules.
    pub fn take(&self, text: &str) -> bool {
        let chars = text.chars().count();
        let reaches = |limit: u32| usize::try_from(limit).is_ok_and(|limit| chars >= limit);
        let exceeds = |limit: u32| usize::try_from(limit).is_ok_and(|limit| chars > limit);
        self.min_chars.is_none_or(reaches) && !self.max_chars.is_some_and(exceeds)
    }
}

impl IntegerRules {
    /// Whether `value` keeps the rules.
    pub fn take(&self, value: i64) -> bool {
        let on_step = |step: i64| {
            let from = i128::from(value) - i128::from(self.min.unwrap_or_default());
            step <= 0 || from % i128::from(step) == 0
        };
        self.min.is_none_or(|min| value >= min)
            && self.max.is_none_or(|max| value <= max)
            && self.step.is_none_or(on_step)
    }
}

impl NumberRules {
    /// Whether `value` keeps the rules.
    pub fn take(&self, value: Decimal) -> bool {
        let on_step = |step: Decimal| {
            let from = value.checked_sub(self.min.unwrap_or_default());
            // What can't be computed is left to the API to refuse.
            from.and_then(|from| from.checked_rem(step))
                .is_none_or(|rest| rest.is_zero())
        };
        self.min.is_none_or(|min| value >= min)
            && self.max.is_none_or(|max| value <= max)
            && self.step.is_none_or(on_step)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn a_number_keeps_its_range_and_its_step() {
        let rules = NumberRules {
            min: Some(dec!(0.7)),
            max: Some(dec!(1.2)),
            step: Some(dec!(0.1)),
        };
        // With floats, 0.7 + 0.1 is not on the step.
        for good in [dec!(0.7), dec!(0.8), dec!(1.2), dec!(1.0)] {
            assert!(rules.take(good), "{good}");
        }
        for bad in [dec!(0.6), dec!(1.3), dec!(0.75)] {
            assert!(!rules.take(bad), "{bad}");
        }
        let frames = IntegerRules {
            min: Some(41),
            max: Some(i64::MAX),
            step: Some(4),
        };
        assert!(frames.take(45) && !frames.take(44) && !frames.take(37));
        let any = IntegerRules {
            min: Some(i64::MIN),
            max: None,
            step: Some(1),
        };
        assert!(any.take(i64::MAX));
    }

    #[test]
    fn text_is_counted_in_characters() {
        let rules = TextRules {
            min_chars: Some(3),
            max_chars: Some(5),
            multi_line: false,
        };
        assert!(rules.take("кот") && rules.take("рыбка"));
        assert!(!rules.take("да") && !rules.take("собака"));
    }
}
