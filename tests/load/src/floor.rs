//! The floor: a minimal axum server that says the bytes of a sample. It stores nothing, checks no key, parses no body and
//! evaluates nothing, so what it costs is HTTP itself; a server that does the work can come near it and not below.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use tokio::sync::watch;

use crate::options::{Fault, Floor};
use crate::sample::Sample;

/// With a fault, every so manieth flip goes wrong.
const EVERY: u64 = 5;

struct Flag {
    number: usize,
    is_on: AtomicBool,
}

/// What streams say: the event to begin with, and the patches since the start.
struct Log {
    put: Bytes,
    patches: Vec<Bytes>,
    revision: u64,
}

struct Stage {
    sample: Sample,
    headers: HeaderMap,
    flags: HashMap<String, Flag>,
    bodies: HashMap<Bytes, usize>,
    log: Mutex<Log>,
    changed: watch::Sender<usize>,
    fault: Option<Fault>,
}

impl Stage {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until the process is ended.
pub fn serve(options: &Floor) -> Result<()> {
    let text = std::fs::read_to_string(&options.sample).context("the sample")?;
    let stage = Arc::new(stage(serde_json::from_str(&text).context("the sample")?, options.fault)?);
    let router = Router::new()
        .route("/ofrep/v1/evaluate/flags/{key}", post(evaluate))
        .route("/api/v1/projects/default/flags/{key}/environments/development/{act}", post(flip))
        .route("/api/v1/sdk/stream", any(stream))
        .route("/api/v1/sdk/client-stream", any(stream))
        .route("/ofrep/v1/event-stream/{channel}", any(stream))
        .route("/health/ready", get(|| async { "" }))
        .with_state(stage);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        std::fs::write(&options.address_file, format!("http://{}", listener.local_addr()?))?;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await
    })?;
    Ok(())
}

fn stage(sample: Sample, fault: Option<Fault>) -> Result<Stage> {
    let mut headers = HeaderMap::new();
    for (name, value) in &sample.headers {
        headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let flag = |(number, key): (usize, &String)| (key.clone(), Flag { number, is_on: AtomicBool::new(true) });
    let flags = sample.flags.iter().map(|flag| &flag.key).enumerate().map(flag).collect();
    let bodies = sample.bodies.iter().enumerate().map(|(at, body)| (Bytes::from(body.clone()), at)).collect();
    let log = Mutex::new(Log {
        put: first(&sample, sample.revision),
        patches: Vec::new(),
        revision: sample.revision,
    });
    Ok(Stage { headers, flags, bodies, log, changed: watch::Sender::new(0), fault, sample })
}

/// What a stream begins with. No stream begins after a flag was left off, so all flags on is right.
fn first(sample: &Sample, revision: u64) -> Bytes {
    Bytes::from(format!("{}\n\n{}", sample.opening, sample.put.at(0, revision)))
}

async fn evaluate(State(stage): State<Arc<Stage>>, Path(key): Path<String>, body: Bytes) -> Response {
    let found = stage.flags.get(&key).and_then(|flag| {
        let on = flag.is_on.load(Ordering::Relaxed);
        let sides = stage.sample.flags.get(flag.number)?;
        sides.side(on).answers.get(*stage.bodies.get(&body)?)
    });
    match found {
        Some(answer) => {
            let mut response = Response::new(Body::from(answer.clone()));
            response.headers_mut().clone_from(&stage.headers);
            response
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn flip(State(stage): State<Arc<Stage>>, Path((key, act)): Path<(String, String)>) -> Response {
    let Some(flag) = stage.flags.get(&key) else { return StatusCode::NOT_FOUND.into_response() };
    let Some(sides) = stage.sample.flags.get(flag.number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let on = act == "on";
    let mut log = stage.log();
    let (from, revision) = (log.revision, log.revision + 1);
    let is_due = revision.is_multiple_of(EVERY);
    let says = if is_due && stage.fault == Some(Fault::Content) { !on } else { on };
    let patch = Bytes::from(sides.side(says).patch.at(from, revision));
    log.revision = revision;
    log.put = first(&stage.sample, revision);
    let times = match stage.fault {
        Some(Fault::Lose) if is_due => 0,
        Some(Fault::Repeat) if is_due => 2,
        Some(Fault::Stall) if log.patches.len() as u64 >= EVERY => 0,
        _ => 1,
    };
    log.patches.extend(std::iter::repeat_n(patch, times));
    if stage.fault != Some(Fault::Answer) {
        flag.is_on.store(on, Ordering::Relaxed);
    }
    stage.changed.send_replace(log.patches.len());
    drop(log);
    ([("x-pennon-revision", revision.to_string())], "{}").into_response()
}

struct Listening {
    stage: Arc<Stage>,
    changed: watch::Receiver<usize>,
    next: usize,
    begin: Option<Bytes>,
}

async fn stream(State(stage): State<Arc<Stage>>) -> Response {
    let changed = stage.changed.subscribe();
    let listening = {
        let log = stage.log();
        Listening {
            changed,
            next: log.patches.len(),
            begin: Some(log.put.clone()),
            stage: Arc::clone(&stage),
        }
    };
    let body = Body::from_stream(futures_util::stream::unfold(listening, |mut listening| async move {
        if let Some(begin) = listening.begin.take() {
            return Some((Ok::<Bytes, Infallible>(begin), listening));
        }
        let next = listening.next;
        listening.next = *listening.changed.wait_for(|length| *length > next).await.ok()?;
        let bytes = {
            let log = listening.stage.log();
            match log.patches.get(next..listening.next).unwrap_or_default() {
                [one] => one.clone(),
                several => Bytes::from(several.concat()),
            }
        };
        Some((Ok(bytes), listening))
    }));
    let headers = [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ];
    (headers, body).into_response()
}
