//! A bot's command menu, by scope and language.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BotCommand {
    pub(crate) command: String,
    pub(crate) description: String,
}

/// For whom a menu is: Telegram's `BotCommandScope`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Scope {
    #[default]
    Default,
    AllPrivateChats,
    AllGroupChats,
    AllChatAdministrators,
    Chat {
        chat_id: i64,
    },
    ChatAdministrators {
        chat_id: i64,
    },
    ChatMember {
        chat_id: i64,
        user_id: i64,
    },
}

/// All menus of one bot.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct CommandMenus {
    #[serde(with = "crate::state::pairs")]
    menus: HashMap<(Scope, String), Vec<BotCommand>>,
}

impl CommandMenus {
    /// An empty list removes the menu.
    pub(crate) fn set(&mut self, scope: Scope, language: String, commands: Vec<BotCommand>) {
        if commands.is_empty() {
            self.menus.remove(&(scope, language));
        } else {
            self.menus.insert((scope, language), commands);
        }
    }

    /// The menu of exactly that scope and language.
    pub(crate) fn get(&self, scope: Scope, language: &str) -> &[BotCommand] {
        self.menus
            .get(&(scope, language.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// The menu that a person sees: the narrowest scope wins, and in it the person's language before the menu for all.
    pub(crate) fn seen_in(&self, chat: Option<i64>, language: &str) -> &[BotCommand] {
        let of_kind = match chat {
            Some(chat) if chat < 0 => Scope::AllGroupChats,
            _ => Scope::AllPrivateChats,
        };
        let scopes = chat
            .map(|chat_id| Scope::Chat { chat_id })
            .into_iter()
            .chain([of_kind, Scope::Default]);
        scopes
            .flat_map(|scope| [(scope.clone(), language), (scope, "")])
            .map(|(scope, language)| self.get(scope, language))
            .find(|menu| !menu.is_empty())
            .unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(command: &str) -> Vec<BotCommand> {
        vec![BotCommand {
            command: command.to_owned(),
            description: "x".to_owned(),
        }]
    }

    #[test]
    fn the_narrower_menu_wins_over_the_language() {
        let mut menus = CommandMenus::default();
        menus.set(Scope::Default, String::new(), menu("all"));
        menus.set(Scope::Default, "ru".to_owned(), menu("russian"));
        assert_eq!(menus.seen_in(None, "ru"), menu("russian"));
        assert_eq!(menus.seen_in(None, "de"), menu("all"));
        menus.set(Scope::AllPrivateChats, String::new(), menu("private"));
        assert_eq!(menus.seen_in(Some(7), "ru"), menu("private"));
        assert_eq!(menus.seen_in(Some(-7), "ru"), menu("russian"));
        menus.set(Scope::Chat { chat_id: -7 }, String::new(), menu("here"));
        assert_eq!(menus.seen_in(Some(-7), "ru"), menu("here"));
    }
}
