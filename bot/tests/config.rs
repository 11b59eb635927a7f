//! Settings as the person who starts a bot meets them: which of two values wins, and what the message says.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test's set-up can't do fails the test"
)]

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use stepkeep::cli::{self, Invocation};
use stepkeep::config::{ConfigError, LogFormat, LogSettings, Setting, Settings, Sources, StoreBackend};
use stepkeep_core::{BotId, UserId};

const TOKEN: &str = "987654321:BBE-a-token-for-these-tests-9zX";
const KEY: &str = "TEST_a+key+for+tests";

/// A bot's surroundings, in a folder of its own.
struct Machine {
    folder: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Machine {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    /// One on which nothing is missing.
    fn ready() -> Self {
        Self::new()
            .with("STEPKEEP_TELEGRAM_TOKEN", TOKEN)
            .with("STEPKEEP_SHIPPING_API_KEY", KEY)
    }

    fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.push((variable.into(), value.into()));
        self
    }

    fn file(self, text: &str) -> Self {
        std::fs::write(self.folder.path().join("bot.toml"), text).unwrap();
        self
    }

    fn sources(&self, flags: &str) -> Sources {
        let mut line: Vec<OsString> = vec!["stepkeep".into(), "run".into(), "--config".into()];
        line.push(self.folder.path().join("bot.toml").into());
        line.extend(flags.split_whitespace().map(OsString::from));
        match cli::parse(line).unwrap() {
            Invocation::Run(args) => args.sources(self.environment.clone()),
            other => panic!("the line says run: {other:?}"),
        }
    }

    fn load(&self, flags: &str) -> Result<Settings, ConfigError> {
        Settings::load(&self.sources(flags))
    }

    /// The message, without the folder's name.
    fn message(&self, flags: &str) -> String {
        let folder = format!("{}/", self.folder.path().display());
        self.load(flags).unwrap_err().to_string().replace(&folder, "")
    }
}

#[test]
fn a_token_and_a_key_are_all_that_a_bot_has_to_be_told() {
    let settings = Machine::ready().file("").load("").unwrap();
    assert_eq!(settings.telegram.token.bot_id(), BotId(987_654_321));
    assert_eq!(settings.telegram.api_url.as_str(), "https://api.telegram.org/");
    assert_eq!(settings.shipping.api_url.as_str(), "https://api.shipstation.com/");
    assert_eq!(settings.shipping.api_prefix, "/v2");
    assert_eq!(settings.store.expose(), "sqlite://stepkeep.sqlite");
    assert_eq!(settings.store.backend(), StoreBackend::Sqlite);
    assert!(settings.admins.is_empty());
    assert_eq!(settings.cleanup.interval, Duration::from_mins(10));
    assert_eq!(settings.cleanup.idle, Duration::from_hours(24));
    assert_eq!(settings.log.format, LogFormat::Text);
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let machine = Machine::ready()
        .file("store = 'sqlite://file.sqlite'\nadmins = [1, 2]\ncleanup_idle = '2h'\n")
        .with("STEPKEEP_STORE", "sqlite://environment.sqlite")
        .with("STEPKEEP_ADMINS", "3,4");

    let settings = machine.load("--store memory:").unwrap();
    assert_eq!(settings.store.backend(), StoreBackend::Memory, "the flag");
    assert_eq!(
        settings.admins,
        [UserId(3), UserId(4)].into(),
        "the environment; lists don't add up"
    );
    assert_eq!(settings.cleanup.idle, Duration::from_hours(2), "the file");

    let settings = machine.load("").unwrap();
    assert_eq!(settings.store.expose(), "sqlite://environment.sqlite");
}

#[test]
fn an_empty_variable_counts_as_none() {
    let settings = Machine::ready()
        .file("store = 'memory:'")
        .with("STEPKEEP_STORE", "")
        .load("")
        .unwrap();
    assert_eq!(settings.store.backend(), StoreBackend::Memory);
}

