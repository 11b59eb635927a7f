//! The models that there are, as `catalogue.toml` tells.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::cost::Cost;

/// What the file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalogue {
    lists: BTreeMap<String, Vec<Value>>,
    about: BTreeMap<String, String>,
    pub(super) models: Vec<Model>,
}

/// A model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) title: String,
    provider: String,
    pub(super) tasks: Vec<String>,
    #[serde(default)]
    about: Option<String>,
    #[serde(default)]
    pub(super) price: Option<String>,
    /// What a task takes of the account.
    pub(super) credits: Cost,
    /// How many images come of a task that doesn't say it.
    #[serde(default = "one")]
    pub(super) results: u64,
    #[serde(default)]
    pub(super) document: DocumentForm,
    #[serde(default)]
    pub(super) params: Vec<Param>,
    #[serde(default)]
    pub(super) alternatives: Vec<Alternative>,
}

fn one() -> u64 {
    1
}

/// What a model's document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DocumentForm {
    #[default]
    Usual,
    /// There is none.
    None,
    /// A required parameter contains itself.
    Recursive,
}

/// One of several shapes of an input. What no alternative names belongs to all of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alternative {
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) params: Vec<String>,
    pub(super) required: Vec<String>,
}

/// A parameter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Param {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ParamKind,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    about: Option<String>,
    #[serde(default)]
    options: Option<Options>,
    /// The name under which the schema stands among the components, instead of in its place.
    #[serde(default)]
    pub(super) component: Option<String>,
    #[serde(default)]
    pub(super) default: Option<Value>,
    #[serde(default)]
    pub(super) deprecated: bool,
    #[serde(default)]
    pub(super) min_len: Option<u32>,
    #[serde(default)]
    pub(super) max_len: Option<u32>,
    #[serde(default)]
    pub(super) min: Option<Number>,
    #[serde(default)]
    pub(super) max: Option<Number>,
    #[serde(default)]
    pub(super) step: Option<Number>,
    /// The limits stand in the description only.
    #[serde(default)]
    pub(super) in_words: bool,
    #[serde(default)]
    pub(super) min_items: Option<u32>,
    #[serde(default)]
    pub(super) max_items: Option<u32>,
    /// The largest file, in MiB.
    #[serde(default)]
    pub(super) mb: Option<u32>,
    #[serde(default)]
    mime: Option<Vec<String>>,
    #[serde(default)]
    pub(super) fields: Vec<Self>,
}

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParamKind {
    Text,
    Choice,
    Bool,
    Integer,
    Number,
    Image,
    Images,
    Video,
    Videos,
    Audio,
    Audios,
    Objects,
    /// A list of lists of numbers.
    Grid,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Options {
    /// The name of a list.
    Shared(String),
    Own(Vec<Value>),
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the file is compiled in, and tests read all of it"
    )]
    toml::from_str(include_str!("catalogue.toml")).expect("the catalogue is well-formed")
});

/// The catalogue.
pub(super) fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

impl Catalogue {
    pub(super) fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The options of a choice; none for other parameters.
    pub(super) fn options<'a>(&'a self, param: &'a Param) -> &'a [Value] {
        match &param.options {
            None => &[],
            Some(Options::Own(own)) => own,
            Some(Options::Shared(name)) => self.lists.get(name).map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// What a parameter is, in words.
    pub(super) fn about<'a>(&'a self, param: &'a Param) -> &'a str {
        let own = param.about.as_deref();
        own.or_else(|| self.about.get(&param.name).map(String::as_str))
            .unwrap_or_default()
    }
}

impl Model {
    /// The entry in the list of models.
    pub(super) fn entry(&self) -> Value {
        json!({
            "model": self.id,
            "slug": self.id.replace(['/', '.'], "-"),
            "title": self.title,
            "provider": self.provider,
            "taskType": self.tasks,
            "description": self.about,
            "pricingDesc": self.price,
        })
    }

    /// Whether it is among those that are asked for. Case doesn't matter.
    pub(super) fn is_wanted(&self, task: Option<&str>, provider: Option<&str>, words: Option<&str>) -> bool {
        let same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other.trim());
        let told = [
            Some(&self.id),
            Some(&self.title),
            Some(&self.provider),
            self.about.as_ref(),
        ];
        let told = told.into_iter().flatten().map(|text| text.to_lowercase());
        let told: String = told.collect::<Vec<_>>().join("\n");
        task.is_none_or(|task| self.tasks.iter().any(|own| same(own, task)))
            && provider.is_none_or(|provider| same(&self.provider, provider))
            && words.is_none_or(|words| {
                let mut words = words.split_whitespace();
                words.all(|word| told.contains(&word.to_lowercase()))
            })
    }
}

impl Param {
    /// The MIME types that are taken.
    pub(super) fn mime_types(&self) -> Vec<&str> {
        if let Some(own) = &self.mime {
            return own.iter().map(String::as_str).collect();
        }
        match self.kind {
            ParamKind::Image | ParamKind::Images => vec!["image/jpeg", "image/png", "image/webp"],
            ParamKind::Video | ParamKind::Videos => vec!["video/mp4", "video/quicktime", "video/x-matroska"],
            ParamKind::Audio | ParamKind::Audios => {
                vec![
                    "audio/mpeg",
                    "audio/wav",
                    "audio/x-wav",
                    "audio/aac",
                    "audio/mp4",
                    "audio/ogg",
                ]
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn check(param: &Param, place: &str) {
        let catalogue = catalogue();
        let place = format!("{place}.{}", param.name);
        assert!(
            !catalogue.about(param).is_empty() || param.name == "nsfw_checker",
            "{place} is not described"
        );
        let options = catalogue.options(param);
        assert_eq!(param.kind == ParamKind::Choice, !options.is_empty(), "{place}");
        if let (Some(default), ParamKind::Choice) = (&param.default, param.kind) {
            assert!(options.contains(default), "{place}: {default} is no option");
        }
        assert_eq!(
            param.kind == ParamKind::Objects,
            !param.fields.is_empty(),
            "{place}"
        );
        for field in &param.fields {
            check(field, &place);
        }
    }

    #[test]
    fn every_model_makes_sense() {
        let models = &catalogue().models;
        assert!(models.len() >= 40);
        let ids: BTreeSet<_> = models.iter().map(|model| &model.id).collect();
        assert_eq!(ids.len(), models.len(), "each model once");
        for model in models {
            assert!(!model.tasks.is_empty(), "{}", model.id);
            assert_eq!(
                model.params.is_empty(),
                model.document == DocumentForm::None,
                "{}",
                model.id
            );
            for param in &model.params {
                check(param, &model.id);
            }
            let known: BTreeSet<_> = model.params.iter().map(|param| &param.name).collect();
            for name in model.credits.parameters() {
                assert!(
                    known.contains(name),
                    "{}: {name} has no meaning for the price",
                    model.id
                );
            }
            let named = model
                .alternatives
                .iter()
                .flat_map(|one| one.params.iter().chain(&one.required));
            for name in named {
                assert!(known.contains(name), "{}: {name} is not described", model.id);
            }
        }
    }

    #[test]
    fn there_are_models_of_every_sort() {
        let tasks: BTreeSet<_> = catalogue().models.iter().flat_map(|model| &model.tasks).collect();
        for task in [
            "Text to Image",
            "Image to Image",
            "Text to Video",
            "Image to Video",
            "Reference to Video",
            "Video to Video",
            "Speech to Video",
            "Text to Speech",
            "Audio to Audio",
            "Image Upscale",
        ] {
            assert!(tasks.iter().any(|known| *known == task), "{task}");
        }
    }
}
