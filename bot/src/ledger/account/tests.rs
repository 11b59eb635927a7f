//! What holds for an account, whatever is done to it in whatever order.

use proptest::prelude::*;

use super::folding::MOST_ENTRIES;
use super::*;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn config() -> LedgerConfig {
    LedgerConfig {
        admin_daily_limit: usd(500),
        ..LedgerConfig::new(Currency::USD)
    }
}

fn new_charge(id: &str, kind: ChargeKind, amount: i64) -> NewCharge {
    NewCharge {
        id: id.to_owned(),
        kind,
        amount: usd(amount),
        subject: "UPS Ground".to_owned(),
        fingerprint: None,
    }
}

/// An account with so much in the general purse.
fn account_with(minor: i64) -> Account {
    let mut account = Account::opened(&config(), START);
    if minor > 0 {
        account
            .credit("first", usd(minor), Purse::General, "", START)
            .unwrap();
    }
    account
}

fn reserve(account: &mut Account, charge: NewCharge) -> Reservation {
    account
        .reserve(charge, PaidBy::Balance, &config(), START)
        .unwrap()
}

#[derive(Debug, Clone)]
enum Operation {
    Credit(u8, i64, Purse),
    Reserve(u8, ChargeKind, i64, PaidBy),
    Note(u8, ChargeStage),
    Capture(u8, Option<i64>),
    Release(u8),
    Refund(u8),
    PutOff(u8),
}

fn operation() -> impl Strategy<Value = Operation> {
    let id = 0_u8..12;
    let purse = prop_oneof![Just(Purse::General), Just(Purse::AiOnly)];
    let kind = prop_oneof![Just(ChargeKind::Label), Just(ChargeKind::Generation)];
    let payer = prop_oneof![
        6 => Just(PaidBy::Balance),
        1 => Just(PaidBy::DailyLimit),
        1 => Just(PaidBy::DryRun)
    ];
    let stage = prop_oneof![
        Just(ChargeStage::Submitting),
        Just(ChargeStage::Unclear),
        Just(ChargeStage::Submitted { task: "t".to_owned() })
    ];
    prop_oneof![
        (id.clone(), -5_i64..300, purse).prop_map(|(id, minor, purse)| Operation::Credit(id, minor, purse)),
        (id.clone(), kind, -5_i64..200, payer)
            .prop_map(|(id, kind, minor, payer)| Operation::Reserve(id, kind, minor, payer)),
        (id.clone(), stage).prop_map(|(id, stage)| Operation::Note(id, stage)),
        (id.clone(), proptest::option::of(0_i64..250)).prop_map(|(id, minor)| Operation::Capture(id, minor)),
        id.clone().prop_map(Operation::Release),
        id.clone().prop_map(Operation::Refund),
        id.prop_map(Operation::PutOff),
    ]
}

impl Operation {
    /// Does it; answers what came of it, as text.
    fn run(&self, account: &mut Account, now: Timestamp) -> String {
        let config = config();
        let id = |id: &u8| format!("id-{id}");
        match self {
            Self::Credit(of, minor, purse) => {
                format!("{:?}", account.credit(&id(of), usd(*minor), *purse, "", now))
            }
            Self::Reserve(of, kind, minor, payer) => {
                let charge = new_charge(&id(of), *kind, *minor);
                format!("{:?}", account.reserve(charge, *payer, &config, now))
            }
            Self::Note(of, stage) => format!("{:?}", account.note(&id(of), stage, &config, now)),
            Self::Capture(of, minor) => {
                let note = CaptureNote {
                    amount: minor.map(usd),
                    outcome: None,
                };
                format!("{:?}", account.capture(&id(of), &note, now))
            }
            Self::Release(of) => {
                format!("{:?}", account.release(&id(of), &ReleaseReason::Cancelled, now))
            }
            Self::Refund(of) => format!("{:?}", account.refund(&id(of), "", now)),
            Self::PutOff(of) => format!("{:?}", account.put_off(&id(of), &config, now)),
        }
    }

    /// Whether it says when it looks again, which another time is another instant.
    fn is_put_off(&self) -> bool {
        matches!(self, Self::PutOff(_))
    }
}

