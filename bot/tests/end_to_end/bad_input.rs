//! Whatever a person sends in whatever step, it gets one clear answer, and nothing is lost.

use serde_json::{Value, json};

use crate::order::{OPTIONAL, Order, PROMPTS, QUESTIONS};
use crate::person::{Heard, Person};
use crate::town::Town;

/// The smallest PNG there is: one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0,
    0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// What a person may send instead of an answer.
#[derive(Debug, Clone, Copy)]
enum Nonsense {
    Spaces,
    Text(&'static str),
    TenThousand(char),
    Photo,
    Document,
    /// A message with this beside the chat and the sender.
    Raw(&'static str),
    Edited,
}

impl Nonsense {
    const ALL: [Self; 17] = [
        Self::Spaces,
        Self::TenThousand('x'),
        Self::TenThousand('9'),
        Self::TenThousand('🙂'),
        Self::Text("🙂🎉👨‍👩‍👧"),
        Self::Text("\u{202e}\u{2067}🙈\u{2069}"),
        Self::Text("\u{0}\u{1}\u{7}\u{1b}"),
        Self::Text("/"),
        Self::Text("/frobnicate now"),
        Self::Text("/help"),
        Self::Photo,
        Self::Document,
        Self::Raw(
            r#"{"sticker":{"file_id":"s","file_unique_id":"u","type":"regular","width":9,"height":9,"is_animated":false,"is_video":false}}"#,
        ),
        Self::Raw(r#"{"location":{"latitude":1.5,"longitude":2.5}}"#),
        Self::Raw(r#"{"contact":{"phone_number":"+15125550100","first_name":"A"}}"#),
        Self::Raw(r#"{"dice":{"emoji":"🎲","value":4}}"#),
        Self::Edited,
    ];

    /// A part of the answer that it must get, where every question gives the same.
    fn answer(self) -> &'static str {
        match self {
            Self::Photo | Self::Document | Self::Raw(_) => "I can only read text here",
            Self::Text("/help") => "I take shipping orders",
            Self::Text("/frobnicate now") => "I don't know the command /frobnicate",
            Self::Edited => "I don't notice when a message is edited",
            _ => "",
        }
    }

    async fn send(self, person: &Person) {
        let message = |more: Value| {
            let user = json!({"id": person.id, "is_bot": false, "first_name": "P", "language_code": "en"});
            let mut message = json!({
                "message_id": 900_000_000,
                "date": 1_700_000_000,
                "chat": {"id": person.chat, "type": "private", "first_name": "P"},
                "from": user,
            });
            let more = more.as_object().expect("an object").clone();
            message.as_object_mut().expect("an object").extend(more);
            message
        };
        match self {
            Self::Text(text) if !text.contains('\u{0}') => drop(person.says(text).await),
            Self::TenThousand(letter) => drop(person.says(&letter.to_string().repeat(10_000)).await),
            Self::Photo => drop(
                person
                    .town
                    .upload(person.id, "photo", "p.png", PIXEL.to_vec())
                    .await,
            ),
            Self::Document => drop(
                person
                    .town
                    .upload(person.id, "document", "d.txt", b"x".to_vec())
                    .await,
            ),
            // What Telegram's apps would not send, a server that speaks its protocol may.
            Self::Spaces => drop(
                person
                    .town
                    .raw_update(json!({"message": message(json!({"text": "  \n\t "}))}))
                    .await,
            ),
            Self::Text(text) => drop(
                person
                    .town
                    .raw_update(json!({"message": message(json!({"text": text}))}))
                    .await,
            ),
            Self::Raw(more) => {
                let more = serde_json::from_str(more).expect("JSON");
                person.town.raw_update(json!({"message": message(more)})).await;
            }
            Self::Edited => {
                let edited = message(json!({"text": "changed", "edit_date": 1_700_000_001}));
                person.town.raw_update(json!({"edited_message": edited})).await;
            }
        }
    }
}

/// Sends every kind of nonsense; each gets one answer.
async fn sends_nonsense(person: &mut Person, step: &str) {
    for nonsense in Nonsense::ALL {
        nonsense.send(person).await;
        let heard = person.next().await;
        assert!(
            heard.text.contains(nonsense.answer()) && heard.text.chars().count() < 700,
            "{nonsense:?} in {step} is answered by {heard:#?}"
        );
        assert!(
            !PROMPTS.iter().any(|prompt| heard.text.contains(prompt)),
            "{nonsense:?} in {step} is taken for an answer: {heard:#?}"
        );
        assert_ne!(heard.text.trim(), "", "{nonsense:?} in {step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_in_every_step_is_answered_and_the_order_comes_out_right() {
    let (town, mut bot) = Town::with_bot().await;
    let process = bot.id();
    let mut person = town.person(1).await;
    let order = Order::of(9);
    let mut prompt = person.begins().await;
    for (question, asked) in PROMPTS.into_iter().enumerate() {
        sends_nonsense(&mut person, asked).await;
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());

    // The steps that only take buttons.
    let chooses = "Please choose one of the buttons below.";
    for (step, button, answers) in [
        (
            "summary",
            "Show prices",
            ["Asking the carriers", "Tap the one you like"].as_slice(),
        ),
        ("rates", "USPS", &["Shall I buy the label?"]),
        ("confirm", "Buy for", &["Your label is ready", "All done"]),
    ] {
        buttons_only(&mut person, step, chooses).await;
        person.taps(&prompt, button).await;
        for answer in answers {
            prompt = person.hears(answer).await;
        }
    }
    buttons_only(&mut person, "done", chooses).await;
    person.hears_nothing_more().await;

    let labels = town.labels().await;
    assert_eq!(labels.len(), 1);
    order.is_on(&labels[0]);
    assert!(bot.is_alive());
    assert_eq!(bot.id(), process);
    bot.has_not_panicked();
}

async fn buttons_only(person: &mut Person, step: &str, answer: &str) {
    for nonsense in Nonsense::ALL {
        nonsense.send(person).await;
        let heard = person.next().await;
        let expected = match nonsense {
            Nonsense::Photo | Nonsense::Document | Nonsense::Raw(_) => answer,
            other if other.answer().is_empty() => answer,
            other => other.answer(),
        };
        assert!(
            heard.text.contains(expected),
            "{nonsense:?} in {step} is answered by {heard:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_outside_of_an_order_is_answered_too() {
    let (town, mut bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    // Until a person has written to it, a bot can't write to them.
    person.asks("hello", "Send /start to begin").await;
    for nonsense in Nonsense::ALL {
        nonsense.send(&person).await;
        let heard = person.next().await;
        assert!(!heard.text.trim().is_empty(), "{nonsense:?}: {heard:#?}");
    }
    person.hears_nothing_more().await;
    assert!(bot.is_alive());
    bot.has_not_panicked();
}

/// A typical mistake at each question, and a part of what is said about it.
const MISTAKES: [(&str, &str); QUESTIONS] = [
    ("12345", "no letter"),
    ("!!!", "neither a letter nor a digit"),
    ("90210", "no letter"),
    ("Californa", "Did you mean California?"),
    ("1234", "Example: 78701"),
    ("555", "Example: (512) 555-0100"),
    ("Ann\nLee", "in one line"),
    ("1 Main St, Austin, TX 78701", "looks like a whole address"),
    ("🌆", "Label printers don't know"),
    ("Ontario", "I don't know a US state"),
    ("ABCDE", "Example: 78701"),
    ("call me", "Example: (512) 555-0100"),
    ("heavy", "Example: 2.5 lb"),
    ("big", "Example: 10 x 6 x 4 in"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_explained_with_an_example() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(10);
    let mut prompt: Heard = person.begins().await;
    for (question, (mistake, reason)) in MISTAKES.into_iter().enumerate() {
        let answer = person.asks(mistake, reason).await;
        assert!(
            answer.text.contains("Example") || answer.text.contains("Did you mean"),
            "{answer:#?}"
        );
        if !OPTIONAL.contains(&question) {
            assert!(
                !prompt.buttons.iter().any(|(label, _)| label == "Skip"),
                "{prompt:#?}"
            );
        }
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    bot.has_not_panicked();
}
