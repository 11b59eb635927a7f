//! A task, and how it goes by.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};
use uuid::Uuid;

use super::catalogue::Model;
use super::made::{Made, Sort};

/// What was asked for, and what comes of it. That is known from the beginning; only the telling takes its time.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) model: &'static Model,
    pub(super) input: Map<String, Value>,
    pub(super) call_back: Option<String>,
    /// What became of the callback.
    pub(super) told: Option<String>,
    /// What it takes of the account when it ends well.
    pub(super) credits: Decimal,
    pub(super) failure: Option<Failure>,
    created: Instant,
    created_at: Timestamp,
    life: Life,
}

/// Why it will fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Queuing,
    Generating,
    Success,
    Fail,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queuing => "queuing",
            Self::Generating => "generating",
            Self::Success => "success",
            Self::Fail => "fail",
        }
    }

    fn flag(self) -> u8 {
        match self {
            Self::Waiting | Self::Queuing | Self::Generating => 0,
            Self::Success => 1,
            Self::Fail => 3,
        }
    }
}

/// How long a task is in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    waiting: Duration,
    queuing: Duration,
    generating: Duration,
}

impl Life {
    /// The usual one of what `model` makes, every part of it times `scale`, and `longer` on top.
    pub(super) fn of(model: &Model, scale: f64, longer: Duration) -> Self {
        let (waiting, queuing, generating) = match Sort::of(model) {
            Sort::Image | Sort::Masks => (300, 500, 2_000),
            Sort::Video => (300, 700, 5_000),
            Sort::Sound => (300, 400, 1_500),
        };
        let scaled = |millis: u64| Duration::from_millis(millis).mul_f64(scale);
        Self {
            waiting: scaled(waiting),
            queuing: scaled(queuing),
            generating: scaled(generating).saturating_add(longer),
        }
    }

    pub(super) fn whole(&self) -> Duration {
        self.waiting
            .saturating_add(self.queuing)
            .saturating_add(self.generating)
    }

    fn state_at(&self, age: Duration, end: State) -> State {
        if age < self.waiting {
            State::Waiting
        } else if age < self.waiting.saturating_add(self.queuing) {
            State::Queuing
        } else if age < self.whole() {
            State::Generating
        } else {
            end
        }
    }
}

/// What is known of a task when it is created.
#[derive(Debug)]
pub(super) struct NewTask {
    pub(super) model: &'static Model,
    pub(super) input: Map<String, Value>,
    pub(super) call_back: Option<String>,
    pub(super) credits: Decimal,
    pub(super) failure: Option<Failure>,
    pub(super) life: Life,
}

impl Task {
    /// A task that begins now.
    pub(super) fn new(new: NewTask) -> Self {
        let NewTask {
            model,
            input,
            call_back,
            credits,
            failure,
            life,
        } = new;
        Self {
            id: Uuid::new_v4().simple().to_string(),
            model,
            input,
            call_back,
            told: None,
            credits: if failure.is_some() { Decimal::ZERO } else { credits },
            failure,
            created: Instant::now(),
            created_at: Timestamp::now(),
            life,
        }
    }

    pub(super) fn state(&self) -> State {
        let end = if self.failure.is_some() {
            State::Fail
        } else {
            State::Success
        };
        self.life.state_at(self.created.elapsed(), end)
    }

    /// How long it goes on.
    pub(super) fn left(&self) -> Duration {
        self.life.whole().saturating_sub(self.created.elapsed())
    }

