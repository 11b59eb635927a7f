//! The settings of a bot: where they come from, and what they have to be.
//!
//! A setting has one name with three spellings, see [`Setting`]. Values come from a file, the environment and flags, and the later
//! of two wins, see [`Sources`]. Reading them answers either [`Settings`], every value checked and typed, or one
//! [`ConfigError`] that lists everything that is missing or wrong.
//!
//! ```
//! use stepkeep::config::{Settings, Sources};
//!
//! let sources = Sources::new().with_environment([
//!     ("STEPKEEP_TELEGRAM_TOKEN".into(), "123456789:AAE-an-example".into()),
//!     ("STEPKEEP_STORE".into(), "postgres://localhost/orders".into()),
//! ]);
//! let error = Settings::load(&sources).unwrap_err();
//! // One message names both: a key that is missing, and a store that there isn't.
//! assert!(error.to_string().contains("STEPKEEP_SHIPPING_API_KEY"));
//! assert!(error.to_string().contains("postgres"));
//! ```

mod cache;
mod error;
mod generation;
mod ledger;
mod redaction;
mod setting;
mod slowness;
mod sources;
mod stars;
mod status;
mod store_url;
mod values;
mod webhook;

use std::collections::BTreeSet;
use std::time::Duration;

use bytesize::ByteSize;
use secrecy::SecretString;
use stepkeep_core::{Slowness, UserId};
use url::Url;

pub use self::cache::{CacheSettings, CacheUrl};
pub use self::error::{ConfigError, Origin, Problem};
pub use self::generation::{CallbackSettings, GenerationSettings};
pub use self::ledger::LedgerSettings;
pub(crate) use self::redaction::without_secrets;
pub use self::setting::Setting;
pub use self::sources::{SettingFlags, Sources};
pub use self::stars::StarsSettings;
pub use self::status::{StatusListen, StatusSettings};
pub(crate) use self::store_url::Place;
pub use self::store_url::{StoreBackend, StoreUrl};
pub use self::values::{Delivery, LogFilter, LogFormat};
pub use self::webhook::{WebhookCommandSettings, WebhookSettings};

use self::error::Findings;
use crate::telegram::BotToken;

/// Everything that a bot has to be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to reach Telegram.
    pub telegram: TelegramSettings,
    /// How updates come: `None` is by polling.
    pub webhook: Option<WebhookSettings>,
    /// How to reach the shipping API.
    pub shipping: ShippingSettings,
    /// How to reach the generation API: `None` is without generation.
    pub generation: Option<GenerationSettings>,
    /// Where sessions are kept.
    pub store: StoreUrl,
    /// Those who may use the operator's commands.
    pub admins: BTreeSet<UserId>,
    /// How many messages of a broadcast are sent in a second.
    pub broadcast_rate: u32,
    /// Where balances are kept, and what is charged.
    pub ledger: LedgerSettings,
    /// What is offered for Telegram's Stars: `None` is nothing.
    pub stars: Option<StarsSettings>,
    /// When idle sessions are removed.
    pub cleanup: CleanupSettings,
    /// From what size of a store on operators are warned; never without it.
    pub store_size_warning: Option<ByteSize>,
    /// How long is kept what comes from elsewhere.
    pub cache: CacheSettings,
    /// When people hear who stop answering.
    pub idle: IdleSettings,
    /// Where operators look at the bot.
    pub status: StatusSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// From how long on something is logged louder.
    pub slowness: Slowness,
    /// Where traces go, if anywhere.
    pub otlp_endpoint: Option<Url>,
}

/// When people hear who stop answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleSettings {
    /// When a person is reminded of an order; never without it.
    pub shipping_reminder: Option<Duration>,
    /// When an order is closed; without it, it stays until the cleanup.
    pub shipping_timeout: Option<Duration>,
}

/// How to reach Telegram.
#[derive(Debug, Clone)]
pub struct TelegramSettings {
    /// The bot's token.
    pub token: BotToken,
    /// The address of the Bot API server, without a slash at the end of its path.
    pub api_url: Url,
}

/// How to reach the shipping API.
#[derive(Debug, Clone)]
pub struct ShippingSettings {
    /// The address of the API, without a slash at the end of its path.
    pub api_url: Url,
    /// What stands between the address and the resources: empty, or a path that begins with a slash and doesn't end with one.
    pub api_prefix: String,
    /// The account's key.
    pub api_key: SecretString,
}

/// When idle sessions are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupSettings {
    /// The time between two runs.
    pub interval: Duration,
    /// How long a session is idle before a run removes it.
    pub idle: Duration,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// What is logged.
    pub filter: LogFilter,
    /// In which form.
    pub format: LogFormat,
}

