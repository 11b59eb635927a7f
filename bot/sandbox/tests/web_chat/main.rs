//! The web chat in a real browser: clicks and keys on one side, a small bot behind the Bot API on the other.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bot;

use std::time::Duration;

use bot::{Bot, Polling};
use fantoccini::{Locator, elements::Element, key::Key};
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle, browser::Browser};

const ANNA: i64 = 1001;
const BORIS: i64 = 1002;

/// A sandbox, a bot that answers, and a browser whose window shows nothing yet.
struct Stage {
    sandbox: SandboxHandle,
    bot: Bot,
    _polling: Polling,
    browser: Browser,
}

impl Stage {
    async fn set() -> Self {
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        let bot = Bot::new(&sandbox.url());
        let polling = bot.start().await;
        let browser = Browser::start().await.unwrap();
        Self {
            sandbox,
            bot,
            _polling: polling,
            browser,
        }
    }

    /// With the chat of this person open, and the bot's greeting in it.
    async fn greeted(person: i64) -> Self {
        let stage = Self::set().await;
        stage.open(person).await;
        stage.browser.click("start").await.unwrap();
        stage.browser.wait_for_text("message", "Welcome").await.unwrap();
        stage
    }

    async fn open(&self, person: i64) {
        self.browser
            .open(&format!("{}/?person={person}", self.sandbox.url()))
            .await
            .unwrap();
    }

    async fn write(&self, text: &str) {
        self.browser
            .type_into("composer", &format!("{text}{}", char::from(Key::Enter)))
            .await
            .unwrap();
    }

    async fn ask(&self, path: &str) -> Value {
        let url = format!("{}/sim/{path}", self.sandbox.url());
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    async fn end(self) {
        self.browser.stop().await.unwrap();
        self.sandbox.stop().await;
    }
}

async fn attribute(element: &Element, name: &str) -> String {
    element.attr(name).await.unwrap().unwrap_or_default()
}

/// Waits until one of the browser's tabs, in front or not, has this title.
async fn wait_for_title(browser: &Browser, title: &str) {
    let has_title = async || {
        let answer = browser.devtools("Target.getTargets", &json!({})).await.unwrap();
        answer["targetInfos"]
            .as_array()
            .unwrap()
            .iter()
            .any(|target| target["title"] == title)
    };
    let until_it_has = async {
        while !has_title().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), until_it_has)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bot_that_comes_later_appears_by_itself_and_start_begins_the_chat() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let browser = Browser::start().await.unwrap();
    browser.open(&sandbox.url()).await.unwrap();
    browser
        .wait_for_text("waiting", "Waiting for a bot")
        .await
        .unwrap();

    let bot = Bot::new(&sandbox.url());
    let _polling = bot.start().await;
    browser.click("start").await.unwrap();
    let greeting = browser.wait_for_text("message", "Welcome").await.unwrap();
    browser.wait_until_gone("start").await.unwrap();

    // The address now says who writes to which bot, so that it can be shared and opened again.
    let address = browser.client().current_url().await.unwrap();
    assert_eq!(
        address.query(),
        Some(format!("person={ANNA}&bot={}", bot::ID).as_str())
    );
    for (selector, text) in [
        ("strong", "Welcome"),
        ("em", "the"),
        ("code", "test"),
        ("a", "the page"),
    ] {
        let formatted = greeting.find(Locator::Css(selector)).await.unwrap();
        assert_eq!(formatted.text().await.unwrap(), text);
    }
    browser.stop().await.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_typed_arrives_as_it_was_typed() {
    let stage = Stage::greeted(ANNA).await;
    let shift_enter = format!(
        "{}{}{}",
        char::from(Key::Shift),
        char::from(Key::Enter),
        char::from(Key::Null)
    );
    let text = "<img src=x onerror=alert(1)> & <b>bold</b>";
    stage.write(&format!("{text}{shift_enter}second line")).await;

    let expected = format!("{text}\nsecond line");
    let answer = stage.browser.wait_for_text("message", "says:").await.unwrap();
    assert!(answer.text().await.unwrap().contains(&expected));
    let messages = stage.ask(&format!("chats/{ANNA}/messages?bot={}", bot::ID)).await;
    assert_eq!(messages[2]["text"], expected);

    // Nothing of it became an element, and the next message can be typed at once.
    let images = stage
        .browser
        .client()
        .find_all(Locator::Css("#messages img, #messages b"))
        .await
        .unwrap();
    assert!(images.is_empty());
    let focused = stage.browser.client().active_element().await.unwrap();
    assert_eq!(attribute(&focused, "data-testid").await, "composer");
    assert_eq!(focused.prop("value").await.unwrap().as_deref(), Some(""));
    stage.end().await;
}

#[tokio::test]
async fn a_pressed_button_waits_for_the_bots_answer() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    browser.click_text("inline-button", "Silence").await.unwrap();
    let told = browser
        .wait_for_text("message", "Not answered yet")
        .await
        .unwrap();
    let pending = browser.wait_for_text("inline-button", "Silence").await.unwrap();
    assert_eq!(attribute(&pending, "aria-busy").await, "true");

