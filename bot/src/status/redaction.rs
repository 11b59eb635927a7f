//! What of an error's message may be shown: what happened, and nothing of whom it happened to.

pub(super) use crate::config::without_secrets;

/// The longest message that is shown, in characters.
const LONGEST: usize = 160;

/// What stands in the place of what is left out.
const LEFT_OUT: char = '…';

/// A message without secrets, quotations, addresses of mail, and numbers of four digits or more; shortened.
pub(super) fn shown(message: &str) -> String {
    let safe = without_numbers(&without_mail(&without_quotations(&without_secrets(message))));
    let line = safe.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}{LEFT_OUT}", &line[..end]),
        None => line,
    }
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

fn without_mail(text: &str) -> String {
    let words = text.split(' ');
    let safe = words.map(|word| if word.contains('@') { "…" } else { word });
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
