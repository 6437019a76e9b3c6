//! `cargo bench -p pennon-engine`: the five workloads, and what each allocates.

#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports, and fails aloud")]

mod workloads;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pennon_engine::{Change, Context, Snapshot};

use workloads::AT;

fn single(criterion: &mut Criterion) {
    for workload in workloads::single() {
        let context = workload.context();
        assert_eq!(
            workload.run(&context, &AT).variant().map(pennon_engine::Variant::name),
            Some(workload.variant)
        );
        let allocated = allocation_counter::measure(|| {
            black_box(workload.run(&context, &AT));
        });
        println!("{}: {} allocations", workload.name, allocated.count_total);
        criterion.bench_function(workload.name, |bencher| {
            bencher.iter(|| workload.run(black_box(&context), black_box(&AT)));
        });
    }
}

fn bulk(criterion: &mut Criterion) {
    let (snapshot, text) = workloads::bulk();
    let context = Context::from_json(text.as_bytes()).expect("a context");
    let answer =
        || snapshot.evaluate_all(black_box(&context), &AT).filter(|one| one.as_bool() == Some(true)).count();
    let allocated = allocation_counter::measure(|| {
        black_box(answer());
    });
    println!("500 flags: {} allocations", allocated.count_total);
    criterion.bench_function("500 flags", |bencher| bencher.iter(answer));
    criterion.bench_function("parse the context", |bencher| {
        bencher.iter(|| Context::from_json(black_box(text.as_bytes())));
    });
}

/// What a node pays for a snapshot of the largest size, and for one change of it.
fn load(criterion: &mut Criterion) {
    let text = workloads::environment(pennon_engine::limits::FLAGS_PER_ENVIRONMENT);
    let snapshot = Snapshot::from_json(text.as_bytes()).expect("a snapshot");
    let changed = snapshot.flags().next().map(|flag| flag.shared().clone()).expect("a flag");
    let mut group = criterion.benchmark_group("10 000 flags");
    group.sample_size(20);
    group.bench_function("load", |bencher| bencher.iter(|| Snapshot::from_json(black_box(text.as_bytes()))));
    group.bench_function("change one", |bencher| {
        bencher.iter(|| {
            let flags = vec![(changed.key().to_owned(), Some(changed.clone()))];
            snapshot.with(snapshot.meta().clone(), Change { flags, ..Change::default() })
        });
    });
    group.bench_function("write", |bencher| bencher.iter(|| snapshot.to_json()));
    group.finish();
}

criterion_group!(benches, single, bulk, load);
criterion_main!(benches);
