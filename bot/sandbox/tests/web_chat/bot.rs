//! A bot of a few lines that speaks the Bot API over HTTP, as any bot does.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const TOKEN: &str = "4242:sandbox-test-token-of-no-account-00";

/// Its id, the number before the colon of its token.
pub(crate) const ID: i64 = 4242;

/// A label of one empty page, as far as a browser cares.
pub(crate) const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";

/// The smallest PNG: one transparent pixel.
pub(crate) const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00,
    0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0x60, 0x60, 0x60, 0x00, 0x00, 0x00,
    0x05, 0x00, 0x01, 0xa5, 0xf6, 0x45, 0x40, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42,
    0x60, 0x82,
];

/// The bot's calls. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Bot {
    root: String,
    http: reqwest::Client,
}

/// A bot that polls in the background until this is dropped.
#[derive(Debug)]
pub(crate) struct Polling(JoinHandle<()>);

impl Drop for Polling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Bot {
    pub(crate) fn new(sandbox: &str) -> Self {
        Self {
            root: format!("{sandbox}/bot{TOKEN}"),
            http: reqwest::Client::new(),
        }
    }

    /// Comes up with its menus in both languages, and answers whatever comes.
    pub(crate) async fn start(&self) -> Polling {
        self.call("getMe", &json!({})).await;
        for (language, start, cancel) in [("", "Main menu", "Stop this"), ("ru", "Главное меню", "Прервать")]
        {
            let commands = json!([
                {"command": "start", "description": start},
                {"command": "stop", "description": cancel},
            ]);
            let menu = json!({"commands": commands, "language_code": language});
            self.call("setMyCommands", &menu).await;
        }
        let bot = self.clone();
        Polling(tokio::spawn(async move { bot.poll().await }))
    }

    pub(crate) async fn call(&self, method: &str, parameters: &Value) -> Value {
        let request = self.http.post(format!("{}/{method}", self.root)).json(parameters);
        taken(method, request).await
    }

    pub(crate) async fn say(&self, person: i64, text: &str) -> Value {
        self.call("sendMessage", &json!({"chat_id": person, "text": text}))
            .await
    }

    async fn poll(self) {
        let mut offset = 0;
        loop {
            let updates = self
                .call("getUpdates", &json!({"offset": offset, "timeout": 20}))
                .await;
            for update in updates.as_array().unwrap() {
                offset = update["update_id"].as_i64().unwrap() + 1;
                if update["message"].is_object() {
                    self.read(update).await;
                } else if update["pre_checkout_query"].is_object() {
                    self.asked_before_payment(&update["pre_checkout_query"]).await;
                } else if update["callback_query"].is_object() {
                    self.pressed(&update["callback_query"]).await;
                }
            }
        }
    }

    async fn read(&self, update: &Value) {
        let message = &update["message"];
        let chat = message["chat"]["id"].as_i64().unwrap();
        if let Some(name) = message["document"]["file_name"].as_str() {
            let caption = message["caption"].as_str().unwrap_or("no caption");
            self.say(chat, &format!("Got {name}: {caption}")).await;
            return;
        }
        if message["photo"].is_array() {
            self.say(chat, "Got a photo").await;
            return;
        }
        if message["successful_payment"].is_object() {
            self.say(chat, "Thank you").await;
            return;
        }
        match message["text"].as_str().unwrap() {
            "/start" => self.greet(chat).await,
            "/typing" => {
                self.call("sendChatAction", &json!({"chat_id": chat, "action": "typing"}))
                    .await;
            }
            "/keyboard" => {
                let keyboard = json!({"keyboard": [["pounds", "kilograms"]], "resize_keyboard": true});
                let parameters = json!({"chat_id": chat, "text": "Which unit?", "reply_markup": keyboard});
                self.call("sendMessage", &parameters).await;
            }
            "kilograms" => {
                let gone = json!({"remove_keyboard": true});
                let parameters = json!({"chat_id": chat, "text": "Kilograms it is", "reply_markup": gone});
                self.call("sendMessage", &parameters).await;
            }
            "/label" => {
                self.send_file(chat, "sendDocument", "document", "label.pdf", PDF)
                    .await;
            }
            "/invoices" => {
                for stars in [50, 13] {
                    let prices = json!([{"label": "Credits", "amount": stars}]);
                    let parameters = json!({"chat_id": chat, "title": format!("{stars} credits"), "description": "For you",
                        "payload": "p", "currency": "XTR", "prices": prices});
                    self.call("sendInvoice", &parameters).await;
                }
            }
            "/photo" => {
                self.send_file(chat, "sendPhoto", "photo", "parcel.png", PNG)
                    .await;
            }
            text => {
                self.say(chat, &format!("Update {} says: {text}", update["update_id"]))
                    .await;
            }
        }
    }

