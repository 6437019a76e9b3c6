//! [`Evaluation`]: what was decided for one flag, and why.
//!
//! Borrowed from the snapshot, so that making one allocates nothing. Must not carry user data.

use crate::document::{Flag, Override, Rule, Serve, Variant};
use crate::outcome::{ErrorCode, Reason};
use crate::reference::Reference;

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source<'s> {
    /// The switch, the fallthrough, or nothing.
    Flag,
    Override(&'s Override),
    /// The key of the flag that failed.
    Prerequisite(&'s str),
    Target,
    Rule(&'s Rule),
}

/// What was decided, without the flag it was decided for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decision<'s> {
    pub(crate) variant: Option<&'s Variant>,
    pub(crate) reason: Reason,
    pub(crate) error: Option<ErrorCode>,
    pub(crate) source: Source<'s>,
}

impl Decision<'_> {
    pub(crate) const fn error(code: ErrorCode) -> Self {
        Self { variant: None, reason: Reason::Error, error: Some(code), source: Source::Flag }
    }
}

/// What was decided for one flag, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation<'s> {
    pub(crate) flag: Option<&'s Flag>,
    pub(crate) decision: Decision<'s>,
}

impl<'s> Evaluation<'s> {
    /// The variant to serve. None: the caller's own default.
    #[must_use]
    pub fn variant(&self) -> Option<&'s Variant> {
        self.decision.variant
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.decision.reason
    }

    /// The error, when nothing could be decided.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        self.decision.error
    }

    /// What the error means, for people.
    #[must_use]
    pub fn error_message(&self) -> Option<&'static str> {
        self.decision.error.map(ErrorCode::message)
    }

    /// The flag, when there is one; also beside an error.
    #[must_use]
    pub fn flag(&self) -> Option<&'s Flag> {
        self.flag
    }

    /// The id of the rule that held; `target` for a target.
    #[must_use]
    pub fn rule_id(&self) -> Option<&'s str> {
        match self.decision.source {
            Source::Rule(rule) => Some(&rule.id),
            Source::Target => Some("target"),
            _ => None,
        }
    }

    /// The version of the flag's configuration; none beside an error.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        if self.decision.error.is_some() { None } else { self.flag.map(Flag::version) }
    }

    /// The flag's own metadata, a JSON object as it was written; none beside an error.
    #[must_use]
    pub fn metadata_json(&self) -> Option<&'s str> {
        if self.decision.error.is_some() { None } else { self.flag.map(Flag::metadata_json) }
    }

    /// Which kill switch sheds the unit.
    #[must_use]
    pub fn cause(&self) -> Option<&'s str> {
        if let Source::Override(shed) = self.decision.source { Some(&shed.cause) } else { None }
    }

    /// The key of the prerequisite that failed.
    #[must_use]
    pub fn prerequisite(&self) -> Option<&'s str> {
        if let Source::Prerequisite(key) = self.decision.source { Some(key) } else { None }
    }

    /// The run that counts this exposure.
    #[must_use]
    pub fn track(&self) -> Option<Track<'s>> {
        let Source::Rule(rule) = self.decision.source else { return None };
        let track = rule.track.as_ref()?;
        let arm = match &rule.serve {
            Serve::Split(_) => self.decision.variant.map(Variant::name),
            Serve::Variant(_) => track.arm.as_deref(),
        };
        Some(Track { run: &track.run, arm, by: &track.by })
    }

    /// The value's JSON as it was written.
    #[must_use]
    pub fn json(&self) -> Option<&'s str> {
        self.variant().map(Variant::json)
    }

    /// The value, when it is a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        self.variant()?.as_bool()
    }

    /// The value, when it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&'s str> {
        self.variant()?.as_str()
    }

    /// The value, when it is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.variant()?.as_f64()
    }

    /// The value, when it is an integral number below 2^53.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.variant()?.as_i64()
    }
}

/// The run that counts an exposure, and by which unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Track<'s> {
    run: &'s str,
    arm: Option<&'s str>,
    pub(crate) by: &'s [Reference],
}

impl<'s> Track<'s> {
    /// The run's id.
    #[must_use]
    pub fn run(&self) -> &'s str {
        self.run
    }

    /// The rule's arm; for a split, the variant served.
    #[must_use]
    pub fn arm(&self) -> Option<&'s str> {
        self.arm
    }

    /// The attributes that may yield the unit, in order.
    pub fn by(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        self.by.iter().map(Reference::as_str)
    }
}
