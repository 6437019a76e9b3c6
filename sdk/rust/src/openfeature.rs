//! A provider for the OpenFeature SDK (crate `open-feature`), with the feature `openfeature`.
//!
//! ```
//! use open_feature::{EvaluationContext, OpenFeature};
//! use pennon_sdk::{Client, openfeature::Provider};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), pennon_sdk::BuildError> {
//! let mut api = OpenFeature::singleton_mut().await;
//! api.set_provider(Provider::new(Client::from_env()?)).await;
//!
//! let user = EvaluationContext::default().with_targeting_key("user-1").with_custom_field("plan", "pro");
//! let client = api.create_client();
//! let enabled = client.get_bool_value("new_checkout_flow", Some(&user), None).await.unwrap_or(false);
//! # assert!(!enabled);
//! # Ok(())
//! # }
//! ```

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use open_feature::provider::{FeatureProvider, ProviderMetadata, ProviderStatus, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue, EvaluationError, EvaluationErrorCode, EvaluationReason,
    EvaluationResult, FlagMetadata, FlagMetadataValue, StructValue, Value,
};
use pennon_engine::Reason;
use serde_json::Value as Json;

use crate::client::Client;
use crate::context::Context;
use crate::details::{Details, ErrorCode, FlagValue, Object};
use crate::status::State;

/// Resolves OpenFeature's flags with a [`Client`].
///
/// Initialising waits as [`Client::ready`] does. A date becomes epoch milliseconds. A structure that is a
/// `serde_json::Value` or a [`StructValue`] becomes nested attributes; any other one is not looked into.
#[derive(Debug)]
pub struct Provider {
    client: Client,
    metadata: ProviderMetadata,
}

impl Provider {
    /// A provider that asks this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, metadata: ProviderMetadata::new("Pennon") }
    }

    fn resolve<T: FlagValue>(
        &self,
        key: &str,
        default: T,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<T>> {
        let found = self.client.details(key, default, &context_of(context));
        if let Some(code) = found.error {
            return Err(EvaluationError { code: code.into(), message: Some(code.message().into()) });
        }
        let metadata = metadata(&found);
        // Without a variant the caller's own default applies, which only the caller has.
        let Some(variant) = found.variant else {
            let message = "the flag leaves the value to the caller's default";
            return Err(EvaluationError {
                code: EvaluationErrorCode::General(message.into()),
                message: Some(message.into()),
            });
        };
        Ok(ResolutionDetails {
            value: found.value,
            variant: Some(variant),
            reason: Some(reason(found.reason)),
            flag_metadata: Some(metadata),
        })
    }
}

#[async_trait]
impl FeatureProvider for Provider {
    async fn initialize(&mut self, _: &EvaluationContext) {
        self.client.ready().await;
    }

    fn status(&self) -> ProviderStatus {
        match self.client.status().state {
            State::Ready => ProviderStatus::Ready,
            State::Stale | State::Closed => ProviderStatus::STALE,
            State::Starting => ProviderStatus::NotReady,
            State::Unconfigured => ProviderStatus::Error,
        }
    }

    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    async fn resolve_bool_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(key, false, context)
    }

    async fn resolve_int_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(key, 0, context)
    }

    async fn resolve_float_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(key, 0.0, context)
    }

    async fn resolve_string_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        self.resolve(key, String::new(), context)
    }

    async fn resolve_struct_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        let ResolutionDetails { value, variant, reason, flag_metadata } =
            self.resolve(key, Object::new(), context)?;
        Ok(ResolutionDetails { value: structure(value), variant, reason, flag_metadata })
    }
}

fn context_of(given: &EvaluationContext) -> Context {
    let begun = given.targeting_key.as_ref().map_or_else(Context::anonymous, Context::new);
    given.custom_fields.iter().fold(begun, |context, (name, value)| match value {
        EvaluationContextFieldValue::Bool(value) => context.with(name, *value),
        EvaluationContextFieldValue::Int(value) => context.with(name, *value),
        EvaluationContextFieldValue::Float(value) => context.with(name, *value),
        EvaluationContextFieldValue::String(value) => context.with(name, value),
        EvaluationContextFieldValue::DateTime(value) => {
            let millis = value.unix_timestamp_nanos().div_euclid(1_000_000);
            context.with(name, i64::try_from(millis).ok())
        }
        EvaluationContextFieldValue::Struct(value) => context.with(name, nested(value)),
    })
}

fn nested(value: &Arc<dyn Any + Send + Sync>) -> Option<Json> {
    if let Some(json) = value.downcast_ref::<Json>() {
        return Some(json.clone());
    }
    value.downcast_ref::<StructValue>().map(|value| json(&Value::Struct(value.clone())))
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(value) => value.as_str().into(),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Struct(value) => {
            value.fields.iter().map(|(name, value)| (name.clone(), json(value))).collect()
        }
    }
}

/// OpenFeature's values know no null: such a member is left out.
fn structure(object: Object) -> StructValue {
    let fields = object.into_iter().filter_map(|(name, value)| Some((name, open_value(value)?))).collect();
    StructValue { fields }
}

fn open_value(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text),
        Json::Array(items) => Value::Array(items.into_iter().filter_map(open_value).collect()),
        Json::Object(object) => Value::Struct(structure(object)),
    })
}

/// The flag's own booleans, numbers and strings, and what the evaluation adds.
fn metadata<T>(found: &Details<T>) -> FlagMetadata {
    let mut out = FlagMetadata::default();
    for (name, value) in &found.metadata {
        match value {
            Json::Bool(value) => out.add_value(name, *value),
            Json::String(value) => out.add_value(name, value.as_str()),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => out.add_value(name, whole),
                (None, Some(number)) => out.add_value(name, number),
                (None, None) => {}
            },
            Json::Null | Json::Array(_) | Json::Object(_) => {}
        }
    }
    let added = [("ruleId", &found.rule_id), ("cause", &found.cause), ("prerequisite", &found.prerequisite)];
    for (name, value) in added {
        if let Some(value) = value {
            out.add_value(name, value.as_str());
        }
    }
    if let Some(version) = found.version.and_then(|version| i64::try_from(version).ok()) {
        out.add_value("version", FlagMetadataValue::Int(version));
    }
    out
}

fn reason(reason: Reason) -> EvaluationReason {
    match reason {
        Reason::Static => EvaluationReason::Static,
        Reason::Default => EvaluationReason::Default,
        Reason::TargetingMatch => EvaluationReason::TargetingMatch,
        Reason::Split => EvaluationReason::Split,
        Reason::Disabled => EvaluationReason::Disabled,
        Reason::Error => EvaluationReason::Error,
    }
}

impl From<ErrorCode> for EvaluationErrorCode {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::FlagNotFound => Self::FlagNotFound,
            ErrorCode::ParseError => Self::ParseError,
            ErrorCode::TypeMismatch => Self::TypeMismatch,
            ErrorCode::TargetingKeyMissing => Self::TargetingKeyMissing,
            ErrorCode::InvalidContext => Self::InvalidContext,
            ErrorCode::ProviderNotReady => Self::ProviderNotReady,
            ErrorCode::General => Self::General(code.message().into()),
        }
    }
}
