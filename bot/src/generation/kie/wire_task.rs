//! The shapes of what KIE tells of a task. Its result comes in several of them, once as JSON and once as text that is JSON.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::{Credits, Task, TaskFailure, TaskId, TaskState};
use crate::money::JsonDecimal;

/// The most addresses that are taken of a result. Models make six images at most.
const MOST_RESULTS: usize = 32;

/// The deepest nesting that addresses are looked for in.
const DEEPEST: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedData {
    #[serde(alias = "task_id")]
    pub(super) task_id: TaskId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UploadedData {
    #[serde(alias = "fileUrl")]
    pub(super) download_url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireTask {
    state: Option<String>,
    /// The same as a number, for answers without the word.
    success_flag: Option<Value>,
    response: Option<Value>,
    result_json: Option<Value>,
    credits_consumed: Option<Box<RawValue>>,
    fail_code: Option<Value>,
    fail_msg: Option<String>,
}

impl WireTask {
    /// The task, whose id is `id`.
    pub(super) fn into_task(self, id: TaskId) -> Task {
        let state = self.state();
        Task {
            id,
            state,
            results: match state {
                TaskState::Succeeded => self.results(),
                _ => Vec::new(),
            },
            credits: self.credits().filter(|_| state.is_final()),
            failure: (state == TaskState::Failed).then(|| self.failure()),
        }
    }

    fn state(&self) -> TaskState {
        match self.state.as_deref() {
            Some(word) => state_of(word),
            None => match self.success_flag.as_ref().and_then(Value::as_i64) {
                Some(1) => TaskState::Succeeded,
                Some(2 | 3) => TaskState::Failed,
                _ => TaskState::Generating,
            },
        }
    }

    fn results(&self) -> Vec<String> {
        let parsed = |value: &Option<Value>| -> Vec<String> {
            match value {
                Some(Value::String(text)) => {
                    serde_json::from_str(text).map_or_else(|_| Vec::new(), |value| addresses(&value))
                }
                Some(value) => addresses(value),
                None => Vec::new(),
            }
        };
        let results = parsed(&self.response);
        if results.is_empty() {
            parsed(&self.result_json)
        } else {
            results
        }
    }

    fn credits(&self) -> Option<Credits> {
        let raw = self.credits_consumed.as_deref()?;
        let JsonDecimal(credits) = serde_json::from_str(raw.get()).ok()?;
        // Nobody is paid for a task.
        (credits >= Decimal::ZERO).then_some(Credits(credits))
    }

    fn failure(&self) -> TaskFailure {
        let code = match &self.fail_code {
            Some(Value::String(code)) => code.chars().take(64).collect(),
            Some(Value::Number(code)) => code.to_string(),
            _ => String::new(),
        };
        TaskFailure::new(code, self.fail_msg.as_deref().unwrap_or_default().trim())
    }
}

/// What a state's word means. A word of tomorrow is one for something that goes on.
pub(in super::super) fn state_of(word: &str) -> TaskState {
    match word {
        "waiting" => TaskState::Waiting,
        "queuing" => TaskState::Queuing,
        "success" => TaskState::Succeeded,
        "fail" => TaskState::Failed,
        _ => TaskState::Generating,
    }
}

/// The addresses in a result, each once: first those under the usual names, then those of an object, whatever its names
/// are, then the sounds of a list.
fn addresses(result: &Value) -> Vec<String> {
    let mut found = Found(Vec::new());
    for name in ["resultUrls", "firstFrameUrl", "lastFrameUrl", "resultObject"] {
        if let Some(value) = result.get(name) {
            found.all_of(value, DEEPEST);
        }
    }
    if let Some(url) = result.get("audio_url") {
        found.all_of(url, 1);
    }
    for item in result.get("data").and_then(Value::as_array).into_iter().flatten() {
        if let Some(url) = item.get("audio_url") {
            found.all_of(url, 1);
        }
    }
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn all_of(&mut self, value: &Value, deepest: usize) {
        match value {
            Value::String(text) => {
                let is_address = text.starts_with("https://") || text.starts_with("http://");
                if is_address && self.0.len() < MOST_RESULTS && !self.0.contains(text) {
                    self.0.push(text.clone());
                }
            }
            Value::Array(items) if deepest > 0 => {
                for item in items {
                    self.all_of(item, deepest - 1);
                }
            }
            Value::Object(fields) if deepest > 0 => {
                for field in fields.values() {
                    self.all_of(field, deepest - 1);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(data: &Value) -> Task {
        // By its text, as it comes: numbers keep their digits.
        let wire: WireTask = serde_json::from_str(&data.to_string()).unwrap();
        wire.into_task(TaskId::new("t-1").unwrap())
    }

    #[test]
    fn every_state_has_its_name_and_an_unknown_one_goes_on() {
        for (data, state) in [
            (
                json!({ "state": "waiting", "successFlag": 0 }),
                TaskState::Waiting,
            ),
            (json!({ "state": "queuing" }), TaskState::Queuing),
            (json!({ "state": "generating" }), TaskState::Generating),
            (json!({ "state": "success" }), TaskState::Succeeded),
            (json!({ "state": "fail" }), TaskState::Failed),
            (json!({ "state": "polishing" }), TaskState::Generating),
            (json!({ "state": "" }), TaskState::Generating),
            (json!({}), TaskState::Generating),
            (json!({ "successFlag": 1 }), TaskState::Succeeded),
            (json!({ "state": null, "successFlag": 3 }), TaskState::Failed),
        ] {
            assert_eq!(task(&data).state, state, "{data}");
        }
    }

    #[test]
    fn a_result_is_found_in_every_shape_that_it_comes_in() {
        let (a, b, c) = (
            "https://x.example/a",
            "https://x.example/b",
            "https://x.example/c",
        );
        for (data, expected) in [
            (
                json!({ "response": { "resultUrls": [a, b] }, "resultJson": "" }),
                vec![a, b],
            ),
            (
                json!({ "response": null, "resultJson": json!({ "resultUrls": [a] }).to_string() }),
                vec![a],
            ),
            (
                json!({ "response": {}, "resultJson": json!({ "resultUrls": a }).to_string() }),
                vec![a],
            ),
            (
                json!({ "response": json!({ "resultUrls": [a] }).to_string() }),
                vec![a],
            ),
            (
                json!({ "response": { "resultUrls": [a], "firstFrameUrl": b, "lastFrameUrl": c } }),
                vec![a, b, c],
            ),
            (
                json!({ "response": { "resultUrls": [a], "lastFrameUrl": "" } }),
                vec![a],
            ),
            (
                json!({ "response": { "resultObject": { "mask_urls": [a, a], "text": "a cat" } } }),
                vec![a],
            ),
            (
                json!({ "response": { "data": [{ "audio_url": a, "image_url": c }, { "audio_url": b }] } }),
                vec![a, b],
            ),
            (
                json!({ "response": { "resultUrls": ["file:///etc/passwd", 7, null] } }),
                vec![],
            ),
            (json!({ "resultJson": "no JSON" }), vec![]),
            (json!({}), vec![]),
        ] {
            let mut done = data.clone();
            done["state"] = "success".into();
            assert_eq!(task(&done).results, expected, "{data}");
            done["state"] = "generating".into();
            assert!(task(&done).results.is_empty(), "nothing before the end: {data}");
        }
    }

    #[test]
    fn the_price_is_read_digit_by_digit_and_an_odd_one_is_none() {
        for (credits, expected) in [
            ("3.0", Some("3")),
            ("0.8", Some("0.8")),
            ("\"12.5\"", Some("12.5")),
            ("0", Some("0")),
            ("null", None),
            ("\"many\"", None),
            ("-4", None),
        ] {
            let text = format!(r#"{{"state":"success","creditsConsumed":{credits}}}"#);
            let wire: WireTask = serde_json::from_str(&text).unwrap();
            let task = wire.into_task(TaskId::new("t-1").unwrap());
            assert_eq!(
                task.credits.map(|credits| credits.to_string()).as_deref(),
                expected,
                "{credits}"
            );
        }
    }

    #[test]
    fn a_failure_says_what_there_is_to_say() {
        for (code, message, expected) in [
            (json!("422"), json!(" Not that. "), ("422", "Not that.")),
            (json!(500), json!(null), ("500", "")),
            (json!(null), json!(""), ("", "")),
        ] {
            let data = json!({ "state": "fail", "failCode": code, "failMsg": message, "resultJson": "" });
            let failure = task(&data).failure.unwrap();
            assert_eq!((failure.code.as_str(), failure.message.as_str()), expected);
        }
        let fine = json!({ "state": "success", "failCode": "", "failMsg": null });
        assert_eq!(task(&fine).failure, None);
    }

    #[test]
    fn a_result_without_end_is_cut() {
        let urls: Vec<_> = (0..1_000)
            .map(|number| format!("https://x.example/{number}"))
            .collect();
        let data = json!({ "state": "success", "response": { "resultUrls": urls } });
        assert_eq!(task(&data).results.len(), MOST_RESULTS);
    }
}
