//! Words that provoke an error without any tool: somebody writes them into a prompt.

use serde_json::{Map, Value};

use super::fault::{Fault, Operation};

/// How much longer a slow task takes, in milliseconds.
const SLOW_MS: u64 = 30_000;

/// The fault that the texts of `input` provoke for `operation`, if they do.
pub(super) fn fault(operation: Operation, input: &Map<String, Value>) -> Option<Fault> {
    let text: Vec<_> = input.values().filter_map(Value::as_str).collect();
    let text = text.join("\n").to_lowercase();
    let says = |words: &str| text.contains(words);
    let fault = Fault::of(operation);
    match operation {
        Operation::Create if says("no credits") => Some(Fault {
            code: Some(402),
            message: Some("Credits insufficient.".to_owned()),
            ..fault
        }),
        Operation::Create if says("not taken") => Some(Fault {
            code: Some(422),
            message: Some("The prompt is not taken.".to_owned()),
            ..fault
        }),
        Operation::Create if says("lost answer") => Some(Fault {
            after_effect: true,
            drop_connection: true,
            ..fault
        }),
        Operation::Create if says("lost task") => Some(Fault {
            drop_connection: true,
            ..fault
        }),
        Operation::Generate if says("content policy") => Some(Fault {
            code: Some(400),
            message: Some("The prompt was flagged as violating the content policy.".to_owned()),
            ..fault
        }),
        Operation::Generate if says("broken model") => Some(Fault {
            code: Some(500),
            message: Some("Internal error, please try again later.".to_owned()),
            ..fault
        }),
        Operation::Generate if says("slow task") => Some(Fault {
            delay_ms: SLOW_MS,
            ..fault
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_count_wherever_they_stand() {
        let input = |text: &str| json!({ "seed": 1, "prompt": text }).as_object().unwrap().clone();
        let code = |operation, text: &str| fault(operation, &input(text)).and_then(|fault| fault.code);
        assert_eq!(code(Operation::Create, "A cat with No Credits"), Some(402));
        assert_eq!(code(Operation::Generate, "A cat with No Credits"), None);
        assert_eq!(code(Operation::Generate, "content policy"), Some(400));
        assert_eq!(fault(Operation::Create, &input("a cat")), None);
    }
}
