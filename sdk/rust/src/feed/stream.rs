//! The stream: opened again whenever it ends, with the pauses that its end asks for.

use std::time::{Duration, Instant, SystemTime};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};
use tokio::time::timeout;

use super::{Dropped, Feed, is_key_bad};
use crate::backoff::{Backoff, LONGEST_PAUSE, SHORTEST_PAUSE, about};
use crate::http::{Ask, HttpError, pause};
use crate::sse::{EVENT_BYTES, Event, Reader, Unreadable};
use crate::status::Source;
use crate::wire::Goodbye;

/// A stream that ends within this time was good for little.
const QUICK: Duration = Duration::from_secs(1);
/// As many in a row are put up with; after them, a server that asks for a quick return is not believed.
const QUICK_ENDS: u32 = 3;

/// How a stream ended, or why there was none.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the server closed the stream")]
    Goodbye(Duration),
    #[error("the stream ended")]
    Whole(Option<Duration>),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the stream was silent for {} s", .0.as_secs_f32())]
    Silent(Duration),
    #[error("the stream was refused with {0}")]
    Refused(StatusCode, Option<Duration>),
    #[error("the stream is none: its content type is another one")]
    NoStream,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Dropped(#[from] Dropped),
}

/// Follows the stream for ever.
pub(super) async fn follow(feed: &Feed) {
    let settings = &feed.core.settings;
    let mut backoff = Backoff::new(settings.backoff_min, settings.backoff_max, settings.healthy_after);
    let (mut resumes, mut quick_ends) = (true, 0);
    loop {
        let begun = Instant::now();
        let Err(end) = listen(feed, resumes, &mut backoff).await;
        quick_ends = if begun.elapsed() < QUICK { quick_ends + 1 } else { 0 };
        tracing::debug!(target: "pennon", end = %end, "the stream is over");
        // What could not be read must not be asked for again.
        resumes = !matches!(end, End::Dropped(_) | End::Unreadable(_));
        let pause = settle(feed, &end, &mut backoff, quick_ends > QUICK_ENDS);
        tokio::time::sleep(pause).await;
    }
}

/// How long to wait before the next attempt. Who is sent away again and again backs off.
fn settle(feed: &Feed, end: &End, backoff: &mut Backoff, is_restless: bool) -> Duration {
    let (now, random) = (Instant::now(), fastrand::f64());
    let settings = &feed.core.settings;
    let (asked, key_is_bad) = match end {
        End::Goodbye(pause) | End::Whole(Some(pause)) if !is_restless => {
            let pause = (*pause).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            if pause > settings.read_timeout {
                // Nothing will be heard for longer than a living stream may be silent.
                feed.core.board.stream_lost(end.to_string());
                feed.lost(&end.to_string(), false);
            }
            backoff.ended(now);
            return pause;
        }
        End::Goodbye(pause) | End::Whole(Some(pause)) => (Some(*pause), false),
        // Many that share a key do not come back in step.
        End::Refused(status, _) if is_key_bad(*status) => (Some(about(settings.backoff_max, random)), true),
        End::Refused(_, pause) => (*pause, false),
        _ => (None, false),
    };
    // Refused, or something else in its place: a proxy that takes no streams may pass on polls.
    if key_is_bad {
        feed.polls.send_replace(false);
        feed.core.board.poll_lost(end.to_string());
    } else if matches!(end, End::Refused(..) | End::NoStream) {
        feed.polls.send_replace(true);
    }
    feed.core.board.stream_lost(end.to_string());
    feed.lost(&end.to_string(), key_is_bad);
    backoff.failed(now, asked.unwrap_or_default(), random)
}

