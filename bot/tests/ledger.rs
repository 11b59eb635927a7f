//! The ledger on every store: charges that come at the same time never spend the same money.
#![cfg(all(
    feature = "memory",
    feature = "sqlite",
    feature = "redis",
    feature = "mongodb"
))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something fails"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use parking_lot::Mutex;
use stepkeep::config::StoreUrl;
use stepkeep::ledger::{
    CaptureNote, Charge, ChargeKind, ChargeStage, ChargeState, Inspector, Ledger, LedgerConfig, LedgerError,
    LedgerWatch, NewCharge, Noted, PaidBy, Purse, ReleaseReason, Reservation, Verdict,
};
use stepkeep::money::{Currency, Money};
use stepkeep::store::OpenStore;
use stepkeep_core::{
    BotId, CleanupPolicy, Clock, Fault, Faults, ManualClock, MemoryStorage, SessionStore, StoreOperation,
    SystemClock, Timestamp, UserId, WithFaults,
};
use stepkeep_test_servers::{MongoServer, RedisServer};

const BOT: BotId = BotId(7);
const ANNA: UserId = UserId(1001);

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn label(id: &str, minor: i64) -> NewCharge {
    NewCharge {
        id: id.to_owned(),
        kind: ChargeKind::Label,
        amount: usd(minor),
        subject: "UPS Ground".to_owned(),
        fingerprint: None,
    }
}

fn ledger(store: Arc<dyn SessionStore>) -> Ledger {
    Ledger::new(
        store,
        Arc::new(SystemClock),
        BOT,
        LedgerConfig::new(Currency::USD),
    )
}

