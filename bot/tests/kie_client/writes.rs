//! What costs money, and what comes of it: tasks are created once at most, and results are got from anywhere.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use stepkeep::generation::{
    GenerationApi, GenerationErrorKind, KieClient, NewFile, NewTask, Operation, Retry, TaskFailure, TaskId,
    TaskState,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use url::Url;
use wiremock::matchers::{body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixtures::{ATTEMPTS, KEY, client, config, envelope, model};

const CREATE: &str = "/api/v1/jobs/createTask";
const RECORD: &str = "/api/v1/jobs/recordInfo";
const UPLOAD: &str = "/api/file-stream-upload";
const LINK: &str = "/api/v1/common/download-url";
const FILE: &str = "/files/out.png";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";
const ROOMY: u64 = 1 << 20;

fn new_task() -> NewTask {
    let input = json!({ "prompt": "a tin robot", "seed": 7 });
    NewTask {
        model: model("nano-banana-2"),
        input: serde_json::from_value(input).unwrap(),
        call_back: None,
    }
}

fn created(id: &str) -> ResponseTemplate {
    envelope(200, 200, &json!({ "taskId": id, "recordId": "other" }))
}

fn task_id(id: &str) -> TaskId {
    TaskId::new(id).unwrap()
}

/// Answers posts to `at` so, exactly `times` times.
async fn posts(server: &MockServer, at: &str, answer: ResponseTemplate, times: u64) {
    Mock::given(method("POST"))
        .and(path(at))
        .respond_with(answer)
        .up_to_n_times(times)
        .expect(times)
        .mount(server)
        .await;
}

async fn gets(server: &MockServer, at: &str, answer: ResponseTemplate, times: u64) {
    crate::fixtures::answers(server, at, answer, times).await;
}

async fn record(server: &MockServer, data: &Value) {
    gets(server, RECORD, envelope(200, 200, data), 1).await;
}

#[tokio::test]
async fn a_task_is_created_as_the_documents_say() {
    let server = MockServer::start().await;
    let body = json!({
        "model": "nano-banana-2",
        "input": { "prompt": "a tin robot", "seed": 7 },
        "callBackUrl": "https://bot.example/kie",
    });
    Mock::given(method("POST"))
        .and(path(CREATE))
        .and(header("Authorization", format!("Bearer {KEY}")))
        .and(header("Content-Type", "application/json"))
        .and(body_json(body))
        .respond_with(created("e931"))
        .expect(1)
        .mount(&server)
        .await;
    let task = NewTask {
        call_back: Some(Url::parse("https://bot.example/kie").unwrap()),
        ..new_task()
    };
    assert_eq!(client(&server).create(&task).await.unwrap(), task_id("e931"));
}

#[tokio::test]
async fn a_refused_task_is_not_created_and_not_asked_for_again() {
    use GenerationErrorKind as Kind;
    let server = MockServer::start().await;
    let client = client(&server);
    for (status, code, kind) in [
        (200, 400, Kind::InvalidInput),
        (200, 401, Kind::Unauthorized),
        (200, 402, Kind::InsufficientCredits),
        (402, 402, Kind::InsufficientCredits),
        (200, 404, Kind::NotFound),
        (500, 422, Kind::InvalidInput),
        (200, 433, Kind::UsageLimit),
        (200, 455, Kind::Maintenance),
        (200, 501, Kind::Failed),
        (200, 505, Kind::Disabled),
    ] {
        posts(&server, CREATE, envelope(status, code, &json!(null)), 1).await;
        let error = client.create(&new_task()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (kind, Operation::Create),
            "{code}"
        );
        assert_eq!(error.code(), Some(code));
    }
}

#[tokio::test]
async fn when_the_task_may_exist_it_is_unclear_and_not_asked_for_again() {
    let page = |status| ResponseTemplate::new(status).set_body_string("<html>down</html>");
    let server = MockServer::start().await;
    let mut config = config(&server.uri());
    config.deadlines.create = Duration::from_secs(1);
    let client = KieClient::new(config).unwrap();
    for answer in [
        envelope(200, 500, &json!(null)),
        envelope(200, 408, &json!(null)),
        envelope(200, 200, &json!(null)),
        envelope(200, 200, &json!({ "taskId": "" })),
        page(200),
        page(302),
        page(502),
        page(504),
        created("e931").set_delay(Duration::from_mins(5)),
    ] {
        posts(&server, CREATE, answer, 1).await;
        let error = client.create(&new_task()).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::Unclear, "{error:?}");
        assert_eq!(error.retry(), Retry::Never);
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_after_the_request_leaves_it_unclear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(connection.read(&mut request).await.unwrap() > 0);
        drop(connection);
        // Nobody may come again.
        let again = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(again.is_err());
    });
    let client = KieClient::new(config(&format!("http://{address}"))).unwrap();
    let error = client.create(&new_task()).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Unclear);
    server.await.unwrap();
}