    /// What it made, if it has ended well.
    pub(super) fn made(&self) -> Option<Made<'_>> {
        (self.state() == State::Success).then(|| Made::of(self.model, &self.input))
    }

    /// The task as the API tells it, where `files` is the address that files are under.
    pub(super) fn record(&self, files: &str) -> Value {
        let state = self.state();
        let is_over = matches!(state, State::Success | State::Fail);
        let result = self
            .made()
            .map(|made| made.told(|name| format!("{files}/tasks/{}/{name}", self.id)));
        let created = self.created_at.as_millisecond();
        let whole = i64::try_from(self.life.whole().as_millis()).unwrap_or(i64::MAX);
        let completed = is_over.then(|| created.saturating_add(whole));
        let failure = self.failure.as_ref().filter(|_| is_over);
        // Text in text, as the real thing has it.
        let input = Value::Object(self.input.clone()).to_string();
        let param = json!({ "model": self.model.id, "input": input, "callBackUrl": self.call_back });
        json!({
            "taskId": self.id,
            "model": self.model.id,
            "state": state.as_str(),
            "successFlag": state.flag(),
            "param": param.to_string(),
            "resultJson": result.as_ref().map(ToString::to_string).unwrap_or_default(),
            "response": result,
            "costTime": completed.map(|_| whole / 1_000),
            "creditsConsumed": is_over.then(|| number(self.credits)),
            "createTime": created,
            "completeTime": completed,
            "updateTime": completed.unwrap_or(created),
            "failCode": failure.map(|failure| &failure.code),
            "failMsg": failure.map(|failure| &failure.message),
            "progress": 0,
        })
    }

    /// The task as the people's side tells it.
    pub(super) fn seen(&self, files: &str) -> Value {
        let result = self
            .made()
            .map(|made| made.told(|name| format!("{files}/tasks/{}/{name}", self.id)));
        json!({
            "task_id": self.id,
            "model": self.model.id,
            "input": self.input,
            "state": self.state().as_str(),
            "credits": number(self.credits),
            "result": result,
            "failure": self.failure.as_ref().map(|failure| json!({ "code": failure.code, "message": failure.message })),
            "call_back_url": self.call_back,
            "called_back": self.told,
            "created_at": self.created_at.to_string(),
        })
    }
}

/// A decimal number as JSON has it.
pub(super) fn number(decimal: Decimal) -> Number {
    serde_json::from_str(&decimal.normalize().to_string()).unwrap_or_else(|_| 0.into())
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::catalogue;
    use super::*;

    fn new(scale: f64, failure: Option<Failure>) -> Task {
        let model = catalogue().model("z-image").unwrap();
        Task::new(NewTask {
            model,
            input: Map::new(),
            call_back: None,
            credits: Decimal::new(8, 1),
            failure,
            life: Life::of(model, scale, Duration::ZERO),
        })
    }

    #[test]
    fn a_task_goes_through_all_its_states_to_its_end() {
        let life = new(1.0, None).life;
        let at = |millis| life.state_at(Duration::from_millis(millis), State::Fail);
        assert_eq!(at(0), State::Waiting);
        assert_eq!(at(300), State::Queuing);
        assert_eq!(at(800), State::Generating);
        assert_eq!(at(2_799), State::Generating);
        assert_eq!(at(2_800), State::Fail);
    }

    #[test]
    fn only_what_has_ended_has_a_result_and_a_price() {
        let running = new(1_000.0, None).record("http://x");
        assert_eq!(
            (&running["state"], &running["successFlag"]),
            (&json!("waiting"), &json!(0))
        );
        assert_eq!(
            (&running["resultJson"], &running["response"]),
            (&json!(""), &Value::Null)
        );
        assert_eq!(running["creditsConsumed"], Value::Null);

        let done = new(0.0, None);
        let record = done.record("http://x");
        let url = format!("http://x/tasks/{}/0.png", done.id);
        assert_eq!(record["response"]["resultUrls"][0], url);
        let text: Value = serde_json::from_str(record["resultJson"].as_str().unwrap()).unwrap();
        assert_eq!(text, record["response"]);
        assert_eq!(
            (&record["creditsConsumed"], &record["successFlag"]),
            (&json!(0.8), &json!(1))
        );

        let failure = Failure {
            code: "400".to_owned(),
            message: "Not that.".to_owned(),
        };
        let failed = new(0.0, Some(failure)).record("http://x");
        assert_eq!(
            (&failed["state"], &failed["successFlag"]),
            (&json!("fail"), &json!(3))
        );
        assert_eq!(
            (&failed["failCode"], &failed["creditsConsumed"]),
            (&json!("400"), &json!(0))
        );
        assert_eq!(failed["resultJson"], "");
    }
}
