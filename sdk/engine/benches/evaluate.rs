//! `cargo bench -p pennon-engine`: the five workloads, and what each allocates.

#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark reports, and fails aloud")]

mod workloads;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pennon_engine::Context;

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

criterion_group!(benches, single, bulk);
criterion_main!(benches);
