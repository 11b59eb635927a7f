//! Invoices in Stars: asked before, paid, given back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANNA, BORIS, BOT, Room};

const TOO_OLD: &str = "400 Bad Request: query is too old and response timeout expired or query ID is invalid";

fn invoice(more: &Value) -> Value {
    let mut invoice = json!({"chat_id": ANNA, "title": "50 credits", "description": "For you", "payload": "p",
        "provider_token": "", "currency": "XTR", "prices": [{"label": "50 credits", "amount": 50}]});
    for (name, value) in more.as_object().unwrap() {
        invoice[name] = value.clone();
    }
    invoice
}

/// A room in which Anna has an invoice, and its message.
async fn billed() -> (Room, Value) {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let sent = room.bot("sendInvoice", invoice(&json!({}))).await;
    (room, sent["message_id"].clone())
}

async fn pays(room: &Room, person: i64, message: &Value) -> String {
    let payment = json!({"bot": BOT, "person": person, "chat": ANNA, "message_id": message});
    let begun = room.post("pay", payment).await;
    begun["pre_checkout_query_id"].as_str().unwrap().to_owned()
}

async fn state(room: &Room, payment: &str) -> Value {
    room.get(&format!("payments/{payment}")).await
}

fn approval(payment: &str) -> Value {
    json!({"pre_checkout_query_id": payment, "ok": true})
}

#[tokio::test]
async fn an_invoice_shows_its_price_and_a_button_that_pays() {
    let (room, message) = billed().await;
    let shown = room.transcript(ANNA).await.pop().unwrap();
    assert_eq!(shown["message_id"], message);
    assert_eq!(
        shown["invoice"],
        json!({"title": "50 credits", "description": "For you", "start_parameter": "", "currency": "XTR",
            "total_amount": 50})
    );
    assert_eq!(
        shown["inline_keyboard"],
        json!([[{"text": "Pay ⭐️50", "pay": true}]])
    );
}

#[tokio::test]
async fn what_is_no_invoice_in_stars_is_refused() {
    let (room, _) = billed().await;
    let button = json!({"inline_keyboard": [[{"text": "No", "callback_data": "n"}]]});
    for (wrong, reason) in [
        (json!({"currency": "USD"}), "PAYMENT_PROVIDER_INVALID"),
        (json!({"title": "x".repeat(33)}), "INVOICE_TITLE_INVALID"),
        (json!({"description": ""}), "INVOICE_DESCRIPTION_INVALID"),
        (json!({"payload": "x".repeat(129)}), "INVOICE_PAYLOAD_INVALID"),
        (json!({"prices": []}), "STARS_INVOICE_INVALID"),
        (
            json!({"prices": [{"label": "a", "amount": 0}]}),
            "STARS_INVOICE_INVALID",
        ),
        (json!({"reply_markup": button}), "BUTTON_POS_INVALID"),
    ] {
        let refusal = room.refused("sendInvoice", invoice(&wrong)).await;
        assert!(refusal.contains(reason), "{wrong}: {refusal}");
    }
}

#[tokio::test]
async fn a_payment_is_asked_for_and_told_of_and_listed() {
    let (room, message) = billed().await;
    let payment = pays(&room, ANNA, &message).await;
    let asked = room.updates(json!({})).await.pop().unwrap();
    let query = &asked["pre_checkout_query"];
    assert_eq!(
        (&query["id"], &query["invoice_payload"]),
        (&json!(payment), &json!("p"))
    );
    assert_eq!(
        (&query["total_amount"], &query["from"]["id"]),
        (&json!(50), &json!(ANNA))
    );
    assert_eq!(state(&room, &payment).await, json!({"state": "waiting"}));

    room.bot("answerPreCheckoutQuery", approval(&payment)).await;
    let paid = state(&room, &payment).await;
    assert_eq!(paid["state"], "paid");
    let told = room.updates(json!({})).await.pop().unwrap();
    assert_eq!(told["update_id"], paid["update_id"]);
    let receipt = &told["message"]["successful_payment"];
    let charge = &paid["telegram_payment_charge_id"];
    assert_eq!(&receipt["telegram_payment_charge_id"], charge);
    assert_eq!(
        (&receipt["total_amount"], &receipt["currency"]),
        (&json!(50), &json!("XTR"))
    );
    let again = room.refused("answerPreCheckoutQuery", approval(&payment)).await;
    assert_eq!(again, TOO_OLD);

    let listed = room.bot("getStarTransactions", json!({})).await;
    let transaction = &listed["transactions"][0];
    assert_eq!(&transaction["id"], charge);
    assert_eq!(transaction["source"]["invoice_payload"], "p");
    assert_eq!(transaction["source"]["user"]["id"], ANNA);
    assert_eq!(
        room.bot("getMyStarBalance", json!({})).await,
        json!({"amount": 50})
    );
}

