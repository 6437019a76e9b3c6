//! A flag's configuration in one environment, and the everyday actions on it.

use std::sync::Arc;

use axum::extract::{Path, State};
use pennon_engine::{At, Context, Explanation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::{Prerequisite, Raw, Rule, Serve, Target, raw, raw_list};
use super::versions::{self, VersionBody};
use crate::app::{App, AppState};
use crate::domain::action::{Rollout, RuleStep, Targets, Weights};
use crate::domain::issue::Issue;
use crate::domain::json::Members;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply::{PageBody, Reply};
use crate::service::audit::rfc3339;
use crate::service::configurations::{Action, Place};
use crate::service::view::ConfigurationView;
use crate::service::{Request, ServiceError};

/// A flag's configuration in one environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// The flag's key.
    flag: String,
    /// The environment's key.
    environment: String,
    /// The configuration's version: its ETag.
    version: i64,
    /// The environment's revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// The switch.
    #[schema(value_type = bool)]
    enabled: Option<Raw>,
    /// What is served when the flag is off; absent: the caller's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    off_variant: Option<Raw>,
    /// Flags that must serve certain variants first.
    #[schema(value_type = Vec<Prerequisite>)]
    prerequisites: Raw,
    /// Units that get a variant whatever the rules say.
    #[schema(value_type = Vec<Target>)]
    targets: Raw,
    /// The rules, in order.
    #[schema(value_type = Vec<Rule>)]
    rules: Raw,
    /// What is served when no rule holds.
    #[schema(value_type = Serve)]
    fallthrough: Option<Raw>,
    /// When it was last changed.
    updated_at: String,
    /// Who changed it last.
    updated_by: String,
    /// When somebody wanted the flag there last: an SDK told of it, or it was asked for by its name. Told where flags are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_at: Option<String>,
    /// When it was last handed out there together with all flags. Told where flags are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_in_bulk_at: Option<String>,
}

impl From<ConfigurationView> for Configuration {
    fn from(view: ConfigurationView) -> Self {
        Configuration {
            enabled: raw(&view.document, "enabled"),
            off_variant: raw(&view.document, "offVariant"),
            prerequisites: raw_list(&view.document, "prerequisites"),
            targets: raw_list(&view.document, "targets"),
            rules: raw_list(&view.document, "rules"),
            fallthrough: raw(&view.document, "fallthrough"),
            flag: view.flag,
            environment: view.environment,
            version: view.version,
            revision: view.revision,
            updated_at: rfc3339(view.updated_at),
            updated_by: view.updated_by,
            last_evaluated_at: view.seen.last_at.map(rfc3339),
            last_in_bulk_at: view.seen.bulk_at.map(rfc3339),
        }
    }
}

/// A merge patch of a configuration (RFC 7396); null removes a member.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; it is read as it was written")]
pub struct ConfigurationPatch {
    enabled: Option<bool>,
    off_variant: Option<String>,
    prerequisites: Option<Vec<Prerequisite>>,
    targets: Option<Vec<Target>>,
    rules: Option<Vec<Rule>>,
    fallthrough: Option<Serve>,
}

/// Body of `/copy`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The environment whose configuration becomes this one's.
    to: String,
}

/// Body of `/revert`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revert {
    /// The version to restore; it becomes a new one.
    pub version: i64,
}

/// Body of `/explain`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The evaluation context; absent: an empty one.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"targetingKey": "user-1", "plan": "pro"}))]
    context: Option<Raw>,
    /// Evaluate as at this time instead of now; RFC 3339.
    #[serde(default)]
    at: Option<String>,
}

type Target3 = Path<(String, String, String)>;

