//! getUpdates: what is confirmed, what waits, and who may poll.

use crate::support::{ANNA, BORIS, BOT, Room, TOKEN, ids, until};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn an_offset_confirms_what_lies_below_it_and_nothing_else_does() {
    let room = Room::new().await;
    for text in ["one", "two", "three"] {
        room.says(ANNA, text).await;
    }
    let first = room.updates(json!({})).await;
    let again = room.updates(json!({"limit": 2})).await;
    assert_eq!(ids(&again), ids(&first)[..2]);
    assert_eq!(room.pending().await, 3);

    let offset = ids(&first)[1];
    assert_eq!(
        ids(&room.updates(json!({ "offset": offset })).await),
        ids(&first)[1..]
    );
    assert_eq!(room.pending().await, 2);
    assert_eq!(
        ids(&room.updates(json!({ "offset": ids(&first)[2] + 1 })).await),
        Vec::<i64>::new()
    );
    assert_eq!(room.pending().await, 0);
}

#[tokio::test]
async fn a_negative_offset_keeps_the_newest_updates_only() {
    let room = Room::new().await;
    for text in ["one", "two", "three"] {
        room.says(ANNA, text).await;
    }
    let newest = room.updates(json!({"offset": -1})).await;
    assert_eq!(newest.len(), 1);
    assert_eq!(newest[0]["message"]["text"], "three");
    assert_eq!(room.pending().await, 1);
}

#[tokio::test]
async fn the_limit_is_held_between_1_and_100() {
    let room = Room::new().await;
    for number in 0..105 {
        room.says(ANNA, &number.to_string()).await;
    }
    assert_eq!(room.updates(json!({"limit": 1000})).await.len(), 100);
    assert_eq!(room.updates(json!({"limit": 0})).await.len(), 1);
}

#[tokio::test]
async fn a_long_poll_wakes_with_the_first_update() {
    let room = Room::new().await;
    let poll = room.updates(json!({"timeout": 50}));
    let write = async {
        waits(&room).await;
        room.says(ANNA, "hello").await
    };
    let (updates, sent) = tokio::join!(poll, write);
    assert_eq!(ids(&updates), [sent["update_id"].as_i64().unwrap()]);
}

/// Until the bot is known, which its poll makes it.
async fn waits(room: &Room) {
    until(|| async { room.sim(Method::GET, &format!("pending?bot={BOT}"), None).await.0 == 200 }).await;
}

#[tokio::test]
async fn the_older_of_two_pollers_is_terminated() {
    let room = Room::new().await;
    let older = room.refused("getUpdates", json!({"timeout": 50}));
    let newer = async {
        waits(&room).await;
        let newer = room.updates(json!({"timeout": 50}));
        // The newer poll goes on until an update comes, which must not come before it has taken over.
        let write = async {
            until(|| async {
                !room
                    .get("calls?method=getUpdates")
                    .await
                    .as_array()
                    .unwrap()
                    .is_empty()
            })
            .await;
            room.says(ANNA, "hello").await
        };
        tokio::join!(newer, write).0
    };
    let (older, newer) = tokio::join!(older, newer);
    assert_eq!(
        older,
        "409 Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
    assert_eq!(newer.len(), 1);
}

#[tokio::test]
async fn polls_of_two_bots_do_not_meet() {
    let room = Room::new().await;
    room.says(ANNA, "to 42").await;
    room.post("messages", json!({"bot": 43, "person": ANNA, "text": "to 43"}))
        .await;
    let other = room.call_as("43:other-secret", "getUpdates", json!({})).await;
    assert_eq!(other["result"][0]["message"]["text"], "to 43");
    assert_eq!(room.updates(json!({})).await[0]["message"]["text"], "to 42");
}

#[tokio::test]
async fn allowed_updates_decide_when_an_update_comes_up_not_when_it_is_fetched() {
    let room = Room::new().await;
    room.says(ANNA, "before").await;
    room.updates(json!({"allowed_updates": ["callback_query"]})).await;
    assert_eq!(room.says(ANNA, "unwanted").await["update_id"], Value::Null);
    // Leaving the list out keeps it, an empty one asks for the usual kinds again.
    room.updates(json!({})).await;
    assert_eq!(room.says(ANNA, "unwanted").await["update_id"], Value::Null);
    room.updates(json!({"allowed_updates": []})).await;
    room.says(ANNA, "after").await;
    let texts: Vec<Value> = room
        .updates(json!({}))
        .await
        .iter()
        .map(|update| update["message"]["text"].clone())
        .collect();
    assert_eq!(texts, ["before", "after"]);
}

#[tokio::test]
async fn presses_expire_after_150_seconds_and_messages_after_a_day() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    room.says(BORIS, "/start").await;
    let message = room
        .bot("sendMessage", json!({"chat_id": ANNA, "text": "hi"}))
        .await;
    room.taps(ANNA, &message["message_id"], "x").await;
    assert_eq!(room.pending().await, 3);
    room.post("clock", json!({"advance_seconds": 151})).await;
    assert_eq!(room.pending().await, 2);
    room.post("clock", json!({"advance_seconds": 86_400})).await;
    assert_eq!(room.pending().await, 0);
}

