//! The client, the poller and the sender against the local Bot API of the sandbox.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something fails"
)]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use stepkeep::telegram::{
    BotToken, ClientConfig, ConflictCause, Delivery, NewDocument, Poller, PollingConfig, PollingError,
    Sender, SenderConfig, SessionShelf, TelegramClient, TelegramErrorKind, UpdateRequest, UpdateSource as _,
    Upload,
};
use stepkeep_core::{BotId, MemoryStorage, SystemClock};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};
use teloxide_core::{
    payloads::{EditMessageText, GetFile, GetMe, GetUpdates, SendMessage, SetWebhook},
    types::{ChatId, InlineKeyboardButton, InlineKeyboardMarkup, ReplyMarkup, UpdateKind},
};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

const BOT: i64 = 42;
const ANNA: i64 = 1001;
const BORIS: i64 = 1002;

/// Far longer than anything here takes; what doesn't come within it doesn't come.
const PATIENCE: Duration = Duration::from_mins(1);

struct Room {
    sandbox: SandboxHandle,
    people: reqwest::Client,
}

impl Room {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        Self {
            sandbox,
            people: reqwest::Client::new(),
        }
    }

    fn client(&self) -> TelegramClient {
        let config = ClientConfig {
            api_url: self.sandbox.url(),
            ..ClientConfig::default()
        };
        TelegramClient::new(BotToken::parse("42:AAF-token").unwrap(), &config).unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/sim/{path}", self.sandbox.url());
        let answer = self.people.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}/sim/{path}", self.sandbox.url());
        self.people.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The person writes; answers with the update's id.
    async fn says(&self, person: i64, text: &str) -> i64 {
        let body = json!({"bot": BOT, "person": person, "text": text});
        self.post("messages", body).await["update_id"].as_i64().unwrap()
    }

    async fn pending(&self) -> u64 {
        self.get(&format!("pending?bot={BOT}")).await["pending"]
            .as_u64()
            .unwrap()
    }

    async fn until_pending(&self, count: u64) {
        let reached = async {
            while self.pending().await != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(
            timeout(PATIENCE, reached).await.is_ok(),
            "{} updates are pending",
            self.pending().await
        );
    }

    async fn texts(&self, chat: i64) -> Vec<String> {
        let messages = self.get(&format!("chats/{chat}/messages?bot={BOT}")).await;
        let messages = messages
            .as_array()
            .unwrap()
            .iter()
            .filter(|message| message["from"] == "bot");
        messages
            .map(|message| message["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

struct Polling {
    poller: Arc<Poller>,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), PollingError>>,
}

impl Polling {
    fn start(poller: Poller) -> Self {
        let (poller, stop) = (Arc::new(poller), CancellationToken::new());
        let (sender, deliveries) = mpsc::unbounded_channel();
        let task = tokio::spawn({
            let (poller, stop) = (Arc::clone(&poller), stop.clone());
            async move {
                let hand_out = |delivery| {
                    let sender = sender.clone();
                    async move { drop(sender.send(delivery)) }
                };
                poller.run(hand_out, &stop).await
            }
        });
        Self {
            poller,
            deliveries,
            stop,
            task,
        }
    }

    fn of(room: &Room) -> Self {
        Self::start(Poller::new(Arc::new(room.client()), PollingConfig::default()))
    }

    async fn next(&mut self) -> Delivery {
        timeout(PATIENCE, self.deliveries.recv())
            .await
            .expect("an update comes")
            .expect("the poller runs")
    }

    async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.task).await.unwrap().unwrap();
        self.poller.confirm().await.unwrap();
    }
}

#[tokio::test]
async fn the_bot_is_who_the_token_says() {
    let room = Room::new().await;
    let client = room.client();
    let me = client.call(&GetMe::new()).await.unwrap();
    assert_eq!(i64::try_from(me.id.0).unwrap(), client.bot_id().0);
}

#[tokio::test]
async fn an_update_stays_with_telegram_until_it_was_handled() {
    let room = Room::new().await;
    let first = room.says(ANNA, "one").await;
    room.says(BORIS, "two").await;
    let mut polling = Polling::of(&room);
    let (one, two) = (polling.next().await, polling.next().await);
    assert_eq!(one.update.id, first);
    let UpdateKind::Message(message) = one.update.parse().unwrap().kind else {
        panic!()
    };
    assert_eq!((message.chat.id, message.text()), (ChatId(ANNA), Some("one")));

    two.receipt.acknowledge();
    room.says(ANNA, "three").await;
    let three = polling.next().await;
    assert_eq!(room.pending().await, 3, "nothing passes the first one");
    one.receipt.acknowledge();
    three.receipt.acknowledge();
    room.until_pending(0).await;
    polling.stop().await;
}

#[tokio::test]
async fn what_was_not_handled_comes_to_the_next_process() {
    let room = Room::new().await;
    for text in ["one", "two", "three"] {
        room.says(ANNA, text).await;
    }
    let mut polling = Polling::of(&room);
    polling.next().await.receipt.acknowledge();
    let under_way = polling.next().await;
    polling.stop().await;
    let unhandled = under_way.update.id;
    drop(under_way);
    assert_eq!(room.pending().await, 2, "the first was confirmed on the way out");

    let mut polling = Polling::of(&room);
    let again = polling.next().await;
    assert_eq!((again.update.id, again.attempt), (unhandled, 1));
    again.receipt.acknowledge();
    polling.next().await.receipt.acknowledge();
    polling.stop().await;
    assert_eq!(room.pending().await, 0);
}

#[tokio::test]
async fn one_slow_conversation_does_not_stop_three_hundred_updates_behind_it() {
    let room = Room::new().await;
    let store: Arc<MemoryStorage> = Arc::default();
    let shelf = SessionShelf::new(store, Arc::new(SystemClock), BotId(BOT));
    let client = Arc::new(room.client());
    let mut polling = Polling::start(Poller::with_shelf(
        client,
        Arc::new(shelf),
        PollingConfig::default(),
    ));

    room.says(ANNA, "slow").await;
    let slow = polling.next().await;
    for number in 0..300 {
        room.says(BORIS, &number.to_string()).await;
    }
    for _ in 0..300 {
        polling.next().await.receipt.acknowledge();
    }
    room.until_pending(0).await;
    assert_eq!(polling.poller.outstanding(), 1);

    room.says(BORIS, "more").await;
    polling.next().await.receipt.acknowledge();
    slow.receipt.acknowledge();
    polling.stop().await;
    assert_eq!(room.pending().await, 0);
}

#[tokio::test]
async fn an_update_that_telegram_repeats_after_its_confirmation_is_handed_out_again_and_confirmed_again() {
    let room = Room::new().await;
    let mut polling = Polling::of(&room);
    let id = room.says(ANNA, "one").await;
    polling.next().await.receipt.acknowledge();
    room.says(ANNA, "two").await;
    polling.next().await.receipt.acknowledge();
    room.until_pending(0).await;

    room.post("redeliver", json!({"bot": BOT, "update_id": id})).await;
    let again = polling.next().await;
    assert_eq!(again.update.id, id);
    again.receipt.acknowledge();
    room.until_pending(0).await;
    room.says(ANNA, "three").await;
    polling.next().await.receipt.acknowledge();
    polling.stop().await;
    assert_eq!(room.pending().await, 0);
}

#[tokio::test]
async fn a_second_poller_ends_the_poll_of_the_first() {
    let room = Room::new().await;
    let request = |timeout| UpdateRequest {
        offset: 0,
        limit: 100,
        timeout,
        allowed_updates: vec![],
    };
    let first = tokio::spawn({
        let (client, request) = (room.client(), request(Duration::from_secs(50)));
        async move { client.fetch(&request).await }
    });
    let second = room.client();
    // The first poll may still be on its way, and would then be the one that ends the other.
    while !first.is_finished() {
        let _may_be_ended_itself = second.fetch(&request(Duration::ZERO)).await;
    }
    let error = first.await.unwrap().unwrap_err();
    assert_eq!(
        *error.kind(),
        TelegramErrorKind::Conflict(ConflictCause::OtherPoller)
    );
}

#[tokio::test]
async fn an_active_webhook_ends_polling_with_what_to_do() {
    let room = Room::new().await;
    let client = room.client();
    let mut webhook = SetWebhook::new("http://127.0.0.1:9/hook".parse().unwrap());
    webhook.secret_token = Some("secret".to_owned());
    client.call(&webhook).await.unwrap();
    let refused = client.call(&GetUpdates::new()).await.unwrap_err();
    assert_eq!(
        *refused.kind(),
        TelegramErrorKind::Conflict(ConflictCause::Webhook)
    );
    let ended = timeout(PATIENCE, Polling::of(&room).task)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert!(ended.to_string().contains("stepkeep webhook delete"), "{ended}");
}

#[tokio::test]
async fn a_document_arrives_with_name_type_caption_and_keyboard_and_can_be_fetched() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let file = Upload {
        name: "label.pdf".to_owned(),
        mime: "application/pdf".to_owned(),
        bytes: "%PDF-1.7 and so on".into(),
    };
    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Again", "again")]]);
    let mut document = NewDocument::new(ChatId(ANNA), file);
    document.caption = Some("Your label".to_owned());
    document.reply_markup = Some(ReplyMarkup::InlineKeyboard(keyboard));
    let sender = Sender::new(room.client(), SenderConfig::default());
    let sent = sender.send_document(&document).await.unwrap();

    let seen = room.get(&format!("chats/{ANNA}/messages?bot={BOT}")).await;
    let seen = seen.as_array().unwrap().last().unwrap();
    assert_eq!(seen["document"]["file_name"], "label.pdf");
    assert_eq!(seen["document"]["mime_type"], "application/pdf");
    assert_eq!(seen["caption"], "Your label");
    assert_eq!(seen["inline_keyboard"][0][0]["callback_data"], "again");

    let id = sent.document().unwrap().file.id.clone();
    let path = sender.client().call(&GetFile::new(id)).await.unwrap().path;
    assert_eq!(
        sender.client().download_file(&path, 1_000).await.unwrap(),
        "%PDF-1.7 and so on"
    );
}

