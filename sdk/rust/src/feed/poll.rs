//! Polls of the snapshot, while the stream gives nothing.

use std::time::{Duration, Instant, SystemTime};

use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};

use super::{Dropped, Feed, is_key_bad};
use crate::backoff::{Backoff, about};
use crate::http::{Ask, HttpError, pause};
use crate::status::Source;

/// The largest snapshot: as the largest event of a stream.
const BYTES: usize = crate::sse::EVENT_BYTES;

/// Why a poll gave nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the poll was refused with {0}")]
    Refused(StatusCode, Option<Duration>),
    #[error(transparent)]
    Dropped(#[from] Dropped),
}

/// Polls for ever, whenever it is wanted.
pub(super) async fn follow(feed: &Feed) {
    let settings = &feed.core.settings;
    let mut wanted = feed.polls.subscribe();
    let mut backoff = Backoff::new(settings.backoff_min, settings.backoff_max, settings.healthy_after);
    loop {
        // The sender lives as long as the feed.
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let pause = tokio::select! {
            polled = poll(feed) => settle(feed, polled, &mut backoff),
            _ = wanted.wait_for(|wanted| !*wanted) => continue,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = wanted.wait_for(|wanted| !*wanted) => {}
        }
    }
}

/// How long to wait before the next poll.
fn settle(feed: &Feed, polled: Result<(), Failure>, backoff: &mut Backoff) -> Duration {
    let (now, random) = (Instant::now(), fastrand::f64());
    let interval = about(feed.core.settings.poll_interval, random);
    let failure = match polled {
        Ok(()) => {
            backoff.worked(now);
            feed.core.board.polled(SystemTime::now());
            feed.heard();
            return interval;
        }
        Err(failure) => failure,
    };
    let (asked, key_is_bad) = match &failure {
        Failure::Refused(status, _) if is_key_bad(*status) => {
            (about(feed.core.settings.backoff_max, random), true)
        }
        Failure::Refused(_, pause) => (pause.unwrap_or_default(), false),
        _ => (Duration::ZERO, false),
    };
    tracing::debug!(target: "pennon", error = %failure, "a poll failed");
    feed.core.board.poll_lost(failure.to_string());
    feed.lost(&failure.to_string(), key_is_bad);
    backoff.failed(now, asked, random).max(interval)
}

async fn poll(feed: &Feed) -> Result<(), Failure> {
    let mut headers = vec![(header::ACCEPT, HeaderValue::from_static("application/json"))];
    let held = feed.core.revision();
    if let Some(tag) = held.and_then(|held| HeaderValue::from_str(&format!("\"{held}\"")).ok()) {
        headers.push((header::IF_NONE_MATCH, tag));
    }
    let ask =
        Ask { method: Method::GET, path: "/api/v1/sdk/snapshot".into(), headers, body: bytes::Bytes::new() };
    let answer = feed.http.fetch(&ask, feed.core.settings.read_timeout, BYTES).await?;
    match answer.status {
        StatusCode::OK => Ok(feed.put(answer.body, Source::Poll).await?),
        StatusCode::NOT_MODIFIED => Ok(()),
        status => Err(Failure::Refused(status, pause(&answer.headers))),
    }
}
