//! The binary.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let environment = std::env::vars().collect();
    let input = pennon::config::Input { environment, ..Default::default() };
    let config = pennon::config::Config::load(&input)?.config;
    pennon::telemetry::init_tracing(&config);
    let shutdown = pennon::shutdown::Shutdown::new();
    let _signals = shutdown.on_signals()?;
    pennon::run(config, shutdown).await
}
