//! The main menu, and what is the same in every dialogue: `/start`, `/cancel`, `/help`, `/language`.

use std::sync::Arc;

use stepkeep_core::form::CANCEL;
use stepkeep_core::{
    Event, FieldValue, Flow, FlowError, FlowName, Home, Lost, Message, Next, Reply, Turn, TurnContext,
};

use super::admin::{self, AdminDialogue};
use super::balance::{BALANCE, BalanceDialogue};
use super::menus::Menu;
use super::speech::{Speech, language_field};
use super::{generation, settling, shipping};
use crate::localization::{Args, Language, Localizer};

/// The commands, in the order in which Telegram's menu shows them. Each has its description in the message
/// `command-<name>`.
pub const COMMANDS: [&str; 5] = ["start", "cancel", "help", "language", "balance"];

/// The commands that there are as well where people can pay with Telegram's Stars, as its terms ask for.
pub const STARS_COMMANDS: [&str; 2] = ["paysupport", "terms"];

/// The button that begins an order.
pub(super) const NEW_ORDER: &str = "home:new_order";
/// The button that begins an AI generation.
const NEW_GENERATION: &str = "home:new_generation";
/// The button that shows the main menu.
pub(super) const MAIN_MENU: &str = "home:menu";
const CHOOSE_LANGUAGE: &str = "home:language";
const HELP: &str = "home:help";
const LANGUAGE_PREFIX: &str = "language:";

/// The home of the bot.
#[derive(Debug)]
pub(super) struct HomeFlow {
    localizer: Arc<Localizer>,
    can_generate: bool,
    main_menu: Menu,
    languages: Menu,
    balance: BalanceDialogue,
    admin: AdminDialogue,
}

pub(super) fn name() -> FlowName {
    FlowName::constant("home")
}

impl HomeFlow {
    pub(super) fn new(
        localizer: Arc<Localizer>,
        can_generate: bool,
        balance: BalanceDialogue,
        admin: AdminDialogue,
    ) -> Self {
        Self {
            localizer,
            can_generate,
            main_menu: Menu::new(),
            languages: Menu::new(),
            balance,
            admin,
        }
    }

    fn speech<'a>(&'a self, context: &TurnContext<'_>) -> Speech<'a> {
        Speech::in_turn(&self.localizer, context)
    }

    fn main_menu(&self, context: &TurnContext<'_>) -> Message {
        let speech = self.speech(context);
        self.main_menu.get(speech.language, || {
            let create = (speech.plain("button-new-generation"), NEW_GENERATION);
            let mut text = speech.plain("main-menu");
            if self.can_generate {
                text = format!("{text}\n\n{}", speech.plain("main-menu-generation"));
            }
            Message::text(text)
                .row([(speech.plain("button-new-order"), NEW_ORDER)])
                .row(self.can_generate.then_some(create))
                .row([(speech.plain("button-balance"), BALANCE)])
                .row([
                    (speech.plain("button-language"), CHOOSE_LANGUAGE),
                    (speech.plain("button-help"), HELP),
                ])
        })
    }

    fn language_choice(&self, context: &TurnContext<'_>) -> Turn {
        let speech = self.speech(context);
        let menu = self.languages.get(speech.language, || {
            let choices =
                Language::ALL.map(|language| (language.own_name(), format!("{LANGUAGE_PREFIX}{language}")));
            Message::text(speech.plain("language-choose")).row(choices)
        });
        Turn::say(Reply::Message(menu))
    }

    fn choose_language(&self, context: &TurnContext<'_>, language: Language) -> Turn {
        let speech = Speech {
            localizer: &self.localizer,
            language,
        };
        let mut turn = Turn {
            next: Next::Resume,
            ..Turn::default()
        };
        turn = turn.and_set(language_field(), FieldValue::text(language.code()));
        let text = Message::text(speech.plain("language-changed"));
        // The choice is made, so it takes the place of the question.
        turn.and_say(match context.tapped_message {
            Some(target) => Reply::Edit {
                target,
                message: text,
            },
            None => Reply::Message(text),
        })
    }

    fn cancel(&self, context: &TurnContext<'_>) -> Turn {
        let speech = self.speech(context);
        if context.session.position().is_none() {
            return Turn::say(Reply::text(speech.plain("nothing-to-cancel")));
        }
        if shipping::is_buying(context.session) {
            return Turn::say(Reply::text(speech.plain("buying-no-cancel")));
        }
        Turn::enter(name()).and_say(Reply::text(speech.plain("cancelled")))
    }

