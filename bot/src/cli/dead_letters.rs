//! `stepkeep dead-letters`: its arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{Invocation, command, config, flag, given, sources_of_a_bot};
use crate::config::{Setting, SettingFlags, Sources};
use crate::dead_letters::LetterId;

/// What to do with updates that were put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLettersArgs {
    /// What to do.
    pub action: LetterAction,
    /// The file to read, if one was named.
    pub config: Option<PathBuf>,
    /// The settings that were given as flags.
    pub flags: SettingFlags,
}

/// What is done with dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterAction {
    /// List them.
    List,
    /// Show one whole.
    Show(LetterId),
    /// Have them handled again.
    Replay(LetterChoice),
    /// Delete them.
    Delete(LetterChoice),
}

/// Which dead letters are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterChoice {
    /// All of the bot.
    All,
    /// These.
    These(Vec<LetterId>),
}

impl DeadLettersArgs {
    /// The settings that it needs: which bot, its store, and its own log.
    const SETTINGS: [&'static str; 4] = ["telegram_token", "store", "log", "log_format"];

    /// The same as those of the bot whose letters they are.
    pub fn sources(&self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Sources {
        sources_of_a_bot(self.config.as_deref(), environment, &self.flags)
    }
}

pub(super) fn parse(mut matches: ArgMatches) -> Result<Invocation, clap::Error> {
    let missing = || {
        command().error(
            clap::error::ErrorKind::MissingSubcommand,
            "say what to do with them: list, show, replay or delete",
        )
    };
    let (name, matches) = matches.remove_subcommand().ok_or_else(missing)?;
    let choice = || {
        if matches!(matches.try_get_one("all"), Ok(Some(true))) {
            LetterChoice::All
        } else {
            let ids = matches.try_get_many("id").ok().flatten();
            LetterChoice::These(ids.map(|ids| ids.copied().collect()).unwrap_or_default())
        }
    };
    let action = match name.as_str() {
        "list" => LetterAction::List,
        "show" => match matches.get_one("id") {
            Some(id) => LetterAction::Show(*id),
            None => return Err(missing()),
        },
        "replay" => LetterAction::Replay(choice()),
        _ => LetterAction::Delete(choice()),
    };
    Ok(Invocation::DeadLetters(DeadLettersArgs {
        action,
        config: matches.get_one("config").cloned(),
        flags: given(&matches),
    }))
}

pub(super) fn definition() -> Command {
    let with_settings = |command: Command| {
        command.arg(config()).next_help_heading("Settings").args(
            DeadLettersArgs::SETTINGS
                .into_iter()
                .filter_map(Setting::by_key)
                .map(flag),
        )
    };
    let id = || {
        Arg::new("id")
            .value_name("ID")
            .help("The letter's id, as `list` shows it")
            .allow_negative_numbers(true)
            .value_parser(value_parser!(LetterId))
    };
    let some = |command: Command| {
        command
            .arg(id().num_args(1..).required_unless_present("all"))
            .arg(
                Arg::new("all")
                    .long("all")
                    .help("All of the bot")
                    .conflicts_with("id")
                    .action(ArgAction::SetTrue),
            )
    };
    Command::new("dead-letters")
        .about("Look at updates that could not be handled, and have them handled again")
        .long_about(
            "Look at updates that could not be handled, and have them handled again.\n\nAn update that failed five times, or \
             that can't be read, is put aside in the store, so that those behind it go on; it is kept for 30 days. After \
             the cause is mended, `replay` has it handled by whichever process of the bot runs.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(Command::new("list").about("List them, oldest first")))
        .subcommand(with_settings(
            Command::new("show")
                .about("Show one with the whole update, which holds what the person wrote")
                .arg(id().required(true)),
        ))
        .subcommand(with_settings(some(
            Command::new("replay").about("Have them handled again"),
        )))
        .subcommand(with_settings(some(
            Command::new("delete").about("Delete them for good"),
        )))
        .after_help(
            "Examples:\n  \
             stepkeep dead-letters list\n  \
             stepkeep dead-letters show 123456789\n  \
             stepkeep dead-letters replay --all",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, clap::Error> {
        crate::cli::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn dead_letters_are_named_one_by_one_or_all_at_once() {
        let action = |line: &str| match parsed(line) {
            Ok(Invocation::DeadLetters(arguments)) => Ok(arguments.action),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.kind()),
        };
        assert_eq!(action("stepkeep dead-letters list"), Ok(LetterAction::List));
        let both = LetterChoice::These(vec![LetterId(5), LetterId(-6)]);
        assert_eq!(
            action("stepkeep dead-letters replay 5 -6 --store memory:"),
            Ok(LetterAction::Replay(both))
        );
        assert_eq!(
            action("stepkeep dead-letters delete --all"),
            Ok(LetterAction::Delete(LetterChoice::All))
        );
        assert_eq!(
            action("stepkeep dead-letters show 7"),
            Ok(LetterAction::Show(LetterId(7)))
        );
        for wrong in ["replay", "replay 5 --all", "show", "delete x", "burn"] {
            action(&format!("stepkeep dead-letters {wrong}")).unwrap_err();
        }
    }
}
