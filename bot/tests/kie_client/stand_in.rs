//! The whole catalogue against the stand-in of the sandbox, over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::{Value, json};
use stepkeep::generation::schema::{
    Kind, ListRules, Literal, MediaKind, ModelSchema, Parameter, Reason, Unaskable,
};
use stepkeep::generation::{GenerationApi, GenerationErrorKind, KieClient, ModelFilter, Pace};
use stepkeep_sandbox::{Config, Part, Sandbox, SandboxHandle};

use crate::fixtures::{config, model};

/// The model without a document.
const UNDESCRIBED: &str = "omnihuman-1-5";
/// The model whose input contains itself.
const UNASKABLE: &str = "omnihuman-1-5/subject-detection";

/// A stand-in of its own for one test, and a client of it.
pub(crate) struct StandIn {
    handle: SandboxHandle,
    pub(crate) client: KieClient,
    http: reqwest::Client,
}

impl StandIn {
    /// With the limit of the real thing.
    async fn limited() -> Self {
        let parts = Config {
            parts: BTreeSet::from([Part::Generation]),
            ..Config::default()
        };
        let handle = Sandbox::start(parts).await.unwrap();
        let client = KieClient::new(config(&format!("{}/generation", handle.url()))).unwrap();
        Self {
            handle,
            client,
            http: reqwest::Client::new(),
        }
    }

    /// Without any limit.
    pub(crate) async fn start() -> Self {
        let stand_in = Self::limited().await;
        let none = json!({ "catalogue_per_second": 0, "creates_per_ten_seconds": 0, "tasks_per_second": 0 });
        stand_in.sim("limits", &none).await;
        stand_in
    }

    /// The tasks, as the people's side tells them.
    pub(crate) async fn seen(&self) -> Value {
        let url = format!("{}/generation/sim/tasks", self.handle.url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn sim(&self, what: &str, body: &Value) {
        let url = format!("{}/generation/sim/{what}", self.handle.url());
        let answer = self.http.post(url).json(body).send().await;
        answer.unwrap().error_for_status().unwrap();
    }

    async fn schema(&self, id: &str) -> ModelSchema {
        self.client.schema(&model(id)).await.unwrap().unwrap()
    }
}

fn all() -> ModelFilter {
    ModelFilter::default()
}

fn named<'a>(schema: &'a ModelSchema, name: &str) -> &'a Parameter {
    let mut parameters = schema.shapes.iter().flat_map(|shape| &shape.parameters);
    parameters.find(|parameter| parameter.name == name).unwrap()
}

fn names(parameters: &[Parameter]) -> Vec<&str> {
    parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect()
}

#[tokio::test]
async fn the_list_is_filtered_by_what_is_asked_for() {
    let stand_in = StandIn::start().await;
    let models = stand_in.client.models(&all()).await.unwrap();
    assert!(models.len() >= 40, "{}", models.len());
    let mut by_task: BTreeMap<_, usize> = BTreeMap::new();
    for task in models.iter().flat_map(|model| &model.task_types) {
        *by_task.entry(task.clone()).or_default() += 1;
    }
    for (task, count) in by_task {
        let filter = ModelFilter {
            task_type: Some(task.clone()),
            ..all()
        };
        let found = stand_in.client.models(&filter).await.unwrap();
        assert_eq!(found.len(), count, "{task}");
    }
    let filter = ModelFilter {
        task_type: Some("Text to Video".to_owned()),
        provider: Some("Kling".to_owned()),
        query: Some("turbo".to_owned()),
    };
    let found = stand_in.client.models(&filter).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].model, model("kling/v2-5-turbo-text-to-video-pro"));
}

