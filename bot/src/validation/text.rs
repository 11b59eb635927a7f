//! Cleaning of typed text, before anything looks at its meaning.

use super::rejection::{Excerpt, Field, Rejection};

/// The longest input that the parsers of short values (state, ZIP, phone, weight, dimensions) look at, in characters.
const SHORT_VALUE_LIMIT: usize = 64;

/// `input` as one line: without characters that nobody sees, with single spaces, trimmed.
pub(super) fn one_line(input: &str) -> String {
    let mut line = String::with_capacity(input.len().min(256));
    for word in input
        .split(char::is_whitespace)
        .map(|word| word.chars().filter(|&character| !is_invisible(character)))
    {
        let start = line.len();
        line.extend(word);
        if line.len() > start && start > 0 {
            line.insert(start, ' ');
        }
    }
    line
}

/// The lines of `input` that hold something, each cleaned like [`one_line`].
pub(super) fn lines(input: &str) -> Vec<String> {
    input
        .lines()
        .map(one_line)
        .filter(|line| !line.is_empty())
        .collect()
}

/// The cleaned text of a value that is short by nature.
pub(super) fn short_value(input: &str, field: Field) -> Result<String, Rejection> {
    let text = one_line(input);
    check_length(&text, field, SHORT_VALUE_LIMIT)?;
    Ok(text)
}

/// The cleaned text of a name or a city, which stands on one line.
pub(super) fn only_line(input: &str, field: Field) -> Result<String, Rejection> {
    let mut lines = lines(input);
    match lines.pop() {
        None => Err(Rejection::Empty { field }),
        Some(line) if lines.is_empty() => Ok(line),
        Some(_) => Err(Rejection::SeveralLines { field }),
    }
}

/// Refuses empty text and text of more than `limit` characters.
pub(super) fn check_length(text: &str, field: Field, limit: usize) -> Result<(), Rejection> {
    let length = text.chars().count();
    if length == 0 {
        return Err(Rejection::Empty { field });
    }
    if length > limit {
        return Err(Rejection::TooLong { field, length, limit });
    }
    Ok(())
}

/// Refuses what no label printer prints.
pub(super) fn check_printable(text: &str, field: Field) -> Result<(), Rejection> {
    match text.chars().find(|&character| is_unprintable(character)) {
        None => Ok(()),
        Some(symbol) => Err(Rejection::Unprintable {
            field,
            symbol: Excerpt::new(symbol.encode_utf8(&mut [0; 4])),
        }),
    }
}

/// Whether a character takes no room or only steers the direction or the look of its neighbours. Pasted text is full
/// of them, and two texts that look the same must be the same.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// Whether a character is a picture, or has no agreed look at all.
fn is_unprintable(character: char) -> bool {
    matches!(
        character,
        '\u{20E3}'
            | '\u{2300}'..='\u{23FF}'
            | '\u{2600}'..='\u{27BF}'
            | '\u{2B00}'..='\u{2BFF}'
            | '\u{E000}'..='\u{F8FF}'
            | '\u{FFFC}'..='\u{FFFF}'
            | '\u{1F000}'..='\u{1FBFF}'
            | '\u{F0000}'..='\u{10FFFF}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spaces_are_collapsed_and_invisible_characters_vanish() {
        assert_eq!(
            one_line("  Maria\t\u{a0} Lo\u{200b}pez \u{202e}\r\n"),
            "Maria Lopez"
        );
    }

    #[test]
    fn text_of_invisible_characters_alone_is_empty() {
        assert_eq!(one_line("\u{200b} \u{feff}\u{0}\u{7}"), "");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(input in ".*") {
            let once = one_line(&input);
            prop_assert_eq!(one_line(&once), once);
        }
    }
}