fn check(account: &Account) {
    for purse in [Purse::General, Purse::AiOnly] {
        assert!(account.reserved(purse) >= 0, "{account:#?}");
        assert!(account.free(purse) >= 0, "{account:#?}");
    }
    let mut there = account.folded.credited - account.folded.captured;
    for entry in &account.entries {
        match entry {
            HistoryEntry::Movement(movement) => there += movement.amount.minor(),
            HistoryEntry::Charge(charge)
                if charge.state == ChargeState::Captured && charge.paid_by == PaidBy::Balance =>
            {
                there -= charge.amount.minor();
            }
            HistoryEntry::Charge(_) => {}
        }
    }
    assert_eq!(account.general + account.ai_only, there, "{account:#?}");
    assert!((0..=500).contains(&account.admin_day.spent), "{account:#?}");
}

proptest! {
    #[test]
    fn nobody_overdraws_and_nothing_is_lost(operations in prop::collection::vec((operation(), 0_u64..200_000), 1..60)) {
        let mut account = account_with(300);
        let mut now = START;
        for (operation, pause) in operations {
            now = now + Duration::from_millis(pause);
            operation.run(&mut account, now);
            account.fold(&config(), now);
            check(&account);
        }
    }

    #[test]
    fn done_again_an_operation_changes_nothing(operations in prop::collection::vec(operation(), 1..60)) {
        let mut account = account_with(300);
        for operation in operations {
            let first = operation.run(&mut account, START);
            let after = account.clone();
            let second = operation.run(&mut account, START);
            if !operation.is_put_off() {
                prop_assert_eq!(&account, &after);
                // An error stays an error: what failed for good doesn't go through the second time.
                prop_assert_eq!(first.starts_with("Err"), second.starts_with("Err"));
            }
        }
    }

    #[test]
    fn an_account_comes_back_from_its_record_as_it_was(operations in prop::collection::vec(operation(), 1..40)) {
        let mut account = account_with(300);
        for operation in operations {
            operation.run(&mut account, START);
        }
        let json = serde_json::to_string(&account).unwrap();
        prop_assert_eq!(serde_json::from_str::<Account>(&json).unwrap(), account);
    }
}

#[test]
fn a_label_is_not_paid_with_money_for_generations() {
    let mut account = account_with(100);
    account
        .credit("stars", usd(1_000), Purse::AiOnly, "", START)
        .unwrap();
    let short = reserve(&mut account, new_charge("label", ChargeKind::Label, 150));
    assert_eq!(
        short,
        Reservation::Short {
            missing: usd(50),
            available: usd(100)
        }
    );
    // A generation takes that purse first, and the other one for the rest.
    let reserved = reserve(&mut account, new_charge("image", ChargeKind::Generation, 1_050));
    assert!(matches!(reserved, Reservation::Reserved(_)), "{reserved:?}");
    assert_eq!(
        (account.free(Purse::General), account.free(Purse::AiOnly)),
        (50, 0)
    );
}

#[test]
fn what_is_captured_for_less_leaves_the_rest() {
    let mut account = account_with(100);
    reserve(&mut account, new_charge("a", ChargeKind::Generation, 80));
    let note = CaptureNote {
        amount: Some(usd(30)),
        outcome: None,
    };
    let charge = account.capture("a", &note, START).unwrap();
    assert_eq!(charge.amount, usd(30));
    assert_eq!(account.free(Purse::General), 70);
}

#[test]
fn a_charge_is_settled_one_way_only() {
    let mut account = account_with(100);
    reserve(&mut account, new_charge("a", ChargeKind::Label, 10));
    reserve(&mut account, new_charge("b", ChargeKind::Label, 10));
    account.capture("a", &CaptureNote::default(), START).unwrap();
    account.release("b", &ReleaseReason::Cancelled, START).unwrap();
    let refused = account.release("a", &ReleaseReason::Cancelled, START);
    assert!(matches!(refused, Err(LedgerError::Settled(_))), "{refused:?}");
    let refused = account.capture("b", &CaptureNote::default(), START);
    assert!(matches!(refused, Err(LedgerError::Settled(_))), "{refused:?}");
    let refused = account.refund("b", "", START);
    assert!(matches!(refused, Err(LedgerError::Settled(_))), "{refused:?}");
}

