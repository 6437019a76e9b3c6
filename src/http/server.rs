//! The listener: accepts, bounds and drains connections. Knows nothing of routes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::patience::Patient;
use crate::config::Config;

/// How long a client may take to send its headers: slower ones are attacks or dead.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a request's head: more than about twice as many are answered 431 (hyper asks between two reads).
const HEAD_LIMIT: usize = 64 * 1024;
/// Pause after the operating system refused a connection (out of file descriptors): it passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections open at once; further ones wait in the system's queue.
    pub connections: usize,
    /// How long a client may take to send a request's head, and to begin the next one.
    pub head: Duration,
    /// How long a client may take no byte of an answer.
    pub write: Duration,
    /// How long requests under way may take to finish after the drain began.
    pub drain: Duration,
}

impl Bounds {
    /// The settings' bounds.
    #[must_use]
    pub fn new(config: &Config) -> Bounds {
        Bounds {
            connections: config.max_connections,
            head: HEADER_TIMEOUT,
            write: config.write_timeout,
            drain: config.drain_timeout,
        }
    }
}

/// Serves until `drain` is cancelled, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds, drain: CancellationToken) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let spawn = |stream, address, place| {
        let connection = graceful.watch(connection(stream, address, router.clone(), bounds));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    };
    loop {
        let place = tokio::select! {
            () = drain.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => spawn(stream, address, place),
            Err(error) => {
                warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // The system has accepted these in our name: to close the listener on them would reset what they have sent.
    for (stream, address) in queued(listener) {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
        spawn(stream, address, Ok(place));
    }
    if tokio::time::timeout(bounds.drain, graceful.shutdown()).await.is_err() {
        warn!("requests were still under way when the patience for draining ended");
    }
}

/// The connections that wait to be accepted. New ones are refused from here on, so that a balancer goes elsewhere.
fn queued(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let mut all = Vec::new();
    if let Ok(listener) = listener.into_std() {
        // It does not block: an error is the end of the queue.
        while let Ok((stream, address)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                all.push((stream, address));
            }
        }
    }
    all
}

fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    bounds: Bounds,
) -> hyper::server::conn::http1::Connection<
    TokioIo<Patient>,
    impl hyper::service::HttpService<
        hyper::body::Incoming,
        ResBody = axum::body::Body,
        Error = std::convert::Infallible,
        Future: Send,
    > + Send,
> {
    // Small answers go out at once; without this a flip waits for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |mut request: axum::http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        request.map(axum::body::Body::new)
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(Patient::new(stream, bounds.write)), TowerToHyperService::new(service))
}
