//! What is known of use: evaluations over time, and flags that are asked for and not defined.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::domain::tally::{ERROR, error_code};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::audit::rfc3339;
use crate::service::usage::{self as service, Step, Window};

/// What is known of the use of flags in an environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The environment's key.
    environment: String,
    /// Where the first point begins.
    from: String,
    /// Before this the last point begins.
    to: String,
    /// The width of a point: `minute`, `hour` or `day` (UTC).
    step: &'static str,
    /// The flags, by key.
    items: Vec<FlagUsage>,
    /// Send it as `cursor` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// What was tracked in the environment, by metric; on the first page of all flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    tracks: Option<Vec<TrackedMetric>>,
}

/// What is known of the use of one flag.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlagUsage {
    /// Its key.
    flag: String,
    /// When it was evaluated first; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_evaluated_at: Option<String>,
    /// When somebody wanted it last: an SDK told of it, or it was asked for by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_at: Option<String>,
    /// When it was last handed out together with all flags.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_in_bulk_at: Option<String>,
    /// Evaluations of the time asked for.
    evaluations: i64,
    /// The same, by what came of them and who counted.
    series: Vec<UsageSeries>,
    /// Units that met the arms of runs, since these began.
    exposures: Vec<ExposedUnits>,
}

/// Evaluations that came to the same.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageSeries {
    /// The variant; absent for the caller's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    /// The reason.
    reason: String,
    /// The code of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    /// Who counted: `server` and `client` (an SDK with such a key), `ofrep` (asked of this service by name), `bulk` (handed out by this
    /// service together with all flags).
    source: String,
    /// How many.
    evaluations: i64,
    /// By time; points without any are left out.
    points: Vec<UsagePoint>,
}

/// Evaluations of a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsagePoint {
    /// Where it begins.
    at: String,
    /// How many.
    evaluations: i64,
}

/// Units that met an arm of a run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExposedUnits {
    /// The run's id.
    run: String,
    /// The arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    arm: Option<String>,
    /// The variant.
    variant: String,
    /// Whether they were told of with a server key.
    trusted: bool,
    /// How many.
    units: i64,
    /// When the first was.
    first_at: String,
    /// When the last was.
    last_at: String,
}

/// What was tracked of a metric.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackedMetric {
    /// The metric.
    metric: String,
    /// Whether it was sent with a server key.
    trusted: bool,
    /// How many values.
    count: i64,
    /// Their sum.
    sum: f64,
    /// The sum of their squares.
    sum_of_squares: f64,
    /// The least.
    min: f64,
    /// The greatest.
    max: f64,
}

/// A flag that is asked for and not defined.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnknownFlag {
    /// What was asked for.
    flag: String,
    /// How often.
    requests: i64,
    /// The first time.
    first_asked_at: String,
    /// The last time.
    last_asked_at: String,
    /// Whether nobody but holders of client keys asked for it: these are public.
    only_clients: bool,
}

impl From<service::FlagUsage> for FlagUsage {
    fn from(usage: service::FlagUsage) -> Self {
        let series: Vec<UsageSeries> = usage.series.into_iter().map(UsageSeries::from).collect();
        FlagUsage {
            flag: usage.flag,
            first_evaluated_at: usage.seen.first_at.map(rfc3339),
            last_evaluated_at: usage.seen.last_at.map(rfc3339),
            last_in_bulk_at: usage.seen.bulk_at.map(rfc3339),
            evaluations: series.iter().map(|series| series.evaluations).sum(),
            series,
            exposures: usage
                .exposures
                .into_iter()
                .map(|total| ExposedUnits {
                    run: total.run,
                    arm: Some(total.arm).filter(|arm| !arm.is_empty()),
                    variant: total.variant,
                    trusted: total.trusted,
                    units: total.units,
                    first_at: rfc3339(total.first_at),
                    last_at: rfc3339(total.last_at),
                })
                .collect(),
        }
    }
}

impl From<service::Series> for UsageSeries {
    fn from(series: service::Series) -> Self {
        let code = error_code(&series.outcome).map(str::to_owned);
        UsageSeries {
            variant: Some(series.variant).filter(|variant| !variant.is_empty()),
            reason: if code.is_some() { ERROR.to_owned() } else { series.outcome },
            error_code: code,
            source: series.source,
            evaluations: series.points.iter().map(|(_, count)| count).sum(),
            points: series
                .points
                .into_iter()
                .map(|(at, evaluations)| UsagePoint { at: rfc3339(at), evaluations })
                .collect(),
        }
    }
}

