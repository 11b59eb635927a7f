use std::error::Error;

use serde_json::json;
use teloxide_core::{
    payloads::{DeleteMessage, GetMe, SendMessage, SendMessageSetters as _},
    types::{ChatId, InlineKeyboardButton, InlineKeyboardMarkup, MessageId, ReplyMarkup},
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, method, path},
};

use super::*;
use crate::telegram::{ConflictCause, PollingConfig, UpdateRequest, UpdateSource as _, Upload};

const TOKEN: &str = "42:AAF-very_secret";

fn client_of(config: &ClientConfig) -> TelegramClient {
    TelegramClient::new(BotToken::parse(TOKEN).unwrap(), config).unwrap()
}

fn client(server: &MockServer) -> TelegramClient {
    client_of(&ClientConfig {
        api_url: server.uri(),
        ..ClientConfig::default()
    })
}

/// A server that answers every call so.
async fn answering(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(response)
        .mount(&server)
        .await;
    server
}

fn ok(result: &serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"ok": true, "result": result}))
}

fn message() -> serde_json::Value {
    json!({"message_id": 7, "date": 1, "chat": {"id": 5, "type": "private", "first_name": "Ann"}, "text": "hi"})
}

async fn failure_of(response: ResponseTemplate) -> TelegramErrorKind {
    let server = answering(response).await;
    client(&server)
        .call(&GetMe::new())
        .await
        .unwrap_err()
        .kind()
        .clone()
}

/// Everything that a log could show of an error.
fn whole_text(error: &TelegramError) -> String {
    let mut texts = vec![format!("{error} {error:?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(format!("{error} {error:?}"));
        source = error.source();
    }
    texts.join(" ")
}

#[tokio::test]
async fn a_payload_becomes_a_call_of_its_method_with_json() {
    let server = MockServer::start().await;
    let expected = json!({
        "chat_id": 5,
        "text": "hi",
        "reply_markup": {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]},
    });
    Mock::given(method("POST"))
        .and(path("/bot42:AAF-very_secret/sendMessage"))
        .and(header("content-type", "application/json"))
        .and(body_json(expected))
        .respond_with(ok(&message()))
        .mount(&server)
        .await;
    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Yes", "y")]]);
    let payload = SendMessage::new(ChatId(5), "hi").reply_markup(ReplyMarkup::InlineKeyboard(keyboard));
    let sent = client(&server).call(&payload).await.unwrap();
    assert_eq!((sent.id, sent.text()), (MessageId(7), Some("hi")));
}

#[tokio::test]
async fn the_address_may_have_a_path_in_front() {
    let server = MockServer::start().await;
    Mock::given(path("/proxy/tg/bot42:AAF-very_secret/deleteMessage"))
        .respond_with(ok(&json!(true)))
        .mount(&server)
        .await;
    for slash in ["", "/"] {
        let api_url = format!("{}/proxy/tg{slash}", server.uri());
        let client = client_of(&ClientConfig {
            api_url,
            ..ClientConfig::default()
        });
        client
            .call(&DeleteMessage::new(ChatId(5), MessageId(7)))
            .await
            .unwrap();
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for api_url in [
        "",
        "api.telegram.org",
        "ftp://example.com",
        "mailto:a@example.com",
    ] {
        let config = ClientConfig {
            api_url: api_url.to_owned(),
            ..ClientConfig::default()
        };
        let refused = TelegramClient::new(BotToken::parse(TOKEN).unwrap(), &config);
        assert!(matches!(refused, Err(ClientError::ApiUrl)), "{api_url}");
    }
}

#[tokio::test]
async fn failures_say_what_they_mean() {
    use TelegramErrorKind as Kind;
    let failed = |code: u16, description: &str| {
        ResponseTemplate::new(code)
            .set_body_json(json!({"ok": false, "error_code": code, "description": description}))
    };
    assert_eq!(failure_of(failed(401, "Unauthorized")).await, Kind::Unauthorized);
    assert_eq!(
        failure_of(failed(403, "Forbidden: bot was blocked by the user")).await,
        Kind::ChatGone("Forbidden: bot was blocked by the user".to_owned())
    );
    assert_eq!(
        failure_of(failed(
            409,
            "Conflict: can't use getUpdates method while webhook is active"
        ))
        .await,
        Kind::Conflict(ConflictCause::Webhook)
    );
    assert_eq!(
        failure_of(failed(500, "Internal Server Error")).await,
        Kind::Server(500)
    );
    let moved = json!({"ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded",
        "parameters": {"migrate_to_chat_id": -1_001}});
    assert_eq!(
        failure_of(ResponseTemplate::new(400).set_body_json(moved)).await,
        Kind::MigratedTo(-1_001)
    );
}

#[tokio::test]
async fn a_429_is_understood_from_the_body_and_from_the_header() {
    let body = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7}});
    let seven = TelegramErrorKind::RetryAfter(Duration::from_secs(7));
    assert_eq!(
        failure_of(ResponseTemplate::new(429).set_body_json(body)).await,
        seven
    );
    let proxy = ResponseTemplate::new(429)
        .insert_header("retry-after", "7")
        .set_body_string("slow down");
    assert_eq!(failure_of(proxy).await, seven);
}

