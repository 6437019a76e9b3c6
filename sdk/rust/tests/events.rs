//! What the client sends, seen by a server of our own that answers as it is told. And what the last clone leaves behind.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

mod support;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use pennon_sdk::{Builder, Client, Context};
use serde_json::{Value, json};
use support::until_async;

/// A server that serves one snapshot, and keeps what it is sent.
#[derive(Clone, Default)]
struct Fake {
    batches: Arc<Mutex<Vec<Value>>>,
    /// The next answers; 200 when there is none.
    answers: Arc<Mutex<VecDeque<u16>>>,
    /// The places of the events that it does not take.
    refuses: Arc<Mutex<Vec<usize>>>,
}

const SNAPSHOT: &str = r#"{"schemaVersion":1,"epoch":5,"project":"p","environment":"e","revision":1,"segments":{},"layers":{},"flags":{
    "split":{"key":"split","type":"boolean","version":1,"enabled":true,"variants":{"on":true,"off":false},
        "rules":[{"id":"r","serve":{"split":[{"variant":"on","weight":100000}]},"track":{"run":"r-1"}}],
        "fallthrough":{"variant":"off"}},
    "plain":{"key":"plain","type":"string","version":1,"enabled":true,"variants":{"x":"x"},"fallthrough":{"variant":"x"}}}}"#;

/// The put, and then nothing for ever.
struct Stay(Option<String>);

impl futures_core::Stream for Stay {
    type Item = Result<String, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.take().map_or(Poll::Pending, |text| Poll::Ready(Some(Ok(text))))
    }
}

async fn stream() -> Response {
    let put = format!("retry: 100\n\nid: 5-1\nevent: put\ndata: {}\n\n", SNAPSHOT.replace('\n', " "));
    ([(header::CONTENT_TYPE, "text/event-stream")], axum::body::Body::from_stream(Stay(Some(put))))
        .into_response()
}

async fn events(State(fake): State<Fake>, headers: HeaderMap, body: String) -> Response {
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(headers[header::AUTHORIZATION], "Bearer key");
    fake.batches.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    let status = fake.answers.lock().unwrap().pop_front().unwrap_or(200);
    let indices = fake.refuses.lock().unwrap();
    let refused: Vec<Value> =
        indices.iter().map(|at| json!({"index": at, "code": "invalid_event"})).collect();
    let answer = json!({"accepted": 1, "refused": refused}).to_string();
    (StatusCode::from_u16(status).unwrap(), answer).into_response()
}

impl Fake {
    async fn start(answers: &[u16]) -> (Self, Builder) {
        let fake = Self::default();
        fake.answers.lock().unwrap().extend(answers);
        let routes = Router::new()
            .route("/api/v1/sdk/stream", get(stream))
            .route("/api/v1/sdk/events", post(events))
            .with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let builder = Client::builder()
            .url(url)
            .key("key")
            .instance_id("shop-1")
            .label("region", "eu")
            .start_wait(Duration::from_secs(10))
            .backoff_min(Duration::from_millis(5))
            .backoff_max(Duration::from_millis(20));
        (fake, builder)
    }

    fn batches(&self) -> Vec<Value> {
        self.batches.lock().unwrap().clone()
    }
}

fn of_kind<'b>(batch: &'b Value, kind: &str) -> Vec<&'b Value> {
    batch["events"].as_array().unwrap().iter().filter(|event| event["kind"] == kind).collect()
}

#[tokio::test]
async fn evaluations_exposures_and_tracks_are_sent_once() {
    let (fake, builder) = Fake::start(&[]).await;
    let client = builder.build().unwrap();
    client.ready().await;
    let user = Context::new("user-1");
    for _ in 0..3 {
        assert!(client.is_enabled("split", &user));
    }
    assert!(!client.is_enabled("plain", &user));
    assert_eq!(client.string_value("gone", "mine", &user), "mine");
    client.track("checkout_error", 0.5, &user);
    client.track("checkout_error", f64::NAN, &user);
    client.track("checkout_error", 1.0, &Context::anonymous());
    client.report_health(false);
    client.flush().await;

    let batches = fake.batches();
    assert_eq!(batches.len(), 1);
    let batch = &batches[0];
    assert_eq!((&batch["instanceId"], &batch["sequence"]), (&json!("shop-1"), &json!(1)));
    assert_eq!(batch["session"].as_str().unwrap().len(), 16);
    let beat = &batch["events"][0];
    assert_eq!(
        (&beat["kind"], &beat["sdk"], &beat["state"]),
        (&json!("instance"), &json!("pennon-rust"), &json!("ready"))
    );
    assert_eq!(
        (&beat["revision"], &beat["healthy"], &beat["labels"]),
        (&json!("5-1"), &json!(false), &json!({"region": "eu"}))
    );
    assert_eq!(beat["dropped"], json!({"exposures": 0, "tracks": 0, "evaluations": 0}));
    assert_eq!(
        of_kind(batch, "summary")[0]["evaluations"],
        json!([
            {"flag": "gone", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "count": 1},
            {"flag": "plain", "reason": "ERROR", "errorCode": "TYPE_MISMATCH", "count": 1},
            {"flag": "split", "variant": "on", "reason": "SPLIT", "count": 3},
        ])
    );
    let exposures = of_kind(batch, "exposure");
    assert_eq!(exposures.len(), 1);
    let exposure = exposures[0];
    assert_eq!(
        (&exposure["run"], &exposure["arm"], &exposure["unit"]),
        (&json!("r-1"), &json!("on"), &json!("user-1"))
    );
    let tracks = of_kind(batch, "track");
    assert_eq!((tracks.len(), &tracks[0]["value"]), (1, &json!(0.5)));

    client.flush().await;
    let second = &fake.batches()[1];
    assert_eq!((&second["sequence"], second["events"].as_array().unwrap().len()), (&json!(2), 1));
}