#[tokio::test]
async fn every_model_of_the_catalogue_can_be_asked_for_or_says_why_not() {
    let stand_in = StandIn::start().await;
    for summary in stand_in.client.models(&all()).await.unwrap() {
        let id = summary.model.as_str();
        let price = stand_in.client.price(&summary.model).await.unwrap();
        assert_eq!(price, summary.price, "{id}");
        match (id, stand_in.client.schema(&summary.model).await) {
            (UNDESCRIBED, schema) => assert!(schema.unwrap().is_none()),
            (UNASKABLE, schema) => {
                let error = schema.unwrap_err();
                assert_eq!(error.kind(), GenerationErrorKind::Unaskable);
                let expected = Unaskable {
                    parameter: Some("parts".to_owned()),
                    // The part that it needs is the cycle.
                    reason: Reason::NeededPart,
                };
                assert_eq!(error.unaskable(), Some(&expected));
            }
            (_, schema) => {
                let schema = schema.unwrap_or_else(|error| panic!("{id}: {error}")).unwrap();
                for shape in &schema.shapes {
                    assert!(
                        shape.parameters.iter().any(|parameter| parameter.required)
                            || id == "bytedance/seedance-2",
                        "{id}"
                    );
                }
                for parameter in schema.shapes.iter().flat_map(|shape| &shape.parameters) {
                    let expected = id != "wan/2-7-image" || parameter.name != "bbox_list";
                    assert_eq!(parameter.kind.is_askable(), expected, "{id}: {parameter:?}");
                    assert!(parameter.description.is_some(), "{id}: {}", parameter.name);
                }
            }
        }
    }
}

#[tokio::test]
async fn parameters_come_as_the_document_has_them() {
    let stand_in = StandIn::start().await;

    let schema = stand_in.schema("kling-2.6/image-to-video").await;
    assert_eq!(
        names(&schema.shapes[0].parameters),
        ["prompt", "image_urls", "sound", "duration"]
    );
    insta::assert_snapshot!(
        serde_json::to_string(&schema.shapes[0].parameters[1..]).unwrap(),
        @r#"[{"name":"image_urls","required":true,"description":"The images to start from. (The file's address after its upload, not the file; Accepted types: image/jpeg, image/png; Max size: 10.0MB)","kind":{"type":"list","item":{"type":"media","media":"image","mime_types":["image/jpeg","image/png"],"max_bytes":10485760},"max_items":1}},{"name":"sound","required":true,"description":"Whether the video has sound.","kind":{"type":"toggle"}},{"name":"duration","required":true,"description":"How long the video is, in seconds.","default":"5","kind":{"type":"choice","options":[{"value":"5"},{"value":"10"}]}}]"#
    );

    // Seconds are text for one model and numbers for another.
    let minimax = stand_in.schema("minimax-h3/text-to-video").await;
    assert_eq!(
        named(&minimax, "duration").default,
        Some(Literal::Number(6.into()))
    );

    let voice = stand_in.schema("elevenlabs/text-to-speech-multilingual-v2").await;
    let voice = named(&voice, "voice");
    assert!(matches!(&voice.kind, Kind::Choice { options } if options.len() > 8));
    assert_eq!(voice.default, Some(Literal::Text("Rachel".to_owned())));

    let dialogue = stand_in.schema("elevenlabs/text-to-dialogue-v3").await;
    let Kind::List(ListRules { item, .. }) = &named(&dialogue, "dialogue").kind else {
        panic!("no list");
    };
    assert!(matches!(&**item, Kind::Object { fields } if names(fields) == ["text", "voice"]));
    assert!(
        matches!(&named(&dialogue, "language_code").kind, Kind::Choice { options } if options.len() == 74)
    );

    let banana = stand_in.schema("google/nano-banana").await;
    assert!(named(&banana, "image_size").deprecated);
    // A default of nothing is none.
    let horse = stand_in.schema("happyhorse-1-1/image-to-video").await;
    assert_eq!(named(&horse, "image_urls").default, None);
    assert_eq!(named(&horse, "prompt").default, None);

    let speech = stand_in.schema("infinitalk/from-audio").await;
    let Kind::Media(audio) = &named(&speech, "audio_url").kind else {
        panic!("no file");
    };
    assert_eq!((audio.media, audio.max_bytes), (MediaKind::Audio, Some(10 << 20)));
}

