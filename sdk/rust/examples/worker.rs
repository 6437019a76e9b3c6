//! A worker: flags are asked for each job, a change is told, measurements are sent.
//!
//! `PENNON_URL=… PENNON_SDK_KEY=… cargo run --example worker -- 10`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::{Duration, Instant};

use pennon_sdk::{Client, Context};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jobs: u32 = std::env::args().nth(1).map_or(Ok(10), |count| count.parse())?;
    let flags = Client::builder().label("role", "worker").build()?;
    flags.ready().await;
    let _subscription = flags.on_change("new_checkout_flow", |change| {
        println!("{} may decide otherwise since {}", change.flag, change.revision);
    });

    for number in 1..=jobs {
        let context = Context::new(format!("order-{number}")).with("size", number);
        let begun = Instant::now();
        let way = if flags.is_enabled("new_checkout_flow", &context) { "new" } else { "old" };
        // The work itself.
        tokio::time::sleep(Duration::from_millis(5)).await;
        println!("job {number} went the {way} way");
        flags.track("job_seconds", begun.elapsed().as_secs_f64(), &context);
    }
    // What was counted and measured is sent.
    flags.close().await;
    Ok(())
}
