//! Whatever the sandbox answers, teloxide's types can read.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use teloxide_core::{
    ApiError, Bot, RequestError,
    net::Download as _,
    payloads::{
        AnswerCallbackQuerySetters as _, GetUpdatesSetters as _, SendDocumentSetters as _,
        SendMessageSetters as _,
    },
    requests::Requester as _,
    types::{
        BotCommand, ChatAction, ChatFullInfo, ChatId, File, InlineKeyboardButton, InlineKeyboardMarkup,
        InputFile, Me, Message, MessageEntityKind, ParseMode, Update, UpdateKind, WebhookInfo,
    },
};

use crate::{
    files::png,
    support::{ANNA, BOT, Room, TOKEN},
};

/// Reads from text, as a client does.
fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

#[tokio::test]
async fn answers_are_read() {
    let room = Room::new().await;
    let start = room.says(ANNA, "/start").await;
    let me: Me = read(&room.bot("getMe", json!({})).await);
    assert_eq!(me.user.id.0, BOT.unsigned_abs());

    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}, {"text": "Site", "url": "https://a.example/"}]]});
    let text = json!({
        "chat_id": ANNA,
        "text": "<b>b</b> <a href=\"https://a.example/\">a</a> <pre><code class=\"language-rust\">c</code></pre>",
        "parse_mode": "HTML",
        "reply_markup": keyboard,
        "reply_parameters": {"message_id": start["message_id"]},
    });
    let message: Message = read(&room.bot("sendMessage", text).await);
    assert_eq!(message.chat.id.0, ANNA);
    assert_eq!(message.text(), Some("b a c"));
    assert_eq!(message.entities().unwrap().len(), 3);
    assert_eq!(message.reply_markup().unwrap().inline_keyboard[0].len(), 2);
    assert!(message.reply_to_message().is_some());
    let edit = json!({"chat_id": ANNA, "message_id": message.id.0, "text": "new"});
    let edited: Message = read(&room.bot("editMessageText", edit).await);
    assert!(edited.edit_date().is_some());

    let part = |bytes: Vec<u8>, name: &'static str| reqwest::multipart::Part::bytes(bytes).file_name(name);
    let form = || {
        reqwest::multipart::Form::new()
            .text("chat_id", ANNA.to_string())
            .text("caption", "c")
    };
    let document = form().part("document", part(b"%PDF".to_vec(), "a.pdf"));
    let document: Message = read(&room.multipart("sendDocument", document).await["result"]);
    let sent = document.document().unwrap();
    assert_eq!(sent.file_name.as_deref(), Some("a.pdf"));
    assert_eq!(document.caption(), Some("c"));
    let photo = form().part("photo", part(png(4, 3), "a.png"));
    let photo: Message = read(&room.multipart("sendPhoto", photo).await["result"]);
    assert_eq!(photo.photo().unwrap()[0].width, 4);
    let file: File = read(&room.bot("getFile", json!({"file_id": sent.file.id.0})).await);
    assert_eq!(file.meta.size, 4);

    room.bot(
        "setMyCommands",
        json!({"commands": [{"command": "a", "description": "b"}]}),
    )
    .await;
    let commands: Vec<BotCommand> = read(&room.bot("getMyCommands", json!({})).await);
    assert_eq!(commands[0].command, "a");
    let chat: ChatFullInfo = read(&room.bot("getChat", json!({"chat_id": ANNA})).await);
    assert_eq!(chat.id.0, ANNA);
    room.bot(
        "setWebhook",
        json!({"url": "https://127.0.0.1:1/", "allowed_updates": ["message"]}),
    )
    .await;
    let info: WebhookInfo = read(&room.bot("getWebhookInfo", json!({})).await);
    assert_eq!(info.max_connections, Some(40));
    room.bot("deleteWebhook", json!({})).await;
    let info: WebhookInfo = read(&room.bot("getWebhookInfo", json!({})).await);
    assert!(info.url.is_none());
}

