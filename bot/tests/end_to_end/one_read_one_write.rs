//! An answer or a tap costs one read and one write of the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use stepkeep::leadership::Leadership;
use stepkeep::ledger::Ledger;
use stepkeep::people::People;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter, ScanPage,
    Session, SessionChange, SessionKey, SessionStore, StoreError,
};

use crate::bot_here::BotHere;
use crate::order::{Order, PROMPTS};
use crate::town::{Town, patiently};

/// A store that counts what is asked of it about conversations.
#[derive(Debug, Default)]
struct Counting {
    store: MemoryStorage,
    reads: AtomicU32,
    writes: AtomicU32,
}

impl Counting {
    /// Reads and writes so far.
    fn counts(&self) -> (u32, u32) {
        (
            self.reads.load(Ordering::SeqCst),
            self.writes.load(Ordering::SeqCst),
        )
    }

    /// Who polls is settled in the store too, once in a while and for all conversations together; money moves while
    /// labels are bought, not while taps are answered; and that a person is there is noted once an hour, beside the turns.
    fn count(counter: &AtomicU32, key: &SessionKey) {
        let others = [
            Leadership::scope(),
            Ledger::scope(),
            People::scope(),
            People::seen_scope(),
        ];
        if !others.contains(key.scope()) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl SessionStore for Counting {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        Self::count(&self.writes, new.key());
        self.store.create(new).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        Self::count(&self.reads, key);
        self.store.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        Self::count(&self.writes, held.key());
        self.store.update(held, change).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        Self::count(&self.writes, key);
        self.store.clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.store.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.store.scan(filter, after, limit).await
    }
}

/// A bot in this process, on a store that counts.
async fn counted_bot() -> (Arc<Town>, Arc<Counting>, BotHere) {
    let town = Town::new().await;
    let url = town.sandbox.url();
    let store = Arc::new(Counting::default());
    let bot = BotHere::start(&url, &url, Arc::<Counting>::clone(&store));
    (town, store, bot)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_and_every_tap_costs_one_read_and_one_write() {
    let (town, store, bot) = counted_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(40);
    let mut inputs = 0;
    let mut costs_one_of_each = async || {
        town.is_quiet().await;
        inputs += 1;
        assert_eq!(store.counts(), (inputs, inputs), "after {inputs} inputs");
    };

    let menu = person.asks("/start", "I help you send a parcel").await;
    costs_one_of_each().await;
    let mut prompt = person.chooses(&menu, "New order", PROMPTS[0]).await;
    costs_one_of_each().await;
    for (question, asked) in PROMPTS.into_iter().enumerate() {
        // A wrong answer costs as much: it is remembered, so that it isn't answered twice.
        person.asks("\u{200b}", "Example").await;
        costs_one_of_each().await;
        prompt = person.answers(&order, question, &prompt).await;
        costs_one_of_each().await;
        let before = person.chooses(&prompt, "Back", asked).await;
        costs_one_of_each().await;
        prompt = person.answers(&order, question, &before).await;
        costs_one_of_each().await;
    }

    // An outside call that comes back is an input of its own, which nobody redelivers: it is also noted that its
    // answer was sent.
    let costs_with_call = async |before: (u32, u32)| {
        let expected = (before.0 + 2, before.1 + 3);
        patiently(async {
            while store.counts() != expected {
                tokio::task::yield_now().await;
            }
        })
        .await;
        town.is_quiet().await;
        assert_eq!(store.counts(), expected);
    };
    let before = store.counts();
    person
        .chooses(&prompt, "Show prices", "Asking the carriers")
        .await;
    let offers = person.hears("Tap the one you like").await;
    costs_with_call(before).await;
    // Prices that are known come without a call.
    let summary = person.chooses(&offers, "Back", "Please check your order").await;
    town.is_quiet().await;
    let before = store.counts();
    let offers = person
        .chooses(&summary, "Show prices", "Tap the one you like")
        .await;
    town.is_quiet().await;
    assert_eq!(store.counts(), (before.0 + 1, before.1 + 1));
    let before = store.counts();
    let confirmation = person.chooses(&offers, "USPS", "Shall I buy the label?").await;
    town.is_quiet().await;
    assert_eq!(store.counts(), (before.0 + 1, before.1 + 1));
    let before = store.counts();
    person.buys(&confirmation).await;
    costs_with_call(before).await;

    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passers_by_leave_no_record() {
    let (town, store, bot) = counted_bot().await;
    let mut person = town.person(1).await;
    for text in ["hello", "/help", "/cancel", "/nonsense"] {
        person.asks(text, "").await;
    }
    let (_, query) = person.presses(1, "made:0").await;
    person.answer_of(&query).await;
    town.is_quiet().await;
    assert_eq!(store.counts(), (5, 0));
    let page = store.store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    let scopes: Vec<_> = page
        .sessions
        .iter()
        .map(|session| session.key().scope())
        .collect();
    assert_eq!(
        scopes,
        [&Leadership::scope()],
        "there is the lease, and no conversation"
    );

    bot.stop().await;
}
