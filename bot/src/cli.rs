//! The command line.
//!
//! The flags of settings are made from [`Setting::ALL`], so that the file, the environment, the flags, the help texts and
//! the messages about wrong values can't disagree about a name.

mod dead_letters;
mod webhook;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

pub use self::dead_letters::{DeadLettersArgs, LetterAction, LetterChoice};
pub use self::webhook::{WebhookAction, WebhookArgs};
use crate::config::{Setting, SettingFlags, Sources, StoreBackend};

/// The file that is read when nobody names another.
pub const DEFAULT_FILE: &str = "stepkeep.toml";

/// The environment variable that names another.
pub const FILE_VARIABLE: &str = "STEPKEEP_CONFIG";

/// Where the demo's page is, if that port is free.
pub const DEMO_ADDRESS: &str = "127.0.0.1:8090";

/// What the process is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Run a bot.
    Run(RunArgs),
    /// Run the sandbox and a bot that talks to it.
    Demo(DemoArgs),
    /// Look at the store.
    Doctor(DoctorArgs),
    /// Look at updates that were put aside, and decide about them.
    DeadLetters(DeadLettersArgs),
    /// See to what Telegram knows of the webhook.
    Webhook(WebhookArgs),
}

/// How to run a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunArgs {
    /// The file to read, if one was named.
    pub config: Option<PathBuf>,
    /// The settings that were given as flags.
    pub flags: SettingFlags,
}

/// How to look at the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorArgs {
    /// The file to read, if one was named.
    pub config: Option<PathBuf>,
    /// The settings that were given as flags.
    pub flags: SettingFlags,
}

/// How to run the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoArgs {
    /// Where the page is to be; another port is taken if this one is busy.
    pub listen: SocketAddr,
    /// The settings that were given as flags.
    pub flags: SettingFlags,
}

