//! Whole documents: where the input is, references, alternatives, order.

use super::super::{Kind, Literal, Reason, Unaskable};
use super::{document, names, read, shape, with_components};

#[test]
fn required_parameters_come_first_and_else_the_order_is_the_document_s() {
    let shape = shape(
        r#"{"type":"object","required":["prompt","duration"],"properties":{
            "zoom":{"type":"boolean"},"duration":{"type":"integer"},"aspect":{"type":"boolean"},
            "prompt":{"type":"string"},"model":{"type":"boolean"}}}"#,
    );
    assert_eq!(names(&shape), ["duration", "prompt", "zoom", "aspect", "model"]);
    let required: Vec<_> = shape
        .parameters
        .iter()
        .map(|parameter| parameter.required)
        .collect();
    assert_eq!(required, [true, true, false, false, false]);
}

#[test]
fn references_are_followed_whatever_their_names_are() {
    let input = r##"{"$ref":"#/components/schemas/The%20input%20"}"##;
    let components = r##"{"schemas":{
        "The input ":{"type":"object","required":["voice"],"properties":{
            "voice":{"$ref":"#/components/schemas/a~1b","description":"Who speaks.","default":"Aria"},
            "checker":{"allOf":[{"$ref":"#/components/schemas/nsfw"},{"description":"Later."}]}}},
        "The input":{"type":"object","properties":{"wrong":{"type":"string"}}},
        "a/b":{"type":"string","enum":["Rachel","Aria"],"default":"Rachel","description":"Not this."},
        "nsfw":{"type":"boolean","description":"Earlier."}}}"##;
    let schema = read(&with_components(input, components)).unwrap();
    let [voice, checker] = &schema.shapes[0].parameters[..] else {
        panic!("{schema:?}");
    };
    // What stands beside a reference counts over what it refers to.
    assert_eq!(voice.description.as_deref(), Some("Who speaks."));
    assert_eq!(voice.default, Some(Literal::Text("Aria".to_owned())));
    assert!(matches!(&voice.kind, Kind::Choice { options } if options.len() == 2));
    assert_eq!((checker.name.as_str(), &checker.kind), ("checker", &Kind::Toggle));
    assert_eq!(checker.description.as_deref(), Some("Later."));
}

#[test]
fn one_component_may_be_used_often() {
    let input = r##"{"properties":{"a":{"$ref":"#/components/schemas/S"},"b":{"$ref":"#/components/schemas/S"},
        "c":{"type":"object","properties":{"d":{"$ref":"#/components/schemas/S"}}}}}"##;
    let schema = read(&with_components(input, r#"{"schemas":{"S":{"type":"boolean"}}}"#)).unwrap();
    assert!(
        schema.shapes[0]
            .parameters
            .iter()
            .all(|parameter| parameter.kind.is_askable())
    );
}

#[test]
fn a_description_that_contains_itself_is_refused_where_it_stands() {
    let tree = r##"{"schemas":{"Tree":{"type":"object","properties":{"name":{"type":"string"},
        "children":{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}}},
        "A":{"$ref":"#/components/schemas/B"},"B":{"allOf":[{"$ref":"#/components/schemas/A"}]},
        "C":{"oneOf":[{"$ref":"#/components/schemas/C"},{"type":"object","properties":{}}]}}}"##;
    let of = |input: &str| read(&with_components(input, tree));
    // A part of an optional parameter: that part only.
    let tree = of(r##"{"properties":{"tree":{"$ref":"#/components/schemas/Tree"}}}"##).unwrap();
    let Kind::Object { fields } = &tree.shapes[0].parameters[0].kind else {
        panic!("{tree:?}");
    };
    assert_eq!(
        fields[1].kind,
        Kind::Unaskable {
            reason: Reason::Cycle
        }
    );
    // A parameter that is needed: the model.
    let needed = of(r##"{"required":["a"],"properties":{"a":{"$ref":"#/components/schemas/A"}}}"##);
    let expected = Unaskable {
        parameter: Some("a".to_owned()),
        reason: Reason::Cycle,
    };
    assert_eq!(needed, Err(expected));
    // The input itself.
    for name in ["A", "C"] {
        let input = format!(r##"{{"$ref":"#/components/schemas/{name}"}}"##);
        assert_eq!(of(&input), Err(Reason::Cycle.into()), "{name}");
    }
}

#[test]
fn each_alternative_of_the_input_is_a_shape() {
    let schema = read(&document(
        r#"{"type":"object","required":["prompt"],
            "properties":{"prompt":{"type":"string"},"duration":{"type":"string"}},
            "oneOf":[
              {"title":"From a task","required":["task_id"],"properties":{"task_id":{"type":"string"}}},
              {"title":"From an image","required":["image_url","duration"],"properties":{
                 "image_url":{"type":"string"},"duration":{"type":"string","enum":["5","10"]}}}]}"#,
    ))
    .unwrap();
    let [task, image] = &schema.shapes[..] else {
        panic!("{schema:?}");
    };
    assert_eq!(task.title.as_deref(), Some("From a task"));
    assert_eq!(names(task), ["prompt", "task_id", "duration"]);
    assert_eq!(names(image), ["prompt", "duration", "image_url"]);
    // The alternative says more of the duration than the rest does.
    assert!(matches!(image.parameters[1].kind, Kind::Choice { .. }));
    assert!(matches!(task.parameters[2].kind, Kind::Text(_)));
}

#[test]
fn alternatives_may_differ_in_what_they_require_only() {
    let schema = read(&document(
        r#"{"properties":{"image_urls":{"type":"array","items":{"type":"string"}},"task_id":{"type":"string"}},
            "anyOf":[{"required":["image_urls"]},{"required":["task_id"]}]}"#,
    ))
    .unwrap();
    let required: Vec<_> = schema
        .shapes
        .iter()
        .map(|shape| shape.parameters[0].name.as_str())
        .collect();
    assert_eq!(required, ["image_urls", "task_id"]);
}

