use stepkeep_core::{Fault, Faults, MemoryStorage, StoreOperation, SystemClock, WithFaults};
use tokio::time::sleep;

use super::*;

const BOT: BotId = BotId(7);

/// A process whose store can be broken.
struct Process {
    leadership: Leadership,
    faults: Faults,
}

impl Process {
    fn of(bot: BotId, memory: &MemoryStorage) -> Self {
        let faults = Faults::with_seed(1);
        let store = Arc::new(WithFaults::new(memory.clone(), &faults));
        Self {
            leadership: Leadership::new(store, Arc::new(SystemClock), bot),
            faults,
        }
    }

    fn new(memory: &MemoryStorage) -> Self {
        Self::of(BOT, memory)
    }

    async fn wins(&self) -> Lead {
        let won = self.wins_within(Duration::from_secs(30)).await;
        won.expect("it leads").0
    }

    /// The lead, if it is won in time, and how long that took.
    async fn wins_within(&self, limit: Duration) -> Option<(Lead, Duration)> {
        let (began, never) = (Instant::now(), CancellationToken::new());
        let won = tokio::time::timeout(limit, self.leadership.win(&never)).await;
        won.ok()
            .map(|lead| (lead.expect("nobody stops it"), began.elapsed()))
    }

    /// From now on this process can't reach the store.
    fn loses_the_store(&self) {
        for operation in [
            StoreOperation::Get,
            StoreOperation::Create,
            StoreOperation::Update,
        ] {
            self.faults.inject(Fault::unavailable(operation));
        }
    }
}

fn leads(lead: &Lead) -> bool {
    !lead.tenure().is_lost()
}

async fn epoch(memory: &MemoryStorage) -> u64 {
    let lease = Lease::new(
        Arc::new(memory.clone()),
        Arc::new(SystemClock),
        BOT,
        Holder::new(),
    );
    Record::of(&lease.read().await.unwrap().expect("a record")).epoch
}

const A_LONG_TIME: Duration = Duration::from_mins(10);

