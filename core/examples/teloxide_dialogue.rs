//! teloxide's dialogue example (three questions: name, age, place) on a session store.
//!
//! `TELOXIDE_TOKEN=... cargo run -p stepkeep-core --example teloxide_dialogue --features teloxide` runs it.
//!
//! What changes against teloxide's own `examples/dialogue.rs`, which keeps its states in `InMemStorage`:
//!
//! ```diff
//! -type MyDialogue = Dialogue<State, InMemStorage<State>>;
//! +type MyDialogue = Dialogue<State, TeloxideStorage>;
//!
//! -#[derive(Clone, Default)]
//! +#[derive(Clone, Default, Serialize, Deserialize)]
//!  pub enum State {
//!
//! -            .enter_dialogue::<Message, InMemStorage<State>, State>()
//! +            .enter_dialogue::<Message, TeloxideStorage, State>()
//!
//! -    .dependencies(dptree::deps![InMemStorage::<State>::new()])
//! +    .dependencies(dptree::deps![TeloxideStorage::new(store, bot_id).into_shared()])
//! ```
//!
//! A bot that has a persistent storage of teloxide's already names it by `ErasedStorage<State>` most of the time, and its
//! states can be serialised. Then it is one line:
//!
//! ```diff
//! -    let storage: MyStorage = SqliteStorage::open("db.sqlite", Json).await?.erase();
//! +    let storage: MyStorage = TeloxideStorage::new(store, bot_id).into_shared().erase();
//! ```
//!
//! The store here is the one in memory, as in teloxide's example. Any other goes into the same place.

use std::error::Error;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepkeep_core::MemoryStorage;
use stepkeep_core::teloxide::{TeloxideStorage, bot_id};
use teloxide::dispatching::{HandlerExt, UpdateFilterExt};
use teloxide::prelude::{Bot, Dialogue, Dispatcher, Message, Requester, Update, dptree};

type MyDialogue = Dialogue<State, TeloxideStorage>;
type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Which question comes next, and what the answers before it were.
#[derive(Clone, Default, Serialize, Deserialize)]
enum State {
    #[default]
    Start,
    FullName,
    Age {
        full_name: String,
    },
    Place {
        full_name: String,
        age: u8,
    },
}

#[tokio::main]
async fn main() -> Outcome {
    let bot = Bot::from_env();
    let bot_id = bot_id(&bot).ok_or("TELOXIDE_TOKEN is no token of a bot")?;
    let store = Arc::new(MemoryStorage::new());
    let questions = Update::filter_message()
        .enter_dialogue::<Message, TeloxideStorage, State>()
        .branch(dptree::case![State::Start].endpoint(greet))
        .branch(dptree::case![State::FullName].endpoint(hear_full_name))
        .branch(dptree::case![State::Age { full_name }].endpoint(hear_age))
        .branch(dptree::case![State::Place { full_name, age }].endpoint(hear_place));
    Dispatcher::builder(bot, questions)
        .dependencies(dptree::deps![TeloxideStorage::new(store, bot_id).into_shared()])
        .enable_ctrlc_handler()
        .build()
        .dispatch()
        .await;
    Ok(())
}

async fn greet(bot: Bot, dialogue: MyDialogue, message: Message) -> Outcome {
    bot.send_message(message.chat.id, "Hello! What is your full name?")
        .await?;
    dialogue.update(State::FullName).await?;
    Ok(())
}

async fn hear_full_name(bot: Bot, dialogue: MyDialogue, message: Message) -> Outcome {
    let Some(full_name) = message.text() else {
        bot.send_message(message.chat.id, "Please write your name.")
            .await?;
        return Ok(());
    };
    bot.send_message(message.chat.id, "And how old are you?").await?;
    let full_name = full_name.to_owned();
    dialogue.update(State::Age { full_name }).await?;
    Ok(())
}

async fn hear_age(bot: Bot, dialogue: MyDialogue, full_name: String, message: Message) -> Outcome {
    let Some(Ok(age)) = message.text().map(str::parse) else {
        bot.send_message(message.chat.id, "Please write a number, such as 36.")
            .await?;
        return Ok(());
    };
    bot.send_message(message.chat.id, "Where do you live?").await?;
    dialogue.update(State::Place { full_name, age }).await?;
    Ok(())
}

async fn hear_place(
    bot: Bot,
    dialogue: MyDialogue,
    (full_name, age): (String, u8),
    message: Message,
) -> Outcome {
    let Some(place) = message.text() else {
        bot.send_message(message.chat.id, "Please write a place.").await?;
        return Ok(());
    };
    let summary = format!("{full_name}, aged {age}, from {place}. Thank you!");
    bot.send_message(message.chat.id, summary).await?;
    dialogue.exit().await?;
    Ok(())
}
