//! The OpenAPI document of a model, with what makes the real ones hard to read: references whose names are
//! percent-encoded or end in a space, alternatives, limits in the words of descriptions.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::catalogue::{Alternative, Catalogue, DocumentForm, Model, Param, ParamKind};
use super::ordered::Ordered;

/// The name of what many models share.
const CHECKER: &str = "nsfw_checker";

/// The document of `model`, if it has one.
pub(super) fn document(catalogue: &Catalogue, model: &Model) -> Option<Ordered> {
    if model.document == DocumentForm::None {
        return None;
    }
    let writer = Writer { catalogue };
    let body = Ordered::object([
        ("type", "object".into()),
        ("required", Ordered::strings(["model", "input"])),
        (
            "properties",
            Ordered::object([
                (
                    "model",
                    Ordered::object([
                        ("type", "string".into()),
                        ("enum", Ordered::strings([model.id.as_str()])),
                        ("default", model.id.as_str().into()),
                    ]),
                ),
                (
                    "callBackUrl",
                    Ordered::object([("type", "string".into()), ("format", "uri".into())]),
                ),
                ("input", writer.input(model)),
            ]),
        ),
    ]);
    let post = Ordered::object([
        ("summary", model.title.as_str().into()),
        ("operationId", model.id.replace('/', "-").as_str().into()),
        (
            "requestBody",
            Ordered::one(
                "content",
                Ordered::one("application/json", Ordered::one("schema", body)),
            ),
        ),
        (
            "responses",
            Ordered::object([
                ("200", reference("responses", "task created")),
                ("500", reference("responses", "Error ")),
            ]),
        ),
    ]);
    Some(Ordered::object([
        ("openapi", "3.1.0".into()),
        (
            "info",
            Ordered::object([
                ("title", model.title.as_str().into()),
                ("version", "1.0.0".into()),
            ]),
        ),
        (
            "paths",
            Ordered::one("/api/v1/jobs/createTask", Ordered::one("post", post)),
        ),
        ("components", writer.components(model)),
    ]))
}

struct Writer<'a> {
    catalogue: &'a Catalogue,
}