#[tokio::test(start_paused = true)]
async fn the_first_process_leads_at_once_and_the_next_one_stands_by_for_as_long_as_it_renews() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let (lead, took) = one.wins_within(A_LONG_TIME).await.expect("it leads");
    assert!(took.is_zero(), "{took:?}");
    assert!(other.wins_within(A_LONG_TIME).await.is_none());
    assert!(leads(&lead));
    assert_eq!(epoch(&memory).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_renews_no_more_is_followed_within_ten_seconds() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    // The process is there, and does nothing.
    drop(one.wins().await);
    let (_lead, took) = other.wins_within(A_LONG_TIME).await.expect("it leads");
    assert!(took >= UP_AFTER && took <= Duration::from_secs(10), "{took:?}");
    assert_eq!(epoch(&memory).await, 2);
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_leader_that_died_on_the_same_machine_is_followed_by_the_next_look() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    drop(one.wins().await);
    drop(one);
    let (_lead, took) = other.wins_within(A_LONG_TIME).await.expect("it leads");
    assert!(took <= LOOKED_AT_EVERY, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_gives_up_is_followed_within_a_second() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let lead = one.wins().await;
    let released = async {
        sleep(Duration::from_secs(30)).await;
        lead.release().await;
    };
    let (won, ()) = tokio::join!(other.wins_within(A_LONG_TIME), released);
    let (_lead, took) = won.expect("it leads");
    assert!(took <= Duration::from_secs(31), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lead_is_given_up_also_when_the_answer_to_a_renewal_was_lost() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let lead = one.wins().await;
    one.faults
        .inject(Fault::lost_answer(StoreOperation::Update).times(1));
    assert_eq!(lead.tenure().renew().await, Standing::Unsure);
    lead.release().await;
    let (_lead, took) = other.wins_within(A_LONG_TIME).await.expect("it leads");
    assert!(took.is_zero(), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn of_many_that_stand_by_one_takes_over() {
    let memory = MemoryStorage::new();
    let processes: Vec<_> = (0..8).map(|_| Process::new(&memory)).collect();
    let first = Process::new(&memory);
    drop(first.wins().await);
    let contest = processes
        .iter()
        .map(|process| process.wins_within(Duration::from_mins(1)));
    let won = futures::future::join_all(contest).await;
    let leads: Vec<_> = won.into_iter().flatten().collect();
    assert_eq!(leads.len(), 1);
    assert_eq!(epoch(&memory).await, 2);
}

#[tokio::test(start_paused = true)]
async fn two_bots_in_one_store_have_a_leader_each() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::of(BotId(8), &memory));
    let (one, other) = (one.wins().await, other.wins().await);
    assert!(leads(&one) && leads(&other));
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_for_all_the_leader_stays_and_nobody_takes_over_when_it_is_back() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let lead = one.wins().await;
    let outage = async {
        sleep(Duration::from_secs(20)).await;
        one.loses_the_store();
        other.loses_the_store();
        sleep(Duration::from_mins(5)).await;
        assert!(lead.tenure().may_poll().await, "people must hear of it");
        // The one that stands by sees the store first.
        other.faults.heal();
        sleep(Duration::from_secs(4)).await;
        one.faults.heal();
    };
    let (won, ()) = tokio::join!(other.wins_within(A_LONG_TIME), outage);
    assert!(won.is_none());
    assert!(leads(&lead));
    assert_eq!(lead.tenure().renew().await, Standing::Leads);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_lost_the_store_steps_down_when_another_one_polls() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let lead = one.wins().await;
    one.loses_the_store();
    let _next = other.wins().await;
    assert!(leads(&lead), "it can't know");
    assert!(lead.tenure().may_poll().await);
    lead.tenure().is_contested().await;
    assert!(!leads(&lead));
    assert!(!lead.tenure().may_poll().await);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_lost_the_store_steps_down_when_it_is_back_and_another_one_leads() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let lead = one.wins().await;
    one.loses_the_store();
    let _next = other.wins().await;
    one.faults.heal();
    let forever = lead.while_it_lasts(std::future::pending::<()>());
    let ended = tokio::time::timeout(A_LONG_TIME, forever).await;
    assert_eq!(ended, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_healthy_leader_stays_when_somebody_polls_who_knows_of_no_lease() {
    let memory = MemoryStorage::new();
    let one = Process::new(&memory);
    let lead = one.wins().await;
    lead.tenure().is_contested().await;
    assert!(leads(&lead));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_finds_out_before_it_polls_that_another_one_leads() {
    let memory = MemoryStorage::new();
    let (one, other) = (Process::new(&memory), Process::new(&memory));
    let lead = one.wins().await;
    let tenure = lead.tenure();
    // Nothing of it runs any more.
    drop(lead);
    let _next = other.wins().await;
    assert!(!tenure.may_poll().await);
}

#[tokio::test(start_paused = true)]
async fn a_leader_asks_the_store_for_no_poll_while_it_renews() {
    let memory = MemoryStorage::new();
    let one = Process::new(&memory);
    let lead = one.wins().await;
    one.faults
        .inject(Fault::delay(StoreOperation::Update, Duration::from_mins(1)));
    let began = Instant::now();
    for _ in 0..100 {
        assert!(lead.tenure().may_poll().await);
        sleep(Duration::from_millis(700)).await;
    }
    let waited = began.elapsed().saturating_sub(Duration::from_secs(70));
    assert!(
        waited <= Duration::from_secs(3),
        "polls were held up for {waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_is_lost_is_no_loss_of_the_lead() {
    let memory = MemoryStorage::new();
    let one = Process::new(&memory);
    let lead = one.wins().await;
    one.faults
        .inject(Fault::lost_answer(StoreOperation::Update).times(1));
    for expected in [Standing::Unsure, Standing::Leads] {
        assert_eq!(lead.tenure().renew().await, expected);
    }
    sleep(Duration::from_secs(30)).await;
    assert!(leads(&lead));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_gone_from_the_store_is_lost_and_can_be_won_again() {
    let memory = MemoryStorage::new();
    let one = Process::new(&memory);
    let lead = one.wins().await;
    let page = memory
        .scan(&stepkeep_core::ScanFilter::default(), None, 10)
        .await
        .unwrap();
    let [record] = &page.sessions[..] else {
        panic!("one record: {page:?}");
    };
    memory.clear(record.key(), None).await.unwrap();
    assert_eq!(lead.tenure().renew().await, Standing::Lost);
    assert!(leads(&one.wins().await));
}
