//! The Bot API's HTML dialect.

use serde_json::{Map, Value};

use super::{Entity, FormattedText};

/// Turns markup into a text and its entities.
///
/// # Errors
/// What comes after `can't parse entities: ` in the answer.
pub(crate) fn parse_html(markup: &str) -> Result<FormattedText, String> {
    let mut parser = Parser {
        markup,
        at: 0,
        text: String::new(),
        length: 0,
        open: Vec::new(),
        done: Vec::new(),
    };
    parser.run()?;
    if let Some(tag) = parser.open.last() {
        return Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            tag.name
        ));
    }
    Ok(FormattedText {
        text: parser.text,
        entities: parser.done,
    })
}

/// A start tag whose end is still to come.
struct OpenTag {
    name: String,
    offset: usize,
    attributes: Vec<(String, String)>,
}

struct Parser<'a> {
    markup: &'a str,
    /// The byte that is read next.
    at: usize,
    text: String,
    /// Of `text`, in UTF-16 units.
    length: usize,
    open: Vec<OpenTag>,
    done: Vec<Entity>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(next) = self.rest().chars().next() {
            match next {
                '<' if self.rest().starts_with("</") => self.end_tag()?,
                '<' => self.start_tag()?,
                '&' => self.character_reference(),
                other => self.push(other, other.len_utf8()),
            }
        }
        Ok(())
    }

    fn rest(&self) -> &str {
        &self.markup[self.at..]
    }

    fn push(&mut self, c: char, markup_bytes: usize) {
        self.text.push(c);
        self.length += c.len_utf16();
        self.at += markup_bytes;
    }

    /// `&lt;`, `&#128512;`, ...; what is none stands for itself.
    fn character_reference(&mut self) {
        let reference = self.rest().find(';').map(|end| &self.rest()[1..end]);
        let meant = reference.and_then(|name| match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code).filter(|c| *c != '\0')
            }
        });
        match (reference.map(str::len), meant) {
            (Some(length), Some(meant)) => self.push(meant, length + 2),
            _ => self.push('&', 1),
        }
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let began = self.at;
        let Some(end) = tag_end(self.rest()) else {
            return Err(format!("Unclosed start tag at byte offset {began}"));
        };
        let inside = &self.markup[began + 1..began + end];
        let name_end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
        let name = inside[..name_end].to_ascii_lowercase();
        let attributes = attributes(&inside[name_end..]).ok_or_else(|| {
            format!("Expected attribute value in the tag \"{name}\" at byte offset {began}")
        })?;
        let class = attributes
            .iter()
            .find(|(key, _)| key == "class")
            .map(|(_, value)| value.as_str());
        if entity_kind(&name).is_none() || (name == "span" && class != Some("tg-spoiler")) {
            return Err(format!("Unsupported start tag \"{name}\" at byte offset {began}"));
        }
        self.open.push(OpenTag {
            name,
            offset: self.length,
            attributes,
        });
        self.at = began + end + 1;
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let began = self.at;
        let Some(end) = self.rest().find('>') else {
            return Err(format!("Unclosed end tag at byte offset {began}"));
        };
        let name = self.rest()[2..end].trim().to_ascii_lowercase();
        let Some(tag) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {began}"));
        };
        if !name.is_empty() && name != tag.name {
            return Err(format!(
                "Unmatched end tag at byte offset {began}, expected \"</{}>\", found \"</{name}>\"",
                tag.name
            ));
        }
        self.at = began + end + 1;
        self.close(&tag);
        Ok(())
    }

    fn close(&mut self, tag: &OpenTag) {
        let length = self.length - tag.offset;
        let Some(kind) = entity_kind(&tag.name).filter(|_| length > 0) else {
            return;
        };
        let attribute = |name: &str| {
            tag.attributes
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        let mut entity = Entity::new(kind, tag.offset, length);
        match kind {
            "text_link" => {
                let shown = || {
                    let units: Vec<u16> = self.text.encode_utf16().skip(tag.offset).collect();
                    String::from_utf16_lossy(&units)
                };
                let Ok(url) = url::Url::parse(&attribute("href").unwrap_or_else(shown)) else {
                    return;
                };
                entity.more = Map::from_iter([("url".to_owned(), Value::from(url.as_str()))]);
            }
            "code" => {
                let inside_pre = self.open.last().is_some_and(|outer| outer.name == "pre");
                let language = attribute("class")
                    .and_then(|class| class.strip_prefix("language-").map(str::to_owned))
                    .filter(|language| !language.is_empty());
                if let (true, Some(language), Some(outer)) = (inside_pre, language, self.open.last_mut()) {
                    outer.attributes.push(("language".to_owned(), language));
                    return;
                }
            }
            "pre" => {
                self.done
                    .retain(|inner| inner.kind != "code" || inner.offset < tag.offset);
                if let Some(language) = attribute("language") {
                    entity.more = Map::from_iter([("language".to_owned(), Value::from(language))]);
                }
            }
            "blockquote" if attribute("expandable").is_some() => {
                "expandable_blockquote".clone_into(&mut entity.kind);
            }
            _ => {}
        }
        self.done.push(entity);
    }
}

