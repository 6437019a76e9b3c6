//! Reads a whole snapshot document.
//!
//! Must not refuse the whole for what is wrong with one flag: only what tells nothing of any flag is refused.

use std::fmt;
use std::sync::Arc;

use super::{Meta, Snapshot};
use crate::document::{Flag, Layer, Segment};
use crate::issue::Reading;
use crate::json::node::{self, Kind, Node};
use crate::json::{Cursor, Fault};

/// The only form of snapshots there is.
const SCHEMA_VERSION: f64 = 1.0;

/// Why a snapshot is refused whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The text is no JSON.
    Malformed {
        /// Byte offset.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// The snapshot is no object.
    NotAnObject,
    /// It is of a version that this engine does not know.
    SchemaVersion,
    /// A member is missing or of the wrong type.
    Member {
        /// Its name.
        name: &'static str,
        /// What is wanted.
        wanted: &'static str,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { at, what } => write!(out, "the snapshot is no JSON: {what} (at byte {at})"),
            Self::NotAnObject => out.write_str("the snapshot must be an object"),
            Self::SchemaVersion => out.write_str("the snapshot's schemaVersion must be 1"),
            Self::Member { name, wanted } => write!(out, "the snapshot's member {name} must be {wanted}"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<Fault> for SnapshotError {
    fn from(fault: Fault) -> Self {
        Self::Malformed { at: fault.at, what: fault.what }
    }
}

impl Snapshot {
    /// Reads a whole snapshot document. A flag or segment that is wrong is broken, alone; unknown members are
    /// ignored, and of duplicates the last stands.
    ///
    /// # Errors
    ///
    /// When the text is no JSON object, is of an unknown `schemaVersion`, or `flags`, `segments`, `layers`, `epoch`,
    /// `revision`, `project` or `environment` is of the wrong type. Absent maps are empty, absent numbers 0, absent
    /// names `default`.
    pub fn from_json(json: &[u8]) -> Result<Self, SnapshotError> {
        let text = std::str::from_utf8(json).map_err(|error| SnapshotError::Malformed {
            at: error.valid_up_to(),
            what: "the text is not UTF-8",
        })?;
        let members = members(text)?;
        let find = |name: &str| members.iter().rev().find(|member| member.0 == name).map(|member| member.1);
        check_version(find("schemaVersion"))?;
        let meta = Meta {
            epoch: integer("epoch", find("epoch"))?,
            project: name("project", find("project"))?,
            environment: name("environment", find("environment"))?,
            revision: integer("revision", find("revision"))?,
        };
        let flags = documents("flags", find("flags"), |key, text| Flag::parse(key, text, Reading::Lenient))?;
        let segments =
            documents("segments", find("segments"), |key, text| Segment::parse(key, text, Reading::Lenient))?;
        let layers =
            documents("layers", find("layers"), |key, text| Layer::parse(key, text, Reading::Lenient))?;
        Ok(Self::build(meta, flags, segments, layers))
    }
}

/// The members of an object with their texts; values are checked for grammar only, whatever their depth.
fn members(text: &str) -> Result<Vec<(String, &str)>, SnapshotError> {
    let mut cursor = Cursor::new(text);
    if cursor.peek() != Some(b'{') {
        cursor.skip()?;
        cursor.finish()?;
        return Err(SnapshotError::NotAnObject);
    }
    cursor.take(b'{');
    let mut found = Vec::new();
    if !cursor.take(b'}') {
        loop {
            let name = cursor.name()?.value.into_owned();
            found.push((name, cursor.skip()?));
            if cursor.take(b'}') {
                break;
            }
            if !cursor.take(b',') {
                return Err(cursor.fault("expected a comma or the end of an object").into());
            }
        }
    }
    cursor.finish()?;
    Ok(found)
}

fn documents<T>(
    name: &'static str,
    text: Option<&str>,
    parse: impl Fn(&str, &str) -> T,
) -> Result<Vec<Arc<T>>, SnapshotError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    if !text.starts_with('{') {
        return Err(SnapshotError::Member { name, wanted: "an object" });
    }
    let mut members = members(text)?;
    // Of equal keys only the last is parsed.
    let mut seen = hashbrown::HashSet::with_capacity(members.len());
    members.reverse();
    members.retain(|member| seen.insert(member.0.clone()));
    Ok(members.iter().map(|(key, text)| Arc::new(parse(key, text))).collect())
}

fn scalar(text: Option<&str>) -> Result<Option<Node<'_>>, SnapshotError> {
    text.map(node::parse).transpose().map_err(SnapshotError::from)
}

fn check_version(text: Option<&str>) -> Result<(), SnapshotError> {
    match scalar(text)?.map(|node| node.kind) {
        None => Ok(()),
        Some(Kind::Number(version)) if version.to_bits() == SCHEMA_VERSION.to_bits() => Ok(()),
        Some(_) => Err(SnapshotError::SchemaVersion),
    }
}

fn integer(name: &'static str, text: Option<&str>) -> Result<i64, SnapshotError> {
    let found = match scalar(text)?.map(|node| node.kind) {
        None => Some(0),
        Some(Kind::Number(number)) => crate::read::exact(number),
        Some(_) => None,
    };
    found.ok_or(SnapshotError::Member { name, wanted: "an integral number" })
}

fn name(name: &'static str, text: Option<&str>) -> Result<String, SnapshotError> {
    match scalar(text)?.map(|node| node.kind) {
        None => Ok("default".into()),
        Some(Kind::Text(text)) => Ok(text.value.into_owned()),
        Some(_) => Err(SnapshotError::Member { name, wanted: "a string" }),
    }
}
