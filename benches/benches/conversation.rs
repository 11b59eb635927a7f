//! A whole conversation: an order's fourteen answers and the summary, through the turn engine and the bot's own flows.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that fails has nothing to measure"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stepkeep::flows::{FlowSettings, flows};
use stepkeep::localization::Localizer;
use stepkeep_benches::{ANSWERS, Candidate, MEASUREMENT, candidates, key};
use stepkeep_core::{Clock, Input, InputId, InputKind, Outcome, Reply, SystemClock, Tap, TurnEngine};
use tokio::runtime::Runtime;

static NEXT_PERSON: AtomicI64 = AtomicI64::new(1);
static NEXT_UPDATE: AtomicI64 = AtomicI64::new(1);

async fn order(engine: &TurnEngine) {
    let person = NEXT_PERSON.fetch_add(1, Ordering::Relaxed);
    let start = InputKind::Command {
        name: "start".to_owned(),
        arguments: String::new(),
    };
    let menu = apply(engine, person, start).await;
    let Some(Reply::Message(menu)) = menu.last() else {
        panic!("the main menu is a message")
    };
    let data = menu.buttons[0][0].action.clone();
    apply(engine, person, InputKind::Tap(Tap { message: 1, data })).await;
    for answer in ANSWERS {
        apply(engine, person, InputKind::Text(answer.to_owned())).await;
    }
}

async fn apply(engine: &TurnEngine, person: i64, kind: InputKind) -> Arc<[Reply]> {
    let update = NEXT_UPDATE.fetch_add(1, Ordering::Relaxed);
    let at = engine.clock().now();
    let input = Input {
        id: InputId::Update(update),
        at,
        language: Some("en".to_owned()),
        kind,
    };
    match engine.handle(&key(person), &input).await.unwrap() {
        Outcome::Applied(committed) => {
            engine
                .confirm_delivery(&committed.session, &committed.inputs)
                .await
                .unwrap();
            committed.replies
        }
        other => panic!("every input of the order is applied: {other:?}"),
    }
}

fn conversations(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let localizer = Arc::new(Localizer::new().unwrap());
    for Candidate { name, store, .. } in &runtime.block_on(candidates()) {
        let engine = Arc::new(TurnEngine::new(
            Arc::clone(store),
            flows(&localizer, &FlowSettings::default()),
            Arc::new(SystemClock),
        ));
        let mut group = criterion.benchmark_group("conversation");
        group.measurement_time(MEASUREMENT).sample_size(10);
        for people in [1_usize, 64] {
            let inputs = u64::try_from(people * (ANSWERS.len() + 2)).unwrap();
            group.throughput(Throughput::Elements(inputs));
            group.bench_function(
                BenchmarkId::new("order", format!("{name}/{people}-people")),
                |bencher| {
                    bencher.to_async(&runtime).iter(|| async {
                        let orders = (0..people).map(|_| {
                            let engine = Arc::clone(&engine);
                            tokio::spawn(async move { order(&engine).await })
                        });
                        for ended in futures::future::join_all(orders).await {
                            ended.unwrap();
                        }
                    });
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, conversations);
criterion_main!(benches);