    async fn greet(&self, chat: i64) {
        let button = |text: &str| json!({"text": text, "callback_data": text.to_lowercase()});
        let keyboard = json!({"inline_keyboard": [
            [button("Toast"), button("Alert")],
            [button("Edit"), button("Delete"), button("Silence")],
        ]});
        let text = "<b>Welcome</b> to <i>the</i> <code>test</code>, \
                    see <a href=\"https://stepkeep.example/\">the page</a>";
        let parameters =
            json!({"chat_id": chat, "text": text, "parse_mode": "HTML", "reply_markup": keyboard});
        self.call("sendMessage", &parameters).await;
    }

    async fn asked_before_payment(&self, query: &Value) {
        let parameters = if query["total_amount"] == 13 {
            json!({"pre_checkout_query_id": query["id"], "ok": false, "error_message": "An unlucky number"})
        } else {
            json!({"pre_checkout_query_id": query["id"], "ok": true})
        };
        self.call("answerPreCheckoutQuery", &parameters).await;
    }

    async fn pressed(&self, query: &Value) {
        let answer = |more: Value| {
            let mut parameters = json!({"callback_query_id": query["id"]});
            parameters
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            async move { self.call("answerCallbackQuery", &parameters).await }
        };
        let message =
            json!({"chat_id": query["message"]["chat"]["id"], "message_id": query["message"]["message_id"]});
        match query["data"].as_str().unwrap() {
            "toast" => {
                answer(json!({"text": "A word in passing"})).await;
            }
            "alert" => {
                answer(json!({"text": "Read this first", "show_alert": true})).await;
            }
            "edit" => {
                answer(json!({})).await;
                let mut edit = message;
                edit["text"] = "Changed, with one button left".into();
                edit["reply_markup"] =
                    json!({"inline_keyboard": [[{"text": "Toast", "callback_data": "toast"}]]});
                self.call("editMessageText", &edit).await;
            }
            "delete" => {
                answer(json!({})).await;
                self.call("deleteMessage", &message).await;
            }
            // The test answers this one itself.
            _ => {
                let chat = query["message"]["chat"]["id"].as_i64().unwrap();
                self.say(
                    chat,
                    &format!("Not answered yet: {}", query["id"].as_str().unwrap()),
                )
                .await;
            }
        }
    }

    async fn send_file(&self, chat: i64, method: &str, field: &str, name: &str, bytes: &'static [u8]) {
        let part = Part::bytes(bytes).file_name(name.to_owned());
        let form = Form::new()
            .text("chat_id", chat.to_string())
            .text("caption", "As ordered")
            .part(field.to_owned(), part);
        taken(
            method,
            self.http.post(format!("{}/{method}", self.root)).multipart(form),
        )
        .await;
    }
}

/// Sends the request; a refusal fails the test, as the bot makes no call that may be refused.
async fn taken(method: &str, request: reqwest::RequestBuilder) -> Value {
    let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["ok"], true, "{method}: {answer}");
    answer["result"].take()
}
