//! A web service: one client in the state, a context a request, closed after the last answer.
//!
//! `PENNON_URL=… PENNON_SDK_KEY=… cargo run --example axum -- 127.0.0.1:3000`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use pennon_sdk::{Client, Context};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags = Client::from_env()?;
    let app = Router::new().route("/checkout/{user}", get(checkout)).with_state(flags.clone());

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = TcpListener::bind(address).await?;
    // Requests are taken when flags are there, or two seconds have passed.
    flags.ready().await;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    flags.close().await;
    Ok(())
}

async fn checkout(State(flags): State<Client>, Path(user): Path<String>) -> &'static str {
    let context = Context::new(user);
    if flags.is_enabled("new_checkout_flow", &context) { "new checkout" } else { "old checkout" }
}

async fn stopped() {
    // Without a signal to wait for it would stop at once; then it is better never to.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
