//! `cargo bench -p pennon-sdk`: the public calls on the engine's five workloads, beside the bare engine.

#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::expect_used, reason = "a benchmark fails aloud")]

#[path = "../../engine/benches/workloads/mod.rs"]
#[allow(dead_code, reason = "the engine's own, which use all of it")]
mod workloads;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pennon_engine::{Asked, Snapshot};
use pennon_sdk::{Client, Context};

use workloads::AT;

/// A client that serves the snapshot and counts, as in production, for a server that is not there.
fn client(snapshot: &Snapshot) -> Client {
    Client::builder()
        .url("http://127.0.0.1:1")
        .key("pnn_srv_nobody")
        .bootstrap(String::from_utf8(snapshot.to_json()).expect("text"))
        .build()
        .expect("a client")
}

fn single(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluate");
    for workload in workloads::single() {
        let (client, bare) = (client(&workload.snapshot), workload.context());
        let context = Context::from_json(workload.context_json()).expect("a context");
        assert!(client.is_enabled("flag", &context));
        group.bench_function(BenchmarkId::new("engine", workload.name), |bencher| {
            bencher.iter(|| {
                let found = workload.snapshot.evaluate("flag", black_box(&bare), Some(Asked::Boolean), &AT);
                found.as_bool().unwrap_or(false)
            });
        });
        group.bench_function(BenchmarkId::new("is_enabled", workload.name), |bencher| {
            bencher.iter(|| client.is_enabled("flag", black_box(&context)));
        });
        group.bench_function(BenchmarkId::new("details", workload.name), |bencher| {
            bencher.iter(|| client.details("flag", false, black_box(&context)));
        });
    }
    group.finish();
}

fn bulk(criterion: &mut Criterion) {
    let (snapshot, text) = workloads::bulk();
    let (client, context) = (client(&snapshot), Context::from_json(&text).expect("a context"));
    let bare = pennon_engine::Context::from_json(text.as_bytes()).expect("a context");
    let keys: Vec<&str> = snapshot.flags().map(|flag| flag.flag().key()).collect();
    let mut group = criterion.benchmark_group("500 flags");
    group.bench_function("engine", |bencher| {
        bencher.iter(|| {
            keys.iter()
                .filter(|key| {
                    snapshot.evaluate(key, black_box(&bare), Some(Asked::Boolean), &AT).as_bool()
                        == Some(true)
                })
                .count()
        });
    });
    group.bench_function("is_enabled", |bencher| {
        bencher.iter(|| keys.iter().filter(|key| client.is_enabled(key, black_box(&context))).count());
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Clients need a runtime to be made in; none of their tasks runs while this thread measures.
    let _inside = runtime.enter();
    single(criterion);
    bulk(criterion);
}

criterion_group!(benches, all);
criterion_main!(benches);
