//! Menus that say the same to everybody who speaks a language.

use std::fmt;
use std::sync::OnceLock;

use stepkeep_core::Message;

use crate::localization::Language;

/// A menu, rendered once for each language.
pub(super) struct Menu {
    rendered: [OnceLock<Message>; Language::ALL.len()],
}

impl Menu {
    /// A menu that nobody has asked for yet.
    pub(super) fn new() -> Self {
        Self {
            rendered: [const { OnceLock::new() }; Language::ALL.len()],
        }
    }

    /// The menu in a language; whoever asks first has it rendered.
    pub(super) fn get(&self, language: Language, render: impl FnOnce() -> Message) -> Message {
        let place = Language::ALL.iter().position(|known| *known == language);
        match place.and_then(|place| self.rendered.get(place)) {
            Some(rendered) => rendered.get_or_init(render).clone(),
            None => render(),
        }
    }
}

impl fmt::Debug for Menu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rendered = self.rendered.iter().filter(|menu| menu.get().is_some()).count();
        f.debug_struct("Menu")
            .field("rendered", &rendered)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_menu_is_rendered_once_for_each_language() {
        let (menu, rendered) = (Menu::new(), Cell::new(0));
        let get = |language: Language| {
            menu.get(language, || {
                rendered.set(rendered.get() + 1);
                Message::text(language.own_name())
            })
        };
        for _ in 0..3 {
            for language in Language::ALL {
                assert_eq!(get(language).text, language.own_name());
            }
        }
        assert_eq!(rendered.get(), Language::ALL.len());
    }
}
