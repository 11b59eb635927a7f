use std::sync::Arc;

use stepkeep_core::{BotId, Fault, Faults, MemoryStorage, StoreOperation, SystemClock, WithFaults};

use super::*;
use crate::ledger::LedgerConfig;
use crate::money::{Currency, Money};
use crate::telegram::BotToken;

const ANNA: UserId = UserId(42);

fn key() -> InvoiceKey {
    InvoiceKey::derived_from(&BotToken::parse("7:AAE-secret").unwrap())
}

fn package() -> StarsPackage {
    StarsPackage {
        stars: 50,
        amount: Money::from_minor(100, Currency::USD),
    }
}

fn payload(id: &str) -> String {
    key().sign(&StarsInvoice {
        id: id.to_owned(),
        user: ANNA,
        package: package(),
    })
}

fn desk(faults: &Faults) -> StarsDesk {
    let store = Arc::new(WithFaults::new(MemoryStorage::new(), faults));
    let config = LedgerConfig::new(Currency::USD);
    let ledger = Ledger::new(store, Arc::new(SystemClock), BotId(7), config);
    StarsDesk::new(ledger, key(), vec![package()])
}

fn checkout(payload: String) -> Checkout {
    Checkout {
        query: "q".to_owned(),
        user: ANNA,
        language: None,
        currency: STARS.to_owned(),
        amount: 50,
        payload,
    }
}

fn payment(kind: PaymentKind, charge: &str) -> StarsPayment {
    StarsPayment {
        kind,
        user: ANNA,
        charge: charge.to_owned(),
        currency: STARS.to_owned(),
        amount: 50,
        payload: payload("i"),
    }
}

async fn available(desk: &StarsDesk) -> i64 {
    desk.ledger.account(ANNA).await.unwrap().available.minor()
}

#[tokio::test]
async fn a_payment_goes_through_for_an_own_invoice_that_is_offered_and_not_paid() {
    let desk = desk(&Faults::default());
    desk.check(&checkout(payload("i"))).await.unwrap();
    let refused = async |change: &dyn Fn(&mut Checkout)| {
        let mut checkout = checkout(payload("i"));
        change(&mut checkout);
        desk.check(&checkout).await.unwrap_err()
    };
    let unknown = refused(&|checkout| checkout.payload.push('0')).await;
    assert!(matches!(unknown, CheckoutRefusal::Unknown));
    let other_money = refused(&|checkout| checkout.currency = "USD".to_owned()).await;
    assert!(matches!(other_money, CheckoutRefusal::Unknown));
    let foreign = refused(&|checkout| checkout.user = UserId(43)).await;
    assert!(matches!(foreign, CheckoutRefusal::Foreign));
    let cheaper = refused(&|checkout| checkout.amount = 1).await;
    assert!(matches!(cheaper, CheckoutRefusal::Outdated));
    desk.book(&payment(PaymentKind::Paid, "c")).await.unwrap();
    let paid = refused(&|_| {}).await;
    assert!(matches!(paid, CheckoutRefusal::Paid));
    // Another invoice for the same is fine.
    desk.check(&checkout(payload("j"))).await.unwrap();
}

#[tokio::test]
async fn what_is_not_offered_any_more_is_refused_but_booked_when_it_was_paid() {
    let desk = StarsDesk {
        packages: Vec::new(),
        ..desk(&Faults::default())
    };
    let refused = desk.check(&checkout(payload("i"))).await.unwrap_err();
    assert!(matches!(refused, CheckoutRefusal::Outdated));
    desk.book(&payment(PaymentKind::Paid, "c")).await.unwrap();
    assert_eq!(available(&desk).await, 100);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_refuses() {
    let faults = Faults::default();
    faults.inject(Fault::unavailable(StoreOperation::Get));
    let refused = desk(&faults).check(&checkout(payload("i"))).await.unwrap_err();
    assert!(matches!(refused, CheckoutRefusal::Unclear(_)));
}

#[tokio::test]
async fn payments_and_their_way_back_are_booked_once_in_any_order() {
    let desk = desk(&Faults::default());
    for _ in 0..2 {
        let outcome = desk.book(&payment(PaymentKind::Paid, "c")).await.unwrap();
        assert!(matches!(outcome, PaymentOutcome::Credited { available, .. } if available.minor() == 100));
    }
    // Paid twice all the same: both brought Stars.
    desk.book(&payment(PaymentKind::Paid, "d")).await.unwrap();
    assert_eq!(available(&desk).await, 200);
    for _ in 0..2 {
        let outcome = desk.book(&payment(PaymentKind::Returned, "c")).await.unwrap();
        assert!(matches!(outcome, PaymentOutcome::Returned { available, .. } if available.minor() == 100));
    }
    // Given back before it was heard of.
    desk.book(&payment(PaymentKind::Returned, "e")).await.unwrap();
    desk.book(&payment(PaymentKind::Paid, "e")).await.unwrap();
    assert_eq!(available(&desk).await, 100);
}

#[tokio::test]
async fn a_payment_for_no_known_invoice_changes_nothing() {
    let desk = desk(&Faults::default());
    let payment = StarsPayment {
        payload: "from elsewhere".to_owned(),
        ..payment(PaymentKind::Paid, "c")
    };
    assert_eq!(desk.book(&payment).await.unwrap(), PaymentOutcome::Unknown);
    assert_eq!(available(&desk).await, 0);
}
