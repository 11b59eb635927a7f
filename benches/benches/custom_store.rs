//! Each operation of the contract on the store that the book writes: the same measurements as for the others.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use criterion::{Criterion, criterion_group, criterion_main};
use stepkeep_benches::bench_store;

#[path = "../../core/examples/custom_store.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the store's target, its tests and its `main` are not measured"
)]
mod custom_store;

use custom_store::FolderStore;

// ANCHOR: bench
fn operations(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::new(folder.path());
    store.set_up().unwrap();
    bench_store(criterion, "folder", async { store });
}
// ANCHOR_END: bench

criterion_group!(benches, operations);
criterion_main!(benches);