#[test]
fn so_many_generations_are_open_at_once_and_the_same_is_not_made_twice_in_a_minute() {
    let mut account = account_with(100);
    let same = |id: &str| NewCharge {
        fingerprint: Some("cat".to_owned()),
        ..new_charge(id, ChargeKind::Generation, 1)
    };
    assert!(matches!(
        reserve(&mut account, same("0")),
        Reservation::Reserved(_)
    ));
    assert!(matches!(
        reserve(&mut account, same("1")),
        Reservation::Duplicate(_)
    ));
    for id in ["2", "3", "4", "5"] {
        let reserved = reserve(&mut account, new_charge(id, ChargeKind::Generation, 1));
        assert!(matches!(reserved, Reservation::Reserved(_)), "{reserved:?}");
    }
    let one_more = reserve(&mut account, new_charge("6", ChargeKind::Generation, 1));
    assert_eq!(one_more, Reservation::TooManyOpen { most: 5 });
    // Labels are counted by themselves.
    let label = reserve(&mut account, new_charge("label", ChargeKind::Label, 1));
    assert!(matches!(label, Reservation::Reserved(_)), "{label:?}");
}

#[test]
fn an_admin_spends_the_limit_of_a_day_and_the_next_day_has_one_of_its_own() {
    let mut account = Account::opened(&config(), START);
    let mut spend = |id: &str, amount, now| {
        account
            .reserve(
                new_charge(id, ChargeKind::Label, amount),
                PaidBy::DailyLimit,
                &config(),
                now,
            )
            .unwrap()
    };
    assert!(matches!(spend("a", 400, START), Reservation::Reserved(_)));
    let short = Reservation::Short {
        missing: usd(100),
        available: usd(100),
    };
    assert_eq!(spend("b", 200, START), short);
    let tomorrow = START + Duration::from_hours(24);
    assert!(matches!(spend("b", 200, tomorrow), Reservation::Reserved(_)));
}

#[test]
fn what_is_old_is_summed_up_and_its_id_is_still_known() {
    let mut account = account_with(100);
    reserve(&mut account, new_charge("paid", ChargeKind::Label, 10));
    account.capture("paid", &CaptureNote::default(), START).unwrap();
    reserve(&mut account, new_charge("unclear", ChargeKind::Label, 20));
    let later = START + config().keep + Duration::from_secs(1);
    account.fold(&config(), later);
    let ids: Vec<_> = account.entries.iter().map(HistoryEntry::id).collect();
    assert_eq!(ids, ["unclear"], "what is open stays, however old");
    assert_eq!((account.folded.credited, account.folded.captured), (100, 10));
    assert_eq!(account.free(Purse::General), 70);
    check(&account);

    let again = account.credit("first", usd(100), Purse::General, "", later);
    assert!(!again.unwrap(), "it was credited before");
    let again = account.reserve(
        new_charge("paid", ChargeKind::Label, 10),
        PaidBy::Balance,
        &config(),
        later,
    );
    assert!(matches!(again, Err(LedgerError::Forgotten)), "{again:?}");
    assert!(account.history(0).folded.is_some());
}

#[test]
fn a_full_account_fits_into_a_record() {
    let long = "ы".repeat(500);
    let mut account = account_with(1);
    for number in 0..3_000 {
        let id = format!("credit:{number:0>60}");
        account.credit(&id, usd(1), Purse::General, &long, START).unwrap();
        account.fold(&config(), START);
    }
    for number in 0..20 {
        let id = format!("label:{number:0>40}:{number:0>64}");
        reserve(
            &mut account,
            NewCharge {
                subject: long.clone(),
                ..new_charge(&id, ChargeKind::Label, 1)
            },
        );
        account.fold(&config(), START);
    }
    assert_eq!(account.entries.len(), MOST_ENTRIES);
    let bytes = serde_json::to_string(&account).unwrap().len();
    assert!(bytes < 240 * 1024, "{bytes}");
}

#[test]
fn pages_show_everything_once_newest_first() {
    let mut account = account_with(0);
    for number in 0..20 {
        let id = format!("{number}");
        account.credit(&id, usd(1), Purse::General, "", START).unwrap();
    }
    let pages: Vec<_> = (0..3).map(|page| account.history(page)).collect();
    let ids: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.entries)
        .map(HistoryEntry::id)
        .collect();
    let expected: Vec<_> = (0..20).rev().map(|number| number.to_string()).collect();
    assert_eq!(ids, expected);
    assert_eq!(
        pages
            .iter()
            .map(|page| (page.has_newer, page.has_older))
            .collect::<Vec<_>>(),
        [(false, true), (true, true), (true, false)]
    );
    assert_eq!(account.history(99), pages[2]);
}
