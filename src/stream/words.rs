//! What every kind of stream says besides its events: hello, still here, goodbye.

use bytes::Bytes;

use super::hub::Hub;
use super::kind::Ended;

/// Nothing has happened, and the connection lives.
pub const HEARTBEAT: Bytes = Bytes::from_static(b": heartbeat\n\n");

/// What a listener sees at once, so that proxies pass the head on, and people see that it works.
#[must_use]
pub fn greeting(hub: &Hub, name: &str) -> Bytes {
    Bytes::from(format!(": {name}\nretry: {}\n\n", hub.retry().as_millis()))
}

/// The last event: why the stream ends, and after how many milliseconds to come back.
#[must_use]
pub fn goodbye(hub: &Hub, why: Ended) -> Bytes {
    let after = hub.comeback(why).as_millis();
    let why = why.as_str();
    let data = format!("{{\"reconnectAfterMs\":{after},\"reason\":\"{why}\"}}");
    Bytes::from(format!("event: goodbye\nretry: {after}\ndata: {data}\n\n"))
}
