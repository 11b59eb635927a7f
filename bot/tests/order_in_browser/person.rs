//! Somebody at the page: sees what it shows, clicks and types.

use std::path::PathBuf;

use fantoccini::key::Key;
use stepkeep_sandbox::browser::Browser;

use crate::demo::Demo;

pub(crate) const ANNA: i64 = 1001;
pub(crate) const BORIS: i64 = 1002;

/// A window, a phone, and each in light and dark: name, width, height, dark.
const LOOKS: [(&str, u32, u32, bool); 4] = [
    ("light", 1200, 800, false),
    ("dark", 1200, 800, true),
    ("phone-light", 390, 844, false),
    ("phone-dark", 390, 844, true),
];

/// Whether nothing on the page is on its way any more, but for what never ends. What was just set begins to move in the
/// frame after the next.
const STILL: &str = "
    const moves = (one) => one.playState === 'running' && one.effect.getComputedTiming().iterations !== Infinity;
    const still = (tell) => tell(!document.getAnimations().some(moves));
    return new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => still(tell))));";

pub(crate) struct Person {
    id: i64,
    browser: Browser,
    /// Where pictures go, and how their names begin.
    pictures: PathBuf,
    name: &'static str,
}

impl Person {
    /// Opens the page in a browser of their own.
    pub(crate) async fn at(demo: &Demo, id: i64, name: &'static str) -> Self {
        let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        std::fs::create_dir_all(&pictures).unwrap();
        let person = Self {
            id,
            browser: Browser::start().await.unwrap(),
            pictures,
            name,
        };
        person.moves_to(demo).await;
        person
    }

    pub(crate) async fn moves_to(&self, demo: &Demo) {
        self.browser.open(&demo.page_of(self.id)).await.unwrap();
    }

    pub(crate) async fn loads_the_page_again(&self) {
        self.browser.client().refresh().await.unwrap();
    }

    pub(crate) async fn presses_start(&self) {
        self.browser.click("start").await.unwrap();
    }

    /// Waits until the bot has said this.
    pub(crate) async fn hears(&self, words: &str) {
        self.browser.wait_for_text("message", words).await.unwrap();
    }

    /// Waits until the bot's last message says this.
    pub(crate) async fn is_asked(&self, words: &str) {
        let is_last = format!(
            "const messages = document.querySelectorAll('[data-testid=message][data-from=bot]');
             return messages.length > 0 && messages[messages.length - 1].innerText.includes({});",
            serde_json::json!(words)
        );
        self.browser.wait_until(&is_last).await.unwrap();
    }

    /// Types a message, sends it with Enter, and waits until the bot says this to it.
    pub(crate) async fn answers(&self, text: &str, then: &str) {
        let keys = format!("{text}{}", char::from(Key::Enter));
        self.browser.type_into("composer", &keys).await.unwrap();
        let (text, then) = (serde_json::json!(text), serde_json::json!(then));
        let is_answered = format!(
            "const messages = [...document.querySelectorAll('[data-testid=message]')];
             const asked = messages.findLastIndex((message) => message.dataset.from === 'person');
             return asked >= 0 && messages[asked].innerText.includes({text})
               && messages.slice(asked + 1).some((message) => message.innerText.includes({then}));"
        );
        self.browser.wait_until(&is_answered).await.unwrap();
    }

    /// Presses the newest button with these words.
    pub(crate) async fn taps(&self, words: &str) {
        self.browser.click_text("inline-button", words).await.unwrap();
    }

    /// Waits until this part of a message is shown, and has loaded.
    pub(crate) async fn sees(&self, part: &str) {
        let (test_id, inside) = part.split_once(' ').unwrap_or((part, ""));
        let loaded = format!(
            "const shown = document.querySelector('[data-testid={test_id}] {inside}'.trim());
             return !!shown && (shown.complete ? shown.naturalWidth > 0 : shown.readyState > 0);"
        );
        self.browser.wait_until(&loaded).await.unwrap();
    }

    /// Takes pictures of the page in all its looks.
    pub(crate) async fn pictures(&self, of: &str) {
        for (look, width, height, dark) in LOOKS {
            self.browser.resize(width, height).await.unwrap();
            self.browser.prefer_dark(dark).await.unwrap();
            self.browser.wait_until(STILL).await.unwrap();
            let file = self.pictures.join(format!("order-{}-{of}-{look}.png", self.name));
            self.browser.screenshot(&file).await.unwrap();
        }
        let (_, width, height, dark) = LOOKS[0];
        self.browser.resize(width, height).await.unwrap();
        self.browser.prefer_dark(dark).await.unwrap();
    }

    /// Loads the newest document of the chat through its own link, as the browser would.
    pub(crate) async fn download(&self, name: &str) -> Vec<u8> {
        let document = self.browser.wait_for_text("document", name).await.unwrap();
        let link = document
            .find(fantoccini::Locator::Css("[data-testid=document-download]"))
            .await
            .unwrap();
        assert!(link.attr("download").await.unwrap().unwrap().starts_with(name));
        let address = link.prop("href").await.unwrap().unwrap();
        let answer = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = answer.get(address).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn leaves(self) {
        self.browser.stop().await.unwrap();
    }
}
