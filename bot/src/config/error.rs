//! Everything that is missing or wrong, in one message.

use std::fmt;
use std::path::PathBuf;

use super::redaction;
use super::setting::Setting;
use super::sources::Sources;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// The environment variable of the setting.
    Environment,
    /// The flag of the setting.
    Flag,
    /// A command that decides this setting itself.
    Command(String),
}

/// One thing that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A setting without a default has no value.
    Missing(&'static Setting),
    /// A value is not what the setting expects.
    Wrong {
        /// The setting.
        setting: &'static Setting,
        /// Where the value came from; `None` for the default.
        origin: Option<Origin>,
        /// The value, as it may be shown: `None` if it may not, or has no short form.
        shown: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that no setting has.
    Unknown {
        /// The name, as it is written.
        name: String,
        /// Where it stands.
        origin: Origin,
        /// The setting that was meant, perhaps.
        meant: Option<&'static Setting>,
    },
    /// The file can't be read, or is no TOML.
    File {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Everything that keeps a bot from starting, as one message for the person who starts it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// What is missing or wrong, in the order of the message.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// Reads settings one by one, and remembers what was wrong with each.
pub(super) struct Findings<'a> {
    sources: &'a Sources,
    problems: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(super) fn of(sources: &'a Sources) -> Self {
        Self {
            sources,
            problems: sources.problems().to_vec(),
        }
    }

    /// The value of a setting; `None` if it is missing or wrong, which is remembered.
    pub(super) fn read<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (text, origin) = match self.sources.value(setting) {
            Ok(Some((text, origin))) => (text, Some(origin)),
            Ok(None) => {
                let Some(default) = setting.default else {
                    self.missing(setting);
                    return None;
                };
                (default.to_owned(), None)
            }
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problems.push(Problem::Wrong {
                    setting,
                    origin,
                    shown: redaction::shown(setting, &text),
                    reason,
                });
                None
            }
        }
    }

    /// Whether nobody said anything about a setting.
    pub(super) fn is_left_out(&self, setting: &'static Setting) -> bool {
        matches!(self.sources.value(setting), Ok(None))
    }

    /// Remembers that a setting is missing.
    pub(super) fn missing(&mut self, setting: &'static Setting) {
        // An unreadable file may well have it; nobody should be sent to look for what isn't amiss.
        if !self.sources.file_is_unreadable() {
            self.problems.push(Problem::Missing(setting));
        }
    }

    /// Remembers what is wrong with a setting in view of others.
    pub(super) fn contradicts(&mut self, setting: &'static Setting, reason: String) {
        let (text, origin) = match self.sources.value(setting) {
            Ok(Some((text, origin))) => (text, Some(origin)),
            _ => (setting.default.unwrap_or_default().to_owned(), None),
        };
        self.problems.push(Problem::Wrong {
            setting,
            origin,
            shown: redaction::shown(setting, &text),
            reason,
        });
    }

    /// The whole, if nothing was missing or wrong.
    pub(super) fn conclude<T>(self, whole: impl FnOnce() -> Option<T>) -> Result<T, ConfigError> {
        let error = ConfigError {
            problems: self.problems,
        };
        if error.problems.is_empty() {
            whole().ok_or(error)
        } else {
            Err(error)
        }
    }
}

impl Origin {
    /// The place in words, for a setting.
    fn describe(&self, setting: &Setting) -> String {
        match self {
            Self::File(path) => format!("the file {}", path.display()),
            Self::Environment => format!("the environment variable {}", setting.variable()),
            Self::Flag => format!("the flag --{}", setting.flag()),
            Self::Command(name) => name.clone(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("one thing has to be set right first:")?,
            count => write!(f, "{count} things have to be set right first:")?,
        }
        for problem in &self.problems {
            write!(f, "\n\n{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(setting) => {
                write!(f, "{setting} is missing: {}", lower_first(setting.about))?;
                advise(f, setting)
            }
            Self::Wrong {
                setting,
                origin,
                shown,
                reason,
            } => {
                write!(f, "{setting} is wrong: {reason}")?;
                match shown {
                    Some(shown) => write!(f, "\n  it is:     {shown}")?,
                    None if setting.secret => write!(f, "\n  it is:     not shown, since it is a secret")?,
                    None => {}
                }
                match origin {
                    Some(origin) => write!(f, "\n  it is in:  {}", origin.describe(setting))?,
                    None => write!(f, "\n  it is the default")?,
                }
                advise(f, setting)
            }
            Self::Unknown { name, origin, meant } => {
                write!(f, "{name} is not the name of a setting")?;
                match origin {
                    Origin::File(path) => write!(f, "\n  it is in:  the file {}", path.display())?,
                    Origin::Environment => write!(f, "\n  it is in:  the environment")?,
                    Origin::Flag | Origin::Command(_) => {}
                }
                match (meant, origin) {
                    (Some(meant), Origin::Environment) => {
                        write!(f, "\n  did you mean {}?", meant.variable())
                    }
                    (Some(meant), _) => write!(f, "\n  did you mean {meant}?"),
                    (None, _) => {
                        let names = Setting::ALL.map(|setting| setting.key).join(", ");
                        write!(f, "\n  the names are: {names}")
                    }
                }
            }
            Self::File { path, reason } => {
                write!(f, "the file {} can't be used: {reason}", path.display())
            }
        }
    }
}

/// What to write instead, in all three spellings.
fn advise(f: &mut fmt::Formatter<'_>, setting: &Setting) -> fmt::Result {
    let (variable, file, flag, example) = (
        setting.variable(),
        setting.example_in_file(),
        setting.flag(),
        setting.example,
    );
    write!(
        f,
        "\n  expected:  {}\n  for example, one of\
         \n    {variable}={example}\n    {file}    (in stepkeep.toml)\n    --{flag} {example}",
        setting.expected
    )
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}
