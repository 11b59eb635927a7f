//! What a generation costs: reserved, charged only for success, and once.

use serde_json::json;
use stepkeep_core::Reply;

use crate::dialogue::Dialogue;
use crate::studio::Studio;

/// Somebody with this much money, before the button that has an image made.
async fn before_the_button<'s>(studio: &'s Studio, user: i64, cents: i64, prompt: &str) -> Dialogue<'s> {
    let mut ann = Dialogue::new(studio, user);
    if cents > 0 {
        studio.credit(ann.user(), cents).await;
    }
    ann.begins("nano-banana-2").await;
    ann.writes(prompt).await;
    ann.presses("⏭ Leave out the rest").await;
    ann
}

#[tokio::test]
async fn a_success_is_charged_once_and_says_what_is_left() {
    let studio = Studio::open().await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.presses("Create for $0.04").await;
    ann.must_have_heard("handing it in");
    assert_eq!(ann.step().await, "waiting");
    ann.waits().await;
    ann.must_have_heard("✨ Nano Banana 2: $0.04 charged\nYour balance: $0.96");
    assert!(matches!(
        ann.said.iter().find(|reply| matches!(reply, Reply::Media { .. })),
        Some(Reply::Media { .. })
    ));
    assert_eq!(studio.balance(ann.user()).await, (96, 0));
}

#[tokio::test]
async fn who_is_short_reads_what_is_missing_and_nothing_is_handed_in() {
    let studio = Studio::open().await;
    let mut ann = before_the_button(&studio, 1, 1, "a red fox").await;
    ann.presses("Create for $0.04").await;
    ann.waits().await;
    ann.must_have_heard("costs $0.04, and you have $0.01: $0.03 is missing");
    assert_eq!(ann.step().await, "summary");
    assert_eq!(studio.balance(ann.user()).await, (1, 0));
    assert!(studio.tasks().await.is_empty());
    studio.credit(ann.user(), 50).await;
    ann.presses("Create for $0.04").await;
    ann.waits().await;
    ann.must_have_heard("charged");
}

#[tokio::test]
async fn the_same_wish_within_a_minute_is_made_once() {
    let studio = Studio::open().await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.presses("Create for").await;
    ann.waits().await;
    ann.presses("Change and repeat").await;
    ann.presses("Create for").await;
    ann.waits().await;
    ann.must_have_heard("have the result already");
    ann.presses("Edit").await;
    ann.presses("Prompt").await;
    ann.writes("a grey wolf").await;
    ann.presses("Create for").await;
    ann.waits().await;
    ann.must_have_heard("charged");
    assert_eq!(studio.balance(ann.user()).await, (92, 0));
    assert_eq!(studio.tasks().await.len(), 2);
}

#[tokio::test]
async fn a_failure_is_told_in_the_apis_words_and_costs_nothing() {
    let studio = Studio::open().await;
    studio
        .sim(
            "faults",
            &json!({"operation": "generate", "code": 501, "message": "The prompt breaks the rules."}),
        )
        .await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.presses("Create for").await;
    ann.waits().await;
    ann.must_have_heard(
        "It did not work out, and nothing was charged. The reason: The prompt breaks the rules.",
    );
    assert_eq!(ann.step().await, "summary");
    assert_eq!(studio.balance(ann.user()).await, (100, 0));
}

#[tokio::test]
async fn what_the_api_refuses_costs_nothing() {
    let studio = Studio::open().await;
    for (code, part) in [
        (422, "The model doesn't take this."),
        (402, "the operator has to put it right"),
    ] {
        studio
            .sim("faults", &json!({"operation": "create", "code": code}))
            .await;
        let mut ann = before_the_button(&studio, code, 100, "a red fox").await;
        ann.presses("Create for").await;
        ann.waits().await;
        ann.must_have_heard(part);
        assert_eq!(studio.balance(ann.user()).await, (100, 0));
    }
    assert!(studio.tasks().await.is_empty());
}

#[tokio::test]
async fn an_answer_that_was_lost_is_not_asked_for_again() {
    let studio = Studio::open().await;
    studio
        .sim(
            "faults",
            &json!({"operation": "create", "after_effect": true, "drop_connection": true}),
        )
        .await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.presses("Create for").await;
    let call = ann.calls[0].clone();
    ann.makes(&call).await;
    ann.must_have_heard("I don't know whether it is being made");
    assert_eq!(studio.balance(ann.user()).await, (100, 4), "the money is held");
    assert_eq!(studio.tasks().await.len(), 1);
    // The operator finds it in the API's log, and says which it is.
    let tasks = studio.tasks().await;
    let task = tasks[0]["task_id"].as_str().expect("an id").to_owned();
    let job: serde_json::Value = call.payload.get().expect("a job");
    let stage = stepkeep::ledger::ChargeStage::Submitted { task };
    let id = job["id"].as_str().expect("an id");
    studio.ledger.note(ann.user(), id, stage).await.expect("a note");
    ann.waits().await;
    ann.must_have_heard("charged");
    assert_eq!(studio.balance(ann.user()).await, (96, 0));
    assert_eq!(studio.tasks().await.len(), 1, "never twice");
}

