//! What of an error's message may be shown: what happened, and nothing of whom it happened to.

use serde_json::Value;
use stepkeep_core::Session;

pub(crate) use crate::config::without_secrets;

/// The longest message that is shown, in characters.
const LONGEST: usize = 160;

/// What stands in the place of what is left out.
const LEFT_OUT: char = '…';

/// A message without secrets, quotations, addresses of mail, ids, and numbers of four digits or more; shortened.
pub(crate) fn shown(message: &str) -> String {
    let safe = without_numbers(&without_codes(&without_quotations(&without_secrets(message))));
    let line = safe.trim();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}{LEFT_OUT}", &line[..end]),
        None => line.to_owned(),
    }
}

/// The shortest answer that is looked for, in bytes: shorter ones are in any text.
const SHORTEST_ANSWER: usize = 4;

/// A message without what the session's person answered, which an API may have repeated.
pub(crate) fn without_answers(message: &str, session: &Session) -> String {
    let values = session
        .data()
        .values()
        .filter_map(|value| value.get::<Value>().ok());
    let mut answers = Vec::new();
    for value in values {
        texts_of(&value, &mut answers);
    }
    // The longest first: it may contain others.
    answers.sort_by_key(|answer| std::cmp::Reverse(answer.len()));
    answers
        .iter()
        .fold(message.to_owned(), |message, answer| without(&message, answer))
}

fn texts_of(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= SHORTEST_ANSWER => found.push(text.clone()),
        Value::Array(values) => {
            for value in values {
                texts_of(value, found);
            }
        }
        Value::Object(members) => {
            for value in members.values() {
                texts_of(value, found);
            }
        }
        _ => {}
    }
}

/// A text without this in it, in capitals or not.
fn without(text: &str, unwanted: &str) -> String {
    let (lower, unwanted) = (text.to_ascii_lowercase(), unwanted.to_ascii_lowercase());
    let mut safe = String::with_capacity(text.len());
    let mut from = 0;
    // Lower case of ASCII is as long, so places in both are the same.
    while let Some(at) = lower[from..].find(&unwanted) {
        safe.push_str(&text[from..from + at]);
        safe.push(LEFT_OUT);
        from += at + unwanted.len();
    }
    safe.push_str(&text[from..]);
    safe
}

/// What is quoted is mostly what somebody wrote.
fn without_quotations(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, quote)) = rest.char_indices().find(|(_, c)| opens(*c).is_some()) {
        let (before, quoted) = (&rest[..start], &rest[start + quote.len_utf8()..]);
        // An apostrophe within a word quotes nothing.
        let is_in_word = quote == '\'' && before.chars().next_back().is_some_and(char::is_alphanumeric);
        let end = opens(quote)
            .filter(|_| !is_in_word)
            .and_then(|close| quoted.find(close).map(|end| (close, end)));
        let Some((close, end)) = end else {
            safe.push_str(&rest[..start + quote.len_utf8()]);
            rest = quoted;
            continue;
        };
        safe.push_str(before);
        safe.extend([quote, LEFT_OUT, close]);
        rest = &quoted[end + close.len_utf8()..];
    }
    safe.push_str(rest);
    safe
}

fn opens(quote: char) -> Option<char> {
    match quote {
        '"' | '\'' | '`' => Some(quote),
        '“' => Some('”'),
        '«' => Some('»'),
        _ => None,
    }
}

/// Addresses of mail, and ids of requests: those would also make each error one of its own.
fn without_codes(text: &str) -> String {
    let is_code = |word: &str| {
        word.contains('@') || (word.len() >= 8 && word.bytes().any(|byte| byte.is_ascii_digit()))
    };
    let words = text.split_whitespace();
    let safe = words.map(|word| if is_code(word) { "…" } else { word });
    safe.collect::<Vec<_>>().join(" ")
}

/// Ids of people, telephone numbers, ZIP codes. A status such as 503 stays.
fn without_numbers(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if digits.len() >= 4 {
            safe.push(LEFT_OUT);
        } else {
            safe.push_str(&digits);
        }
        digits.clear();
        if c != '\0' {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use stepkeep_core::{
        BotId, FieldName, FieldValue, NewSession, SessionChange, SessionKey, Timestamp, UserId,
    };

    use super::*;

    #[test]
    fn what_happened_stays_and_whom_it_happened_to_goes() {
        for (message, expected) in [
            (
                "the store is unavailable: it can't be reached",
                "the store is unavailable: it can't be reached",
            ),
            ("server error 503", "server error 503"),
            ("no such city: \"Nowhere\"", "no such city: \"…\""),
            (
                "the chat 1001234567 of user 77123 is gone",
                "the chat … of user … is gone",
            ),
            ("request 3fa9c1d2-77b0-4c11", "request …"),
            ("write to anna@example.com, please", "write to … please"),
            (
                "https://api.telegram.org/bot123456789:AAE-an-example-of-a-token-3fQ/getMe",
                "https://api.telegram.org/bot***/getMe",
            ),
            ("two\n  lines", "two lines"),
            ("it doesn't end: 'quoted", "it doesn't end: 'quoted"),
        ] {
            assert_eq!(shown(message), expected);
        }
        assert_eq!(shown(&"ж".repeat(1_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn what_the_person_answered_goes_wherever_it_stands() {
        let field = |name, value: Value| (FieldName::new(name).unwrap(), FieldValue::from_json_value(&value));
        let change = [
            field("sender_city", "Nowhere".into()),
            field(
                "recipient",
                json!({"name": "Ann Лопес", "lines": ["1 Market St"]}),
            ),
            field("sender_state", "TX".into()),
        ]
        .into_iter()
        .fold(SessionChange::new(Timestamp::EPOCH), |change, (name, value)| {
            change.set(name, value)
        });
        let session = NewSession::new(SessionKey::private(BotId(1), UserId(2)), change).session();
        let message = "NOWHERE is no city of TX: Ann Лопес, 1 Market st, nowhere";
        assert_eq!(without_answers(message, &session), "… is no city of TX: …, …, …");
    }

    proptest! {
        #[test]
        fn no_long_number_and_no_quotation_gets_through(
            before in "[a-z ]{0,20}", number in "[1-9][0-9]{3,15}", word in "[A-Z]{5,12}",
        ) {
            let safe = shown(&format!("{before} {number}: \"{word} {number}\""));
            prop_assert!(!safe.contains(&number) && !safe.contains(&word), "{safe}");
        }

        #[test]
        fn anything_is_taken(message in ".{0,300}") {
            let _ = shown(&message);
        }
    }
}
