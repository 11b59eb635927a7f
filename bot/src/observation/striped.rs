//! Values that many threads change at once.

use std::array;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

/// How many threads have a value for themselves. More share, which costs time and nothing else.
const STRIPES: usize = 8;

static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which stripe is this thread's.
    static STRIPE: usize = NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

/// A value for each thread, put together when somebody looks.
///
/// Where two threads change one value, its cache line goes back and forth between their cores with each change. What looks while others change it may miss what comes meanwhile, and finds it the next time.
#[derive(Debug)]
pub(super) struct Striped<T>(Box<[CachePadded<T>; STRIPES]>);

impl<T> Striped<T> {
    pub(super) fn new(make: impl Fn() -> T) -> Self {
        Self(Box::new(array::from_fn(|_| CachePadded::new(make()))))
    }

    /// This thread's.
    pub(super) fn mine(&self) -> &T {
        // While a thread ends it has none of its own any more.
        let stripe = STRIPE.try_with(|stripe| *stripe).unwrap_or_default();
        self.0.get(stripe).unwrap_or(&self.0[0])
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|stripe| &**stripe)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn threads_count_side_by_side_and_nothing_is_lost() {
        let counts = Striped::new(|| AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 * STRIPES {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counts.mine().fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let all: Vec<u64> = counts.all().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(all.iter().sum::<u64>(), 24_000);
        assert!(all.iter().filter(|count| **count > 0).count() > 1, "{all:?}");
    }
}