#[tokio::test]
async fn a_redelivered_update_comes_once_more_under_its_id() {
    let room = Room::new().await;
    let sent = room.says(ANNA, "hello").await;
    let first = room.updates(json!({})).await;
    let offset = sent["update_id"].as_i64().unwrap() + 1;
    room.updates(json!({ "offset": offset })).await;
    room.post("redeliver", json!({"bot": BOT, "update_id": sent["update_id"]}))
        .await;
    assert_eq!(room.updates(json!({ "offset": offset })).await, first);
    assert_eq!(
        room.updates(json!({ "offset": offset })).await,
        Vec::<Value>::new()
    );
    let (status, _) = room
        .sim(
            Method::POST,
            "redeliver",
            Some(json!({"bot": BOT, "update_id": 1})),
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn raw_updates_arrive_as_they_are() {
    let room = Room::new().await;
    let drawn = room
        .post("updates", json!({"bot": BOT, "update": {"strange": {"a": 1}}}))
        .await;
    let given = drawn["update_id"].as_i64().unwrap() + 7;
    room.post(
        "updates",
        json!({"bot": BOT, "update": {"update_id": given, "poll": {}}}),
    )
    .await;
    let updates = room.updates(json!({})).await;
    assert_eq!(updates[0]["strange"], json!({"a": 1}));
    assert_eq!(updates[1], json!({"update_id": given, "poll": {}}));
}

#[tokio::test]
async fn a_reset_ends_polls_and_ids_go_on_growing() {
    let room = Room::new().await;
    let sent = room.says(ANNA, "before").await;
    let before = sent["update_id"].as_i64().unwrap();
    let poll = room.updates(json!({"timeout": 50, "offset": before + 1}));
    let reset = async {
        until(|| async { room.pending().await == 0 }).await;
        room.post("reset", json!({})).await
    };
    assert_eq!(tokio::join!(poll, reset).0, Vec::<Value>::new());
    assert_eq!(room.get("bots").await, json!([]));
    let again = room.says(ANNA, "after").await;
    assert!(again["update_id"].as_i64().unwrap() > before);
    assert!(again["message_id"].as_i64() > sent["message_id"].as_i64());
}

#[tokio::test]
async fn a_token_needs_its_shape() {
    let room = Room::new().await;
    for (token, code) in [
        ("secret", 404),
        (":abc", 404),
        ("x1:abc", 404),
        ("1:ab", 401),
        ("1:a%20c", 401),
    ] {
        assert_eq!(
            room.call_as(token, "getMe", json!({})).await["error_code"],
            code,
            "{token}"
        );
    }
    let unknown = room.call("makeCoffee", json!({})).await;
    assert_eq!(unknown["description"], "Not Found: method not found");
    let url = room.address(&format!("/bot{TOKEN}/GETME?x=1"));
    let me: Value = room.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(me["result"]["id"], BOT);
}