#[test]
fn variables_of_others_are_left_alone() {
    // Kubernetes sets these for a service that is called "stepkeep".
    let machine = Machine::ready()
        .file("")
        .with("STEPKEEP_SERVICE_HOST", "10.0.0.1")
        .with("STEPKEEP_PORT", "tcp://10.0.0.1:80")
        .with("STEPKEEP_STORE_SERVICE_PORT", "6379");
    assert!(machine.load("").is_ok());
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    insta::assert_snapshot!(Machine::new().file("").message(""));
}

#[test]
// It lists the stores that are compiled in.
#[cfg(all(
    feature = "memory",
    feature = "sqlite",
    feature = "redis",
    feature = "mongodb"
))]
fn everything_that_is_wrong_is_said_at_once_with_where_it_came_from() {
    let machine = Machine::new()
        .file(
            "telegram_token = 'bot123:oops'\n\
             telegram_api_url = ['http://a', 'http://b']\n\
             cleanup_idle = 600\n\
             admins = [11, 'twelve']\n",
        )
        .with("STEPKEEP_SHIPPING_API_KEY", "a key with spaces")
        .with("STEPKEEP_SHIPPING_API_URL", "api.shipstation.com")
        .with("STEPKEEP_LOG", "inof");
    insta::assert_snapshot!(machine.message("--store postgres://bot:hunter2@db/x --log-format xml"));
}

