//! How parameters, values and long lists look.

use serde_json::Value;

use super::answer::SentFile;
use crate::flows::speech::Speech;
use crate::generation::schema::{Choice, Kind, Parameter};
use crate::localization::Args;

/// The page of a list: what is on it, its number from 0, and how many there are.
pub(super) fn page_of<T>(items: &[T], on_a_page: usize, page: usize) -> (&[T], usize, usize) {
    let pages = items.len().div_ceil(on_a_page).max(1);
    let page = page.min(pages - 1);
    let from = (page * on_a_page).min(items.len());
    let to = (from + on_a_page).min(items.len());
    (&items[from..to], page, pages)
}

/// The buttons that turn pages; none when there is one page only.
pub(super) fn page_buttons(
    speech: &Speech<'_>,
    prefix: &str,
    page: usize,
    pages: usize,
) -> Vec<(String, String)> {
    if pages < 2 {
        return Vec::new();
    }
    // Round and round, so that no button is dead.
    let earlier = (page + pages - 1) % pages;
    let later = (page + 1) % pages;
    let args = || Args::new().with("page", page + 1).with("pages", pages);
    let mut buttons = vec![(speech.text("button-page", &args()), format!("{prefix}{later}"))];
    if pages > 2 {
        buttons.insert(
            0,
            (speech.plain("button-earlier-page"), format!("{prefix}{earlier}")),
        );
    }
    buttons
}

/// A parameter's name as people read it: `aspect_ratio` is `Aspect ratio`.
pub(super) fn parameter_name(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let words = words.trim();
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

/// An option as its button says it.
pub(super) fn option_label(option: &Choice) -> String {
    let label = option.label.clone().unwrap_or_else(|| option.value.to_string());
    shortened(&label, 48)
}

/// A text of at most this many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// An answer as the person reads it.
pub(super) fn answer(speech: &Speech<'_>, kind: &Kind, value: &Value, longest: usize) -> String {
    if let Some(file) = SentFile::of(value) {
        return match file.name {
            Some(name) => format!("📎 {}", shortened(&name, 40)),
            None => format!("📎 {}", speech.plain("generation-file")),
        };
    }
    match (kind, value) {
        (_, Value::Bool(true)) => speech.plain("button-yes"),
        (_, Value::Bool(false)) => speech.plain("button-no"),
        (Kind::Choice { options }, value) => {
            let is_this = |option: &&Choice| super::answer::of_literal(&option.value) == *value;
            let option = options.iter().find(is_this);
            option.map_or_else(|| plain(value), option_label)
        }
        (Kind::List(rules), Value::Array(items)) => {
            let shown: Vec<_> = items
                .iter()
                .map(|item| answer(speech, &rules.item, item, longest.min(40)))
                .collect();
            shortened(&shown.join("; "), longest)
        }
        (Kind::Object { fields }, Value::Object(values)) => {
            let field = |field: &Parameter| {
                let value = values.get(&field.name)?;
                Some(answer(speech, &field.kind, value, longest.min(40)))
            };
            let shown: Vec<_> = fields.iter().filter_map(field).collect();
            shortened(&shown.join(", "), longest)
        }
        (_, value) => shortened(&plain(value), longest),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_always_one_that_there_is() {
        let items = [1, 2, 3, 4, 5];
        assert_eq!(page_of(&items, 2, 0), (&items[..2], 0, 3));
        assert_eq!(page_of(&items, 2, 2), (&items[4..], 2, 3));
        assert_eq!(page_of(&items, 2, 9), (&items[4..], 2, 3));
        assert_eq!(page_of::<u8>(&[], 2, 9), (&[][..], 0, 1));
    }

    #[test]
    fn names_and_long_texts_are_readable() {
        assert_eq!(parameter_name("aspect_ratio"), "Aspect ratio");
        assert_eq!(parameter_name("nsfw_checker"), "Nsfw checker");
        assert_eq!(shortened("a red fox", 6), "a red…");
        assert_eq!(shortened("лиса", 4), "лиса");
    }
}
