//! [`Details`]: what a flag served and why, and [`FlagValue`]: the types that a flag may be asked as.
//!
//! Must not carry user data.

use pennon_engine::{Asked, Evaluation, Reason, Variant};
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// A JSON object: the value of a flag of the type `object`.
pub type Object = Map<String, Json>;

/// Why nothing could be decided, in OpenFeature's words. The caller's default was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// There is no such flag.
    FlagNotFound,
    /// The flag's definition is broken.
    ParseError,
    /// The flag has another type than was asked for.
    TypeMismatch,
    /// The flag serves a split, and the context has no attribute to draw by.
    TargetingKeyMissing,
    /// The targeting key has a type that it may not have.
    InvalidContext,
    /// No snapshot has come yet.
    ProviderNotReady,
    /// Anything else.
    General,
}

impl ErrorCode {
    /// As it goes over the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::ParseError => "PARSE_ERROR",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::TargetingKeyMissing => "TARGETING_KEY_MISSING",
            Self::InvalidContext => "INVALID_CONTEXT",
            Self::ProviderNotReady => "PROVIDER_NOT_READY",
            Self::General => "GENERAL",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        use pennon_engine::ErrorCode as Engine;
        match self {
            Self::FlagNotFound => Engine::FlagNotFound.message(),
            Self::ParseError => Engine::ParseError.message(),
            Self::TypeMismatch => Engine::TypeMismatch.message(),
            Self::TargetingKeyMissing => Engine::TargetingKeyMissing.message(),
            Self::InvalidContext => Engine::InvalidContext.message(),
            Self::ProviderNotReady => "no snapshot has come yet",
            Self::General => Engine::General.message(),
        }
    }
}

impl From<pennon_engine::ErrorCode> for ErrorCode {
    fn from(code: pennon_engine::ErrorCode) -> Self {
        use pennon_engine::ErrorCode as Engine;
        match code {
            Engine::FlagNotFound => Self::FlagNotFound,
            Engine::ParseError => Self::ParseError,
            Engine::TypeMismatch => Self::TypeMismatch,
            Engine::TargetingKeyMissing => Self::TargetingKeyMissing,
            Engine::InvalidContext => Self::InvalidContext,
            Engine::General => Self::General,
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// What a flag served, and why.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Details<T> {
    /// The value to use: the flag's, or the caller's default.
    pub value: T,
    /// The name of the variant served. None: the caller's default is.
    pub variant: Option<String>,
    /// Why.
    pub reason: Reason,
    /// Why nothing could be decided.
    pub error: Option<ErrorCode>,
    /// The rule that held; `target` for a target.
    pub rule_id: Option<String>,
    /// The kill switch that sheds the unit.
    pub cause: Option<String>,
    /// The prerequisite that failed.
    pub prerequisite: Option<String>,
    /// The version of the flag's configuration.
    pub version: Option<u64>,
    /// The run that counts this as an exposure.
    pub track: Option<Track>,
    /// The flag's own metadata; empty beside an error.
    pub metadata: Object,
}

/// The run that counts an exposure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Track {
    /// The run's id.
    pub run: String,
    /// The attributes that may yield the unit, in order.
    pub by: Vec<String>,
    /// Which arm of the run was served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
}

impl From<pennon_engine::Track<'_>> for Track {
    fn from(track: pennon_engine::Track<'_>) -> Self {
        Self {
            run: track.run().into(),
            by: track.by().map(Into::into).collect(),
            arm: track.arm().map(Into::into),
        }
    }
}

impl<T> Details<T> {
    /// What the error means, for people.
    #[must_use]
    pub fn error_message(&self) -> Option<&'static str> {
        self.error.map(ErrorCode::message)
    }

    /// The caller's default, since nothing could be decided.
    pub(crate) fn failed(default: T, code: ErrorCode) -> Self {
        Self {
            value: default,
            variant: None,
            reason: Reason::Error,
            error: Some(code),
            rule_id: None,
            cause: None,
            prerequisite: None,
            version: None,
            track: None,
            metadata: Object::new(),
        }
    }

    /// What was decided; `value` is what the variant holds, if it could be read.
    pub(crate) fn of(found: &Evaluation<'_>, value: Option<T>, default: T) -> Self {
        if let Some(code) = found.error() {
            return Self::failed(default, code.into());
        }
        if found.variant().is_some() && value.is_none() {
            return Self::failed(default, ErrorCode::TypeMismatch);
        }
        let own = found.metadata_json().and_then(|json| serde_json::from_str(json).ok());
        Self {
            value: value.unwrap_or(default),
            variant: found.variant().map(|variant| variant.name().into()),
            reason: found.reason(),
            error: None,
            rule_id: found.rule_id().map(Into::into),
            cause: found.cause().map(Into::into),
            prerequisite: found.prerequisite().map(Into::into),
            version: found.version(),
            track: found.track().map(Into::into),
            metadata: own.unwrap_or_default(),
        }
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for bool {}
    impl Sealed for String {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
    impl Sealed for super::Object {}
    impl Sealed for serde_json::Value {}
}

/// A type that a flag's value may be asked as: `bool`, `String`, `i64` (a number that is integral and below 2^53), `f64`
/// (any number), [`Object`], or `serde_json::Value`, which takes a flag of any type.
pub trait FlagValue: sealed::Sealed + Sized {
    /// The type that is asked for.
    #[doc(hidden)]
    const ASKED: Option<Asked>;

    /// The variant's value.
    #[doc(hidden)]
    fn read(variant: &Variant) -> Option<Self>;
}

impl FlagValue for bool {
    const ASKED: Option<Asked> = Some(Asked::Boolean);

    #[inline]
    fn read(variant: &Variant) -> Option<Self> {
        variant.as_bool()
    }
}

impl FlagValue for String {
    const ASKED: Option<Asked> = Some(Asked::String);

    fn read(variant: &Variant) -> Option<Self> {
        variant.as_str().map(Into::into)
    }
}

impl FlagValue for i64 {
    const ASKED: Option<Asked> = Some(Asked::Integer);

    #[inline]
    fn read(variant: &Variant) -> Option<Self> {
        variant.as_i64()
    }
}

impl FlagValue for f64 {
    const ASKED: Option<Asked> = Some(Asked::Float);

    #[inline]
    fn read(variant: &Variant) -> Option<Self> {
        variant.as_f64()
    }
}

impl FlagValue for Object {
    const ASKED: Option<Asked> = Some(Asked::Object);

    fn read(variant: &Variant) -> Option<Self> {
        serde_json::from_str(variant.json()).ok()
    }
}

impl FlagValue for serde_json::Value {
    const ASKED: Option<Asked> = None;

    fn read(variant: &Variant) -> Option<Self> {
        serde_json::from_str(variant.json()).ok()
    }
}
