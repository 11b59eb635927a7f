//! Where values come from: a file, the environment, flags, and commands that decide for themselves.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use figment::value::{Dict, Empty, Map, Num, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::error::{Origin, Problem};
use super::setting::Setting;

/// Names of the prefix that are no settings, and yet known: the path of the file.
const OTHER_VARIABLES: [&str; 1] = ["STEPKEEP_CONFIG"];

/// The values that flags gave, by setting.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SettingFlags(BTreeMap<&'static str, String>);

impl SettingFlags {
    /// Remembers the value that a flag gave.
    pub fn insert(&mut self, setting: &'static Setting, value: String) {
        self.0.insert(setting.key, value);
    }
}

impl fmt::Debug for SettingFlags {
    /// Names alone: some values are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Values of settings by origin. Of two the one that was added later wins; the usual order is file, environment, flags.
#[derive(Clone, Default)]
pub struct Sources {
    figment: Figment,
    problems: Vec<Problem>,
    file_is_unreadable: bool,
}

impl Sources {
    /// No values: every setting has its default, if it has one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the values of a TOML file. A file that isn't there is a problem only if it is `required`: if somebody named
    /// it.
    #[must_use]
    pub fn with_file(mut self, path: &Path, required: bool) -> Self {
        match read_file(path) {
            Ok(values) => {
                for (name, value) in &values {
                    if Setting::by_key(name).is_none() {
                        self.problems.push(Problem::Unknown {
                            name: name.clone(),
                            origin: Origin::File(path.to_owned()),
                            meant: meant_by(name, value),
                        });
                    }
                }
                self.add(Origin::File(path.to_owned()), values)
            }
            Err(FileError::Absent) if !required => self,
            Err(error) => {
                self.file_is_unreadable = true;
                self.problems.push(Problem::File {
                    path: path.to_owned(),
                    reason: error.to_string(),
                });
                self
            }
        }
    }

    /// Adds those of the given environment variables that begin with [`Setting::ENVIRONMENT_PREFIX`]. An empty one counts as
    /// absent. One that no setting has is a problem only if a setting's name is close: others may use the prefix too.
    #[must_use]
    pub fn with_environment(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut values = Dict::new();
        for (variable, value) in variables {
            let Some(variable) = variable.to_str() else {
                continue;
            };
            let Some(name) = variable.strip_prefix(Setting::ENVIRONMENT_PREFIX) else {
                continue;
            };
            if OTHER_VARIABLES.contains(&variable) || value.is_empty() {
                continue;
            }
            let key = name.to_ascii_lowercase();
            match (Setting::by_key(&key), value.into_string()) {
                (Some(setting), Ok(value)) => {
                    values.insert(setting.key.to_owned(), value.into());
                }
                (Some(setting), Err(_)) => self.problems.push(Problem::Wrong {
                    setting,
                    origin: Some(Origin::Environment),
                    shown: None,
                    reason: "it is not UTF-8".to_owned(),
                }),
                (None, _) => {
                    if let Some(meant) = closest(&key, Setting::ALL.map(|setting| setting.key)) {
                        self.problems.push(Problem::Unknown {
                            name: variable.to_owned(),
                            origin: Origin::Environment,
                            meant: Setting::by_key(meant),
                        });
                    }
                }
            }
        }
        self.add(Origin::Environment, values)
    }

    /// Adds the values that flags gave.
    #[must_use]
    pub fn with_flags(self, flags: &SettingFlags) -> Self {
        let values = flags
            .0
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone().into()))
            .collect();
        self.add(Origin::Flag, values)
    }

    /// Adds values that a command decides; messages name it as their origin. Names that no setting has are left out.
    #[must_use]
    pub fn with_fixed<'v>(self, command: &str, values: impl IntoIterator<Item = (&'v str, String)>) -> Self {
        let values = values
            .into_iter()
            .filter(|(key, _)| Setting::by_key(key).is_some())
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        self.add(Origin::Command(command.to_owned()), values)
    }

    fn add(mut self, origin: Origin, values: Dict) -> Self {
        self.figment = self.figment.merge(Layer { origin, values });
        self
    }

    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(super) fn file_is_unreadable(&self) -> bool {
        self.file_is_unreadable
    }

    /// The value of a setting as one text, and where it came from; `None` if no source has one.
    pub(super) fn value(&self, setting: &'static Setting) -> Result<Option<(String, Origin)>, Problem> {
        let Ok(value) = self.figment.find_value(setting.key) else {
            return Ok(None);
        };
        let Some(origin) = self.figment.get_metadata(value.tag()).map(origin_of) else {
            return Ok(None);
        };
        match text_of(&value, setting.list) {
            Ok(text) => Ok(Some((text, origin))),
            Err(reason) => Err(Problem::Wrong {
                setting,
                origin: Some(origin),
                shown: None,
                reason: reason.to_owned(),
            }),
        }
    }
}