#[tokio::test]
async fn a_batch_is_sent_again_as_it_was() {
    let (fake, builder) = Fake::start(&[500, 502]).await;
    let client = builder.flush_interval(Duration::from_millis(20)).build().unwrap();
    client.ready().await;
    client.track("m", 1.0, &Context::new("u"));
    client.flush().await;
    let batches =
        until_async("the batch three times", || Some(fake.batches()).filter(|all| all.len() >= 4)).await;
    assert_eq!(batches[0], batches[1]);
    assert_eq!(batches[1], batches[2]);
    assert_eq!(batches[3]["sequence"], json!(batches[0]["sequence"].as_u64().unwrap() + 1));
}

#[tokio::test]
async fn what_is_refused_is_counted_as_dropped() {
    let (fake, builder) = Fake::start(&[422]).await;
    let client = builder.build().unwrap();
    client.ready().await;
    client.track("m", 1.0, &Context::new("u"));
    assert!(client.is_enabled("split", &Context::new("u")));
    client.flush().await;
    client.flush().await;
    let batches = fake.batches();
    let dropped = &batches.last().unwrap()["events"][0]["dropped"];
    assert_eq!(dropped, &json!({"exposures": 1, "tracks": 1, "evaluations": 1}));
}

#[tokio::test]
async fn what_is_refused_of_a_batch_that_is_taken_is_counted_as_dropped() {
    let (fake, builder) = Fake::start(&[]).await;
    let client = builder.build().unwrap();
    client.ready().await;
    client.track("m", 1.0, &Context::new("u"));
    client.track("m", 2.0, &Context::new("u"));
    *fake.refuses.lock().unwrap() = vec![2];
    client.flush().await;
    fake.refuses.lock().unwrap().clear();
    client.flush().await;
    let batches = fake.batches();
    let dropped = &batches.last().unwrap()["events"][0]["dropped"];
    assert_eq!(dropped, &json!({"exposures": 0, "tracks": 1, "evaluations": 0}));
}

#[tokio::test]
async fn closing_sends_what_is_kept_within_a_second() {
    let (fake, builder) = Fake::start(&[]).await;
    let client = builder.build().unwrap();
    client.ready().await;
    client.track("m", 1.0, &Context::new("u"));
    let begun = Instant::now();
    client.close().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(of_kind(fake.batches().last().unwrap(), "track").len(), 1);
    // Nobody is left to send it.
    client.flush().await;
}

#[tokio::test]
async fn without_events_nothing_is_sent() {
    let (fake, builder) = Fake::start(&[]).await;
    let client = builder.events(false).build().unwrap();
    client.ready().await;
    client.track("m", 1.0, &Context::new("u"));
    client.flush().await;
    client.close().await;
    assert!(fake.batches().is_empty());
}

#[tokio::test]
async fn the_last_clone_ends_the_tasks_and_the_rest_is_sent() {
    let (fake, builder) = Fake::start(&[]).await;
    let client = builder.build().unwrap();
    client.ready().await;
    let clone = client.clone();
    drop(client);
    clone.track("m", 1.0, &Context::new("u"));
    let status = clone.watch_status();
    drop(clone);
    until_async("the track", || {
        fake.batches().iter().find(|batch| !of_kind(batch, "track").is_empty()).map(drop)
    })
    .await;
    // Who held the state is gone with the tasks.
    until_async("the end", || status.has_changed().is_err().then_some(())).await;
}
