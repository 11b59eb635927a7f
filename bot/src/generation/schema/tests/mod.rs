//! Documents and what is read from them: the traps one by one, and properties of all.

mod documents;
mod properties;
mod traps;

use super::{InputShape, Json, Kind, ModelSchema, Parameter, Reason, Unaskable};

/// A document as the API has them, around the schema of an input.
fn document(input: &str) -> String {
    with_components(input, "{}")
}

fn with_components(input: &str, components: &str) -> String {
    format!(
        r#"{{"openapi":"3.1.0","paths":{{"/api/v1/jobs/createTask":{{"post":{{"requestBody":{{"content":
           {{"application/json":{{"schema":{{"type":"object","required":["model","input"],"properties":{{
           "model":{{"type":"string"}},"callBackUrl":{{"type":"string","format":"uri"}},"input":{input}}}}}}}}}}}}}}}}},
           "components":{components}}}"#
    )
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn read(document: &str) -> Result<ModelSchema, Unaskable> {
    ModelSchema::of_openapi(&json(document))
}

/// The one shape of this input.
fn shape(input: &str) -> InputShape {
    let mut shapes = read(&document(input)).unwrap().shapes;
    assert_eq!(shapes.len(), 1);
    shapes.remove(0)
}

/// The one parameter, of this name and this schema.
fn parameter(name: &str, schema: &str) -> Parameter {
    let input = format!(r#"{{"type":"object","properties":{{"{name}":{schema}}}}}"#);
    shape(&input).parameters.remove(0)
}

fn kind(name: &str, schema: &str) -> Kind {
    parameter(name, schema).kind
}

fn reason(name: &str, schema: &str) -> Reason {
    match kind(name, schema) {
        Kind::Unaskable { reason } => reason,
        other => panic!("{name} can be asked for: {other:?}"),
    }
}

fn names(shape: &InputShape) -> Vec<&str> {
    shape
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect()
}
