//! Paying with Telegram's Stars: asked before, credited once, given back once, and for generations only.

use std::time::Duration;

use serde_json::{Value, json};
use stepkeep::config::StarsSettings;
use stepkeep::money::{Currency, Money};
use stepkeep::stars::parse_packages;
use stepkeep_core::{Fault, StoreOperation, UserId};

use crate::bot_process::{BotProcess, webhook_settings};
use crate::local_bot::LocalBot;
use crate::order::Order;
use crate::person::{Heard, Person};
use crate::town::{BOT, TOKEN, Town, patiently};

const ADMIN: i64 = 9;
const THANKS: &str = "Thank you! $1.00 is on your balance";

async fn bot_with_stars() -> LocalBot {
    LocalBot::start_with(|settings| {
        settings.admins = [UserId(ADMIN)].into();
        settings.ledger.config.welcome_credit = Money::zero(Currency::USD);
        settings.stars = Some(StarsSettings {
            packages: parse_packages("50=1.00, 5000=100.00", Currency::USD).expect("packages"),
            support: "write to @example_support".to_owned(),
            terms: "https://bot.example.org/terms".to_owned(),
        });
    })
    .await
}

/// The same as the settings of a process.
fn settings(town: &Town) -> Vec<(&'static str, String)> {
    let generation = format!("{}/generation", town.sandbox.url());
    vec![
        ("STEPKEEP_KIE_API_URL", generation),
        ("STEPKEEP_KIE_API_KEY", "the-secret-generation-key".to_owned()),
        ("STEPKEEP_STARS_PACKAGES", "50=1.00, 5000=100.00".to_owned()),
        ("STEPKEEP_SUPPORT_CONTACT", "write to @example_support".to_owned()),
        ("STEPKEEP_TERMS", "https://bot.example.org/terms".to_owned()),
        ("STEPKEEP_WELCOME_CREDIT", "0".to_owned()),
    ]
}

impl Person {
    /// Has the bot make out an invoice for the package that says this.
    async fn gets_an_invoice(&mut self, package: &str) -> Heard {
        let balance = self.asks("/balance", "You can spend").await;
        self.taps(&balance, "Top up with Stars").await;
        let choice = self.sees_edited("How many Stars?").await;
        self.presses(choice.message_id, choice.button(package)).await;
        self.sees_edited("Here is the invoice").await;
        let invoice = self.hears("").await;
        assert_eq!(invoice.buttons.len(), 1, "{invoice:?}");
        invoice
    }

    /// Presses "Pay" on an invoice in a chat; answers the id of the question that the bot gets.
    async fn begins_to_pay(&self, chat: i64, invoice: &Heard) -> String {
        let payment = json!({"bot": BOT, "person": self.id, "chat": chat, "message_id": invoice.message_id});
        let begun = self.town.post("/sim/pay", payment).await;
        begun["pre_checkout_query_id"].as_str().expect("an id").to_owned()
    }

    /// Pays, or is refused; answers what became of it.
    async fn pays(&self, chat: i64, invoice: &Heard) -> Value {
        let payment = self.begins_to_pay(chat, invoice).await;
        self.town.outcome_of(&payment).await
    }

    async fn is_refused(&self, chat: i64, invoice: &Heard, reason: &str) {
        let outcome = self.pays(chat, invoice).await;
        assert_eq!(outcome["state"], "refused", "{outcome}");
        let said = outcome["error_message"].as_str().expect("a reason");
        assert!(said.contains(reason), "{said}");
    }
}

impl Town {
    async fn outcome_of(&self, payment: &str) -> Value {
        let path = format!("/sim/payments/{payment}");
        patiently(async {
            loop {
                let outcome = self.get(&path).await;
                if outcome["state"] != "waiting" {
                    break outcome;
                }
            }
        })
        .await
    }

    async fn comes_again(&self, update: &Value) {
        self.is_quiet().await;
        self.post("/sim/redeliver", json!({"bot": BOT, "update_id": update}))
            .await;
        self.is_quiet().await;
    }

