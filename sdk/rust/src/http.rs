//! [`Http`]: requests to the one server, with the key, which is never sent elsewhere.
//!
//! Must not retry, and must not know what an answer means.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::backoff::retry_after;
use crate::location::resolve;
use crate::settings::{Endpoint, Settings};

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("pennon-rust/", env!("CARGO_PKG_VERSION")));
/// Hops within the same origin. More is a circle.
const REDIRECTS: usize = 5;
/// An unused connection is closed before most proxies do.
const IDLE: Duration = Duration::from_secs(45);

/// Why there is no answer, or none that can be used. It names no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the answer broke off: {0}")]
    Broken(String),
    #[error("the answer took longer than {} s", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("the answer redirects to nowhere, or to another origin, where the key is not sent")]
    Elsewhere,
}

/// The way to one server.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Uri,
    authorization: HeaderValue,
}

/// Trusts whom the machine trusts; a machine without certificates of its own, as many containers are, Mozilla's.
fn trusting() -> Result<HttpsConnectorBuilder<WantsSchemes>, rustls::Error> {
    match HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider()) {
        Ok(builder) => Ok(builder),
        Err(_) => HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring::default_provider()),
    }
}

/// For an address that is not encrypted: no redirect leads to one that is, and certificates take a while to read.
fn trusting_nobody() -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Below the base path, with the query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Http {
    pub(crate) fn new(endpoint: &Endpoint, settings: &Settings) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let tls = match endpoint.base.scheme_str() {
            Some("https") => trusting()?,
            _ => HttpsConnectorBuilder::new().with_tls_config(trusting_nobody()?),
        };
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self { client, base: endpoint.base.clone(), authorization: endpoint.authorization.clone() })
    }

    /// Sends it, and waits for the head of the answer.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Response<Incoming>, HttpError> {
        let base_path = self.base.path().trim_end_matches('/');
        let mut target = self.uri(&format!("{base_path}{}", ask.path))?;
        for _ in 0..=REDIRECTS {
            let answer = self.client.request(self.request(ask, &target)).await;
            let answer = answer.map_err(|error| HttpError::Unreachable(chain(&error)))?;
            match redirect(&ask.method, &answer) {
                None => return Ok(answer),
                Some(location) => target = self.follow(&target, &location)?,
            }
        }
        Err(HttpError::Unreachable("too many redirects".into()))
    }

    /// Sends it, and gives the whole answer, which may take so long and be so large.
    pub(crate) async fn fetch(
        &self,
        ask: &Ask,
        patience: Duration,
        bytes: usize,
    ) -> Result<Answer, HttpError> {
        let whole = async {
            let answer = self.ask(ask).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, bytes).collect().await;
            let body = body.map_err(|error| HttpError::Broken(error.to_string()))?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(patience, whole).await.map_err(|_| HttpError::Timeout(patience))?
    }

    fn request(&self, ask: &Ask, target: &Uri) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = target.clone();
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.extend(ask.headers.iter().cloned());
        request
    }

    /// A path and query on the server's own origin.
    fn uri(&self, path_and_query: &str) -> Result<Uri, HttpError> {
        let mut parts = self.base.clone().into_parts();
        let path = path_and_query.parse();
        parts.path_and_query = Some(path.map_err(|_| HttpError::Unreachable("no such address".into()))?);
        Uri::from_parts(parts).map_err(|_| HttpError::Unreachable("no such address".into()))
    }

    fn follow(&self, asked: &Uri, location: &str) -> Result<Uri, HttpError> {
        let target = resolve(asked, location).ok_or(HttpError::Elsewhere)?;
        if origin(&target) == origin(&self.base) { Ok(target) } else { Err(HttpError::Elsewhere) }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The pause that the server asks for.
pub(crate) fn pause(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers.get(header::RETRY_AFTER)?.to_str().ok()?)
}

/// Where the answer sends a request that may be repeated there as it was.
fn redirect(method: &Method, answer: &Response<Incoming>) -> Option<String> {
    let repeats = match answer.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => *method == Method::GET,
        _ => false,
    };
    let location = answer.headers().get(header::LOCATION).filter(|_| repeats)?;
    location.to_str().ok().map(Into::into)
}

fn origin(uri: &Uri) -> Option<(String, String, u16)> {
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

/// An error and what led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a String does not fail.
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Given, settle};

    fn http(url: &str) -> Http {
        let given = Given { url: Some(url.into()), key: Some("k".into()), ..Given::default() };
        let settings = settle(given, &|_| None).unwrap().0;
        Http::new(settings.endpoint.as_ref().unwrap(), &settings).unwrap()
    }

    #[test]
    fn a_redirect_is_followed_within_the_origin_only() {
        let http = http("https://Flags.example.org/base");
        let asked = http.base.clone();
        for good in ["/other?x=1", "other", "//flags.example.org/", "https://FLAGS.example.org:443/"] {
            assert!(http.follow(&asked, good).is_ok(), "{good}");
        }
        for bad in [
            "http://flags.example.org/",
            "https://flags.example.org:444/",
            "https://example.org/",
            "//example.org/",
            "",
        ] {
            assert!(matches!(http.follow(&asked, bad), Err(HttpError::Elsewhere)), "{bad}");
        }
    }

    #[test]
    fn paths_are_below_the_base_path() {
        let http = http("http://localhost:8080/base/");
        assert_eq!(http.uri("/base/api?x=1").unwrap().to_string(), "http://localhost:8080/base/api?x=1");
        assert_eq!(http.base.path(), "/base");
    }
}