/// Opens the stream and listens until it ends.
async fn listen(feed: &Feed, resumes: bool, backoff: &mut Backoff) -> Result<std::convert::Infallible, End> {
    let settings = &feed.core.settings;
    let begun = Instant::now();
    let mut opening = std::pin::pin!(open(feed, resumes));
    // A proxy that holds the stream back may hold back its head, too.
    let opened = match timeout(settings.stream_wait, &mut opening).await {
        Ok(opened) => opened?,
        Err(_) => {
            feed.polls.send_replace(true);
            let left = settings.read_timeout.saturating_sub(begun.elapsed());
            timeout(left, opening).await.map_err(|_| End::Silent(settings.read_timeout))??
        }
    };
    let (mut body, mut is_current) = opened;
    let mut reader = Reader::new(EVENT_BYTES);
    let first = first(feed, &mut body, begun).await?;
    feed.polls.send_replace(false);
    let mut chunk = first;
    loop {
        backoff.worked(Instant::now());
        heard(feed, is_current);
        for event in reader.push(&chunk)? {
            is_current |= take(feed, event, reader.retry()).await?;
        }
        if is_current {
            heard(feed, true);
        }
        chunk = match timeout(settings.read_timeout, next(&mut body)).await {
            Err(_) => return Err(End::Silent(settings.read_timeout)),
            Ok(None) => {
                if !is_current {
                    // Its greeting was let through, and the rest was not.
                    feed.core.board.stream_lost(End::Whole(None).to_string());
                    feed.lost(&End::Whole(None).to_string(), false);
                }
                return Err(End::Whole(Some(reader.retry().unwrap_or(settings.backoff_min))));
            }
            Ok(Some(chunk)) => chunk?,
        };
    }
}

/// Bytes came.
fn heard(feed: &Feed, is_current: bool) {
    feed.core.board.streams(SystemTime::now(), is_current);
    if is_current {
        feed.heard();
    }
}

/// The first bytes. When they take long, polling begins meanwhile.
async fn first(feed: &Feed, body: &mut Incoming, begun: Instant) -> Result<bytes::Bytes, End> {
    let settings = &feed.core.settings;
    let silent = || End::Silent(settings.read_timeout);
    let mut coming = std::pin::pin!(next(body));
    let soon = timeout(settings.stream_wait.saturating_sub(begun.elapsed()), &mut coming).await;
    let chunk = match soon {
        Ok(chunk) => chunk,
        Err(_) => {
            feed.polls.send_replace(true);
            let left = settings.read_timeout.saturating_sub(begun.elapsed());
            timeout(left, coming).await.map_err(|_| silent())?
        }
    };
    chunk.ok_or(End::Whole(None))?
}

async fn next(body: &mut Incoming) -> Option<Result<bytes::Bytes, End>> {
    loop {
        match body.frame().await? {
            Err(error) => return Some(Err(HttpError::Broken(error.to_string()).into())),
            Ok(frame) => {
                if let Ok(data) = frame.into_data()
                    && !data.is_empty()
                {
                    return Some(Ok(data));
                }
            }
        }
    }
}

/// The answer's body, and whether the server goes on from what is held: then every byte shows that it is current.
async fn open(feed: &Feed, resumes: bool) -> Result<(Incoming, bool), End> {
    let mut headers = vec![(header::ACCEPT, HeaderValue::from_static("text/event-stream"))];
    let held = feed.core.resumable().filter(|_| resumes);
    let id = held.and_then(|held| HeaderValue::from_str(&held.to_string()).ok());
    let goes_on = id.is_some();
    if let Some(id) = id {
        headers.push((header::HeaderName::from_static("last-event-id"), id));
    }
    let ask = Ask { method: Method::GET, path: path(feed), headers, body: bytes::Bytes::new() };
    let answer = feed.http.ask(&ask).await?;
    if answer.status() != StatusCode::OK {
        return Err(End::Refused(answer.status(), pause(answer.headers())));
    }
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.to_ascii_lowercase().starts_with("text/event-stream") {
        return Err(End::NoStream);
    }
    Ok((answer.into_body(), goes_on))
}

fn path(feed: &Feed) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("instanceId", &feed.core.instance)
        .append_pair("sdk", crate::SDK)
        .append_pair("sdkVersion", crate::VERSION);
    for (key, value) in &feed.core.settings.labels {
        query.append_pair(&format!("label.{key}"), value);
    }
    format!("/api/v1/sdk/stream?{}", query.finish())
}

/// Does what an event says. Gives whether it shows that what is held is current.
async fn take(feed: &Feed, event: Event, retry: Option<Duration>) -> Result<bool, End> {
    match event.name.as_str() {
        "put" => feed.put(event.data, Source::Stream).await?,
        "patch" => feed.patch(event.data).await?,
        "goodbye" => {
            let goodbye: Goodbye = serde_json::from_str(&event.data).unwrap_or_default();
            let pause = goodbye.pause().or(retry).unwrap_or(feed.core.settings.backoff_min);
            return Err(End::Goodbye(pause));
        }
        // A newer server may say more.
        _ => return Ok(false),
    }
    Ok(true)
}
