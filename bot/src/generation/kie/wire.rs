//! The shapes of KIE's JSON, and what they mean. Unknown fields are passed over, and what the documents don't promise is
//! optional.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::schema::Json;
use super::super::{ModelId, ModelSummary};

/// The code of success.
pub(super) const OK: i64 = 200;

/// What every answer is wrapped in.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) code: i64,
    #[serde(default)]
    msg: Option<String>,
    /// Some answers spell it so.
    #[serde(default)]
    message: Option<String>,
    #[serde(default, borrow)]
    pub(super) data: Option<&'a RawValue>,
}

impl Envelope<'_> {
    pub(super) fn message(self) -> String {
        self.msg.or(self.message).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelsData {
    /// One by one, so that an odd one doesn't hide the others.
    pub(super) models: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireModel {
    model: ModelId,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    task_type: Vec<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    pricing_desc: Option<String>,
}

impl From<WireModel> for ModelSummary {
    fn from(wire: WireModel) -> Self {
        let WireModel {
            model,
            slug,
            title,
            provider,
            task_type,
            description,
            pricing_desc,
        } = wire;
        Self {
            title: said(title).unwrap_or_else(|| model.to_string()),
            model,
            slug: said(slug),
            provider: said(provider),
            task_types: task_type
                .into_iter()
                .filter_map(|task| said(Some(task)))
                .collect(),
            description: said(description),
            price: said(pricing_desc),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct SchemaData {
    #[serde(default)]
    pub(super) openapi: Option<Json>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PriceData {
    #[serde(default)]
    pub(super) pricing_desc: Option<String>,
}

/// The text, unless it says nothing.
pub(super) fn said(text: Option<String>) -> Option<String> {
    let text = text?;
    let trimmed = text.trim();
    if trimmed.is_empty() {
        None
    } else if trimmed.len() == text.len() {
        Some(text)
    } else {
        Some(trimmed.to_owned())
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_needs_nothing_but_its_id() {
        let bare: WireModel = serde_json::from_str(r#"{"model":"z-image","description":null}"#).unwrap();
        let bare = ModelSummary::from(bare);
        assert_eq!((bare.title.as_str(), bare.description), ("z-image", None));

        let full = r#"{"model":"a/b","slug":"a-b","title":" A B ","provider":"A","taskType":"Text to Image",
                       "description":"","pricingDesc":"4 credits","new":{}}"#;
        let full = ModelSummary::from(serde_json::from_str::<WireModel>(full).unwrap());
        assert_eq!((full.title.as_str(), full.description), ("A B", None));
        assert_eq!(full.task_types, ["Text to Image"]);
        assert_eq!(full.price.as_deref(), Some("4 credits"));
    }

    #[test]
    fn the_words_of_an_envelope_have_two_names() {
        for (text, message) in [
            (r#"{"code":401,"msg":"no"}"#, "no"),
            (r#"{"code":401,"message":"no","data":null}"#, "no"),
            (r#"{"code":401,"msg":null}"#, ""),
        ] {
            let envelope: Envelope<'_> = serde_json::from_str(text).unwrap();
            assert!(envelope.data.is_none());
            assert_eq!(envelope.message(), message);
        }
    }
}
