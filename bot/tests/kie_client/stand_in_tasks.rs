//! Tasks and files against the stand-in of the sandbox, over HTTP.

use bytes::Bytes;
use serde_json::{Value, json};
use stepkeep::generation::{
    GenerationApi, GenerationErrorKind, NewFile, NewTask, Task, TaskFailure, TaskId, TaskState,
};

use crate::fixtures::model;
use crate::stand_in::StandIn;

const ROOMY: u64 = 10 << 20;

impl StandIn {
    /// One whose tasks are over at once.
    async fn fast() -> Self {
        let stand_in = Self::start().await;
        stand_in.sim("speed", &json!({ "scale": 0 })).await;
        stand_in
    }

    async fn done(&self, task: &NewTask) -> Task {
        let id = self.client.create(task).await.unwrap();
        self.client.task(&id).await.unwrap()
    }
}

fn asked(id: &str, input: &Value) -> NewTask {
    NewTask {
        model: model(id),
        input: input.as_object().unwrap().clone(),
        call_back: None,
    }
}

fn cat() -> NewTask {
    asked("z-image", &json!({ "prompt": "a cat", "aspect_ratio": "1:1" }))
}

#[tokio::test]
async fn everything_that_can_be_made_is_made_and_got() {
    let stand_in = StandIn::fast().await;
    for (task, media_type, credits) in [
        (cat(), "image/png", "0.8"),
        (
            asked(
                "kling-2.6/text-to-video",
                &json!({ "prompt": "a cat", "sound": true, "aspect_ratio": "16:9", "duration": "10" }),
            ),
            "video/mp4",
            "220",
        ),
        (
            asked("elevenlabs/text-to-speech-turbo-2-5", &json!({ "text": "hello" })),
            "audio/wav",
            "0.03",
        ),
    ] {
        let done = stand_in.done(&task).await;
        assert_eq!(done.state, TaskState::Succeeded);
        assert_eq!(done.credits.unwrap().to_string(), credits);
        let file = stand_in.client.download(&done.results[0], ROOMY).await.unwrap();
        assert_eq!(file.media_type, media_type);
    }
    assert_eq!(stand_in.client.credits().await.unwrap().to_string(), "2229.17");
    let masks = asked("grok-imagine-image-2-0/segment-map", &json!({ "task_id": "t-1" }));
    assert_eq!(stand_in.done(&masks).await.results.len(), 2);
}

#[tokio::test]
async fn a_task_that_is_refused_is_none() {
    use GenerationErrorKind as Kind;
    let stand_in = StandIn::fast().await;
    let error = stand_in
        .client
        .create(&asked("z-image", &json!({})))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::InvalidInput, "prompt is required.")
    );
    stand_in.sim("credits", &json!({ "credits": 0.5 })).await;
    let error = stand_in.client.create(&cat()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::InsufficientCredits);
    stand_in
        .sim("faults", &json!({ "operation": "create", "code": 505 }))
        .await;
    let error = stand_in.client.create(&cat()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Disabled);
    assert_eq!(stand_in.seen().await["tasks"], json!([]));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unclear_and_the_task_is_asked_for_once() {
    let stand_in = StandIn::fast().await;
    for (count, fault) in [
        json!({ "operation": "create", "drop_connection": true, "after_effect": true }),
        json!({ "operation": "create", "status": 500, "after_effect": true }),
        json!({ "operation": "create", "code": 500, "after_effect": true }),
        json!({ "operation": "create", "broken": true, "after_effect": true }),
    ]
    .iter()
    .enumerate()
    {
        stand_in.sim("faults", fault).await;
        let error = stand_in.client.create(&cat()).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::Unclear, "{fault}");
        let seen = stand_in.seen().await;
        assert_eq!(seen["create_calls"], count + 1, "{fault}");
        assert_eq!(seen["tasks"].as_array().unwrap().len(), count + 1, "{fault}");
    }
}

#[tokio::test]
async fn too_many_tasks_are_asked_for_again_and_created_once() {
    let stand_in = StandIn::fast().await;
    stand_in
        .sim(
            "faults",
            &json!({ "operation": "create", "code": 429, "times": 2 }),
        )
        .await;
    stand_in.client.create(&cat()).await.unwrap();
    let seen = stand_in.seen().await;
    assert_eq!(
        (&seen["create_calls"], seen["tasks"].as_array().unwrap().len()),
        (&json!(3), 1)
    );
}

#[tokio::test]
async fn a_task_that_failed_says_why_and_one_that_is_not_known_is_told_apart() {
    let stand_in = StandIn::fast().await;
    let fault = json!({ "operation": "generate", "code": 400, "message": "Not that." });
    stand_in.sim("faults", &fault).await;
    let failed = stand_in.done(&cat()).await;
    assert_eq!(failed.failure, Some(TaskFailure::new("400", "Not that.")));
    assert_eq!(failed.credits.unwrap().to_string(), "0");

    let error = stand_in
        .client
        .task(&TaskId::new("nobody").unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::NotYet);
}

#[tokio::test]
async fn a_file_is_handed_in_and_can_be_worked_on() {
    let stand_in = StandIn::fast().await;
    let file = NewFile {
        name: "photo.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: Bytes::from_static(b"\x89PNG\r\n\x1a\n"),
    };
    let address = stand_in.client.upload(file.clone()).await.unwrap();
    let served = stand_in.client.download(&address, ROOMY).await.unwrap();
    assert_eq!((served.media_type, served.bytes), (file.media_type, file.bytes));
    let edit = asked("recraft/remove-background", &json!({ "image": address }));
    assert_eq!(stand_in.done(&edit).await.state, TaskState::Succeeded);
}

#[tokio::test]
async fn a_dead_link_of_a_result_is_renewed() {
    let stand_in = StandIn::fast().await;
    let done = stand_in.done(&cat()).await;
    stand_in
        .sim("faults", &json!({ "operation": "download", "status": 404 }))
        .await;
    let file = stand_in.client.download(&done.results[0], ROOMY).await.unwrap();
    assert_eq!(file.media_type, "image/png");
}
