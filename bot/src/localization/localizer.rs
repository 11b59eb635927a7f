//! From message ids to texts.

use std::fmt;

use fluent_bundle::{FluentResource, concurrent::FluentBundle};
use thiserror::Error;
use unic_langid::LanguageIdentifierError;

use super::{Args, Language, Localized};

/// A message file: its name, and its text in each language.
struct Source {
    name: &'static str,
    english: &'static str,
    russian: &'static str,
}

const fn source(name: &'static str, english: &'static str, russian: &'static str) -> Source {
    Source {
        name,
        english,
        russian,
    }
}

/// The message files, by subject.
const SOURCES: [Source; 8] = [
    source(
        "common",
        include_str!("../../locales/en/common.ftl"),
        include_str!("../../locales/ru/common.ftl"),
    ),
    source(
        "commands",
        include_str!("../../locales/en/commands.ftl"),
        include_str!("../../locales/ru/commands.ftl"),
    ),
    source(
        "validation",
        include_str!("../../locales/en/validation.ftl"),
        include_str!("../../locales/ru/validation.ftl"),
    ),
    source(
        "shipping",
        include_str!("../../locales/en/shipping.ftl"),
        include_str!("../../locales/ru/shipping.ftl"),
    ),
    source(
        "generation",
        include_str!("../../locales/en/generation.ftl"),
        include_str!("../../locales/ru/generation.ftl"),
    ),
    source(
        "balance",
        include_str!("../../locales/en/balance.ftl"),
        include_str!("../../locales/ru/balance.ftl"),
    ),
    source(
        "settling",
        include_str!("../../locales/en/settling.ftl"),
        include_str!("../../locales/ru/settling.ftl"),
    ),
    source(
        "admin",
        include_str!("../../locales/en/admin.ftl"),
        include_str!("../../locales/ru/admin.ftl"),
    ),
];

/// A message file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("messages {language}/{file}.ftl: {reason}")]
pub struct LocalizerError {
    language: Language,
    file: &'static str,
    reason: String,
}

/// The bot's texts in every language. It never changes, so one serves all conversations side by side.
pub struct Localizer {
    english: FluentBundle<FluentResource>,
    russian: FluentBundle<FluentResource>,
}

impl Localizer {
    /// Reads the messages that are built into the binary.
    ///
    /// # Errors
    ///
    /// [`LocalizerError`] names the file that can't be parsed, or that repeats an id.
    pub fn new() -> Result<Self, LocalizerError> {
        Ok(Self {
            english: bundle(Language::English, |source| source.english)?,
            russian: bundle(Language::Russian, |source| source.russian)?,
        })
    }

    /// The text of a message.
    ///
    /// A message that is missing in `language` is taken from English; one that is missing there too becomes its id in
    /// brackets. Both, and a missing argument, are logged as errors: the person gets an answer in any case.
    pub fn text(&self, language: Language, id: &str, args: &Args) -> String {
        for language in [language, Language::English] {
            if let Some(text) = self.format(language, id, args) {
                return text;
            }
            tracing::error!(%language, message = id, "message is missing");
        }
        format!("[{id}]")
    }

    /// The text of a message that takes no arguments.
    pub fn plain(&self, language: Language, id: &str) -> String {
        self.text(language, id, &Args::new())
    }

    /// The text of something that knows its message.
    pub fn render(&self, language: Language, subject: &impl Localized) -> String {
        self.text(language, subject.message_id(), &subject.args(language))
    }

    fn format(&self, language: Language, id: &str, args: &Args) -> Option<String> {
        let bundle = match language {
            Language::English => &self.english,
            Language::Russian => &self.russian,
        };
        let pattern = bundle.get_message(id)?.value()?;
        let mut errors = Vec::new();
        let text = bundle
            .format_pattern(pattern, Some(args.as_fluent()), &mut errors)
            .into_owned();
        if !errors.is_empty() {
            // Errors name arguments and messages, never the values of arguments.
            tracing::error!(%language, message = id, ?errors, "message is incomplete");
        }
        Some(text)
    }
}

impl fmt::Debug for Localizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Localizer").finish_non_exhaustive()
    }
}

