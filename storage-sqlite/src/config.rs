//! Where the file is, and how it is used.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use stepkeep_core::document::DEFAULT_MAX_BYTES;

/// How a [`SqliteStorage`](crate::SqliteStorage) uses its file.
///
/// ```
/// use stepkeep_storage_sqlite::{SqliteConfig, Synchronous};
///
/// let config = SqliteConfig::from_url("sqlite://data/stepkeep.db?synchronous=normal")?;
/// assert_eq!(config.path.to_str(), Some("data/stepkeep.db"));
/// assert_eq!(config.synchronous, Synchronous::Normal);
/// # Ok::<(), stepkeep_storage_sqlite::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The file. It is created when it isn't there; its folder is not.
    pub path: PathBuf,
    /// What an acknowledged write survives.
    #[serde(default)]
    pub synchronous: Synchronous,
    /// How long a call waits for another process that holds the file's lock, in milliseconds.
    #[serde(default = "default_busy_timeout_ms")]
    pub busy_timeout_ms: u32,
    /// How many sessions can be read at once: from 1 to [`SqliteConfig::MAX_READERS`].
    #[serde(default = "default_readers")]
    pub readers: u32,
    /// The largest session, in bytes of its stored form.
    #[serde(default = "default_max_session_bytes")]
    pub max_session_bytes: usize,
    /// Whether opening creates the file and brings its schema up to date. Without it the file has to be there, and
    /// [`set_up_schema`](stepkeep_core::StoreAdministration::set_up_schema) does it.
    #[serde(default = "default_set_up_schema")]
    pub set_up_schema: bool,
}

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// The death of the process and a loss of power. Each batch of writes waits for the disk.
    #[default]
    Full,
    /// The death of the process. A loss of power may take the last writes with it, and never damages the file.
    Normal,
}

/// A setting that can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL is not one of a SQLite store.
    #[error(
        "the URL of a SQLite store is sqlite:// and the path of a file, such as sqlite://data/stepkeep.db"
    )]
    NotSqlite,
    /// The URL asks for a database in memory.
    #[error("a SQLite store is a file; a store in memory is another backend (memory://)")]
    InMemory,
    /// The path is empty, or not UTF-8 when its escapes are decoded.
    #[error("the URL names no file: write the path after sqlite://, its special characters percent-encoded")]
    NoPath,
    /// The URL has a parameter that doesn't exist.
    #[error("there is no parameter {name:?}; there are {}", PARAMETERS.join(", "))]
    UnknownParameter {
        /// The parameter.
        name: String,
    },
    /// The URL has a parameter twice.
    #[error("the parameter {name:?} is there twice")]
    RepeatedParameter {
        /// The parameter.
        name: &'static str,
    },
    /// A setting has a value that it can't have.
    #[error("{name} is {expected}, not {value:?}")]
    InvalidValue {
        /// The setting.
        name: &'static str,
        /// What it can be.
        expected: String,
        /// What it was to be.
        value: String,
    },
}

const PARAMETERS: [&str; 5] = [
    "synchronous",
    "busy_timeout_ms",
    "readers",
    "max_session_bytes",
    "set_up_schema",
];

const fn default_busy_timeout_ms() -> u32 {
    5_000
}

const fn default_readers() -> u32 {
    4
}

const fn default_max_session_bytes() -> usize {
    DEFAULT_MAX_BYTES
}

const fn default_set_up_schema() -> bool {
    true
}

impl SqliteConfig {
    /// The most that [`SqliteConfig::readers`] can be.
    pub const MAX_READERS: u32 = 64;

    /// The defaults, for this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            synchronous: Synchronous::default(),
            busy_timeout_ms: default_busy_timeout_ms(),
            readers: default_readers(),
            max_session_bytes: default_max_session_bytes(),
            set_up_schema: default_set_up_schema(),
        }
    }

    /// The settings that a URL states: `sqlite://PATH?PARAMETER=VALUE&...`.
    ///
    /// What follows `sqlite://` is the path, percent-encoded: `sqlite://stepkeep.db` is relative to the folder that the
    /// process runs in, `sqlite:///var/lib/stepkeep.db` absolute. The parameters are the fields of this type.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong; an unknown parameter is refused, not ignored.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let scheme_length = "sqlite://".len();
        let rest = match url.get(..scheme_length) {
            Some(scheme) if scheme.eq_ignore_ascii_case("sqlite://") => &url[scheme_length..],
            _ if url.starts_with("sqlite::memory:") => return Err(ConfigError::InMemory),
            _ => return Err(ConfigError::NotSqlite),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| ConfigError::NoPath)?;
        if path.trim_matches('/') == ":memory:" {
            return Err(ConfigError::InMemory);
        }
        if path.is_empty() || path.ends_with('/') || path.contains('\0') {
            return Err(ConfigError::NoPath);
        }
        let mut config = Self::new(Path::new(path.as_ref()));
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let name = PARAMETERS
                .into_iter()
                .find(|parameter| *parameter == name)
                .ok_or_else(|| ConfigError::UnknownParameter {
                    name: shortened(&name),
                })?;
            if seen.contains(&name) {
                return Err(ConfigError::RepeatedParameter { name });
            }
            seen.push(name);
            config.set(name, &value)?;
        }
        config.validate()?;
        Ok(config)
    }

    fn set(&mut self, name: &'static str, value: &str) -> Result<(), ConfigError> {
        match name {
            "synchronous" => self.synchronous = parse(name, "full or normal", value)?,
            "busy_timeout_ms" => self.busy_timeout_ms = parse(name, "a number of milliseconds", value)?,
            "readers" => self.readers = parse(name, "a number", value)?,
            "max_session_bytes" => self.max_session_bytes = parse(name, "a number of bytes", value)?,
            _ => self.set_up_schema = parse(name, "true or false", value)?,
        }
        Ok(())
    }

    /// Checks what the types can't.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.path.as_os_str().is_empty() {
            return Err(ConfigError::NoPath);
        }
        if !(1..=Self::MAX_READERS).contains(&self.readers) {
            return Err(ConfigError::InvalidValue {
                name: "readers",
                expected: format!("from 1 to {}", Self::MAX_READERS),
                value: self.readers.to_string(),
            });
        }
        Ok(())
    }
}

