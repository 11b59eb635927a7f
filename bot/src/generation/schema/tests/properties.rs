//! What holds for all documents.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Number;

use super::super::{
    Choice, IntegerRules, Json, Kind, ListRules, Literal, Media, MediaKind, ModelSchema, NumberRules,
    Parameter, TextRules,
};

/// The words that documents are made of, and a few that they aren't.
const WORDS: [&str; 34] = [
    "type",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "oneOf",
    "anyOf",
    "allOf",
    "$ref",
    "default",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "format",
    "description",
    "deprecated",
    "title",
    "x-apidog-enum",
    "value",
    "name",
    "paths",
    "post",
    "requestBody",
    "content",
    "input",
    "components",
    "schemas",
    "a b ",
];
const TEXTS: [&str; 16] = [
    "string",
    "integer",
    "number",
    "boolean",
    "array",
    "object",
    "null",
    "uri",
    "#/components/schemas/a%20b%20",
    "#/components/schemas/name",
    "#",
    "#/",
    "https://example.com",
    "Max size: 10MB; Accepted types: a/b",
    "Min: 3, Max: 1, Step: 0",
    "input",
];

fn any_json() -> impl Strategy<Value = Json> {
    let text =
        prop_oneof![3 => prop::sample::select(&TEXTS[..]).prop_map(ToOwned::to_owned), 1 => "\\PC{0,8}"];
    let number = prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-10i64..10).prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number.prop_map(Json::Number),
        text.prop_map(Json::Text),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key =
            prop_oneof![8 => prop::sample::select(&WORDS[..]).prop_map(ToOwned::to_owned), 1 => "\\PC{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::List),
            prop::collection::vec((key, inner), 0..6).prop_map(Json::Object),
        ]
    })
}

fn object(fields: Vec<(&str, Json)>) -> Json {
    Json::Object(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

/// A document with this input and these schemas among its components.
fn around(input: Json, components: Json) -> Json {
    let schema = object(vec![("properties", object(vec![("input", input)]))]);
    let content = object(vec![("application/json", object(vec![("schema", schema)]))]);
    let post = object(vec![("requestBody", object(vec![("content", content)]))]);
    let paths = object(vec![("/api/v1/jobs/createTask", object(vec![("post", post)]))]);
    object(vec![
        ("paths", paths),
        ("components", object(vec![("schemas", components)])),
    ])
}

// --- Parameters, and the schemas that describe them ---

fn text_rules() -> impl Strategy<Value = TextRules> {
    (prop::option::of(1u32..50), prop::option::of(50u32..20_000)).prop_map(|(min_chars, max_chars)| {
        TextRules {
            min_chars,
            max_chars,
            multi_line: max_chars.is_some_and(|max| max >= 1_000),
        }
    })
}

fn choice() -> impl Strategy<Value = Kind> {
    let value = prop_oneof![
        "[a-z0-9:]{1,8}".prop_map(Literal::Text),
        (-99i64..99).prop_map(|number| Literal::Number(number.into())),
    ];
    prop::collection::vec((value, prop::option::of("[A-Z][a-z]{0,9}")), 1..12).prop_map(|options| {
        let mut once: Vec<Choice> = Vec::new();
        for (value, label) in options {
            if !once.iter().any(|known| known.value == value) {
                once.push(Choice { value, label });
            }
        }
        Kind::Choice { options: once }
    })
}

fn integer_rules() -> impl Strategy<Value = IntegerRules> {
    (
        prop::option::of(-1_000i64..0),
        prop::option::of(0i64..1_000),
        prop::option::of(2i64..9),
    )
        .prop_map(|(min, max, step)| IntegerRules { min, max, step })
}

fn number_rules() -> impl Strategy<Value = NumberRules> {
    let hundredths = |range| prop::option::of(range).prop_map(|n: Option<i64>| n.map(|n| Decimal::new(n, 2)));
    (
        hundredths(-500i64..0),
        hundredths(0i64..500),
        hundredths(1i64..50),
    )
        .prop_map(|(min, max, step)| NumberRules { min, max, step })
}

fn media() -> impl Strategy<Value = Media> {
    let kind = prop_oneof![
        Just((MediaKind::Image, "image/png")),
        Just((MediaKind::Video, "video/mp4")),
        Just((MediaKind::Audio, "audio/mpeg")),
    ];
    (kind, prop::option::of(1u64..500)).prop_map(|((media, mime), megabytes)| Media {
        media,
        mime_types: vec![mime.to_owned()],
        max_bytes: megabytes.map(|megabytes| megabytes << 20),
    })
}

fn simple_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        text_rules().prop_map(Kind::Text),
        choice(),
        Just(Kind::Toggle),
        integer_rules().prop_map(Kind::Integer),
        number_rules().prop_map(Kind::Number),
        media().prop_map(Kind::Media),
    ]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    simple_kind().prop_recursive(3, 20, 4, |inner| {
        let fields = prop::collection::vec((inner, any::<bool>()), 1..4).prop_map(|kinds| Kind::Object {
            fields: parameters_of(kinds),
        });
        let item = prop_oneof![simple_kind(), fields.clone()];
        let list = (item, prop::option::of(1u32..3), prop::option::of(3u32..9)).prop_map(
            |(item, min_items, max_items)| {
                Kind::List(ListRules {
                    item: Box::new(item),
                    min_items,
                    max_items,
                })
            },
        );
        prop_oneof![fields, list]
    })
}

