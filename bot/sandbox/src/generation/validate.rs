//! Whether an input is what the model asks for. What the model doesn't know is passed over in silence, as by the real thing.

use serde_json::{Map, Number, Value};

use super::catalogue::{Catalogue, Model, Param, ParamKind};

/// Checks `input` for `model`.
///
/// # Errors
/// What is wrong with the first parameter that is wrong.
pub(super) fn check(catalogue: &Catalogue, model: &Model, input: &Map<String, Value>) -> Result<(), String> {
    let checker = Checker { catalogue };
    checker.object(&model.params, input, "")?;
    let is_given = |name: &String| given(input, name).is_some();
    let mut alternatives = model.alternatives.iter().peekable();
    if alternatives.peek().is_some() && !alternatives.any(|one| one.required.iter().all(is_given)) {
        let ways: Vec<_> = model
            .alternatives
            .iter()
            .map(|one| one.required.join(", "))
            .collect();
        return Err(format!("One of these is required: {}.", ways.join("; ")));
    }
    Ok(())
}

/// The value of that name; null is none.
fn given<'a>(input: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    input.get(name).filter(|value| !value.is_null())
}

struct Checker<'a> {
    catalogue: &'a Catalogue,
}

impl Checker<'_> {
    fn object(&self, params: &[Param], input: &Map<String, Value>, place: &str) -> Result<(), String> {
        for param in params {
            let name = format!("{place}{}", param.name);
            match given(input, &param.name) {
                None if param.required => return Err(format!("{name} is required.")),
                None => {}
                Some(value) => self.value(param, value, &name)?,
            }
        }
        Ok(())
    }

    fn value(&self, param: &Param, value: &Value, name: &str) -> Result<(), String> {
        let wrong = |expected: &str| Err(format!("{name} is not {expected}."));
        match (param.kind, value) {
            (ParamKind::Text, Value::String(text)) => length(param, text, name),
            (ParamKind::Text, _) => wrong("text"),
            (ParamKind::Choice, value) => {
                let options = self.catalogue.options(param);
                if options.iter().any(|option| is_same(option, value)) {
                    return Ok(());
                }
                let options: Vec<_> = options.iter().map(ToString::to_string).collect();
                wrong(&format!("one of {}", options.join(", ")))
            }
            (ParamKind::Bool, Value::Bool(_)) => Ok(()),
            (ParamKind::Bool, _) => wrong("true or false"),
            (ParamKind::Integer, Value::Number(number)) if number.as_i64().is_none() => {
                wrong("a whole number")
            }
            (ParamKind::Integer | ParamKind::Number, Value::Number(number)) => range(param, number, name),
            (ParamKind::Integer | ParamKind::Number, _) => wrong("a number"),
            (ParamKind::Image | ParamKind::Video | ParamKind::Audio, value) if is_address(value) => Ok(()),
            (ParamKind::Image | ParamKind::Video | ParamKind::Audio, _) => wrong("the address of a file"),
            (_, Value::Array(items)) => {
                count(param, items.len(), name)?;
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| self.item(param, item, &format!("{name}[{index}]")))
            }
            (_, _) => wrong("a list"),
        }
    }

    fn item(&self, param: &Param, item: &Value, name: &str) -> Result<(), String> {
        match (param.kind, item) {
            (ParamKind::Objects, Value::Object(fields)) => {
                self.object(&param.fields, fields, &format!("{name}."))
            }
            (ParamKind::Grid, Value::Array(_)) => Ok(()),
            (ParamKind::Images | ParamKind::Videos | ParamKind::Audios, item) if is_address(item) => Ok(()),
            (ParamKind::Images | ParamKind::Videos | ParamKind::Audios, _) => {
                Err(format!("{name} is not the address of a file."))
            }
            _ => Err(format!("{name} is not what is asked for.")),
        }
    }
}

fn length(param: &Param, text: &str, name: &str) -> Result<(), String> {
    let length = text.chars().count();
    let is_within = |most: u32| usize::try_from(most).is_ok_and(|most| length <= most);
    match (param.min_len, param.max_len) {
        (Some(least), _) if length > 0 && is_within(least.saturating_sub(1)) => {
            Err(format!("{name} is shorter than {least} characters."))
        }
        (_, Some(most)) if !is_within(most) => Err(format!("{name} is longer than {most} characters.")),
        _ if length == 0 && param.required => Err(format!("{name} is required.")),
        _ => Ok(()),
    }
}

fn range(param: &Param, number: &Number, name: &str) -> Result<(), String> {
    let number = number.as_f64();
    let bound = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_f64);
    if number < bound(&param.min) && param.min.is_some() {
        return Err(format!("{name} is too small."));
    }
    if let Some(most) = bound(&param.max)
        && number > Some(most)
    {
        return Err(format!("{name} is too large."));
    }
    Ok(())
}

fn count(param: &Param, count: usize, name: &str) -> Result<(), String> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let least = param.min_items.unwrap_or(0);
    if count < least {
        return Err(format!("{name} has fewer than {least} items."));
    }
    match param.max_items {
        Some(most) if count > most => Err(format!("{name} has more than {most} items.")),
        _ => Ok(()),
    }
}

