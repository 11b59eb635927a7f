//! The URL that chooses a store.

use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::redaction::without_secrets;

#[cfg(not(any(
    feature = "memory",
    feature = "sqlite",
    feature = "redis",
    feature = "mongodb"
)))]
compile_error!("a bot needs a store: build it with the feature `sqlite`, `redis`, `mongodb` or `memory`");

/// A kind of store that this program knows, compiled in or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreBackend {
    /// In the process: nothing survives it.
    Memory,
    /// On an embedded file.
    Sqlite,
    /// On Redis or Valkey.
    Redis,
    /// On MongoDB.
    Mongo,
}

impl StoreBackend {
    /// Every kind.
    const ALL: [Self; 4] = [Self::Memory, Self::Sqlite, Self::Redis, Self::Mongo];

    /// The name of the Cargo feature that compiles it in.
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::Mongo => "mongodb",
        }
    }

    /// What its URLs begin with, up to the colon.
    const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Memory => &["memory"],
            Self::Sqlite => &["sqlite"],
            Self::Redis => &[
                "redis",
                "rediss",
                "redis+unix",
                "unix",
                "redis+sentinel",
                "rediss+sentinel",
                "redis+cluster",
                "rediss+cluster",
            ],
            Self::Mongo => &["mongodb", "mongodb+srv"],
        }
    }

    /// Whether this program can open it.
    pub const fn is_compiled_in(self) -> bool {
        match self {
            Self::Memory => cfg!(feature = "memory"),
            Self::Sqlite => cfg!(feature = "sqlite"),
            Self::Redis => cfg!(feature = "redis"),
            Self::Mongo => cfg!(feature = "mongodb"),
        }
    }

    /// The kinds that this program can open.
    pub fn compiled_in() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_compiled_in())
    }

    /// A URL, to show what one looks like.
    const fn example(self) -> &'static str {
        match self {
            Self::Memory => "memory:",
            Self::Sqlite => "sqlite://stepkeep.sqlite",
            Self::Redis => "redis://localhost",
            Self::Mongo => "mongodb://localhost",
        }
    }
}

/// The URL of a store that this program can open. It may contain a password, and shows none.
#[derive(Clone)]
pub struct StoreUrl {
    url: SecretString,
    place: Place,
}

/// What a store is opened with: the URL, read by the store that it names.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    #[cfg(feature = "memory")]
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(stepkeep_storage_sqlite::SqliteConfig),
    // Boxed, since they are much larger than the others.
    #[cfg(feature = "redis")]
    Redis(Box<stepkeep_storage_redis::RedisConfig>),
    #[cfg(feature = "mongodb")]
    Mongo(Box<stepkeep_storage_mongo::MongoConfig>),
}

impl StoreUrl {
    /// Checks what can be known without opening the store: that the scheme is one of those compiled in, and that the store
    /// understands what follows it.
    ///
    /// # Errors
    ///
    /// What is wrong, in words that follow the name of the setting: "store is wrong: ...".
    pub fn parse(url: &str) -> Result<Self, String> {
        let url = url.trim();
        let Some((scheme, _)) = url.split_once(':') else {
            return Err(format!("a store is named by a URL with a scheme; {}", choices()));
        };
        let scheme = scheme.to_ascii_lowercase();
        let Some(backend) = StoreBackend::ALL
            .into_iter()
            .find(|b| b.schemes().contains(&scheme.as_str()))
        else {
            return Err(format!(
                "there is no store for the scheme {:?}; {}",
                without_secrets(&scheme),
                choices()
            ));
        };
        Ok(Self {
            url: url.into(),
            place: Place::read(backend, url)?,
        })
    }

    /// Which kind of store it names.
    pub fn backend(&self) -> StoreBackend {
        match self.place {
            #[cfg(feature = "memory")]
            Place::Memory => StoreBackend::Memory,
            #[cfg(feature = "sqlite")]
            Place::Sqlite(_) => StoreBackend::Sqlite,
            #[cfg(feature = "redis")]
            Place::Redis(_) => StoreBackend::Redis,
            #[cfg(feature = "mongodb")]
            Place::Mongo(_) => StoreBackend::Mongo,
        }
    }

    /// What to open.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether opening it makes its schema what it has to be.
    pub(crate) fn sets_up_schema(&self) -> bool {
        match &self.place {
            #[cfg(feature = "memory")]
            Place::Memory => true,
            #[cfg(feature = "sqlite")]
            Place::Sqlite(config) => config.set_up_schema,
            #[cfg(feature = "redis")]
            Place::Redis(config) => config.set_up_schema,
            #[cfg(feature = "mongodb")]
            Place::Mongo(config) => config.set_up_schema,
        }
    }

    /// The same, but opening it sets nothing up.
    #[must_use]
    pub(crate) fn without_set_up(&self) -> Self {
        let mut url = self.clone();
        match &mut url.place {
            #[cfg(feature = "memory")]
            Place::Memory => {}
            #[cfg(feature = "sqlite")]
            Place::Sqlite(config) => config.set_up_schema = false,
            #[cfg(feature = "redis")]
            Place::Redis(config) => config.set_up_schema = false,
            #[cfg(feature = "mongodb")]
            Place::Mongo(config) => config.set_up_schema = false,
        }
        url
    }

