//! The settings that there are: names, explanations, examples and defaults.

use std::fmt;

/// One setting, with all that flags, help texts and error messages say about it.
///
/// Its key is its name in the file (`telegram_token`), and makes the two other spellings: the environment variable
/// `STEPKEEP_TELEGRAM_TOKEN` and the flag `--telegram-token`.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name in the file: lower-case words with underscores between them.
    pub key: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// What a value looks like: completes the sentence "expected: ...".
    pub expected: &'static str,
    /// A value, as it stands in an environment variable.
    pub example: &'static str,
    /// The value of who says nothing; without one the setting is required.
    pub default: Option<&'static str>,
    /// Whether values are kept from messages and logs.
    pub secret: bool,
    /// Whether it takes several values: separated by commas, or a list in the file.
    pub list: bool,
}

impl Setting {
    /// What the names of all environment variables begin with.
    pub const ENVIRONMENT_PREFIX: &'static str = "STEPKEEP_";

    /// Every setting, in the order in which people are told of them.
    pub const ALL: [&'static Self; 55] = [
        &TELEGRAM_TOKEN,
        &TELEGRAM_API_URL,
        &DELIVERY,
        &WEBHOOK_URL,
        &WEBHOOK_LISTEN,
        &WEBHOOK_SECRET,
        &WEBHOOK_MAX_CONNECTIONS,
        &STORE,
        &SHIPPING_API_URL,
        &SHIPPING_API_PREFIX,
        &SHIPPING_API_KEY,
        &KIE_API_URL,
        &KIE_API_KEY,
        &KIE_UPLOAD_URL,
        &KIE_CALLBACK_URL,
        &KIE_CALLBACK_LISTEN,
        &KIE_CALLBACK_KEY,
        &CREDIT_PRICE,
        &GENERATION_PRICES,
        &MAX_PROMPT_LENGTH,
        &MAX_ERROR_LENGTH,
        &ADMINS,
        &BROADCAST_RATE,
        &LEDGER_URL,
        &CURRENCY,
        &WELCOME_CREDIT,
        &ADMIN_DAILY_LIMIT,
        &DRY_RUN,
        &DRY_RUN_USERS,
        &OPEN_GENERATIONS,
        &RESERVATION_HOLD,
        &LEDGER_KEEP_DAYS,
        &STARS_PACKAGES,
        &SUPPORT_CONTACT,
        &TERMS,
        &CLEANUP_INTERVAL,
        &CLEANUP_IDLE,
        &STORE_SIZE_WARNING,
        &CACHE_RATES,
        &CACHE_CARRIERS,
        &CACHE_MODELS,
        &CACHE_MODEL_INFO,
        &CACHE_ACCOUNTS,
        &CACHE_RESULTS,
        &CACHE_URL,
        &SHIPPING_REMINDER,
        &SHIPPING_TIMEOUT,
        &STATUS_LISTEN,
        &STATUS_TOKEN,
        &LOG,
        &LOG_FORMAT,
        &SLOW_INFO,
        &SLOW_WARN,
        &SLOW_ERROR,
        &OTLP_ENDPOINT,
    ];

