//! The URL that chooses a store.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::redaction::without_secrets;

/// A kind of store that this program knows, compiled in or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreBackend {
    /// In the process: nothing survives it.
    Memory,
    /// On an embedded file.
    Sqlite,
}

impl StoreBackend {
    /// Every kind.
    const ALL: [Self; 2] = [Self::Memory, Self::Sqlite];

    /// What its URLs begin with, and the name of the Cargo feature that compiles it in.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        }
    }

    /// Whether this program can open it.
    pub const fn is_compiled_in(self) -> bool {
        match self {
            Self::Memory => cfg!(feature = "memory"),
            Self::Sqlite => cfg!(feature = "sqlite"),
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
        }
    }
}

/// The URL of a store that this program can open. It may contain a password, and shows none.
#[derive(Clone)]
pub struct StoreUrl {
    backend: StoreBackend,
    url: SecretString,
}

impl StoreUrl {
    /// Checks what can be known without opening the store: that the scheme is one of those compiled in, and
    /// that it is followed by what its kind needs.
    ///
    /// # Errors
    ///
    /// What is wrong, in words that follow the value: "`x`: the error".
    pub fn parse(url: &str) -> Result<Self, String> {
        let url = url.trim();
        let Some((scheme, place)) = url.split_once(':') else {
            return Err(format!(
                "a store is named by a URL with a scheme; {}",
                choices(StoreBackend::compiled_in())
            ));
        };
        let scheme = scheme.to_ascii_lowercase();
        let Some(backend) = StoreBackend::ALL.into_iter().find(|b| b.scheme() == scheme) else {
            return Err(format!(
                "there is no store for the scheme {:?}; {}",
                without_secrets(&scheme),
                choices(StoreBackend::compiled_in())
            ));
        };
        if !backend.is_compiled_in() {
            return Err(format!(
                "this program was built without the feature `{scheme}`; {}",
                choices(StoreBackend::compiled_in())
            ));
        }
        let place = place.trim_start_matches('/');
        match backend {
            StoreBackend::Memory if !place.is_empty() => {
                return Err("the memory store has no place and no options: write `memory:`".to_owned());
            }
            StoreBackend::Sqlite if place.is_empty() || place.starts_with('?') => {
                return Err("the path of the file is missing, as in `sqlite://stepkeep.sqlite`".to_owned());
            }
            StoreBackend::Memory | StoreBackend::Sqlite => {}
        }
        Ok(Self {
            backend,
            url: url.into(),
        })
    }

    /// Which kind of store it names.
    pub fn backend(&self) -> StoreBackend {
        self.backend
    }

    /// The URL as it was given, with the password that it may contain: for the store alone.
    pub fn expose(&self) -> &str {
        self.url.expose_secret()
    }
}

/// Which stores there are to choose from.
fn choices(backends: impl Iterator<Item = StoreBackend>) -> String {
    let examples: Vec<String> = backends
        .map(|backend| format!("`{}`", backend.example()))
        .collect();
    if examples.is_empty() {
        "this program was built without any store: build it with the feature `sqlite`".to_owned()
    } else {
        format!("this program can open {}", examples.join(" and "))
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
    #[cfg(all(feature = "memory", feature = "sqlite"))]
    fn the_scheme_chooses_the_store() {
        for (url, backend) in [
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
    #[cfg(all(feature = "memory", feature = "sqlite"))]
    fn a_store_that_there_is_not_is_answered_with_those_that_there_are() {
        let refusal = |url: &str| StoreUrl::parse(url).unwrap_err();
        insta::assert_snapshot!(refusal("postgres://bot:hunter2@db/x"), @r#"there is no store for the scheme "postgres"; this program can open `memory:` and `sqlite://stepkeep.sqlite`"#);
        insta::assert_snapshot!(refusal("stepkeep.sqlite"), @"a store is named by a URL with a scheme; this program can open `memory:` and `sqlite://stepkeep.sqlite`");
        insta::assert_snapshot!(refusal("sqlite://"), @"the path of the file is missing, as in `sqlite://stepkeep.sqlite`");
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
    fn without_any_store_the_answer_is_how_to_get_one() {
        insta::assert_snapshot!(choices(std::iter::empty()), @"this program was built without any store: build it with the feature `sqlite`");
    }

    #[test]
    #[cfg(feature = "sqlite")]
    fn a_password_stays_inside() {
        let url = StoreUrl::parse("sqlite://x.sqlite?password=hunter2").unwrap();
        assert_eq!(format!("{url:?}"), "StoreUrl(sqlite://x.sqlite?password=***)");
        assert_eq!(url.expose(), "sqlite://x.sqlite?password=hunter2");
    }
}
