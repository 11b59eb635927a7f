//! Which collection of which database, and how it is used.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use stepkeep_core::document::DEFAULT_MAX_BYTES;

/// How a [`MongoStorage`](crate::MongoStorage) reaches its collection, and uses it.
///
/// ```
/// use stepkeep_storage_mongo::MongoConfig;
///
/// let config = MongoConfig::from_url("mongodb://db1,db2/bot?replicaSet=rs0&collection=sessions")?;
/// assert_eq!(config.database(), "bot");
/// assert_eq!(config.collection, "sessions");
/// # Ok::<(), stepkeep_storage_mongo::ConfigError>(())
/// ```
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MongoConfig {
    /// The URL as the driver takes it, with the driver's own parameters and none of this store's.
    pub url: SecretString,
    /// The collection.
    #[serde(default = "default_collection")]
    pub collection: String,
    /// The largest session, in bytes of its stored form.
    #[serde(default = "default_max_session_bytes")]
    pub max_session_bytes: usize,
    /// Whether opening creates the indexes. Without it
    /// [`set_up_schema`](stepkeep_core::StoreAdministration::set_up_schema) does it.
    #[serde(default = "default_set_up_schema")]
    pub set_up_schema: bool,
}

/// A setting that can't be. None shows a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL is not one of MongoDB.
    #[error(
        "the URL of a MongoDB store is mongodb:// or mongodb+srv://, such as mongodb://127.0.0.1/stepkeep"
    )]
    NotMongo,
    /// The URL names no server.
    #[error("the URL names no server: write it after mongodb://, such as mongodb://127.0.0.1/stepkeep")]
    NoHost,
    /// A name that MongoDB doesn't take, or that is easily taken for something else.
    #[error(
        "{what} has a name of letters, digits, hyphens and underscores, at most {MAX_NAME}; {name:?} is none"
    )]
    InvalidName {
        /// Whose name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The URL has a parameter twice.
    #[error("the parameter {name:?} is there twice")]
    RepeatedParameter {
        /// The parameter.
        name: String,
    },
    /// The URL has a parameter of this store, where the setting has a field of its own.
    #[error("the URL of the settings has the parameter {name:?}: use the field of that name")]
    MisplacedParameter {
        /// The parameter.
        name: &'static str,
    },
    /// A setting has a value that it can't have.
    #[error("{name} is {expected}, not {value:?}")]
    InvalidValue {
        /// The setting.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
        /// What it was to be.
        value: String,
    },
    /// The driver doesn't take the URL.
    #[error("the driver refuses the URL: {problem}")]
    Refused {
        /// What it says.
        problem: String,
    },
    /// Writes would not be acknowledged.
    #[error("w=0 means that no write is ever acknowledged: leave it out, or write w=majority")]
    Unacknowledged,
}

/// The parameters of this store; all others are the driver's.
const PARAMETERS: [&str; 3] = ["collection", "max_session_bytes", "set_up_schema"];

/// The parameters of the driver that may be there several times.
const REPEATABLE: [&str; 1] = ["readpreferencetags"];

const DEFAULT_DATABASE: &str = "stepkeep";
const MAX_NAME: usize = 63;

/// How long a call waits for a server that takes it.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a write waits for the majority before its outcome is left open.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// More connections than the server has cores to serve only lengthen the queue inside it; with these, enough writes
/// share each flush of the journal.
const POOL_SIZE: u32 = 32;

fn default_collection() -> String {
    "user_sessions".to_owned()
}

const fn default_max_session_bytes() -> usize {
    DEFAULT_MAX_BYTES
}

const fn default_set_up_schema() -> bool {
    true
}

