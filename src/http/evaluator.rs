//! Who evaluates, and what: the key of a server or a client, checked with its origin and its rate, and the environment in
//! memory that it opens.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};

use super::authenticate::authenticate;
use super::client_address::client_address;
use super::limits::caller_of;
use super::problem::Problem;
use crate::app::App;
use crate::auth::secret::CredentialKind;
use crate::auth::verifiers::Verifier;
use crate::snapshot::cell::Cell;
use crate::snapshot::entry::Audience;

/// A caller that evaluates.
#[derive(Debug)]
pub struct Evaluator {
    /// The key.
    pub verifier: Arc<Verifier>,
    /// The environment.
    pub cell: Arc<Cell>,
    /// Where the holder of a client key calls from; None for a server key, which is not public.
    pub client: Option<IpAddr>,
}

impl Evaluator {
    /// Checks the key of a request.
    pub async fn of(
        app: &App,
        headers: &HeaderMap,
        address: SocketAddr,
        wanted: &[CredentialKind],
    ) -> Result<Evaluator, Problem> {
        let verifier = authenticate(app, headers, wanted).await?;
        Evaluator::holding(app, headers, address, verifier)
    }

    /// Checks everything but the key itself.
    pub fn holding(
        app: &App,
        headers: &HeaderMap,
        address: SocketAddr,
        verifier: Arc<Verifier>,
    ) -> Result<Evaluator, Problem> {
        let mut client = None;
        if verifier.kind == CredentialKind::Client {
            let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
            if !verifier.allows_origin(origin) {
                let detail = "this client key may not be used from this origin";
                return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
            }
            let now = app.clock.now_micros();
            let address = client_address(address.ip(), headers, &app.config.trusted_proxies);
            let too_many =
                |seconds| Problem::too_many("too many requests with this key from this address", seconds);
            app.client_rate.check(&verifier.selector, address, now).map_err(too_many)?;
            client = Some(caller_of(address));
        }
        let cell = verifier.environment_id.as_deref().and_then(|id| app.registry.cell(id));
        let cell = cell.ok_or_else(|| Problem::unavailable("this node holds no flags yet. Try again"))?;
        Ok(Evaluator { verifier, cell, client })
    }

    /// For whom the answers are.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.verifier.kind == CredentialKind::Client { Audience::Client } else { Audience::Server }
    }
}
