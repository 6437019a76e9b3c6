//! The listener: accepts, bounds and drains connections. Knows nothing of routes.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
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
/// While a node drains, how often, and with what pause, a connection is looked at that has said nothing yet.
const FIRST_WORD_LOOKS: u32 = 50;
const FIRST_WORD_PAUSE: Duration = Duration::from_millis(10);

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
    let open = TaskTracker::new();
    let spawn = |stream, address, place| {
        let connection = serve_one(stream, address, router.clone(), (bounds, drain.clone()));
        open.spawn(async move {
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
    open.close();
    if tokio::time::timeout(bounds.drain, open.wait()).await.is_err() {
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

/// Serves one connection to its end, which comes after the request under way once the drain has begun.
///
/// A connection that has said nothing yet may have a request on its way: hyper would close it unread, and a proxy would make
/// that a 502. It is given a moment.
async fn serve_one(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    (bounds, drain): (Bounds, CancellationToken),
) -> hyper::Result<()> {
    // Small answers go out at once; without this a flip waits for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream, bounds.write);
    let heard = stream.heard();
    let mut connection = pin!(connection(stream, address, router, bounds.head));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = drain.cancelled() => {}
    }
    for _ in 0..FIRST_WORD_LOOKS {
        if heard.anything() {
            break;
        }
        if let Ok(ended) = tokio::time::timeout(FIRST_WORD_PAUSE, connection.as_mut()).await {
            return ended;
        }
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

fn connection(
    stream: Patient,
    address: SocketAddr,
    router: Router,
    head: Duration,
) -> hyper::server::conn::http1::Connection<
    TokioIo<Patient>,
    impl hyper::service::HttpService<
        hyper::body::Incoming,
        ResBody = axum::body::Body,
        Error = std::convert::Infallible,
        Future: Send,
    > + Send,
> {
    let service = router.map_request(move |mut request: axum::http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        request.map(axum::body::Body::new)
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}