#[test]
fn a_webhook_is_needed_only_where_updates_come_by_one() {
    let machine = Machine::ready().file("");
    assert!(machine.load("").unwrap().webhook.is_none());
    let error = machine.load("--delivery webhook").unwrap_err();
    insta::assert_snapshot!(error);
    let url = "--webhook-url https://bot.example.com/hook";
    assert!(
        machine.load(url).unwrap().webhook.is_none(),
        "an address alone changes nothing"
    );
    let webhook = machine
        .load(&format!("--delivery webhook {url}"))
        .unwrap()
        .webhook
        .unwrap();
    assert_eq!(webhook.url.as_str(), "https://bot.example.com/hook");
    assert_eq!(webhook.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(webhook.max_connections, 40);
}

#[test]
fn stars_are_off_unless_packages_are_named_and_then_need_what_has_to_be_said() {
    let machine = Machine::ready().file("support_contact = 'me'\nterms = 'none'");
    assert!(machine.load("").unwrap().stars.is_none());
    let machine = Machine::ready()
        .file("stars_packages = '250=5.50, 50=1.00'")
        .with("STEPKEEP_CURRENCY", "EUR");
    insta::assert_snapshot!(machine.message(""));
    let more = "--kie-api-key a-key --support-contact @me --terms https://bot.example.org/terms";
    let stars = machine.load(more).unwrap().stars.unwrap();
    let packages = stars.packages.iter();
    let packages: Vec<_> = packages
        .map(|package| format!("{} {}", package.stars, package.amount.to_decimal()))
        .collect();
    assert_eq!(packages, ["50 1.00", "250 5.50"]);
    assert_eq!(stars.support, "@me");
    let wrong = format!("{more} --stars-packages 50=1.00,free");
    let message = machine.message(&wrong);
    assert!(message.contains("\"free\" is no package"), "{message}");
}

#[test]
fn what_is_wrong_with_a_webhook_is_said_at_once_without_the_secret() {
    let machine = Machine::ready()
        .file("webhook_max_connections = 101\nwebhook_secret = 'open sesame'")
        .with("STEPKEEP_WEBHOOK_URL", "http://bot.example.com/hook")
        .with("STEPKEEP_WEBHOOK_LISTEN", "localhost");
    let message = machine.message("--delivery carrier-pigeon");
    assert!(!message.contains("sesame"), "{message}");
    insta::assert_snapshot!(message);
    // A server of one's own may call plain HTTP.
    let own = "--telegram-api-url http://127.0.0.1:8081 --webhook-max-connections 1 --webhook-secret s \
               --webhook-listen [::1]:9 --delivery webhook";
    assert!(machine.load(own).is_ok());
}

#[test]
fn names_that_nobody_knows_are_answered_with_what_was_probably_meant() {
    let machine = Machine::ready()
        .file(
            "telegram-api-url = 'http://127.0.0.1:1'\n\
             STEPKEEP_ADMINS = []\n\
             stroe = 'memory:'\n\
             colour = 'blue'\n\
             [shipping]\n\
             api_key = 'x'\n",
        )
        .with("STEPKEEP_TELEGRAM_TOKN", "1:x");
    insta::assert_snapshot!(machine.message(""));
}

#[test]
fn a_file_that_is_no_toml_is_named_with_the_place_and_without_the_line() {
    let machine = Machine::new().file("log = 'info'\ntelegram_token = \"123:very-secret\n");
    let message = machine.message("");
    assert!(!message.contains("very-secret"), "{message}");
    insta::assert_snapshot!(message);
}

#[test]
fn a_file_that_somebody_named_has_to_be_there() {
    insta::assert_snapshot!(Machine::ready().message(""));
}

#[test]
fn the_usual_file_may_be_absent() {
    let sources = Sources::new().with_file(Path::new("/nowhere/stepkeep.toml"), false);
    assert!(LogSettings::load(&sources).is_ok());
}

#[test]
fn without_a_key_there_is_no_generation() {
    let machine = Machine::ready().file("kie_api_url = 'http://127.0.0.1:9000/generation/'");
    assert!(machine.load("").unwrap().generation.is_none());
    assert!(machine.load("--kie-api-key=").unwrap().generation.is_none());
    let generation = machine.load("--kie-api-key secret-word").unwrap().generation;
    let generation = generation.unwrap();
    assert_eq!(generation.api_url.as_str(), "http://127.0.0.1:9000/generation");
    assert_eq!(generation.upload_url.as_str(), "https://kieai.redpandaai.co/");
    assert!(!format!("{generation:?}").contains("secret-word"));

    let message = machine.with("STEPKEEP_KIE_API_KEY", "secret word").message("");
    assert!(message.contains("kie_api_key is wrong"), "{message}");
    assert!(!message.contains("secret word"), "{message}");
}

#[test]
fn no_secret_shows_in_a_message_or_in_debug() {
    let secrets = ["BBE-a-token-for-these-tests-9zX", "hunter2", "a key"];
    let machine = Machine::new()
        // A slip that happens: values in each other's places.
        .with("STEPKEEP_SHIPPING_API_KEY", "a key")
        .with("STEPKEEP_TELEGRAM_TOKEN", "hunter2")
        .with(
            "STEPKEEP_TELEGRAM_API_URL",
            &format!("api.telegram.org/bot{TOKEN}"),
        )
        .with("STEPKEEP_STORE", "mysql://root:hunter2@db/x?password=hunter2")
        .with("STEPKEEP_LOG", &format!("info={TOKEN}"))
        .file("");
    let error = machine.load("").unwrap_err();
    assert_eq!(error.problems().len(), 5, "{error}");
    for text in [
        error.to_string(),
        format!("{error:?}"),
        format!("{:?}", machine.sources("")),
    ] {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} shows in {text}");
        }
    }

    let settings = format!("{:?}", Machine::ready().file("").load("").unwrap());
    assert!(
        !settings.contains(KEY) && !settings.contains("BBE-"),
        "{settings}"
    );
}

