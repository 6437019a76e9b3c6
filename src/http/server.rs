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

/// How long a client may take to send its headers: slower ones are attacks or dead.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a request's head: more is answered 431.
const HEAD_LIMIT: usize = 64 * 1024;
/// Pause after the operating system refused a connection (out of file descriptors): it passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `drain` is cancelled, then lets requests under way finish for at most `patience`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    drain: CancellationToken,
    patience: Duration,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let graceful = GracefulShutdown::new();
    loop {
        let place = tokio::select! {
            () = drain.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = graceful.watch(connection(stream, address, router.clone()));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    }
    // New connections are refused from here on, so that a balancer goes elsewhere.
    drop(listener);
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        warn!("requests were still under way when the patience for draining ended");
    }
}

fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
) -> hyper::server::conn::http1::Connection<
    TokioIo<TcpStream>,
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
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}
