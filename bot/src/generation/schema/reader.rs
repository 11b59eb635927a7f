//! From a document to the shapes of the input that it describes.

use std::collections::HashSet;

use super::document::{Document, Place, View};
use super::kinds;
use super::{InputShape, Json, Kind, Literal, ModelSchema, Parameter, Reason, Unaskable};

/// The call that creates a task.
const CREATE_TASK: &str = "/api/v1/jobs/createTask";
/// How many parameters an input, or an object, may have.
const MOST_PARAMETERS: usize = 100;
/// The longest name of a parameter, in bytes.
const LONGEST_NAME: usize = 100;
/// The longest description that is kept, in characters.
const LONGEST_DESCRIPTION: usize = 1_000;

pub(super) fn read(document: &Json) -> Result<ModelSchema, Unaskable> {
    let document = Document::new(document);
    let mut shapes = Vec::new();
    let mut obstacle = None;
    for input in inputs(&document)? {
        let title = input
            .text("title")
            .map(str::trim)
            .filter(|title| !title.is_empty());
        let parameters = parameters(&document, &input)?;
        match parameters.iter().find_map(needed_and_unaskable) {
            Some(reason) => obstacle = obstacle.or(Some(reason)),
            None => shapes.push(InputShape {
                title: title.map(ToOwned::to_owned),
                parameters,
            }),
        }
    }
    match obstacle {
        Some(obstacle) if shapes.is_empty() => Err(obstacle),
        _ if shapes.is_empty() => Err(Reason::NoInput.into()),
        _ => Ok(ModelSchema { shapes }),
    }
}

/// The alternatives of the task's input.
fn inputs<'a>(document: &Document<'a>) -> Result<Vec<View<'a>>, Reason> {
    let root = document.root();
    let post = document
        .field(root, "paths")?
        .map(|paths| document.field(paths, CREATE_TASK))
        .transpose()?
        .flatten()
        .map(|path| document.field(path, "post"))
        .transpose()?
        .flatten()
        .ok_or(Reason::NotATask)?;
    let content = document
        .field(post, "requestBody")?
        .and_then(|body| body.get("content"))
        .ok_or(Reason::NoInput)?;
    let json = content.get("application/json").or_else(|| {
        let mut types = content.fields().iter();
        types
            .find(|(name, _)| name.contains("json"))
            .map(|(_, body)| body)
    });
    let body = json.and_then(|json| json.get("schema")).ok_or(Reason::NoInput)?;
    let mut inputs = Vec::new();
    for body in document.alternatives(document.view(body)?)? {
        let input = body.property("input");
        if !input.is_empty() {
            inputs.extend(document.alternatives(document.view_of(&input)?)?);
        }
    }
    Ok(inputs)
}

/// The parameters of an object: the required ones first, and else in the document's order.
pub(super) fn parameters<'a>(
    document: &Document<'a>,
    object: &View<'a>,
) -> Result<Vec<Parameter>, Unaskable> {
    let mut names = object.property_names();
    let required = object.required();
    let described: HashSet<_> = names.iter().copied().collect();
    // What is required and not described is kept, to say why the whole can't be asked for.
    names.extend(required.iter().filter(|name| !described.contains(*name)));
    if names.len() > MOST_PARAMETERS || names.iter().any(|name| name.len() > LONGEST_NAME) {
        return Err(Reason::TooMuch.into());
    }
    if names.is_empty() {
        return Err(Reason::NoInput.into());
    }
    let required: HashSet<_> = required.into_iter().collect();
    let (mut first, then): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| required.contains(name));
    first.extend(then);
    Ok(first
        .into_iter()
        .map(|name| parameter(document, name, required.contains(name), &object.property(name)))
        .collect())
}

fn parameter<'a>(document: &Document<'a>, name: &str, required: bool, said: &[Place<'a>]) -> Parameter {
    let view = match said {
        [] => Err(Reason::NotDescribed),
        said => document.view_of(said),
    };
    let mut parameter = Parameter {
        name: name.to_owned(),
        required,
        description: None,
        default: None,
        deprecated: false,
        kind: Kind::Toggle,
    };
    let kind = view.and_then(|view| {
        parameter.description = view.text("description").and_then(shortened);
        parameter.deprecated = view.get("deprecated") == Some(&Json::Bool(true));
        let kind = kinds::kind(document, name, &view)?;
        // A default that breaks the rules was meant for something else, and empty text says nothing.
        parameter.default = view
            .get("default")
            .and_then(Literal::of_json)
            .filter(|value| kind.takes(value) && *value != Literal::Text(String::new()));
        Ok(kind)
    });
    parameter.kind = kind.unwrap_or_else(|reason| Kind::Unaskable { reason });
    parameter
}

/// Why this parameter stands in the way of its shape, if it does.
fn needed_and_unaskable(parameter: &Parameter) -> Option<Unaskable> {
    match &parameter.kind {
        Kind::Unaskable { reason } if parameter.required => Some(Unaskable {
            parameter: Some(parameter.name.clone()),
            reason: *reason,
        }),
        _ => None,
    }
}

fn shortened(description: &str) -> Option<String> {
    let mut text = description.trim().to_owned();
    if let Some((end, _)) = text.char_indices().nth(LONGEST_DESCRIPTION) {
        text.truncate(end);
        text.push('…');
    }
    (!text.is_empty()).then_some(text)
}
