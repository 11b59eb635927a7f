//! What goes wrong with the generation API, in words.

use super::{Args, Language, Localizer};
use crate::generation::{GenerationErrorKind, GenerationErrorSummary};

impl Localizer {
    /// What went wrong with the generation API, with at most `longest` characters of its own words where they tell what to
    /// change.
    pub fn generation_error(
        &self,
        language: Language,
        error: &GenerationErrorSummary,
        longest: usize,
    ) -> String {
        use GenerationErrorKind as Kind;
        let id = match error.kind {
            Kind::InvalidInput | Kind::Failed | Kind::TooLarge => "generation-error-invalid-input",
            Kind::InsufficientCredits | Kind::Unauthorized | Kind::UsageLimit => "generation-error-operator",
            Kind::NotFound | Kind::Disabled | Kind::Unaskable => "generation-error-gone",
            Kind::RateLimited => "generation-error-busy",
            _ => "generation-error-later",
        };
        let text = self.plain(language, id);
        let words: String = error.message.trim().chars().take(longest).collect();
        if words.is_empty() || id != "generation-error-invalid-input" {
            return text;
        }
        let reason = self.text(language, "generation-reason", &Args::new().with("reason", words));
        format!("{text} {reason}")
    }
}