impl MongoConfig {
    /// The defaults, for a URL that has none of this store's parameters.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            collection: default_collection(),
            max_session_bytes: default_max_session_bytes(),
            set_up_schema: default_set_up_schema(),
        }
    }

    /// The settings that a URL states: `mongodb://HOSTS/DATABASE?PARAMETER=VALUE&...`, or `mongodb+srv://`.
    ///
    /// The parameters are the fields of this type and all that the driver knows. Nothing is looked up in the network;
    /// what the driver thinks of its own parameters is said when the store is opened.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut config = Self::new(String::new());
        let mut own: Vec<&'static str> = Vec::new();
        let mut drivers = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let name = parameter.split('=').next().unwrap_or_default();
            let Some(name) = PARAMETERS.into_iter().find(|known| *known == name) else {
                drivers.push(parameter);
                continue;
            };
            if own.contains(&name) {
                return Err(ConfigError::RepeatedParameter {
                    name: name.to_owned(),
                });
            }
            own.push(name);
            for (_, value) in url::form_urlencoded::parse(parameter.as_bytes()) {
                config.set(name, &value)?;
            }
        }
        let mut drivers_url = address.to_owned();
        if !drivers.is_empty() {
            // The driver wants a slash before the question mark.
            if Parts::of(address)?.database.is_none() && !address.ends_with('/') {
                drivers_url.push('/');
            }
            drivers_url.push('?');
            drivers_url.push_str(&drivers.join("&"));
        }
        config.url = drivers_url.into();
        config.validate()?;
        Ok(config)
    }

    fn set(&mut self, name: &'static str, value: &str) -> Result<(), ConfigError> {
        match name {
            "collection" => value.clone_into(&mut self.collection),
            "max_session_bytes" => self.max_session_bytes = parse(name, "a number of bytes", value)?,
            _ => self.set_up_schema = parse(name, "true or false", value)?,
        }
        Ok(())
    }

    /// The database: the one that the URL names, else `stepkeep`.
    pub fn database(&self) -> &str {
        Parts::of(self.url.expose_secret())
            .ok()
            .and_then(|parts| parts.database)
            .unwrap_or(DEFAULT_DATABASE)
    }

    /// Checks what the types can't.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        /// MongoDB takes a document of 16 MB, and one that is stored has more bytes than its stored form.
        const LARGEST: usize = 4 * 1024 * 1024;
        let Parts {
            hosts,
            database,
            query,
            ..
        } = Parts::of(self.url.expose_secret())?;
        if hosts.is_empty() {
            return Err(ConfigError::NoHost);
        }
        check_name("the database", database.unwrap_or(DEFAULT_DATABASE))?;
        check_name("the collection", &self.collection)?;
        if !(1..=LARGEST).contains(&self.max_session_bytes) {
            return Err(ConfigError::InvalidValue {
                name: "max_session_bytes",
                expected: "from 1 to 4194304",
                value: self.max_session_bytes.to_string(),
            });
        }
        let mut seen = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let name = parameter.split('=').next().unwrap_or_default();
            if let Some(name) = PARAMETERS.into_iter().find(|known| *known == name) {
                return Err(ConfigError::MisplacedParameter { name });
            }
            let name = name.to_ascii_lowercase();
            if seen.contains(&name) && !REPEATABLE.contains(&name.as_str()) {
                return Err(ConfigError::RepeatedParameter { name });
            }
            seen.push(name);
        }
        Ok(())
    }

    /// The driver's options: what the URL says, and this store's defaults for what it doesn't say.
    ///
    /// A URL of `mongodb+srv` is looked up in the DNS.
    pub(crate) async fn client_options(&self) -> Result<ClientOptions, ConfigError> {
        let url = self.url.expose_secret();
        let mut options = ClientOptions::parse(url).await.map_err(|error| {
            // The driver may quote the URL or parts of it.
            let problem = error.kind.to_string();
            let userinfo = Parts::of(url).ok().and_then(|parts| parts.userinfo);
            let quotes_secret = userinfo.is_some_and(|userinfo| {
                userinfo
                    .split(':')
                    .any(|part| !part.is_empty() && problem.contains(part))
            });
            ConfigError::Refused {
                problem: if quotes_secret {
                    "its user or password is not percent-encoded, or is incomplete".to_owned()
                } else {
                    problem
                },
            }
        })?;
        apply_defaults(&mut options)?;
        Ok(options)
    }
}

