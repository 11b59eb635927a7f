//! From what a person sends to the value that a model takes, or why it doesn't take it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use stepkeep_core::{FileInput, FileKind};

use crate::generation::schema::{
    Choice, IntegerRules, Kind, ListRules, Literal, Media, MediaKind, NumberRules, TextRules,
};
use crate::localization::Args;

/// Why an answer isn't taken: a message, which the person reads above the question.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Which message.
    pub(super) id: &'static str,
    /// What stands in it.
    pub(super) args: Args,
}

impl Refusal {
    fn new(id: &'static str) -> Self {
        Self {
            id,
            args: Args::new(),
        }
    }

    fn with<V: ToString + ?Sized>(self, name: &'static str, value: &V) -> Self {
        Self {
            args: self.args.with(name, value.to_string()),
            ..self
        }
    }
}

/// A file that a person sent, in the place of its address, which it has only once it is uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// What Telegram calls it.
    #[serde(rename = "$file")]
    pub file_id: String,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its MIME type, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl SentFile {
    /// How many files there are in an answer.
    pub(super) fn count_in(value: &Value) -> u32 {
        match value {
            value if Self::of(value).is_some() => 1,
            Value::Array(items) => items.iter().map(Self::count_in).sum(),
            Value::Object(fields) => fields.values().map(Self::count_in).sum(),
            _ => 0,
        }
    }

    /// The file that an answer stands for, if it is one.
    pub fn of(value: &Value) -> Option<Self> {
        value.get("$file")?;
        serde_json::from_value(value.clone()).ok()
    }
}

/// Takes a text as the answer to a question of this kind. `longest` is how long prose may be at most.
pub(super) fn of_text(kind: &Kind, text: &str, longest: usize) -> Result<Value, Refusal> {
    let text = text.trim();
    match kind {
        Kind::Text(rules) => of_words(rules, text, longest),
        Kind::Choice { options } => find(options, text)
            .map(|option| of_literal(&option.value))
            .ok_or_else(|| Refusal::new("generation-not-an-option")),
        Kind::Toggle => toggle(text)
            .map(Value::Bool)
            .ok_or_else(|| Refusal::new("generation-yes-or-no")),
        Kind::Integer(rules) => of_integer(rules, text),
        Kind::Number(rules) => of_number(rules, text),
        Kind::Media(media) => of_address(text).ok_or_else(|| Refusal::new(wanted(media.media))),
        Kind::List(ListRules { item, .. }) => of_text(item, text, longest),
        Kind::Object { .. } | Kind::Unaskable { .. } => Err(Refusal::new("buttons-only")),
    }
}

fn of_words(rules: &TextRules, text: &str, longest: usize) -> Result<Value, Refusal> {
    let length = text.chars().count();
    let most = rules
        .max_chars
        .and_then(|most| usize::try_from(most).ok())
        .map_or(longest, |most| most.min(longest));
    if length > most {
        let refusal = Refusal::new("generation-text-too-long");
        return Err(refusal.with("length", &length).with("most", &most));
    }
    let least = rules.min_chars.and_then(|least| usize::try_from(least).ok());
    match least {
        Some(least) if length < least => {
            let refusal = Refusal::new("generation-text-too-short");
            Err(refusal.with("length", &length).with("least", &least))
        }
        _ if text.is_empty() => Err(Refusal::new("generation-text-empty")),
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// The option that a person means who types it: by its value or its label, in any case.
fn find<'a>(options: &'a [Choice], text: &str) -> Option<&'a Choice> {
    let text = text.to_lowercase();
    options.iter().find(|option| {
        let label = option.label.as_deref().map(str::to_lowercase);
        option.value.to_string().to_lowercase() == text || label.as_deref() == Some(&text)
    })
}

fn toggle(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "on" | "да" => Some(true),
        "no" | "n" | "false" | "off" | "нет" => Some(false),
        _ => None,
    }
}

/// A number as people write it: with a point or a comma, with a sign of any kind.
fn number(text: &str) -> Option<Decimal> {
    let text = text.replace(['\u{2212}', '\u{2013}'], "-").replace(',', ".");
    let text = text.strip_prefix('+').unwrap_or(&text);
    text.parse().ok()
}

