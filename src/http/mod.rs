//! The wire: routes, request and response types, statuses. Decides no rule of change; never touches the database.

pub mod admin;
pub mod authenticate;
pub mod body;
pub mod call;
pub mod client_address;
pub mod etag;
pub mod evaluator;
pub mod event_stream;
pub mod intake;
pub mod limits;
pub mod meters;
pub mod middleware;
pub mod ofrep;
pub mod openapi;
pub mod ops;
pub mod patience;
pub mod problem;
pub mod reply;
pub mod router;
pub mod sdk;
pub mod server;

pub use openapi::openapi_json;
pub use router::router;