#[test]
fn a_demo_never_opens_the_store_of_a_real_bot() {
    let Ok(Invocation::Demo(args)) = cli::parse(["stepkeep", "demo"].map(OsString::from)) else {
        panic!("the line says demo");
    };
    let sources = args
        .sources([
            ("STEPKEEP_STORE".into(), "sqlite://real.sqlite".into()),
            ("STEPKEEP_TELEGRAM_TOKEN".into(), TOKEN.into()),
            ("STEPKEEP_KIE_API_KEY".into(), "the-key-of-a-real-account".into()),
            ("STEPKEEP_LOG_FORMAT".into(), "json".into()),
        ])
        .with_fixed(
            "the demo",
            [
                ("telegram_token", "1:demo".to_owned()),
                ("telegram_api_url", "http://127.0.0.1:8090".to_owned()),
                ("shipping_api_url", "http://127.0.0.1:8090/shipping".to_owned()),
                ("shipping_api_key", "demo".to_owned()),
                ("kie_api_url", "http://127.0.0.1:8090/generation".to_owned()),
                ("kie_api_key", "demo".to_owned()),
                ("kie_upload_url", "http://127.0.0.1:8090/generation".to_owned()),
            ],
        );
    let settings = Settings::load(&sources).unwrap();
    assert_eq!(settings.telegram.token.bot_id(), BotId(1));
    assert_eq!(settings.store.expose(), "sqlite://stepkeep-demo.sqlite");
    let generation = settings.generation.unwrap();
    assert_eq!(
        generation.api_key.expose_secret(),
        "demo",
        "nor spends real credits"
    );
    assert_eq!(
        settings.log.format,
        LogFormat::Json,
        "what is logged is the person's choice"
    );
}

#[test]
fn the_book_knows_every_setting() {
    let page = include_str!("../../docs/src/configuration.md");
    for setting in Setting::ALL {
        for name in [
            setting.key.to_owned(),
            setting.variable(),
            format!("--{}", setting.flag()),
        ] {
            assert!(
                page.contains(&format!("`{name}`")),
                "{name} is not in configuration.md"
            );
        }
        if let Some(default) = setting.default.filter(|default| !default.is_empty()) {
            assert!(page.contains(&format!("`{default}`")), "the default of {setting}");
        }
    }
}

#[test]
fn the_example_in_the_book_is_good() {
    let page = include_str!("../../docs/src/configuration.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    Machine::new().file(example).load("").unwrap();
}

#[test]
fn slow_is_what_the_three_thresholds_say_in_their_order() {
    let settings = Machine::ready().file("").load("").unwrap();
    assert_eq!(settings.slowness, stepkeep_core::Slowness::default());
    let machine = Machine::ready().file("slow_info = \"50ms\"\nslow_error = \"1m\"");
    let settings = machine.load("--slow-warn 3s").unwrap();
    assert_eq!(settings.slowness.info, Duration::from_millis(50));
    assert_eq!(settings.slowness.warn, Duration::from_secs(3));
    assert_eq!(settings.slowness.error, Duration::from_mins(1));
}

#[test]
fn thresholds_out_of_order_are_refused() {
    let machine = Machine::ready().with("STEPKEEP_SLOW_INFO", "3s").file("");
    insta::assert_snapshot!(machine.message(""), @r#"
    one thing has to be set right first:

    slow_info is wrong: it is longer than slow_warn, which is 2s
      it is:     "3s"
      it is in:  the environment variable STEPKEEP_SLOW_INFO
      expected:  a duration from 1ms to 1h, no longer than slow_warn
      for example, one of
        STEPKEEP_SLOW_INFO=500ms
        slow_info = "500ms"    (in stepkeep.toml)
        --slow-info 500ms
    "#);
    let machine = Machine::ready().file("");
    insta::assert_snapshot!(machine.message("--slow-error 1s"), @r#"
    one thing has to be set right first:

    slow_warn is wrong: it is longer than slow_error, which is 1s
      it is:     "2s"
      it is the default
      expected:  a duration from 1ms to 1h, no longer than slow_error
      for example, one of
        STEPKEEP_SLOW_WARN=2s
        slow_warn = "2s"    (in stepkeep.toml)
        --slow-warn 2s
    "#);
}
