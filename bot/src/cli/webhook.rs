//! `stepkeep webhook`: its arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{Invocation, command, config, flag, given, sources_of_a_bot};
use crate::config::{Setting, SettingFlags, Sources};
use crate::telegram::webhook::DropPending;

/// How to see to the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookArgs {
    /// What to do.
    pub action: WebhookAction,
    /// The file to read, if one was named.
    pub config: Option<PathBuf>,
    /// The settings that were given as flags.
    pub flags: SettingFlags,
}

/// What can be done about the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookAction {
    /// Tell Telegram where to call.
    Set(DropPending),
    /// Tell what Telegram knows.
    Info,
    /// Tell Telegram to call no more.
    Delete(DropPending),
}

impl WebhookArgs {
    /// The settings that it needs: those of Telegram, and of its own log.
    const SETTINGS: [&'static str; 7] = [
        "telegram_token",
        "telegram_api_url",
        "webhook_url",
        "webhook_secret",
        "webhook_max_connections",
        "log",
        "log_format",
    ];

    /// The same as those of the bot whose webhook it is.
    pub fn sources(&self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Sources {
        sources_of_a_bot(self.config.as_deref(), environment, &self.flags)
    }
}

pub(super) fn parse(mut matches: ArgMatches) -> Result<Invocation, clap::Error> {
    let Some((action, matches)) = matches.remove_subcommand() else {
        return Err(command().error(
            clap::error::ErrorKind::MissingSubcommand,
            "say what to do: `stepkeep webhook set`, `stepkeep webhook info` or `stepkeep webhook delete`",
        ));
    };
    let drop_pending = || {
        if matches.get_flag(DROP_PENDING) {
            DropPending::Yes
        } else {
            DropPending::No
        }
    };
    let action = match action.as_str() {
        "set" => WebhookAction::Set(drop_pending()),
        "delete" => WebhookAction::Delete(drop_pending()),
        _ => WebhookAction::Info,
    };
    Ok(Invocation::Webhook(WebhookArgs {
        action,
        config: matches.get_one("config").cloned(),
        flags: given(&matches),
    }))
}

/// The flag that throws away what waits.
const DROP_PENDING: &str = "drop-pending";

pub(super) fn definition() -> Command {
    let settings = || {
        WebhookArgs::SETTINGS
            .into_iter()
            .filter_map(Setting::by_key)
            .map(flag)
    };
    let action = |name: &'static str, about: &'static str, options: Option<Arg>| {
        Command::new(name)
            .about(about)
            .arg(config())
            .args(options)
            .next_help_heading("Settings")
            .args(settings())
    };
    let drop_pending = Arg::new(DROP_PENDING)
        .long(DROP_PENDING)
        .help("Throw away the updates that wait at Telegram: their senders are never answered")
        .action(ArgAction::SetTrue);
    Command::new("webhook")
        .about("See to what Telegram knows of the webhook")
        .long_about(
            "See to what Telegram knows of the webhook. `stepkeep run` with `delivery = webhook` sets it by itself, and stopping \
             never deletes it. Settings are those of `stepkeep run`.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(action(
            "set",
            "Tell Telegram to call the webhook's address",
            Some(drop_pending.clone()),
        ))
        .subcommand(action(
            "info",
            "Tell what Telegram knows, how many updates wait, and what went wrong last",
            None,
        ))
        .subcommand(action(
            "delete",
            "Tell Telegram to call no more, so that the bot can be polled",
            Some(drop_pending),
        ))
        .after_help(
            "Examples:\n  \
             stepkeep webhook info\n  \
             stepkeep webhook set --webhook-url https://bot.example.com/telegram\n  \
             stepkeep webhook delete                 before `stepkeep run` with polling",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, clap::Error> {
        crate::cli::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn updates_that_wait_are_thrown_away_only_by_whoever_says_so() {
        let action = |line: &str| match parsed(line) {
            Ok(Invocation::Webhook(args)) => args.action,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            action("stepkeep webhook set"),
            WebhookAction::Set(DropPending::No)
        );
        assert_eq!(
            action("stepkeep webhook delete --drop-pending"),
            WebhookAction::Delete(DropPending::Yes)
        );
        assert_eq!(action("stepkeep webhook info"), WebhookAction::Info);
        assert!(parsed("stepkeep webhook info --drop-pending").is_err());
        assert!(parsed("stepkeep webhook").is_err());
    }
}