/// Read a configuration.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/flags/{flag}/environments/{environment}", tag = "Configurations",
    operation_id = "getConfiguration",
    params(("project" = String, Path), ("flag" = String, Path), ("environment" = String, Path)),
    responses((status = 200, body = Configuration, headers(("ETag" = String))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn get_configuration(
    State(app): State<AppState>,
    Path((project, flag, environment)): Target3,
    call: Call,
) -> Result<Reply, Problem> {
    let place = Place { project: &project, flag: &flag, environment: &environment };
    let view = app.service.configuration(&call.request, place).await?;
    let version = view.version;
    // The answer holds the environment's revision too, which is not in the configuration's tag: never a 304.
    Ok(Reply::ok(&Configuration::from(view))?.version(version))
}

/// Change a configuration by a merge patch.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project}/flags/{flag}/environments/{environment}", tag = "Configurations",
    operation_id = "editConfiguration",
    params(("project" = String, Path), ("flag" = String, Path), ("environment" = String, Path),
        ("If-Match" = String, Header, description = "The configuration's ETag"),
        ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = ConfigurationPatch,
    responses((status = 200, body = Configuration, headers(("ETag" = String), ("X-Pennon-Revision" = i64))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn edit_configuration(
    State(app): State<AppState>,
    path: Target3,
    call: Call,
) -> Result<Reply, Problem> {
    let action = Action::Patch(call.members()?);
    act(&app, path, &call, &action).await
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident, $verb:literal, $id:literal, $body:ty, |$call:ident| $action:expr;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post, path = concat!("/api/v1/projects/{project}/flags/{flag}/environments/{environment}/", $verb),
            tag = "Configurations", operation_id = $id,
            params(("project" = String, Path), ("flag" = String, Path), ("environment" = String, Path),
                ("If-Match" = Option<String>, Header, description = "The configuration's ETag; `off` alone needs none"),
                ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"), ("X-Pennon-Reason" = Option<String>, Header)),
            request_body = $body,
            responses((status = 200, body = Configuration, headers(("ETag" = String), ("X-Pennon-Revision" = i64))),
                (status = "4XX", body = Problem, content_type = "application/problem+json"),
                (status = "5XX", body = Problem, content_type = "application/problem+json")),
        )]
        pub async fn $name(State(app): State<AppState>, path: Target3, $call: Call) -> Result<Reply, Problem> {
            let action = $action;
            act(&app, path, &$call, &action).await
        }
    )*};
}

/// An empty object.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

actions! {
    /// Turn the flag on. Sets `enabled`, and nothing else.
    turn_on, "on", "turnOn", Option<Empty>, |call| { let Empty {} = call.json()?; Action::On };
    /// Turn the flag off: the kill switch. Needs no If-Match and no approval, on a protected environment too.
    turn_off, "off", "turnOff", Option<Empty>, |call| { let Empty {} = call.json()?; Action::Off };
    /// Roll a variant out to a percentage: enables the flag, and lets everybody else have `otherwise`.
    roll_out, "rollout", "rollOut", Rollout, |call| Action::Rollout(call.json()?);
    /// Change the weights of a split so that as few users as possible move.
    set_weights, "weights", "setWeights", Weights, |call| Action::Weights(call.json()?);
    /// Add units to, or remove them from, the list of a variant.
    set_targets, "targets", "setTargets", Targets, |call| Action::Targets(call.json()?);
    /// Add, move, remove and replace rules, by their ids, in order.
    edit_rules, "rules", "editRules", Vec<RuleStep>, |call| Action::Rules(call.list()?);
    /// Restore an earlier version, as a new one.
    revert_configuration, "revert", "revertConfiguration", Revert,
        |call| Action::Revert(call.json::<Revert>()?.version);
}

/// Copy this configuration to another environment. If-Match is the destination's ETag.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/flags/{flag}/environments/{environment}/copy", tag = "Configurations",
    operation_id = "copyConfiguration",
    params(("project" = String, Path), ("flag" = String, Path), ("environment" = String, Path),
        ("If-Match" = String, Header, description = "The ETag of the destination's configuration"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[!-~]+$"), ("X-Pennon-Reason" = Option<String>, Header)),
    request_body = Copy,
    responses((status = 200, body = Configuration, headers(("ETag" = String), ("X-Pennon-Revision" = i64))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn copy_configuration(
    State(app): State<AppState>,
    Path((project, flag, source)): Target3,
    call: Call,
) -> Result<Reply, Problem> {
    let Copy { to } = call.json()?;
    if to == source {
        let detail = "\"to\" is another environment than the one in the path";
        return Err(Issue::new("/to", "invalid_value", detail).into());
    }
    let action = Action::CopyFrom(source);
    act(&app, Path((project, flag, to)), &call, &action).await
}

/// Evaluate the flag for a context, and tell why: per rule and leaf, with buckets and ranges.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/flags/{flag}/environments/{environment}/explain",
    tag = "Configurations", operation_id = "explain",
    params(("project" = String, Path), ("flag" = String, Path), ("environment" = String, Path)),
    request_body = Explain,
    responses((status = 200, description = "The evaluation with every step of it", body = Object),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn explain(
    State(app): State<AppState>,
    Path((project, flag, environment)): Target3,
    call: Call,
) -> Result<Reply, Problem> {
    let body: Explain = call.json()?;
    let explanation = explained(&app, &call.request, (&project, &flag, &environment), &body)?;
    Reply::ok(&explanation)
}

fn explained(
    app: &App,
    request: &Request,
    (project, flag, environment): (&str, &str, &str),
    body: &Explain,
) -> Result<Explanation, Problem> {
    let allowed = request.caller.may(crate::domain::role::Permission::Read, project, Some(environment));
    allowed.map_err(|denied| ServiceError::denied(&denied, "environment", environment))?;
    let missing = || ServiceError::NotFound { kind: "environment", key: environment.to_owned() };
    let cell = app.registry.named(project, environment).ok_or_else(missing)?;
    let image = cell.image();
    if image.snapshot.flag(flag).is_none() {
        return Err(ServiceError::NotFound { kind: "flag", key: flag.to_owned() }.into());
    }
    let now_ms = match &body.at {
        None => app.clock.now_ms(),
        Some(text) => text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(|_| {
            Issue::new("/at", "invalid_date", "a time is RFC 3339 with a zone, such as 2026-09-01T00:00:00Z")
        })?,
    };
    let text = body.context.as_ref().map_or("{}", |raw| raw.get());
    if text.len() > app.config.context_limit {
        let detail = format!("a context has at most {} bytes", app.config.context_limit);
        return Err(Issue::new("/context", "limit_exceeded", detail).into());
    }
    let context = Context::from_json(text.as_bytes())
        .map_err(|error| Issue::new("/context", "invalid_context", error.to_string()))?;
    let at = At { now_ms, random: getrandom::u32().unwrap_or_default(), instance: None };
    Ok(image.snapshot.explain(flag, &context, None, &at))
}

/// Every version of a configuration, newest first.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/flags/{flag}/environments/{environment}/history",
    tag = "Configurations", operation_id = "configurationHistory",
    params(("project" = String, Path), ("flag" = String, Path), ("environment" = String, Path),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageBody<VersionBody>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn configuration_history(
    State(app): State<AppState>,
    Path((project, flag, environment)): Target3,
    call: Call,
) -> Result<Reply, Problem> {
    let place = Place { project: &project, flag: &flag, environment: &environment };
    let page = app.service.configuration_history(&call.request, place, versions::span(&call)?).await?;
    Reply::ok(&PageBody::from(page, VersionBody::from))
}

async fn act(
    app: &Arc<App>,
    Path((project, flag, environment)): Target3,
    call: &Call,
    action: &Action,
) -> Result<Reply, Problem> {
    let place = Place { project: &project, flag: &flag, environment: &environment };
    let done = app.service.configure(&call.request, place, &call.if_match, action).await?;
    let version = done.view.version;
    Ok(Reply::ok(&Configuration::from(done.view.clone()))?.version(version).of(app, &done).await)
}

/// A document shown whole, as it was written.
#[must_use]
pub fn whole(document: &Members) -> Raw {
    serde_json::value::RawValue::from_string(document.to_text())
        .unwrap_or_else(|_| serde_json::value::RawValue::NULL.to_owned())
}