    /// The setting with this key.
    pub fn by_key(key: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|setting| setting.key == key)
    }

    /// The name of the environment variable.
    pub fn variable(&self) -> String {
        format!("{}{}", Self::ENVIRONMENT_PREFIX, self.key.to_ascii_uppercase())
    }

    /// The name of the flag, without the dashes before it.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The example as the file spells it.
    pub fn example_in_file(&self) -> String {
        if self.list {
            format!("{} = [{}]", self.key, self.example.replace(',', ", "))
        } else {
            format!("{} = {:?}", self.key, self.example)
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

pub(super) static TELEGRAM_TOKEN: Setting = Setting {
    key: "telegram_token",
    about: "Token of the bot, from @BotFather",
    expected: "the bot's number, a colon and the secret, as @BotFather wrote it",
    example: "123456789:AAE-an-example-of-a-token-3fQ",
    default: None,
    secret: true,
    list: false,
};

pub(super) static TELEGRAM_API_URL: Setting = Setting {
    key: "telegram_api_url",
    about: "Address of the Bot API server",
    expected: "an http or https URL, without the token",
    example: "http://127.0.0.1:8081",
    default: Some("https://api.telegram.org"),
    secret: false,
    list: false,
};

pub(super) static DELIVERY: Setting = Setting {
    key: "delivery",
    about: "How updates come: the bot asks for them (polling), or Telegram calls it (webhook)",
    expected: "polling or webhook",
    example: "webhook",
    default: Some("polling"),
    secret: false,
    list: false,
};

pub(super) static WEBHOOK_URL: Setting = Setting {
    key: "webhook_url",
    about: "Public address that Telegram calls, needed for a webhook",
    expected: "an https URL that reaches this bot from the internet",
    example: "https://bot.example.com/telegram",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static WEBHOOK_LISTEN: Setting = Setting {
    key: "webhook_listen",
    about: "Where the bot listens for the webhook's calls, behind a proxy with TLS",
    expected: "an IP address and a port",
    example: "127.0.0.1:8080",
    default: Some("127.0.0.1:8080"),
    secret: false,
    list: false,
};

pub(super) static WEBHOOK_SECRET: Setting = Setting {
    key: "webhook_secret",
    about: "Secret that Telegram sends with each call; derived from the token if there is none",
    expected: "1 to 256 of A-Z, a-z, 0-9, `_` and `-`, or nothing",
    example: "a-long-random-text",
    default: Some(""),
    secret: true,
    list: false,
};

pub(super) static WEBHOOK_MAX_CONNECTIONS: Setting = Setting {
    key: "webhook_max_connections",
    about: "Most calls that Telegram makes at once",
    expected: "a whole number from 1 to 100",
    example: "100",
    default: Some("40"),
    secret: false,
    list: false,
};

pub(super) static STORE: Setting = Setting {
    key: "store",
    about: "Where sessions are kept",
    expected: "the URL of a store, such as sqlite://stepkeep.sqlite",
    example: "sqlite:///var/lib/stepkeep/sessions.sqlite",
    default: Some("sqlite://stepkeep.sqlite"),
    secret: false,
    list: false,
};

pub(super) static SHIPPING_API_URL: Setting = Setting {
    key: "shipping_api_url",
    about: "Address of the shipping API",
    expected: "an http or https URL",
    example: "https://api.shipstation.com",
    default: Some("https://api.shipstation.com"),
    secret: false,
    list: false,
};

pub(super) static SHIPPING_API_PREFIX: Setting = Setting {
    key: "shipping_api_prefix",
    about: "Path between the shipping API's address and its resources",
    expected: "a path that begins with a slash, or nothing",
    example: "/v2",
    default: Some("/v2"),
    secret: false,
    list: false,
};

pub(super) static SHIPPING_API_KEY: Setting = Setting {
    key: "shipping_api_key",
    about: "Key of the account at the shipping API",
    expected: "the key as the account's settings page shows it",
    example: "TEST_example+of+a+key",
    default: None,
    secret: true,
    list: false,
};

pub(super) static KIE_API_URL: Setting = Setting {
    key: "kie_api_url",
    about: "Address of the KIE API, which generates images, videos and sound",
    expected: "an http or https URL",
    example: "https://api.kie.ai",
    default: Some("https://api.kie.ai"),
    secret: false,
    list: false,
};

pub(super) static KIE_API_KEY: Setting = Setting {
    key: "kie_api_key",
    about: "Key of the account at the KIE API; without one there is no generation",
    expected: "the key as the account's page of keys shows it, or nothing",
    example: "an-example-of-a-key",
    default: Some(""),
    secret: true,
    list: false,
};

pub(super) static KIE_UPLOAD_URL: Setting = Setting {
    key: "kie_upload_url",
    about: "Address of the host that takes files for the KIE API; it gets the key too",
    expected: "an http or https URL",
    example: "https://kieai.redpandaai.co",
    default: Some("https://kieai.redpandaai.co"),
    secret: false,
    list: false,
};

pub(super) static KIE_CALLBACK_URL: Setting = Setting {
    key: "kie_callback_url",
    about: "Public address that the KIE API calls when something is made; without one the bot only asks",
    expected: "an http or https URL, or nothing",
    example: "https://bot.example.org/kie",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static KIE_CALLBACK_LISTEN: Setting = Setting {
    key: "kie_callback_listen",
    about: "Where the bot listens for the calls of the KIE API, behind a proxy",
    expected: "an IP address with a port",
    example: "127.0.0.1:8081",
    default: Some("127.0.0.1:8081"),
    secret: false,
    list: false,
};

pub(super) static KIE_CALLBACK_KEY: Setting = Setting {
    key: "kie_callback_key",
    about: "What the KIE API signs its calls with",
    expected: "the key as the account's page of webhooks shows it; needed with kie_callback_url",
    example: "an-example-of-a-key",
    default: Some(""),
    secret: true,
    list: false,
};

pub(super) static CREDIT_PRICE: Setting = Setting {
    key: "credit_price",
    about: "What people pay for one credit of the KIE API, in the currency of the accounts",
    expected: "a decimal number above 0",
    example: "0.005",
    default: Some("0.005"),
    secret: false,
    list: false,
};

pub(super) static GENERATION_PRICES: Setting = Setting {
    key: "generation_prices",
    about: "A TOML file with prices of models in credits, which count above those that come with the bot",
    expected: "the path of a file, or nothing",
    example: "prices.toml",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static MAX_PROMPT_LENGTH: Setting = Setting {
    key: "max_prompt_length",
    about: "How many characters of text for a generation a person may send",
    expected: "a whole number from 1 to 20000",
    example: "2000",
    default: Some("5000"),
    secret: false,
    list: false,
};

pub(super) static MAX_ERROR_LENGTH: Setting = Setting {
    key: "max_error_length",
    about: "How many characters of the KIE API's words about a failure a person reads",
    expected: "a whole number from 0 to 1000",
    example: "300",
    default: Some("300"),
    secret: false,
    list: false,
};

pub(super) static ADMINS: Setting = Setting {
    key: "admins",
    about: "Telegram ids of those who may use the operator's commands",
    expected: "ids of people, which are whole numbers, separated by commas",
    example: "111111111,222222222",
    default: Some(""),
    secret: false,
    list: true,
};

pub(super) static BROADCAST_RATE: Setting = Setting {
    key: "broadcast_rate",
    about: "How many messages of a broadcast are sent in a second",
    expected: "a whole number from 1 to 30",
    example: "25",
    default: Some("20"),
    secret: false,
    list: false,
};

pub(super) static LEDGER_URL: Setting = Setting {
    key: "ledger_url",
    about: "Where balances are kept; with the sessions if it is empty",
    expected: "the URL of a store, or nothing",
    example: "sqlite:///var/lib/stepkeep/ledger.sqlite",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static CURRENCY: Setting = Setting {
    key: "currency",
    about: "The one currency of all balances; never change it once there are accounts",
    expected: "a currency's code, which is three letters",
    example: "USD",
    default: Some("USD"),
    secret: false,
    list: false,
};

pub(super) static WELCOME_CREDIT: Setting = Setting {
    key: "welcome_credit",
    about: "What every new balance begins with",
    expected: "an amount, such as 5.00",
    example: "5.00",
    default: Some("0"),
    secret: false,
    list: false,
};

pub(super) static ADMIN_DAILY_LIMIT: Setting = Setting {
    key: "admin_daily_limit",
    about: "What each admin may spend on one day, in place of a balance",
    expected: "an amount, such as 100.00",
    example: "50.00",
    default: Some("100.00"),
    secret: false,
    list: false,
};

pub(super) static DRY_RUN: Setting = Setting {
    key: "dry_run",
    about: "Whether everything goes through and nobody's balance is charged",
    expected: "true or false",
    example: "true",
    default: Some("false"),
    secret: false,
    list: false,
};

pub(super) static DRY_RUN_USERS: Setting = Setting {
    key: "dry_run_users",
    about: "Telegram ids of those whose balance is never charged",
    expected: "ids of people, which are whole numbers, separated by commas",
    example: "111111111,222222222",
    default: Some(""),
    secret: false,
    list: true,
};

pub(super) static OPEN_GENERATIONS: Setting = Setting {
    key: "open_generations",
    about: "How many generations of one person may be under way at once",
    expected: "a whole number from 1 to 20",
    example: "5",
    default: Some("5"),
    secret: false,
    list: false,
};

pub(super) static RESERVATION_HOLD: Setting = Setting {
    key: "reservation_hold",
    about: "How long money may be reserved before it is looked into what became of the purchase",
    expected: "a duration of at least 30s",
    example: "30m",
    default: Some("15m"),
    secret: false,
    list: false,
};

pub(super) static LEDGER_KEEP_DAYS: Setting = Setting {
    key: "ledger_keep_days",
    about: "How many days each charge is kept; older ones are summed up",
    expected: "a whole number from 1 to 3650",
    example: "365",
    default: Some("90"),
    secret: false,
    list: false,
};

pub(super) static STARS_PACKAGES: Setting = Setting {
    key: "stars_packages",
    about: "What people can buy with Telegram's Stars: how many, and what they bring; nothing if it is empty",
    expected: "Stars, `=` and an amount in the currency of the accounts, separated by commas, or nothing",
    example: "50=1.00,250=5.50",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static SUPPORT_CONTACT: Setting = Setting {
    key: "support_contact",
    about: "Whom people turn to about a payment, as /paysupport says it; needed with stars_packages",
    expected: "a text of up to 2000 characters",
    example: "@example_support",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static TERMS: Setting = Setting {
    key: "terms",
    about: "The terms of payments, or where they are, as /terms says it; needed with stars_packages",
    expected: "a text of up to 2000 characters, or a URL",
    example: "https://bot.example.org/terms",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static CLEANUP_INTERVAL: Setting = Setting {
    key: "cleanup_interval",
    about: "Time between two removals of idle sessions",
    expected: "a duration from 1s to 24h",
    example: "10m",
    default: Some("10m"),
    secret: false,
    list: false,
};

pub(super) static CLEANUP_IDLE: Setting = Setting {
    key: "cleanup_idle",
    about: "How long a session is idle before it is removed",
    expected: "a duration of at least 1m",
    example: "24h",
    default: Some("24h"),
    secret: false,
    list: false,
};

pub(super) static STORE_SIZE_WARNING: Setting = Setting {
    key: "store_size_warning",
    about: "From what size on the log warns of a store; 0 never does",
    expected: "a size with a unit, such as 500 MiB or 2 GiB",
    example: "2 GiB",
    default: Some("1 GiB"),
    secret: false,
    list: false,
};

pub(super) static CACHE_RATES: Setting = Setting {
    key: "cache_rates",
    about: "How long the carriers' prices hold after they were asked",
    expected: "a duration from 1s to 24h",
    example: "5m",
    default: Some("10m"),
    secret: false,
    list: false,
};

pub(super) static CACHE_CARRIERS: Setting = Setting {
    key: "cache_carriers",
    about: "How long the list of carriers is taken as it was",
    expected: "a duration from 1s to 24h",
    example: "10m",
    default: Some("1h"),
    secret: false,
    list: false,
};

pub(super) static CACHE_MODELS: Setting = Setting {
    key: "cache_models",
    about: "How long the list of the generation API's models is taken as it was",
    expected: "a duration from 1s to 24h",
    example: "10m",
    default: Some("5m"),
    secret: false,
    list: false,
};

pub(super) static CACHE_MODEL_INFO: Setting = Setting {
    key: "cache_model_info",
    about: "How long what a model asks for is taken as it was",
    expected: "a duration from 1s to 24h",
    example: "30m",
    default: Some("10m"),
    secret: false,
    list: false,
};

pub(super) static CACHE_ACCOUNTS: Setting = Setting {
    key: "cache_accounts",
    about: "How long the balance is kept that texts show",
    expected: "a duration from 1s to 24h",
    example: "5m",
    default: Some("5m"),
    secret: false,
    list: false,
};

pub(super) static CACHE_RESULTS: Setting = Setting {
    key: "cache_results",
    about: "How long is kept what a finished generation brought",
    expected: "a duration from 1s to 24h",
    example: "1m",
    default: Some("1m"),
    secret: false,
    list: false,
};

pub(super) static CACHE_URL: Setting = Setting {
    key: "cache_url",
    about: "Redis in which several processes keep together what comes from elsewhere",
    expected: "the URL of a Redis, or nothing",
    example: "redis://127.0.0.1:6379/1",
    default: Some(""),
    secret: false,
    list: false,
};

pub(super) static SHIPPING_REMINDER: Setting = Setting {
    key: "shipping_reminder",
    about: "When a person who stopped answering is reminded of an order",
    expected: "a duration of at least 1m, or off",
    example: "30m",
    default: Some("1h"),
    secret: false,
    list: false,
};

pub(super) static SHIPPING_TIMEOUT: Setting = Setting {
    key: "shipping_timeout",
    about: "When an order is closed whose person stopped answering",
    expected: "a duration of at least 1m, or off",
    example: "6h",
    default: Some("12h"),
    secret: false,
    list: false,
};

pub(super) static STATUS_LISTEN: Setting = Setting {
    key: "status_listen",
    about: "Where the dashboard, the health checks and the metrics are",
    expected: "an IP address and a port, or off",
    example: "127.0.0.1:9464",
    default: Some("127.0.0.1:9464"),
    secret: false,
    list: false,
};

pub(super) static STATUS_TOKEN: Setting = Setting {
    key: "status_token",
    about: "Token that opens the dashboard; without one, the log has a link that opens it once",
    expected: "16 to 256 characters, best drawn by chance",
    example: "a-long-text-drawn-by-chance",
    default: Some(""),
    secret: true,
    list: false,
};

pub(super) static LOG: Setting = Setting {
    key: "log",
    about: "What is logged",
    expected: "a level (error, warn, info, debug, trace), or levels by module",
    example: "info,stepkeep=debug",
    default: Some("info"),
    secret: false,
    list: false,
};

pub(super) static LOG_FORMAT: Setting = Setting {
    key: "log_format",
    about: "Form of the log: text for people, json for machines",
    expected: "text or json",
    example: "json",
    default: Some("text"),
    secret: false,
    list: false,
};

pub(super) static SLOW_INFO: Setting = Setting {
    key: "slow_info",
    about: "From how long on a turn, an outside call or a store operation is logged at level info",
    expected: "a duration from 1ms to 1h, no longer than slow_warn",
    example: "500ms",
    default: Some("1s"),
    secret: false,
    list: false,
};

pub(super) static SLOW_WARN: Setting = Setting {
    key: "slow_warn",
    about: "From how long on such a thing is a warning",
    expected: "a duration from 1ms to 1h, no longer than slow_error",
    example: "2s",
    default: Some("2s"),
    secret: false,
    list: false,
};

pub(super) static SLOW_ERROR: Setting = Setting {
    key: "slow_error",
    about: "From how long on such a thing is an error",
    expected: "a duration from 1ms to 1h, the longest of the three",
    example: "5s",
    default: Some("5s"),
    secret: false,
    list: false,
};

pub(super) static OTLP_ENDPOINT: Setting = Setting {
    key: "otlp_endpoint",
    about: "Where traces go, by OpenTelemetry's protocol over HTTP; nowhere if it is empty",
    expected: "the http or https URL of a collector, to which /v1/traces is added, or nothing",
    example: "http://127.0.0.1:4318",
    default: Some(""),
    secret: false,
    list: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_rule_for_its_three_spellings() {
        assert_eq!(TELEGRAM_API_URL.key, "telegram_api_url");
        assert_eq!(TELEGRAM_API_URL.variable(), "STEPKEEP_TELEGRAM_API_URL");
        assert_eq!(TELEGRAM_API_URL.flag(), "telegram-api-url");
    }

    #[test]
    fn names_that_are_scripted_against_stay() {
        let variables: Vec<_> = Setting::ALL.map(Setting::variable).into();
        for stays in [
            "STEPKEEP_TELEGRAM_TOKEN",
            "STEPKEEP_TELEGRAM_API_URL",
            "STEPKEEP_STORE",
            "STEPKEEP_SHIPPING_API_URL",
            "STEPKEEP_SHIPPING_API_KEY",
            "STEPKEEP_KIE_API_URL",
            "STEPKEEP_KIE_API_KEY",
            "STEPKEEP_KIE_UPLOAD_URL",
            "STEPKEEP_ADMINS",
            "STEPKEEP_LOG",
        ] {
            assert!(
                variables.iter().any(|variable| variable == stays),
                "{stays} is gone"
            );
        }
    }
}