#[tokio::test]
async fn a_429_and_a_502_lose_no_reply_and_keep_the_order() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let sender = Sender::new(room.client(), SenderConfig::default());
    let fault =
        |status: u16| json!({"bot": BOT, "method": "sendMessage", "status": status, "retry_after": 1});
    room.post("faults", fault(429)).await;
    room.post("faults", fault(502)).await;
    for text in ["one", "two", "three"] {
        sender
            .send(Some(ChatId(ANNA)), &SendMessage::new(ChatId(ANNA), text))
            .await
            .unwrap();
    }
    assert_eq!(room.texts(ANNA).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn the_errors_of_the_bot_api_have_their_meaning() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let client = room.client();
    let sent = client
        .call(&SendMessage::new(ChatId(ANNA), "hello"))
        .await
        .unwrap();

    let same = client
        .call(&EditMessageText::new(ChatId(ANNA), sent.id, "hello"))
        .await
        .unwrap_err();
    assert_eq!(*same.kind(), TelegramErrorKind::NotModified);
    let missing = teloxide_core::types::MessageId(sent.id.0 + 999);
    let missing = client
        .call(&EditMessageText::new(ChatId(ANNA), missing, "bye"))
        .await
        .unwrap_err();
    assert!(
        matches!(missing.kind(), TelegramErrorKind::MessageGone(_)),
        "{missing}"
    );
    let nobody = client
        .call(&SendMessage::new(ChatId(999_999), "hello"))
        .await
        .unwrap_err();
    assert!(
        matches!(nobody.kind(), TelegramErrorKind::ChatGone(_)),
        "{nobody}"
    );
    let empty = client
        .call(&SendMessage::new(ChatId(ANNA), ""))
        .await
        .unwrap_err();
    assert!(
        matches!(empty.kind(), TelegramErrorKind::BadRequest(_)),
        "{empty}"
    );

    room.post("block", json!({"bot": BOT, "person": ANNA, "blocked": true}))
        .await;
    let blocked = client
        .call(&SendMessage::new(ChatId(ANNA), "hello"))
        .await
        .unwrap_err();
    assert!(
        matches!(blocked.kind(), TelegramErrorKind::ChatGone(_)),
        "{blocked}"
    );
}