#[tokio::test]
async fn an_answer_that_is_not_telegrams_is_judged_by_its_status() {
    let page = ResponseTemplate::new(502).set_body_string("<html>Bad Gateway</html>");
    assert_eq!(failure_of(page).await, TelegramErrorKind::Server(502));
    let page = ResponseTemplate::new(200).set_body_string("<html>Welcome</html>");
    assert!(matches!(failure_of(page).await, TelegramErrorKind::Malformed(_)));
    assert!(matches!(
        failure_of(ok(&json!({"id": "x"}))).await,
        TelegramErrorKind::Malformed(_)
    ));
}

#[tokio::test]
async fn no_error_shows_the_token_or_what_the_answer_contained() {
    let refused = client_of(&ClientConfig {
        api_url: "http://127.0.0.1:1".to_owned(),
        ..ClientConfig::default()
    });
    let refused = refused.call(&GetMe::new()).await.unwrap_err();
    assert_eq!(*refused.kind(), TelegramErrorKind::Network);

    let slow = answering(ok(&json!({})).set_delay(Duration::from_mins(1))).await;
    let config = ClientConfig {
        api_url: slow.uri(),
        deadline: Duration::from_millis(50),
        ..ClientConfig::default()
    };
    let late = client_of(&config).call(&GetMe::new()).await.unwrap_err();
    assert_eq!(*late.kind(), TelegramErrorKind::Timeout);

    let elsewhere = format!("/bot{TOKEN}/elsewhere");
    let redirect = answering(ResponseTemplate::new(302).insert_header("location", elsewhere.as_str())).await;
    let redirected = client(&redirect).call(&GetMe::new()).await.unwrap_err();
    assert_eq!(
        redirect.received_requests().await.unwrap().len(),
        1,
        "redirects are not followed"
    );

    let odd = answering(ok(&json!({"id": "221B Baker Street"}))).await;
    let unread = client(&odd).call(&GetMe::new()).await.unwrap_err();

    for error in [refused, late, redirected, unread] {
        let text = whole_text(&error);
        assert!(text.starts_with("getMe: "), "{text}");
        assert!(!text.contains("very_secret") && !text.contains("Baker"), "{text}");
    }
    assert!(!format!("{:?}", client(&odd)).contains("very_secret"));
}

#[tokio::test]
async fn a_document_is_uploaded_with_its_name_type_caption_and_keyboard() {
    let server = answering(ok(&message())).await;
    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Again", "again")]]);
    let file = Upload {
        name: "label.pdf".to_owned(),
        mime: "application/pdf".to_owned(),
        bytes: Bytes::from_static(b"%PDF-1.7"),
    };
    let mut document = NewDocument::new(ChatId(5), file);
    document.caption = Some("Your \"label\"".to_owned());
    document.reply_markup = Some(ReplyMarkup::InlineKeyboard(keyboard));
    client(&server).send_document(&document).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].url.path(), "/bot42:AAF-very_secret/sendDocument");
    let body = String::from_utf8(requests[0].body.clone()).unwrap();
    for part in [
        "name=\"chat_id\"\r\n\r\n5\r\n",
        "name=\"caption\"\r\n\r\nYour \"label\"\r\n",
        "name=\"document\"; filename=\"label.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7\r\n",
        r#"{"inline_keyboard":[[{"callback_data":"again","text":"Again"}]]}"#,
    ] {
        assert!(body.contains(part), "{part} is missing in {body}");
    }
    assert!(!body.contains("parse_mode"), "what isn't set is left out");
}

#[tokio::test]
async fn a_file_is_downloaded_up_to_the_limit() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/file/bot42:AAF-very_secret/photos/file_1.jpg"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(b"0123456789"))
        .mount(&server)
        .await;
    let client = client(&server);
    assert_eq!(
        client.download_file("photos/file_1.jpg", 10).await.unwrap(),
        "0123456789"
    );
    let too_large = client.download_file("photos/file_1.jpg", 9).await.unwrap_err();
    assert_eq!(*too_large.kind(), TelegramErrorKind::TooLarge(9));
    let missing = client.download_file("photos/file_2.jpg", 10).await.unwrap_err();
    assert!(matches!(missing.kind(), TelegramErrorKind::BadRequest(_)));
    assert!(!whole_text(&missing).contains("very_secret"));
}

#[tokio::test]
async fn a_page_of_updates_survives_one_that_can_not_be_read() {
    let server = MockServer::start().await;
    let expected = json!({"offset": 5_000_000_000_i64, "limit": 100, "timeout": 25, "allowed_updates": [
        "message", "edited_message", "callback_query", "pre_checkout_query", "my_chat_member"]});
    Mock::given(path("/bot42:AAF-very_secret/getUpdates"))
        .and(body_json(expected))
        .respond_with(ok(
            &json!([{"update_id": 1, "message": 3}, {"no_id": true}, {"update_id": 2, "new_kind": {}}]),
        ))
        .mount(&server)
        .await;
    let config = PollingConfig::default();
    let request = UpdateRequest {
        offset: 5_000_000_000,
        limit: 100,
        timeout: config.long_poll,
        allowed_updates: config.allowed_updates,
    };
    let page = client(&server).fetch(&request).await.unwrap();
    assert_eq!(page.iter().map(|update| update.id).collect::<Vec<_>>(), [1, 2]);
}