fn apply_defaults(options: &mut ClientOptions) -> Result<(), ConfigError> {
    let concern = options.write_concern.get_or_insert_with(WriteConcern::majority);
    if concern.w == Some(Acknowledgment::Nodes(0)) {
        return Err(ConfigError::Unacknowledged);
    }
    complete_write_concern(concern);
    let majority = concern.w == Some(Acknowledgment::Majority);
    options.read_concern.get_or_insert_with(|| read_concern(majority));
    // The server keeps an image of a document for each write that the driver could repeat, which costs 20 to 65 %. The
    // revision makes a repetition after reading back safe, and that is what this project's own retry layer does.
    options.retry_writes.get_or_insert(false);
    options.server_selection_timeout.get_or_insert(SELECTION_TIMEOUT);
    options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
    options.max_pool_size.get_or_insert(POOL_SIZE);
    options.app_name.get_or_insert_with(|| "stepkeep".to_owned());
    Ok(())
}

/// The defaults of what a write concern leaves open: the majority, on the disk, and not for ever.
pub(crate) fn complete_write_concern(concern: &mut WriteConcern) {
    concern.w.get_or_insert(Acknowledgment::Majority);
    concern.journal.get_or_insert(true);
    concern.w_timeout.get_or_insert(WRITE_TIMEOUT);
}

/// What a majority has can't be undone, so that is what is read; but where an acknowledged write needs no majority, a
/// read has to see it before there is one.
pub(crate) fn read_concern(writes_wait_for_majority: bool) -> ReadConcern {
    if writes_wait_for_majority {
        ReadConcern::majority()
    } else {
        ReadConcern::local()
    }
}

