//! The OpenFeature Remote Evaluation Protocol, 0.3: two endpoints and a stream, answered from memory alone.

pub mod body;
pub mod bulk;
pub mod event_stream;
pub mod failure;
pub mod single;

use std::net::SocketAddr;

use axum::http::HeaderMap;

use crate::app::App;
use crate::auth::secret::CredentialKind;
use crate::http::evaluator::Evaluator;

use failure::Failure;

/// Checks who evaluates, in the protocol's words.
async fn evaluator(app: &App, headers: &HeaderMap, address: SocketAddr) -> Result<Evaluator, Failure> {
    let wanted = [CredentialKind::Server, CredentialKind::Client];
    Evaluator::of(app, headers, address, &wanted).await.map_err(Failure::from)
}
