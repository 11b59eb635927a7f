//! Keyboards: what may be sent along with a message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const MAX_BUTTONS: usize = 100;
const MAX_BUTTONS_IN_ROW: usize = 8;
const MAX_CALLBACK_DATA_BYTES: usize = 64;

/// The ways in which an inline button can act; each button has exactly one.
const INLINE_ACTIONS: [&str; 9] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "pay",
];

/// A checked `reply_markup`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Markup {
    /// Rows of inline buttons; never empty.
    Inline(Vec<Value>),
    /// A `ReplyKeyboardMarkup`.
    Reply(Value),
    /// A `ReplyKeyboardRemove`.
    Remove,
    /// A `ForceReply`.
    ForceReply,
}

impl Markup {
    /// Reads the `reply_markup` of a call. An empty inline keyboard is none.
    ///
    /// # Errors
    /// What comes after `Bad Request: ` in the answer.
    pub(crate) fn parse(value: &Value) -> Result<Option<Self>, String> {
        let Value::Object(object) = value else {
            return Err("object expected as reply markup".to_owned());
        };
        if let Some(rows) = object.get("inline_keyboard") {
            let rows = rows_of(rows, "inline_keyboard", inline_button)?;
            return Ok((!rows.is_empty()).then_some(Self::Inline(rows)));
        }
        if let Some(rows) = object.get("keyboard") {
            let rows = rows_of(rows, "keyboard", reply_button)?;
            if rows.is_empty() {
                return Err("reply keyboard is empty".to_owned());
            }
            let mut keyboard = object.clone();
            keyboard.insert("keyboard".to_owned(), Value::Array(rows));
            return Ok(Some(Self::Reply(Value::Object(keyboard))));
        }
        let is_set = |name| object.get(name) == Some(&Value::Bool(true));
        if is_set("remove_keyboard") {
            return Ok(Some(Self::Remove));
        }
        if is_set("force_reply") {
            return Ok(Some(Self::ForceReply));
        }
        if object.is_empty() {
            Ok(None)
        } else {
            Err("can't parse reply keyboard markup JSON object".to_owned())
        }
    }

    pub(crate) fn inline_rows(&self) -> Option<&[Value]> {
        match self {
            Self::Inline(rows) => Some(rows),
            Self::Reply(_) | Self::Remove | Self::ForceReply => None,
        }
    }
}

/// Checks the rows; empty ones are left out.
fn rows_of(
    rows: &Value,
    field: &str,
    button: fn(&Value) -> Result<Value, String>,
) -> Result<Vec<Value>, String> {
    let not_an_array = || format!("Field \"{field}\" must be of type Array");
    let mut buttons = 0;
    let mut checked = Vec::new();
    for row in rows.as_array().ok_or_else(not_an_array)? {
        let row = row
            .as_array()
            .ok_or_else(|| format!("Field \"{field}\" must be an Array of Arrays"))?;
        buttons += row.len();
        if row.len() > MAX_BUTTONS_IN_ROW || buttons > MAX_BUTTONS {
            return Err("reply markup is too long".to_owned());
        }
        if !row.is_empty() {
            checked.push(Value::Array(row.iter().map(button).collect::<Result<_, _>>()?));
        }
    }
    Ok(checked)
}

fn text_of(button: &Map<String, Value>) -> Result<&str, String> {
    match button.get("text") {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        Some(Value::String(_)) => Err("text buttons must be non-empty".to_owned()),
        _ => Err("can't parse keyboard button: Field \"text\" must be of type String".to_owned()),
    }
}

fn inline_button(button: &Value) -> Result<Value, String> {
    let Value::Object(fields) = button else {
        return Err("can't parse inline keyboard button: InlineKeyboardButton must be an Object".to_owned());
    };
    text_of(fields)?;
    match INLINE_ACTIONS
        .iter()
        .filter(|action| fields.contains_key(**action))
        .count()
    {
        0 => {
            return Err(
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
                    .to_owned(),
            );
        }
        1 => {}
        _ => return Err("BUTTON_TYPE_INVALID".to_owned()),
    }
    if let Some(data) = fields.get("callback_data") {
        let bytes = data.as_str().map_or(0, str::len);
        if !(1..=MAX_CALLBACK_DATA_BYTES).contains(&bytes) {
            return Err("BUTTON_DATA_INVALID".to_owned());
        }
    }
    if let Some(url) = fields.get("url")
        && !is_button_url(url)
    {
        return Err("BUTTON_URL_INVALID".to_owned());
    }
    Ok(button.clone())
}

fn is_button_url(url: &Value) -> bool {
    let parsed = url.as_str().and_then(|text| url::Url::parse(text).ok());
    parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https" | "tg"))
}

/// A button of a reply keyboard; plain text stands for a button of that text.
fn reply_button(button: &Value) -> Result<Value, String> {
    match button {
        Value::String(text) => {
            let button = serde_json::json!({ "text": text });
            reply_button(&button)
        }
        Value::Object(fields) => text_of(fields).map(|_| button.clone()),
        _ => Err("can't parse keyboard button: KeyboardButton must be an Object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inline(button: &Value) -> Result<Option<Markup>, String> {
        Markup::parse(&json!({"inline_keyboard": [[button]]}))
    }

    #[test]
    fn callback_data_is_limited_in_bytes() {
        assert!(inline(&json!({"text": "a", "callback_data": "x".repeat(64)})).is_ok());
        for data in ["x".repeat(65), "ж".repeat(33), String::new()] {
            let refused = inline(&json!({"text": "a", "callback_data": data}));
            assert_eq!(refused, Err("BUTTON_DATA_INVALID".to_owned()));
        }
    }

    #[test]
    fn a_button_has_a_text_and_one_action() {
        assert!(inline(&json!({"text": " ", "callback_data": "x"})).is_err());
        assert!(inline(&json!({"text": "a"})).is_err());
        assert!(inline(&json!({"text": "a", "callback_data": "x", "url": "https://a.example"})).is_err());
        assert_eq!(
            inline(&json!({"text": "a", "url": "no"})),
            Err("BUTTON_URL_INVALID".to_owned())
        );
    }

    #[test]
    fn a_hundred_buttons_are_the_most_and_eight_in_a_row() {
        let button = json!({"text": "a", "callback_data": "x"});
        let keyboard = |rows: usize, columns: usize| {
            Markup::parse(&json!({"inline_keyboard": vec![vec![button.clone(); columns]; rows]}))
        };
        assert!(keyboard(12, 8).is_ok());
        assert!(keyboard(13, 8).is_err());
        assert!(keyboard(1, 9).is_err());
        assert_eq!(keyboard(0, 0), Ok(None));
        assert_eq!(keyboard(3, 0), Ok(None));
    }

    #[test]
    fn reply_keyboards_take_bare_texts() {
        let keyboard =
            Markup::parse(&json!({"keyboard": [["Yes", {"text": "No"}]], "resize_keyboard": true}));
        let expected = json!({"keyboard": [[{"text": "Yes"}, {"text": "No"}]], "resize_keyboard": true});
        assert_eq!(keyboard, Ok(Some(Markup::Reply(expected))));
        assert!(Markup::parse(&json!({"keyboard": "x"})).is_err());
        assert_eq!(
            Markup::parse(&json!({"remove_keyboard": true})),
            Ok(Some(Markup::Remove))
        );
    }
}