impl Writer<'_> {
    fn input(&self, model: &Model) -> Ordered {
        if model.document == DocumentForm::Recursive {
            return reference("schemas", "Region tree");
        }
        if model.alternatives.is_empty() {
            return self.object(model.params.iter().collect(), "Input of the task");
        }
        let belongs = |one: &Alternative, param: &Param| one.params.contains(&param.name);
        let in_all: Vec<_> = model
            .params
            .iter()
            .filter(|param| !model.alternatives.iter().any(|one| belongs(one, param)))
            .collect();
        let Ordered::Object(mut fields) = self.object(in_all, "Input of the task") else {
            return reference("schemas", "nothing");
        };
        let alternatives = model.alternatives.iter().map(|one| {
            let own = model.params.iter().filter(|param| belongs(one, param));
            let mut fields = Vec::new();
            if let Some(title) = &one.title {
                fields.push(("title", title.as_str().into()));
            }
            if !one.params.is_empty() {
                fields.push(("type", "object".into()));
                fields.push(("properties", self.properties(own)));
            }
            fields.push((
                "required",
                Ordered::strings(one.required.iter().map(String::as_str)),
            ));
            Ordered::object(fields)
        });
        // Alternatives that differ in what they require only don't exclude each other.
        let several = model.alternatives.iter().all(|one| one.params.is_empty());
        let keyword = if several { "anyOf" } else { "oneOf" };
        fields.push((keyword.to_owned(), Ordered::List(alternatives.collect())));
        Ordered::Object(fields)
    }

    fn object(&self, params: Vec<&Param>, about: &str) -> Ordered {
        let required: Vec<_> = params
            .iter()
            .filter(|param| param.required)
            .map(|param| param.name.as_str())
            .collect();
        let mut fields = vec![
            ("type", "object".into()),
            ("description", about.into()),
            ("properties", self.properties(params)),
        ];
        if !required.is_empty() {
            fields.push(("required", Ordered::strings(required)));
        }
        Ordered::object(fields)
    }

    fn properties<'b>(&self, params: impl IntoIterator<Item = &'b Param>) -> Ordered {
        Ordered::object(
            params
                .into_iter()
                .map(|param| (param.name.as_str(), self.in_place(param))),
        )
    }

    /// The schema of a parameter where it is used.
    fn in_place(&self, param: &Param) -> Ordered {
        if param.name == CHECKER {
            return Ordered::object([("allOf", Ordered::List(vec![reference("schemas", CHECKER)]))]);
        }
        match &param.component {
            None => self.schema(param),
            Some(name) => {
                let Ordered::Object(mut fields) = reference("schemas", name) else {
                    return reference("schemas", name);
                };
                let about = self.catalogue.about(param);
                fields.push(("description".to_owned(), about.into()));
                if let Some(default) = &param.default {
                    fields.push(("default".to_owned(), default.clone().into()));
                }
                Ordered::Object(fields)
            }
        }
    }

    fn schema(&self, param: &Param) -> Ordered {
        let mut fields: Vec<(&str, Ordered)> = Vec::new();
        match param.kind {
            ParamKind::Text => {
                fields.push(("type", "string".into()));
                fields.extend(param.min_len.map(|length| ("minLength", length.into())));
                fields.extend(param.max_len.map(|length| ("maxLength", length.into())));
            }
            ParamKind::Choice => {
                let options = self.catalogue.options(param);
                let name = match options.first() {
                    Some(first) if first.is_string() => "string",
                    Some(first) if first.is_boolean() => "boolean",
                    _ if options.iter().all(serde_json::Value::is_i64) => "integer",
                    _ => "number",
                };
                fields.push(("type", name.into()));
                fields.push((
                    "enum",
                    Ordered::List(options.iter().cloned().map(Ordered::from).collect()),
                ));
            }
            ParamKind::Bool => fields.push(("type", "boolean".into())),
            ParamKind::Integer | ParamKind::Number => {
                let name = if param.kind == ParamKind::Integer {
                    "integer"
                } else {
                    "number"
                };
                fields.push(("type", name.into()));
                if !param.in_words {
                    let number = |number: &serde_json::Number| Ordered::Plain(number.clone().into());
                    fields.extend(param.min.as_ref().map(|min| ("minimum", number(min))));
                    fields.extend(param.max.as_ref().map(|max| ("maximum", number(max))));
                }
            }
            ParamKind::Image | ParamKind::Video | ParamKind::Audio => fields.push(("type", "string".into())),
            ParamKind::Images | ParamKind::Videos | ParamKind::Audios => {
                let item = Ordered::object([("type", "string".into()), ("format", "uri".into())]);
                fields.push(("type", "array".into()));
                fields.push(("items", item));
            }
            ParamKind::Objects => {
                fields.push(("type", "array".into()));
                fields.push(("items", self.object(param.fields.iter().collect(), "One of them")));
            }
            ParamKind::Grid => {
                let row = Ordered::object([
                    ("type", "array".into()),
                    ("items", Ordered::one("type", "integer")),
                ]);
                fields.push(("type", "array".into()));
                fields.push(("items", row));
            }
        }
        fields.extend(param.min_items.map(|items| ("minItems", items.into())));
        fields.extend(param.max_items.map(|items| ("maxItems", items.into())));
        fields.extend(param.default.clone().map(|default| ("default", default.into())));
        if param.deprecated {
            fields.push(("deprecated", true.into()));
        }
        fields.push(("description", self.described(param).as_str().into()));
        Ordered::object(fields)
    }

    /// What a parameter is in words, with the limits that stand only there.
    fn described(&self, param: &Param) -> String {
        let mut text = self.catalogue.about(param).to_owned();
        let types = param.mime_types().join(", ");
        // Writing to a string never fails.
        if !types.is_empty() {
            let _ = write!(
                text,
                " (The file's address after its upload, not the file; Accepted types: {types}"
            );
            if let Some(mb) = param.mb {
                let _ = write!(text, "; Max size: {mb}.0MB");
            }
            text.push(')');
        }
        let limits = [
            ("Min", param.min.as_ref().filter(|_| param.in_words)),
            ("Max", param.max.as_ref().filter(|_| param.in_words)),
            ("Step", param.step.as_ref()),
        ];
        let limits: Vec<_> = limits
            .into_iter()
            .filter_map(|(name, number)| Some(format!("{name}: {}", number?)))
            .collect();
        if !limits.is_empty() {
            let _ = write!(text, " ({})", limits.join(", "));
        }
        text
    }

    fn components(&self, model: &Model) -> Ordered {
        let mut schemas = vec![
            (
                CHECKER.to_owned(),
                Ordered::object([
                    ("type", "boolean".into()),
                    (
                        "description",
                        "Whether the result is checked for what not everybody wants to see.".into(),
                    ),
                ]),
            ),
            (
                "answer with the task".to_owned(),
                Ordered::object([
                    ("type", "object".into()),
                    (
                        "properties",
                        Ordered::one("taskId", Ordered::one("type", "string")),
                    ),
                ]),
            ),
        ];
        let nested = model.params.iter().flat_map(|param| &param.fields);
        for param in model.params.iter().chain(nested) {
            if let Some(name) = &param.component
                && !schemas.iter().any(|(known, _)| known == name)
            {
                schemas.push((name.clone(), self.schema(param)));
            }
        }
        if model.document == DocumentForm::Recursive {
            schemas.push(("Region tree".to_owned(), self.region_tree(model)));
        }
        let response = |about: &str| {
            let schema = Ordered::one("schema", reference("schemas", "answer with the task"));
            Ordered::object([
                ("description", about.into()),
                ("content", Ordered::one("application/json", schema)),
            ])
        };
        Ordered::object([
            ("schemas", Ordered::Object(schemas)),
            (
                "responses",
                Ordered::object([
                    ("task created", response("The task is taken.")),
                    ("Error ", response("The task is not taken.")),
                ]),
            ),
        ])
    }

    /// An input that needs another one like itself.
    fn region_tree(&self, model: &Model) -> Ordered {
        let Ordered::Object(mut fields) =
            self.object(model.params.iter().collect(), "A region and its parts")
        else {
            return reference("schemas", "nothing");
        };
        let tree = Ordered::object([
            ("type", "object".into()),
            (
                "properties",
                Ordered::object([("region", reference("schemas", "Region tree"))]),
            ),
            ("required", Ordered::strings(["region"])),
        ]);
        for (name, value) in &mut fields {
            match (name.as_str(), value) {
                ("properties", Ordered::Object(properties)) => {
                    properties.push(("parts".to_owned(), tree.clone()));
                }
                ("required", Ordered::List(required)) => required.push("parts".into()),
                _ => {}
            }
        }
        Ordered::Object(fields)
    }
}

/// A reference to a component, its name percent-encoded.
fn reference(of: &str, name: &str) -> Ordered {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    Ordered::one("$ref", format!("#/components/{of}/{name}").as_str())
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::catalogue;
    use super::*;

    #[test]
    fn a_document_is_in_the_order_of_the_catalogue() {
        let catalogue = catalogue();
        let model = catalogue.model("kling-2.6/text-to-video").unwrap();
        let text = serde_json::to_string(&document(catalogue, model)).unwrap();
        let places =
            ["\"prompt\":", "\"sound\":", "\"aspect_ratio\":", "\"duration\":"].map(|name| text.find(name));
        assert!(
            places.is_sorted() && places.iter().all(Option::is_some),
            "{places:?}"
        );
    }

    #[test]
    fn names_that_end_in_a_space_are_referred_to() {
        let catalogue = catalogue();
        let model = catalogue.model("elevenlabs/text-to-speech-turbo-2-5").unwrap();
        let text = serde_json::to_string(&document(catalogue, model)).unwrap();
        assert!(
            text.contains(r##""$ref":"#/components/schemas/Voice%20""##),
            "{text}"
        );
        assert!(text.contains(r#""Voice ":{"#), "{text}");
    }
}
