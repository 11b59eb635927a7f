//! What a turn costs before anything is read or written: keys, changes, stored forms, a question, and the parsers.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

#[path = "../../instructions/src/form.rs"]
mod open_questions;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use serde_json::value::RawValue;
use stepkeep::telegram::RawUpdate;
use stepkeep::validation::{
    parse_address_line, parse_city, parse_dimensions, parse_person_name, parse_phone_number,
    parse_postal_code, parse_state, parse_weight,
};
use stepkeep_benches::report::case::size;
use stepkeep_benches::report::shape::Shape;
use stepkeep_benches::{at, key};
use stepkeep_core::{ChatId, Event, Scope, SessionKey, ThreadId, TurnContext, document};

fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("key");
    let odd = key(42)
        .with_chat(ChatId(-1_001_234_567_890))
        .with_thread(ThreadId(7))
        .with_scope(Scope::new("orders/2026 🙂").unwrap());
    for (name, key) in [("private", key(42)), ("odd", odd)] {
        let encoded = key.encode();
        group.bench_function(BenchmarkId::new("encode", name), |bencher| {
            bencher.iter(|| black_box(&key).encode());
        });
        group.bench_function(BenchmarkId::new("decode", name), |bencher| {
            bencher.iter(|| black_box(&*encoded).parse::<SessionKey>().unwrap());
        });
    }
    group.finish();
}

fn sessions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    for bytes in [600, 4_096, 65_536] {
        let shape = Shape::of(bytes);
        let session = shape.session(42).session();
        let change = shape.change(3);
        let stored = document::encode(&session, usize::MAX).unwrap();
        let id = |what| BenchmarkId::new(what, size(bytes));
        group.throughput(Throughput::Bytes(u64::try_from(stored.len()).unwrap()));
        group.bench_function(id("apply-change"), |bencher| {
            bencher.iter(|| black_box(&change).apply(black_box(&session)));
        });
        group.bench_function(id("encode"), |bencher| {
            bencher.iter(|| document::encode(black_box(&session), usize::MAX).unwrap());
        });
        group.bench_function(id("decode"), |bencher| {
            bencher.iter(|| document::decode(session.key(), black_box(&stored)).unwrap());
        });
        group.bench_function(id("decode-change-encode"), |bencher| {
            bencher.iter(|| {
                let session = document::decode(session.key(), black_box(&stored)).unwrap();
                document::encode(&change.apply(&session), usize::MAX).unwrap()
            });
        });
    }
    group.finish();
}

/// One answer in the middle of a form.
fn form(criterion: &mut Criterion) {
    let form = open_questions::form();
    let shape = Shape::of(600);
    // It is on the step `field_1`.
    let session = shape.change(1).apply(&shape.session(42).session());
    criterion.bench_function("form/answer", |bencher| {
        bencher.iter(|| {
            let context = TurnContext {
                session: &session,
                event: Event::Text("500 W 2nd St".to_owned()),
                now: at(1),
                language: Some("en"),
                tapped_message: None,
                token: "token",
            };
            form.turn(&context).unwrap()
        });
    });
}

fn parsers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parser");
    let update = json!({"update_id": 1, "message": {
        "message_id": 1, "date": 1_800_000_000, "text": "500 W 2nd St",
        "chat": {"id": 42, "type": "private", "first_name": "Ann"},
        "from": {"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "en"},
    }});
    let raw = RawValue::from_string(update.to_string()).unwrap();
    group.bench_function("update", |bencher| {
        bencher.iter(|| RawUpdate::new(raw.clone()).unwrap().parse().unwrap());
    });
    group.bench_function("name", |bencher| {
        bencher.iter(|| parse_person_name(black_box("Maria Lopez")).unwrap());
    });
    group.bench_function("address", |bencher| {
        bencher.iter(|| parse_address_line(black_box("500 W 2nd St")).unwrap());
    });
    group.bench_function("city", |bencher| {
        bencher.iter(|| parse_city(black_box("San Jose")).unwrap());
    });
    group.bench_function("state", |bencher| {
        bencher.iter(|| parse_state(black_box("California")).unwrap());
    });
    group.bench_function("zip", |bencher| {
        bencher.iter(|| parse_postal_code(black_box("95128-1234")).unwrap());
    });
    group.bench_function("phone", |bencher| {
        bencher.iter(|| parse_phone_number(black_box("(512) 555-0100")).unwrap());
    });
    group.bench_function("weight", |bencher| {
        bencher.iter(|| parse_weight(black_box("1 lb 4 oz")).unwrap());
    });
    group.bench_function("dimensions", |bencher| {
        bencher.iter(|| parse_dimensions(black_box("10 x 6 x 4")).unwrap());
    });
    group.finish();
}

criterion_group!(benches, keys, sessions, form, parsers);
criterion_main!(benches);