    fn help(&self, context: &TurnContext<'_>) -> Turn {
        let speech = self.speech(context);
        let mut text = speech.plain("help");
        if self.balance.stars.is_some() {
            text = format!("{text}\n{}", speech.plain("help-stars"));
        }
        Turn::say(Reply::text(text))
    }

    fn command(&self, context: &TurnContext<'_>, command: &str, arguments: &str) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        if let Some(turn) = self.balance.command(context, &speech, command, arguments)? {
            return Ok(turn);
        }
        if let Some(turn) = settling::command(&self.balance.admins, context, &speech, command, arguments)? {
            return Ok(turn);
        }
        if let Some(turn) = self.admin.command(context, &speech, command, arguments)? {
            return Ok(turn);
        }
        Ok(match command {
            "start" => Turn::enter(name()),
            "cancel" => self.cancel(context),
            "help" => self.help(context),
            "language" => self.language_choice(context),
            unknown => {
                // Shortened: a command may be as long as a message.
                let command: String = unknown.chars().take(32).collect();
                let args = Args::new().with("command", format!("/{command}"));
                Turn::say(Reply::text(self.speech(context).text("unknown-command", &args)))
            }
        })
    }
}

impl Flow for HomeFlow {
    fn name(&self) -> FlowName {
        name()
    }

    fn version(&self) -> u32 {
        1
    }

    fn enter(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        Ok(Turn::say(Reply::Message(self.main_menu(context))))
    }

    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        if let Event::EffectFinished {
            name,
            payload,
            outcome,
        } = &context.event
        {
            let of_balance = (name.as_str(), payload, outcome);
            let turn = match self.balance.finished(context, &speech, of_balance)? {
                Some(turn) => Some(turn),
                None => match settling::finished(&speech, name, payload, outcome)? {
                    Some(turn) => Some(turn),
                    None => admin::finished(context, &speech, name, payload, outcome)?,
                },
            };
            return turn
                .ok_or_else(|| FlowError::new("unknown_call", format!("the home asked for no {name}")));
        }
        Ok(match &context.event {
            Event::Text(_) | Event::File(_) | Event::Other(_) => {
                Turn::say(Reply::text(speech.plain("unknown-text")))
            }
            _ => Turn::default(),
        })
    }

    fn resume(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        self.enter(context)
    }
}

impl Home for HomeFlow {
    fn interrupt(&self, context: &TurnContext<'_>) -> Result<Option<Turn>, FlowError> {
        let cancels = match &context.event {
            Event::Command { name, .. } => name == "cancel",
            Event::Action(action) => action == CANCEL,
            _ => false,
        };
        if cancels && generation::takes_cancel(context.session) {
            return Ok(None);
        }
        Ok(match &context.event {
            Event::Command { name, arguments } => Some(self.command(context, name, arguments)?),
            Event::Action(action) => match action.as_str() {
                NEW_ORDER => Some(Turn::enter(shipping::name())),
                NEW_GENERATION if self.can_generate => Some(Turn::enter(generation::name())),
                MAIN_MENU => Some(Turn::enter(name())),
                CHOOSE_LANGUAGE => Some(self.language_choice(context)),
                HELP => Some(self.help(context)),
                CANCEL => Some(self.cancel(context)),
                other => {
                    let language = other.strip_prefix(LANGUAGE_PREFIX).and_then(Language::from_code);
                    match language {
                        Some(language) => Some(self.choose_language(context, language)),
                        None => match self.balance.action(context, &self.speech(context), other)? {
                            Some(turn) => Some(turn),
                            None => self.admin.action(context, &self.speech(context), other)?,
                        },
                    }
                }
            },
            Event::Happened { name, details } => {
                BalanceDialogue::happened(&self.speech(context), name, details)?
            }
            Event::Other(what) if what == "edited_message" => Some(Turn::say(Reply::text(
                self.speech(context).plain("edits-not-read"),
            ))),
            _ => None,
        })
    }

    fn lost(&self, context: &TurnContext<'_>, lost: Lost) -> Turn {
        let speech = self.speech(context);
        match lost {
            Lost::UnknownFlow => Turn::enter(name()).and_say(Reply::text(speech.plain("step-unknown"))),
            Lost::NewerVersion => Turn::say(Reply::text(speech.plain("step-of-newer-version"))),
        }
    }

    fn failed(&self, context: &TurnContext<'_>, _error: &FlowError) -> Turn {
        Turn::say(Reply::text(self.speech(context).plain("something-went-wrong")))
    }

    fn outdated_tap(&self, context: &TurnContext<'_>) -> String {
        self.speech(context).plain("menu-out-of-date")
    }

    fn foreign_tap(&self, context: &TurnContext<'_>) -> String {
        self.speech(context).plain("menu-of-somebody-else")
    }
}