#[tokio::test]
async fn updates_are_read() {
    let room = Room::new().await;
    room.says(ANNA, "/start now").await;
    let sent = room
        .bot("sendMessage", json!({"chat_id": ANNA, "text": "?"}))
        .await;
    room.taps(ANNA, &sent["message_id"], "y").await;
    room.taps(ANNA, &json!(99), "gone").await;
    room.post(
        "messages",
        json!({"bot": BOT, "person": ANNA, "chat": -7, "text": "hi"}),
    )
    .await;
    room.post(
        "messages",
        json!({"bot": BOT, "person": ANNA, "chat": -1_000_000_000_007_i64, "text": "hi"}),
    )
    .await;
    room.post("block", json!({"bot": BOT, "person": ANNA, "blocked": true}))
        .await;
    let updates: Vec<Update> = room.updates(json!({})).await.iter().map(read).collect();
    let kinds: Vec<&str> = updates
        .iter()
        .map(|update| match &update.kind {
            UpdateKind::Message(_) => "message",
            UpdateKind::CallbackQuery(_) => "press",
            UpdateKind::MyChatMember(_) => "member",
            other => panic!("{other:?}: {update:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "message", "press", "press", "member", "message", "member", "message", "member"
        ]
    );
    let UpdateKind::Message(message) = &updates[0].kind else {
        panic!("a message")
    };
    assert_eq!(message.entities().unwrap()[0].kind, MessageEntityKind::BotCommand);
    assert_eq!(
        message.from.as_ref().unwrap().language_code.as_deref(),
        Some("en")
    );
    let UpdateKind::CallbackQuery(press) = &updates[1].kind else {
        panic!("a press")
    };
    assert_eq!(press.data.as_deref(), Some("y"));
    assert!(press.regular_message().is_some());
    let UpdateKind::CallbackQuery(press) = &updates[2].kind else {
        panic!("a press")
    };
    assert!(press.regular_message().is_none());
}

#[tokio::test]
async fn teloxide_itself_polls_sends_and_understands_refusals() {
    let room = Room::new().await;
    let bot = Bot::new(TOKEN).set_api_url(room.sandbox.url().parse().unwrap());
    room.says(ANNA, "/start").await;
    let me = bot.get_me().await.unwrap();
    assert_eq!(me.username(), "sandbox_42_bot");
    let updates = bot.get_updates().timeout(5).await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else {
        panic!("a message")
    };
    let chat = message.chat.id;

    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Yes", "y")]]);
    let sent = bot
        .send_message(chat, "<b>Sure?</b>")
        .parse_mode(ParseMode::Html)
        .reply_markup(keyboard);
    let sent = sent.await.unwrap();
    room.taps(ANNA, &json!(sent.id.0), "y").await;
    let updates = bot.get_updates().offset(updates[0].id.as_offset()).await.unwrap();
    let UpdateKind::CallbackQuery(press) = &updates[0].kind else {
        panic!("a press")
    };
    bot.answer_callback_query(press.id.clone())
        .text("ok")
        .await
        .unwrap();
    let again = bot.answer_callback_query(press.id.clone()).await.unwrap_err();
    assert!(matches!(again, RequestError::Api(_)), "{again:?}");
    bot.edit_message_text(chat, sent.id, "Sure").await.unwrap();
    let unchanged = bot.edit_message_text(chat, sent.id, "Sure").await.unwrap_err();
    assert!(
        matches!(unchanged, RequestError::Api(ApiError::MessageNotModified)),
        "{unchanged:?}"
    );
    let label = InputFile::memory(&b"%PDF"[..]).file_name("label.pdf");
    let label = bot
        .send_document(chat, label)
        .caption("Your label")
        .await
        .unwrap();
    assert_eq!(label.document().unwrap().file_name.as_deref(), Some("label.pdf"));
    let file = bot
        .get_file(label.document().unwrap().file.id.clone())
        .await
        .unwrap();
    let mut content = Vec::new();
    bot.download_file(&file.path, &mut content).await.unwrap();
    assert_eq!(content, b"%PDF");
    bot.set_my_commands([BotCommand::new("start", "Begin")])
        .await
        .unwrap();
    bot.send_chat_action(chat, ChatAction::Typing).await.unwrap();
    bot.delete_message(chat, sent.id).await.unwrap();

    room.post(
        "faults",
        json!({"method": "sendMessage", "status": 429, "retry_after": 7}),
    )
    .await;
    let limited = bot.send_message(chat, "x").await.unwrap_err();
    assert!(
        matches!(limited, RequestError::RetryAfter(wait) if wait.seconds() == 7),
        "{limited:?}"
    );
    let unknown = bot.send_message(ChatId(5), "x").await.unwrap_err();
    assert!(
        matches!(unknown, RequestError::Api(ApiError::ChatNotFound)),
        "{unknown:?}"
    );
}
