//! Server-sent events.

use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{ANNA, BORIS, BOT, Room};

/// Reads a stream of events.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn of(room: &Room, query: &str) -> Self {
        let url = room.address(&format!("/sim/events?bot={BOT}{query}"));
        let response = room.http.get(url).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event's name and data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                };
                let found = field("event:").zip(field("data:"));
                let found = found.map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.text = rest.to_string();
                match found {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_listener_hears_what_happens_in_its_chat_in_order() {
    let room = Room::new().await;
    room.bot("getMe", json!({})).await;
    let mut events = Events::of(&room, &format!("&chat={ANNA}")).await;
    room.says(BORIS, "elsewhere").await;
    room.says(ANNA, "/start").await;
    room.bot("sendChatAction", json!({"chat_id": ANNA, "action": "typing"}))
        .await;
    let sent = room
        .bot("sendMessage", json!({"chat_id": ANNA, "text": "one"}))
        .await;
    let message = json!({"chat_id": ANNA, "message_id": sent["message_id"]});
    let mut edit = message.clone();
    edit["text"] = "two".into();
    room.bot("editMessageText", edit).await;
    let press = room.taps(ANNA, &sent["message_id"], "x").await;
    let id = &press["callback_query_id"];
    room.bot(
        "answerCallbackQuery",
        json!({"callback_query_id": id, "text": "ok"}),
    )
    .await;
    room.bot("deleteMessage", message).await;
    let menu = json!({"commands": [{"command": "a", "description": "b"}]});
    room.bot("setMyCommands", menu).await;

    let mut heard = Vec::new();
    for _ in 0..7 {
        heard.push(events.next().await.unwrap());
    }
    let names: Vec<&str> = heard.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "message", "action", "message", "edited", "answer", "deleted", "commands"
        ]
    );
    assert_eq!(heard[0].1["text"], "/start");
    assert_eq!(heard[0].1["from"], "person");
    assert_eq!(heard[1].1, json!({"chat": ANNA, "action": "typing"}));
    assert_eq!(heard[3].1["text"], "two");
    assert_eq!(heard[3].1["edited"], true);
    assert_eq!(
        heard[4].1,
        json!({"chat": ANNA, "callback_query_id": id, "text": "ok", "show_alert": false})
    );
    assert_eq!(
        heard[5].1,
        json!({"chat": ANNA, "message_id": sent["message_id"]})
    );
}

#[tokio::test]
async fn a_listener_without_a_chat_hears_all_of_them() {
    let room = Room::new().await;
    room.bot("getMe", json!({})).await;
    let mut events = Events::of(&room, "").await;
    room.says(ANNA, "one").await;
    room.says(BORIS, "two").await;
    assert_eq!(events.next().await.unwrap().1["chat"], ANNA);
    assert_eq!(events.next().await.unwrap().1["chat"], BORIS);
}

#[tokio::test]
async fn the_stream_ends_at_a_reset_and_when_the_sandbox_stops() {
    let room = Room::new().await;
    room.bot("getMe", json!({})).await;
    let mut events = Events::of(&room, "").await;
    room.post("reset", json!({})).await;
    assert_eq!(events.next().await, None);
    room.bot("getMe", json!({})).await;
    let mut events = Events::of(&room, "").await;
    room.sandbox.stop().await;
    assert_eq!(events.next().await, None);
}
