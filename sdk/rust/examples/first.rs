//! Five minutes: `PENNON_URL=… PENNON_SDK_KEY=… cargo run --example first -- user-1`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use pennon_sdk::{BuildError, Client, Context};

#[tokio::main]
async fn main() -> Result<(), BuildError> {
    let client = Client::from_env()?;
    client.ready().await;

    let user = std::env::args().nth(1).unwrap_or_else(|| "user-1".into());
    let context = Context::new(&user).with("plan", "pro");
    if client.is_enabled("new_checkout_flow", &context) {
        println!("{user} gets the new checkout");
    } else {
        println!("{user} gets the old checkout");
    }

    let details = client.details("new_checkout_flow", false, &context);
    println!("because: {} {:?}", details.reason.as_str(), details.rule_id);
    client.close().await;
    Ok(())
}
