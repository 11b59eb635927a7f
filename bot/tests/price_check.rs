//! What a person pays is what they were shown: offers of an earlier time or of another parcel are asked for again first.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where something fails"
)]

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stepkeep::catalogue::{Offers, QuoteTerms, RatesAtHand};
use stepkeep::flows::shipping::calls::{BUY_LABEL, CallOutcome, FETCH_RATES, RatesRequest};
use stepkeep::flows::shipping::payment::PurchaseRequest;
use stepkeep::flows::{FlowSettings, flows};
use stepkeep::localization::Localizer;
use stepkeep::money::{Currency, Money};
use stepkeep::shipping::{
    Operation, Quote, Rate, RateId, Service, Shipment, ShippingError, ShippingErrorKind,
};
use stepkeep_core::{
    BotId, Clock, FieldValue, Input, InputId, InputKind, ManualClock, MemoryStorage, Message, Outcome,
    PendingEffect, Reply, SessionKey, Tap, Timestamp, TurnEngine, UserId,
};

const ANSWERS: [&str; 14] = [
    "Ann Lee",
    "1 Congress Ave",
    "Austin",
    "TX",
    "78701",
    "512 555 0100",
    "Bob Ray",
    "2 Market St",
    "San Francisco",
    "CA",
    "94105",
    "415 555 0100",
    "2 lb",
    "10 x 6 x 4 in",
];

/// How long prices hold here.
const HOLD: Duration = Duration::from_mins(10);

/// Offers that are known, or not.
#[derive(Debug, Default)]
struct Known(Mutex<Option<Offers>>);

impl RatesAtHand for Known {
    fn at_hand(&self, _: &Shipment) -> Option<Offers> {
        self.0.lock().clone()
    }
}

/// A person in front of the bot's dialogues, without anything around them.
struct Dialogue {
    engine: TurnEngine,
    clock: Arc<ManualClock>,
    known: Arc<Known>,
    key: SessionKey,
    updates: i64,
    /// What was said last.
    said: Vec<Message>,
    /// The calls that wait for their outcome.
    calls: Vec<PendingEffect>,
}