/// Money for three, and fifty who want it at once; each of them twice, as an unclear answer makes it.
async fn exactly_three_of_fifty_pass(url: &str) {
    let store = OpenStore::open(&StoreUrl::parse(url).unwrap()).await.unwrap();
    // Two handles, as two processes have.
    let ledgers = [
        ledger(Arc::clone(&store.sessions)),
        ledger(Arc::clone(&store.sessions)),
    ];
    let credits = (0..4).map(|_| ledgers[0].credit(ANNA, "first", usd(350), Purse::General, ""));
    let credited: Vec<_> = join_all(credits).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(credited.iter().filter(|credited| credited.is_new).count(), 1);

    let tasks = (0..50_usize).map(|number| {
        let ledger = ledgers[number % 2].clone();
        tokio::spawn(async move {
            let id = format!("charge-{number}");
            let first = ledger.reserve(ANNA, label(&id, 100)).await.unwrap();
            let again = ledger.reserve(ANNA, label(&id, 100)).await.unwrap();
            match (first, again) {
                (Reservation::Reserved(_), Reservation::Existing(charge)) => Some(charge.id),
                (Reservation::Short { missing, available }, Reservation::Short { .. }) => {
                    assert_eq!((missing.minor() + available.minor()), 100);
                    None
                }
                other => panic!("{other:?}"),
            }
        })
    });
    let passed: Vec<_> = join_all(tasks)
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .collect();
    assert_eq!(passed.len(), 3, "{passed:?}");
    let account = ledgers[1].account(ANNA).await.unwrap();
    assert_eq!(
        (account.total, account.reserved, account.available),
        (usd(350), usd(300), usd(50))
    );

    for ledger in &ledgers {
        let settle = passed
            .iter()
            .map(|id| ledger.capture(ANNA, id, CaptureNote::default()));
        assert!(join_all(settle).await.iter().all(Result::is_ok));
    }
    let account = ledgers[0].account(ANNA).await.unwrap();
    assert_eq!((account.total, account.reserved), (usd(50), usd(0)));

    // However long nobody looks: balances are nothing that is cleaned up.
    let policy =
        CleanupPolicy::before(SystemClock.now() + Duration::from_hours(1)).keep_scope(Ledger::scope());
    store.sessions.cleanup(&policy).await.unwrap();
    assert_eq!(ledgers[0].account(ANNA).await.unwrap().total, usd(50));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_exactly_three_of_fifty_pass() {
    exactly_three_of_fifty_pass("memory:").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_file_exactly_three_of_fifty_pass() {
    let folder = tempfile::tempdir().unwrap();
    exactly_three_of_fifty_pass(&format!("sqlite://{}/ledger.sqlite", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_redis_exactly_three_of_fifty_pass() {
    exactly_three_of_fifty_pass(&format!("{}?prefix=ledger", RedisServer::shared().url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_mongodb_exactly_three_of_fifty_pass() {
    let port = MongoServer::shared().await.port();
    exactly_three_of_fifty_pass(&format!(
        "mongodb://127.0.0.1:{port}/ledger?directConnection=true"
    ))
    .await;
}

/// Of many that move a charge to a stage one does; the others learn that they didn't.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_submits() {
    let ledger = ledger(Arc::new(MemoryStorage::new()));
    ledger
        .credit(ANNA, "first", usd(100), Purse::General, "")
        .await
        .unwrap();
    ledger.reserve(ANNA, label("a", 100)).await.unwrap();
    let tasks = (0..20).map(|_| {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.note(ANNA, "a", ChargeStage::Submitting).await.unwrap() })
    });
    let noted: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    let moved = noted.iter().filter(|noted| matches!(noted, Noted::Moved(_)));
    assert_eq!(moved.count(), 1);
}

/// A write whose answer is lost is cleared up: the money moves once, and the caller hears that it did.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_moves_money_once() {
    let faults = Faults::default();
    let ledger = ledger(Arc::new(WithFaults::new(MemoryStorage::new(), &faults)));
    faults.inject(Fault::lost_answer(StoreOperation::Create).times(1));
    let credited = ledger.credit(ANNA, "first", usd(100), Purse::General, "").await;
    assert!(credited.unwrap().is_new);
    faults.inject(Fault::lost_answer(StoreOperation::Update).times(1));
    let reserved = ledger.reserve(ANNA, label("a", 60)).await.unwrap();
    assert!(matches!(reserved, Reservation::Reserved(_)), "{reserved:?}");
    assert_eq!(ledger.account(ANNA).await.unwrap().available, usd(40));
}

#[tokio::test]
async fn looking_makes_no_account_and_shows_what_one_begins_with() {
    let store = Arc::new(MemoryStorage::new());
    let config = LedgerConfig {
        welcome_credit: usd(500),
        ..LedgerConfig::new(Currency::USD)
    };
    let ledger = Ledger::new(
        Arc::<MemoryStorage>::clone(&store),
        Arc::new(SystemClock),
        BOT,
        config,
    );
    assert_eq!(ledger.account(ANNA).await.unwrap().available, usd(500));
    let short = ledger.reserve(ANNA, label("a", 600)).await.unwrap();
    assert!(matches!(short, Reservation::Short { .. }), "{short:?}");
    assert_eq!(
        store
            .scan(&stepkeep_core::ScanFilter::default(), None, 10)
            .await
            .unwrap()
            .sessions
            .len(),
        0
    );
    ledger.reserve(ANNA, label("a", 100)).await.unwrap();
    ledger
        .credit(ANNA, "more", usd(1), Purse::General, "")
        .await
        .unwrap();
    assert_eq!(
        ledger.account(ANNA).await.unwrap().total,
        usd(501),
        "it is credited once"
    );
}

#[tokio::test]
async fn a_dry_run_goes_through_everything_and_moves_nothing() {
    let config = LedgerConfig {
        dry_run_users: [ANNA].into(),
        ..LedgerConfig::new(Currency::USD)
    };
    let store = Arc::new(MemoryStorage::new());
    let ledger = Ledger::new(store, Arc::new(SystemClock), BOT, config);
    let reserved = ledger.reserve(ANNA, label("a", 600)).await.unwrap();
    let Reservation::Reserved(charge) = reserved else {
        panic!("{reserved:?}");
    };
    assert!(charge.is_dry_run());
    let charge = ledger.capture(ANNA, "a", CaptureNote::default()).await.unwrap();
    assert_eq!(
        (charge.state, charge.paid_by),
        (ChargeState::Captured, PaidBy::DryRun)
    );
    assert_eq!(ledger.account(ANNA).await.unwrap().total, usd(0));
    // Giving it back gives nothing.
    ledger.refund(ANNA, "a", "void").await.unwrap();
    assert_eq!(ledger.account(ANNA).await.unwrap().total, usd(0));
}

/// Says what it is told, and notes what it was asked about.
#[derive(Debug, Default)]
struct Told {
    verdict: Mutex<Option<Verdict>>,
    asked: Mutex<Vec<String>>,
    /// What takes the charge up while it is looked into.
    meanwhile: Mutex<Option<Ledger>>,
}

#[async_trait]
impl Inspector for Told {
    fn kind(&self) -> ChargeKind {
        ChargeKind::Label
    }

    async fn inspect(&self, user: UserId, charge: &Charge) -> Verdict {
        self.asked.lock().push(charge.id.clone());
        let meanwhile = self.meanwhile.lock().take();
        if let Some(ledger) = meanwhile {
            ledger
                .reserve(user, label(&charge.id, charge.amount.minor()))
                .await
                .unwrap();
        }
        self.verdict.lock().clone().unwrap_or(Verdict::Unknown)
    }
}

#[tokio::test]
async fn what_is_unclear_stays_reserved_until_somebody_knows() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
    let ledger = Ledger::new(
        Arc::new(MemoryStorage::new()),
        Arc::<ManualClock>::clone(&clock),
        BOT,
        LedgerConfig::new(Currency::USD),
    );
    ledger
        .credit(ANNA, "first", usd(100), Purse::General, "")
        .await
        .unwrap();
    ledger.reserve(ANNA, label("a", 100)).await.unwrap();
    let told = Arc::<Told>::default();
    let watch = LedgerWatch::new(ledger.clone(), vec![Arc::<Told>::clone(&told)]);
    let asked = || told.asked.lock().len();

    // Not before the hold is over.
    watch.look().await.unwrap();
    assert_eq!(asked(), 0);
    clock.advance(Duration::from_mins(16));
    watch.look().await.unwrap();
    assert_eq!(asked(), 1);
    // Nobody knows: for a week it is looked into, ever less often, and the money stays.
    for _ in 0..7 * 24 * 4 {
        clock.advance(Duration::from_mins(15));
        watch.look().await.unwrap();
    }
    assert!((8..20).contains(&asked()), "{}", asked());
    assert_eq!(ledger.account(ANNA).await.unwrap().reserved, usd(100));

    // Somebody takes it up while it is looked into: the verdict is about what was before, and doesn't count.
    clock.advance(Duration::from_hours(25));
    *told.verdict.lock() = Some(Verdict::Release(ReleaseReason::NotOrdered));
    *told.meanwhile.lock() = Some(ledger.clone());
    watch.look().await.unwrap();
    assert_eq!(ledger.account(ANNA).await.unwrap().reserved, usd(100));

    // At last it shows.
    clock.advance(Duration::from_mins(16));
    watch.look().await.unwrap();
    let account = ledger.account(ANNA).await.unwrap();
    assert_eq!((account.reserved, account.available), (usd(0), usd(100)));
    let late = ledger.capture(ANNA, "a", CaptureNote::default()).await;
    assert!(matches!(late, Err(LedgerError::Settled(_))), "{late:?}");
    // And it isn't looked into any more.
    let before = asked();
    clock.advance(Duration::from_hours(48));
    watch.look().await.unwrap();
    assert_eq!(asked(), before);
}
