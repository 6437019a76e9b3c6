//! Evaluating allocates nothing.

#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "../benches/workloads/mod.rs"]
mod workloads;

use std::hint::black_box;

use pennon_engine::Context;

use workloads::AT;

#[test]
fn one_evaluation_allocates_nothing() {
    for workload in workloads::single() {
        let context = workload.context();
        let found = workload.run(&context, &AT).variant().map(pennon_engine::Variant::name);
        assert_eq!(found, Some(workload.variant), "{}", workload.name);
        let allocated = allocation_counter::measure(|| {
            black_box(workload.run(&context, &AT));
        });
        assert_eq!(allocated.count_total, 0, "{}", workload.name);
    }
}

#[test]
fn evaluating_every_flag_allocates_nothing() {
    let (snapshot, text) = workloads::bulk();
    let context = Context::from_json(text.as_bytes()).expect("a context");
    let allocated = allocation_counter::measure(|| {
        let on = snapshot.evaluate_all(&context, &AT).filter(|one| one.as_bool() == Some(true)).count();
        assert!(on > 300, "{on}");
    });
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn errors_ignored_case_and_numeric_units_allocate_nothing() {
    let snapshot = pennon_engine::Snapshot::from_json(
        br#"{"flags":{"f":{"key":"f","type":"boolean","enabled":true,"variants":{"on":true,"off":false},
        "rules":[{"id":"a","serve":{"variant":"on"},"when":{"any":[
            {"attribute":"email","op":"in","values":["X@EXAMPLE.COM"],"ignoreCase":true},
            {"attribute":"email","op":"contains","values":["NOT"],"ignoreCase":true},
            {"attribute":"email","op":"ends_with","values":["NOT"],"ignoreCase":true},
            {"attribute":"/ip/v4","op":"cidr","values":["10.0.0.0/8"]},
            {"attribute":"when","op":"before","values":["2020-01-01T00:00:00Z"]}]}}],
        "fallthrough":{"split":[{"variant":"on","weight":100000}],"by":["id"]}}}}"#,
    )
    .expect("a snapshot");
    let text =
        br#"{"id":4711,"email":"Ada@Example.com","ip":{"v4":"192.168.0.1"},"when":"2026-01-01T00:00:00Z"}"#;
    let context = Context::from_json(text).expect("a context");
    let other = Context::empty();
    let allocated = allocation_counter::measure(|| {
        assert_eq!(snapshot.evaluate("f", &context, None, &AT).as_bool(), Some(true));
        assert!(snapshot.evaluate("f", &other, None, &AT).error().is_some());
        assert!(snapshot.evaluate("g", &other, None, &AT).error().is_some());
    });
    assert_eq!(allocated.count_total, 0);
}