impl Dialogue {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
        let known = Arc::<Known>::default();
        let settings = FlowSettings {
            rates: Some(Arc::<Known>::clone(&known)),
            ..FlowSettings::default()
        };
        let localizer = Arc::new(Localizer::new().expect("texts"));
        Self {
            engine: TurnEngine::new(
                Arc::new(MemoryStorage::new()),
                flows(&localizer, &settings),
                Arc::<ManualClock>::clone(&clock),
            ),
            clock,
            known,
            key: SessionKey::private(BotId(1), UserId(1)),
            updates: 0,
            said: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// One whose order is filled in.
    async fn at_the_summary() -> Self {
        let mut dialogue = Self::start();
        dialogue
            .hears(InputKind::Command {
                name: "start".to_owned(),
                arguments: String::new(),
            })
            .await;
        dialogue.presses("New order").await;
        for answer in ANSWERS {
            dialogue.hears(InputKind::Text(answer.to_owned())).await;
        }
        dialogue
    }

    /// One who chose an offer for $8.20 that was made for them.
    async fn at_the_confirmation() -> Self {
        let mut dialogue = Self::at_the_summary().await;
        dialogue.presses("Show prices").await;
        dialogue.gets_offers(&[("ground-1", 820)]).await;
        dialogue.presses("UPS ground").await;
        dialogue
    }

    /// One who wants to buy by an offer for $8.20 that was made for somebody else's equal parcel.
    async fn agrees_to_a_price_for_others() -> Self {
        let mut dialogue = Self::at_the_summary().await;
        let known = dialogue.offers(&[("ground-1", 820)], false);
        *dialogue.known.0.lock() = Some(known);
        dialogue.presses("Show prices").await;
        dialogue.presses("UPS ground").await;
        dialogue.presses("Buy for $8.20").await;
        dialogue
    }

    async fn hears(&mut self, kind: InputKind) {
        self.updates += 1;
        self.takes(InputId::Update(self.updates), kind).await;
    }

    async fn takes(&mut self, id: InputId, kind: InputKind) {
        let input = Input {
            id,
            at: self.clock.now(),
            language: Some("en".to_owned()),
            kind,
        };
        let committed = match self.engine.handle(&self.key, &input).await {
            Ok(Outcome::Applied(committed)) => committed,
            other => panic!("a turn that is no turn: {other:?}"),
        };
        self.said = committed
            .replies
            .iter()
            .filter_map(Reply::message)
            .cloned()
            .collect();
        self.calls.clone_from(&committed.session.turn().effects);
    }

    /// Presses the button whose text has this in it, below what was said last.
    async fn presses(&mut self, button: &str) {
        let mut offered = self
            .said
            .iter()
            .flat_map(|message| message.buttons.iter().flatten());
        let Some(pressed) = offered.find(|offered| offered.text.contains(button)) else {
            panic!("no button {button:?} in {:#?}", self.said);
        };
        let data = pressed.action.clone();
        self.hears(InputKind::Tap(Tap { message: 1, data })).await;
    }

    /// The one call that waits.
    fn call(&self, name: &str) -> &PendingEffect {
        match &self.calls[..] {
            [call] if call.name == name => call,
            calls => panic!("{name} is not the one call that waits: {calls:?}"),
        }
    }

    fn asked(&self) -> RatesRequest {
        self.call(FETCH_RATES).payload.get().expect("a request")
    }

    /// The call that waits brings this.
    async fn gets(&mut self, outcome: &CallOutcome<Offers>) {
        let call = self.call(FETCH_RATES).clone();
        let kind = InputKind::EffectFinished {
            id: call.id.clone(),
            name: call.name,
            outcome: FieldValue::new(outcome).expect("an outcome"),
        };
        self.takes(InputId::Effect(call.id), kind).await;
    }

    async fn gets_offers(&mut self, offers: &[(&str, i64)]) {
        let offers = self.offers(offers, true);
        self.gets(&CallOutcome::Done(offers)).await;
    }

    /// Offers as the carriers make them now: the id of the rate, which names the service too, and the cents.
    fn offers(&self, offers: &[(&str, i64)], is_own: bool) -> Offers {
        let rate = |(id, cents): &(&str, i64)| Rate {
            rate_id: RateId::new(id).expect("an id"),
            service: Arc::new(Service {
                carrier: "UPS".into(),
                carrier_code: "ups".into(),
                name: format!("UPS {}", service(id)).into(),
                code: service(id).into(),
            }),
            price: Money::from_minor(*cents, Currency::USD),
            days: Some(3),
            estimated_delivery: None,
            guaranteed: false,
        };
        let asked_at = self.clock.now();
        Offers {
            quote: Arc::new(Quote {
                shipment_id: None,
                rates: offers.iter().map(rate).collect(),
                notes: Vec::new(),
            }),
            terms: QuoteTerms {
                asked_at,
                valid_until: asked_at + HOLD,
                is_own,
            },
        }
    }

    fn said(&self, part: &str) {
        let texts: Vec<_> = self.said.iter().map(|message| message.text.as_str()).collect();
        assert!(
            texts.iter().any(|text| text.contains(part)),
            "{part:?} is not in {texts:#?}"
        );
    }

    fn buys(&self, rate: &str) {
        let bought: PurchaseRequest = self.call(BUY_LABEL).payload.get().expect("a purchase");
        assert_eq!(bought.rate_id.as_str(), rate);
    }
}

/// `ground` of `ground-1`: each time the carriers are asked a rate gets another id.
fn service(id: &str) -> &str {
    id.split_once('-').map_or(id, |(service, _)| service)
}

#[tokio::test]
async fn a_request_that_the_version_before_stored_is_still_answered() {
    // A shipment and nothing else: that prices can be asked for once more came later.
    let stored = serde_json::json!({
        "from": {
            "name": "Ann Lee", "phone": "+15125550100", "line1": "1 Congress Ave", "city": "Austin", "state": "TX",
            "postal_code": "78701", "country": "US"
        },
        "to": {
            "name": "Bob Ray", "phone": "+14155550100", "line1": "2 Market St", "city": "San Francisco",
            "state": "CA", "postal_code": "94105", "country": "US"
        },
        "weight": {"value": "2", "unit": "pound"},
        "dimensions": {"length": "10", "width": "6", "height": "4", "unit": "inch"}
    });
    let stored: RatesRequest = FieldValue::from_json_value(&stored).get().expect("a request");
    let mut dialogue = Dialogue::at_the_summary().await;
    dialogue.presses("Show prices").await;
    let asked = dialogue.asked();
    assert!(!stored.is_fresh);
    assert_eq!(
        stored.shipment,
        Shipment {
            external_id: None,
            ..asked.shipment
        }
    );
    // And what this version stores is what that one would read.
    let stored: Shipment = dialogue.call(FETCH_RATES).payload.get().expect("a shipment");
    assert_eq!(stored, dialogue.asked().shipment);
}

#[tokio::test]
async fn a_price_that_holds_is_bought_at_once() {
    let mut dialogue = Dialogue::at_the_summary().await;
    dialogue.presses("Show prices").await;
    assert!(!dialogue.asked().is_fresh);
    dialogue.gets_offers(&[("ground-1", 820), ("air-1", 2_100)]).await;
    dialogue.said("These prices hold until 08:10 UTC.");
    dialogue.presses("UPS ground").await;
    dialogue.clock.advance(Duration::from_mins(9));
    dialogue.presses("Buy for $8.20").await;
    dialogue.buys("ground-1");
}

#[tokio::test]
async fn offers_that_are_known_are_shown_without_any_call() {
    let mut dialogue = Dialogue::at_the_summary().await;
    let known = dialogue.offers(&[("ground-1", 820)], true);
    *dialogue.known.0.lock() = Some(known);
    dialogue.presses("Show prices").await;
    assert!(dialogue.calls.is_empty(), "nobody is asked");
    dialogue.said("$8.20");
    dialogue.presses("UPS ground").await;
    dialogue.presses("Buy for").await;
    dialogue.buys("ground-1");
}

#[tokio::test]
async fn a_label_is_never_bought_by_an_offer_for_somebody_elses_equal_parcel() {
    let mut dialogue = Dialogue::agrees_to_a_price_for_others().await;
    assert!(
        dialogue.asked().is_fresh,
        "the carriers are asked for this parcel"
    );
    dialogue.said("confirm the price");
    dialogue.gets_offers(&[("air-2", 2_100), ("ground-2", 820)]).await;
    dialogue.buys("ground-2");
}

#[tokio::test]
async fn a_price_that_is_too_old_is_asked_for_again_and_so_is_the_person() {
    let mut dialogue = Dialogue::at_the_confirmation().await;
    dialogue.clock.advance(HOLD);
    dialogue.presses("Buy for $8.20").await;
    dialogue.said("no longer fresh");
    dialogue.gets_offers(&[("ground-2", 820)]).await;
    assert!(dialogue.calls.is_empty(), "nothing is bought without a word");
    dialogue.said("the price is still $8.20");
    dialogue.presses("Buy for $8.20").await;
    dialogue.buys("ground-2");
}

#[tokio::test]
async fn who_agreed_to_a_price_is_asked_again_when_it_is_another_one() {
    let mut dialogue = Dialogue::agrees_to_a_price_for_others().await;
    dialogue.gets_offers(&[("ground-2", 895)]).await;
    assert!(
        dialogue.calls.is_empty(),
        "nothing is bought at a price that nobody agreed to"
    );
    dialogue.said("it was $8.20, and is $8.95 now");
    dialogue.presses("Buy for $8.95").await;
    dialogue.buys("ground-2");
}

#[tokio::test]
async fn an_offer_that_is_gone_leads_to_those_that_there_are() {
    let mut dialogue = Dialogue::at_the_confirmation().await;
    dialogue.clock.advance(HOLD);
    dialogue.presses("Buy for").await;
    dialogue.gets_offers(&[("air-2", 2_100)]).await;
    dialogue.said("don't offer this any more");
    dialogue.presses("UPS air").await;
    dialogue.presses("Buy for $21.00").await;
    dialogue.buys("air-2");
}

#[tokio::test]
async fn carriers_that_cannot_be_asked_leave_the_choice_as_it_was() {
    let mut dialogue = Dialogue::at_the_confirmation().await;
    dialogue.clock.advance(HOLD);
    dialogue.presses("Buy for").await;
    let error = ShippingError::new(ShippingErrorKind::Unavailable, Operation::Rates, "down");
    dialogue.gets(&CallOutcome::Failed(error.summary())).await;
    dialogue.said("doesn't work right now");
    dialogue.presses("Try again").await;
    dialogue.gets_offers(&[("ground-2", 820)]).await;
    dialogue.presses("Buy for $8.20").await;
    dialogue.buys("ground-2");
}

#[tokio::test]
async fn old_offers_say_that_they_are_old() {
    let mut dialogue = Dialogue::at_the_summary().await;
    let mut old = dialogue.offers(&[("ground-1", 820)], true);
    dialogue.clock.advance(HOLD + Duration::from_mins(5));
    dialogue.presses("Show prices").await;
    old.terms.is_own = false;
    dialogue.gets(&CallOutcome::Done(old)).await;
    dialogue.said("These prices are from 08:00 UTC and may have changed.");
}

#[tokio::test]
async fn back_from_a_price_check_leads_to_the_confirmation_and_the_late_answer_changes_nothing() {
    let mut dialogue = Dialogue::at_the_confirmation().await;
    dialogue.clock.advance(HOLD);
    dialogue.presses("Buy for").await;
    dialogue.presses("Back").await;
    dialogue.said("Shall I buy the label?");
    dialogue.gets_offers(&[("ground-2", 100)]).await;
    assert!(
        dialogue.said.is_empty(),
        "a late answer says nothing: {:?}",
        dialogue.said
    );
}