impl fmt::Debug for Sources {
    /// Without values: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// Values of one origin, for figment. What figment calls metadata carries the origin.
struct Layer {
    origin: Origin,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        match &self.origin {
            Origin::File(path) => Metadata::from("file", path.as_path()),
            Origin::Environment => Metadata::named("environment"),
            Origin::Flag => Metadata::named("flag"),
            Origin::Command(name) => Metadata::from("command", name.clone()),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// The origin that [`Layer`] put into the metadata.
fn origin_of(metadata: &Metadata) -> Origin {
    let source = metadata.source.as_ref();
    if let Some(path) = source.and_then(figment::Source::file_path) {
        Origin::File(path.to_owned())
    } else if let Some(command) = source.and_then(figment::Source::custom) {
        Origin::Command(command.to_owned())
    } else if metadata.name == "flag" {
        Origin::Flag
    } else {
        Origin::Environment
    }
}

/// A value as the text that an environment variable would have.
fn text_of(value: &Value, list: bool) -> Result<String, &'static str> {
    match value {
        Value::String(_, text) => Ok(text.clone()),
        Value::Char(_, character) => Ok(character.to_string()),
        Value::Bool(_, yes) => Ok(yes.to_string()),
        Value::Num(_, number) => Ok(number_text(*number)),
        Value::Empty(_, Empty::None | Empty::Unit) => Ok(String::new()),
        Value::Array(_, items) if list => {
            let texts: Result<Vec<String>, _> = items.iter().map(|item| text_of(item, false)).collect();
            Ok(texts?.join(","))
        }
        Value::Array(..) => Err("it is a list; this setting takes one value"),
        Value::Dict(..) => Err("it is a table or a date; this setting takes a plain value"),
    }
}

fn number_text(number: Num) -> String {
    match (number.to_i128(), number.to_u128(), number.to_f64()) {
        (Some(whole), _, _) => whole.to_string(),
        (_, Some(whole), _) => whole.to_string(),
        (_, _, Some(fraction)) => fraction.to_string(),
        (None, None, None) => String::new(),
    }
}

#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("there is no such file")]
    Absent,
    #[error("{0}")]
    Unreadable(std::io::Error),
    #[error("line {line}, column {column}: {message}")]
    NoToml {
        line: usize,
        column: usize,
        message: String,
    },
}

fn read_file(path: &Path) -> Result<Dict, FileError> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => FileError::Absent,
        _ => FileError::Unreadable(error),
    })?;
    toml::from_str(&text).map_err(|error| {
        // The parser's own message repeats the line, which may be the one with the token.
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        FileError::NoToml {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// The setting that somebody meant by a name in the file: another spelling of it, a table that should be flat, or a typing error.
fn meant_by(name: &str, value: &Value) -> Option<&'static Setting> {
    if let Value::Dict(_, inner) = value
        && let Some(setting) = inner
            .keys()
            .find_map(|key| Setting::by_key(&format!("{name}_{key}")))
    {
        return Some(setting);
    }
    let plain = name.to_ascii_lowercase().replace('-', "_");
    let plain = plain.strip_prefix("stepkeep_").unwrap_or(&plain);
    closest(plain, Setting::ALL.map(|setting| setting.key)).and_then(Setting::by_key)
}

/// The candidate that a few slips of the finger turn into the word; the word itself if it is one.
pub(super) fn closest<const N: usize>(word: &str, candidates: [&'static str; N]) -> Option<&'static str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 6)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