#[tokio::test]
async fn without_a_connection_there_is_no_task_and_it_may_be_asked_for_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = KieClient::new(config(&format!("http://{address}"))).unwrap();
    let error = client.create(&new_task()).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Unavailable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn too_many_tasks_at_once_are_created_after_the_window() {
    let server = MockServer::start().await;
    posts(&server, CREATE, envelope(200, 429, &json!(null)), 1).await;
    posts(&server, CREATE, ResponseTemplate::new(429), 1).await;
    posts(&server, CREATE, created("e931"), 1).await;
    assert_eq!(
        client(&server).create(&new_task()).await.unwrap(),
        task_id("e931")
    );

    // And not for ever.
    let server = MockServer::start().await;
    posts(&server, CREATE, envelope(200, 429, &json!(null)), ATTEMPTS as u64).await;
    let error = client(&server).create(&new_task()).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::RateLimited);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_task_is_told_with_its_results_and_its_price() {
    let server = MockServer::start().await;
    let data = json!({
        "taskId": "a&b", "model": "nano-banana-2", "state": "success", "successFlag": 1,
        "param": "{}", "resultJson": "{\"resultUrls\":[\"https://old.example/out.png\"]}",
        "response": { "resultUrls": ["https://x.example/out.png"] },
        "costTime": 59, "creditsConsumed": 3.5, "failCode": null, "failMsg": "", "progress": 0,
    });
    Mock::given(method("GET"))
        .and(path(RECORD))
        .and(query_param("taskId", "a&b"))
        .respond_with(envelope(200, 200, &data))
        .expect(1)
        .mount(&server)
        .await;
    let task = client(&server).task(&task_id("a&b")).await.unwrap();
    insta::assert_snapshot!(
        serde_json::to_string(&task).unwrap(),
        @r#"{"id":"a&b","state":"succeeded","results":["https://x.example/out.png"],"credits":"3.5"}"#
    );
}

#[tokio::test]
async fn a_failed_task_is_no_failed_question() {
    let server = MockServer::start().await;
    let client = client(&server);
    let failed = json!({ "state": "fail", "failCode": "400", "failMsg": "Not that.", "resultJson": "", "creditsConsumed": 0 });
    record(&server, &failed).await;
    let task = client.task(&task_id("t-1")).await.unwrap();
    assert_eq!(task.state, TaskState::Failed);
    assert_eq!(task.failure, Some(TaskFailure::new("400", "Not that.")));
    assert_eq!(task.credits.unwrap().to_string(), "0");
    for code in [501, 408] {
        gets(&server, RECORD, envelope(200, code, &json!(null)), 1).await;
        let task = client.task(&task_id("t-1")).await.unwrap();
        assert_eq!(task.state, TaskState::Failed);
        assert_eq!(
            task.failure,
            Some(TaskFailure::new(code.to_string(), "The reason."))
        );
    }
}

#[tokio::test]
async fn a_task_that_is_not_known_yet_is_told_apart() {
    let server = MockServer::start().await;
    let client = client(&server);
    for answer in [
        envelope(200, 404, &json!(null)),
        envelope(200, 422, &json!(null)),
        envelope(200, 200, &json!(null)),
    ] {
        gets(&server, RECORD, answer, 1).await;
        let error = client.task(&task_id("t-1")).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::NotYet);
        assert!(error.is_retryable());
    }
    // What passes by itself is asked again.
    gets(&server, RECORD, envelope(200, 455, &json!(null)), 1).await;
    gets(&server, RECORD, envelope(200, 429, &json!(null)), 1).await;
    record(&server, &json!({ "state": "polishing" })).await;
    let task = client.task(&task_id("t-1")).await.unwrap();
    assert_eq!(task.state, TaskState::Generating);
}

fn photo(bytes: &'static [u8]) -> NewFile {
    NewFile {
        name: "Anna at home.JPG".to_owned(),
        media_type: "image/jpeg".to_owned(),
        bytes: Bytes::from_static(bytes),
    }
}