/// Whether a value is an option: of the same type, and the same. 1 and 1.0 are one number.
fn is_same(option: &Value, value: &Value) -> bool {
    match (option, value) {
        (Value::Number(option), Value::Number(value)) => option.as_f64() == value.as_f64(),
        (option, value) => option == value,
    }
}

fn is_address(value: &Value) -> bool {
    let is_one = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    value.as_str().is_some_and(is_one)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::catalogue::catalogue;
    use super::*;

    fn checked(id: &str, input: &Value) -> Result<(), String> {
        let catalogue = catalogue();
        check(
            catalogue,
            catalogue.model(id).unwrap(),
            input.as_object().unwrap(),
        )
    }

    #[test]
    fn an_input_as_it_is_asked_for_is_taken() {
        let url = "https://x.example/a.png";
        for (id, input) in [
            ("z-image", json!({ "prompt": "a cat", "aspect_ratio": "1:1" })),
            (
                "z-image",
                json!({ "prompt": "a cat", "aspect_ratio": "1:1", "colour": 7, "nsfw_checker": null }),
            ),
            (
                "nano-banana-2",
                json!({ "prompt": "a cat", "image_input": [url] }),
            ),
            (
                "kling-2.6/image-to-video",
                json!({ "prompt": "a cat", "image_urls": [url], "sound": false, "duration": "5" }),
            ),
            (
                "minimax-h3/text-to-video",
                json!({ "prompt": "a cat", "duration": 4, "aspect_ratio": "1:1" }),
            ),
            (
                "grok-imagine/image-to-video",
                json!({ "task_id": "t-1", "index": 5 }),
            ),
            (
                "elevenlabs/text-to-dialogue-v3",
                json!({ "dialogue": [{ "text": "hello", "voice": "Aria" }], "stability": 1.0 }),
            ),
            ("omnihuman-1-5", json!({ "anything": 1 })),
            (
                "bytedance/v1-pro-text-to-video",
                json!({ "prompt": "a cat", "seed": -1 }),
            ),
        ] {
            assert_eq!(checked(id, &input), Ok(()), "{id} {input}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cat = |more: Value| {
            let mut input = json!({ "prompt": "a cat", "aspect_ratio": "1:1" });
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            input
        };
        for (id, input, message) in [
            ("z-image", json!({ "aspect_ratio": "1:1" }), "prompt is required."),
            ("z-image", cat(json!({ "prompt": "" })), "prompt is required."),
            ("z-image", cat(json!({ "prompt": null })), "prompt is required."),
            ("z-image", cat(json!({ "prompt": 7 })), "prompt is not text."),
            (
                "z-image",
                cat(json!({ "prompt": "ж".repeat(1_001) })),
                "prompt is longer than 1000 characters.",
            ),
            (
                "flux-2/pro-text-to-image",
                cat(json!({ "prompt": "ab", "resolution": "1K" })),
                "prompt is shorter than 3 characters.",
            ),
            (
                "z-image",
                cat(json!({ "aspect_ratio": "7:1" })),
                r#"aspect_ratio is not one of "1:1", "4:3", "3:4", "16:9", "9:16"."#,
            ),
            (
                "z-image",
                cat(json!({ "nsfw_checker": "yes" })),
                "nsfw_checker is not true or false.",
            ),
            (
                "qwen/text-to-image",
                cat(json!({ "num_inference_steps": 1 })),
                "num_inference_steps is too small.",
            ),
            (
                "qwen/text-to-image",
                cat(json!({ "guidance_scale": 20.5 })),
                "guidance_scale is too large.",
            ),
            (
                "qwen/text-to-image",
                cat(json!({ "seed": 1.5 })),
                "seed is not a whole number.",
            ),
            (
                "qwen/text-to-image",
                cat(json!({ "seed": "1" })),
                "seed is not a number.",
            ),
            (
                "minimax-h3/text-to-video",
                cat(json!({ "duration": "4" })),
                "duration is not one of 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15.",
            ),
            (
                "recraft/remove-background",
                json!({ "image": "a.png" }),
                "image is not the address of a file.",
            ),
            (
                "google/nano-banana-edit",
                cat(json!({ "image_urls": "https://x.example/a" })),
                "image_urls is not a list.",
            ),
            (
                "google/nano-banana-edit",
                cat(json!({ "image_urls": ["a"] })),
                "image_urls[0] is not the address of a file.",
            ),
            (
                "google/nano-banana-edit",
                cat(json!({ "image_urls": vec!["https://x.example/a"; 11] })),
                "image_urls has more than 10 items.",
            ),
            (
                "wan/2-7-image",
                cat(json!({ "color_palette": [] })),
                "color_palette has fewer than 3 items.",
            ),
            (
                "elevenlabs/text-to-dialogue-v3",
                json!({ "dialogue": [{ "voice": "Aria" }] }),
                "dialogue[0].text is required.",
            ),
            (
                "grok-imagine/image-to-video",
                json!({ "prompt": "a cat" }),
                "One of these is required: image_urls; task_id.",
            ),
        ] {
            assert_eq!(checked(id, &input), Err(message.to_owned()), "{id} {input}");
        }
    }
}
