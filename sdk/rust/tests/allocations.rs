//! Evaluating through the client allocates nothing, counting included.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

#[path = "../../engine/benches/workloads/mod.rs"]
#[allow(dead_code, reason = "the engine's own, which use all of it")]
mod workloads;

use std::hint::black_box;

use pennon_sdk::{Client, Context};

/// A client that serves the snapshot and counts for a server that is not there.
fn client(snapshot: &pennon_engine::Snapshot) -> Client {
    Client::builder()
        .url("http://127.0.0.1:1")
        .key("pnn_srv_nobody")
        .bootstrap(String::from_utf8(snapshot.to_json()).unwrap())
        .build()
        .expect("a client")
}

#[tokio::test(flavor = "current_thread")]
async fn evaluating_and_counting_allocate_nothing() {
    for workload in workloads::single() {
        let client = client(&workload.snapshot);
        let context = Context::from_json(workload.context_json()).unwrap();
        // A thread's first evaluation takes its place among those that read.
        assert!(client.is_enabled("flag", &context), "{}", workload.name);
        let allocated = allocation_counter::measure(|| {
            black_box(client.is_enabled("flag", black_box(&context)));
            black_box(client.bool_value("flag", false, &context));
            black_box(client.int_value("flag", 1, &context));
        });
        assert_eq!(allocated.count_total, 0, "{}", workload.name);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn every_flag_of_an_environment_allocates_nothing() {
    let (snapshot, text) = workloads::bulk();
    let (client, context) = (client(&snapshot), Context::from_json(&text).unwrap());
    let keys: Vec<&str> = snapshot.flags().map(|flag| flag.flag().key()).collect();
    assert!(client.is_enabled(keys.last().unwrap(), &context));
    let allocated = allocation_counter::measure(|| {
        let on = keys.iter().filter(|key| client.is_enabled(key, &context)).count();
        assert!(on > 300, "{on}");
    });
    assert_eq!(allocated.count_total, 0);
}