/// The parts of a URL.
struct Parts<'a> {
    scheme: &'static str,
    userinfo: Option<&'a str>,
    hosts: &'a str,
    database: Option<&'a str>,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Result<Self, ConfigError> {
        let (scheme, rest) = ["mongodb://", "mongodb+srv://"]
            .into_iter()
            .find_map(|scheme| Some((scheme, url.strip_prefix(scheme)?)))
            .ok_or(ConfigError::NotMongo)?;
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (userinfo, place) = match address.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, address),
        };
        let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
        Ok(Self {
            scheme,
            userinfo,
            hosts,
            database: Some(database).filter(|database| !database.is_empty()),
            query,
        })
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), ConfigError> {
    let fits = (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !name.starts_with("system");
    if fits {
        return Ok(());
    }
    Err(ConfigError::InvalidName {
        what,
        name: shortened(name),
    })
}

fn parse<T: FromStr>(name: &'static str, expected: &'static str, value: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|_| ConfigError::InvalidValue {
        name,
        expected,
        value: shortened(value),
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Shows where it connects, and neither the user nor the password.
impl fmt::Debug for MongoConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.expose_secret();
        let address = Parts::of(url)
            .map(|parts| format!("{}{}", parts.scheme, parts.hosts))
            .unwrap_or_default();
        formatter
            .debug_struct("MongoConfig")
            .field("address", &address)
            .field("database", &self.database())
            .field("collection", &self.collection)
            .field("max_session_bytes", &self.max_session_bytes)
            .field("set_up_schema", &self.set_up_schema)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        MongoConfig::from_url(url).unwrap_err().to_string()
    }

    #[test]
    fn own_parameters_are_taken_out_and_the_drivers_stay() {
        let url =
            "mongodb://me:pw@a,b:7/bot?collection=c&w=1&max_session_bytes=9000&set_up_schema=false&j=false";
        let config = MongoConfig::from_url(url).unwrap();
        assert_eq!(
            config.url.expose_secret(),
            "mongodb://me:pw@a,b:7/bot?w=1&j=false"
        );
        assert_eq!((config.database(), config.collection.as_str()), ("bot", "c"));
        assert_eq!((config.max_session_bytes, config.set_up_schema), (9_000, false));
        let config = MongoConfig::from_url("mongodb://a?w=1").unwrap();
        assert_eq!(config.url.expose_secret(), "mongodb://a/?w=1");
        assert_eq!(
            (config.database(), config.collection.as_str()),
            ("stepkeep", "user_sessions")
        );
        MongoConfig::from_url("mongodb+srv://cluster.example.com/bot").unwrap();
    }

    #[test]
    fn what_can_not_be_is_refused_with_what_could_be() {
        insta::assert_snapshot!(refused("redis://a"), @"the URL of a MongoDB store is mongodb:// or mongodb+srv://, such as mongodb://127.0.0.1/stepkeep");
        insta::assert_snapshot!(refused("mongodb:///x"), @"the URL names no server: write it after mongodb://, such as mongodb://127.0.0.1/stepkeep");
        insta::assert_snapshot!(refused("mongodb://a/a.b"), @r#"the database has a name of letters, digits, hyphens and underscores, at most 63; "a.b" is none"#);
        insta::assert_snapshot!(refused("mongodb://a/?collection=%24cmd"), @r#"the collection has a name of letters, digits, hyphens and underscores, at most 63; "$cmd" is none"#);
        insta::assert_snapshot!(refused("mongodb://a/?collection=b&collection=c"), @r#"the parameter "collection" is there twice"#);
        insta::assert_snapshot!(refused("mongodb://a/?w=1&W=2"), @r#"the parameter "w" is there twice"#);
        insta::assert_snapshot!(refused("mongodb://a/?set_up_schema=yes"), @r#"set_up_schema is true or false, not "yes""#);
        insta::assert_snapshot!(refused("mongodb://a/?max_session_bytes=0"), @r#"max_session_bytes is from 1 to 4194304, not "0""#);
        let misplaced = MongoConfig::new("mongodb://a/?collection=b".to_owned()).validate();
        insta::assert_snapshot!(misplaced.unwrap_err(), @r#"the URL of the settings has the parameter "collection": use the field of that name"#);
    }

    #[tokio::test]
    async fn defaults_are_safe_and_the_url_overrides_each() {
        let of = async |url| MongoConfig::from_url(url).unwrap().client_options().await;
        let options = of("mongodb://a").await.unwrap();
        let concern = options.write_concern.unwrap();
        assert_eq!(
            (concern.w, concern.journal),
            (Some(Acknowledgment::Majority), Some(true))
        );
        assert_eq!(options.read_concern, Some(ReadConcern::majority()));
        assert_eq!(options.retry_writes, Some(false));
        let options = of("mongodb://a/?w=1&journal=false&retryWrites=true&maxPoolSize=3")
            .await
            .unwrap();
        let concern = options.write_concern.unwrap();
        assert_eq!(
            (concern.w, concern.journal),
            (Some(Acknowledgment::Nodes(1)), Some(false))
        );
        assert_eq!(options.read_concern, Some(ReadConcern::local()));
        assert_eq!(
            (options.retry_writes, options.max_pool_size),
            (Some(true), Some(3))
        );
        assert_eq!(
            of("mongodb://a/?w=0").await.unwrap_err(),
            ConfigError::Unacknowledged
        );
    }

    #[tokio::test]
    async fn no_error_and_no_debug_shows_the_password() {
        for url in [
            "mongodb://me:hunter2/x@a/b",
            "mongodb://me:hunter2%@a/b",
            "mongodb://me:hunter2:x@a/b",
            "mongodb://me:hunter2@a/b?nonsense=1",
            "mongodb://me:hunter2@a:port/b",
            "mongodb://me:hunter2@a/b.c",
        ] {
            let shown = match MongoConfig::from_url(url) {
                Err(error) => format!("{error} {error:?}"),
                Ok(config) => match config.client_options().await {
                    Err(error) => format!("{config:?} {error} {error:?}"),
                    Ok(_) => format!("{config:?}"),
                },
            };
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
