//! What the bot says, in the language of the person it talks to.
//!
//! The texts are Fluent messages in `bot/locales/`, built into the binary. All of them are plain text: Telegram's
//! parse modes are not used, so nothing that a person types can turn into markup.

mod args;
mod broadcast;
mod generation;
mod language;
mod localizer;
mod measures;
mod shipping;

pub use args::Args;
pub use language::Language;
pub use localizer::{Localizer, LocalizerError};
pub(crate) use shipping::offer_name;

/// Something that has a message for people: a rejection, a warning, an error.
pub trait Localized {
    /// The id of its Fluent message.
    fn message_id(&self) -> &'static str;

    /// The arguments of that message.
    fn args(&self, language: Language) -> Args;
}