    /// A call of the Bot API in the bot's place.
    async fn as_bot(&self, method: &str, params: Value) -> Value {
        let answer = self.post(&format!("/bot{TOKEN}/{method}"), params).await;
        answer["result"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_credited_and_told_once_and_its_invoice_is_paid_once() {
    let bot = bot_with_stars().await;
    let (mut anna, boris) = (bot.town.person(1).await, bot.town.person(2).await);
    let invoice = anna.gets_an_invoice("50 ⭐").await;
    boris.is_refused(1, &invoice, "for somebody else").await;
    let paid = anna.pays(1, &invoice).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    anna.hears(&format!("{THANKS}, and you can spend $1.00 now"))
        .await;
    anna.hears("I help you send a parcel").await;
    bot.town.comes_again(&paid["update_id"]).await;
    anna.is_refused(1, &invoice, "paid already").await;
    anna.hears_nothing_more().await;

    // The same under another update, as Telegram never sends it: told, and not credited.
    let charge = paid["telegram_payment_charge_id"].as_str().expect("a charge");
    let transcript = bot.town.transcript(1).await;
    let told = transcript
        .iter()
        .find_map(|message| message.get("successful_payment"))
        .expect("a payment");
    let message = json!({"message_id": 1_999_999_999, "date": 0, "successful_payment": told,
        "chat": {"id": 1, "type": "private", "first_name": "Anna"},
        "from": {"id": 1, "is_bot": false, "first_name": "Anna", "language_code": "en"}});
    bot.town.raw_update(json!({"message": message})).await;
    anna.hears("you can spend $1.00 now").await;
    anna.hears("I help you send a parcel").await;

    let balance = anna.asks("/balance", "You can spend $1.00").await;
    assert!(
        balance.text.contains("Of it, $1.00 is for AI generations only"),
        "{balance:?}"
    );
    anna.taps(&balance, "History").await;
    let history = anna.sees_edited("for 50 ⭐").await;
    assert!(!history.text.contains(charge), "{history:?}");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stars_buy_no_label() {
    let bot = bot_with_stars().await;
    let mut anna = bot.town.person(1).await;
    let invoice = anna.gets_an_invoice("5000 ⭐").await;
    anna.pays(1, &invoice).await;
    anna.hears("Thank you! $100.00").await;
    anna.hears("I help you send a parcel").await;
    let summary = anna.fills_in(&Order::of(75)).await;
    let confirmation = anna.chooses_an_offer(&summary).await;
    anna.taps(&confirmation, "Buy for").await;
    let short = anna.hears_at_last("Your balance is short of").await;
    assert!(short.text.contains("you have $0.00"), "{short:#?}");
    assert!(bot.town.labels().await.is_empty());
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_before_a_payment_waits_for_nobody_and_is_refused_in_doubt() {
    let bot = bot_with_stars().await;
    let mut anna = bot.town.person(1).await;
    let invoice = anna.gets_an_invoice("50 ⭐").await;
    bot.faults.inject(Fault::unavailable(StoreOperation::Get));
    anna.is_refused(1, &invoice, "can't look at your balance").await;
    bot.faults.heal();

    // Her conversation stands still over a message that can't be sent.
    let delay = json!({"method": "sendMessage", "chat": 1, "delay_ms": 120_000});
    bot.town.post("/sim/faults", delay).await;
    anna.says("/help").await;
    patiently(async {
        while bot.town.get("/sim/faults").await != json!([]) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let paid = anna.pays(1, &invoice).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    let shown = bot.town.transcript(1).await;
    let texts: Vec<_> = shown
        .iter()
        .filter_map(|message| message["text"].as_str())
        .collect();
    assert!(!texts.iter().any(|text| text.contains("/cancel —")), "{texts:?}");
    // Not stopped in order: that would wait for the message.
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_takes_what_the_stars_brought_once() {
    let bot = bot_with_stars().await;
    let (mut anna, mut admin) = (bot.town.person(1).await, bot.town.person(ADMIN).await);
    let invoice = anna.gets_an_invoice("50 ⭐").await;
    let paid = anna.pays(1, &invoice).await;
    let charge = paid["telegram_payment_charge_id"].as_str().expect("a charge");
    anna.hears(THANKS).await;
    anna.hears("I help you send a parcel").await;
    anna.asks("/refund 1 x", "I don't know the command /refund").await;
    admin.asks("/refund 1", "Usage: /refund").await;
    admin.asks("/refund 1 stxUnknown", "knows no payment").await;
    let refund = format!("/refund 1 {charge}");
    admin.asks(&refund, "has the Stars of").await;
    anna.hears("50 Stars were given back to you, and $1.00 is gone")
        .await;
    anna.hears("I help you send a parcel").await;
    admin.asks(&refund, "has the Stars of").await;
    anna.hears_nothing_more().await;
    let stars = bot.town.as_bot("getMyStarBalance", json!({})).await;
    assert_eq!(stars, json!({"amount": 0}));
    let balance = anna.asks("/balance", "You can spend $0.00").await;
    anna.taps(&balance, "History").await;
    anna.sees_edited("−$1.00 Stars given back").await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_offered_unless_it_is_configured() {
    let bot = LocalBot::start().await;
    let mut anna = bot.town.person(1).await;
    let balance = anna.asks("/balance", "You can spend").await;
    assert!(!format!("{balance:?}").contains("Stars"), "{balance:?}");
    anna.asks("/paysupport", "I don't know the command").await;
    anna.asks("/terms", "I don't know the command").await;
    let commands = bot.town.as_bot("getMyCommands", json!({})).await;
    assert!(!commands.to_string().contains("paysupport"), "{commands}");
    bot.stop().await;

    let bot = bot_with_stars().await;
    let mut boris = bot.town.person_who_speaks(2, "ru").await;
    boris.asks("/paysupport", "write to @example_support").await;
    boris.asks("/terms", "https://bot.example.org/terms").await;
    boris.asks("/help", "/paysupport — помощь с оплатой").await;
    let commands = bot
        .town
        .as_bot("getMyCommands", json!({"language_code": "ru"}))
        .await;
    assert!(commands.to_string().contains("Помощь с оплатой"), "{commands}");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_survives_kills_and_one_that_was_missed_is_found() {
    let town = Town::new().await;
    let mut bot = BotProcess::start_with(&town.sandbox.url(), settings(&town)).await;
    let mut anna = town.person(1).await;
    let invoices = [
        anna.gets_an_invoice("50 ⭐").await,
        anna.gets_an_invoice("50 ⭐").await,
    ];

    // Killed when it was credited, and before anybody was told.
    let delay = json!({"method": "sendMessage", "chat": 1, "delay_ms": 120_000});
    town.post("/sim/faults", delay).await;
    let paid = anna.pays(1, &invoices[0]).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    logged(&bot, "Stars were credited", 1).await;
    bot.kill();
    bot.restart();
    anna.hears(&format!("{THANKS}, and you can spend $1.00 now"))
        .await;
    anna.hears("I help you send a parcel").await;
    town.comes_again(&paid["update_id"]).await;
    anna.hears_nothing_more().await;
    assert_eq!(bot.log().matches("Stars were credited").count(), 1);

    // Paid while the bot was away, and the message about it lost.
    bot.kill();
    let payment = anna.begins_to_pay(1, &invoices[1]).await;
    let approval = json!({"pre_checkout_query_id": payment, "ok": true});
    town.as_bot("answerPreCheckoutQuery", approval).await;
    assert_eq!(town.outcome_of(&payment).await["state"], "paid");
    let updates = town.as_bot("getUpdates", json!({})).await;
    let last = updates
        .as_array()
        .and_then(|updates| updates.last())
        .expect("updates");
    let offset = last["update_id"].as_i64().expect("an id") + 1;
    town.as_bot("getUpdates", json!({"offset": offset})).await;
    bot.restart();
    logged(&bot, "Stars were credited", 2).await;
    anna.asks("/balance", "You can spend $2.00").await;
    anna.hears_nothing_more().await;
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn stars_are_paid_by_webhook_too() {
    let town = Town::hasty().await;
    let (webhook, _) = webhook_settings(None);
    let settings = settings(&town).into_iter().chain(webhook).collect();
    let bot = BotProcess::start_with(&town.sandbox.url(), settings).await;
    let mut anna = town.person(1).await;
    let invoice = anna.gets_an_invoice("50 ⭐").await;
    let paid = anna.pays(1, &invoice).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    anna.hears(THANKS).await;
    bot.has_not_panicked();
}

/// Waits until the bot has logged something so often.
async fn logged(bot: &BotProcess, words: &str, times: usize) {
    patiently(async {
        while bot.log().matches(words).count() < times {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
