//! How long threads had a processor, as Linux counts it.

use std::time::Duration;

/// This thread, so far.
pub(crate) fn of_this_thread() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    read(&text)
}

/// All threads that the process has now, so far.
pub(crate) fn of_all_threads() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    // One that ends meanwhile has nothing to say.
    let texts =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    texts.map(|text| read(&text)).sum()
}

fn read(text: &str) -> Duration {
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    let Some(nanos) = nanos else {
        panic!("no time in {text}");
    };
    Duration::from_nanos(nanos)
}