impl Settings {
    /// Reads and checks every setting.
    ///
    /// # Errors
    ///
    /// Everything that is missing or wrong, at once: settings, the file, and names in it that nobody knows.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut findings = Findings::of(sources);
        let telegram = TelegramSettings::read(&mut findings);
        let delivery = findings.read(&setting::DELIVERY, Delivery::parse);
        let needed = delivery == Some(Delivery::Webhook);
        let webhook = WebhookSettings::read(&mut findings, telegram.as_ref(), needed);
        let store = findings.read(&setting::STORE, StoreUrl::parse);
        let shipping_api_url = findings.read(&setting::SHIPPING_API_URL, values::parse_api_url);
        let api_prefix = findings.read(&setting::SHIPPING_API_PREFIX, values::parse_prefix);
        let api_key = findings.read(&setting::SHIPPING_API_KEY, values::parse_api_key);
        let generation = GenerationSettings::read(&mut findings);
        let admins = findings.read(&setting::ADMINS, values::parse_user_ids);
        let broadcast_rate = findings.read(&setting::BROADCAST_RATE, values::parse_broadcast_rate);
        let ledger = LedgerSettings::read(&mut findings, admins.as_ref());
        let currency = ledger.as_ref().map(|ledger| ledger.config.currency);
        let stars = StarsSettings::read(&mut findings, currency, generation.is_some());
        let interval = findings.read(&setting::CLEANUP_INTERVAL, values::parse_cleanup_interval);
        let idle = findings.read(&setting::CLEANUP_IDLE, values::parse_cleanup_idle);
        let store_size_warning = findings.read(&setting::STORE_SIZE_WARNING, values::parse_size);
        let cache = CacheSettings::read(&mut findings);
        let shipping_reminder = findings.read(&setting::SHIPPING_REMINDER, values::parse_idle);
        let shipping_timeout = findings.read(&setting::SHIPPING_TIMEOUT, values::parse_idle);
        let status = StatusSettings::read(&mut findings);
        let log = LogSettings::read(&mut findings);
        let slowness = slowness::read(&mut findings);
        let otlp_endpoint = findings.read(&setting::OTLP_ENDPOINT, values::parse_otlp_endpoint);
        findings.conclude(move || {
            Some(Self {
                telegram: telegram?,
                webhook: webhook?.0.filter(|_| needed),
                shipping: ShippingSettings {
                    api_url: shipping_api_url?,
                    api_prefix: api_prefix?,
                    api_key: api_key?,
                },
                generation,
                store: store?,
                admins: admins?,
                broadcast_rate: broadcast_rate?,
                ledger: ledger?,
                stars: stars?.0,
                cleanup: CleanupSettings {
                    interval: interval?,
                    idle: idle?,
                },
                store_size_warning: store_size_warning?,
                cache: cache?,
                idle: IdleSettings {
                    shipping_reminder: shipping_reminder?,
                    shipping_timeout: shipping_timeout?,
                },
                status: status?,
                log: log?,
                slowness: slowness?,
                otlp_endpoint: otlp_endpoint?,
            })
        })
    }
}

/// What is needed to look at what a bot keeps, without the rest of it.
#[derive(Debug, Clone)]
pub struct OperatorSettings {
    /// The bot's token, which says which bot it is.
    pub token: BotToken,
    /// Where sessions are kept.
    pub store: StoreUrl,
    /// What is logged, and how.
    pub log: LogSettings,
}

impl OperatorSettings {
    /// Reads and checks these settings alone.
    ///
    /// # Errors
    ///
    /// Everything that is missing or wrong with them, and with the sources as such.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut findings = Findings::of(sources);
        let token = findings.read(&setting::TELEGRAM_TOKEN, values::parse_token);
        let store = findings.read(&setting::STORE, StoreUrl::parse);
        let log = LogSettings::read(&mut findings);
        findings.conclude(move || {
            Some(Self {
                token: token?,
                store: store?,
                log: log?,
            })
        })
    }
}

/// What is needed to look at a store, without the rest of a bot.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Where sessions are kept.
    pub store: StoreUrl,
    /// Where balances are kept, if elsewhere.
    pub ledger: Option<StoreUrl>,
    /// What is logged, and how.
    pub log: LogSettings,
}

impl StoreSettings {
    /// Reads and checks these settings alone.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, and with the sources as such.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut findings = Findings::of(sources);
        let store = findings.read(&setting::STORE, StoreUrl::parse);
        let ledger = findings.read(&setting::LEDGER_URL, ledger::parse_url);
        let log = LogSettings::read(&mut findings);
        findings.conclude(move || {
            Some(Self {
                store: store?,
                ledger: ledger?,
                log: log?,
            })
        })
    }
}

impl TelegramSettings {
    fn read(findings: &mut Findings<'_>) -> Option<Self> {
        let token = findings.read(&setting::TELEGRAM_TOKEN, values::parse_token);
        let api_url = findings.read(&setting::TELEGRAM_API_URL, values::parse_api_url);
        Some(Self {
            token: token?,
            api_url: api_url?,
        })
    }

    /// Whether the server is Telegram's own, which is more particular about webhooks than others.
    fn is_telegrams_own(&self) -> bool {
        self.api_url.host_str() == Some("api.telegram.org")
    }
}

impl LogSettings {
    /// Reads and checks these settings alone, for what begins before the others are known.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, and with the sources as such.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut findings = Findings::of(sources);
        let log = Self::read(&mut findings);
        findings.conclude(move || log)
    }

    fn read(findings: &mut Findings<'_>) -> Option<Self> {
        let filter = findings.read(&setting::LOG, LogFilter::parse);
        let format = findings.read(&setting::LOG_FORMAT, LogFormat::parse);
        Some(Self {
            filter: filter?,
            format: format?,
        })
    }
}