fn bundle(
    language: Language,
    text: impl Fn(&Source) -> &'static str,
) -> Result<FluentBundle<FluentResource>, LocalizerError> {
    let error = |file, reason| LocalizerError {
        language,
        file,
        reason,
    };
    let identifier = language
        .code()
        .parse()
        .map_err(|reason: LanguageIdentifierError| error("", reason.to_string()))?;
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // The marks would stand around every argument, and be copied with tracking numbers and addresses.
    bundle.set_use_isolating(false);
    for source in &SOURCES {
        let resource = FluentResource::try_new(text(source).to_owned())
            .map_err(|(_, errors)| error(source.name, format!("{errors:?}")))?;
        bundle
            .add_resource(resource)
            .map_err(|errors| error(source.name, format!("{errors:?}")))?;
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::{ast, parser};

    use super::*;
    use crate::validation::{Field, State};

    /// The arguments of every message, also those of the messages that it refers to.
    fn arguments_by_message(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut references: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for source in &SOURCES {
            let text = match language {
                Language::English => source.english,
                Language::Russian => source.russian,
            };
            for entry in parser::parse(text).unwrap().body {
                let ast::Entry::Message(message) = entry else {
                    continue;
                };
                let mut found = Found::default();
                found.pattern(&message.value.expect("every message has a text"));
                assert!(
                    message.attributes.is_empty(),
                    "{} has attributes",
                    message.id.name
                );
                direct.insert(message.id.name.to_owned(), found.arguments);
                references.insert(message.id.name.to_owned(), found.messages);
            }
        }
        let all = direct.keys().map(|id| {
            let mut open = vec![id];
            let mut arguments = BTreeSet::new();
            while let Some(id) = open.pop() {
                arguments.extend(direct[id].iter().cloned());
                open.extend(&references[id]);
            }
            (id.clone(), arguments)
        });
        all.collect()
    }

    #[derive(Default)]
    struct Found {
        arguments: BTreeSet<String>,
        messages: BTreeSet<String>,
    }

    impl Found {
        fn pattern(&mut self, pattern: &ast::Pattern<&str>) {
            for element in &pattern.elements {
                if let ast::PatternElement::Placeable { expression } = element {
                    self.expression(expression);
                }
            }
        }

        fn expression(&mut self, expression: &ast::Expression<&str>) {
            match expression {
                ast::Expression::Inline(inline) => self.inline(inline),
                ast::Expression::Select { selector, variants } => {
                    self.inline(selector);
                    for variant in variants {
                        self.pattern(&variant.value);
                    }
                }
            }
        }

        fn inline(&mut self, inline: &ast::InlineExpression<&str>) {
            match inline {
                ast::InlineExpression::VariableReference { id } => {
                    self.arguments.insert(id.name.to_owned());
                }
                ast::InlineExpression::MessageReference { id, .. } => {
                    self.messages.insert(id.name.to_owned());
                }
                ast::InlineExpression::Placeable { expression } => self.expression(expression),
                ast::InlineExpression::StringLiteral { .. } | ast::InlineExpression::NumberLiteral { .. } => {
                }
                other => panic!("messages don't use {other:?}"),
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_messages_with_the_same_arguments() {
        assert_eq!(
            arguments_by_message(Language::English),
            arguments_by_message(Language::Russian)
        );
    }

    #[test]
    fn every_message_is_complete_with_its_arguments_whether_they_are_text_or_numbers() {
        let localizer = Localizer::new().unwrap();
        for (language, bundle) in [
            (Language::English, &localizer.english),
            (Language::Russian, &localizer.russian),
        ] {
            for (id, names) in arguments_by_message(language) {
                let mut as_text = fluent_bundle::FluentArgs::new();
                let mut as_number = fluent_bundle::FluentArgs::new();
                for name in &names {
                    as_text.set(name.clone(), format!("<{name}>"));
                    as_number.set(name.clone(), 21);
                }
                for args in [as_text, as_number] {
                    let mut errors = Vec::new();
                    let pattern = bundle.get_message(&id).unwrap().value().unwrap();
                    let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
                    assert_eq!(errors, [], "{language} {id}");
                    assert!(!text.trim().is_empty(), "{language} {id}");
                    // The caption of a document has 1024 characters, a command's description 256; the rest has more.
                    let limit = if id.starts_with("command-") { 256 } else { 700 };
                    assert!(text.chars().count() < limit, "{language} {id}");
                }
            }
        }
    }

    #[test]
    fn every_field_of_a_rejection_has_words_of_its_own() {
        let localizer = Localizer::new().unwrap();
        for language in Language::ALL {
            for id in ["rejection-empty", "rejection-example"] {
                let texts: BTreeSet<_> = Field::ALL
                    .iter()
                    .map(|field| localizer.text(language, id, &Args::new().with("field", field.name())))
                    .collect();
                assert_eq!(texts.len(), Field::ALL.len(), "{language} {id}: {texts:?}");
            }
        }
    }

    #[test]
    fn a_missing_message_is_shown_by_its_id() {
        let localizer = Localizer::new().unwrap();
        assert_eq!(
            localizer.plain(Language::Russian, "no-such-message"),
            "[no-such-message]"
        );
    }

    #[test]
    fn arguments_are_not_wrapped_in_invisible_marks() {
        let localizer = Localizer::new().unwrap();
        let texas = State::from_code("TX").unwrap();
        assert_eq!(localizer.state(Language::Russian, texas), "Техас (TX)");
    }

    #[test]
    fn one_localizer_serves_all_threads() {
        fn assert_shared<T: Send + Sync + 'static>() {}
        assert_shared::<Localizer>();
        assert_shared::<LocalizerError>();
    }
}
