//! Drives the SDK by lines of JSON, for the behaviour suite that all SDKs share: `tests/sdk/README.md` has the protocol.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant, UNIX_EPOCH};

use pennon_sdk::{Builder, Client, Context, Details, FlagValue, Object, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// One line on standard input.
#[derive(Deserialize)]
struct Request {
    id: Value,
    #[serde(flatten)]
    act: Act,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
enum Act {
    Start {
        #[serde(default)]
        options: Box<Options>,
    },
    Evaluate {
        flag: String,
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        default: Value,
        context: Option<Value>,
    },
    Status,
    Watch {
        flag: String,
    },
    WatchStatus,
    Track {
        metric: String,
        value: Option<f64>,
        context: Option<Value>,
    },
    ReportHealth {
        healthy: bool,
    },
    Flush,
    Bootstrap {
        context: Option<Value>,
    },
    Close,
}

/// The settings by the names that all SDKs share.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    url: Option<String>,
    key: Option<String>,
    instance_id: Option<String>,
    cache_dir: Option<String>,
    labels: BTreeMap<String, String>,
    events: Option<bool>,
    bootstrap: Option<Value>,
    start_wait_ms: Option<i64>,
    flush_interval_ms: Option<i64>,
    stream_wait_ms: Option<i64>,
    poll_interval_ms: Option<i64>,
    read_timeout_ms: Option<i64>,
    backoff_min_ms: Option<i64>,
    backoff_max_ms: Option<i64>,
    healthy_after_ms: Option<i64>,
    connect_timeout_ms: Option<i64>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A setting, and how the builder is told of it.
type Setting<T, V> = (Option<T>, fn(Builder, V) -> Builder);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut client = None;
    while let Some(line) = lines.next_line().await? {
        let Request { id, act } = serde_json::from_str(&line)?;
        let is_starting =
            client.as_ref().is_some_and(|client: &Client| client.status().state == State::Starting);
        let waits = match act {
            Act::Evaluate { .. } => is_starting,
            Act::Flush | Act::Close => true,
            _ => false,
        };
        if let Act::Start { options } = act {
            let started = start(*options);
            reply(&id, started.as_ref().map(|_| json!({})));
            client = started.ok().or(client);
            continue;
        }
        let client = client.clone();
        let answered = async move { reply(&id, answer(client, act).await.as_ref().map(Value::clone)) };
        if waits {
            // It must not keep others from being answered.
            tokio::spawn(answered);
        } else {
            answered.await;
        }
    }
    if let Some(client) = client {
        client.close().await;
    }
    Ok(())
}

/// Writes one line.
fn say(what: &Value) {
    let mut out = std::io::stdout().lock();
    // Whoever drives this may be gone.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}

fn reply(id: &Value, answer: Result<Value, &Failure>) {
    say(&match answer {
        Ok(ok) => json!({"id": id, "ok": ok}),
        Err(error) => json!({"id": id, "error": error.to_string()}),
    });
}

async fn answer(client: Option<Client>, act: Act) -> Result<Value, Failure> {
    let client = &client.ok_or("start comes first")?;
    let nothing = json!({});
    match act {
        Act::Start { .. } => {}
        Act::Evaluate { flag, kind, default, context } => {
            client.ready().await;
            return evaluate(client, &flag, &kind, &default, &read(context)?);
        }
        Act::Status => return Ok(status(client)),
        Act::Watch { flag } => client
            .on_change(&flag, |change| {
                say(
                    &json!({"event": "change", "flag": change.flag, "revision": change.revision.to_string()}),
                );
            })
            .forever(),
        Act::WatchStatus => client
            .on_status(|status| {
                let revision = status.revision.map(|revision| revision.to_string());
                say(&json!({"event": "status", "state": status.state.as_str(), "revision": revision}));
            })
            .forever(),
        Act::Track { metric, value, context } => client.track(&metric, value.unwrap_or(1.0), &read(context)?),
        Act::ReportHealth { healthy } => client.report_health(healthy),
        Act::Flush => client.flush().await,
        Act::Bootstrap { context } => return Ok(client.bootstrap(&read(context)?).unwrap_or_default()),
        Act::Close => {
            let begun = Instant::now();
            client.close().await;
            return Ok(json!({"ms": u64::try_from(begun.elapsed().as_millis())?}));
        }
    }
    Ok(nothing)
}

fn start(options: Options) -> Result<Client, Failure> {
    let mut builder = Client::builder();
    let texts: [Setting<String, String>; 4] = [
        (options.url, |builder, value| builder.url(value)),
        (options.key, |builder, value| builder.key(value)),
        (options.instance_id, |builder, value| builder.instance_id(value)),
        (options.cache_dir, |builder, value| builder.cache_dir(value)),
    ];
    for (value, set) in texts {
        builder = value.into_iter().fold(builder, set);
    }
    let spans: [(&str, Setting<i64, Duration>); 9] = [
        ("startWait", (options.start_wait_ms, |builder, span| builder.start_wait(span))),
        ("flushInterval", (options.flush_interval_ms, |builder, span| builder.flush_interval(span))),
        ("streamWait", (options.stream_wait_ms, |builder, span| builder.stream_wait(span))),
        ("pollInterval", (options.poll_interval_ms, |builder, span| builder.poll_interval(span))),
        ("readTimeout", (options.read_timeout_ms, |builder, span| builder.read_timeout(span))),
        ("backoffMin", (options.backoff_min_ms, |builder, span| builder.backoff_min(span))),
        ("backoffMax", (options.backoff_max_ms, |builder, span| builder.backoff_max(span))),
        ("healthyAfter", (options.healthy_after_ms, |builder, span| builder.healthy_after(span))),
        ("connectTimeout", (options.connect_timeout_ms, |builder, span| builder.connect_timeout(span))),
    ];
    for (name, (millis, set)) in spans {
        // A Duration cannot be negative: Rust's callers are told by the compiler.
        let span = millis.map(u64::try_from).transpose().map_err(|_| format!("{name} is negative"))?;
        builder = span.map(Duration::from_millis).into_iter().fold(builder, set);
    }
    builder = options.labels.into_iter().fold(builder, |builder, (key, value)| builder.label(key, value));
    builder = options.events.into_iter().fold(builder, Builder::events);
    builder = options.bootstrap.into_iter().fold(builder, |builder, one| builder.bootstrap(one.to_string()));
    Ok(builder.build()?)
}

fn read(context: Option<Value>) -> Result<Context, Failure> {
    Ok(context
        .map_or_else(|| Ok(Context::anonymous()), |context| Context::from_json(&context.to_string()))?)
}

fn status(client: &Client) -> Value {
    let status = client.status();
    let millis =
        |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    json!({
        "state": status.state.as_str(),
        "revision": status.revision.map(|revision| revision.to_string()),
        "staleSince": status.stale_since.map(millis).and_then(|millis| u64::try_from(millis).ok()),
        "source": status.source.as_str(),
        "lastError": status.last_error,
    })
}

fn evaluate(
    client: &Client,
    flag: &str,
    kind: &str,
    default: &Value,
    context: &Context,
) -> Result<Value, Failure> {
    let wrong = "the default has another type";
    match kind {
        "boolean" => Ok(details(client, flag, default.as_bool().ok_or(wrong)?, context)),
        "string" => Ok(details(client, flag, default.as_str().ok_or(wrong)?.to_owned(), context)),
        "integer" => Ok(details(client, flag, default.as_i64().ok_or(wrong)?, context)),
        "float" => Ok(details(client, flag, default.as_f64().ok_or(wrong)?, context)),
        "object" => {
            let default: Object = default.as_object().ok_or(wrong)?.clone();
            Ok(details(client, flag, default, context))
        }
        _ => Err("the type is not known".into()),
    }
}

fn details<T: FlagValue + Serialize>(client: &Client, flag: &str, default: T, context: &Context) -> Value {
    let Details { value, variant, reason, error, .. } = client.details(flag, default, context);
    json!({"value": value, "variant": variant, "reason": reason, "errorCode": error})
}
