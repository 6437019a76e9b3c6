//! What SDKs ask for, and what they tell: the rules of an environment, whole or as they change, results for one context, and events.

pub mod client_stream;
pub mod events;
pub mod snapshot;
pub mod stream;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

/// The routes of SDKs.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(stream::stream))
        .routes(routes!(client_stream::client_stream))
        .routes(routes!(events::events))
}