fn of_integer(rules: &IntegerRules, text: &str) -> Result<Value, Refusal> {
    let value = number(text)
        .filter(Decimal::is_integer)
        .and_then(|value| value.to_i64())
        .ok_or_else(|| Refusal::new("generation-whole-number"))?;
    if rules.take(value) {
        Ok(value.into())
    } else {
        Err(range(
            rules.min.as_ref(),
            rules.max.as_ref(),
            rules.step.as_ref().filter(|step| **step != 1),
        ))
    }
}

fn of_number(rules: &NumberRules, text: &str) -> Result<Value, Refusal> {
    let value = number(text).ok_or_else(|| Refusal::new("generation-number"))?;
    if !rules.take(value) {
        return Err(range(rules.min.as_ref(), rules.max.as_ref(), rules.step.as_ref()));
    }
    // By its digits: as a float, 0.7 would be sent as something a little else.
    let written = value.normalize().to_string();
    let number: Option<Number> = serde_json::from_str(&written).ok();
    number
        .map(Value::Number)
        .ok_or_else(|| Refusal::new("generation-number"))
}

fn range<N: ToString>(min: Option<&N>, max: Option<&N>, step: Option<&N>) -> Refusal {
    let refusal = match (min, max) {
        (Some(min), Some(max)) => Refusal::new("generation-number-between")
            .with("min", min)
            .with("max", max),
        (Some(min), None) => Refusal::new("generation-number-from").with("min", min),
        (None, Some(max)) => Refusal::new("generation-number-to").with("max", max),
        (None, None) => Refusal::new("generation-number-on-step"),
    };
    match step {
        Some(step) => Refusal {
            id: match refusal.id {
                "generation-number-between" => "generation-number-between-on-step",
                "generation-number-from" => "generation-number-from-on-step",
                other => other,
            },
            ..refusal.with("step", step)
        },
        None => refusal,
    }
}

/// An address that a file can be got from, if the text is one.
fn of_address(text: &str) -> Option<Value> {
    let address = url::Url::parse(text).ok()?;
    let is_public = address.scheme() == "https" && address.domain().is_some_and(|host| host.contains('.'));
    (is_public && text.len() <= 2_048).then(|| Value::String(address.to_string()))
}

/// What a person is asked for who sent something else.
fn wanted(media: MediaKind) -> &'static str {
    match media {
        MediaKind::Image => "generation-send-image",
        MediaKind::Video => "generation-send-video",
        MediaKind::Audio => "generation-send-audio",
        MediaKind::Any => "generation-send-file",
    }
}

/// Takes a file as the answer to a question of this kind.
pub(super) fn of_file(kind: &Kind, file: &FileInput) -> Result<Value, Refusal> {
    match kind {
        Kind::Media(media) => of_media(media, file),
        Kind::List(ListRules { item, .. }) => of_file(item, file),
        Kind::Choice { .. } | Kind::Toggle | Kind::Object { .. } => Err(Refusal::new("buttons-only")),
        _ => Err(Refusal::new("text-only")),
    }
}

/// The largest file that bots can get from Telegram (Bot API, "getFile").
const LARGEST_DOWNLOAD: u64 = 20 * 1024 * 1024;

fn of_media(media: &Media, file: &FileInput) -> Result<Value, Refusal> {
    let media_type = media_type_of(file);
    let kind =
        media_type
            .as_deref()
            .map_or(MediaKind::Any, |media_type| match media_type.split('/').next() {
                Some("image") => MediaKind::Image,
                Some("video") => MediaKind::Video,
                Some("audio") => MediaKind::Audio,
                _ => MediaKind::Any,
            });
    if media.media != MediaKind::Any && kind != media.media {
        return Err(Refusal::new(wanted(media.media)));
    }
    if !media.mime_types.is_empty()
        && !media_type
            .as_ref()
            .is_some_and(|media_type| media.mime_types.iter().any(|taken| same_type(taken, media_type)))
    {
        return Err(Refusal::new("generation-file-type").with("types", &media.mime_types.join(", ")));
    }
    let largest = media.max_bytes.unwrap_or(LARGEST_DOWNLOAD).min(LARGEST_DOWNLOAD);
    if file.size.is_some_and(|size| size > largest) {
        let megabytes = largest / (1024 * 1024);
        return Err(Refusal::new("generation-file-too-large").with("most", &megabytes.max(1)));
    }
    let sent = SentFile {
        file_id: file.file_id.clone(),
        name: file.file_name.clone(),
        media_type,
    };
    serde_json::to_value(sent).map_err(|_| Refusal::new(wanted(media.media)))
}

