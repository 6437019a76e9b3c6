//! Bodies of requests: never more in memory than the limit, and an answer that the sender gets to see.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::problem::Problem;

/// Bytes that are still read, and thrown away, after a body was refused. Most clients send all of a body before they
/// listen: closing on them would show them a broken connection instead of the answer. Whoever sends more is cut off.
const DISCARD_LIMIT: usize = 64 * 1024 * 1024;
/// How long that may take: a client on a slow line is not waited for.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Reads a body of at most so many bytes.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut chunks = body.into_data_stream();
    if announced > limit {
        // Who waits for `100 Continue` has sent nothing yet; who announces this much will not be read to the end.
        if !headers.contains_key(header::EXPECT) && announced - limit <= DISCARD_LIMIT {
            discard(chunks);
        }
        return Err(too_large(limit));
    }
    let mut kept = BytesMut::with_capacity(announced);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| incomplete())?;
        if kept.len() + chunk.len() > limit {
            discard(chunks);
            return Err(too_large(limit));
        }
        kept.extend_from_slice(&chunk);
    }
    Ok(kept.freeze())
}

/// Reads on while the answer is on its way. Ends with the connection at the latest, so nobody needs to wait for it.
fn discard(mut chunks: BodyDataStream) {
    tokio::spawn(tokio::time::timeout(DISCARD_TIME, async move {
        let mut left = DISCARD_LIMIT;
        while let Some(Ok(chunk)) = chunks.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }));
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body is larger than {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn incomplete() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "incomplete_body", "the body ended before it was complete")
}
