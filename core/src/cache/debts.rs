//! What has to be removed from a second level and could not be yet. Otherwise it would come back to life with it.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::MutexGuard;

/// So many keys are remembered; beyond that, everything has to go.
const MAX_KEYS: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Debts {
    owed: Mutex<Owed>,
    settling: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Owed {
    next: u64,
    /// Which of them is owed last: who paid an earlier one has not paid it.
    keys: HashMap<String, u64>,
    all: Option<u64>,
}

/// One key, or everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Debt {
    key: Option<String>,
    number: u64,
}

impl Debt {
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl Debts {
    /// `None` is everything.
    pub(super) fn owe(&self, key: Option<&str>) -> Debt {
        let mut owed = self.owed.lock();
        owed.next += 1;
        let number = owed.next;
        let key = key.filter(|key| owed.keys.len() < MAX_KEYS || owed.keys.contains_key(*key));
        if let Some(key) = key {
            owed.keys.insert(key.to_owned(), number);
        } else {
            owed.keys.clear();
            owed.all = Some(number);
        }
        Debt {
            key: key.map(str::to_owned),
            number,
        }
    }

    pub(super) fn paid(&self, debt: &Debt) {
        let mut owed = self.owed.lock();
        match &debt.key {
            Some(key) if owed.keys.get(key) == Some(&debt.number) => {
                owed.keys.remove(key);
            }
            None if owed.all == Some(debt.number) => owed.all = None,
            _ => {}
        }
    }

    /// What is to be paid next.
    pub(super) fn next(&self) -> Option<Debt> {
        let owed = self.owed.lock();
        let all = owed.all.map(|number| Debt { key: None, number });
        all.or_else(|| {
            owed.keys.iter().next().map(|(key, number)| Debt {
                key: Some(key.clone()),
                number: *number,
            })
        })
    }

    /// For one who pays all of them.
    pub(super) async fn settling(&self) -> MutexGuard<'_, ()> {
        self.settling.lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paying_an_earlier_debt_leaves_a_later_one_of_the_same_key() {
        let debts = Debts::default();
        let earlier = debts.owe(Some("a"));
        let later = debts.owe(Some("a"));
        debts.paid(&earlier);
        assert_eq!(debts.next(), Some(later.clone()));
        debts.paid(&later);
        assert_eq!(debts.next(), None);
    }

    #[test]
    fn too_many_keys_become_everything() {
        let debts = Debts::default();
        for key in 0..=MAX_KEYS {
            debts.owe(Some(&key.to_string()));
        }
        let all = debts.next().expect("a debt");
        assert_eq!(all.key(), None);
        debts.paid(&all);
        assert_eq!(debts.next(), None);
    }
}
