//! Without a server: the snapshot comes from a file, such as `curl …/api/v1/sdk/snapshot` gives.
//!
//! `cargo run --example offline -- snapshot.json new_checkout_flow user-1`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use pennon_sdk::{Client, Context};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what| arguments.next().ok_or(format!("{what} is missing"));
    let (path, flag, user) = (next("the snapshot's file")?, next("the flag")?, next("the user")?);

    let flags = Client::builder().offline().bootstrap(std::fs::read_to_string(path)?).build()?;
    let details = flags.details(&flag, serde_json::Value::Null, &Context::new(user));
    println!("{} because: {}", details.value, details.reason.as_str());
    Ok(())
}