fn entity_kind(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" | "span" => "spoiler",
        "code" => "code",
        "pre" => "pre",
        "a" => "text_link",
        "blockquote" => "blockquote",
        _ => return None,
    })
}

/// Where the `>` of a tag stands that is not inside of a quoted value.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        None
    })
}

/// `name="value" name=value name`; `None` where a value is missing or not closed.
fn attributes(mut rest: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(found);
        }
        let name_end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let name = rest[..name_end].to_ascii_lowercase();
        rest = rest[name_end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            if name.is_empty() {
                return None;
            }
            found.push((name, String::new()));
            continue;
        };
        rest = after.trim_start();
        let value;
        if let quote @ ('"' | '\'') = rest.chars().next()? {
            let end = rest[1..].find(quote)?;
            (value, rest) = (&rest[1..=end], &rest[end + 2..]);
        } else {
            (value, rest) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        }
        found.push((
            name,
            value
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&amp;", "&"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(markup: &str) -> (String, Vec<(String, usize, usize)>) {
        let formatted = parse_html(markup).unwrap();
        let entities = formatted
            .entities
            .into_iter()
            .map(|e| (e.kind, e.offset, e.length))
            .collect();
        (formatted.text, entities)
    }

    #[test]
    fn tags_become_entities_in_utf_16_units() {
        let (text, entities) = parsed("😀<b>bo<i>th</i></b> &lt;x&gt; &amp; &#33; &nbsp; <code>c</code>");
        assert_eq!(text, "😀both <x> & ! &nbsp; c");
        let named = |kind: &str, at, length| (kind.to_owned(), at, length);
        assert_eq!(
            entities,
            [named("italic", 4, 2), named("bold", 2, 4), named("code", 22, 1)]
        );
    }

    #[test]
    fn links_and_languages_are_kept() {
        let formatted =
            parse_html("<a href=\"https://a.example/?x=1&amp;y=2\">here</a><pre><code class=\"language-rust\">fn</code></pre>")
                .unwrap();
        insta::assert_json_snapshot!(formatted.entities, @r#"
        [
          {
            "type": "text_link",
            "offset": 0,
            "length": 4,
            "url": "https://a.example/?x=1&y=2"
          },
          {
            "type": "pre",
            "offset": 4,
            "length": 2,
            "language": "rust"
          }
        ]
        "#);
    }

    #[test]
    fn broken_markup_is_refused_with_the_place() {
        let refused = |markup: &str| parse_html(markup).unwrap_err();
        assert_eq!(
            refused("<b>x"),
            "Can't find end tag corresponding to start tag \"b\""
        );
        assert_eq!(refused("x</b>"), "Unexpected end tag at byte offset 1");
        assert_eq!(
            refused("<b>x</i>"),
            "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""
        );
        assert_eq!(
            refused("a <br> b"),
            "Unsupported start tag \"br\" at byte offset 2"
        );
        assert_eq!(refused("1 < 2"), "Unclosed start tag at byte offset 2");
    }
}
