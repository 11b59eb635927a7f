//! Whole orders against the stand-in of the sandbox, over HTTP.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::{Value, json};
use stepkeep::shipping::{
    Label, RateId, Shipment, ShippingApi, ShippingClient, ShippingErrorKind, Weight, WeightUnit,
};
use stepkeep_sandbox::{Config, Part, Sandbox, SandboxHandle};

use crate::fixtures::{config, decimal, shipment};

/// A stand-in of its own for one test, and a client of it.
struct StandIn {
    handle: SandboxHandle,
    client: ShippingClient,
    http: reqwest::Client,
}

impl StandIn {
    async fn start() -> Self {
        let parts = Config {
            parts: BTreeSet::from([Part::Shipping]),
            ..Config::default()
        };
        let handle = Sandbox::start(parts).await.unwrap();
        let client = ShippingClient::new(config(&format!("{}/shipping", handle.url()))).unwrap();
        Self {
            handle,
            client,
            http: reqwest::Client::new(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/shipping{path}", self.handle.url())
    }

    async fn bought(&self) -> Vec<Value> {
        let answer = self.http.get(self.url("/sim/labels")).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn fault(&self, fault: &Value) {
        let answer = self.http.post(self.url("/sim/faults")).json(fault).send().await;
        answer.unwrap().error_for_status().unwrap();
    }

    async fn cheapest(&self, shipment: &Shipment) -> RateId {
        self.client.rates(shipment).await.unwrap().rates[0]
            .rate_id
            .clone()
    }

    async fn buy(&self, shipment: &Shipment) -> Result<Label, stepkeep::shipping::ShippingError> {
        self.client.buy_label(&self.cheapest(shipment).await).await
    }
}

fn to(name: &str) -> Shipment {
    let mut shipment = shipment();
    name.clone_into(&mut shipment.to.name);
    shipment
}

#[tokio::test]
async fn an_order_goes_from_rates_to_the_file_of_its_label_and_back() {
    let stand_in = StandIn::start().await;
    let quote = stand_in.client.rates(&shipment()).await.unwrap();
    let carriers: BTreeSet<_> = quote.rates.iter().map(|rate| &*rate.service.carrier).collect();
    assert_eq!(carriers, BTreeSet::from(["USPS", "UPS", "FedEx"]));
    let rate = &quote.rates[0];

    let label = stand_in.client.buy_label(&rate.rate_id).await.unwrap();
    assert_eq!(
        label.cost,
        Some(rate.price),
        "what is charged is what was offered"
    );
    let file = stand_in.client.download_label(&label).await.unwrap();
    assert!(file.starts_with(b"%PDF-"));

    let found = stand_in.client.find_label(&rate.rate_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&label));
    let bought = stand_in.bought().await;
    assert_eq!(bought.len(), 1);
    assert_eq!(bought[0]["external_shipment_id"], "order-1");
    assert_eq!(bought[0]["ship_to"]["name"], "Bob Receiver");

    assert!(
        stand_in
            .client
            .void_label(&label.label_id)
            .await
            .unwrap()
            .approved
    );
    assert!(
        !stand_in
            .client
            .void_label(&label.label_id)
            .await
            .unwrap()
            .approved
    );
    assert_eq!(stand_in.client.find_label(&rate.rate_id).await.unwrap(), None);
}

#[tokio::test]
async fn the_same_shipment_costs_the_same() {
    let prices = |quote: stepkeep::shipping::Quote| -> Vec<_> {
        quote
            .rates
            .into_iter()
            .map(|rate| (rate.service.code.clone(), rate.price))
            .collect()
    };
    let one = StandIn::start().await;
    let other = StandIn::start().await;
    let first = prices(one.client.rates(&shipment()).await.unwrap());
    assert_eq!(first, prices(one.client.rates(&shipment()).await.unwrap()));
    assert_eq!(first, prices(other.client.rates(&shipment()).await.unwrap()));
}

#[tokio::test]
async fn a_lost_answer_makes_one_label() {
    let stand_in = StandIn::start().await;
    let label = stand_in.buy(&to("Lost Answer")).await.unwrap();
    let bought = stand_in.bought().await;
    assert_eq!(bought.len(), 1);
    assert_eq!(bought[0]["label_id"], label.label_id.as_str());
}

#[tokio::test]
async fn a_lost_order_makes_none_until_it_is_looked_up_and_tried_again() {
    let stand_in = StandIn::start().await;
    let rate_id = stand_in.cheapest(&to("Lost Order")).await;
    let error = stand_in.client.buy_label(&rate_id).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unclear);
    assert_eq!(stand_in.client.find_label(&rate_id).await.unwrap(), None);
    stand_in.client.buy_label_after_lookup(&rate_id).await.unwrap();
    stand_in.client.buy_label_after_lookup(&rate_id).await.unwrap();
    assert_eq!(stand_in.bought().await.len(), 1);
}

#[tokio::test]
async fn buying_twice_makes_two_labels_so_that_tests_see_it() {
    let stand_in = StandIn::start().await;
    let rate_id = stand_in.cheapest(&shipment()).await;
    let first = stand_in.client.buy_label(&rate_id).await.unwrap();
    stand_in.client.buy_label(&rate_id).await.unwrap();
    assert_eq!(stand_in.bought().await.len(), 2);
    assert_eq!(stand_in.client.find_label(&rate_id).await.unwrap(), Some(first));
}

#[tokio::test]
async fn a_fault_after_the_effect_makes_one_label_whatever_it_is() {
    for fault in [
        json!({ "operation": "buy", "status": 500, "after_effect": true }),
        json!({ "operation": "buy", "drop_connection": true, "after_effect": true }),
        json!({ "operation": "buy", "status": 408, "after_effect": true }),
    ] {
        let stand_in = StandIn::start().await;
        let rate_id = stand_in.cheapest(&shipment()).await;
        stand_in.fault(&fault).await;
        stand_in.client.buy_label(&rate_id).await.unwrap();
        assert_eq!(stand_in.bought().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn each_recipient_provokes_the_error_of_their_name_and_trying_again_succeeds() {
    let stand_in = StandIn::start().await;
    for (name, kind) in [
        ("No Funds", ShippingErrorKind::InsufficientFunds),
        ("Carrier Down", ShippingErrorKind::CarrierUnavailable),
        ("Failed Label", ShippingErrorKind::CarrierUnavailable),
    ] {
        let mut shipment = to(name);
        shipment.external_id = Some(name.to_owned());
        let rate_id = stand_in.cheapest(&shipment).await;
        let error = stand_in.client.buy_label(&rate_id).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
        stand_in
            .client
            .buy_label(&rate_id)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    let error = stand_in.client.rates(&to("Server Error")).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unavailable);
    stand_in.client.rates(&to("Server Error")).await.unwrap();

    // The client waits the second that it is asked to wait.
    stand_in.client.rates(&to("Rate Limited")).await.unwrap();

    for _ in 0..2 {
        let error = stand_in.client.rates(&to("no rates")).await.unwrap_err();
        assert_eq!(error.kind(), ShippingErrorKind::NoRates);
    }
}

#[tokio::test]
async fn a_city_that_is_not_known_is_an_invalid_address() {
    let stand_in = StandIn::start().await;
    let (mut from_nowhere, mut to_nowhere) = (shipment(), shipment());
    from_nowhere.from.city = "Nowhere".to_owned();
    to_nowhere.to.city = "nowhere".to_owned();
    for shipment in [from_nowhere, to_nowhere] {
        let error = stand_in.client.rates(&shipment).await.unwrap_err();
        assert_eq!(error.kind(), ShippingErrorKind::InvalidAddress);
        assert!(error.message().to_lowercase().contains("nowhere"));
    }
}

#[tokio::test]
async fn a_slowly_made_label_is_waited_for() {
    let stand_in = StandIn::start().await;
    let label = stand_in.buy(&to("Slow Label")).await.unwrap();
    stand_in.client.download_label(&label).await.unwrap();
}

#[tokio::test]
async fn a_used_label_is_not_taken_back() {
    let stand_in = StandIn::start().await;
    let label = stand_in.buy(&to("Used Label")).await.unwrap();
    let voiding = stand_in.client.void_label(&label.label_id).await.unwrap();
    assert_eq!(voiding.reason.as_deref(), Some("label_already_used"));
}

#[tokio::test]
async fn what_is_too_heavy_for_all_has_no_rates_and_for_some_has_a_note() {
    let stand_in = StandIn::start().await;
    let mut shipment = shipment();
    shipment.weight = Weight::new(decimal("45.5"), WeightUnit::Kilogram);
    let quote = stand_in.client.rates(&shipment).await.unwrap();
    assert!(quote.rates.iter().all(|rate| &*rate.service.carrier != "USPS"));
    assert_eq!(quote.notes.len(), 1);
    shipment.weight = Weight::new(decimal("500"), WeightUnit::Pound);
    let error = stand_in.client.rates(&shipment).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::NoRates);
    assert!(error.message().contains("lb"), "{error}");
}

#[tokio::test]
async fn a_bad_key_and_an_unknown_rate_are_told_apart() {
    let stand_in = StandIn::start().await;
    let mut bad = config(&format!("{}/shipping", stand_in.handle.url()));
    bad.api_key = SecretString::from("invalid");
    let error = ShippingClient::new(bad).unwrap().carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unauthorized);

    let unknown = RateId::new("se-unknown-1").unwrap();
    let error = stand_in.client.buy_label(&unknown).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::NotFound);
    assert_eq!(stand_in.client.find_label(&unknown).await.unwrap(), None);
}

#[tokio::test]
async fn a_label_in_any_script_is_a_pdf() {
    let stand_in = StandIn::start().await;
    for name in ["Ирина Щукина", "渡辺 美咲", "🦀 عربي", &"W".repeat(300)] {
        let mut shipment = to(name);
        shipment.to.line1 = format!("ул. Ленина, 5 {name}");
        let label = stand_in.buy(&shipment).await.unwrap();
        let file = stand_in.client.download_label(&label).await.unwrap();
        assert!(file.starts_with(b"%PDF-"), "{name}");
        assert!(file.ends_with(b"%%EOF") || file.ends_with(b"%%EOF\n"), "{name}");
    }
}
