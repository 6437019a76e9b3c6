//! `pennon healthcheck`: is the server ready? For containers, which have no curl. Needs no token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use super::output::Output;
use super::remote::RemoteArgs;
use super::settings::SettingFlags;
use crate::config::Config;

/// Shorter than the timeouts that container runtimes give a check.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Ask whether the server is ready.
#[derive(Debug, Args)]
pub struct Healthcheck {
    #[command(flatten)]
    settings: SettingFlags,
}

impl Healthcheck {
    /// Asks `--url`, or the address that `serve` with these settings listens on.
    pub fn run(self, remote: &RemoteArgs, out: &mut Output) -> Result<(), Failure> {
        let base = match remote.address()? {
            Some(address) => address.as_str().to_owned(),
            None => own_address(&self.settings.load()?.config),
        };
        let url = format!("{base}/health/ready");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // The server is near; a proxy for the world outside is not asked about it.
            .proxy(None)
            .build();
        let failed = |what: String| Failure::Failed(format!("{url}: {what}"));
        let mut response = config.new_agent().get(&url).call().map_err(|error| failed(error.to_string()))?;
        let body = response.body_mut().read_to_string().map_err(|error| failed(error.to_string()))?;
        match response.status().as_u16() {
            200 => out.line(body.trim_end()),
            status => Err(failed(format!("{status} {}", body.trim_end()))),
        }
    }
}

/// A server that listens on every interface is asked over loopback.
fn own_address(config: &Config) -> String {
    let ip = match config.listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}{}", SocketAddr::new(ip, config.listen.port()), config.base_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_asked_over_loopback() {
        let address = |listen: &str| {
            let config =
                Config { listen: listen.parse().unwrap(), base_path: "/x".to_owned(), ..Config::default() };
            own_address(&config)
        };
        assert_eq!(address("0.0.0.0:80"), "http://127.0.0.1:80/x");
        assert_eq!(address("[::]:80"), "http://[::1]:80/x");
        assert_eq!(address("10.1.2.3:80"), "http://10.1.2.3:80/x");
    }
}