/// The type that Telegram tells, else the one that its kind of file always has.
fn media_type_of(file: &FileInput) -> Option<String> {
    let by_kind = match file.kind {
        FileKind::Photo => Some("image/jpeg"),
        FileKind::Video | FileKind::Animation => Some("video/mp4"),
        FileKind::Voice => Some("audio/ogg"),
        FileKind::Audio => Some("audio/mpeg"),
        _ => None,
    };
    file.media_type.clone().or_else(|| by_kind.map(str::to_owned))
}

/// Whether two names are of one type: some types have two.
fn same_type(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "image/jpg" => "image/jpeg".to_owned(),
            "audio/mp3" => "audio/mpeg".to_owned(),
            "audio/x-wav" | "audio/wave" => "audio/wav".to_owned(),
            "video/quicktime" => "video/mov".to_owned(),
            _ => name,
        }
    };
    plain(one) == plain(other)
}

/// The value of an option or a default, as it is sent.
pub(super) fn of_literal(literal: &Literal) -> Value {
    match literal {
        Literal::Toggle(value) => Value::Bool(*value),
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::Text(text) => Value::String(text.clone()),
    }
}

/// Whether an answer of an earlier time is still one.
pub(super) fn still_fits(kind: &Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Media(_), value) => value.is_string() || SentFile::of(value).is_some(),
        (Kind::List(rules), Value::Array(items)) => {
            let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
            rules.min_items.is_none_or(|least| count >= least)
                && rules.max_items.is_none_or(|most| count <= most)
                && items.iter().all(|item| still_fits(&rules.item, item))
        }
        (Kind::Object { fields }, Value::Object(values)) => {
            fields.iter().all(|field| match values.get(&field.name) {
                Some(value) => still_fits(&field.kind, value),
                None => !field.required,
            })
        }
        (kind, Value::Bool(value)) => kind.takes(&Literal::Toggle(*value)),
        (kind, Value::Number(number)) => kind.takes(&Literal::Number(number.clone())),
        (kind, Value::String(text)) => kind.takes(&Literal::Text(text.clone())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;
    use serde_json::json;

    use super::*;

    fn taken(kind: &Kind, text: &str) -> Value {
        of_text(kind, text, 100).unwrap()
    }

    fn refused(kind: &Kind, text: &str) -> &'static str {
        of_text(kind, text, 100).unwrap_err().id
    }

    fn photo() -> FileInput {
        FileInput {
            file_id: "f1".into(),
            kind: FileKind::Photo,
            ..FileInput::default()
        }
    }

    #[test]
    fn text_has_to_be_of_the_right_length() {
        let words = |min_chars, max_chars| {
            Kind::Text(TextRules {
                min_chars,
                max_chars,
                multi_line: true,
            })
        };
        assert_eq!(taken(&words(Some(3), Some(5)), " лис "), json!("лис"));
        assert_eq!(
            refused(&words(Some(3), Some(5)), "ox"),
            "generation-text-too-short"
        );
        assert_eq!(
            refused(&words(None, Some(5)), "badger"),
            "generation-text-too-long"
        );
        assert_eq!(refused(&words(None, None), " "), "generation-text-empty");
        assert_eq!(
            refused(&words(None, Some(5_000)), &"x".repeat(101)),
            "generation-text-too-long"
        );
    }

    #[test]
    fn an_option_is_known_by_its_value_or_label_and_keeps_its_type() {
        let option = |value: Value, label: Option<&str>| Choice {
            value: serde_json::from_value(value).unwrap(),
            label: label.map(str::to_owned),
        };
        let kind = Kind::Choice {
            options: vec![option(json!("5"), Some("Short")), option(json!(10), None)],
        };
        assert_eq!(taken(&kind, "5"), json!("5"));
        assert_eq!(taken(&kind, "SHORT"), json!("5"));
        assert_eq!(taken(&kind, "10"), json!(10));
        assert_eq!(refused(&kind, "7"), "generation-not-an-option");
        assert_eq!(taken(&Kind::Toggle, "Да"), json!(true));
        assert_eq!(refused(&Kind::Toggle, "maybe"), "generation-yes-or-no");
    }

    #[test]
    fn numbers_are_written_as_people_do_and_sent_digit_by_digit() {
        let kind = Kind::Number(NumberRules {
            min: Some(dec!(0)),
            max: Some(dec!(1)),
            step: Some(dec!(0.1)),
        });
        assert_eq!(taken(&kind, "0,7").to_string(), "0.7");
        assert_eq!(taken(&kind, "1").to_string(), "1");
        for bad in ["1.1", "-0.1", "0.75"] {
            assert_eq!(refused(&kind, bad), "generation-number-between-on-step", "{bad}");
        }
        assert_eq!(refused(&kind, "half"), "generation-number");
        let whole = Kind::Integer(IntegerRules {
            min: Some(-1),
            max: None,
            step: None,
        });
        assert_eq!(taken(&whole, "\u{2212}1"), json!(-1));
        assert_eq!(taken(&whole, "7.0"), json!(7));
        assert_eq!(refused(&whole, "-2"), "generation-number-from");
        assert_eq!(refused(&whole, "0.5"), "generation-whole-number");
        assert_eq!(refused(&whole, "99999999999999999999"), "generation-whole-number");
    }

    #[test]
    fn a_file_has_to_be_of_the_right_kind_type_and_size() {
        let image = |mime_types: &[&str], max_bytes| {
            Kind::Media(Media {
                media: MediaKind::Image,
                mime_types: mime_types.iter().map(|&name| name.to_owned()).collect(),
                max_bytes,
            })
        };
        let value = of_file(&image(&["image/jpg"], Some(1_000)), &photo()).unwrap();
        assert_eq!(value, json!({"$file": "f1", "media_type": "image/jpeg"}));
        assert_eq!(SentFile::of(&value).unwrap().file_id, "f1");
        let refusal = |kind: &Kind, file: &FileInput| of_file(kind, file).unwrap_err().id;
        assert_eq!(
            refusal(&image(&["image/png"], None), &photo()),
            "generation-file-type"
        );
        let large = FileInput {
            size: Some(1_001),
            ..photo()
        };
        assert_eq!(
            refusal(&image(&[], Some(1_000)), &large),
            "generation-file-too-large"
        );
        let voice = FileInput {
            kind: FileKind::Voice,
            ..photo()
        };
        assert_eq!(refusal(&image(&[], None), &voice), "generation-send-image");
        assert_eq!(refusal(&Kind::Toggle, &photo()), "buttons-only");
    }

    #[test]
    fn an_address_is_taken_when_anybody_can_get_it() {
        let kind = Kind::Media(Media {
            media: MediaKind::Any,
            mime_types: Vec::new(),
            max_bytes: None,
        });
        assert_eq!(
            taken(&kind, "https://example.org/a.png"),
            json!("https://example.org/a.png")
        );
        for bad in [
            "http://example.org/a.png",
            "https://localhost/a",
            "https://10.0.0.1/a",
            "file:///a",
            "fox",
        ] {
            assert_eq!(refused(&kind, bad), "generation-send-file", "{bad}");
        }
    }

    #[test]
    fn answers_of_an_earlier_time_are_looked_at_again() {
        let list = Kind::List(ListRules {
            item: Box::new(Kind::Toggle),
            min_items: Some(1),
            max_items: Some(2),
        });
        assert!(still_fits(&list, &json!([true])));
        for bad in [json!([]), json!([true, false, true]), json!(["yes"]), json!(true)] {
            assert!(!still_fits(&list, &bad), "{bad}");
        }
    }
}
