//! The document of the API, made from the handlers themselves, so that it cannot forget a route.

pub mod ofrep;
pub mod sdk;

use std::sync::OnceLock;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::router;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Pennon",
        version = "1",
        description = "Feature flags: evaluation by OFREP, streams for SDKs, and the admin API. JSON in camelCase, times RFC 3339 UTC. \
            A mutation of an existing resource needs If-Match with its ETag; errors are problem+json (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Security),
    security(("apiToken" = []), ("apiKeyHeader" = [])),
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = |text: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
            SecurityScheme::Http(scheme)
        };
        components.add_security_scheme("apiToken", bearer("An API token: pnn_api_…"));
        components
            .add_security_scheme("evaluationKey", bearer("A server or client key: pnn_srv_… or pnn_cli_…"));
        let header = ApiKeyValue::with_description("X-API-Key", "The same credential in a header of its own");
        components.add_security_scheme("apiKeyHeader", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}

/// The base of the document; routes are added as the router is put together.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The document as JSON: what `pennon openapi` prints and `/openapi.json` serves.
#[must_use]
pub fn openapi_json() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (_, document) = router::documented();
        let mut text = document.to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    })
}
