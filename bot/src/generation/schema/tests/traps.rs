//! Parameters one by one: what documents do, and what is made of it.

use rust_decimal::dec;

use super::super::{
    Choice, IntegerRules, Kind, ListRules, Literal, Media, MediaKind, NumberRules, Reason, TextRules,
};
use super::{kind, parameter, reason, shape};

fn options(kind: Kind) -> Vec<Literal> {
    let Kind::Choice { options } = kind else {
        panic!("{kind:?} is no choice");
    };
    options.into_iter().map(|option| option.value).collect()
}

fn text(value: &str) -> Literal {
    Literal::Text(value.to_owned())
}

fn number(value: i64) -> Literal {
    Literal::Number(value.into())
}

#[test]
fn the_values_of_a_choice_keep_their_json_type() {
    let strings = kind("duration", r#"{"type":"string","enum":["5","10"]}"#);
    assert_eq!(options(strings), [text("5"), text("10")]);
    let integers = kind("duration", r#"{"type":"integer","enum":[4,5],"minimum":4}"#);
    assert_eq!(options(integers), [number(4), number(5)]);
    let numbers = kind("stability", r#"{"type":"number","enum":[0,0.5,1]}"#);
    let written = serde_json::to_string(&options(numbers)).unwrap();
    assert_eq!(written, "[0,0.5,1]");
    // Case is the API's business.
    let sizes = kind(
        "resolution",
        r#"{"type":"string","enum":["768P","1080P","4k","1K"]}"#,
    );
    assert_eq!(options(sizes).len(), 4);
}

#[test]
fn a_default_of_another_type_than_the_choice_is_none() {
    let right = parameter("duration", r#"{"type":"string","enum":["5","10"],"default":"5"}"#);
    assert_eq!(right.default, Some(text("5")));
    for wrong in ["5", r#""7""#, "null", r#"["5"]"#] {
        let schema = format!(r#"{{"type":"string","enum":["5","10"],"default":{wrong}}}"#);
        assert_eq!(parameter("duration", &schema).default, None, "{wrong}");
    }
    let urls = r#"{"type":"array","items":{"type":"string","format":"uri"},"default":[""]}"#;
    assert_eq!(parameter("image_urls", urls).default, None);
    assert_eq!(
        parameter("prompt", r#"{"type":"string","default":""}"#).default,
        None
    );
    let off = parameter("sound", r#"{"type":"boolean","default":false}"#);
    assert_eq!(off.default, Some(Literal::Toggle(false)));
    assert_eq!(
        parameter("seed", r#"{"type":"integer","minimum":1,"default":0}"#).default,
        None
    );
}

#[test]
fn a_choice_has_each_option_once_and_their_names() {
    let voices = r#"{"type":"string","enum":["v1","v2","v1",null],
                     "x-apidog-enum":[{"value":"v1","name":"Rachel","description":""},{"value":"v2","name":" "}]}"#;
    let Kind::Choice { options } = kind("voice", voices) else {
        panic!("no choice");
    };
    let expected = [("v1", Some("Rachel")), ("v2", None)].map(|(value, label)| Choice {
        value: text(value),
        label: label.map(ToOwned::to_owned),
    });
    assert_eq!(options, expected);

    let titled = r#"{"oneOf":[{"const":"a","title":"First"},{"const":"b"},{"type":"null"}]}"#;
    let Kind::Choice { options } = kind("mode", titled) else {
        panic!("no choice");
    };
    assert_eq!(options[0].label.as_deref(), Some("First"));
    assert_eq!(options.len(), 2);
}

#[test]
fn long_choices_are_kept_whole() {
    let values: Vec<_> = (0..74).map(|n| format!("\"l{n}\"")).collect();
    let schema = format!(r#"{{"type":"string","enum":[{}]}}"#, values.join(","));
    assert_eq!(options(kind("language_code", &schema)).len(), 74);
}

#[test]
fn yes_and_no_is_a_toggle_however_it_is_said() {
    assert_eq!(kind("sound", r#"{"type":"boolean"}"#), Kind::Toggle);
    assert_eq!(
        kind("sound", r#"{"type":"boolean","enum":[false,true]}"#),
        Kind::Toggle
    );
    let only_yes = kind("sound", r#"{"type":"boolean","enum":[true]}"#);
    assert_eq!(options(only_yes), [Literal::Toggle(true)]);
}

#[test]
fn text_has_lengths_and_is_prose_or_not() {
    let rules = |min_chars, max_chars, multi_line| {
        Kind::Text(TextRules {
            min_chars,
            max_chars,
            multi_line,
        })
    };
    for (name, schema, expected) in [
        (
            "prompt",
            r#"{"type":"string","minLength":3,"maxLength":5000}"#,
            rules(Some(3), Some(5000), true),
        ),
        ("prompt", r#"{"type":"string"}"#, rules(None, None, true)),
        (
            "prompt",
            r#"{"type":"string","minLength":0,"maxLength":300}"#,
            rules(None, Some(300), true),
        ),
        (
            "task_id",
            r#"{"type":"string","maxLength":100}"#,
            rules(None, Some(100), false),
        ),
        ("task_id", r#"{"maxLength":100}"#, rules(None, Some(100), false)),
        (
            "scene",
            r#"{"type":"string","description":"Max length: 2000 characters"}"#,
            rules(None, Some(2000), true),
        ),
        (
            "seed",
            r#"{"type":["null","string"],"nullable":true}"#,
            rules(None, None, false),
        ),
    ] {
        assert_eq!(kind(name, schema), expected, "{name} {schema}");
    }
}

#[test]
fn numbers_have_ranges_and_steps_from_keywords_or_words() {
    let integer = |min, max, step| Kind::Integer(IntegerRules { min, max, step });
    let number = |min, max, step| Kind::Number(NumberRules { min, max, step });
    for (schema, expected) in [
        (
            r#"{"type":"integer","minimum":4,"maximum":15}"#,
            integer(Some(4), Some(15), None),
        ),
        (
            r#"{"type":"integer","minimum":-1,"maximum":2147483647.0}"#,
            integer(Some(-1), Some(2_147_483_647), None),
        ),
        (
            r#"{"type":"integer","exclusiveMinimum":0,"maximum":9.5}"#,
            integer(Some(1), Some(9), None),
        ),
        (
            r#"{"type":"integer","minimum":0,"exclusiveMinimum":true}"#,
            integer(Some(1), None, None),
        ),
        (
            r#"{"type":"integer","description":"Range (Min: 40, Max: 120, Step: 4)"}"#,
            integer(Some(40), Some(120), Some(4)),
        ),
        (
            r#"{"type":"integer","description":"Minimum value, no number."}"#,
            integer(None, None, None),
        ),
        (
            r#"{"type":"number","minimum":0,"maximum":1,"description":"step: 0.01"}"#,
            number(Some(dec!(0)), Some(dec!(1)), Some(dec!(0.01))),
        ),
        (
            r#"{"type":"number","multipleOf":0.5}"#,
            number(None, None, Some(dec!(0.5))),
        ),
        (r#"{"type":"number","multipleOf":0}"#, number(None, None, None)),
        (
            r#"{"type":"number","minimum":1e-2}"#,
            number(Some(dec!(0.01)), None, None),
        ),
        (r#"{"maximum":3}"#, number(None, Some(dec!(3)), None)),
    ] {
        assert_eq!(kind("value", schema), expected, "{schema}");
    }
}

#[test]
fn files_have_kinds_types_and_sizes() {
    let description =
        "File address after the upload; Accepted types: image/jpeg, image/png; Max size: 10.0MB";
    let image = Media {
        media: MediaKind::Image,
        mime_types: vec!["image/jpeg".to_owned(), "image/png".to_owned()],
        max_bytes: Some(10 << 20),
    };
    let one = format!(r#"{{"type":"string","description":"{description}"}}"#);
    assert_eq!(kind("image", &one), Kind::Media(image.clone()));

    let list = |item: Media, min_items, max_items| {
        Kind::List(ListRules {
            item: Box::new(Kind::Media(item)),
            min_items,
            max_items,
        })
    };
    // What the list says of its files counts for them.
    let several = format!(
        r#"{{"type":"array","items":{{"type":"string","format":"uri"}},"minItems":1,"maxItems":14,"description":"{description}"}}"#
    );
    assert_eq!(kind("input_urls", &several), list(image, Some(1), Some(14)));

    let any = |media| Media {
        media,
        mime_types: Vec::new(),
        max_bytes: None,
    };
    for (name, media) in [
        ("image_urls", MediaKind::Image),
        ("reference_video_urls", MediaKind::Video),
        ("reference_audio_urls", MediaKind::Audio),
        ("image_input", MediaKind::Image),
        ("reference_image", MediaKind::Image),
    ] {
        let schema = r#"{"type":"array","items":{"type":"string"}}"#;
        assert_eq!(kind(name, schema), list(any(media), None, None), "{name}");
    }
}

#[test]
fn an_image_size_is_a_choice_and_not_an_image() {
    let size = kind(
        "image_size",
        r#"{"type":"string","enum":["square","portrait_4_3"]}"#,
    );
    assert!(matches!(size, Kind::Choice { .. }));
    let Kind::List(ListRules { item, .. }) = kind(
        "images",
        r#"{"type":"array","items":{"type":"string","enum":["a","b"]}}"#,
    ) else {
        panic!("no list");
    };
    assert!(matches!(*item, Kind::Choice { .. }));
}

#[test]
fn lists_hold_text_numbers_and_objects() {
    let item = |schema: &str| match kind("things", &format!(r#"{{"type":"array","items":{schema}}}"#)) {
        Kind::List(ListRules { item, .. }) => *item,
        other => panic!("{other:?} is no list"),
    };
    assert!(matches!(item(r#"{"type":"string"}"#), Kind::Text(_)));
    assert!(matches!(item(r#"{"type":"integer"}"#), Kind::Integer(_)));
    let object = item(
        r#"{"type":"object","required":["text"],"properties":{
            "voice":{"type":"string","enum":["a","b"]},"text":{"type":"string","maxLength":500}}}"#,
    );
    let Kind::Object { fields } = object else {
        panic!("no object");
    };
    let names: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.required))
        .collect();
    assert_eq!(names, [("text", true), ("voice", false)]);
}

#[test]
fn a_replaced_parameter_says_so() {
    let old = parameter(
        "image_size",
        r#"{"type":"string","enum":["1:1"],"deprecated":true}"#,
    );
    assert!(old.deprecated);
    assert!(!parameter("aspect_ratio", r#"{"type":"string","enum":["1:1"]}"#).deprecated);
}

#[test]
fn a_description_is_kept_in_bounds() {
    let described = |text: &str| {
        let schema = format!(r#"{{"type":"boolean","description":"{text}"}}"#);
        parameter("sound", &schema).description
    };
    assert_eq!(
        described("  Whether there is sound. ").as_deref(),
        Some("Whether there is sound.")
    );
    assert_eq!(described("   "), None);
    assert_eq!(described(&"ж".repeat(5_000)).unwrap().chars().count(), 1_001);
}

#[test]
fn one_of_several_ways_to_say_it_is_taken() {
    let one_or_many = r#"{"anyOf":[{"type":"null"},{"type":"string","format":"uri"},{"type":"array","items":{"type":"string"}}]}"#;
    assert!(matches!(kind("image", one_or_many), Kind::Media(_)));
    let the_second = r#"{"oneOf":[{"type":"array","items":{"type":"array","items":{"type":"number"}}},{"type":"boolean"}]}"#;
    assert_eq!(kind("boxes", the_second), Kind::Toggle);
}

#[test]
fn what_cannot_be_asked_for_says_why() {
    for (schema, expected) in [
        ("{}", Reason::NoType),
        (r#"{"description":"Anything."}"#, Reason::NoType),
        ("true", Reason::NoType),
        ("false", Reason::NotASchema),
        (r#""string""#, Reason::NotASchema),
        (r#"{"type":"null"}"#, Reason::UnknownType),
        (r#"{"type":"file"}"#, Reason::UnknownType),
        (r#"{"enum":[]}"#, Reason::NoOptions),
        (r#"{"enum":[{"a":1},null]}"#, Reason::NoOptions),
        (r#"{"oneOf":[{"type":"null"}]}"#, Reason::NoOptions),
        (
            r#"{"type":"integer","minimum":5,"maximum":4}"#,
            Reason::EmptyRange,
        ),
        (
            r#"{"type":"integer","minimum":4.2,"maximum":4.8}"#,
            Reason::EmptyRange,
        ),
        (
            r#"{"type":"string","minLength":5,"maxLength":4}"#,
            Reason::EmptyRange,
        ),
        (
            r#"{"type":"array","items":{"type":"string"},"maxItems":0}"#,
            Reason::EmptyRange,
        ),
        (r#"{"type":"array"}"#, Reason::NoType),
        (
            r#"{"type":"array","items":{"type":"array","items":{"type":"integer"}}}"#,
            Reason::NestedList,
        ),
        (r#"{"type":"object"}"#, Reason::NoFields),
        (
            r#"{"type":"object","required":["a"],"properties":{"a":{},"b":{"type":"string"}}}"#,
            Reason::NeededPart,
        ),
        (r#"{"type":"object","properties":{"a":{}}}"#, Reason::NeededPart),
        (r##"{"$ref":"#/components/schemas/gone"}"##, Reason::LostReference),
        (
            r#"{"$ref":"https://example.com/schema.json"}"#,
            Reason::ForeignReference,
        ),
    ] {
        assert_eq!(reason("thing", schema), expected, "{schema}");
    }
}

#[test]
fn an_optional_parameter_that_cannot_be_asked_for_stays_in_the_list() {
    let shape = shape(
        r#"{"required":["prompt"],"properties":{"bbox_list":{"type":"array","items":{"type":"array"}},"prompt":{"type":"string"}}}"#,
    );
    assert_eq!(super::names(&shape), ["prompt", "bbox_list"]);
    assert!(shape.parameters[0].kind.is_askable());
    assert!(!shape.parameters[1].kind.is_askable());
}