#[tokio::test]
async fn alternatives_are_shapes_with_requirements_of_their_own() {
    let stand_in = StandIn::start().await;
    let required = |schema: &ModelSchema| -> Vec<Vec<String>> {
        let of_shape = |parameters: &[Parameter]| {
            let required = parameters.iter().filter(|parameter| parameter.required);
            required.map(|parameter| parameter.name.clone()).collect()
        };
        schema
            .shapes
            .iter()
            .map(|shape| of_shape(&shape.parameters))
            .collect()
    };
    let omni = stand_in.schema("kling-3.0-omni/reference-to-video").await;
    let expected = [
        vec!["prompt", "image_urls"],
        vec!["prompt", "video_urls", "aspect_ratio", "audio"],
        vec!["prompt", "image_urls", "video_urls", "audio"],
    ];
    assert_eq!(required(&omni), expected);
    assert_eq!(omni.shapes[1].title.as_deref(), Some("From a video"));
    assert_eq!(named(&omni, "audio").kind, Kind::Toggle);

    let grok = stand_in.schema("grok-imagine/image-to-video").await;
    assert_eq!(required(&grok), [["image_urls"], ["task_id"]]);
    let extend = stand_in.schema("pixverse-v6/extend").await;
    assert_eq!(extend.shapes.len(), 2);
}

#[tokio::test]
async fn credits_are_what_the_account_has() {
    let stand_in = StandIn::start().await;
    assert_eq!(stand_in.client.credits().await.unwrap().to_string(), "2450");
    stand_in.sim("credits", &json!({ "credits": 12.5 })).await;
    assert_eq!(stand_in.client.credits().await.unwrap().to_string(), "12.5");
}

#[tokio::test]
async fn a_bad_key_and_an_unknown_model_are_told_apart() {
    let stand_in = StandIn::start().await;
    let mut bad = config(&format!("{}/generation", stand_in.handle.url()));
    bad.api_key = SecretString::from("invalid");
    let error = KieClient::new(bad).unwrap().credits().await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Unauthorized);
    assert_eq!((error.status(), error.code()), (Some(200), Some(401)));
    for unknown in ["nobody", "nobody/has-this"] {
        let error = stand_in.client.schema(&model(unknown)).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::NotFound, "{unknown}");
        let error = stand_in.client.price(&model(unknown)).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::NotFound, "{unknown}");
    }
}

#[tokio::test]
async fn faults_of_every_sort_pass_unseen_or_are_told() {
    let stand_in = StandIn::start().await;
    for passing in [
        json!({ "operation": "models", "code": 500, "times": 2 }),
        json!({ "operation": "models", "code": 455 }),
        json!({ "operation": "models", "code": 429, "status": 429 }),
        json!({ "operation": "models", "status": 502 }),
        json!({ "operation": "models", "drop_connection": true }),
        json!({ "operation": "models", "delay_ms": 50 }),
    ] {
        stand_in.sim("faults", &passing).await;
        let models = stand_in.client.models(&all()).await;
        assert!(models.is_ok(), "{passing}: {models:?}");
    }
    for (fault, kind) in [
        (
            json!({ "operation": "price", "broken": true }),
            GenerationErrorKind::Malformed,
        ),
        (
            json!({ "operation": "price", "code": 402 }),
            GenerationErrorKind::InsufficientCredits,
        ),
        (
            json!({ "operation": "price", "code": 455, "times": 3 }),
            GenerationErrorKind::Maintenance,
        ),
    ] {
        stand_in.sim("faults", &fault).await;
        let error = stand_in.client.price(&model("z-image")).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}");
    }
    stand_in.client.price(&model("z-image")).await.unwrap();
}

#[tokio::test]
async fn a_client_that_keeps_the_pace_is_never_turned_away() {
    let stand_in = StandIn::limited().await;
    let mut paced = config(&format!("{}/generation", stand_in.handle.url()));
    paced.pace = Pace::default();
    // A refusal would be an error at once.
    paced.retry.attempts = 1;
    let client = KieClient::new(paced).unwrap();
    let id = model("z-image");
    let (one, two, three) = tokio::join!(client.price(&id), client.price(&id), client.price(&id));
    assert!(
        one.is_ok() && two.is_ok() && three.is_ok(),
        "{one:?} {two:?} {three:?}"
    );

    // And one that doesn't is, in an envelope under the status of success.
    let mut hasty = config(&format!("{}/generation", stand_in.handle.url()));
    hasty.retry.attempts = 1;
    hasty.api_key = SecretString::from("another account");
    let client = KieClient::new(hasty).unwrap();
    client.price(&id).await.unwrap();
    let error = client.price(&id).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::RateLimited);
    assert_eq!((error.status(), error.code()), (Some(200), Some(429)));
}