#[test]
fn an_alternative_that_cannot_be_asked_for_leaves_the_others() {
    let schema = read(&document(
        r#"{"oneOf":[{"required":["boxes"],"properties":{"boxes":{}}},
                     {"required":["prompt"],"properties":{"prompt":{"type":"string"}}}]}"#,
    ))
    .unwrap();
    assert_eq!(schema.shapes.len(), 1);
    assert_eq!(names(&schema.shapes[0]), ["prompt"]);
}

#[test]
fn parts_that_are_put_together_keep_their_order() {
    let shape = shape(
        r#"{"allOf":[{"properties":{"b":{"type":"string"}}},{"properties":{"a":{"type":"string"}},"required":["a"]},
                     {"properties":{"b":{"type":"boolean"},"c":{"type":"string"}}}]}"#,
    );
    assert_eq!(names(&shape), ["a", "b", "c"]);
    assert_eq!(shape.parameters[1].kind, Kind::Toggle, "the later part counts");
}

#[test]
fn what_is_required_has_to_be_described() {
    let expected = Unaskable {
        parameter: Some("mask".to_owned()),
        reason: Reason::NotDescribed,
    };
    let input = r#"{"required":["mask"],"properties":{"prompt":{"type":"string"}}}"#;
    assert_eq!(read(&document(input)), Err(expected.clone()));
    assert_eq!(expected.to_string(), "mask: it is required and not described");
}

#[test]
fn a_document_without_a_task_or_an_input_says_so() {
    for (text, reason) in [
        ("null", Reason::NotATask),
        ("[]", Reason::NotATask),
        (
            r#"{"paths":{"/api/v1/chat/completions":{"post":{}}}}"#,
            Reason::NotATask,
        ),
        (
            r#"{"paths":{"/api/v1/jobs/createTask":{"get":{}}}}"#,
            Reason::NotATask,
        ),
        (
            r#"{"paths":{"/api/v1/jobs/createTask":{"post":{}}}}"#,
            Reason::NoInput,
        ),
        (r##"{"paths":{"$ref":"#/paths"}}"##, Reason::Cycle),
    ] {
        assert_eq!(read(text), Err(reason.into()), "{text}");
    }
    for input in [
        r#"{"type":"object"}"#,
        r#"{"type":"string"}"#,
        r#"{"properties":{}}"#,
    ] {
        assert_eq!(read(&document(input)), Err(Reason::NoInput.into()), "{input}");
    }
    assert_eq!(read(&document("null")), Err(Reason::NotASchema.into()));
}

#[test]
fn the_body_may_be_referred_to() {
    let text = r##"{"paths":{"/api/v1/jobs/createTask":{"post":{"requestBody":{"$ref":"#/components/requestBodies/Task"}}}},
        "components":{"requestBodies":{"Task":{"content":{"application/json; charset=utf-8":{"schema":{"allOf":[
            {"$ref":"#/components/schemas/Base"},
            {"properties":{"input":{"properties":{"prompt":{"type":"string"}}}}}]}}}}},
            "schemas":{"Base":{"properties":{"model":{"type":"string"}}}}}}"##;
    assert_eq!(names(&read(text).unwrap().shapes[0]), ["prompt"]);
}

#[test]
fn a_document_that_grows_without_end_is_too_much() {
    // Each level has the next one twice: two to the power of the levels.
    let levels: Vec<_> = (0..23)
        .map(|n| {
            let next = n + 1;
            format!(
                r##""L{n}":{{"type":"object","properties":{{"a":{{"$ref":"#/components/schemas/L{next}"}},"b":{{"$ref":"#/components/schemas/L{next}"}}}}}}"##
            )
        })
        .collect();
    let components = format!(
        r#"{{"schemas":{{{},"L23":{{"type":"string"}}}}}}"#,
        levels.join(",")
    );
    let input = r##"{"required":["a"],"properties":{"a":{"$ref":"#/components/schemas/L0"}}}"##;
    assert!(read(&with_components(input, &components)).is_err());

    let many: Vec<_> = (0..200)
        .map(|n| format!(r#""p{n}":{{"type":"string"}}"#))
        .collect();
    let wide = format!(r#"{{"properties":{{{}}}}}"#, many.join(","));
    assert_eq!(read(&document(&wide)), Err(Reason::TooMuch.into()));

    let alternatives = [r#"{"properties":{"a":{"type":"string"}}}"#; 40].join(",");
    let branchy = format!(r#"{{"oneOf":[{alternatives}]}}"#);
    assert_eq!(read(&document(&branchy)), Err(Reason::TooMuch.into()));
}