impl RunArgs {
    /// File, environment, flags: the later wins.
    pub fn sources(&self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Sources {
        sources_of_a_bot(self.config.as_deref(), environment, &self.flags)
    }
}

impl DoctorArgs {
    /// The settings that it needs: those of a bot's store, and of its own log.
    const SETTINGS: [&'static str; 3] = ["store", "log", "log_format"];

    /// The same as those of the bot whose store it is.
    pub fn sources(&self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Sources {
        sources_of_a_bot(self.config.as_deref(), environment, &self.flags)
    }
}

fn sources_of_a_bot(
    config: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    flags: &SettingFlags,
) -> Sources {
    let sources = match config {
        Some(named) => Sources::new().with_file(named, true),
        None => Sources::new().with_file(DEFAULT_FILE.as_ref(), false),
    };
    sources.with_environment(environment).with_flags(flags)
}

impl DemoArgs {
    /// The settings that a demo can have.
    const SETTINGS: [&'static str; 3] = ["store", "log", "log_format"];

    /// The demo's own store, the log's settings of the environment, and flags. Neither the file nor the rest of the environment
    /// counts: they may be those of a real bot, with a real store. The addresses and the token are added by who starts the
    /// sandbox, with [`Sources::with_fixed`].
    pub fn sources(&self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Sources {
        let store = if StoreBackend::Sqlite.is_compiled_in() {
            "sqlite://stepkeep-demo.sqlite"
        } else {
            "memory:"
        };
        let log = environment.into_iter().filter(|(name, _)| {
            name.to_str()
                .is_some_and(|name| ["STEPKEEP_LOG", "STEPKEEP_LOG_FORMAT"].contains(&name))
        });
        Sources::new()
            .with_fixed("the demo", [("store", store.to_owned())])
            .with_environment(log)
            .with_flags(&self.flags)
    }
}

/// Reads the command line.
///
/// # Errors
///
/// What clap has to say: a mistake, or the help or version that was asked for. [`clap::Error::exit`] prints it, and ends the process
/// with 2 or 0.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, clap::Error> {
    let mut matches = command().try_get_matches_from(arguments)?;
    match matches.remove_subcommand() {
        Some((name, matches)) if name == "demo" => Ok(Invocation::Demo(DemoArgs {
            listen: matches
                .get_one("listen")
                .copied()
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))),
            flags: given(&matches),
        })),
        Some((name, matches)) if name == "doctor" => Ok(Invocation::Doctor(DoctorArgs {
            config: matches.get_one("config").cloned(),
            flags: given(&matches),
        })),
        Some((name, matches)) if name == "dead-letters" => dead_letters::parse(matches),
        Some((name, matches)) if name == "webhook" => webhook::parse(matches),
        Some((_, matches)) => Ok(Invocation::Run(RunArgs {
            config: matches.get_one("config").cloned(),
            flags: given(&matches),
        })),
        None => Err(command().error(
            clap::error::ErrorKind::MissingSubcommand,
            "say what to do: `stepkeep run`, `stepkeep doctor`, `stepkeep webhook` or `stepkeep demo`",
        )),
    }
}

/// The definition of the command line.
pub fn command() -> Command {
    Command::new("stepkeep")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A Telegram bot that takes shipping orders and never loses a step.")
        .styles(
            Styles::styled()
                .header(AnsiColor::Green.on_default().bold())
                .usage(AnsiColor::Green.on_default().bold())
                .literal(AnsiColor::Cyan.on_default().bold())
                .placeholder(AnsiColor::Cyan.on_default()),
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run())
        .subcommand(doctor())
        .subcommand(dead_letters::definition())
        .subcommand(webhook::definition())
        .subcommand(demo())
        .after_help(
            "Examples:\n  \
             stepkeep demo                       a bot to play with, without any account\n  \
             stepkeep run                        a bot as stepkeep.toml and the environment say\n  \
             stepkeep run --help                 every setting\n  \
             stepkeep doctor                     how the store is, and what can be lost\n  \
             stepkeep dead-letters list          updates that could not be handled\n  \
             stepkeep webhook info               whether Telegram calls, and how that goes",
        )
}

fn run() -> Command {
    Command::new("run")
        .about("Run a bot")
        .long_about(
            "Run a bot.\n\nSettings come from stepkeep.toml, the environment and flags; of two, the later wins. \
             What is missing or wrong is listed at once, with exit code 2. Other users of the machine can read flags: secrets \
             are better kept in the file or the environment.",
        )
        .arg(config())
        .next_help_heading("Settings")
        .args(Setting::ALL.map(flag))
        .after_help(
            "Examples:\n  \
             STEPKEEP_TELEGRAM_TOKEN=... STEPKEEP_SHIPPING_API_KEY=... stepkeep run\n  \
             stepkeep run --config /etc/stepkeep.toml --log info,stepkeep=debug\n  \
             stepkeep run --store memory: --telegram-api-url http://127.0.0.1:8090",
        )
}

/// The flag that names the file.
fn config() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help(format!(
            "The file with settings [default: {DEFAULT_FILE}, if it is there]"
        ))
        .env(FILE_VARIABLE)
        .hide_env_values(true)
        .value_parser(value_parser!(PathBuf))
}

fn doctor() -> Command {
    Command::new("doctor")
        .about("Look at the store, and change nothing")
        .long_about(
            "Look at the store, and change nothing: whether it can be reached, whether its schema is what this version \
             needs, how many sessions it has, and what its settings mean for what can be lost. The exit code is 0 when \
             a bot that starts can use it, whatever warnings there are; 1 when not.",
        )
        .arg(config())
        .next_help_heading("Settings")
        .args(
            DoctorArgs::SETTINGS
                .into_iter()
                .filter_map(Setting::by_key)
                .map(flag),
        )
        .after_help(
            "Examples:\n  \
             stepkeep doctor\n  \
             stepkeep doctor --store sqlite:///var/lib/stepkeep/sessions.sqlite",
        )
}

