//! Limits that stand in the words of descriptions only, in the few forms that the documents have for them.

use rust_decimal::Decimal;

/// The number after the first of these labels, as in `Step: 0.1`.
pub(super) fn number(description: &str, labels: &[&str]) -> Option<Decimal> {
    labels
        .iter()
        .find_map(|label| leading_number(after(description, label)?).map(|(number, _)| number))
}

/// The types in `Accepted types: image/jpeg, image/png`.
pub(super) fn mime_types(description: &str) -> Vec<String> {
    let Some(rest) = after(description, "accepted types") else {
        return Vec::new();
    };
    let mut types: Vec<String> = Vec::new();
    let list = rest.split([';', ')', '\n']).next().unwrap_or_default();
    for word in list.split([',', ' ', '|']) {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let mime = word.to_ascii_lowercase();
        if is_mime(&mime) && !types.contains(&mime) {
            types.push(mime);
        }
    }
    types
}

/// The bytes in `Max size: 10.0MB`.
pub(super) fn max_bytes(description: &str) -> Option<u64> {
    let (number, rest) = leading_number(after(description, "max size")?)?;
    let rest = rest.trim_start();
    let unit: u64 = match rest.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("kb") => 1 << 10,
        Some("mb") => 1 << 20,
        Some("gb") => 1 << 30,
        _ => return None,
    };
    let bytes = number.checked_mul(Decimal::from(unit))?.trunc();
    u64::try_from(bytes).ok().filter(|bytes| *bytes > 0)
}

/// What follows a label, the colon and the spaces after it left out. The label is in lower case.
fn after<'a>(description: &'a str, label: &str) -> Option<&'a str> {
    // Lower case of ASCII only, so that places stay the same.
    let lower = description.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let start = from + lower.get(from..)?.find(label)?;
        let end = start + label.len();
        let inside_a_word = lower
            .get(..start)
            .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric()));
        let rest = description.get(end..)?.trim_start();
        match rest.strip_prefix(':') {
            Some(rest) if !inside_a_word => return Some(rest.trim_start()),
            _ => from = end,
        }
    }
}

fn leading_number(text: &str) -> Option<(Decimal, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    // A full stop may end the sentence.
    Some((digits.trim_end_matches('.').parse().ok()?, rest))
}

fn is_mime(word: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'))
    };
    word.split_once('/')
        .is_some_and(|(kind, subtype)| plain(kind) && plain(subtype))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn the_forms_of_the_documents_are_understood() {
        let file =
            "Address after the upload; accepted types: image/jpeg, image/png, audio/ogg.; Max size: 10.0MB)";
        assert_eq!(mime_types(file), ["image/jpeg", "image/png", "audio/ogg"]);
        assert_eq!(max_bytes(file), Some(10 << 20));
        assert_eq!(max_bytes("Max size: 1.5 GB"), Some(3 << 29));
        let number_of = |label| number("Strength (Min: 0, Max: 1, Step: 0.05).", &[label]);
        assert_eq!(number_of("min"), Some(dec!(0)));
        assert_eq!(number_of("max"), Some(dec!(1)));
        assert_eq!(number_of("step"), Some(dec!(0.05)));
        let length = ["max length", "maximum length"];
        assert_eq!(
            number("Maximum length: 5000 characters.", &length),
            Some(dec!(5000))
        );
    }

    #[test]
    fn what_only_looks_like_a_limit_is_none() {
        assert_eq!(
            number("At most 3 steps. The maximum is fine.", &["max", "step"]),
            None
        );
        assert_eq!(number("Climax: 3", &["max"]), None);
        assert_eq!(max_bytes("Max size: large"), None);
        assert_eq!(max_bytes("Max size: -1MB"), None);
        assert!(mime_types("All and/or no types.").is_empty());
    }

    proptest! {
        #[test]
        fn any_words_are_read(text in "\\PC{0,80}", tail in "\\PC{0,30}") {
            for text in [text, format!("Max size: {tail}"), format!("Accepted types: {tail}"), format!("Step: {tail}")] {
                let _ = number(&text, &["min", "max", "step"]);
                let _ = mime_types(&text);
                let _ = max_bytes(&text);
            }
        }
    }
}