    let told = told
        .find(Locator::Css("[data-testid=message-text]"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let query = told.rsplit(' ').next().unwrap();
    stage
        .bot
        .call("answerCallbackQuery", &json!({"callback_query_id": query}))
        .await;
    browser
        .wait_until("return document.querySelectorAll('[aria-busy=true]').length === 0")
        .await
        .unwrap();
    stage.end().await;
}

#[tokio::test]
async fn invoices_are_paid_or_say_why_not() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    stage.write("/invoices").await;
    browser.wait_for_text("invoice", "13 credits").await.unwrap();
    browser.click_text("inline-button", "Pay ⭐️13").await.unwrap();
    browser.wait_for_text("alert", "An unlucky number").await.unwrap();
    browser.click("alert-close").await.unwrap();
    browser.click_text("inline-button", "Pay ⭐️50").await.unwrap();
    browser.wait_for_text("message", "You paid ⭐️ 50").await.unwrap();
    browser.wait_for_text("message", "Thank you").await.unwrap();
    browser
        .wait_until("return document.querySelectorAll('[aria-busy=true]').length === 0")
        .await
        .unwrap();
    stage.end().await;
}

#[tokio::test]
async fn answers_edits_and_deletions_show() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    browser.click_text("inline-button", "Alert").await.unwrap();
    browser.wait_for_text("alert", "Read this first").await.unwrap();
    browser.click("alert-close").await.unwrap();
    browser.wait_until_gone("alert").await.unwrap();

    browser.click_text("inline-button", "Toast").await.unwrap();
    browser.wait_for_text("toast", "A word in passing").await.unwrap();

    browser.click_text("inline-button", "Edit").await.unwrap();
    let edited = browser.wait_for_text("message", "Changed").await.unwrap();
    edited.find(Locator::Css("[data-testid=edited]")).await.unwrap();
    assert_eq!(browser.all("inline-button").await.unwrap().len(), 1);

    stage.write("/start").await;
    browser.click_text("inline-button", "Delete").await.unwrap();
    browser
        .wait_until("return !document.querySelector('#messages').textContent.includes('Welcome')")
        .await
        .unwrap();
    stage.end().await;
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let stage = Stage::set().await;
    stage.open(ANNA).await;
    let browser = &stage.browser;
    browser.wait_for("start").await.unwrap();

    // From the composer, where the focus is, back to the button above it.
    let focused = || async { browser.client().active_element().await.unwrap() };
    let back = async |steps: usize| {
        for _ in 0..steps {
            browser.press(&[Key::Shift, Key::Tab]).await.unwrap();
        }
    };
    browser
        .wait_until("return document.activeElement.id === 'composer'")
        .await
        .unwrap();
    back(2).await;
    assert_eq!(attribute(&focused().await, "data-testid").await, "start");
    browser.press(&[Key::Enter]).await.unwrap();
    browser.wait_for_text("message", "Welcome").await.unwrap();

    // Pressing Start gave the focus to the composer; the greeting's last button is the one before the menu.
    browser
        .wait_until("return document.activeElement.id === 'composer'")
        .await
        .unwrap();
    back(2).await;
    assert_eq!(focused().await.text().await.unwrap(), "Silence");
    back(2).await;
    assert_eq!(focused().await.text().await.unwrap(), "Edit");
    browser.press(&[Key::Enter]).await.unwrap();
    browser.wait_for_text("message", "Changed").await.unwrap();

    // The button is gone with the edit; the focus must not be lost with it.
    browser
        .wait_until("return document.activeElement.id === 'composer'")
        .await
        .unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_reply_keyboard_stays_until_the_bot_takes_it_away() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    stage.write("/keyboard").await;
    browser.wait_for_text("reply-button", "pounds").await.unwrap();

