//! Two bots with one token on one store, to which every update is delivered at once.
//!
//! Two that poll is what the lease prevents, and what still happens for a moment when a leader stands still and goes on.

use std::sync::Arc;

use serde_json::{Value, json};
use stepkeep::config::StoreUrl;
use stepkeep::store::OpenStore;
use stepkeep_core::{BotId, SessionKey, UserId};
use stepkeep_test_servers::new_store_url;
use tempfile::TempDir;

use crate::bot_here::BotHere;
use crate::order::{Order, PROMPTS};
use crate::own_lease::OwnLease;
use crate::person::{Heard, Person};
use crate::town::{BOT, Town};

const PERSON: i64 = 1;

/// Two places where updates come from and answers go to, each with a bot; one store, one shipping API.
struct TwoBots {
    towns: [Arc<Town>; 2],
    people: [Person; 2],
    bots: [BotHere; 2],
    folder: TempDir,
    store: OpenStore,
    next_update: i64,
}

impl TwoBots {
    async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let url = StoreUrl::parse(&new_store_url(folder.path()).await).expect("a store's URL");
        let store = OpenStore::open(&url).await.expect("a store");
        let (one, other) = (Town::new().await, Town::new().await);
        let bot_of = async |town: &Town| {
            // A handle of its own, as another process has.
            let store = OpenStore::open(&url).await.expect("a store");
            let store = Arc::new(OwnLease::new(store.sessions));
            BotHere::start(&town.sandbox.url(), &one.sandbox.url(), store)
        };
        let bots = [bot_of(&one).await, bot_of(&other).await];
        let mut people = [one.person(PERSON).await, other.person(PERSON).await];
        for person in &mut people {
            // A bot may write to those only who wrote to it. A remark like this leaves no record.
            person.asks("hello", "").await;
        }
        Self {
            towns: [one, other],
            people,
            bots,
            folder,
            store,
            next_update: 5_000_000,
        }
    }

    /// Delivers an update to both processes at once, and waits until both have confirmed it.
    async fn deliver(&mut self, mut update: Value) {
        self.next_update += 1;
        update["update_id"] = self.next_update.into();
        let [one, other] = &self.towns;
        tokio::join!(one.raw_update(update.clone()), other.raw_update(update));
        tokio::join!(one.is_quiet(), other.is_quiet());
    }

    async fn say(&mut self, text: &str) {
        let message = message(&json!({"text": text, "message_id": self.next_update}));
        self.deliver(json!({"message": message})).await;
    }

    async fn tap(&mut self, heard: &Heard, label: &str) {
        let query = json!({
            "id": self.next_update.to_string(),
            "from": user(),
            "chat_instance": "1",
            "data": heard.button(label),
            "message": message(&json!({"text": heard.text, "message_id": heard.message_id})),
        });
        self.deliver(json!({"callback_query": query})).await;
    }

    /// Waits until the person has heard this from either process.
    async fn hears(&mut self, part: &str) -> Heard {
        let [one, other] = &mut self.people;
        tokio::select! {
            heard = hears_in_time(one, part) => heard,
            heard = hears_in_time(other, part) => heard,
        }
    }

    /// How many commits the person's session has had.
    async fn commits(&self) -> u64 {
        let key = SessionKey::private(BotId(BOT), UserId(PERSON));
        let session = self.store.sessions.get(&key).await.expect("a store");
        session.map_or(0, |session| session.revision().number())
    }
}

async fn hears_in_time(person: &mut Person, part: &str) -> Heard {
    loop {
        let heard = person.next().await;
        if heard.text.contains(part) {
            return heard;
        }
    }
}

fn user() -> Value {
    json!({"id": PERSON, "is_bot": false, "first_name": "P", "language_code": "en"})
}

fn message(more: &Value) -> Value {
    let mut message = json!({
        "date": 1_700_000_000,
        "chat": {"id": PERSON, "type": "private", "first_name": "P"},
        "from": user(),
    });
    let more = more.as_object().expect("an object").clone();
    message.as_object_mut().expect("an object").extend(more);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_two_bots_get_at_once_is_applied_once() {
    let mut both = TwoBots::start().await;
    let order = Order::of(3);
    let mut commits = 0;

    both.say("/start").await;
    let mut prompt = both.hears("I help you send a parcel").await;
    commits += 1;
    assert_eq!(both.commits().await, commits, "after /start");
    both.tap(&prompt, "New order").await;
    prompt = both.hears(PROMPTS[0]).await;
    commits += 1;
    assert_eq!(both.commits().await, commits, "after the tap on New order");
    for (question, answer) in order.answers.iter().enumerate() {
        match answer {
            Some(text) => both.say(text).await,
            None => both.tap(&prompt, "Skip").await,
        }
        let next = PROMPTS.get(question + 1).unwrap_or(&"Please check your order");
        prompt = both.hears(next).await;
        commits += 1;
        assert_eq!(
            both.commits().await,
            commits,
            "after the answer to question {question}"
        );
    }
    assert_eq!(prompt.text, order.summary());

    both.tap(&prompt, "Show prices").await;
    let offers = both.hears("Tap the one you like").await;
    both.tap(&offers, "USPS").await;
    let confirmation = both.hears("Shall I buy the label?").await;
    both.tap(&confirmation, "Buy for").await;
    both.hears("Your label is ready").await;
    let labels = both.towns[0].labels().await;
    assert_eq!(labels.len(), 1, "both were told to buy, and one label was bought");
    order.is_on(&labels[0]);
    for bot in both.bots {
        bot.stop().await;
    }
    both.store.close().await;
    drop(both.folder);
}
