//! The command menu.

use serde_json::{Value, json};

use crate::support::{ANNA, Room};

fn menu(command: &str) -> Value {
    json!([{"command": command, "description": "What it does"}])
}

#[tokio::test]
async fn a_person_sees_the_menu_of_their_language() {
    let room = Room::new().await;
    room.bot("setMyCommands", json!({"commands": menu("start")}))
        .await;
    room.bot(
        "setMyCommands",
        json!({"commands": menu("nachalo"), "language_code": "ru"}),
    )
    .await;
    assert_eq!(
        room.get("bots?language_code=ru").await[0]["commands"],
        menu("nachalo")
    );
    assert_eq!(
        room.get("bots?language_code=de").await[0]["commands"],
        menu("start")
    );
    assert_eq!(
        room.bot("getMyCommands", json!({"language_code": "ru"})).await,
        menu("nachalo")
    );
    assert_eq!(
        room.bot("getMyCommands", json!({"language_code": "de"})).await,
        json!([])
    );
    room.bot("deleteMyCommands", json!({"language_code": "ru"})).await;
    assert_eq!(
        room.get("bots?language_code=ru").await[0]["commands"],
        menu("start")
    );
}

#[tokio::test]
async fn a_narrower_scope_wins() {
    let room = Room::new().await;
    let chat = json!({"type": "chat", "chat_id": ANNA});
    room.bot("setMyCommands", json!({"commands": menu("start")}))
        .await;
    room.bot(
        "setMyCommands",
        json!({"commands": menu("secret"), "scope": chat}),
    )
    .await;
    assert_eq!(
        room.get(&format!("bots?chat={ANNA}")).await[0]["commands"],
        menu("secret")
    );
    assert_eq!(room.get("bots").await[0]["commands"], menu("start"));
}

#[tokio::test]
async fn commands_have_their_syntax() {
    let room = Room::new().await;
    for command in ["Start", "", "a b", "кот", &"x".repeat(33)] {
        assert_eq!(
            room.refused("setMyCommands", json!({"commands": menu(command)}))
                .await,
            "400 Bad Request: BOT_COMMAND_INVALID",
        );
    }
    for description in [String::new(), "x".repeat(257)] {
        let commands = json!({"commands": [{"command": "a", "description": description}]});
        assert_eq!(
            room.refused("setMyCommands", commands).await,
            "400 Bad Request: BOT_COMMAND_DESCRIPTION_INVALID"
        );
    }
    let many: Vec<Value> = (0..101)
        .map(|n| json!({"command": format!("c{n}"), "description": "d"}))
        .collect();
    assert_eq!(
        room.refused("setMyCommands", json!({ "commands": many })).await,
        "400 Bad Request: BOT_COMMANDS_TOO_MUCH"
    );
    room.bot("setMyCommands", json!({"commands": many[..100]})).await;
    assert_eq!(
        room.refused(
            "setMyCommands",
            json!({"commands": menu("a"), "language_code": "english"})
        )
        .await,
        "400 Bad Request: invalid language code specified"
    );
    assert!(room.refused("setMyCommands", json!({})).await.starts_with("400 "));
}