#[tokio::test]
async fn a_file_is_handed_in_to_the_other_host_under_a_name_of_its_own() {
    let (api, server) = (MockServer::start().await, MockServer::start().await);
    let data = json!({ "downloadUrl": "https://tmp.example/1.jpg", "fileName": "1.jpg", "fileSize": 5 });
    posts(&server, UPLOAD, ResponseTemplate::new(503), 1).await;
    Mock::given(method("POST"))
        .and(path(UPLOAD))
        .and(header("Authorization", format!("Bearer {KEY}")))
        .respond_with(envelope(200, 200, &data))
        .expect(2)
        .mount(&server)
        .await;
    let mut config = config(&api.uri());
    config.upload_url = Url::parse(&server.uri()).unwrap();
    let client = KieClient::new(config).unwrap();
    for _ in 0..2 {
        let address = client.upload(photo(b"a jpg")).await.unwrap();
        assert_eq!(address, "https://tmp.example/1.jpg");
    }
    let requests = server.received_requests().await.unwrap();
    let names: Vec<_> = requests
        .iter()
        .map(|request| {
            let body = String::from_utf8_lossy(&request.body);
            assert!(
                body.contains("name=\"uploadPath\"") && body.contains("a jpg"),
                "{body}"
            );
            assert!(body.contains("Content-Type: image/jpeg"), "{body}");
            assert!(!body.contains("Anna"), "{body}");
            let (_, rest) = body.split_once("filename=\"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        })
        .collect();
    assert!(
        names.iter().all(|name| name.split_once('.').unwrap().1 == "jpg"),
        "{names:?}"
    );
    assert_eq!(names[0], names[1], "an attempt takes the place of the one before");
    assert_ne!(names[0], names[2], "and a file that of no other");
    assert!(api.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_upload_that_went_wrong_says_so() {
    let server = MockServer::start().await;
    let client = client(&server);
    posts(
        &server,
        UPLOAD,
        envelope(200, 200, &json!({ "downloadUrl": "soon" })),
        1,
    )
    .await;
    let error = client.upload(photo(b"a jpg")).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Malformed);
    posts(&server, UPLOAD, envelope(200, 400, &json!(null)), 1).await;
    let error = client.upload(photo(b"a jpg")).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::InvalidInput);
    let file = NewFile {
        bytes: Bytes::from(vec![0; (100 << 20) + 1]),
        ..photo(b"")
    };
    let error = client.upload(file).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::TooLarge);
}

#[tokio::test]
async fn a_result_is_got_without_the_key_and_known_by_its_content() {
    let server = MockServer::start().await;
    let client = client(&server);
    let address = format!("{}{FILE}?sig=1%2B2", server.uri());
    let png = ResponseTemplate::new(200).set_body_raw(PNG, "application/octet-stream");
    gets(&server, FILE, ResponseTemplate::new(503), 1).await;
    gets(&server, FILE, png, 1).await;
    let file = client.download(&address, ROOMY).await.unwrap();
    assert_eq!((file.media_type.as_str(), &file.bytes[..]), ("image/png", PNG));

    let words = ResponseTemplate::new(200).set_body_raw("words", "Text/Plain; charset=utf-8");
    gets(&server, FILE, words, 1).await;
    let file = client.download(&address, ROOMY).await.unwrap();
    assert_eq!(file.media_type, "text/plain");

    for request in server.received_requests().await.unwrap() {
        assert!(!request.headers.contains_key("Authorization"));
        assert_eq!(request.url.query(), Some("sig=1%2B2"));
    }
}

#[tokio::test]
async fn the_way_to_a_result_may_lead_on_but_not_for_ever() {
    let server = MockServer::start().await;
    let client = client(&server);
    let to = |place: &str| ResponseTemplate::new(302).insert_header("Location", place);
    gets(&server, "/old.png", to(FILE), 1).await;
    let png = ResponseTemplate::new(200).set_body_raw(PNG, "image/png");
    gets(&server, FILE, png, 1).await;
    let address = format!("{}/old.png", server.uri());
    assert_eq!(client.download(&address, ROOMY).await.unwrap().bytes, PNG);

    gets(&server, "/round", to("/round"), 6).await;
    let address = format!("{}/round", server.uri());
    let error = client.download(&address, ROOMY).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Malformed);
}

#[tokio::test]
async fn a_result_that_is_too_large_is_not_read_to_its_end() {
    let server = MockServer::start().await;
    let client = client(&server);
    let address = format!("{}{FILE}", server.uri());
    let png = ResponseTemplate::new(200).set_body_raw(PNG, "image/png");
    gets(&server, FILE, png, 2).await;
    let size = PNG.len() as u64;
    client.download(&address, size).await.unwrap();
    let error = client.download(&address, size - 1).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::TooLarge);
}

#[tokio::test]
async fn a_dead_link_is_renewed_once() {
    let server = MockServer::start().await;
    let client = client(&server);
    let address = format!("{}/files/old.png", server.uri());
    gets(&server, "/files/old.png", ResponseTemplate::new(403), 1).await;
    Mock::given(method("POST"))
        .and(path(LINK))
        .and(header("Authorization", format!("Bearer {KEY}")))
        .and(body_json(json!({ "url": address })))
        .respond_with(envelope(200, 200, &json!(format!("{}{FILE}", server.uri()))))
        .expect(1)
        .mount(&server)
        .await;
    let png = ResponseTemplate::new(200).set_body_raw(PNG, "image/png");
    gets(&server, FILE, png, 1).await;
    assert_eq!(client.download(&address, ROOMY).await.unwrap().bytes, PNG);
}

#[tokio::test]
async fn a_result_that_is_gone_for_good_is_not_found() {
    let server = MockServer::start().await;
    let client = client(&server);
    let address = format!("{}{FILE}", server.uri());
    for link in [
        envelope(200, 422, &json!(null)),
        envelope(200, 200, &json!("nothing")),
    ] {
        gets(&server, FILE, ResponseTemplate::new(404), 1).await;
        posts(&server, LINK, link, 1).await;
        let error = client.download(&address, ROOMY).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::NotFound);
        assert_eq!(error.operation(), Operation::Download);
    }
    for odd in ["file:///etc/passwd", "out.png", "data:image/png;base64,AA=="] {
        let error = client.download(odd, ROOMY).await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::InvalidInput, "{odd}");
    }
}