#[tokio::test]
async fn a_refusal_and_a_silence_end_a_payment() {
    let (room, message) = billed().await;
    let refused = pays(&room, BORIS, &message).await;
    let silent = room
        .refused(
            "answerPreCheckoutQuery",
            json!({"pre_checkout_query_id": refused, "ok": false}),
        )
        .await;
    assert_eq!(silent, "400 Bad Request: error message must be non-empty");
    let answer = json!({"pre_checkout_query_id": refused, "ok": false, "error_message": "Not yours"});
    room.bot("answerPreCheckoutQuery", answer).await;
    assert_eq!(
        state(&room, &refused).await,
        json!({"state": "refused", "error_message": "Not yours"})
    );

    let expired = pays(&room, ANNA, &message).await;
    room.post("clock", json!({"advance_seconds": 12})).await;
    assert_eq!(state(&room, &expired).await, json!({"state": "expired"}));
    let late = room.refused("answerPreCheckoutQuery", approval(&expired)).await;
    assert_eq!(late, TOO_OLD);
    assert_eq!(
        room.bot("getMyStarBalance", json!({})).await,
        json!({"amount": 0})
    );
    let no_invoice = json!({"bot": BOT, "person": ANNA, "message_id": 1_000_000_000});
    assert_eq!(room.sim(Method::POST, "pay", Some(no_invoice)).await.0, 404);
}

#[tokio::test]
async fn stars_are_given_back_once_and_the_bot_is_told() {
    let (room, message) = billed().await;
    let payment = pays(&room, ANNA, &message).await;
    room.bot("answerPreCheckoutQuery", approval(&payment)).await;
    let charge = state(&room, &payment).await["telegram_payment_charge_id"].clone();
    let refund = |user: i64| json!({"user_id": user, "telegram_payment_charge_id": charge});
    let foreign = room.refused("refundStarPayment", refund(BORIS)).await;
    assert_eq!(foreign, "400 Bad Request: CHARGE_NOT_FOUND");
    room.bot("refundStarPayment", refund(ANNA)).await;
    let again = room.refused("refundStarPayment", refund(ANNA)).await;
    assert_eq!(again, "400 Bad Request: CHARGE_ALREADY_REFUNDED");
    let told = room.updates(json!({})).await.pop().unwrap();
    assert_eq!(
        told["message"]["refunded_payment"]["telegram_payment_charge_id"],
        charge
    );
    let listed = room
        .bot("getStarTransactions", json!({"offset": 1, "limit": 1}))
        .await;
    assert_eq!(listed["transactions"][0]["id"], charge);
    assert_eq!(listed["transactions"][0]["receiver"]["user"]["id"], ANNA);
    assert_eq!(
        room.bot("getMyStarBalance", json!({})).await,
        json!({"amount": 0})
    );
}

#[tokio::test]
async fn faults_strike_these_calls_too() {
    let (room, message) = billed().await;
    let payment = pays(&room, ANNA, &message).await;
    for (method, params) in [
        ("sendInvoice", invoice(&json!({}))),
        ("answerPreCheckoutQuery", approval(&payment)),
    ] {
        room.post("faults", json!({"method": method, "status": 500}))
            .await;
        assert!(room.refused(method, params).await.starts_with("500"), "{method}");
    }
    assert_eq!(room.transcript(ANNA).await.len(), 2);
    assert_eq!(state(&room, &payment).await, json!({"state": "waiting"}));
}
