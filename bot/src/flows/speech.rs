//! The bot's words for one person: its texts in the person's language.

use std::sync::Arc;

use stepkeep_core::form::FormView;
use stepkeep_core::{FieldName, Fields, Session, TurnContext};

use crate::localization::{Args, Language, Localized, Localizer};

/// The field that keeps the language that a person chose. It stays when a flow ends.
pub(super) fn language_field() -> FieldName {
    FieldName::constant("language")
}

/// The texts in one language.
#[derive(Debug)]
pub(super) struct Speech<'a> {
    pub(super) localizer: &'a Localizer,
    pub(super) language: Language,
}

impl<'a> Speech<'a> {
    pub(super) fn in_turn(localizer: &'a Arc<Localizer>, context: &TurnContext<'_>) -> Self {
        Self {
            localizer,
            language: language_of(context.session.data(), context.language),
        }
    }

    pub(super) fn in_form(localizer: &'a Arc<Localizer>, view: &FormView<'_>) -> Self {
        Self {
            localizer,
            language: language_of(view.data, view.language),
        }
    }

    pub(super) fn plain(&self, id: &str) -> String {
        self.localizer.plain(self.language, id)
    }

    pub(super) fn text(&self, id: &str, args: &Args) -> String {
        self.localizer.text(self.language, id, args)
    }

    pub(super) fn render(&self, subject: &impl Localized) -> String {
        self.localizer.render(self.language, subject)
    }
}

/// The language of the person whose session it is; `otherwise` when it says none.
pub fn language_of_session(session: &Session, otherwise: Language) -> Language {
    match session.turn().language.as_deref() {
        Some(language_code) => language_of(session.data(), Some(language_code)),
        None => session
            .field("language")
            .and_then(|value| value.get().ok())
            .unwrap_or(otherwise),
    }
}

/// The language that the person chose, else the one of their Telegram.
fn language_of(data: &Fields, language_code: Option<&str>) -> Language {
    let chosen = data
        .get(&language_field())
        .and_then(|value| value.get::<Language>().ok());
    chosen.unwrap_or_else(|| Language::from_language_code(language_code))
}