fn demo() -> Command {
    Command::new("demo")
        .about("Run a bot to play with, without any account")
        .long_about(
            "Run a bot to play with, without any account: a local Telegram with a web chat, stand-ins for the shipping and \
             the generation API, and a bot that talks to them. The page's address is printed. Ctrl-C ends all of it; the next start goes on \
             where it was.",
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS")
                .help("Where the page is; if the port is busy, another is taken")
                .default_value(DEMO_ADDRESS)
                .value_parser(value_parser!(SocketAddr)),
        )
        .args(
            DemoArgs::SETTINGS
                .into_iter()
                .filter_map(Setting::by_key)
                .map(|setting| {
                    let flag = flag(setting);
                    if setting.key == "store" {
                        flag.help("Where sessions are kept [default: a file of the demo's own]")
                    } else {
                        flag
                    }
                }),
        )
        .after_help(
            "Examples:\n  \
             stepkeep demo\n  \
             stepkeep demo --listen 0.0.0.0:8090        for the phone in the same network\n  \
             stepkeep demo --store memory:              forgets everything at the end",
        )
}

/// The flag of a setting. Its default isn't clap's: a flag that wasn't given must not win over the file.
fn flag(setting: &'static Setting) -> Arg {
    let default = match setting.default {
        None => " (required)".to_owned(),
        Some("") => String::new(),
        Some(default) => format!(" [default: {default}]"),
    };
    Arg::new(setting.key)
        .long(setting.flag())
        .value_name(if setting.list { "VALUES" } else { "VALUE" })
        .help(format!(
            "{} [env: {}]{default}",
            setting.about,
            setting.variable()
        ))
        .allow_hyphen_values(true)
        .action(if setting.list {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
}

/// The settings among the arguments.
fn given(matches: &ArgMatches) -> SettingFlags {
    let mut flags = SettingFlags::default();
    for setting in Setting::ALL {
        if let Ok(Some(values)) = matches.try_get_many::<String>(setting.key) {
            let values: Vec<&str> = values.map(String::as_str).collect();
            flags.insert(setting, values.join(","));
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn each_setting_is_a_flag_of_run() {
        let run = run();
        for setting in Setting::ALL {
            assert!(
                run.get_arguments()
                    .any(|arg| arg.get_long() == Some(&setting.flag())),
                "{setting}"
            );
        }
    }

    #[test]
    fn only_given_flags_are_remembered() {
        let Ok(Invocation::Run(args)) = parsed("stepkeep run --store memory: --admins 1 --admins 2,3") else {
            panic!("it is a run");
        };
        assert_eq!(args.config, None);
        assert_eq!(format!("{:?}", args.flags), r#"{"admins", "store"}"#);
    }

    #[test]
    fn a_demo_has_no_flag_that_could_name_a_real_bot() {
        let error = parsed("stepkeep demo --telegram-token 1:a").unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::UnknownArgument);
    }

    #[test]
    fn a_demo_listens_where_it_is_told() {
        let Ok(Invocation::Demo(args)) = parsed("stepkeep demo --listen [::1]:0") else {
            panic!("it is a demo");
        };
        assert_eq!(args.listen, "[::1]:0".parse().unwrap());
        let Ok(Invocation::Demo(args)) = parsed("stepkeep demo") else {
            panic!("it is a demo");
        };
        assert_eq!(args.listen, DEMO_ADDRESS.parse().unwrap());
    }

    #[test]
    fn the_help_says_what_there_is() {
        let text = |line: &str| {
            let fixed_width = command().term_width(100);
            let error = fixed_width.try_get_matches_from(line.split_whitespace());
            error.unwrap_err().to_string()
        };
        insta::assert_snapshot!("help", text("stepkeep --help"));
        insta::assert_snapshot!("help-run", text("stepkeep run --help"));
        insta::assert_snapshot!("help-doctor", text("stepkeep doctor --help"));
        insta::assert_snapshot!("help-demo", text("stepkeep demo --help"));
        insta::assert_snapshot!("help-dead-letters", text("stepkeep dead-letters --help"));
        insta::assert_snapshot!(
            "help-dead-letters-replay",
            text("stepkeep dead-letters replay --help")
        );
        insta::assert_snapshot!("help-webhook", text("stepkeep webhook --help"));
        insta::assert_snapshot!("help-webhook-set", text("stepkeep webhook set --help"));
        insta::assert_snapshot!("help-webhook-info", text("stepkeep webhook info --help"));
    }
}