/// How often flags are evaluated.
///
/// Every flag that was ever evaluated in the environment, or the one that is named. What SDKs tell is here when they have told it (every 30 s);
/// what this service evaluates itself within `usage_flush_interval`.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/usage", tag = "Usage", operation_id = "getUsage",
    params(("project" = String, Path),
        ("environment" = String, Query, description = "The environment's key"),
        ("flag" = Option<String>, Query, description = "This flag only"),
        ("from" = Option<String>, Query, description = "RFC 3339; rounded down to a whole step"),
        ("to" = Option<String>, Query, description = "RFC 3339; now when absent"),
        ("step" = Option<String>, Query, description = "`minute` (at most 1 440 of them), `hour` (744) or `day` (92); `hour` when absent"),
        ("limit" = Option<i64>, Query, description = "Flags; a page of many points holds fewer"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Usage),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_usage(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let environment = call.required("environment")?;
    let window = window(&call, app.clock.now_micros())?;
    let page = (call.cursor(), call.limit()?);
    let place = (project.as_str(), environment);
    let usage = app.service.usage(&call.request, place, call.param("flag"), &window, page).await?;
    let metric = |own: service::Metric| TrackedMetric {
        metric: own.metric,
        trusted: own.trusted,
        count: own.count,
        sum: own.sum,
        sum_of_squares: own.sum_squares,
        min: own.min,
        max: own.max,
    };
    Reply::ok(&Usage {
        environment: environment.to_owned(),
        from: rfc3339(window.from),
        to: rfc3339(window.to),
        step: window.step.as_str(),
        items: usage.flags.items.into_iter().map(FlagUsage::from).collect(),
        next_cursor: usage.flags.next,
        tracks: usage.tracks.map(|all| all.into_iter().map(metric).collect()),
    })
}

/// Flags that are asked for and not defined, by key: misspelt, gone, or not made yet.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/usage/unknown", tag = "Usage", operation_id = "listUnknownFlags",
    params(("project" = String, Path), ("environment" = String, Query, description = "The environment's key"),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<UnknownFlag>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn list_unknown_flags(
    State(app): State<AppState>,
    Path(project): Path<String>,
    call: Call,
) -> Result<Reply, Problem> {
    let place = (project.as_str(), call.required("environment")?);
    let page = app.service.unknown_flags(&call.request, place, (call.cursor(), call.limit()?)).await?;
    Reply::ok(&PageBody::from(page, |own| UnknownFlag {
        flag: own.flag,
        requests: own.count,
        first_asked_at: rfc3339(own.first_at),
        last_asked_at: rfc3339(own.last_at),
        only_clients: own.only_clients,
    }))
}

/// What time is asked about.
fn window(call: &Call, now: i64) -> Result<Window, Problem> {
    let step = match call.param("step") {
        None => Step::Hour,
        Some(word) => Step::ALL
            .into_iter()
            .find(|step| step.as_str() == word)
            .ok_or_else(|| bad("the parameter \"step\" is minute, hour or day"))?,
    };
    let to = time(call, "to")?.unwrap_or(now);
    let from = time(call, "from")?.unwrap_or(to - step.usual() * step.micros());
    let from = from.div_euclid(step.micros()) * step.micros();
    if from >= to {
        return Err(bad("the parameter \"from\" is a time before \"to\""));
    }
    if (to - from) / step.micros() > step.most() {
        let (most, word) = (step.most(), step.as_str());
        return Err(bad(&format!("from \"from\" to \"to\" there are at most {most} steps of \"{word}\"")));
    }
    Ok(Window { from, to, step })
}

fn time(call: &Call, name: &str) -> Result<Option<i64>, Problem> {
    let read = |text: &str| {
        let time = text.parse::<jiff::Timestamp>();
        time.map(jiff::Timestamp::as_microsecond).map_err(|_| {
            bad(&format!("the parameter \"{name}\" is a time as RFC 3339 writes it, with its zone"))
        })
    };
    call.param(name).map(read).transpose()
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
}