    // It can be folded away meanwhile, and it survives a reload.
    browser.click("keyboard-toggle").await.unwrap();
    browser.wait_until_gone("reply-keyboard").await.unwrap();
    browser.client().refresh().await.unwrap();
    browser.click_text("reply-button", "kilograms").await.unwrap();
    browser.wait_for_text("message", "Kilograms it is").await.unwrap();
    browser.wait_until_gone("reply-keyboard").await.unwrap();
    browser.wait_until_gone("keyboard-toggle").await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn page_and_commands_speak_the_persons_language() {
    let stage = Stage::set().await;
    stage.open(BORIS).await;
    let browser = &stage.browser;
    browser.wait_for_text("start", "Старт").await.unwrap();
    browser.click("commands").await.unwrap();
    browser.wait_for_text("command", "Главное меню").await.unwrap();
    assert_eq!(browser.all("command").await.unwrap().len(), 2);

    // Typing narrows the list down; an arrow chooses, Enter sends.
    browser.type_into("composer", "/sta").await.unwrap();
    browser
        .wait_until("return document.querySelectorAll('[data-testid=command]').length === 1")
        .await
        .unwrap();
    let keys = format!("{}{}", char::from(Key::Down), char::from(Key::Enter));
    browser.type_into("composer", &keys).await.unwrap();
    browser.wait_for_text("message", "Welcome").await.unwrap();
    browser.wait_until_gone("command-list").await.unwrap();
    let messages = stage
        .ask(&format!("chats/{BORIS}/messages?bot={}", bot::ID))
        .await;
    assert_eq!(messages[0]["text"], "/start");
    stage.end().await;
}

#[tokio::test]
async fn files_go_both_ways() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    let folder = tempfile::tempdir().unwrap();
    let send = async |picker: &str, name: &str, bytes: &[u8], caption: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let picker = browser.all(picker).await.unwrap().remove(0);
        picker.send_keys(file.to_str().unwrap()).await.unwrap();
        browser.type_into("caption", caption).await.unwrap();
        browser.click("upload-send").await.unwrap();
        browser.wait_until_gone("upload").await.unwrap();
    };
    send("file-input", "notes.txt", b"a few words", "Read it").await;
    browser
        .wait_for_text("message", "Got notes.txt: Read it")
        .await
        .unwrap();
    send("photo-input", "parcel.png", bot::PNG, "").await;
    browser.wait_for_text("message", "Got a photo").await.unwrap();

    stage.write("/label").await;
    let label = browser.wait_for_text("document", "label.pdf").await.unwrap();
    let link = label
        .find(Locator::Css("[data-testid=document-download]"))
        .await
        .unwrap();
    assert_eq!(attribute(&link, "download").await, "label.pdf");
    let address = format!("{}{}", stage.sandbox.url(), attribute(&link, "href").await);
    let bytes = reqwest::get(address).await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, bot::PDF);

    stage.write("/photo").await;
    browser.wait_for_text("message", "As ordered").await.unwrap();
    browser
        .wait_until(
            "return [...document.querySelectorAll('#messages img')].every((image) => image.naturalWidth > 0)",
        )
        .await
        .unwrap();
    browser.click("photo").await.unwrap();
    browser.wait_for("photo-viewer").await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn the_bots_typing_shows_until_its_message() {
    let stage = Stage::greeted(ANNA).await;
    stage.write("/typing").await;
    stage.browser.wait_for_text("typing", "typing").await.unwrap();
    stage.bot.say(ANNA, "There it is").await;
    stage
        .browser
        .wait_for_text("message", "There it is")
        .await
        .unwrap();
    stage.browser.wait_until_gone("typing").await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_person_who_reads_further_up_is_left_there() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    for number in 1..=40 {
        stage.bot.say(ANNA, &format!("Line {number}")).await;
    }
    browser.wait_for_text("message", "Line 40").await.unwrap();
    let at_end = "const log = document.getElementById('log'); \
                  return log.scrollHeight - log.scrollTop - log.clientHeight < 2";
    browser.wait_until(at_end).await.unwrap();

    browser
        .client()
        .execute("document.getElementById('log').scrollTop = 0", vec![])
        .await
        .unwrap();
    browser.wait_for("jump").await.unwrap();
    stage.bot.say(ANNA, "One more").await;
    browser.wait_for_text("jump", "1").await.unwrap();
    browser
        .wait_until("return document.getElementById('log').scrollTop === 0")
        .await
        .unwrap();

    browser.click("jump").await.unwrap();
    browser.wait_until_gone("jump").await.unwrap();
    browser.wait_until(at_end).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_lost_connection_comes_back_by_itself() {
    let Stage {
        sandbox,
        bot,
        _polling: polling,
        browser,
    } = Stage::greeted(ANNA).await;
    let listen = sandbox.address();
    drop(polling);
    sandbox.stop().await;
    browser.wait_for("connection-lost").await.unwrap();

    // The new sandbox knows nothing of the bot yet, so the page waits for it again.
    let sandbox = Sandbox::start(Config {
        listen,
        ..Config::default()
    })
    .await
    .unwrap();
    browser.wait_for("waiting").await.unwrap();
    browser.wait_until_gone("connection-lost").await.unwrap();
    let _polling = bot.start().await;
    browser.click("start").await.unwrap();
    browser.wait_for_text("message", "Welcome").await.unwrap();
    browser.stop().await.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn people_have_a_tab_and_a_chat_of_their_own() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    browser.click("new-person").await.unwrap();
    browser.type_into("person-name", "Зоя").await.unwrap();
    let languages = browser.wait_for("person-language").await.unwrap();
    languages.select_by_value("ru").await.unwrap();
    browser.click("person-create").await.unwrap();
    browser.wait_for_text("person", "Зоя").await.unwrap();

    let windows = browser.client().windows().await.unwrap();
    assert_eq!(windows.len(), 2);
    browser
        .client()
        .switch_to_window(windows[1].clone())
        .await
        .unwrap();
    browser.wait_for_text("whoami", "Зоя").await.unwrap();
    browser.wait_for_text("start", "Старт").await.unwrap();
    assert!(browser.all("message").await.unwrap().is_empty());
    stage.write("Добрый день").await;
    browser
        .wait_for_text("message", "says: Добрый день")
        .await
        .unwrap();

    // Anna's tab is behind this one: its title counts what she hasn't seen.
    stage.bot.say(ANNA, "Are you there?").await;
    wait_for_title(browser, "(1) Sandbox bot · Anna Miller").await;

    browser
        .client()
        .switch_to_window(windows[0].clone())
        .await
        .unwrap();
    browser.wait_for_text("message", "Are you there?").await.unwrap();
    assert_eq!(browser.all("message").await.unwrap().len(), 3);
    wait_for_title(browser, "Sandbox bot · Anna Miller").await;
    stage.end().await;
}

#[tokio::test]
async fn the_tools_do_what_a_bot_must_survive() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    browser
        .client()
        .find(Locator::Css("[data-testid=tools] summary"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();

    // The same update comes twice: the bot repeats its number.
    stage.write("once").await;
    let answer = browser.wait_for_text("message", "says: once").await.unwrap();
    let words = answer
        .find(Locator::Css("[data-testid=message-text]"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    browser.click("tools-redeliver").await.unwrap();
    let twice = format!(
        "return [...document.querySelectorAll('[data-testid=message-text]')]\
         .filter((node) => node.textContent === {}).length === 2",
        json!(words)
    );
    browser.wait_until(&twice).await.unwrap();

    browser.click("tools-fail-500").await.unwrap();
    browser.wait_for_text("toast", "Done").await.unwrap();
    let faults = stage.ask("faults").await;
    assert_eq!(
        (&faults[0]["status"], &faults[0]["chat"]),
        (&json!(500), &json!(ANNA))
    );

    browser.click("tools-block").await.unwrap();
    browser.wait_for("blocked").await.unwrap();
    browser.wait_until_gone("composer").await.unwrap();
    browser.click("unblock").await.unwrap();
    browser.wait_until_gone("blocked").await.unwrap();
    browser.wait_for("composer").await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn the_page_fits_a_phone_and_keeps_the_chosen_colours() {
    let stage = Stage::greeted(ANNA).await;
    let browser = &stage.browser;
    stage.write("/keyboard").await;
    browser.wait_for_text("reply-button", "pounds").await.unwrap();
    for width in [320, 360, 400, 1600] {
        browser.resize(width, 700).await.unwrap();
        let fits = format!(
            "const log = document.getElementById('log'); return innerWidth === {width} && \
             document.documentElement.scrollWidth <= {width} && log.scrollWidth <= log.clientWidth && \
             [...document.querySelectorAll('.dock *')].every((node) => node.getBoundingClientRect().right <= {width})"
        );
        browser.wait_until(&fits).await.unwrap();
    }
    browser.resize(360, 700).await.unwrap();
    browser.click("side-open").await.unwrap();
    browser.wait_for_text("person", "Борис").await.unwrap();
    browser.click("side-close").await.unwrap();
    browser.wait_until_gone("new-person").await.unwrap();

    browser.prefer_dark(true).await.unwrap();
    browser
        .wait_until("return document.documentElement.dataset.theme === 'dark'")
        .await
        .unwrap();
    browser.click("theme-toggle").await.unwrap();
    browser.client().refresh().await.unwrap();
    browser
        .wait_until("return document.documentElement.dataset.theme === 'light'")
        .await
        .unwrap();
    stage.end().await;
}