impl FromStr for Synchronous {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "full" => Ok(Self::Full),
            "normal" => Ok(Self::Normal),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Synchronous {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full => "full",
            Self::Normal => "normal",
        })
    }
}

fn parse<T: FromStr>(name: &'static str, expected: &str, value: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|_| ConfigError::InvalidValue {
        name,
        expected: expected.to_owned(),
        value: shortened(value),
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> PathBuf {
        SqliteConfig::from_url(url).unwrap().path
    }

    #[test]
    fn a_url_names_a_relative_or_an_absolute_path() {
        assert_eq!(path("sqlite://stepkeep.db"), Path::new("stepkeep.db"));
        assert_eq!(path("sqlite://./Data/Bot.db"), Path::new("./Data/Bot.db"));
        assert_eq!(path("SQLite:///var/lib/bot.db"), Path::new("/var/lib/bot.db"));
        assert_eq!(
            path("sqlite://my%20bot%3F/%D0%B4.db?readers=2"),
            Path::new("my bot?/д.db")
        );
        assert_eq!(path("sqlite://a+b#c.db"), Path::new("a+b#c.db"));
    }

    #[test]
    fn every_parameter_sets_its_setting() {
        let url = "sqlite://x.db?synchronous=normal&busy_timeout_ms=70&readers=2&max_session_bytes=9000&set_up_schema=false";
        let config = SqliteConfig::from_url(url).unwrap();
        let expected = SqliteConfig {
            path: "x.db".into(),
            synchronous: Synchronous::Normal,
            busy_timeout_ms: 70,
            readers: 2,
            max_session_bytes: 9_000,
            set_up_schema: false,
        };
        assert_eq!(config, expected);
        assert_eq!(
            SqliteConfig::from_url("sqlite://x.db").unwrap(),
            SqliteConfig::new("x.db")
        );
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        let message = |url| SqliteConfig::from_url(url).unwrap_err().to_string();
        insta::assert_snapshot!(message("redis://localhost"), @"the URL of a SQLite store is sqlite:// and the path of a file, such as sqlite://data/stepkeep.db");
        insta::assert_snapshot!(message("sqlite:stepkeep.db"), @"the URL of a SQLite store is sqlite:// and the path of a file, such as sqlite://data/stepkeep.db");
        insta::assert_snapshot!(message("sqlite::memory:"), @"a SQLite store is a file; a store in memory is another backend (memory://)");
        insta::assert_snapshot!(message("sqlite://:memory:"), @"a SQLite store is a file; a store in memory is another backend (memory://)");
        insta::assert_snapshot!(message("sqlite://"), @"the URL names no file: write the path after sqlite://, its special characters percent-encoded");
        insta::assert_snapshot!(message("sqlite://data/"), @"the URL names no file: write the path after sqlite://, its special characters percent-encoded");
        insta::assert_snapshot!(message("sqlite://%FF.db"), @"the URL names no file: write the path after sqlite://, its special characters percent-encoded");
        insta::assert_snapshot!(message("sqlite://x.db?sync=full"), @r#"there is no parameter "sync"; there are synchronous, busy_timeout_ms, readers, max_session_bytes, set_up_schema"#);
        insta::assert_snapshot!(message("sqlite://x.db?readers=1&readers=2"), @r#"the parameter "readers" is there twice"#);
        insta::assert_snapshot!(message("sqlite://x.db?synchronous=off"), @r#"synchronous is full or normal, not "off""#);
        insta::assert_snapshot!(message("sqlite://x.db?readers=0"), @r#"readers is from 1 to 64, not "0""#);
        insta::assert_snapshot!(message("sqlite://x.db?busy_timeout_ms=5s"), @r#"busy_timeout_ms is a number of milliseconds, not "5s""#);
    }

    #[test]
    fn a_settings_file_needs_the_path_only_and_knows_its_settings() {
        let config: SqliteConfig = serde_json::from_str(r#"{"path":"x.db"}"#).unwrap();
        assert_eq!(config, SqliteConfig::new("x.db"));
        assert!(serde_json::from_str::<SqliteConfig>(r#"{"path":"x.db","reader":1}"#).is_err());
    }
}
