//! Arguments of messages.

use std::fmt;

use fluent_bundle::{FluentArgs, FluentValue};

/// The named arguments of a message.
///
/// Numbers choose plural forms and stand in the text as they are; whatever needs a decimal mark or a currency is
/// passed as text. `Debug` shows the names alone, for the values may be somebody's address.
#[derive(Default)]
pub struct Args(FluentArgs<'static>);

impl Args {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument, or replaces it.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<FluentValue<'static>>) -> Self {
        self.0.set(name, value);
        self
    }

    pub(super) fn as_fluent(&self) -> &FluentArgs<'static> {
        &self.0
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}
