//! Texts with entities, as the Bot API keeps them: offsets and lengths count UTF-16 units.

mod html;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use html::parse_html;

/// The longest message text, in UTF-16 units after the entities are parsed.
pub(crate) const MAX_TEXT: usize = 4096;
/// The longest caption, in UTF-16 units after the entities are parsed.
pub(crate) const MAX_CAPTION: usize = 1024;

/// Telegram's `MessageEntity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entity {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) offset: usize,
    pub(crate) length: usize,
    /// What only some kinds have: `url`, `language`, ...
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
}

impl Entity {
    pub(crate) fn new(kind: &str, offset: usize, length: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            offset,
            length,
            more: Map::new(),
        }
    }

    fn end(&self) -> usize {
        self.offset + self.length
    }
}

/// A text and what parts of it mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FormattedText {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
}

impl FormattedText {
    /// A text as somebody types it: cut of surrounding white space, its commands found.
    pub(crate) fn typed(text: &str) -> Self {
        Self::new(text, Vec::new())
    }

    /// Does to a text what the server does to each: cuts white space at both ends, moves the entities along, and finds
    /// commands.
    pub(crate) fn new(text: &str, entities: Vec<Entity>) -> Self {
        let trimmed_end = text.trim_end();
        let trimmed = trimmed_end.trim_start();
        let cut = utf16_len(trimmed_end) - utf16_len(trimmed);
        let length = utf16_len(trimmed);
        let mut entities: Vec<Entity> = entities
            .into_iter()
            .filter_map(|entity| moved(entity, cut, length))
            .collect();
        let commands: Vec<Entity> = commands_of(trimmed)
            .filter(|command| !entities.iter().any(|entity| overlaps_code(entity, command)))
            .collect();
        entities.extend(commands);
        entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
        Self {
            text: trimmed.to_owned(),
            entities,
        }
    }

    pub(crate) fn utf16_len(&self) -> usize {
        utf16_len(&self.text)
    }
}

pub(crate) fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The entity after `cut` units went at the start, clipped to a text of `length` units.
fn moved(mut entity: Entity, cut: usize, length: usize) -> Option<Entity> {
    let end = entity.end().saturating_sub(cut).min(length);
    entity.offset = entity.offset.saturating_sub(cut);
    entity.length = end.checked_sub(entity.offset)?;
    (entity.length > 0).then_some(entity)
}

fn overlaps_code(entity: &Entity, command: &Entity) -> bool {
    matches!(entity.kind.as_str(), "code" | "pre" | "text_link" | "bot_command")
        && entity.offset < command.end()
        && command.offset < entity.end()
}

/// `/word` and `/word@bot`, where a word starts.
fn commands_of(text: &str) -> impl Iterator<Item = Entity> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices('/').filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '<' | '>')) {
            return None;
        }
        let rest = &text[at + 1..];
        let name = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if !(1..=64).contains(&name) {
            return None;
        }
        let mut length = name;
        if let Some(mention) = rest[name..].strip_prefix('@') {
            let user = mention.find(|c| !is_name(c)).unwrap_or(mention.len());
            if user >= 3 {
                length += 1 + user;
            }
        }
        let after = rest[length..].chars().next();
        if after.is_some_and(|c| c.is_alphanumeric() || c == '/') {
            return None;
        }
        Some(Entity::new("bot_command", utf16_len(&text[..at]), length + 1))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commands(text: &str) -> Vec<(usize, usize)> {
        FormattedText::typed(text)
            .entities
            .iter()
            .map(|entity| (entity.offset, entity.length))
            .collect()
    }

    #[test]
    fn commands_are_found_where_words_start() {
        assert_eq!(commands("/start"), [(0, 6)]);
        assert_eq!(commands("😀 /go@my_bot now"), [(3, 10)]);
        assert_eq!(commands("a/b 1/2 // /"), []);
        assert_eq!(commands("/кириллица"), []);
    }

    #[test]
    fn white_space_at_the_ends_is_cut_and_entities_move_along() {
        let text = FormattedText::new("  hi there \n", vec![Entity::new("bold", 1, 4)]);
        assert_eq!(text.text, "hi there");
        assert_eq!(text.entities, [Entity::new("bold", 0, 3)]);
    }

    proptest! {
        #[test]
        fn entities_always_lie_inside_the_text(
            text in "\\PC{0,40}",
            spans in prop::collection::vec((0usize..60, 1usize..30), 0..5),
        ) {
            let entities = spans.into_iter().map(|(at, length)| Entity::new("bold", at, length)).collect();
            let formatted = FormattedText::new(&text, entities);
            for entity in &formatted.entities {
                prop_assert!(entity.length > 0 && entity.end() <= formatted.utf16_len());
            }
        }

        #[test]
        fn markup_of_any_kind_is_parsed_or_refused(markup in "[<>/a-z&;= \"]{0,30}") {
            if let Ok(formatted) = parse_html(&markup) {
                for entity in &formatted.entities {
                    prop_assert!(entity.end() <= formatted.utf16_len());
                }
            }
        }
    }
}
