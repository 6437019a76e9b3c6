//! The client against the true server. What all SDKs do alike is tested by `tests/sdk`; here is what is Rust's own.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

mod support;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use pennon_sdk::{Builder, Client, Context, ErrorCode, Source, State};
use serde_json::json;
use support::{Server, until_async};

fn quick(server: &Server) -> Builder {
    Client::builder()
        .url(&server.address)
        .key(&server.server_key)
        .start_wait(Duration::from_secs(10))
        .backoff_min(Duration::from_millis(20))
        .backoff_max(Duration::from_millis(200))
        .events(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flip_arrives_and_who_watches_is_told() {
    let server = Server::start();
    server.flag("f");
    let client = quick(&server).build().unwrap();
    client.ready().await;
    let user = Context::new("user-1");
    let before = client.details("f", true, &user);
    assert_eq!((before.value, before.reason.as_str(), before.error), (false, "DISABLED", None));

    let (told, telling) = mpsc::channel();
    let subscription = client.on_change("f", move |change| drop(told.send(change.clone())));
    server.switch("f", true);
    until_async("the flip", || client.is_enabled("f", &user).then_some(())).await;
    let change = telling.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(change.flag, "f");
    assert_eq!(Some(change.revision), client.status().revision);
    assert_eq!((client.status().state, client.status().source), (State::Ready, Source::Stream));
    drop(subscription);
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_decides_as_the_server_does() {
    let server = Server::start();
    server.flag("f");
    server.rollout("f", 33.3);
    let client = quick(&server).build().unwrap();
    client.ready().await;
    for number in 0..100 {
        let user = format!("user-{number}");
        let own = client.details("f", false, &Context::new(&user));
        let theirs = server.evaluate("f", &json!({"targetingKey": user}));
        let found = json!([own.value, own.variant, own.reason]);
        assert_eq!(found, json!([theirs["value"], theirs["variant"], theirs["reason"]]), "{user}");
    }
    let bootstrap = client.bootstrap(&Context::new("user-1")).unwrap();
    let entry = &bootstrap["flags"]["f"];
    assert_eq!(entry["key"], "f");
    assert!(entry["metadata"].get("ruleId").is_none(), "{entry}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_the_cache_serves_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    server.flag("f");
    server.switch("f", true);
    let first = quick(&server).cache_dir(folder.path()).build().unwrap();
    first.ready().await;
    assert!(first.is_enabled("f", &Context::anonymous()));
    first.close().await;
    assert!(first.is_enabled("f", &Context::anonymous()));
    assert_eq!(first.status().state, State::Closed);

    server.kill();
    let second = quick(&server).cache_dir(folder.path()).build().unwrap();
    assert!(second.is_enabled("f", &Context::anonymous()));
    assert_eq!((second.status().state, second.status().source), (State::Stale, Source::Cache));
    until_async("the error", || second.status().last_error).await;
    tokio::task::block_in_place(|| server.resume());
    until_async("the stream", || (second.status().state == State::Ready).then_some(())).await;
    server.switch("f", false);
    until_async("the flip", || (!second.is_enabled("f", &Context::anonymous())).then_some(())).await;
    assert_eq!(second.status().source, Source::Stream);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_key_is_waited_for_once_and_serves_defaults() {
    let server = Server::start();
    let wait = Duration::from_millis(300);
    let client = quick(&server).key("pnn_srv_wrong").start_wait(wait).build().unwrap();
    let begun = Instant::now();
    client.ready().await;
    assert!(begun.elapsed() >= wait);
    let waited = Instant::now();
    client.ready().await;
    assert!(waited.elapsed() < wait);
    let found = client.details("f", true, &Context::anonymous());
    assert_eq!((found.value, found.error), (true, Some(ErrorCode::ProviderNotReady)));
    assert_eq!(client.status().state, State::Starting);
    assert!(client.status().last_error.unwrap().contains("401"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_read_while_the_flag_flips() {
    let server = Server::start();
    server.flag("f");
    let client = quick(&server).build().unwrap();
    client.ready().await;
    let (done, stop) = tokio::sync::watch::channel(false);
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (client, stop) = (client.clone(), stop.clone());
            std::thread::spawn(move || {
                let user = Context::new("user-1");
                let mut count = 0_u64;
                while !*stop.borrow() {
                    let found = client.details("f", false, &user);
                    assert_eq!(found.variant.as_deref(), Some(if found.value { "on" } else { "off" }));
                    count += 1;
                }
                count
            })
        })
        .collect();
    for on in [true, false, true, false, true] {
        server.switch("f", on);
        let user = Context::new("user-1");
        until_async("the flip", || (client.is_enabled("f", &user) == on).then_some(())).await;
    }
    done.send(true).unwrap();
    assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
}