/// Parameters in the order that they are read in: the required ones first.
fn parameters_of(kinds: Vec<(Kind, bool)>) -> Vec<Parameter> {
    let mut parameters: Vec<_> = kinds
        .into_iter()
        .enumerate()
        .map(|(index, (kind, required))| Parameter {
            name: format!("{}x{index}", if required { "needed" } else { "free" }),
            required,
            description: None,
            default: match &kind {
                Kind::Choice { options } => options.last().map(|option| option.value.clone()),
                Kind::Toggle => Some(Literal::Toggle(true)),
                _ => None,
            },
            deprecated: !required,
            kind,
        })
        .collect();
    parameters.sort_by_key(|parameter| !parameter.required);
    for parameter in &mut parameters {
        parameter.description = described(&parameter.kind);
    }
    parameters
}

/// The words that a document says the rest in.
fn described(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Media(file) => {
            let size = file
                .max_bytes
                .map(|bytes| format!("; Max size: {}MB", bytes >> 20));
            let types = file.mime_types.join(", ");
            Some(format!("Accepted types: {types}{}", size.unwrap_or_default()))
        }
        Kind::List(ListRules { item, .. }) => match &**item {
            file @ Kind::Media(_) => described(file),
            _ => None,
        },
        _ => None,
    }
}

fn schema_of(kind: &Kind) -> Vec<(&'static str, Json)> {
    let count = |number: Option<u32>| number.map(|number| Json::Number(number.into()));
    let whole = |number: Option<i64>| number.map(|number| Json::Number(number.into()));
    let exact = |number: Option<Decimal>| {
        number.map(|number| Json::Number(serde_json::from_str(&number.to_string()).unwrap()))
    };
    let type_and = |name: &str, rules: Vec<(&'static str, Option<Json>)>| {
        let rules = rules.into_iter().filter_map(|(name, value)| Some((name, value?)));
        std::iter::once(("type", text(name))).chain(rules).collect()
    };
    match kind {
        Kind::Text(rules) => type_and(
            "string",
            vec![
                ("minLength", count(rules.min_chars)),
                ("maxLength", count(rules.max_chars)),
            ],
        ),
        Kind::Choice { options } => {
            let value = |option: &Choice| json_of(&option.value);
            let named = options.iter().filter_map(|option| {
                let name = text(option.label.as_deref()?);
                Some(object(vec![("value", value(option)), ("name", name)]))
            });
            vec![
                ("enum", Json::List(options.iter().map(value).collect())),
                ("x-apidog-enum", Json::List(named.collect())),
            ]
        }
        Kind::Toggle => type_and("boolean", vec![]),
        Kind::Integer(rules) => type_and(
            "integer",
            vec![
                ("minimum", whole(rules.min)),
                ("maximum", whole(rules.max)),
                ("multipleOf", whole(rules.step)),
            ],
        ),
        Kind::Number(rules) => type_and(
            "number",
            vec![
                ("minimum", exact(rules.min)),
                ("maximum", exact(rules.max)),
                ("multipleOf", exact(rules.step)),
            ],
        ),
        Kind::Media(_) => type_and("string", vec![("format", Some(text("uri")))]),
        Kind::List(rules) => type_and(
            "array",
            vec![
                ("items", Some(object(schema_of(&rules.item)))),
                ("minItems", count(rules.min_items)),
                ("maxItems", count(rules.max_items)),
            ],
        ),
        Kind::Object { fields } => type_and("object", vec![])
            .into_iter()
            .chain(properties_of(fields))
            .collect(),
        Kind::Unaskable { .. } => vec![],
    }
}

fn json_of(literal: &Literal) -> Json {
    match literal {
        Literal::Toggle(value) => Json::Bool(*value),
        Literal::Number(number) => Json::Number(number.clone()),
        Literal::Text(value) => text(value),
    }
}

fn properties_of(parameters: &[Parameter]) -> Vec<(&'static str, Json)> {
    let described = parameters.iter().map(|parameter| {
        let mut schema = schema_of(&parameter.kind);
        if let Some(default) = &parameter.default {
            schema.push(("default", json_of(default)));
        }
        if let Some(description) = &parameter.description {
            schema.push(("description", text(description)));
        }
        schema.push(("deprecated", Json::Bool(parameter.deprecated)));
        (parameter.name.clone(), object(schema))
    });
    let required = parameters.iter().filter(|parameter| parameter.required);
    vec![
        ("properties", Json::Object(described.collect())),
        (
            "required",
            Json::List(required.map(|parameter| text(&parameter.name)).collect()),
        ),
    ]
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(document in any_json(), input in any_json(), components in any_json()) {
        let _ = ModelSchema::of_openapi(&document);
        if let Ok(schema) = ModelSchema::of_openapi(&around(input, components)) {
            prop_assert!(!schema.shapes.is_empty());
            for parameter in schema.shapes.iter().flat_map(|shape| &shape.parameters) {
                prop_assert!(parameter.kind.is_askable() || !parameter.required);
                if let Some(default) = &parameter.default {
                    prop_assert!(parameter.kind.takes(default));
                }
            }
        }
    }

    #[test]
    fn parameters_come_back_as_they_were_described(kinds in prop::collection::vec((any_kind(), any::<bool>()), 1..8)) {
        let parameters = parameters_of(kinds);
        let document = around(object(properties_of(&parameters)), Json::Null);
        let schema = ModelSchema::of_openapi(&document).unwrap();
        prop_assert_eq!(&schema.shapes[0].parameters, &parameters);
        // And so they do from a cache.
        let stored = serde_json::to_string(&schema).unwrap();
        prop_assert_eq!(serde_json::from_str::<ModelSchema>(&stored).unwrap(), schema);
    }
}
