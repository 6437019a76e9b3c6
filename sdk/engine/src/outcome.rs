//! The words of a result: [`Reason`], [`ErrorCode`], and the type that was [`Asked`].
//!
//! OpenFeature's, and final: they go over the wire. Must not carry anything beside the word.

use serde::{Serialize, Serializer};

use crate::document::FlagType;

/// Why a variant is served, in OpenFeature's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing but the fallthrough could decide.
    Static,
    /// No target and no rule held, or a prerequisite failed.
    Default,
    /// A target or a rule held.
    TargetingMatch,
    /// A percentage or a split decided.
    Split,
    /// The flag is off, or shed by an override.
    Disabled,
    /// There is an error code.
    Error,
}

impl Reason {
    /// As it goes over the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::Default => "DEFAULT",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::Disabled => "DISABLED",
            Self::Error => "ERROR",
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// Why nothing could be decided, in OpenFeature's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// There is no such flag.
    FlagNotFound,
    /// The flag is broken, or the context could not be read.
    ParseError,
    /// The flag has another type than was asked for.
    TypeMismatch,
    /// A split has no unit to draw by.
    TargetingKeyMissing,
    /// The targeting key has a type it may not have, or the context is no object.
    InvalidContext,
    /// Anything else; the engine itself never says it.
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
            Self::General => "GENERAL",
        }
    }

    /// For people. It names no flag, no rule and nobody, so that it may go to a browser.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::FlagNotFound => "there is no such flag",
            Self::ParseError => "the flag's definition is broken; see the environment's list of broken flags",
            Self::TypeMismatch => "the flag, or the value it serves, has another type than was asked for",
            Self::TargetingKeyMissing => {
                "the flag serves a split, and the context has no attribute to draw by"
            }
            Self::InvalidContext => "the targeting key must be a string or an integral number",
            Self::General => "the flag could not be evaluated",
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// The type a caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A boolean flag.
    Boolean,
    /// A string flag.
    String,
    /// A number flag, any value.
    Number,
    /// A number flag, and the value served is integral and below 2^53.
    Integer,
    /// A number flag, any value.
    Float,
    /// An object flag.
    Object,
}

impl Asked {
    /// The type the flag must have.
    #[must_use]
    pub const fn flag_type(self) -> FlagType {
        match self {
            Self::Boolean => FlagType::Boolean,
            Self::String => FlagType::String,
            Self::Number | Self::Integer | Self::Float => FlagType::Number,
            Self::Object => FlagType::Object,
        }
    }
}

impl From<FlagType> for Asked {
    fn from(kind: FlagType) -> Self {
        match kind {
            FlagType::Boolean => Self::Boolean,
            FlagType::String => Self::String,
            FlagType::Number => Self::Number,
            FlagType::Object => Self::Object,
        }
    }
}