    /// The file that the store is, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            #[cfg(feature = "memory")]
            Place::Memory => None,
            #[cfg(feature = "sqlite")]
            Place::Sqlite(config) => Some(&config.path),
            #[cfg(feature = "redis")]
            Place::Redis(_) => None,
            #[cfg(feature = "mongodb")]
            Place::Mongo(_) => None,
        }
    }

    /// The URL as it was given, with the password that it may contain.
    pub fn expose(&self) -> &str {
        self.url.expose_secret()
    }
}

impl Place {
    fn read(backend: StoreBackend, url: &str) -> Result<Self, String> {
        match backend {
            #[cfg(feature = "memory")]
            StoreBackend::Memory => {
                let (_, place) = url.split_once(':').unwrap_or_default();
                if place.trim_start_matches('/').is_empty() {
                    Ok(Self::Memory)
                } else {
                    Err("the memory store has no place and no options: write `memory:`".to_owned())
                }
            }
            #[cfg(feature = "sqlite")]
            StoreBackend::Sqlite => stepkeep_storage_sqlite::SqliteConfig::from_url(url)
                .map(Self::Sqlite)
                .map_err(|error| error.to_string()),
            #[cfg(feature = "redis")]
            StoreBackend::Redis => stepkeep_storage_redis::RedisConfig::from_url(url)
                .map(|config| Self::Redis(Box::new(config)))
                .map_err(|error| error.to_string()),
            #[cfg(feature = "mongodb")]
            StoreBackend::Mongo => stepkeep_storage_mongo::MongoConfig::from_url(url)
                .map(|config| Self::Mongo(Box::new(config)))
                .map_err(|error| error.to_string()),
            #[cfg(not(all(
                feature = "memory",
                feature = "sqlite",
                feature = "redis",
                feature = "mongodb"
            )))]
            left_out => Err(format!(
                "this program was built without the feature `{}`; {}",
                left_out.feature(),
                choices()
            )),
        }
    }
}

/// Which stores there are to choose from.
fn choices() -> String {
    let examples: Vec<String> = StoreBackend::compiled_in()
        .map(|backend| format!("`{}`", backend.example()))
        .collect();
    let (last, others) = examples
        .split_last()
        .map_or(("", [].as_slice()), |(last, others)| (last, others));
    if others.is_empty() {
        format!("this program can open {last}")
    } else {
        format!("this program can open {} and {last}", others.join(", "))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_secrets(self.expose()))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(
        feature = "memory",
        feature = "sqlite",
        feature = "redis",
        feature = "mongodb"
    ))]
    fn the_scheme_chooses_the_store() {
        for (url, backend) in [
            ("redis://bot:hunter2@db:6380/2?prefix=orders", StoreBackend::Redis),
            ("rediss://db", StoreBackend::Redis),
            ("redis+unix:///run/redis.sock", StoreBackend::Redis),
            (
                "redis+sentinel://one:26379,two:26379/mymaster",
                StoreBackend::Redis,
            ),
            ("redis+cluster://one:7000,two:7000", StoreBackend::Redis),
            ("mongodb://one,two/stepkeep?replicaSet=rs0", StoreBackend::Mongo),
            ("mongodb+srv://cluster.example.net", StoreBackend::Mongo),
            ("memory:", StoreBackend::Memory),
            ("memory://", StoreBackend::Memory),
            ("sqlite://stepkeep.sqlite", StoreBackend::Sqlite),
            (
                "sqlite:///var/lib/x.sqlite?synchronous=normal",
                StoreBackend::Sqlite,
            ),
            (" SQLite://x ", StoreBackend::Sqlite),
        ] {
            assert_eq!(StoreUrl::parse(url).unwrap().backend(), backend, "{url}");
        }
    }

    #[test]
    #[cfg(all(
        feature = "memory",
        feature = "sqlite",
        feature = "redis",
        feature = "mongodb"
    ))]
    fn a_store_that_there_is_not_is_answered_with_those_that_there_are() {
        let refusal = |url: &str| StoreUrl::parse(url).unwrap_err();
        insta::assert_snapshot!(refusal("postgres://bot:hunter2@db/x"), @r#"there is no store for the scheme "postgres"; this program can open `memory:`, `sqlite://stepkeep.sqlite`, `redis://localhost` and `mongodb://localhost`"#);
        insta::assert_snapshot!(refusal("stepkeep.sqlite"), @"a store is named by a URL with a scheme; this program can open `memory:`, `sqlite://stepkeep.sqlite`, `redis://localhost` and `mongodb://localhost`");
        insta::assert_snapshot!(refusal("sqlite://x.sqlite?synchronous=off"), @r#"synchronous is full or normal, not "off""#);
        insta::assert_snapshot!(refusal("memory://somewhere"), @"the memory store has no place and no options: write `memory:`");
    }

    #[test]
    #[cfg(not(feature = "memory"))]
    fn a_store_that_was_left_out_is_told_from_one_that_nobody_knows() {
        assert!(
            StoreUrl::parse("memory:")
                .unwrap_err()
                .contains("built without the feature `memory`")
        );
    }

    #[test]
    #[cfg(feature = "sqlite")]
    fn a_password_stays_inside() {
        let url = StoreUrl::parse("sqlite://user:hunter2@x.sqlite").unwrap();
        assert_eq!(format!("{url:?}"), "StoreUrl(sqlite://***@x.sqlite)");
        assert_eq!(url.expose(), "sqlite://user:hunter2@x.sqlite");
    }
}