#[tokio::test]
async fn a_file_that_is_gone_is_asked_for_again() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    studio.credit(ann.user(), 100).await;
    ann.begins("recraft/remove-background").await;
    let mut file = crate::answers::file(&stepkeep::generation::schema::Media {
        media: stepkeep::generation::schema::MediaKind::Image,
        mime_types: Vec::new(),
        max_bytes: None,
    });
    file.file_id = "gone".to_owned();
    ann.sends(file).await;
    ann.presses("Create for").await;
    ann.waits().await;
    ann.must_have_heard("I can't get one of your files any more");
    assert_eq!(studio.balance(ann.user()).await, (100, 0));
}

#[tokio::test]
async fn cancelling_stops_what_was_not_handed_in_and_says_what_goes_on() {
    let studio = Studio::open().await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.presses("Create for").await;
    // The money is reserved, and its process died: nothing was handed in.
    let submit = ann.calls[0].clone();
    let job: serde_json::Value = submit.payload.get().expect("a job");
    let charge = stepkeep::ledger::NewCharge {
        id: job["id"].as_str().expect("an id").to_owned(),
        kind: stepkeep::ledger::ChargeKind::Generation,
        amount: crate::studio::usd(4),
        subject: "nano-banana-2".to_owned(),
        fingerprint: None,
    };
    studio
        .ledger
        .reserve(ann.user(), charge)
        .await
        .expect("a reservation");
    ann.commands("cancel").await;
    ann.must_have_heard("I'm stopping what isn't being made yet.");
    let cancel = ann
        .calls
        .iter()
        .find(|call| call.name == "cancel_generation")
        .cloned();
    ann.makes(&cancel.expect("a call")).await;
    ann.waits().await;
    ann.must_have_heard("stopped, and not charged");
    assert_eq!(studio.balance(ann.user()).await, (100, 0));
    assert!(studio.tasks().await.is_empty());

    let mut bob = before_the_button(&studio, 2, 100, "a red fox").await;
    bob.presses("Create for").await;
    let submit = bob.calls[0].clone();
    bob.makes(&submit).await;
    bob.commands("cancel").await;
    bob.must_have_heard("1 generation is being made and can't be stopped. I'll send you the result.");
    bob.waits().await;
    bob.must_have_heard("charged");
    assert_eq!(studio.balance(bob.user()).await, (96, 0));
}

/// Fifty taps at once of one person, each in a chat of its own.
#[tokio::test]
async fn fifty_wishes_at_once_with_money_for_three_make_three() {
    let studio = Studio::open().await;
    let mut dialogues = Vec::new();
    for chat in 0..50 {
        let mut ann = Dialogue::in_chat(&studio, 1, -100 - chat);
        ann.begins("nano-banana-2").await;
        ann.writes(&format!("a red fox, the {chat}th")).await;
        ann.presses("⏭ Leave out the rest").await;
        ann.presses("Create for $0.04").await;
        dialogues.push(ann);
    }
    let user = dialogues[0].user();
    studio.credit(user, 14).await;
    let finished = futures::future::join_all(dialogues.into_iter().map(async |mut ann| {
        ann.waits().await;
        ann.heard("charged\n")
    }));
    let made = finished.await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 3);
    assert_eq!(studio.tasks().await.len(), 3);
    assert_eq!(studio.balance(user).await, (2, 0));
}

#[tokio::test]
async fn no_more_than_five_of_one_person_are_made_at_once() {
    let studio = Studio::open().await;
    studio.sim("speed", &json!({"scale": 100})).await;
    for chat in 0..6 {
        let mut ann = Dialogue::in_chat(&studio, 1, -100 - chat);
        if chat == 0 {
            studio.credit(ann.user(), 1_000).await;
        }
        ann.begins("nano-banana-2").await;
        ann.writes(&format!("a red fox, the {chat}th")).await;
        ann.presses("⏭ Leave out the rest").await;
        ann.presses("Create for").await;
        let submit = ann.calls[0].clone();
        ann.makes(&submit).await;
        if chat < 5 {
            assert!(!ann.heard("no more can be at once"), "{chat}");
        } else {
            ann.must_have_heard("5 generations of yours are still being made, and no more can be at once.");
        }
    }
    assert_eq!(studio.tasks().await.len(), 5);
}

#[tokio::test]
async fn nobody_pays_a_price_that_they_were_not_shown() {
    let studio = Studio::open().await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.meets_new_prices("[[models]]\nid = \"nano-banana-2\"\ncredits = \"20\"\n");
    ann.presses("Create for $0.04").await;
    ann.must_have_heard("The price has changed: it is $0.10 now.");
    assert_eq!(ann.step().await, "summary");
    assert!(studio.tasks().await.is_empty());
    ann.presses("Create for $0.10").await;
    ann.waits().await;
    assert_eq!(studio.balance(ann.user()).await, (90, 0));
}

#[tokio::test]
async fn what_is_done_after_its_money_was_given_back_is_a_present() {
    let studio = Studio::open().await;
    let mut ann = before_the_button(&studio, 1, 100, "a red fox").await;
    ann.presses("Create for").await;
    let submit = ann.calls[0].clone();
    ann.makes(&submit).await;
    let job: serde_json::Value = submit.payload.get().expect("a job");
    let reason = stepkeep::ledger::ReleaseReason::Operator;
    let id = job["id"].as_str().expect("an id");
    studio
        .ledger
        .release(ann.user(), id, reason)
        .await
        .expect("a release");
    ann.waits().await;
    ann.must_have_heard("stays yours");
    assert_eq!(ann.files().len(), 1);
    assert_eq!(studio.balance(ann.user()).await, (100, 0));
}
