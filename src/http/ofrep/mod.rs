//! The OpenFeature Remote Evaluation Protocol, 0.3: two endpoints, answered from memory alone.

pub mod body;
pub mod bulk;
pub mod failure;
pub mod single;
pub mod write;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, header};

use crate::app::App;
use crate::auth::secret::CredentialKind;
use crate::auth::verifiers::Verifier;
use crate::http::authenticate::authenticate;
use crate::http::client_address::client_address;
use crate::snapshot::image::Image;

use failure::Failure;

/// Who evaluates, and what.
struct Evaluator {
    verifier: Arc<Verifier>,
    image: Arc<Image>,
}

impl Evaluator {
    /// Whether this is a client key, which sees less.
    fn is_client(&self) -> bool {
        self.verifier.kind == CredentialKind::Client
    }
}

/// Checks the key, its origin and its rate, and takes the image of its environment: one load for the whole request.
async fn evaluator(app: &App, headers: &HeaderMap, address: SocketAddr) -> Result<Evaluator, Failure> {
    let verifier = authenticate(app, headers, &[CredentialKind::Server, CredentialKind::Client]).await?;
    if verifier.kind == CredentialKind::Client {
        let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
        if !verifier.allows_origin(origin) {
            return Err(Failure::forbidden("this client key may not be used from this origin"));
        }
        let now = app.clock.now_micros();
        let client = client_address(address.ip(), headers, &app.config.trusted_proxies);
        app.client_rate.check(&verifier.selector, client, now).map_err(Failure::too_many)?;
    }
    let cell = verifier.environment_id.as_deref().and_then(|id| app.registry.cell(id));
    let cell = cell.ok_or_else(|| Failure::unavailable("this node holds no flags yet. Try again"))?;
    Ok(Evaluator { image: cell.image(), verifier })
}
