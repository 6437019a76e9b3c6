//! Bodies of requests: never more in memory than the limit, and an answer that the sender gets to see.

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::problem::Problem;

/// Bytes beyond the limit that are still read, and thrown away. Most clients send all of a body before they listen:
/// closing on them would show them a broken connection instead of the answer. Whoever sends more is cut off.
const DISCARD_LIMIT: usize = 64 * 1024 * 1024;

/// Reads a body of at most so many bytes.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let waits = headers.contains_key(header::EXPECT);
    if announced > limit && (waits || announced - limit > DISCARD_LIMIT) {
        return Err(too_large(limit));
    }
    let mut chunks = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut total = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| incomplete())?;
        total = total.saturating_add(chunk.len());
        if total.saturating_sub(limit) > DISCARD_LIMIT {
            break;
        }
        if total.max(announced) <= limit {
            kept.extend_from_slice(&chunk);
        } else {
            kept = BytesMut::new();
        }
    }
    if total > limit { Err(too_large(limit)) } else { Ok(kept.freeze()) }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body is larger than {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn incomplete() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "incomplete_body", "the body ended before it was complete")
}
